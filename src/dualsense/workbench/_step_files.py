"""Steps as a page, and as arrays."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from dualsense.language import catalogue, plotted, say, spoken
from dualsense.runtime.folders import write_folder
from dualsense.workbench._page import Picture, Section, Table, page_html
from dualsense.workbench._step_plots import step_png

if TYPE_CHECKING:
    from pathlib import Path

    from dualsense.workbench._steps import Steps, StepView

PAGE, ARRAYS = "steps.html", "steps.npz"


def steps_html(steps: Steps) -> str:
    """Tell every step on one page that opens offline.

    Parameters
    ----------
    steps
        From `look_inside`.

    Returns
    -------
    str
    """
    result = steps.result
    at = {"x": steps.at_m[0], "y": steps.at_m[1], "depth": 100 * steps.depth_m}
    about = [
        (say("Scan"), result.header.scan_id),
        (say("SHA-256 of the scan"), result.scan_sha256),
        (say("SHA-256 of the recipe"), result.recipe_sha256),
        (say("Place"), say("x {x:.3f} m, y {y:.3f} m; slices {depth:.1f} cm deep", **at)),
    ]
    heads = (say("step"), say("happens"), say("what it does"), say("energy taken"))
    rows = tuple(
        (view.name, say("yes" if view.on else "off"), view.meaning, _percent(view.energy_taken))
        for view in steps.views
    )
    words = [say("Each step with the data after it, what it took away, one sounding, its spectrum and a slice.")]
    if plotted() != spoken():
        words.append(say("The words in the pictures are {language}.", language=catalogue(plotted()).name))
    overview = Section(say("Steps"), tuple(words), (Table(heads, rows),))
    parts = [_section(steps, view) for view in steps.views if view.on]
    return page_html(
        say("Inside the chain"), (overview, *parts), simulated=result.header.source == "simulated", about=about
    )


def _section(steps: Steps, view: StepView) -> Section:
    png = step_png(steps, view)
    words = (view.meaning, *((view.settings,) if view.settings else ()))
    tables = (Table((say("what it told"), ""), view.facts),) if view.facts else ()
    caption = f"{view.name}: {view.meaning}"
    return Section(view.name, words, tables, (Picture(png, caption),) if png else ())


def _percent(part: float) -> str:
    return "" if math.isnan(part) else f"{100 * part:.3g} %"


def step_arrays(steps: Steps) -> dict[str, np.ndarray]:
    """Give the data after each step as named arrays.

    Parameters
    ----------
    steps
        From `look_inside`.

    Returns
    -------
    dict
        For each step that leaves data ``NAME/values`` (n, k), ``NAME/axis`` (k,) (seconds for samples and traces,
        hertz for spectra and metal channels), ``NAME/time_s``, ``NAME/position_m``, and ``NAME/taken`` where that
        can be said; ``gpr.migrate/envelope`` with ``depth_m``, ``x_m``, ``y_m``; ``emi.image/MAP``.
    """
    out: dict[str, np.ndarray] = {}
    for view in steps.views:
        if view.after is None:
            continue
        after, taken = view.after, view.taken
        named = {
            "values": after.values,
            "axis": after.axis,
            "time_s": after.time_s,
            "position_m": after.position_m,
        }
        if taken is not None:
            named["taken"] = taken.values
        out |= {f"{view.name}/{name}": np.asarray(values) for name, values in named.items()}
    volume = steps.result.gpr_volume
    if volume is not None:
        axes = {"depth_m": volume.depth_m, "x_m": volume.grid.x_m, "y_m": volume.grid.y_m}
        out |= {f"gpr.migrate/{name}": values for name, values in ({"envelope": volume.values} | axes).items()}
    for name, image in steps.result.emi_maps.items():
        out[f"emi.image/{name}"] = image.values
        out |= {"emi.image/x_m": image.grid.x_m, "emi.image/y_m": image.grid.y_m}
    return out


def write_steps(steps: Steps, folder: Path, *, overwrite: bool = True) -> tuple[Path, Path]:
    """Write the page and the arrays, both at once.

    Parameters
    ----------
    steps
        From `look_inside`.
    folder
        Made where it is not there; files of other names in it stay.
    overwrite
        Whether files of these names may be there already.

    Returns
    -------
    page, arrays : Path
        ``steps.html``, and ``steps.npz``, which `numpy.load` reads without pickle.
    """

    def fill(fresh: Path) -> None:
        (fresh / PAGE).write_text(steps_html(steps), encoding="utf-8")
        with (fresh / ARRAYS).open("wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **step_arrays(steps))

    write_folder(folder, (PAGE, ARRAYS), fill, overwrite=overwrite)
    return folder / PAGE, folder / ARRAYS
