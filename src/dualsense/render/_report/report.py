"""The report: one page that opens offline, in the order in which a deminer asks."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from dualsense.language import ENGLISH, catalogue, languages, speaking, spoken
from dualsense.render._figures.figures import render_figures
from dualsense.render._figures.settle import drawn_language
from dualsense.render._figures.style import View
from dualsense.render._report.languages import Texts, in_all, language_tables, through
from dualsense.render._report.page import page_words
from dualsense.render._report.pages import inline_letters
from dualsense.render._report.viewer import viewer_data
from dualsense.runtime.pages import data_uri, policy_source, script_json, shared_asset
from dualsense.scan import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from jinja2 import Template
    from jinja2.runtime import Context

    from dualsense.render._figures.shown import Shown
    from dualsense.result import Result

ASSETS = "assets"
TELLS = frozenset({"detections-left-out"})
"""Faults that tell where something was found, which is for a trainee to tell."""
TABLED = ("say", "terms", "many")
"""Of the words of a page, what the table of languages holds beside its texts."""
TOGETHER = re.compile(r"(?<=[\d±]) (?=±|cm|m\b|%|\d)")
"""Spaces within a number, and between it and its unit or deviation."""
LANGUAGES_MARK = "<!--languages-->"
"""Where the languages come: no text of a scan can hold it, for all are escaped."""


def _asset(name: str) -> str:
    return files("dualsense.render").joinpath(ASSETS, name).read_text(encoding="utf-8")


def _inline(text: str) -> Markup:
    return Markup(text)  # noqa: S704 - our own assets, base64, or JSON without "<"


def _picture(png: bytes) -> dict[str, Any]:
    width, height = struct.unpack(">II", png[16:24])
    return {
        "uri": _inline(data_uri("image/png", png)),
        "width": width,
        "height": height,
    }


def _layers(viewer: Mapping[str, Any]) -> tuple[str, ...]:
    """Name what the map, or the section of a line, can show."""
    if viewer["line"] is None:
        return ("depth", "all", "metal", "solid")
    traces = () if viewer["line"]["traces"] is None else ("traces",)
    return ("depth", *traces, "metal")


def _script() -> str:
    """All scripts of the page in one function, by their names."""
    folder = files("dualsense.render").joinpath(ASSETS, "page")
    parts = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".js"))
    texts = [shared_asset("marks.js"), *(folder.joinpath(name).read_text(encoding="utf-8") for name in parts)]
    return '"use strict";\n(function () {\n' + "\n".join(texts) + "}());\n"


def _filled(text: str, **values: object) -> str:
    """Sentence with its {names} filled in."""

    def filled(text: str, *given: object) -> str:
        return text.format(**dict(zip(values, given, strict=True)))

    return through(filled, text, *values.values())


def _joined(parts: Sequence[str], between: str) -> str:
    """Texts in one, with the same between them."""
    return through(lambda *each: between.join(each), *parts)


def report_html(
    result: Result,
    pictures: Mapping[str, bytes] | None = None,
    view: View | None = None,
    shown: Shown | None = None,
) -> str:
    """Text of the report.

    Parameters
    ----------
    result
        What processing found.
    pictures
        PNG files by name, as `render_figures` gives them; drawn here when None.
    view
        The operator's controls over the pictures.
    shown
        What pictures and viewer share, where it is made already.

    Returns
    -------
    str
        HTML that refers to nothing outside itself.
    """
    pictures = render_figures(result, view or View(), shown) if pictures is None else pictures
    return _page(result, pictures, view or View(), shown, lesson=False)


def lesson_html(result: Result, title: str) -> str:
    """Text of a page on which somebody learns to look: the instrument alone, without a target, a call or a name.

    Parameters
    ----------
    result
        What processing found.
    title
        Stands in the place of the scan's name, which may tell what lies there.

    Returns
    -------
    str
        HTML that refers to nothing outside itself.
    """
    header = replace(result.header, scan_id=title, site=None, operator=None, notes=None, origin_wgs84=None)
    faults = tuple(fault for fault in result.faults if fault.code not in TELLS)
    bare = replace(
        result,
        header=header,
        targets=(),
        faults=faults,
        provenance={},
        scan_sha256="",
        recipe_sha256="",
        kept={},
    )
    return _page(bare, {}, View(), None, lesson=True)


def _page(result: Result, pictures: Mapping[str, bytes], view: View, shown: Shown | None, *, lesson: bool) -> str:
    """Text of the page, with what it says in every language."""
    with speaking(ENGLISH):  # what is drawn is the same in every language
        viewer = viewer_data(result, view, shown)
    style, script = _asset("report.css") + inline_letters(), _script()
    shared = {
        "made": plain(" · ".join(filter(None, (result.header.site, result.header.created))), 80),
        "viewer": viewer,
        "viewer_json": _inline(script_json(viewer)),
        "layers": _layers(viewer),
        "line": viewer["line"] is not None,
        "lesson": lesson,
        "pictures": {name: _picture(png) for name, png in pictures.items()},
        "style": _inline(style),
        "style_hash": policy_source(style),
        "script": _inline(script),
        "script_hash": policy_source(script),
        "languages_mark": _inline(LANGUAGES_MARK),
        "drawn": drawn_language(),
        "drawn_name": catalogue(drawn_language()).name,
    }
    return _in_all_languages(result, viewer, shared)


def _in_all_languages(result: Result, viewer: Mapping[str, Any], shared: Mapping[str, Any]) -> str:
    """Page in the language at hand, with what it says in every other one."""
    first = spoken()
    tongues = {code: catalogue(code) for code in languages()}
    every: list[dict[str, Any]] = []
    for code in tongues:
        with speaking(code):
            every.append(page_words(result, viewer))
    said = {code: {name: words[name] for name in TABLED} for code, words in zip(tongues, every, strict=True)}
    words = in_all(every, list(tongues).index(first))
    del every  # of a thousand targets it is megabytes
    texts = Texts()
    context = {**shared, **words, "tongue": tongues[first], "texts": texts}
    page: str = page_template().render(context, tongues=tongues.values())
    met = texts.everywhere(len(tongues))
    table = script_json(language_tables(tongues, met, said, first=first, drawn=shared["drawn"]))
    return page.replace(LANGUAGES_MARK, table, 1)


@cache
def page_template() -> Template:
    """Compile the template of the page, once."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context  # noqa: PLC0415 - loaded beside the drawing

    environment = Environment(
        loader=PackageLoader("dualsense.render", ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["together"] = _together
    environment.filters["fill"] = _filled
    environment.filters["join"] = _joined
    environment.filters["said"] = pass_context(_said)
    environment.filters["said_in"] = pass_context(_said_in)
    return environment.get_template("report.html.j2")


def _said(context: Context, text: str) -> Markup:
    """Text of the language at hand, marked so that the page can change it."""
    texts: Texts = context["texts"]
    return texts.said(text)


def _said_in(context: Context, text: str, name: str) -> Markup:
    """Attribute with a text of the language at hand, marked in the same way."""
    texts: Texts = context["texts"]
    return texts.said_in(text, name)


def _together(text: str) -> str:
    """Text whose numbers stay on one line with their units and deviations."""
    return through(lambda one: TOGETHER.sub("\u00a0", one), text)


def write_report(
    result: Result,
    folder: str | PathLike[str],
    *,
    pictures: Mapping[str, bytes] | None = None,
    view: View | None = None,
    shown: Shown | None = None,
) -> Path:
    """Write ``report.html`` into a folder that exists; a file of that name is replaced.

    Parameters
    ----------
    result, pictures, view, shown
        As for `report_html`.
    folder
        Where to write.

    Returns
    -------
    Path
        The file.
    """
    path = Path(folder) / "report.html"
    path.write_bytes(report_html(result, pictures, view, shown).encode("utf-8"))
    return path
