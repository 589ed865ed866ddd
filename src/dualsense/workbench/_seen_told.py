"""Whether a mine would have been found, as JSON, letters in a terminal, a picture and a page."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np

from dualsense.render import SIMULATED
from dualsense.workbench._page import Picture, Section, Table, page_html
from dualsense.workbench._step_plots import SETTINGS, new_figure, png_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualsense.workbench._seen import Seen, SeenPlace

SCHEMA, SCHEMA_VERSION = "dualsense-seen", "1.1"
SPARED = "Within 10 cm of a target of the recording nothing is told: such places are grey, with a cross."
NO_PROOF = "That a mine would have been found here says nothing of what lies here."


def seen_json(seen: Seen) -> str:
    """Tell it as JSON.

    Parameters
    ----------
    seen
        From `would_be_seen`.

    Returns
    -------
    str
    """
    told = seen.told
    document = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "simulated": True,
        **{key: value for key, value in asdict(seen).items() if key != "places"},
        "found": sum(one.found for one in told),
        "told": len(told),
        "places": [asdict(one) for one in seen.places],
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def seen_text(seen: Seen) -> str:
    """Draw it for a terminal: y upwards, a letter for each place.

    Parameters
    ----------
    seen
        From `would_be_seen`.

    Returns
    -------
    str
    """
    letters = {"suspect": "S", "unclear": "u", "likely-clutter": "c", "not-assessable": "n", "none": "."}
    x = sorted({one.x_m for one in seen.places})
    at = {(one.x_m, one.y_m): one for one in seen.places}
    rows = []
    for y in sorted({one.y_m for one in seen.places}, reverse=True):
        row = [at.get((one, y)) for one in x]
        marks = [" " if one is None else "t" if one not in seen.told else letters[one.call] for one in row]
        rows.append(f"{y:8.2f}  {' '.join(marks)}")
    told = seen.told
    count = sum(one.found for one in told)
    head = f"SIMULATED {seen.model} with its top {100 * seen.depth_m:.0f} cm deep, put into {seen.scan_id}"
    return "\n".join(
        (
            f"{head}: to be dug at {count} of {len(told)} places",
            f"  y, m  x from {x[0]:.2f} to {x[-1]:.2f} m" if x else "",
            *rows,
            "S suspect, u unclear, c likely clutter, n not assessable, . no target, t beside a recorded target",
        )
    )


def seen_maps(seen: Seen) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Lay what was found out as maps over the grid of places.

    Parameters
    ----------
    seen
        From `would_be_seen`.

    Returns
    -------
    dict
        "confidence" (0 where there was no target), "loss" and "found" (0 or 1): values (ny, nx), NaN where nothing
        is told, y (ny,) upwards and x (nx,), m.
    """
    x, y = (np.array(sorted({getattr(one, name) for one in seen.places})) for name in ("x_m", "y_m"))
    told: dict[str, Callable[[SeenPlace], float | None]] = {
        "confidence": lambda one: one.confidence or 0.0,
        "loss": lambda one: one.loss,
        "found": lambda one: float(one.found),
    }
    out = {}
    for name, value in told.items():
        values = np.full((y.size, x.size), np.nan)
        for one in seen.told:
            found = value(one)
            place = int(np.searchsorted(y, one.y_m)), int(np.searchsorted(x, one.x_m))
            values[place] = np.nan if found is None else found
        out[name] = (values, y, x)
    return out


def seen_png(seen: Seen) -> bytes:
    """Draw confidence and loss over the patch, with the call of each place.

    Parameters
    ----------
    seen
        From `would_be_seen`.

    Returns
    -------
    bytes
        PNG, which says that its mines are simulated.
    """
    titles = {"confidence": "confidence of its target", "loss": "loss of its echo"}
    maps, told = seen_maps(seen), set(seen.told)
    with mpl.rc_context(SETTINGS):
        figure, axes = new_figure(2, height=3.6)
        for one, (name, title) in zip(axes, titles.items(), strict=True):
            _draw(one, *maps[name], title)
            for place in seen.places:
                mark = "x" if place not in told else "o" if place.found else "."
                one.plot(place.x_m, place.y_m, mark, color="k", mfc="none", ms=7 if mark == "o" else 5)
        count = sum(one.found for one in seen.told)
        figure.suptitle(
            f"{SIMULATED}: {seen.model}, top {100 * seen.depth_m:.0f} cm deep; o to be dug at {count} of "
            f"{len(seen.told)} places, x beside a recorded target"
        )
        return png_of(figure)


def _draw(axes: Any, values: np.ndarray, y: np.ndarray, x: np.ndarray, title: str) -> None:
    half_x, half_y = (0.5 * float(np.diff(axis).min()) if axis.size > 1 else 0.05 for axis in (x, y))
    edges = (x[0] - half_x, x[-1] + half_x, y[0] - half_y, y[-1] + half_y)
    axes.set_facecolor("#9a9a9a")
    shown = axes.imshow(values, origin="lower", extent=edges, cmap="viridis", vmin=0.0, vmax=1.0)
    axes.figure.colorbar(shown, ax=axes)
    axes.set(title=title, xlabel="x [m]", ylabel="y [m]")


def seen_html(seen: Seen) -> str:
    """Make a page of the map and of each place.

    Parameters
    ----------
    seen
        From `would_be_seen`.

    Returns
    -------
    str
    """
    heads = ("x [m]", "y [m]", "call", "confidence", "loss", "off [cm]")
    told = set(seen.told)
    rows = tuple(
        (
            f"{one.x_m:.2f}",
            f"{one.y_m:.2f}",
            one.call if one in told else "beside a recorded target",
            _number(one.confidence),
            _number(one.loss),
            "" if one.off_m is None else f"{100 * one.off_m:.1f}",
        )
        for one in seen.places
    )
    losses = [one.loss for one in seen.told if one.loss is not None]
    middle = f"{np.median(losses):.2f}" if losses else "not told"
    about = [
        ("Scan", seen.scan_id),
        ("SHA-256 of the scan", seen.scan_sha256),
        ("SHA-256 of the recipe", seen.recipe_sha256),
        ("Mine", f"{seen.model}, its top {100 * seen.depth_m:.0f} cm deep"),
        ("To be dug", f"{sum(one.found for one in seen.told)} of {len(seen.told)} places"),
        ("Loss of its echo, median", middle),
    ]
    picture = Picture(seen_png(seen), "Confidence of the target that the mine makes, and loss of its radar echo.")
    sections = (
        Section("Over the patch", (NO_PROOF, SPARED), (), (picture,)),
        Section("Place by place", (), (Table(heads, rows),)),
    )
    return page_html("Would a mine have been found here", sections, simulated=True, about=about)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
