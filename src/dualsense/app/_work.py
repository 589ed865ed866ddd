"""What is done in worker processes: nothing of a scan is ever opened by the server's own process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dualsense.errors import about, cause
from dualsense.runtime.growth import is_written
from dualsense.runtime.logs import start_logging

if TYPE_CHECKING:
    from dualsense.live import Following


@dataclass(frozen=True, slots=True)
class Processing:
    """A scan to be processed, and the folder for its results, which is not there yet."""

    scan: str
    out: str


_followed: dict[str, Following] = {}
"""In the worker that draws recordings: what is being followed."""
MOST_FOLLOWED = 4


def draw_one(scan: str) -> tuple[bytes, float]:
    """Draw what is known so far of a scan that is being recorded, and tell the time of its last sample.

    The picture is empty while nothing is known; the time, in seconds, is the recording's own.
    """
    from dualsense.live import Following  # noqa: PLC0415 - in the worker only
    from dualsense.recipe import Recipe  # noqa: PLC0415
    from dualsense.render import frame_png  # noqa: PLC0415

    if scan not in _followed:
        while len(_followed) >= MOST_FOLLOWED:
            _followed.pop(next(iter(_followed))).close()
        _followed[scan] = Following(Path(scan), Recipe())
    following = _followed[scan]
    following.look()
    if following.sweep is None or following.header is None:
        return b"", 0.0
    time_s = following.last_s - following.start_s
    trace_time_s, trace = following.sweep.metal_trace()
    picture = frame_png(
        following.header,
        following.sweep.sketch(),
        time_s=time_s,
        duration_s=max(time_s, 1.0),
        trace_time_s=trace_time_s,
        trace=trace,
        quick=True,
    )
    return picture, following.last_s


def process_one(task: Processing) -> str:
    """Process a scan; return what went wrong in one line, nothing where nothing did."""
    start_logging(verbosity=-1)
    try:
        from dualsense.chain import process_recording  # noqa: PLC0415 - in the worker only
        from dualsense.io import open_recording, read_unfinished  # noqa: PLC0415
        from dualsense.render import write_outputs  # noqa: PLC0415

        if is_written(Path(task.scan)):
            result = process_recording(read_unfinished(Path(task.scan)))
        else:
            with open_recording(Path(task.scan)) as recording:
                result = process_recording(recording)
        write_outputs(result, Path(task.out))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is said beside the scan
        return about(task.scan, cause(error))
    return ""
