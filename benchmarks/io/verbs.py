"""Every verb that writes, killed at random moments: its output is whole, the old one or the new one, or absent.

A command takes longer to start than to write, and `benchmarks.io.kills` kills it mostly before. Here the same
words are run in copies of a process that has imported all of the program and done nothing with it, each the leader
of a group that is ended as one by SIGKILL. Three of four kills come after a first change beside the output was
seen, a time drawn from a seed and up to a fifth longer than writing takes; the fourth comes at any time. Every
second run finds an earlier output and is told to replace it; now and then one goes to its end, and must leave
nothing else.

    python -m benchmarks.io.verbs --kills 100 [--verb NAME] [--seed N] [--log FILE]      so many for each verb

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

import numpy as np
from benchmarks.io.written import SEED, copy, plain, run, state, verbs, words_for

MODULES = (
    "app", "batch", "chain", "cli", "evaluate", "fusion", "io", "language", "live", "render", "simulate",
    "verdict", "workbench",
)  # fmt: skip
LOOK_S, SLOWEST_S = 5e-4, 120.0
STATES = ("new", "old", "absent", "in part", "broken", "left", "undisturbed")


def _killed(words: list[str], home: Path, after_s: float, *, seen_first: bool) -> None:
    """Kill a verb and all that it started: after a time, or that long after the first change beside its output."""
    before, start = _names(home), time.monotonic()
    child = copy(words)
    while seen_first and _names(home) == before and time.monotonic() - start < SLOWEST_S:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            break
        time.sleep(LOOK_S)
    time.sleep(after_s)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _names(home: Path) -> set[str]:
    """Names in a folder and in its folders, hidden ones too."""
    with contextlib.suppress(OSError):
        return {str(one) for one in home.rglob("*")}
    return set()


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
        old, writing_s = plain(place), _writing_s(words, Path(top))
        for number in range(kills):
            home = Path(top) / f"home_{number}"
            shutil.copytree(place, home) if number % 2 else home.mkdir()
            told = [*words_for(words, home), *(["--overwrite"] if number % 2 else [])]
            first = number % 4 != 0
            longest_s = 1.2 * (writing_s if first else taken_s)
            _killed(told, home, float(chance.uniform(0.0, longest_s)), seen_first=first)
            seen[state(plain(home), new, old if number % 2 else {}, verb)] += 1
            if number % 20 == 19:
                run([*words_for(words, home), "--overwrite"])
                seen["undisturbed"] += 1
                seen["left"] += plain(home) != new or any(one.name.startswith(".out") for one in home.rglob(".*"))
            shutil.rmtree(home)
    return seen


def _writing_s(words: list[str], top: Path) -> float:
    """Tell how long a verb takes from its first change beside its output to its end."""
    home = top / "timed"
    home.mkdir()
    child = copy(words_for(words, home))
    seen = None
    while os.waitpid(child, os.WNOHANG)[0] == 0:
        if seen is None and _names(home):
            seen = time.monotonic()
        time.sleep(LOOK_S)
    return max(0.01, time.monotonic() - seen) if seen is not None else 0.02


def main() -> int:
    """Kill, and print what came of it; exit status 1 where something was broken or left."""
    import importlib

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, help="of each verb")
    parser.add_argument("--verb", action="append", help="only this one; may be repeated")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--log", type=Path, help="file that each verb's counts are appended to; all are summed up")
    given = parser.parse_args()
    for name in MODULES:
        module = importlib.import_module(f"dualsense.{name}")
        for public in getattr(module, "__all__", ()):
            getattr(module, public)
    table: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory() as place:
        for verb, words in verbs(Path(place)).items():
            if given.verb and verb not in given.verb:
                continue
            table[verb] = study(verb, words, given.kills, seed=given.seed)
            print(verb, table[verb], flush=True)
            if given.log:
                with given.log.open("a", encoding="utf-8") as log:
                    log.write(
                        json.dumps({"verb": verb, "seed": given.seed, "kills": given.kills, **table[verb]}) + "\n"
                    )
    if given.log:
        lines = [json.loads(line) for line in given.log.read_text(encoding="utf-8").splitlines()]
        print({name: sum(line[name] for line in lines) for name in ("kills", *STATES)})
    if given.json:
        given.json.write_text(json.dumps(table, indent=1))
    return int(any(row["broken"] or row["left"] for row in table.values()))


if __name__ == "__main__":
    sys.exit(main())
