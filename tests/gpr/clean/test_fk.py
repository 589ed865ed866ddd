"""The fan filter against plane waves along lines, evenly and unevenly spaced."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.errors import ScanError
from dualsense.gpr._clean.fk import BLOCK, find_lines, fk_fan
from dualsense.gpr._clean.loss import target_loss
from dualsense.gpr._clean.surface import Surface
from oracles import forward

FREQUENCY_HZ = np.linspace(0.8e9, 3.2e9, 31)


def on(points, frequency=FREQUENCY_HZ):
    return forward.soundings(np.column_stack([points, np.full(len(points), 0.04)]), frequency_hz=frequency)


def line(count=120, length_m=0.8, jitter=0.0):
    x = np.linspace(0.0, length_m, count)
    x += jitter * length_m / count * np.random.default_rng(0).uniform(-1.0, 1.0, count)
    return np.column_stack([x, 0.0 * x])


def dip(soundings, slowness_s_m, axis=0, delay_s=2e-9):
    along = soundings.midpoint_m[:, axis]
    return np.exp(-2j * np.pi * soundings.frequency_hz * (delay_s + slowness_s_m * along[:, None]))


def energy(spectrum, part=slice(None)):
    return (np.abs(spectrum[part]) ** 2).sum()


@pytest.mark.parametrize("jitter", (0.0, 0.45))
@pytest.mark.parametrize("mode", ("reject", "pass"))
def test_one_dip_goes_and_another_stays(jitter, mode):
    soundings = on(line(jitter=jitter))
    flat, steep = dip(soundings, 0.0), dip(soundings, 8e-9)
    found = fk_fan(replace(soundings, spectrum=flat + steep), mode=mode, high_s_m=3e-9).spectrum
    kept, lost = (steep, flat) if mode == "reject" else (flat, steep)
    inner = slice(20, -20)  # at a line's ends a dip is told less well
    error = energy(found - kept, inner) / energy(kept, inner)
    assert error < (0.02 if jitter == 0.0 else 0.04)
    alone = fk_fan(replace(soundings, spectrum=lost), mode=mode, high_s_m=3e-9).spectrum
    assert energy(alone, inner) < 0.01 * energy(lost, inner)


def test_a_one_sided_fan_tells_the_signs_apart():
    """Also on strokes that go back: the sign is that of +x, not of the hand."""
    there = line(80, 0.5)
    points = np.concatenate([there, there[::-1] + np.array([0.0, 0.03]), there + np.array([0.0, 0.06])])
    soundings = on(points)
    up, down = dip(soundings, 6e-9), dip(soundings, -6e-9)
    found = fk_fan(replace(soundings, spectrum=up + down), low_s_m=3e-9, high_s_m=9e-9, symmetric=False).spectrum
    inner = np.concatenate([k + np.arange(15, 65) for k in (0, 80, 160)])
    assert energy(found - down, inner) < 0.03 * energy(down, inner)


def test_symmetric_takes_both_signs():
    soundings = on(line())
    data = dip(soundings, 6e-9) + dip(soundings, -6e-9)
    found = fk_fan(replace(soundings, spectrum=data), low_s_m=3e-9, high_s_m=9e-9).spectrum
    flat = fk_fan(replace(soundings, spectrum=dip(soundings, 0.0)), low_s_m=3e-9, high_s_m=9e-9).spectrum
    inner = slice(20, -20)
    assert energy(found, inner) < 0.02 * energy(data, inner)
    assert energy(flat - dip(soundings, 0.0), inner) < 0.02 * energy(flat, inner)


def test_lines_across_count_towards_plus_y():
    soundings = on(line()[:, ::-1])
    up, down = dip(soundings, 6e-9, axis=1), dip(soundings, -6e-9, axis=1)
    found = fk_fan(replace(soundings, spectrum=up + down), low_s_m=3e-9, high_s_m=9e-9, symmetric=False).spectrum
    inner = slice(20, -20)
    assert energy(found - down, inner) < 0.03 * energy(down, inner)


def test_long_lines_in_blocks_are_as_one():
    """Three blocks, one of them not on the common grid of halves."""
    soundings = on(line(2 * BLOCK + 37, 2.4))
    flat, steep = dip(soundings, 0.0), dip(soundings, 8e-9)
    found = fk_fan(replace(soundings, spectrum=flat + steep), high_s_m=3e-9).spectrum
    inner = slice(20, -20)
    assert energy(found - steep, inner) < 0.02 * energy(steep, inner)


def test_everything_within_the_fan_is_everything():
    soundings = on(line())
    data = dip(soundings, 2e-9)
    found = fk_fan(replace(soundings, spectrum=data), high_s_m=1e-6, taper=0.0).spectrum
    assert energy(found) < 1e-4 * energy(data)


def test_soundings_stay_where_they_are_and_short_strokes_as_they_are():
    points = np.concatenate([line(30, 0.3), [[2.0, 2.0]] * 3, line(30, 0.3) + np.array([0.0, 3.0])])
    soundings = on(points)
    data = replace(soundings, spectrum=dip(soundings, 0.0))
    before = data.spectrum.copy()
    found = fk_fan(data, high_s_m=3e-9)
    np.testing.assert_array_equal(data.spectrum, before)
    np.testing.assert_array_equal(found.midpoint_m, data.midpoint_m)
    np.testing.assert_array_equal(found.spectrum[30:33], before[30:33])
    assert np.abs(found.spectrum[:30] - before[:30]).max() > 0.1


def test_a_head_that_stands_still_changes_nothing():
    soundings = on(np.zeros((40, 2)))
    data = replace(soundings, spectrum=dip(soundings, 0.0))
    np.testing.assert_array_equal(fk_fan(data).spectrum, data.spectrum)
    nothing = on(np.zeros((0, 2)))
    assert fk_fan(nothing).spectrum.shape == (0, 31)


def test_hand_like_strokes_are_found():
    points = forward.sweep(np.random.default_rng(0), lines=9, per_line=40)
    soundings = forward.soundings(points)
    lines = find_lines(soundings)
    assert 7 <= len(lines) <= 14
    assert sum(one.rows.size for one in lines) > 0.9 * len(points)
    for one in lines:
        assert np.ptp(points[one.rows, 1]) < 0.06


@pytest.mark.parametrize(
    "options", ({"low_s_m": 2e-9, "high_s_m": 1e-9}, {"low_s_m": -1e-9, "high_s_m": 1e-9}), ids=("width", "sign")
)
def test_a_fan_that_is_none_is_refused(options):
    with pytest.raises(ScanError, match="low_s_m < high_s_m"):
        fk_fan(on(line()), **options)


def test_loss_of_a_fan_is_that_of_a_body_put_in():
    """Nothing for a fan outside of what a body's echo spans, all for one that holds it; wider costs more."""
    rng = np.random.default_rng(4)
    soundings = on(line())
    noise = rng.standard_normal(soundings.spectrum.shape) + 1j * rng.standard_normal(soundings.spectrum.shape)
    soundings = replace(soundings, spectrum=noise)
    n = soundings.time_s.size
    surface = Surface(soundings.midpoint_m[:, 2], np.zeros(n), np.ones_like(noise), np.ones(n), fitted=False)

    def loss(**fan):
        return target_loss(lambda s: fk_fan(s, **fan), soundings, surface, body="point", strength=10.0)

    assert loss(low_s_m=3e-8, high_s_m=4e-8) < 0.05
    assert loss(high_s_m=1e-7) > 0.9
    assert 0.0 < loss(high_s_m=1e-9) < loss(high_s_m=4e-9)
