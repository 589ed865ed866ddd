"""The pictures of a result: what each file shows, and how all are drawn and written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dualsense.render._figures import panels, sheet, style
from dualsense.render._figures.details import has_details, metal_details_figure
from dualsense.render._figures.fused import fused_figure
from dualsense.render._figures.lines import strip_map_figure
from dualsense.render._figures.radargram import radargram_figure
from dualsense.render._figures.strip import find_strip
from dualsense.render._figures.symbols import draw_targets
from dualsense.render._figures.volume import sections_figure, slices_figure
from dualsense.render._targets import ordered_targets
from dualsense.render._words import sensor_message

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from matplotlib.figure import Figure

    from dualsense.render._figures.style import View
    from dualsense.result import Result


def emi_figure(result: Result, view: View) -> Figure:
    """Map of the metal response with contours, coverage, track and targets; says so when there is none."""
    strip = find_strip(result)
    if strip is not None:
        return strip_map_figure(result, view, strip, metal_only=True)
    metal = result.emi_maps.get("metal_response")
    message = sensor_message(result, "emi")
    extent = panels.extent_cm(result.coverage.grid if metal is None else metal.grid)
    size = sheet.fit(extent, 9.0, 6.6)
    width_in = max(sheet.LEFT_IN + size.width_in + sheet.BAR_IN + 0.2, 8.0)
    height_in = sheet.HEAD_IN + size.height_in + sheet.STRIP_IN
    figure = sheet.open_sheet(result, "Metal detector", "response over the ground", width_in, height_in)
    axes = panels.inch_axes(figure, sheet.LEFT_IN, sheet.STRIP_IN, size.width_in, size.height_in)
    panels.centimetre_axes(axes, extent, x_label="x along the lane (cm)", y_label="y to the left (cm)")
    if metal is None or message:
        panels.draw_unmeasured(axes, extent, np.ones_like(result.coverage.patch))
        panels.draw_track(axes, result.track_m)
        panels.draw_missing(axes, message or "metal detector: no map")
        panels.draw_scale_strip(figure, axes, below_in=0.88)
        return figure
    limit = style.colour_limits(result, view).metal
    values = np.abs(metal.values)
    scale = panels.norm(limit, style.METAL_GAMMA)
    image = panels.draw_cells(axes, extent, values, colours=style.METAL_MAP, scale=scale)
    panels.draw_unmeasured(axes, extent, ~np.isfinite(values))
    panels.draw_track(axes, result.track_m)
    panels.draw_metal_contours(axes, metal, panels.contour_levels(metal, limit), width=1.2)
    targets = ordered_targets(result)
    if targets:
        panels.draw_crosshair(axes, 100.0 * targets[0].x_m, 100.0 * targets[0].y_m)
    draw_targets(axes, targets)
    sheet.colour_bar(figure, [axes], image, "metal response", style.metal_units(metal.units))
    panels.draw_scale_strip(figure, axes, below_in=0.88)
    return figure


FIGURES: dict[str, Callable[[Result, View], Figure]] = {
    "fused.png": fused_figure,
    "emi_map.png": emi_figure,
    "gpr_slices.png": slices_figure,
    "gpr_sections.png": sections_figure,
}


def render_figures(result: Result, view: View | None = None) -> dict[str, bytes]:
    """Draw every picture of a result.

    Parameters
    ----------
    result
        What processing found; a sensor may be missing.
    view
        The operator's controls; by default the result decides.

    Returns
    -------
    dict of str to bytes
        Name of the file to its PNG, the same bytes for the same result; ``gpr_radargram.png`` only where the
        result has a radargram, ``emi_details.png`` only where a patch has the maps for it.
    """
    view = view or style.View()
    pictures = {}
    with style.house_style():
        optional = {} if result.radargram is None else {"gpr_radargram.png": radargram_figure}
        if has_details(result):
            optional["emi_details.png"] = metal_details_figure
        for name, draw in (FIGURES | optional).items():
            pictures[name] = style.png_bytes(draw(result, view))
    return pictures


def write_figures(result: Result, folder: str | PathLike[str], view: View | None = None) -> tuple[Path, ...]:
    """Write the pictures of `render_figures` into a folder that exists.

    Parameters
    ----------
    result, view
        As for `render_figures`.
    folder
        Where to write; files of the same names are replaced.

    Returns
    -------
    tuple of Path
        The files, in that order.
    """
    paths = []
    for name, content in render_figures(result, view).items():
        path = Path(folder) / name
        path.write_bytes(content)
        paths.append(path)
    return tuple(paths)
