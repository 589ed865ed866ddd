"""Stretches whose noise or coupling is another than that of the rest, and of the instrument's profile."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.campaign import outcome
from benchmarks.campaign.table import kinds

from dualsense.integrity import _alike as alike
from dualsense.integrity import inspect
from dualsense.io import read_scan


@pytest.fixture(scope="module")
def scan(sample_dir):
    return read_scan(sample_dir / "ts50_deep.h5")


@pytest.fixture(scope="module")
def loam(sample_dir):
    """In laterite, whose metal samples are the least even of the samples'."""
    return read_scan(sample_dir / "pma_laterite.h5")


def told(scan):
    return {(one.code, one.sensor) for one in inspect(scan)}


def spoilt(scan, kind, severity):
    (chosen,) = (one for one in kinds() if one.name == kind)
    return outcome.spoilt(scan, chosen, outcome.Case("ts50_deep", kind, severity), 1)


def test_clean_scans_are_left_alone(scan, loam, sample_dir):
    assert inspect(scan) == inspect(loam) == inspect(read_scan(sample_dir / "pmn_sand_impulse.h5")) == ()


@pytest.mark.parametrize("severity", (1.0, 10.0))
def test_a_transmitter_nearby_is_told_by_the_tones_that_it_disturbs(scan, severity):
    bad = spoilt(scan, "interference/gpr", severity)
    doubts = inspect(bad)
    assert {(one.code, one.sensor) for one in doubts} == {("noise-unlike", "gpr")}
    taken_s = sum(one.stop_s - one.start_s for one in doubts)
    assert 4.0 < taken_s < 8.0  # of 5 s, and half a window to each side


def test_traces_are_asked_by_their_spectra(sample_dir):
    scan = read_scan(sample_dir / "pmn_sand_impulse.h5")
    values, rng = scan.gpr.data.copy(), np.random.default_rng(3)
    at = np.arange(values.shape[1])
    wave = np.cos(2.0 * np.pi * 12.4 * at / at.size + rng.uniform(0.0, 6.3, (80, 1)))
    assert not alike.disturbed_tones(alike.spectra(values)[0]).any()
    values[150:230] += (0.1 * values.std(axis=0).max() * wave).astype(values.dtype)
    bad = alike.disturbed_tones(alike.spectra(values)[0])
    assert bad[150:230].mean() > 0.9
    assert bad.sum() < 110


def test_a_disturbed_column_of_the_metal_detector_is_told(loam):
    rng, data = np.random.default_rng(4), loam.emi
    values, hit = data.data.copy(), (data.time_s > 10.0) & (data.time_s < 13.0)
    noise = np.median(np.abs(np.diff(values[:, 1], n=3))) / 20.0**0.5
    for times, wanted in ((2.0, False), (15.0, True)):
        values[hit, 1] = data.data[hit, 1] + times * noise * rng.normal(size=(int(hit.sum()), 2)) @ (1.0, 1.0j)
        assert (("noise-unlike", "emi") in told(replace(loam, emi=replace(data, data=values)))) is wanted


def test_a_coupling_that_fades_is_told_and_heights_are_not(scan):
    assert ("coupling-unlike", "gpr") in told(spoilt(scan, "gain-fades/gpr", 0.0))
    at = scan.pose.position_m.copy()
    at[:, 2] *= 3.2808
    moved = replace(scan, emi=None, pose=replace(scan.pose, position_m=at))
    assert ("coupling-unlike", "gpr") not in told(moved)


def test_a_coupling_that_changes_at_some_tones_is_told(scan):
    data = scan.gpr
    values, hit = data.data.copy(), data.time_s > data.time_s[200]
    values[np.ix_(hit, [40, 41, 42, 43])] *= 0.2
    assert told(replace(scan, gpr=replace(data, data=values))) == {("coupling-unlike", "gpr")}


def test_the_head_is_held_against_its_profile(scan):
    """A reference in free air is what the scan hears but for the ground's echo; that of another head is not."""
    data = scan.gpr
    common = np.median(data.data.real, axis=0) + 1j * np.median(data.data.imag, axis=0)
    others = (2.2 * common, 0.4 * common, common.conj())
    for reference, wanted in ((0.9 * common, False), *((one, True) for one in others)):
        own = replace(scan, gpr=replace(data, reference=reference.astype(data.data.dtype)))
        assert (("coupling-unlike", "gpr") in told(own)) is wanted


def test_a_recording_without_its_coupling_is_not_judged_by_it(scan):
    data = scan.gpr
    values = data.data - np.median(data.data.real, axis=0) - 1j * np.median(data.data.imag, axis=0)
    bare = replace(scan, gpr=replace(data, data=values.astype(data.data.dtype)))
    assert "coupling-unlike" not in {code for code, _ in told(bare)}


def test_few_soundings_are_not_judged():
    own = np.random.default_rng(1).normal(size=(40, 60)) + 1j
    assert not alike.disturbed_tones(own).any()
    assert not alike.coupled_otherwise(own, np.zeros(40)).any()
    assert not alike.disturbed_metal(own, 0.02 * np.arange(40)).any()
