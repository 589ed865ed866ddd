"""From recorded soundings to calibrated spectra: repair, free-air reference, cable delay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.scan import Fault
from dualsense.survey.track import lever_arm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.scan import GprData
    from dualsense.survey.track import Track

PATH = "/gpr/data"
MAX_GAP_TONES = 4


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
    """

    time_s: NDArray[np.float64]
    frequency_hz: NDArray[np.float64]
    spectrum: NDArray[np.complex128]
    tx_m: NDArray[np.float64]
    rx_m: NDArray[np.float64]
    channel: NDArray[np.intp]
    position_std_m: NDArray[np.float64]

    @property
    def midpoint_m(self) -> NDArray[np.float64]:
        """Half-way between the antennas, (n, 3)."""
        return 0.5 * (self.tx_m + self.rx_m)


def repair_tones(data: NDArray[np.complex128]) -> tuple[NDArray[np.complex128], NDArray[np.bool_], int]:
    """Bridge missing tones from their neighbours in the same sounding.

    Linear in the complex value over at most four tones; a sounding with a longer gap, or with more than a tenth
    of its tones missing, is given up rather than invented.

    Returns
    -------
    data (n, k), usable (n,), number of values bridged
    """
    bad = ~np.isfinite(data)
    out = np.where(bad, 0.0, data)
    usable = np.ones(data.shape[0], dtype=bool)
    bridged = 0
    axis = np.arange(data.shape[1])
    for i in np.flatnonzero(bad.any(axis=1)):
        good = ~bad[i]
        if _longest_run(bad[i]) > MAX_GAP_TONES or bad[i].mean() > 0.1 or good.sum() < 2:
            usable[i] = False
            continue
        where = axis[bad[i]]
        out[i, where] = np.interp(where, axis[good], data[i, good].real) + 1j * np.interp(
            where, axis[good], data[i, good].imag
        )
        bridged += where.size
    return out, usable, bridged


def _longest_run(mask: NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def calibrate(
    gpr: GprData, track: Track, *, use_reference: bool = True, band_floor_db: float = -26.0
) -> tuple[Soundings, tuple[Fault, ...]]:
    """Bring soundings of either modality to one form.

    Stepped-frequency soundings are used as they are; impulse traces are transformed over the band in which
    their mean spectrum lies above ``band_floor_db`` of its peak. The free-air reference, if there is one, is
    subtracted (it holds the direct coupling), and the system delay taken out.

    Parameters
    ----------
    gpr
        n soundings.
    track
        The head at those soundings; those without a pose are left out.
    use_reference
        Subtract the free-air reference when the file has one.
    band_floor_db
        For impulse data only.

    Returns
    -------
    Soundings, faults
    """
    faults = []
    if gpr.frequency_hz is not None:
        frequency = gpr.frequency_hz
        data, usable, bridged = repair_tones(gpr.data.astype(np.complex128))
        reference = None if gpr.reference is None else np.asarray(gpr.reference, dtype=np.complex128)
        if bridged:
            faults.append(
                Fault("gpr", "info", PATH, f"{bridged} missing radar values bridged from neighbouring tones")
            )
    elif gpr.sample_time_s is not None:
        filled, usable, bridged = repair_tones(gpr.data.astype(np.complex128))
        frequency, kernel = _impulse_band(filled[usable].real, gpr.sample_time_s, band_floor_db)
        data = filled.real @ kernel
        reference = None if gpr.reference is None else np.asarray(gpr.reference, dtype=np.float64) @ kernel
        if bridged:
            faults.append(
                Fault("gpr", "info", PATH, f"{bridged} missing radar values bridged from neighbouring samples")
            )
    else:
        msg = "radar data need frequency_hz or sample_time_s, got neither"
        raise ValueError(msg)
    if reference is not None and use_reference:
        if np.isfinite(reference).all():
            data = data - reference
        else:
            faults.append(
                Fault("gpr", "info", "/gpr/reference", "free-air reference has missing values and is not used")
            )
    data = data * np.exp(2j * np.pi * frequency * gpr.system_delay_s)
    lost = int((~usable).sum())
    if lost:
        faults.append(
            Fault("gpr", "degraded", PATH, f"{lost} of {usable.size} radar soundings have too many missing values")
        )
    keep = usable & track.covered
    return Soundings(
        time_s=gpr.time_s[keep],
        frequency_hz=frequency,
        spectrum=data[keep],
        tx_m=lever_arm(track, gpr.tx_position_m, gpr.channel)[keep],
        rx_m=lever_arm(track, gpr.rx_position_m, gpr.channel)[keep],
        channel=gpr.channel[keep],
        position_std_m=track.position_std_m[keep],
    ), tuple(faults)


def _impulse_band(
    traces: NDArray[np.float64], sample_time: NDArray[np.float64], floor_db: float
) -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
    """Frequencies (k,) at which an impulse trace is worth keeping, and the transform (samples, k) to them."""
    dt = float(np.median(np.diff(sample_time)))
    span = float(sample_time[-1] - sample_time[0]) + dt
    step = 1.0 / (1.25 * span)
    frequency = np.arange(step, 0.5 / dt, step)
    kernel = np.exp(-2j * np.pi * frequency * sample_time[:, None]) * dt
    level = np.abs((traces - traces.mean(axis=1, keepdims=True)) @ kernel).mean(axis=0)
    inside = np.flatnonzero(level >= level.max() * 10.0 ** (floor_db / 20.0))
    band = slice(int(inside[0]), int(inside[-1]) + 1)
    return frequency[band], kernel[:, band]
