"""From recorded soundings to calibrated spectra: repair, free-air reference, cable delay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.faults import fault
from dualsense.language import in_english
from dualsense.survey import lever_arm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.scan import Fault, GprData
    from dualsense.survey import Track

MAX_GAP_TONES = 4
NOISE_MARGIN = 2.0
LOST_PART = 0.5
"""A tone that is missing in more of the soundings is none of the radar's."""


@dataclass(frozen=True, slots=True, eq=False)
class Soundings:
    """Radar soundings in the frequency domain, each with its antennas.

    Attributes
    ----------
    time_s : (n,)
    frequency_hz : (k,)
    spectrum : (n, k) complex128
        Transfer function; the phase is zero at the antennas.
    tx_m, rx_m : (n, 3)
        Antennas in the local frame.
    channel : (n,) intp
    position_std_m : (n, 3)
    time_zero_std_s
        Standard error of the times' zero; 0 where the file tells it.
    boresight : (n, 3) or None
        Unit vector along which the antennas look, (0, 0, -1) of the head; None where that is not known.
    stop_s
        Time at which the record of traces ends, after time zero: later nothing was recorded.
    """

    time_s: NDArray[np.float64]
    frequency_hz: NDArray[np.float64]
    spectrum: NDArray[np.complex128]
    tx_m: NDArray[np.float64]
    rx_m: NDArray[np.float64]
    channel: NDArray[np.intp]
    position_std_m: NDArray[np.float64]
    boresight: NDArray[np.float64] | None = None
    time_zero_std_s: float = 0.0
    stop_s: float = float("inf")

    @property
    def midpoint_m(self) -> NDArray[np.float64]:
        """Half-way between the antennas, (n, 3)."""
        return 0.5 * (self.tx_m + self.rx_m)


def pick_rows(soundings: Soundings, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Soundings:
    """Soundings of some rows, with all that belongs to each.

    Parameters
    ----------
    soundings
        n soundings.
    rows : (n,) bool or (m,) intp
        Mask or numbers of those wanted.

    Returns
    -------
    Soundings
    """
    names = ("time_s", "spectrum", "tx_m", "rx_m", "channel", "position_std_m")
    boresight = None if soundings.boresight is None else soundings.boresight[rows]
    return replace(soundings, **{name: getattr(soundings, name)[rows] for name in names}, boresight=boresight)


def repair_tones(data: NDArray[Any], axis: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[np.bool_], int]:
    """Bridge missing tones, or samples, from their neighbours in the same sounding.

    Linear over at most four values; a sounding with a longer gap, or with more than a tenth of its values
    missing, is given up rather than invented. A phase that turns far from one tone to the next, as long cables
    make it, has to be taken out before.

    Parameters
    ----------
    data : (n, k)
        Complex tones or real samples.
    axis : (k,)
        Their frequencies or times.

    Returns
    -------
    data : (n, k)
        0 where a sounding was given up; what was given where nothing is missing.
    usable : (n,) bool
    bridged : int
        How many values.
    """
    bad = ~np.isfinite(data)
    usable = np.ones(data.shape[0], dtype=bool)
    if not bad.any():
        return data, usable, 0
    out = np.where(bad, 0.0, data)
    bridged = 0
    for i in np.flatnonzero(bad.any(axis=1)):
        hole, good = bad[i], ~bad[i]
        if _longest_run(hole) > MAX_GAP_TONES or hole.mean() > 0.1 or good.sum() < 2:
            usable[i] = False
            continue
        out[i, hole] = np.interp(axis[hole], axis[good], out[i, good])
        bridged += int(hole.sum())
    return out, usable, bridged


def _longest_run(mask: NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def calibrate(
    gpr: GprData,
    track: Track,
    *,
    use_reference: bool = True,
    reference_mode: Literal["subtract", "divide", "subtract-divide"] = "subtract",
    reference_floor: float = 0.05,
    reference_path_m: float | None = None,
    band_floor_db: float = -26.0,
) -> tuple[Soundings, tuple[Fault, ...]]:
    """Bring recorded soundings of either modality to spectra from antenna to antenna.

    Stepped-frequency soundings are used as they are, less the tones that most of them lack; impulse traces are
    transformed over the band in which their mean spectrum lies above ``band_floor_db`` of its peak, and above the
    noise. The free-air reference, if there is one, is subtracted (it holds the direct coupling), and the system
    delay taken out.

    Parameters
    ----------
    gpr
        n soundings.
    track
        The head at those soundings; those without a pose are left out.
    use_reference
        Use the reference when the file has one.
    reference_mode
        "subtract" takes the reference for the direct coupling; "divide" deconvolves with it, R*/(|R|^2 + floor^2
        mean |R|^2), as one does with the echo of a metal plate or a clean direct wave: cables, antennas and source
        go out, and an echo like the reference becomes 1; "subtract-divide" does both.
    reference_floor
        Regularisation of the division, relative to the reference's mean level.
    reference_path_m
        Way of the wave in the reference, so that delays stay those from antenna to antenna; None takes the
        distance between the antennas, as in free air.
    band_floor_db
        For impulse data only.

    Returns
    -------
    Soundings
        Those with a position and with few missing values, in their order.
    tuple of Fault
        What was missing, bridged or left out.

    Raises
    ------
    ValueError
        When the data have neither tones nor samples in time.
    """
    raw, reference, axis, left_out = _recorded(gpr)
    data, usable, bridged = repair_tones(raw, axis)
    reference, mended = _whole_reference(reference if use_reference else None, axis)
    if reference is not None and reference_mode != "divide":
        data = data - reference
    frequency = axis
    if gpr.frequency_hz is None:
        data = data - data.mean(axis=1, keepdims=True)  # an amplifier's offset would leak into all frequencies
        frequency, kernel = _impulse_band(data[usable], axis, band_floor_db)
        kernel = kernel * np.exp(2j * np.pi * frequency * gpr.system_delay_s)
        data = data @ kernel
        reference = None if reference is None else (reference - reference.mean()) @ kernel
    if reference is not None and reference_mode != "subtract":
        apart_m = np.linalg.norm(gpr.rx_position_m - gpr.tx_position_m, axis=1)[gpr.channel]
        path_m = apart_m if reference_path_m is None else np.full(apart_m.size, reference_path_m)
        data = data * _inverse(reference[0], reference_floor)
        data = data * np.exp(-2j * np.pi / C0_M_S * frequency * path_m[:, None])
    keep = usable & track.covered
    return Soundings(
        time_s=gpr.time_s[keep],
        frequency_hz=frequency,
        spectrum=data if keep.all() else data[keep],
        tx_m=lever_arm(track, gpr.tx_position_m, gpr.channel)[keep],
        rx_m=lever_arm(track, gpr.rx_position_m, gpr.channel)[keep],
        channel=gpr.channel[keep],
        position_std_m=track.position_std_m[keep],
        boresight=-track.rotation[keep, :, 2],
        stop_s=float("inf") if gpr.frequency_hz is not None else float(axis[-1]) - gpr.system_delay_s,
    ), (*left_out, *_missing(gpr, usable, bridged, mended))


def _recorded(
    gpr: GprData,
) -> tuple[NDArray[Any], NDArray[Any] | None, NDArray[np.float64], tuple[Fault, ...]]:
    """Take data (n, k), reference (1, k) and their axis (k,); of tones those that most have, without the delay."""
    data, reference = _present(gpr.data), None if gpr.reference is None else _present(gpr.reference)[None]
    axis = gpr.sample_time_s if gpr.frequency_hz is None else gpr.frequency_hz
    if axis is None:
        msg = "radar data need frequency_hz or sample_time_s, got neither"
        raise ValueError(msg)
    if gpr.frequency_hz is None:
        return data, reference, axis, ()
    delay = np.exp(2j * np.pi * axis * gpr.system_delay_s)
    data, reference = data * delay, None if reference is None else reference * delay
    kept = _kept_tones(data, gpr.channel)
    if kept.all():
        return data, reference, axis, ()
    left_out = fault("gpr-tones-left-out", count=int((~kept).sum()), total=kept.size)
    return data[:, kept], None if reference is None else reference[:, kept], axis[kept], (left_out,)


def _kept_tones(data: NDArray[Any], channel: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Tones (k,) that most soundings of every channel have; all of them when that would leave less than half.

    Soundings without any tone do not count: they are lost whatever is done.
    """
    lacking = np.isnan(data)
    if not lacking.any():
        return np.ones(data.shape[1], dtype=bool)
    recorded = ~lacking.all(axis=1)
    kept = np.ones(data.shape[1], dtype=bool)
    for c in np.unique(channel[recorded]):
        kept &= lacking[recorded & (channel == c)].mean(axis=0) <= LOST_PART
    return kept if 2 * int(kept.sum()) >= kept.size else np.ones_like(kept)


def _whole_reference(
    reference: NDArray[Any] | None, axis: NDArray[np.float64]
) -> tuple[NDArray[Any] | None, tuple[Fault, ...]]:
    """Return the reference (1, k) with few missing values bridged; None without one, or with too many."""
    if reference is None:
        return None, ()
    reference, whole, mended = repair_tones(reference, axis)
    if not whole.all():
        return None, (fault("gpr-reference-incomplete"),)
    return reference, (fault("gpr-reference-bridged", count=mended),) if mended else ()


def _missing(
    gpr: GprData, usable: NDArray[np.bool_], bridged: int, of_reference: tuple[Fault, ...]
) -> tuple[Fault, ...]:
    """Faults of missing values, the reference's among them."""
    what = in_english("samples") if gpr.frequency_hz is None else in_english("tones")
    some = (fault("gpr-values-bridged", count=bridged, axis=what),) if bridged else ()
    lost = int((~usable).sum())
    many = (fault("gpr-soundings-incomplete", count=lost, total=usable.size),) if lost else ()
    return (*some, *of_reference, *many)


def _inverse(reference: NDArray[np.complex128], floor: float) -> NDArray[np.complex128]:
    """Return what to multiply with to divide by a reference (k,), without blowing up where it holds nothing."""
    power = np.abs(reference) ** 2
    inverse: NDArray[np.complex128] = reference.conj() / np.maximum(
        power + floor**2 * power.mean(), np.finfo(float).tiny
    )
    return inverse


def _present(data: NDArray[Any]) -> NDArray[Any]:
    """Double precision, NaN where missing."""
    wide = data.astype(np.complex128 if np.iscomplexobj(data) else np.float64)
    finite = np.isfinite(wide)
    return wide if finite.all() else np.where(finite, wide, np.nan)


def _impulse_band(
    traces: NDArray[np.float64], sample_time: NDArray[np.float64], floor_db: float
) -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
    """Frequencies (k,) at which an impulse trace is worth keeping, and the transform (samples, k) to them."""
    dt = float(np.median(np.diff(sample_time))) if sample_time.size > 1 else 1e-9
    span = float(sample_time[-1] - sample_time[0]) + dt
    step = 1.0 / (1.25 * span)
    frequency = np.arange(step, max(0.5 / dt, 1.5 * step), step)
    kernel = np.exp(-2j * np.pi * frequency * sample_time[:, None]) * dt
    if traces.size == 0:
        return frequency, kernel
    level = np.abs(traces @ kernel).mean(axis=0)
    noise = float(np.quantile(level, 0.1))  # most of the band up to half the sampling rate is empty
    inside = np.flatnonzero(level >= max(level.max() * 10.0 ** (floor_db / 20.0), NOISE_MARGIN * noise))
    if inside.size == 0:
        return frequency, kernel
    band = slice(int(inside[0]), int(inside[-1]) + 1)
    return frequency[band], kernel[:, band]
