"""Migration by name: the routes from soundings to a volume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from dualsense.gpr._migrate.kirchhoff import kirchhoff
from dualsense.gpr._migrate.least_squares import least_squares
from dualsense.gpr._migrate.stolt import stolt
from dualsense.gpr._migrate.wavenumber import wavenumber

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from dualsense.gpr._migrate.migrated import Migrated
    from dualsense.gpr._rays.layers import Ground
    from dualsense.gpr._soundings import Soundings
    from dualsense.gpr._traces import Traces
    from dualsense.result import Grid

Method = Literal["kirchhoff", "wavenumber", "stolt", "least-squares"]
APERTURE = ("aperture_m", "aperture_growth", "max_aperture_m", "density_radius_m")
ROUTES: Mapping[Method, tuple[Callable[..., Migrated], tuple[str, ...]]] = {
    "kirchhoff": (kirchhoff, (*APERTURE, "loss_db_m", "on_ground", "weights")),
    "wavenumber": (wavenumber, (*APERTURE, "loss_db_m")),
    "stolt": (stolt, ()),
    "least-squares": (least_squares, (*APERTURE, "loss_db_m", "on_ground", "iterations", "damping")),
}
"""The function of each method, and which options of :func:`migrate` it has."""


def migrate(
    soundings: Soundings,
    traces: Traces,
    grid: Grid,
    depth_m: NDArray[np.float64],
    *,
    method: Method = "kirchhoff",
    relative_permittivity: Ground,
    height_m: NDArray[np.float64] | None = None,
    aperture_m: float = 0.10,
    aperture_growth: float = 0.6,
    max_aperture_m: float = 0.20,
    density_radius_m: float = 0.015,
    loss_db_m: float = 0.0,
    on_ground: bool = False,
    weights: Literal["heard", "even"] = "heard",
    iterations: int = 8,
    damping: float = 0.05,
) -> Migrated:
    """Migrate soundings to a volume by the named method.

    Traces of several array channels or polarisations stack.

    Parameters
    ----------
    soundings, traces, grid, depth_m, relative_permittivity, height_m
        As for :func:`dualsense.gpr.kirchhoff`.
    method
        "kirchhoff": sum along refracted bistatic times, the reference. "wavenumber": the same sum as a product of
        spectra by non-uniform FFT; several times as fast, needs the extra ``fast``. "stolt": on a grid, for a
        quick look. "least-squares": the reflectors whose echoes come closest to what was heard.
    aperture_m, aperture_growth, max_aperture_m, density_radius_m, loss_db_m, on_ground
        As for :func:`dualsense.gpr.kirchhoff`. The wavenumber route needs antennas above the ground; Stolt's has
        neither aperture nor loss, and finds out itself whether the antennas stand on the ground.
    weights
        Of "kirchhoff"; the other methods take "heard" only.
    iterations, damping
        Of "least-squares".

    Returns
    -------
    Migrated

    Raises
    ------
    ImportError
        When the method needs a library that is not installed.
    ValueError
        When there is no such method, a trace is not finite, the soil would be faster than air, or the method
        cannot do what is asked.
    """
    if method not in ROUTES:
        msg = f"method must be one of {', '.join(ROUTES)}, got {method}"
        raise ValueError(msg)
    if on_ground and method == "wavenumber":
        msg = "the wavenumber route needs antennas above the ground; migrate by kirchhoff or stolt"
        raise ValueError(msg)
    if weights != "heard" and method != "kirchhoff":
        msg = f"{weights} weights are Kirchhoff's only, got method {method}"
        raise ValueError(msg)
    given: dict[str, Any] = {
        "aperture_m": aperture_m,
        "aperture_growth": aperture_growth,
        "max_aperture_m": max_aperture_m,
        "density_radius_m": density_radius_m,
        "loss_db_m": loss_db_m,
        "on_ground": on_ground,
        "weights": weights,
        "iterations": iterations,
        "damping": damping,
    }
    route, options = ROUTES[method]
    return route(
        soundings,
        traces,
        grid,
        depth_m,
        relative_permittivity=relative_permittivity,
        height_m=height_m,
        **{name: given[name] for name in options},
    )
