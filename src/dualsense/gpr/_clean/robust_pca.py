"""A matrix taken apart into a low-rank part, sparse outliers and noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from dualsense.gpr._clean import _background_kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[Any]

GROWTH = 1.6
"""Of the penalty, per step, until it is as stiff as the loss itself."""
BALANCE = 10.0
"""Ratio of energies that is balanced enough."""
SPARE = 10
"""Directions carried along beyond the rank, in which the rank may grow."""
FIRST_PASSES = 3
SAMPLED = 10_000
"""Entries of the matrix, about, from which the noise is estimated: to 1 %."""


@dataclass(frozen=True, slots=True, eq=False)
class LowRankPlusSparse:
    """What :func:`robust_pca` found in a matrix (m, n).

    Attributes
    ----------
    low : (m, n)
        The low-rank part.
    sparse : (m, n)
        The outliers; what remains is noise.
    rank
    noise_std
        Standard deviation of the noise, as given or as estimated.
    steps
        How many were taken.
    converged
        Whether both residuals fell below the tolerance.
    """

    low: Matrix
    sparse: Matrix
    rank: int
    noise_std: float
    steps: int
    converged: bool


def robust_pca(
    matrix: Matrix,
    *,
    weight: float | None = None,
    noise_std: float | None = None,
    tolerance: float = 1e-5,
    max_steps: int = 200,
    seed: int = 0,
) -> LowRankPlusSparse:
    """Principal components that neither outliers nor noise can pull.

    Minimises ``||L||_* + sum h(D - L)`` over L, with Huber's loss h: quadratic, x^2/2t, for noise, and linear,
    w|x|, for outliers. That is principal component pursuit (Candès, Li, Ma, Wright 2011) with noise allowed for
    (Zhou, Li, Wright, Candès, Ma 2010): without noise t is 0 and the loss is w times the sum of sizes; with noise,
    t = noise_std (sqrt(m) + sqrt(n)), the norm of a matrix of noise, which keeps noise out of the rank.

    Solved by the augmented Lagrangian method of Lin, Chen and Ma (2010). Only the singular values above the
    threshold are computed, by one pass of the randomised range finder (Halko, Martinsson, Tropp 2011) that starts
    from the last step's directions. The linear algebra runs in one thread: the matrices are small, and the bits do
    not depend on the machine's cores.

    Parameters
    ----------
    matrix : (m, n)
        Real or complex.
    weight
        w; None takes 1/sqrt(max(m, n)). Less calls more of the matrix sparse.
    noise_std
        Standard deviation of an entry's noise (of a complex entry: of its size). None estimates it in every step
        from the median size of what lies outside the low-rank part's columns.
    tolerance
        Relative to the norm of the matrix: of the constraint's residual and of the last change.
    max_steps
        At most so many.
    seed
        Of the first directions.

    Returns
    -------
    LowRankPlusSparse

    Raises
    ------
    ValueError
        For a matrix that is not two-dimensional and finite.

    References
    ----------
    Candès, E. J., Li, X., Ma, Y. and Wright, J. (2011). Robust principal component analysis? Journal of the ACM
    58, 11.

    Zhou, Z., Li, X., Wright, J., Candès, E. and Ma, Y. (2010). Stable principal component pursuit. IEEE
    International Symposium on Information Theory, 1518-1522.

    Lin, Z., Chen, M. and Ma, Y. (2010). The augmented Lagrange multiplier method for exact recovery of corrupted
    low-rank matrices. arXiv:1009.5055.

    Halko, N., Martinsson, P. G. and Tropp, J. A. (2011). Finding structure with randomness. SIAM Review 53,
    217-288.
    """
    data = np.ascontiguousarray(matrix, dtype=np.complex128 if np.iscomplexobj(matrix) else np.float64)
    if data.ndim != 2 or not np.isfinite(data).all():
        holes = int((~np.isfinite(data)).sum())
        msg = f"robust PCA needs a finite matrix, got shape {data.shape} with {holes} holes"
        raise ValueError(msg)
    if noise_std is not None and not noise_std >= 0.0:
        msg = f"noise_std must not be negative, got {noise_std}"
        raise ValueError(msg)
    if data.size == 0 or not data.any():
        return LowRankPlusSparse(data.copy(), np.zeros_like(data), 0, noise_std or 0.0, 0, converged=True)
    if weight is None:
        weight = 1.0 / np.sqrt(max(data.shape))
    scale = float(np.abs(data).max())  # so that neither tiny nor huge units matter
    with threadpool_limits(limits=1, user_api="blas"):
        given = None if noise_std is None else noise_std / scale
        found = _solve(data / scale, weight, given, tolerance, max_steps, np.random.default_rng(seed))
    low, w, limit, rank, noise, steps, converged = found
    size = np.abs(w)
    outlier = np.maximum(1.0 - limit / np.maximum(size, np.finfo(float).tiny), 0.0)
    return LowRankPlusSparse(scale * low, scale * outlier * w, rank, scale * noise, steps, converged)


def _solve(
    data: Matrix,
    weight: float,
    noise_std: float | None,
    tolerance: float,
    max_steps: int,
    rng: np.random.Generator,
) -> tuple[Matrix, Matrix, float, int, float, int, bool]:
    """ADMM over L and W with L + W = D: singular value thresholding for L, Huber's proximal step for W."""
    m, n = data.shape
    edge = np.sqrt(m) + np.sqrt(n)
    finder = _RangeFinder(data, rng)
    top = finder.largest
    z = data * (top / 1.25 / max(top, float(np.abs(data).max()) / weight))
    mu = 1.25 / top
    low, w, a = np.zeros_like(data), np.zeros_like(data), np.empty_like(data)
    columns = np.arange(0, n, max(1, min(n // 4, m * n // SAMPLED)))
    noise = np.inf if noise_std is None else noise_std
    enough = (tolerance * float(np.linalg.norm(data))) ** 2
    flat = [_parts(x) for x in (data, low, z, w, a)]
    rank, steps, converged, left = 0, 0, False, np.inf
    for steps in range(1, max_steps + 1):  # noqa: B007
        if noise_std is None:
            noise = min(noise, _noise_outside(data, low, w, columns, finder.basis, weight * noise * edge))
        t = noise * edge
        quadratic = 1.0 if np.isinf(t) else mu * t / (1.0 + mu * t)
        changed = _background_kernels.huber_step(*flat[:3], quadratic, weight / mu, flat[3], flat[4])
        low, rank = finder.threshold(a, 1.0 / mu)
        flat[1] = _parts(low)
        growth = _growth(left, changed, stiff=mu * t >= 1.0)
        left = _background_kernels.multiplier_step(flat[0], flat[1], flat[3], flat[2], 1.0 / growth)
        converged = left < enough and changed < enough
        if converged:
            break
        mu *= growth
    return low, data - low, weight * noise * edge, rank, noise, steps, converged


def _growth(left: float, changed: float, *, stiff: bool) -> float:
    """Factor of the penalty that keeps the constraint's residual and the change alike (Boyd et al. 2011)."""
    if changed > BALANCE * left:
        return 1.0 / GROWTH
    return 1.0 if stiff or left < changed / BALANCE else GROWTH


def _parts(matrix: Matrix) -> NDArray[np.float64]:
    """View of a contiguous matrix as (cells, 1) or (cells, 2) real numbers."""
    real: NDArray[np.float64] = matrix.reshape(-1, 1).view(np.float64)
    return real


def _noise_outside(
    data: Matrix, low: Matrix, w: Matrix, columns: NDArray[np.intp], basis: Matrix, limit: float
) -> float:
    """Noise from the median size of what lies outside the low-rank columns, in some columns of the matrix.

    Outliers are replaced by the low-rank part before the projection, which would spread them, and count as large.
    """
    outlier = np.abs(w[:, columns]) > limit
    inside = np.where(outlier, low[:, columns], data[:, columns])
    rest = np.abs(inside - basis @ (basis.conj().T @ inside))
    rest[outlier] = np.inf
    median = float(np.median(rest)) / np.sqrt(1.0 - basis.shape[1] / (1.0 + data.shape[0]))
    return median / (np.sqrt(np.log(2.0)) if np.iscomplexobj(data) else 0.6744897501960817)


class _RangeFinder:
    """Singular value thresholding that remembers where the large singular vectors were."""

    def __init__(self, data: Matrix, rng: np.random.Generator) -> None:
        self._rng = rng
        self._most = min(data.shape)
        self._right = self._random(data, min(self._most, SPARE + 2))
        for _ in range(FIRST_PASSES):
            self._right = np.linalg.qr(data.conj().T @ (data @ self._right))[0]
        self.largest = float(np.linalg.norm(data @ self._right, 2))
        self.basis = np.zeros((data.shape[0], 0), data.dtype)

    def _random(self, data: Matrix, count: int) -> Matrix:
        return self._rng.standard_normal((data.shape[1], count)).astype(data.dtype)

    def threshold(self, matrix: Matrix, cut: float) -> tuple[Matrix, int]:
        """Singular values lowered by ``cut`` and those below it dropped; and the rank that is left."""
        while True:
            q = np.linalg.qr(matrix @ self._right)[0]
            inner = q.conj().T @ matrix
            power, u = np.linalg.eigh(inner @ inner.conj().T)
            s = np.sqrt(np.maximum(power, 0.0))
            if s[0] <= cut or self._right.shape[1] >= self._most:
                break
            more = min(self._right.shape[1], self._most - self._right.shape[1])
            self._right = np.concatenate([inner.conj().T @ u, self._random(matrix, more)], axis=1)
        kept = s > cut
        rank = int(kept.sum())
        self.basis = q @ u[:, kept]
        low = (self.basis * (1.0 - cut / s[kept])) @ (u[:, kept].conj().T @ inner)
        count = min(self._most, rank + SPARE)
        right = inner.conj().T @ u[:, -count:] / np.maximum(s[-count:], np.finfo(float).tiny)
        if right.shape[1] < count:
            right = np.concatenate([right, self._random(matrix, count - right.shape[1])], axis=1)
        self._right = right
        return np.ascontiguousarray(low), rank
