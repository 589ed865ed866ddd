"""The wavenumber migration against its definition, Kirchhoff's sum and the wave equation."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from dualsense.constants import C0_M_S as C
from dualsense.gpr._clean.background import remove_background
from dualsense.gpr._clean.surface import fit_surface
from dualsense.gpr._migrate import _wave_kernels
from dualsense.gpr._migrate.kirchhoff import kirchhoff
from dualsense.gpr._migrate.stolt import stolt
from dualsense.gpr._migrate.wavenumber import wavenumber
from dualsense.gpr._rays.layers import Layers
from dualsense.gpr._soundings import calibrate
from dualsense.gpr._traces import Traces, analytic_traces
from dualsense.io import read_scan
from dualsense.result import Grid
from dualsense.survey import grid_around, track_at
from oracles import fermat, forward
from oracles import kirchhoff as oracle

EPS = 6.0
CELL_M = 0.005
DEPTH_M = CELL_M * np.arange(41)


def square(side_m, cell_m=CELL_M):
    half = math.ceil(0.5 * side_m / cell_m)
    at = cell_m * np.arange(-half, half + 1)
    return Grid(at, at, cell_m)


def traces_of(soundings, spectrum):
    """Analytic traces over a Kaiser window, as the chain makes them."""
    f = soundings.frequency_hz
    weight = np.kaiser(f.size, 5.0)
    spectrum = spectrum * weight / weight.sum()
    dt = 1.0 / (24.0 * f[-1])
    t = np.arange(0.0, 10e-9, dt)
    values = (spectrum @ np.exp(2j * np.pi * f[:, None] * t)).astype(np.complex64)
    return Traces(values, dt, f, spectrum)


def turned(soundings, yaw_rad, tilt_rad):
    middle = soundings.midpoint_m
    half = 0.05 * np.column_stack(
        [np.cos(yaw_rad) * np.cos(tilt_rad), np.sin(yaw_rad) * np.cos(tilt_rad), np.sin(tilt_rad)]
    )
    return replace(soundings, tx_m=middle - half, rx_m=middle + half)


def peak(migrated):
    a = np.abs(migrated.amplitude)
    return np.unravel_index(int(a.argmax()), a.shape)


def place(migrated, grid):
    """Where the envelope peaks, by parabolas through the neighbours of its highest voxel: x, y, depth."""
    a = np.abs(migrated.amplitude)
    k, j, i = peak(migrated)
    out = []
    for axis, line, n in ((grid.x_m, a[k, j, :], i), (grid.y_m, a[k, :, i], j), (migrated.depth_m, a[:, j, i], k)):
        low, middle, high = line[n - 1], line[n], line[n + 1]
        out.append(axis[n] + 0.5 * (low - high) / (low - 2 * middle + high) * (axis[1] - axis[0]))
    return np.array(out)


def width(line, step):
    """Full width at -3 dB about the highest value."""
    n = int(line.argmax())
    level = line[n] / math.sqrt(2.0)
    ends = []
    for side in (line[n:], line[n::-1]):
        m = int(np.flatnonzero(side < level)[0])
        ends.append(m - 1 + (side[m - 1] - level) / (side[m - 1] - side[m]))
    return step * sum(ends)


@pytest.fixture(scope="module")
def hand_held():
    """Irregular soundings whose heights scatter by 5 mm, and three points in soil."""
    rng = np.random.default_rng(3)
    soundings = forward.soundings(forward.sweep(rng, side_m=0.4, lines=16, per_line=36))
    points = ((0.03, -0.05, 0.08), (-0.10, 0.07, 0.03), (0.10, 0.12, 0.16))
    return soundings, traces_of(soundings, sum(forward.point_echo(soundings, p, EPS) for p in points))


@pytest.mark.kernel
def test_rays_keep_fermats_time():
    rng = np.random.default_rng(1)
    rays = np.empty((3, _wave_kernels.RAYS))
    for _ in range(12):
        h, z, eps = rng.uniform(0.001, 0.15), rng.uniform(0.0, 0.5), rng.uniform(1.0, 30.0)
        _wave_kernels.trace_rays(h, np.array([z]), np.array([math.sqrt(eps)]), C, 0.7, *rays)
        assert rays[0, -1] >= 0.7 * (1 - 1e-12)
        for r in rng.uniform(0.0, 0.6, 10):
            assert abs(_wave_kernels.ray_time(r, *rays) - fermat.time_s(r, h, z, eps)) < 1e-13


@pytest.mark.kernel
def test_rays_through_equal_layers_are_those_of_one():
    one, three = np.empty((3, 50)), np.empty((3, 50))
    _wave_kernels.trace_rays(0.03, np.array([0.12]), np.array([2.5]), C, 0.3, *one)
    _wave_kernels.trace_rays(0.03, np.array([0.05, 0.0, 0.07]), np.array([2.5, 9.0, 2.5]), C, 0.3, *three)
    np.testing.assert_allclose(three, one, rtol=1e-13)


@pytest.mark.kernel
@pytest.mark.parametrize(
    "offset",
    (
        (0.0, 0.0, 0.0),
        (0.1, 0.0, 0.0),
        (0.08, 0.06, 0.0),
        (0.1, 0.0, 0.012),
        (0.0, 0.1, -0.01),
        (0.07, -0.07, 0.015),
    ),
)
def test_kernel_spectrum_is_the_plain_transform(offset):
    """All symmetries of the antennas, against the sum over both halves of both axes."""
    offset = np.array(offset)
    h, z, radius, omega, end = 0.04, 0.06, 0.05, 2 * np.pi * 2e9, 1e-6
    x, y = 0.012 * np.arange(6), 0.015 * np.arange(5)
    kx, ky = 30.0 * np.arange(3), 25.0 * np.arange(4)
    rng = np.random.default_rng(0)
    data = rng.standard_normal((1, 1, 4, 2, 4, 3)).astype(np.float32)
    columns = np.array([[3, 3, 2, 0]])
    out = np.zeros((1, 3, 4, 2, 4, 3), np.float32)
    waves = [f(np.outer(*a)).astype(np.float32) for a in ((x, kx), (y, ky)) for f in (np.cos, np.sin)]
    _wave_kernels.extrapolate(
        data, np.array([[*offset, h]]), np.array([omega]), np.array([1]), columns, x, y, *waves,
        np.array([[z]]), np.array([math.sqrt(EPS)]), np.zeros(1), np.array([z / math.sqrt(EPS)]),
        np.array([radius]), C, end, out,
    )  # fmt: skip
    expected = np.zeros_like(out)
    for q, (m, n) in ((q, mn) for q in range(4) for mn in np.ndindex(4, 3)):
        if n >= columns[0, m]:
            continue
        total = 0.0
        for sx in range(-5, 6):
            for sy in range(-4, 5):
                at = np.array([0.012 * sx, 0.015 * sy])
                e2 = float(at @ at)
                if e2 >= radius**2:
                    continue
                legs = [
                    fermat.time_s(float(np.hypot(*(at + s * offset[:2]))), h - s * offset[2], z, EPS)
                    for s in (0.5, -0.5)
                ]
                w = oracle.weight(math.sqrt(e2), h, z, radius, EPS)
                k = np.array([(1 - 2 * (q & 1)) * kx[n], (1 - 2 * (q >> 1)) * ky[m]])
                total += w * np.exp(1j * (omega * sum(legs) - k @ at))
        value = total * complex(*data[0, 0, q, :, m, n])
        expected[0, 1, q, :, m, n] = value.real, value.imag
    np.testing.assert_allclose(out, expected, rtol=0, atol=2e-5 * np.abs(expected).max())


@pytest.mark.kernel
def test_samples_after_the_end_of_the_traces_have_no_weight():
    time = np.array([1.0, 3.0]) * np.ones((4, 1, 2))
    out = np.empty((4, 1, 2))
    x, rho, gain = np.array([0.0, 0.01]), np.array([0.0, 0.1]), np.ones(2)
    _wave_kernels.fill_weights(x, np.zeros(1), 2, 1, 0.1, 0.05, 2.0, rho, gain, time, out)
    assert (out[:, 0, 0] > 0).all()
    assert (out[:, 0, 1] == 0).all()


def test_one_antenna_shifts_the_phase_by_kz():
    """Zero offset: the kernel's transform has the phase of the wave equation, kz_air h + kz_soil z.

    The kernel is wide here, so that a ray's direction and its wavenumber are one; the stationary phase adds its
    constant quarter turn, and the next term of its series fades with frequency.
    """
    h, z, radius = 0.3, 0.4, 2.0
    omega = 2 * np.pi * 3e9
    step = 0.008
    x = step * np.arange(int(radius / step))
    k = np.linspace(0.0, 0.75 * 2 * omega / C, 40)
    angle = np.outer(x, k)
    line = np.zeros(1)
    data = np.zeros((1, 1, 4, 2, 1, k.size), np.float32)
    data[0, 0, 0, 0] = 1.0
    out = np.zeros((1, 1, 4, 2, 1, k.size), np.float32)
    waves = (np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32))
    flat = (np.ones((1, 1), np.float32), np.zeros((1, 1), np.float32))
    _wave_kernels.extrapolate(
        data, np.array([[0.0, 0.0, 0.0, h]]), np.array([omega]), np.array([0]), np.array([[k.size]]), x, line,
        *waves, *flat, np.array([[z]]), np.array([math.sqrt(EPS)]), np.zeros(1), np.array([z]), np.array([radius]),
        C, 1e-6, out,
    )  # fmt: skip
    found = out[0, 0, 0, 0, 0] + 1j * out[0, 0, 0, 1, 0]
    kz = [np.sqrt((2 * omega * n / C) ** 2 - k**2) for n in (1.0, math.sqrt(EPS))]
    left = found * np.exp(-1j * (kz[0] * h + kz[1] * z + np.pi / 4))
    assert np.abs(np.angle(left)).max() < 0.05


def test_same_volume_as_kirchhoff(hand_held):
    soundings, traces = hand_held
    grid = square(0.4)
    slow = kirchhoff(soundings, traces, grid, DEPTH_M, relative_permittivity=EPS)
    fast = wavenumber(soundings, traces, grid, DEPTH_M, relative_permittivity=EPS)
    assert fast.amplitude.shape == slow.amplitude.shape
    assert fast.amplitude.dtype == np.complex64
    assert fast.fold.dtype == fast.coherence.dtype == np.float32
    scale = np.abs(slow.amplitude).max()
    measured = slow.fold > 0.12 * slow.fold.max(axis=(1, 2), keepdims=True)
    assert np.abs(fast.amplitude - slow.amplitude)[measured].max() < 0.01 * scale
    highest = slow.fold.max(axis=(1, 2), keepdims=True)
    fold_error = np.abs(fast.fold - slow.fold) / highest
    assert fold_error.max() < 0.05  # at the very surface, where weights are as narrow as the head is low
    assert fold_error[4:].max() < 0.02
    bright = np.abs(slow.amplitude) > 0.2 * scale
    assert np.abs(fast.coherence - slow.coherence)[bright].max() < 0.03
    assert ((fast.coherence >= 0.0) & (fast.coherence <= 1.0)).all()


def test_point_in_its_place(hand_held):
    """Half a voxel, with refraction, irregular positions, 5 mm of height jitter and antennas 10 cm apart."""
    soundings, _ = hand_held
    grid = square(0.3)
    for point in ((0.03, -0.05, 0.08), (-0.062, 0.011, 0.047), (0.0, 0.0, 0.15)):
        traces = traces_of(soundings, forward.point_echo(soundings, point, EPS))
        found = wavenumber(soundings, traces, grid, DEPTH_M, relative_permittivity=EPS)
        assert np.abs(place(found, grid) - point).max() < 0.5 * CELL_M
        assert np.abs(found.amplitude).max() == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("route", (wavenumber, kirchhoff))
def test_no_wider_than_band_and_aperture_allow(hand_held, route):
    """-3 dB widths within 10 % of those of a raster without jitter, dense enough to be continuous."""
    soundings, _ = hand_held
    point = (0.0, 0.0, 0.08)
    fine = Grid(0.002 * np.arange(-30, 31), 0.002 * np.arange(-30, 31), 0.002)
    depth = 0.002 * np.arange(20, 61)
    at = 0.01 * np.arange(-30, 31)
    x, y = np.meshgrid(at, at)
    raster = forward.soundings(np.column_stack([x.ravel(), y.ravel(), np.full(x.size, 0.035)]))
    widths = []
    for one, migrate in ((soundings, route), (raster, kirchhoff)):
        traces = traces_of(one, forward.point_echo(one, point, EPS))
        a = np.abs(migrate(one, traces, fine, depth, relative_permittivity=EPS).amplitude)
        k, j, i = np.unravel_index(int(a.argmax()), a.shape)
        widths.append([width(line, 0.002) for line in (a[k, j], a[k, :, i], a[:, j, i])])
    np.testing.assert_allclose(widths[0], widths[1], rtol=0.1)


def test_head_that_turns_and_tilts():
    rng = np.random.default_rng(5)
    soundings = forward.soundings(forward.sweep(rng, lines=16, per_line=36))
    n = len(soundings.tx_m)
    soundings = turned(
        soundings, np.deg2rad(25.0) * rng.standard_normal(n), np.deg2rad(5.0) * rng.standard_normal(n)
    )
    grid = square(0.3)
    point = (0.03, -0.05, 0.06)
    traces = traces_of(soundings, forward.point_echo(soundings, point, EPS))
    found = wavenumber(soundings, traces, grid, DEPTH_M, relative_permittivity=EPS)
    slow = kirchhoff(soundings, traces, grid, DEPTH_M, relative_permittivity=EPS)
    assert np.abs(place(found, grid) - point).max() < 0.5 * CELL_M
    assert np.abs(found.amplitude - slow.amplitude).max() < 0.08 * np.abs(slow.amplitude).max()


def test_head_that_leans_all_the_time():
    """One antenna 9 mm above the other: an apex half-way between them would be half a voxel off."""
    rng = np.random.default_rng(6)
    soundings = forward.soundings(forward.sweep(rng, lines=16, per_line=36, height_m=0.04))
    soundings = turned(soundings, np.full(len(soundings.tx_m), 0.4), np.full(len(soundings.tx_m), np.deg2rad(5.0)))
    grid = square(0.3)
    point = (0.0, 0.0, 0.04)
    traces = traces_of(soundings, forward.point_echo(soundings, point, EPS))
    found = wavenumber(soundings, traces, grid, DEPTH_M, relative_permittivity=EPS)
    assert np.abs(place(found, grid) - point).max() < 0.25 * CELL_M


def test_head_above_the_reference_height(hand_held):
    """Heights handed over count, not the pose's."""
    soundings, traces = hand_held
    up = np.array([0.0, 0.0, 0.3])
    lifted = replace(soundings, tx_m=soundings.tx_m + up, rx_m=soundings.rx_m + up)
    grid = square(0.2)
    a = wavenumber(soundings, traces, grid, DEPTH_M[::4], relative_permittivity=EPS)
    b = wavenumber(
        lifted, traces, grid, DEPTH_M[::4], relative_permittivity=EPS, height_m=soundings.midpoint_m[:, 2].copy()
    )
    np.testing.assert_allclose(b.amplitude, a.amplitude, atol=1e-6)


def test_heights_far_apart():
    """A head that is lifted by 30 cm half-way: bands of height, each with its nodes."""
    rng = np.random.default_rng(8)
    midpoint = forward.sweep(rng, lines=16, per_line=36)
    midpoint[:, 2] += np.linspace(0.0, 0.3, len(midpoint))
    soundings = forward.soundings(midpoint)
    point = (0.0, 0.0, 0.06)
    traces = traces_of(soundings, forward.point_echo(soundings, point, EPS))
    grid = square(0.3)
    found = wavenumber(soundings, traces, grid, DEPTH_M, relative_permittivity=EPS)
    slow = kirchhoff(soundings, traces, grid, DEPTH_M, relative_permittivity=EPS)
    assert np.abs(found.amplitude - slow.amplitude)[5:].max() < 0.03 * np.abs(slow.amplitude).max()


def test_layers(hand_held):
    soundings, _ = hand_held
    top, bottom, split = 3.0, 12.0, 0.05
    point = (0.02, 0.03, 0.10)
    layers = Layers((0.0, split), (top, bottom))
    spectrum = np.empty_like(soundings.spectrum)
    rays = np.empty((3, 2000))
    for s in range(len(spectrum)):
        t = 0.0
        for a in (soundings.tx_m[s], soundings.rx_m[s]):
            thickness = np.array([split, point[2] - split])
            _wave_kernels.trace_rays(a[2], thickness, np.sqrt([top, bottom]), C, 1.0, *rays)
            t += np.interp(np.hypot(point[0] - a[0], point[1] - a[1]), rays[0], rays[1])
        spectrum[s] = np.exp(-2j * np.pi * soundings.frequency_hz * t)
    grid = square(0.2)
    traces = traces_of(soundings, spectrum)
    found = wavenumber(soundings, traces, grid, DEPTH_M, relative_permittivity=layers)
    assert np.abs(place(found, grid) - point).max() < 0.5 * CELL_M
    same = wavenumber(soundings, traces, grid, DEPTH_M, relative_permittivity=Layers((0.0, 0.03), (EPS, EPS)))
    plain = wavenumber(soundings, traces, grid, DEPTH_M, relative_permittivity=EPS)
    np.testing.assert_allclose(same.amplitude, plain.amplitude, atol=2e-4 * np.abs(plain.amplitude).max())


@pytest.mark.parametrize("along", (0, 1))
def test_line(along):
    """One row or one column of voxels under one straight line."""
    at = np.zeros((90, 3))
    at[:, along] = np.linspace(-0.4, 0.4, 90)
    at[:, 2] = 0.03
    soundings = forward.soundings(at)
    point = [0.0, 0.0, 0.07]
    point[along] = 0.05
    traces = traces_of(soundings, forward.point_echo(soundings, point, EPS))
    x, one = 0.005 * np.arange(-50, 51), np.zeros(1)
    grid = Grid(x, one, 0.005) if along == 0 else Grid(one, x, 0.005)
    found = wavenumber(soundings, traces, grid, DEPTH_M, relative_permittivity=EPS)
    slow = kirchhoff(soundings, traces, grid, DEPTH_M, relative_permittivity=EPS)
    np.testing.assert_allclose(found.amplitude, slow.amplitude, atol=0.01)
    k, *ji = peak(found)
    assert abs(x[ji[1 - along]] - 0.05) < 0.0026
    assert abs(DEPTH_M[k] - 0.07) < 0.0026


def test_tiles_meet(hand_held, monkeypatch):
    """A volume done in parts is the volume done at once: the soundings around a part reach into it."""
    soundings, traces = hand_held
    grid = square(0.3)
    whole = wavenumber(soundings, traces, grid, DEPTH_M[::4], relative_permittivity=EPS)
    monkeypatch.setattr("dualsense.gpr._migrate.wavenumber.TILE_M", 0.11)
    parts = wavenumber(soundings, traces, grid, DEPTH_M[::4], relative_permittivity=EPS)
    scale = np.abs(whole.amplitude).max()
    assert np.abs(parts.amplitude - whole.amplitude).max() < 0.01 * scale


def test_one_sounding():
    soundings = forward.soundings(np.array([[0.0, 0.0, 0.03]]))
    traces = traces_of(soundings, forward.point_echo(soundings, (0.0, 0.0, 0.06), EPS))
    grid = square(0.5, 0.01)
    found = wavenumber(soundings, traces, grid, DEPTH_M[::2], relative_permittivity=EPS)
    slow = kirchhoff(soundings, traces, grid, DEPTH_M[::2], relative_permittivity=EPS)
    assert np.isfinite(found.amplitude).all()
    far = np.hypot(*np.meshgrid(grid.x_m, grid.y_m)) > 0.25
    assert (found.fold[:, far] < 0.01 * found.fold.max()).all()
    inside = slow.fold > 0.12 * slow.fold.max(axis=(1, 2), keepdims=True)
    assert np.abs(found.amplitude - slow.amplitude)[inside].max() < 0.1


def test_no_soundings():
    soundings = forward.soundings(np.empty((0, 3)))
    empty = traces_of(soundings, soundings.spectrum)
    found = wavenumber(soundings, empty, square(0.1), DEPTH_M, relative_permittivity=EPS)
    assert found.amplitude.shape == (41, 21, 21)
    assert not found.fold.any()
    assert not found.amplitude.any()


def test_soundings_that_do_not_reach_the_map(hand_held):
    soundings, traces = hand_held
    far = Grid(5.0 + 0.01 * np.arange(8), 0.01 * np.arange(8), 0.01)
    found = wavenumber(soundings, traces, far, DEPTH_M, relative_permittivity=EPS)
    assert not found.fold.any()
    assert not found.amplitude.any()


def test_depths_after_the_end_of_the_traces_were_not_measured(hand_held):
    soundings, traces = hand_held
    short = replace(traces, values=traces.values[:, :120])
    found = wavenumber(soundings, short, square(0.2), np.array([0.05, 1.0]), relative_permittivity=EPS)
    assert found.fold[0].max() > 0
    assert not found.fold[1].any()
    assert not found.amplitude[1].any()


def test_units_of_the_instrument_do_not_matter(hand_held):
    soundings, traces = hand_held
    grid = square(0.2)
    plain = wavenumber(soundings, traces, grid, DEPTH_M[::4], relative_permittivity=EPS)
    for unit in (1e-25, 1e25):
        scaled = replace(traces, values=(unit * traces.values).astype(np.complex64))
        found = wavenumber(soundings, scaled, grid, DEPTH_M[::4], relative_permittivity=EPS)
        scale = unit * np.abs(plain.amplitude).max()
        assert np.abs(found.amplitude - unit * plain.amplitude).max() < 1e-4 * scale
        bright = np.abs(plain.amplitude) > 0.2 * np.abs(plain.amplitude).max()
        np.testing.assert_allclose(found.coherence[bright], plain.coherence[bright], atol=1e-3)


def test_refuses_what_is_not_finite(hand_held):
    soundings, traces = hand_held
    bad = traces.values.copy()
    bad[3, 5] = np.nan
    with pytest.raises(ValueError, match="finite"):
        wavenumber(soundings, replace(traces, values=bad), square(0.1), DEPTH_M, relative_permittivity=EPS)
    with pytest.raises(ValueError, match=r"at least 1, got 0\.5"):
        wavenumber(soundings, traces, square(0.1), DEPTH_M, relative_permittivity=0.5)


def test_without_finufft_the_error_names_the_extra(hand_held, monkeypatch):
    soundings, traces = hand_held
    monkeypatch.setitem(sys.modules, "finufft", None)
    with pytest.raises(ImportError, match=r"dualsense\[fast\]"):
        wavenumber(soundings, traces, square(0.1), DEPTH_M, relative_permittivity=EPS)


def test_input_is_left_alone(hand_held):
    soundings, traces = hand_held
    before = [a.copy() for a in (soundings.tx_m, soundings.rx_m, traces.values, traces.spectrum)]
    wavenumber(soundings, traces, square(0.1), DEPTH_M[::8], relative_permittivity=EPS)
    for a, b in zip(before, (soundings.tx_m, soundings.rx_m, traces.values, traces.spectrum), strict=True):
        np.testing.assert_array_equal(a, b)


THREADS = """
import sys, hashlib, numpy as np
from dualsense.gpr._soundings import Soundings
from dualsense.gpr._migrate.stolt import stolt
from dualsense.gpr._clean.surface import fit_surface
from dualsense.gpr._traces import Traces, analytic_traces
from dualsense.gpr._migrate.wavenumber import wavenumber
from dualsense.io import read_scan
from dualsense.result import Grid
from dualsense.survey import grid_around
from dualsense.survey import track_at
rng = np.random.default_rng(0)
n, f = 700, np.linspace(0.8e9, 3.2e9, 61)
m = np.column_stack([rng.uniform(-0.2, 0.2, (n, 2)), rng.uniform(0.02, 0.05, n)])
half = 0.05 * np.column_stack([np.cos(t := rng.normal(0, 0.2, n)), np.sin(t), 0.05 * t])
heard = Soundings(np.arange(n), f, np.zeros((n, 61)), m - half, m + half, np.zeros(n, int), np.zeros((n, 3)))
noise = np.zeros((n, 770), complex)
noise[:, 8:33] = rng.standard_normal((n, 25)) + 1j * rng.standard_normal((n, 25))
traces = Traces(np.fft.ifft(noise, axis=1).astype(np.complex64), 13e-12, f, heard.spectrum)
x = 0.005 * np.arange(-40, 41)
found = wavenumber(heard, traces, Grid(x, x, 0.005), 0.01 * np.arange(20), relative_permittivity=6.0)
assert np.abs(found.amplitude).max() > 0
print(hashlib.sha256(found.amplitude.tobytes() + found.fold.tobytes() + found.coherence.tobytes()).hexdigest())
"""


def test_bits_do_not_depend_on_threads():
    seen = set()
    for threads in ("1", "2"):
        limits = dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads)
        done = subprocess.run(
            [sys.executable, "-c", THREADS],
            env={**os.environ, **limits},
            capture_output=True,
            text=True,
            check=True,
        )
        seen.add(done.stdout)
    assert len(seen) == 1


@pytest.mark.parametrize("migrate", (wavenumber, stolt))
def test_body_of_a_full_wave_scan(sample_dir, migrate):
    """A simulated mine of 11 by 16 cm: its echo is where Kirchhoff's sum has it, and within its outline."""
    scan = read_scan(sample_dir / "pmn_sand.h5")
    soundings, _ = calibrate(scan.gpr, track_at(scan.pose, scan.gpr.time_s))
    soundings, surface = fit_surface(soundings)
    soundings = remove_background(soundings, surface)
    traces = analytic_traces(soundings, surface)
    grid = grid_around(soundings.midpoint_m)
    eps = float(scan.truth.scene["relative_permittivity"])
    depth = 0.005 * np.arange(5, 41)
    options = {"relative_permittivity": eps, "height_m": surface.height_m}
    slow = kirchhoff(soundings, traces, grid, depth, **options)
    fast = migrate(soundings, traces, grid, depth, **options)
    mine = scan.truth
    tolerance_m = CELL_M if migrate is wavenumber else 0.06  # Stolt's may prefer another part of the mine's top
    measured = slow.fold > 0.12 * slow.fold.max(axis=(1, 2), keepdims=True)
    there = []
    for one in (slow, fast):
        k, j, i = np.unravel_index(int((np.abs(one.amplitude) * measured).argmax()), measured.shape)
        there.append((grid.x_m[i], grid.y_m[j], depth[k]))
    assert np.abs(np.subtract(*there)).max() <= tolerance_m + 1e-9
    assert abs(there[1][0] - mine.x_m[0]) < 0.5 * mine.size_x_m[0]
    assert abs(there[1][1] - mine.y_m[0]) < 0.5 * mine.size_y_m[0]


@pytest.mark.kernel
def test_waves_are_turned_from_tone_to_tone():
    rng = np.random.default_rng(0)
    time = rng.uniform(0.0, 5e-9, (4, 3, 2))
    wave, turn, direct = np.zeros((3, 4, 2, 3, 2))
    first, step = 2 * np.pi * 0.8e9, 2 * np.pi * 0.15e9
    _wave_kernels.fill_waves(first, 2, 3, 4, time, wave)
    _wave_kernels.fill_waves(step, 2, 3, 4, time, turn)
    for k in range(1, 30):
        _wave_kernels.turn_waves(turn, 2, 3, 4, wave)
        _wave_kernels.fill_waves(first + k * step, 2, 3, 4, time, direct)
        np.testing.assert_allclose(direct[:, 0], np.cos((first + k * step) * time), rtol=0, atol=1e-15)
        np.testing.assert_allclose(wave, direct, rtol=0, atol=1e-12)


@pytest.mark.kernel
@pytest.mark.parametrize("counts", ((1, 1), (2, 3), (3, 2), (5, 4)))
def test_transforms_take_odd_and_even_counts(counts):
    rng = np.random.default_rng(1)
    count_x, count_y = counts
    part, over_y, over_x = (rng.standard_normal(shape) for shape in ((6, 6), (6, 4), (6, 7)))
    columns, half, out = np.array([7, 3, 0, 5]), np.empty((6, 4)), np.full((4, 7), np.nan)
    _wave_kernels.transform(part, over_y, over_x, count_x, count_y, columns, half, out)
    expected = over_y[:count_y].T @ part[:count_y, :count_x] @ over_x[:count_x]
    for row, n in enumerate(columns):
        np.testing.assert_allclose(out[row, :n], expected[row, :n], rtol=0, atol=1e-5)
