"""Splines in one variable."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]


def cubic_weights(nodes: Real, at: Real, *, derivative: bool = False) -> Real:
    """Weigh values at nodes to those of the not-a-knot cubic spline through them, or of its slope.

    The spline is linear in its values: whatever they are, of any shape and complex, it is ``weights @ values``.

    Parameters
    ----------
    nodes : (n,)
        Ascending, at least four. Beyond them the outer pieces go on.
    at : (m,)
        Where it is wanted.
    derivative
        Whether its slope is wanted instead.

    Returns
    -------
    (m, n) float64

    References
    ----------
    de Boor, C. (1978). A Practical Guide to Splines, chapter IV. Springer.
    """
    n, width, slopes = nodes.size, np.diff(nodes), _node_slopes(nodes.astype(np.float64).tobytes())
    piece = np.clip(np.searchsorted(nodes, at, side="right") - 1, 0, n - 2)
    h = width[piece]
    t = (at - nodes[piece]) / h
    value, slope = _hermite(t, derivative=derivative)
    scale = 1.0 / h if derivative else np.ones_like(h)
    weights: Real = (slope[0] * h * scale)[:, None] * slopes[piece]
    weights += (slope[1] * h * scale)[:, None] * slopes[piece + 1]
    rows = np.arange(at.size)
    weights[rows, piece] += value[0] * scale
    weights[rows, piece + 1] += value[1] * scale
    return weights


@lru_cache(maxsize=64)
def _node_slopes(content: bytes) -> Real:
    """Slopes at the nodes (n, n) for a value of one at each; a fit asks for the same ones in each of its steps."""
    nodes = np.frombuffer(content)
    n, width = nodes.size, np.diff(nodes)
    secant = np.diff(np.eye(n), axis=0) / width[:, None]
    left, right = np.zeros((n, n)), np.zeros((n, n))
    inner = np.arange(1, n - 1)
    left[inner, inner - 1], left[inner, inner + 1] = width[1:], width[:-1]
    left[inner, inner] = 2.0 * (width[:-1] + width[1:])
    right[1:-1] = 3.0 * (width[1:, None] * secant[:-1] + width[:-1, None] * secant[1:])
    for row, near, step in ((0, 0, 1), (n - 1, n - 2, -1)):  # the third derivative goes on through the second node
        a, b = width[near], width[near + step]
        left[row, row], left[row, row + step] = b, a + b
        right[row] = ((3.0 * a + 2.0 * b) * b * secant[near] + a * a * secant[near + step]) / (a + b)
    slopes: Real = np.linalg.solve(left, right).astype(np.float64, copy=False)
    slopes.flags.writeable = False
    return slopes


def pchip(nodes: Real, values: Real, at: Real) -> Real:
    """Interpolate by cubic pieces that stay between the nodes' values.

    Parameters
    ----------
    nodes : (n,)
        Ascending, at least two. Beyond them the outer pieces go on.
    values : (n, c)
        At the nodes.
    at : (m,)
        Where they are wanted.

    Returns
    -------
    (m, c) float64

    Raises
    ------
    ValueError
        When nodes do not ascend, or a value is not finite.

    References
    ----------
    Fritsch, F. N. and Butland, J. (1984). A method for constructing local monotone piecewise cubic interpolants.
    SIAM Journal on Scientific and Statistical Computing 5, 300-304.
    """
    width = np.diff(nodes)[:, None]
    if not ((width > 0.0).all() and np.isfinite(values).all()):
        msg = "nodes have to ascend, with finite values"
        raise ValueError(msg)
    secant = np.diff(values, axis=0) / width
    slopes = np.empty_like(values)
    if nodes.size == 2:
        slopes[:] = secant
    else:
        before, after = secant[:-1], secant[1:]
        w1, w2 = 2.0 * width[1:] + width[:-1], width[1:] + 2.0 * width[:-1]
        turns = np.sign(before) * np.sign(after) <= 0.0
        mean = w1 / np.where(turns, 1.0, before) + w2 / np.where(turns, 1.0, after)
        slopes[1:-1] = np.where(turns, 0.0, (w1 + w2) / np.where(turns, 1.0, mean))
        slopes[0] = _end_slope(width[0], width[1], secant[0], secant[1])
        slopes[-1] = _end_slope(width[-1], width[-2], secant[-1], secant[-2])
    piece = np.clip(np.searchsorted(nodes, at, side="right") - 1, 0, nodes.size - 2)
    h = width[piece]
    value, slope = _hermite((at - nodes[piece])[:, None] / h, derivative=False)
    out: Real = value[0] * values[piece] + value[1] * values[piece + 1]
    out += h * (slope[0] * slopes[piece] + slope[1] * slopes[piece + 1])
    return out


def spline_basis(knots: Real, at: Real) -> Real:
    """Evaluate cubic B-splines.

    Parameters
    ----------
    knots : (k,)
        Not descending; the first and the last four count as the ends of the range.
    at : (m,)
        Within the range.

    Returns
    -------
    (m, k - 4) float64
    """
    count = knots.size - 4
    piece = np.clip(np.searchsorted(knots, at, side="right") - 1, 3, count - 1)
    local = np.zeros((4, at.size))
    local[0] = 1.0
    for degree in range(1, 4):
        carried = np.zeros(at.size)
        for k in range(degree):
            up, down = knots[piece + k + 1], knots[piece + k + 1 - degree]
            share = local[k] / (up - down)
            local[k] = carried + (up - at) * share
            carried = (at - down) * share
        local[degree] = carried
    basis: Real = np.zeros((at.size, count))
    for k in range(4):
        basis[np.arange(at.size), piece - 3 + k] = local[k]
    return basis


def _hermite(t: Real, *, derivative: bool) -> tuple[tuple[Real, Real], tuple[Real, Real]]:
    """Weights of the values and of the slopes at both ends of a piece, by the part of it that is passed."""
    if derivative:
        bend = 6.0 * t * (1.0 - t)
        return (-bend, bend), (1.0 + t * (3.0 * t - 4.0), t * (3.0 * t - 2.0))
    far = t * t * (3.0 - 2.0 * t)
    return (1.0 - far, far), (t * (1.0 - t) ** 2, t * t * (t - 1.0))


def _end_slope(near: Real, next_one: Real, secant: Real, second: Real) -> Real:
    """Slope at an end by a parabola through three nodes, held to the sense of the first piece."""
    slope = ((2.0 * near + next_one) * secant - near * second) / (near + next_one)
    steep = (np.sign(secant) != np.sign(second)) & (np.abs(slope) > 3.0 * np.abs(secant))
    held: Real = np.where(np.sign(slope) != np.sign(secant), 0.0, np.where(steep, 3.0 * secant, slope))
    return held
