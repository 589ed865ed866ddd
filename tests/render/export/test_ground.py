"""Outlines of cells: they hold the cells' area, turn the right way, and part where cells touch at a corner."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.render._export.ground import COVERED_BY, ground_parts, outlines


def area(ring):
    x, y = np.array(ring, dtype=float).T
    return 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def test_a_frame_is_a_ring_with_a_hole():
    frame = np.ones((3, 3), bool)
    frame[1, 1] = False
    ((outer, hole),) = outlines(frame)
    assert sorted(outer) == [(0, 0), (0, 3), (3, 0), (3, 3)]
    assert sorted(hole) == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert (area(outer), area(hole)) == (9.0, -1.0)


def test_cells_that_touch_at_a_corner_are_two_polygons():
    assert [[sorted(ring) for ring in rings] for rings in outlines(np.eye(2, dtype=bool))] == [
        [[(0, 0), (0, 1), (1, 0), (1, 1)]],
        [[(1, 1), (1, 2), (2, 1), (2, 2)]],
    ]


def test_any_cells_keep_their_area_within_sides_along_the_axes():
    rng = np.random.default_rng(4)
    for _ in range(150):
        mask = rng.random(rng.integers(1, 12, 2)) < rng.random()
        found = outlines(mask)
        for outer, *holes in found:
            assert area(outer) > 0
            assert all(area(hole) < 0 for hole in holes)
        assert sum(area(ring) for rings in found for ring in rings) == mask.sum()
        corners = [list(zip(ring, [*ring[1:], ring[0]], strict=True)) for rings in found for ring in rings]
        assert all((a[0] == b[0]) != (a[1] == b[1]) for ring in corners for a, b in ring)


@pytest.mark.parametrize("variant", ("full", "no_radar", "nothing_covered"))
def test_parts_make_up_the_patch_and_say_what_is_not_assessable(make_result, variant):
    result = make_result(variant)
    parts = ground_parts(result)
    patch_m2 = result.coverage.patch.sum() * result.coverage.grid.cell_m**2
    assert sum(part.area_m2 for part in parts) == pytest.approx(patch_m2, abs=1e-5)
    for part in parts:
        rings = [ring for rings in part.polygons for ring in rings]
        assert all((ring[0] == ring[-1]).all() for ring in rings)
        assert sum(area(ring[:-1]) for ring in rings) == pytest.approx(part.area_m2, abs=1e-5)
        assert ("not assessable" in part.words) == (part.covered_by != "both")
    assert list(COVERED_BY)[-1] == "both"
    assert ("both" in {part.covered_by for part in parts}) == (variant == "full")
