"""Kernels of the maps against plain NumPy: the nearest rows, their means, what a dipole explains of them."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.emi._columns import coil_arrays
from dualsense.emi._maps import _coherence_kernels as coherence_kernels
from dualsense.emi._maps import _mean_kernels as mean_kernels
from dualsense.emi._maps import _near_kernels as near_kernels
from dualsense.emi._response import Response
from oracles import metal_maps as plain

pytestmark = pytest.mark.kernel

X, Y = 0.005 + 0.01 * np.arange(9), 0.005 + 0.01 * np.arange(7)


def passes(count: int = 54) -> Response:
    """Rows of three passes with a head that tilts, of two coil pairs in turns."""
    rng = np.random.default_rng(1)
    along = np.linspace(0.0, 0.09, count // 3)
    xy = np.concatenate([np.column_stack([along, np.full(along.size, y)]) for y in (0.005, 0.03, 0.06)])
    centre = np.column_stack([xy + 1e-3 * rng.standard_normal(xy.shape), np.full(len(xy), 0.04)])
    tilt = 0.1 * rng.standard_normal(len(xy))
    rotation = np.broadcast_to(np.eye(3), (len(xy), 3, 3)).copy()
    rotation[:, 0, 0] = rotation[:, 2, 2] = np.cos(tilt)
    rotation[:, 0, 2] = np.sin(tilt)
    rotation[:, 2, 0] = -np.sin(tilt)
    return Response(
        time_s=np.arange(len(xy)) * 0.05,
        values=rng.standard_normal((len(xy), 2)),
        channel_hz=np.array([1e3, 1e3]),
        imaginary=np.array([False, True]),
        coil=np.arange(len(xy)) % 2,
        center_m=centre,
        tx_m=centre + np.array([0.0, 0.0, 0.003]),
        rx_m=centre - np.array([0.0, 0.0, 0.003]),
        rotation=rotation,
        position_std_m=np.full((len(xy), 3), 1e-3),
        count=np.ones(len(xy)),
        tx_radius_m=np.array([0.1, 0.04]),
        rx_radius_m=np.array([0.08, 0.04]),
    )


def test_rows_near_a_place_are_all_of_them_in_order():
    xy = passes().center_m[:, :2].copy()
    rows = np.empty(len(xy), np.intp)
    for at in xy[::7] + 0.01:
        found = near_kernels.near(xy, near_kernels.boxes(xy), at[0], at[1], 0.03, rows)
        assert np.array_equal(rows[:found], np.flatnonzero(np.linalg.norm(xy - at, axis=1) <= 0.03))


@pytest.mark.parametrize("count", (5, 20, 54))
def test_means_over_the_nearest_rows(count):
    response = passes()
    rng = np.random.default_rng(2)
    terms = np.column_stack([rng.uniform(0.5, 2.0, (54, 3)), response.values])
    xy = response.center_m[:, :2].copy()
    covered = np.ones((Y.size, X.size), bool)
    covered[4:, :5] = False
    out, sums = np.full((Y.size, X.size, 2), np.nan), np.full((Y.size, X.size, 2), np.nan)
    mean_kernels.means(X, Y, covered, xy, count, 0.004, terms, out, sums)
    rows, columns = np.nonzero(covered)
    signed, of_each = plain.means(np.column_stack([X[columns], Y[rows]]), xy, count, 0.004, terms)
    np.testing.assert_allclose(out[covered], signed, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(sums[covered], of_each, rtol=1e-9)
    assert np.isnan(out[~covered]).all()


def test_rows_equally_far_away_count_up_to_the_number():
    xy = np.array([[0.0, 0.0], [0.01, 0.0], [0.0, 0.01], [-0.01, 0.0], [0.0, -0.01]])
    terms = np.column_stack([np.ones((5, 2)), np.zeros(5), np.arange(5.0)])
    out, sums = np.empty((1, 1, 1)), np.empty((1, 1, 2))
    mean_kernels.means(np.zeros(1), np.zeros(1), np.ones((1, 1), bool), xy, 3, 10.0, terms, out, sums)
    assert out[0, 0, 0] == pytest.approx(1.0, abs=1e-5)  # of 0, 1 and 2
    assert sums[0, 0, 0] == pytest.approx(1.0 / 3.0, abs=1e-5)


@pytest.mark.parametrize("most", (150, 20))
def test_what_a_dipole_explains(most):
    response = passes()
    weight = np.random.default_rng(3).uniform(0.3, 1.0, 54)
    rest = response.values.copy()
    rest[:4] = 0.0
    nodes = np.array([[0.03, 0.02], [0.05, 0.055], [0.2, 0.2]])
    depths, window = (0.02, 0.0405), 0.05
    limits = {"depths_m": depths, "window_m": window, "fewest": 18, "most": most}
    out = np.empty(3)
    xy = response.center_m[:, :2].copy()
    coherence_kernels.coherent(
        nodes, np.array(depths), window, 18, most, xy, coil_arrays(response), weight, rest, out
    )
    np.testing.assert_allclose(
        out, [plain.coherent(response, rest, weight, n, **limits) for n in nodes], atol=1e-12
    )
    assert np.isnan(out[2])
    coherence_kernels.coherent(
        nodes, np.array(depths), window, 18, most, xy, coil_arrays(response), weight, 0.0 * rest, out
    )
    assert out[0] == 0.0


def test_a_row_above_its_own_wire_is_no_exception():
    response = passes()
    node = response.tx_m[20, :2] + np.array([0.1, 0.0])  # within 0.02 radii of the wire at that depth
    depth = (-float(response.tx_m[20, 2]) - 1e-6,)
    out = np.empty(1)
    weight, xy = np.ones(54), response.center_m[:, :2].copy()
    coherence_kernels.coherent(
        node[None], np.array(depth), 0.2, 18, 150, xy, coil_arrays(response), weight, response.values.copy(), out
    )
    expected = plain.coherent(
        response, response.values, weight, node, depths_m=depth, window_m=0.2, fewest=18, most=150
    )
    assert out[0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("every", (1, 2, 4))
def test_between_the_nodes_the_nearest_count_and_all_as_near(every):
    rng = np.random.default_rng(7)
    lattice = rng.random((6, 8))
    lattice[rng.random(lattice.shape) < 0.5] = -np.inf
    lattice[2, 3] = np.nan
    rows, columns = np.nonzero(rng.random((6 * every, 8 * every)) < 0.7)
    out = np.empty(rows.size)
    coherence_kernels.between(rows, columns, every, lattice, 4, out)
    np.testing.assert_allclose(out, plain.between(rows, columns, every, lattice, 4), atol=1e-12)
