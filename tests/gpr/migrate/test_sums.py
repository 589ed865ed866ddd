"""The Kirchhoff sum against plain loops, and its adjoint."""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualsense.gpr._migrate.geometry import geometry
from dualsense.gpr._migrate.sums import gather, scatter
from dualsense.gpr._rays.layers import Layers
from dualsense.gpr._rays.traveltime import ROOT_STEP
from dualsense.result import Grid
from oracles import fermat
from oracles import kirchhoff as oracle

DT_S = 13e-12
EPS = 6.0


def smooth_noise(rng, n, samples):
    """Complex noise with 24 samples per period of its highest frequency, as the traces of the chain have."""
    spectrum = rng.standard_normal((n, samples)) + 1j * rng.standard_normal((n, samples))
    spectrum[:, samples // 24 :] = 0.0
    trace = np.fft.ifft(spectrum, axis=1)
    return trace / np.abs(trace).std()


def white_noise(rng, *shape):
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def cells(x0, nx, y0, ny, cell=0.02):
    return Grid(x0 + cell * np.arange(nx), y0 + cell * np.arange(ny), cell)


def bistatic(rng, n, *, tilt_m=0.011):
    """Antennas in any direction from each other, at different heights: a tilted, turning head."""
    tx = np.column_stack([rng.uniform(-0.15, 0.15, (n, 2)), rng.uniform(0.004, 0.09, n)])
    turn = rng.uniform(0, 2 * np.pi, n)
    rx = tx + np.column_stack([0.1 * np.cos(turn), 0.1 * np.sin(turn), tilt_m * rng.uniform(-0.2, 1.0, n)])
    return tx, rx


def laid_out(tx, rx, grid, depth, aperture, *, density=None, eps=EPS, **options):
    density = np.ones(len(tx)) if density is None else density
    return geometry(
        tx, rx, density, grid, depth, aperture_m=np.asarray(aperture), relative_permittivity=eps, **options
    )


def tabulated(plan):
    """Look up times and weights in the plan's table, in double precision and as the loops are meant to do."""
    table = plan.table

    def between(axis, root_step, value, rows):
        u = (math.sqrt(value) - math.sqrt(axis[0])) / root_step
        i = min(max(int(u), 0), axis.size - 2)
        f = min(max(u - i, 0.0), 1.0)
        return (1 - f) * rows(i) + f * rows(i + 1)

    def at(values, rho, height, k):
        return between(
            table.height_m,
            table.height_root_step,
            height,
            lambda i: between(table.rho_m, table.rho_root_step, rho, lambda j: values[i, j, k]),
        )

    def weight(e, height, k):
        def corner(i, j):
            rho, reach = table.rho_m[j], table.height_m[i] + plan.apparent_depth_m[k]
            taper = max(1 - (rho / plan.aperture_m[k]) ** 2, 0.0) ** 2
            return taper * table.gain[i, j, k] ** 2 * reach / math.hypot(reach, rho)

        def node(j):
            return between(table.height_m, table.height_root_step, height, lambda i: corner(i, j))

        if e >= table.rho_m[-2]:
            return 0.0
        return between(table.rho_m, table.rho_root_step, e, node)

    return (lambda rho, height, k: at(table.time_s, rho, height, k)), weight


def slow_sum(plan, trace, time_of, weight_of):
    places = plan.x_m, plan.y_m, plan.depth_m
    return oracle.migrate(trace, DT_S, plan.tx_m, plan.rx_m, plan.density, *places, time_of, weight_of)


def exactly(plan, eps=EPS):
    """Fermat and the weights to twelve digits, nothing tabulated."""

    def time(rho, height, k):
        return fermat.time_s(rho, height, plan.depth_m[k], eps)

    def weight(e, height, k):
        return oracle.weight(e, height, plan.depth_m[k], plan.aperture_m[k], eps)

    return time, weight


def assert_close(found, expected, tolerance):
    for a, b in zip(found, expected, strict=True):
        assert np.isfinite(a).all()
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * np.abs(b).max())


@pytest.mark.kernel
@pytest.mark.parametrize(("seed", "tilt_m"), ((0, 0.011), (1, 0.0), (2, 0.02)))
def test_the_sum_is_the_plain_sum(seed, tilt_m):
    """Migration against the slow reference to 1e-5, in single and to 1e-12 in double precision."""
    rng = np.random.default_rng(seed)
    tx, rx = bistatic(rng, 23, tilt_m=tilt_m)
    grid, depth = cells(-0.11, 6, -0.07, 5), np.array([0.0, 0.03, 0.11])
    density = rng.uniform(0.2, 1.0, 23)
    density[3] = 0.0
    plan = laid_out(tx, rx, grid, depth, [0.08, 0.12, 0.15], density=density)
    trace = smooth_noise(rng, 23, 300)
    expected = slow_sum(plan, trace, *tabulated(plan))
    assert (expected[1] > 0).mean() > 0.5
    assert_close(gather(plan, trace, DT_S), expected, 1e-12)
    assert_close(gather(plan, trace.astype(np.complex64), DT_S), expected, 1e-5)


@pytest.mark.parametrize(("kind", "tolerance"), ((np.complex64, 1e-5), (np.complex128, 1e-12)))
def test_a_map_of_many_patches_is_the_sum_of_its_pieces(kind, tolerance):
    """Pieces of the size that the plain loops are compared with, anywhere in a map that many threads share."""
    rng = np.random.default_rng(5)
    tx, rx = bistatic(rng, 45)
    nx, ny, cell = 83, 43, 0.005
    depth, aperture = 0.005 * np.arange(21), np.linspace(0.05, 0.12, 21)
    trace = smooth_noise(rng, 45, 300).astype(kind)
    whole = gather(laid_out(tx, rx, cells(-0.2, nx, -0.1, ny, cell), depth, aperture), trace, DT_S)
    for i, j in ((0, 0), (13, 6), (38, 19), (46, 21), (77, 38)):
        piece = cells(-0.2 + cell * i, 6, -0.1 + cell * j, 5, cell)
        part = gather(laid_out(tx, rx, piece, depth, aperture), trace, DT_S)
        for a, b in zip(whole, part, strict=True):
            np.testing.assert_allclose(a[:, j : j + 5, i : i + 6], b, rtol=0, atol=tolerance * np.abs(a).max())


@pytest.mark.kernel
def test_the_sum_follows_fermat():
    """The tables' error included: traces of 3.2 GHz turn by a radian in 50 ps."""
    rng = np.random.default_rng(7)
    tx, rx = bistatic(rng, 24)
    grid, depth = cells(-0.11, 6, -0.07, 5), np.array([0.0, 0.02, 0.15])
    plan = laid_out(tx, rx, grid, depth, [0.1, 0.12, 0.15])
    trace = smooth_noise(rng, 24, 300)
    expected = slow_sum(plan, trace, *exactly(plan))
    assert_close(gather(plan, trace.astype(np.complex64), DT_S), expected, 2e-3)
    if not numba.config.DISABLE_JIT:  # without compilation the finer tables take a minute, and no line more
        fine = laid_out(tx, rx, grid, depth, [0.1, 0.12, 0.15], root_step=0.0005)
        assert_close(gather(fine, trace, DT_S), expected, 3e-5)


@pytest.mark.kernel
@pytest.mark.parametrize(("height_m", "tolerance"), ((0.01, 1e-3), (0.05, 2e-4)))
def test_weights_between_the_tables_heights(height_m, tolerance):
    """A single sounding's fold is its weight: half-way between two heights of the tables it is farthest off."""
    rho_m = float((30 * ROOT_STEP) ** 2)  # in the tables: only heights are between
    grid, depth = cells(0.0, 2, 0.0, 1, rho_m), np.array([0.0, 0.02, 0.1])
    low = np.sqrt(height_m) - 0.5 * ROOT_STEP
    heights = (low + ROOT_STEP * np.array([0.0, 0.5, 1.0])) ** 2
    tx = np.column_stack([[0.0, 9.0, 9.0], np.zeros(3), heights[[1, 0, 2]]])  # those far away span the tables
    plan = laid_out(tx, tx, grid, depth, [0.2] * 3)
    fold = gather(plan, np.ones((3, 600), complex), DT_S)[1]
    exact = np.array(
        [[oracle.weight(rho, heights[1], z, 0.2, EPS) for rho in grid.x_m] for z in depth],
    )
    assert np.abs(fold[:, 0] - exact).max() < tolerance * exact.max()


@pytest.mark.kernel
@pytest.mark.parametrize("eps", (1.0, 4.0, 20.0))
def test_amplitude_along_a_ray(eps):
    plan = laid_out(
        *bistatic(np.random.default_rng(1), 9), cells(0, 2, 0, 2), np.array([0.0, 0.01, 0.2]), [0.3] * 3, eps=eps
    )
    table = plan.table
    for i in (0, table.height_m.size - 1):
        for j in (1, 20, table.rho_m.size - 1):
            for k in range(3):
                expected = oracle.gain(table.rho_m[j], table.height_m[i], table.depth_m[k], eps)
                assert table.gain[i, j, k] == pytest.approx(expected, rel=2e-4)
    assert table.gain[:, 0] == pytest.approx(1.0)


@pytest.mark.kernel
@pytest.mark.parametrize(("kind", "tolerance"), ((np.complex128, 1e-10), (np.complex64, 1e-5)))
@pytest.mark.parametrize("ny", (1, 7))
def test_forward_and_adjoint_agree(kind, tolerance, ny):
    """<A m, d> = <m, A' d> for white noise, the hardest case."""
    rng = np.random.default_rng(9)
    tx, rx = bistatic(rng, 15)
    grid, depth = cells(-0.11, 18, -0.07, ny), np.linspace(0.0, 0.1, 9)
    plan = laid_out(tx, rx, grid, depth, 0.06 + 0.6 * depth, density=rng.uniform(0.1, 1.0, 15))
    data = white_noise(rng, 15, 120).astype(kind)
    model = white_noise(rng, *plan.shape).astype(kind)
    image, _, _ = gather(plan, data, DT_S)
    echoes = scatter(plan, model, DT_S, 120)
    assert echoes.dtype == image.dtype == kind
    left, right = np.vdot(image.astype(complex), model), np.vdot(data, echoes.astype(complex))
    assert abs(left - right) < tolerance * np.linalg.norm(image) * np.linalg.norm(model)
    assert abs(left) > 1e-3 * np.linalg.norm(image) * np.linalg.norm(model)


@pytest.mark.kernel
def test_nothing_outside_the_aperture_or_beyond_the_trace():
    rng = np.random.default_rng(3)
    tx, rx = bistatic(rng, 10)
    grid, depth, aperture = cells(-0.1, 4, -0.1, 4), np.array([0.05]), [0.1]
    trace = np.ones((10, 300), np.complex64)
    for far in (np.array([5.0, -7.0, 0.0]), np.array([-5.0, 7.0, 0.0])):
        for values in gather(laid_out(tx + far, rx + far, grid, depth, aperture), trace, DT_S):
            assert not values.any()
    plan = laid_out(tx, rx, grid, depth, aperture)
    for samples in (1, 2, 20):  # the echo comes at 0.5 ns, sample 40
        for values in gather(plan, trace[:, :samples], DT_S):
            assert not values.any()
        assert not scatter(plan, np.ones(plan.shape, np.complex64), DT_S, samples).any()


@pytest.mark.kernel
@settings(max_examples=40)
@given(
    st.integers(1, 5),
    st.integers(1, 5),
    st.floats(-0.4, 0.4),
    st.floats(-0.4, 0.4),
    st.floats(0.02, 0.3),
    st.floats(0.001, 0.08),
)
def test_fold_of_any_grid_and_aperture(nx, ny, x0, y0, aperture_m, cell):
    """Soundings anywhere about the grid, apertures that leave it or lie between its cells."""
    tx = np.random.default_rng(2).uniform([-0.6, -0.6, 0.03], [0.6, 0.6, 0.04], (80, 3))
    rx = tx + np.array([0.1, 0.0, 0.0])
    plan = laid_out(tx, rx, cells(x0, nx, y0, ny, cell), np.array([0.05]), [aperture_m])
    trace = np.ones((80, 500), np.complex64)
    _, fold, _ = gather(plan, trace, DT_S)
    expected = slow_sum(plan, trace, lambda *_: 0.0, tabulated(plan)[1])[1]
    np.testing.assert_allclose(fold, expected, rtol=1e-4, atol=1e-5)


def test_same_bits_with_any_number_of_threads():
    if numba.config.NUMBA_NUM_THREADS < 2 or numba.config.DISABLE_JIT:
        pytest.skip("needs two threads and compiled kernels")
    rng = np.random.default_rng(5)
    tx, rx = bistatic(rng, 300)
    grid, depth = cells(-0.2, 41, -0.2, 41, 0.01), np.linspace(0.0, 0.2, 9)
    trace, model = smooth_noise(rng, 300, 400).astype(np.complex64), np.ones((9, 41, 41), np.complex64)
    before, found = numba.get_num_threads(), []
    try:
        for threads in (1, 2):
            numba.set_num_threads(threads)
            plan = laid_out(tx, rx, grid, depth, np.full(9, 0.15))
            found.append((*gather(plan, trace, DT_S), scatter(plan, model, DT_S, 400)))
    finally:
        numba.set_num_threads(before)
    assert np.abs(found[0][0]).max() > 0
    for one, two in zip(*found, strict=True):
        assert one.tobytes() == two.tobytes()


@pytest.mark.kernel
def test_layers_of_one_soil_are_that_soil_and_two_are_slower():
    rng = np.random.default_rng(6)
    tx, rx = bistatic(rng, 12)
    grid, depth = cells(-0.1, 4, -0.1, 4), np.array([0.02, 0.08])
    trace = smooth_noise(rng, 12, 300)
    one = gather(laid_out(tx, rx, grid, depth, [0.1, 0.1]), trace, DT_S)
    same = gather(laid_out(tx, rx, grid, depth, [0.1, 0.1], eps=Layers((0.0, 0.05), (EPS, EPS))), trace, DT_S)
    assert_close(same, one, 1e-9)
    other = gather(laid_out(tx, rx, grid, depth, [0.1, 0.1], eps=Layers((0.0, 0.05), (EPS, 16.0))), trace, DT_S)
    np.testing.assert_allclose(other[0][0], one[0][0], rtol=1e-9)
    assert np.abs(other[0][1] - one[0][1]).max() > 0.1 * np.abs(one[0][1]).max()


@pytest.mark.parametrize("bad", (math.nan, math.inf))
def test_a_position_that_is_none_is_refused(bad):
    tx, rx = bistatic(np.random.default_rng(1), 3)
    tx[1, 0] = bad
    with pytest.raises(ValueError, match="positions must be finite"):
        laid_out(tx, rx, cells(0, 2, 0, 2), np.array([0.1]), [0.1])
    with pytest.raises(ValueError, match="apertures must be finite"):
        laid_out(rx, rx, cells(0, 2, 0, 2), np.array([0.1]), [bad])
