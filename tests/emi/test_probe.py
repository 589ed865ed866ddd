"""Metal where the radar says that a body is: its amount and spectrum, also beside stronger metal."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.constants import PROBE_BELOW_TOP_M
from dualsense.emi._joint.find import find_dipoles
from dualsense.emi._probe import DAMPING, MIN_STD_M, Prober, probe_features
from dualsense.emi._response import bin_along_track, normalise, white_noise
from dualsense.induction._polarizability import polarizability
from dualsense.simulate import Buried, Motion, Noise, Scene, Soil, metal_dipoles, simulate_scan
from dualsense.survey import track_at
from oracles import probe as plain

BARE = Soil(susceptibility=0.0, susceptibility_loss=0.0, conductivity_s_m=0.0)
MAGNETIC = Soil(susceptibility=5e-3, susceptibility_loss=3e-4, susceptibility_std=0.1)
EXACT = Noise(position_std_m=(0.0, 0.0, 0.0), clock_std_s=0.0)
TRACKED = Noise(position_std_m=(0.003, 0.003, 0.002))


def prober(*objects, soil=BARE, noise=EXACT, seed=4):
    """Prober over a scan, its rows, what was found in them, and where the metal is."""
    motion = Motion(length_m=0.5, width_m=0.4, height_std_m=0.005)
    scene = Scene(objects=objects, soil=soil, radar=None, motion=motion, noise=noise)
    scan = simulate_scan(scene, seed=seed)
    samples = normalise(scan.emi, track_at(scan.pose, scan.emi.time_s))
    rows = bin_along_track(samples)
    found = find_dipoles(rows, white_noise(samples) / np.sqrt(np.median(rows.count)))
    return Prober(rows, found), rows, found, metal_dipoles(objects)


def where(centre):
    return float(centre[0]), float(centre[1]), float(-centre[2]) - PROBE_BELOW_TOP_M


def own(found, centre, reach_m=0.06):
    return {n for n, d in enumerate(found.dipoles) if np.linalg.norm((d.position_m - centre)[:2]) < reach_m}


def mean_spectrum(rows, moment):
    """Mean polarizability as the channels see it."""
    hz = np.unique(rows.channel_hz)
    value = np.trace(polarizability(moment, hz), axis1=1, axis2=2) / 3.0
    of = value[np.searchsorted(hz, rows.channel_hz)]
    return np.where(rows.imaginary, of.imag, of.real)


@pytest.mark.parametrize("depth_m", (0.02, 0.06))
def test_amount_and_spectrum_at_a_known_place_are_those_of_theory(depth_m):
    probe, rows, found, ((centre, tensor),) = prober(Buried("PMA-3", 0.25, 0.2, depth_m))
    measured = probe.at(*where(centre), without=own(found, centre))
    true = mean_spectrum(rows, tensor)
    assert measured.amount_m3 == pytest.approx(float(np.sqrt((true**2).mean())), rel=0.3)
    assert np.corrcoef(measured.spectrum_m3, true)[0, 1] > 0.99
    assert measured.across_m3 < measured.amount_m3
    assert measured.statistic > 100.0


def test_small_metal_beside_strong_metal_is_measured_with_a_track_that_errs():
    probe, rows, found, parts = prober(
        Buried("PMA-3", 0.13, 0.2, 0.04), Buried("cartridge", 0.37, 0.2, 0.05), soil=MAGNETIC, noise=TRACKED
    )
    (centre, tensor), _ = parts
    measured = probe.at(*where(centre), without=own(found, centre))
    # along the soil's phasor lies what uneven ground makes too; across it, the metal alone
    noise, soil = found.balance.noise, found.balance.soil / found.balance.noise
    white = mean_spectrum(rows, tensor) / noise
    across = (white - soil * (soil @ white) / (soil @ soil)) * noise
    assert 0.4 < measured.across_m3 / float(np.sqrt((across**2).mean())) < 2.5
    assert measured.across_m3 > 5.0 * measured.across_std_m3


def test_uneven_magnetic_ground_makes_nothing_across_its_own_phasor():
    probe, _, found, ((centre, _),) = prober(Buried("PMA-3", 0.13, 0.2, 0.04), soil=MAGNETIC, noise=TRACKED)
    metal = probe.at(*where(centre), without=own(found, centre))
    bare = probe.at(0.38, 0.2, 0.04)
    assert bare.across_m3 < 0.2 * metal.across_m3
    assert bare.across_m3 < 5.0 * bare.across_std_m3


def test_metal_is_found_where_it_lies_and_not_beside_it():
    probe, _, found, ((centre, _),) = prober(Buried("PMA-3", 0.25, 0.2, 0.03))
    x, y, top = where(centre)
    moved = probe.at(x - 0.02, y, top, without=own(found, centre))
    assert moved.aside_m == pytest.approx(0.02)
    here, there = (probe.at(x + dx, y, top, without=own(found, centre)) for dx in (0.0, 0.1))
    assert here.statistic > 2.0 * there.statistic


def test_a_place_that_was_not_passed_over_gives_no_probe():
    probe, *_ = prober(Buried("PMA-3", 0.25, 0.2, 0.03))
    assert probe.at(2.0, 2.0, 0.05) is None


def test_features_hold_phases_only_where_both_parts_were_measured():
    probe, rows, found, ((centre, _),) = prober(Buried("PMA-3", 0.25, 0.2, 0.03))
    measured = probe.at(*where(centre), without=own(found, centre))
    full = probe_features(measured, channel_hz=rows.channel_hz, imaginary=rows.imaginary)
    low = np.flatnonzero(rows.channel_hz == rows.channel_hz.min())
    assert full["at_body_low_phase_rad"] == pytest.approx(
        np.arctan2(measured.spectrum_m3[low[1]], measured.spectrum_m3[low[0]])
    )
    gates = probe_features(measured, channel_hz=rows.channel_hz, imaginary=np.zeros_like(rows.imaginary))
    assert set(full) - set(gates) == {"at_body_low_phase_rad", "at_body_high_phase_rad"}


def test_rows_without_other_metal_are_those_of_one_whole_fit():
    probe, rows, found, _ = prober(
        Buried("cartridge", 0.15, 0.2, 0.06, yaw_deg=30.0), Buried("PMA-3", 0.35, 0.2, 0.02), noise=TRACKED
    )
    at = np.array([0.35, 0.2, -0.03])
    use = np.flatnonzero(np.linalg.norm(rows.center_m[:, :2] - at[:2], axis=1) < 0.1)
    for others in ([], list(range(len(found.dipoles)))):
        near = probe._alone(at, others, use)
        values, precision = plain.alone(
            rows, found, at, others, use, std_m=np.maximum(rows.position_std_m, MIN_STD_M), damping=DAMPING
        )
        np.testing.assert_allclose(near.values, values, atol=1e-6 * np.abs(values).max())
        np.testing.assert_allclose(near.precision, precision, atol=1e-6)
