"""Transmitter current of a pulse system, and what relaxing metal and viscous soil do after it.

A current is piecewise linear and ends at zero: ramps and, where two corners share a time, jumps. Gates come after
its last corner. Every response here is the mean over a gate of -dm/dt per ampere, so that the receiver's voltage
is +mu0 H_R . (-dm/dt) . H_T; after a long pulse it is that of `dualsense.induction.gate_rate`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from dualsense.induction._polarizability import Spectrum

_GATE_NODES = 24


@dataclass(frozen=True, slots=True, eq=False)
class Current:
    """Current of the transmitter over time.

    Attributes
    ----------
    time_s : (n,) float64
        Corners, not falling; equal neighbours are a jump.
    current_a : (n,) float64
        Begins and ends at zero.
    period_s : float or None
        None: it happens once. Else it has been repeated for ever, each time after this many seconds.

    Raises
    ------
    ValueError
        Fewer than two corners, values that are not finite, falling times, a current that does not begin and end at
        zero, or a period too short to hold it.
    """

    time_s: NDArray[np.float64]
    current_a: NDArray[np.float64]
    period_s: float | None = None

    def __post_init__(self) -> None:
        t, i = self.time_s, self.current_a
        if t.ndim != 1 or t.shape != i.shape or t.size < 2 or not (np.isfinite(t).all() and np.isfinite(i).all()):
            msg = f"a current needs two or more finite corners, got {t} s and {i} A"
            raise ValueError(msg)
        if np.any(np.diff(t) < 0):
            msg = f"time_s must not fall, got {t}"
            raise ValueError(msg)
        if i[0] != 0 or i[-1] != 0:
            msg = f"current_a must begin and end at zero, got {i[0]} and {i[-1]}"
            raise ValueError(msg)
        if self.period_s is not None and not (np.isfinite(self.period_s) and self.period_s >= t[-1] - t[0]):
            msg = f"period_s must be finite and hold the whole current, {t[-1] - t[0]} s, got {self.period_s}"
            raise ValueError(msg)


def rectangular_pulse(
    *, width_s: float, current_a: float = 1.0, ramp_on_s: float = 0.0, ramp_off_s: float = 0.0
) -> Current:
    """One pulse whose current has become zero at t = 0.

    Parameters
    ----------
    width_s : float
        Of the flat top; > 0. The ramps, each 0 for a jump, come before and after it.
    current_a : float
        Of the flat top.
    ramp_on_s, ramp_off_s : float
        Before and after it.

    Returns
    -------
    Current

    Raises
    ------
    ValueError
        When the width is not positive, or a ramp is negative.
    """
    _check_durations(width_s, ramp_on_s, ramp_off_s)
    top = -ramp_off_s
    return Current(
        time_s=np.array([top - width_s - ramp_on_s, top - width_s, top, 0.0]),
        current_a=np.array([0.0, current_a, current_a, 0.0]),
    )


def bipolar_train(
    *, width_s: float, off_s: float, current_a: float = 1.0, ramp_on_s: float = 0.0, ramp_off_s: float = 0.0
) -> Current:
    """Pulses of alternating sign without end, the last positive one over at t = 0.

    Parameters
    ----------
    width_s : float
        Of each flat top.
    off_s : float
        From the end of one pulse to the start of the next; gates lie within it.
    current_a : float
        Of the flat tops.
    ramp_on_s, ramp_off_s : float
        Before and after each flat top; 0 for a jump.

    Returns
    -------
    Current

    Raises
    ------
    ValueError
        When a duration is not positive, or a ramp is negative.
    """
    _check_durations(width_s, ramp_on_s, ramp_off_s)
    if not (np.isfinite(off_s) and off_s > 0):
        msg = f"off_s must be positive, got {off_s}"
        raise ValueError(msg)
    one = rectangular_pulse(width_s=width_s, current_a=current_a, ramp_on_s=ramp_on_s, ramp_off_s=ramp_off_s)
    half = off_s - one.time_s[0]
    return Current(
        time_s=np.concatenate([one.time_s - half, one.time_s]),
        current_a=np.concatenate([-one.current_a, one.current_a]),
        period_s=2 * half,
    )


def relaxation_rate(gate_time_s: ArrayLike, tau_s: ArrayLike, current: Current) -> NDArray[np.float64]:
    """Mean over gates of -dm/dt for relaxations of unit amplitude.

    Parameters
    ----------
    gate_time_s : (g, 2) array_like
    tau_s : (k,) array_like
        > 0.
    current : Current

    Returns
    -------
    (g, k) float64
        A/s; per ampere where the pulse is of one ampere.

    Raises
    ------
    ValueError
        When a time is not positive, or a gate lies where the current is on.

    Notes
    -----
    Each corner-to-corner change dI over d seconds that ended x seconds ago leaves -dI e^(-x/tau) phi(d/tau),
    phi(y) = (1 - e^-y) / y; earlier periods add the geometric factor 1 / (1 - e^(-P/tau)). Exact.
    """
    gates = off_gates(gate_time_s, current)
    tau = np.atleast_1d(np.asarray(tau_s, dtype=np.float64))
    if np.any(~(tau > 0)):
        msg = f"tau_s must be positive, got {tau}"
        raise ValueError(msg)
    stop, lasts, change = recent_changes(current)
    y = lasts[:, None] / tau
    phi = np.where(y > 0, -np.expm1(-y) / np.where(y > 0, y, 1.0), 1.0)
    if current.period_s is not None:
        phi = phi / -np.expm1(-current.period_s / tau)
    ago = gates[:, 0, None] - stop
    width = (gates[:, 1] - gates[:, 0])[:, None]
    memory = np.einsum("gck,ck,c->gk", np.exp(-ago[:, :, None] / tau), phi, -change)
    out: NDArray[np.float64] = memory * -np.expm1(-width / tau) / width
    return out


def pulse_rate(spectrum: Spectrum, gate_time_s: ArrayLike, current: Current) -> NDArray[np.float64]:
    """Mean over gates of -dm/dt of an object after any current: (g, 2) s to (g, 3, 3) m^3/s.

    The receiver's voltage is +mu0 H_R . this . H_T. The static part of the spectrum follows the current at once
    and has nothing to say once that is off.

    Raises
    ------
    ValueError
        Gates that are not (g, 2), or not where the current is off.
    """
    rate = relaxation_rate(gate_time_s, spectrum.tau_s, current)
    out: NDArray[np.float64] = np.einsum("gk,kij->gij", rate, spectrum.amplitude_m3)
    return out


def viscous_rate(gate_time_s: ArrayLike, current: Current) -> NDArray[np.float64]:
    """Mean over gates of -d(chi)/dt of viscous soil, per unit of F = 2 chi''/pi: (g, 2) s to (g,) 1/s.

    1/t after a long pulse, 1/t - 1/(t + T) after one of length T, and for ramps the mean of that over the ramp
    (soil of log-uniform relaxation times, as `viscous_susceptibility`). Over half-spaces the
    voltage is +2/(2 + chi)^2 M(image, receiver) F times this.

    Raises
    ------
    ValueError
        When a gate starts before the current has ended, or lies where it is on.

    Notes
    -----
    A train that repeats is summed for ever through ln Gamma and digamma.
    """
    gates = off_gates(gate_time_s, current)
    stop, lasts, change = recent_changes(current)
    first = current.time_s[-1]
    if np.any(~(gates[:, 0] > first)):
        msg = f"gates must start after the current has ended at {first} s, got {gates[:, 0].min()}"
        raise ValueError(msg)
    t, weight = gate_nodes(gates - first)
    ago = (t + first)[..., None] - stop
    if current.period_s is None:
        ratio = np.where(lasts > 0, lasts, 0.0) / ago
        recent = np.where(ratio > 0, np.log1p(ratio) / np.where(ratio > 0, ratio, 1.0), 1.0) / ago
    else:
        from scipy.special import digamma, gammaln  # noqa: PLC0415 - scipy is slow to import

        p = current.period_s
        jump = -digamma(ago / p) / p
        ramp = (gammaln((ago + lasts) / p) - gammaln(ago / p)) / np.where(lasts > 0, lasts, 1.0)
        recent = np.where(lasts > 0, -ramp, jump)
    out: NDArray[np.float64] = np.einsum("gqc,c,gq->g", recent, -change, weight)
    return out


def gate_nodes(gate_time_s: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give times and weights of a mean over gates, Gauss-Legendre in ln t: (g, 2) s > 0 to two (g, q) arrays."""
    gates = np.asarray(gate_time_s, dtype=np.float64)
    node, weight = np.polynomial.legendre.leggauss(_GATE_NODES)
    half = 0.5 * np.log(gates[:, 1] / gates[:, 0])[:, None]
    t = np.sqrt(gates[:, 0] * gates[:, 1])[:, None] * np.exp(half * node)
    return t, t * half * weight / (gates[:, 1] - gates[:, 0])[:, None]


def recent_changes(current: Current) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """End, duration and size of every change of the current."""
    change = np.diff(current.current_a)
    some = change != 0
    return current.time_s[1:][some], np.diff(current.time_s)[some], change[some]


def off_gates(gate_time_s: ArrayLike, current: Current) -> NDArray[np.float64]:
    """Check that gates (g, 2) lie where the current is off, and return them as an array."""
    gates = np.asarray(gate_time_s, dtype=np.float64)
    if gates.ndim != 2 or gates.shape[1] != 2 or np.any(~(gates[:, 1] > gates[:, 0])):
        msg = f"gate_time_s must be (g, 2) with start before end, got {gates}"
        raise ValueError(msg)
    begin, end = current.time_s[-1], np.inf
    if current.period_s is not None:
        end = current.time_s[0] + current.period_s
    if len(gates) and (gates[:, 0].min() < begin or gates[:, 1].max() > end * (1 + 1e-12)):
        msg = f"gates must lie between {begin} s and {end} s, where the current is off, got {gates}"
        raise ValueError(msg)
    return gates


def _check_durations(width_s: float, ramp_on_s: float, ramp_off_s: float) -> None:
    if not (np.isfinite(width_s) and width_s > 0):
        msg = f"width_s must be positive and finite, got {width_s}"
        raise ValueError(msg)
    if not (ramp_on_s >= 0 and ramp_off_s >= 0):
        msg = f"ramps must not be negative, got {ramp_on_s} and {ramp_off_s}"
        raise ValueError(msg)
