"""Kernels of the posterior against plain NumPy: whitening, normal equations, tensors integrated out."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.emi._locate import _evidence_kernels as evidence_kernels
from dualsense.emi._locate import _rows_kernels as kernels

pytestmark = pytest.mark.kernel

M, N, C = 5, 2, 3


def spread_out(packed):
    full = np.empty((packed.shape[1], C, C))
    p = 0
    for k in range(C):
        for j in range(k + 1):
            full[:, k, j] = full[:, j, k] = packed[p]
            p += 1
    return full


def random_weight(rng):
    half = rng.standard_normal((M, C, C))
    full = half @ half.transpose(0, 2, 1) + np.eye(C)
    packed = np.stack([full[:, k, j] for k in range(C) for j in range(k + 1)])
    return full, packed


def test_coordinates_keep_the_signal():
    rng = np.random.default_rng(0)
    value, slope = rng.standard_normal((M, 6 * N)), rng.standard_normal((M, 3, 6 * N))
    f, g = value.T.copy(), slope.transpose(1, 2, 0).copy()
    kernels.to_coordinates(f, g)
    tensor = rng.standard_normal((N, 3, 3))
    tensor = tensor + tensor.transpose(0, 2, 1)
    elements = np.stack([tensor[:, i, j] for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))], axis=1)
    a = np.sqrt([1 / 3, 1 / 2, 1 / 6, 2])
    x, y, z = elements[:, 0], elements[:, 1], elements[:, 2]
    unit = np.stack([a[0] * (x + y + z), a[1] * (x - y), a[2] * (x + y - 2 * z), *(a[3] * elements[:, 3:].T)])
    np.testing.assert_allclose((unit**2).sum(axis=0), (tensor**2).sum(axis=(1, 2)))
    np.testing.assert_allclose(unit.T.ravel() @ f, value @ elements.ravel())
    np.testing.assert_allclose(np.einsum("q,aqm->ma", unit.T.ravel(), g), slope @ elements.ravel())


def test_whitening_is_the_inverse_covariance_of_the_rows():
    rng = np.random.default_rng(1)
    slope, coordinates = rng.standard_normal((3, 6 * N, M)), rng.standard_normal((6 * N, C))
    std = np.abs(rng.standard_normal((3, M)))
    std[1, 0] = 0.0
    moved, weight = np.empty((3, N, C, M)), np.empty((C * (C + 1) // 2, M))
    kernels.shifts(slope, coordinates, moved)
    for n in range(N):
        part = slice(6 * n, 6 * n + 6)
        np.testing.assert_allclose(moved[:, n], np.einsum("aqm,qk->akm", slope[:, part], coordinates[part]))
    logdet = kernels.whiten(moved, std, weight)
    v = moved.sum(axis=1) * std[:, None]
    covariance = np.eye(C) + np.einsum("akm,ajm->mkj", v, v)
    np.testing.assert_allclose(spread_out(weight), np.linalg.inv(covariance), atol=1e-10)
    assert logdet == pytest.approx(np.linalg.slogdet(covariance)[1].sum())


def test_normal_equations_are_those_of_the_whitened_rows():
    rng = np.random.default_rng(2)
    value, data = rng.standard_normal((6 * N, M)), rng.standard_normal((C, M))
    full, packed = random_weight(rng)
    size = 6 * N * C
    matrix, right = np.empty((size, size)), np.empty(size)
    energy = kernels.normal(value, packed, data, matrix, right)
    design = np.einsum("qm,kl->mkql", value, np.eye(C)).reshape(M, C, size)
    np.testing.assert_allclose(matrix, np.einsum("mku,mkl,mlv->uv", design, full, design), atol=1e-9)
    np.testing.assert_allclose(right, np.einsum("mku,mkl,lm->u", design, full, data), atol=1e-9)
    assert energy == pytest.approx(np.einsum("km,mkl,lm->", data, full, data))


def random_classes(rng):
    half = rng.standard_normal((4, C, C))
    inner = half[:2] @ half[:2].transpose(0, 2, 1) + np.eye(C)
    outer = half[2:] @ half[2:].transpose(0, 2, 1) + np.eye(C)
    level = rng.standard_normal((2, C))
    return level, inner, outer


def test_evidence_is_the_gaussian_integral_over_tensors():
    rng = np.random.default_rng(3)
    level, inner, outer = random_classes(rng)
    mean = np.einsum("kij,kj->ki", inner, level)
    constant = np.linalg.slogdet(inner)[1] + 5 * np.linalg.slogdet(outer)[1] - (mean * level).sum(axis=1)
    kind, log_size = np.array([1, 0]), np.array([0.3, -0.5])
    size = 6 * N * C
    rows = 4
    design, data = rng.standard_normal((rows, size)), rng.standard_normal(rows)
    factor, solution = np.empty((size, size)), np.empty(size)
    equations = evidence_kernels.Equations(design.T @ design, design.T @ data, factor, solution)
    classes = evidence_kernels.Classes(np.zeros(2), mean, inner, outer, constant, np.zeros(2))
    found = evidence_kernels.evidence(equations, kind, log_size, classes)
    at, covariance = np.zeros(size), np.zeros((size, size))
    for n in range(N):
        s = np.exp(log_size[n])
        for q in range(6):
            part = slice((6 * n + q) * C, (6 * n + q + 1) * C)
            covariance[part, part] = s**2 * np.linalg.inv((inner if q == 0 else outer)[kind[n]])
        at[6 * n * C : (6 * n + 1) * C] = s * level[kind[n]]
    total = design @ covariance @ design.T + np.eye(rows)  # d ~ N(B m, B S B' + 1)
    rest = data - design @ at
    expected = -0.5 * (rest @ np.linalg.solve(total, rest) + np.linalg.slogdet(total)[1]) + 0.5 * data @ data
    assert found == pytest.approx(expected)
    mean_by_hand = at + covariance @ design.T @ np.linalg.solve(total, rest)
    np.testing.assert_allclose(solution, mean_by_hand, atol=1e-8)
    whole = evidence_kernels.level(equations, kind, log_size, classes)
    for n in range(N):
        own = 6 * C
        room = (np.empty((own, own)), np.empty(own), np.empty((own, own)), np.empty(own))
        small = evidence_kernels.Equations(*room)
        beside = evidence_kernels.eliminated(equations, kind, log_size, classes, n, small)
        alone = evidence_kernels.level(small, kind[n : n + 1], log_size[n : n + 1], classes)
        np.testing.assert_allclose(np.add(alone, beside), whole)


def test_position_terms_are_those_of_the_tensors_set_free():
    rng = np.random.default_rng(4)
    value, data = rng.standard_normal((6 * N, M)), rng.standard_normal((C, M))
    full, packed = random_weight(rng)
    moved, coordinates = rng.standard_normal((3, N, C, M)), rng.standard_normal((6 * N, C))
    size = 6 * N * C
    half = rng.standard_normal((size, size))
    precision = half @ half.T + 50 * np.eye(size)
    square, gradient, across = np.empty((3 * N, 3 * N)), np.empty(3 * N), np.empty((3 * N, size))
    misfit, excess = kernels.position_terms(value, packed, moved, data, coordinates, across, square, gradient)
    rest = data - coordinates.T @ value
    u = moved.transpose(1, 0, 2, 3).reshape(3 * N, C, M)
    design = np.einsum("qm,kl->mkql", value, np.eye(C)).reshape(M, C, size)
    cross = np.einsum("ukm,mkl,mlv->uv", u, full, design)
    inner = np.einsum("ukm,mkl,vlm->uv", u, full, u)
    np.testing.assert_allclose(across, cross, atol=1e-9)
    np.testing.assert_allclose(np.tril(square), np.tril(inner), atol=1e-9)
    kernels.eliminate(np.linalg.cholesky(precision), across, square)
    np.testing.assert_allclose(square, inner - cross @ np.linalg.solve(precision, cross.T), atol=1e-8)
    np.testing.assert_allclose(gradient, np.einsum("ukm,mkl,lm->u", u, full, rest), atol=1e-8)
    assert misfit == pytest.approx(np.einsum("km,mkl,lm->", rest, full, rest))
    share = np.eye(C) - full
    white = np.einsum("mkl,lm->mk", full, rest)
    above = np.einsum("km,mkl,ml->", rest, share, white) - np.trace(share, axis1=1, axis2=2).sum()
    assert excess == pytest.approx(above / (share * share).sum())
