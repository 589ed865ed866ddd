"""What is left where a writer is killed between any two changes of the file system, or the disk refuses one.

Every change is announced by Python's audit events (and the syncs by a wrapper); a process of its own is killed, or
given an error, before the first of them, then before the second, and so on. After each, the place must hold the
old result or the new one, whole, or nothing where there is no exchange; and the next writer must leave nothing but
its result.

    python -m benchmarks.io.interrupted           one line for each writer
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dualsense.errors import DualsenseError
from dualsense.runtime import files, folders

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("a.txt", "b.txt", "extra.txt", "list.json")
CHANGES = frozenset({"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.chmod", "os.utime"})
KILLED = 9
MOST = 200
TOO_MANY = f"more than {MOST} changes"


class Trap:
    """Counts changes of the file system from when it is set, and kills or fails the process before one of them."""

    def __init__(self) -> None:
        self.count, self.limit, self.fails = 0, 0, False
        sys.addaudithook(self._hear)
        sync = os.fsync

        def counted(file: int) -> None:
            self.step()
            sync(file)

        os.fsync = counted

    def set(self, limit: int, *, fails: bool) -> None:
        self.count, self.limit, self.fails = 0, limit, fails

    def step(self) -> None:
        self.count += 1
        if self.count == self.limit:
            if self.fails:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os._exit(KILLED)

    def _hear(self, event: str, values: tuple[object, ...]) -> None:
        if self.limit and (event in CHANGES or (event == "open" and _changes(values))):
            self.step()


def _changes(values: tuple[object, ...]) -> bool:
    flags = values[2] if len(values) > 2 and isinstance(values[2], int) else 0
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def fill(text: str, names: tuple[str, ...] = NAMES) -> Callable[[Path], None]:
    """Make what writes a folder of small files that all hold one text."""

    def write(folder: Path) -> None:
        for name in names:
            (folder / name).write_text(text)

    return write


def state(folder: Path) -> str:
    """Say what a folder holds: "old", "new", "nothing", or "mixed"."""
    held = {name: (folder / name).read_text() for name in NAMES if (folder / name).exists()}
    if NAMES[-1] not in held:
        return "nothing"
    wanted = {"old": set(NAMES), "new": set(NAMES) - {"extra.txt"}}
    texts = set(held.values())
    return texts.pop() if len(texts) == 1 and set(held) == wanted.get(held[NAMES[-1]]) else "mixed"


def study_folder(setting: str, *, fails: bool = False) -> dict[str, int]:
    """Interrupt the overwriting of a folder before each change; return how often which state was left.

    Parameters
    ----------
    setting
        "absent": the folder is not there yet. "plain": it holds an old result. "others": and a file of others.
        "nested": and a folder of others, which cannot be exchanged. "unable": the system has no exchange.
    fails
        A change fails, instead of the process being killed.
    """
    seen = {"old": 0, "new": 0, "nothing": 0, "mixed": 0, "lost": 0, "left": 0}
    for limit in range(1, MOST):
        with tempfile.TemporaryDirectory() as top:
            folder = Path(top) / "out"
            if not _interrupt(folder, setting, limit, fails=fails):
                return seen
            seen[state(folder)] += 1
            seen["lost"] += setting in {"others", "nested"} and not (folder / "notes.txt").exists()
            folders.write_folder(folder, NAMES, fill("new", NAMES[:2] + NAMES[3:]), overwrite=True)
            kept = {"notes.txt": 1, "nested": setting == "nested"}
            expected = sorted(n for n, there in kept.items() if there and setting in {"others", "nested"})
            tidy = sorted(one.name for one in folder.iterdir() if one.name not in NAMES)
            seen["left"] += tidy != expected or state(folder) != "new" or len(list(Path(top).iterdir())) != 1
    raise RuntimeError(TOO_MANY)


def _interrupt(folder: Path, setting: str, limit: int, *, fails: bool) -> bool:
    """Whether the writer came as far as the limit; it runs in a process of its own."""
    if setting != "absent":
        folders.write_folder(folder, NAMES, fill("old"), overwrite=False)
    if setting in {"others", "nested"}:
        (folder / "notes.txt").write_text("dug at noon")
    if setting == "nested":
        (folder / "nested").mkdir()
    child = os.fork()
    if child == 0:
        if setting == "unable":
            folders.rename_with = lambda *_: False
        TRAP.set(limit, fails=fails)
        status = 0
        try:
            folders.write_folder(folder, NAMES, fill("new", NAMES[:2] + NAMES[3:]), overwrite=True)
        except OSError:
            status = 1
        os._exit(status if TRAP.count >= limit else 2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 2


def study_file(*, fails: bool = False) -> dict[str, int]:
    """Interrupt the overwriting of one file before each change; return how often which state was left."""
    seen = {"old": 0, "new": 0, "mixed": 0, "left": 0}
    for limit in range(1, MOST):
        with tempfile.TemporaryDirectory() as top:
            path = Path(top) / "list.json"
            files.write_file(path, "old")
            child = os.fork()
            if child == 0:
                TRAP.set(limit, fails=fails)
                try:
                    files.write_file(path, "new")
                except (OSError, DualsenseError):
                    os._exit(1)
                os._exit(1 if TRAP.count >= limit else 2)
            if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2:
                return seen
            text = path.read_text()
            seen[text if text in seen else "mixed"] += 1
            files.write_file(path, "new")
            seen["left"] += [one.name for one in Path(top).iterdir()] != ["list.json"]
    raise RuntimeError(TOO_MANY)


SETTINGS = ("absent", "plain", "others", "nested", "unable")
TRAP = Trap()


def main() -> None:
    table = {}
    for fails in (False, True):
        how = "an error" if fails else "a kill"
        for setting in SETTINGS:
            table[f"folder, {setting}, {how}"] = study_folder(setting, fails=fails)
        table[f"file, {how}"] = study_file(fails=fails)
    if "--json" in sys.argv:
        print(json.dumps(table))
        return
    width = shutil.get_terminal_size().columns
    for name, seen in table.items():
        print(f"{name:32s} " + "  ".join(f"{key} {count}" for key, count in seen.items())[:width])


if __name__ == "__main__":
    main()
