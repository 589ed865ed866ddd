"""The detection limit is kept: what it promises to find is found when it is put into a real scan."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from dualsense.emi._columns import dipole_columns
from dualsense.emi._joint.find import find_dipoles
from dualsense.emi._loss import small_metal_m3
from dualsense.emi._maps.image import detection_limit
from dualsense.emi._response import bin_along_track, normalise, white_noise
from dualsense.io import read_scan
from dualsense.result import Grid
from dualsense.simulate import Buried, Motion, Noise, Scene, metal_dipoles, simulate_scan
from dualsense.survey import track_at


@pytest.fixture(scope="module", params=("ts50_deep", "pmn_sand"))
def scan(request, sample_dir):
    recorded = read_scan(sample_dir / f"{request.param}.h5")
    response = normalise(recorded.emi, track_at(recorded.pose, recorded.emi.time_s))
    rows = bin_along_track(response)
    noise = white_noise(response) / np.sqrt(np.median(rows.count))
    return rows, noise, find_dipoles(rows, noise), recorded.truth


def limit(rows, found, place):
    needed = found.needed_near(place[0], place[1]) / rows.values.shape[1]
    return detection_limit(rows, found.balance, place, statistic=needed, row_weight=found.weight)


@pytest.mark.parametrize("corner", (0.25, 0.75))
def test_an_object_above_the_limit_is_found_and_one_far_below_it_is_not(scan, corner):
    rows, noise, found, truth = scan
    low, high = rows.center_m[:, :2].min(axis=0), rows.center_m[:, :2].max(axis=0)
    corners = [low + np.array([a, b]) * (high - low) for a in (corner, 1.0 - corner) for b in (0.2, 0.8)]
    metal = np.stack([truth.x_m, truth.y_m], axis=1)
    x, y = max(corners, key=lambda p: np.linalg.norm(metal - p, axis=1).min())
    place = np.array([x, y, -0.05])
    column = dipole_columns(rows, place)[:, :3].sum(axis=1, keepdims=True)

    def near(times):
        values = rows.values + times * limit(rows, found, place) * column
        dipoles = find_dipoles(replace(rows, values=values), noise).dipoles
        return any(np.linalg.norm(d.position_m[:2] - place[:2]) < 0.03 for d in dipoles)

    assert near(3.0)
    assert not near(0.2)


@pytest.mark.parametrize("corner", (0.25, 0.75))
def test_metal_that_could_not_have_hidden_is_found(scan, corner):
    rows, noise, found, _ = scan
    i, j = (int(corner * (axis.size - 1)) for axis in (found.y_m, found.x_m))
    place = np.array([found.x_m[j], found.y_m[i], -0.05])
    column = dipole_columns(rows, place)[:, :3].sum(axis=1, keepdims=True)
    signal = found.hidden_m3[i, j] * column
    off_soil = signal * np.resize([1.0, -1.0], rows.values.shape[1])  # no soil has such a spectrum
    dipoles = find_dipoles(replace(rows, values=rows.values + 3.0 * off_soil), noise).dipoles
    assert any(np.linalg.norm(d.position_m[:2] - place[:2]) < 0.06 for d in dipoles)


def test_less_can_hide_where_nothing_lies_than_beside_strong_metal(scan):
    _, _, found, truth = scan
    map_m3 = found.hidden_m3
    away = np.hypot(found.x_m - truth.x_m[0], found.y_m[:, None] - truth.y_m[0])
    assert np.isfinite(map_m3).any()
    assert np.nanmedian(map_m3[away < 0.05]) > np.nanmedian(map_m3[away > 0.12])


def test_rows_that_strong_metal_makes_uncertain_raise_the_limit(scan):
    rows, _, found, truth = scan
    place = np.array([truth.x_m[0], truth.y_m[0], -0.05])
    blind = detection_limit(rows, found.balance, place, statistic=12.0)
    assert limit(rows, found, place) >= blind
    if max(d.statistic for d in found.dipoles) > 1e4 * rows.values.shape[1]:
        assert limit(rows, found, place) > 2.0 * blind


def test_a_search_that_was_cut_short_promises_nothing_where_something_is_left(scan):
    rows, noise, found, _ = scan
    short = find_dipoles(rows, noise, max_dipoles=0)
    peak = np.unravel_index(np.argmax(short.statistic), short.statistic.shape)
    assert short.dipoles == ()
    assert short.needed[peak] >= short.statistic[peak]
    assert (found.needed >= 12.0 * rows.values.shape[1]).all()


@pytest.mark.parametrize("quiet", (1.0, 0.3, 0.1))
@pytest.mark.parametrize("model", ("TS-50", "M14"))
def test_a_quieter_detector_does_not_lose_a_mine_beside_a_can(model, quiet):
    """It did, where 75 dB under the strongest were counted in rows that the can had weighed down since."""
    usual = Noise()
    objects = (Buried("can", 0.12, 0.25, 0.04, yaw_deg=30.0), Buried(model, 0.42, 0.25, 0.03))
    scene = Scene(
        objects=objects,
        radar=None,
        motion=Motion(length_m=0.6, width_m=0.5),
        noise=replace(usual, emi_std_v_per_hz=usual.emi_std_v_per_hz * quiet),
    )
    scan = simulate_scan(scene, seed=1)
    samples = normalise(scan.emi, track_at(scan.pose, scan.emi.time_s))
    rows = bin_along_track(samples)
    found = find_dipoles(rows, white_noise(samples) / np.sqrt(np.median(rows.count)))
    centre = metal_dipoles(objects[1:])[0][0]
    assert min(np.hypot(*(d.position_m - centre)[:2]) for d in found.dipoles) < 0.05


def test_the_deeper_the_more_can_hide_and_between_depths_it_lies_between(scan):
    _, _, found, _ = scan
    grid = Grid(found.x_m, found.y_m, 0.03)
    maps_m3 = [found.hidden_map(grid, depth_m) for depth_m in (0.04, 0.05, 0.07, 0.12, 0.17)]
    np.testing.assert_array_equal(maps_m3[1], found.hidden_m3)
    known = np.isfinite(maps_m3[0])
    assert known.any()
    for less, more in pairwise(maps_m3):
        assert (more[known] > less[known]).all()


def test_small_metal_is_worth_as_much_as_its_signal(scan):
    rows, _, found, _ = scan
    worth_m3 = small_metal_m3(rows, found.balance)
    assert 1e-9 < worth_m3 < 2e-7
    louder = replace(found.balance, whitener=3.0 * found.balance.whitener)
    assert small_metal_m3(rows, louder) == pytest.approx(worth_m3)
