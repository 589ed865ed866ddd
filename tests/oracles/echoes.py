"""Echoes of the simulated radar the slow way: every scatterer at every tone, every ray by minimising its time."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import RegularGridInterpolator
from scipy.optimize import brentq

C0 = 299_792_458.0


def ray(rho, height, depth, index):
    """Delay, spreading and the offset at which the ray enters, from Snell's law at the entry."""

    def unbent(x):
        return x / np.hypot(x, height) - index * (rho - x) / np.hypot(rho - x, depth)

    entry = brentq(unbent, 0.0, rho, xtol=1e-15, rtol=1e-14) if rho > 0 else 0.0
    up, down = np.hypot(entry, height), np.hypot(rho - entry, depth)
    cos_air, cos_soil = height / up, depth / down
    # tubes of rays: across and along the plane of incidence
    across = height / cos_air + depth / (index * cos_soil)
    along = height / cos_air**3 + depth / (index * cos_soil**3)
    spread = 1.0 / np.sqrt(across * along * cos_air**2)
    return (up + index * down) / C0, spread, entry, cos_air, cos_soil


def below(tx, rx, points, strength, delay, index, frequency, reach, x, y, height):
    """Sum (n, k) of isotropic points under a surface, rays as if flat, entering soil at its height there."""
    surface = RegularGridInterpolator((y, x), height)
    out = np.zeros((len(tx), len(frequency)), complex)
    for n in range(len(tx)):
        for j, p in enumerate(points):
            away = np.hypot(*(p[:2] - 0.5 * (tx[n] + rx[n])[:2]))
            if away >= reach:
                continue
            part = max(0.0, 3 * away / reach - 2)
            size, time = strength[j] * (0.5 + 0.5 * np.cos(np.pi * part)), 2 * delay[j]
            for antenna in (tx[n], rx[n]):
                step = p[:2] - antenna[:2]
                rho = np.hypot(*step)
                t, spread, entry, cos_air, cos_soil = ray(rho, antenna[2], -p[2], index)
                at = antenna[:2] + entry * step / rho
                time += t + surface((at[1], at[0])) * (index * cos_soil - cos_air) / C0
                size *= spread
            out[n] += size * np.exp(-2j * np.pi * frequency * time)
    return out


def rough(tx, rx, index, reach, frequency, x, y, height):
    """Kirchhoff's integral over a rough surface less that over a flat one, (n, k)."""
    k = 2 * np.pi * frequency / C0
    out = np.zeros((len(tx), len(frequency)), complex)
    area = (x[1] - x[0]) * (y[1] - y[0])
    eps = index**2
    for n in range(len(tx)):
        mid = 0.5 * (tx[n] + rx[n])
        gx, gy = np.meshgrid(x - mid[0], y - mid[1])
        away = np.hypot(gx, gy)
        window = 0.5 + 0.5 * np.cos(np.pi * np.clip(3 * away / reach - 2, 0, 1))
        first, share = None, 1.0
        for z, sign in ((np.zeros_like(height), -1), (height, 1)):
            r1, r2 = (
                np.sqrt((x - a[0])[None] ** 2 + (y - a[1])[:, None] ** 2 + (a[2] - z) ** 2) for a in (tx[n], rx[n])
            )
            if first is None:
                cos = first = 0.5 * (tx[n, 2] / r1 + rx[n, 2] / r2)
                sin2 = 1 - cos**2
                root = np.sqrt(eps - sin2)
                electric = (cos - root) / (cos + root)
                magnetic = (eps - 1) * (sin2 - eps * (1 + sin2)) / (eps * cos + root) ** 2
                across2 = np.where(away > 0, gx**2 / np.maximum(away, 1e-12) ** 2, 1.0)
                share = (across2 * electric + (1 - across2) * cos**2 * magnetic) * cos
            size = sign * window * share * area / (2 * np.pi * r1 * r2)
            for i, kk in enumerate(k):
                part = size * (1j * kk + 0.5 * (1 / r1 + 1 / r2)) * np.exp(-1j * kk * (r1 + r2))
                out[n, i] += part.sum()
    return out
