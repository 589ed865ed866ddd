"""A command that waits before its first change beside its output, while copies of it go on and are killed.

What a command computes before it writes is the same each time. So it is done once: the command runs in a process
of its own, which stops at the first change of the file system below a folder; from there copies of it go on, each
the leader of a group. Nothing of what writes is left out. Where threads run by then, which no copy would
have, or where another process of the command has changed something already, there are no copies.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import struct
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CHANGES = frozenset({"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate"})
GO, END, UNFIT = b"g", b"e", b"u"
SLOWEST_S = 60.0


class Halfway:
    """A command that was stopped where it begins to write.

    Attributes
    ----------
    fit
        Whether copies of it can be made.
    """

    def __init__(self, words: list[str], home: Path) -> None:
        ours, theirs = os.pipe(), os.pipe()
        self._child = os.fork()
        if self._child == 0:
            os.close(ours[1])
            os.close(theirs[0])
            _run(words, home, ours[0], theirs[1])
        os.close(ours[0])
        os.close(theirs[1])
        self._order, self._told = ours[1], theirs[0]
        self.fit = os.read(self._told, 1) == GO

    def copy(self) -> int:
        """Let a copy go on; give its number, which is its group's, too."""
        os.write(self._order, GO)
        (number,) = struct.unpack("<q", os.read(self._told, 8))
        return int(number)

    def wait(self, limit_s: float = SLOWEST_S) -> float | None:
        """Wait until the copy has ended; give when, by the monotonic clock, or None where it takes too long."""
        ready, _, _ = select.select([self._told], [], [], limit_s)
        return time.monotonic() if ready and os.read(self._told, 1) == END else None

    def kill(self, number: int, after_s: float) -> None:
        """Kill a copy and all that it started after a time, if it has not ended by then."""
        if self.wait(after_s) is None:
            end(number)
            self.wait()

    def close(self) -> None:
        """End the command."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)
        os.close(self._order)
        os.close(self._told)


def end(group: int) -> None:
    """End a group of processes by SIGKILL."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def names(home: Path) -> set[str]:
    """Names in a folder and in its folders, hidden ones too."""
    with contextlib.suppress(OSError):
        return {str(one) for one in home.rglob("*")}
    return set()


def _run(words: list[str], home: Path, orders: int, tell: int) -> None:
    """Run a command; stop before its first change below a folder, and send copies on from there."""
    halted, first, own = False, names(home), os.getpid()

    def hear(event: str, values: tuple[object, ...]) -> None:
        nonlocal halted
        if halted or os.getpid() != own or not _changes(event, values, str(home)):
            return
        halted = True
        if threading.active_count() > 1 or names(home) != first:
            os.write(tell, UNFIT)
            os._exit(0)
        os.write(tell, GO)
        while os.read(orders, 1) == GO:
            copy = os.fork()
            if copy == 0:
                os.close(orders)
                os.close(tell)
                return
            os.setpgid(copy, copy)
            os.write(tell, struct.pack("<q", copy))
            os.waitpid(copy, 0)
            os.write(tell, END)
        os._exit(0)

    status = 70
    try:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
        sys.addaudithook(hear)
        from dualsense import cli

        status = cli.run(words)
    finally:
        if not halted:
            os.write(tell, UNFIT)
        os._exit(status)


def _changes(event: str, values: tuple[object, ...], home: str) -> bool:
    """Whether an audit event announces a change below a folder."""
    if event == "open":
        flags = values[2] if len(values) > 2 and isinstance(values[2], int) else 0
        if not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return False
    elif event not in CHANGES:
        return False
    return any(os.fsdecode(one).startswith(home) for one in values if isinstance(one, (str, bytes)))
