"""What was measured and what was not: an unswept strip is part of the patch, and not covered."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest

from dualsense.survey import _coverage
from dualsense.survey._coverage import coverage, coverage_fractions, covered_cells, patch_cells
from dualsense.survey._grid import grid_around
from oracles import survey as plain


def raster(*, side=0.5, spacing=0.03, step=0.01, leave_out=()):
    """Back and forth along x, in lines along y; lines within a strip of ``leave_out`` are not swept."""
    rows = []
    for i, y in enumerate(np.arange(0.0, side + 1e-9, spacing)):
        if any(low <= y <= high for low, high in leave_out):
            continue
        x = np.arange(0.0, side + 1e-9, step)
        rows.append(np.column_stack([x[:: -1 if i % 2 else 1], np.full(x.size, y), np.full(x.size, 0.04)]))
    return np.concatenate(rows)


def whole(grid, low, high):
    """Cells whose centre lies in a rectangle."""
    return ((grid.x_m >= low[0]) & (grid.x_m <= high[0]))[None, :] & (
        (grid.y_m >= low[1]) & (grid.y_m <= high[1])
    )[:, None]


def test_a_swept_patch_is_covered():
    track = raster()
    grid = grid_around(track)
    cover = coverage(grid, head_m=track, emi_m=track, gpr_m=track)
    inside = whole(grid, (0.0, 0.0), (0.5, 0.48))
    assert cover.patch[inside].all()
    assert cover.emi[inside].all()
    assert cover.gpr[inside].all()
    area, part, both = coverage_fractions(cover)
    assert part == {"emi": 1.0, "gpr": 1.0}
    assert both == 1.0
    assert area == pytest.approx(0.5 * 0.48, rel=0.03)


@pytest.mark.parametrize("strip", ((0.15, 0.33), (0.21, 0.3)))
def test_a_strip_left_out_is_patch_and_not_covered(strip):
    """The deminer forgot a lane: whatever lies there was not looked at, and must be told."""
    track = raster(leave_out=(strip,))
    grid = grid_around(track)
    cover = coverage(grid, head_m=track, emi_m=track, gpr_m=track)
    middle = 0.5 * sum(strip)
    forgotten = whole(grid, (0.02, middle - 0.01), (0.48, middle + 0.01))
    assert cover.patch[forgotten].all()
    assert not cover.emi[forgotten].any()
    assert not cover.gpr[forgotten].any()
    _, part, both = coverage_fractions(cover)
    lines = track[:, 1]
    gap = np.diff(np.unique(lines)).max()
    assert part["emi"] == pytest.approx(1.0 - (gap - 2 * 0.05) / 0.48, abs=0.03)
    assert part["gpr"] == pytest.approx(1.0 - (gap - 2 * 0.03) / 0.48, abs=0.03)
    assert both == part["gpr"]


def test_reach_is_the_distance_to_the_nearest_sample():
    grid = grid_around(np.array([[0.0, 0.0], [1.0, 1.0]]), cell_m=0.01, margin_m=0.0)
    samples = np.array([[0.2, 0.3, 0.0], [0.7, 0.6, 0.0]])
    covered = covered_cells(grid, samples, reach_m=0.1)
    gx, gy = np.meshgrid(grid.x_m, grid.y_m)
    distance = np.min([np.hypot(gx - x, gy - y) for x, y, _ in samples], axis=0)
    clear_cut = np.abs(distance - 0.1) > 1e-9
    np.testing.assert_array_equal(covered[clear_cut], (distance < 0.1)[clear_cut])
    assert covered.any()
    assert not covered.all()


def test_samples_without_a_position_cover_nothing():
    track = raster()
    grid = grid_around(track)
    holed = track.copy()
    holed[track[:, 0] > 0.25] = np.nan
    covered = covered_cells(grid, holed, reach_m=0.03)
    assert covered[whole(grid, (0.0, 0.0), (0.2, 0.45))].all()
    assert not covered[whole(grid, (0.3, 0.0), (0.5, 0.5))].any()
    for nothing in (None, np.empty((0, 3)), np.full((4, 3), np.nan)):
        assert not covered_cells(grid, nothing, reach_m=0.03).any()


def test_one_sensor_alone():
    track = raster()
    grid = grid_around(track)
    cover = coverage(grid, head_m=track, emi_m=track, gpr_m=None)
    assert not cover.gpr.any()
    area, part, both = coverage_fractions(cover)
    assert part == {"emi": 1.0, "gpr": 0.0}
    assert both == 0.0
    assert area > 0.2


def test_the_sensors_lie_beside_the_head():
    """A radar 20 cm to the left of the coil sees other ground: what one of them saw alone, both did not."""
    track = raster()
    aside = track + np.array([0.0, 0.2, 0.0])
    grid = grid_around(np.concatenate([track, aside]))
    cover = coverage(grid, head_m=track, emi_m=track, gpr_m=aside)
    assert not cover.gpr[whole(grid, (0.0, 0.0), (0.5, 0.15))].any()
    assert not cover.emi[whole(grid, (0.0, 0.55), (0.5, 0.7))].any()
    _, part, both = coverage_fractions(cover)
    assert both == pytest.approx((0.48 + 0.05 - (0.2 - 0.03)) / 0.68, abs=0.02)
    assert both < part["gpr"]
    assert both < part["emi"]


def test_a_single_line_is_a_patch_as_wide_as_the_strip_it_measures():
    line = np.column_stack([np.linspace(0.0, 1.0, 101), np.zeros(101), np.full(101, 0.04)])
    grid = grid_around(line)
    cover = coverage(grid, head_m=line, emi_m=line, gpr_m=line)
    area, part, _ = coverage_fractions(cover)
    assert area == pytest.approx(2 * 0.03 + np.pi * 0.03**2, rel=0.03)
    assert part == {"emi": 1.0, "gpr": 1.0}
    narrow = patch_cells(grid, line)
    assert 2 * narrow.sum() < cover.patch.sum()


@pytest.mark.parametrize("n", (1, 2, 3))
def test_hardly_any_poses(n):
    """One point, two points, three on a line: no hull, but a patch."""
    track = np.column_stack([np.linspace(0.0, 0.1, n), np.zeros(n), np.full(n, 0.04)])
    grid = grid_around(track)
    assert patch_cells(grid, track).any()


def test_no_poses_is_no_patch():
    grid = grid_around(raster())
    cover = coverage(grid, head_m=np.full((9, 3), np.nan), emi_m=None, gpr_m=None)
    assert not cover.patch.any()
    assert coverage_fractions(cover) == (0.0, {"emi": 0.0, "gpr": 0.0}, 0.0)


def test_patch_is_the_hull():
    """A triangle swept along its outline: its inside belongs to the patch, its outside does not."""
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    t = np.linspace(0.0, 3.0, 301)
    track = np.column_stack([np.interp(t, range(4), corners[:, k]) for k in (0, 1)] + [0 * t])
    grid = grid_around(track, cell_m=0.01)
    patch = patch_cells(grid, track)
    gx, gy = np.meshgrid(grid.x_m, grid.y_m)
    inside = np.minimum.reduce([gx, gy, 1.0 - gx - gy])
    assert patch[inside > 0.0].all()
    assert not patch[inside < -0.011].any()


def test_the_patch_of_an_array_is_what_its_sensors_swept_not_the_line_of_its_head():
    x = np.linspace(0.0, 1.0, 60)
    head = np.column_stack([x, np.zeros(60), np.full(60, 0.05)])
    sensors = np.concatenate([head + np.array([0.0, dy, 0.0]) for dy in (-0.1, 0.0, 0.1)])
    cover = coverage(grid_around(sensors), head_m=head, emi_m=sensors, gpr_m=sensors[:60])
    area_m2, part, _ = coverage_fractions(cover)
    assert area_m2 > 0.19
    assert part["emi"] > 0.95
    assert part["gpr"] < 0.35


@pytest.mark.parametrize("reach_m", (0.0, 0.004, 0.03, 0.05))
@pytest.mark.parametrize("on_cells", (False, True), ids=("anywhere", "on cells"))
def test_cells_are_those_of_the_nearest_sample(reach_m, on_cells):
    grid = grid_around(np.array([[0.0, 0.0], [0.4, 0.3]]))
    rng = np.random.default_rng(2)
    xy = rng.uniform([-0.2, -0.2], [0.6, 0.5], (60, 2))
    if on_cells:  # where a reach of whole cells ends on a cell
        xy = np.column_stack([rng.choice(grid.x_m, 60), rng.choice(grid.y_m, 60)])
    covered = covered_cells(grid, xy, reach_m=reach_m)
    assert np.array_equal(covered, plain.covered_cells(grid, xy, reach_m))
    with mock.patch.object(_coverage, "SAMPLES", 7):
        assert np.array_equal(covered_cells(grid, xy, reach_m=reach_m), covered)
