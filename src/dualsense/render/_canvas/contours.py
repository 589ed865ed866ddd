"""Lines of equal value on a map: marching squares, the crossings joined to lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOW, RIGHT, HIGH, LEFT = range(4)
# From side to side of a cell, what is above the level at the left hand of the line; corners count 1 (row, column),
# 2 (row, column + 1), 4 (row + 1, column + 1), 8 (row + 1, column).
WAYS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((LOW, LEFT),),
    2: ((RIGHT, LOW),),
    3: ((RIGHT, LEFT),),
    4: ((HIGH, RIGHT),),
    6: ((HIGH, LOW),),
    7: ((HIGH, LEFT),),
    8: ((LEFT, HIGH),),
    9: ((LOW, HIGH),),
    11: ((RIGHT, HIGH),),
    12: ((LEFT, RIGHT),),
    13: ((LOW, RIGHT),),
    14: ((LEFT, LOW),),
}
APART = {5: ((LOW, LEFT), (HIGH, RIGHT)), 10: ((RIGHT, LOW), (LEFT, HIGH))}
JOINED = {5: ((LOW, RIGHT), (HIGH, LEFT)), 10: ((LEFT, LOW), (RIGHT, HIGH))}


def contour_lines(values: NDArray[np.float64], level: float) -> list[NDArray[np.float64]]:
    """Lines along which a map has a value, linear between the cells' centres; none where it is not finite.

    In a cell of four centres whose diagonals differ, the two high corners are joined where the mean of the four
    exceeds the level.

    Parameters
    ----------
    values : (rows, columns)
        The map.
    level
        The value.

    Returns
    -------
    list of (n, 2) float64
        Row and column of the points, in units of cells; a closed line ends in its first point. What exceeds the
        level lies at the same hand of every line.
    """
    if min(values.shape) < 2:
        return []
    starts, stops = _ways(values, level)
    if not starts.size:
        return []
    used, inverse = np.unique(np.concatenate([starts, stops]), return_inverse=True)
    points = _crossings(values, level, used)
    chains = _joined(inverse[: starts.size].tolist(), inverse[starts.size :].tolist())
    return [points[chain] for chain in chains]


def _ways(values: NDArray[np.float64], level: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Sides at which lines enter and leave cells: twice the place of a centre, plus one if it is a column's."""
    above = values >= level
    known = np.isfinite(values)
    whole = known[:-1, :-1] & known[:-1, 1:] & known[1:, 1:] & known[1:, :-1]
    code = above[:-1, :-1] + 2 * above[:-1, 1:].astype(np.int8) + 4 * above[1:, 1:] + 8 * above[1:, :-1]
    code[~whole] = 0
    rows, columns = np.nonzero((code > 0) & (code < 15))
    code = code[rows, columns]
    width = values.shape[1]
    place = rows * width + columns
    sides = np.stack([2 * place, 2 * (place + 1) + 1, 2 * (place + width), 2 * place + 1])
    corners = values[rows, columns] + values[rows, columns + 1] + values[rows + 1, columns + 1]
    joined = corners + values[rows + 1, columns] >= 4.0 * level
    starts, stops = [], []
    for number in (*WAYS, *APART):
        tables = [(code == number, WAYS[number])] if number in WAYS else []
        if number in APART:
            tables = [((code == number) & ~joined, APART[number]), ((code == number) & joined, JOINED[number])]
        for chosen, ways in tables:
            for start, stop in ways:
                starts.append(sides[start, chosen])
                stops.append(sides[stop, chosen])
    return np.concatenate(starts), np.concatenate(stops)


def _crossings(values: NDArray[np.float64], level: float, sides: NDArray[np.intp]) -> NDArray[np.float64]:
    """Points (n, 2) at which the level crosses sides."""
    row, column = np.divmod(sides // 2, values.shape[1])
    upright = sides % 2
    first, second = values[row, column], values[row + upright, column + 1 - upright]
    part = (level - first) / (second - first)
    return np.column_stack([row + upright * part, column + (1 - upright) * part])


def _joined(starts: list[int], stops: list[int]) -> list[list[int]]:
    """Chains of ways, each entered where another was left; open ones first."""
    following = dict(zip(starts, stops, strict=True))
    heads = sorted(following.keys() - set(stops))
    chains = [_followed(head, following) for head in heads]
    while following:
        chains.append(_followed(next(iter(following)), following))
    return chains


def _followed(head: int, following: dict[int, int]) -> list[int]:
    chain = [head]
    while chain[-1] in following:
        chain.append(following.pop(chain[-1]))
    return chain
