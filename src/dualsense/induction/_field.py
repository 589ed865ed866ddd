"""Magnetic fields of coils and the voltages they receive. Time dependence e^{+i omega t}, SI.

Fields are H per ampere of transmitter current; a received response is in V/A. Coils are circular `Coil`s or
closed polygons of straight wire. The response of magnetic or conducting ground is in `induction._ground`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import MU0_H_M
from dualsense.induction import _kernels
from dualsense.induction._inductance_kernels import loop_inductances

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Coil:
    """A circular coil.

    Attributes
    ----------
    radius_m
        Of the winding, > 0.
    center_m
        x, y, z.
    axis
        Direction of the positive normal; need not be a unit vector, must not be zero.
    turns
        Negative for a coil wound the other way round.

    Raises
    ------
    ValueError
        A radius that is not positive and finite, or an axis that is zero or not finite.
    """

    radius_m: float
    center_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    axis: tuple[float, float, float] = (0.0, 0.0, 1.0)
    turns: float = 1.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.radius_m) and self.radius_m > 0):
            msg = f"radius_m must be positive and finite, got {self.radius_m}"
            raise ValueError(msg)
        _unit(self.axis)


def loop_field(
    points_m: ArrayLike,
    *,
    radius_m: float,
    center_m: ArrayLike = (0.0, 0.0, 0.0),
    axis: ArrayLike = (0.0, 0.0, 1.0),
    turns: float = 1.0,
) -> NDArray[np.float64]:
    """Magnetic field of a circular loop, per ampere.

    Parameters
    ----------
    points_m : (..., 3) array_like
    radius_m : float
    center_m, axis : (3,) array_like
        The axis is normalised here.
    turns : float

    Returns
    -------
    (..., 3) ndarray
        H in A/m per A. NaN on the wire itself, where the field has no value.

    Raises
    ------
    ValueError
        The points' last axis is not 3, the radius not positive, or the axis zero.

    Notes
    -----
    Exact, by complete elliptic integrals (Simpson, Lane, Immer and Youngquist 2001, NASA/TM-2013-217919),
    from an arithmetic-geometric mean arranged so that nothing cancels near the axis; relative error of |H|
    below 1e-13 from the axis to a billionth of a radius from the wire.

    References
    ----------
    Simpson, J. C., Lane, J. E., Immer, C. D. and Youngquist, R. C. (2001). Simple analytic expressions for the
    magnetic field of a circular current loop. NASA/TM-2013-217919.
    """
    points, shape = _flat_points(points_m)
    coil = Coil(radius_m=float(radius_m))
    out = np.empty_like(points)
    _kernels.loop_field(points, coil.radius_m, _vector(center_m, "center_m"), _unit(axis), float(turns), out)
    return out.reshape(shape)


def coil_field(points_m: ArrayLike, coil: Coil) -> NDArray[np.float64]:
    """`loop_field` of a `Coil`: H (..., 3) in A/m per A.

    Raises
    ------
    ValueError
        The points' last axis is not 3.
    """
    return loop_field(points_m, radius_m=coil.radius_m, center_m=coil.center_m, axis=coil.axis, turns=coil.turns)


def polygon_field(points_m: ArrayLike, *, vertices_m: ArrayLike, turns: float = 1.0) -> NDArray[np.float64]:
    """Magnetic field of a closed polygon of straight wire (Biot-Savart), per ampere.

    Parameters
    ----------
    points_m : (..., 3) array_like
    vertices_m : (v, 3) array_like
        v >= 3 corners in the order of the current; the last is joined to the first.
    turns : float

    Returns
    -------
    (..., 3) ndarray
        H in A/m per A. NaN on the wire itself.

    Raises
    ------
    ValueError
        Wrong shapes, or fewer than three vertices.
    """
    points, shape = _flat_points(points_m)
    vertices = np.ascontiguousarray(vertices_m, dtype=np.float64)
    if vertices.ndim != 2 or vertices.shape[1] != 3 or len(vertices) < 3:
        msg = f"vertices_m must be (v >= 3, 3), got shape {vertices.shape}"
        raise ValueError(msg)
    out = np.empty_like(points)
    _kernels.polygon_field(points, vertices, float(turns), out)
    return out.reshape(shape)


def received(
    field_rx: ArrayLike, polarizability_m3: ArrayLike, field_tx: ArrayLike, *, frequency_hz: ArrayLike
) -> NDArray[np.complex128]:
    """Voltage that a small target induces in the receiver, by reciprocity: V = -i omega mu0 H_R . M . H_T.

    Parameters
    ----------
    field_rx, field_tx : (..., 3) array_like
        H at the target per ampere in the receiver and in the transmitter, A/m per A.
    polarizability_m3 : (..., k, 3, 3) or (k, 3, 3) complex array_like
        Magnetic polarizability tensor at each frequency, m^3.
    frequency_hz : (k,) array_like

    Returns
    -------
    (..., k) complex128
        V/A.

    Raises
    ------
    ValueError
        When the tensors do not fit the frequencies.
    """
    omega = 2 * np.pi * np.atleast_1d(np.asarray(frequency_hz, dtype=np.float64))
    tensor = np.asarray(polarizability_m3, dtype=np.complex128)
    if tensor.shape[-3:] != (len(omega), 3, 3):
        msg = f"polarizability_m3 must end in ({len(omega)}, 3, 3), got shape {tensor.shape}"
        raise ValueError(msg)
    h_r = np.asarray(field_rx, dtype=np.float64)
    h_t = np.asarray(field_tx, dtype=np.float64)
    out: NDArray[np.complex128] = -1j * omega * MU0_H_M * np.einsum("...i,...kij,...j->...k", h_r, tensor, h_t)
    return out


def emf(
    points_m: ArrayLike, polarizability_m3: ArrayLike, *, frequency_hz: ArrayLike, tx: Coil, rx: Coil
) -> NDArray[np.complex128]:
    """Voltage per ampere of small targets at given points under a pair of coils.

    Parameters
    ----------
    points_m : (..., 3) array_like
        Targets, or one target as seen from moving coils.
    polarizability_m3 : (..., k, 3, 3) or (k, 3, 3) complex array_like
    frequency_hz : (k,) array_like
    tx, rx : Coil

    Returns
    -------
    (..., k) complex128
        V/A, each point on its own; add over points for several targets at once.

    Raises
    ------
    ValueError
        The tensor does not end in (k, 3, 3), or the points' last axis is not 3.
    """
    return received(
        coil_field(points_m, rx), polarizability_m3, coil_field(points_m, tx), frequency_hz=frequency_hz
    )


def mutual_inductance(tx: Coil, rx: Coil) -> float:
    """Mutual inductance (H) of two circular coils at any distance, offset and tilt.

    The transmitter's vector potential, exact, summed along the receiver's wire; the trapezoid rule on a closed
    smooth curve converges exponentially and is doubled until it has.

    Raises
    ------
    ValueError
        The wires touch or nearly touch, so that the sum does not converge.
    """
    away = _vector(rx.center_m, "center_m") - _vector(tx.center_m, "center_m")
    value = mutual_inductances(
        away[None], _unit(tx.axis)[None], _unit(rx.axis)[None], tx_radius_m=tx.radius_m, rx_radius_m=rx.radius_m
    )[0]
    if np.isnan(value):
        msg = f"mutual inductance of {tx} and {rx} does not converge: the wires touch"
        raise ValueError(msg)
    return float(tx.turns * rx.turns * value)


def mutual_inductances(
    away_m: ArrayLike, tx_axis: ArrayLike, rx_axis: ArrayLike, *, tx_radius_m: float, rx_radius_m: float
) -> NDArray[np.float64]:
    """Mutual inductance (H) of many pairs of circular coils of one turn, as `mutual_inductance` each.

    Parameters
    ----------
    away_m : (n, 3) array_like
        From the transmitter's centre to the receiver's.
    tx_axis, rx_axis : (n, 3) array_like
        Unit normals.
    tx_radius_m, rx_radius_m : float
        Of all transmitters and of all receivers.

    Returns
    -------
    (n,) ndarray
        NaN where the wires touch or nearly so.

    Raises
    ------
    ValueError
        Arrays that are not all (n, 3).
    """
    arrays = [np.ascontiguousarray(a, dtype=np.float64) for a in (away_m, tx_axis, rx_axis)]
    if any(a.ndim != 2 or a.shape[1] != 3 or len(a) != len(arrays[0]) for a in arrays):
        msg = f"away_m, tx_axis and rx_axis must be (n, 3), got {[a.shape for a in arrays]}"
        raise ValueError(msg)
    away, axis, normal = arrays
    out = np.empty(len(away))
    loop_inductances(away, axis, float(tx_radius_m), normal, float(rx_radius_m), out)
    return MU0_H_M * out


def _flat_points(points_m: ArrayLike) -> tuple[NDArray[np.float64], tuple[int, ...]]:
    points = np.asarray(points_m, dtype=np.float64)
    if points.ndim == 0 or points.shape[-1] != 3:
        msg = f"points_m must have a last axis of 3, got shape {points.shape}"
        raise ValueError(msg)
    return np.ascontiguousarray(points.reshape(-1, 3)), points.shape


def _vector(value: ArrayLike, name: str) -> NDArray[np.float64]:
    vector = np.array(value, dtype=np.float64)
    if vector.shape != (3,):
        msg = f"{name} must have shape (3,), got {vector.shape}"
        raise ValueError(msg)
    return vector


def _unit(axis: ArrayLike) -> NDArray[np.float64]:
    vector = _vector(axis, "axis")
    norm = float(np.linalg.norm(vector))
    if not (np.isfinite(norm) and norm > 0):
        msg = f"axis must be a finite vector other than zero, got {vector}"
        raise ValueError(msg)
    return vector / norm
