"""HDF5 onto a disk that may be full: the library never learns of it, since it does not survive that.

A write that fails inside HDF5 leaves it with a file that it can neither finish nor close; it then ends the program
with a segmentation fault, at once or at exit. So writes go through an object that keeps what the disk refuses in
memory, remembers why, and lets HDF5 close the file in peace; whoever wrote asks it afterwards.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import h5py

if TYPE_CHECKING:
    from collections.abc import Iterator


class Unfailing:
    """A file for HDF5 whose writes never fail, as far as HDF5 can see.

    Parameters
    ----------
    stream
        Unbuffered, for reading and writing.

    Attributes
    ----------
    error
        The first error of the disk; None as long as all is well.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._place = 0
        self._end = 0
        self._kept: list[tuple[int, bytes]] = []
        self.error: OSError | None = None

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place."""
        self._place = offset + (0, self._place, self._end)[whence]
        return self._place

    def tell(self) -> int:
        """Give the place."""
        return self._place

    def write(self, content: Any) -> int:
        """Write at the place, on the disk or where it cannot in memory."""
        data = memoryview(content).cast("B")
        if self.error is None:
            try:
                self._stream.seek(self._place)
                self._stream.write(data)
            except OSError as error:
                self.error = error
        if self.error is not None:
            self._kept.append((self._place, bytes(data)))
        self._place += data.nbytes
        self._end = max(self._end, self._place)
        return data.nbytes

    def readinto(self, buffer: Any) -> int:
        """Read from the place what was written, wherever it is."""
        view = memoryview(buffer).cast("B")
        count = max(0, min(view.nbytes, self._end - self._place))
        view[:] = bytes(view.nbytes)
        self._stream.seek(self._place)
        held = self._stream.read(count) or b""
        view[: len(held)] = held
        for start, data in self._kept:
            first, last = max(start, self._place), min(start + len(data), self._place + count)
            if first < last:
                view[first - self._place : last - self._place] = data[first - start : last - start]
        self._place += count
        return count

    def read(self, size: int = -1) -> bytes:
        """Read from the place; all that is left where no size is given."""
        buffer = bytearray(max(0, self._end - self._place) if size < 0 else size)
        return bytes(buffer[: self.readinto(buffer)])

    def truncate(self, size: int | None = None) -> int:
        """Cut or lengthen the file."""
        self._end = self._place if size is None else size
        if self.error is None:
            try:
                self._stream.truncate(self._end)
            except OSError as error:
                self.error = error
        return self._end

    def flush(self) -> None:
        """Do nothing: there is no buffer."""

    def check(self) -> None:
        """Raise the error of the disk, where there was one."""
        if self.error is not None:
            raise self.error


@contextmanager
def new_hdf5(stream: IO[bytes], **options: Any) -> Iterator[tuple[h5py.File, Unfailing]]:
    """Write an HDF5 file into an empty stream.

    Parameters
    ----------
    stream
        Unbuffered, for reading and writing.
    **options
        Of `h5py.File`.

    Yields
    ------
    file : h5py.File
    disk : Unfailing
        Whose `Unfailing.check` may be asked between large writes, to end early.

    Raises
    ------
    OSError
        The disk is full, or fails otherwise; at the end of the block at the latest.
    """
    disk = Unfailing(stream)
    with h5py.File(disk, "w", **options) as file:
        yield file, disk
    disk.check()
