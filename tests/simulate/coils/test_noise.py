"""Each of the metal detector's imperfections in closed form or by its statistic, the others switched off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.simulate import _motion as motion
from dualsense.simulate._coils import noise as coil_noise
from dualsense.simulate._record import simulate_scan
from dualsense.simulate._scene.array import Array
from dualsense.simulate._scene.handling import Motion, Noise
from dualsense.simulate._scene.instrument import Detector
from dualsense.simulate._scene.scene import Scene, Soil

SILENT = Noise(
    emi_std_v_per_hz=1e-13, emi_drift_std=0.0, emi_warm_up_std=0.0, emi_offset=0.0, mains_field_t=0.0,
    mains_std_hz=0.0,
)  # fmt: skip


def hum_of(detector, **what):
    time_s = np.arange(4000) / detector.rate_hz
    noise = replace(SILENT, mains_field_t=1e-6, **what)
    return time_s, coil_noise.mains_hum(time_s, detector, noise, rng=np.random.default_rng(1))


def integrated(detector, volts, phases, mains_hz, time_s, tone_hz):
    """Oracle: the mean of the voltage times the tone's conjugate over one interval, by the midpoint rule."""
    count = 4000
    part = ((np.arange(count) + 0.5) / count - 0.5) / detector.rate_hz
    t = time_s[:, None] + part
    h = np.arange(1, coil_noise.HARMONICS + 1, 2)
    v = sum(a * np.cos(2 * np.pi * n * mains_hz * t + p) for a, n, p in zip(volts, h, phases, strict=True))
    return (1 if tone_hz == 0 else 2) * np.mean(v * np.exp(-2j * np.pi * tone_hz * t), axis=1)


@pytest.mark.parametrize("modality", ("frequency", "pulse"))
def test_hum_is_the_supply_demodulated_over_a_sample(modality):
    detector = Detector(modality=modality, frequency_hz=(1310.0, 2700.0), rate_hz=60.0, rx_radius_m=0.08)
    _, got = hum_of(detector, mains_hz=50.7)
    rng = np.random.default_rng(1)
    rng.normal()
    h = np.arange(1, coil_noise.HARMONICS + 1, 2)
    phases = rng.uniform(0.0, 2 * np.pi, len(h))
    volts = 2 * np.pi * 50.7 * 1e-6 * np.pi * 0.08**2 / h  # flux falls as 1 / h^2
    some = np.array([0.0, 7.0, 31.0]) / 60.0
    tones = (1310.0, 2700.0) if modality == "frequency" else (0.0,) * 4
    wanted = [integrated(detector, volts, phases, 50.7, some, tone) for tone in tones]
    np.testing.assert_allclose(got[[0, 7, 31]], np.transpose(wanted), atol=1e-4 * np.abs(got).max())


def test_hum_appears_at_its_alias():
    """50.7 Hz sampled 60 times a second by a pulse detector is a line at 9.3 Hz."""
    detector = Detector(modality="pulse", rate_hz=60.0)
    time_s, got = hum_of(detector, mains_hz=50.7)
    line = np.fft.rfftfreq(len(time_s), 1 / 60.0)[np.abs(np.fft.rfft(got[:, 0])).argmax()]
    assert line == pytest.approx(60.0 - 50.7, abs=0.02)


def test_all_coils_of_an_array_hear_one_supply():
    """Samples taken in turn are one line at the alias; two phases would leave one mirrored at half the rate."""
    scene = Scene(
        soil=Soil(susceptibility=0.0, susceptibility_loss=0.0, conductivity_s_m=0.0),
        motion=Motion(length_m=4.0, width_m=0.1, pose_rate_hz=20.0),
        radar=None,
        detector=Detector(modality="pulse", rate_hz=60.0),
        array=Array(coils=2),
        noise=replace(SILENT, emi_std_v_per_hz=0.0, mains_field_t=1e-6, mains_hz=50.7),
    )
    data = simulate_scan(scene, seed=1).emi.data[:, 0]
    size = np.abs(np.fft.rfft(data * np.hanning(len(data))))
    frequency = np.fft.rfftfreq(len(data), 1 / 60.0)
    alias, mirrored = (size[np.abs(frequency - f).argmin()] for f in (9.3, 30.0 - 9.3))
    assert alias == size.max()
    assert mirrored < 1e-3 * alias


def test_whole_periods_of_the_supply_silence_it():
    detector = Detector(rate_hz=50.0, frequency_hz=(2400.0,))
    assert (
        np.abs(hum_of(detector, mains_hz=50.0)[1]).max() < 1e-9 * np.abs(hum_of(detector, mains_hz=50.2)[1]).max()
    )


def test_one_tone_is_clipped_as_by_a_limiter():
    detector = Detector(frequency_hz=(5000.0,), overload_v_per_a=1.0)
    amplitude = np.array([0.5, 0.999, 1.5, 4.0, 50.0])
    got = coil_noise.clip_voltage((amplitude * np.exp(0.7j))[:, None], detector)[:, 0]
    r = np.minimum(1 / amplitude, 1.0)
    share = 2 / np.pi * (np.arcsin(r) + r * np.sqrt(1 - r**2))
    np.testing.assert_allclose(got, amplitude * share * np.exp(0.7j), rtol=5e-3)


def test_a_strong_tone_takes_from_a_weak_one():
    detector = Detector(frequency_hz=(2400.0, 9700.0), overload_v_per_a=1.0)
    quiet = np.array([[0.02 + 0.01j, 0.5j]])
    assert coil_noise.clip_voltage(quiet, detector) is quiet
    loud = coil_noise.clip_voltage(np.array([[0.02 + 0.01j, 3.0j]]), detector)[0]
    assert abs(loud[0]) < 0.5 * abs(quiet[0, 0])
    assert 1.0 < abs(loud[1]) < 4 / np.pi


def test_a_gate_clips_at_the_limit():
    detector = Detector(modality="pulse", overload_v_per_a=1.0)
    values = np.array([[3.0, 1.5, 0.4, -2.0], [0.1, 0.2, 0.3, 0.4]])
    np.testing.assert_array_equal(coil_noise.clip_voltage(values, detector), values.clip(-1.0, 1.0))


def test_an_instrument_that_watches_itself_writes_overload_as_missing():
    track = motion.Track(np.arange(3.0), np.zeros((3, 3)), None, 2.0)
    clean = np.zeros((6, 3), dtype=complex)
    clean[2] = 1.0
    for missing in (False, True):
        detector = Detector(overload_v_per_a=0.5, overload_missing=missing)
        got = coil_noise.record_voltage(
            clean, detector, SILENT, track, np.arange(6) / 50, np.random.default_rng(0)
        )
        np.testing.assert_array_equal(np.isnan(got).any(axis=1), (np.arange(6) == 2) & missing)
        assert not np.nanmax(np.abs(got.real)) > 0.51


def test_warming_up_is_drawn_for_each_channel_and_dies_away():
    track = motion.Track(np.arange(3.0), np.zeros((3, 3)), None, 2.0)
    tones = tuple(np.arange(1, 201) * 100.0)
    noise = replace(SILENT, emi_warm_up_std=1e6, warm_up_time_s=4.0)
    time_s = np.array([0.0, 4.0, 400.0])
    got = coil_noise.record_voltage(
        np.zeros((3, 200), complex),
        Detector(frequency_hz=tones, overload_v_per_a=None),
        noise,
        track,
        time_s,
        np.random.default_rng(0),
    ) / (1e-13 * np.array(tones))
    assert got[0].real.std() == pytest.approx(1e6, rel=0.1)
    assert got[0].imag.std() == pytest.approx(1e6, rel=0.1)
    np.testing.assert_allclose(got[1], got[0] / np.e, atol=6.0)
    assert np.abs(got[2]).max() < 6.0
