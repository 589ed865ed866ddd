"""Files that are there whole or not at all: written beside their place, synced, and named at the end.

What a killed writer leaves, a hidden part beside the place, is removed by the next writer of the same place; a
part that is still being written is known by its lock. Links and devices are refused: who writes to a link writes
somewhere else than was asked for.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import re
import stat
import sys
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, cast

from dualsense.errors import UsageError

try:
    import fcntl
except ImportError:  # no such locks on this system: two writers are not told of each other there
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NO_REPLACE, EXCHANGE = 1, 2
"""Flags of Linux's `renameat2`."""
_AT_FDCWD = -100
_UNABLE = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM})
_LONG_NAME_BYTES = 200


@contextmanager
def whole_file(path: Path, *, overwrite: bool = True) -> Iterator[IO[bytes]]:
    """Write a file that appears whole, at the end of the block, or not at all.

    Parameters
    ----------
    path
        Where to; its folder must be there.
    overwrite
        Whether a file that is there may be replaced.

    Yields
    ------
    IO of bytes
        Unbuffered, for reading and writing; its ``name`` is the part's path.

    Raises
    ------
    UsageError
        A link, a device or a folder is there, or a file that is not to be replaced.
    OSError
        It cannot be written.
    """
    refuse_odd(path)
    if not overwrite and os.path.lexists(path):
        raise UsageError(_exists(path))
    _remove_parts(path)
    part = path.with_name(f".{mark_of(path)}.{os.urandom(6).hex()}.part")
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(part, flags, 0o666), "r+b", buffering=0) as stream:
            lock(stream.fileno())
            yield cast("IO[bytes]", _Named(stream, part))
            os.fsync(stream.fileno())
            _name(part, path, overwrite=overwrite)
        sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


class _Named:
    """An unbuffered file that knows its path and writes all it is given."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self._stream, self.name = stream, str(path)

    def write(self, content: bytes | memoryview) -> int:
        left = memoryview(content).cast("B")
        while left:
            left = left[self._stream.write(left) :]
        return memoryview(content).nbytes

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def write_file(path: Path, content: bytes | str, *, overwrite: bool = True) -> None:
    """Write a file at once, whole or not at all; parameters and errors as for `whole_file`.

    Text is written as UTF-8; what UTF-8 has no form for, such as half of a pair, as an escape.
    """
    with whole_file(path, overwrite=overwrite) as stream:
        stream.write(content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content)


def refuse_odd(path: Path) -> None:
    """Raise UsageError where something other than a plain file is, links included."""
    kind = kind_of(path)
    if kind:
        msg = f"{path}: is {kind}, expected a plain file or nothing"
        raise UsageError(msg)


def kind_of(path: Path) -> str:
    """Say what is at a path; empty for a plain file, and where nothing is."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    kinds = {stat.S_IFLNK: "a link", stat.S_IFDIR: "a folder", stat.S_IFREG: ""}
    return kinds.get(stat.S_IFMT(mode), "a device or a pipe")


def mark_of(path: Path) -> str:
    """Name by which hidden parts know their place; that of a name too long for more is its hash."""
    name = path.name or "out"
    return (
        name if len(os.fsencode(name)) < _LONG_NAME_BYTES else hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
    )


def lock(file: int) -> bool:
    """Lock an open file or folder for this process, until it is closed; False where another holds it."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a network's file system without locks
        return True
    return True


def rename_with(source: Path, target: Path, flag: int) -> bool:
    """Rename as only Linux can: without replacing, or both names for each other.

    Parameters
    ----------
    source, target
        On one file system.
    flag
        `NO_REPLACE` or `EXCHANGE`.

    Returns
    -------
    bool
        False where this is not to be had, and nothing was done.

    Raises
    ------
    OSError
        It can be done on this system, but not with these.
    """
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if sys.platform == "linux" else None
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), flag) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNABLE:
        return False
    raise OSError(number, os.strerror(number), str(target))


def sync_folder(folder: Path) -> None:
    """Let the names in a folder reach the disk; nothing where a system cannot."""
    with suppress(PermissionError, IsADirectoryError):
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        except OSError as error:
            if error.errno not in {errno.EINVAL, errno.EBADF}:
                raise
        finally:
            os.close(file)


def _exists(path: Path) -> str:
    return f"{path.name}: exists already, and was not to be overwritten"


def _name(part: Path, path: Path, *, overwrite: bool) -> None:
    refuse_odd(path)
    if overwrite:
        part.replace(path)
        return
    try:
        if not rename_with(part, path, NO_REPLACE):
            os.link(part, path)
    except FileExistsError:
        raise UsageError(_exists(path)) from None
    except OSError:
        if path.exists():
            raise
        part.replace(path)


def _remove_parts(path: Path) -> None:
    """Remove what killed writers of this place have left: parts that nobody holds."""
    pattern = re.compile(rf"\.{re.escape(mark_of(path))}\.[0-9a-f]{{12}}\.part")
    for one in os.scandir(path.parent):
        if not pattern.fullmatch(one.name):
            continue
        with suppress(OSError):
            file = os.open(one.path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
            try:
                if lock(file):
                    os.unlink(one.path)  # noqa: PTH108
            finally:
                os.close(file)
