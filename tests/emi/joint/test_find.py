"""Dipoles put in are dipoles found: position, amount, separation, and silence where there is nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.constants import MU0_H_M
from dualsense.emi._columns import dipole_columns, tensors_from_elements
from dualsense.emi._joint.find import find_dipoles
from dualsense.emi._locate.refine import refine
from dualsense.emi._response import Response, bin_along_track, drop_spikes, normalise, white_noise
from dualsense.induction._field import Coil as Loop
from dualsense.induction._field import emf
from dualsense.scan import EmiData
from dualsense.survey import Track

NOISE = np.full(6, 3e-8)
STEEL = np.array([1.3e-6, 1.2e-6, 1.0e-6, -1.2e-7, -2.1e-7, -3.3e-7])
ALUMINIUM = np.array([-2e-7, -6e-7, -8e-7, -3e-7, -2.5e-7, -1.3e-7])


def sweep(*, seed=1, pulse=False, wander_m=4e-3) -> Response:
    rng = np.random.default_rng(seed)
    x = np.linspace(0.0, 0.36, 31)
    xy = [(xi, y) for k, y in enumerate(np.linspace(0, 0.3, 15)) for xi in (x if k % 2 == 0 else x[::-1])]
    m = len(xy)
    centre = np.column_stack(
        [np.array(xy) + 2e-3 * rng.standard_normal((m, 2)), 0.05 + 4e-3 * rng.standard_normal(m)]
    )
    return Response(
        time_s=np.arange(m) * 0.06,
        values=NOISE * rng.standard_normal((m, 6)),
        channel_hz=np.tile([2400.0, 9600.0, 38400.0], 2),
        imaginary=np.repeat([False, not pulse], 3),
        coil=np.zeros(m, np.intp),
        center_m=centre,
        tx_m=centre,
        rx_m=centre,
        rotation=np.broadcast_to(np.eye(3), (m, 3, 3)),
        position_std_m=np.full((m, 3), 5e-4),
        count=np.ones(m),
        tx_radius_m=np.array([0.1]),
        rx_radius_m=np.array([0.08]),
    )


def bury(response: Response, position, amount) -> Response:
    columns = dipole_columns(response, np.asarray(position, dtype=float))[:, :3].sum(axis=1, keepdims=True)
    return replace(response, values=response.values + columns * amount)


def test_columns_are_reciprocity_with_the_tensor():
    response = sweep()
    elements = np.array([[2e-8], [1e-8], [1.5e-8], [3e-9], [-2e-9], [1e-9]])
    position = np.array([0.15, 0.12, -0.06])
    hz = 9600.0
    ours = -2j * np.pi * hz * MU0_H_M * (dipole_columns(response, position) @ elements)[:, 0]
    i = 100
    centre = tuple(response.center_m[i])
    exact = emf(
        position,
        tensors_from_elements(elements)[0][None],
        frequency_hz=hz,
        tx=Loop(0.1, centre),
        rx=Loop(0.08, centre),
    )
    assert ours[i] == pytest.approx(exact[0], rel=1e-10)


@pytest.mark.parametrize(("depth_m", "tolerance_m"), ((0.02, 0.002), (0.05, 0.003), (0.09, 0.009)))
def test_one_dipole_is_found_where_it_is(depth_m, tolerance_m):
    response = bury(sweep(), (0.21, 0.13, -depth_m), STEEL)
    found = refine(response, find_dipoles(response, NOISE)).dipoles
    assert len(found) == 1
    assert found[0].position_m == pytest.approx([0.21, 0.13, -depth_m], abs=tolerance_m)
    assert found[0].coherence > 0.5
    mean = np.trace(found[0].tensor, axis1=1, axis2=2) / 3
    assert mean == pytest.approx(STEEL, rel=0.35, abs=2e-7)


def test_two_dipoles_eighteen_centimetres_apart_are_two():
    response = bury(bury(sweep(), (0.09, 0.15, -0.04), STEEL), (0.27, 0.15, -0.05), ALUMINIUM)
    found = sorted(find_dipoles(response, NOISE).dipoles, key=lambda d: d.position_m[0])
    assert len(found) == 2
    assert found[0].position_m == pytest.approx([0.09, 0.15, -0.04], abs=0.006)
    assert found[1].position_m == pytest.approx([0.27, 0.15, -0.05], abs=0.006)


@pytest.mark.parametrize("seed", range(5))
def test_noise_alone_gives_nothing(seed):
    assert find_dipoles(sweep(seed=seed), NOISE).dipoles == ()


def test_position_errors_are_of_the_size_stated():
    scores = []
    for seed in range(8):
        response = bury(sweep(seed=seed), (0.18, 0.15, -0.06), STEEL * 0.3)
        (found,) = find_dipoles(response, NOISE).dipoles
        error = found.position_m - [0.18, 0.15, -0.06]
        scores.append(error @ np.linalg.solve(found.covariance_m2, error) / 3)
    assert 0.2 < np.median(scores) < 4.0


def test_nothing_is_changed_in_the_input():
    response = bury(sweep(), (0.2, 0.1, -0.03), STEEL)
    before = response.values.copy()
    find_dipoles(response, NOISE)
    assert np.array_equal(response.values, before)


def emi_data(values, *, time, **axis) -> EmiData:
    one = np.ones(1)
    kind = "frequency" if "frequency_hz" in axis else "pulse"
    return EmiData(
        kind, time, values, one * 0.1, one * 0.08, np.zeros((1, 3)), np.zeros((1, 3)), one, one * 3,
        np.zeros(time.size, np.intp), **axis,
    )  # fmt: skip


def level_track(time) -> Track:
    n = time.size
    position = np.column_stack([0.3 * time, np.zeros(n), np.full(n, 0.05)])
    return Track(time, position, np.broadcast_to(np.eye(3), (n, 3, 3)), np.full((n, 3), np.nan), np.ones(n, bool))


def test_normalise_takes_out_frequency_and_turns():
    time = np.arange(40) * 0.02
    hz = np.array([1000.0, 10_000.0])
    polarizability = 1e-6 - 2e-7j
    volts = -2j * np.pi * hz * MU0_H_M * 3.0 * polarizability * np.ones((40, 1))
    response = normalise(emi_data(volts, time=time, frequency_hz=hz), level_track(time))
    assert response.values[0] == pytest.approx([1e-6, 1e-6, -2e-7, -2e-7])


def test_normalise_drops_dead_channels_and_missing_rows():
    time = np.arange(40) * 0.02
    volts = np.ones((40, 2), complex) * [1e-7, 2e-7]
    volts[:, 1] = np.nan
    volts[3, 0] = np.nan
    response = normalise(emi_data(volts, time=time, frequency_hz=np.array([1e3, 1e4])), level_track(time))
    assert response.values.shape == (39, 2)
    assert set(response.channel_hz) == {1e3}


def test_pulse_gates_are_found_like_frequencies():
    gates = np.array([[20e-6, 40e-6], [40e-6, 80e-6], [80e-6, 160e-6]])
    base = sweep(pulse=True)
    decay = np.array([6e-7, 3e-7, 1e-7])
    response = replace(base, values=base.values[:, :3], channel_hz=1 / (2 * np.pi * gates.mean(axis=1)))
    response = replace(response, imaginary=np.zeros(3, bool))
    (found,) = find_dipoles(bury(response, (0.2, 0.1, -0.04), decay), NOISE[:3]).dipoles
    assert found.position_m == pytest.approx([0.2, 0.1, -0.04], abs=0.004)


def test_white_noise_ignores_targets_and_drift():
    response = bury(sweep(wander_m=0.0), (0.2, 0.1, -0.05), STEEL * 0.3)
    drift = np.linspace(0, 50, response.time_s.size)[:, None] * NOISE
    assert white_noise(replace(response, values=response.values + drift)) == pytest.approx(NOISE, rel=0.6)


def test_binning_keeps_means_and_counts():
    response = sweep()
    binned = bin_along_track(response, bin_m=0.03)
    assert binned.count.sum() == response.time_s.size
    assert binned.time_s.size < response.time_s.size / 2
    assert (binned.values * binned.count[:, None]).sum(axis=0) == pytest.approx(response.values.sum(axis=0))
    assert bin_along_track(response, bin_m=0.0) is response


def test_a_spike_is_left_out_and_a_target_is_not():
    response = bury(sweep(wander_m=0.0), (0.2, 0.1, -0.03), STEEL)
    clean, none = drop_spikes(response, white_noise(response))
    assert none == 0
    assert clean.time_s.size == response.time_s.size
    values = response.values.copy()
    values[200] += 1000 * NOISE * 30
    values[301, 2] -= 100 * NOISE[2] * 30
    spiked, two = drop_spikes(replace(response, values=values), white_noise(response))
    assert two == 2
    assert np.array_equal(spiked.values, np.delete(response.values, [200, 301], axis=0))


def test_a_weak_target_beside_what_a_strong_one_leaves_is_still_looked_for():
    strong = bury(sweep(), (0.09, 0.1, -0.03), STEEL * 30)
    both = bury(strong, (0.3, 0.24, -0.03), ALUMINIUM * 0.3)
    found = find_dipoles(both, NOISE).dipoles
    assert min(np.hypot(*(d.position_m[:2] - (0.3, 0.24))) for d in found) < 0.02
