"""A drawing of the house: rooms as boxes on the floors of the import contract, with arrows to what they import.

Arrows that others imply, and those to the ground floor, on which everything stands, are left out, so that what
remains can be read. Equal sources give equal bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.structure import House

FLOOR = 112  # from floor to floor, px
PASS = 34  # half of the height in which an arrow passes a floor upright
GAP = 26  # between boxes
LANE = 16  # width that an arrow takes when it passes a floor
LINE = 15
TEXT = 6.6  # width of a letter of the small print
STYLE = """
.plan-box { fill: var(--color-background-secondary, #f4f5f7); stroke: var(--color-foreground-secondary, #60656d); }
.plan-name { font: 600 14px sans-serif; fill: var(--color-foreground-primary, #111); }
.plan-small { font: 11.5px sans-serif; fill: var(--color-foreground-secondary, #50555c); }
.plan-arrow { fill: none; stroke: var(--color-foreground-muted, #7a8089); stroke-width: 1.3; }
.plan-wrong { stroke: #d11; stroke-width: 2; }
.plan-head { fill: var(--color-foreground-muted, #7a8089); }
"""


@dataclass
class Place:
    """A box of a room, or the point where an arrow passes a floor."""

    key: str
    floor: int
    lines: tuple[str, ...] = ()
    width: float = LANE
    x: float = 0.0

    @property
    def height(self) -> float:
        """Of the box; arrows that pass have none."""
        return 12 + LINE * len(self.lines) if self.lines else 0.0

    @property
    def y(self) -> float:
        """Of its middle."""
        return 50 + FLOOR * self.floor


def reduced(edges: Mapping[str, frozenset[str]]) -> list[tuple[str, str]]:
    """The pairs that no other way from the first to the second implies."""

    def below(room: str, seen: set[str]) -> set[str]:
        for other in edges[room] - seen:
            seen.add(other)
            below(other, seen)
        return seen

    return [
        (upper, lower)
        for upper in sorted(edges)
        for lower in sorted(edges[upper])
        if not any(lower in below(other, set()) for other in edges[upper] - {lower})
    ]


def _words(house: House, room: str) -> tuple[str, ...]:
    held = [module for module in house.modules.values() if module.room == room]
    lines = sum(module.lines for module in held)
    if len(held) == 1:
        return (room, f"{lines:,} lines")
    alcoves: dict[str, int] = {}
    for module in held:
        if module.alcove and module.path.name != "__init__.py":
            alcoves[module.alcove.strip("_")] = alcoves.get(module.alcove.strip("_"), 0) + 1
    said = [f"{name} {count}" for name, count in sorted(alcoves.items())]
    print_lines = [" · ".join(said[i : i + 4]) for i in range(0, len(said), 4)]
    return (room, f"{len(held)} modules, {lines:,} lines", *print_lines)


def _order(floors: list[list[Place]], links: Sequence[tuple[Place, Place]]) -> None:
    """Sort the floors so that few arrows cross, by the mean place of what each is linked with."""
    beside: dict[str, list[Place]] = {}
    for upper, lower in links:
        beside.setdefault(upper.key, []).append(lower)
        beside.setdefault(lower.key, []).append(upper)
    for _ in range(12):
        for floor in (*floors, *reversed(floors)):
            for rank, place in enumerate(floor):
                place.x = rank / max(len(floor) - 1, 1)
            ranked = {
                place.key: sum(other.x for other in beside.get(place.key, [place]))
                / len(beside.get(place.key, [place]))
                for place in floor
            }
            floor.sort(key=lambda place: (round(ranked[place.key], 9), place.key))
            for rank, place in enumerate(floor):
                place.x = rank / max(len(floor) - 1, 1)


def _spread(floors: list[list[Place]], links: Sequence[tuple[Place, Place]]) -> float:
    """Give every place its x: as near to what it is linked with as its neighbours allow; returns the width."""
    beside: dict[str, list[Place]] = {}
    for upper, lower in links:
        beside.setdefault(upper.key, []).append(lower)
        beside.setdefault(lower.key, []).append(upper)
    widest = max(sum(place.width + GAP for place in floor) for floor in floors)
    for floor in floors:
        at = (widest - sum(place.width + GAP for place in floor)) / 2
        for place in floor:
            place.x = at + GAP / 2 + place.width / 2
            at += place.width + GAP
    for _ in range(40):
        for floor in (*floors, *reversed(floors)):
            for place in floor:
                near = beside.get(place.key)
                if near:
                    place.x = (place.x + sum(other.x for other in near) / len(near)) / 2
            _part(floor, widest)
    return widest


def _part(floor: list[Place], widest: float) -> None:
    """Push the places of a floor apart and back between the walls, in their order."""
    for first, second in pairwise(floor):
        second.x = max(second.x, first.x + (first.width + second.width) / 2 + GAP)
    limit = widest
    for place in reversed(floor):
        place.x = min(place.x, limit - place.width / 2 - GAP / 2)
        limit = place.x - place.width / 2 - GAP / 2
    limit = 0.0
    for place in floor:
        place.x = max(place.x, limit + place.width / 2 + GAP / 2)
        limit = place.x + place.width / 2 + GAP / 2


def _arrow(places: Sequence[Place]) -> str:
    """A smooth line from the bottom of the first place through those that it passes to the top of the last."""
    first, last = places[0], places[-1]
    if first.floor > last.floor:
        return f'<path class="plan-wrong" d="M{first.x:.1f} {first.y:.1f} L{last.x:.1f} {last.y:.1f}"/>'
    points = [(first.x, first.y + first.height / 2)]
    points += [(place.x, place.y + side) for place in places[1:-1] for side in (-PASS, PASS)]
    points.append((last.x, last.y - last.height / 2 - 7))
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (y0 + y1) / 2
        path += f" C{x0:.1f} {middle:.1f} {x1:.1f} {middle:.1f} {x1:.1f} {y1:.1f}"
    x, y = points[-1]
    head = f"M{x - 4:.1f} {y:.1f} h8 l-4 7 z"
    return f'<path class="plan-arrow" d="{path}"/><path class="plan-head" d="{head}"/>'


def _box(place: Place) -> str:
    top = place.y - place.height / 2
    left = place.x - place.width / 2
    size = f'width="{place.width:.1f}" height="{place.height:.1f}"'
    parts = [f'<rect class="plan-box" x="{left:.1f}" y="{top:.1f}" {size} rx="6"/>']
    for row, text in enumerate(place.lines):
        kind = "plan-small" if row else "plan-name"
        y = top + 18 + LINE * row
        parts.append(
            f'<text class="{kind}" x="{place.x:.1f}" y="{y:.1f}" text-anchor="middle">{escape(text)}</text>'
        )
    return "".join(parts)


def _boxes(house: House, floor_of: Mapping[str, int]) -> dict[str, Place]:
    """A box for every room, from the top floor down."""
    boxes = {}
    for room in sorted({m.room for m in house.modules.values()} & floor_of.keys(), key=lambda r: (floor_of[r], r)):
        words = _words(house, room)
        width = 24 + max(TEXT * len(text) * (1.0 if row else 1.15) for row, text in enumerate(words))
        boxes[room] = Place(room, floor_of[room], words, width)
    return boxes


def draw(house: House, layers: Sequence[Sequence[str]]) -> str:
    """The plan as SVG. An arrow that leads upwards, which no contract allows, is red.

    Parameters
    ----------
    house
        The modules and their imports.
    layers
        Rooms of each floor, from the top down, under their names in the package.

    Raises
    ------
    ValueError
        Where a room has no floor.
    """
    edges = house.between_rooms()
    floor_of = {room: floor for floor, rooms in enumerate(layers) for room in rooms}
    if homeless := sorted(edges.keys() - floor_of.keys()):
        msg = f"no floor for {', '.join(homeless)}"
        raise ValueError(msg)
    ground = len(layers) - 1
    boxes = _boxes(house, floor_of)
    floors = [[box for box in boxes.values() if box.floor == floor] for floor in range(len(layers))]
    arrows: list[list[Place]] = []
    for pair in reduced(edges):
        upper, lower = sorted(pair, key=lambda room: floor_of[room])
        if floor_of[upper] == floor_of[lower] or floor_of[lower] == ground:
            continue
        between = range(floor_of[upper] + 1, floor_of[lower])
        passed = [Place(f"{upper}>{lower}@{floor}", floor) for floor in between]
        for place in passed:
            floors[place.floor].append(place)
        way = [boxes[upper], *passed, boxes[lower]]
        arrows.append(way if pair == (upper, lower) else way[::-1])
    links = [(a, b) for arrow in arrows for a, b in pairwise(arrow)]
    _order(floors, links)
    width = _spread(floors, links)
    height = 50 + FLOOR * ground + 50
    slab = f'<path class="plan-arrow" d="M{GAP} {height - 94:.0f} H{width - GAP:.0f}"/>'
    body = "\n".join([slab, *map(_arrow, arrows), *map(_box, boxes.values())])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="Rooms of the package, on floors, with arrows to what they import">\n'
        f"<style>{STYLE}</style>\n{body}\n</svg>"
    )
