"""What a dipole tells of the metal: principal polarizabilities, shape, relaxation, size, magnetic or not.

Everything is a mean over draws of the posterior: depth, and with it the tensor's size, is not known exactly, and
neither are the axes of a tensor that is nearly round.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._locate import _axes_kernels as axes_kernels
from dualsense.emi._locate._nonnegative_kernels import nonnegative

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._dipole import DipoleEstimate

    Real = NDArray[np.float64]

PER_DECADE = 8
BEYOND = 10.0
"""Relaxations are looked for so far beyond the channels on either side; what lies outside is not known."""
_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


@dataclass(frozen=True, slots=True, eq=False)
class MetalFeatures:
    """Mean and standard deviation over the posterior; three values are of the axes, the strongest first.

    Attributes
    ----------
    principal_m3, principal_std_m3 : (3, c)
    aspect, aspect_std
        The strongest principal polarizability over the weakest, root mean square over channels; >= 1.
    symmetry, symmetry_std
        0 where two axes are alike (a body of revolution), towards 1 where the middle one is half-way between.
    log10_time, log10_time_std : (3,)
        Of the relaxation time in seconds, 1 / (2 pi) over the frequency of the largest loss.
    radius_m, radius_std_m
        Of the sphere of the same metal that has the mean polarizability.
    magnetic
        Probability, half of all metal being magnetic beforehand.
    """

    principal_m3: Real
    principal_std_m3: Real
    aspect: float
    aspect_std: float
    symmetry: float
    symmetry_std: float
    log10_time: Real
    log10_time_std: Real
    radius_m: float
    radius_std_m: float
    magnetic: float


def metal_features(estimate: DipoleEstimate) -> MetalFeatures:
    """Measure the metal from an estimate and its draws."""
    draws = estimate.draws_m3
    count = len(draws)
    principal = np.stack([_principal(tensor) for tensor in draws])
    strength = np.sqrt((principal**2).mean(axis=2))
    first, middle, last = strength.T
    aspect = first / np.maximum(last, 1e-3 * first)
    gap = np.minimum(first - middle, middle - last)
    symmetry = 2.0 * gap / np.maximum(first - last, 1e-12 * first)
    tau, columns = _relaxations(estimate.channel_hz, estimate.imaginary)
    fits = _fits(columns, principal.reshape(-1, principal.shape[-1])).reshape(*principal.shape[:-1], -1)
    time = np.log10(_slowest_loss(tau, fits[..., 1:]))
    magnetic = (np.arange(count) + 0.5) / count < estimate.magnetic
    mean = fits.mean(axis=1)
    pulse = not estimate.imaginary.any()
    inductive = mean[:, 1:].sum(axis=1) / np.where(magnetic & pulse, 6.0, 2.0)
    volume = np.where(magnetic & (not pulse), mean[:, 0] / 4.0, inductive) / np.pi
    radius = np.cbrt(np.maximum(volume, 0.0))
    return MetalFeatures(
        principal_m3=principal.mean(axis=0),
        principal_std_m3=principal.std(axis=0),
        aspect=float(aspect.mean()),
        aspect_std=float(aspect.std()),
        symmetry=float(symmetry.mean()),
        symmetry_std=float(symmetry.std()),
        log10_time=time.mean(axis=0),
        log10_time_std=time.std(axis=0),
        radius_m=float(radius.mean()),
        radius_std_m=float(radius.std()),
        magnetic=estimate.magnetic,
    )


def _principal(tensor: Real) -> Real:
    """Principal values (3, c) of tensors (c, 3, 3) along the axes that suit all channels, the strongest first."""
    elements = np.ascontiguousarray(np.stack([tensor[:, i, j] for i, j in _PAIRS]))
    axes = np.empty((3, 3))
    axes_kernels.common_axes(elements, axes)
    values = np.einsum("ia,kij,ja->ak", axes, tensor, axes)
    order: Real = values[np.argsort(-(values**2).sum(axis=1))]
    return order


def _relaxations(channel_hz: Real, imaginary: NDArray[np.bool_]) -> tuple[Real, Real]:
    """Return times, and what a static part and a relaxation of each time do to every channel (c, 1 + t)."""
    low, high = 2 * np.pi * channel_hz.min(), 2 * np.pi * channel_hz.max()
    decades = np.log10(high / low) + 2 * np.log10(BEYOND)
    tau = np.geomspace(1 / (BEYOND * high), BEYOND / low, int(PER_DECADE * decades) + 1)
    s = 2j * np.pi * channel_hz[:, None] * tau
    if imaginary.any():
        relaxed = -s / (1 + s)
        columns = np.where(imaginary[:, None], relaxed.imag, relaxed.real)
        static = np.where(imaginary, 0.0, 1.0)
    else:
        t = 1.0 / np.abs(s)  # gates are short against what they see
        columns, static = t * np.exp(-t), np.zeros(len(s))
    return tau, np.column_stack([static, columns])


def _fits(columns: Real, values: Real) -> Real:
    """Coefficients (b, p), none negative, of columns (c, p) that fit values (b, c)."""
    size = np.abs(values).max(axis=1, keepdims=True)
    size[size == 0.0] = 1.0
    out = np.empty((len(values), columns.shape[1]))
    nonnegative(np.ascontiguousarray(columns.T), values / size, out)
    return size * out


def _slowest_loss(tau: Real, amplitude: Real) -> Real:
    """1 / omega where sum T omega tau / (1 + omega^2 tau^2) is largest, (..., t) to (...)."""
    at = np.geomspace(tau[0], tau[-1], 4 * tau.size)
    loss = amplitude @ (tau[:, None] / at / (1 + (tau[:, None] / at) ** 2))
    return np.asarray(at[loss.argmax(axis=-1)])
