"""Linear fits that grow: what some columns explain is worked out once, further columns beside them each time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

AGAIN = 1e-3
"""Of a scaled column, what is left beside the earlier ones; below, the rounding of what was taken is taken too."""
PIVOT = 1e-4
"""Of a scaled column; below, Cholesky's factor is too coarse and rows are taken one by one."""
SINGULAR = 1e-8
"""Of a scaled column, what is left beside the earlier ones; below, coefficients are those of least norm."""


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """All that some columns explain of some data, by orthonormal rows.

    Attributes
    ----------
    blocks : tuple of (p_i, m)
        Orthonormal rows, in the order in which columns were joined.
    triangle : (p, p)
        Of the scaled columns: upper, the columns' coordinates along the rows of ``blocks``.
    scale : (p,)
        Norms of the columns.
    along : (p, c)
        Coordinates of the data.
    rest : (c, m)
        What is left of them.
    """

    blocks: tuple[Real, ...]
    triangle: Real
    scale: Real
    along: Real
    rest: Real

    @classmethod
    def nothing(cls, data: Real) -> Span:
        """No columns yet, and all of the data (c, m) left."""
        none = np.zeros((0, 0))
        return cls((), none, np.zeros(0), np.zeros((0, len(data))), data)

    def joined(self, columns: Real) -> Span:
        """Explain by further columns (q, m) as well: block Gram-Schmidt, then QR of what is new in them."""
        scale = np.sqrt((columns**2).sum(axis=1)) + 1e-300
        new = columns / scale[:, None]
        cross, row = self._taken_from(new), len(self.scale)
        if (new**2).sum(axis=1).min() < AGAIN**2:
            cross += self._taken_from(new)
        own, r = _orthonormal(new)
        along = own @ self.rest.T
        p = row + len(scale)
        triangle = np.zeros((p, p))
        triangle[:row, :row] = self.triangle
        triangle[:row, row:] = cross
        triangle[row:, row:] = r
        return Span(
            (*self.blocks, own),
            triangle,
            np.concatenate([self.scale, scale]),
            np.concatenate([self.along, along]),
            self.rest - along.T @ own,
        )

    def _taken_from(self, rows: Real) -> Real:
        """Take what is explained already from some rows (k, m), in place; returns its coordinates (p, k)."""
        cross, row = self.coordinates(rows), 0
        for block in self.blocks:
            rows -= cross[row : row + len(block)].T @ block
            row += len(block)
        return cross

    def coordinates(self, rows: Real) -> Real:
        """Coordinates (p, k) of some rows (k, m)."""
        return np.concatenate([np.zeros((0, len(rows))), *(block @ rows.T for block in self.blocks)])

    def seen_as(self, mix: Real) -> Span:
        """Take the same columns for data of mixed channels, ``mix @ data``."""
        return Span(self.blocks, self.triangle, self.scale, self.along @ mix.T, mix @ self.rest)

    def misfit(self) -> float:
        """Energy of what is left."""
        return float((self.rest**2).sum())

    def coefficients(self, ridge: float) -> Real:
        """Coefficients (p, c) of the columns, with a ridge in units of each column's norm if it is not zero."""
        r = self.triangle
        if ridge > 0.0:
            gram = r.T @ r + ridge**2 * np.eye(len(r))
            return np.linalg.solve(gram, r.T @ self.along) / self.scale[:, None]
        if np.abs(np.diag(r)).min() < SINGULAR:
            return np.asarray(np.linalg.lstsq(r * self.scale, self.along, rcond=1e-9)[0], dtype=np.float64)
        return np.linalg.solve(r, self.along) / self.scale[:, None]


def _orthonormal(rows: Real) -> tuple[Real, Real]:
    """QR of rows (k, m): orthonormal rows (k, m) and the upper triangle (k, k).

    By Cholesky's factor of the Gram matrix, twice (Yamamoto, Nakatsukasa, Yanagisawa and Fukaya 2015): the second
    round makes good what squaring cost the first.
    """
    try:
        first = np.linalg.cholesky(rows @ rows.T)
        if np.diag(first).min() > PIVOT:
            own = np.linalg.inv(first) @ rows
            second = np.linalg.cholesky(own @ own.T)
            return np.linalg.inv(second) @ own, (first @ second).T
    except np.linalg.LinAlgError:
        pass
    return _one_by_one(rows)


def _one_by_one(rows: Real) -> tuple[Real, Real]:
    """Gram-Schmidt, each row taken twice; one in which nothing is new adds zeros: no direction is made up."""
    own, r = np.zeros_like(rows), np.zeros((len(rows), len(rows)))
    for k, row in enumerate(rows):
        new = row.copy()
        for _ in range(2):
            known = own[:k] @ new
            new -= known @ own[:k]
            r[:k, k] += known
        size = float(np.linalg.norm(new))
        if size > SINGULAR:
            own[k], r[k, k] = new / size, size
    return own, r
