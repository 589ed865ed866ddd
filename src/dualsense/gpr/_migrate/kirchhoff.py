"""Kirchhoff migration: the mean of the soundings along each voxel's refracted, bistatic times."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from dualsense.gpr._migrate.geometry import lay_out
from dualsense.gpr._migrate.migrated import Migrated
from dualsense.gpr._migrate.sums import gather
from dualsense.gpr._migrate.weights import aperture_radius
from dualsense.gpr._traces import largest_part

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._migrate.geometry import Geometry
    from dualsense.gpr._rays.layers import Ground
    from dualsense.gpr._soundings import Soundings
    from dualsense.gpr._traces import Traces
    from dualsense.result import Grid


PLAIN = (1e-6, 1e6)
"""Sizes of traces whose squares are summed in single precision as they are."""


def kirchhoff(
    soundings: Soundings,
    traces: Traces,
    grid: Grid,
    depth_m: NDArray[np.float64],
    *,
    relative_permittivity: Ground,
    height_m: NDArray[np.float64] | None = None,
    aperture_m: float = 0.10,
    aperture_growth: float = 0.6,
    max_aperture_m: float = 0.20,
    density_radius_m: float = 0.015,
    loss_db_m: float = 0.0,
    on_ground: bool = False,
    weights: Literal["heard", "even"] = "heard",
) -> Migrated:
    """Migrate: for each voxel sum w s(t_tx + t_rx) over the soundings within the aperture.

    The times come from a table of Fermat's path (:mod:`gpr._rays.traveltime`), separately for both legs. The
    weight of a sounding is the product of the inverse density of the soundings, so that the migration itself is
    the interpolator; a taper (1 - e^2 / a^2)^2 to the edge of the aperture, against truncation ghosts; the cosine
    of the ray's angle (obliquity); and the amplitude that an echo from there would have over one from straight
    above: spreading, transmission through the boundaries, loss.

    Parameters
    ----------
    soundings, traces
        n soundings and their analytic traces.
    grid, depth_m
        Voxel centres. A grid of one row or column is a line.
    relative_permittivity
        Of the soil: a number, or flat layers.
    height_m : (n,), optional
        Height of the antenna pair above the ground, instead of the pose's.
    aperture_m, aperture_growth, max_aperture_m
        Radius of the aperture: ``aperture_m + aperture_growth * depth``, at most ``max_aperture_m``.
    density_radius_m
        Scale over which the density of soundings is taken.
    loss_db_m
        Of the soil, one way, for the weights.
    on_ground
        For antennas that touch the ground: rays in soil only.
    weights
        "heard": as above. "even": the taper and the density alone. With an aperture of 18 cm at all depths these
        make points narrower by a quarter and leave a flat reflector within 1 mm of its depth (3 mm in the driest
        soil), where the default has it 2 to 9 mm too shallow, and cost nothing against white noise
        (``benchmarks/gpr/study_depths.py``); what bodies look like was learnt with the default.

    Returns
    -------
    Migrated

    Raises
    ------
    ValueError
        When a trace is not finite: its place would look empty. When the soil would be faster than air.

    References
    ----------
    Mallart, R. and Fink, M. (1994). Adaptive focusing in scattering media through sound-speed inhomogeneities: the
    van Cittert Zernike approach and focusing criterion. Journal of the Acoustical Society of America 96,
    3721-3732.
    """
    largest = largest_part(traces)
    plan = lay_out(
        soundings,
        grid,
        depth_m,
        relative_permittivity,
        height_m=height_m,
        radius_m=aperture_radius(depth_m, aperture_m, aperture_growth, max_aperture_m),
        density_radius_m=density_radius_m,
        loss_db_m=loss_db_m,
        on_ground=on_ground,
        weighting=weights,
    )
    return weighted_mean(plan, traces, largest)


def weighted_mean(plan: Geometry, traces: Traces, largest: float) -> Migrated:
    """Mean of the traces along each voxel's times, with its fold and coherence; ``largest`` is of their parts."""
    # single precision holds no square of 1e-25 or 1e25, whatever unit an instrument counts in
    unit = _unit(largest)
    values = traces.values if unit == 1.0 else (traces.values / np.float32(unit)).astype(np.complex64, copy=False)
    amplitude, fold, energy = gather(plan, values, traces.dt_s)
    # in place: a volume is the largest thing there is
    tiny = np.finfo(np.float32).tiny
    amplitude /= np.maximum(fold, tiny)
    coherence = np.abs(amplitude)
    coherence *= coherence
    coherence *= fold
    coherence /= np.maximum(energy, tiny)  # no energy has no amplitude either
    amplitude *= unit
    return Migrated(amplitude, fold, coherence, plan.depth_m)


def _unit(largest: float) -> float:
    """Power of two to divide traces by, which costs no digit; 1 where they can be summed as they are."""
    if largest == 0.0 or PLAIN[0] < largest < PLAIN[1]:
        return 1.0
    return 2.0 ** math.floor(math.log2(largest))
