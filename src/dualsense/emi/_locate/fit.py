"""Tensors with common axes at given positions, and what the rows say of those."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi import _columns_kernels as columns_kernels
from dualsense.emi._columns import tensors_from_elements
from dualsense.emi._locate import _axes_kernels as axes_kernels
from dualsense.emi._locate import _channel_kernels as kernels
from dualsense.emi._locate.rows import FIELD_LENGTH_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._locate.rows import Rows

    Real = NDArray[np.float64]

FIRST_STEPS = 10
INNER_STEPS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Dipoles at n given positions, solved for tensors, and the equations around that.

    Everything is of channels in units of their noise (`Rows.channels`).

    Attributes
    ----------
    value : (m, 6 n)
        Columns of the dipoles.
    slope : (m, 3, 6 n)
        Their change with the dipoles' coordinates.
    axes : (n, 3, 3)
        Common to all channels; columns.
    principal : (n, 3, c)
        Principal values.
    elements : (6 n, c)
        Of the tensors.
    weight : (m, c, c)
        Inverse covariance of every row.
    matrix : (6 n c, 6 n c)
        Information on the elements.
    cross : (3 n, 6 n c)
        Of the positions with the elements.
    square : (3 n, 3 n)
        Information on the positions with tensors known.
    """

    value: Real
    slope: Real
    axes: Real
    principal: Real
    elements: Real
    weight: Real
    matrix: Real
    cross: Real
    square: Real

    def schur(self) -> tuple[Real, Real, Real]:
        """Information (3 n, 3 n) on the positions, slope of the tensors' parameters by them, and their tangent."""
        g = np.empty((self.matrix.shape[0], self.axes.shape[0] * 3 * (self.principal.shape[2] + 1)))
        axes_kernels.tangent(self.axes, self.principal, g)
        inner = self._inner(g)
        slope: Real = np.asarray(-np.linalg.solve(inner, g.T @ self.cross.T), dtype=np.float64)
        information: Real = self.square + self.cross @ g @ slope
        return information, slope, g

    def _inner(self, g: Real) -> Real:
        """Information on principal values and turns; a turn of a round tensor is unknown within a radian."""
        per = 3 * self.principal.shape[2] + 3
        inner = g.T @ self.matrix @ g
        inner[np.diag_indices_from(inner)] *= 1.0 + 1e-9
        turns = np.flatnonzero(np.arange(len(inner)) % per >= per - 3)
        inner[turns, turns] += 1.0
        return inner

    def tensors(self, rows: Rows, covariance: Real, widen: float) -> tuple[Real, Real, Real, Real]:
        """Tensors of one dipole in m^3.

        Parameters
        ----------
        rows
            What was fitted.
        covariance : (3, 3)
            Of the position, m^2.
        widen
            Of the elements' own covariance.

        Returns
        -------
        tensors : (c, 3, 3)
        axes : (3, 3)
        principal : (c, 3)
        covariance : (c, 6, 6)
            Of the elements in each channel.
        """
        _, slope, g = self.schur()
        inner = self._inner(g)
        by_position = g @ slope
        spread = widen * (g @ np.linalg.solve(inner, g.T)) + by_position @ covariance @ by_position.T
        channels = rows.scale.size
        spread = spread.reshape(6, channels, 6, channels)
        each = np.stack([spread[:, k, :, k] * rows.scale[k] ** 2 for k in range(channels)])
        whole = tensors_from_elements(self.elements * rows.scale)
        return whole, self.axes[0], (self.principal[0] * rows.scale).T, each


def _rough_weight(rows: Rows) -> Real:
    """Weight of each row (m,) before a model is there: position errors count with the size of the signal."""
    size = (rows.channels**2).mean(axis=1)
    return 1.0 / np.sqrt(1.0 + size * (rows.std**2).sum(axis=1) / FIELD_LENGTH_M**2)


def columns(rows: Rows, positions: Real) -> tuple[Real, Real]:
    """Columns (m, 6 n) of dipoles at positions (n, 3), and their slopes (m, 3, 6 n)."""
    m, n = rows.channels.shape[0], positions.shape[0]
    value, slope = np.empty((6 * n, m)), np.empty((3, 6 * n, m))
    columns_kernels.columns(positions, rows.coils, rows.std, value, slope)
    return np.ascontiguousarray(value.T), np.ascontiguousarray(slope.transpose(2, 0, 1))


def solve(rows: Rows, positions: Real, before: Fit | None) -> Fit:
    """Tensors at given positions: with the weights of the fit before, then with their own."""
    m, channels = rows.channels.shape
    n = positions.shape[0]
    value, slope = columns(rows, positions)
    size = 6 * n * channels
    matrix, right = np.empty((size, size)), np.empty(size)
    elements = np.empty((6 * n, channels))
    if before is None:
        rough = rows.precision * (_rough_weight(rows) ** 2)[:, None, None]
        kernels.normal(value, rough, rows.channels, matrix, right)
        axes, principal = _free_axes(matrix, right, channels)
        steps = FIRST_STEPS
    else:
        kernels.normal(value, before.weight, rows.channels, matrix, right)
        axes, principal = before.axes.copy(), before.principal.copy()
        steps = INNER_STEPS
    axes_kernels.constrained(matrix, right, rows.sign, steps, axes, principal, elements)
    weight = np.empty((m, channels, channels))
    kernels.whiten(slope, elements, rows.std, rows.precision, weight)
    kernels.normal(value, weight, rows.channels, matrix, right)
    axes_kernels.constrained(matrix, right, rows.sign, 1, axes, principal, elements)
    cross, square, gradient = np.empty((3 * n, size)), np.empty((3 * n, 3 * n)), np.empty(3 * n)
    kernels.position_terms(value, slope, weight, rows.channels, elements, cross, square, gradient)
    return Fit(value, slope, axes, principal, elements, weight, matrix, cross, square)


def _free_axes(matrix: Real, right: Real, channels: int) -> tuple[Real, Real]:
    """Axes and principal values that come closest to tensors which are free in every channel."""
    lifted = matrix + 1e-9 * np.diag(np.diag(matrix))
    free = np.asarray(np.linalg.solve(lifted, right), dtype=np.float64).reshape(-1, channels)
    n = free.shape[0] // 6
    axes, principal = np.empty((n, 3, 3)), np.empty((n, 3, channels))
    for k in range(n):
        axes_kernels.common_axes(free[6 * k : 6 * k + 6], axes[k])
        turned = axes[k].T @ tensors_from_elements(free[6 * k : 6 * k + 6]) @ axes[k]
        principal[k] = np.diagonal(turned, axis1=1, axis2=2).T
    return axes, principal
