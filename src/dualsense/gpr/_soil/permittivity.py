"""Permittivity as a log-normal: what one source tells, several joined, and what a metal plate gives away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

LOWEST, HIGHEST = 1.0, 81.0
INDEPENDENT_TONES = 4
PLATE_STD = 0.01


@dataclass(frozen=True, slots=True)
class LogNormal:
    """What is known of a relative permittivity: its logarithm is ``mean``, give or take ``std``."""

    mean: float
    std: float

    @property
    def permittivity(self) -> float:
        """The median."""
        return float(np.exp(self.mean))


def join_permittivities(parts: Iterable[LogNormal]) -> LogNormal:
    """Join independent knowledge, weighted by the inverse variance of the logarithm.

    Parameters
    ----------
    parts
        Independent of each other.

    Returns
    -------
    LogNormal

    Raises
    ------
    ValueError
        When there is nothing to join, or a standard deviation is not positive.
    """
    every = tuple(parts)
    if not every or any(not p.std > 0.0 for p in every):
        msg = f"joining needs parts with a positive standard deviation, got {every}"
        raise ValueError(msg)
    weight = np.array([p.std**-2.0 for p in every])
    mean = float(weight @ [p.mean for p in every] / weight.sum())
    return LogNormal(mean, float(weight.sum() ** -0.5))


def plate_permittivity(
    soil_echo: NDArray[np.complex128], plate_echo: NDArray[np.complex128], *, cos_incidence: float = 1.0
) -> LogNormal:
    """Permittivity from the echo of the ground and that of a metal plate, each at the same height.

    The plate reflects all, -1, so that antennas, cables and path cancel: the ground reflects |R| = |soil| /
    |plate|, and by Fresnel's formula for a field across the plane of incidence, with a = cos(i) (1 + |R|) / (1 -
    |R|), the permittivity is a^2 + sin^2(i); straight down that is [(1 + |R|) / (1 - |R|)]^2 (Saarenketo and
    Scullion 2000).

    Parameters
    ----------
    soil_echo, plate_echo : (k,) or (n, k)
        Spectra of the surface echo alone, without the direct coupling.
    cos_incidence
        Cosine of the angle from the vertical, 2 h / (d^2 + 4 h^2)^(1/2) for antennas d apart.

    Returns
    -------
    LogNormal
        The median over the tones; the spread from their scatter, taken as that of a few independent values, since
        what disturbs an echo is alike from tone to tone. At least one per cent of |R|: plates are not perfect.

    Raises
    ------
    ValueError
        When the two do not match, no tone has a plate echo, or the ground reflects as much as the plate.

    References
    ----------
    Saarenketo, T. and Scullion, T. (2000). Road evaluation with ground penetrating radar. Journal of Applied
    Geophysics 43, 119-138.
    """
    if soil_echo.shape[-1:] != plate_echo.shape[-1:] or not 0.0 < cos_incidence <= 1.0:
        msg = (
            f"echoes of ground and plate need the same tones and a cosine in (0, 1], got {soil_echo.shape}, "
            f"{plate_echo.shape} and {cos_incidence}"
        )
        raise ValueError(msg)
    soil, plate = (np.abs(np.atleast_2d(e)).mean(axis=0) for e in (soil_echo, plate_echo))
    usable = np.isfinite(soil) & np.isfinite(plate) & (plate > 0.0)
    if not usable.any():
        msg = f"no tone of {usable.size} has an echo of the plate"
        raise ValueError(msg)
    ratio = soil[usable] / plate[usable]
    reflection = float(np.median(ratio))
    scatter = float(np.sqrt(((ratio - reflection) ** 2).sum() / max(ratio.size - 1, 1)))
    of_median = 1.25 * scatter / np.sqrt(min(ratio.size, INDEPENDENT_TONES))
    std = float(np.hypot(of_median, PLATE_STD * reflection))
    if not reflection < 1.0:
        msg = f"the ground must reflect less than the plate, got a ratio of {reflection:.3f}"
        raise ValueError(msg)
    root = cos_incidence * (1.0 + reflection) / (1.0 - reflection)
    eps = float(np.clip(root**2 + 1.0 - cos_incidence**2, LOWEST, HIGHEST))
    slope = 4.0 * root * cos_incidence / (1.0 - reflection) ** 2 / eps
    return LogNormal(float(np.log(eps)), max(slope * std, 1e-6))
