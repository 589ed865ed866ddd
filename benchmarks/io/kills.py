"""Writers killed at random moments: every output must be whole, the old one or the new one, or absent.

`benchmarks.io.interrupted` goes through the single changes of the file system; here real writers of real results
are ended by SIGKILL after a time drawn from a seed, first as functions, in copies of a process that has all of it
loaded, then as commands. After each, what lies there is compared byte by byte with what the undisturbed writer
leaves; now and then one goes undisturbed, and must leave nothing but its output.

    python -m benchmarks.io.kills --kills 100 --commands 20      so many for each function, and each command
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from benchmarks.io.spoilt import dzt

if TYPE_CHECKING:
    from collections.abc import Callable

    Writer = Callable[[Path, bool], object]

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_data"
SEED = 20261128
UNDISTURBED = 20
"""One in so many goes to its end."""


def digest(place: Path) -> dict[str, str]:
    """Hash what was written at a place, a file or a folder, by name; empty where nothing is."""
    paths = [one for one in (sorted(place.rglob("*")) if place.is_dir() else [place]) if one.is_file()]
    return {str(one.relative_to(place)): hashlib.sha256(one.read_bytes()).hexdigest() for one in paths}


def writers(folder: Path) -> dict[str, Writer]:
    """Make functions that write the old or the new content (the flag) to a place."""
    from dualsense.batch import BatchEntry, batch_json
    from dualsense.chain import process_recording
    from dualsense.evaluate import evaluate_files, write_evaluation
    from dualsense.io import open_recording, read_scan, write_scan
    from dualsense.recipe import load_recipe
    from dualsense.render import read_result, write_outputs, write_result
    from dualsense.runtime.files import write_file

    results, evaluations = [], []
    for number, changes in enumerate(((), ("fusion.prior=0.4",))):
        with open_recording(SAMPLES / "pmn_sand.h5") as recording:
            result = process_recording(recording, load_recipe(overrides=changes))
        write_result(result, folder / f"{number}.h5")
        results.append(read_result(folder / f"{number}.h5"))
        evaluations.append(evaluate_files([SAMPLES / "pmn_sand.h5"], lambda _, made=result: made))
    scans = [read_scan(SAMPLES / name) for name in ("pmn_sand.h5", "pmn_wet.h5")]
    lists = [batch_json([BatchEntry(str(n), "a.h5", error="x" * 2000)] * 300) for n in range(2)]
    return {
        "results": lambda out, new: write_outputs(results[new], out, overwrite=True),
        "result.h5": lambda out, new: write_result(results[new], out),
        "scan": lambda out, new: write_scan(scans[new], out, overwrite=True),
        "evaluation": lambda out, new: write_evaluation(evaluations[new], out),
        "list": lambda out, new: write_file(out, lists[new]),
    }


def study_writer(name: str, write: Writer, kills: int) -> dict[str, int]:
    """Kill a function so many times, most often while it writes."""
    chance = np.random.default_rng([SEED, len(name)])
    seen = dict.fromkeys(("old", "new", "absent", "broken", "left", "undisturbed"), 0)
    with tempfile.TemporaryDirectory() as top:
        wanted, taken_s = [], 0.0
        for new in (False, True):
            place = Path(top) / str(int(new))
            start = time.perf_counter()
            _in_copy(write, place, new=new, after_s=None)
            taken_s = max(taken_s, time.perf_counter() - start)
            wanted.append(digest(place))
        for number in range(kills):
            home = Path(top) / f"home_{number}"
            home.mkdir()
            out = home / "out"
            if number % 3:
                _place_old(Path(top) / "0", out)
            whole = number % UNDISTURBED == UNDISTURBED - 1
            _in_copy(write, out, new=True, after_s=float(chance.uniform(0.0, 1.1 * taken_s)))
            if whole:
                _in_copy(write, out, new=True, after_s=None)
                seen["undisturbed"] += 1
                seen["left"] += [one.name for one in home.iterdir()] != ["out"]
            seen[_state(digest(out), wanted, had=bool(number % 3))] += 1
            shutil.rmtree(home)
    return seen


def _place_old(source: Path, out: Path) -> None:
    shutil.copytree(source, out) if source.is_dir() else shutil.copy(source, out)


def _state(found: dict[str, str], wanted: list[dict[str, str]], *, had: bool) -> str:
    if not found:
        return "broken" if had else "absent"
    return ("old", "new")[wanted.index(found)] if found in wanted else "broken"


def _in_copy(write: Writer, out: Path, *, new: bool, after_s: float | None) -> None:
    """Write in a copy of this process, which is killed after a time, or not where that is None."""
    child = os.fork()
    if child == 0:
        try:
            write(out, new)
        finally:
            os._exit(0)
    if after_s is not None:
        time.sleep(after_s)
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def commands(folder: Path) -> dict[str, list[str]]:
    """List commands that write to OUT, small ones."""
    scans = folder / "scans"
    scans.mkdir()
    shutil.copy(SAMPLES / "pmn_sand.h5", scans / "a.h5")
    (folder / "lane.DZT").write_bytes(dzt())
    scan = str(SAMPLES / "pmn_sand.h5")
    return {
        "process": ["process", scan, "-o", "OUT"],
        "replay": ["replay", scan, "--speed", "max", "--step", "20", "-o", "OUT"],
        "batch": ["batch", str(scans), "-o", "OUT", "--jobs", "1"],
        "evaluate": ["evaluate", str(scans), "-o", "OUT"],
        "import": ["import", str(folder / "lane.DZT"), "-o", "OUT"],
        "simulate --write-scene": ["simulate", "--preset", "sand", "--seed", "1", "--write-scene", "-o", "OUT"],
    }


def study_command(words: list[str], kills: int) -> dict[str, int]:
    """Kill a command, and the process that waits for it, at random moments."""
    chance = np.random.default_rng([SEED, len(words[0])])
    seen = dict.fromkeys(("new", "absent", "part of batch", "broken", "left"), 0)
    with tempfile.TemporaryDirectory() as top:
        start = time.perf_counter()
        _command(words, Path(top) / "out", None)
        taken_s, wanted = time.perf_counter() - start, _plain(Path(top) / "out")
        for number in range(kills):
            home = Path(top) / f"home_{number}"
            home.mkdir()
            # most of the time goes into starting and processing: the second half is where writing is
            _command(words, home / "out", float(chance.uniform(0.4, 1.15) * taken_s))
            seen[_command_state(_plain(home / "out"), wanted, words[0])] += 1
            if number % UNDISTURBED == UNDISTURBED - 1:
                _command([*words, "--overwrite"], home / "out", None)
                hidden = [one for one in home.rglob(".*") if one.name.startswith(".out")]
                seen["left"] += bool(hidden) or _plain(home / "out") != wanted
            shutil.rmtree(home)
    return seen


def _plain(out: Path) -> dict[str, str]:
    """What is there under a name that is not hidden; lists that name the place itself by their presence only."""
    found = {}
    for name, code in digest(out).items():
        if name == "." or not any(part.startswith(".") for part in Path(name).parts):
            found[name] = "there" if Path(name).name in {"batch.json", "batch.csv"} else code
    return found


def _command_state(found: dict[str, str], wanted: dict[str, str], verb: str) -> str:
    if found == wanted:
        return "new"
    if not found:
        return "absent"
    if verb == "batch":  # its scans come one by one, each whole, and its lists at the end
        inner = {name: code for name, code in wanted.items() if "/" in name}
        lists = {name for name in found if "/" not in name}
        if {n: c for n, c in found.items() if "/" in n} == inner and lists <= {"batch.csv"}:
            return "part of batch"
    return "broken"


def _command(words: list[str], out: Path, after_s: float | None) -> None:
    given = [str(out) if word == "OUT" else word for word in words]
    process = subprocess.Popen(
        [sys.executable, "-m", "dualsense", *given, "-q"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, help="of each function")
    parser.add_argument("--commands", type=int, default=0, help="of each command")
    parser.add_argument("--writer", action="append", help="only this function; may be repeated")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    table: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory() as place:
        if given.kills:
            for name, write in writers(Path(place)).items():
                if given.writer and name not in given.writer:
                    continue
                table[name] = study_writer(name, write, given.kills)
                print(name, table[name], flush=True)
        if given.commands:
            for name, words in commands(Path(place)).items():
                table[f"dualsense {name}"] = study_command(words, given.commands)
                print(f"dualsense {name}", table[f"dualsense {name}"], flush=True)
    if given.json:
        given.json.write_text(json.dumps(table, indent=1))
    return int(any(row["broken"] or row["left"] for row in table.values()))


if __name__ == "__main__":
    sys.exit(main())
