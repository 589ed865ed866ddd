"""The pictures of a result: what each file shows, and how all are drawn and written."""

from __future__ import annotations

from contextvars import copy_context
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dualsense.language import speaking
from dualsense.render._figures import style
from dualsense.render._figures.details import has_details, metal_details_figure
from dualsense.render._figures.fused import fused_figure
from dualsense.render._figures.metal import emi_figure
from dualsense.render._figures.radargram import radargram_figure
from dualsense.render._figures.settle import drawn_language, settled
from dualsense.render._figures.shown import shown_of
from dualsense.render._figures.volume import sections_figure, slices_figure
from dualsense.runtime.helpers import helpers

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from dualsense.render._canvas.canvas import Canvas
    from dualsense.render._figures.shown import Shown
    from dualsense.render._figures.style import View
    from dualsense.result import Result


FIGURES: dict[str, Callable[[Result, View, Shown | None], Canvas]] = {
    "fused.png": fused_figure,
    "emi_map.png": emi_figure,
    "gpr_slices.png": slices_figure,
    "gpr_sections.png": sections_figure,
}
WORKERS = 2


def render_figures(result: Result, view: View | None = None, shown: Shown | None = None) -> dict[str, bytes]:
    """Draw every picture of a result.

    Parameters
    ----------
    result
        What processing found; a sensor may be missing.
    view
        The operator's controls; by default the result decides.
    shown
        What the pictures share, where it is made already.

    Returns
    -------
    dict of str to bytes
        Name of the file to its PNG, the same bytes for the same result; ``gpr_radargram.png`` only where the
        result has a radargram, ``emi_details.png`` only where a patch has the maps for it.
    """
    with speaking(drawn_language()):
        return _drawn(result, view or style.View(), shown)


def _drawn(result: Result, view: View, shown: Shown | None) -> dict[str, bytes]:
    shown = shown or shown_of(result, view)
    drawers = dict(FIGURES)
    if result.radargram is not None:
        drawers["gpr_radargram.png"] = radargram_figure
    if has_details(result):
        drawers["emi_details.png"] = metal_details_figure

    # Every picture is drawn by itself, and deflate works without Python's lock.
    def png(draw: Callable[[Result, View, Shown | None], Canvas]) -> bytes:
        return settled(draw(result, view, shown)).png_bytes()

    with helpers(WORKERS) as begin:
        # A thread speaks the language of who sent it only in a copy of that one's context.
        tasks = [begin(partial(copy_context().run, png, draw)) for draw in drawers.values()]
        drawn = [task.result() for task in tasks]
        return dict(zip(drawers, drawn, strict=True))


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
