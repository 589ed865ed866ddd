"""A scan file that another process is writing: which rows have come, and whether anybody still writes.

HDF5's single-writer mode lets a file be read while tables of it grow. A row is there when every table of its group
has it, and the clock's own number of it can be true: whatever a table shows beyond that has not arrived whole.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from dualsense.errors import ScanError
from dualsense.faults import fault
from dualsense.io import _schema as schema
from dualsense.io._hdf5 import file_digest, scan_of
from dualsense.io._opening import open_source
from dualsense.io._recording import StoredRecording
from dualsense.runtime.growth import is_written
from dualsense.runtime.untrusted import Allowance

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from dualsense.io._nodes import Source
    from dualsense.scan import Scan

Writing = Literal["absent", "beginning", "going", "ended"]
"""No file; one that cannot be read yet; one that a writer has open; one that is closed."""
CLOCK_STEP_NS = 50_000_000
"""Two changes of a file may be told by one time if they lie closer together."""
_TABLES = {
    schema.POSE: (schema.POSE_TIME, schema.POSE_POSITION, schema.POSE_ORIENTATION, schema.POSE_POSITION_STD),
    schema.GPR: (schema.GPR_TIME, schema.GPR_DATA, schema.GPR_CHANNEL),
    schema.EMI: (schema.EMI_TIME, schema.EMI_DATA, schema.EMI_CHANNEL),
}
"""Of each group the clock, and what has a row for each of its numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """What one look at a growing recording found.

    Attributes
    ----------
    writing
        How far the writer is.
    scan
        Header, axes, and the poses and samples that are new; None where nothing is. A sensor without any new
        sample is None.
    anew
        Whether this is another recording than the one before, whose rows are all new.
    why
        Why a file that is there cannot be read; empty where it can.
    """

    writing: Writing
    scan: Scan | None = None
    anew: bool = False
    why: str = ""


class Growing:
    """Looks at a recording again and again, and tells what is new each time.

    The file need not be there yet; it may go and come back, as when a recorder starts again. The same recording,
    by its identity and its clocks, is gone on with where it was left.

    Parameters
    ----------
    path
        Of the scan file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._held: Source | None = None
        self._stack = ExitStack()
        self._place = (0, 0)
        self._seen: tuple[tuple[int, ...], News] | None = None
        self._identity: tuple[str, str, float] | None = None
        self._done = dict.fromkeys(_TABLES, 0)
        self._last = dict.fromkeys(_TABLES, -np.inf)

    def look(self) -> News:
        """Read what has come since the last look."""
        try:
            found = self.path.stat()
        except OSError:
            self.close()
            self._seen = None
            return News("absent")
        going, place = is_written(self.path), (found.st_dev, found.st_ino)
        mark = (*place, found.st_size, found.st_mtime_ns, going)
        if self._seen is not None and self._seen[0] == mark:
            return replace(self._seen[1], scan=None, anew=False)
        news = self._look(place, found.st_size, going=going)
        old_enough = time.time_ns() - found.st_mtime_ns > CLOCK_STEP_NS
        self._seen = (mark, news) if old_enough else None
        return news

    def _look(self, place: tuple[int, int], size: int, *, going: bool) -> News:
        if not going or place != self._place:
            self.close()
        self._place = place
        try:
            if self._held is None:
                self._held = self._stack.enter_context(open_source(self.path, growing=going, locking=False))
            source = _as_it_is_now(self._held, size) if going else self._held
            return self._news(source, "going" if going else "ended")
        except ScanError as error:
            self.close()
            return News("beginning", why=str(error))
        finally:
            if not going:
                self.close()

    def close(self) -> None:
        """Let go of the file; the next look opens it again."""
        self._stack.close()
        self._held = None

    def _news(self, source: Source, writing: Writing) -> News:
        outline = scan_of(source, with_data=False, with_truth=False)
        clocks = {schema.POSE: outline.pose.time_s}
        clocks |= {
            group: data.time_s
            for group, data in ((schema.GPR, outline.gpr), (schema.EMI, outline.emi))
            if data is not None
        }
        anew = self._is_another(outline, clocks)
        if anew:
            self._done, self._last = dict.fromkeys(_TABLES, 0), dict.fromkeys(_TABLES, -np.inf)
        new = {group: np.arange(self._done[group], clock.size) for group, clock in clocks.items()}
        if not any(rows.size for rows in new.values()):
            return News(writing, anew=anew)
        none = np.empty(0, np.intp)
        part = StoredRecording(outline, source).part(
            gpr=new.get(schema.GPR, none), emi=new.get(schema.EMI, none), pose=new[schema.POSE]
        )
        for group, clock in clocks.items():
            self._done[group] = clock.size
            self._last[group] = float(clock[-1]) if clock.size else -np.inf
        return News(writing, part, anew)

    def _is_another(self, outline: Scan, clocks: dict[str, NDArray[np.float64]]) -> bool:
        """Whether what is in the file does not go on with what was read of it before."""
        identity = outline.header.scan_id, outline.header.created, float(outline.pose.time_s[0])
        before, self._identity = self._identity, identity
        if before is None:
            return True
        held = {group: self._done[group] for group in clocks if self._done[group]}
        shorter = any(clocks[group].size < count for group, count in held.items())
        return (
            before != identity
            or shorter
            or any(clocks[group][count - 1] != self._last[group] for group, count in held.items())
        )


def read_unfinished(path: str | os.PathLike[str]) -> Scan:
    """Read what there is of a scan file that its writer has not closed, or has closed.

    Parameters
    ----------
    path
        HDF5 file.

    Returns
    -------
    Scan
        As from `read_scan`, without what was really buried. Of a file that is not closed it has the rows that are
        whole, and a fault that says so.

    Raises
    ------
    ScanError
        As from `read_scan`.
    """
    path = Path(path)
    going = is_written(path)
    with open_source(path, growing=going, locking=False if going else "best-effort") as source:
        if not going:
            return replace(scan_of(source, with_data=True, with_truth=False), sha256=file_digest(path, source))
        now = _as_it_is_now(source, path.stat().st_size)
        scan = scan_of(now, with_data=True, with_truth=False)
        last_s = max(clock for clock in (_end(scan.pose), _end(scan.gpr), _end(scan.emi)))
        cut = fault("recording-unfinished", path=schema.POSE_TIME.path, last_s=last_s)
        return replace(scan, sha256=file_digest(path, source), faults=(*scan.faults, cut))


def _end(stream: object) -> float:
    clock: NDArray[np.float64] | None = getattr(stream, "time_s", None)
    return -np.inf if clock is None or not clock.size else float(clock[-1])


def _as_it_is_now(source: Source, size: int) -> Source:
    """Give the source with its tables as long as they are by now, and the rows of each that are whole."""
    allowance = Allowance(size, source.allowance.longest_text)
    fresh = replace(source, allowance=allowance, claimed={}, rows={})
    rows: dict[str, int] = {}
    for group, fields in _TABLES.items():
        if fresh.group(group) is None:
            continue
        tables = {field.path: fresh.refreshed(field.path) for field in fields}
        lengths = {
            path: node.shape[0] for path, node in tables.items() if node is not None and node.maxshape[0] is None
        }
        if fields[0].path not in lengths:
            continue
        whole = min(lengths.values())
        clock = fresh.read(tables[fields[0].path], fields[0].path, np.arange(whole))
        rows |= dict.fromkeys(lengths, _arrived(np.asarray(clock, np.float64).reshape(-1)))
    return replace(fresh, rows=rows)


def _arrived(clock_s: NDArray[np.float64]) -> int:
    """Count the rows up to the last whose time can be one: a number, and not before all that precede it."""
    if not clock_s.size:
        return 0
    latest = np.fmax.accumulate(np.concatenate(([-np.inf], clock_s[:-1])))
    good = np.flatnonzero(np.isfinite(clock_s) & (clock_s >= latest))
    return int(good[-1]) + 1 if good.size else 0
