"""A comparison in words: for a terminal, as JSON, and as a page with both images and their difference."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.language import number, say
from dualsense.render import CALL_NAMES, picture_png
from dualsense.workbench._images import resampled
from dualsense.workbench._page import Picture, Section, Table, page_html

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dualsense.result import Result
    from dualsense.workbench._compare import Change, Comparison

SCHEMA, SCHEMA_VERSION = "dualsense-comparison", "1.0"
CALLS = ("suspect", "unclear", "likely-clutter", "not-assessable", "none")


def comparison_json(comparison: Comparison) -> str:
    """Give a comparison as JSON; numbers that are not known are null.

    Parameters
    ----------
    comparison
        From `compare_results`.

    Returns
    -------
    str
        ``schema``, ``schema_version``, ``differs`` (what of the findings does), then the parts of `Comparison`;
        ``agreement`` is a list of calls of both and their count.
    """
    tree = asdict(comparison)
    tree.pop("only_calls")
    tree["scans"] = [{"scan_id": name, "scan_sha256": sha256} for name, sha256 in comparison.scans]
    tree["agreement"] = [
        {"a": a, "b": b, "count": count} for (a, b), count in sorted(comparison.agreement().items())
    ]
    for name in ("figures", "detection"):
        tree[name] = {key: {"a": a, "b": b} for key, (a, b) in tree[name].items()}
    head = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, "differs": list(comparison.differing)}
    return json.dumps(_known({**head, **tree}), indent=2) + "\n"


def comparison_text(comparison: Comparison) -> str:
    """Tell a comparison in lines for a terminal.

    Parameters
    ----------
    comparison
        From `compare_results`.
    """
    lines = [" ".join(_summary(comparison))]
    for section in _sections(comparison):
        if section.tables:
            lines += ["", section.heading]
        for table in section.tables:
            lines += _columns((table.heads, *table.rows))
    return "\n".join(lines)


def comparison_html(comparison: Comparison, a: Result, b: Result) -> str:
    """Tell a comparison as one page that opens offline.

    Parameters
    ----------
    comparison
        From `compare_results`.
    a, b
        What was compared.

    Returns
    -------
    str
    """
    about = [
        (
            say("Result {side}", side=side),
            f"{name}, scan {sha256[:12]}, recipe {one.recipe_sha256[:12]}, {one.model}",
        )
        for side, (name, sha256), one in zip("AB", comparison.scans, (a, b), strict=True)
    ]
    first = Section(say("What differs"), _summary(comparison))
    pictures = Section(
        say("Images"), (say("Both on one scale; the difference is B less A."),), (), _pictures(a, b)
    )
    parts = (first, *_sections(comparison), *((pictures,) if pictures.pictures else ()))
    return page_html(say("Two results compared"), parts, simulated=comparison.simulated, about=about)


def _summary(comparison: Comparison) -> tuple[str, ...]:
    found = ", ".join(say(part) for part in comparison.differing)
    return (
        say("Findings differ: {found}.", found=found) if found else say("Findings are the same."),
        say("Both are of the same scan." if comparison.same_scan else "They are of two scans."),
        say(
            "Recipes differ in {keys} keys, versions in {versions}.",
            keys=len(comparison.recipe),
            versions=len(comparison.versions),
        ),
        say(
            "{pairs} targets lie within {within:g} cm of each other, {a} are in A alone, {b} in B alone.",
            pairs=len(comparison.pairs),
            within=100 * comparison.within_m,
            a=len(comparison.only_a),
            b=len(comparison.only_b),
        ),
    )


def _sections(comparison: Comparison) -> tuple[Section, ...]:
    parts = [
        _changed(say("Recipe"), comparison.recipe),
        _changed(say("Versions"), comparison.versions),
        _changed(say("Coverage"), comparison.coverage),
        _changed(say("Faults"), comparison.faults),
        _beside(say("Figures"), comparison.figures.items()),
        _beside(say("Detection, against the truth"), comparison.detection.items()),
        _images(comparison),
        _targets(comparison),
    ]
    return tuple(part for part in parts if part.tables)


def _changed(heading: str, changes: Sequence[Change]) -> Section:
    return _beside(heading, ((one.name, (one.a, one.b)) for one in changes))


def _beside(heading: str, pairs: Iterable[tuple[str, tuple[Any, Any]]]) -> Section:
    rows = tuple((name, _word(a), _word(b)) for name, (a, b) in pairs)
    return Section(heading, (), (Table(("", "A", "B"), rows),) if rows else ())


def _images(comparison: Comparison) -> Section:
    heads = (
        say("image"),
        say("cells"),
        "rms A",
        "rms B",
        "rms B-A",
        say("correlation"),
        say("focus A"),
        say("focus B"),
    )
    rows = tuple(
        (
            f"{one.name} [{one.units}]",
            *map(
                _word,
                (one.cells, one.rms_a, one.rms_b, one.rms_difference, one.correlation, one.focus_a, one.focus_b),
            ),
        )
        for one in comparison.images
    )
    return Section(say("Images in figures"), (), (Table(heads, rows),) if rows else ())


def _targets(comparison: Comparison) -> Section:
    counts = comparison.agreement()
    if not counts:
        return Section(say("Targets"))
    used = [call for call in CALLS if any(call in calls for calls in counts)]
    agreed = Table(
        (say("A down, B across"), *map(_call, used)),
        tuple((_call(a), *(str(counts.get((a, b), 0)) for b in used)) for a in used),
    )
    heads = (
        *("A", "B", say("apart (cm)"), say("x (cm)"), say("y (cm)"), say("depth (cm)")),
        *(say("confidence"), say("call A"), say("call B")),
    )
    rows = [
        (
            p.a,
            p.b,
            *(_word(100 * v) for v in (p.apart_m, p.x_m, p.y_m, p.depth_m)),
            _word(p.confidence),
            *map(_call, p.calls),
        )
        for p in comparison.pairs
    ]
    left_a, left_b = comparison.only_calls
    rows += [
        (name, "", *[""] * 5, _call(call), _call("none"))
        for name, call in zip(comparison.only_a, left_a, strict=True)
    ]
    rows += [
        ("", name, *[""] * 5, _call("none"), _call(call))
        for name, call in zip(comparison.only_b, left_b, strict=True)
    ]
    return Section(say("Targets"), (), (agreed, Table(heads, tuple(rows))))


def _pictures(a: Result, b: Result) -> tuple[Picture, ...]:
    """Largest echo over depth and the metal map, of both and their difference."""
    out: list[Picture] = []
    pairs: list[tuple[str, Any, Any]] = []
    if a.gpr_volume is not None and b.gpr_volume is not None:
        both = (a.gpr_volume.values, resampled(b.gpr_volume, a.gpr_volume))
        pairs.append((say("radar, largest over depth"), *map(_flat, both)))
    if "metal_response" in a.emi_maps and "metal_response" in b.emi_maps:
        one = a.emi_maps["metal_response"]
        pairs.append((say("metal"), one.values, resampled(b.emi_maps["metal_response"], one)))
    for name, first, second in pairs:
        top = max(float(np.nanmax(np.abs(v), initial=0.0, where=np.isfinite(v))) for v in (first, second))
        apart = second - first
        most = float(np.nanmax(np.abs(apart), initial=0.0, where=np.isfinite(apart)))
        rows, columns = first.shape
        size = (320, max(40, min(480, round(320 * rows / columns))))
        for side, values in (("A", first), ("B", second)):
            png = picture_png(values[::-1], low=0.0, high=top, size_px=size)
            out.append(Picture(png, say("{side}: {name}, 0 to {top:.3g}", side=side, name=name, top=top)))
        png = picture_png(apart[::-1], low=-(most or 1.0), high=most or 1.0, colours="RdBu_r", size_px=size)
        out.append(Picture(png, say("B less A: {name}, ±{most:.3g}", name=name, most=most)))
    return tuple(out)


def _flat(volume: Any) -> Any:
    known = np.isfinite(volume)
    return np.where(known.any(axis=0), np.where(known, volume, -np.inf).max(axis=0), np.nan)


def _call(call: str) -> str:
    return say(CALL_NAMES.get(call, "none"))


def _word(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return number(f"{value:.4g}") if isinstance(value, float) else str(value)


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _known(value: Any) -> Any:
    """Null in place of what is no number, lists in place of tuples."""
    if isinstance(value, dict):
        return {key: _known(one) for key, one in value.items()}
    if isinstance(value, (tuple, list)):
        return [_known(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
