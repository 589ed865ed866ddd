"""Time of `emi._locate.locate` with uncertainty: 441 rows, three complex frequencies; alone and in batches."""

from __future__ import annotations

import importlib.util
import json
import os
import time
from pathlib import Path

import numpy as np

from dualsense.emi._locate.locate import locate, locate_many

TARGETS = 40
ROUNDS = 3
CELL = (1, 0.005, 30.0)


def responses() -> list:
    """Targets of the study of errors, 5 mm of jitter, a peak of 30 times the noise, one height."""
    spec = importlib.util.spec_from_file_location("study", Path(__file__).with_name("study_inversion.py"))
    study = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(study)
    return [study.buried(CELL, seed)[0] for seed in range(TARGETS)]


def run() -> dict[str, float]:
    targets, noise = responses(), np.ones(6)
    locate(targets[0], noise)
    spent, busy = [], []
    for response in targets:
        began, worked = time.perf_counter(), time.thread_time()
        locate(response, noise)
        spent.append(time.perf_counter() - began)
        busy.append(time.thread_time() - worked)
    rate: dict[int, float] = {}
    for _ in range(ROUNDS):  # in turns, the best of each: the first time with threads is not like the others
        for threads in (1, os.cpu_count() or 1):
            began = time.perf_counter()
            locate_many(targets, noise, threads=threads)
            rate[threads] = max(rate.get(threads, 0.0), TARGETS / (time.perf_counter() - began))
    return {
        "rows": float(targets[0].time_s.size),
        "channels": float(targets[0].values.shape[1]),
        "median_ms": 1e3 * float(np.median(spent)),
        "fastest_ms": 1e3 * min(spent),
        "slowest_ms": 1e3 * max(spent),
        "median_cpu_ms": 1e3 * float(np.median(busy)),
        **{f"batch_targets_per_s_{threads}_threads": each for threads, each in rate.items()},
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
