"""A lag of the metal detector is corrected where passes agree by it, and is told where they do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.chain.metal import SAMPLING, begin_metal, measure_lag
from dualsense.chain.steps import Run, advance
from dualsense.integrity import _metal, metal_passes
from dualsense.io import read_scan
from dualsense.recipe import Recipe

RECIPE = Recipe()


def sampled(scan):
    passage, log = advance(begin_metal(scan, RECIPE.survey, Run()), SAMPLING, RECIPE.emi, Run())
    return passage.state, {one.code: one for one in log.faults}


@pytest.fixture(scope="module")
def sand(sample_dir):
    return read_scan(sample_dir / "pmn_sand.h5")


def test_hum_has_a_best_lag_that_no_pass_confirms(sand):
    emi, rng = sand.emi, np.random.default_rng(1)
    phase = rng.uniform(0.0, 2.0 * np.pi, emi.data.shape[1])
    wave = np.sin(2.0 * np.pi * (50.0 + rng.uniform(-2.0, 2.0)) * (emi.time_s - emi.time_s[0])[:, None] + phase)
    hum = replace(sand, emi=replace(emi, data=emi.data + 0.4 * np.std(emi.data, axis=0) * wave))
    state, told = sampled(hum)
    assert np.array_equal(state.recording.time_s, emi.time_s)
    assert told["emi-latency-unconfirmed"].severity == "degraded"
    assert "passes do not confirm it" in told["emi-latency-unconfirmed"].message
    assert measure_lag(begin_metal(hum, RECIPE.survey, Run()).state, RECIPE.emi) == told["emi-latency-unconfirmed"]


def test_a_lag_that_too_few_passes_could_confirm_is_told_and_not_corrected(sand, monkeypatch):
    monkeypatch.setattr(_metal, "MANY", 10**6)
    state, told = sampled(replace(sand, emi=replace(sand.emi, time_s=sand.emi.time_s + 0.1)))
    assert state.delay_s == 0.0
    assert "not corrected" in told["emi-latency-unconfirmed"].message


def test_a_lag_that_passes_confirm_is_corrected(sand):
    state, told = sampled(replace(sand, emi=replace(sand.emi, time_s=sand.emi.time_s - 0.1)))
    assert state.delay_s == pytest.approx(-0.1, abs=0.01)
    assert set(told) == {"emi-latency-corrected"}


def test_samples_of_different_coils_are_not_held_against_each_other():
    time = np.arange(0.0, 40.0, 0.02)
    place = np.column_stack([np.abs((0.3 * time) % 0.8 - 0.4), 0.02 * 0.3 * time / 0.4])
    coil = np.arange(time.size) % 2
    white = 20.0 * np.sin(40.0 * place)
    white[coil == 1] *= -1.0
    assert metal_passes(white, place, time).doubts != ()
    found = metal_passes(white, place, time, coil)
    assert found.doubts == ()
    assert found.whole < 0.3
