"""A recording played back in time order, or followed while it is written.

Provisional pictures on the way, the batch result at the end.
"""

from __future__ import annotations

import math
import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from dualsense.chain import process_recording
from dualsense.errors import ScanError
from dualsense.io import open_recording, read_unfinished
from dualsense.live import Following, Pace, Stretch, Sweep
from dualsense.recipe import Recipe
from dualsense.runtime.threads import begun
from dualsense.survey import lever_arm, track_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from dualsense.result import Result, Sketch
    from dualsense.scan import EmiData, GprData, Pose, Scan, ScanHeader

Sensor = TypeVar("Sensor", "GprData", "EmiData")
POLL_S = 0.01
"""Between looks at a file that grows."""
SETTLE_S = 2.0
"""A file that was closed, and that nobody opens again within this time, holds the whole recording."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What is known at one moment of the sweep.

    Attributes
    ----------
    time_s, duration_s
        Since the recording began, and its length.
    header
        Of the recording.
    known
        A `Sketch` while the sweep goes on; the last frame has the `Result` of the whole scan.
    trace_time_s, metal_trace : (m,)
        Metal response over the time since the recording began, in the units of the metal map; the largest of
        each piece of time.
    """

    time_s: float
    duration_s: float
    header: ScanHeader
    known: Sketch | Result
    trace_time_s: NDArray[np.float64]
    metal_trace: NDArray[np.float64]


def replay_scan(
    scan: Scan,
    recipe: Recipe | None = None,
    *,
    speed: float = 1.0,
    step_s: float = 1.0,
    least_s: float = 0.0,
    on_frame: Callable[[Frame], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Play a recording, and end with the result of the whole.

    On the way a `dualsense.live.Sweep` takes what each step brings, at a cost that hangs on that alone.

    Parameters
    ----------
    scan
        The recording.
    recipe
        For every step of it; the defaults when None.
    speed
        Times real time; infinity does not wait, and works on the result while frames are shown. A moment whose
        successor is due already is passed over, so a slow machine shows fewer frames and keeps up with the sweep.
    step_s
        Seconds of recording between frames.
    least_s
        At infinite speed, about the least time between two frames: as many steps are taken at once as that leaves
        room for. With 0 each step has its frame.
    on_frame
        Called with each frame, the last of which has the result. Without it nothing is known before the end. At
        infinite speed it must not process a scan itself, as the result is worked on beside it.
    clock, sleep
        For tests without waiting.

    Returns
    -------
    Result
        The same as ``process_recording(scan, recipe)``.

    Raises
    ------
    ScanError
        When the whole scan cannot be processed.
    ValueError
        When ``speed`` or ``step_s`` is not above zero, or ``least_s`` below.
    """
    recipe = recipe or Recipe()

    def processed() -> Result:
        return process_recording(scan, recipe)

    start_s, end_s = time_span(scan)
    pace = Pace(speed, step_s, end_s - start_s, least_s, clock=clock, sleep=sleep)
    # where nobody waits for the sweep, its end is worked on from the beginning. Both set back the number of BLAS's
    # threads, which is the process's, when they are through: it has to be one before they begin
    import scipy.linalg  # noqa: F401, PLC0415 - whose BLAS is another

    ahead = math.isinf(speed) and on_frame is not None
    with (
        threadpool_limits(limits=1, user_api="blas"),
        begun(processed) if ahead else nullcontext(processed) as whole,
    ):
        sweep, reached_s = Sweep.of(scan, recipe, start_s=start_s), -math.inf
        for elapsed_s in pace.moments():
            if on_frame is None:
                continue
            sweep.take(scan_between(scan, reached_s, start_s + elapsed_s))
            reached_s = start_s + elapsed_s
            on_frame(Frame(elapsed_s, end_s - start_s, scan.header, sweep.sketch(), *sweep.metal_trace()))
        result = whole()
    if on_frame is not None:
        _show_end(scan, result, on_frame)
    return result


def follow_scan(
    path: Path,
    recipe: Recipe | None = None,
    *,
    step_s: float = 1.0,
    patience_s: float = 30.0,
    on_frame: Callable[[Frame], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Follow a recording while another process writes it, and end with the result of the whole.

    The file may not be there yet, and may go and come back: a recorder that starts again is gone on with where
    it was left if it adds to the same recording, and another recording in its place begins anew.

    Parameters
    ----------
    path
        Of a scan file whose tables can grow, written in HDF5's single-writer mode.
    recipe
        For every step; the defaults when None.
    step_s
        At least so many seconds between frames. A frame is shown as soon as there is something new.
    patience_s
        The recording is taken as whole once it is closed and stays so for `SETTLE_S`, or once nothing has come for
        this long, as when the recorder has lost its power.
    on_frame
        As for `replay_scan`.
    clock, sleep
        For tests without waiting.

    Returns
    -------
    Result
        Of the file as ``process_recording`` gives it; of one that was never closed, of all that had arrived whole,
        with a fault that says so.

    Raises
    ------
    ScanError
        When nothing came, the file is gone at the end, or the whole scan cannot be processed.
    ValueError
        When ``step_s`` or ``patience_s`` is not above zero.
    """
    if not (step_s > 0.0 and patience_s > 0.0):
        msg = f"step_s and patience_s must be above 0, got {step_s} and {patience_s}"
        raise ValueError(msg)
    recipe = recipe or Recipe()
    following = Following(path, recipe)
    quiet_since, ended_since, due, shown = clock(), math.inf, -math.inf, True
    try:
        while True:
            news = following.look()
            if news.scan is not None:
                quiet_since, shown = clock(), False
            if not shown and clock() >= due and following.sweep is not None and on_frame is not None:
                due, shown = clock() + step_s, True
                on_frame(_frame_so_far(following))
            closed = news.writing == "ended" and following.sweep is not None
            ended_since = min(ended_since, clock()) if closed else math.inf
            if clock() - ended_since >= SETTLE_S or clock() - quiet_since >= patience_s:
                break
            sleep(POLL_S)
    finally:
        following.close()
    if following.sweep is None or news.writing == "absent":
        came = "no recording came" if following.sweep is None else "the recording went away and did not come back"
        msg = f"{path.name}: {came} within {patience_s:g} s{f': {news.why}' if news.why else ''}"
        raise ScanError(msg)
    return _ended(path, recipe, closed=news.writing == "ended", on_frame=on_frame)


def _frame_so_far(following: Following) -> Frame:
    sweep, header = following.sweep, following.header
    assert sweep is not None  # noqa: S101 - for the types: both come together
    assert header is not None  # noqa: S101
    time_s = following.last_s - following.start_s
    return Frame(time_s, max(time_s, 1.0), header, sweep.sketch(), *sweep.metal_trace())


def _ended(path: Path, recipe: Recipe, *, closed: bool, on_frame: Callable[[Frame], None] | None) -> Result:
    """Process what a recorder left, and show it."""
    if not closed:
        scan = read_unfinished(path)
        result = process_recording(scan, recipe)
    else:
        with open_recording(path) as recording:
            result = process_recording(recording, recipe)
            scan = recording.outline
    if on_frame is not None:
        _show_end(scan, result, on_frame)
    return result


def _show_end(scan: Scan, result: Result, on_frame: Callable[[Frame], None]) -> None:
    start_s, end_s = time_span(scan)
    time_s, trace = metal_trace(scan, result)
    on_frame(Frame(end_s - start_s, end_s - start_s, scan.header, result, time_s - start_s, trace))


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


def scan_between(scan: Scan, after_s: float, until_s: float) -> Stretch:
    """Cut out of a recording what was new between two moments.

    Parameters
    ----------
    scan
        The whole recording.
    after_s, until_s
        In its own seconds; the second belongs to the stretch.

    Returns
    -------
    Stretch
        Views of the recording's arrays. A sensor that has delivered nothing in that time is None.
    """
    emi = None if scan.emi is None else _sensor_between(scan.emi, after_s, until_s)
    gpr = None if scan.gpr is None else _sensor_between(scan.gpr, after_s, until_s)
    return Stretch(_pose_between(scan.pose, after_s, until_s), gpr=gpr, emi=emi)


def metal_trace(scan: Scan, result: Result) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Follow the metal response along the sweep: the value of the metal map under the coils at every sample.

    Parameters
    ----------
    scan
        The recording.
    result
        Of processing it.

    Returns
    -------
    time_s, response : (m,), (m,)
        The scan's own times, and NaN where the map does not reach; both empty without a metal map.
    """
    image = result.emi_maps.get("metal_response")
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


def _between(time_s: NDArray[np.float64], after_s: float, until_s: float) -> slice:
    first, last = np.searchsorted(time_s, (after_s, until_s), side="right").tolist()
    return slice(first, last)


def _pose_between(pose: Pose, after_s: float, until_s: float) -> Pose:
    rows = _between(pose.time_s, after_s, until_s)
    return replace(
        pose,
        time_s=pose.time_s[rows],
        position_m=pose.position_m[rows],
        orientation=None if pose.orientation is None else pose.orientation[rows],
        position_std_m=None if pose.position_std_m is None else pose.position_std_m[rows],
    )


def _sensor_between(sensor: Sensor, after_s: float, until_s: float) -> Sensor | None:
    rows = _between(sensor.time_s, after_s, until_s)
    if rows.start == rows.stop:
        return None
    return replace(sensor, time_s=sensor.time_s[rows], data=sensor.data[rows], channel=sensor.channel[rows])
