"""A lag that was put in is found, and none is made up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.emi import _latency
from dualsense.emi._latency import estimate_latency
from dualsense.emi._response import Response, bin_along_track, normalise, white_noise
from dualsense.simulate import Buried, Detector, Motion, Scene, simulate_scan
from dualsense.survey import track_at
from oracles import latency as plain


def recorded(lag_s: float, *objects: Buried, modality: str = "frequency", tilt_deg: float = 0.0) -> Response:
    """Samples that are stamped ``lag_s`` too late."""
    scene = Scene(
        objects=objects,
        motion=Motion(length_m=0.5, width_m=0.3, tilt_std_deg=tilt_deg),
        radar=None,
        detector=Detector(modality=modality),
    )
    scan = simulate_scan(scene, seed=7)
    time_s = scan.emi.time_s + lag_s
    return normalise(replace(scan.emi, time_s=time_s), track_at(scan.pose, time_s))


METAL = Buried("cartridge", 0.22, 0.15, 0.03, yaw_deg=40.0)


@pytest.mark.parametrize(
    ("lag_s", "modality", "tilt_deg"),
    ((0.08, "frequency", 0.0), (-0.06, "frequency", 4.0), (0.08, "pulse", 0.0)),
)
def test_a_lag_that_was_put_in_is_found(lag_s, modality, tilt_deg):
    response = recorded(lag_s, METAL, modality=modality, tilt_deg=tilt_deg)
    found = estimate_latency(response, white_noise(response))
    assert found.delay_s == pytest.approx(lag_s, abs=0.02)
    assert abs(found.delay_s - lag_s) < 3.0 * found.std_s
    assert found.significant(sigmas=4.0)
    assert 0.2 < found.speed_m_s < 0.4


@pytest.mark.parametrize("modality", ("frequency", "pulse"))
def test_no_lag_is_made_up(modality):
    response = recorded(0.0, METAL, modality=modality)
    found = estimate_latency(response, white_noise(response))
    assert abs(found.delay_s) < 3.0 * found.std_s
    assert not found.significant(sigmas=4.0)


def test_without_metal_nothing_is_known():
    response = recorded(0.08)
    found = estimate_latency(response, white_noise(response))
    assert np.isnan(found.delay_s)
    assert not found.significant(sigmas=1.0)


def test_passes_in_one_direction_tell_no_lag():
    response = recorded(0.08, METAL)
    onward = np.gradient(response.center_m[:, 0], response.time_s) > 0.05
    names = ("time_s", "values", "coil", "center_m", "tx_m", "rx_m", "rotation", "position_std_m", "count")
    one_way = replace(response, **{name: getattr(response, name)[onward] for name in names})
    assert not estimate_latency(one_way, white_noise(one_way)).significant(sigmas=4.0)


def test_a_lag_beyond_what_is_looked_for_is_not_guessed():
    response = recorded(0.3, METAL)
    assert not estimate_latency(response, white_noise(response), max_s=0.1).significant(sigmas=4.0)


def test_coils_that_take_turns_are_left_alone():
    response = recorded(0.08, METAL)
    array = replace(response, coil=np.arange(response.time_s.size) % 2)
    assert np.isnan(estimate_latency(array, white_noise(response)).delay_s)


@pytest.mark.parametrize("delay_s", (0.0, -0.03))
def test_what_sources_leave_is_that_of_the_whole_fit_to_rounding(delay_s):
    response = recorded(0.08, METAL, tilt_deg=4.0)
    rows = bin_along_track(response)
    rng = np.random.default_rng(2)
    white = rng.standard_normal((rows.time_s.size, 3))
    basis = np.column_stack([rng.standard_normal((rows.time_s.size, 2)), np.zeros(rows.time_s.size)])
    at = np.array([0.22, 0.15])
    use = np.flatnonzero(np.linalg.norm(rows.center_m[:, :2] - at, axis=1) < _latency.SPOT_M)
    use = use[:: max(1, -(-use.size // _latency.MOST_ROWS))]
    spot = _latency._Spot(response, rows, white, basis, at)
    expected = plain.residual(
        response,
        rows.time_s[use] - delay_s,
        white[use],
        basis[use],
        spot.nodes,
        depth_m=_latency.SOURCE_DEPTH_M,
        ridge=_latency.RIDGE,
        drift_ridge=_latency.DRIFT_RIDGE,
    )
    np.testing.assert_allclose(spot.residual(delay_s), expected, atol=1e-9)
