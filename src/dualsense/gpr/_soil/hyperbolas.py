"""The diffraction hyperbolas of a line: what they are looked for in, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dualsense.constants import C0_M_S

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dualsense.gpr._soundings import Soundings
    from dualsense.gpr._traces import Traces

    Real = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LineTraces:
    """Traces along one of several lines, as :func:`fit_hyperbolas` takes them."""

    soundings: Soundings
    traces: Traces
    along_m: Real
    direction: tuple[float, float] = (1.0, 0.0)
    height_m: Real | None = None


@dataclass(frozen=True, slots=True)
class Hyperbola:
    """One diffraction curve.

    Attributes
    ----------
    x_m
        Place of the apex along the line, by the caller's axis.
    two_way_s
        Time of the apex after time zero.
    depth_m
        Of the scatterer's top, with the line's common velocity.
    velocity_m_s, velocity_std_m_s
        Of this curve alone, and its error by the picks.
    picks
        Traces that the fit rests on.
    misfit_s
        Root mean square of picks about the curve.
    semblance
        Coherent over total energy along the curve, 0-1.
    """

    x_m: float
    two_way_s: float
    depth_m: float
    velocity_m_s: float
    velocity_std_m_s: float
    picks: int
    misfit_s: float
    semblance: float


@dataclass(frozen=True, slots=True)
class Hyperbolas:
    """What all curves of a line say together.

    Attributes
    ----------
    velocity_m_s, velocity_std_m_s
        Joint velocity and its standard error by the picks, the curves' scatter, the aperture and time zero; NaN
        without curves.
    time_zero_std_s
        The error of time zero that is in there.
    apexes
        The curves that agree, by position.
    rejected
        Curves found whose velocity lies apart from the others' and was left out.
    """

    velocity_m_s: float
    velocity_std_m_s: float
    time_zero_std_s: float
    apexes: tuple[Hyperbola, ...]
    rejected: tuple[Hyperbola, ...]

    @property
    def relative_permittivity(self) -> float:
        """(c / v)^2."""
        return float((C0_M_S / self.velocity_m_s) ** 2)

    @property
    def relative_permittivity_std(self) -> float:
        """Two times the relative error of the velocity."""
        return 2.0 * self.relative_permittivity * self.velocity_std_m_s / self.velocity_m_s
