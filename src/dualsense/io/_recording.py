"""A recording whose samples are read when they are needed: all at once, or those of a part of the ground."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dualsense.io._hdf5 import file_digest, scan_of
from dualsense.io._importers.detect import import_scan, is_foreign
from dualsense.io._opening import check_file, open_source
from dualsense.io._sensors import read_emi, read_gpr
from dualsense.io._text import one_line

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from dualsense.io._nodes import Source
    from dualsense.scan import EmiData, Fault, GprData, Pose, Scan

    Rows = NDArray[np.intp]


class Recording(Protocol):
    """A scan of which parts can be had."""

    @property
    def outline(self) -> Scan:
        """The header, the track and the axes of both sensors, and what is known to be wrong with the whole.

        Samples may be missing from it; times, channels and geometry are not.
        """

    def whole(self) -> Scan:
        """Give all of it."""

    def part(self, *, gpr: Rows, emi: Rows, pose: Rows) -> Scan:
        """Give some of it.

        Parameters
        ----------
        gpr, emi, pose
            Increasing row numbers of the outline's soundings, samples and poses.

        Returns
        -------
        Scan
            Its faults are those of these samples; those of the whole are the outline's. A sensor of which no
            sample is asked for is None.
        """


@dataclass(frozen=True, slots=True, eq=False)
class HeldRecording:
    """A scan that is in memory."""

    outline: Scan

    def whole(self) -> Scan:
        """Give all of it."""
        return self.outline

    def part(self, *, gpr: Rows, emi: Rows, pose: Rows) -> Scan:
        """Give some of it; see `Recording.part`."""
        held = self.outline
        radar = None if held.gpr is None or not gpr.size else _rows_of(held.gpr, gpr)
        metal = None if held.emi is None or not emi.size else _rows_of(held.emi, emi)
        return replace(held, pose=pose_rows(held.pose, pose), gpr=radar, emi=metal, truth=None, faults=())


@dataclass(frozen=True, slots=True, eq=False)
class StoredRecording:
    """A scan in an open file, of which only the outline is in memory."""

    outline: Scan
    source: Source

    def whole(self) -> Scan:
        """Read all of it."""
        return replace(scan_of(self.source, with_data=True, with_truth=False), sha256=self.outline.sha256)

    def part(self, *, gpr: Rows, emi: Rows, pose: Rows) -> Scan:
        """Read some of it; see `Recording.part`."""
        held = self.outline
        radar, radar_faults = self._radar(gpr) if held.gpr is not None and gpr.size else (None, ())
        metal, metal_faults = self._metal(emi) if held.emi is not None and emi.size else (None, ())
        said = tuple(one for one in radar_faults + metal_faults if one not in held.faults)
        return replace(held, pose=pose_rows(held.pose, pose), gpr=radar, emi=metal, truth=None, faults=said)

    def _radar(self, rows: Rows) -> tuple[GprData | None, tuple[Fault, ...]]:
        return read_gpr(self.source, with_data=True, rows=rows)

    def _metal(self, rows: Rows) -> tuple[EmiData | None, tuple[Fault, ...]]:
        return read_emi(self.source, with_data=True, rows=rows)


@contextmanager
def open_recording(path: str | os.PathLike[str], **options: Any) -> Iterator[Recording]:
    """Open a recording in any format that is known here; samples of a scan file are read when they are asked for.

    What was really buried is not read.

    Parameters
    ----------
    path
        As for `import_scan`.
    **options
        Of the importer of a foreign format, which is read whole.

    Yields
    ------
    Recording

    Raises
    ------
    ScanError
        As from `import_scan`; what is wrong with samples shows when they are read.
    UsageError
        The importer has no such option.
    """
    path = Path(path)
    check_file(path, one_line(path.name or str(path)))
    if options or is_foreign(path):
        yield HeldRecording(import_scan(path, **options))
        return
    with open_source(path) as source:
        outline = scan_of(source, with_data=False, with_truth=False)
        yield StoredRecording(replace(outline, sha256=file_digest(path, source)), source)


def pose_rows(pose: Pose, rows: Rows) -> Pose:
    """Take some poses of a track."""
    orientation = None if pose.orientation is None else pose.orientation[rows]
    std = None if pose.position_std_m is None else pose.position_std_m[rows]
    return replace(
        pose,
        time_s=pose.time_s[rows],
        position_m=pose.position_m[rows],
        orientation=orientation,
        position_std_m=std,
    )


def _rows_of(data: Any, rows: Rows) -> Any:
    return replace(data, time_s=data.time_s[rows], data=data.data[rows], channel=data.channel[rows])
