"""Append-only files of JSON lines: an entry that was acknowledged is on the disk, and a torn one spoils no other.

A line is written in one piece and synced before it is acknowledged. A writer that was killed may leave a line
without its end: the next one ends it first, so that it stands alone, and a reader passes over it and counts it.
Nothing in the file is ever changed or removed.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from dualsense.errors import DualsenseError
from dualsense.runtime.files import fcntl, refuse_odd, sync_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

MAX_ENTRY_BYTES = 16_384
MAX_JOURNAL_BYTES = 2**26


class TakenError(DualsenseError):
    """The name of an entry is another's already, and nothing was written."""


def append_entry(path: Path, entry: Mapping[str, Any], *, unique: str | None = None) -> bool:
    """Write an entry at the end of a journal, and return once the disk holds it.

    Parameters
    ----------
    path
        Of the journal; made where it is not there.
    entry
        Ready for JSON.
    unique
        Key whose value tells entries apart: one that is there already, as after an acknowledgement that got lost,
        is not written again.

    Returns
    -------
    bool
        Whether it was written; False where it was there already.

    Raises
    ------
    UsageError
        A link, a device or a folder is in the file's place.
    DualsenseError
        The entry or the journal is too long.
    OSError
        It cannot be written.
    """
    line = json.dumps(entry, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"
    refuse_odd(path)
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    file = os.open(path, flags, 0o666)
    try:
        with _alone(file, "LOCK_EX"):
            size = os.fstat(file).st_size
            if len(line) > MAX_ENTRY_BYTES or size + len(line) > MAX_JOURNAL_BYTES:
                msg = f"{path.name}: the entry has {len(line)} bytes and the journal {size}, which is too long"
                raise DualsenseError(msg)
            if unique is not None and any(one.get(unique) == entry[unique] for one in _entries(file, size)[0]):
                os.fsync(file)  # whoever wrote it may have been ended before that
                return False
            torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
            _write(file, b"\n" + line if torn else line)
            os.fsync(file)
    finally:
        os.close(file)
    sync_folder(path.parent)
    return True


def append_once(path: Path, entry: Mapping[str, Any], *, unique: str, same: Collection[str]) -> dict[str, Any]:
    """Write an entry, or give the one that is there already under its name and says the same.

    Parameters
    ----------
    path, entry, unique
        As for `append_entry`.
    same
        Keys in which an entry of that name must agree to be the same one, asked for again.

    Returns
    -------
    dict
        The entry that the journal holds.

    Raises
    ------
    TakenError
        An entry of that name says something else.
    DualsenseError, OSError
        As for `append_entry`.
    """
    if append_entry(path, entry, unique=unique):
        return dict(entry)
    for one in read_journal(path)[0]:
        if one.get(unique) == entry[unique] and all(one.get(key) == entry[key] for key in same):
            return one
    msg = f"{unique}: another one of the name {entry[unique]!r:.60} was recorded before, and this one was not"
    raise TakenError(msg)


def read_journal(path: Path) -> tuple[list[dict[str, Any]], int]:
    """Read a journal that may be at work, or have been left by a killed writer.

    Parameters
    ----------
    path
        Of the journal, which need not be there.

    Returns
    -------
    entries : list of dict
        In the order in which they were written.
    torn : int
        Lines that are no entries.

    Raises
    ------
    OSError
        It cannot be read, or is no plain file.
    DualsenseError
        It is too long.
    """
    try:
        refuse_odd(path)
        file = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return [], 0
    try:
        with _alone(file, "LOCK_SH"):
            size = os.fstat(file).st_size
            if size > MAX_JOURNAL_BYTES:
                msg = f"{path.name}: has {size} bytes, expected at most {MAX_JOURNAL_BYTES}"
                raise DualsenseError(msg)
            return _entries(file, size)
    finally:
        os.close(file)


def _entries(file: int, size: int) -> tuple[list[dict[str, Any]], int]:
    entries, torn = [], 0
    for line in os.pread(file, size, 0).split(b"\n"):
        if not line:
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            entry = None
        if isinstance(entry, dict):
            entries.append(entry)
        else:
            torn += 1
    return entries, torn


def _write(file: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(file, left) :]


@contextmanager
def _alone(file: int, kind: Literal["LOCK_EX", "LOCK_SH"]) -> Iterator[None]:
    """Wait for other writers, where the system has such locks; the lock goes with the file."""
    if fcntl is not None:
        try:
            fcntl.flock(file, getattr(fcntl, kind))
        except OSError:  # a network's file system without locks
            yield
            return
    yield
