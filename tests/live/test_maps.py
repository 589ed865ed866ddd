"""Maps that grow by tiles equal what one formula gives for all rows, whatever the steps in which they came."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.live._candidates import Peaks
from dualsense.live._metal import MetalMap
from dualsense.live._tiles import TILE, Canvas, joint_map, reached, trimmed
from dualsense.live._trace import MOST, Trace
from oracles.sweep import local_maxima, weighted_map


def drawn(pieces, xy, rest, weight, *, cell_m=0.01):
    canvas = Canvas(cell_m, ("metal",))
    grown = MetalMap(canvas, width_m=0.015, reach_m=0.05)
    changed = [grown.add(xy[rows], rest[rows], weight[rows]) for rows in pieces]
    grid, layers = canvas.picture()
    return grid, layers["metal"], changed


@pytest.fixture
def rows():
    draw = np.random.default_rng(5)
    return draw.uniform(-0.2, 0.3, (60, 2)), draw.normal(size=(60, 4)), draw.uniform(0.5, 2.0, 60)


@pytest.mark.kernel
def test_a_map_that_grew_is_the_map_of_all_rows(rows):
    xy, rest, weight = rows
    pieces = np.array_split(np.arange(60), 7)
    grid, grown, _ = drawn(pieces, *rows)
    cells = np.stack(np.meshgrid(grid.x_m, grid.y_m), axis=-1).reshape(-1, 2)
    whole = weighted_map(xy, rest, weight, cells, width_m=0.015, reach_m=0.05).reshape(grown.shape)
    assert np.array_equal(np.isfinite(grown), np.isfinite(whole))
    np.testing.assert_allclose(grown, whole, rtol=1e-6, atol=1e-9)
    _, at_once, _ = drawn([slice(None)], *rows)
    np.testing.assert_allclose(grown, at_once, rtol=1e-6, atol=1e-9)


@pytest.mark.kernel
def test_rows_change_only_the_cells_that_they_reach(rows):
    xy, rest, weight = rows
    xy[30:] += (3.0, 0.0)
    *_, changed = drawn([slice(0, 30), slice(30, 60)], xy, rest, weight)
    assert set(changed[0]).isdisjoint(changed[1])
    assert set(changed[1]) <= set(reached(xy[30:], 0.05, 0.01))


def test_a_canvas_keeps_what_was_drawn_and_copies_little(monkeypatch):
    canvas, copied, made = Canvas(0.01, ("a",)), [], np.full
    monkeypatch.setattr(np, "full", lambda shape, *more: copied.append(np.prod(shape)) or made(shape, *more))
    keys = [(0, i) for i in range(40)] + [(-j, 3) for j in range(1, 30)]
    for n, key in enumerate(keys):
        canvas.include(key)
        canvas.draw("a", key, made((TILE, TILE), np.float32(n)))
    assert sum(copied) < 6 * copied[-1]
    monkeypatch.undo()
    grid, layers = canvas.picture()
    assert layers["a"].shape == (30 * TILE, 40 * TILE)
    assert grid.x_m[0] == pytest.approx(0.005)
    assert grid.y_m[-1] == pytest.approx(0.155)
    for n, (j, i) in enumerate(keys):
        assert (layers["a"][(j + 29) * TILE : (j + 30) * TILE, i * TILE : (i + 1) * TILE] == n).all()
    assert np.isnan(layers["a"][: 29 * TILE, 4 * TILE :]).all()


def test_pictures_do_not_change_afterwards():
    canvas = Canvas(0.01, ("a",))
    canvas.include((0, 0))
    canvas.draw("a", (0, 0), np.zeros((TILE, TILE), np.float32))
    _, before = canvas.picture()
    canvas.draw("a", (0, 0), np.ones((TILE, TILE), np.float32))
    assert (before["a"] == 0.0).all()


def test_maps_of_both_sensors_are_laid_on_one():
    layers = {"a": (0.0, 0.0, np.ones((2, 2), np.float32)), "b": (0.02, 0.01, np.ones((3, 1), np.float32))}
    x_m, y_m, whole = joint_map(layers, 0.01)
    assert (x_m, y_m) == (0.0, 0.0)
    assert [np.isfinite(whole[name]).sum() for name in "ab"] == [4, 3]
    assert np.isfinite(whole["b"][1:4, 2]).all()
    _, y_m, cut = trimmed(0.0, 0.0, {"b": whole["b"]}, 0.01)
    assert y_m == 0.0
    assert cut["b"].shape == (4, 2)


@pytest.mark.kernel
def test_peaks_found_as_the_map_grows_are_those_of_the_whole(rows):
    xy, rest, weight = rows
    canvas = Canvas(0.01, ("metal",))
    grown, peaks = MetalMap(canvas, width_m=0.015, reach_m=0.05), Peaks("metal", least=0.4, contrast=0.0)
    for part in np.array_split(np.arange(60), 9):
        peaks.update(canvas, grown.add(xy[part], rest[part], weight[part]))
    grid, layers = canvas.picture()
    found = {
        (round((y - grid.y_m[0]) / 0.01), round((x - grid.x_m[0]) / 0.01))
        for held in peaks._found.values()
        for _, x, y, _ in held
    }
    assert found == local_maxima(layers["metal"], 0.4)
    strongest = peaks.strongest()
    assert [p[0] for p in strongest] == sorted((p[0] for p in strongest), reverse=True)
    apart = [np.hypot(a[1] - b[1], a[2] - b[2]) for n, a in enumerate(strongest) for b in strongest[:n]]
    assert min(apart) > 0.08


def test_a_trace_keeps_every_peak_in_bounded_pieces():
    trace = Trace()
    for second in range(3000):
        time_s = second + np.arange(0.0, 1.0, 0.02)
        trace.extend(time_s, np.where(np.isclose(time_s, 1234.5), 9.0, 1.0))
    time_s, peak = trace.series()
    assert time_s.size <= MOST
    assert peak.max() == 9.0
    assert time_s[peak.argmax()] == pytest.approx(1234.5, abs=4.0)
    assert (np.diff(time_s) > 0.0).all()
