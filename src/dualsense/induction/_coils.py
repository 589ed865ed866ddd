"""Heads that are not one circle: polygons of straight wire, double-D coils, windings of several parts.

A winding is a sequence of `Coil`s and `Polygon`s in series. By reciprocity the same field serves as what a
transmitter makes and as what a receiver sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import MU0_H_M
from dualsense.induction import _kernels
from dualsense.induction._field import Coil, coil_field, mutual_inductance, polygon_field, received

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_NODES = 12
_HALVINGS_MAX, _PANELS_MAX = 40, 1 << 10
"""Of a side; and the panels beyond the first that may be open at once: where wires cross closely few are."""
_TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Polygon:
    """A closed polygon of straight wire.

    Attributes
    ----------
    vertices_m
        At least three corners x, y, z in the order of the current; the last is joined to the first.
    turns
        Negative for one wound the other way round.

    Raises
    ------
    ValueError
        Fewer than three corners, or corners that are not finite.
    """

    vertices_m: tuple[tuple[float, float, float], ...]
    turns: float = 1.0

    def __post_init__(self) -> None:
        corners = np.asarray(self.vertices_m, dtype=np.float64)
        if corners.ndim != 2 or corners.shape[1] != 3 or len(corners) < 3 or not np.isfinite(corners).all():
            msg = f"vertices_m must be finite, (v >= 3, 3), got {self.vertices_m}"
            raise ValueError(msg)


Part = Coil | Polygon
Winding = Sequence[Part]


def rectangular_coil(
    *,
    length_m: float,
    width_m: float,
    center_m: ArrayLike = (0.0, 0.0, 0.0),
    rotation: ArrayLike | None = None,
    turns: float = 1.0,
) -> Polygon:
    """Rectangular coil, ``length_m`` along x and ``width_m`` along y before it is turned.

    Parameters
    ----------
    length_m, width_m : float
        > 0.
    center_m : (3,) array_like
        Middle of the rectangle.
    rotation : (3, 3) array_like or None
        From the coil's own axes (normal +z) to the frame of ``center_m``; None is the identity.
    turns : float
        Negative for a coil wound the other way round.

    Returns
    -------
    Polygon

    Raises
    ------
    ValueError
        A side that is not positive, or a ``rotation`` that is not orthogonal.
    """
    _check_lengths(length_m=length_m, width_m=width_m)
    x, y = 0.5 * length_m, 0.5 * width_m
    return _placed(np.array([[x, y], [-x, y], [-x, -y], [x, -y]]), center_m, rotation, turns)


def d_coil(
    *,
    radius_m: float,
    chord_m: float,
    sides: int = 128,
    center_m: ArrayLike = (0.0, 0.0, 0.0),
    rotation: ArrayLike | None = None,
    turns: float = 1.0,
) -> Polygon:
    """D-shaped coil: the part x >= ``chord_m`` of a circle, closed by a straight wire.

    Parameters
    ----------
    radius_m, chord_m : float
        |chord_m| < radius_m; negative where the D is more than half of the circle.
    sides : int
        Straight pieces of the arc; the field's error falls as 1 / sides^2.
    center_m, rotation
        As in `rectangular_coil`; the centre is the circle's.
    turns : float
        Negative for a coil wound the other way round.

    Returns
    -------
    Polygon

    Raises
    ------
    ValueError
        When the chord is outside the circle, there are fewer than two sides, or ``rotation`` is no rotation.
    """
    _check_lengths(radius_m=radius_m)
    if not abs(chord_m) < radius_m:
        msg = f"chord_m must be within radius_m {radius_m}, got {chord_m}"
        raise ValueError(msg)
    if sides < 2:
        msg = f"sides must be at least 2, got {sides}"
        raise ValueError(msg)
    half = np.arccos(chord_m / radius_m)
    phi = np.linspace(-half, half, sides + 1)
    return _placed(radius_m * np.stack([np.cos(phi), np.sin(phi)], axis=-1), center_m, rotation, turns)


def double_d(
    *, radius_m: float, overlap_m: float, gap_m: float = 0.004, sides: int = 128, turns: float = 1.0
) -> tuple[Polygon, Polygon]:
    """Transmitter and receiver of a double-D head, centred at the origin: two Ds, back over back.

    Parameters
    ----------
    radius_m : float
        Of the circle that each D is a part of.
    overlap_m : float
        Width of the strip in which they overlap; `balanced_overlap` finds the one without direct coupling.
    gap_m : float
        Height of the receiver's wire over the transmitter's, > 0: the wires cross.
    sides : int
        Straight pieces of each arc, as in `d_coil`.
    turns : float
        Of each coil.

    Returns
    -------
    tx, rx : Polygon
        tx reaches to +x, rx to -x.

    Raises
    ------
    ValueError
        A radius or gap that is not positive, an overlap of two radii or more, or fewer than two sides.
    """
    _check_lengths(gap_m=gap_m)
    chord_m = -0.5 * overlap_m
    half_turn = np.diag([-1.0, -1.0, 1.0])
    tx = d_coil(radius_m=radius_m, chord_m=chord_m, sides=sides, center_m=(0, 0, -0.5 * gap_m), turns=turns)
    rx = d_coil(
        radius_m=radius_m,
        chord_m=chord_m,
        sides=sides,
        center_m=(0, 0, 0.5 * gap_m),
        rotation=half_turn,
        turns=turns,
    )
    return tx, rx


def balanced_overlap(*, radius_m: float, gap_m: float = 0.004, sides: int = 32) -> float:
    """Overlap (m) of a double-D head at which the transmitter induces nothing in the receiver."""
    from scipy.optimize import brentq  # noqa: PLC0415 - scipy is slow to import and only needed here

    def coupling(overlap_m: float) -> float:
        tx, rx = double_d(radius_m=radius_m, overlap_m=overlap_m, gap_m=gap_m, sides=sides)
        return winding_inductance([tx], [rx]) / (MU0_H_M * radius_m)

    return float(brentq(coupling, 0.0, radius_m, xtol=1e-6 * radius_m))


def winding_field(points_m: ArrayLike, winding: Winding) -> NDArray[np.float64]:
    """Magnetic field of all parts of a winding in series: (..., 3) points to H (..., 3) in A/m per A."""
    out = np.zeros(np.shape(points_m))
    for part in winding:
        if isinstance(part, Coil):
            out = out + coil_field(points_m, part)
        else:
            out = out + polygon_field(points_m, vertices_m=part.vertices_m, turns=part.turns)
    return out


def winding_emf(
    points_m: ArrayLike, polarizability_m3: ArrayLike, *, frequency_hz: ArrayLike, tx: Winding, rx: Winding
) -> NDArray[np.complex128]:
    """Voltage per ampere of small targets, by reciprocity, as `emf` for any windings.

    Parameters
    ----------
    points_m, polarizability_m3, frequency_hz
        As in `emf`.
    tx, rx : Winding
        Transmitter and receiver.

    Returns
    -------
    (..., k) complex128
        V/A, each point on its own.

    Raises
    ------
    ValueError
        The tensor does not end in (k, 3, 3), or the points' last axis is not 3.
    """
    return received(
        winding_field(points_m, rx), polarizability_m3, winding_field(points_m, tx), frequency_hz=frequency_hz
    )


def winding_inductance(tx: Winding, rx: Winding) -> float:
    """Mutual inductance (H) of two windings.

    The vector potential of each part, exact, integrated along the other's wire (Neumann) by Gauss-Legendre on
    panels that are halved until the sum stands.

    Raises
    ------
    ValueError
        Wires lie on each other or nearly so.
    """
    return sum(_pair(a, b) for a in tx for b in rx)


def _pair(one: Part, other: Part) -> float:
    if isinstance(one, Coil):
        if isinstance(other, Coil):
            return mutual_inductance(one, other)
        return _pair(other, one)
    # along the wire of the polygon ``one``, in the potential of ``other``
    corners = np.asarray(one.vertices_m, dtype=np.float64)
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    start, stop = corners, np.roll(corners, -1, axis=0)
    total, rough = 0.0, 0.0
    previous: NDArray[np.float64] | None = None  # of the panels that are being halved
    for _ in range(_HALVINGS_MAX):
        mid, half = 0.5 * (start + stop), 0.5 * (stop - start)
        points = mid[:, None] + node[:, None] * half[:, None]
        values = np.einsum("psi,pi,s->ps", _potential(points, other), half, weight)
        integral, size = values.sum(axis=1), np.abs(values).sum(axis=1)
        if previous is None:
            rough = float(size.sum())
            open_ = np.ones(len(start), dtype=bool)
        else:
            pair = integral.reshape(2, -1).sum(axis=0)
            open_ = ~(np.abs(pair - previous) <= _TOLERANCE * rough / np.sqrt(len(corners)))
            total += float(pair[~open_].sum())
            open_ = np.tile(open_, 2)
        if not open_.any():
            return MU0_H_M * one.turns * total
        start, stop, mid, previous = start[open_], stop[open_], mid[open_], integral[open_]
        start, stop = np.concatenate([start, mid]), np.concatenate([mid, stop])
        if len(start) > 2 * len(corners) + _PANELS_MAX:
            break
    msg = f"mutual inductance of {one} and {other} does not converge: the wires touch"
    raise ValueError(msg)


def _potential(points: NDArray[np.float64], part: Part) -> NDArray[np.float64]:
    """Evaluate A / mu0 per ampere at (p, s, 3)."""
    flat = np.ascontiguousarray(points.reshape(-1, 3))
    out = np.empty_like(flat)
    if isinstance(part, Coil):
        axis = np.asarray(part.axis, dtype=np.float64)
        axis = axis / np.linalg.norm(axis)
        center = np.asarray(part.center_m, dtype=np.float64)
        _kernels.loop_potential(flat, part.radius_m, center, axis, float(part.turns), out)
    else:
        _kernels.polygon_potential(flat, np.array(part.vertices_m, dtype=np.float64), float(part.turns), out)
    return out.reshape(points.shape)


def _placed(flat: NDArray[np.float64], center_m: ArrayLike, rotation: ArrayLike | None, turns: float) -> Polygon:
    turn = np.eye(3) if rotation is None else np.asarray(rotation, dtype=np.float64)
    if turn.shape != (3, 3) or not np.allclose(turn @ turn.T, np.eye(3), atol=1e-9):
        msg = f"rotation must be an orthogonal (3, 3) matrix, got {turn}"
        raise ValueError(msg)
    corners = np.column_stack([flat, np.zeros(len(flat))]) @ turn.T + np.asarray(center_m, dtype=np.float64)
    return Polygon(tuple((float(x), float(y), float(z)) for x, y, z in corners), turns)


def _check_lengths(**lengths_m: float) -> None:
    for name, value in lengths_m.items():
        if not (np.isfinite(value) and value > 0):
            msg = f"{name} must be positive, got {value}"
            raise ValueError(msg)
