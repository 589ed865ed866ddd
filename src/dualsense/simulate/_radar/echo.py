"""What comes back from the ground: flat and rough surface, buried bodies, small metal and uneven soil.

The flat surface is exact, for its echo and for what it lets through, near field and all (`plane_waves`). On that,
scalar waves: Kirchhoff's integral for its roughness, physical optics over the bodies' surfaces through
refracted rays, Rayleigh's limit for small metal and Born's for the soil's unevenness. Single scattering: no
echoes between objects.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.simulate._radar import delays, plane_waves
from dualsense.simulate._radar._buried_kernels import buried_echo
from dualsense.simulate._radar._loop_kernels import loop_echo
from dualsense.simulate._radar._rough_kernels import rough_echo
from dualsense.simulate._radar.metal import metal_points
from dualsense.simulate._radar.scatterers import isotropic
from dualsense.simulate._radar.stack import stack_of
from dualsense.simulate._radar.surfaces import surfaces
from dualsense.simulate._scene import placement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._radar.delays import DelayGrid
    from dualsense.simulate._radar.plane_waves import TransmissionTable
    from dualsense.simulate._radar.scatterers import Scatterers
    from dualsense.simulate._radar.stack import Stack
    from dualsense.simulate._scene.scene import Buried
    from dualsense.simulate._soil import Ground

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]

SURFACE_REACH_M = 0.36
OBJECT_REACH_M = 0.6
SCATTERER_REACH_M = 0.3
_TARGET_M = 0.02
"""Depth over index of the target for which `_head_multiples` spreads."""
_COSINES = 513
_SAME_DEPTH_M = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class Soundings:
    """Where the antennas are, and which tones they send.

    Attributes
    ----------
    tx_m, rx_m : (n, 3) float64
        In the local frame.
    frequency_hz : (k,) float64
        Rising.
    """

    tx_m: Real
    rx_m: Real
    frequency_hz: Real

    @property
    def baseline_m(self) -> float:
        """Longest distance between the antennas."""
        return float(np.linalg.norm(self.rx_m - self.tx_m, axis=1).max())

    @property
    def heights_m(self) -> tuple[float, float]:
        """Lowest and highest antenna."""
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
    wave = 2 * np.pi * frequency_hz / C0_M_S
    soundings = Soundings(np.ascontiguousarray(tx_m), np.ascontiguousarray(rx_m), frequency_hz)
    echo = _flat_surface(soundings, ground)
    if ground.height_m.any():
        _add_roughness(soundings, ground, echo)
    below = _scattered(_scatterers(objects, ground, frequency_hz), ground, soundings, OBJECT_REACH_M)
    free = placement.outside_bodies(objects, ground.scatterer_m)
    smooth = np.exp(-((wave * ground.index * ground.scatterer_length_m) ** 2))
    uneven = isotropic(ground.scatterer_m[free], ground.strength_m3[free])
    uneven = replace(uneven, response=_complex(wave**2 * smooth))
    below += _scattered([uneven], ground, soundings, SCATTERER_REACH_M)
    if ground.head_reflection:
        below *= _head_multiples(soundings, ground)
    return echo + below


def _complex(values: Any) -> Complex:
    return np.asarray(values, dtype=np.complex128)


def _scatterers(objects: tuple[Buried, ...], ground: Ground, frequency_hz: Real) -> list[Scatterers]:
    """Bodies' surfaces and small metal, each in the layer that its middle lies in."""
    layers = stack_of(ground, frequency_hz)
    middle = [thing.depth_m + 0.5 * placement.size_m(thing)[2] for thing in objects]
    layer = layers.layer_at(np.array(middle))
    out = []
    for i in np.unique(layer):
        here = tuple(thing for thing, own in zip(objects, layer, strict=True) if own == i)
        index = float(layers.index[i])
        k = 2 * np.pi * frequency_hz * index / C0_M_S
        band = (float(frequency_hz[0]), float(frequency_hz[-1]))
        out.append(replace(surfaces(here, index=index, band_hz=band), response=_complex(1j * k)))
        for points in metal_points(here, index=index, frequency_hz=frequency_hz):
            own = 1.0 if points.response is None else points.response
            out.append(replace(points, response=_complex(k**2 * own)))
    return out


def _flat_surface(soundings: Soundings, ground: Ground) -> Complex:
    """Echo of the even ground; dipoles and layers are taken as level."""
    across, along = (soundings.rx_m - soundings.tx_m)[:, :2].T
    square = across**2 + along**2
    return plane_waves.surface_echo(
        soundings.frequency_hz,
        stack_of(ground, soundings.frequency_hz),
        float(np.sqrt(square).mean()),
        soundings.tx_m[:, 2] + soundings.rx_m[:, 2],
        np.where(square > 0, across**2 / np.where(square > 0, square, 1.0), 1.0),
        head=ground.head_reflection,
    )


def _head_multiples(soundings: Soundings, ground: Ground) -> Complex:
    """Factor (n, k) of echoes from below by waves that first go from ground to head and back, on either leg.

    One round, straight down, its spreading that of a target just below.
    """
    height = 0.5 * (soundings.tx_m[:, 2] + soundings.rx_m[:, 2])
    normal = (1 - ground.index) / (1 + ground.index)
    spreading = (height + _TARGET_M) / (3 * height + _TARGET_M)
    wave = np.exp(-4j * np.pi / C0_M_S * np.outer(height, soundings.frequency_hz))
    out: Complex = 1 + 2 * ground.head_reflection * normal * spreading[:, None] * wave
    return out


def _add_roughness(soundings: Soundings, ground: Ground, echo: Complex) -> None:
    high = float(np.abs(ground.height_m).max())
    farthest = 2 * float(np.hypot(SURFACE_REACH_M + soundings.baseline_m, soundings.heights_m[1] + high)) / C0_M_S
    nearest = 2 * max(0.0, soundings.heights_m[0] - high) / C0_M_S
    grid = delays.delay_grid(soundings.frequency_hz, first_s=nearest, last_s=farthest)
    rough_echo(
        soundings.tx_m, soundings.rx_m, _rough_coefficient(ground.index), SURFACE_REACH_M,
        np.array([ground.x0_m, ground.y0_m]), ground.cell_m, ground.height_m,
        grid.start_s, grid.step_s, grid.real, grid.imag, delays.spreading_weights(),
        2 * np.pi * soundings.frequency_hz / C0_M_S, echo,
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


def _scattered(groups: list[Scatterers], ground: Ground, soundings: Soundings, reach_m: float) -> Complex:
    """Echoes (n, k) of groups of points below the surface, each with its own response."""
    out = np.zeros((len(soundings.tx_m), len(soundings.frequency_hz)), dtype=np.complex128)
    groups = [group for group in groups if len(group.position_m)]
    if not groups:
        return out
    place = np.concatenate([group.position_m for group in groups])
    depth, level = _levels(-place[:, 2])
    rays = _rays(groups, depth, ground, soundings, reach_m)
    begin = 0
    for group in groups:
        end = begin + len(group.position_m)
        own = out if group.response is None else np.zeros_like(out)
        if group.modes is not None and group.normal is not None:
            _add_loop(group, group.modes, group.normal, int(level[begin]), rays, own)
        else:
            _add_points(group, level[begin:end], rays, own)
        if group.response is not None:
            out += own * group.response
        begin = end
    return out


@dataclass(frozen=True, slots=True, eq=False)
class _Rays:
    """What all groups of points share: soundings, ground, and tables of the way through its surface.

    Attributes
    ----------
    depth_m : (nd,) float64
        Depths of the points, rising.
    table, basis
        Of the field let through the surface to these depths, and the matrix from its frequencies to the tones.
    legs, fields
        The table's delays with their slopes, and its fields with all real parts before the imaginary ones.
    grid
        For the delays of all echoes.
    reach_m
        Beyond it a point is left out of a sounding.
    """

    soundings: Soundings
    ground: Ground
    layers: Stack
    depth_m: Real
    table: TransmissionTable
    basis: Real
    legs: Real
    fields: Real
    grid: DelayGrid
    reach_m: float


def _rays(groups: list[Scatterers], depth_m: Real, ground: Ground, soundings: Soundings, reach_m: float) -> _Rays:
    """Tabulate the way through the surface, and lay a grid for all delays that groups of points may have."""
    table_hz = plane_waves.table_frequencies(float(soundings.frequency_hz[0]), float(soundings.frequency_hz[-1]))
    layers = stack_of(ground, table_hz)
    table = plane_waves.tabulate_transmission(
        table_hz,
        layers,
        heights_m=soundings.heights_m,
        depths_m=depth_m,
        farthest_m=reach_m + soundings.baseline_m,
    )
    basis = plane_waves.interpolation_matrix(table_hz, soundings.frequency_hz)
    extra = np.concatenate([np.concatenate([g.front_delay_s, g.back_delay_s]) for g in groups])
    swing = 2 * (ground.index + 1) * float(np.abs(ground.height_m).max()) / C0_M_S
    grid = delays.delay_grid(
        soundings.frequency_hz,
        first_s=2 * float(table.table[..., 0].min() + min(extra.min(), 0.0)) - swing,
        last_s=2 * float(table.table[..., 0].max() + max(extra.max(), 0.0)) + swing,
    )
    legs = np.ascontiguousarray(table.table[..., :2])
    fields = table.table[..., 2:].reshape(*legs.shape[:3], 2, -1, 2).swapaxes(-1, -2).reshape(*legs.shape[:3], -1)
    return _Rays(soundings, ground, layers, depth_m, table, basis, legs, fields, grid, reach_m)


def _add_loop(group: Scatterers, modes: Complex, tangent: Real, level: int, rays: _Rays, out: Complex) -> None:
    """Add a level turn of wire at one of the depths to echoes (n, k)."""
    soundings, ground, table = rays.soundings, rays.ground, rays.table
    below = float(rays.layers.above_m(rays.depth_m[level : level + 1])[0] @ (1 / rays.layers.index))
    loop_echo(
        soundings.tx_m, soundings.rx_m, group.position_m[:, :2].copy(), tangent[:, :2].copy(), modes,
        soundings.frequency_hz, ground.index, below, rays.reach_m,
        np.array([ground.x0_m, ground.y0_m]), ground.cell_m, ground.height_m,
        table.low_height_m, table.height_step_m, table.offset_step_m, table.table[level], rays.basis, out,
    )  # fmt: skip


def _add_points(group: Scatterers, level: NDArray[np.intp], rays: _Rays, out: Complex) -> None:
    """Add points, each with the number of its depth, to echoes (n, k)."""
    soundings, ground, layers, table, grid = rays.soundings, rays.ground, rays.layers, rays.table, rays.grid
    order = np.argsort(level, kind="stable")
    blocks, circles = _blocks(level[order], group.position_m[order, :2])
    buried_echo(
        soundings.tx_m, soundings.rx_m, blocks, circles, group.position_m[order, :2].copy(),
        np.zeros((0, 3)) if group.normal is None else group.normal[order],
        group.front[order], group.back[order], group.front_delay_s[order], group.back_delay_s[order],
        group.normal is not None, ground.index, layers.index[layers.layer_at(rays.depth_m)],
        layers.above_m(rays.depth_m) @ (1 / layers.index), rays.reach_m,
        np.array([ground.x0_m, ground.y0_m]), ground.cell_m, ground.height_m,
        table.low_height_m, table.height_step_m, table.offset_step_m, rays.legs, rays.fields, rays.basis,
        grid.start_s, grid.step_s, grid.real, grid.imag, delays.spreading_weights(), out,
    )  # fmt: skip


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
