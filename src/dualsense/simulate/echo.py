"""What comes back from the ground: flat and rough surface, buried bodies, small metal and uneven soil.

The flat surface is exact, for its echo and for what it lets through, near field and all (`spectrum`). On that,
scalar waves: Kirchhoff's integral for its roughness, physical optics over the bodies' surfaces through
refracted rays, Rayleigh's limit for small metal and Born's for the soil's unevenness. Single scattering: no
echoes between objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.simulate import bodies, delays, spectrum
from dualsense.simulate._buried_kernels import buried_echo
from dualsense.simulate._rough_kernels import rough_echo
from dualsense.simulate.soil import C0

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate.scene import Buried
    from dualsense.simulate.soil import Ground

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]

SURFACE_REACH_M = 0.36
OBJECT_REACH_M = 0.6
SCATTERER_REACH_M = 0.3
_COSINES = 513
_SAME_DEPTH_M = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class _Sounding:
    """Where and at which tones the ground is heard."""

    tx_m: Real
    rx_m: Real
    frequency_hz: Real

    @property
    def baseline_m(self) -> float:
        return float(np.linalg.norm(self.rx_m - self.tx_m, axis=1).max())

    @property
    def heights_m(self) -> tuple[float, float]:
        heights = np.concatenate([self.tx_m[:, 2], self.rx_m[:, 2]])
        return float(heights.min()), float(heights.max())


def ground_echo(
    objects: tuple[Buried, ...], ground: Ground, tx_m: Real, rx_m: Real, frequency_hz: Real
) -> Complex:
    """All that comes back from the ground, relative to a unit echo at one metre.

    Parameters
    ----------
    objects : tuple of Buried
    ground : Ground
    tx_m, rx_m : (n, 3) float64
        Antennas in the local frame, above the ground.
    frequency_hz : (k,) float64
        Rising.

    Returns
    -------
    (n, k) complex128
    """
    omega = 2 * np.pi * frequency_hz
    k_soil = omega * ground.index / C0
    heard = _Sounding(np.ascontiguousarray(tx_m), np.ascontiguousarray(rx_m), frequency_hz)
    echo = _flat_surface(heard, ground)
    if ground.height_m.any():
        _add_roughness(heard, ground, echo)
    band = (float(frequency_hz[0]), float(frequency_hz[-1]))
    reflecting = bodies.surfaces(objects, index=ground.index, band_hz=band)
    echo += 1j * k_soil * _buried([reflecting], ground, heard, OBJECT_REACH_M)
    small = bodies.metal_points(objects, index=ground.index, frequency_hz=frequency_hz)
    echo += k_soil**2 * _buried(small, ground, heard, OBJECT_REACH_M)
    free = bodies.outside(objects, ground.scatterer_m)
    uneven = bodies.isotropic(ground.scatterer_m[free], ground.strength_m3[free])
    smooth = np.exp(-((k_soil * ground.scatterer_length_m) ** 2))
    echo += (omega / C0) ** 2 * smooth * _buried([uneven], ground, heard, SCATTERER_REACH_M)
    return echo


def _permittivity(ground: Ground, frequency_hz: Real) -> Complex:
    omega = 2 * np.pi * frequency_hz
    loss = (ground.loss_np_m / omega + ground.loss_np_s_m) * C0
    out: Complex = np.asarray(ground.index - 1j * loss, dtype=np.complex128) ** 2
    return out


def _flat_surface(heard: _Sounding, ground: Ground) -> Complex:
    """Echo of the even half-space; dipoles and ground are taken as level."""
    across, along = (heard.rx_m - heard.tx_m)[:, :2].T
    square = across**2 + along**2
    return spectrum.echo(
        heard.frequency_hz,
        _permittivity(ground, heard.frequency_hz),
        float(np.sqrt(square).mean()),
        heard.tx_m[:, 2] + heard.rx_m[:, 2],
        np.where(square > 0, across**2 / np.where(square > 0, square, 1.0), 1.0),
    )


def _add_roughness(heard: _Sounding, ground: Ground, echo: Complex) -> None:
    high = float(np.abs(ground.height_m).max())
    farthest = 2 * float(np.hypot(SURFACE_REACH_M + heard.baseline_m, heard.heights_m[1] + high)) / C0
    nearest = 2 * max(0.0, heard.heights_m[0] - high) / C0
    grid = delays.delay_grid(heard.frequency_hz, first_s=nearest, last_s=farthest)
    rough_echo(
        heard.tx_m, heard.rx_m, _rough_coefficient(ground.index), SURFACE_REACH_M,
        np.array([ground.x0_m, ground.y0_m]), ground.cell_m, ground.height_m,
        grid.start_s, grid.step_s, grid.real, grid.imag, delays.spreading_weights(),
        2 * np.pi * heard.frequency_hz / C0, echo,
    )  # fmt: skip


def _rough_coefficient(index: float) -> Real:
    """Backscatter coefficient of small roughness times the cosine, (2, q) over the cosine from 0 to 1.

    In the plane across the dipole, and in the plane along it, with the dipole's pattern.
    """
    epsilon = index * index
    cos = np.linspace(0.0, 1.0, _COSINES)
    sin2 = 1 - cos**2
    root = np.sqrt(epsilon - sin2)
    electric = (cos - root) / (cos + root)
    magnetic = (epsilon - 1) * (sin2 - epsilon * (1 + sin2)) / (epsilon * cos + root) ** 2
    return np.stack([electric * cos, magnetic * cos**3])


def _buried(what: list[bodies.Scatterers], ground: Ground, heard: _Sounding, reach_m: float) -> Complex:
    """Echoes (n, k) of groups of points, each with its own response."""
    out = np.zeros((len(heard.tx_m), len(heard.frequency_hz)), dtype=np.complex128)
    what = [group for group in what if len(group.position_m)]
    if not what:
        return out
    place = np.concatenate([group.position_m for group in what])
    depth, level = _levels(-place[:, 2])
    told = spectrum.told(float(heard.frequency_hz[0]), float(heard.frequency_hz[-1]))
    through = spectrum.passage(
        told,
        _permittivity(ground, told),
        ground.index,
        heights_m=heard.heights_m,
        depths_m=depth,
        farthest_m=reach_m + heard.baseline_m,
    )
    basis = spectrum.between(told, heard.frequency_hz)
    extra = np.concatenate([np.concatenate([g.front_delay_s, g.back_delay_s]) for g in what])
    swing = 2 * (ground.index + 1) * float(np.abs(ground.height_m).max()) / C0
    grid = delays.delay_grid(
        heard.frequency_hz,
        first_s=2 * float(through.table[..., 0].min() + min(extra.min(), 0.0)) - swing,
        last_s=2 * float(through.table[..., 0].max() + max(extra.max(), 0.0)) + swing,
    )
    begin = 0
    for group in what:
        end = begin + len(group.position_m)
        order = np.argsort(level[begin:end], kind="stable")
        blocks, circles = _blocks(level[begin:end][order], group.position_m[order, :2])
        own = out if group.response is None else np.zeros_like(out)
        buried_echo(
            heard.tx_m, heard.rx_m, blocks, circles, group.position_m[order, :2].copy(),
            np.zeros((0, 3)) if group.normal is None else group.normal[order],
            group.front[order], group.back[order], group.front_delay_s[order], group.back_delay_s[order],
            group.normal is not None, ground.index, np.full(len(depth), ground.index), depth, reach_m,
            np.array([ground.x0_m, ground.y0_m]), ground.cell_m, ground.height_m,
            through.low_height_m, through.height_step_m, through.offset_step_m, through.table, basis,
            grid.start_s, grid.step_s, grid.real, grid.imag, delays.spreading_weights(), own,
        )  # fmt: skip
        if group.response is not None:
            out += own * group.response
        begin = end
    return out


def _levels(depth_m: Real) -> tuple[Real, NDArray[np.intp]]:
    """Different depths (nd,), rising, and the number of each point's among them."""
    depth, level = np.unique(np.round(depth_m / _SAME_DEPTH_M), return_inverse=True)
    return depth * _SAME_DEPTH_M, level.reshape(-1)


def _blocks(level: NDArray[np.intp], place_m: Real) -> tuple[NDArray[np.int64], Real]:
    """Find runs (nb, 3) of one depth in sorted points (level, start, stop), and a circle (nb, 3) about each."""
    edge = np.flatnonzero(np.diff(level, prepend=-1))
    stop = np.append(edge[1:], len(level))
    circles = np.empty((len(edge), 3))
    for row, a, b in zip(circles, edge, stop, strict=True):
        low, high = place_m[a:b].min(axis=0), place_m[a:b].max(axis=0)
        row[:2] = 0.5 * (low + high)
        row[2] = np.sqrt(((place_m[a:b] - row[:2]) ** 2).sum(axis=1).max()) + 1e-9
    return np.stack([level[edge], edge, stop], axis=-1).astype(np.int64), circles
