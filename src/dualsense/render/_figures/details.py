"""Picture for who judges the metal map: how coherent it is, which kind of metal, and how well it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.language import say
from dualsense.render._canvas.axes import draw_title, even_ticks
from dualsense.render._canvas.bars import lying_bar
from dualsense.render._canvas.colours import Scale
from dualsense.render._figures import notes, panels, sheet, style
from dualsense.render._figures.strip import find_strip
from dualsense.render._figures.symbols import draw_targets
from dualsense.render._targets import ordered_targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.render._canvas.canvas import Canvas
    from dualsense.render._canvas.marks import Together
    from dualsense.render._figures.shown import Shown
    from dualsense.render._figures.style import View
    from dualsense.result import Result

WIDE_IN, TALL_IN, GAP_IN = 4.2, 4.6, 0.75
FOOT_IN = 1.75
BRIGHT = 0.99
TOGETHER: dict[str, Together] = {"metal_phase": "nearest"}


def has_details(result: Result) -> bool:
    """Tell whether a patch, and not a single line, has maps beside the response."""
    return "metal_coherence" in result.emi_maps and find_strip(result) is None


def metal_details_figure(result: Result, view: View, shared: Shown | None = None) -> Canvas:
    """Coherence, phase and standard deviation side by side, each with its own scale; grey where none is told."""
    del view, shared
    shown = [
        (result.emi_maps[name], title, words)
        for name, title, words in (
            ("metal_coherence", say("one compact piece of metal?"), say("part that one dipole explains")),
            ("metal_phase", say("which kind of metal?"), say("phase (rad): −π conducts well, 0 magnetic")),
            (
                "metal_response_std",
                say("how well is the response known?"),
                say("its standard deviation (noise = 1)"),
            ),
        )
        if name in result.emi_maps
    ]
    extent = panels.extent_cm(shown[0][0].grid)
    size = sheet.fit(extent, WIDE_IN, TALL_IN)
    step_in = max(size.width_in, 3.0) + GAP_IN
    width_in = max(sheet.LEFT_IN + len(shown) * step_in, 9.0)
    height_in = sheet.HEAD_IN + 0.35 + size.height_in + FOOT_IN
    page = sheet.open_sheet(
        result, say("Metal detector"), say("what is behind the map of the response"), width_in, height_in
    )
    for n, (image, title, words) in enumerate(shown):
        left_in = sheet.LEFT_IN + n * step_in
        panel = panels.map_panel(page, (left_in, FOOT_IN), (size.width_in, size.height_in), extent)
        panels.centimetre_axes(panel, x_label=say("x (cm)"), y_label=say("y (cm)") if n == 0 else "")
        draw_title(panel, title, 12.5, cut="regular", pad_pt=6.0)
        values, scale = image.values, _scale(image.name, image.values)
        cells = panel.draw_cells(values, extent, scale, _colours(image.name), TOGETHER.get(image.name, "greatest"))
        panels.draw_unmeasured(panel, extent, ~np.isfinite(values))
        draw_targets(panel, ordered_targets(result))
        step = panels.nice_step(scale.high - scale.low, max(2, int(size.width_in / 0.5)))
        ticks = [
            ((place - scale.low) / (scale.high - scale.low), number)
            for place, number in even_ticks(scale.low, scale.high, step)
        ]
        lying_bar(page, ((left_in, FOOT_IN - 0.85), (size.width_in, 0.16)), cells, ticks, words, name_pt=10.5)
    notes.draw_grey_key(page, sheet.LEFT_IN, 0.22, say("not told there"))
    return sheet.finished(page)


def _colours(name: str) -> str:
    return "cividis" if name == "metal_phase" else style.METAL_MAP


def _scale(name: str, values: NDArray[np.float32]) -> Scale:
    if name == "metal_coherence":
        return Scale(0.0, 1.0)
    if name == "metal_phase":
        return Scale(-np.pi, 0.0)
    finite = values[np.isfinite(values)]
    high = float(np.quantile(finite, BRIGHT)) if finite.size else 1.0
    return Scale(0.0, high if high > 0.0 else 1.0)
