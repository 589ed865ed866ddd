"""Straight wires by their textbook formulas, and currents in circuits by brute-force integration."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.integrate import dblquad, quad

MU0 = 4e-7 * np.pi


def wire_field(p, a, b):
    """H of one ampere from a to b: (sin t2 - sin t1) / (4 pi d), by the angles seen from the foot."""
    p, a, b = (np.asarray(v, dtype=float) for v in (p, a, b))
    u = (b - a) / np.linalg.norm(b - a)
    foot = a + u * np.dot(p - a, u)
    away = p - foot
    d = np.linalg.norm(away)
    sin1 = np.dot(a - p, u) / np.linalg.norm(p - a)
    sin2 = np.dot(b - p, u) / np.linalg.norm(p - b)
    return np.cross(u, away / d) * (sin2 - sin1) / (4 * np.pi * d)


def ring_field(p, corners):
    nxt = np.roll(np.asarray(corners, dtype=float), -1, axis=0)
    return sum(wire_field(p, a, b) for a, b in zip(corners, nxt, strict=True))


def parallel_wires(length, distance):
    """Mutual inductance of two equal parallel wires, side by side (Grover)."""
    ratio = length / distance
    return MU0 / (2 * np.pi) * length * (np.arcsinh(ratio) - np.hypot(1, 1 / ratio) + 1 / ratio)


def neumann(one, other):
    """Mutual inductance of two polygons by Neumann's double integral, side by side."""
    total = 0.0
    for a, b in zip(one, np.roll(one, -1, axis=0), strict=True):
        for c, d in zip(other, np.roll(other, -1, axis=0), strict=True):
            along = np.dot(b - a, d - c)
            if abs(along) < 1e-15:
                continue

            def inverse(t, s, a=a, b=b, c=c, d=d):
                return 1 / np.linalg.norm(a + s * (b - a) - c - t * (d - c))

            total += along * dblquad(inverse, 0, 1, 0, 1, epsabs=1e-9, epsrel=1e-9)[0]
    return MU0 / (4 * np.pi) * total


def exponential_memory(current, t, tau):
    """Integral of exp(-(t - s) / tau) / tau times current(s) over the past, by quadrature between corners."""
    corners = np.unique(current.time_s)
    inside = np.asarray(current.time_s), np.asarray(current.current_a)

    def part(low, high):
        def f(s):
            # away from the corners, so that jumps are seen from inside
            return np.exp(-(t - s) / tau) / tau * np.interp(s, *inside)

        return quad(f, low, high, epsabs=0, epsrel=1e-12, limit=300)[0]

    return sum(part(a, b) for a, b in pairwise(corners))
