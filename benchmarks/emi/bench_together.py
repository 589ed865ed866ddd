"""What it costs to place metal together, with the track, soil and drift free (`emi.locate.together`, `at_once`).

    python -m benchmarks.emi.bench_together FOLDER [--rounds 5]

A lane of each of ten kinds of ground, 0.6 or 1 m^2, simulated into FOLDER as `benchmarks.study_causes` does, and
the square metre of the budget (`benchmarks/budget.toml`), of ten pieces of metal, are processed with it and
without, in turns, in one process. Told are the medians over the rounds, per square metre: seconds more by the
clock, processor seconds more, and seconds of the whole with it. What is in FOLDER already is not made again.
Everything is simulated.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from benchmarks import budget
from benchmarks.study_causes import area, make

from dualsense.chain import process_scan
from dualsense.io import read_scan
from dualsense.recipe import load_recipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.recipe import Recipe
    from dualsense.scan import Scan

WITHOUT = ("emi.locate.together=false", "emi.locate.at_once=false")


def spent(scan: Scan, recipe: Recipe) -> tuple[float, float]:
    """Seconds of one run by the clock, and processor seconds."""
    began, worked = time.perf_counter(), time.process_time()
    process_scan(scan, recipe)
    return time.perf_counter() - began, time.process_time() - worked


def more(scan: Scan, rounds: int, given: Sequence[str] = ()) -> NDArray[np.float64]:
    """Seconds more by the clock, processor seconds more, and seconds of the whole."""
    ways = load_recipe(overrides=[*given]), load_recipe(overrides=[*given, *WITHOUT])
    out = []
    for n in range(rounds + 1):
        both = [spent(scan, way) for way in ways]
        if n > 0:  # the first finds nothing warm
            out.append((both[0][0] - both[1][0], both[0][1] - both[1][1], both[0][0]))
    middle: NDArray[np.float64] = np.median(out, axis=0)
    return middle


def say(seconds: NDArray[np.float64], name: str) -> None:
    """Print one line of the table."""
    print("{:21.2f} {:20.2f} {:17.2f}".format(*seconds), name, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    make(asked.folder, squares=1, lanes=0, skip=0)
    print("per m2: clock more, s    processor more, s    clock whole, s")
    squares = []
    for path in sorted(asked.folder.glob("square-*.h5")):
        squares.append(more(read_scan(path), asked.rounds) / area([path]))
        say(squares[-1], path.stem)
    say(np.median(squares, axis=0), f"median of {len(squares)}")
    limits = budget.load()
    dense = more(read_scan(budget.scan_file("tones", limits)), asked.rounds, limits["scans"]["tones"]["set"])
    say(dense, "ten pieces of metal, the budget's")


if __name__ == "__main__":
    main()
