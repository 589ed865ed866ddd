"""The way back: echoes of a volume, and the reflectors that explain echoes best."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.gpr._clean.surface import Surface
from dualsense.gpr._migrate.demigrate import demigrate
from dualsense.gpr._migrate.geometry import lay_out
from dualsense.gpr._migrate.kirchhoff import kirchhoff
from dualsense.gpr._migrate.least_squares import echoes_of
from dualsense.gpr._migrate.migrate import migrate
from dualsense.gpr._traces import analytic_traces
from dualsense.result import Grid
from oracles import fermat, forward
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
    options = {"height_m": None, "density_radius_m": 0.015, "loss_db_m": 0.0, "on_ground": False}
    plan = lay_out(soundings, grid, depth, EPS, radius_m=np.full(depth.size, 0.2), weighting="echo", **options)
    model = echoes_of(plan, traces)
    data = model.data(traces).view(np.complex64)
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
        echo = model.forward(found.amplitude.view(np.float32).ravel()).view(np.complex64)
        scale = np.vdot(echo, data) / np.vdot(echo, echo)
        left.append(np.linalg.norm(data - scale * echo) / np.linalg.norm(data))
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


def flat(silent, depth_m, eps):
    """Spectra of a plane reflector under antennas that are as high: both legs meet below the middle."""
    half = 0.5 * forward.OFFSET_M
    heights = silent.tx_m[:, 2]
    legs = np.array([fermat.time_s(half, float(h), depth_m, eps) for h in heights])
    loud = 1.0 / (heights + depth_m / np.sqrt(eps))
    return loud[:, None] * np.exp(-4j * np.pi * silent.frequency_hz * legs[:, None])


EVEN = {"method": "kirchhoff", "weights": "even", "aperture_m": 0.18, "aperture_growth": 0.0}
HEARD, PRODUCT = {"method": "kirchhoff"}, {"method": "wavenumber"}
STOLT, INVERSE = {"method": "stolt"}, {"method": "least-squares"}


def planes_and_points(side_m, lines, per_line, depths_m):
    """Soundings, and their traces over a plane and a point at each depth."""
    rng = np.random.default_rng(6)
    silent = forward.soundings(forward.sweep(rng, side_m=side_m, lines=lines, per_line=per_line))
    n = silent.time_s.size
    surface = Surface(
        silent.midpoint_m[:, 2], np.zeros(n), np.ones_like(silent.spectrum), np.ones(n), fitted=False
    )
    traces = {}
    for depth_m in depths_m:
        place = (0.0, 0.0, depth_m)
        for kind, spectrum in (
            ("flat", flat(silent, depth_m, EPS)),
            ("point", spread(silent, place) * forward.point_echo(silent, place, EPS)),
        ):
            traces[kind, depth_m] = analytic_traces(replace(silent, spectrum=spectrum), surface, whiten=False)
    return silent, traces


def worst_mm(known, half, **options):
    """Largest error of the peak's depth above the middle of a map of 2 cm cells: over planes, over points."""
    silent, traces = known
    axis, worst = 0.02 * np.arange(-half, half + 1), {"flat": 0.0, "point": 0.0}
    for (kind, depth_m), trace in traces.items():
        depth = 0.005 * np.arange(round(depth_m / 0.005) + 9)
        volume = migrate(silent, trace, Grid(axis, axis, 0.02), depth, relative_permittivity=EPS, **options)
        column = np.abs(volume.amplitude[:, half, half])
        k = int(column.argmax())
        low, middle, high = column[k - 1 : k + 2]
        peak = depth[k] + 0.5 * (low - high) / (low - 2 * middle + high) * 0.005
        worst[kind] = max(worst[kind], 1e3 * abs(peak - depth_m))
    return worst["flat"], worst["point"]


@pytest.fixture(scope="module")
def wide():
    return planes_and_points(0.5, 14, 28, (0.05, 0.12))


@pytest.mark.parametrize(
    ("options", "flat_mm"),
    ((EVEN, 2.5), (STOLT, 2.0), (HEARD, 5.0), (PRODUCT, 5.0)),
    ids=("even", "stolt", "heard", "wavenumber"),
)
def test_planes_and_points_lie_at_their_depth(wide, options, flat_mm):
    """Weights of what is heard pull a plane up; where all soundings count alike it is where it is."""
    plane, point = worst_mm(wide, 2, **options)
    assert plane < flat_mm
    assert point < 2.0


def test_least_squares_leaves_planes_and_points_at_their_depth():
    """With the sum's weights in its model the point lay 1 cm too deep."""
    assert max(worst_mm(planes_and_points(0.28, 10, 14, (0.05,)), 7, **INVERSE)) < 3.0
