"""Areas that shapes cover: exact against closed forms, and near the counting of points for unions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualsense.render._canvas.coverage import (
    circle,
    dashed,
    outline,
    polygon_coverage,
    stroke,
    thinned,
    visible,
)
from oracles.pictures import sampled_coverage


def _area(polygon):
    x, y = np.asarray(polygon).T
    return 0.5 * abs(x @ np.roll(y, -1) - y @ np.roll(x, -1))


@given(
    corners=st.lists(st.tuples(st.floats(0.0, 16.0), st.floats(0.0, 12.0)), min_size=3, max_size=3),
    backwards=st.booleans(),
)
def test_a_triangle_covers_its_area(corners, backwards):
    triangle = np.array(corners)[:: -1 if backwards else 1]
    covered = polygon_coverage([triangle[None]], (12, 16))
    assert covered.sum() == pytest.approx(_area(triangle), abs=1e-9)
    assert covered.min() >= 0.0
    assert covered.max() <= 1.0 + 1e-12


def test_each_pixel_gets_its_own_part():
    box = np.array([[[1.25, 0.5], [3.5, 0.5], [3.5, 2.75], [1.25, 2.75]]])
    across, down = np.array([0.0, 0.75, 1.0, 0.5, 0.0]), np.array([0.5, 1.0, 0.75, 0.0])
    np.testing.assert_allclose(polygon_coverage([box], (4, 5)), np.outer(down, across), atol=1e-12)


def test_what_reaches_beyond_the_window_is_cut_off_and_changes_nothing_inside():
    rng = np.random.default_rng(2)
    for _ in range(20):
        triangle = rng.uniform(-9.0, 25.0, (3, 2))
        wide = polygon_coverage([triangle[None] + 30.0], (72, 76))[30:42, 30:46]
        np.testing.assert_allclose(polygon_coverage([triangle[None]], (12, 16)), wide, atol=1e-9)


@pytest.mark.parametrize(
    "ends", (((2.0, 3.0), (27.0, 11.5)), ((5.5, 28.0), (6.0, 2.0)), ((3.0, 9.3), (25.0, 9.3)))
)
@pytest.mark.parametrize("width", (0.7, 1.9, 5.0))
def test_a_line_covers_its_length_times_its_width(ends, width):
    line = np.array(ends)
    covered = polygon_coverage(stroke(line, width), (32, 32))
    assert covered.sum() == pytest.approx(width * np.hypot(*(line[1] - line[0])), rel=1e-9)


@pytest.mark.parametrize(
    "line",
    (
        [[4.0, 4.0], [27.0, 8.0], [9.0, 15.0], [20.0, 27.0]],
        [[4.0, 4.0], [12.0, 5.0], [19.0, 9.0], [24.0, 16.0], [23.0, 24.0], [15.0, 28.0]],
        [[4.0, 20.0], [18.0, 20.0], [18.4, 20.3], [18.5, 20.0], [30.0, 9.0]],
        [[5.0, 5.0], [25.0, 25.0], [5.0, 5.0]],
    ),
)
def test_a_bent_line_is_the_union_of_its_parts(line):
    line = np.array(line)
    boxes = []
    for start, stop in pairwise(line):
        across = 2.1 * np.array([start[1] - stop[1], stop[0] - start[0]]) / np.hypot(*(stop - start))
        boxes.append(np.array([start + across, start - across, stop - across, stop + across]))
    parts = sampled_coverage(boxes, (34, 36))
    covered = polygon_coverage(stroke(line, 4.2), (34, 36))
    # Within bends the inner side and the outer corner may differ, by less than a pixel; areas that lie twice over
    # each other within one pixel add up, as along the edges of a line that runs back over itself.
    assert np.abs(covered - parts).mean() < 0.02
    assert (parts - covered).max() < 0.35
    assert (covered > 0.02)[parts == 0.0].sum() < 12


def test_a_curve_of_many_points_is_a_ribbon():
    angle = np.linspace(0.0, 5.0, 200)
    line = np.column_stack([30.0 + 20.0 * np.cos(angle), 30.0 + 20.0 * np.sin(angle)])
    (ribbon,) = stroke(line, 3.0)
    assert ribbon.shape == (1, 400, 2)
    assert polygon_coverage([ribbon], (60, 60)).sum() == pytest.approx(5.0 * 20.0 * 3.0, rel=2e-3)


def test_points_that_repeat_change_nothing():
    line = np.array([[4.0, 4.0], [27.0, 8.0], [9.0, 15.0]])
    again = line[[0, 0, 1, 1, 1, 2, 2]]
    np.testing.assert_allclose(
        polygon_coverage(stroke(again, 2.0), (32, 32)), polygon_coverage(stroke(line, 2.0), (32, 32))
    )
    assert stroke(line[[0, 0]], 2.0) == []
    assert stroke(line[:1], 2.0) == []


def test_the_outline_of_a_square_has_sharp_corners():
    square = np.array([[5.0, 5.0], [15.0, 5.0], [15.0, 15.0], [5.0, 15.0]])
    for corners in (square, square[::-1]):
        expected = np.zeros((20, 20))
        expected[4:16, 4:16] = 1.0
        expected[6:14, 6:14] = 0.0
        np.testing.assert_allclose(polygon_coverage(outline(corners, 2.0), (20, 20)), expected, atol=1e-9)


@pytest.mark.parametrize("radius", (0.4, 3.0, 40.0))
def test_a_circle_is_round_within_a_hundredth_of_a_pixel(radius):
    corners = circle(50.0, 50.0, radius)
    middles = 0.5 * (corners + np.roll(corners, -1, axis=0))
    assert np.hypot(*(middles - 50.0).T).min() > radius - 0.0101
    assert polygon_coverage([corners[None]], (100, 100)).sum() == pytest.approx(_area(corners), rel=1e-9)


def test_dashes_have_their_length_and_their_gaps():
    dashes = dashed(np.array([[0.0, 1.0], [0.0, 21.0]]), 8.0, 4.0)
    np.testing.assert_allclose(dashes, [[[0, 1], [0, 9]], [[0, 13], [0, 21]]])


def test_thinning_leaves_a_line_where_it_was():
    angle = np.linspace(0.0, 6.0, 3000)
    line = np.column_stack([40.0 + 30.0 * np.cos(angle), 40.0 + 30.0 * np.sin(angle)])
    few = thinned(line, 0.1)
    assert len(few) < 0.2 * len(line)
    assert (few[[0, -1]] == line[[0, -1]]).all()
    lost = polygon_coverage(stroke(few, 2.0), (80, 80)) - polygon_coverage(stroke(line, 2.0), (80, 80))
    assert np.abs(lost).max() < 0.2
    turns = np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 0.0], [5.0, 5.0], [0.0, 5.0]])
    np.testing.assert_array_equal(thinned(turns, 0.1), turns)


def test_lines_break_where_there_is_no_place_and_where_they_are_out_of_sight():
    x = np.arange(20.0)
    line = np.column_stack([x, 0.0 * x])
    line[7] = np.nan
    runs = visible(line, (2.5, -1.0, 12.5, 1.0), 0.0)
    assert [(run[0, 0], run[-1, 0]) for run in runs] == [(2.0, 6.0), (8.0, 13.0)]
    assert visible(line[:1], (0.0, 0.0, 1.0, 1.0), 1.0)[0].shape == (1, 2)
