"""Contours: the lines of scikit-image where those are not a matter of taste, broken where nothing was measured."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.measure import find_contours

from dualsense.render._canvas.contours import contour_lines


def _segments(lines):
    found = set()
    for line in lines:
        for one, other in pairwise(line):
            ends = sorted((tuple(np.round(one, 9) + 0.0), tuple(np.round(other, 9) + 0.0)))
            found.add(tuple(ends))
    return found


def _smooth():
    y, x = np.mgrid[0:40, 0:50]
    return np.exp(-((x - 20.0) ** 2 + (y - 12.0) ** 2) / 90.0) + 0.8 * np.exp(
        -((x - 44.0) ** 2 + (y - 30.0) ** 2) / 40
    )


@pytest.mark.parametrize("level", (0.1, 0.3, 0.79))
def test_lines_are_those_of_another_program(level):
    values = _smooth()
    values[10:14, 22:30] = np.nan
    lines = contour_lines(values, level)
    theirs = find_contours(values, level, mask=np.isfinite(values))
    assert len(lines) == len(theirs)
    assert _segments(lines) == _segments(theirs)


def test_closed_lines_end_where_they_begin():
    (line,) = contour_lines(_smooth()[:, :35], 0.5)
    assert (line[0] == line[-1]).all()
    assert np.hypot(line[:, 1] - 20.0, line[:, 0] - 12.0) == pytest.approx((90.0 * np.log(2.0)) ** 0.5, rel=0.02)


@given(
    values=hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=8),
        elements=st.sampled_from([0.0, 1.0, 2.0, 3.0, np.nan]),
    )
)
def test_lines_part_the_high_from_the_low(values):
    level = 1.4
    lines = contour_lines(values, level)
    crossed = set()
    for line in lines:
        for row, column in line:
            low, high = (int(np.floor(row)), int(np.floor(column))), (int(np.ceil(row)), int(np.ceil(column)))
            between = sorted((values[low], values[high]))
            assert between[0] < level < between[1]
            crossed.add((low, high))
    rows, columns = values.shape
    for row in range(rows - 1):
        for column in range(columns - 1):
            block = values[row : row + 2, column : column + 2]
            if not np.isfinite(block).all():
                continue
            for one, other in (((0, 0), (0, 1)), ((0, 0), (1, 0)), ((1, 0), (1, 1)), ((0, 1), (1, 1))):
                if (block[one] > level) != (block[other] > level):
                    ends = ((row + one[0], column + one[1]), (row + other[0], column + other[1]))
                    assert ends in crossed


def test_nothing_gives_no_lines():
    assert contour_lines(np.zeros((4, 5)), 1.0) == []
    assert contour_lines(np.full((4, 5), np.nan), 1.0) == []
    assert contour_lines(np.zeros((1, 5)), 0.0) == []
