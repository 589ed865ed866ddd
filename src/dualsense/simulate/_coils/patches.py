"""Soil whose susceptibility and conductivity differ from place to place, as the coils feel it.

To first order in the deviation, what a piece of soil adds to the voltage is in proportion to H_R . H_T there when
it is magnetic (reciprocity), and to E_R . E_T when it conducts: charges that gather at its edges add nothing,
since both fields are horizontal at the surface and without divergence. A map of the deviation, the same at all
depths, is therefore felt through the footprint of these products, summed over depth. The coils are taken as level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from dualsense.induction import loop_field
from dualsense.simulate._soil import correlated_field

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._scene.instrument import Detector
    from dualsense.simulate._scene.scene import Soil

CELL_M: Final = 0.02
REACH_M: Final = {"magnetic": 0.4, "conductive": 0.8}
"""Of the footprint. Half a per cent of the magnetic one and a tenth of the conductive one lie beyond (at 5 cm),
and count as if they lay inside."""
_HEIGHTS = 5
_DEPTHS = 12
_DEPTH_SCALE_M = 0.1

Kind = Literal["magnetic", "conductive"]


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """Deviation from the mean, relative to it.

    Attributes
    ----------
    x0_m, y0_m
        Centre of the first cell; cells are `CELL_M` wide.
    magnetic, conductive : (ny, nx) float64
        Of the susceptibility and of the conductivity.
    """

    x0_m: float
    y0_m: float
    magnetic: NDArray[np.float64]
    conductive: NDArray[np.float64]


def draw_patches(
    soil: Soil, *, low_m: tuple[float, float], high_m: tuple[float, float], rng: np.random.Generator
) -> Patches:
    """Draw patches under coils that stay within the rectangle from ``low_m`` to ``high_m`` (x, y)."""
    margin = max(REACH_M.values()) + 2 * CELL_M
    nx, ny = (int(np.ceil((high_m[i] - low_m[i] + 2 * margin) / CELL_M)) + 1 for i in range(2))
    length = soil.patch_length_m / CELL_M
    magnetic, conductive = (correlated_field((ny, nx), length, part) for part in rng.spawn(2))
    return Patches(
        low_m[0] - margin,
        low_m[1] - margin,
        soil.susceptibility_std * magnetic,
        soil.conductivity_std * conductive,
    )


def response_deviation(
    patches: Patches, detector: Detector, position_m: NDArray[np.float64], *, kind: Kind
) -> NDArray[np.float64]:
    """Deviation (m,) of the soil's response at head positions (m, 3), relative to that of even soil."""
    from scipy.interpolate import RegularGridInterpolator  # noqa: PLC0415 - slow to import
    from scipy.signal import fftconvolve  # noqa: PLC0415

    values = getattr(patches, kind)
    if not values.any():
        return np.zeros(len(position_m))
    height = position_m[:, 2]
    table = np.linspace(height.min() - 1e-6, height.max() + 1e-6, _HEIGHTS)
    seen = [fftconvolve(values, footprint(detector, h, kind=kind)[::-1, ::-1], mode="valid") for h in table]
    rim = round(REACH_M[kind] / CELL_M)
    ny, nx = seen[0].shape
    axes = (
        table,
        patches.y0_m + CELL_M * (rim + np.arange(ny)),
        patches.x0_m + CELL_M * (rim + np.arange(nx)),
    )
    out: NDArray[np.float64] = RegularGridInterpolator(axes, np.array(seen))(position_m[:, ::-1])
    return out


def footprint(detector: Detector, height_m: float, *, kind: Kind) -> NDArray[np.float64]:
    """Weight (ny, nx) of the cells around and below the head, in all one; the head is over the middle cell."""
    rim = round(REACH_M[kind] / CELL_M)
    side = CELL_M * np.arange(-rim, rim + 1)
    node, weight = np.polynomial.legendre.leggauss(_DEPTHS)
    t = 0.5 * (1 + node)
    depth = _DEPTH_SCALE_M * t / (1 - t)
    share = 0.5 * weight * _DEPTH_SCALE_M / (1 - t) ** 2
    if any(detector.tx_position_m[:2]) or any(detector.rx_position_m[:2]):
        y, x = (a.ravel() for a in np.meshgrid(side, side, indexing="ij"))
        ring = np.arange(x.size)
    else:  # coils on one axis feel the same all around it
        square = np.arange(-rim, rim + 1) ** 2
        radius2, ring = np.unique(square[:, None] + square, return_inverse=True)
        x, y = CELL_M * np.sqrt(radius2), np.zeros(radius2.size)
    points = np.empty((len(depth), x.size, 3))
    points[..., 0], points[..., 1], points[..., 2] = x, y, (-depth - height_m)[:, None]
    of = _electric if kind == "conductive" else _magnetic
    tx = of(points, detector.tx_radius_m, detector.tx_position_m)
    rx = of(points, detector.rx_radius_m, detector.rx_position_m)
    out = np.einsum("z,zri,zri->r", share, tx, rx)[ring].reshape(side.size, side.size)
    total: NDArray[np.float64] = out / out.sum()
    return total


def _magnetic(
    points_m: NDArray[np.float64], radius_m: float, center_m: tuple[float, float, float]
) -> NDArray[np.float64]:
    return loop_field(points_m, radius_m=radius_m, center_m=center_m)


def _electric(
    points_m: NDArray[np.float64], radius_m: float, center_m: tuple[float, float, float]
) -> NDArray[np.float64]:
    """Vector potential of a loop, to a factor: sqrt(a / rho) / k [(1 - k^2 / 2) K - E] (Jackson, sec. 5.5)."""
    from scipy.special import ellipe, ellipk  # noqa: PLC0415 - slow to import

    x, y, z = np.moveaxis(points_m - np.asarray(center_m), -1, 0)
    rho = np.maximum(np.hypot(x, y), 1e-6 * radius_m)
    square = 4 * radius_m * rho / ((radius_m + rho) ** 2 + z**2)
    size = np.sqrt(radius_m / rho / square) * ((1 - square / 2) * ellipk(square) - ellipe(square))
    return np.stack([-y / rho * size, x / rho * size, np.zeros_like(x)], axis=-1)
