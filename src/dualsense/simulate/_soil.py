"""One realisation of the ground: its rough surface and its uneven inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import C0_M_S, EPSILON0_F_M, MU0_H_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._scene.scene import Layer, Soil


_CELL_M = 0.012
"""Of the surface: under the 23 mm that the fastest two-way phase at 3.2 GHz asks for."""
_SCATTERERS_PER_M3 = 20_000.0
_DEPTH_M = 0.3
_LEVELS = 32
"""Depths that the points share, so that rays to each depth are tabulated once."""


@dataclass(frozen=True, slots=True)
class Bed:
    """A flat layer under the soil, down to the next one; like `Ground` otherwise."""

    top_m: float
    index: float
    loss_np_m: float
    loss_np_s_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What the radar meets.

    Attributes
    ----------
    x0_m, y0_m, cell_m
        Centre of the first cell of ``height_m``, and the cells' side.
    height_m : (ny, nx) float64
        Of the surface above its mean.
    index
        Refractive index of the soil.
    loss_np_m
        Attenuation of the amplitude per metre by conduction, the same at all frequencies.
    loss_np_s_m
        Further attenuation per metre and per rad/s, by the loss tangent.
    scatterer_m : (m, 3) float64
    strength_m3 : (m,) float64
        Born strength, permittivity excess times volume over 4 pi, at long wavelength.
    scatterer_length_m
        Their amplitude falls as exp(-(k l)^2) at wave number k in the soil: the spectrum of a Gaussian
        correlation at backscatter.
    beds
        Layers below, from the top.
    head_reflection
        What the head above sends back down of the field along the ground.
    """

    x0_m: float
    y0_m: float
    cell_m: float
    height_m: NDArray[np.float64]
    index: float
    loss_np_m: float
    loss_np_s_m: float
    scatterer_m: NDArray[np.float64]
    strength_m3: NDArray[np.float64]
    scatterer_length_m: float
    beds: tuple[Bed, ...] = ()
    head_reflection: float = 0.0


def realise_ground(
    soil: Soil, *, low_m: tuple[float, float], high_m: tuple[float, float], rng: np.random.Generator
) -> Ground:
    """Draw a ground over a rectangle.

    Its unevenness is that of points whose echoes have the strength of a Gaussian correlation, in Born's limit.

    Parameters
    ----------
    soil
        Whose mean, roughness, unevenness and layers it has.
    low_m, high_m
        Corners (x, y) of the rectangle.
    rng
        Draws surface and points.

    Returns
    -------
    Ground
    """
    nx, ny = (int(np.ceil((high_m[i] - low_m[i]) / _CELL_M)) + 1 for i in range(2))
    height = soil.roughness_rms_m * correlated_field((ny, nx), soil.roughness_length_m / _CELL_M, rng)
    epsilon = soil.relative_permittivity
    index = float(np.sqrt(epsilon))
    length = soil.permittivity_length_m
    count = 0
    if soil.permittivity_std > 0:
        count = int(_SCATTERERS_PER_M3 * _DEPTH_M * (high_m[0] - low_m[0]) * (high_m[1] - low_m[1]))
    position = np.empty((count, 3))
    position[:, :2] = rng.uniform(low_m, high_m, (count, 2))
    level_m = -_DEPTH_M / _LEVELS * (np.arange(_LEVELS) + rng.uniform(0.0, 1.0, _LEVELS))
    position[:, 2] = level_m[rng.integers(_LEVELS, size=count)]
    # integral of the correlation std^2 exp(-(r/l)^2 / 2) over space, shared among the points of a unit volume
    variance = (soil.permittivity_std * epsilon) ** 2 * (2 * np.pi) ** 1.5 * length**3 / _SCATTERERS_PER_M3
    strength = np.sqrt(variance) / (4 * np.pi) * rng.normal(size=count)
    beds = tuple(
        Bed(layer.top_m, float(np.sqrt(layer.relative_permittivity)), *_loss(layer)) for layer in soil.layers
    )
    for bed in beds:  # as uneven, relative to its own permittivity
        strength[position[:, 2] < -bed.top_m] = (
            np.sqrt(variance) / (4 * np.pi) * (bed.index / index) ** 2
        ) * rng.normal(size=int((position[:, 2] < -bed.top_m).sum()))
    return Ground(
        x0_m=low_m[0],
        y0_m=low_m[1],
        cell_m=_CELL_M,
        height_m=height,
        index=index,
        loss_np_m=_loss(soil)[0],
        loss_np_s_m=_loss(soil)[1],
        scatterer_m=position,
        strength_m3=strength,
        scatterer_length_m=length,
        beds=beds,
    )


def _loss(of: Soil | Layer) -> tuple[float, float]:
    """Attenuation per metre, by conduction and, per rad/s, by the loss tangent."""
    epsilon = of.relative_permittivity
    by_conduction = 0.5 * of.conductivity_s_m * np.sqrt(MU0_H_M / (EPSILON0_F_M * epsilon))
    return float(by_conduction), float(0.5 * of.loss_tangent * np.sqrt(epsilon) / C0_M_S)


def correlated_field(shape: tuple[int, int], length_cells: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Gaussian field of unit variance with correlation exp(-(r / length)^2 / 2)."""
    reach = int(np.ceil(2.5 * length_cells))
    kernel = np.exp(-((np.arange(-reach, reach + 1) / length_cells) ** 2))
    kernel /= np.sqrt(np.sum(kernel**2))
    field = rng.normal(size=(shape[0] + 2 * reach, shape[1] + 2 * reach))
    field = np.apply_along_axis(np.convolve, 0, field, kernel, mode="valid")
    return np.apply_along_axis(np.convolve, 1, field, kernel, mode="valid")
