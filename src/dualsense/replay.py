"""A recording played back in time order: provisional pictures on the way, the batch result at the end."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from dualsense.chain import process_scan
from dualsense.errors import ScanError
from dualsense.survey import lever_arm, track_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from dualsense.recipe import Recipe
    from dualsense.result import Result
    from dualsense.scan import EmiData, GprData, Pose, Scan

Sensor = TypeVar("Sensor", "GprData", "EmiData")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What is known at one moment of the sweep.

    Attributes
    ----------
    time_s, duration_s
        Since the recording began, and its length.
    scan
        The recording up to this moment.
    result
        Of processing it; None when there is not enough to process, and ``reason`` says why.
    trace_time_s, metal_trace : (m,)
        Metal response over the time since the recording began, in the units of the metal map.
    provisional
        False for the last frame only, whose result is that of the whole scan.
    """

    time_s: float
    duration_s: float
    scan: Scan
    result: Result | None
    reason: str
    trace_time_s: NDArray[np.float64]
    metal_trace: NDArray[np.float64]
    provisional: bool


def replay_scan(
    scan: Scan,
    recipe: Recipe | None = None,
    *,
    speed: float = 1.0,
    step_s: float = 1.0,
    on_frame: Callable[[Frame], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Play a recording through the pipeline, and end with the result of the whole.

    Parameters
    ----------
    scan
        The recording.
    recipe
        For every step of it; the defaults when None.
    speed
        Times real time; infinity does not wait. A moment whose successor is due already is passed over, so
        a slow machine shows fewer frames and keeps up with the sweep.
    step_s
        Seconds of recording between frames.
    on_frame
        Called with each frame, the last of which is not provisional.
    clock, sleep
        For tests without waiting.

    Returns
    -------
    Result
        The same as ``process_scan(scan, recipe)``.

    Raises
    ------
    ScanError
        When the whole scan cannot be processed.
    ValueError
        When ``speed`` or ``step_s`` is not above zero.
    """
    if not speed > 0.0:
        msg = f"speed must be above 0, got {speed}"
        raise ValueError(msg)
    if not 0.0 < step_s < math.inf:
        msg = f"step_s must be above 0 and finite, got {step_s}"
        raise ValueError(msg)
    start_s, end_s = time_span(scan)
    duration_s = end_s - start_s
    began = clock()

    def lateness(elapsed_s: float) -> float:
        return clock() - began - elapsed_s / speed

    for elapsed_s in _moments(duration_s, step_s):
        if lateness(min(elapsed_s + step_s, duration_s)) >= 0.0 and math.isfinite(speed):
            continue
        if (wait_s := -lateness(elapsed_s)) > 0.0:
            sleep(wait_s)
        if on_frame is not None:
            on_frame(_provisional(scan_until(scan, start_s + elapsed_s), recipe, elapsed_s, duration_s))
    if (wait_s := -lateness(duration_s)) > 0.0:
        sleep(wait_s)
    result = process_scan(scan, recipe)
    if on_frame is not None:
        on_frame(_frame(scan, result, "", duration_s, duration_s, provisional=False))
    return result


def time_span(scan: Scan) -> tuple[float, float]:
    """Find the first and the last time of any stream.

    Parameters
    ----------
    scan
        With at least a track.

    Returns
    -------
    first_s, last_s : float
        In the scan's own seconds.
    """
    clocks = [scan.pose.time_s, *(s.time_s for s in (scan.gpr, scan.emi) if s is not None)]
    return min(float(t[0]) for t in clocks), max(float(t[-1]) for t in clocks)


def scan_until(scan: Scan, time_s: float) -> Scan:
    """Cut a recording to what it was at a moment.

    Parameters
    ----------
    scan
        The whole recording.
    time_s
        In its own seconds; every stream ends with it, this moment included.

    Returns
    -------
    Scan

    Notes
    -----
    A sensor that has not yet delivered a sample is None. The truth, if any, is left out, and so is the hash:
    no file holds these bytes.
    """
    emi = None if scan.emi is None else _sensor_until(scan.emi, time_s)
    gpr = None if scan.gpr is None else _sensor_until(scan.gpr, time_s)
    return replace(scan, pose=_pose_until(scan.pose, time_s), emi=emi, gpr=gpr, truth=None, sha256="")


def _moments(duration_s: float, step_s: float) -> Iterator[float]:
    """Yield every whole step before the end."""
    count = math.ceil(duration_s / step_s - 1e-9) - 1
    yield from (step_s * (k + 1) for k in range(max(count, 0)))


def _provisional(partial: Scan, recipe: Recipe | None, elapsed_s: float, duration_s: float) -> Frame:
    try:
        result, reason = process_scan(partial, recipe), ""
    except ScanError as error:  # the first moments of a sweep are too short for some step: not yet a failure
        result, reason = None, str(error)
    return _frame(partial, result, reason, elapsed_s, duration_s, provisional=True)


def _frame(
    scan: Scan,
    result: Result | None,
    reason: str,
    elapsed_s: float,
    duration_s: float,
    *,
    provisional: bool,
) -> Frame:
    time_s, trace = metal_trace(scan, result)
    start_s, _ = time_span(scan)
    return Frame(elapsed_s, duration_s, scan, result, reason, time_s - start_s, trace, provisional)


def metal_trace(scan: Scan, result: Result | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Follow the metal response along the sweep: the value of the metal map under the coils at every sample.

    Parameters
    ----------
    scan
        The recording.
    result
        Of processing it; None where there is none yet.

    Returns
    -------
    time_s, response : (m,), (m,)
        The scan's own times, and NaN where the map does not reach; both empty without a metal map.
    """
    image = None if result is None else result.emi_maps.get("metal_response")
    if scan.emi is None or image is None:
        return np.empty(0), np.empty(0)
    offset_m = (scan.emi.tx_position_m + scan.emi.rx_position_m) / 2.0
    place = lever_arm(track_at(scan.pose, scan.emi.time_s), offset_m, scan.emi.channel)
    origin = np.array([image.grid.x_m[0], image.grid.y_m[0]])
    cell = np.rint(np.nan_to_num((place[:, :2] - origin) / image.grid.cell_m, nan=-1.0)).astype(np.intp)
    inside = (cell >= 0).all(axis=1) & (cell < image.values.shape[::-1]).all(axis=1)
    response = np.full(scan.emi.time_s.size, np.nan)
    response[inside] = image.values[cell[inside, 1], cell[inside, 0]]
    return scan.emi.time_s, response


def _pose_until(pose: Pose, time_s: float) -> Pose:
    n = max(1, int(np.searchsorted(pose.time_s, time_s, side="right")))
    return replace(
        pose,
        time_s=pose.time_s[:n],
        position_m=pose.position_m[:n],
        orientation=None if pose.orientation is None else pose.orientation[:n],
        position_std_m=None if pose.position_std_m is None else pose.position_std_m[:n],
    )


def _sensor_until(sensor: Sensor, time_s: float) -> Sensor | None:
    n = int(np.searchsorted(sensor.time_s, time_s, side="right"))
    if n == 0:
        return None
    return replace(sensor, time_s=sensor.time_s[:n], data=sensor.data[:n], channel=sensor.channel[:n])
