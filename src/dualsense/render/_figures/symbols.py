"""Targets on a picture: a shape for each call, and tags that keep out of each other's way.

A call is told by its shape first; colour only helps.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.language import say
from dualsense.render._canvas import coverage
from dualsense.render._canvas.canvas import EVERYWHERE
from dualsense.render._canvas.marks import Paper, overlaps
from dualsense.render._canvas.stencil import shape_stencil
from dualsense.render._figures import style
from dualsense.render._targets import CALL_NAMES
from dualsense.scan import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.render._canvas.canvas import Panel
    from dualsense.render._canvas.marks import Box
    from dualsense.render._canvas.stencil import Stencil
    from dualsense.result import Call, Target

SYMBOL_PT = 17.0
TAG_PT = 11.5
FULL_TAGS = 8
KEPT_PT = 1.5
NEAR_PT = 6.0
AWAY_PT = (3.0, 24.0, 45.0, 70.0, 100.0, 140.0)
DIAMONDS: dict[str, str] = {"suspect": style.SUSPECT, "unclear": style.UNCLEAR}
"""Calls that are told by a diamond, to its colour; only that of a suspect is filled."""
_DIAMOND = np.array([(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)])
_AROUND = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)])
_SQUARE = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])


def draw_symbol(
    panel: Panel, x: float, y: float, call: Call, *, size_pt: float = SYMBOL_PT, level: float = 8.0
) -> None:
    """Symbol of a call: filled diamond, diamond with a smaller one in it, hollow circle, or a square with a "?".

    Parameters
    ----------
    panel
        To draw on.
    x, y
        Place, in the units of the panel.
    call
        Which decides the shape.
    size_pt
        Size, points.
    level
        What is higher is drawn over it.
    """
    size_px = panel.points_px(size_pt)
    for stencil, colour in _layers(call, size_px, panel.points_px(1.0)):
        panel.draw_stencil(stencil, x, y, colour, level)
    if call == "not-assessable":
        column, row = panel.at(x, y)
        look: Any = {"across": "center", "up": "capital", "size_pt": 0.85 * size_pt, "cut": "bold"}
        panel.write_px(round(float(column)), round(float(row)), "?", level=level, **look)


@cache
def _layers(call: Call, size_px: float, point_px: float) -> tuple[tuple[Stencil, str], ...]:
    """Stencils of a symbol around its middle, each with its colour, the lowest first."""
    layers: list[tuple[list[NDArray[np.float64]], str]] = []
    if call == "likely-clutter":
        ring = coverage.circle(0.0, 0.0, 0.5 * size_px)
        for width_pt, colour in ((5.5, style.INK), (2.2, style.PAPER)):
            layers.append((coverage.outline(ring, width_pt * point_px), colour))
    else:
        parts = [(0.55 * _SQUARE, style.PAPER, style.INK, 2.0)]
        if call in DIAMONDS:
            diamond = math.sqrt(0.5) * _DIAMOND
            parts = [
                (1.08 * diamond, style.INK, style.PAPER, 1.6),
                (0.8 * diamond, DIAMONDS[call], style.INK, 1.6),
            ]
            parts += [(0.36 * diamond, style.INK, style.INK, 0.5)] if call != "suspect" else []
        for shape, face, edge, width_pt in parts:
            layers.append(([size_px * shape[None]], face))
            layers.append((coverage.outline(size_px * shape, width_pt * point_px), edge))
    return tuple((shape_stencil(polygons, EVERYWHERE), colour) for polygons, colour in layers)


def draw_targets(
    panel: Panel, targets: Sequence[Target], *, tags: bool = True, size_pt: float = SYMBOL_PT
) -> None:
    """Symbols at the targets, the most important on top, each with its number and call beside it.

    With more than eight targets the tags hold the number alone. No tag lies on a symbol: where there is no room
    beside its own a tag is shortened or put further away with a line to it, and left out where that fails too.

    Parameters
    ----------
    panel
        Of a map in centimetres.
    targets
        The most important first.
    tags
        False draws the symbols alone.
    size_pt
        Of a symbol, points.
    """
    for target in reversed(targets):
        draw_symbol(panel, 100.0 * target.x_m, 100.0 * target.y_m, target.call, size_pt=size_pt)
    if not tags:
        return
    points = 1.0 / panel.points_px(1.0)
    left, bottom, right, top = (points * edge for edge in panel.box)
    places = []
    for target in targets:
        column, row = panel.at(100.0 * target.x_m, 100.0 * target.y_m)
        places.append((points * float(column), points * float(row)))
    paper = Paper(style.PAPER, style.INK, 1.2, 0.22)
    names = [tag_words(target, full=len(targets) <= FULL_TAGS) for target in targets]
    boxes = free_boxes(names, places, 0.72 * size_pt, (left, bottom, right, top))
    for place, chosen in zip(places, boxes, strict=True):
        if chosen is None:
            continue
        text, box, apart = chosen
        middle = (0.5 * (box[0] + box[2]) / points, 0.5 * (box[1] + box[3]) / points)
        if apart:
            _draw_leader(panel, (place[0] / points, place[1] / points), middle)
        look: Any = {"size_pt": TAG_PT, "cut": "bold", "across": "center", "spacing": 1.1, "paper": paper}
        panel.write_px(*middle, text, level=9.0, **look)


def _draw_leader(panel: Panel, start_px: tuple[float, float], end_px: tuple[float, float]) -> None:
    """Line between two places in pixels, under the symbols and the tags."""
    left, right, bottom, top = panel.limits
    low = np.array(panel.box[:2])
    size = np.array(panel.box[2:]) - low
    line = (np.array([start_px, end_px]) - low) / size * (right - left, top - bottom) + (left, bottom)
    for colour, width_pt in ((style.PAPER, 3.0), (style.INK, 1.4)):
        panel.draw_lines([line], width_pt=width_pt, colour=colour, level=7.5)


def draw_depth(panel: Panel, target: Target, place_cm: float) -> None:
    """Top of a target in a section as a dot, with a bar of one standard deviation both ways.

    Where its depth is unknown, a broken line with a question mark goes from the ground to the end.
    """
    _, _, end_cm, ground_cm = panel.limits
    if not math.isfinite(target.depth_m):
        whole = np.array([[place_cm, ground_cm], [place_cm, end_cm]])
        panel.draw_lines([whole], width_pt=3.4, colour=style.PAPER, level=6.0)
        tall_cm = abs(end_cm - ground_cm) / panel.size_in[1] / 72.0
        dashes = coverage.dashed(whole, 8.0 * tall_cm, 6.0 * tall_cm)
        panel.draw_lines(dashes, width_pt=2.0, colour=style.INK, level=6.0, cap="butt")
        paper = Paper(style.PAPER, style.INK, 1.0, 0.2)
        panel.write(place_cm, 0.5 * (end_cm + ground_cm), "?", across="center", cut="bold", level=7.0, paper=paper)
        return
    depth_cm, spread_cm = 100.0 * target.depth_m, 100.0 * target.position_std_m[2]
    spread_cm = spread_cm if math.isfinite(spread_cm) else 0.0
    ends_cm = (depth_cm - spread_cm, depth_cm + spread_cm)
    if ends_cm[0] > ground_cm:
        leader = np.array([[place_cm, ground_cm], [place_cm, ends_cm[0]]])
        for colour, width_pt in ((style.INK, 2.6), (style.PAPER, 1.1)):
            panel.draw_lines([leader], width_pt=width_pt, colour=colour, level=6.0)
    wide_cm = (panel.limits[1] - panel.limits[0]) / panel.size_in[0] / 72.0
    for colour, width_pt, size_pt in ((style.INK, 4.6, 8.5), (style.PAPER, 1.8, 5.5)):
        reach_cm = 0.5 * (12.0 + width_pt) * wide_cm
        bars = [np.array([[place_cm, end] for end in ends_cm])]
        bars += [np.array([[place_cm - reach_cm, end], [place_cm + reach_cm, end]]) for end in ends_cm]
        panel.draw_lines(bars, width_pt=width_pt, colour=colour, level=7.0, cap="butt")
        if panel.limits[0] <= place_cm <= panel.limits[1] and ground_cm <= depth_cm <= end_cm:
            column, row = (float(value) for value in panel.at(place_cm, depth_cm))
            dot = coverage.circle(column, row, 0.5 * panel.points_px(size_pt))
            panel.draw_polygon(dot, colour, 7.5)


def tag_words(target: Target, *, full: bool) -> tuple[str, ...]:
    """Texts of a tag, the one to be preferred first: a number never stands alone beside a symbol."""
    name = plain(target.id, 10)
    return (f"{name} {say(CALL_NAMES[target.call])}", name) if full else (name,)


def free_boxes(
    names: Sequence[tuple[str, ...]], places: Sequence[tuple[float, float]], half: float, frame: Box
) -> list[tuple[str, Box, bool] | None]:
    """Find a place for each tag that covers no symbol.

    Parameters
    ----------
    names
        Texts of each tag, the one to be preferred first.
    places
        Middles of the symbols, points.
    half
        Half of a symbol's size, points.
    frame
        Edges of the map: left, bottom, right, top, points.

    Returns
    -------
    list of (text, box, apart) or None
        Whether the tag lies so far away that it needs a line; None where every place would cover a symbol.
    """
    reach = half + KEPT_PT
    symbols = np.array([(x - reach, y - reach, x + reach, y + reach) for x, y in places])
    taken: list[Box] = []
    found: list[tuple[str, Box, bool] | None] = []
    for texts, place in zip(names, places, strict=True):
        chosen = None
        for text in texts:
            boxes, apart = _boxes_around(text, place, half)
            hidden = overlaps(boxes, np.array(taken)).sum(axis=1) if taken else np.zeros(len(boxes))
            width, height = boxes[0, 2] - boxes[0, 0], boxes[0, 3] - boxes[0, 1]
            outside = width * height - overlaps(boxes, np.array([frame]))[:, 0]
            cost = hidden + 3.0 * outside
            cost[overlaps(boxes, symbols).sum(axis=1) > 0.0] = np.inf
            # The first of those that are as good as the best.
            best = int(np.flatnonzero(cost <= cost.min() + 1e-9)[0])
            if math.isfinite(cost[best]) and (chosen is None or cost[best] < chosen[0] - 1e-9):
                left, bottom, right, top = boxes[best].tolist()
                chosen = cost[best], (text, (left, bottom, right, top), bool(apart[best]))
            if chosen is not None and chosen[0] <= 1e-9:
                break
        found.append(None if chosen is None else chosen[1])
        if chosen is not None:
            taken.append(chosen[1][1])
    return found


def _boxes_around(
    text: str, place: tuple[float, float], half: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Boxes (n, 4) for a text around a symbol, the nearest first, in points, and which of them need a line."""
    lines = text.split("\n")
    width = 0.70 * TAG_PT * max(len(line) for line in lines) + 6.0
    height = 1.25 * TAG_PT * len(lines) + 6.0
    gaps = half + np.repeat(AWAY_PT, len(_AROUND))
    middle = np.array(place) + np.tile(_AROUND, (len(AWAY_PT), 1)) * (
        gaps[:, None] + 0.5 * np.array([width, height])
    )
    boxes = np.concatenate([middle, middle], axis=1) + 0.5 * np.array([-width, -height, width, height])
    return boxes, np.repeat(np.array(AWAY_PT) > NEAR_PT, len(_AROUND))
