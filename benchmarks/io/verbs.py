"""Every verb that writes, killed at random moments: its output is whole, the old one or the new one, or absent.

A command takes longer to start than to write, and `benchmarks.io.kills` kills it mostly before. Here the same
words are run in copies of a process that has imported all of the program and done nothing with it, each the leader
of a group that is ended as one by SIGKILL. Three of four kills come after a first change beside the output was
seen, a time drawn from a seed and up to a fifth longer than writing takes; the fourth comes at any time. Every
second run finds an earlier output and is told to replace it; now and then one goes to its end, and must leave
nothing else.

    python -m benchmarks.io.verbs --kills 100 [--verb NAME]      so many for each verb

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
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from benchmarks.io.kills import SAMPLES, SEED, digest
from benchmarks.io.spoilt import dzt

if TYPE_CHECKING:
    from dualsense.scan import EmiData, GprData

LISTS = ("batch.json", "batch.csv")
"""Of a batch: written when its scans are, and told by their presence alone, for they name the place."""
MODULES = ("app", "batch", "chain", "cli", "evaluate", "fusion", "io", "language", "live", "render", "simulate")
LOOK_S, SLOWEST_S = 5e-4, 120.0
STATES = ("new", "old", "absent", "part of batch", "broken", "left", "undisturbed")


def verbs(folder: Path) -> dict[str, list[str]]:
    """List the verbs that write to OUT, each with work that takes a second or less."""
    scans = folder / "scans"
    scans.mkdir()
    scan = str(_short_scan(scans / "a.h5"))
    (folder / "lane.DZT").write_bytes(dzt())
    scene = folder / "scene.toml"
    scene.write_text("[motion]\nlength_m = 0.2\nwidth_m = 0.1\n")
    done = folder / "done"
    _run(["process", scan, "-o", str(done), "-q"])
    result = str(done)
    _decided(done)
    return {
        "process": ["process", scan, "-o", "OUT"],
        "replay": ["replay", scan, "--speed", "max", "--step", "20", "-o", "OUT"],
        "batch": ["batch", str(scans), "-o", "OUT", "--jobs", "1"],
        "evaluate": ["evaluate", str(scans), "-o", "OUT"],
        "import": ["import", str(folder / "lane.DZT"), "-o", "OUT"],
        "export": ["export", result, "-o", "OUT"],
        "compare": ["compare", result, result, "-o", "OUT.json"],
        "check": ["check", scan, "-o", "OUT"],
        "decisions": ["decisions", result, "-o", "OUT"],
        "simulate": ["simulate", str(scene), "--seed", "1", "-o", "OUT"],
        "simulate --lanes": ["simulate", str(scene), "--seed", "1", "--lanes", "2", "--jobs", "1", "-o", "OUT"],
        "simulate --write-scene": ["simulate", "--preset", "sand", "--seed", "1", "--write-scene", "-o", "OUT"],
    }


def _short_scan(path: Path) -> Path:
    """Write the first third of a sample, which takes a fraction of its time."""
    from dualsense.io import read_scan, write_scan

    scan = read_scan(SAMPLES / "pmn_sand.h5")
    until_s = float(np.quantile(scan.pose.time_s, 0.35))

    def cut(data: GprData | EmiData) -> GprData | EmiData:
        keep = data.time_s < until_s
        return replace(data, time_s=data.time_s[keep], data=data.data[keep], channel=data.channel[keep])

    write_scan(replace(scan, gpr=cut(scan.gpr), emi=cut(scan.emi)), path)
    return path


def _decided(result: Path) -> None:
    """Record decisions beside a result."""
    from dualsense.app import record_decision

    document = json.loads((result / "targets.json").read_text(encoding="utf-8"))
    target = document["targets"][0]["id"]
    for n in range(40):
        given = {"entry": f"{n:016x}", "operator": "Sok", "target": target, "decision": "dig", "note": "x" * 400}
        record_decision(result, document, given)


def _run(words: list[str]) -> None:
    """Run a verb to its end in a copy of this process."""
    child = _copy(words)
    os.waitpid(child, 0)


def _copy(words: list[str]) -> int:
    child = os.fork()
    if child:
        return child
    status = 70
    try:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
        from dualsense.cli import run

        status = run(words)
    finally:
        os._exit(status)


def _killed(words: list[str], home: Path, after_s: float, *, seen_first: bool) -> None:
    """Kill a verb and all that it started: after a time, or that long after the first change beside its output."""
    before, start = _names(home), time.monotonic()
    child = _copy(words)
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


def _plain(home: Path) -> dict[str, str]:
    """What lies in a folder under names that are not hidden."""
    found = {}
    for name, code in digest(home).items():
        if not any(part.startswith(".") for part in Path(name).parts):
            found[name] = "there" if Path(name).name in LISTS else code
    return found


def _older(home: Path) -> None:
    """Make every file another one, as an earlier run with other content would have left it."""
    for path in home.rglob("*"):
        if path.is_file():
            with path.open("ab") as file:
                file.write(b"\n")


def state(found: dict[str, str], new: dict[str, str], old: dict[str, str], verb: str) -> str:
    """Tell whether an output is whole; of a batch and of several lanes each scan's is one of its own."""
    if found in (new, old):
        return "new" if found == new else "old" if old else "absent"
    if verb not in ("batch", "simulate --lanes"):
        return "broken"
    parts = {Path(name).parts[1] for name in (*found, *new, *old)}
    for part in parts:
        own = [{n: c for n, c in every.items() if Path(n).parts[1] == part} for every in (found, new, old)]
        if own[0] not in own[1:] and not (part in LISTS and not own[0]):
            return "broken"
    return "part of batch"


def study(verb: str, words: list[str], kills: int) -> dict[str, int]:
    """Kill a verb so many times, and tell what lay there."""
    chance = np.random.default_rng([SEED, 1, *verb.encode()])
    seen = dict.fromkeys(STATES, 0)
    with tempfile.TemporaryDirectory() as top:
        place = Path(top) / "first"
        place.mkdir()
        told = _told(words, place)
        start = time.monotonic()
        _run(told)
        taken_s = time.monotonic() - start
        new = _plain(place)
        if not new:
            msg = f"{verb} writes nothing: {' '.join(told)}"
            raise ValueError(msg)
        _older(place)
        old, writing_s = _plain(place), _writing_s(words, Path(top))
        for number in range(kills):
            home = Path(top) / f"home_{number}"
            shutil.copytree(place, home) if number % 2 else home.mkdir()
            told = [*_told(words, home), *(["--overwrite"] if number % 2 else [])]
            first = number % 4 != 0
            longest_s = 1.2 * (writing_s if first else taken_s)
            _killed(told, home, float(chance.uniform(0.0, longest_s)), seen_first=first)
            seen[state(_plain(home), new, old if number % 2 else {}, verb)] += 1
            if number % 20 == 19:
                _run([*_told(words, home), "--overwrite"])
                seen["undisturbed"] += 1
                seen["left"] += _plain(home) != new or any(one.name.startswith(".out") for one in home.rglob(".*"))
            shutil.rmtree(home)
    return seen


def _told(words: list[str], home: Path) -> list[str]:
    return [*(str(home / word.replace("OUT", "out")) if word.startswith("OUT") else word for word in words), "-q"]


def _writing_s(words: list[str], top: Path) -> float:
    """Tell how long a verb takes from its first change beside its output to its end."""
    home = top / "timed"
    home.mkdir()
    child = _copy(_told(words, home))
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
    parser.add_argument("--json", type=Path)
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
            table[verb] = study(verb, words, given.kills)
            print(verb, table[verb], flush=True)
    if given.json:
        given.json.write_text(json.dumps(table, indent=1))
    return int(any(row["broken"] or row["left"] for row in table.values()))


if __name__ == "__main__":
    sys.exit(main())
