"""Where a candidate lies, and how much metal it holds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dualsense.emi import Dipole
    from dualsense.fusion._candidates import Candidate
    from dualsense.gpr import Body

MIN_POSITION_STD_M = 0.008
MIN_DEPTH_STD_M = 0.008
BODY_DEPTH_STD_M, HIDDEN_DEPTH_STD_M = 0.011, 0.02
"""Of the top of a radar body, and of one under brighter clutter: what simulated training lanes show."""
UNLOCATED_STD_M, UNLOCATED_ASIDE_M = 0.06, 0.018
"""Of the depth and the place of metal without a posterior, as fitted: what simulated training lanes show."""


def metal_amount(dipole: Dipole) -> float:
    """Root mean square over the channels of the mean polarizability, m^3."""
    mean = np.trace(dipole.tensor, axis1=1, axis2=2) / 3.0
    return float(np.sqrt((mean**2).mean()))


def metal_radius(dipole: Dipole) -> float:
    """Radius of a sphere with that polarizability at high frequency, M = 2 pi a^3, in metres."""
    return float((metal_amount(dipole) / (2.0 * np.pi)) ** (1.0 / 3.0))


def place(
    candidate: Candidate, *, relative_permittivity: float, relative_permittivity_std: float
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Position of a candidate and its standard deviation, both (x, y, depth of the top) in metres.

    The radar tells the body's place and top, with the permittivity's error in the depth (a relative error of
    eps/2); metal alone tells the place of the metal, and its top by the radius of the equal sphere.
    """
    if candidate.body is not None:
        body = candidate.body
        across = max(MIN_POSITION_STD_M, 0.12 * math.sqrt(body.width_m * body.length_m))
        relative = 0.5 * relative_permittivity_std / relative_permittivity
        deep = math.hypot(HIDDEN_DEPTH_STD_M if body.hidden else BODY_DEPTH_STD_M, body.depth_m * relative)
        return (body.x_m, body.y_m, top_m(body)), (across, across, deep)
    lead = candidate.lead
    std = np.sqrt(np.maximum(np.diag(lead.covariance_m2), 0.0))
    sure = candidate.told is not None or lead.estimate is not None
    aside = MIN_POSITION_STD_M if sure else UNLOCATED_ASIDE_M
    top = max(0.0, float(-lead.position_m[2]) - metal_radius(lead))
    return (
        (float(lead.position_m[0]), float(lead.position_m[1]), top),
        (
            math.hypot(aside, float(std[0])),
            math.hypot(aside, float(std[1])),
            math.hypot(MIN_DEPTH_STD_M if sure else UNLOCATED_STD_M, float(std[2])),
        ),
    )


def top_m(body: Body) -> float:
    """Depth of a body's top; of its echo where nothing else is told."""
    return body.depth_m if math.isnan(body.top_m) else body.top_m
