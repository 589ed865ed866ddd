"""The way back: echoes of a volume, and the reflectors that explain echoes best."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.gpr._clean.surface import Surface
from dualsense.gpr._migrate.demigrate import demigrate
from dualsense.gpr._migrate.kirchhoff import kirchhoff
from dualsense.gpr._migrate.migrate import migrate
from dualsense.gpr._traces import analytic_traces
from dualsense.result import Grid
from oracles import forward
from oracles.kirchhoff import gain

EPS = 6.0
POINT_M = (0.0, 0.0, 0.06)


def sounded(rng, places, *, lines=10, per_line=20, noise=0.0):
    """Soundings over points whose echoes spread along both rays, and their traces."""
    silent = forward.soundings(forward.sweep(rng, side_m=0.3, lines=lines, per_line=per_line))
    spectrum = sum(a * spread(silent, place) * forward.point_echo(silent, place, EPS) for place, a in places)
    shape = spectrum.shape
    spectrum = spectrum + noise * (rng.standard_normal(shape) + 1j * rng.standard_normal(shape))
    soundings = replace(silent, spectrum=spectrum)
    n = soundings.time_s.size
    surface = Surface(soundings.midpoint_m[:, 2], np.zeros(n), np.ones_like(spectrum), np.ones(n), fitted=False)
    return soundings, analytic_traces(soundings, surface, whiten=False)


def spread(silent, place):
    """Amplitude of a point's echo over that from straight above it, (n, 1)."""
    product = np.ones(len(silent.tx_m))
    for antenna in (silent.tx_m, silent.rx_m):
        rho = np.hypot(antenna[:, 0] - place[0], antenna[:, 1] - place[1])
        product *= [gain(r, h, place[2], EPS) for r, h in zip(rho, antenna[:, 2], strict=True)]
    return product[:, None]


def small_grid():
    axis = 0.01 * np.arange(-8, 9)
    return Grid(axis, axis, 0.01), 0.01 * np.arange(2, 11)


def test_a_point_sends_back_what_it_was_made_of():
    """The echo of one voxel is the traces' pulse at Fermat's time, as loud as the weights say."""
    rng = np.random.default_rng(1)
    soundings, traces = sounded(rng, [(POINT_M, 1.0)])
    grid, depth = small_grid()
    volume = np.zeros((depth.size, 17, 17), np.complex128)
    volume[4, 8, 8] = 1.0
    echo = demigrate(volume, soundings, traces, grid, depth, relative_permittivity=EPS)
    assert echo.values.shape == traces.values.shape
    loud = np.abs(echo.values).max(axis=1)
    near = loud > 0.3 * loud.max()
    assert near.sum() > 10
    likeness = np.abs((echo.values[near] * traces.values[near].conj()).sum(axis=1))
    likeness /= np.linalg.norm(echo.values[near], axis=1) * np.linalg.norm(traces.values[near], axis=1)
    assert likeness.min() > 0.999
    distance = np.hypot(*(soundings.midpoint_m[:, :2] - POINT_M[:2]).T)
    assert np.corrcoef(distance, loud)[0, 1] < -0.6
    assert not loud[distance > 0.17].any()


def test_spectra_and_traces_of_echoes_belong_together():
    soundings, traces = sounded(np.random.default_rng(2), [(POINT_M, 1.0)], lines=3, per_line=5)
    grid, depth = small_grid()
    echo = demigrate(np.ones((9, 17, 17), np.complex64), soundings, traces, grid, depth, relative_permittivity=EPS)
    t = echo.dt_s * np.arange(echo.values.shape[1])
    again = echo.spectrum @ np.exp(2j * np.pi * echo.frequency_hz[:, None] * t)
    np.testing.assert_allclose(echo.values, again, atol=1e-5 * np.abs(again).max())


def width_m(axis, values):
    """Full width at half power, between the voxels."""
    fine = np.linspace(axis[0], axis[-1], 2001)
    above = fine[np.interp(fine, axis, values) > values.max() / np.sqrt(2.0)]
    return above[-1] - above[0]


def test_least_squares_is_sharper_and_in_place():
    soundings, traces = sounded(np.random.default_rng(3), [(POINT_M, 1.0)], noise=0.02)
    grid, depth = small_grid()
    plain = np.abs(kirchhoff(soundings, traces, grid, depth, relative_permittivity=EPS).amplitude)
    found = migrate(soundings, traces, grid, depth, method="least-squares", relative_permittivity=EPS)
    sharp = np.abs(found.amplitude)
    k, j, i = np.unravel_index(sharp.argmax(), sharp.shape)
    assert (j, i) == (8, 8)
    assert depth[k] == pytest.approx(POINT_M[2], abs=0.0101)
    assert width_m(grid.x_m, sharp[k, 8]) < 0.8 * width_m(grid.x_m, plain[4, 8])
    assert width_m(grid.y_m, sharp[k, :, 8]) < 0.8 * width_m(grid.y_m, plain[4, :, 8])
    assert sharp.max() == pytest.approx(plain[k, j, i])


def test_more_iterations_explain_more():
    soundings, traces = sounded(np.random.default_rng(4), [(POINT_M, 1.0), ((0.05, 0.03, 0.05), 0.6)])
    grid, depth = small_grid()
    left = []
    for iterations in (1, 4, 10):
        found = migrate(
            soundings,
            traces,
            grid,
            depth,
            method="least-squares",
            relative_permittivity=EPS,
            iterations=iterations,
            damping=0.0,
        )
        echo = demigrate(found.amplitude, soundings, traces, grid, depth, relative_permittivity=EPS).values
        scale = np.vdot(echo, traces.values) / np.vdot(echo, echo)
        left.append(np.linalg.norm(traces.values - scale * echo) / np.linalg.norm(traces.values))
    assert left[0] > left[1] > left[2]
    assert left[2] < 0.25


@pytest.mark.parametrize("method", ("kirchhoff", "wavenumber", "stolt", "least-squares"))
def test_every_method_puts_the_point_where_it_is(method):
    soundings, traces = sounded(np.random.default_rng(5), [(POINT_M, 1.0)])
    grid, depth = small_grid()
    found = migrate(soundings, traces, grid, depth, method=method, relative_permittivity=EPS)
    assert found.amplitude.shape == found.fold.shape == found.coherence.shape == (9, 17, 17)
    k, j, i = np.unravel_index(np.abs(found.amplitude).argmax(), found.amplitude.shape)
    assert abs(i - 8) + abs(j - 8) <= 1
    assert abs(k - 4) <= 1


def test_channels_and_polarisations_stack():
    """Two pairs of antennas over one point: the sum of both is the image, as bright as each."""
    rng = np.random.default_rng(6)
    soundings, traces = sounded(rng, [(POINT_M, 1.0)])
    grid, depth = small_grid()
    both = replace(soundings, channel=np.arange(soundings.time_s.size) % 2)
    one = kirchhoff(soundings, traces, grid, depth, relative_permittivity=EPS)
    two = kirchhoff(both, traces, grid, depth, relative_permittivity=EPS)
    np.testing.assert_array_equal(one.amplitude, two.amplitude)


def test_an_unknown_method_is_named():
    soundings, traces = sounded(np.random.default_rng(7), [(POINT_M, 1.0)], lines=3, per_line=5)
    grid, depth = small_grid()
    with pytest.raises(ValueError, match="got guess"):
        migrate(soundings, traces, grid, depth, method="guess", relative_permittivity=EPS)
    with pytest.raises(ValueError, match="antennas above the ground"):
        migrate(soundings, traces, grid, depth, method="wavenumber", relative_permittivity=EPS, on_ground=True)
