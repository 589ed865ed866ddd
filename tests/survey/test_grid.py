"""Cells are square, their edges fall on multiples of their side, and every point has one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualsense.errors import ScanError
from dualsense.survey._grid import grid_around, nearest_cell

number = st.floats(-5.0, 5.0)


@given(st.lists(st.tuples(number, number), min_size=1, max_size=8), st.sampled_from((0.02, 0.05)))
def test_every_point_lies_inside_with_its_margin_and_edges_are_multiples(points, cell_m):
    xy = np.array(points)
    if np.ptp(xy, axis=0).max() > 3.0:
        xy = xy * 0.3
    grid = grid_around(xy, cell_m=cell_m, margin_m=0.1)
    for axis, values in ((grid.x_m, xy[:, 0]), (grid.y_m, xy[:, 1])):
        assert axis[0] - cell_m / 2 <= values.min() - 0.1 + 1e-9
        assert axis[-1] + cell_m / 2 >= values.max() + 0.1 - 1e-9
        edges = (axis - cell_m / 2) / cell_m
        assert np.allclose(edges, np.round(edges), atol=1e-6)
        assert np.allclose(np.diff(axis), cell_m)


def test_rows_without_a_position_are_passed_over():
    grid = grid_around(np.array([[np.nan, 0.0], [0.1, 0.1]]), cell_m=0.01, margin_m=0.0)
    assert nearest_cell(grid, 0.1, 0.1) == (0, 0)


def test_no_position_at_all_is_an_error():
    with pytest.raises(ScanError, match="no sample has a position"):
        grid_around(np.full((3, 3), np.nan))


def test_an_area_that_is_too_large_is_refused_before_it_is_laid_out():
    with pytest.raises(ScanError, match=r"survey\.cell_m"):
        grid_around(np.array([[0.0, 0.0], [1e4, 1e4]]))


def test_nearest_cell_is_clipped_to_the_grid():
    grid = grid_around(np.array([[0.0, 0.0], [0.1, 0.2]]), cell_m=0.01, margin_m=0.0)
    assert nearest_cell(grid, -9.0, 9.0) == (grid.y_m.size - 1, 0)
