"""The level to which a body is compared is that of the clutter around it, not its own and not its neighbour's."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from dualsense.gpr._bodies import _clutter_kernels
from dualsense.gpr._bodies.cfar import HIGHEST, clutter_level, depth_level, over_clutter
from dualsense.gpr._bodies.find import add_bodies, echo_finder, find_bodies
from dualsense.gpr._migrate.migrated import Migrated
from dualsense.result import Grid
from oracles import clutter as oracle

CELL = 0.01


def speckle(scale=1.0, shape=(6, 60, 60), seed=1):
    rng = np.random.default_rng(seed)
    return scale * np.abs(rng.normal(size=shape) + 1j * rng.normal(size=shape))


def test_even_clutter_has_its_own_median_everywhere():
    envelope = speckle()
    inside = np.ones(envelope.shape, bool)
    level = clutter_level(envelope, inside, cell_m=CELL)
    assert np.median(level) == pytest.approx(np.median(envelope), rel=0.05)
    assert (level >= 0.999 * depth_level(envelope, inside)[:, None, None]).all()


def test_a_louder_half_has_a_higher_level():
    envelope = speckle()
    envelope[:, :, 30:] *= 1.7
    level = clutter_level(envelope, np.ones(envelope.shape, bool), cell_m=CELL)
    assert np.median(level[:, :, 45:]) > 1.25 * np.median(level[:, :, :15])


def test_an_object_does_not_raise_its_own_level_and_a_neighbour_on_one_side_hides_nothing():
    envelope = speckle()
    inside = np.ones(envelope.shape, bool)
    before = clutter_level(envelope, inside, cell_m=CELL)[3, 30, 30]
    envelope[2:5, 27:34, 27:34] = 50.0
    envelope[2:5, 24:37, 40:50] = 50.0
    assert clutter_level(envelope, inside, cell_m=CELL)[3, 30, 30] == pytest.approx(before, rel=0.15)


def test_surroundings_raise_the_level_to_a_bound_and_the_rim_has_one_too():
    envelope = speckle()
    envelope[:, :, 20:40] *= 30.0
    inside = np.ones(envelope.shape, bool)
    inside[:, :5] = False
    level = clutter_level(np.where(inside, envelope, 0.0), inside, cell_m=CELL)
    assert np.isfinite(level).all()
    assert (level <= HIGHEST * depth_level(np.where(inside, envelope, 0.0), inside)[:, None, None] * 1.0001).all()


def patchy(cell, shape=(9, 70, 83), seed=3):
    """Clutter louder on one side, with an object, holes, an uncovered rim, a plane unmeasured; and its extent."""
    rng = np.random.default_rng(seed)
    envelope = (
        speckle(shape=shape, seed=seed).astype(np.float32) * np.geomspace(1.0, 0.05, shape[0])[:, None, None]
    )
    envelope[:, :, 50:] *= 1.7
    envelope[3:6, 20:30, 20:30] *= 30.0
    inside = rng.random(shape) > 0.1
    inside[:, :7] = inside[:, :, 75:] = False
    inside[-1] = False
    return np.where(inside, envelope, 0.0).astype(np.float32), inside, cell


@pytest.mark.parametrize("cell", (0.005, 0.0071, 0.01, 0.02, 0.2))
def test_the_level_is_that_of_filters_and_sorting(cell):
    """Sums in single precision: to 1e-6 of the level."""
    envelope, inside, cell = patchy(cell)
    found = clutter_level(envelope, inside, cell_m=cell)
    np.testing.assert_allclose(found, oracle.clutter_level(envelope, inside, cell), rtol=1e-6)
    assert found.dtype == np.float32


@pytest.mark.parametrize("count", (1, 2, 3, 4, 5, 100, 1001))
@pytest.mark.parametrize("ties", (False, True))
def test_quantiles_of_planes_are_numpys(count, ties):
    rng = np.random.default_rng(count)
    envelope = np.abs(rng.standard_cauchy((4, 1, 1200))).astype(np.float32)
    envelope = np.round(envelope) if ties else envelope
    inside = np.zeros(envelope.shape, bool)
    for k in range(3):  # nothing of the last plane
        inside[k, 0, rng.choice(1200, count, replace=False)] = True
    quartile, median = np.empty(4), np.empty(4)
    _clutter_kernels.plane_quantiles(envelope, inside, quartile, median)
    expected = [
        np.quantile(e[i].astype(float), (0.25, 0.5)) for e, i in zip(envelope[:3], inside[:3], strict=True)
    ]
    np.testing.assert_allclose(np.stack([quartile, median], axis=1), [*expected, (0.0, 0.0)], rtol=1e-12)


@pytest.mark.parametrize("half", (1, 2, 5))
def test_peaks_are_those_of_a_maximum_filter(half):
    envelope, inside, _ = patchy(0.01)
    contrast = (envelope / oracle.clutter_level(envelope, inside, 0.01)).astype(np.float32)
    places = np.argwhere(inside & (contrast > 1.5))
    kind = np.empty(len(places), np.int8)
    _clutter_kernels.peaks(envelope, contrast, places, half, kind)
    bright, stands_out = (oracle.peaks(v, 2 * half + 1)[tuple(places.T)] for v in (envelope, contrast))
    assert bright.any()
    assert (stands_out & ~bright).any()
    assert (kind == np.where(bright, _clutter_kernels.BRIGHT, stands_out)).all()


def test_a_volume_is_compared_to_its_clutter_once_for_all_that_ask():
    envelope, inside, cell = patchy(0.01)
    nz, ny, nx = envelope.shape
    grid = Grid(cell * np.arange(nx), cell * np.arange(ny), cell)
    migrated = Migrated(
        envelope.astype(np.complex64), inside.astype(np.float32), inside * 0.5, cell * np.arange(nz)
    )
    covered = inside.any(axis=0)
    over = over_clutter(migrated, grid, covered)
    np.testing.assert_array_equal(over.inside, inside & covered)
    np.testing.assert_array_equal(over.contrast, envelope / clutter_level(envelope, inside, cell_m=cell))
    bodies = find_bodies(migrated, grid, over)
    assert bodies
    assert add_bodies((), np.array([(0.6, 0.4, 0.05)]), migrated, grid, over)
    assert add_bodies(bodies, np.zeros((0, 3)), migrated, grid, over) == bodies
    near = echo_finder(migrated, grid, over)(0.4, 0.3)
    assert near is not None
    assert np.hypot(near.x_m - 0.4, near.y_m - 0.3) < 0.1


@pytest.mark.parametrize("threads", (1, 2, 4))
def test_the_threads_change_no_bit(threads):
    envelope, inside, cell = patchy(0.01)
    most = numba.config.NUMBA_NUM_THREADS
    if threads > most:
        pytest.skip(f"numba was started with {most} threads")
    whole = clutter_level(envelope, inside, cell_m=cell)
    before = numba.get_num_threads()
    numba.set_num_threads(threads)
    try:
        np.testing.assert_array_equal(clutter_level(envelope, inside, cell_m=cell), whole)
    finally:
        numba.set_num_threads(before)


def test_a_volume_need_not_lie_in_memory_in_its_own_order():
    envelope = speckle(shape=(6, 40, 40)).astype(np.complex64)
    axis = CELL * np.arange(40)
    spread = envelope.transpose(1, 2, 0).copy().transpose(2, 0, 1)  # as what is picked from a line is
    grid, covered, fold = Grid(axis, axis, CELL), np.ones((40, 40), bool), np.ones(envelope.shape, np.float32)
    depth_m = CELL * np.arange(6)
    one, other = (
        over_clutter(Migrated(values, fold, fold, depth_m), grid, covered) for values in (envelope, spread)
    )
    assert not spread.flags.c_contiguous
    assert np.array_equal(one.contrast, other.contrast)
