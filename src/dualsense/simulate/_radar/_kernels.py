"""Kernels that the simulated radar's echoes share: rays through the surface, its height, and sums of delays.

Every sounding is one iteration of a parallel loop and writes only its own row, so that the result does not
depend on the number of threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

OVER_C0 = 1.0 / C0_M_S
_NEWTON_STEPS = 40
_NEWTON_TOLERANCE = 1e-9
WIDTH = 6
"""Nodes of the grid of delays that one delay is spread over."""
LINES = 8
"""Of a series of delays: real, then imaginary parts at each of four `plane_waves.table_frequencies`."""
_SINE = tuple(1.0 / (n * (n + 1)) for n in range(18, 0, -2))
"""Over each other the terms of the sine's series, good to the last digit up to a quarter of a turn."""


@jit()
def leg(rho: float, height: float, depth: float, index: float) -> tuple[float, float, float, float, float, float]:
    """Fermat's ray from an antenna through a flat surface to a point below it.

    Returns the travel time, the reciprocal of the spreading distance, the path in the soil, the sine and cosine of
    the ray's angle from the vertical in the soil, and the tangent of that in the air.

    With u = tan(angle in air) and s = n^2 + (n^2 - 1) u^2 the offset is rho = h u + d u / sqrt(s), rising and
    concave in u, so Newton's steps from the left never overshoot. The spreading 1/L^2 = tan / (rho drho/dtheta)
    of a thin tube of rays tends to 1 / (h + d/n)^2 straight below.

    Parameters
    ----------
    rho, height, depth
        Offset, height above the surface and depth below it, m.
    index
        Refractive index of the soil.
    """
    n2 = index * index
    u = rho / (height + depth / index)
    for _ in range(_NEWTON_STEPS):
        s = n2 + (n2 - 1.0) * u * u
        root = np.sqrt(s)
        step = (rho - height * u - depth * u / root) / (height + depth * n2 / (s * root))
        u += step
        if abs(step) <= _NEWTON_TOLERANCE * (1.0 + u):
            break
    s = n2 + (n2 - 1.0) * u * u
    root = np.sqrt(s)
    one_u2 = 1.0 + u * u
    tan_soil = u / root
    cos_soil = 1.0 / np.sqrt(1.0 + tan_soil * tan_soil)
    path = depth / cos_soil
    time = (height * np.sqrt(one_u2) + index * path) / C0_M_S
    spread = 1.0 / np.sqrt((height + depth / root) * (height + depth * n2 / (s * root)) * one_u2)
    return time, spread, path, tan_soil * cos_soil, cos_soil, u


@jit()
def leg_through(rho, height, thickness, index):
    """`leg` through layers: travel time, s, and its slope over the offset, sin(angle in air) / c, s/m.

    Parameters
    ----------
    rho, height
        Offset and height above the surface, m.
    thickness, index : (m,)
        How much of each layer lies above the point, m, and the layers' refractive indices.
    """
    below = 0.0
    for j in range(thickness.shape[0]):
        below += thickness[j] / index[j]
    u = rho / (height + below)
    for _ in range(_NEWTON_STEPS):
        miss, slope = rho - height * u, height
        for j in range(thickness.shape[0]):
            n2 = index[j] * index[j]
            s = n2 + (n2 - 1.0) * u * u
            root = np.sqrt(s)
            miss -= thickness[j] * u / root
            slope += thickness[j] * n2 / (s * root)
        step = miss / slope
        u += step
        if abs(step) <= _NEWTON_TOLERANCE * (1.0 + u):
            break
    one_u2 = 1.0 + u * u
    path = height * np.sqrt(one_u2)
    for j in range(thickness.shape[0]):
        n2 = index[j] * index[j]
        # 1 / cos in the layer, from its sine u / (n sqrt(1 + u^2))
        path += n2 * thickness[j] * np.sqrt(one_u2 / (n2 + (n2 - 1.0) * u * u))
    return path / C0_M_S, u / np.sqrt(one_u2) / C0_M_S


@jit()
def leg_table(offset, height, thickness, index):
    """Tabulate `leg_through`: travel time and its slope over depth, height and offset, (nd, nh, nr) each.

    Parameters
    ----------
    offset, height : (nr,), (nh,)
        From the antenna to the point, and of the antenna above the surface, m.
    thickness : (nd, m)
        How much of each layer lies above each depth, m.
    index : (m,)
        The layers' refractive indices.
    """
    shape = (thickness.shape[0], height.shape[0], offset.shape[0])
    time, slope = np.empty(shape), np.empty(shape)
    for i in range(shape[0]):
        for j in range(shape[1]):
            for k in range(shape[2]):
                time[i, j, k], slope[i, j, k] = leg_through(offset[k], height[j], thickness[i], index)
    return time, slope


@jit(checked_division=False)
def height_at(x: float, y: float, x0: float, y0: float, over_cell: float, height: NDArray[np.float64]) -> float:
    """Bilinear surface height, m; the rim's value outside.

    Parameters
    ----------
    x, y
        Place, m.
    x0, y0
        Centre of the first cell, m.
    over_cell
        One over the cells' side, 1/m.
    height : (ny, nx)
        At the cells' centres, m.
    """
    ny, nx = height.shape
    fx = min(max((x - x0) * over_cell, 0.0), nx - 1.000001)
    fy = min(max((y - y0) * over_cell, 0.0), ny - 1.000001)
    i, j = int(fx), int(fy)
    a, b = fx - i, fy - j
    low = (1.0 - a) * height[j, i] + a * height[j, i + 1]
    high = (1.0 - a) * height[j + 1, i] + a * height[j + 1, i + 1]
    return (1.0 - b) * low + b * high


@jit(checked_division=False, inline=True)
def taper(distance, reach):
    """Weight by a distance: one up to two thirds of the reach, both in metres, then a cosine down to zero."""
    part = min(max(3.0 * distance / reach - 2.0, 0.0), 1.0)
    angle = np.pi * (part - 0.5)
    square = angle * angle
    nested = 1.0
    for term in _SINE:  # a call of cos would keep the loop about it from becoming vectors
        nested = 1.0 - square * term * nested
    return 0.0 if distance >= reach else 0.5 - 0.5 * angle * nested


@jit(checked_division=False)
def nodes_at(place, weights, nodes):
    """First node that shares a place, -1 off the grid, then the row of weights below the place and how far beyond.

    Parameters
    ----------
    place
        Counted in nodes from the grid's first.
    weights : (s + 1, LINES)
        Of the nodes about a place, at even parts of the way from one node to the next.
    nodes
        How many the grid has.
    """
    node = int(np.floor(place))
    first = node - (WIDTH // 2 - 1)
    if first < 0 or first + WIDTH > nodes:
        return -1, 0, 0.0
    at = (place - node) * (weights.shape[0] - 1)
    i = min(int(at), weights.shape[0] - 2)
    return first, i, at - i


@jit(checked_division=False)
def add_tones(first, last, a, b, real, imag, sum_real, sum_imag):
    """Add the waves of nodes, each weighed by a complex number, to the tones' sums.

    Parameters
    ----------
    first, last
        Nodes ``first`` to ``last`` - 1 are added.
    a, b : (g,)
        Real and imaginary part of each node's weight.
    real, imag : (g, k)
        Wave of a unit at each node.
    sum_real, sum_imag : (k,)
        Output.
    """
    for g in range(first, last):
        x, y = a[g], b[g]
        if x == 0.0 and y == 0.0:
            continue
        for k in range(sum_real.shape[0]):
            sum_real[k] += x * real[g, k] - y * imag[g, k]
            sum_imag[k] += x * imag[g, k] + y * real[g, k]
