"""The small tools give what SciPy's give."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import interpolate, ndimage, optimize, special
from scipy.spatial import ConvexHull

from dualsense import numerics


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize("count", (4, 5, 17))
def test_the_cubic_spline_and_its_slope(rng, count):
    nodes = np.cumsum(rng.uniform(0.2, 1.0, count))
    at = np.concatenate([rng.uniform(nodes[0] - 0.3, nodes[-1] + 0.3, 60), nodes])
    values = rng.normal(size=(count, 3)) + 1j * rng.normal(size=(count, 3))
    theirs = interpolate.CubicSpline(nodes, values)
    np.testing.assert_allclose(numerics.cubic_weights(nodes, at) @ values, theirs(at), rtol=1e-10, atol=1e-10)
    slope = numerics.cubic_weights(nodes, at, derivative=True) @ values
    np.testing.assert_allclose(slope, theirs(at, 1), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("count", (2, 3, 12))
def test_pieces_that_do_not_overshoot(rng, count):
    nodes = np.cumsum(rng.uniform(0.2, 1.0, count))
    values = np.round(rng.normal(size=(count, 4)), 1)
    values[:, 3] = 1.0
    at = np.concatenate([rng.uniform(nodes[0], nodes[-1], 60), nodes])
    theirs = interpolate.PchipInterpolator(nodes, values)(at)
    np.testing.assert_allclose(numerics.pchip(nodes, values, at), theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("spoil", ((0, 1, 0.0), (1, 2, np.nan), (1, 2, np.inf)), ids=("same", "nan", "inf"))
def test_nodes_that_tell_nothing_are_refused(rng, spoil):
    nodes, values = np.linspace(0.0, 1.0, 5), rng.standard_normal((5, 2))
    part, n, value = spoil
    (nodes, values[:, 0])[part][n] = value
    for pieces in (numerics.pchip, lambda x, y, at: interpolate.PchipInterpolator(x, y)(at)):
        with pytest.raises(ValueError, match=r"."):
            pieces(nodes, values, np.array([0.5]))


@pytest.mark.parametrize("pieces", (1, 2, 9))
def test_basis_splines(rng, pieces):
    knots = np.concatenate([[1.0] * 3, np.linspace(1.0, 4.0, pieces + 1), [4.0] * 3])
    at = np.concatenate([rng.uniform(1.0, 4.0, 50), knots])
    theirs = interpolate.BSpline.design_matrix(at, knots, 3).toarray()
    np.testing.assert_allclose(numerics.spline_basis(knots, at), theirs, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("shape", "reach"), (((9, 14), (2, 2)), ((6, 9, 11), (3, 2, 2)), ((3, 3), (5, 1))))
def test_the_highest_near(rng, shape, reach):
    values = rng.normal(size=shape)
    kept = values.copy()
    theirs = ndimage.maximum_filter(values, tuple(2 * r + 1 for r in reach))
    np.testing.assert_array_equal(numerics.highest_near(values, reach), theirs)
    np.testing.assert_array_equal(values, kept)


def test_what_hangs_together(rng):
    mask = rng.random((30, 41)) < 0.6
    labels, _ = ndimage.label(mask)
    for row, column in np.argwhere(mask)[::50]:
        ours = numerics.hanging_together(mask, int(row), int(column))
        np.testing.assert_array_equal(ours, labels == labels[row, column])


@pytest.mark.parametrize("kind", ("cloud", "lattice", "track"))
def test_sides_of_a_hull(rng, kind):
    points = rng.normal(size=(4000, 2))
    if kind == "lattice":
        points = np.stack(np.meshgrid(np.linspace(0, 1, 11), np.linspace(0, 2, 21)), axis=-1).reshape(-1, 2)
    elif kind == "track":
        x = np.tile(np.linspace(0.0, 1.0, 100), 10)
        points = np.column_stack([x, np.repeat(np.linspace(0, 1, 10), 100)]) + rng.normal(
            scale=1e-3, size=(1000, 2)
        )
    ours, theirs = numerics.hull_sides(points), ConvexHull(points).equations
    probes = rng.uniform(-4.0, 4.0, (5000, 2))
    outside = [(side[:, :2] @ probes.T + side[:, 2:]).max(axis=0) for side in (ours, theirs)]
    np.testing.assert_array_equal(outside[0] <= 1e-12, outside[1] <= 1e-12)
    np.testing.assert_allclose((ours[:, :2] @ points.T + ours[:, 2:]).max(), 0.0, atol=1e-12)


def test_points_on_a_line_have_no_hull(rng):
    t = rng.random(300)
    for way in ((1.0, 0.0), (0.0, 1.0), (0.3, 0.7)):
        assert numerics.hull_sides(np.outer(t, way) + np.array([3.0, 1.0])) is None
    assert numerics.hull_sides(np.ones((9, 2))) is None
    assert numerics.hull_sides(np.zeros((0, 2))) is None


def test_bessel_functions(rng):
    x = rng.uniform(0.0, 90.0, 400) * np.exp(-1j * rng.uniform(0.0, 0.5, 400))
    for part in (x[:50].real + 0j, x, 0.01 * x):
        j0, j2 = numerics.bessel_0_2(part)
        scale = np.abs(special.jv(0, part)) + np.abs(special.jv(1, part))
        assert (np.abs(j0 - special.jv(0, part)) / scale).max() < 1e-12
        assert (np.abs(j2 - special.jv(2, part)) / scale).max() < 1e-12


@pytest.mark.parametrize("shape", ((1, 1), (7, 7), (4, 9), (9, 4), (12, 12)))
def test_assignment(rng, shape):
    for spread in (1.0, 1e3):
        cost = rng.random(shape) * spread
        cost[rng.random(shape) < 0.4] = 1e6
        rows, columns = numerics.assign(cost)
        assert rows.size == min(shape)
        assert np.all(np.diff(rows) > 0)
        assert len(set(columns.tolist())) == columns.size
        assert cost[rows, columns].sum() == pytest.approx(cost[optimize.linear_sum_assignment(cost)].sum())


@pytest.mark.parametrize("value", (np.nan, np.inf))
def test_a_cost_that_is_none_is_refused(value):
    with pytest.raises(ValueError, match="finite"):
        numerics.assign(np.array([[1.0, value], [2.0, 3.0]]))


def test_the_inverse_of_a_factor_solves(rng):
    a = rng.normal(size=(9, 6))
    gram, right = a.T @ a, rng.normal(size=(6, 2))
    inverse = numerics.cholesky_inverse(gram)
    np.testing.assert_allclose(inverse.T @ (inverse @ right), np.linalg.solve(gram, right), rtol=1e-9)
    assert numerics.cholesky_inverse(gram - 100.0 * np.eye(6)) is None


def test_real_and_complex_arguments_of_bessel_stand_beside_each_other():
    x = np.array([0.0, 2.5, 2.5 + 0.3j, 11.0, 0.4j, 40.0])
    both = numerics.bessel_0_2(x.astype(complex))
    for order, found in zip((0, 2), both, strict=True):
        assert found == pytest.approx(special.jv(order, x), abs=1e-12)


def test_spline_weights_of_known_nodes_are_a_callers_own():
    nodes, at = np.array([0.0, 1.0, 2.5, 3.0, 4.0]), np.array([0.5, 2.7])
    first = numerics.cubic_weights(nodes, at)
    kept = first.copy()
    first[:] = 0.0
    nodes_again = nodes.copy()
    assert np.array_equal(numerics.cubic_weights(nodes_again, at), kept)
    nodes_again[2] = 2.0
    assert not np.array_equal(numerics.cubic_weights(nodes_again, at), kept)
