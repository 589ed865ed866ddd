"""What a joint fit says of each of its dipoles."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._columns import tensors_from_elements
from dualsense.emi._dipole import Dipole
from dualsense.emi._joint.fit import JointFit, blocks_of, parts_of, steepness
from dualsense.emi._loss import kept_energy, shrink_along_soil

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Real = NDArray[np.float64]

DISTINCT = 1e-5
"""Of a scaled column, what is left beside the earlier ones; below, the Gram matrix has no inverse to trust."""
LOCAL_M = 0.12
"""Rows this close to the side of a place are its neighbourhood."""
BESIDE_M = (0.06, 0.30)
"""Between these distances to the side another dipole is another object, whose errors may be taken for this one."""


def dipoles_of(fit: JointFit, contrasts: Sequence[float]) -> tuple[Dipole, ...]:
    """Tensors, covariance and coherence of all dipoles, each with the contrast at which it was found."""
    parts, grams = parts_of(fit.span, fit.sources), _own_grams(fit)
    dipoles = [_dipole(fit, n, parts[n], grams[n], contrasts[n]) for n in range(len(fit.sources))]
    return tuple(replace(dipole, stronger=_stronger(dipole, dipoles)) for dipole in dipoles)


def _stronger(dipole: Dipole, dipoles: Sequence[Dipole]) -> float:
    """How many times as strong the strongest of the others beside it is."""
    closest_m, farthest_m = BESIDE_M
    beside = [
        other.statistic
        for other in dipoles
        if closest_m < np.linalg.norm((other.position_m - dipole.position_m)[:2]) < farthest_m
    ]
    return max(beside, default=0.0) / max(dipole.statistic, np.finfo(float).tiny)


def _dipole(fit: JointFit, n: int, part: Real, gram: Real, contrast: float) -> Dipole:
    """Dipole n, of coefficients part (q, c), and its own Gram matrix."""
    source, span = fit.sources[n], fit.span
    variance = max(float((span.rest**2).mean()), 1e-12)
    normal, _ = steepness([source], [part], span, fit.weight)
    covariance = np.linalg.inv(normal + 1e-9 * np.trace(normal) * np.eye(3) + 1e-6 * np.eye(3)) * variance
    near = np.linalg.norm(fit.response.center_m[:, :2] - source.position_m[:2], axis=1) < LOCAL_M
    own = source.columns
    model = part.T @ (own * fit.weight)
    ground = fit.ground.blocks[0]
    model = model - (model @ ground.T) @ ground
    signal, left = float((model[:, near] ** 2).sum()), float((span.rest[:, near] ** 2).sum())
    unwhiten = np.linalg.inv(fit.balance.whitener)
    elements = shrink_along_soil(part @ unwhiten.T, gram, fit.balance)
    return Dipole(
        position_m=source.position_m,
        covariance_m2=covariance,
        tensor=tensors_from_elements(elements),
        statistic=float((model**2).sum()),
        contrast=contrast,
        coherence=signal / (signal + left) if signal + left > 0 else 0.0,
        kept=kept_energy(own.T @ elements, fit.balance),
    )


def _own_grams(fit: JointFit) -> list[Real]:
    """Gram matrix of each dipole's columns without what drift, soil and the other dipoles could explain.

    That is the inverse of its part of the inverse of the Gram matrix of all columns.
    """
    span = fit.span
    if np.abs(np.diag(span.triangle)).min(initial=1.0) < DISTINCT:
        return [_own_gram(fit, n) for n in range(len(fit.sources))]
    inverse = np.linalg.inv(span.triangle)
    return [
        np.linalg.inv(inverse[own] @ inverse[own].T) * np.outer(span.scale[own], span.scale[own])
        for own in blocks_of(span, fit.sources)
    ]


def _own_gram(fit: JointFit, n: int) -> Real:
    """Gram matrix of one of them, by way of the others, where columns are too much alike for an inverse."""
    others = fit.beside([*fit.sources[:n], *fit.sources[n + 1 :]])
    own = fit.sources[n].columns * fit.weight
    along = others.coordinates(own)
    return own @ own.T - along.T @ along
