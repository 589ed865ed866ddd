"""What pictures rest on, the plain way: echoes with their gain in one array, and areas by counting points."""

from __future__ import annotations

import base64
import zlib

import numpy as np

GAIN = 0.7


def clutter(values):
    """Median of the finite values at each depth, smoothed over neighbours, at least 0.1 % of the strongest."""
    levels = np.array([np.median(p[np.isfinite(p)]) if np.isfinite(p).any() else np.nan for p in values])
    known = np.isfinite(levels)
    levels[~known] = np.median(levels[known]) if known.any() else 0.0
    if levels.size > 2:
        levels = np.convolve(np.pad(levels, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    finite = values[np.isfinite(values)]
    floored = np.maximum(levels, 1e-3 * finite.max() if finite.size else 0.0)
    return np.where(floored > 0.0, floored, 1.0)


def gained(result):
    """Envelope over a power of its clutter, 1 at the colour limit, as one array (nz, ny, nx)."""
    volume = result.gpr_volume.values
    values = volume / (clutter(volume) ** GAIN).astype(np.float32)[:, None, None]
    finite = values[np.isfinite(values)]
    if finite.size:
        limit = max(float(np.quantile(finite, 0.9999)), 8.0 * float(np.median(finite)))
        values /= np.float32(limit if limit > 0.0 else 1.0)
    return values


def inside(polygon, x, y):
    """Whether points lie in a polygon (n, 2): how often a ray to the right crosses its edges."""
    odd = np.zeros(np.broadcast(x, y).shape, dtype=bool)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        crosses = (y0 > y) != (y1 > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            odd ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return odd


def sampled_coverage(polygons, shape, points=40):
    """Part of each pixel covered by the union of polygons, from a grid of points in each pixel."""
    height, width = shape
    x = (np.arange(width * points) + 0.5) / points
    y = (np.arange(height * points) + 0.5) / points
    union = np.zeros((y.size, x.size), dtype=bool)
    for polygon in polygons:
        union |= inside(polygon, x[None], y[:, None])
    return union.reshape(height, points, width, points).mean(axis=(1, 3))


def unpacked(text, shape):
    """Cells (k, rows, columns) that a page holds: each row as its difference to the one before, modulo 64."""
    raw = np.frombuffer(zlib.decompress(base64.b64decode(text), wbits=-15), dtype=np.uint8).reshape(shape)
    return np.cumsum(raw, axis=1, dtype=np.int64) & 63
