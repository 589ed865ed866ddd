"""Migration of irregular, bistatic soundings, refracted at the ground surface: one function, several routes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from dualsense.gpr._migrate.kirchhoff import gather, geometry

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._migrate.kirchhoff import Geometry
    from dualsense.gpr._rays.layers import Ground
    from dualsense.gpr._soundings import Soundings
    from dualsense.gpr._traces import Traces
    from dualsense.result import Grid

DENSITY_CHUNK = 256
Method = Literal["kirchhoff", "wavenumber", "stolt", "least-squares"]


@dataclass(frozen=True, slots=True, eq=False)
class Migrated:
    """A migrated volume, axes (depth, y, x).

    Attributes
    ----------
    amplitude : (nz, ny, nx) complex64
        Weighted mean of the soundings along each voxel's time: a sparse corner is as bright as a dense one.
    fold : (nz, ny, nx) float32
        Sum of the weights: how much was measured.
    coherence : (nz, ny, nx) float32
        |sum w s|^2 / (sum w sum w |s|^2), 1 where all soundings agree (Mallart and Fink 1994).
    """

    amplitude: NDArray[np.complex64]
    fold: NDArray[np.float32]
    coherence: NDArray[np.float32]
    depth_m: NDArray[np.float64]


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
    iterations: int = 8,
    damping: float = 0.05,
) -> Migrated:
    """Migrate soundings to a volume by the named method.

    Traces of several array channels or polarisations stack.

    Parameters
    ----------
    method
        "kirchhoff": sum along refracted bistatic times, the reference. "wavenumber": the same sum as a product of
        spectra by non-uniform FFT; several times as fast, needs the extra ``fast``. "stolt": on a grid, for a
        quick look. "least-squares": the reflectors whose echoes come closest to what was heard.
    soundings, traces, grid, depth_m, relative_permittivity, height_m
        As for :func:`kirchhoff`, and so the parameters from ``aperture_m`` to ``on_ground``. The wavenumber route
        needs antennas above the ground; Stolt's has neither aperture nor loss, and finds out itself whether the
        antennas stand on the ground.
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
    common: dict[str, Any] = {"relative_permittivity": relative_permittivity, "height_m": height_m}
    aperture: dict[str, Any] = {
        "aperture_m": aperture_m,
        "aperture_growth": aperture_growth,
        "max_aperture_m": max_aperture_m,
        "density_radius_m": density_radius_m,
    }
    rays: dict[str, Any] = {**aperture, "loss_db_m": loss_db_m, "on_ground": on_ground}
    if method == "kirchhoff":
        return kirchhoff(soundings, traces, grid, depth_m, **common, **rays)
    if method == "least-squares":
        from dualsense.gpr._migrate.demigrate import least_squares  # noqa: PLC0415

        inverse: dict[str, Any] = {"iterations": iterations, "damping": damping}
        return least_squares(soundings, traces, grid, depth_m, **common, **rays, **inverse)
    if method == "wavenumber":
        from dualsense.gpr._migrate.wavenumber import wavenumber  # noqa: PLC0415

        if on_ground:
            msg = "the wavenumber route needs antennas above the ground; migrate by kirchhoff or stolt"
            raise ValueError(msg)
        return wavenumber(soundings, traces, grid, depth_m, **common, **aperture, loss_db_m=loss_db_m)
    if method == "stolt":
        from dualsense.gpr._migrate.stolt import stolt  # noqa: PLC0415

        return stolt(soundings, traces, grid, depth_m, **common)
    msg = f"method must be one of {', '.join(get_args(Method))}, got {method}"
    raise ValueError(msg)


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

    Returns
    -------
    Migrated

    Raises
    ------
    ValueError
        When a trace is not finite: its place would look empty. When the soil would be faster than air.
    """
    check_traces(traces)
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
    )
    return weighted_mean(plan, traces)


def weighted_mean(plan: Geometry, traces: Traces) -> Migrated:
    """Mean of the traces along each voxel's times, with its fold and coherence."""
    # single precision holds no square of 1e-25 or 1e25, whatever unit an instrument counts in
    unit = float(np.abs(traces.values).max(initial=0.0)) or 1.0
    total, fold, energy = gather(plan, (traces.values / unit).astype(np.complex64), traces.dt_s)
    tiny = np.finfo(np.float32).tiny
    amplitude = total / np.maximum(fold, tiny)
    power = np.abs(amplitude) ** 2 * fold
    coherence = np.where(energy > 0.0, power / np.maximum(energy, tiny), 0.0)
    return Migrated((unit * amplitude).astype(np.complex64), fold, coherence.astype(np.float32), plan.depth_m)


def check_traces(traces: Traces) -> None:
    """Raise ValueError when a trace is not finite."""
    if not np.isfinite(traces.values).all():
        msg = "radar traces must be finite: their amplitudes are too large for single precision"
        raise ValueError(msg)


def aperture_radius(
    depth_m: NDArray[np.float64], aperture_m: float, aperture_growth: float, max_aperture_m: float
) -> NDArray[np.float64]:
    """Radius of the aperture at each depth (nz,)."""
    radius: NDArray[np.float64] = np.minimum(
        aperture_m + aperture_growth * np.maximum(depth_m, 0.0), max_aperture_m
    )
    return radius


def lay_out(
    soundings: Soundings,
    grid: Grid,
    depth_m: NDArray[np.float64],
    relative_permittivity: Ground,
    *,
    height_m: NDArray[np.float64] | None,
    radius_m: NDArray[np.float64],
    density_radius_m: float | None,
    loss_db_m: float,
    on_ground: bool,
) -> Geometry:
    """Geometry of Kirchhoff's sum for soundings at given heights; without a radius each has the density 1."""
    tx, rx = soundings.tx_m.copy(), soundings.rx_m.copy()
    if height_m is not None:
        lift = height_m - soundings.midpoint_m[:, 2]
        tx[:, 2] += lift
        rx[:, 2] += lift
    middle = soundings.midpoint_m[:, :2]
    return geometry(
        tx,
        rx,
        np.ones(len(tx)) if density_radius_m is None else inverse_density(middle, density_radius_m),
        grid,
        depth_m,
        aperture_m=radius_m,
        relative_permittivity=relative_permittivity,
        loss_db_m=loss_db_m,
        on_ground=on_ground,
    )


def inverse_density(xy: NDArray[np.float64], radius_m: float) -> NDArray[np.float64]:
    """One over the soundings within about a radius (n,): a slow stretch shall not outweigh a quick one."""
    from scipy.spatial import cKDTree  # noqa: PLC0415

    tree = cKDTree(xy)
    density = np.empty(len(xy))
    for begin in range(0, len(xy), DENSITY_CHUNK):  # a head that rests has all its soundings on one spot
        part = slice(begin, begin + DENSITY_CHUNK)
        near = cKDTree(xy[part]).sparse_distance_matrix(tree, 3.0 * radius_m, output_type="ndarray")
        weight = np.exp(-(near["v"] ** 2) / (2.0 * radius_m**2))
        density[part] = np.bincount(near["i"], weight, density[part].size)
    return 1.0 / density
