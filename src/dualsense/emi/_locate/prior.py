"""What is known of metal before it is measured: second moments of the tensors of plain objects.

A tensor that explains the rows is not by that a tensor that metal can have. Real and imaginary parts belong to one
set of relaxations (Kramers and Kronig), principal values of one object are made by one material, and its size is
unknown but the same in all channels. This module draws spheroids over wide ranges of material, size and aspect,
puts them into a few classes, and keeps of each class the mean and covariance of the tensor relative to its size:
a prior that is linear, so that a tensor is integrated out exactly, and that turns with the object, so that no
orientation is preferred.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import MU0_H_M
from dualsense.induction import polar_demagnetisation, sphere_poles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

OBJECTS = 3000
SIZE_M = (1.5e-3, 30e-3)
CONDUCTIVITY_S_M = (1e6, 6e7)
PERMEABILITY = (20.0, 400.0)
LOG_ASPECT_STD = 0.8
"""Of the aspect, log-normal about 1: one in twenty is longer or flatter than 1 to 5."""
TIME_CLASSES = 4

SHAPES = 3
ROUGHNESS = 0.03
"""What a tensor may differ from the ensemble's moments in any element and channel, relative to its size."""
_POLES = 300
_ALIKE = np.geomspace(1.0, 400.0, 16)


@dataclass(frozen=True, slots=True, eq=False)
class MetalPrior:
    """Gaussian classes of tensors relative to their size, over c channels.

    A tensor is described by its isotropic part, trace / sqrt(3), and five deviatoric coordinates, all of unit
    length; the deviatoric ones have mean zero and are independent of each other and of the isotropic one.

    Attributes
    ----------
    share : (k,)
        Of the objects; sums to one.
    magnetic : (k,) bool
    mean : (k, c)
        Of the isotropic part.
    isotropic, deviatoric : (k, c, c)
        Covariances over channels.
    """

    share: Real
    magnetic: NDArray[np.bool_]
    mean: Real
    isotropic: Real
    deviatoric: Real


def metal_prior(channel_hz: Real, imaginary: NDArray[np.bool_], *, time_classes: int = TIME_CLASSES) -> MetalPrior:
    """Moments for the channels of a `dualsense.emi.Response`."""
    return _metal_prior(tuple(map(float, channel_hz)), tuple(map(bool, imaginary)), time_classes)


@lru_cache(maxsize=16)
def _metal_prior(channel_hz: tuple[float, ...], imaginary: tuple[bool, ...], time_classes: int) -> MetalPrior:
    principal, magnetic, time = _objects(np.array(channel_hz), np.array(imaginary))
    size = np.sqrt((principal**2).sum(axis=1).mean(axis=1))
    seen = size > 0
    principal = principal[seen] / size[seen, None, None]
    magnetic, time = magnetic[seen], time[seen]
    share, metal, means, inner, outer = [], [], [], [], []
    floor = ROUGHNESS**2 * np.eye(len(channel_hz))
    for kind in (False, True):
        order = np.argsort(np.where(magnetic == kind, time, np.inf))[: np.count_nonzero(magnetic == kind)]
        parts = []
        for part in np.array_split(order, time_classes):
            q = principal[part]
            round_ = ((q - q.mean(axis=1, keepdims=True)) ** 2).sum(axis=(1, 2))
            parts += np.array_split(part[np.argsort(round_)], SHAPES)
        for part in parts:
            p = principal[part]
            level = p.sum(axis=1) / np.sqrt(3.0)
            away = p - p.mean(axis=1, keepdims=True)
            share.append(len(part) / len(principal))
            metal.append(kind)
            means.append(level.mean(axis=0))
            inner.append(np.cov(level.T).reshape(floor.shape) + floor)
            outer.append(np.einsum("nek,nej->kj", away, away) / (5.0 * len(part)) + floor)
    return MetalPrior(np.array(share), np.array(metal), np.stack(means), np.stack(inner), np.stack(outer))


def _objects(hz: Real, imaginary: NDArray[np.bool_]) -> tuple[Real, NDArray[np.bool_], Real]:
    """Principal values (n, 3, c) over volume, whether magnetic, and slowest relaxation of random spheroids."""
    rng = np.random.default_rng(20)
    magnetic = np.arange(OBJECTS) % 2 == 1

    def log_uniform(low: float, high: float) -> Real:
        return np.asarray(np.exp(rng.uniform(np.log(low), np.log(high), OBJECTS)))

    size, conductivity = log_uniform(*SIZE_M), log_uniform(*CONDUCTIVITY_S_M)
    permeability = np.where(magnetic, log_uniform(*PERMEABILITY), 1.0)
    aspect = np.exp(LOG_ASPECT_STD * rng.standard_normal(OBJECTS))
    unit_tau, unit_weight = _library()
    principal, slowest = np.empty((OBJECTS, 3, hz.size)), np.zeros(OBJECTS)
    polar, mu1 = polar_demagnetisation(aspect), permeability - 1.0
    across, round_ = aspect**2 / (1.0 + aspect**2), np.full(OBJECTS, 0.5)
    for axis, n, section in ((0, 0.5 * (1.0 - polar), across), (2, polar, round_)):
        static, inductive = mu1 / (1 + n * mu1), -1 / (1 - n)
        inside = permeability / (1 + n * mu1)
        loss = MU0_H_M * conductivity * size**2 * inside**2 * section / 5
        alike = np.log(_ALIKE / (1 + np.minimum(1.0, 3 * n) * mu1)[:, None])
        kind = np.argmin(np.abs(alike), axis=1)
        weight = unit_weight[kind] * (static - inductive)[:, None]
        tau = unit_tau[kind]
        tau *= (loss / (weight * tau).sum(axis=1))[:, None]
        slowest = np.maximum(slowest, tau[:, 0])
        principal[:, axis] = _channels(hz, imaginary, static, weight, tau)
    principal[:, 1] = principal[:, 0]
    return principal, magnetic, slowest


def _channels(hz: Real, imaginary: NDArray[np.bool_], static: Real, weight: Real, tau: Real) -> Real:
    """Values (n, c) in all channels of a static part (n,) and relaxations of weights and times (n, p)."""
    out = np.empty((static.size, hz.size))
    for c, own in enumerate(hz):
        x = 2 * np.pi * own * tau  # of s = i x
        if not imaginary.any():  # gates
            out[:, c] = (np.exp(-1.0 / x) / x * weight).sum(axis=1)
            continue
        share = weight * x / (1.0 + x * x)
        out[:, c] = -share.sum(axis=1) if imaginary[c] else static - (share * x).sum(axis=1)
    return out


@lru_cache(maxsize=1)
def _library() -> tuple[Real, Real]:
    """Relaxation times and weights (sum one) of spheres of several permeabilities; the rest is inductive."""
    taus, weights = [], []
    for mu in _ALIKE:
        tau, amplitude = sphere_poles(
            radius_m=1.0, conductivity_s_m=1.0, relative_permeability=float(mu), count=_POLES
        )
        span = 4 * np.pi * (mu - 1) / (mu + 2) + 2 * np.pi
        few = np.unique(np.geomspace(1, _POLES, 40).astype(int)) - 1
        total = np.add.reduceat(amplitude, few)
        mean = np.add.reduceat(amplitude * tau, few) / total
        taus.append(np.append(mean, 1e-3 * mean[-1]))
        weights.append(np.append(total, span - total.sum()) / span)
    return np.array(taus), np.array(weights)
