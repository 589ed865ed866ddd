"""Time zero by the direct wave of antennas that stand on the ground."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import C0_M_S

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.scan import GprData

DIRECT = 0.5
"""The direct wave is the first that reaches this part of the largest of the median trace."""
STANDS_OUT = 0.25
"""And the median trace has to be this part of single traces: what is not everywhere is no direct wave."""
FIRST_BREAK = 0.05


def direct_time_zero(gpr: GprData) -> tuple[float, float] | None:
    """Time of transmission by the direct wave of impulse traces, and its standard error, in seconds.

    The direct wave left its path over the speed of light before it is heard. Which part of its pulse answers to
    the part of an echo's pulse that is picked, antennas on the ground do not tell, for they change the pulse of
    the one and not of the other. So the time is taken in the middle of the pulse's first rise, at half of its
    first peak, with the rise from first break to peak as the width of a uniform distribution for the error.

    Parameters
    ----------
    gpr
        n traces of k samples.

    Returns
    -------
    time_s, std_s
        On the scale of ``sample_time_s``; None for stepped frequencies, and where no direct wave stands out.
    """
    if gpr.modality != "impulse" or gpr.sample_time_s is None or gpr.sample_time_s.size < 8:
        return None
    with np.errstate(all="ignore"):
        trace = np.nan_to_num(np.nanmedian(gpr.data, axis=0))
    time = gpr.sample_time_s
    trace = trace - np.median(trace)
    size = np.abs(trace)
    strong = np.flatnonzero(size >= DIRECT * size.max())
    with np.errstate(all="ignore"):
        largest = float(np.nan_to_num(np.nanmedian(np.nanmax(np.abs(gpr.data), axis=1))))
    if size.max() <= STANDS_OUT * largest or strong.size == 0:
        return None
    peak = int(strong[0])
    while peak + 1 < size.size and size[peak + 1] > size[peak]:
        peak += 1
    if peak < 4:
        return None
    signed = np.sign(trace[peak]) * trace
    signed = signed - np.median(signed[: max(3, int(0.7 * peak))])  # what was there before the wave came
    half = _crossing(time, signed, peak, 0.5)
    first = _crossing(time, signed, peak, FIRST_BREAK)
    offset = np.linalg.norm(gpr.rx_position_m - gpr.tx_position_m, axis=1).mean()
    return half - float(offset) / C0_M_S, (float(time[peak]) - first) / 12.0**0.5


def direct_level(gpr: GprData) -> float:
    """Size of the direct wave of impulse traces: the largest of their median trace, in the data's unit.

    Parameters
    ----------
    gpr
        n traces of k samples.

    Returns
    -------
    float
        0 where no trace is whole.
    """
    with np.errstate(all="ignore"):
        trace = np.nan_to_num(np.nanmedian(gpr.data, axis=0))
    return float(np.abs(trace - np.median(trace)).max(initial=0.0))


def _crossing(time: NDArray[np.float64], trace: NDArray[np.float64], peak: int, part: float) -> float:
    """Last time before a peak at which the trace comes up through a part of it."""
    level = part * trace[peak]
    below = np.flatnonzero(trace[:peak] < level)
    if below.size == 0:
        return float(time[0])
    k = int(below[-1])
    return float(np.interp(level, trace[k : k + 2], time[k : k + 2]))
