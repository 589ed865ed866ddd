"""The row-by-row balance follows drift and soil, and leaves metal standing."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.live._balance import Balance, Beginning, image_factor

FACTOR = image_factor(0.10, 0.08, np.zeros(3))
SOIL = np.array([900.0, 700.0, -60.0])


def sweep(*, metal=0.0, jump=0.0, seed=1):
    """Rows over 60 s of a lane: drift, soil under a changing height, noise of 1, metal at 30 s, a jump at 20 s."""
    draw = np.random.default_rng(seed)
    time_s = np.arange(0.0, 60.0, 0.025)
    height_m = 0.056 + 0.005 * np.sin(time_s) + 0.003 * np.sin(0.37 * time_s)
    ground = np.interp(height_m, *FACTOR) / np.interp(0.056, *FACTOR)
    drift = np.outer(0.3 * time_s + 4.0 * np.sin(0.1 * time_s), (1.0, 0.6, -0.4))
    bump = metal * np.exp(-0.5 * ((time_s - 30.0) / 0.15) ** 2)[:, None] * (1.0, 0.5, 2.0)
    step = jump * (time_s > 20.0)[:, None]
    values = drift + ground[:, None] * SOIL + bump + step + draw.normal(size=(time_s.size, 3))
    return time_s, height_m, values


def left(time_s, height_m, values, *, pieces=1, height_std_m=0.0):
    first = Beginning(time_s[:60], height_m[:60], values[:60])
    balance = Balance(first, FACTOR, drift_s=5.0, height_std_m=height_std_m)
    parts = np.array_split(np.arange(time_s.size), pieces)
    return np.concatenate([balance.take(time_s[p], height_m[p], values[p]) for p in parts])


def size(rest):
    return np.sqrt((rest**2).mean(axis=1))


@pytest.mark.kernel
def test_drift_and_soil_are_taken_away_to_the_noise():
    time_s, *rows = sweep()
    rest = left(time_s, *rows)
    assert np.sqrt((rest[time_s > 15.0] ** 2).mean()) < 1.25


@pytest.mark.kernel
def test_the_pieces_in_which_rows_come_do_not_matter():
    rows = sweep(metal=200.0)
    assert np.array_equal(left(*rows), left(*rows, pieces=60))


@pytest.mark.kernel
@pytest.mark.parametrize("metal", (15.0, 100.0, 3000.0))
def test_metal_is_kept_and_leaves_no_shadow(metal):
    time_s, *rows = sweep(metal=metal)
    rest = left(time_s, *rows)
    expected = np.sqrt((metal**2 * np.array([1.0, 0.5, 2.0]) ** 2).mean())
    assert size(rest)[np.abs(time_s - 30.0) < 0.1].max() > 0.85 * expected
    after = size(rest)[(time_s > 32.0) & (time_s < 45.0)]
    assert np.median(after) < 2.0


@pytest.mark.kernel
def test_an_instrument_that_jumps_is_followed_after_three_metres():
    time_s, *rows = sweep(jump=400.0)
    rest = size(left(time_s, *rows))
    assert rest[np.abs(time_s - 20.2) < 0.1].min() > 100.0
    assert np.median(rest[time_s > 40.0]) < 3.0


@pytest.mark.kernel
def test_what_the_height_may_do_is_weighed_down_along_the_soil():
    time_s, height_m, values = sweep()
    draw = np.random.default_rng(3)
    wrong_m = height_m + draw.normal(size=height_m.size) * 2e-3
    plain, weighed = (left(time_s, wrong_m, values, height_std_m=std) for std in (0.0, 2e-3))
    assert np.sqrt((weighed[200:] ** 2).mean()) < 0.2 * np.sqrt((plain[200:] ** 2).mean())
