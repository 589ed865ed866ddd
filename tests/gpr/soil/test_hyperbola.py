"""Velocity from hyperbolas: made lines with known answers, error bars that mean what they say, real recordings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from dualsense.gpr._clean.line_background import remove_line_background
from dualsense.gpr._clean.surface import Surface
from dualsense.gpr._prepare.direct_wave import direct_time_zero
from dualsense.gpr._rays.traveltime import refracted_time
from dualsense.gpr._soil import _trace_kernels
from dualsense.gpr._soil.hyperbola import fit_hyperbolas
from dualsense.gpr._soundings import Soundings, calibrate
from dualsense.gpr._traces import analytic_traces
from dualsense.io import import_scan
from dualsense.survey import track_at

FREQUENCY_HZ = np.arange(0.5e9, 2.6e9, 0.05e9)
C = 299_792_458.0


@pytest.fixture(autouse=True)
def one_thread_of_blas():
    """Sums rounded as in the chain, which lets BLAS have one thread."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield


def unfitted(soundings):
    n, k = soundings.spectrum.shape
    flat = np.zeros(n)
    return Surface(flat + 1e-3, flat, np.ones((n, k), complex), flat, fitted=False)


def line_of(points, *, speed=0.1e9, spacing=0.01, length=1.0, noise=0.0, separation=0.06, across=False, height=0.0,
            seed=0, level=1.0, turned=0.0, radius=0.0):  # fmt: skip
    """Spectra of point scatterers (x, depth) under a line; noise relative to a scatterer's spectrum."""
    x = np.arange(0.0, length, spacing)
    half = 0.5 * separation
    along = np.array([np.cos(turned), np.sin(turned), 0.0])
    side = np.array([-along[1], along[0], 0.0])
    middle = x[:, None] * along + [0.0, 0.0, height]
    tx, rx = (middle + sign * half * (side if across else along) for sign in (-1, 1))
    spectrum = np.zeros((x.size, FREQUENCY_HZ.size), complex)
    pulse = np.exp(-(((FREQUENCY_HZ - 1.5e9) / 0.6e9) ** 2))
    eps = (C / speed) ** 2
    for px, depth in points:
        place = px * along
        legs = np.zeros(x.size)
        for antenna in (tx, rx):
            rho = np.hypot(*(antenna - place)[:, :2].T)
            if height:
                legs += [refracted_time(r, height, depth, relative_permittivity=eps) for r in rho]
            else:
                legs += (np.hypot(rho, depth + radius) - radius) / speed
        loss = (legs.min() / legs[:, None]) ** 2
        spectrum += level * loss * pulse * np.exp(-2j * np.pi * FREQUENCY_HZ * legs[:, None])
    rng = np.random.default_rng(seed)
    size = noise * pulse.std() * np.sqrt(2.0)
    spectrum += (
        size * (rng.standard_normal(spectrum.shape) + 1j * rng.standard_normal(spectrum.shape)) / np.sqrt(2.0)
    )
    n = x.size
    made = Soundings(x, FREQUENCY_HZ, spectrum, tx, rx, np.zeros(n, np.intp), np.full((n, 3), np.nan))
    return made, x


def fitted(made, x, **options):
    traces = analytic_traces(made, unfitted(made), window_s=8e-9)
    return fit_hyperbolas(made, traces, x, **options)


BARS = [(0.15, 0.07), (0.38, 0.09), (0.62, 0.06), (0.85, 0.08)]


# Travel times


@pytest.mark.kernel
@pytest.mark.parametrize("height", (0.0, 0.003, 0.05, 0.3))
def test_leg_time_is_fermat(height):
    """No crossing point of the surface gives a shorter time, and one gives the same."""
    for rho, depth, speed in ((0.0, 0.1, 0.1e9), (0.05, 0.02, 0.09e9), (0.4, 0.3, 0.19e9), (0.3, 0.001, 0.06e9)):
        found = _trace_kernels.leg_time(rho, height, depth, speed)
        if height == 0.0:
            assert found == pytest.approx(np.hypot(rho, depth) / speed, rel=1e-12)
            continue
        a = np.linspace(0.0, rho, 200001)
        brute = (np.hypot(a, height) / C + np.hypot(rho - a, depth) / speed).min()
        assert found == pytest.approx(brute, rel=1e-8)
        assert found <= brute * (1.0 + 1e-14)


@pytest.mark.kernel
def test_point_times_of_a_bar_are_those_of_its_surface():
    x = np.array([0.0, 0.1])
    antennas = np.array([[-0.03, 0.0, 0.03, 0.0, 0.0], [0.0, -0.03, 0.0, 0.03, 0.0]])
    out = np.empty(2)
    _trace_kernels.point_times(x, antennas, 0.0, 0.07, 0.1e9, 0.01, out)
    assert out[0] == pytest.approx(2 * (np.hypot(0.03, 0.08) - 0.01) / 0.1e9, rel=1e-12)
    assert out[1] == pytest.approx(2 * (np.sqrt(0.1**2 + 0.03**2 + 0.08**2) - 0.01) / 0.1e9, rel=1e-12)


@pytest.mark.kernel
def test_search_sums_along_the_right_curve():
    """One spike per trace on a hyperbola: only its own centre, time and speed gather all of them."""
    x = np.arange(21) * 0.01
    antennas = np.zeros((21, 5))
    times = np.empty(21)
    _trace_kernels.point_times(x, antennas, 0.1, 0.06, 0.1e9, 0.0, times)
    rate = 2e10
    parts = np.zeros((21, 90, 2), np.float32)
    at = np.rint(times * rate).astype(int)
    for shift in (-1, 0, 1):
        parts[np.arange(21), at + shift, 1] = 1.0
    centres, apex = np.array([4, 10, 16]), np.array([1.0e-9, 1.2e-9, 1.6e-9])
    speeds = np.array([0.08e9, 0.1e9, 0.125e9])
    power, semblance, speed, depth = (np.zeros((3, 3)) for _ in range(4))
    _trace_kernels.search(
        parts, rate, x, antennas, centres, speeds, apex, 1.2, 0.03, 4, power, semblance, speed, depth
    )
    assert np.unravel_index(power.argmax(), power.shape) == (1, 1)
    assert speed[1, 1] == 0.1e9
    assert depth[1, 1] == pytest.approx(0.06)
    assert semblance[1, 1] == pytest.approx(1.0, abs=1e-6)
    assert power[1, 1] == pytest.approx(1.0, abs=1e-6)


# Made lines


@pytest.mark.parametrize(
    "geometry",
    (
        {},
        {"across": True},
        {"separation": 0.0},
        {"turned": 0.7, "speed": 0.13e9},
        {"height": 0.03, "separation": 0.04},
        {"speed": 0.075e9, "spacing": 0.006},
    ),
    ids=str,
)
def test_velocity_and_depths_without_noise(geometry):
    made, x = line_of(BARS, **geometry)
    turned = geometry.get("turned", 0.0)
    found = fitted(made, x, direction=(np.cos(turned), np.sin(turned)))
    speed = geometry.get("speed", 0.1e9)
    close = 0.02 if geometry.get("height") else 0.012  # air flattens the curves, and they tell less
    assert found.velocity_m_s == pytest.approx(speed, rel=close)
    assert [a.x_m for a in found.apexes] == pytest.approx([b[0] for b in BARS], abs=0.003)
    assert [a.depth_m for a in found.apexes] == pytest.approx([b[1] for b in BARS], abs=0.0025)
    assert found.rejected == ()
    assert found.relative_permittivity == pytest.approx((C / speed) ** 2, rel=2.1 * close)


def test_order_of_the_traces_does_not_matter():
    made, x = line_of(BARS, noise=0.2)
    straight = fitted(made, x)
    shuffled = np.random.default_rng(3).permutation(x.size)
    mixed = Soundings(
        made.time_s,
        made.frequency_hz,
        made.spectrum[shuffled],
        made.tx_m[shuffled],
        made.rx_m[shuffled],
        made.channel,
        made.position_std_m,
    )
    # sums in another order, rounded otherwise: by how much is the processor's
    assert fitted(mixed, x[shuffled]).velocity_m_s == pytest.approx(straight.velocity_m_s, rel=1e-7)


def test_error_bars_mean_what_they_say():
    """Over many noises the errors are of the size that is stated: z-scores of about one."""
    z = []
    for seed in range(24):
        made, x = line_of(BARS, noise=0.7, seed=seed)
        found = fitted(made, x)
        assert len(found.apexes) + len(found.rejected) >= 3
        z.append((found.velocity_m_s - 0.1e9) / found.velocity_std_m_s)
    assert 0.5 < np.std(z) < 1.8
    assert abs(np.mean(z)) < 0.8
    assert np.max(np.abs(z)) < 4.5


def test_bars_taken_for_points_read_fast_and_with_their_radius_right():
    made, x = line_of(BARS, radius=0.012)
    assert fitted(made, x).velocity_m_s > 1.04 * 0.1e9
    known = fitted(made, x, radius_m=0.012)
    assert known.velocity_m_s == pytest.approx(0.1e9, rel=0.012)
    assert [a.depth_m for a in known.apexes] == pytest.approx([b[1] for b in BARS], abs=0.0025)


def test_time_zero_is_part_of_the_error():
    """A line whose time zero is off by one stated deviation errs by about the deviation that this adds."""
    made, x = line_of(BARS)
    late = made.spectrum * np.exp(-2j * np.pi * FREQUENCY_HZ * 0.1e-9)
    shifted = replace(made, spectrum=late)
    sure, unsure = fitted(made, x), fitted(made, x, time_zero_std_s=0.1e-9)
    assert unsure.velocity_m_s == pytest.approx(sure.velocity_m_s, rel=1e-6)
    moved = abs(fitted(shifted, x).velocity_m_s - sure.velocity_m_s)
    assert unsure.velocity_std_m_s == pytest.approx(np.hypot(moved, sure.velocity_std_m_s), rel=0.4)


def test_a_curve_that_disagrees_is_left_out():
    slow, x = line_of([(0.15, 0.07), (0.38, 0.09), (0.85, 0.08)])
    fast, _ = line_of([(0.62, 0.06)], speed=0.16e9)
    both = replace(slow, spectrum=slow.spectrum + fast.spectrum)
    found = fitted(both, x)
    assert found.velocity_m_s == pytest.approx(0.1e9, rel=0.03)
    assert [round(h.x_m, 2) for h in found.rejected] == [0.62]


def test_layers_and_noise_are_no_hyperbolas():
    flat, x = line_of([], noise=1.0)
    found = fitted(flat, x)
    assert found.apexes == ()
    assert np.isnan(found.velocity_m_s)
    delay = np.exp(-2j * np.pi * FREQUENCY_HZ * 2e-9)
    layer = replace(flat, spectrum=0.2 * flat.spectrum + delay)
    assert fitted(layer, x).apexes == ()


def test_silence_and_short_lines_tell_nothing():
    made, x = line_of([(0.1, 0.05)], length=0.05)
    assert fitted(made, x).apexes == ()
    empty, x = line_of([], length=0.5)
    assert fitted(empty, x).apexes == ()
    with pytest.raises(ValueError, match=r"positions along the line must be 50 finite numbers, got shape \(49,\)"):
        fitted(empty, x[1:])


# Background and time zero


def test_background_of_the_line_goes_and_bars_stay():
    bars, x = line_of(BARS)
    coupling = 30.0 * np.exp(-2j * np.pi * FREQUENCY_HZ * 0.3e-9)
    both = replace(bars, spectrum=bars.spectrum + coupling)
    rest = remove_line_background(both, x).spectrum
    assert np.linalg.norm(rest - bars.spectrum) < 0.35 * np.linalg.norm(bars.spectrum)
    assert fitted(remove_line_background(both, x), x).velocity_m_s == pytest.approx(0.1e9, rel=0.03)


# Real recordings


def fit_file(path, **options):
    scan = import_scan(path, **options)
    zero_s, std_s = direct_time_zero(scan.gpr)
    gpr = replace(scan.gpr, system_delay_s=zero_s)
    soundings = calibrate(gpr, track_at(scan.pose, gpr.time_s))[0]
    x = soundings.midpoint_m[:, 0]
    return fitted(remove_line_background(soundings, x), x, time_zero_std_s=std_s)


@pytest.mark.shared
def test_reinforcing_bars(shared_data):
    """CHARISMA: 0.090 m/ns, bars 8 in apart. The 1.6 GHz antenna's pair stands 58 mm apart."""
    found = fit_file(shared_data / "charisma" / "Lab_specimen_data.DZT", antenna_separation_m=0.058)
    assert found.velocity_m_s == pytest.approx(0.090e9, abs=0.0025e9)
    assert found.velocity_std_m_s < 0.005e9
    assert len(found.apexes) == 13
    assert np.median(np.diff([a.x_m for a in found.apexes])) == pytest.approx(0.203, abs=0.005)


@pytest.mark.shared
def test_wall(shared_data):
    found = fit_file(shared_data / "ids" / "LID10003.dt")
    assert found.velocity_m_s == pytest.approx(0.135e9, abs=0.006e9)
    assert len(found.apexes) >= 7
    assert 0.035 <= np.median([a.depth_m for a in found.apexes]) <= 0.05


@pytest.mark.shared
def test_trench_with_pipes(shared_data):
    """matGPR's example: limestone sand of 0.165 m/ns, a hundred times the size of a mine's ground."""
    samples, traces = 917, 649
    raw = (shared_data / "matgpr" / "trench_and_pipes.su").read_bytes()
    records = np.frombuffer(raw, np.uint8).reshape(traces, 240 + 4 * samples)
    data = np.ascontiguousarray(records[:, 240:]).view("<f4").astype(float)
    x = 0.0401 * np.arange(traces)
    frequency = np.arange(50e6, 450e6, 8e6)
    spectrum = data @ np.exp(-2j * np.pi * frequency * 0.0977e-9 * np.arange(samples)[:, None])
    place = np.column_stack([x, 0.0 * x, 0.0 * x])
    line = Soundings(x, frequency, spectrum, place, place, np.zeros(traces, np.intp), np.full((traces, 3), np.nan))
    rest = remove_line_background(line, x, radius_m=5.0)
    found = fit_hyperbolas(rest, analytic_traces(rest, unfitted(rest), window_s=90e-9), x, max_velocity_m_s=0.25e9)
    assert found.velocity_m_s == pytest.approx(0.165e9, rel=0.04)
    assert len(found.apexes) >= 3
