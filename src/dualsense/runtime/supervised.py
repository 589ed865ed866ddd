"""A program in a child process that may die: what a damaged file does to the library that reads it stays there.

The child is a copy made by `fork` before anything is loaded, which takes two milliseconds; it does the work, and
this process waits, passes signals on, and says in one line what became of a child that was ended by the system.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from dualsense.runtime.memory import held_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

FAILED = 1
_PARENT_DIED = 1
"""Of Linux's `prctl`: the signal that the child gets when this process is gone."""
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ONCE_S = 0.5
"""The same signal again within this time is one and the same: a terminal sends it to both processes."""
_MOST_SUBJECT = 4096
_reports: list[int] = []


def supervised(work: Callable[[], int], tell: Callable[[str], None]) -> int:
    """Do work in a child process.

    Parameters
    ----------
    work
        Returns an exit status.
    tell
        Called with one line when the system has ended the child.

    Returns
    -------
    int
        The status of the work, or 1 when it was ended.
    """
    if not sys.platform.startswith("linux"):
        return work()
    known, says = os.pipe()
    watched = {*_PASSED_ON, signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    child = os.fork()
    if child == 0:
        os.close(known)
        _reports.append(says)
        _end_with(os.getppid())
        for number in _PASSED_ON:
            _take_once(number)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return work()
    os.close(says)
    status = _wait(child, watched)
    subject = _last_line(known)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if status >= 0:
        return status
    if -status in {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}:
        return 128 - status
    tell(f"{subject}: {_words(-status)}" if subject else _words(-status))
    return FAILED


def is_supervised() -> bool:
    """Whether this process is a child that may die."""
    return bool(_reports)


def report_subject(subject: str) -> None:
    """Let the process that waits know what is being worked at, in case this one is ended."""
    if _reports and subject:
        with suppress(OSError):
            os.write(_reports[0], os.fsencode(subject)[-_MOST_SUBJECT:].replace(b"\n", b" ") + b"\n")


def limit_reading(file_bytes: int) -> None:
    """Bound time and memory of a process that only reads a file, from what it has used until now.

    Parameters
    ----------
    file_bytes
        Size of the file. One of megabytes takes a second; beyond two minutes and ten seconds a gigabyte something
        goes round in circles.
    """
    with suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - not on every system

        used = resource.getrusage(resource.RUSAGE_SELF)
        for kind, most in (
            (resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + 120 + file_bytes // 10**8),
            (resource.RLIMIT_AS, held_bytes() + 2**31 + 40 * file_bytes),
        ):
            _, hard = resource.getrlimit(kind)
            resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _wait(child: int, watched: set[signal.Signals]) -> int:
    """Wait for the child's end; return its status, or minus the signal that ended it."""
    while True:
        with suppress(ChildProcessError):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
        found = signal.sigwaitinfo(watched)
        # what a terminal sends goes to the child as well: only what another process sent is passed on
        if found.si_signo != signal.SIGCHLD and found.si_code <= 0:
            with suppress(ProcessLookupError):
                os.kill(child, found.si_signo)


def _end_with(parent: int) -> None:
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PARENT_DIED, signal.SIGTERM)
    if os.getppid() != parent:  # it was gone before that was said
        os._exit(FAILED)


def _take_once(number: signal.Signals) -> None:
    """Heed a signal as before, but not twice at once."""
    handler, last = signal.getsignal(number), [-1.0]
    if not callable(handler):
        return

    def take(given: int, frame: object) -> None:
        now = time.monotonic()
        last[0], recent = now, now - last[0] < _ONCE_S if last[0] >= 0.0 else False
        if not recent:
            handler(given, frame)  # type: ignore[arg-type]

    signal.signal(number, take)


def _last_line(pipe: int) -> str:
    """Read what was reported last; the writers' ends are all closed by now, or belong to processes that go on."""
    os.set_blocking(pipe, False)
    content = b""
    with suppress(BlockingIOError):
        while block := os.read(pipe, 65536):
            content = (content + block)[-2 * _MOST_SUBJECT :]
    os.close(pipe)
    lines = content.decode("utf-8", "surrogateescape").splitlines()
    return lines[-1] if lines else ""


def _words(number: int) -> str:
    name = signal.Signals(number).name
    if number == signal.SIGKILL:
        return f"the process that worked at it was ended by {name}, most likely for want of memory"
    if number == signal.SIGXCPU:
        return "took too long to be read, the file is damaged"
    return f"ended the process that worked at it ({name}), the file is damaged"
