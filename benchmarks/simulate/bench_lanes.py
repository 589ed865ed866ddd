"""Lanes of one square metre a minute, in one process on one thread and with one process per core.

And how the time of the ground's echo grows with soundings, scatterers and tones: the exponent p in time ~ size^p
over a fourfold size, one at most where it is linear.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from dualsense.simulate import Soil, ground_echo, realise_ground, simulate_lanes

PRESET = "cambodia-laterite"
HALF_M = np.array([0.0495, 0.0, 0.0])
SIZES = {"soundings": 300, "scatterers": 12_000, "tones": 121}


def run() -> dict[str, float]:
    out = {}
    with tempfile.TemporaryDirectory() as folder:
        simulate_lanes(PRESET, Path(folder) / "warm", lanes=1, seed=99, jobs=1)
        for name, lanes, jobs in (("one_process", 6, 1), ("process_per_core", 24, None)):
            start = time.perf_counter()
            found = simulate_lanes(PRESET, Path(folder) / name, lanes=lanes, seed=0, jobs=jobs)
            assert not any(lane.error for lane in found)
            out[f"{name}_lanes_per_minute"] = 60 * lanes / (time.perf_counter() - start)
    return out | growth()


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
