"""One page over a batch: what each scan says, what went wrong, and where to look. It opens without a network."""

from __future__ import annotations

import math
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dualsense import render
from dualsense.batch._entry import entry_row
from dualsense.batch._words import SENTENCES
from dualsense.language import languages, spoken
from dualsense.result import OPEN_CALLS
from dualsense.runtime.pages import filled_page
from dualsense.scan import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualsense.batch._entry import BatchEntry


def batch_html(
    entries: Sequence[BatchEntry],
    *,
    took_s: Mapping[str, float | None] | None = None,
    whole_s: float | None = None,
) -> str:
    """Make the page that stands in a batch's folder as ``index.html``.

    Parameters
    ----------
    entries
        From :func:`process_batch`.
    took_s
        Time that each scan took, by its name; None of one whose result was kept.
    whole_s
        Time that all took together.

    Returns
    -------
    str
        HTML that opens in the language at hand and can speak all. Its pictures and reports are those of the
        folders beside it; times are of this run, so that the page is no part of what has the same bytes again.
    """
    took_s = {} if took_s is None else took_s
    data = {
        "first": spoken(),
        "tongues": {code: render.page_tongue(code, SENTENCES) for code in languages()},
        "order": render.GRAVEST_FIRST,
        "open": OPEN_CALLS,
        "whole_s": None if whole_s is None else round(whole_s, 1),
        "scans": [_shown(entry, took_s.get(entry.name)) for entry in entries],
    }
    return filled_page(
        _asset("batch.html"),
        heading="scans",
        letters=render.inline_letters(),
        style=_asset("batch.css"),
        script=_asset("batch.js"),
        data=data,
        images="'self' file: data:",
    )


def get_page_ready() -> None:
    """Read what the page takes whatever the entries, ahead of them: sentences of all languages, and letters."""
    for code in languages():
        render.page_tongue(code, SENTENCES)
    render.inline_letters()


def _shown(entry: BatchEntry, took_s: float | None) -> dict[str, Any]:
    row = entry_row(entry)
    place = quote(entry.name.encode("utf-8", "surrogateescape"))
    kept = ("source", "coverage_fraction", "calls", "fault_codes", "survey", "again_m2")
    return {
        "name": plain(row["name"]),
        "error": plain(row["error"]),
        "place": "" if entry.error else place,
        "took_s": None if took_s is None or not math.isfinite(took_s) else round(took_s, 1),
        **{name: row[name] for name in kept},
    }


def _asset(name: str) -> str:
    return files("dualsense.batch").joinpath("assets", name).read_text(encoding="utf-8")
