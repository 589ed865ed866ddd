"""Small problems of linear algebra and of assignment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]


def assign(cost: Real) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Assign rows to columns at the least cost in all: as many as there are of the fewer.

    Parameters
    ----------
    cost : (n, m)
        Finite.

    Returns
    -------
    rows, columns : (min(n, m),)
        Rows ascending.

    Raises
    ------
    ValueError
        When a cost is not finite.

    References
    ----------
    Kuhn, H. W. (1955). The Hungarian method for the assignment problem. Naval Research Logistics Quarterly 2,
    83-97: with one shortest path for each row.
    """
    if not np.isfinite(cost).all():
        msg = "costs have to be finite"
        raise ValueError(msg)
    if cost.shape[0] > cost.shape[1]:
        columns, rows = assign(cost.T)
        order = np.argsort(rows)
        return rows[order], columns[order]
    n, m = cost.shape
    of_row, of_column = np.zeros(n + 1), np.zeros(m + 1)  # what is paid; one row and column more hold the ends
    holder, before = np.zeros(m + 1, dtype=np.intp), np.zeros(m + 1, dtype=np.intp)
    for row in range(1, n + 1):
        holder[0], at = row, 0
        least, seen = np.full(m + 1, np.inf), np.zeros(m + 1, dtype=bool)
        while True:  # on to the nearest column, until one is free
            seen[at] = True
            length = np.concatenate([[np.inf], cost[holder[at] - 1] - of_row[holder[at]] - of_column[1:]])
            nearer = ~seen & (length < least)
            least[nearer], before[nearer] = length[nearer], at
            at = int(np.argmin(np.where(seen, np.inf, least)))
            step = least[at]
            of_row[holder[seen]] += step
            of_column[seen] -= step
            least[~seen] -= step
            if holder[at] == 0:
                break
        while at:  # and back: each row takes the column after its own
            holder[at] = holder[before[at]]
            at = int(before[at])
    columns = np.flatnonzero(holder[1:])
    rows = holder[1:][columns] - 1
    order = np.argsort(rows)
    return rows[order], columns[order]


def cholesky_inverse(a: Real) -> Real | None:
    """Invert the lower Cholesky factor L of a matrix a = L L^T; None where that is not positive definite.

    Parameters
    ----------
    a : (n, n)
        Symmetric.

    Returns
    -------
    (n, n) float64 or None
        With which ``inverse.T @ (inverse @ b)`` solves for a right side b.
    """
    try:
        factor = np.linalg.cholesky(a)
    except np.linalg.LinAlgError:
        return None
    inverse: Real = np.linalg.inv(factor)
    return inverse
