"""Gain over time, for the eye only: detection, confidence and migration never see it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._traces import Traces

    Real = NDArray[np.float64]

AGC_FLOOR = 1e-4
AT_ONCE = 64
"""Traces that are raised together: they stay in the processor's cache."""


def apply_gain(
    traces: Traces,
    *,
    method: Literal["power", "exponential", "sec", "agc"] = "sec",
    start_s: float = 0.5e-9,
    power: float = 1.0,
    attenuation_db_s: float = 2e9,
    window_s: float = 2e-9,
    max_gain_db: float = 60.0,
) -> Traces:
    """Raise late echoes to where they can be seen.

    With t' = max(t, start_s) / start_s and t" = max(t - start_s, 0):

    - "power": t'^power;
    - "exponential": 10^(attenuation_db_s t" / 20);
    - "sec", spreading and exponential compensation: the product of both;
    - "agc", automatic: each sample over the root mean square of its trace within ``window_s``, times that of
      all traces. Amplitudes are lost.

    The first three are the same for all traces, and undone by the inverse gain. Amplitudes after a gain are no
    longer relative to the surface echo: nothing that measures may use them.

    Parameters
    ----------
    traces
        n traces; ``spectrum`` of the result stays that without gain.
    method
        As above.
    start_s
        Earlier nothing is raised.
    power
        1 undoes the spreading of a flat reflector's echo, 2 that of a point's.
    attenuation_db_s
        Loss per second of two-way time: 2e9 dB/s are 2 dB per nanosecond.
    window_s
        Full width of the window of the automatic gain.
    max_gain_db
        Not exceeded by any of them.

    Returns
    -------
    Traces
    """
    values = traces.values
    most = 10.0 ** (max_gain_db / 20.0)
    if method == "agc":
        gain = _automatic(
            np.abs(values.astype(np.complex128)) ** 2, max(1, round(0.5 * window_s / traces.dt_s)), most
        )
    else:
        t = traces.dt_s * np.arange(values.shape[1])
        gain = np.ones(t.size)
        if method in {"power", "sec"}:
            gain = gain * (np.maximum(t, start_s) / start_s) ** power
        if method in {"exponential", "sec"}:
            gain = gain * 10.0 ** np.minimum(attenuation_db_s * np.maximum(t - start_s, 0.0) / 20.0, 30.0)
        gain = np.minimum(gain, most)
    raised = np.empty(values.shape, np.complex64)
    for first in range(0, len(values), AT_ONCE):  # in double precision, a few traces at a time
        some = slice(first, first + AT_ONCE)
        raised[some] = values[some].astype(np.complex128) * (gain if gain.ndim == 1 else gain[some])
    return replace(traces, values=raised)


def _automatic(power: Real, half: int, most: float) -> Real:
    """All traces' root mean square over the local one, (n, t)."""
    from scipy.ndimage import uniform_filter1d  # noqa: PLC0415

    size = 2 * half + 1
    inside = uniform_filter1d(np.ones(power.shape[1]), size, mode="constant")
    local = uniform_filter1d(power, size, axis=1, mode="constant") / inside
    level = float(power.mean()) if power.size else 0.0
    floor = max(level * AGC_FLOOR**2, level / most**2, np.finfo(float).tiny)
    gain: Real = np.sqrt(level / np.maximum(local, floor))
    return gain
