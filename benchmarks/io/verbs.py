"""Every verb that writes, killed at random moments: its output is whole, the old one or the new one, or absent.

    python -m benchmarks.io.verbs --kills 1000                all verbs together, and a table
    python -m benchmarks.io.verbs --kills 60 --verb process   one; --log FILE appends, --seed N draws other times

A command takes longer to compute than to write, and `benchmarks.io.kills` kills it mostly before. Here the same
words are run in copies of a process that has imported all of the program, each the leader of a group that is ended
as one by SIGKILL. Three of four kills strike a copy that was made where the command begins to write
(`benchmarks.io.halfway`), after a time drawn from a seed and up to a fifth longer than writing takes; the fourth a
command from its beginning, at any time. Half of the runs find an earlier output and are told to replace it; now
and then one goes to its end, and must leave nothing else.

The viewer's journal of decisions and that of lessons are `benchmarks.io.recorded`'s.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from benchmarks.io.halfway import Halfway, end, names
from benchmarks.io.written import SEED, copy, plain, run, state, verbs, words_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MODULES = (
    "app", "batch", "chain", "cli", "evaluate", "fusion", "io", "language", "live", "render", "simulate",
    "verdict", "workbench",
)  # fmt: skip
LOOK_S, SLOWEST_S = 5e-4, 120.0
STATES = ("new", "old", "absent", "in part", "broken", "left", "undisturbed")


def _killed(words: list[str], home: Path, after_s: float, *, seen_first: bool) -> None:
    """Kill a verb and all that it started: after a time, or that long after the first change beside its output."""
    before, start = names(home), time.monotonic()
    child = copy(words)
    while seen_first and names(home) == before and time.monotonic() - start < SLOWEST_S:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            break
        time.sleep(LOOK_S)
    time.sleep(after_s)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _older(home: Path) -> None:
    """Make every file another one, as an earlier run with other content would have left it."""
    for path in home.rglob("*"):
        if path.is_file():
            with path.open("ab") as file:
                file.write(b"\n")


def study(verb: str, words: list[str], kills: int, *, seed: int = 1) -> dict[str, int]:
    """Kill a verb so many times, and tell what lay there."""
    chance = np.random.default_rng([SEED, seed, *verb.encode()])
    seen = dict.fromkeys(STATES, 0)
    with tempfile.TemporaryDirectory() as top:
        place = Path(top) / "first"
        place.mkdir()
        told = words_for(words, place)
        start = time.monotonic()
        run(told)
        taken_s = time.monotonic() - start
        new = plain(place)
        if not new:
            msg = f"{verb} writes nothing: {' '.join(told)}"
            raise ValueError(msg)
        _older(place)
        old = plain(place)
        for had, content in ((False, {}), (True, old)):
            home, source = Path(top) / f"home_{int(had)}", place if had else None
            told = [*words_for(words, home), *(["--overwrite"] if had else [])]
            for number in _kill_all(told, home, source, (kills + (not had)) // 2, taken_s, chance):
                seen[state(plain(home), new, content, verb)] += 1
                if number % 20 == 19:
                    run([*words_for(words, home), "--overwrite"])
                    seen["undisturbed"] += 1
                    hidden = any(one.name.startswith(".out") for one in home.rglob(".*"))
                    seen["left"] += plain(home) != new or hidden
    return seen


def _kill_all(
    told: list[str],
    home: Path,
    source: Path | None,
    kills: int,
    taken_s: float,
    chance: np.random.Generator,
) -> Iterator[int]:
    """Kill a command in one folder, as it was each time, so many times; three of four while it writes."""
    _begin(home, source)
    halfway = Halfway(told, home)
    try:
        copied_s = _copied_s(halfway) if halfway.fit else None
        watched_s = 0.0 if copied_s is not None else _watched_s(told, home, source)
        for number in range(kills):
            _begin(home, source)
            if number % 4 == 0:
                _killed(told, home, float(chance.uniform(0.0, 1.2 * taken_s)), seen_first=False)
            elif copied_s is not None:
                halfway.kill(halfway.copy(), float(chance.uniform(0.0, 1.2 * copied_s)))
            else:
                _killed(told, home, float(chance.uniform(0.0, 1.2 * watched_s)), seen_first=True)
            yield number
    finally:
        halfway.close()


def _begin(home: Path, source: Path | None) -> None:
    """Make a folder anew: empty, or as an earlier run left it."""
    shutil.rmtree(home, ignore_errors=True)
    if source is None:
        home.mkdir()
    else:
        shutil.copytree(source, home)


def _watched_s(told: list[str], home: Path, source: Path | None) -> float:
    """Tell how long a verb takes from its first change beside its output to its end."""
    _begin(home, source)
    before, child, seen = names(home), copy(told), None
    while os.waitpid(child, os.WNOHANG)[0] == 0:
        if seen is None and names(home) != before:
            seen = time.monotonic()
        time.sleep(LOOK_S)
    return max(0.01, time.monotonic() - seen) if seen is not None else 0.02


def _copied_s(halfway: Halfway) -> float | None:
    """Tell how long a copy takes to its end; None where it comes to none."""
    start = time.monotonic()
    copy = halfway.copy()
    ended = halfway.wait()
    if ended is None:
        end(copy)
        halfway.wait()
        return None
    return max(0.005, ended - start)


def main() -> int:
    """Kill, and print what came of it; exit status 1 where something was broken or left."""
    import importlib

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000, help="of all verbs together, the same for each")
    parser.add_argument("--verb", action="append", help="only this one; may be repeated")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--log", type=Path, help="file that each verb's counts are appended to; all are summed up")
    given = parser.parse_args()
    for name in MODULES:
        module = importlib.import_module(f"dualsense.{name}")
        for public in getattr(module, "__all__", ()):
            getattr(module, public)
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as place:
        known = verbs(Path(place))
        wanted = {verb: known[verb] for verb in given.verb or known}
        each = -(-given.kills // len(wanted))
        print(_line("verb", ("kills", *STATES)), flush=True)
        for verb, words in wanted.items():
            row = {"verb": verb, "seed": given.seed, "kills": each, **study(verb, words, each, seed=given.seed)}
            rows.append(row)
            print(_line(verb, [row[name] for name in ("kills", *STATES)]), flush=True)
            if given.log:
                with given.log.open("a", encoding="utf-8") as log:
                    log.write(json.dumps(row) + "\n")
    if given.log:
        rows = [json.loads(line) for line in given.log.read_text(encoding="utf-8").splitlines()]
    print(_line("all", [sum(int(str(row[name])) for row in rows) for name in ("kills", *STATES)]))
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1))
    return int(any(row["broken"] or row["left"] for row in rows))


def _line(first: str, cells: Iterable[object]) -> str:
    return f"{first:24s}" + "".join(f"{cell!s:>12}" for cell in cells)


if __name__ == "__main__":
    sys.exit(main())
