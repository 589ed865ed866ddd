"""Folders of results that are there whole or not at all.

The files are made in a hidden place beside the folder and synced. A folder that is not there yet is renamed into
being, and one that is there changes names with the new one in a single step of the file system, where that is to
be had (Linux's rename exchange); files of others are linked into the new one before. Where it is not to be had,
the last file, whose presence means that the folder is complete, leaves first and comes last: who is killed between
leaves a folder without it, and a note by which the next run goes on where this one stopped.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dualsense.errors import DualsenseError, UsageError
from dualsense.runtime import files
from dualsense.runtime.files import EXCHANGE, NO_REPLACE, kind_of, mark_of, rename_with, sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_FRESH, _PREVIOUS, _READY, _OUT = "fresh", "previous", "ready", "out"
_MOST_LINKED = 1000
"""Files of others in a folder that is exchanged; with more of them it is filled file by file."""
_SYNCED_AT_ONCE = 12


def refuse_link(folder: Path) -> None:
    """Raise UsageError where the folder's name is a link, or of something other than a folder."""
    if folder.is_symlink():
        msg = f"{folder}: is a link, expected a folder; give what it points at"
        raise UsageError(msg)
    if os.path.lexists(folder) and not folder.is_dir():
        msg = f"{folder}: is a file, expected a folder to write to"
        raise UsageError(msg)


def write_folder(folder: Path, names: Sequence[str], fill: Callable[[Path], None], *, overwrite: bool) -> None:
    """Write a folder of files, whole or not at all, in the place of an earlier one of the same kind.

    Parameters
    ----------
    folder
        Where to; made, with its parents, when it does not exist. Files of other names in it stay.
    names
        Of all files that such a folder may hold, the one whose presence means that it is complete last.
    fill
        Called with an empty folder to write them into.
    overwrite
        Whether files of these names may be there already.

    Raises
    ------
    DualsenseError
        Another process is writing there; the message names it.
    UsageError
        A link or a file is in the folder's place, or files of these names that are not to be replaced.
    OSError
        It cannot be written.
    """
    refuse_link(folder)
    parent = folder.absolute().parent
    if not folder.exists():
        parent.mkdir(parents=True, exist_ok=True)
    with sole_writer(folder):
        _tidy(folder, names)
        refuse_held(folder, names, overwrite=overwrite)
        place = _workplace(folder) / f".{mark_of(folder)}.{os.urandom(6).hex()}.new"
        place.mkdir(mode=0o700)
        try:
            fresh = place / _FRESH
            fresh.mkdir()  # with the usual permissions; the place around it is private
            fill(fresh)
            _sync_all(fresh)
            _bring(fresh, folder, place, names)
            sync_folder(parent)
        finally:
            _clear(place, folder, names)


@contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Be the only process that writes a folder while the block runs.

    Raises
    ------
    DualsenseError
        Another one does; the message names it.
    """
    path = _workplace(folder) / f".{mark_of(folder)}.lock"
    file = _locked(path, folder)
    try:
        os.ftruncate(file, 0)
        moment = time.strftime("%Y-%m-%d %H:%M:%S")
        os.write(file, f"process {os.getpid()} on {os.uname().nodename}, since {moment}".encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(file)


def tidy_up(folder: Path, names: Sequence[str]) -> None:
    """Remove what a killed writer of this folder has left, and finish what it had begun to move.

    Parameters
    ----------
    folder, names
        As for `write_folder`. Nothing is done while another process writes there.
    """
    if _leftovers(folder):
        with suppress(DualsenseError, OSError), sole_writer(folder):
            _tidy(folder, names)


def refuse_held(folder: Path, names: Sequence[str], *, overwrite: bool) -> None:
    """Raise UsageError where files of these names are there that are not to be replaced, or are no files."""
    found = [name for name in names if os.path.lexists(folder / name)]
    if found and not overwrite:
        held = ", ".join(found)
        msg = f"{folder}: already holds {held}; allow overwriting (--overwrite) or choose another folder"
        raise UsageError(msg)
    for name in found:
        kind = kind_of(folder / name)
        if kind:
            msg = f"{folder}: {name} is {kind}, expected a file"
            raise UsageError(msg)


def _leftovers(folder: Path) -> list[Path]:
    pattern = re.compile(rf"\.{re.escape(mark_of(folder))}\.[0-9a-f]{{12}}\.new")
    found: list[Path] = []
    for where in sorted({folder.absolute(), folder.absolute().parent}):
        with suppress(OSError):  # no such folder, or not for us to look into
            names = [one.name for one in os.scandir(where) if one.is_dir(follow_symlinks=False)]
            found += [where / name for name in names if pattern.fullmatch(name)]
    return sorted(found)


def _tidy(folder: Path, names: Sequence[str]) -> None:
    for place in _leftovers(folder):
        if (place / _READY).exists() and folder.is_dir():
            # the files are all there, since the note came after they were synced
            _move(place, folder, names)
        _clear(place, folder, names)


def _locked(path: Path, folder: Path) -> int:
    """Open and lock the file that stands for the right to write a folder."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    while True:
        file = os.open(path, flags, 0o666)
        if not files.lock(file):
            who = os.read(file, 200).decode("utf-8", "replace").strip() or "another process"
            os.close(file)
            msg = f"{folder}: {who}, is writing there"
            raise DualsenseError(msg)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file), path.stat()):
                return file
        os.close(file)  # it was removed by who held it until now


def _workplace(folder: Path) -> Path:
    """Folder to work in: beside the target, or inside where its parent is not ours or on another disk."""
    parent = folder.absolute().parent
    if not folder.exists():
        return parent
    beside = os.access(parent, os.W_OK | os.X_OK) and parent.stat().st_dev == folder.stat().st_dev
    return parent if beside else folder


def _sync_all(folder: Path) -> None:
    """Let all files of a folder reach the disk at once, which takes little longer than one of them."""

    def sync(path: Path) -> None:
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)

    with ThreadPoolExecutor(_SYNCED_AT_ONCE) as pool:
        list(pool.map(sync, sorted(folder.iterdir())))
    sync_folder(folder)


def _bring(fresh: Path, folder: Path, place: Path, names: Sequence[str]) -> None:
    """Put the new folder in its place."""
    if not folder.exists():
        if not rename_with(fresh, folder, NO_REPLACE):
            fresh.rename(folder)
        return
    if _may_be_exchanged(folder, names):
        with suppress(OSError):
            _link_others(folder, fresh, names)
            shutil.copystat(folder, fresh)
            os.utime(fresh)
            sync_folder(fresh)
            if rename_with(fresh, folder, EXCHANGE):
                return
        _unlink_others(fresh, names)
    (place / _READY).touch()
    sync_folder(place)
    given = [name for name in names if (fresh / name).exists()]
    try:
        _move(place, folder, names)
    except BaseException:
        _put_back(place, folder, given)
        raise


def _may_be_exchanged(folder: Path, names: Sequence[str]) -> bool:
    """Whether nobody would miss the folder itself: it is ours, holds files alone, and is not where we stand."""
    found = folder.stat()
    if found.st_uid != os.geteuid() or _workplace(folder) == folder:
        return False
    with suppress(OSError):
        here = Path.cwd()
        if any(os.path.samestat(found, one.stat()) for one in (here, *here.parents)):
            return False
    others = [one for one in os.scandir(folder) if one.name not in names]
    return len(others) <= _MOST_LINKED and all(one.is_file(follow_symlinks=False) for one in others)


def _link_others(folder: Path, fresh: Path, names: Sequence[str]) -> None:
    for one in os.scandir(folder):
        if one.name not in names:
            os.link(one.path, fresh / one.name, follow_symlinks=False)


def _unlink_others(fresh: Path, names: Sequence[str]) -> None:
    for path in list(fresh.iterdir()):
        if path.name not in names:
            path.unlink()


def _move(place: Path, folder: Path, names: Sequence[str]) -> None:
    """Move the old files out, the last one first, and the new ones in, the last one last, or go on with that."""
    fresh, previous = place / _FRESH, place / _PREVIOUS
    if not (place / _OUT).exists():
        previous.mkdir(exist_ok=True)
        for name in reversed(names):
            if os.path.lexists(folder / name):
                (folder / name).replace(previous / name)
                if name == names[-1]:
                    sync_folder(folder)
        sync_folder(folder)
        (place / _OUT).touch()
        sync_folder(place)
    for name in names:
        if (fresh / name).exists():
            if name == names[-1]:
                sync_folder(folder)
            (fresh / name).replace(folder / name)
    sync_folder(folder)


def _put_back(place: Path, folder: Path, given: Sequence[str]) -> None:
    """Undo a move that failed."""
    (place / _READY).unlink()
    if (place / _OUT).exists():
        for name in given:
            if not (place / _FRESH / name).exists():
                shutil.move(folder / name, place / _FRESH / name)
    for path in (place / _PREVIOUS).iterdir():
        shutil.move(path, folder / path.name)


def _clear(place: Path, folder: Path, names: Sequence[str]) -> None:
    """Remove a hidden place; what others had put in the folder that it held goes to where it belongs."""
    fresh = place / _FRESH
    for path in list(fresh.iterdir()) if fresh.is_dir() and folder.is_dir() else ():
        if path.name not in names and not os.path.lexists(folder / path.name):
            with suppress(OSError):
                path.rename(folder / path.name)
    shutil.rmtree(place, ignore_errors=True)
