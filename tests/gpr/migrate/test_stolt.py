"""Stolt's map against the wave equation, and where it puts a point."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from dualsense.constants import C0_M_S as C
from dualsense.gpr._migrate import _stolt_kernels
from dualsense.gpr._migrate.stolt import stolt
from dualsense.gpr._migrate.wavenumber import wavenumber
from dualsense.gpr._rays.layers import Layers
from dualsense.gpr._soundings import Soundings
from dualsense.gpr._traces import Traces
from dualsense.result import Grid
from oracles import fermat, forward

EPS = 6.0
SPEED_M_S = 0.1e9


def line(positions_m, spectrum, f, height_m=0.0, offset_m=0.0):
    at = np.zeros((len(positions_m), 3))
    at[:, 0], at[:, 2] = positions_m, height_m
    half = np.array([0.5 * offset_m, 0.0, 0.0])
    n = len(at)
    return Soundings(
        np.arange(float(n)), f, spectrum, at - half, at + half, np.zeros(n, np.intp), np.full((n, 3), np.nan)
    )


def traces_of(spectrum, f, end_s=10e-9):
    dt = 1.0 / (24.0 * f[-1])
    t = np.arange(0.0, end_s, dt)
    return Traces((spectrum @ np.exp(2j * np.pi * f[:, None] * t)).astype(np.complex64), dt, f, spectrum)


@pytest.fixture(scope="module")
def section():
    """256 samples of 50 ps, 200 traces 1 cm apart, a point 25 cm deep at 0.1 m/ns, Ricker's wavelet of 1 GHz."""
    x, t = 0.01 * np.arange(200), 50e-12 * np.arange(256)
    delay = 2.0 * np.hypot(x - 1.0, 0.25) / SPEED_M_S
    u = (np.pi * 1e9 * (t - delay[:, None])) ** 2
    recorded = (1.0 - 2.0 * u) * np.exp(-u)
    step = 1.0 / (1.25 * t.size * 50e-12)
    f = np.arange(step, 3.5e9, step)
    spectrum = 2.0 * step * 50e-12 * recorded @ np.exp(-2j * np.pi * t[:, None] * f)
    return line(x, spectrum, f), traces_of(spectrum, f, t[-1])


def focus(migrated, grid):
    """Energy within 6 cm of the point, where the peak lies, and the -3 dB width on cells of 1 cm."""
    energy = np.abs(migrated.amplitude[:, 0]) ** 2
    x, z = np.meshgrid(grid.x_m, migrated.depth_m)
    k, i = np.unravel_index(int(energy.argmax()), energy.shape)
    inside = np.hypot(x - 1.0, z - 0.25) <= 0.06
    width = grid.cell_m * int((energy[k] >= 0.5 * energy[k, i]).sum())
    return energy[inside].sum() / energy.sum(), grid.x_m[i], migrated.depth_m[k], width


def test_point_in_two_dimensions(section):
    """The mark of the best two-dimensional codes: 0.98 of the energy within 6 cm, and a width of 1 cm."""
    soundings, traces = section
    grid = Grid(0.01 * np.arange(200), np.zeros(1), 0.01)
    depth = 0.0025 * np.arange(240)
    found = stolt(
        soundings, traces, grid, depth, relative_permittivity=(C / SPEED_M_S) ** 2, height_m=np.zeros(200)
    )
    part, x, z, width = focus(found, grid)
    assert part >= 0.98
    assert abs(x - 1.0) < 1e-9
    assert abs(z - 0.25) < 0.0026
    assert width == pytest.approx(0.01)


def test_antennas_up_to_two_millimetres_stand_on_the_ground(section):
    """As for the other migrations: through that little air no oblique ray of the ground would be refracted."""
    soundings, traces = section
    grid = Grid(0.01 * np.arange(200), np.zeros(1), 0.01)
    depth = 0.0025 * np.arange(240)
    for height_m, on_ground in ((0.0015, True), (0.005, False)):
        found = stolt(
            soundings,
            traces,
            grid,
            depth,
            relative_permittivity=(C / SPEED_M_S) ** 2,
            height_m=np.full(200, height_m),
        )
        assert (focus(found, grid)[3] < 0.02) is on_ground


def test_point_in_two_dimensions_by_wavenumber(section):
    """The same by the wavenumber migration, in a frame where the soil's speed is that of light.

    Its weights are Kirchhoff's, for waves that spread in three dimensions: what they take from oblique rays costs
    width here, and leaves a cell more than -3 dB to either side.
    """
    soundings, traces = section
    scale = SPEED_M_S / C
    scaled = Traces(traces.values, traces.dt_s * scale, traces.frequency_hz / scale, traces.spectrum)
    grid = Grid(0.01 * np.arange(200), np.zeros(1), 0.01)
    depth = 0.03 + 0.0025 * np.arange(228)
    found = wavenumber(
        soundings, scaled, grid, depth, relative_permittivity=1.0, aperture_m=0.9, max_aperture_m=0.9
    )
    part, x, z, width = focus(found, grid)
    assert part >= 0.98
    assert abs(x - 1.0) < 1e-9
    assert abs(z - 0.25) < 0.0026
    assert width == pytest.approx(0.03)


@pytest.mark.kernel
@pytest.mark.parametrize("air_height", (None, 0.05))
def test_map_is_the_phase_shift_by_other_means(air_height):
    """Stolt's change of variable against the integral over frequency that it comes from."""
    rng = np.random.default_rng(2)
    speed = 0.5 * C / math.sqrt(EPS)
    samples, dt = 240, 60e-12
    step = 2 * np.pi / (samples * dt)
    t = dt * np.arange(120)
    f = step / (2 * np.pi) * np.arange(120)
    pulses = sum(
        a * np.exp(-(((t - t0) / 0.5e-9) ** 2) + 2j * np.pi * 2e9 * (t - t0))
        for a, t0 in zip(rng.uniform(0.5, 1.0, 3), (2e-9, 3.1e-9, 4.5e-9), strict=True)
    )
    spectrum = pulses @ np.exp(-2j * np.pi * t[:, None] * f)
    k = np.array([0.0, 15.0, 30.0])
    depth = np.array([0.05, 0.12, 0.2])
    middle = 60 * dt
    moved = np.tile(spectrum * np.exp(2j * np.pi * f * middle), (k.size, 1))
    out = np.empty((k.size, depth.size, 2), np.float32)
    _stolt_kernels.stolt_map(
        np.stack([moved.real, moved.imag], axis=-1).astype(np.float32),
        k, step, speed, 0.0 if air_height is None else 0.5 * C, air_height or 0.0, middle, 0.0, depth, out,
    )  # fmt: skip
    omega = np.linspace(1e-4, 1.0, 20001) * 2 * np.pi * f[-1]
    fine = pulses @ np.exp(-1j * t[:, None] * omega)
    expected = np.zeros((k.size, depth.size), complex)
    for i, one in enumerate(k):
        kz2 = (omega / speed) ** 2 - one**2
        kz = np.sqrt(np.maximum(kz2, 0.0))
        phase = np.zeros_like(omega)
        inside = kz2 > 0
        if air_height is not None:
            above = (2 * omega / C) ** 2 - one**2
            inside &= above > 0
            phase = (np.sqrt(np.maximum(above, 0.0)) - 2 * omega / C) * air_height
        for j, z in enumerate(depth):
            expected[i, j] = (inside * fine * np.exp(1j * (kz * z + phase))).sum() * (
                omega[1] / step - omega[0] / step
            )
    np.testing.assert_allclose(out[..., 0] + 1j * out[..., 1], expected, atol=5e-3 * np.abs(expected).max())


@pytest.mark.kernel
def test_traces_are_read_at_their_times():
    trace = np.zeros((1, 4, 2), np.float32)
    trace[0, :, 0] = [0.0, 1.0, 3.0, 5.0]
    trace[0, :, 1] = -trace[0, :, 0]
    out = np.full((1, 5, 2), np.nan, np.float32)
    _stolt_kernels.move_out(trace, 2.0, np.array([[0.0, 0.25, 0.75, 1.4, 9.0]]), out)
    np.testing.assert_allclose(out[0, :, 0], [0.0, 0.5, 2.0, 4.6, 0.0], rtol=1e-6)
    np.testing.assert_allclose(out[0, :, 1], -out[0, :, 0])


@pytest.mark.parametrize("height_m", (0.0, 0.035))
def test_plane_reflector_keeps_amplitude_and_depth(height_m):
    """Everywhere the same trace: bistatic, in air or on the ground, whatever the heights."""
    f = np.linspace(0.8e9, 3.2e9, 61)
    x = 0.01 * np.arange(100)
    heights = height_m + (0.004 * np.sin(40 * x) if height_m else 0.0 * x)
    soundings = line(x, np.zeros((100, 61), complex), f, height_m=heights, offset_m=0.1 if height_m else 0.0)
    spectrum = np.exp(-2j * np.pi * f * 2 * math.sqrt(EPS) * 0.10 / C) * np.ones((100, 1))
    if height_m:
        legs = [fermat.time_s(0.05, h, 0.10, EPS) for h in heights]
        spectrum = np.exp(-2j * np.pi * f * 2 * np.array(legs)[:, None])
    window = np.kaiser(61, 5.0)
    traces = traces_of(spectrum * window / window.sum(), f)
    grid = Grid(x, np.zeros(1), 0.01)
    depth = 0.0025 * np.arange(81)
    found = stolt(soundings, traces, grid, depth, relative_permittivity=EPS, height_m=heights, margin_m=0.5)
    middle = np.abs(found.amplitude[:, 0, 50])
    assert abs(depth[int(middle.argmax())] - 0.10) < 0.0026
    assert middle.max() == pytest.approx(1.0, abs=0.05)


def test_point_in_three_dimensions():
    """Irregular, bistatic, refracted: a quick look finds the point within a cell or two."""
    rng = np.random.default_rng(4)
    soundings = forward.soundings(forward.sweep(rng, lines=20, per_line=30))
    point = (0.03, -0.05, 0.08)
    window = np.kaiser(61, 5.0)
    traces = traces_of(forward.point_echo(soundings, point, EPS) * window / window.sum(), soundings.frequency_hz)
    at = 0.005 * np.arange(-30, 31)
    grid = Grid(at, at, 0.005)
    depth = 0.005 * np.arange(41)
    found = stolt(soundings, traces, grid, depth, relative_permittivity=EPS)
    a = np.abs(found.amplitude)
    k, j, i = np.unravel_index(int(a.argmax()), a.shape)
    assert np.hypot(grid.x_m[i] - point[0], grid.y_m[j] - point[1]) < 0.0076
    assert abs(depth[k] - point[2]) < 0.0076
    assert found.fold.max() <= 1.0
    assert np.isnan(found.coherence).all()


def test_soundings_beside_the_map_are_heard_on_both_sides():
    """A map of the right half of the sweep, and one of the left: the same as in the map of all of it."""
    rng = np.random.default_rng(8)
    silent = forward.soundings(forward.sweep(rng, lines=12, per_line=24))
    spectrum = forward.point_echo(silent, (0.0, 0.0, 0.06), EPS)
    soundings, axis, depth = replace(silent, spectrum=spectrum), 0.01 * np.arange(-18, 19), np.array([0.06])
    traces = traces_of(spectrum, silent.frequency_hz)
    whole = np.abs(stolt(soundings, traces, Grid(axis, axis, 0.01), depth, relative_permittivity=EPS).amplitude)
    for part in (slice(17, 37), slice(0, 20)):
        half = stolt(soundings, traces, Grid(axis[part], axis, 0.01), depth, relative_permittivity=EPS).amplitude
        assert np.abs(np.abs(half) - whole[:, :, part]).max() < 0.06 * whole.max()


def test_ground_far_from_any_sounding_was_not_measured():
    rng = np.random.default_rng(4)
    soundings = forward.soundings(forward.sweep(rng, side_m=0.2))
    traces = traces_of(forward.point_echo(soundings, (0, 0, 0.05), EPS), soundings.frequency_hz)
    at = 0.01 * np.arange(-40, 41)
    found = stolt(soundings, traces, Grid(at, at, 0.01), np.array([0.05]), relative_permittivity=EPS)
    away = np.maximum(*np.abs(np.meshgrid(at, at))) > 0.19
    assert (found.fold[0][away] == 0.0).all()
    assert (found.fold[0][np.hypot(*np.meshgrid(at, at)) < 0.05] > 0.5).all()


def test_one_sounding_and_none():
    soundings = forward.soundings(np.array([[0.0, 0.0, 0.03]]))
    traces = traces_of(forward.point_echo(soundings, (0.0, 0.0, 0.06), EPS), soundings.frequency_hz)
    at = 0.01 * np.arange(-15, 16)
    grid, depth = Grid(at, at, 0.01), 0.01 * np.arange(10)
    found = stolt(soundings, traces, grid, depth, relative_permittivity=EPS)
    assert np.isfinite(found.amplitude).all()
    assert found.fold.any()
    none = forward.soundings(np.empty((0, 3)))
    found = stolt(none, traces_of(none.spectrum, none.frequency_hz), grid, depth, relative_permittivity=EPS)
    assert not found.fold.any()
    assert not found.amplitude.any()


def test_refusals():
    soundings = forward.soundings(np.array([[0.0, 0.0, 0.03]]))
    traces = traces_of(soundings.spectrum, soundings.frequency_hz)
    at = 0.01 * np.arange(4)
    grid = Grid(at, at, 0.01)
    with pytest.raises(ValueError, match="got 2 layers"):
        stolt(soundings, traces, grid, at, relative_permittivity=Layers((0.0, 0.1), (4.0, 9.0)))
    bad = replace(traces, values=np.full_like(traces.values, np.inf))
    with pytest.raises(ValueError, match="finite"):
        stolt(soundings, bad, grid, at, relative_permittivity=EPS)
