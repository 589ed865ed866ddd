"""Currents of pulse systems against quadrature of their history, limits and invariances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from dualsense.induction._polarizability import gate_rate, rotate_spectrum, sphere_spectrum
from dualsense.induction._waveform import (
    Current,
    bipolar_train,
    gate_nodes,
    pulse_rate,
    rectangular_pulse,
    relaxation_rate,
    viscous_rate,
)
from oracles.wires import exponential_memory

STEEL = sphere_spectrum(radius_m=0.005, conductivity_s_m=5e6, relative_permeability=100.0)
GATES = np.array([[10e-6, 12e-6], [50e-6, 80e-6], [200e-6, 1e-3]])
RAMPED = rectangular_pulse(width_s=80e-6, ramp_on_s=40e-6, ramp_off_s=3e-6)


def test_a_long_pulse_cut_off_is_the_step():
    long = rectangular_pulse(width_s=10.0)
    np.testing.assert_allclose(pulse_rate(STEEL, GATES, long), gate_rate(STEEL, GATES), rtol=1e-12)


@pytest.mark.parametrize("tau", (1e-6, 30e-6, 1e-3))
def test_memory_of_ramps_is_the_convolution(tau):
    fall = [exponential_memory(RAMPED, t, tau) for t in GATES.ravel()]
    mean = -np.diff(np.reshape(fall, (-1, 2)), axis=1)[:, 0] / np.diff(GATES, axis=1)[:, 0]
    np.testing.assert_allclose(relaxation_rate(GATES, tau, RAMPED)[:, 0], mean, rtol=1e-9)


def test_a_pulse_is_a_step_off_less_the_earlier_step_on():
    width = 100e-6
    both = pulse_rate(STEEL, GATES, rectangular_pulse(width_s=width))
    steps = gate_rate(STEEL, GATES) - gate_rate(STEEL, GATES + width)
    np.testing.assert_allclose(both, steps, rtol=1e-11)


def test_ramps_tend_to_jumps():
    jump = pulse_rate(STEEL, GATES, rectangular_pulse(width_s=1e-3))
    for ramp in (1e-9, 1e-12):
        ramped = pulse_rate(STEEL, GATES, rectangular_pulse(width_s=1e-3, ramp_off_s=ramp))
        np.testing.assert_allclose(ramped, jump, rtol=1e5 * ramp)


@pytest.mark.parametrize("ramp", (0.0, 5e-6))
def test_a_train_is_the_sum_of_its_pulses(ramp):
    train = bipolar_train(width_s=0.3e-3, off_s=1.2e-3, ramp_off_s=ramp)
    one = rectangular_pulse(width_s=0.3e-3, ramp_off_s=ramp)
    half, tau = 0.5 * train.period_s, np.array([20e-6, 0.4e-3, 5e-3])
    assert half == pytest.approx(1.5e-3 + ramp)
    single = sum((-1) ** n * relaxation_rate(GATES + n * half, tau, one) for n in range(200))
    np.testing.assert_allclose(relaxation_rate(GATES, tau, train), single, rtol=1e-10)
    n = np.arange(801)
    soil = np.array([viscous_rate(GATES + k * half, one) for k in n]) * (-1.0) ** n[:, None]
    soil[-1] *= 0.5  # the mean of the last two sums of an alternating series
    np.testing.assert_allclose(viscous_rate(GATES, train), soil.sum(axis=0), rtol=1e-6)


def test_viscous_soil_falls_as_one_over_t():
    np.testing.assert_allclose(
        viscous_rate(GATES, rectangular_pulse(width_s=1e9)),
        np.log(GATES[:, 1] / GATES[:, 0]) / np.diff(GATES, axis=1)[:, 0],
        rtol=1e-9,
    )


@pytest.mark.parametrize("width", (20e-6, 1e-3))
def test_viscous_soil_after_a_pulse_of_length_t(width):
    mean = [quad(lambda t: 1 / t - 1 / (t + width), *g, epsrel=1e-12)[0] / (g[1] - g[0]) for g in GATES]
    np.testing.assert_allclose(viscous_rate(GATES, rectangular_pulse(width_s=width)), mean, rtol=1e-12)


def test_viscous_soil_after_ramps_is_the_mean_over_them():
    def at(t):
        on = quad(lambda s: 1 / (t + s), 83e-6, 123e-6, epsrel=1e-12)[0] / 40e-6
        return quad(lambda s: 1 / (t + s), 0, 3e-6, epsrel=1e-12)[0] / 3e-6 - on

    mean = [quad(at, *g, epsrel=1e-11)[0] / (g[1] - g[0]) for g in GATES]
    np.testing.assert_allclose(viscous_rate(GATES, RAMPED), mean, rtol=1e-9)


@pytest.mark.parametrize("current", (RAMPED, bipolar_train(width_s=0.3e-3, off_s=1.2e-3, ramp_off_s=2e-6)))
def test_viscous_soil_is_log_uniform_relaxations(current):
    """The same soil as very many exponentials, one decade past the gates and pulses and more."""
    edges = np.linspace(np.log(1e-9), np.log(1e4), 4001)
    tau, weight = np.exp(0.5 * (edges[1:] + edges[:-1])), np.diff(edges)
    np.testing.assert_allclose(
        relaxation_rate(GATES, tau, current) @ weight, viscous_rate(GATES, current), rtol=1e-4
    )


def test_gate_means_integrate_one_over_t():
    t, weight = gate_nodes(GATES)
    np.testing.assert_allclose(weight.sum(axis=1), 1, rtol=1e-12)
    exact = np.log(GATES[:, 1] / GATES[:, 0]) / np.diff(GATES, axis=1)[:, 0]
    np.testing.assert_allclose((weight / t).sum(axis=1), exact, rtol=1e-12)


@settings(deadline=None, max_examples=30, derandomize=True)
@given(s=st.floats(0.1, 10), amps=st.floats(-20, 20).filter(lambda i: abs(i) > 1e-3), tau=st.floats(1e-6, 1e-2))
def test_units(s, amps, tau):
    """Times scaled together scale a rate inversely; currents scale it as they are."""
    kw = {"width_s": 100e-6, "off_s": 1e-3, "ramp_on_s": 10e-6, "ramp_off_s": 5e-6}
    one = bipolar_train(**kw)
    other = bipolar_train(**{k: s * v for k, v in kw.items()}, current_a=amps)
    rate, scaled = relaxation_rate(GATES, tau, one), relaxation_rate(s * GATES, s * tau, other)
    np.testing.assert_allclose(scaled * s, amps * rate, rtol=1e-9)
    np.testing.assert_allclose(viscous_rate(s * GATES, other) * s, amps * viscous_rate(GATES, one), rtol=1e-8)


def test_turning_the_object_turns_its_decay():
    r = np.array([[0.0, -1.0, 0.0], [0.6, 0.0, -0.8], [0.8, 0.0, 0.6]])
    from dualsense.induction._polarizability import spheroid_spectrum

    rod = spheroid_spectrum(
        semi_axis_m=0.003, polar_semi_axis_m=0.02, conductivity_s_m=5e6, relative_permeability=80.0
    )
    turned = pulse_rate(rotate_spectrum(rod, r), GATES, RAMPED)
    still = pulse_rate(rod, GATES, RAMPED)
    np.testing.assert_allclose(turned, r @ still @ r.T, atol=1e-12 * np.abs(still).max())


@pytest.mark.parametrize(
    ("call", "match"),
    (
        (lambda: Current(np.array([0.0]), np.array([0.0])), "two or more"),
        (lambda: Current(np.array([1.0, 0.0]), np.array([0.0, 0.0])), "fall"),
        (lambda: Current(np.array([0.0, 1.0]), np.array([0.0, 1.0])), "begin and end"),
        (lambda: Current(np.array([0.0, 1.0]), np.array([0.0, 0.0]), period_s=0.5), "period_s"),
        (lambda: rectangular_pulse(width_s=0.0), "width_s"),
        (lambda: rectangular_pulse(width_s=1.0, ramp_off_s=-1.0), "ramps"),
        (lambda: bipolar_train(width_s=1.0, off_s=0.0), "off_s"),
        (lambda: relaxation_rate(GATES, -1.0, RAMPED), "tau_s"),
        (lambda: relaxation_rate([[2.0, 1.0]], 1.0, RAMPED), "gate_time_s"),
        (lambda: relaxation_rate([[-1.0, 1.0]], 1.0, RAMPED), "where the current is off"),
        (lambda: viscous_rate([[0.0, 1.0]], RAMPED), "start after"),
        (
            lambda: viscous_rate([[1e-3, 2e-3]], bipolar_train(width_s=1e-4, off_s=1.5e-3)),
            "where the current is off",
        ),
    ),
)
def test_refusals_name_the_value(call, match):
    with pytest.raises(ValueError, match=match):
        call()
