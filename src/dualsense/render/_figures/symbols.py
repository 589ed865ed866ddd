"""Targets on a picture: a shape for each call, and tags that keep out of each other's way.

A call is told by its shape first; colour only helps.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from matplotlib.patheffects import Normal, Stroke

from dualsense.render._figures import style
from dualsense.render._targets import CALL_NAMES, confidence_words
from dualsense.scan import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from dualsense.result import Call, Target

Box = tuple[float, float, float, float]
SYMBOL_PT = 17.0
TAG_PT = 11.5
FULL_TAGS = 8


def draw_symbol(
    axes: Axes, x: float, y: float, call: Call, *, size_pt: float = SYMBOL_PT, zorder: float = 8
) -> None:
    """Symbol of a call: filled diamond, hollow circle, or a square with a question mark.

    Parameters
    ----------
    axes
        To draw on.
    x, y
        Place, in the units of the axes.
    call
        Which decides the shape.
    size_pt
        Size, points.
    zorder
        What is higher is drawn over it.
    """
    common: dict[str, Any] = {"linestyle": "none", "clip_on": False, "scalex": False, "scaley": False}
    if call == "suspect":
        axes.plot(
            x,
            y,
            marker="D",
            markersize=size_pt * 1.08,
            mfc=style.INK,
            mec=style.PAPER,
            mew=1.6,
            zorder=zorder,
            **common,
        )
        axes.plot(
            x,
            y,
            marker="D",
            markersize=size_pt * 0.8,
            mfc=style.SUSPECT,
            mec=style.INK,
            mew=1.6,
            zorder=zorder,
            **common,
        )
    elif call == "likely-clutter":
        axes.plot(
            x, y, marker="o", markersize=size_pt, mfc="none", mec=style.INK, mew=5.5, zorder=zorder, **common
        )
        axes.plot(
            x, y, marker="o", markersize=size_pt, mfc="none", mec=style.PAPER, mew=2.2, zorder=zorder, **common
        )
    else:
        axes.plot(
            x,
            y,
            marker="s",
            markersize=size_pt * 1.1,
            mfc=style.PAPER,
            mec=style.INK,
            mew=2.0,
            zorder=zorder,
            **common,
        )
        axes.annotate(
            "?",
            (x, y),
            ha="center",
            va="center_baseline",
            fontsize=size_pt * 0.85,
            fontweight="bold",
            zorder=zorder + 0.1,
            annotation_clip=False,
        )


def draw_targets(axes: Axes, targets: Sequence[Target], *, tags: bool = True, size_pt: float = SYMBOL_PT) -> None:
    """Symbols at the targets, the most important on top, each with its number, call and confidence beside it.

    With more than eight targets the tags hold the number alone.

    Parameters
    ----------
    axes
        Of a map in centimetres, at its final place.
    targets
        The most important first.
    tags
        False draws the symbols alone.
    size_pt
        Of a symbol, points.
    """
    for rank, target in enumerate(reversed(targets)):
        draw_symbol(
            axes, 100.0 * target.x_m, 100.0 * target.y_m, target.call, size_pt=size_pt, zorder=8 + 0.01 * rank
        )
    if not tags:
        return
    points_per_pixel = 72.0 / style.DPI
    limits = axes.get_window_extent()
    frame = (
        limits.x0 * points_per_pixel,
        limits.y0 * points_per_pixel,
        limits.x1 * points_per_pixel,
        limits.y1 * points_per_pixel,
    )
    places = [
        tuple(axes.transData.transform((100.0 * target.x_m, 100.0 * target.y_m)) * points_per_pixel)
        for target in targets
    ]
    half = 0.72 * size_pt
    taken: list[Box] = [(x - half, y - half, x + half, y + half) for x, y in places]
    for target, (x, y) in zip(targets, places, strict=True):
        text = _tag(target, full=len(targets) <= FULL_TAGS)
        box = _free_box(text, (x, y), half, taken, frame)
        taken.append(box)
        axes.annotate(
            text,
            (100.0 * target.x_m, 100.0 * target.y_m),
            xytext=(0.5 * (box[0] + box[2]) - x, 0.5 * (box[1] + box[3]) - y),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=TAG_PT,
            fontweight="bold",
            linespacing=1.1,
            zorder=9,
            annotation_clip=False,
            bbox={
                "boxstyle": "square,pad=0.22",
                "facecolor": style.PAPER,
                "edgecolor": style.INK,
                "linewidth": 1.2,
            },
        )


def draw_depth(axes: Axes, target: Target, place_cm: float) -> None:
    """Top of a target in a section as a dot, with a bar of one standard deviation both ways.

    Where its depth is unknown, a broken line with a question mark goes from the ground to the end.
    """
    if not math.isfinite(target.depth_m):
        axes.axvline(place_cm, color=style.PAPER, linewidth=3.4, zorder=6)
        axes.axvline(place_cm, color=style.INK, linewidth=2.0, linestyle=(0, (4, 3)), zorder=6)
        box = {"boxstyle": "square,pad=0.2", "facecolor": style.PAPER, "edgecolor": style.INK}
        middle_cm = 0.5 * sum(axes.get_ylim())
        axes.text(place_cm, middle_cm, "?", ha="center", va="center", fontweight="bold", zorder=7, bbox=box)
        return
    depth_cm, spread_cm = 100.0 * target.depth_m, 100.0 * target.position_std_m[2]
    ground_cm = axes.get_ylim()[1]
    effects = [Stroke(linewidth=2.6, foreground=style.INK), Normal()]
    spread_cm = spread_cm if math.isfinite(spread_cm) else 0.0
    common: dict[str, Any] = {"scalex": False, "scaley": False, "color": style.PAPER, "clip_on": True}
    if depth_cm - spread_cm > ground_cm:
        leader = ([place_cm, place_cm], [ground_cm, depth_cm - spread_cm])
        axes.plot(*leader, linewidth=1.1, zorder=6, path_effects=effects, **common)
    for colour, width, size in ((style.INK, 4.6, 8.5), (style.PAPER, 1.8, 5.5)):
        common["color"] = colour
        bar = ([place_cm, place_cm], [depth_cm - spread_cm, depth_cm + spread_cm])
        axes.plot(*bar, linewidth=width, solid_capstyle="butt", zorder=7, **common)
        ends = ([place_cm, place_cm], bar[1])
        axes.plot(*ends, linestyle="none", marker="_", markersize=12.0 + width, mew=width, zorder=7, **common)
        axes.plot(place_cm, depth_cm, linestyle="none", marker="o", markersize=size, mew=0.0, zorder=7.5, **common)


def _tag(target: Target, *, full: bool) -> str:
    if not full:
        return plain(target.id, 10)
    return f"{plain(target.id, 10)} {CALL_NAMES[target.call]} {confidence_words(target)}"


def _free_box(text: str, place: tuple[float, float], half: float, taken: Sequence[Box], frame: Box) -> Box:
    """First of the places around a symbol that leaves the map and the other tags least covered, in points."""
    lines = text.split("\n")
    width = 0.70 * TAG_PT * max(len(line) for line in lines) + 6.0
    height = 1.25 * TAG_PT * len(lines) + 6.0
    x, y = place
    best, least = (x, y, x, y), math.inf
    for reach in (half + 3.0, half + 24.0):
        for across, up in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)):
            middle_x = x + across * (reach + 0.5 * width)
            middle_y = y + up * (reach + 0.5 * height)
            box = (
                middle_x - 0.5 * width,
                middle_y - 0.5 * height,
                middle_x + 0.5 * width,
                middle_y + 0.5 * height,
            )
            cost = sum(_overlap(box, other) for other in taken) + 3.0 * (width * height - _overlap(box, frame))
            if cost < least - 1e-9:
                best, least = box, cost
    return best


def _overlap(one: Box, other: Box) -> float:
    across = min(one[2], other[2]) - max(one[0], other[0])
    up = min(one[3], other[3]) - max(one[1], other[1])
    return max(across, 0.0) * max(up, 0.0)
