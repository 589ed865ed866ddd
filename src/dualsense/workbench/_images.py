"""How two images of the same ground differ, in figures, whatever their grids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.result import Image, Result, Volume

    Real = NDArray[np.float64]

WHOLE = 1.0 - 1e-9


@dataclass(frozen=True, slots=True)
class ImageDifference:
    """A map or a volume of two results, over the cells that both measured, on the first one's grid.

    Attributes
    ----------
    name, units
        Of the image.
    cells, only_a, only_b
        Cells that both measured, and those that one of them did.
    rms_a, rms_b, rms_difference, largest_difference
        In its units.
    correlation
        Of both over those cells, -1 to 1; NaN where either is constant.
    focus_a, focus_b
        Fourth moment over the squared second: the more of the energy few cells hold, the larger.
    """

    name: str
    units: str
    cells: int
    only_a: int
    only_b: int
    rms_a: float
    rms_b: float
    rms_difference: float
    largest_difference: float
    correlation: float
    focus_a: float
    focus_b: float


def focus(values: NDArray[Any]) -> float:
    """Fourth moment over the squared second moment of the finite values; NaN without energy.

    Notes
    -----
    The sharpness of images that Muller and Buffington (1974, J. Opt. Soc. Am. 64, 1200) call S1, of amplitudes
    instead of intensities, and without units.
    """
    energy = np.square(values[np.isfinite(values)].astype(np.float64))
    mean = float(energy.mean()) if energy.size else 0.0
    return float(np.square(energy).mean()) / mean**2 if mean > 0.0 else float("nan")


def image_differences(a: Result, b: Result) -> tuple[ImageDifference, ...]:
    """Compare the volume and every map that two results have both.

    Parameters
    ----------
    a, b
        Of the same ground.

    Returns
    -------
    tuple of ImageDifference
    """
    both: list[tuple[Any, Any]] = []
    if a.gpr_volume is not None and b.gpr_volume is not None:
        both.append((a.gpr_volume, b.gpr_volume))
    both += [(a.emi_maps[name], b.emi_maps[name]) for name in sorted(a.emi_maps.keys() & b.emi_maps.keys())]
    return tuple(_difference(one, resampled(other, one), other.units) for one, other in both)


def _difference(image: Image | Volume, other: Real, units: str) -> ImageDifference:
    one = image.values.astype(np.float64)
    has_a, has_b = np.isfinite(one), np.isfinite(other)
    common = has_a & has_b
    first, second = one[common], other[common]
    apart = second - first
    spread = first.std() * second.std() if first.size else 0.0
    return ImageDifference(
        image.name,
        image.units if image.units == units else f"{image.units}, {units}",
        int(common.sum()),
        int((has_a & ~has_b).sum()),
        int((has_b & ~has_a).sum()),
        _rms(first),
        _rms(second),
        _rms(apart),
        float(np.abs(apart).max(initial=0.0)),
        float(np.mean((first - first.mean()) * (second - second.mean())) / spread)
        if spread > 0.0
        else float("nan"),
        focus(first),
        focus(second),
    )


def _rms(values: Real) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if values.size else float("nan")


def resampled(image: Image | Volume, like: Image | Volume) -> Real:
    """Give an image on the cells of another, linear between its own; NaN beyond them, and where one is."""
    own, wanted = _axes(image), _axes(like)
    values = image.values.astype(np.float64)
    if len(own) != len(wanted):
        return np.full(like.values.shape, np.nan)
    if all(np.array_equal(x, y) for x, y in zip(own, wanted, strict=True)):
        return values
    known = np.isfinite(values)
    filled, share = np.where(known, values, 0.0), known.astype(np.float64)
    for axis, (x, at) in enumerate(zip(own, wanted, strict=True)):
        weights = _weights(x, at)
        filled, share = (np.moveaxis(np.tensordot(weights, one, (1, axis)), 0, axis) for one in (filled, share))
    filled[share < WHOLE] = np.nan
    return filled


def _axes(image: Any) -> Sequence[Real]:
    flat = (image.grid.y_m, image.grid.x_m)
    return (image.depth_m, *flat) if hasattr(image, "depth_m") else flat


def _weights(x: Real, at: Real) -> Real:
    """Weight of each value at ``x`` in one at each place of ``at``; nothing beyond the ends."""
    out = np.zeros((at.size, x.size))
    if x.size < 2:
        out[np.isclose(at, x[0]), 0] = 1.0
        return out
    place = np.interp(at, x, np.arange(x.size), left=-1.0, right=-1.0)
    inside = np.flatnonzero(place >= 0.0)
    low = np.minimum(place[inside].astype(np.intp), x.size - 2)
    out[inside, low], out[inside, low + 1] = low + 1 - place[inside], place[inside] - low
    return out
