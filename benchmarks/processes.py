"""Starts the command line in a process of its own, and says what that took."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Spent:
    """Wall and processor time of a process, and its peak of memory.

    A process starts with the peak of the one that started it: whoever measures memory has to be small itself.
    """

    wall_s: float
    processor_s: float
    peak_mb: float


def environment(source: Path | None = None, threads: int | None = None) -> dict[str, str]:
    """Give the variables of a process that runs the package in a folder, with so many threads of kernels.

    It keeps Python's bytecode, as an installation has it: else each run would compile hundreds of modules anew.
    """
    given = dict(os.environ)
    given.pop("PYTHONDONTWRITEBYTECODE", None)
    given["PYTHONPATH"] = str(source or ROOT / "src")
    if threads is not None:
        given["NUMBA_NUM_THREADS"] = str(threads)
    return given


def run(words: Sequence[str], variables: Mapping[str, str], *, statuses: Sequence[int] = (0,)) -> Spent:
    """Run a process to its end, with what it says held back; raise RuntimeError where it failed."""
    began = time.perf_counter()
    process = subprocess.Popen(
        list(words), env=dict(variables), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode not in statuses:
        msg = f"{' '.join(words)} ended with {process.returncode}: {said.strip()[-400:]}"
        raise RuntimeError(msg)
    return Spent(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


def dualsense(*arguments: object, source: Path | None = None, threads: int | None = None) -> Spent:
    """Run a verb of the command line."""
    return run([sys.executable, "-m", "dualsense", *map(str, arguments)], environment(source, threads))
