"""Where and when a fault strikes: the samples over a mine, a stretch of time around a pass over it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualsense.scan import EmiData, GprData, Scan

    Stream = GprData | EmiData
    Rows = np.ndarray

MINE = "mine"


def mine_m(scan: Scan) -> tuple[float, float]:
    """Place of the first mine of the truth."""
    n = scan.truth.label.index(MINE)
    return float(scan.truth.x_m[n]), float(scan.truth.y_m[n])


def position_m(scan: Scan, time_s: np.ndarray) -> np.ndarray:
    """Track (n, 3) of the head at times."""
    return np.column_stack([np.interp(time_s, scan.pose.time_s, scan.pose.position_m[:, k]) for k in range(3)])


def distance_m(scan: Scan, time_s: np.ndarray) -> np.ndarray:
    """Distance (n,) of the head from the mine, to the side."""
    x, y = mine_m(scan)
    at = position_m(scan, time_s)
    return np.hypot(at[:, 0] - x, at[:, 1] - y)


def over_mine(scan: Scan, time_s: np.ndarray, radius_m: float) -> np.ndarray:
    """Samples (n,) that were taken near the mine."""
    return distance_m(scan, time_s) < radius_m


def stretch(scan: Scan, rng: np.random.Generator, seconds: float) -> tuple[float, float]:
    """Draw an interval of time around the nearest pass over the mine."""
    time_s = scan.pose.time_s
    middle = float(time_s[np.argmin(distance_m(scan, time_s))]) + float(rng.uniform(-0.3, 0.3)) * seconds
    return middle - 0.5 * seconds, middle + 0.5 * seconds


def within(time_s: np.ndarray, span_s: tuple[float, float]) -> np.ndarray:
    """Samples (n,) of an interval."""
    return (time_s >= span_s[0]) & (time_s < span_s[1])


def kept(data: Stream, keep: np.ndarray) -> Stream:
    """Some of a sensor's samples."""
    return replace(data, time_s=data.time_s[keep], data=data.data[keep], channel=data.channel[keep])


def change(scan: Scan, sensors: str, how: Callable[[Stream], Stream]) -> Scan:
    """Change the data of "gpr", "emi" or "both"."""
    for name in ("gpr", "emi") if sensors == "both" else (sensors,):
        data = getattr(scan, name)
        if data is not None:
            scan = replace(scan, **{name: how(data)})
    return scan


def noise_like(values: np.ndarray, rng: np.random.Generator, std: np.ndarray) -> np.ndarray:
    """White noise of the values' shape and kind, with a deviation for each column."""
    if np.iscomplexobj(values):
        draw = rng.normal(size=values.shape) + 1j * rng.normal(size=values.shape)
        return (draw * std / np.sqrt(2.0)).astype(values.dtype)
    return (rng.normal(size=values.shape) * std).astype(values.dtype)


def noise_std(values: np.ndarray) -> np.ndarray:
    """Deviation (k,) of the white noise of each column, by second differences."""
    bent = values[2:] - 2.0 * values[1:-1] + values[:-2]
    return np.median(np.abs(bent), axis=0) / (0.6745 * np.sqrt(6.0)) + 1e-300


def spread(values: np.ndarray) -> np.ndarray:
    """Deviation (k,) of each column within the scan."""
    return np.std(values, axis=0) + 1e-300
