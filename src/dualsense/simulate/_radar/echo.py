"""What comes back from the ground: flat and rough surface, buried bodies, small metal and uneven soil.

The flat surface is exact, for its echo and for what it lets through, near field and all (`spectrum`). On that,
scalar waves: Kirchhoff's integral for its roughness, physical optics over the bodies' surfaces through
refracted rays, Rayleigh's limit for small metal and Born's for the soil's unevenness. Single scattering: no
echoes between objects.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.simulate._radar import bodies, delays, spectrum
from dualsense.simulate._radar._buried_kernels import buried_echo
from dualsense.simulate._radar._loop_kernels import loop_echo
from dualsense.simulate._radar._rough_kernels import rough_echo
from dualsense.simulate._radar.stack import stack_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._scene.scene import Buried
    from dualsense.simulate._soil import Ground

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]

SURFACE_REACH_M = 0.36
OBJECT_REACH_M = 0.6
SCATTERER_REACH_M = 0.3
_TARGET_M = 0.02
"""Depth over index of the target for which `_rounds` spreads."""
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
    wave = 2 * np.pi * frequency_hz / C0_M_S
    heard = _Sounding(np.ascontiguousarray(tx_m), np.ascontiguousarray(rx_m), frequency_hz)
    echo = _flat_surface(heard, ground)
    if ground.height_m.any():
        _add_roughness(heard, ground, echo)
    below = _buried(_scatterers(objects, ground, frequency_hz), ground, heard, OBJECT_REACH_M)
    free = bodies.outside(objects, ground.scatterer_m)
    smooth = np.exp(-((wave * ground.index * ground.scatterer_length_m) ** 2))
    uneven = bodies.isotropic(ground.scatterer_m[free], ground.strength_m3[free])
    below += _buried([replace(uneven, response=_complex(wave**2 * smooth))], ground, heard, SCATTERER_REACH_M)
    if ground.head_reflection:
        below *= _rounds(heard, ground)
    return echo + below


def _complex(values: Any) -> Complex:
    return np.asarray(values, dtype=np.complex128)


def _scatterers(objects: tuple[Buried, ...], ground: Ground, frequency_hz: Real) -> list[bodies.Scatterers]:
    """Bodies' surfaces and small metal, each in the layer that its middle lies in."""
    layers = stack_of(ground, frequency_hz)
    middle = [thing.depth_m + 0.5 * bodies.size_m(thing)[2] for thing in objects]
    layer = layers.layer_at(np.array(middle))
    out = []
    for i in np.unique(layer):
        here = tuple(thing for thing, own in zip(objects, layer, strict=True) if own == i)
        index = float(layers.index[i])
        k = 2 * np.pi * frequency_hz * index / C0_M_S
        band = (float(frequency_hz[0]), float(frequency_hz[-1]))
        out.append(replace(bodies.surfaces(here, index=index, band_hz=band), response=_complex(1j * k)))
        for points in bodies.metal_points(here, index=index, frequency_hz=frequency_hz):
            own = 1.0 if points.response is None else points.response
            out.append(replace(points, response=_complex(k**2 * own)))
    return out


def _flat_surface(heard: _Sounding, ground: Ground) -> Complex:
    """Echo of the even ground; dipoles and layers are taken as level."""
    across, along = (heard.rx_m - heard.tx_m)[:, :2].T
    square = across**2 + along**2
    return spectrum.echo(
        heard.frequency_hz,
        stack_of(ground, heard.frequency_hz),
        float(np.sqrt(square).mean()),
        heard.tx_m[:, 2] + heard.rx_m[:, 2],
        np.where(square > 0, across**2 / np.where(square > 0, square, 1.0), 1.0),
        head=ground.head_reflection,
    )


def _rounds(heard: _Sounding, ground: Ground) -> Complex:
    """Factor (n, k) of echoes from below by waves that first go from ground to head and back, on either leg.

    One round, straight down, its spreading that of a target just below.
    """
    height = 0.5 * (heard.tx_m[:, 2] + heard.rx_m[:, 2])
    normal = (1 - ground.index) / (1 + ground.index)
    spreading = (height + _TARGET_M) / (3 * height + _TARGET_M)
    wave = np.exp(-4j * np.pi / C0_M_S * np.outer(height, heard.frequency_hz))
    out: Complex = 1 + 2 * ground.head_reflection * normal * spreading[:, None] * wave
    return out


def _add_roughness(heard: _Sounding, ground: Ground, echo: Complex) -> None:
    high = float(np.abs(ground.height_m).max())
    farthest = 2 * float(np.hypot(SURFACE_REACH_M + heard.baseline_m, heard.heights_m[1] + high)) / C0_M_S
    nearest = 2 * max(0.0, heard.heights_m[0] - high) / C0_M_S
    grid = delays.delay_grid(heard.frequency_hz, first_s=nearest, last_s=farthest)
    rough_echo(
        heard.tx_m, heard.rx_m, _rough_coefficient(ground.index), SURFACE_REACH_M,
        np.array([ground.x0_m, ground.y0_m]), ground.cell_m, ground.height_m,
        grid.start_s, grid.step_s, grid.real, grid.imag, delays.spreading_weights(),
        2 * np.pi * heard.frequency_hz / C0_M_S, echo,
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
    layers = stack_of(ground, told)
    through = spectrum.passage(
        told,
        layers,
        heights_m=heard.heights_m,
        depths_m=depth,
        farthest_m=reach_m + heard.baseline_m,
    )
    basis = spectrum.between(told, heard.frequency_hz)
    extra = np.concatenate([np.concatenate([g.front_delay_s, g.back_delay_s]) for g in what])
    swing = 2 * (ground.index + 1) * float(np.abs(ground.height_m).max()) / C0_M_S
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
        if group.modes is not None and group.normal is not None:
            at = int(level[begin])
            below = float(layers.above_m(depth[at : at + 1])[0] @ (1 / layers.index))
            loop_echo(
                heard.tx_m, heard.rx_m, group.position_m[:, :2].copy(), group.normal[:, :2].copy(), group.modes,
                heard.frequency_hz, ground.index, below, reach_m,
                np.array([ground.x0_m, ground.y0_m]), ground.cell_m, ground.height_m,
                through.low_height_m, through.height_step_m, through.offset_step_m, through.table[at], basis, own,
            )  # fmt: skip
            if group.response is not None:
                out += own * group.response
            begin = end
            continue
        buried_echo(
            heard.tx_m, heard.rx_m, blocks, circles, group.position_m[order, :2].copy(),
            np.zeros((0, 3)) if group.normal is None else group.normal[order],
            group.front[order], group.back[order], group.front_delay_s[order], group.back_delay_s[order],
            group.normal is not None, ground.index, layers.index[layers.layer_at(depth)],
            layers.above_m(depth) @ (1 / layers.index), reach_m,
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
