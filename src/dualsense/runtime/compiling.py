"""Who wants to know that a kernel is being compiled; nothing of the compiler is imported here."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE_S = 0.5
"""A kernel or two are compiled before anyone is told; an installation that has none takes a minute."""


@dataclass
class _Waiting:
    """What one who wants to know has seen so far."""

    tell: Callable[[int], None]
    spent_s: float = 0.0
    count: int = 0


@dataclass
class _Desk:
    """All who want to know, and the compilations that each thread is at: one kernel compiles those it calls."""

    waiting: list[_Waiting] = field(default_factory=list)
    at: threading.local = field(default_factory=threading.local)


_DESK = _Desk()


@contextmanager
def told_of_compilation(tell: Callable[[int], None]) -> Iterator[None]:
    """Have a function called while the block runs, whenever compilation goes on beyond half a second in all.

    Parameters
    ----------
    tell
        Given how many kernels were compiled so far, at the beginning of another one.
    """
    entry = _Waiting(tell)
    _DESK.waiting.append(entry)
    try:
        yield
    finally:
        _DESK.waiting.remove(entry)


def compilation_begins() -> None:
    """Note that a kernel is about to be compiled in this thread, and tell those who wait."""
    begun: list[float] = _DESK.at.__dict__.setdefault("begun", [])
    begun.append(monotonic())
    for entry in _DESK.waiting:
        if entry.spent_s >= PATIENCE_S:
            entry.tell(entry.count)


def compilation_ends() -> None:
    """Note that the kernel that was begun last in this thread is compiled."""
    begun: list[float] = _DESK.at.__dict__["begun"]
    spent_s = monotonic() - begun.pop()
    for entry in _DESK.waiting:
        entry.count += 1
        entry.spent_s += 0.0 if begun else spent_s  # that of a kernel holds those that it calls
