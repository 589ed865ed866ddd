"""Layered ground under horizontal loops, the slow way: boundary values solved as a system, adaptive quadrature."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.integrate import quad
from scipy.special import j0, j1

MU0 = 4e-7 * np.pi


def reflection(lam, s, thickness, sigma, chi):
    """Solve for up- and down-going fields of all layers at once: F and (1/mu) dF/dz go through every boundary."""
    n = len(sigma)
    mu = 1 + np.asarray(chi, dtype=complex)
    u = np.sqrt(lam**2 + s * MU0 * mu * np.asarray(sigma))
    depth = np.concatenate([[0.0], np.cumsum(thickness)])[:n]
    # unknowns: r, then (down, up) of each layer but the last, down of the last; depth positive down
    system = np.zeros((2 * n, 2 * n), dtype=complex)
    right = np.zeros(2 * n, dtype=complex)
    for j in range(n):
        row = 2 * j
        if j == 0:  # incident 1, reflected r
            system[0, 0], right[0] = 1, -1
            system[1, 0], right[1] = lam, lam
        else:
            above = u[j - 1]
            thick = depth[j] - depth[j - 1]
            system[row, 2 * j - 1], system[row, 2 * j] = np.exp(-above * thick), 1
            system[row + 1, 2 * j - 1] = -above / mu[j - 1] * np.exp(-above * thick)
            system[row + 1, 2 * j] = above / mu[j - 1]
        # the layer below: down starts at its top, up ends at its bottom
        fade = 0 if j == n - 1 else np.exp(-u[j] * (depth[j + 1] - depth[j]))
        system[row, 2 * j + 1] -= 1
        system[row + 1, 2 * j + 1] -= -u[j] / mu[j]
        if j < n - 1:
            system[row, 2 * j + 2] -= fade
            system[row + 1, 2 * j + 2] -= u[j] / mu[j] * fade
    return np.linalg.solve(system, right)[0]


def coupling(frequency, a, b, height_sum, offset, thickness, sigma, chi):
    s = 2j * np.pi * frequency

    def f(lam, part):
        r = reflection(lam, s, thickness, sigma, chi)
        return part(r) * j1(lam * a) * j1(lam * b) * j0(lam * offset) * np.exp(-lam * height_sum)

    edges = np.concatenate([[1e-9], np.geomspace(1e-3, 40 / height_sum, 30)])
    total = 0j
    for low, high in pairwise(edges):
        real = quad(f, low, high, args=(np.real,), epsrel=1e-10, epsabs=0, limit=200)[0]
        total += real + 1j * quad(f, low, high, args=(np.imag,), epsrel=1e-10, epsabs=0, limit=200)[0]
    return s * MU0 * np.pi * a * b * total


def impulse(inductance, t, top):
    """Impulse response at t > 0 from the imaginary part of L(i omega), by a sine transform on half periods.

    The alternating sum of the half periods is speeded up by Euler's repeated means.
    """
    node, weight = np.polynomial.legendre.leggauss(24)
    parts = []
    for n in range(top):
        low, high = n * np.pi / t, (n + 1) * np.pi / t
        edges = [low, high] if n else [0, *(high * 2.0 ** np.arange(-24, 1))]
        value = 0.0
        for c, d in pairwise(edges):
            w = 0.5 * (d + c) + 0.5 * (d - c) * node
            value += 0.5 * (d - c) * np.sum(weight * inductance(w).imag * np.sin(w * t))
        parts.append(value)
    sums = np.cumsum(parts)[top // 2 :]
    while len(sums) > 1:
        sums = 0.5 * (sums[1:] + sums[:-1])
    return -2 / np.pi * sums[0]
