"""A recording played back in time order: provisional pictures on the way, the batch result at the end."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from dualsense.errors import ScanError
from dualsense.pipeline import process_scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    provisional
        False for the last frame only, whose result is that of the whole scan.
    """

    time_s: float
    duration_s: float
    scan: Scan
    result: Result | None
    reason: str
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
        on_frame(Frame(duration_s, duration_s, scan, result, "", provisional=False))
    return result


def time_span(scan: Scan) -> tuple[float, float]:
    """Return the first and the last time of any stream of the scan, in its own seconds."""
    clocks = [scan.pose.time_s, *(s.time_s for s in (scan.gpr, scan.emi) if s is not None)]
    return min(float(t[0]) for t in clocks), max(float(t[-1]) for t in clocks)


def scan_until(scan: Scan, time_s: float) -> Scan:
    """Return the recording as it stood at a moment: every stream up to and including ``time_s``.

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
    return Frame(elapsed_s, duration_s, partial, result, reason, provisional=True)


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
