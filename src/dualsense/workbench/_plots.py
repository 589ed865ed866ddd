"""Drawing a result's images with matplotlib where their cells lie, for a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from dualsense.result import Image, Radargram, Target, Volume

NOT_COVERED = "0.75"
"""Grey behind images: ground that was not assessed shows as that, never as a low value."""


def plot_map(image: Image, targets: Sequence[Target] = (), *, ax: Axes | None = None, **options: Any) -> Axes:
    """Draw a map, with targets by their names.

    Parameters
    ----------
    image
        Of the metal detector or of the radar.
    targets
        To be marked.
    ax
        Where to; the current axes by default.
    **options
        Of ``imshow``.

    Returns
    -------
    matplotlib.axes.Axes
    """
    x_m, y_m, half_m = image.grid.x_m, image.grid.y_m, image.grid.cell_m / 2.0
    extent = (x_m[0] - half_m, x_m[-1] + half_m, y_m[0] - half_m, y_m[-1] + half_m)
    axes = _shown(image.values, extent, f"{image.name} ({image.units})", ax, {"origin": "lower"} | options)
    for target in targets:
        axes.plot(target.x_m, target.y_m, "+", color="red", markersize=12)
        axes.annotate(target.id, (target.x_m, target.y_m), (4, 4), textcoords="offset points", color="red")
    axes.set(xlabel="x (m)", ylabel="y (m)", aspect="equal")
    return axes


def plot_slice(volume: Volume, depth_m: float, *, ax: Axes | None = None, **options: Any) -> Axes:
    """Draw the slice of a volume that is nearest to a depth.

    Parameters
    ----------
    volume
        Of the radar.
    depth_m
        Below the surface.
    ax
        Where to; the current axes by default.
    **options
        Of ``imshow``.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    UsageError
        The depth lies outside the volume.
    """
    at = _nearest(volume.depth_m, depth_m, "depth_m")
    x_m, y_m, half_m = volume.grid.x_m, volume.grid.y_m, volume.grid.cell_m / 2.0
    extent = (x_m[0] - half_m, x_m[-1] + half_m, y_m[0] - half_m, y_m[-1] + half_m)
    label = f"{volume.name} ({volume.units}), {100.0 * volume.depth_m[at]:.0f} cm deep"
    axes = _shown(volume.values[at], extent, label, ax, {"origin": "lower"} | options)
    axes.set(xlabel="x (m)", ylabel="y (m)", aspect="equal")
    return axes


def plot_section(
    volume: Volume, *, x_m: float | None = None, y_m: float | None = None, ax: Axes | None = None, **options: Any
) -> Axes:
    """Draw the section of a volume that is nearest to one x or one y, depth downwards.

    Parameters
    ----------
    volume
        Of the radar.
    x_m, y_m
        One of them.
    ax
        Where to; the current axes by default.
    **options
        Of ``imshow``.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    UsageError
        Neither or both are given, or the place lies outside the volume.
    """
    if (x_m is None) == (y_m is None):
        msg = f"a section is at one x_m or at one y_m, got x_m={x_m} and y_m={y_m}"
        raise UsageError(msg)
    if y_m is not None:
        along, label = volume.grid.x_m, "x (m)"
        values = volume.values[:, _nearest(volume.grid.y_m, y_m, "y_m"), :]
    else:
        along, label = volume.grid.y_m, "y (m)"
        values = volume.values[:, :, _nearest(volume.grid.x_m, float(x_m or 0.0), "x_m")]
    half_m = volume.grid.cell_m / 2.0
    step_m = float(np.diff(volume.depth_m).mean()) if volume.depth_m.size > 1 else volume.grid.cell_m
    deep_m = volume.depth_m[[0, -1]] + np.array([-step_m, step_m]) / 2.0
    extent = (along[0] - half_m, along[-1] + half_m, deep_m[1], deep_m[0])
    axes = _shown(values, extent, f"{volume.name} ({volume.units})", ax, {"origin": "upper"} | options)
    axes.set(xlabel=label, ylabel="depth (m)", aspect="equal")
    return axes


def plot_radargram(line: Radargram, *, ax: Axes | None = None, **options: Any) -> Axes:
    """Draw what the radar heard over the way along its track, time downwards. Parameters as for `plot_map`."""
    way_m = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line.position_m[:, :2], axis=0), axis=1))])
    extent = (float(way_m[0]), float(way_m[-1]), 1e9 * float(line.time_s[-1]), 1e9 * float(line.time_s[0]))
    axes = _shown(line.values.T, extent, f"{line.name} ({line.units})", ax, {"origin": "upper"} | options)
    axes.set(xlabel="along the line (m)", ylabel="two-way time (ns)", aspect="auto")
    return axes


def _shown(
    values: NDArray[Any], extent: tuple[float, ...], label: str, ax: Axes | None, options: dict[str, Any]
) -> Axes:
    if ax is None:
        import matplotlib.pyplot as plt  # noqa: PLC0415 - slow to load

        ax = plt.gca()
    ax.set_facecolor(NOT_COVERED)
    shown = ax.imshow(values, **({"extent": extent, "interpolation": "nearest"} | options))
    ax.figure.colorbar(shown, ax=ax, label=label, fraction=0.046)
    return ax


def _nearest(axis_m: NDArray[np.float64], wanted_m: float, name: str) -> int:
    step_m = float(np.diff(axis_m).max()) if axis_m.size > 1 else np.inf
    if not axis_m[0] - step_m <= wanted_m <= axis_m[-1] + step_m:
        msg = f"{name}: got {wanted_m:g}, expected {axis_m[0]:.3f} to {axis_m[-1]:.3f}"
        raise UsageError(msg)
    return int(np.abs(axis_m - wanted_m).argmin())
