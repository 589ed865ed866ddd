"""Seconds of the three migrations on a simulated square metre, and whether they put its point in one place."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.gpr._migrate.kirchhoff import kirchhoff
from dualsense.gpr._migrate.stolt import stolt
from dualsense.gpr._migrate.wavenumber import wavenumber
from dualsense.gpr._rays.traveltime import refracted_time
from dualsense.gpr._soundings import Soundings
from dualsense.gpr._traces import Traces
from dualsense.result import Grid

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualsense.gpr._migrate.migrated import Migrated

POINT_M = (0.0225, -0.0525, 0.08)
EPS = 6.0
CELL_M = 0.005
LINES, PER_LINE, TONES = 50, 100, 121
REPEATS = 3


def scan() -> tuple[Soundings, Traces]:
    """5,000 hand-held soundings 2 cm by 1 cm apart, heights within 5 mm rms, antennas 10 cm apart, one point."""
    rng = np.random.default_rng(0)
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, PER_LINE), np.linspace(-0.5, 0.5, LINES))
    middle = np.column_stack([x.ravel(), y.ravel(), np.full(x.size, 0.035)])
    middle += np.clip(0.005 * rng.standard_normal(middle.shape), -0.02, 0.02)
    half = np.array([0.05, 0.0, 0.0])
    f = np.linspace(0.8e9, 3.2e9, TONES)
    delay = np.array(
        [
            sum(
                refracted_time(
                    float(np.hypot(*(at[:2] - POINT_M[:2]))), float(at[2]), POINT_M[2], relative_permittivity=EPS
                )
                for at in (one - half, one + half)
            )
            for one in middle
        ]
    )
    window = np.kaiser(TONES, 5.0)
    spectrum = window / window.sum() * np.exp(-2j * np.pi * f * delay[:, None])
    dt = 1.0 / (24.0 * f[-1])
    t = np.arange(0.0, 10e-9, dt)
    values = (spectrum @ np.exp(2j * np.pi * f[:, None] * t)).astype(np.complex64)
    n = len(middle)
    soundings = Soundings(
        np.arange(float(n)),
        f,
        spectrum,
        middle - half,
        middle + half,
        np.zeros(n, np.intp),
        np.full((n, 3), np.nan),
    )
    return soundings, Traces(values, dt, f, spectrum)


def peak_m(migrated: Migrated, grid: Grid) -> np.ndarray:
    """Where the envelope is highest, between the voxels by parabolas."""
    a = np.abs(migrated.amplitude)
    k, j, i = np.unravel_index(int(a.argmax()), a.shape)
    out = []
    for axis, line, n in ((grid.x_m, a[k, j], i), (grid.y_m, a[k, :, i], j), (migrated.depth_m, a[:, j, i], k)):
        low, middle, high = line[n - 1 : n + 2]
        out.append(axis[n] + 0.5 * (low - high) / (low - 2 * middle + high) * CELL_M)
    return np.array(out)


def run() -> dict[str, float]:
    soundings, traces = scan()
    at = CELL_M * (np.arange(200) - 99.5)
    grid, depth = Grid(at, at, CELL_M), CELL_M * np.arange(51)
    ways: dict[str, Callable[..., Any]] = {"kirchhoff": kirchhoff, "wavenumber": wavenumber, "stolt": stolt}
    out, peaks, heights = {}, {}, {}
    for name, way in ways.items():
        began = time.perf_counter()
        found = way(soundings, traces, grid, depth, relative_permittivity=EPS)
        out[f"{name}_first_s"] = time.perf_counter() - began  # with what had to be compiled or read from the cache
        seconds = []
        for _ in range(REPEATS):
            began = time.perf_counter()
            found = way(soundings, traces, grid, depth, relative_permittivity=EPS)
            seconds.append(time.perf_counter() - began)
        out[f"{name}_s"] = min(seconds)
        peaks[name] = peak_m(found, grid)
        heights[name] = float(np.abs(found.amplitude).max())
        out[f"{name}_peak_error_m"] = float(np.abs(peaks[name] - POINT_M).max())
    for name in ("wavenumber", "stolt"):
        out[f"{name}_times_faster_than_kirchhoff"] = out["kirchhoff_s"] / out[f"{name}_s"]
        out[f"{name}_peak_from_kirchhoff_m"] = float(np.linalg.norm(peaks[name] - peaks["kirchhoff"]))
    out["wavenumber_amplitude_over_kirchhoff"] = heights["wavenumber"] / heights["kirchhoff"]
    return out


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
