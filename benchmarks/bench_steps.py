"""Where the time of ``process_scan`` goes: seconds per step on a sample scan, kernels compiled."""

from __future__ import annotations

import json
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

SAMPLE = Path(__file__).resolve().parent.parent / "sample_data" / "pmn_wet.h5"
RUNS = 3


def run() -> dict[str, float]:
    """Median seconds of each step over some runs, after one that compiles."""
    from dualsense.chain import process_scan
    from dualsense.io import read_scan
    from dualsense.render import write_outputs

    process_scan(read_scan(SAMPLE))
    steps: dict[str, list[float]] = {}
    for _ in range(RUNS):
        marks = [("read", time.perf_counter())]
        result = process_scan(
            read_scan(SAMPLE), progress=lambda name, _part, marks=marks: marks.append((name, time.perf_counter()))
        )
        marks[-1] = ("write", time.perf_counter())
        with tempfile.TemporaryDirectory() as folder:
            write_outputs(result, Path(folder) / "out")
        marks.append(("end", time.perf_counter()))
        for (name, start), (_, stop) in pairwise(marks):
            steps.setdefault(name.replace(": ", "_"), []).append(stop - start)
    return {f"{name}_s": median(times) for name, times in steps.items()}


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
