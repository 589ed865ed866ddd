"""The time axis of impulse traces: sampling rate and time zero.

Stepped-frequency data have no samples in time, and pass as they are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.errors import ScanError
from dualsense.gpr._prepare.condition import bridged, in_window, sample_axis, sample_step_s

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.scan import GprData

    Real = NDArray[np.float64]

HALF_WIDTH = 24
KAISER_BETA = 9.0
ROLL_OFF = 0.88
"""Cut-off of the anti-alias filter over half of the new sampling rate: its transition ends there."""
MAX_SAMPLES = 8192


def resample(gpr: GprData, *, dt_s: float = 25e-12) -> GprData:
    """Bring traces to another sampling interval, band-limited on both sides.

    A sinc under Kaiser's window (beta 9, 24 zero crossings to either side). Towards a lower rate its transition
    ends at half of that: nothing is folded back.

    Parameters
    ----------
    gpr
        n traces of k samples; tones pass as they are.
    dt_s
        New spacing of the samples.

    Returns
    -------
    GprData
        Samples from the first recorded time to the last. A sample is missing where the nearest recorded one is.

    Raises
    ------
    ScanError
        When the samples are not evenly spaced, or ``dt_s`` leaves fewer than two of them or over ``MAX_SAMPLES``.
    """
    axis = sample_axis(gpr)
    if axis is None:
        return gpr
    old_s = sample_step_s(axis)
    first, last = float(axis[0]), float(axis[-1])
    count = int((last - first) / dt_s * (1.0 + 1e-12)) + 1
    if count < 2:
        msg = f"a trace of {last - first:.4g} s cannot be resampled to steps of {dt_s:.4g} s"
        raise ScanError(msg)
    if count > max(MAX_SAMPLES, axis.size):
        msg = f"a trace in steps of {dt_s:.4g} s would have {count} samples, at most {MAX_SAMPLES} are made"
        raise ScanError(msg)
    new = dt_s * np.arange(count, dtype=np.float64)
    kernel = _sinc(new[None, :] - old_s * np.arange(axis.size)[:, None], old_s, max(old_s, dt_s))
    nearest = np.clip(np.rint(new / old_s).astype(np.intp), 0, axis.size - 1)

    def at_new(values: NDArray[np.generic]) -> Real:
        wide = np.asarray(values, dtype=np.float64)
        return np.where(np.isfinite(wide[:, nearest]), bridged(wide) @ kernel, np.nan)

    return replace(
        gpr,
        data=at_new(gpr.data),
        sample_time_s=first + new,
        reference=None if gpr.reference is None else at_new(gpr.reference[None])[0],
    )


def time_zero(
    gpr: GprData,
    *,
    pick: Literal["first-break", "maximum"] = "first-break",
    threshold: float = 0.05,
    align: bool = False,
    max_jitter_s: float = 0.5e-9,
    from_s: float | None = None,
    to_s: float | None = None,
    delay_s: float = 0.0,
) -> GprData:
    """Shift traces so that the direct wave arrives when it must: one antenna distance after time zero.

    With ``align``, each trace (and the free-air reference) is first shifted onto the median trace of its channel
    by their cross-correlation in the window; then the arrival is picked once per channel on the median trace. What
    all have in common moves the time axis; the rest moves the samples, in fractions of one.

    Parameters
    ----------
    gpr
        n traces of k samples; tones pass as they are.
    pick
        "first-break": where the median trace first exceeds ``threshold`` of its largest magnitude; "maximum": that
        largest magnitude, by a parabola.
    threshold
        Part of the largest magnitude.
    align
        Take out the jitter between traces. The window must then hold the direct wave alone: close to the ground
        the surface echo lies beside it, moves with the height of the head, and would be taken for jitter.
    max_jitter_s
        Largest shift of a single trace; its correlation is not looked for farther away.
    from_s, to_s
        Window of ``sample_time_s`` that holds the direct wave; None is the trace's end.
    delay_s
        How much later than the wave's onset the picked feature is, such as half a pulse for "maximum".

    Returns
    -------
    GprData
        Its system delay is 0: this pick has replaced it.

    Raises
    ------
    ScanError
        When the samples are not evenly spaced, or the window holds fewer than four of them or no wave.
    """
    axis = sample_axis(gpr)
    if axis is None:
        return gpr
    dt = sample_step_s(axis)
    inside = np.flatnonzero(in_window(axis, from_s, to_s))
    if inside.size < 4:
        msg = f"the window of the direct wave needs four samples, got {inside.size}"
        raise ScanError(msg)
    traces = bridged(np.asarray(gpr.data, dtype=np.float64))
    window = slice(int(inside[0]), int(inside[-1]) + 1)
    distance = np.linalg.norm(gpr.rx_position_m - gpr.tx_position_m, axis=1) / C0_M_S
    late = np.zeros(len(traces))
    reference_late = 0.0
    for c in np.unique(gpr.channel):
        rows = np.flatnonzero((gpr.channel == c) & np.isfinite(gpr.data).any(axis=1))
        if rows.size == 0:
            continue
        model = np.median(traces[rows], axis=0)
        jitter = np.zeros(rows.size)
        if align:
            for _ in range(2):  # the median of jittering traces is a little smeared; that of aligned ones is not
                jitter = _lag(traces[rows], model, window, round(max_jitter_s / dt)) * dt
                model = np.median(_moved(traces[rows], -jitter / dt), axis=0)
        found = axis[window.start] + dt * _pick(model[window], pick, threshold)
        expected = found - delay_s - distance[c]
        late[gpr.channel == c] = expected
        late[rows] = expected + jitter
        if gpr.reference is not None and c == gpr.channel[0]:
            wave = bridged(np.asarray(gpr.reference, dtype=np.float64)[None])
            own = _lag(wave, model, window, round(max_jitter_s / dt))[0] * dt if align else 0.0
            reference_late = expected + own
    common = float(np.median(late))
    steps = {"data": (late - common) / dt, "reference": np.array([(reference_late - common) / dt])}
    shifted = _shifted(gpr, steps)
    return replace(shifted, sample_time_s=axis - common, system_delay_s=0.0)


def _shifted(gpr: GprData, steps: dict[str, Real]) -> GprData:
    """Advance each trace by its number of samples; traces that need no shift keep their bits."""

    def by(values: Real, late: Real) -> Real:
        out = np.array(values, dtype=np.float64)
        moving = np.abs(late) > 1e-6
        lost = ~np.isfinite(out[moving])
        if lost.any():
            lost = _moved(lost.astype(np.float64), -late[moving]) > 0.5
        out[moving] = np.where(lost, np.nan, _moved(bridged(out[moving]), -late[moving]))
        return out

    reference = None if gpr.reference is None else by(gpr.reference[None], steps["reference"])[0]
    return replace(gpr, data=by(gpr.data, steps["data"]), reference=reference)


def _moved(values: Real, steps: Real) -> Real:
    """Delay traces (m, k) by so many samples (m,), by the shift theorem; they go on level beyond their ends."""
    if not values.size:
        return values
    margin = int(np.ceil(np.abs(steps).max(initial=0.0))) + HALF_WIDTH
    padded = np.pad(values, ((0, 0), (margin, margin)), mode="edge")
    ramp = np.linspace(0.0, 1.0, padded.shape[1])
    slope = padded[:, :1] + (padded[:, -1:] - padded[:, :1]) * ramp  # so that both ends meet
    frequency = np.fft.rfftfreq(padded.shape[1])
    spectrum = np.fft.rfft(padded - slope, axis=1) * np.exp(-2j * np.pi * frequency * steps[:, None])
    moved = np.fft.irfft(spectrum, padded.shape[1], axis=1) + slope
    middle: Real = moved[:, margin : margin + values.shape[1]]
    return middle


def _lag(values: Real, model: Real, window: slice, most: int) -> Real:
    """How many samples each trace (m, k) is later than the model: peak of the correlation, by a parabola (m,)."""
    most = max(1, min(most, model.size - 2))
    part = np.zeros_like(model)
    part[window] = model[window] - model[window].mean()
    own = np.zeros_like(values)
    low, high = max(0, window.start - most), window.stop + most
    own[:, low:high] = values[:, low:high] - values[:, low:high].mean(axis=1, keepdims=True)
    size = 2 * model.size
    product = np.fft.rfft(own, size, axis=1) * np.fft.rfft(part, size).conj()
    correlation = np.fft.irfft(product, size, axis=1)
    lags = np.arange(-most - 1, most + 2)
    near = correlation[:, lags]
    best = 1 + np.argmax(near[:, 1:-1], axis=1)
    rows = np.arange(len(values))
    return lags[best] + _vertex(near[rows, best - 1], near[rows, best], near[rows, best + 1])


def _vertex(low: Real, middle: Real, high: Real) -> Real:
    """Place of a parabola's peak through three samples, from the middle one."""
    bend = low - 2.0 * middle + high
    shift = np.divide(0.5 * (low - high), bend, out=np.zeros_like(bend), where=bend < 0.0)
    vertex: Real = np.clip(shift, -0.5, 0.5)
    return vertex


def _pick(wave: Real, pick: str, threshold: float) -> float:
    """Arrival in samples from the window's begin."""
    size = np.abs(wave - np.median(wave))
    top = int(np.argmax(size))
    if size[top] == 0.0:
        msg = "the window of the direct wave holds no wave: all samples are equal"
        raise ScanError(msg)
    if pick == "maximum":
        if not 0 < top < size.size - 1:
            return float(top)
        return top + float(_vertex(*(size[top + j : top + j + 1] for j in (-1, 0, 1)))[0])
    level = threshold * size[top]
    first = int(np.argmax(size >= level))
    if first == 0:
        return 0.0
    return first - float((size[first] - level) / (size[first] - size[first - 1]))


def _sinc(offset_s: Real, old_s: float, slower_s: float) -> Real:
    """Interpolation weights for times relative to the samples, of unit sum over the samples."""
    cut = 0.5 / slower_s * (ROLL_OFF if slower_s > old_s else 1.0)
    width = HALF_WIDTH * slower_s
    u = np.clip(offset_s / width, -1.0, 1.0)
    window = np.i0(KAISER_BETA * np.sqrt(1.0 - u * u)) / np.i0(KAISER_BETA)
    kernel = 2.0 * cut * old_s * np.sinc(2.0 * cut * offset_s) * np.where(np.abs(offset_s) < width, window, 0.0)
    weights: Real = kernel / kernel.sum(axis=0)
    return weights
