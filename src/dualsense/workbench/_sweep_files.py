"""A sweep as a table of its settings, and as a page of small multiples."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.errors import UsageError
from dualsense.language import say
from dualsense.render import picture_png
from dualsense.runtime.files import write_file
from dualsense.runtime.texts import cell
from dualsense.workbench._page import Picture, Section, Table, page_html
from dualsense.workbench._sweep import MAPS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dualsense.workbench._sweep import Plan

SCHEMA, SCHEMA_VERSION = "dualsense-sweep", "1.0"
METRICS: Mapping[str, str] = {
    "detection_rate": "mines that are suspect, of all, those of scans that failed among them; needs truth",
    "missed": "mines that are neither suspect nor left open, or in a scan that failed; needs truth",
    "not_covered": "mines in ground that was not covered; needs truth",
    "false_alarms_m2": "suspects that are no mine, per square metre; needs truth",
    "suspects_m2": "suspects per square metre",
    "targets_m2": "targets per square metre",
    "focus": "mean over scans of the image's fourth moment over its squared second",
    "coverage": "mean over scans of the part that both sensors covered",
    "permittivity": "mean over scans",
    "failed": "scans that could not be processed",
}
"""What a setting may be judged by."""
USUAL = ("detection_rate", "false_alarms_m2", "suspects_m2", "focus", "coverage")
TRUTH = frozenset({"detection_rate", "missed", "not_covered", "false_alarms_m2"})
OF_ALL = frozenset({"detection_rate", "missed"})
"""What mines of scans that failed count in."""
MAX_PICTURES = 400


def sweep_table(
    plan: Plan, rows: Sequence[Mapping[str, Any]], metrics: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Sum the scans of each setting up.

    Parameters
    ----------
    plan
        Of the sweep.
    rows
        From `run_sweep`.
    metrics
        Which of `METRICS`; empty takes the usual ones that the scans tell.

    Returns
    -------
    list of dict
        One for each setting: ``setting`` from 1 on, the keys with their values, the metrics (None where they are
        not told, as detection is where a scan failed and nobody knows its mines), and ``failed``.

    Raises
    ------
    UsageError
        There is no such metric, or it needs a truth that no scan has.
    """
    has_truth = any(row.get("mines") is not None for row in rows)
    for name in metrics:
        if name not in METRICS:
            msg = f"--metric {name}: expected one of {', '.join(METRICS)}"
            raise UsageError(msg)
        if name in TRUTH and not has_truth and not all(row["error"] for row in rows):
            msg = f"--metric {name}: no scan of the sweep holds a truth"
            raise UsageError(msg)
    chosen = tuple(metrics) or tuple(name for name in USUAL if has_truth or name not in TRUTH)
    mines = {row["scan"]: row["mines"] for row in rows if row.get("mines") is not None}
    table = []
    for number, setting in enumerate(plan.settings):
        own = [row for row in rows if row["setting"] == number]
        failed_mines = [mines.get(row["scan"], row.get("mines", 0)) for row in own if row["error"]]
        lost = sum(count or 0 for count in failed_mines)
        told = {name: _metric(name, [row for row in own if not row["error"]], lost) for name in chosen}
        if None in failed_mines:  # nobody knows how many mines were not found
            told |= {name: None for name in chosen if name in OF_ALL}
        failed = sum(bool(row["error"]) for row in own)
        table.append(
            {"setting": number + 1, **dict(zip(plan.keys, setting, strict=True)), **told, "failed": failed}
        )
    return table


def _metric(name: str, rows: Sequence[Mapping[str, Any]], lost: int) -> float | None:
    area_m2 = sum(row["area_m2"] or 0.0 for row in rows)
    if name in ("suspects_m2", "targets_m2"):
        return sum(row[name.removesuffix("_m2")] for row in rows) / area_m2 if area_m2 > 0.0 else None
    if name in TRUTH:
        known = [row for row in rows if "mines" in row]
        mines, area_m2 = lost + sum(row["mines"] for row in known), sum(row["area_m2"] or 0.0 for row in known)
        if name == "detection_rate":
            return sum(row["detected"] for row in known) / mines if mines else None
        if name in ("missed", "not_covered"):
            beside = lost if name == "missed" else 0
            return beside + sum(row[name] for row in known) if known or beside else None
        return sum(row["false_alarms"] for row in known) / area_m2 if area_m2 > 0.0 else None
    if name == "failed":
        return None
    values = [row[name] for row in rows if row[name] is not None]
    return sum(values) / len(values) if values else None


def write_sweep(
    plan: Plan,
    rows: Sequence[Mapping[str, Any]],
    out: Path,
    metrics: Sequence[str] = (),
    *,
    best: Sequence[int] | None = None,
) -> None:
    """Write ``sweep.csv``, ``sweep.json`` and ``sweep.html``.

    Parameters
    ----------
    plan, rows
        Of the sweep.
    out
        Its folder.
    metrics
        As for `sweep_table`.
    best
        Of a search: settings, from 0, than which none is better.
    """
    table = sweep_table(plan, rows, metrics)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table[0])
    writer.writerows([cell(value) for value in line.values()] for line in table)
    write_file(out / "sweep.csv", text.getvalue())
    document = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "keys": {key: list(values) for key, values in plan.keys.items()},
        "recipes_sha256": [recipe.sha256 for recipe in plan.recipes],
        "table": table,
        **({} if best is None else {"best": [number + 1 for number in best]}),
        "scans": [{name: value for name, value in row.items() if name != "kind"} for row in rows],
    }
    write_file(out / "sweep.json", json.dumps(document, indent=2, allow_nan=False) + "\n")
    write_file(out / "sweep.html", _page(plan, rows, table, out, best))


def _page(
    plan: Plan,
    rows: Sequence[Mapping[str, Any]],
    table: list[dict[str, Any]],
    out: Path,
    best: Sequence[int] | None,
) -> str:
    heads = tuple(table[0])
    lines = tuple(tuple(_word(value) for value in line.values()) for line in table)
    words = [f"{name}: {say(METRICS[name])}." for name in heads if name in METRICS]
    sections = [Section(say("Settings"), tuple(words), (Table(heads, lines),))]
    errors = tuple((str(row["setting"] + 1), row["error"]) for row in rows if row["error"])
    if errors:
        sections.append(Section(say("Failed"), (), (Table((say("setting"), say("why")), errors),)))
    for name in plan.scans:
        maps = _maps(plan, name, out)
        if maps:
            sections.append(_multiples(plan, name, maps))
    about = [(say("Scans"), ", ".join(plan.scans)), (say("Keys"), ", ".join(plan.keys))]
    if best is not None:
        about.append(("Best settings", ", ".join(str(number + 1) for number in best) or "-"))
    simulated = any(row.get("source") == "simulated" for row in rows)
    return page_html(say("A sweep of the recipe"), sections, simulated=simulated, about=about)


def _maps(plan: Plan, name: str, out: Path) -> dict[int, np.ndarray]:
    found = {}
    for number in range(min(len(plan.settings), MAX_PICTURES)):
        path = out / MAPS / f"{number:05d}.{name}.npy"
        if path.is_file():
            found[number] = np.load(path, allow_pickle=False)
    return found


def _multiples(plan: Plan, name: str, maps: Mapping[int, np.ndarray]) -> Section:
    """Draw a scan at every setting, all on one scale."""
    top = max(float(np.nanmax(one, initial=0.0, where=np.isfinite(one))) for one in maps.values())
    pictures = []
    for number, values in maps.items():
        rows, columns = values.shape
        size = (180, max(40, min(270, round(180 * rows / columns))))
        said = ", ".join(f"{k} = {v}" for k, v in zip(plan.keys, plan.settings[number], strict=True))
        png = picture_png(values[::-1], low=0.0, high=top, size_px=size)
        pictures.append(Picture(png, f"{number + 1}: {said}"))
    words = say(
        "The largest echo over depth, or the metal map without a radar, at every setting; 0 to {top:.3g}.", top=top
    )
    return Section(name, (words,), (), tuple(pictures))


def _word(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
