"""Layered soil in both domains against systems of equations, quadrature, closed forms and the half-space."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualsense.constants import MU0_H_M
from dualsense.induction._field import Coil, mutual_inductance
from dualsense.induction._ground import half_space_coupling, log_uniform_susceptibility, viscous_susceptibility
from dualsense.induction._layered import (
    Layer,
    layered_coupling,
    layered_gates,
    layered_inductance,
    layered_reflection,
)
from dualsense.induction._waveform import bipolar_train, rectangular_pulse, viscous_rate
from oracles import layers as oracle

HEAD = {"tx_radius_m": 0.1, "rx_radius_m": 0.08, "height_sum_m": 0.1}
SOIL = (
    Layer(0.1, conductivity_s_m=0.02, susceptibility=0.01, viscosity=4e-4),
    Layer(0.3, conductivity_s_m=0.5, susceptibility=0.002),
    Layer(conductivity_s_m=0.001, susceptibility=0.03, viscosity=1e-3),
)
GATES = np.array([[10e-6, 12e-6], [50e-6, 80e-6], [200e-6, 1e-3]])
LONG = rectangular_pulse(width_s=1e3)


def as_numbers(soil, frequency):
    chi = [
        complex(viscous_susceptibility(frequency, reference=x.susceptibility - 1j * x.viscosity, reference_hz=1e4))
        for x in soil
    ]
    return [x.thickness_m for x in soil[:-1]], [x.conductivity_s_m for x in soil], chi


@pytest.mark.parametrize("lam", (0.01, 1.0, 30.0, 300.0))
@pytest.mark.parametrize("frequency", (1e3, 1e5))
def test_recursion_solves_the_boundary_values(lam, frequency):
    s = 2j * np.pi * frequency
    expected = oracle.reflection(lam, s, *as_numbers(SOIL, frequency))
    assert complex(layered_reflection(lam, s, SOIL)) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("offset", (0.0, 0.25))
def test_coupling_is_the_adaptive_integral(offset):
    expected = oracle.coupling(2e4, 0.1, 0.08, 0.1, offset, *as_numbers(SOIL, 2e4))
    z = layered_coupling(frequency_hz=2e4, offset_m=offset, layers=SOIL, **HEAD)
    assert complex(z[0, 0]) == pytest.approx(expected, rel=1e-8)


def test_oracles_6_and_7_as_one_layer():
    magnetic = layered_coupling(frequency_hz=1e4, layers=[Layer(susceptibility=0.01, viscosity=0.0004)], **HEAD)
    assert complex(magnetic[0, 0]) == pytest.approx(4.506411182e-7 + 1.132244822e-5j, rel=1e-8)
    conducting = complex(layered_coupling(frequency_hz=1e4, layers=[Layer(conductivity_s_m=0.1)], **HEAD)[0, 0])
    assert conducting.real == pytest.approx(6.022082e-8, rel=1e-6)
    assert conducting.imag == pytest.approx(-5.07708e-10, rel=1e-6)


@settings(deadline=None, max_examples=20, derandomize=True)
@given(
    sigma=st.floats(0, 2),
    chi=st.floats(0, 0.05),
    viscosity=st.floats(0, 2e-3),
    cut=st.floats(0.01, 1),
    f=st.floats(1e3, 1e5),
)
def test_layers_of_one_soil_are_the_half_space(sigma, chi, viscosity, cut, f):
    """And the slow path that takes each height by itself agrees with the fast one for a whole track."""
    kw = {"conductivity_s_m": sigma, "susceptibility": chi, "viscosity": viscosity}
    heights = np.array([0.04, 0.1, 0.3])
    head = {**HEAD, "height_sum_m": heights}
    z = layered_coupling(frequency_hz=f, layers=[Layer(cut, **kw), Layer(2 * cut, **kw), Layer(**kw)], **head)
    whole = half_space_coupling(
        frequency_hz=f,
        tx_radius_m=0.1,
        rx_radius_m=0.08,
        tx_height_m=heights / 2,
        rx_height_m=heights / 2,
        susceptibility=viscous_susceptibility(f, reference=chi - 1j * viscosity, reference_hz=1e4),
        conductivity_s_m=sigma,
    )
    np.testing.assert_allclose(z[:, 0], whole, rtol=1e-8, atol=1e-20)


def test_a_deep_layer_is_not_seen_and_a_thick_one_hides_it():
    top = Layer(3.0, susceptibility=0.01)
    hidden = layered_coupling(frequency_hz=1e4, layers=[top, Layer(susceptibility=1.0)], **HEAD)
    alone = layered_coupling(frequency_hz=1e4, layers=[Layer(susceptibility=0.01)], **HEAD)
    np.testing.assert_allclose(hidden, alone, rtol=1e-2)
    air = layered_coupling(frequency_hz=1e4, layers=[Layer(0.05), Layer(susceptibility=0.01)], **HEAD)
    lifted = layered_coupling(
        frequency_hz=1e4, layers=[Layer(susceptibility=0.01)], **{**HEAD, "height_sum_m": 0.2}
    )
    np.testing.assert_allclose(air, lifted, rtol=1e-10)


@settings(deadline=None, max_examples=15, derandomize=True)
@given(s=st.floats(0.2, 5), a=st.floats(0.03, 0.3), b=st.floats(0.03, 0.3), x=st.floats(0, 0.5))
def test_swapped_and_scaled(s, a, b, x):
    """Reciprocity of unequal coils; lengths times s with conductivity over s^2 multiply the impedance by s."""

    def at(s, a, b):
        soil = [Layer(0.1 * s, 0.3 / s**2, 0.01), Layer(np.inf, 0.02 / s**2, 0.002)]
        kw = {"tx_radius_m": a * s, "rx_radius_m": b * s, "height_sum_m": 0.12 * s, "offset_m": x * s}
        return complex(layered_coupling(frequency_hz=2e4, layers=soil, **kw)[0, 0])

    largest = abs(at(1.0, a, a)) + abs(at(1.0, b, b))
    assert abs(at(1.0, a, b) - at(1.0, b, a)) < 1e-12 * largest
    assert abs(at(s, a, b) / s - at(1.0, a, b)) < 1e-9 * largest


def test_viscous_ground_after_pulses_is_the_closed_form():
    chi, viscosity = 1e-7, 1e-8  # so weak that chi / (2 + chi) is linear
    m = mutual_inductance(Coil(0.1, (0, 0, -0.05)), Coil(0.08, (0, 0, 0.05)))
    soil = [Layer(susceptibility=chi, viscosity=viscosity)]
    once = rectangular_pulse(width_s=50e-6, ramp_on_s=20e-6, ramp_off_s=4e-6)
    for current in (
        LONG,
        once,
        replace(once, period_s=2e-3),
        bipolar_train(width_s=1e-3, off_s=1.5e-3, ramp_off_s=4e-6, current_a=3.0),
    ):
        v = layered_gates(gate_time_s=GATES, current=current, layers=soil, **HEAD)[0]
        expected = 0.5 * m * (2 * viscosity / np.pi) * viscous_rate(GATES, current)
        np.testing.assert_allclose(v, expected, rtol=1e-6)


def test_conducting_ground_late_after_a_pulse():
    """V = mu0 pi b^2 I a^2 (mu0 sigma)^1.5 / (20 sqrt(pi) t^2.5) (Ward and Hohmann 1988)."""
    sigma, t = 1.0, np.array([3e-5, 6e-5])
    v = layered_gates(
        gate_time_s=np.stack([t * 0.999, t * 1.001], axis=1),
        current=LONG,
        layers=[Layer(conductivity_s_m=sigma)],
        **{**HEAD, "height_sum_m": 0.02},
    )[0]
    expected = MU0_H_M * np.pi * 0.08**2 * 0.1**2 * (MU0_H_M * sigma) ** 1.5 / (20 * np.sqrt(np.pi) * t**2.5)
    np.testing.assert_allclose(v, expected, rtol=0.02)


def test_pulse_domain_is_the_transform_of_the_frequency_domain():
    def inductance(omega):
        return layered_inductance(laplace_rad_s=1j * omega, layers=SOIL, **HEAD)[0]

    for t in (5e-6, 100e-6):
        slow = oracle.impulse(inductance, t, 24)
        v = layered_gates(gate_time_s=[[t * (1 - 1e-4), t * (1 + 1e-4)]], current=LONG, layers=SOIL, **HEAD)
        assert v[0, 0] == pytest.approx(slow, rel=1e-5)


def test_log_uniform_times_are_viscous_in_band():
    f = np.array([1e3, 1e4, 1e5])
    chi = log_uniform_susceptibility(f, static=0.02, tau_min_s=1e-11, tau_max_s=1e3)
    slope = 0.02 / np.log(1e14)
    np.testing.assert_allclose(chi.imag, -np.pi / 2 * slope, rtol=1e-4)
    in_band = viscous_susceptibility(f, reference=complex(chi[1]), reference_hz=1e4)
    np.testing.assert_allclose(chi, in_band, rtol=1e-4)
    tau = np.geomspace(1e-6, 1e-4, 20001)
    mid, weight = np.sqrt(tau[1:] * tau[:-1]), np.full(20000, 1 / 20000)
    debye = [0.02 * np.sum(weight / (1 + 2j * np.pi * x * mid)) for x in f]
    np.testing.assert_allclose(
        log_uniform_susceptibility(f, static=0.02, tau_min_s=1e-6, tau_max_s=1e-4), debye, rtol=1e-7
    )


@pytest.mark.parametrize(
    ("call", "match"),
    (
        (lambda: Layer(0.0), "thickness_m"),
        (lambda: Layer(conductivity_s_m=-1.0), "conductivity_s_m"),
        (lambda: Layer(reference_hz=0.0), "reference_hz"),
        (lambda: layered_reflection(1.0, 1j, []), "layers"),
        (lambda: layered_reflection(1.0, 1j, [Layer(), Layer()]), "without end"),
        (lambda: layered_coupling(frequency_hz=0.0, layers=SOIL, **HEAD), "frequency_hz"),
        (lambda: layered_coupling(frequency_hz=1.0, layers=SOIL, **{**HEAD, "height_sum_m": 0.0}), "height_sum_m"),
        (lambda: layered_coupling(frequency_hz=1.0, layers=SOIL, **{**HEAD, "tx_radius_m": 0.0}), "tx_radius_m"),
        (lambda: layered_gates(gate_time_s=[[0.0, 1.0]], current=LONG, layers=SOIL, **HEAD), "start after"),
        (lambda: log_uniform_susceptibility(1.0, static=0.1, tau_min_s=1.0, tau_max_s=0.1), "tau_min_s"),
    ),
)
def test_refusals_name_the_value(call, match):
    with pytest.raises(ValueError, match=match):
        call()
