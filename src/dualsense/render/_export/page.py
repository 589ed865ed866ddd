"""One page of A4 for one scan: what was found, what was not covered, and what to do, to be printed and signed.

Drawn by Matplotlib, which the package stands on already: text stays text, fonts are embedded, and as no date of
writing is kept, the bytes hang on the result and the language alone. Letters that Matplotlib does not set are
drawn as those of the figures are; where not even that can be, the page is English, and says so.
"""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from PIL import Image

from dualsense._version import __version__
from dualsense.language import ENGLISH, NOT_REVIEWED, catalogue, say, speaking, spoken
from dualsense.render._canvas.lines import broken
from dualsense.render._export.about import about, uncovered_part
from dualsense.render._export.lettering import FONT, draw_line, has_letters, is_drawn, shown, width_in
from dualsense.render._figures import style
from dualsense.render._figures.fused import fused_figure
from dualsense.render._figures.settle import drawn_language, settled
from dualsense.render._targets import CALL_NAMES, chance_words, depth_words, ordered_targets, place_words
from dualsense.render._words import ADVICE, SIMULATED, Headline, banners, headline

if TYPE_CHECKING:
    from dualsense.result import Result

WIDTH_IN, HEIGHT_IN = 8.27, 11.69
MARGIN_IN = 0.5
PICTURE_IN = (3.2, 6.4)
"""Least and greatest height of the picture, which takes what the words leave."""
FOOT_IN = 0.5
LINE_IN = 0.155
LIST_TYPE, GAP_IN = 7.0, 0.14
"""Size of the list's letters, and what is between its columns; smaller where words are longer."""
ROWS = 17
"""Of the list; a longer one says how much longer."""
LIMITS = 6
LONGEST = 220
"""Characters of what a file says, such as a name: more would push the rest off the page."""
CHARACTERS = 118
"""In a line of the small type, at most."""
FEWEST = 20
TONES = {"danger": "#b00020", "unknown": "#8a5a00", "advice": "#333333"}


class _Pen:
    """Writes lines from the top of a page downwards."""

    def __init__(self, figure: Figure) -> None:
        self.figure, self.top_in = figure, HEIGHT_IN - MARGIN_IN

    def write(self, text: str, *, size: float = 8.0, x_in: float = MARGIN_IN, **options: Any) -> None:
        """Write a line, without going to the next."""
        if is_drawn(shown(text)):
            draw_line(self.figure, shown(text), (x_in, self.top_in), size, **options)
            return
        place = (x_in / WIDTH_IN, self.top_in / HEIGHT_IN)
        self.figure.text(*place, shown(text), fontsize=size, va="top", parse_math=False, **options)

    def line(self, text: str, *, size: float = 8.0, **options: Any) -> None:
        """Write lines, broken where they are too long, and go below them."""
        for part in _wrapped(shown(text), size):
            self.write(part, size=size, **options)
            self.skip(LINE_IN * size / 8.0)

    def skip(self, height_in: float) -> None:
        self.top_in -= height_in


def page_pdf(result: Result) -> bytes:
    """Draw the page of a result, in the language at hand where its letters can be set.

    Parameters
    ----------
    result
        What processing found; a sensor may be missing.

    Returns
    -------
    bytes
        A PDF of one page, the same for the same result.
    """
    wished = spoken()
    with speaking(wished if _is_set(wished) else ENGLISH):
        return _page(result, "" if _is_set(wished) else wished)


def _page(result: Result, missing: str) -> bytes:
    """Draw the page; `missing` is the language that it was wished in, and could not be set in."""
    name = result.header.scan_id or "scan"
    title = f"{SIMULATED}: {name}" if result.header.source == "simulated" else name
    content = io.BytesIO()
    with mpl.rc_context({"font.family": FONT, "pdf.fonttype": 42, "pdf.compression": 6, "text.usetex": False}):
        figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN))
        FigureCanvasPdf(figure)
        pen = _Pen(figure)
        _head(pen, result, name, missing)
        _picture(pen, result)
        _list(pen, result)
        _limits(pen, result)
        _foot(figure, result)
        told = {
            "Title": shown(title),
            "Subject": ADVICE,
            "Creator": f"dualsense {__version__}",
            "CreationDate": None,
        }
        figure.savefig(content, format="pdf", metadata=told)
    return content.getvalue()


@cache
def _is_set(code: str) -> bool:
    """Whether all that a language says can be set or drawn."""
    return all(has_letters("".join(forms)) for forms in catalogue(code).sentences.values())


def _wrapped(text: str, size: float) -> list[str]:
    """Break a text into lines that the page has room for."""
    characters = int(CHARACTERS * 8.0 / size)
    while True:
        lines = broken(text, characters) or [""]
        if characters <= FEWEST or max(width_in(line, size) for line in lines) <= WIDTH_IN - 2 * MARGIN_IN:
            return lines
        characters -= 4


def _short(text: str, most: int = LONGEST) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _head(pen: _Pen, result: Result, name: str, missing: str) -> None:
    facts, verdict = about(result), headline(result)
    pen.write(_short(name, 42), size=15, weight="bold")
    if result.header.source == "simulated":
        frame = {"facecolor": "#ffe000", "edgecolor": "black", "pad": 3}
        pen.write(say(SIMULATED), size=12, weight="bold", x_in=WIDTH_IN - MARGIN_IN, ha="right", bbox=frame)
    pen.skip(0.34)
    _verdict(pen, verdict)
    if missing:
        told = f"In English: this page cannot print the letters of the language {missing!r}; the report can."
        pen.line(told, size=7)
    if not catalogue(spoken()).reviewed:
        pen.line(say(NOT_REVIEWED), size=7)
    unknown = say("not stated by the scan")
    facts_told = {
        say("Recorded or simulated"): _source(result),
        say("Created"): _short(facts["created"], 30),
        say("Site"): _short(facts["site"] or unknown, 60),
        say("Operator"): _short(facts["operator"] or unknown, 60),
    }
    pen.line("   ".join(say("{what}: {count}", what=what, count=value) for what, value in facts_told.items()))
    areas = say(
        "Patch {area:.2f} m², covered by both sensors {covered:.2f} m². Not covered by both, and not assessable: "
        "{part} of the patch.",
        area=result.area_m2,
        covered=facts["covered_area_m2"] or 0.0,
        part=uncovered_part(result),
    )
    pen.line(areas, weight="bold")
    pen.line(_coordinates(result), size=7)


def _source(result: Result) -> str:
    source = result.header.source
    return say(source) if source in {"simulated", "recorded"} else say("source not stated")


def _verdict(pen: _Pen, verdict: Headline) -> None:
    pen.line(verdict.main, size=13, weight="bold", color=TONES[verdict.tone])
    pen.line(" ".join(verdict.rest), size=9)


def _coordinates(result: Result) -> str:
    if about(result)["coordinate_reference"] != "WGS 84" or result.header.origin_wgs84 is None:
        return say("Coordinates: metres from the start point; its place on Earth is not known.")
    latitude, longitude, _, azimuth = result.header.origin_wgs84
    return say(
        "Coordinates: WGS 84, origin {latitude:.7f}°, {longitude:.7f}°, +x at {azimuth:.1f}° from north; the "
        "accuracy of the origin was not recorded.",
        latitude=latitude,
        longitude=longitude,
        azimuth=azimuth,
    )


def _picture(pen: _Pen, result: Result) -> None:
    """Draw the picture as large as the words below it allow."""
    with speaking(drawn_language()):
        drawn = settled(fused_figure(result, style.View())).png_bytes()
    with Image.open(io.BytesIO(drawn)) as image:
        pixels = np.asarray(image.convert("RGB"))
    room_in = pen.top_in - MARGIN_IN - FOOT_IN - _words_in(result)
    least_in, most_in = PICTURE_IN
    shape = pixels.shape[0] / pixels.shape[1]
    wide_in = min(WIDTH_IN - 2 * MARGIN_IN, min(max(room_in, least_in), most_in) / shape)
    tall_in = wide_in * shape
    left_in = (WIDTH_IN - wide_in) / 2
    place = (left_in / WIDTH_IN, (pen.top_in - tall_in) / HEIGHT_IN, wide_in / WIDTH_IN, tall_in / HEIGHT_IN)
    axes = pen.figure.add_axes(place)
    axes.imshow(pixels, aspect="auto", interpolation="none")
    axes.set_axis_off()
    pen.skip(tall_in + 0.08)


def _words_in(result: Result) -> float:
    """Height of the list and of what limits the answer."""
    sentences = [banner.sentence for banner in banners(result)[:LIMITS]]
    broken = sum(1 + len(_short(one)) // (CHARACTERS - 8) for one in sentences)
    return LINE_IN * (5 + min(len(result.targets), ROWS) + broken)


def _list(pen: _Pen, result: Result) -> None:
    targets = ordered_targets(result)
    heads = (say("call"), say("From the start point"), say("Depth of the top"), say("Chance of a mine"))
    table = [("", *heads)]
    table += [
        (_short(t.id, 6), say(CALL_NAMES[t.call]), place_words(t), depth_words(t), chance_words(t, result))
        for t in targets[:ROWS]
    ]
    widths_in = [max(width_in(shown(row[n]), LIST_TYPE) for row in table) + GAP_IN for n in range(len(table[0]))]
    shrunk = min(1.0, (WIDTH_IN - 2 * MARGIN_IN) / sum(widths_in))
    for number, row in enumerate(table):
        x_in = MARGIN_IN
        for text, wide_in in zip(row, widths_in, strict=True):
            pen.write(text, size=LIST_TYPE * shrunk, x_in=x_in, weight="normal" if number else "bold")
            x_in += wide_in * shrunk
        pen.skip(LINE_IN)
    if not targets:
        told = say(
            "No object on the list. It tells nothing of what was not covered, nor of what no sensor can sense."
        )
        pen.line(told)
    if len(targets) > ROWS:
        more = say("and {count} more, which this page has no room for: see the list", count=len(targets) - ROWS)
        pen.line(more, weight="bold")
    pen.skip(0.06)


def _limits(pen: _Pen, result: Result) -> None:
    limits = banners(result)
    if limits:
        pen.line(say("What limits this answer"), weight="bold")
    for banner in limits[:LIMITS]:
        pen.line(f"– {_short(banner.sentence)}", size=7.5)
    if len(limits) > LIMITS:
        pen.line(say("and {count} more: see the report", count=len(limits) - LIMITS), size=7.5)


def _foot(figure: Figure, result: Result) -> None:
    foot = _Pen(figure)
    foot.top_in = MARGIN_IN + 0.42
    foot.line(say(ADVICE), size=9, weight="bold")
    kind = say(SIMULATED) if result.header.source == "simulated" else _source(result)
    model = say("{what}: {count}", what=say("Confidence model"), count=result.model)
    foot.line(f"{kind}   {model}   dualsense {__version__}   scan {result.scan_sha256[:16]}", size=7)
