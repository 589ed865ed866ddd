"""Where migration puts a point, how sharp, and what it does with awkward input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.gpr._clean.surface import Surface
from dualsense.gpr._migrate.kirchhoff import kirchhoff
from dualsense.gpr._rays.traveltime import time_table
from dualsense.gpr._traces import Traces, analytic_traces
from dualsense.result import Grid
from oracles import forward

DT_S = 13e-12
EPS = 6.0


def flat_traces(values):
    """Traces of which only the values over time are looked at."""
    return Traces(values, DT_S, np.array([1e9]), np.ones((len(values), 1), complex))


def cells(x0, nx, y0, ny, cell=0.02):
    return Grid(x0 + cell * np.arange(nx), y0 + cell * np.arange(ny), cell)


def plain_surface(soundings):
    """A surface that leaves heights and spectra alone."""
    n = soundings.time_s.size
    return Surface(
        soundings.midpoint_m[:, 2], np.zeros(n), np.ones_like(soundings.spectrum), np.ones(n), fitted=False
    )


def focus(soundings, grid, depth, **options):
    traces = analytic_traces(soundings, plain_surface(soundings), whiten=False)
    return kirchhoff(soundings, traces, grid, depth, **options)


def refined(axis, values):
    """Place of the largest value, by a parabola through it and its neighbours."""
    i = int(np.argmax(values))
    assert 0 < i < len(values) - 1
    low, middle, high = values[i - 1 : i + 2]
    return axis[i] + 0.5 * (low - high) / (low - 2 * middle + high) * (axis[1] - axis[0])


@pytest.mark.parametrize("eps", (4.0, 9.0))
@pytest.mark.parametrize("place", ((0.013, -0.021, 0.083), (-0.032, 0.027, 0.038)))
def test_a_point_is_imaged_where_it_is(eps, place):
    """Irregular positions and 5 mm of known height jitter: within half a voxel in every direction."""
    rng = np.random.default_rng(11)
    silent = forward.soundings(forward.sweep(rng))
    soundings = replace(silent, spectrum=forward.point_echo(silent, place, eps))
    grid, depth = cells(-0.1, 41, -0.1, 41, 0.005), np.arange(0.0, 0.15, 0.005)
    volume = focus(soundings, grid, depth, relative_permittivity=eps)
    envelope = np.abs(volume.amplitude)
    k, j, i = np.unravel_index(np.argmax(envelope), envelope.shape)
    assert refined(grid.x_m, envelope[k, j]) == pytest.approx(place[0], abs=0.0025)
    assert refined(grid.y_m, envelope[k, :, i]) == pytest.approx(place[1], abs=0.0025)
    assert refined(depth, envelope[:, j, i]) == pytest.approx(place[2], abs=0.0025)
    assert envelope.max() == pytest.approx(1.0, abs=0.06)  # a weighted mean of echoes of amplitude one
    assert volume.coherence[k, j, i] > 0.95
    assert volume.coherence.max() <= 1.0 + 1e-5


def test_heights_matter():
    """What the jitter costs when the heights are not told, and what it does not cost when they are."""
    rng = np.random.default_rng(12)
    silent = forward.soundings(forward.sweep(rng, lines=10, per_line=20, height_m=0.05, height_jitter_m=0.01))
    true = silent.midpoint_m[:, 2]
    soundings = replace(silent, spectrum=forward.point_echo(silent, (0.0, 0.0, 0.07), EPS))
    level = replace(
        soundings, tx_m=soundings.tx_m * [1, 1, 0] + [0, 0, 0.05], rx_m=soundings.rx_m * [1, 1, 0] + [0, 0, 0.05]
    )
    grid, depth = cells(-0.03, 13, -0.03, 13, 0.005), np.arange(0.04, 0.10, 0.005)
    levelled = focus(level, grid, depth, relative_permittivity=EPS, height_m=true)
    as_if_flat = focus(level, grid, depth, relative_permittivity=EPS)
    assert np.abs(levelled.amplitude).max() > 0.98
    assert np.abs(as_if_flat.amplitude).max() < 0.93 * np.abs(levelled.amplitude).max()
    direct = focus(soundings, grid, depth, relative_permittivity=EPS)
    np.testing.assert_array_equal(levelled.amplitude, direct.amplitude)


def test_wrong_soil_blurs_and_misplaces():
    rng = np.random.default_rng(13)
    silent = forward.soundings(forward.sweep(rng, lines=10, per_line=20))
    soundings = replace(silent, spectrum=forward.point_echo(silent, (0.0, 0.0, 0.08), 9.0))
    grid, depth = cells(-0.03, 13, -0.03, 13, 0.005), np.arange(0.0, 0.2, 0.005)
    right = np.abs(focus(soundings, grid, depth, relative_permittivity=9.0).amplitude)
    wrong = np.abs(focus(soundings, grid, depth, relative_permittivity=4.0).amplitude)
    assert depth[np.argmax(right.max(axis=(1, 2)))] == pytest.approx(0.08, abs=0.003)
    assert depth[np.argmax(wrong.max(axis=(1, 2)))] > 0.1
    assert wrong.max() < 0.97 * right.max()


def test_a_dense_corner_is_no_brighter():
    """Half the patch swept ten times: the mean over a uniform reflector stays what it is."""
    rng = np.random.default_rng(14)
    xy = rng.uniform(-0.15, 0.15, (300, 2))
    dense = np.column_stack([rng.uniform(-0.15, 0.0, 2000), rng.uniform(-0.15, 0.15, 2000)])
    points = np.concatenate([xy, dense])
    soundings = forward.soundings(np.column_stack([points, np.full(len(points), 0.04)]))
    traces = flat_traces(np.ones((len(points), 300), np.complex64))
    grid, depth = cells(-0.1, 11, -0.1, 11), np.array([0.05])
    volume = kirchhoff(soundings, traces, grid, depth, relative_permittivity=4.0)
    np.testing.assert_allclose(np.abs(volume.amplitude), 1.0, rtol=1e-5)
    left, right = volume.fold[0, :, :4].mean(), volume.fold[0, :, 7:].mean()
    assert 0.5 < left / right < 2.0  # of a ratio of 15 in soundings


def test_input_is_left_alone():
    rng = np.random.default_rng(15)
    soundings = forward.soundings(forward.sweep(rng, lines=3, per_line=5))
    traces = flat_traces(np.ones((15, 200), np.complex64))
    kept = [soundings.tx_m.copy(), soundings.rx_m.copy(), traces.values.copy()]
    depth = np.array([-0.01, 0.0, 0.02])
    kirchhoff(soundings, traces, cells(0, 3, 0, 3), depth, relative_permittivity=4.0, height_m=np.full(15, 0.02))
    for before, after in zip(kept, (soundings.tx_m, soundings.rx_m, traces.values), strict=True):
        np.testing.assert_array_equal(before, after)
    assert depth[0] == -0.01


def test_single_line_images_in_its_own_plane():
    rng = np.random.default_rng(16)
    x = np.linspace(-0.2, 0.2, 60) + 0.002 * rng.standard_normal(60)
    silent = forward.soundings(np.column_stack([x, 0 * x, 0.03 + 0.004 * rng.random(60)]))
    soundings = replace(silent, spectrum=forward.point_echo(silent, (0.02, 0.0, 0.06), EPS))
    grid = Grid(0.005 * np.arange(-20, 21), np.array([0.0]), 0.005)
    volume = focus(soundings, grid, np.arange(0.0, 0.12, 0.005), relative_permittivity=EPS)
    envelope = np.abs(volume.amplitude)[:, 0]
    k, i = np.unravel_index(np.argmax(envelope), envelope.shape)
    assert grid.x_m[i] == pytest.approx(0.02, abs=0.0026)
    assert 0.005 * k == pytest.approx(0.06, abs=0.0026)
    assert np.isfinite(volume.amplitude).all()


def test_one_voxel():
    soundings = forward.soundings(np.array([[0.0, 0.0, 0.03]]))
    traces = flat_traces(np.full((1, 200), 2j, np.complex64))
    volume = kirchhoff(
        soundings,
        traces,
        Grid(np.array([0.01]), np.array([0.02]), 0.005),
        np.array([0.05]),
        relative_permittivity=4.0,
    )
    assert volume.amplitude.shape == (1, 1, 1)
    assert volume.amplitude[0, 0, 0] == pytest.approx(2j)
    assert volume.coherence[0, 0, 0] == pytest.approx(1.0)
    assert volume.fold[0, 0, 0] > 0.5


def test_no_soundings():
    soundings = forward.soundings(np.empty((0, 3)))
    traces = flat_traces(np.empty((0, 200), np.complex64))
    volume = kirchhoff(soundings, traces, cells(0, 3, 0, 4), np.array([0.0, 0.05]), relative_permittivity=4.0)
    assert volume.amplitude.shape == (2, 4, 3)
    for values in (volume.amplitude, volume.fold, volume.coherence):
        assert not values.any()


@pytest.mark.parametrize("scale", (1e-25, 1.0, 1e25))
def test_units_of_the_recording_do_not_matter(scale):
    """Single precision squares an amplitude of 1e-25 to nothing and one of 1e25 to infinity."""
    rng = np.random.default_rng(17)
    silent = forward.soundings(forward.sweep(rng, lines=6, per_line=12))
    soundings = replace(silent, spectrum=scale * forward.point_echo(silent, (0.0, 0.0, 0.05), EPS))
    grid, depth = cells(-0.02, 5, -0.02, 5, 0.01), np.arange(0.03, 0.08, 0.01)
    volume = focus(soundings, grid, depth, relative_permittivity=EPS)
    assert volume.coherence[2, 2, 2] > 0.9
    assert abs(volume.amplitude[2, 2, 2]) == pytest.approx(scale, rel=0.1)


def test_a_head_lifted_high_costs_no_memory():
    """A head carried at arm's length before the sweep must not blow up the table, nor enter the image."""
    rng = np.random.default_rng(18)
    points = forward.sweep(rng, lines=4, per_line=10)
    points[:5, 2] = np.linspace(0.3, 3.0, 5)
    soundings = forward.soundings(points)
    traces = flat_traces(np.ones((40, 400), np.complex64))
    volume = kirchhoff(soundings, traces, cells(-0.1, 5, -0.1, 5), np.array([0.05]), relative_permittivity=4.0)
    assert np.isfinite(volume.amplitude).all()
    low = time_table(np.array([0.05]), max_height_m=3.0, max_rho_m=0.4, relative_permittivity=4.0)
    assert low.time_s.nbytes < 2e6
