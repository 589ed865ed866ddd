"""Fast sums over a grid of delays against every scatterer at every tone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.runtime.jit import jit
from dualsense.simulate import _soil as soil
from dualsense.simulate._radar import (
    _kernels,
    _row_kernels,
    _spread_kernels,
    delays,
    echo,
    plane_waves,
    scatterers,
)
from dualsense.simulate._radar.stack import Stack
from oracles import echoes

TONES = np.linspace(0.8e9, 3.2e9, 25)
HALF = np.array([0.0495, 0.0, 0.0])


def ground(rng, *, index=2.4, cells=41, rise=0.006):
    """Waves 15 to 20 cm long."""
    turn = 0.7 * np.arange(cells) + rng.uniform(0, 6)
    return soil.Ground(
        x0_m=-0.48,
        y0_m=-0.48,
        cell_m=0.024,
        height_m=rise * np.cos(0.9 * np.arange(cells)[:, None] + 2 * rng.normal()) * np.cos(turn),
        index=index,
        loss_np_m=0.0,
        loss_np_s_m=0.0,
        scatterer_m=np.zeros((0, 3)),
        strength_m3=np.zeros(0),
        scatterer_length_m=0.02,
    )


def axes(g):
    return (
        g.x0_m + g.cell_m * np.arange(g.height_m.shape[1]),
        g.y0_m + g.cell_m * np.arange(g.height_m.shape[0]),
    )


def spread(place, values, series, pair):
    """Add lines at a place to a series, and their first and fifth to one of pairs; False off the grid."""
    weights = delays.spreading_weights()
    node, w, part = _kernels.nodes_at(place, weights, len(series))
    if node < 0:
        return False
    rows = np.zeros(4 * _spread_kernels.ROW)
    rows[: _kernels.LINES] = values
    receiver = 2 * _spread_kernels.ROW
    rows[receiver : receiver + _kernels.LINES // 2] = 1.0  # what the other leg lets through
    none, at = (0.0, 0.0, 0.0), _kernels.LINES * w
    flat, flat_pair = series.reshape(-1), pair.reshape(-1)
    _spread_kernels.add_pair(
        rows, 0, 1.0, *none, receiver, 1.0, *none, weights.reshape(-1), at, part, flat, _kernels.LINES * node
    )
    one, two = values[0], values[_kernels.LINES // 2]
    _spread_kernels.add_twice(one, two, weights.reshape(-1), at, part, flat_pair, 2 * node)
    return True


@pytest.mark.kernel
def test_delays_add_up():
    rng = np.random.default_rng(0)
    delay, size = rng.uniform(0.4e-9, 6e-9, 30), rng.normal(size=(30, _kernels.LINES))
    grid = delays.delay_grid(TONES, first_s=delay.min(), last_s=delay.max())
    series = np.zeros((len(grid.real), _kernels.LINES))
    pair = np.zeros((len(grid.real), 2))
    for t, v in zip(delay, size, strict=True):
        assert spread((t - grid.start_s) / grid.step_s, v, series, pair)
    half = _kernels.LINES // 2
    np.testing.assert_array_equal(pair, series[:, [0, half]])
    sums = np.zeros((2, len(TONES)))
    _kernels.add_tones(0, len(series), series[:, 0], series[:, half], grid.real, grid.imag, *sums)
    wanted = np.exp(-2j * np.pi * np.outer(TONES, delay)) @ (size[:, 0] + 1j * size[:, half])
    np.testing.assert_allclose(sums[0] + 1j * sums[1], wanted, atol=3e-5 * np.linalg.norm(wanted) / 5)


@pytest.mark.kernel
def test_a_delay_off_the_grid_is_reported():
    """A bound that does not hold must not go unseen."""
    weights = delays.spreading_weights()
    assert _kernels.nodes_at(1.5, weights, 9)[0] == -1
    assert _kernels.nodes_at(6.2, weights, 9)[0] == -1
    assert _kernels.nodes_at(4.0, weights, 9)[0] == 2


@pytest.mark.kernel
def test_vectors_add_what_plain_loops_add():
    """The compiled sums, in explicit vectors, against their own text in plain Python: to rounding."""
    rng = np.random.default_rng(4)
    rows, weights = rng.normal(size=8 * _spread_kernels.ROW), delays.spreading_weights().reshape(-1)
    legs = (16, *rng.normal(size=4), 80, *rng.normal(size=4))
    at = 8 * 11, 0.37

    @jit()
    def compiled(rows, legs, weights, w, part, series, pair):
        tx, c0, c1, d0, d1, rx, e0, e1, f0, f1 = legs
        _spread_kernels.add_pair(rows, tx, c0, c1, d0, d1, rx, e0, e1, f0, f1, weights, w, part, series, 24)
        _spread_kernels.add_twice(c0, e0, weights, w, part, pair, 4)

    found, wanted = ((np.ones(96), np.ones(20)) for _ in range(2))
    compiled(rows, legs, weights, *at, *found)
    _spread_kernels.add_pair(rows, *legs, weights, *at, wanted[0], 24)
    _spread_kernels.add_twice(legs[1], legs[6], weights, *at, wanted[1], 4)
    for one, other in zip(found, wanted, strict=True):
        assert (one != 1.0).sum() in (48, 12)
        np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-14)


@pytest.mark.kernel
def test_the_taper_is_a_cosine():
    """Its series, against cos: to 1e-15."""
    distance = np.linspace(0.0, 0.4, 401)
    found = [_kernels.taper(d, 0.3) for d in distance]
    part = np.clip(3 * distance / 0.3 - 2, 0.0, 1.0)
    np.testing.assert_allclose(found, 0.5 + 0.5 * np.cos(np.pi * part), atol=1e-15)
    assert all(f == 0.0 for f, d in zip(found, distance, strict=True) if d >= 0.3)


@pytest.mark.kernel
def test_points_below_are_summed_as_by_hand(monkeypatch):
    """With the rays' spreading in place of the exact field, and delays of what lies above."""
    rng = np.random.default_rng(1)
    g = ground(rng)
    position = np.array([[0.02, -0.03, 0.055], [-0.05, 0.08, 0.07]])
    tx, rx = position - HALF, position + HALF + np.array([0.0, 0.0, 0.004])
    depth = np.array([0.03, 0.03, 0.08, 0.12, 0.12])
    points = np.concatenate([rng.uniform(-0.2, 0.2, (5, 2)), -depth[:, None]], axis=1)
    strength, extra = rng.normal(size=5), rng.uniform(-1e-10, 2e-10, 5)

    def by_rays(table_hz, stack, *, heights_m, depths_m, farthest_m):
        step, low = 0.002, heights_m[0] - 0.001
        height, offset = low + 0.006 * np.arange(5), step * np.arange(int(farthest_m / step) + 4)
        time, slope = _kernels.leg_table(offset, height, depths_m[:, None], stack.index)
        spread = np.empty_like(time)
        for at in np.ndindex(time.shape):
            spread[at] = _kernels.leg(offset[at[2]], height[at[1]], depths_m[at[0]], g.index)[1]
        away = np.sqrt(offset**2 + (height[:, None] + depths_m[:, None, None] / g.index) ** 2)
        table = np.zeros((*time.shape, 2 + 2 * _kernels.LINES))
        table[..., 0], table[..., 1] = time, slope
        table[..., 2::2] = (spread * away)[..., None]
        return plane_waves.TransmissionTable(table, low, 0.006, step)

    monkeypatch.setattr(plane_waves, "tabulate_transmission", by_rays)
    what = replace(scatterers.isotropic(points, strength), front_delay_s=extra)
    got = echo._scattered([what], g, echo.Soundings(tx, rx, TONES), 0.25)
    wanted = echoes.below(tx, rx, points, strength, extra, g.index, TONES, 0.25, *axes(g), g.height_m)
    np.testing.assert_allclose(got, wanted, atol=1e-4 * np.abs(wanted).max())


@pytest.mark.kernel
def test_roughness_is_summed_as_by_hand():
    g = ground(np.random.default_rng(2))
    position = np.array([[0.01, 0.02, 0.05]])
    soundings = echo.Soundings(position - HALF, position + HALF, TONES)
    got = np.zeros((1, len(TONES)), complex)
    echo._add_roughness(soundings, g, got)
    wanted = echoes.rough(
        soundings.tx_m, soundings.rx_m, g.index, echo.SURFACE_REACH_M, TONES, *axes(g), g.height_m
    )
    np.testing.assert_allclose(got, wanted, atol=1e-4 * np.abs(wanted).max())


@pytest.mark.kernel
def test_rows_between_heights_are_cubic():
    height = 0.02 + 0.005 * np.arange(6)
    table = np.empty((6, 3, 2 + 2 * _kernels.LINES))
    table[:] = (height**3 - 0.1 * height)[:, None, None] * np.arange(1, 4)[:, None]
    row = np.zeros((3, table.shape[2]))
    for h in (0.02, 0.0231, 0.0449):
        _row_kernels.fill_row(table, h, 0.02, 0.005, 1, 3, row)
        np.testing.assert_allclose(row[1:, 0], (h**3 - 0.1 * h) * np.array([2, 3]), rtol=1e-9)
    assert not row[0].any()


def test_tones_between_the_tabulated_ones():
    """Two legs' near fields at all tones from four frequencies: within a few hundredths of their size."""
    index, place = 2.6, {"heights_m": (0.04, 0.06), "depths_m": np.array([0.02, 0.06, 0.15]), "farthest_m": 0.3}

    def fields(f):
        table = plane_waves.tabulate_transmission(
            f, Stack(np.zeros(1), np.array([index]), np.full((1, len(f)), index**2 + 0j)), **place
        ).table
        across = table[..., 2 : 2 + 2 * len(f) : 2] + 1j * table[..., 3 : 2 + 2 * len(f) : 2]
        return across[:, :, 8:] * across[:, :, :-8]

    table_hz = plane_waves.table_frequencies(TONES[0], TONES[-1])
    got = fields(table_hz) @ plane_waves.interpolation_matrix(table_hz, TONES)
    wanted = fields(TONES)
    assert np.sqrt(np.mean(np.abs(got - wanted) ** 2) / np.mean(np.abs(wanted) ** 2)) < 0.04


def test_below_the_tabulated_band_values_stay():
    table_hz = plane_waves.table_frequencies(0.05e9, 5e9)
    assert table_hz[0] == pytest.approx(0.5e9)
    basis = plane_waves.interpolation_matrix(table_hz, np.array([0.05e9, 0.5e9, 5e9]))
    np.testing.assert_allclose(basis, np.eye(4)[:, [0, 0, 3]], atol=1e-9)
