"""The echo that a small mine would give beside the clutter, and the ground that the record does not reach."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense import gpr
from dualsense.gpr._bodies.cfar import OverClutter
from dualsense.gpr._bodies.smallest import clutter_below, mine_contrast
from dualsense.gpr._clean.surface import Surface
from dualsense.result import Grid
from oracles import forward

TOP_M = np.array([0.02, 0.05, 0.10, 0.15])
DEPTH_M = 0.005 * np.arange(41)
EPS = 6.0


def even(level=0.1, depth_m=DEPTH_M, measured=None):
    shape = (depth_m.size, 3, 4)
    inside = np.ones(shape, bool) if measured is None else np.broadcast_to(measured, shape)
    envelope = np.where(inside, 2.0 * level, 0.0).astype(np.float32)
    contrast = np.where(inside, 2.0, 0.0).astype(np.float32)
    return OverClutter(inside, envelope, contrast, np.full(depth_m.size, level))


def test_the_level_is_the_envelope_over_its_contrast():
    np.testing.assert_allclose(clutter_below(even(0.1), DEPTH_M, TOP_M), 0.1, rtol=1e-6)


@pytest.mark.parametrize("stop_m", (0.06, 0.118, 0.2))
def test_below_the_end_of_record_or_volume_anything_could_hide(stop_m):
    reached = np.less_equal(DEPTH_M, stop_m)
    cut = clutter_below(even(measured=reached[:, None, None]), DEPTH_M, TOP_M)
    shallow = DEPTH_M[reached]
    short = clutter_below(even(depth_m=shallow), shallow, TOP_M)
    for level in (cut, short):
        assert np.isfinite(level).all(axis=(1, 2)).tolist() == np.less_equal(TOP_M + 0.02, stop_m + 1e-9).tolist()
        contrast = mine_contrast(level, TOP_M, amplitude=1.0, relative_permittivity=EPS)
        assert np.array_equal(contrast > 0.0, np.isfinite(level))


def test_contrast_falls_with_depth_wetness_and_clutter():
    level = clutter_below(even(0.1), DEPTH_M, TOP_M)
    found = mine_contrast(level, TOP_M, amplitude=0.35, relative_permittivity=EPS)
    assert (np.diff(found[:, 0, 0]) < 0.0).all()
    assert (mine_contrast(level, TOP_M, amplitude=0.35, relative_permittivity=15.0) < found).all()
    assert (mine_contrast(level, TOP_M, amplitude=0.35, relative_permittivity=2.6) < found).all()
    np.testing.assert_allclose(
        mine_contrast(2.0 * level, TOP_M, amplitude=0.7, relative_permittivity=EPS), found, rtol=1e-6
    )


# the peaks of a PMA-2 (body 2.9, a gap of 2 cm) 3 and 10 cm deep in even soil, over the ground's echo, by the
# permittivity that the chain told there: python -m benchmarks.gpr.study_dry
DRY_PEAKS = {
    2.71: (0.073, 0.027),
    3.01: (0.141, 0.077),
    3.31: (0.231, 0.13),
    3.72: (0.329, 0.19),
    5.14: (0.639, 0.335),
}


@pytest.mark.parametrize("eps", DRY_PEAKS)
def test_the_weakest_echo_in_dry_soil_is_below_that_of_a_mine_without_air(eps):
    top_m, level = np.array([0.03, 0.10]), np.ones((2, 1, 1), np.float32)
    weakest = mine_contrast(level, top_m, amplitude=0.35, relative_permittivity=eps, weakest=True)
    assert (weakest[:, 0, 0] <= DRY_PEAKS[eps]).all()
    assert (weakest <= mine_contrast(level, top_m, amplitude=0.35, relative_permittivity=eps)).all()


def test_nothing_is_promised_in_soil_that_is_like_the_mine():
    level = np.ones((4, 1, 1), np.float32)
    assert not mine_contrast(level, TOP_M, amplitude=0.35, relative_permittivity=2.5, weakest=True).any()


@pytest.fixture(scope="module")
def sweep():
    """Silent soundings over a patch, and traces to take band and length from."""
    silent = forward.soundings(forward.sweep(np.random.default_rng(3), side_m=0.3, lines=14, per_line=30))
    n, flat = silent.time_s.size, np.ones_like(silent.spectrum)
    surface = Surface(silent.midpoint_m[:, 2], np.zeros(n), flat, np.ones(n), fitted=False)
    return silent, gpr.analytic_traces(silent, surface, whiten=False)


@pytest.mark.parametrize("depth_m", (0.05, 0.10))
@pytest.mark.parametrize("every", (2, 4))
def test_the_peak_of_an_echo_does_not_depend_on_how_many_soundings_there_are(sweep, depth_m, every):
    """By injection: a point is sent through the chain's own forward and migration, with all and with few."""
    soundings, like = sweep
    axis = 0.01 * np.arange(-6, 7)
    grid, depths = Grid(axis, axis, 0.01), depth_m + 0.005 * np.arange(-4, 5)
    point = np.zeros((9, 13, 13), np.complex64)
    point[4, 6, 6] = 1.0
    echo = gpr.demigrate(point, soundings, like, grid, depths, relative_permittivity=EPS)

    def peak(rows):
        some = replace(echo, values=echo.values[rows], spectrum=echo.spectrum[rows])
        found = gpr.kirchhoff(gpr.pick_rows(soundings, rows), some, grid, depths, relative_permittivity=EPS)
        return np.abs(found.amplitude[:, 4:9, 4:9]).max()

    rows = np.arange(soundings.time_s.size)
    assert peak(rows[::every]) == pytest.approx(peak(rows), rel=0.2)
