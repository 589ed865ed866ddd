"""The ground of a map: radar or metal in colours, metal contours, and hatching where a sensor did not measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.render._figures import panels, style
from dualsense.render._figures.echo import depth_maximum, shown_depths
from dualsense.render._words import sensor_message

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage
    from numpy.typing import NDArray

    from dualsense.render._figures.style import Limits, View
    from dualsense.result import Image, Result


def ground_subtitle(result: Result, view: View) -> str:
    """Say what the fused picture shows, with its depths."""
    if result.gpr_volume is None:
        return "metal map, no radar"
    depth_m = result.gpr_volume.depth_m[shown_depths(result.gpr_volume, view)]
    half_m = 0.5 * _spacing(result.gpr_volume.depth_m)
    low_cm, high_cm = 100.0 * max(depth_m[0] - half_m, 0.0), 100.0 * (depth_m[-1] + half_m)
    metal = "no metal detector" if sensor_message(result, "emi") else "metal contours over it"
    return f"what stands out from {low_cm:.0f} to {high_cm:.0f} cm deep, {metal}"


def _spacing(depth_m: NDArray[np.float64]) -> float:
    return float(depth_m[1] - depth_m[0]) if depth_m.size > 1 else 0.0


def draw_ground(
    axes: Axes, result: Result, view: View, limits: Limits
) -> tuple[AxesImage | None, tuple[float, ...]]:
    """Colours of the ground, its hatching and the metal contours; gives the image and the contour levels.

    Parameters
    ----------
    axes
        Of a map in centimetres.
    result
        What processing found; a sensor may be missing.
    view
        The operator's controls.
    limits
        Colour limits of the radar and of the metal map.

    Returns
    -------
    image
        For the colour bar; None where neither sensor has a map.
    levels
        Of the metal contours, in the units of the metal map; empty without one.
    """
    metal, volume, coverage = result.emi_maps.get("metal_response"), result.gpr_volume, result.coverage
    levels: tuple[float, ...] = ()
    image = None
    seen_gpr, seen_emi = coverage.gpr, coverage.emi
    if volume is not None:
        values = depth_maximum(result, view)
        scale = panels.norm(limits.radar, style.RADAR_GAMMA)
        image = panels.draw_cells(
            axes, panels.extent_cm(volume.grid), values, colours=style.RADAR_MAP, scale=scale
        )
        if values.shape == seen_gpr.shape:
            seen_gpr = seen_gpr & np.isfinite(values)
    elif metal is not None:
        scale = panels.norm(limits.metal, style.METAL_GAMMA)
        extent = panels.extent_cm(metal.grid)
        image = panels.draw_cells(axes, extent, np.abs(metal.values), colours=style.METAL_MAP, scale=scale)
    if metal is not None and metal.values.shape == seen_emi.shape:
        seen_emi = seen_emi & np.isfinite(metal.values)
    extent = panels.extent_cm(coverage.grid)
    coloured = seen_gpr if volume is not None else seen_emi
    panels.draw_unmeasured(axes, extent, ~coloured, "none")
    panels.draw_unmeasured(axes, extent, coloured & ~(seen_gpr & seen_emi), "one")
    if metal is not None:
        levels = panels.contour_levels(metal, limits.metal)
        panels.draw_metal_contours(axes, metal, levels)
    return image, levels


def draw_metal(axes: Axes, metal: Image, extent: panels.Extent, limit: float) -> AxesImage:
    """Metal map in colours with its contours, hatched where it was not measured; gives the image.

    Parameters
    ----------
    axes
        Of a map in centimetres.
    metal
        The map of the response.
    extent
        Outer edges of its cells: left, right, bottom, top, cm.
    limit
        Top of the colour scale, in the units of the map.
    """
    values, scale = np.abs(metal.values), panels.norm(limit, style.METAL_GAMMA)
    image = panels.draw_cells(axes, extent, values, colours=style.METAL_MAP, scale=scale)
    panels.draw_unmeasured(axes, extent, ~np.isfinite(values))
    panels.draw_metal_contours(axes, metal, panels.contour_levels(metal, limit), width=1.2)
    return image
