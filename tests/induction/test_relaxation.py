"""One spectrum for frequency and pulse domain: fits of finite-element tensors, spheres and spheroids."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from dualsense.induction._polarizability import (
    Spectrum,
    polarizability,
    rotate_spectrum,
    sphere_spectrum,
    spheroid_spectrum,
)
from dualsense.induction._relaxation import fit_gates, fit_spectrum, relaxation_times
from dualsense.induction._waveform import bipolar_train, pulse_rate, rectangular_pulse

EDGES = np.geomspace(1e-5, 2e-3, 25)
GATES = np.stack([EDGES[:-1], EDGES[1:]], axis=1)
TRAIN = bipolar_train(width_s=2e-3, off_s=2.5e-3, ramp_off_s=5e-6)
FREQUENCY = np.geomspace(100, 1e5, 30)
CASING = spheroid_spectrum(
    semi_axis_m=0.01, polar_semi_axis_m=0.003, conductivity_s_m=5e6, relative_permeability=80.0
)
TURN = Rotation.from_euler("xyz", [0.4, 0.9, -0.3]).as_matrix()


def size(tensors):
    return np.linalg.norm(tensors, axis=(-2, -1))


def fem_tensors(folder):
    omega = np.loadtxt(folder / "Frequencies.csv")
    text = (folder / "Tensors.csv").read_text().split("\n")
    rows = [[complex(cell.strip().strip("()")) for cell in row.split(",")] for row in text if row.strip()]
    return omega / (2 * np.pi), np.conj(np.array(rows).reshape(-1, 3, 3))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "magnetic"), (("disc_al1mm_mu32_sig1e6", True), ("sphere_r10mm_sig1e6_mu1", False))
)
def test_finite_elements_are_relaxations(shared_data, name, magnetic):
    """All frequencies to 1e-3 of each tensor from every second of them, 10 rad/s to 100 Mrad/s."""
    folder = shared_data / "mpt" / name
    frequency, fem = fem_tensors(folder)
    spectrum = fit_spectrum(fem[::2], frequency[::2], std_m3=size(fem[::2]), magnetic=magnetic)
    assert (size(polarizability(spectrum, frequency) - fem) / size(fem)).max() < 1e-3
    assert np.linalg.eigvalsh(spectrum.amplitude_m3).min() >= -1e-15 * np.abs(spectrum.amplitude_m3).max()
    static = np.loadtxt(folder / "N0.csv", delimiter=",")
    np.testing.assert_allclose(spectrum.static_m3, static, atol=1e-4 * np.abs(fem).max())


@pytest.mark.shared
def test_finite_element_sphere_decays_as_its_poles(shared_data):
    """From the frequency domain of one code to the gates of another formula."""
    frequency, fem = fem_tensors(shared_data / "mpt" / "sphere_r10mm_sig1e6_mu1")
    band = frequency < 1e6  # where the mesh resolves the skin
    spectrum = fit_spectrum(fem[band], frequency[band], magnetic=False)
    exact = sphere_spectrum(radius_m=0.01, conductivity_s_m=1e6, relative_permeability=1.0)
    gates = GATES[GATES[:, 1] < 6e-5]  # five times the slowest relaxation, 13 us
    np.testing.assert_allclose(
        pulse_rate(spectrum, gates, TRAIN)[:, 2, 2], pulse_rate(exact, gates, TRAIN)[:, 2, 2], rtol=5e-3
    )


def test_frequency_data_tell_the_gates():
    target = rotate_spectrum(CASING, TURN)
    fitted = fit_spectrum(polarizability(target, FREQUENCY), FREQUENCY)
    modelled, true = pulse_rate(fitted, GATES, TRAIN), pulse_rate(target, GATES, TRAIN)
    assert (size(modelled - true) / size(true)).max() < 5e-3


def test_gates_tell_the_frequencies():
    """As far as gates can: what relaxes before the first one is a constant in band, fast and slow are apart."""
    tau = np.array([30e-6, 200e-6])
    amplitude = TURN @ np.array([np.diag([3.0, 1.0, 2.0]), np.diag([0.5, 2.0, 1.0])]) @ TURN.T * 1e-7
    target = Spectrum(static_m3=np.zeros((3, 3)), amplitude_m3=amplitude, tau_s=tau)
    rate = pulse_rate(target, GATES, TRAIN)
    fitted = fit_gates(rate, GATES, TRAIN, std_m3_s=size(rate) + 1e-9 * size(rate).max())
    modelled, true = polarizability(fitted, FREQUENCY), polarizability(target, FREQUENCY)
    band = 1 / (2 * np.pi * GATES[0, 0]) > FREQUENCY
    assert (size(modelled - true)[band] / size(true)[band]).max() < 0.01


def test_both_domains_give_the_same_spectrum():
    target = rotate_spectrum(CASING, TURN)
    rate = pulse_rate(target, GATES, TRAIN)
    by_gates = fit_gates(rate, GATES, TRAIN, std_m3_s=size(rate))
    by_frequency = fit_spectrum(polarizability(target, FREQUENCY), FREQUENCY)
    other = rectangular_pulse(width_s=1e-4, ramp_off_s=1e-6)  # a waveform that neither was fitted to
    one, two = (pulse_rate(s, GATES[2:-2], other) for s in (by_gates, by_frequency))
    assert (size(one - two) / size(two)).max() < 0.01


def test_noise_is_not_followed_below_zero():
    rng = np.random.default_rng(5)
    tensor = polarizability(CASING, FREQUENCY)
    noise = 0.01 * np.abs(tensor).max() * rng.normal(size=(2, *tensor.shape))
    noisy = tensor + noise[0] + 1j * noise[1]
    spectrum = fit_spectrum(noisy, FREQUENCY)
    assert np.linalg.eigvalsh(spectrum.amplitude_m3).min() >= -1e-12 * np.abs(spectrum.amplitude_m3).max()
    assert np.linalg.eigvalsh(polarizability(spectrum, FREQUENCY).imag).max() <= 0
    symmetric = 0.5 * (noisy + noisy.swapaxes(1, 2))
    assert size(polarizability(spectrum, FREQUENCY) - symmetric).mean() < size(symmetric - tensor).mean()


def test_nothing_fits_nothing():
    spectrum = fit_spectrum(np.zeros((3, 3, 3)), [1e3, 1e4, 1e5])
    assert spectrum.tau_s.size == 0
    assert not spectrum.static_m3.any()


@settings(deadline=None, max_examples=8, derandomize=True)
@given(seed=st.integers(0, 1000), s=st.floats(1e-3, 1e3))
def test_turning_and_scaling_the_data_turns_and_scales_the_fit(seed, s):
    r = Rotation.random(random_state=seed).as_matrix()
    tensor = polarizability(CASING, FREQUENCY)
    still, turned = fit_spectrum(tensor, FREQUENCY), fit_spectrum(s * (r @ tensor @ r.T), FREQUENCY)
    f = np.geomspace(100, 1e5, 9)
    expected = s * (r @ polarizability(still, f) @ r.T)
    assert (size(polarizability(turned, f) - expected) / size(expected)).max() < 2e-4


@pytest.mark.parametrize(
    ("call", "match"),
    (
        (lambda: relaxation_times(1.0, 1.0), "low < high"),
        (lambda: fit_spectrum(np.zeros((2, 3, 3)), [1.0]), "tensor_m3"),
        (lambda: fit_spectrum(np.zeros((1, 3, 3)), [0.0]), "frequency_hz"),
        (lambda: fit_spectrum(np.zeros((1, 3, 3)), [1.0], std_m3=[0.0]), "standard deviation"),
        (lambda: fit_gates(np.zeros((1, 3, 3)), GATES, TRAIN), "rate_m3_s"),
    ),
)
def test_refusals_name_the_value(call, match):
    with pytest.raises(ValueError, match=match):
        call()
