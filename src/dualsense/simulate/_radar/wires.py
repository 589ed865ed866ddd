"""Currents that an even electric field drives in thin wire: a straight piece, and a closed turn."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]

_SEGMENTS = 12
_SHORT = 0.05
"""Wave number times length at which a wire is taken for static."""


def loop_polarizability(radius_m: float, wire_radius_m: float, k: Real, orders: int = 2) -> Complex:
    """Polarizability per length over 4 pi, m^2, of a closed turn of wire along the field, at wave numbers (k,).

    For a field on the wire that goes as cos(m phi), m from 0 (orders, k): the current is 4 E / (i omega mu Z) with
    Z = K_(m-1) + K_(m+1) - 2 m^2 K_m / (k b)^2 and K_n = b / (2 pi) int cos(n phi) exp(-i k R) / R dphi, R between
    wire and axis (Storer, Trans. AIEE 75, 1956). An even field in the turn's plane is m = 1; a turn of many waves
    has the current of a long wire.
    """
    thin = wire_radius_m / radius_m
    edges = np.array([0.0, *(thin * 2.0 ** np.arange(np.log2(np.pi / thin))), np.pi])
    node, weight = np.polynomial.legendre.leggauss(24)
    half = 0.5 * np.diff(edges)[:, None]
    phi = (edges[:-1, None] + half * (1 + node)).ravel()
    away = radius_m * np.sqrt(4 * np.sin(0.5 * phi) ** 2 + thin**2)
    green = radius_m / np.pi * (half * weight).ravel() * np.exp(-1j * np.outer(k, away)) / away
    each = [green @ np.cos(n * phi) for n in range(orders + 1)]
    impedance = [each[abs(m - 1)] + each[m + 1] - 2 * m**2 * each[m] / (k * radius_m) ** 2 for m in range(orders)]
    return np.asarray(-1 / (np.pi * k**2 * np.array(impedance)), dtype=np.complex128)


def wire_resonance(length_m: float, wire_radius_m: float, k: Real) -> Complex:
    """Dipole of a straight wire along an even field over its static one, at wave numbers (k,)."""
    still = _moment(length_m, wire_radius_m, (_SHORT / length_m,))
    return np.asarray(_moment(length_m, wire_radius_m, tuple(k.tolist())) / still.real, dtype=np.complex128)


@lru_cache(maxsize=256)
def _moment(length_m: float, wire_radius_m: float, k: tuple[float, ...]) -> Complex:
    """Dipole per field over 4 pi, m^3, by the method of moments.

    Mixed potentials, triangles of current tested by triangles, the kernel exp(-i k R) / R between wire and axis
    (Harrington, Field Computation by Moment Methods, 1968, ch. 4).
    """
    waves = np.array(k)
    step = length_m / _SEGMENTS
    edge = np.linspace(-1.0, 1.0, 17)
    node, weight = np.polynomial.legendre.leggauss(8)
    at = (edge[:-1, None] + np.diff(edge)[:, None] * 0.5 * (1 + node)).ravel()
    share = (np.diff(edge)[:, None] * 0.5 * weight).ravel() * (1 - np.abs(at))
    apart = np.hypot((np.arange(_SEGMENTS)[:, None] + at) * step, wire_radius_m)
    green = np.exp(-1j * waves[:, None, None] * apart) / (4 * np.pi * apart) @ share * step**2
    number = np.arange(_SEGMENTS)
    between = green[:, np.abs(number[:, None] - number)]
    on = 0.5 * (np.eye(_SEGMENTS)[:-1] + np.eye(_SEGMENTS)[1:])
    slope = np.diff(np.eye(_SEGMENTS), axis=0) / step
    impedance = on @ between @ on.T - slope @ between @ slope.T / waves[:, None, None] ** 2
    current = np.linalg.solve(impedance, np.full((len(waves), _SEGMENTS - 1, 1), step))[..., 0]
    return np.asarray(-current.sum(axis=1) * step / (4 * np.pi * waves**2), dtype=np.complex128)
