"""Scans that lie in a folder, or come to it, are processed one after another; one that fails is told with its why.

The folder is looked through again and again, since no file system tells of what comes to it from everywhere. A
file is taken when it has stopped growing, and one that a recorder has open once it is closed, or has not grown for
so long that nobody will. Results are never replaced: a scan whose hash a result has is done
already, and a changed one gets a folder of its own.
"""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any, Literal

from dualsense.app._listing import LIST, Shelf, is_plain, key_of, mark_of, read_list
from dualsense.app._work import Processing, process_one
from dualsense.errors import one_line
from dualsense.runtime.growth import is_written
from dualsense.runtime.workers import LastingWorker, WorkerDiedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

State = Literal["recording", "waiting", "working", "done", "failed"]
RESULTS = "results"
"""Folder below the scans' own that results go to, where no other is asked for."""
POLL_S = 1.0
RESTING = 20.0
"""Times as long as looking through the folder took, it is left in peace."""
UNFINISHED_S = 30.0
"""A recording that was not closed and has not grown for so long has ended all the same."""
LEAST_S, SECONDS_PER_MB = 600.0, 30.0
"""A scan may take this long, and so much more for its size; beyond that something goes round in circles."""


@dataclass(slots=True)
class Waiting:
    """What is known of one scan file.

    Attributes
    ----------
    mark
        Time and size by which a change is noticed.
    state, problem
        How far it is, and why it failed.
    sha256
        Of its bytes, once it has stopped growing.
    since_s
        When this mark was first seen, on the monotonic clock.
    """

    path: Path
    mark: tuple[int, int]
    state: State = "waiting"
    problem: str = ""
    sha256: str = ""
    since_s: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class Workshop:
    """The scans of a shelf, and the one process that works at them.

    Attributes
    ----------
    shelf
        Where results are looked for.
    out
        Folder for new results.
    only
        The one scan to take; None for all that the shelf's folder holds.
    beside
        Scans that are known by their hashes and never processed.
    processes
        Whether scans are processed, or only known by their hashes.
    """

    shelf: Shelf
    out: Path
    only: Path | None = None
    beside: tuple[Path, ...] = ()
    processes: bool = True
    _scans: dict[Path, Waiting] = field(default_factory=dict)
    _done: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)
    _ended: Event = field(default_factory=Event)
    _worker: LastingWorker[Processing, str] = field(
        default_factory=lambda: LastingWorker(process_one, threads=os.cpu_count() or 1)
    )
    _thread: Thread | None = None

    def start(self) -> None:
        """Begin to look, in a thread of its own."""
        self._thread = Thread(target=self._run, name="workshop", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the work, whatever it is at: what is half written is put away by the worker."""
        self._ended.set()
        self._worker.stop()
        if self._thread is not None:
            self._thread.join()

    def rows(self) -> list[dict[str, Any]]:
        """Describe the scans that have no result: waiting, at work, or failed with the cause."""
        with self._lock:
            held = [one for one in self._scans.values() if one.state != "done"]
        rows = []
        for one in held if self.processes else ():
            key = self._key(one.path) if one.state == "recording" else ""
            row = {"key": key, "name": self._name(one.path), "state": one.state}
            rows.append(row | ({"problem": one.problem} if one.problem else {}))
        return rows

    def scan_of(self, sha256: str) -> Path | None:
        """Find the scan file of a hash."""
        with self._lock:
            found = [one.path for one in self._scans.values() if one.sha256 == sha256 and sha256]
        return found[0] if found else None

    def worker_pid(self) -> int | None:
        """Tell the process that works at scans."""
        return self._worker.pid

    def _name(self, path: Path) -> str:
        if path.is_relative_to(self.shelf.folder):
            return self.shelf.name(path)
        return os.fsencode(path.name).decode("utf-8", "backslashreplace")

    def _run(self) -> None:
        while not self._ended.is_set():
            began = time.monotonic()
            self._look()
            took_s = time.monotonic() - began
            for one in self._ready():
                if self._ended.is_set():
                    return
                self._take(one)
            self._ended.wait(max(POLL_S, RESTING * took_s))

    def _look(self) -> None:
        """Note what has come, changed and gone."""
        self._done = {row["scan_sha256"] for row in self.shelf.listing() if row.get("scan_sha256")}
        paths = [*self._own(), *self.beside]
        marks = {path: mark_of(path) for path in paths if is_plain(path)}
        with self._lock:
            for path in set(self._scans) - set(marks):
                del self._scans[path]
            for path, mark in marks.items():
                known = self._scans.get(path)
                if known is None or known.mark != mark:
                    self._scans[path] = Waiting(path, mark, "recording" if is_written(path) else "waiting")
                elif not known.sha256 and (known.state == "waiting" or _has_ended(known)):
                    # it has not changed since the last look: nobody is writing it any more
                    known.sha256, known.problem = _digest(path)
                    known.state = "failed" if known.problem else "waiting"

    def recorded(self, key: str) -> Path | None:
        """Find the scan that is being recorded, by its key."""
        with self._lock:
            found = [one.path for one in self._scans.values() if one.state == "recording"]
        return next((path for path in found if self._key(path) == key), None)

    def _key(self, path: Path) -> str:
        return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]

    def _own(self) -> Iterable[Path]:
        return self.shelf.scans() if self.only is None else (self.only,)

    def _ready(self) -> list[Waiting]:
        """Give the scans that are to be processed, and mark those that are."""
        with self._lock:
            ready = [one for one in self._scans.values() if one.sha256 and one.state == "waiting"]
            for one in ready:
                if one.sha256 in self._done or one.path in self.beside or not self.processes:
                    one.state = "done"
        return sorted((one for one in ready if one.state == "waiting"), key=lambda one: one.path)

    def _take(self, one: Waiting) -> None:
        one.state = "working"
        most_s = LEAST_S + SECONDS_PER_MB * one.mark[1] / 1e6
        answer = self._worker.ask(Processing(str(one.path), str(self._place(one))), most_s=most_s)
        problem = f"{one.path.name}: {answer}" if isinstance(answer, WorkerDiedError) else answer
        with self._lock:
            one.problem = one_line(problem.replace(f"{one.path.parent}{os.sep}", ""))
            one.state = "failed" if problem else "done"

    def _place(self, one: Waiting) -> Path:
        """Name the folder for the result of a scan: one that is not there."""
        if self.only is not None:
            return self.shelf.folder
        return free_folder(self.out / one.path.relative_to(self.shelf.folder).with_suffix(""))


def _has_ended(one: Waiting) -> bool:
    """Whether a recording that is not closed has not grown for long."""
    return one.state == "recording" and time.monotonic() - one.since_s >= UNFINISHED_S


def free_folder(wanted: Path, sha256: str = "") -> Path:
    """Name a folder that is not there, or that holds the result of the scan with this hash.

    Parameters
    ----------
    wanted
        Taken if it can be; otherwise the same with a number.
    sha256
        Of the scan; empty for a folder that must be new.
    """
    number, folder = 1, wanted
    while os.path.lexists(folder) and not (sha256 and _holds(folder, sha256)):
        number += 1
        folder = wanted.with_name(f"{wanted.name}-{number}")
    return folder


def _holds(folder: Path, sha256: str) -> bool:
    try:
        return read_list(folder / LIST).get("scan_sha256") == sha256
    except (OSError, ValueError, RecursionError):
        return False


def _digest(path: Path) -> tuple[str, str]:
    """Hash a file; with it, why that cannot be."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest(), ""
    except OSError as error:
        return "", f"{path.name}: {error.strerror or error}"


def shop_of(path: Path, out: Path | None, *, processes: bool) -> tuple[Workshop, str]:
    """Set up the workshop over what is to be viewed.

    Parameters
    ----------
    path
        A folder, a result's own folder, or a scan file; there.
    out
        Folder for new results; None takes ``results`` beside the scans.
    processes
        Whether scans are processed.

    Returns
    -------
    Workshop, str
        And the key of the one result that there is to see; empty for a folder of many.
    """
    path = path.resolve()
    if not path.is_dir():
        sha256, _ = _digest(path)
        wanted = (out or path.parent / RESULTS) / path.stem
        folder = free_folder(wanted, sha256)
        shop = Workshop(Shelf(folder), folder.parent, only=path, processes=processes)
        return shop, key_of(folder, folder)
    shelf = Shelf(path)
    if (path / LIST).is_file():
        return Workshop(shelf, out or path / RESULTS, beside=_neighbours(path), processes=False), key_of(
            path, path
        )
    return Workshop(shelf, out or path / RESULTS, processes=processes), ""


def _neighbours(folder: Path) -> tuple[Path, ...]:
    """Name the scans that lie near a result: what it was made from may be among them."""
    places: Sequence[Path] = (folder, folder.parent, folder.parent.parent)
    found: list[Path] = []
    for place in places:
        try:
            names = sorted(one.name for one in os.scandir(place) if one.name.endswith((".h5", ".hdf5")))
        except OSError:
            continue
        found += [place / name for name in names if name != "result.h5"]
    return tuple(found[:1000])
