"""From measured tensors to relaxations: one spectrum for both domains.

A `Spectrum` says what an object does at any frequency and after any pulse. These functions find the one that fits
tensors given at frequencies or over gates, so that either becomes the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.induction._polarizability import Spectrum
from dualsense.induction._waveform import relaxation_rate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from dualsense.induction._waveform import Current

_PER_DECADE = 12
_ROUNDS = 60
_SETTLED = 1e-9
"""On the gradient, relative to the data's and the column's norm."""


def relaxation_times(low_s: float, high_s: float) -> NDArray[np.float64]:
    """Twelve times per decade from low to high, both included.

    Raises
    ------
    ValueError
        When the times are not positive and rising.
    """
    if not 0 < low_s < high_s < np.inf:
        msg = f"relaxation times need 0 < low < high, got {low_s} and {high_s}"
        raise ValueError(msg)
    count = int(np.ceil(_PER_DECADE * np.log10(high_s / low_s))) + 1
    return np.geomspace(low_s, high_s, count)


def fit_spectrum(
    tensor_m3: ArrayLike,
    frequency_hz: ArrayLike,
    *,
    tau_s: ArrayLike | None = None,
    std_m3: ArrayLike | None = None,
    magnetic: bool = True,
) -> Spectrum:
    """Relaxations that fit polarizability tensors over frequency, by least squares.

    Parameters
    ----------
    tensor_m3 : (k, 3, 3) complex array_like
        Symmetric, convention e^{+i omega t}. The antisymmetric part is left out.
    frequency_hz : (k,) array_like
        > 0.
    tau_s : (t,) array_like or None
        Times to choose from; None: twelve per decade, a decade beyond the band on either side, and one so short
        that it is an inductive limit.
    std_m3 : (k,) array_like or None
        Error of each frequency's entries; None: all alike.
    magnetic : bool
        False: the static tensor is zero.

    Returns
    -------
    Spectrum
        Only the times that are used.

    Raises
    ------
    ValueError
        When tensors and frequencies do not fit each other or are not finite, or a frequency or an error is not
        positive.

    Notes
    -----
    M0 and all T_k are positive semi-definite (Ledger and Lionheart 2020), which makes the problem convex. It is
    solved without bound on the axes as a cone of matrices v v^T: the directions in which the gradient still falls
    join the set, non-negative least squares weighs the set, until no direction is left.

    References
    ----------
    Ledger, P. D. and Lionheart, W. R. B. (2020). The spectral properties of the magnetic polarizability tensor for
    metallic object characterisation. Mathematical Methods in the Applied Sciences 43, 78-113.
    """
    frequency = np.atleast_1d(np.asarray(frequency_hz, dtype=np.float64))
    tensor = np.asarray(tensor_m3, dtype=np.complex128)
    if tensor.shape != (frequency.size, 3, 3) or not np.isfinite(tensor).all():
        msg = f"tensor_m3 must be finite, ({frequency.size}, 3, 3), got shape {tensor.shape}"
        raise ValueError(msg)
    if frequency.size == 0 or np.any(~(frequency > 0)):
        msg = f"frequency_hz must be positive, got {frequency}"
        raise ValueError(msg)
    omega = 2 * np.pi * frequency
    if tau_s is None:
        band = relaxation_times(0.1 / omega.max(), 10 / omega.min())
        tau = np.concatenate([[1e-3 / omega.max()], band])
    else:
        tau = np.asarray(tau_s, dtype=np.float64)
    s = 1j * omega[:, None] * tau
    columns = -s / (1 + s)
    if magnetic:
        columns = np.concatenate([np.ones((omega.size, 1)), columns], axis=1)
    weight = _weights(std_m3, frequency.size)
    stacked = np.concatenate([weight[:, None] * columns.real, weight[:, None] * columns.imag])
    wide = weight[:, None, None]
    found = _fit_cone(stacked, np.concatenate([wide * tensor.real, wide * tensor.imag]))
    return _spectrum(found[1:] if magnetic else found, tau, found[0] if magnetic else np.zeros((3, 3)))


def fit_gates(
    rate_m3_s: ArrayLike,
    gate_time_s: ArrayLike,
    current: Current,
    *,
    tau_s: ArrayLike | None = None,
    std_m3_s: ArrayLike | None = None,
) -> Spectrum:
    """Relaxations that fit what `pulse_rate` gives over gates.

    Parameters
    ----------
    rate_m3_s : (g, 3, 3) array_like
    gate_time_s : (g, 2) array_like
        > 0, after ``current`` has ended.
    current : Current
    tau_s, std_m3_s
        As in `fit_spectrum`; None for the times: twelve per decade from a tenth of the first gate's centre to
        thrice the last one's.

    Returns
    -------
    Spectrum
        Its static tensor is zero: a pulse system does not see it, nor what decays before the first gate.

    Raises
    ------
    ValueError
        When rates and gates do not fit each other, are not finite, or an error is not positive.

    References
    ----------
    Ledger, P. D. and Lionheart, W. R. B. (2020). The spectral properties of the magnetic polarizability tensor for
    metallic object characterisation. Mathematical Methods in the Applied Sciences 43, 78-113.
    """
    gates = np.asarray(gate_time_s, dtype=np.float64)
    rate = np.asarray(rate_m3_s, dtype=np.float64)
    if rate.shape != (len(gates), 3, 3) or not np.isfinite(rate).all():
        msg = f"rate_m3_s must be finite, ({len(gates)}, 3, 3), got shape {rate.shape}"
        raise ValueError(msg)
    if tau_s is None:
        centre = gates.mean(axis=1)
        tau = relaxation_times(0.1 * float(centre.min()), 3 * float(centre.max()))
    else:
        tau = np.asarray(tau_s, dtype=np.float64)
    weight = _weights(std_m3_s, len(gates))
    found = _fit_cone(weight[:, None] * relaxation_rate(gates, tau, current), weight[:, None, None] * rate)
    return _spectrum(found, tau, np.zeros((3, 3)))


def _fit_cone(columns: NDArray[np.float64], data: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least squares of columns (c, k) X ~ data (c, 3, 3) over positive semi-definite X_k (k, 3, 3)."""
    from scipy.optimize import nnls  # noqa: PLC0415 - scipy is slow to import and only needed here

    count = columns.shape[1]
    data = 0.5 * (data + data.swapaxes(1, 2))
    size = float(np.linalg.norm(data))
    found = np.zeros((count, 3, 3))
    length = np.linalg.norm(columns, axis=0)
    if size == 0:
        return found
    unit = columns / np.where(length > 0, length, 1.0)
    scaled = data / size
    which = np.empty(0, dtype=np.intp)
    axes = np.empty((0, 3))
    weights = np.empty(0)
    residual = scaled
    for _ in range(_ROUNDS):
        value, vector = np.linalg.eigh(np.einsum("ck,cij->kij", unit, residual))
        steep = np.argwhere(value > _SETTLED)
        if not len(steep):
            break
        which = np.concatenate([which, steep[:, 0]])
        axes = np.concatenate([axes, vector[steep[:, 0], :, steep[:, 1]]])
        atoms = np.einsum("cn,ni,nj->cijn", unit[:, which], axes, axes).reshape(-1, len(which))
        weights, _ = nnls(atoms, scaled.ravel(), maxiter=50 * len(which))
        residual = scaled - (atoms @ weights).reshape(scaled.shape)
        used = weights > 0
        which, axes, weights = which[used], axes[used], weights[used]
    np.add.at(found, which, weights[:, None, None] * axes[:, :, None] * axes[:, None, :])
    found *= size / np.where(length > 0, length, 1.0)[:, None, None]
    return 0.5 * (found + found.swapaxes(1, 2))


def _spectrum(amplitude: NDArray[np.float64], tau: NDArray[np.float64], static: NDArray[np.float64]) -> Spectrum:
    used = np.einsum("kii->k", amplitude) > 0
    return Spectrum(static_m3=static, amplitude_m3=amplitude[used], tau_s=tau[used])


def _weights(std: ArrayLike | None, count: int) -> NDArray[np.float64]:
    if std is None:
        return np.ones(count)
    error = np.asarray(std, dtype=np.float64)
    if error.shape != (count,) or np.any(~(error > 0)):
        msg = f"the standard deviation must be positive, ({count},), got {error}"
        raise ValueError(msg)
    return 1 / error
