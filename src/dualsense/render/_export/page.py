"""One page of A4 for one scan: what was found, what was not covered, and what to do, to be printed and signed.

Drawn by Matplotlib, which the package stands on already: text stays text, fonts are embedded, and as no date of
writing is kept, the bytes hang on the result alone.
"""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from PIL import Image

from dualsense._version import __version__
from dualsense.render._export.about import about, uncovered_words
from dualsense.render._figures import style
from dualsense.render._figures.fused import fused_figure
from dualsense.render._targets import CALL_NAMES, chance_words, depth_words, ordered_targets, place_words
from dualsense.render._words import ADVICE, SIMULATED, Headline, banners, headline
from dualsense.runtime.texts import in_utf8, visible

if TYPE_CHECKING:
    from dualsense.result import Result

WIDTH_IN, HEIGHT_IN = 8.27, 11.69
MARGIN_IN = 0.5
PICTURE_IN = (3.2, 6.4)
"""Least and greatest height of the picture, which takes what the words leave."""
FOOT_IN = 0.5
LINE_IN = 0.155
ROWS = 17
"""Of the list; a longer one says how much longer."""
LIMITS = 6
LONGEST = 220
"""Characters of what a file says, such as a name: more would push the rest off the page."""
CHARACTERS = 118
"""In a line of the small type."""
TONES = {"danger": "#b00020", "unknown": "#8a5a00", "advice": "#333333"}
FONT = "DejaVu Sans"


class _Pen:
    """Writes lines from the top of a page downwards."""

    def __init__(self, figure: Figure) -> None:
        self.figure, self.top_in = figure, HEIGHT_IN - MARGIN_IN

    def write(self, text: str, *, size: float = 8.0, x_in: float = MARGIN_IN, **options: Any) -> None:
        """Write a line, without going to the next."""
        place = (x_in / WIDTH_IN, self.top_in / HEIGHT_IN)
        self.figure.text(*place, _shown(text), fontsize=size, va="top", parse_math=False, **options)

    def line(self, text: str, *, size: float = 8.0, **options: Any) -> None:
        """Write lines, broken where they are too long, and go below them."""
        for part in textwrap.wrap(_shown(text), int(CHARACTERS * 8.0 / size)) or [""]:
            self.write(part, size=size, **options)
            self.skip(LINE_IN * size / 8.0)

    def skip(self, height_in: float) -> None:
        self.top_in -= height_in


def page_pdf(result: Result) -> bytes:
    """Draw the page of a result.

    Parameters
    ----------
    result
        What processing found; a sensor may be missing.

    Returns
    -------
    bytes
        A PDF of one page, the same for the same result.
    """
    name = result.header.scan_id or "scan"
    title = f"{SIMULATED}: {name}" if result.header.source == "simulated" else name
    content = io.BytesIO()
    with mpl.rc_context({"font.family": FONT, "pdf.fonttype": 42, "pdf.compression": 6, "text.usetex": False}):
        figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN))
        FigureCanvasPdf(figure)
        pen = _Pen(figure)
        _head(pen, result, name)
        _picture(pen, result)
        _list(pen, result)
        _limits(pen, result)
        _foot(figure, result)
        told = {
            "Title": _shown(title),
            "Subject": ADVICE,
            "Creator": f"dualsense {__version__}",
            "CreationDate": None,
        }
        figure.savefig(content, format="pdf", metadata=told)
    return content.getvalue()


def _shown(text: str) -> str:
    """Leave out what the font has no glyph for: a box says less than a question mark."""
    text = visible(in_utf8(text))
    if text.isascii():
        return text
    glyphs = get_font(findfont(FONT)).get_charmap()
    return "".join(one if ord(one) in glyphs else "?" for one in text)


def _short(text: str, most: int = LONGEST) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _head(pen: _Pen, result: Result, name: str) -> None:
    facts, verdict = about(result), headline(result)
    pen.write(_short(name, 42), size=15, weight="bold")
    if result.header.source == "simulated":
        frame = {"facecolor": "#ffe000", "edgecolor": "black", "pad": 3}
        pen.write(SIMULATED, size=12, weight="bold", x_in=WIDTH_IN - MARGIN_IN, ha="right", bbox=frame)
    pen.skip(0.34)
    _verdict(pen, verdict)
    told = {
        "data": facts["source"],
        "created": _short(facts["created"], 30),
        "site": _short(facts["site"] or "not stated", 60),
        "operator": _short(facts["operator"] or "not stated", 60),
    }
    pen.line("   ".join(f"{what}: {value}" for what, value in told.items()))
    areas = f"patch {result.area_m2:.2f} m², covered by both sensors {facts['covered_area_m2'] or 0.0:.2f} m²"
    pen.line(f"{areas}; {uncovered_words(result)}: not assessable", weight="bold")
    pen.line(
        f"coordinates: {facts['coordinate_reference']}{_origin(result)}; {facts['coordinate_accuracy']}", size=7
    )


def _verdict(pen: _Pen, verdict: Headline) -> None:
    pen.line(verdict.main, size=13, weight="bold", color=TONES[verdict.tone])
    pen.line(" ".join(verdict.rest), size=9)


def _origin(result: Result) -> str:
    if about(result)["coordinate_reference"] != "WGS 84" or result.header.origin_wgs84 is None:
        return ""
    latitude, longitude, _, azimuth = result.header.origin_wgs84
    return f", origin {latitude:.7f}°, {longitude:.7f}°, +x at {azimuth:.1f}° from north"


def _picture(pen: _Pen, result: Result) -> None:
    """Draw the picture as large as the words below it allow."""
    with Image.open(io.BytesIO(fused_figure(result, style.View()).png_bytes())) as image:
        pixels = np.asarray(image.convert("RGB"))
    room_in = pen.top_in - MARGIN_IN - FOOT_IN - _words_in(result)
    least_in, most_in = PICTURE_IN
    shape = pixels.shape[0] / pixels.shape[1]
    width_in = min(WIDTH_IN - 2 * MARGIN_IN, min(max(room_in, least_in), most_in) / shape)
    height_in = width_in * shape
    left_in = (WIDTH_IN - width_in) / 2
    place = (left_in / WIDTH_IN, (pen.top_in - height_in) / HEIGHT_IN, width_in / WIDTH_IN, height_in / HEIGHT_IN)
    axes = pen.figure.add_axes(place)
    axes.imshow(pixels, aspect="auto", interpolation="none")
    axes.set_axis_off()
    pen.skip(height_in + 0.08)


def _words_in(result: Result) -> float:
    """Height of the list and of what limits the answer."""
    sentences = [banner.sentence for banner in banners(result)[:LIMITS]]
    broken = sum(1 + len(_short(one)) // (CHARACTERS - 8) for one in sentences)
    return LINE_IN * (5 + min(len(result.targets), ROWS) + broken)


def _list(pen: _Pen, result: Result) -> None:
    targets = ordered_targets(result)
    columns_in = (0.0, 0.42, 1.45, 3.1, 4.35)
    table = [("", "call", "from the start point", "depth of the top", "chance")]
    table += [
        (_short(t.id, 6), CALL_NAMES[t.call], place_words(t), depth_words(t), chance_words(t, result))
        for t in targets[:ROWS]
    ]
    for number, row in enumerate(table):
        for text, x_in in zip(row, columns_in, strict=True):
            pen.write(text, size=7.0, x_in=MARGIN_IN + x_in, weight="normal" if number else "bold")
        pen.skip(LINE_IN)
    if not targets:
        pen.line(
            "No object on the list. It tells nothing of what was not covered, nor of what no sensor can sense."
        )
    if len(targets) > ROWS:
        pen.line(f"and {len(targets) - ROWS} more, which this page has no room for: see the list", weight="bold")
    pen.skip(0.06)


def _limits(pen: _Pen, result: Result) -> None:
    limits = banners(result)
    if limits:
        pen.line("What limits this answer", weight="bold")
    for banner in limits[:LIMITS]:
        pen.line(f"– {_short(banner.sentence)}", size=7.5)
    if len(limits) > LIMITS:
        pen.line(f"and {len(limits) - LIMITS} more: see the report", size=7.5)


def _foot(figure: Figure, result: Result) -> None:
    foot = _Pen(figure)
    foot.top_in = MARGIN_IN + 0.42
    foot.line(ADVICE, size=9, weight="bold")
    kind = {"simulated": SIMULATED, "recorded": "recorded data"}.get(
        result.header.source, "data of unknown source"
    )
    foot.line(f"{kind}   model {result.model}   dualsense {__version__}   scan {result.scan_sha256[:16]}", size=7)
