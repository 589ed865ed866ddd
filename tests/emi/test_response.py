"""Noise is measured between samples of the same coil."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.constants import MU0_H_M
from dualsense.emi._response import drop_spikes, normalise, white_noise
from dualsense.io import read_scan
from dualsense.simulate import Buried, Detector, Motion, Noise, Scene, Soil, simulate_scan
from dualsense.survey import track_at
from oracles import latency as plain


def test_coils_that_take_turns_have_the_noise_of_one(sample_dir):
    scan = read_scan(sample_dir / "ts50_casing.h5")
    response = normalise(scan.emi, track_at(scan.pose, scan.emi.time_s))
    alone = white_noise(response)
    for count in (2, 3):
        turns = np.arange(response.time_s.size) % count
        offset = 1e3 * alone * turns[:, None]  # each coil has its own level
        array = replace(response, coil=turns, values=response.values + offset)
        # the samples of one coil lie farther apart, so a little more of the ground remains
        assert (white_noise(array) >= 0.8 * alone).all()
        assert (white_noise(array) <= 3.0 * alone).all()


@pytest.mark.parametrize("modality", ("frequency", "pulse"))
@pytest.mark.parametrize("objects", ((), (Buried("PMN", 0.2, 0.15, 0.03), Buried("cartridge", 0.35, 0.2, 0.04))))
def test_noise_of_each_channel_is_estimated_through_metal_soil_and_drift(modality, objects):
    scene = Scene(
        soil=Soil(susceptibility=8e-3, susceptibility_loss=4e-4),
        objects=objects,
        motion=Motion(length_m=0.5, width_m=0.3),
        noise=Noise(emi_std_v_per_hz=3e-13, emi_drift_std=30.0),
        radar=None,
        detector=Detector(modality=modality),
    )
    scan = simulate_scan(scene, seed=4)
    response = normalise(scan.emi, track_at(scan.pose, scan.emi.time_s))
    if modality == "frequency":
        truth = np.full(6, 3e-13 / (2 * np.pi * MU0_H_M))
    else:
        gates = np.array(scene.detector.gate_time_s)
        truth = np.sqrt(2) * 3e-13 / (2 * np.pi * MU0_H_M) * gates.mean(axis=1) / np.diff(gates, axis=1)[:, 0]
    assert white_noise(response) / truth == pytest.approx(np.ones(truth.size), abs=0.15)


def test_a_channel_of_its_own_noise_has_its_own(sample_dir):
    scan = read_scan(sample_dir / "ts50_casing.h5")
    response = normalise(scan.emi, track_at(scan.pose, scan.emi.time_s))
    alone = white_noise(response)
    loud = np.arange(alone.size) * 3.0 * alone
    added = replace(
        response,
        values=response.values + loud * np.random.default_rng(6).standard_normal(response.values.shape),
    )
    assert white_noise(added) == pytest.approx(np.hypot(alone, loud), rel=0.12)


def test_spikes_are_those_of_the_median_of_five(sample_dir):
    rng = np.random.default_rng(8)
    scan = read_scan(sample_dir / "ts50_casing.h5")
    response = normalise(scan.emi, track_at(scan.pose, scan.emi.time_s))
    noise = white_noise(response)
    values = response.values.copy()
    hit = rng.choice(np.arange(2, len(values) - 2), 30, replace=False)
    values[hit] += noise * rng.uniform(5.0, 40.0, (30, 1)) * rng.choice([-1.0, 1.0], (30, values.shape[1]))
    kept, count = drop_spikes(replace(response, values=values), noise)
    stuck_out = plain.spikes(values, noise, 15.0)
    assert np.array_equal(kept.values, values[~stuck_out])
    assert count == stuck_out.sum() > 5
