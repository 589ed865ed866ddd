"""Behind `emi._locate.locate`: rows as kernels want them, and tensors with common axes at given positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi import _columns_kernels as columns_kernels
from dualsense.emi._balance import known_std
from dualsense.emi._columns import tensors_from_elements
from dualsense.emi._locate import _axes_kernels as axes_kernels
from dualsense.emi._locate import _locate_kernels as kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._response import Response

    Real = NDArray[np.float64]

FIELD_LENGTH_M = 0.05
"""Before a model is there, the field is taken to change by its own size over this length."""
FIRST_STEPS = 10
INNER_STEPS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What the kernels need of a response; data in standard deviations of each channel's noise."""

    data: Real
    scale: Real
    noise: Real
    precision: Real
    logdet_noise: float
    std: Real
    sign: Real
    tx: Real
    rx: Real
    rotation: Real
    tx_radius: Real
    rx_radius: Real
    depth_range_m: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Dipoles at given positions (n, 3) with their `columns`, solved for tensors, and equations around that."""

    positions: Real
    value: Real
    slope: Real
    axes: Real
    principal: Real
    elements: Real
    weight: Real
    matrix: Real
    cross: Real
    square: Real
    gradient: Real
    energy: float
    misfit: float
    logdet: float

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
        """Tensors (c, 3, 3), axes, principal values (c, 3) and covariance of the elements (c, 6, 6), in m^3."""
        _, slope, g = self.schur()
        inner = self._inner(g)
        by_position = g @ slope
        spread = widen * (g @ np.linalg.solve(inner, g.T)) + by_position @ covariance @ by_position.T
        channels = rows.scale.size
        spread = spread.reshape(6, channels, 6, channels)
        each = np.stack([spread[:, k, :, k] * rows.scale[k] ** 2 for k in range(channels)])
        return (
            tensors_from_elements(self.elements * rows.scale),
            self.axes[0],
            (self.principal[0] * rows.scale).T,
            each,
        )


def rows_of(
    response: Response, noise: Real, position_std_m: float | Real | None, depth_range_m: tuple[float, float]
) -> Rows:
    """Bring a response into the kernels' form."""
    covariance = np.asarray(noise, dtype=np.float64)
    covariance = np.diag(covariance**2) if covariance.ndim == 1 else covariance
    scale = np.sqrt(np.diag(covariance))
    if covariance.shape != (response.values.shape[1],) * 2 or not (np.isfinite(scale) & (scale > 0)).all():
        msg = f"noise must be positive for each of {response.values.shape[1]} channels, got {noise}"
        raise ValueError(msg)
    if not np.isfinite(response.values).all():
        msg = f"values must be finite, got {np.count_nonzero(~np.isfinite(response.values))} that are not"
        raise ValueError(msg)
    stated = response.position_std_m if position_std_m is None else np.asarray(position_std_m, dtype=np.float64)
    std = np.broadcast_to(known_std(stated), response.tx_m.shape)
    if not (std >= 0).all():
        msg = f"position_std_m must not be negative, got {std.min()}"
        raise ValueError(msg)
    relative = covariance / np.outer(scale, scale)
    sign = np.where(response.imaginary, -1.0, 0.0) if response.imaginary.any() else np.ones(scale.size)
    return Rows(
        data=np.ascontiguousarray(response.values / scale),
        scale=scale,
        noise=relative,
        precision=np.linalg.inv(relative),
        logdet_noise=float(np.linalg.slogdet(relative)[1]) * response.time_s.size,
        std=np.array(std, dtype=np.float64),  # a copy: kernels for read-only arrays may round otherwise
        sign=sign,
        tx=np.ascontiguousarray(response.tx_m),
        rx=np.ascontiguousarray(response.rx_m),
        rotation=np.ascontiguousarray(response.rotation),
        tx_radius=response.tx_radius_m[response.coil],
        rx_radius=response.rx_radius_m[response.coil],
        depth_range_m=depth_range_m,
    )


def _rough_weight(rows: Rows) -> Real:
    """Weight of each row (m,) before a model is there: position errors count with the size of the signal."""
    size = (rows.data**2).mean(axis=1)
    return 1.0 / np.sqrt(1.0 + size * (rows.std**2).sum(axis=1) / FIELD_LENGTH_M**2)


def columns(rows: Rows, positions: Real) -> tuple[Real, Real]:
    """Columns (m, 6 n) of dipoles at positions (n, 3), and their slopes (m, 3, 6 n)."""
    m, n = rows.data.shape[0], positions.shape[0]
    value, slope = np.empty((6 * n, m)), np.empty((3, 6 * n, m))
    columns_kernels.columns(
        positions, rows.tx, rows.rx, rows.rotation, rows.tx_radius, rows.rx_radius, rows.std, value, slope
    )
    return np.ascontiguousarray(value.T), np.ascontiguousarray(slope.transpose(2, 0, 1))


def solve(rows: Rows, positions: Real, before: Fit | None) -> Fit:
    """Tensors at given positions: with the weights of the fit before, then with their own."""
    m, channels = rows.data.shape
    n = positions.shape[0]
    value, slope = columns(rows, positions)
    size = 6 * n * channels
    matrix, right = np.empty((size, size)), np.empty(size)
    elements = np.empty((6 * n, channels))
    if before is None:
        rough = rows.precision * (_rough_weight(rows) ** 2)[:, None, None]
        kernels.normal(value, rough, rows.data, matrix, right)
        axes, principal = _free_axes(matrix, right, channels)
        steps = FIRST_STEPS
    else:
        kernels.normal(value, before.weight, rows.data, matrix, right)
        axes, principal = before.axes.copy(), before.principal.copy()
        steps = INNER_STEPS
    axes_kernels.constrained(matrix, right, rows.sign, steps, axes, principal, elements)
    weight = np.empty((m, channels, channels))
    logdet = float(kernels.whiten(slope, elements, rows.std, rows.precision, weight))
    energy = float(kernels.normal(value, weight, rows.data, matrix, right))
    axes_kernels.constrained(matrix, right, rows.sign, 1, axes, principal, elements)
    cross, square, gradient = np.empty((3 * n, size)), np.empty((3 * n, 3 * n)), np.empty(3 * n)
    misfit = float(kernels.position_terms(value, slope, weight, rows.data, elements, cross, square, gradient))
    return Fit(
        positions,
        value,
        slope,
        axes,
        principal,
        elements,
        weight,
        matrix,
        cross,
        square,
        gradient,
        energy,
        misfit,
        logdet,
    )


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
