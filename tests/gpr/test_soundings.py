"""From recordings to spectra: repair, reference, delay, and impulse traces by their analytic transform."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualsense.gpr._soundings import MAX_GAP_TONES, calibrate, repair_tones
from dualsense.scan import GprData, Pose
from dualsense.survey import track_at

FREQUENCY_HZ = np.arange(0.8e9, 3.21e9, 20e6)
TX, RX = np.array([[-0.05, 0.0, 0.0]]), np.array([[0.05, 0.0, 0.0]])


def still(n=9):
    t = np.linspace(0.0, 10.0, 101)
    pose = Pose(t, np.column_stack([0.1 * t, 0.0 * t, 0.04 + 0.0 * t]))
    return track_at(pose, np.linspace(1.0, 9.0, n))


def stepped(data, **options):
    n = len(data)
    return GprData(
        "sfcw",
        still(n).time_s,
        data,
        TX,
        RX,
        np.zeros(n, np.intp),
        **({"frequency_hz": FREQUENCY_HZ} | options),
    )


def echo(delay_s, n=9, frequency=FREQUENCY_HZ):
    """Two echoes a little apart, the strongest a real head hears, different in each sounding."""
    gain = np.linspace(0.5, 1.5, n)[:, None]
    late = delay_s + 0.4e-9
    return gain * (np.exp(-2j * np.pi * frequency * delay_s) + 0.5 * np.exp(-2j * np.pi * frequency * late))


@given(st.integers(0, FREQUENCY_HZ.size - 1))
def test_a_missing_tone_is_bridged(tone):
    data = echo(1.0e-9)
    holed = data.copy()
    holed[3, tone] = np.nan
    out, usable, bridged = repair_tones(holed, FREQUENCY_HZ)
    assert usable.all()
    assert bridged == 1
    assert abs(out[3, tone] - data[3, tone]) < (0.15 if tone in {0, FREQUENCY_HZ.size - 1} else 0.02)
    keep = np.ones(data.shape, bool)
    keep[3, tone] = False
    np.testing.assert_array_equal(out[keep], data[keep])


def test_uneven_tones_are_bridged_over_frequency():
    """Linear over the frequencies, not over the count of tones."""
    frequency = np.array([1.0, 1.1, 1.9, 2.0, 2.2, 2.3, 2.4, 2.5, 2.6, 2.7, 2.8]) * 1e9
    data = (frequency * (1.0 + 2.0j))[None]
    holed = data.copy()
    holed[0, 2] = np.nan
    out, usable, _ = repair_tones(holed, frequency)
    assert usable.all()
    np.testing.assert_allclose(out, data, rtol=1e-12)


@pytest.mark.parametrize("value", (np.nan, np.inf, complex(0.0, np.nan), complex(-np.inf, 1.0)))
def test_long_gaps_give_the_sounding_up(value):
    data = echo(1.0e-9)
    data[2, 10 : 10 + MAX_GAP_TONES] = value
    data[5, 10 : 11 + MAX_GAP_TONES] = value
    data[6, ::9] = value
    data[7, :] = value
    kept = data.copy()
    out, usable, bridged = repair_tones(data, FREQUENCY_HZ)
    assert usable.tolist() == [True, True, True, True, True, False, False, False, True]
    assert bridged == MAX_GAP_TONES
    assert np.isfinite(out).all()
    np.testing.assert_array_equal(data, kept)


def test_lost_soundings_are_left_out_and_told():
    data = echo(1.0e-9)
    data[5] = np.nan
    data[1, 40] = np.nan
    soundings, faults = calibrate(stepped(data), still())
    assert soundings.time_s.size == 8
    assert np.isfinite(soundings.spectrum).all()
    assert [(f.severity, f.sensor) for f in faults] == [("info", "gpr"), ("degraded", "gpr")]
    assert "1 missing" in faults[0].message
    assert "1 of 9" in faults[1].message


def test_nothing_wrong_nothing_told():
    soundings, faults = calibrate(stepped(echo(1.0e-9)), still())
    assert faults == ()
    np.testing.assert_array_equal(soundings.spectrum, echo(1.0e-9))
    np.testing.assert_array_equal(soundings.frequency_hz, FREQUENCY_HZ)
    np.testing.assert_allclose(soundings.tx_m, soundings.midpoint_m + TX, rtol=0, atol=1e-15)
    np.testing.assert_allclose(soundings.rx_m - soundings.tx_m, np.tile(RX - TX, (9, 1)), rtol=0, atol=1e-15)


def test_soundings_without_a_pose_are_left_out():
    gpr = stepped(echo(1.0e-9))
    track = replace(still(), covered=np.arange(9) % 3 > 0)
    soundings, _ = calibrate(gpr, track)
    np.testing.assert_array_equal(soundings.spectrum, gpr.data[track.covered])
    np.testing.assert_array_equal(soundings.time_s, gpr.time_s[track.covered])


def test_system_delay_is_taken_out():
    soundings, _ = calibrate(stepped(echo(5.0e-9), system_delay_s=4.0e-9), still())
    np.testing.assert_allclose(soundings.spectrum, echo(1.0e-9), atol=1e-12)


@pytest.mark.parametrize("delay_s", (0.0, 4.0e-9, 23.0e-9))
def test_tones_are_bridged_without_the_delay_of_the_cables(delay_s):
    """Over 20 MHz a cable of 23 ns turns the phase by half a turn: neighbours average to nothing."""
    data = echo(delay_s + 1.0e-9)
    data[4, 60] = np.nan
    soundings, _ = calibrate(stepped(data, system_delay_s=delay_s), still())
    np.testing.assert_allclose(soundings.spectrum, echo(1.0e-9), atol=0.02)


def test_reference_is_subtracted():
    reference = 3.0 * echo(0.6e-9, n=1)[0]
    data = echo(1.0e-9) + reference
    soundings, faults = calibrate(stepped(data, reference=reference), still())
    assert faults == ()
    np.testing.assert_allclose(soundings.spectrum, echo(1.0e-9), atol=1e-12)
    kept, _ = calibrate(stepped(data, reference=reference), still(), use_reference=False)
    np.testing.assert_array_equal(kept.spectrum, data)


def test_reference_goes_through_the_same_delay():
    reference = 3.0 * echo(4.6e-9, n=1)[0]
    data = echo(5.0e-9) + reference
    soundings, _ = calibrate(stepped(data, reference=reference, system_delay_s=4.0e-9), still())
    np.testing.assert_allclose(soundings.spectrum, echo(1.0e-9), atol=1e-12)


def test_a_reference_with_one_missing_tone_is_bridged():
    reference = 3.0 * echo(0.6e-9, n=1)[0]
    holed = reference.copy()
    holed[17] = np.nan
    soundings, faults = calibrate(stepped(echo(1.0e-9) + reference, reference=holed), still())
    np.testing.assert_allclose(soundings.spectrum, echo(1.0e-9), atol=0.05)
    assert [f.path for f in faults] == ["/gpr/reference"]
    assert faults[0].severity == "info"


def test_a_broken_reference_is_not_used_and_told():
    data = echo(1.0e-9)
    reference = np.full(FREQUENCY_HZ.size, np.nan + 0j)
    soundings, faults = calibrate(stepped(data, reference=reference), still())
    np.testing.assert_array_equal(soundings.spectrum, data)
    assert [f.path for f in faults] == ["/gpr/reference"]


def test_channels_have_their_own_antennas():
    """A row of two antenna pairs on a cart that stands at 45 degrees to the lane."""
    half = np.pi / 8
    q = np.tile([np.cos(half), 0.0, 0.0, np.sin(half)], (101, 1))
    pose = Pose(np.linspace(0.0, 10.0, 101), np.zeros((101, 3)), q)
    n = 6
    gpr = replace(
        stepped(echo(1.0e-9, n=n)),
        time_s=np.linspace(1, 9, n),
        tx_position_m=np.array([[-0.05, 0.0, 0.0], [-0.05, 0.2, 0.01]]),
        rx_position_m=np.array([[0.05, 0.0, 0.0], [0.05, 0.2, 0.01]]),
        channel=np.arange(n) % 2,
    )
    soundings, _ = calibrate(gpr, track_at(pose, gpr.time_s))
    s = np.sqrt(0.5)
    np.testing.assert_allclose(soundings.tx_m[0], [-0.05 * s, -0.05 * s, 0.0], atol=1e-15)
    np.testing.assert_allclose(soundings.rx_m[1], [(0.05 - 0.2) * s, (0.05 + 0.2) * s, 0.01], atol=1e-15)


# --- impulse ---------------------------------------------------------------------------------------------


def ricker(t, centre_hz):
    a = (np.pi * centre_hz * t) ** 2
    return (1.0 - 2.0 * a) * np.exp(-a)


def ricker_spectrum(f, centre_hz):
    """Fourier integral of the Ricker wavelet, e^{-i omega t} forward."""
    return 2.0 / np.sqrt(np.pi) * f**2 / centre_hz**3 * np.exp(-((f / centre_hz) ** 2))


def impulse(delay_s, *, n=9, samples=512, dt_s=20e-12, start_s=0.0, dtype=np.float64, **options):
    t = start_s + dt_s * np.arange(samples)
    data = np.linspace(0.5, 1.5, n)[:, None] * ricker(t - delay_s, 1.5e9)
    return GprData(
        "impulse",
        still(n).time_s,
        data.astype(dtype),
        TX,
        RX,
        np.zeros(n, np.intp),
        sample_time_s=t,
        **options,
    )


def expected_impulse(frequency, delay_s, n=9):
    gain = np.linspace(0.5, 1.5, n)[:, None]
    return gain * ricker_spectrum(frequency, 1.5e9) * np.exp(-2j * np.pi * frequency * delay_s)


@pytest.mark.parametrize("delay_s", (1.5e-9, 4.013e-9))
@pytest.mark.parametrize("dt_s", (5e-12, 20e-12, 60e-12))
@pytest.mark.parametrize("start_s", (0.0, 0.37e-9))
def test_impulse_spectrum_is_the_analytic_one(delay_s, dt_s, start_s):
    gpr = impulse(delay_s, dt_s=dt_s, samples=round(10e-9 / dt_s), start_s=start_s)
    soundings, faults = calibrate(gpr, still())
    assert faults == ()
    f = soundings.frequency_hz
    expected = expected_impulse(f, delay_s)
    np.testing.assert_allclose(soundings.spectrum, expected, rtol=0, atol=1e-4 * np.abs(expected).max())
    level = ricker_spectrum(f, 1.5e9) / ricker_spectrum(1.5e9, 1.5e9)
    assert 10.0 ** (-30.0 / 20.0) < level.min() < 10.0 ** (-22.0 / 20.0)  # the floor is 26 dB down
    assert f[0] < 0.5e9
    assert f[-1] > 3.0e9
    assert np.diff(f).max() < 1.0 / 10e-9  # no trace repeats itself within its window


def test_impulse_delay_and_reference():
    coupling = 5.0 * impulse(2.6e-9, n=1).data[0] / 0.5
    gpr = impulse(3.0e-9)
    gpr = replace(gpr, data=gpr.data + coupling, reference=coupling, system_delay_s=2.0e-9)
    soundings, _ = calibrate(gpr, still())
    expected = expected_impulse(soundings.frequency_hz, 1.0e-9)
    np.testing.assert_allclose(soundings.spectrum, expected, rtol=0, atol=1e-3 * np.abs(expected).max())


def test_impulse_whole_numbers():
    """16-bit counts, which the reader has scaled or not."""
    exact = impulse(2.0e-9)
    counts = replace(exact, data=np.rint(20_000 * exact.data).astype(np.int16))
    soundings, _ = calibrate(counts, still())
    expected = 20_000 * expected_impulse(soundings.frequency_hz, 2.0e-9)
    np.testing.assert_allclose(soundings.spectrum, expected, rtol=0, atol=1e-3 * np.abs(expected).max())


def test_impulse_offset_and_drift_do_not_widen_the_band():
    """An amplifier's offset is no echo."""
    gpr = impulse(3.0e-9)
    plain, _ = calibrate(gpr, still())
    shifted, _ = calibrate(replace(gpr, data=gpr.data + 40.0), still())
    assert shifted.frequency_hz[0] == pytest.approx(plain.frequency_hz[0], rel=0.3)
    assert shifted.frequency_hz[-1] == pytest.approx(plain.frequency_hz[-1], rel=0.1)
    common = np.isin(shifted.frequency_hz, plain.frequency_hz)
    expected = expected_impulse(shifted.frequency_hz[common], 3.0e-9)
    np.testing.assert_allclose(shifted.spectrum[:, common], expected, rtol=0, atol=1e-3 * np.abs(expected).max())


def test_noise_does_not_widen_the_band():
    """At a hundredth of the peak, and sampled 17 times over, noise exceeds the floor in all of the spectrum."""
    gpr = impulse(3.0e-9, n=60)
    rng = np.random.default_rng(1)
    noisy = replace(gpr, data=gpr.data + 0.02 * rng.standard_normal(gpr.data.shape))
    soundings, _ = calibrate(noisy, still(60))
    assert soundings.frequency_hz[0] < 0.7e9
    assert 2.5e9 < soundings.frequency_hz[-1] < 5e9


def test_impulse_missing_samples():
    gpr = impulse(3.0e-9)
    data = gpr.data.copy()
    data[2, 200:203] = np.nan
    data[4] = np.nan
    soundings, faults = calibrate(replace(gpr, data=data), still())
    assert soundings.time_s.size == 8
    assert [f.severity for f in faults] == ["info", "degraded"]
    expected = np.delete(expected_impulse(soundings.frequency_hz, 3.0e-9), 4, axis=0)
    np.testing.assert_allclose(soundings.spectrum, expected, rtol=0, atol=1e-3 * np.abs(expected).max())


def test_impulse_without_a_usable_trace():
    gpr = impulse(3.0e-9)
    soundings, faults = calibrate(replace(gpr, data=np.full_like(gpr.data, np.nan)), still())
    assert soundings.time_s.size == 0
    assert faults[-1].severity == "degraded"
    assert "9 of 9" in faults[-1].message


@pytest.mark.parametrize("samples", (1, 2, 3))
def test_impulse_of_hardly_any_samples(samples):
    soundings, _ = calibrate(impulse(0.0, samples=samples), still())
    assert soundings.spectrum.shape == (9, soundings.frequency_hz.size)
    assert np.isfinite(soundings.spectrum).all()


def test_silent_impulse_radar():
    gpr = impulse(3.0e-9)
    soundings, _ = calibrate(replace(gpr, data=0.0 * gpr.data), still())
    assert not soundings.spectrum.any()


def test_data_without_an_axis_are_refused():
    with pytest.raises(ValueError, match="got neither"):
        calibrate(stepped(echo(1e-9), frequency_hz=None), still())


# --- tones that the radar lacks, division by a reference, boresight -----------------------------------------


@pytest.mark.parametrize("lost", (np.s_[40:41], np.s_[10:20], np.s_[1::2]))
def test_tones_that_most_soundings_lack_are_left_out(lost):
    """As many as the reader allows, in a row or scattered: no sounding is given up for them."""
    data = echo(1.0e-9, n=20)
    data[:18, lost] = np.nan
    data[4] = np.nan  # a sounding without any tone says nothing of the tones
    soundings, faults = calibrate(stepped(data), still(20))
    kept = np.ones(FREQUENCY_HZ.size, bool)
    kept[lost] = False
    np.testing.assert_array_equal(soundings.frequency_hz, FREQUENCY_HZ[kept])
    np.testing.assert_array_equal(soundings.spectrum, np.delete(echo(1.0e-9, n=20), 4, axis=0)[:, kept])
    assert f"{(~kept).sum()} of 121 tones" in faults[0].message
    assert "1 of 20" in faults[1].message


def test_tones_that_one_channel_lacks_are_left_out_of_all():
    """A channel of few soundings would else be lost as a whole."""
    data = echo(1.0e-9, n=20)
    channel = np.where(np.arange(20) < 4, 1, 0)
    data[:4, 10:30] = np.nan
    gpr = replace(
        stepped(data, reference=np.zeros(121, complex)),
        channel=channel,
        tx_position_m=np.tile(TX, (2, 1)),
        rx_position_m=np.tile(RX, (2, 1)),
    )
    soundings, _ = calibrate(gpr, still(20))
    assert soundings.time_s.size == 20
    assert soundings.frequency_hz.size == 101


def test_more_than_half_of_the_tones_are_not_left_out():
    data = echo(1.0e-9, n=20)
    data[:, :80] = np.nan
    soundings, faults = calibrate(stepped(data), still(20))
    assert soundings.time_s.size == 0
    assert "20 of 20" in faults[-1].message


def test_few_holes_are_bridged_as_before():
    data = echo(1.0e-9)
    data[:4, 40] = np.nan
    soundings, faults = calibrate(stepped(data), still())
    np.testing.assert_array_equal(soundings.frequency_hz, FREQUENCY_HZ)
    assert "4 missing" in faults[0].message


SYSTEM = np.exp(-0.5 * ((FREQUENCY_HZ - 2e9) / 1e9) ** 2 - 2j * np.pi * FREQUENCY_HZ * 3.1e-9)
APART_S = 0.1 / 299_792_458.0


@pytest.mark.parametrize("mode", ("divide", "subtract-divide"))
def test_division_by_the_direct_wave_takes_the_system_out(mode):
    """What is heard is system x (direct + ground); the direct wave takes the distance of the antennas."""
    direct = np.exp(-2j * np.pi * FREQUENCY_HZ * APART_S)
    gpr = stepped(SYSTEM * (direct + 0.2 * echo(1.0e-9)), reference=SYSTEM * direct)
    soundings, _ = calibrate(gpr, still(), reference_mode=mode, reference_floor=1e-4)
    expected = 0.2 * echo(1.0e-9) + (direct if mode == "divide" else 0.0)
    np.testing.assert_allclose(soundings.spectrum, expected, atol=1e-5)


def test_division_by_a_plates_echo():
    """A plate at 0.2 m: the way of its echo is given, and delays stay those from antenna to antenna."""
    way_m = 0.4
    plate = SYSTEM * np.exp(-2j * np.pi * FREQUENCY_HZ * way_m / 299_792_458.0)
    soundings, _ = calibrate(
        stepped(SYSTEM * echo(1.0e-9), reference=plate),
        still(),
        reference_mode="divide",
        reference_floor=1e-4,
        reference_path_m=way_m,
    )
    np.testing.assert_allclose(soundings.spectrum, echo(1.0e-9), atol=1e-5)


def test_the_floor_holds_back_what_the_reference_lacks():
    reference = np.where(np.arange(121) == 60, 0.0, 1.0 + 0.0j)
    soundings, _ = calibrate(stepped(echo(1.0e-9), reference=reference), still(), reference_mode="divide")
    level = np.abs(soundings.spectrum) / np.abs(echo(1.0e-9))
    assert not level[:, 60].any()
    np.testing.assert_allclose(np.delete(level, 60, axis=1), 1.0 / (1.0 + 0.05**2 * 120 / 121), rtol=1e-9)


def test_impulse_division_takes_the_pulse_out():
    """In the band of the pulse what is left is the delay, relative to the reference's, and the way of its wave."""
    reference = impulse(1.0e-9, n=1).data[0] / 0.5
    gpr = replace(impulse(3.0e-9), reference=reference)
    soundings, _ = calibrate(gpr, still(), reference_mode="divide", reference_floor=1e-3)
    f = soundings.frequency_hz
    expected = np.linspace(0.5, 1.5, 9)[:, None] * np.exp(-2j * np.pi * f * (2.0e-9 + APART_S))
    np.testing.assert_allclose(soundings.spectrum, expected, atol=2e-3)


def test_the_boresight_follows_the_head():
    half = np.radians(15.0)
    q = np.tile([np.cos(half), np.sin(half), 0.0, 0.0], (101, 1))  # 30 degrees about x
    t = np.linspace(0.0, 10.0, 101)
    gpr = stepped(echo(1.0e-9))
    tilted, _ = calibrate(gpr, track_at(Pose(t, np.zeros((101, 3)), q), gpr.time_s))
    level, _ = calibrate(gpr, still())
    np.testing.assert_allclose(level.boresight, np.tile([0.0, 0.0, -1.0], (9, 1)), atol=1e-15)
    np.testing.assert_allclose(tilted.boresight, np.tile([0.0, 0.5, -np.sqrt(0.75)], (9, 1)), atol=1e-12)
