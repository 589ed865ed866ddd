"""What soil, drift and other metal, which are fitted and not known, add to the uncertainty of a dipole's place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._locate.settled import orthonormal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._locate.settled import Settled

    Real = NDArray[np.float64]

TENSOR = 6


def freed(fit: Settled, n: int, covariance: Real) -> Real:
    """Find what fitting all else beside a dipole adds to the covariance (3, 3) of its position, m^2.

    `locate` takes rows from which soil, drift and other dipoles were subtracted for data. Of what a move of the
    dipole changes, only that tells of the move which none of those can make; its information without and with them
    gives two covariances, and their difference is added.

    Parameters
    ----------
    fit
        All of it, fitted together.
    n
        Which dipole.
    covariance : (3, 3)
        With all else known. It may be smaller than what the rows alone tell, by what is known of metal beforehand:
        what is added counts from the smaller one.
    """
    first = len(fit.ground.basis) + TENSOR * n
    own = np.arange(first, first + TENSOR)
    moved = np.einsum("abm,bc->amc", fit.places[n].slopes, fit.part(n)) * fit.weight[:, None]
    white = moved @ fit.balance.whitener.T
    alone, beside = (_spread(span, white) for span in (orthonormal(fit.stack[own] * fit.weight), fit.everything))
    if alone is None or beside is None:
        return np.zeros((3, 3))
    size, axes = np.linalg.eigh(beside - alone)
    added = (axes * np.maximum(size, 0.0)) @ axes.T
    part = np.sqrt(np.minimum(np.diag(covariance) / np.diag(alone), 1.0))
    out: Real = added * np.outer(part, part)
    return out


def _spread(span: Real, white: Real) -> Real | None:
    """Covariance (3, 3) of a move, from white slopes (3, m, c), with what spans (m, p) free in every channel."""
    left = white - np.einsum("mp,apc->amc", span, np.einsum("mp,amc->apc", span, white))
    information = np.einsum("amc,bmc->ab", left, left)
    scale = np.sqrt(np.diag(information))
    if not (np.isfinite(scale).all() and (scale > 0.0).all()):
        return None
    inverse: Real = np.linalg.pinv(information / np.outer(scale, scale), rcond=1e-9, hermitian=True)
    return inverse / np.outer(scale, scale)
