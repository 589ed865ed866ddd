"""Batches of many small scans: what two processes gain, the same bytes by a cluster, and after kills.

    python -m benchmarks.batches gain --scans 200 [--rounds 3]    one process and two, in turns
    python -m benchmarks.batches cluster --scans 20               a Dask cluster on this machine beside the pool
    python -m benchmarks.batches kills --scans 8 --kills 50       SIGKILL at random moments, then `--resume`
    python -m benchmarks.batches kills --scans 8 --kills 10 --skip 40     the last ten of the same fifty

Each batch is the command in a process of its own, as a user starts it. Exit status 1 when bytes differ.

Wall time says little where other programs take the cores. `gain_by_processor` is by processor time, which they
disturb less: what one process takes, over what is done once and half of what two take beyond that. It is what two
cores gain where each process has one to itself; that one may wait for the other at the end is left out.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from benchmarks.processes import environment

if TYPE_CHECKING:
    from collections.abc import Sequence

OF_THE_RUN = {"index.html"}
"""Says how long each scan took; all else hangs on scans, recipe and versions alone."""
LENGTH_M, WIDTH_M, LINE_SPACING_M, SPEED_M_S, STEP_HZ = 0.24, 0.2, 0.05, 0.5, 40e6
SEED = 20261129


def make_scans(folder: Path, count: int) -> None:
    """Simulate scans of a twentieth of a square metre, each with a mine, and with ground and noise of its own."""
    from dualsense.io import write_scan
    from dualsense.simulate import Buried, Scene, simulate_scan

    plain = Scene()
    motion = replace(
        plain.motion, length_m=LENGTH_M, width_m=WIDTH_M, line_spacing_m=LINE_SPACING_M, speed_m_s=SPEED_M_S
    )
    assert plain.radar is not None
    mine = Buried("PMN", x_m=0.5 * LENGTH_M, y_m=0.5 * WIDTH_M, depth_m=0.04)
    scene = replace(plain, motion=motion, radar=replace(plain.radar, step_hz=STEP_HZ), objects=(mine,))
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(count):
        path = folder / f"scan-{n:03d}.h5"
        if not path.exists():
            write_scan(simulate_scan(replace(scene, scan_id=path.stem), seed=n), path)


def words(scans: Path, out: Path, *more: object) -> list[str]:
    """Give the command of a batch."""
    return [sys.executable, "-m", "dualsense", "batch", str(scans), "-o", str(out), "-q", *map(str, more)]


def timed(command: Sequence[str], *, cores: set[int] | None = None) -> tuple[float, float]:
    """Run a batch to its end; give its wall time, and the processor time of all its processes."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores or before)
    began_s, earlier_s = time.perf_counter(), _children_s()
    try:
        subprocess.run(command, env=environment(), check=True, stdout=subprocess.DEVNULL)
    finally:
        os.sched_setaffinity(0, before)
    return time.perf_counter() - began_s, _children_s() - earlier_s


def _children_s() -> float:
    """Processor time of all processes that were started here and ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def digests(out: Path) -> dict[str, str]:
    """Hash every file of a batch that hangs on its scans alone, hidden ones too."""
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in OF_THE_RUN
    }


def gain(scans: Path, place: Path, rounds: int) -> dict[str, float]:
    """Tell how many times as fast two processes are as one, and as one that has a single core."""
    one_core = {min(os.sched_getaffinity(0))}
    how = {"one": (1, None), "one core": (1, one_core), "two": (2, None)}
    took: dict[str, list[float]] = {name: [] for name in how}
    processor: dict[str, list[float]] = {name: [] for name in (*how, "nothing")}
    found = set()
    for n in range(rounds):
        for name in list(how) if n % 2 == 0 else reversed(list(how)):
            jobs, cores = how[name]
            out = place / "gain"
            wall_s, processor_s = timed(words(scans, out, "--jobs", jobs), cores=cores)
            took[name].append(wall_s)
            processor[name].append(processor_s)
            found.add(json.dumps(digests(out)))
            if name == "two":
                # all is done: what is left is what a batch does once
                processor["nothing"].append(timed(words(scans, out, "--jobs", 2, "--resume"))[1])
            shutil.rmtree(out)
    if len(found) != 1:
        msg = "another number of processes gave other bytes"
        raise ValueError(msg)

    def over(name: str) -> float:
        return round(statistics.median(a / b for a, b in zip(took[name], took["two"], strict=True)), 3)

    one_s, two_s, once_s = (statistics.median(processor[name]) for name in ("one core", "two", "nothing"))
    return {
        "scans": len(list(scans.glob("*.h5"))),
        "gain": over("one"),
        "gain_over_one_core": over("one core"),
        "gain_by_processor": round(one_s / (once_s + 0.5 * (two_s - once_s)), 3),
        "wall_s_of_two": round(statistics.median(took["two"]), 1),
        "load": round(os.getloadavg()[0], 1),
    }


def cluster(scans: Path, place: Path) -> dict[str, object]:
    """Do a batch by the pool and by a Dask cluster on this machine; tell whether all bytes are the same."""
    timed(words(scans, place / "pool", "--jobs", 2))
    timed(words(scans, place / "cluster", "--jobs", 2, "--scheduler", "local"))
    pool, dask = digests(place / "pool"), digests(place / "cluster")
    return {"files": len(pool), "same": pool == dask}


def kills(scans: Path, place: Path, count: int, skip: int = 0) -> dict[str, int]:
    """Kill a batch and all that it started at random moments of its time, go on with `--resume`, compare."""
    whole_s = timed(words(scans, place / "whole", "--jobs", 2))[0]
    wanted = digests(place / "whole")
    chance = np.random.default_rng(SEED)
    seen = dict.fromkeys(("killed", "ended before", "scans done when killed", "same", "differs"), 0)
    parts = chance.uniform(0.0, 1.0, skip + count)[skip:]
    for n, part in enumerate(parts.tolist()):
        out = place / f"killed-{n}"
        began = subprocess.Popen(
            words(scans, out, "--jobs", 2), env=environment(), stdout=subprocess.DEVNULL, start_new_session=True
        )
        try:
            began.wait(part * whole_s)
            seen["ended before"] += 1
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(began.pid, signal.SIGKILL)
            began.wait()
            seen["killed"] += 1
            seen["scans done when killed"] += len(list(out.glob("*/targets.json")))
        timed(words(scans, out, "--jobs", 2, "--resume"))
        seen["same" if digests(out) == wanted else "differs"] += 1
        shutil.rmtree(out)
    return seen


def main() -> int:
    """Make the scans, do what is asked, and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.batches", description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("gain", "cluster", "kills"))
    parser.add_argument("--scans", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=1, help="of gain")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--skip", type=int, default=0, help="kills that were done before")
    parser.add_argument("--folder", type=Path, help="scans are made and kept there, in a folder by their number")
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as top:
        place = Path(top)
        scans = (asked.folder or place) / f"scans-{asked.scans}"
        make_scans(scans, asked.scans)
        if asked.what == "gain":
            timed(words(scans, place / "compiles", "--jobs", 1))
            told: dict[str, object] = dict(gain(scans, place, asked.rounds))
        else:
            told = (
                cluster(scans, place)
                if asked.what == "cluster"
                else dict(kills(scans, place, asked.kills, asked.skip))
            )
    print(json.dumps(told, indent=1))
    if asked.json is not None:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 1 if told.get("same") is False or told.get("differs") else 0


if __name__ == "__main__":
    sys.exit(main())
