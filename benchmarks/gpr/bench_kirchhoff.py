"""The Kirchhoff sum beside others, in one run: pairs (voxel times sounding) per second, tables included.

Others are measured where they are installed (the extra ``bench``). What is compared does less than
ours: homogeneous ground, most with one leg and real traces, no weights, fold or coherence.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numba
import numpy as np

from dualsense.gpr._migrate.geometry import geometry
from dualsense.gpr._migrate.sums import gather, scatter
from dualsense.result import Grid

if TYPE_CHECKING:
    from collections.abc import Callable

CELL_M, DT_S, SAMPLES, EPS = 0.005, 13e-12, 768, 5.0
REPEATS = 8
FLOPS_PER_PAIR = 27
"""Of the sum: 7 for the time, 1 for the part of a sample, 3 for the weight, 6 for the sample, 10 for the sums."""
COMPILE = """
import sys, time
sys.path.insert(0, {folder!r})
import bench_kirchhoff as bench
began = time.perf_counter()
bench.ours(*bench.scene(0.1, 8), full=True)
print(time.perf_counter() - began)
"""


@numba.njit(parallel=True, fastmath=True)
def plain_gather(trace, inv_step, sx, sy, sh, x, y, z, out):  # noqa: ANN001, ANN201
    """Backproject real traces of one antenna over homogeneous ground: what an evening gives."""
    for iz in numba.prange(z.size):
        for s in range(sx.size):
            for j in range(y.size):
                r2 = (y[j] - sy[s]) ** 2 + (z[iz] + sh[s]) ** 2
                for i in range(x.size):
                    q = np.float32(math.sqrt((x[i] - sx[s]) ** 2 + r2) * inv_step)
                    k = int(q)
                    out[iz, j, i] += trace[s, k] + (q - k) * (trace[s, k + 1] - trace[s, k])


@numba.njit(parallel=True, fastmath=True)
def fma_limit(a, b, c, rounds):  # noqa: ANN001, ANN201
    """Multiply and add in registers, sixteen times what is loaded."""
    for job in numba.prange(a.shape[0]):
        for _ in range(rounds):
            for k in range(a.shape[1]):
                v = a[job, k]
                for _ in range(16):
                    v = v * b + c
                a[job, k] = v


@numba.njit(parallel=True, fastmath=True)
def gather_limit(trace, index, out, rounds):  # noqa: ANN001, ANN201
    """Look up two neighbouring complex samples at known places, and nothing else."""
    for job in numba.prange(out.size):
        total = 0.0
        for r in range(rounds):
            for k in range(index.size):
                i = index[k] + (r & 7)
                total += trace[i] + trace[i + 1]
        out[job] = total


def scene(side_m: float, soundings_per_line: int, lines: int | None = None) -> tuple[np.ndarray, np.ndarray, Grid]:
    """Antennas over a swept square, in the order of a sweep, 10 cm apart, hand-like."""
    rng = np.random.default_rng(0)
    lines = lines or max(2, soundings_per_line // 4)
    along = np.linspace(0.0, side_m, soundings_per_line)
    x = np.concatenate([along if i % 2 == 0 else along[::-1] for i in range(lines)])
    y = np.repeat(np.linspace(0.0, side_m, lines), soundings_per_line) + rng.normal(0.0, 0.003, x.size)
    tx = np.column_stack([x - 0.05, y, rng.uniform(0.03, 0.08, x.size)])
    count = round(side_m / CELL_M)
    axis = CELL_M * np.arange(count)
    return tx, tx + np.array([0.1, 0.0, 0.0]), Grid(axis, axis, CELL_M)


def depths() -> np.ndarray:
    return CELL_M * np.arange(51)


def noise(n: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    parts = rng.standard_normal((n, SAMPLES, 2), dtype=np.float32)
    return parts.view(np.complex64)[..., 0]


def aperture(*, full: bool) -> np.ndarray:
    return np.full(51, 0.6) if full else np.minimum(0.1 + 0.6 * depths(), 0.2)


def lay_out(tx: np.ndarray, rx: np.ndarray, grid: Grid, *, full: bool) -> Any:
    ones = np.ones(len(tx))
    return geometry(tx, rx, ones, grid, depths(), aperture_m=aperture(full=full), relative_permittivity=EPS)


def ours(tx: np.ndarray, rx: np.ndarray, grid: Grid, *, full: bool, data: np.ndarray | None = None) -> Any:
    """Tables and sum: what :func:`dualsense.gpr.kirchhoff` does but for the density."""
    return gather(lay_out(tx, rx, grid, full=full), noise(len(tx)) if data is None else data, DT_S)


def pairs(tx: np.ndarray, rx: np.ndarray, grid: Grid, *, full: bool) -> float:
    """Count voxels within the aperture of each sounding."""
    middle = 0.5 * (tx + rx)
    inside = 0.0
    for one in middle:
        e2 = ((grid.x_m - one[0]) ** 2)[None] + ((grid.y_m - one[1]) ** 2)[:, None]
        inside += np.searchsorted(np.sort(e2.ravel()), aperture(full=full) ** 2).sum()
    return inside


def fastest(job: Callable[[], Any], repeats: int = REPEATS) -> float:
    job()
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def by_pylops(tx: np.ndarray, rx: np.ndarray, grid: Grid) -> dict[str, float]:
    """One operator for each of four soundings: it pairs every source with every receiver, ours go together."""
    import pylops

    z, t = depths()[1:], DT_S * np.arange(SAMPLES)
    some = range(0, len(tx), len(tx) // 4)
    data = np.ascontiguousarray(noise(1).real, dtype=float).ravel()

    def build() -> list[Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [
                pylops.waveeqprocessing.Kirchhoff(
                    z,
                    grid.x_m,
                    t,
                    *(np.array([[a[s, 0]], [a[s, 1]], [-a[s, 2]]]) for a in (tx, rx)),
                    0.13e9,
                    np.ones(1),
                    0,
                    y=grid.y_m,
                    mode="analytic",
                    engine="numba",
                )
                for s in some
            ]

    operators = build()
    count = float(z.size * grid.x_m.size * grid.y_m.size) * len(operators)
    table_s = fastest(build, 1)
    sum_s = fastest(lambda: [operator.rmatvec(data) for operator in operators], 2)
    return {"pylops_pairs_per_s": count / sum_s, "pylops_with_table_pairs_per_s": count / (sum_s + table_s)}


def by_fastsar(tx: np.ndarray, rx: np.ndarray, grid: Grid) -> dict[str, float]:
    """Homogeneous and bistatic, on a thirteenth of the points."""
    import fastsar

    z = depths()[::13]
    points = np.stack(np.meshgrid(grid.x_m, grid.y_m, -z, indexing="ij"), axis=-1)
    f = np.linspace(0.8e9, 3.2e9, 121)
    data = noise(len(tx))[:, : f.size]
    job = lambda: fastsar.backproject(data, tx, f[0], f[1] - f[0], points, rcv=rx, backend="cpu")  # noqa: E731
    return {"fastsar_pairs_per_s": points[..., 0].size * len(tx) / fastest(job, 2)}


def roofline() -> tuple[float, float]:
    """Multiply-adds and look-ups that this machine does per second."""
    threads = numba.get_num_threads()
    a = np.ones((threads, 1024), np.float32)
    rounds = 4000
    fma_s = fastest(lambda: fma_limit(a, np.float32(0.999), np.float32(0.001), rounds))
    trace = np.random.default_rng(2).standard_normal(SAMPLES)
    index = np.sort(np.random.default_rng(3).integers(0, SAMPLES - 10, 512)).astype(np.uint32)
    out = np.zeros(threads)
    look_s = fastest(lambda: gather_limit(trace, index, out, rounds))
    return 32.0 * a.size * rounds / fma_s, float(index.size) * rounds * threads / look_s


def compile_s() -> float:
    """Seconds of the first sum where nothing is cached, in a process of its own."""
    here = str(Path(__file__).resolve().parent)
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        words = [sys.executable, "-c", COMPILE.format(folder=here)]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def areas() -> dict[str, float]:
    """1, 4 and 16 square metres: seconds and memory for each, per pair and per byte of volume and data."""
    out = {}
    for side in (1, 2, 4):
        tx, rx, grid = scene(float(side), 50 * side, 20 * side)
        data = noise(len(tx))
        ours(tx, rx, grid, full=False, data=data)
        tracemalloc.start()
        began = time.perf_counter()
        volume, fold, energy = ours(tx, rx, grid, full=False, data=data)
        seconds = time.perf_counter() - began
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        kept = volume.nbytes + fold.nbytes + energy.nbytes + data.nbytes
        out[f"area_{side**2}_m2_s"] = seconds
        out[f"area_{side**2}_m2_pairs_per_s"] = pairs(tx, rx, grid, full=False) / seconds
        out[f"area_{side**2}_m2_peak_over_volume_and_data"] = peak / kept
    return out


def run() -> dict[str, float]:
    tx, rx, grid = scene(0.4, 40, 10)
    data = noise(len(tx))
    f4, z = np.float32, depths()
    volume = np.zeros((z.size, grid.y_m.size, grid.x_m.size), f4)
    flat = [v.astype(f4) for v in (tx[:, 0], tx[:, 1], tx[:, 2], grid.x_m, grid.y_m, z)]
    step = f4(2.0 * math.sqrt(EPS) / 299_792_458.0 / DT_S)
    plain = np.ascontiguousarray(data.real)
    plan, model = lay_out(tx, rx, grid, full=True), np.ones((z.size, grid.y_m.size, grid.x_m.size), np.complex64)
    jobs: dict[str, Callable[[], Any]] = {
        "plain": lambda: plain_gather(plain, step, *flat, volume),
        "ours": lambda: ours(tx, rx, grid, full=True, data=data),
        "ours_aperture": lambda: ours(tx, rx, grid, full=False, data=data),
        "ours_sum": lambda: gather(plan, data, DT_S),
        "ours_float64": lambda: gather(plan, data.astype(np.complex128), DT_S),
        "demigration": lambda: scatter(plan, model, DT_S, SAMPLES),
    }
    for job in jobs.values():
        job()
    seconds = dict.fromkeys(jobs, math.inf)
    for _ in range(REPEATS):  # in turns: what else the machine does hits all alike
        for name, job in jobs.items():
            seconds[name] = min(seconds[name], fastest(job, 1) if name != "ours_float64" else seconds[name])
    seconds["ours_float64"] = fastest(jobs["ours_float64"], 1)
    every, within = pairs(tx, rx, grid, full=True), pairs(tx, rx, grid, full=False)
    out = {f"{name}_pairs_per_s": every / s for name, s in seconds.items()}
    out["plain_pairs_per_s"] = volume.size * len(tx) / seconds["plain"]
    out["ours_aperture_pairs_per_s"] = within / seconds["ours_aperture"]
    out["ours_over_plain"] = out["ours_pairs_per_s"] / out["plain_pairs_per_s"]
    for name, other in (("pylops", by_pylops), ("fastsar", by_fastsar)):
        if importlib.util.find_spec(name):
            out |= other(tx, rx, grid)
    for key in ("pylops_pairs_per_s", "pylops_with_table_pairs_per_s", "fastsar_pairs_per_s"):
        if key in out:
            out[f"ours_over_{key.removesuffix('_pairs_per_s')}"] = out["ours_pairs_per_s"] / out[key]
    flops, looks = roofline()
    out["limit_fma_flop_per_s"], out["limit_lookups_per_s"] = flops, looks
    for name in ("ours_sum", "demigration"):
        out[f"{name}_of_fma_limit"] = FLOPS_PER_PAIR * out[f"{name}_pairs_per_s"] / flops
        out[f"{name}_of_lookup_limit"] = out[f"{name}_pairs_per_s"] / looks
    out["first_sum_uncached_s"] = compile_s()
    return out | areas()


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
