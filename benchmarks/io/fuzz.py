"""Spoilt inputs for every reader: what becomes of them, and what they cost.

Each reader is asked in a process of its own, as untrusted files are; one that dies is replaced, and counted. Input
number n of a reader is always the same, so that whatever is found can be made again:

    python -m benchmarks.io.fuzz --inputs 20000              a table, one line for each reader; --jobs N
    python -m benchmarks.io.fuzz --reader scan --only 4711   one input, with its traceback; --keep FILE keeps it
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import resource
import signal
import struct
import sys
import tempfile
import time
import traceback
import zlib
from pathlib import Path

import numpy as np
from benchmarks.io.spoilt import readers, seeds, spoil

MOST_S = 10
MOST_MB = 1024
SEED = 20261128
OUTCOMES = ("read", "refused", "error", "signal", "slow", "large")
"""What counts as wrong stands behind the second."""
MESSAGE = 1000


def input_of(reader: str, number: int, sound: list[bytes]) -> tuple[bytes, np.random.Generator]:
    """Make input `number` of a reader."""
    rng = np.random.default_rng([SEED, zlib.crc32(reader.encode()), number])
    content = sound[int(rng.integers(len(sound)))]
    return (content if reader == "options" and rng.random() < 0.8 else spoil(content, rng)), rng


def ask(reader: str, path: Path, rng: np.random.Generator) -> str:
    """Let a reader have a file; return the outcome, and behind a colon what was wrong."""
    from dualsense.errors import DualsenseError

    try:
        readers()[reader](path, rng)
    except DualsenseError as error:
        text = str(error)
        if text.isprintable() and len(text) <= MESSAGE:
            return "refused"
        return f"error:message {text[:200]!r}"
    except Exception as error:  # noqa: BLE001 - counting them is what this is for
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"error:{type(error).__name__} {str(error)[:120]!r} at {Path(where.filename).name}:{where.lineno}"
    return "read"


def peak_mb() -> float:
    """Most memory held since it was last asked, in MB."""
    try:
        status = Path("/proc/self/status").read_text()
        Path("/proc/self/clear_refs").write_text("5")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _work(reader: str, numbers: range, sound: list[bytes], pipe: int) -> None:
    """Read inputs one after another, and tell of each."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "spoilt"
        for number in numbers:
            content, rng = input_of(reader, number, sound)
            path.write_bytes(content)
            peak_mb()
            signal.alarm(4 * MOST_S)
            start = time.perf_counter()
            outcome = ask(reader, path, rng)
            taken_s, held_mb = time.perf_counter() - start, peak_mb()
            signal.alarm(0)
            if outcome in {"read", "refused"} and held_mb > MOST_MB:
                outcome = f"large:{held_mb:.0f} MB"
            if outcome in {"read", "refused"} and taken_s > MOST_S:
                outcome = f"slow:{taken_s:.1f} s"
            line = json.dumps([number, outcome, round(taken_s, 4), round(held_mb)]).encode()
            os.write(pipe, struct.pack("<I", len(line)) + line)
    os._exit(0)


def run(reader: str, first: int, count: int, sound: list[bytes]) -> dict[str, object]:
    """Ask a reader for inputs from the first on; return counts, worst times and sizes, and what was wrong."""
    counts: collections.Counter[str] = collections.Counter()
    wrong: list[str] = []
    worst_s = worst_mb = 0.0
    done, end = first, first + count
    while done < end:
        theirs, ours = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                _work(reader, range(done, end), sound, ours)
            finally:
                os._exit(70)  # this study itself is wrong
        os.close(ours)
        with os.fdopen(theirs, "rb") as answers:
            while head := answers.read(4):
                number, outcome, taken_s, held_mb = json.loads(answers.read(struct.unpack("<I", head)[0]))
                done = number + 1
                kind, _, cause = outcome.partition(":")
                counts[kind] += 1
                worst_s, worst_mb = max(worst_s, taken_s), max(worst_mb, held_mb)
                if cause:
                    wrong.append(f"{reader} {number}: {outcome}")
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status != 0:
            name = signal.Signals(-status).name if status < 0 else f"status {status}"
            counts["slow" if name == "SIGALRM" else "signal"] += 1
            wrong.append(f"{reader} {done}: {name}")
            done += 1
    return {"counts": dict(counts), "worst_s": worst_s, "worst_mb": worst_mb, "wrong": wrong}


def run_shared(name: str, first: int, count: int, sound: list[bytes], jobs: int) -> dict[str, object]:
    """Share the inputs of a reader among so many processes; join what they tell."""
    edges = [first + count * n // jobs for n in range(jobs + 1)]
    if jobs == 1:
        return run(name, first, count, sound)
    with tempfile.TemporaryDirectory() as place:
        shares = []
        for n in range(jobs):
            child = os.fork()
            if child == 0:
                status = 70
                try:
                    own = run(name, edges[n], edges[n + 1] - edges[n], sound)
                    (Path(place) / str(n)).write_text(json.dumps(own), encoding="utf-8")
                    status = 0
                finally:
                    os._exit(status)
            shares.append(child)
        for child in shares:
            if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
                msg = f"{name}: the study itself broke"
                raise RuntimeError(msg)
        told = [json.loads((Path(place) / str(n)).read_text(encoding="utf-8")) for n in range(jobs)]
    counts = sum((collections.Counter(one["counts"]) for one in told), collections.Counter[str]())
    worst = {key: max(one[key] for one in told) for key in ("worst_s", "worst_mb")}
    return {"counts": dict(counts), **worst, "wrong": [line for one in told for line in one["wrong"]]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=2000, help="of all readers together")
    parser.add_argument("--first", type=int, default=0, help="number of the first input of each reader")
    parser.add_argument("--reader", action="append", help="only this one; may be repeated")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes beside each other")
    parser.add_argument("--only", type=int, help="only this input, in this process")
    parser.add_argument("--keep", type=Path, help="keep the input that --only asks for")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        sound = seeds(Path(place))
    names = given.reader or list(sound)
    if given.only is not None:
        content, rng = input_of(names[0], given.only, sound[names[0]])
        path = given.keep or Path(tempfile.mkdtemp()) / "spoilt"
        path.write_bytes(content)
        print(readers()[names[0]](path, rng))
        return 0
    readers()  # imported once, and not in every process
    print(f"{'reader':8s} " + " ".join(f"{one:>8s}" for one in OUTCOMES) + "   worst s  worst MB")
    table = {}
    for name in names:
        row = table[name] = run_shared(name, given.first, -(-given.inputs // len(names)), sound[name], given.jobs)
        counts = " ".join(f"{row['counts'].get(one, 0):8d}" for one in OUTCOMES)
        print(f"{name:8s} {counts} {row['worst_s']:9.2f} {row['worst_mb']:9.0f}", flush=True)
        for line in row["wrong"][:40]:
            print(f"    {line}", flush=True)
    if given.json:
        given.json.write_text(json.dumps(table, indent=1))
    return int(any(row["counts"].keys() - {"read", "refused", "signal"} for row in table.values()))


if __name__ == "__main__":
    sys.exit(main())
