"""Permittivity of the soil: the ground's echo, the focus of small scatterers and the prior, joined.

The three are independent as far as their errors go, and each is a Gaussian in ln(eps), so they join by their
inverse variances. What each of them told stays with the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.gpr._soil.focus import focus_permittivity
from dualsense.gpr._soil.permittivity import LogNormal, join_permittivities

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._soil.reflection import SurfaceEcho
    from dualsense.gpr._soundings import Soundings
    from dualsense.gpr._traces import Traces
    from dualsense.result import Grid


@dataclass(frozen=True, slots=True)
class Soil:
    """Relative permittivity, one standard deviation of it, and how it was found.

    Attributes
    ----------
    relative_permittivity, relative_permittivity_std
        Of the soil around the targets.
    method
        "surface", "focus" or "surface+focus" by :func:`estimate_soil`, "prior" where neither told anything;
        "hyperbola" by the diffraction curves of a line; "given" by the recipe.
    sources
        Of :func:`estimate_soil`, each source's own (name, permittivity, standard deviation), the prior last;
        empty where the permittivity was given or has one source alone.
    """

    relative_permittivity: float
    relative_permittivity_std: float
    method: str
    sources: tuple[tuple[str, float, float], ...] = ()


def estimate_soil(
    below: Soundings,
    traces: Traces,
    grid: Grid,
    *,
    echo: SurfaceEcho | None = None,
    height_m: NDArray[np.float64] | None = None,
    prior_permittivity: float = 5.5,
    prior_spread: float = 0.5,
    surface_spread: float = 0.05,
    focus_spread: float = 0.25,
    coarse_cell_m: float = 0.012,
) -> Soil:
    """Join what the ground's echo, the focus of small scatterers and the prior tell.

    Parameters
    ----------
    below, traces
        n soundings without direct wave and surface echo, and their analytic traces, for the focus.
    grid
        Where to look for scatterers.
    echo
        What :func:`dualsense.gpr.surface_permittivity` found; None where it cannot be told.
    height_m : (n,), optional
        Height of the antenna pair above the ground as the radar has it, for the focus.
    prior_permittivity, prior_spread
        Median and standard deviation of ln(eps) over soils met in the field.
    surface_spread
        Standard deviation of ln(eps) between the uppermost centimetres, which the echo tells, and the soil around
        the targets: unevenness and what the flat-ground model leaves out. More after rain or drought.
    focus_spread, coarse_cell_m
        See :func:`dualsense.gpr.focus_permittivity`.

    Returns
    -------
    Soil
    """
    sources: list[tuple[str, LogNormal]] = []
    if echo is not None:
        std = float(np.hypot(echo.permittivity.std, surface_spread))
        sources.append(("surface", LogNormal(echo.permittivity.mean, std)))
    start = sources[0][1].permittivity if sources else prior_permittivity
    focus = focus_permittivity(
        below,
        traces,
        grid,
        height_m=height_m,
        start_permittivity=max(start, 1.0),
        spread=focus_spread,
        coarse_cell_m=coarse_cell_m,
    )
    if focus is not None:
        sources.append(("focus", focus))
    method = "+".join(name for name, _ in sources) or "prior"
    sources.append(("prior", LogNormal(float(np.log(prior_permittivity)), prior_spread)))
    soil = join_permittivities(part for _, part in sources)
    value = max(soil.permittivity, 1.0)
    return Soil(
        value,
        value * soil.std,
        method,
        tuple((name, part.permittivity, part.permittivity * part.std) for name, part in sources),
    )
