"""Record into a scan file that can be followed while it grows: what an instrument's own recorder does.

It plays a scan that is there already, at its pace, in place of an instrument:

    python examples/recorder.py sample_data/pmn_sand.h5 growing.h5 &
    dualsense replay --follow --step 0.1 growing.h5

What makes a file that can be followed: tables in chunks that can grow, HDF5's newest layout
(``libver="latest"``), all groups and attributes before ``swmr_mode``, and of every new row the clock last.
``--resume`` goes on with a file that an earlier call began.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUPS = ("pose", "gpr", "emi")
CHUNK_BYTES = 2**15
FLUSH_S = 0.01
"""Samples of so long a time are written together."""


def tables_of(group: h5py.Group) -> list[str]:
    """Name the tables with a row for each time: the clock comes last, for with it the row is there."""
    count, grows = len(group["time"]), group["time"].maxshape[0] is None
    grown = ("position", "orientation", "position_std", "data", "channel")
    present = [name for name in grown if name in group]
    if grows:
        return [name for name in present if group[name].maxshape[0] is None] + ["time"]
    return [name for name in present if group[name].shape[:1] == (count,)] + ["time"]


def begin(source: h5py.File, path: Path) -> None:
    """Write all that does not grow, and empty tables for what does."""
    with h5py.File(path, "w", libver="latest") as file:
        file.attrs.update(source.attrs)
        for key in source:
            if key in GROUPS:
                begin_group(source[key], file.create_group(key))
            else:
                source.copy(key, file)


def begin_group(source: h5py.Group, group: h5py.Group) -> None:
    """Write the same of one sensor or of the track."""
    group.attrs.update(source.attrs)
    growing = tables_of(source)
    for name, table in source.items():
        if name not in growing:
            source.copy(name, group)
            continue
        row = table.shape[1:]
        rows = max(1, CHUNK_BYTES // (table.dtype.itemsize * int(np.prod(row))))
        made = group.create_dataset(name, (0, *row), table.dtype, maxshape=(None, *row), chunks=(rows, *row))
        made.attrs.update(table.attrs)


def moments(source: h5py.File) -> Iterator[float]:
    """Give the times, in the scan's own seconds, up to which rows are written together."""
    clocks = [source[f"{key}/time"] for key in GROUPS if key in source]
    first_s, last_s = min(clock[0] for clock in clocks), max(clock[-1] for clock in clocks)
    yield from np.arange(first_s + FLUSH_S, last_s, FLUSH_S).tolist()
    yield float(last_s)


def append(file: h5py.File, source: h5py.File, until_s: float) -> None:
    """Add all rows up to a time."""
    for key in GROUPS:
        if key not in source:
            continue
        done = len(file[f"{key}/time"])
        stop = int(np.searchsorted(source[f"{key}/time"], until_s, side="right"))
        if stop <= done:
            continue
        for name in tables_of(source[key]):
            table = file[f"{key}/{name}"]
            table.resize(stop, axis=0)
            table[done:stop] = source[f"{key}/{name}"][done:stop]
            table.flush()


def mend(path: Path) -> None:
    """Make a file that can be written on of one that its writer never closed: HDF5 opens that for reading only."""
    with path.open("rb") as stream:
        left_open = stream.read(12)[11] != 0  # the mark that a writer sets, and takes away as it closes the file
    if not left_open:
        return
    beside = path.with_suffix(".mended")
    with h5py.File(path, "r", swmr=True, locking=False) as old:
        begin(old, beside)
        with h5py.File(beside, "r+", libver="latest") as file:
            append(file, old, np.inf)
    beside.replace(path)


def record(
    scan: Path,
    path: Path,
    *,
    speed: float,
    stop_after_s: float | None = None,
    resume: bool = False,
    tell: bool = False,
) -> None:
    """Play a scan into a growing file.

    Parameters
    ----------
    scan
        What is recorded.
    path
        The growing file.
    speed
        Times real time; infinity does not wait.
    stop_after_s
        Of the recording; None records all of it.
    resume
        Whether to add to a file that an earlier call left.
    tell
        Whether to print up to which time of the recording rows are written, and the machine's clock.
    """
    with h5py.File(scan, "r") as source:
        if resume:
            mend(path)
        else:
            begin(source, path)
        with h5py.File(path, "r+", libver="latest") as file:
            file.swmr_mode = True
            clocks = [file[f"{key}/time"] for key in GROUPS if key in file]
            already_s = max((float(clock[-1]) for clock in clocks if len(clock)), default=-np.inf)
            began, first_s = time.monotonic(), None
            for until_s in moments(source):
                if until_s <= already_s:
                    continue
                first_s = until_s if first_s is None else first_s
                wait_s = (until_s - first_s) / speed - (time.monotonic() - began)
                if wait_s > 0.0:
                    time.sleep(wait_s)
                append(file, source, until_s)
                if tell:
                    sys.stdout.write(f"{until_s:.3f} {time.time():.3f}\n")
                    sys.stdout.flush()
                if stop_after_s is not None and until_s - first_s >= stop_after_s:
                    return


def main() -> None:
    """Read the command line, and record."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("scan", type=Path, help="what is played in place of an instrument")
    words.add_argument("path", type=Path, help="the file that grows")
    words.add_argument("--speed", type=float, default=1.0, help="times real time; inf does not wait")
    words.add_argument("--stop-after", type=float, metavar="S", help="stop recording after so many seconds")
    words.add_argument("--resume", action="store_true", help="go on with a file that was begun before")
    words.add_argument("--tell", action="store_true", help="print what is written, and when")
    given = words.parse_args()
    options = {"speed": given.speed, "stop_after_s": given.stop_after, "resume": given.resume, "tell": given.tell}
    record(given.scan, given.path, **options)


if __name__ == "__main__":
    main()
