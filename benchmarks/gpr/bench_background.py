"""Seconds of each background removal and of robust PCA on 512 x 400, and what each costs a target."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.gpr._clean.background import remove_background
from dualsense.gpr._clean.loss import background_loss
from dualsense.gpr._clean.robust_pca import robust_pca
from dualsense.gpr._clean.surface import Surface, fit_surface, mirror_path
from dualsense.gpr._soundings import Soundings, calibrate
from dualsense.io import read_scan
from dualsense.survey import track_at

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "pmn_sand.h5"
SHAPE = (512, 400)
REPEATS = 5
METHODS: dict[str, dict[str, Any]] = {
    "moving-median": {},
    "moving-mean": {},
    "median": {},
    "mean": {},
    "svd": {},
    "robust-pca": {},
    "reference": {"reference_start_s": 0.0, "reference_stop_s": 1.0},
}


def best_s(call: Callable[[], Any]) -> float:
    """Least wall time of some runs: other work on the machine only ever adds."""
    call()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def matrices(rng: np.random.Generator, *, complex_valued: bool, rank: int, share: float, noise: float) -> tuple:
    """Low-rank part, and its sum with outliers and noise."""

    def gauss(*shape: int) -> np.ndarray:
        real = rng.standard_normal(shape)
        return real + 1j * rng.standard_normal(shape) if complex_valued else real

    low = gauss(SHAPE[0], rank) @ gauss(rank, SHAPE[1])
    return low, low + np.where(rng.random(SHAPE) < share, 10.0 * gauss(*SHAPE), 0.0) + noise * gauss(*SHAPE)


def line(rng: np.random.Generator) -> tuple[Soundings, Surface]:
    """512 soundings of 400 tones along 2.5 m: three layers, one of which comes and goes, a body, and noise."""
    n, k = SHAPE
    frequency = np.linspace(0.5e9, 4.5e9, k)
    middle = np.column_stack([np.linspace(0.0, 2.5, n), np.zeros(n), np.full(n, 0.05)])
    half = np.array([0.05, 0.0, 0.0])
    swing = np.stack([np.ones(n), 0.7 * np.ones(n), np.cos(np.arange(n) / 40.0)], axis=1)
    layers = swing @ np.exp(-2j * np.pi * np.outer([0.5e-9, 1.7e-9, 2.9e-9], frequency))
    deep_m = 2.0 * np.hypot(0.1, middle[:, 0] - 1.2)
    body = (
        0.5 * np.exp(-2j * np.pi * frequency * deep_m[:, None] / 1.5e8) * np.exp(-((deep_m / 0.4) ** 2))[:, None]
    )
    noise = 0.02 * (rng.standard_normal(SHAPE) + 1j * rng.standard_normal(SHAPE))
    path = mirror_path(middle - half, middle + half, middle[:, 2])
    turn = np.exp(-2j * np.pi * frequency * path[:, None] / 299_792_458.0)
    measured = Soundings(
        time_s=0.02 * np.arange(n),
        frequency_hz=frequency,
        spectrum=(layers + body) * turn + noise,
        tx_m=middle - half,
        rx_m=middle + half,
        channel=np.zeros(n, np.intp),
        position_std_m=np.full((n, 3), np.nan),
    )
    return measured, Surface(middle[:, 2], path, np.ones(SHAPE, complex), np.zeros(n), fitted=True)


def run() -> dict[str, float]:
    """Time the methods, and tell what each costs a 6 cm body in a full-wave scan."""
    out: dict[str, float] = {}
    cases = {"clean": {"rank": 20, "share": 0.1, "noise": 0.0}, "noisy": {"rank": 5, "share": 0.05, "noise": 0.1}}
    for name, case in cases.items():
        for kind in ("real", "complex"):
            low, data = matrices(np.random.default_rng(0), complex_valued=kind == "complex", **case)
            out[f"robust_pca_{name}_{kind}_s"] = best_s(lambda data=data: robust_pca(data))
            error = np.linalg.norm(robust_pca(data).low - low) / np.linalg.norm(low)
            out[f"robust_pca_{name}_{kind}_error"] = float(error)
    measured, surface = line(np.random.default_rng(1))
    for method, options in METHODS.items():
        name = method.replace("-", "_")
        out[f"{name}_s"] = best_s(lambda m=method, o=options: remove_background(measured, surface, method=m, **o))
    scan = read_scan(SAMPLE)
    soundings, _ = calibrate(scan.gpr, track_at(scan.pose, scan.gpr.time_s, smoothing_s=0.1))
    below, ground = fit_surface(soundings)
    for method, options in METHODS.items():
        for body in ("flat", "point"):
            lost = background_loss(below, ground, body=body, method=method, **options)
            out[f"{method.replace('-', '_')}_loss_{body}"] = lost
    out["loss_s"] = best_s(lambda: background_loss(below, ground))
    return out


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
