"""What is done in worker processes: nothing of a scan is ever opened by the server's own process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dualsense.errors import about, cause
from dualsense.runtime.logs import start_logging


@dataclass(frozen=True, slots=True)
class Processing:
    """A scan to be processed, and the folder for its results, which is not there yet."""

    scan: str
    out: str


def process_one(task: Processing) -> str:
    """Process a scan; return what went wrong in one line, nothing where nothing did."""
    start_logging(verbosity=-1)
    try:
        from dualsense.chain import process_recording  # noqa: PLC0415 - in the worker only
        from dualsense.io import open_recording  # noqa: PLC0415
        from dualsense.render import write_outputs  # noqa: PLC0415

        with open_recording(Path(task.scan)) as recording:
            result = process_recording(recording)
        write_outputs(result, Path(task.out))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is said beside the scan
        return about(task.scan, cause(error))
    return ""
