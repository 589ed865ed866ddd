"""Writers killed at random moments: every output must be whole, the old one or the new one, or absent.

`benchmarks.io.interrupted` goes through the single changes of the file system; here real writers of real results
are ended by SIGKILL after a time drawn from a seed, first as functions, in copies of a process that has all of it
loaded, then as commands. After each, what lies there is compared byte by byte with what the undisturbed writer
leaves; now and then one goes undisturbed, and must leave nothing but its output.

    python -m benchmarks.io.kills --kills 100 --commands 20      so many for each function, and each verb
"""

from __future__ import annotations

import argparse
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
from benchmarks.io.written import SAMPLES, SEED, digest, plain, state, verbs, words_for

if TYPE_CHECKING:
    from collections.abc import Callable

    Writer = Callable[[Path, bool], object]

UNDISTURBED = 20
"""One in so many goes to its end."""


def writers(folder: Path) -> dict[str, Writer]:
    """Make functions that write the old or the new content (the flag) to a place."""
    from dualsense.batch import BatchEntry, batch_json
    from dualsense.chain import process_recording
    from dualsense.evaluate import evaluate_files, write_evaluation
    from dualsense.io import open_recording, read_scan, write_scan
    from dualsense.recipe import load_recipe
    from dualsense.render import _output, read_result, write_outputs, write_result
    from dualsense.runtime.files import write_file

    results, evaluations = [], []
    for number, changes in enumerate(((), ("fusion.prior=0.4",))):
        with open_recording(SAMPLES / "pmn_sand.h5") as recording:
            result = process_recording(recording, load_recipe(overrides=changes))
        write_result(result, folder / f"{number}.h5")
        results.append(read_result(folder / f"{number}.h5"))
        evaluations.append(evaluate_files([SAMPLES / "pmn_sand.h5"], lambda _, made=result: made))
    # drawing touches no file, and would take up most of the time in which a kill can meet one
    pictures = {id(result): _output.render_figures(result) for result in results}
    _output.render_figures = lambda result, *_: pictures[id(result)]
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


def study_command(verb: str, words: list[str], kills: int) -> dict[str, int]:
    """Kill a command, and the process that waits for it, at random moments."""
    chance = np.random.default_rng([SEED, len(words[0])])
    seen = dict.fromkeys(("new", "absent", "in part", "broken", "left"), 0)
    with tempfile.TemporaryDirectory() as top:
        place = Path(top) / "first"
        place.mkdir()
        start = time.perf_counter()
        _command(words_for(words, place), None)
        taken_s, wanted = time.perf_counter() - start, plain(place)
        for number in range(kills):
            home = Path(top) / f"home_{number}"
            home.mkdir()
            told = words_for(words, home)
            # most of the time goes into starting and processing: the second half is where writing is
            _command(told, float(chance.uniform(0.4, 1.15) * taken_s))
            seen[state(plain(home), wanted, {}, verb)] += 1
            if number % UNDISTURBED == UNDISTURBED - 1:
                _command([*told, "--overwrite"], None)
                hidden = [one for one in home.rglob(".*") if one.name.startswith(".out")]
                seen["left"] += bool(hidden) or plain(home) != wanted
            shutil.rmtree(home)
    return seen


def _command(words: list[str], after_s: float | None) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "dualsense", *words],
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
            for name, words in verbs(Path(place)).items():
                table[f"dualsense {name}"] = study_command(name, words, given.commands)
                print(f"dualsense {name}", table[f"dualsense {name}"], flush=True)
    if given.json:
        given.json.write_text(json.dumps(table, indent=1))
    return int(any(row["broken"] or row["left"] for row in table.values()))


if __name__ == "__main__":
    sys.exit(main())
