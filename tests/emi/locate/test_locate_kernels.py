"""The locator's kernels against plain NumPy, differences and random samples."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.emi import _columns_kernels as columns_kernels
from dualsense.emi._locate import _axes_kernels as axes_kernels
from dualsense.emi._locate import _channel_kernels as kernels
from dualsense.emi._locate import _grid_kernels as grid_kernels
from dualsense.emi._locate import _solver_kernels as solver_kernels
from dualsense.induction._field import loop_field
from dualsense.induction._kernels import loop_terms

pytestmark = pytest.mark.kernel

PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


def turned(rng):
    q, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    q[:, 0] *= np.linalg.det(q)
    return q


def geometry(*, m=7, tilted=True, seed=0):
    rng = np.random.default_rng(seed)
    tx = np.column_stack([rng.uniform(-0.1, 0.1, (m, 2)), np.full(m, 0.06)])
    rotation = np.stack([turned(rng) if tilted and i else np.eye(3) for i in range(m)])
    return tx, tx + np.array((0.02, 0.01, 0.004)), rotation, np.full(m, 0.1), np.full(m, 0.08)


def plain(target, tx, rx, rotation, a, b):
    out = []
    for i in range(len(tx)):
        t = rotation[i] @ loop_field(rotation[i].T @ (target - tx[i]), radius_m=a[i])
        r = rotation[i] @ loop_field(rotation[i].T @ (target - rx[i]), radius_m=b[i])
        out.append([t[j] * r[k] + (t[k] * r[j] if j != k else 0.0) for j, k in PAIRS])
    return np.array(out)


def run_columns(target, where, std):
    m, n = len(where[0]), len(target)
    value, slope = np.empty((6 * n, m)), np.empty((3, 6 * n, m))
    coils = columns_kernels.RowCoils(*where)
    columns_kernels.columns(target, coils, np.broadcast_to(std, (m, 3)).copy(), value, slope)
    return value.T, slope.transpose(2, 0, 1)


def one_loop(radius, at):
    """Field, gradient and second derivative along the axis by scalar evaluations."""
    x, y, z = at
    rho, d = np.hypot(x, y), 5e-4 * radius
    (um, zm, _), (u, hz, _), (up, zp, _) = (loop_terms(radius, rho, z + s) for s in (-d, 0.0, d))
    uz, hzz = (up - um) / (2 * d), (zp - zm) / (2 * d)
    s = (-2 * u - hzz) / rho**2
    g = [[u + x * x * s, x * y * s, uz * x], [x * y * s, u + y * y * s, uz * y], [uz * x, uz * y, hzz]]
    bend = np.array([(up - 2 * u + um) * x, (up - 2 * u + um) * y, zp - 2 * hz + zm]) / d**2
    return np.array([u * x, u * y, hz]), np.array(g), bend


def test_columns_in_vectors_are_those_of_one_row_after_the_other():
    tx, rx, rotation, a, b = geometry(m=9, seed=3)
    std = np.array([2e-3, 2e-3, 6e-3])
    target = tx[4] + rotation[4] @ np.array([0.0999, 0.0, -2e-3])  # beside a wire: q is below 0.02 there
    value, slope = run_columns(target[None], (tx, rx, rotation, a, b), std)
    flat, tall = std[0] ** 2, 0.5 * (std[2] ** 2 - std[0] ** 2)
    for i in range(9):
        (t, gt, tz), (r, gr, rz) = (
            (turn @ h, turn @ g @ turn.T, turn @ c)
            for turn, (h, g, c) in (
                (rotation[i], one_loop(radius, rotation[i].T @ (target - where)))
                for where, radius in ((tx[i], a[i]), (rx[i], b[i]))
            )
        )
        both = np.outer(t, r) + flat * gt @ gr.T
        both += tall * (np.outer(tz, r) + 2 * np.outer(gt[:, 2], gr[:, 2]) + np.outer(t, rz))
        moved = gt.T[:, :, None] * r + t[:, None] * gr.T[:, None, :]
        for q, (j, k) in enumerate(PAIRS):
            twice = 1.0 if j != k else 0.0
            size = np.abs(both).max()
            assert value[i, q] == pytest.approx(both[j, k] + twice * both[k, j], rel=1e-6, abs=1e-6 * size)
            expected = moved[:, j, k] + twice * moved[:, k, j]
            np.testing.assert_allclose(slope[i, :, q], expected, rtol=1e-6, atol=1e-6 * np.abs(moved).max())


def test_columns_and_slopes_of_two_dipoles():
    where = geometry()
    target = np.array([[0.02, -0.03, -0.05], [-0.04, 0.0, -0.1]])
    value, slope = run_columns(target, where, 0.0)
    for n in range(2):
        part = slice(6 * n, 6 * n + 6)
        np.testing.assert_allclose(value[:, part], plain(target[n], *where), rtol=1e-10, atol=1e-9)
        for axis in range(3):
            step = 1e-5 * np.eye(3)[axis]
            difference = (plain(target[n] + step, *where) - plain(target[n] - step, *where)) / 2e-5
            np.testing.assert_allclose(slope[:, axis, part], difference, rtol=1e-4, atol=1e-4 * abs(slope).max())


def test_slopes_on_the_axis_of_the_coil():
    where = geometry(m=1, tilted=False)
    target = np.array([[*where[0][0, :2], -0.05]])
    _, slope = run_columns(target, where, 0.0)
    step = 1e-5 * np.eye(3)
    difference = (
        np.stack([plain(target[0] + s, *where) - plain(target[0] - s, *where) for s in step], axis=1) / 2e-5
    )
    np.testing.assert_allclose(slope, difference, rtol=1e-4, atol=1e-5 * abs(slope).max())


def test_the_mean_over_position_errors_is_the_blurred_column():
    where = geometry(m=3, tilted=False)
    target, std = np.array([0.02, -0.03, -0.05]), np.array([3e-3, 3e-3, 5e-3])
    value, _ = run_columns(target[None], where, std)
    node = np.sqrt(3.0) * np.diag(std)  # exact to the third order
    mean = plain(target, *where) + sum(
        (plain(target + s, *where) + plain(target - s, *where) - 2.0 * plain(target, *where)) / 6.0 for s in node
    )
    exact = plain(target, *where)
    assert abs(mean - exact).max() > 1e-3 * abs(exact).max()
    np.testing.assert_allclose(value - exact, mean - exact, atol=0.05 * abs(mean - exact).max())


def test_whitening_is_the_inverse_covariance():
    rng = np.random.default_rng(1)
    slope, elements = rng.standard_normal((4, 3, 6)), rng.standard_normal((6, 5))
    half = rng.standard_normal((5, 5))
    noise = half @ half.T + np.eye(5)
    std = np.array([0.5, 0.0, 1.5]) * np.ones((4, 3))
    weight = np.empty((4, 5, 5))
    logdet = kernels.whiten(slope, elements, std, np.linalg.inv(noise), weight)
    moved = np.einsum("maq,qk->mak", slope, elements) * std[:, :, None]
    c = noise + np.einsum("mak,mal->mkl", moved, moved)
    np.testing.assert_allclose(weight, np.linalg.inv(c), rtol=1e-8, atol=1e-12)
    assert logdet == pytest.approx((np.linalg.slogdet(c)[1] - np.linalg.slogdet(noise)[1]).sum())


def test_normal_equations_and_position_terms_are_those_of_the_whitened_rows():
    rng = np.random.default_rng(2)
    m, n, c = 5, 2, 3
    value, slope = rng.standard_normal((m, 6 * n)), rng.standard_normal((m, 3, 6 * n))
    data, elements = rng.standard_normal((m, c)), rng.standard_normal((6 * n, c))
    half = rng.standard_normal((m, c, c))
    weight = half @ half.transpose(0, 2, 1) + np.eye(c)
    design = np.einsum("mq,kl->mkql", value, np.eye(c)).reshape(m, c, -1)
    matrix, right = np.empty((6 * n * c,) * 2), np.empty(6 * n * c)
    energy = kernels.normal(value, weight, data, matrix, right)
    np.testing.assert_allclose(matrix, np.einsum("mku,mkl,mlv->uv", design, weight, design), atol=1e-9)
    np.testing.assert_allclose(right, np.einsum("mku,mkl,ml->u", design, weight, data), atol=1e-9)
    assert energy == pytest.approx(np.einsum("mk,mkl,ml->", data, weight, data))
    cross, square, gradient = np.empty((3 * n, 6 * n * c)), np.empty((3 * n, 3 * n)), np.empty(3 * n)
    misfit = kernels.position_terms(value, slope, weight, data, elements, cross, square, gradient)
    moved = np.concatenate(
        [np.einsum("maq,qk->mak", slope[:, :, 6 * d : 6 * d + 6], elements[6 * d : 6 * d + 6]) for d in range(n)],
        axis=1,
    )
    rest = data - value @ elements
    np.testing.assert_allclose(cross, np.einsum("mak,mkl,mlu->au", moved, weight, design), atol=1e-9)
    np.testing.assert_allclose(square, np.einsum("mak,mkl,mbl->ab", moved, weight, moved), atol=1e-9)
    np.testing.assert_allclose(gradient, np.einsum("mak,mkl,ml->a", moved, weight, rest), atol=1e-9)
    assert misfit == pytest.approx(np.einsum("mk,mkl,ml->", rest, weight, rest))


def test_cholesky_solves_and_refuses():
    rng = np.random.default_rng(3)
    half = rng.standard_normal((6, 6))
    a, x = half @ half.T + np.eye(6), rng.standard_normal(6)
    factor, solved = a.copy(), x.copy()
    assert solver_kernels.cholesky(factor)
    solver_kernels.substitute(factor, solved)
    np.testing.assert_allclose(a @ solved, x, atol=1e-10)
    assert not solver_kernels.cholesky(np.diag([1.0, -1.0]))
    noise = rng.standard_normal((3, 6))
    drawn = noise.copy()
    solver_kernels.coloured(factor, drawn)
    np.testing.assert_allclose(drawn, np.linalg.solve(np.linalg.cholesky(a).T, noise.T).T, atol=1e-10)


def elements_of(axes, principal):
    m = np.einsum("ia,ak,ja->kij", axes, principal, axes)
    return np.stack([m[:, i, j] for i, j in PAIRS])


def test_common_axes_diagonalise_tensors_that_share_them():
    rng = np.random.default_rng(4)
    axes, principal = turned(rng), rng.standard_normal((3, 4))
    found = np.empty((3, 3))
    axes_kernels.common_axes(elements_of(axes, principal), found)
    overlap = np.abs(found.T @ axes)
    np.testing.assert_allclose(np.sort(overlap, axis=1), [[0, 0, 1]] * 3, atol=1e-8)


def test_tangent_is_the_difference_of_composed_tensors():
    rng = np.random.default_rng(5)
    axes, principal = np.stack([turned(rng) for _ in range(2)]), rng.standard_normal((2, 3, 2))
    out = np.empty((24, 2 * 9))
    axes_kernels.tangent(axes, principal, out)

    def composed(a, p):
        elements = np.empty((12, 2))
        axes_kernels.compose(a, p, elements)
        return elements.ravel()

    step = 1e-6
    for n in range(2):
        for k in range(9):
            ends = []
            for side in (step, -step):
                a, p = axes.copy(), principal.copy()
                if k < 6:
                    p[n, k // 2, k % 2] += side
                else:
                    b, c = (k - 6 + 1) % 3, (k - 6 + 2) % 3
                    a[n, :, b] += side * axes[n, :, c]
                    a[n, :, c] -= side * axes[n, :, b]
                ends.append(composed(a, p))
            np.testing.assert_allclose(out[:, 9 * n + k], (ends[0] - ends[1]) / (2 * step), atol=1e-8)


@pytest.mark.parametrize("sign", (-1.0, 0.0, 1.0))
def test_constrained_elements_keep_their_sign_and_reach_the_truth(sign):
    rng = np.random.default_rng(6)
    truth, principal = turned(rng), np.abs(rng.standard_normal((3, 2))) * (sign or 1.0)
    half = rng.standard_normal((40, 12))
    matrix = half.T @ half
    x = elements_of(truth, principal)
    right = matrix @ x.ravel()
    turn = np.linalg.qr(np.eye(3) + 0.1 * rng.standard_normal((3, 3)))[0]
    axes, found, elements = (turn @ truth)[None].copy(), principal[None].copy(), np.empty((6, 2))
    taken = axes_kernels.constrained(matrix, right, np.full(2, sign), 60, axes, found, elements)
    np.testing.assert_allclose(elements, x, atol=1e-3)
    assert taken == pytest.approx(-right @ x.ravel(), rel=1e-4)
    if sign:  # data that want the other sign leave nothing
        axes_kernels.constrained(matrix, -right, np.full(2, sign), 30, axes, found, elements)
        assert (found * sign >= 0.0).all()


def test_the_search_explains_most_at_the_target():
    where = geometry(m=30, tilted=False, seed=7)
    nodes = np.array([[0.0, 0.0, -0.05], [0.06, 0.0, -0.05], [0.0, 0.0, -0.15]])
    data = plain(nodes[0], *where) @ np.array([[1.0], [0.5], [2.0], [0.1], [0.0], [0.2]])
    drop = np.empty(3)
    grid_kernels.explained(nodes, columns_kernels.RowCoils(*where), np.ones(30), data, drop)
    assert drop[0] == pytest.approx((data**2).sum(), rel=1e-4)
    assert drop[0] > drop[1:].max()
