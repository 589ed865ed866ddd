"""Lanes of 0.36 m2 a minute, simulated and processed into rows as the calibration does it, on one core and on all.

And how the time of the ground's echo grows with soundings, scatterers and tones: the exponent p in time ~ size^p
over a fourfold size, one at most where it is linear.
"""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from benchmarks.calibrate.dataset import write_rows
from benchmarks.calibrate.scenes import lanes

from dualsense.simulate import Soil, ground_echo, realise_ground

HALF_M = np.array([0.0495, 0.0, 0.0])
SIZES = {"soundings": 300, "scatterers": 12_000, "tones": 121}
LANES = 24
"""For each worker: four of each soil."""


def run() -> dict[str, float]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    out = {"cores": float(cores)}
    for name, workers in (("one_process", 1), ("process_per_core", cores)):
        out[f"{name}_lanes_per_minute"] = lanes_a_minute(workers, LANES * workers)
    return out | growth()


def lanes_a_minute(workers: int, count: int) -> float:
    """Rows of so many lanes a minute, once each worker has had a lane to start with."""
    wanted = lanes("train", count + workers)
    finished = []
    with tempfile.TemporaryDirectory() as folder:
        for lane, error in write_rows(Path(folder), wanted, workers=workers):
            assert not error, f"{lane.name}: {error}"
            finished.append(time.perf_counter())
    return 60 * (len(finished) - workers) / (finished[-1] - finished[workers - 1])


def growth() -> dict[str, float]:
    """Exponents of the time in each size, the others held."""
    base = seconds(**SIZES)
    out = {"echo_s": base}
    for name, size in SIZES.items():
        out[f"exponent_{name}"] = float(np.log(seconds(**SIZES | {name: 4 * size}) / base) / np.log(4))
    return out


def seconds(*, soundings: int, scatterers: int, tones: int) -> float:
    """Time of one echo of uneven ground, the best of three."""
    rng = np.random.default_rng(0)
    ground = realise_ground(Soil(), low_m=(-0.5, -0.5), high_m=(1.5, 1.5), rng=rng)
    kept = rng.integers(len(ground.scatterer_m), size=scatterers)
    ground = replace(ground, scatterer_m=ground.scatterer_m[kept], strength_m3=ground.strength_m3[kept])
    at = np.stack([*rng.uniform(0.0, 1.0, (2, soundings)), rng.normal(0.05, 0.004, soundings)], axis=-1)
    frequency = np.linspace(0.8e9, 3.2e9, tones)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        ground_echo((), ground, at - HALF_M, at + HALF_M, frequency)
        times.append(time.perf_counter() - start)
    return min(times)
