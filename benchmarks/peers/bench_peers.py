"""Beside peers, in one run: what others use for the same, or do in its place.

Kirchhoff beside the plain gather; one target by Gauss-Newton on geoana's fields (SciPy's where geoana is not
installed: the extra ``bench``); a loop's field beside a sum over segments of wire and beside geoana; robust PCA
beside the plain iteration with an SVD; the whole radar part beside the steps of GPRPy in a script. Processor
times, the least of some turns; a ratio is theirs over ours. What is compared does less than ours.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

if TYPE_CHECKING:
    from collections.abc import Callable

TURNS = 3
TARGETS = 8
SEGMENTS = 360


def least_s(*calls: Callable[[], Any]) -> list[float]:
    """Least processor time of each, in turns, after a first round that compiles."""
    spent: list[list[float]] = [[] for _ in calls]
    for turn in range(TURNS + 1):
        for call, times in zip(calls, spent, strict=True):
            began = time.process_time()
            call()
            if turn:
                times.append(time.process_time() - began)
    return [min(times) for times in spent]


def kirchhoff() -> dict[str, float]:
    """Pairs of voxel and sounding a second, over those of the plain gather."""
    import math

    from benchmarks.gpr import bench_kirchhoff as bench

    tx, rx, grid = bench.scene(0.4, 40, 10)
    data, z, f4 = bench.noise(len(tx)), bench.depths(), np.float32
    volume = np.zeros((z.size, grid.y_m.size, grid.x_m.size), f4)
    flat = [v.astype(f4) for v in (tx[:, 0], tx[:, 1], tx[:, 2], grid.x_m, grid.y_m, z)]
    step = f4(2.0 * math.sqrt(bench.EPS) / 299_792_458.0 / bench.DT_S)
    plain = np.ascontiguousarray(data.real)
    ours_s, theirs_s = least_s(
        lambda: bench.ours(tx, rx, grid, full=True, data=data),
        lambda: bench.plain_gather(plain, step, *flat, volume),
    )
    shares = bench.pairs(tx, rx, grid, full=True) / (volume.size * len(tx))
    return {"kirchhoff_over_plain_gather": shares * theirs_s / ours_s}


def one_target() -> dict[str, float]:
    """Seconds for a target, and how far off, of ours (with what is known of depth) and of Gauss-Newton."""
    from benchmarks.emi import study_inversion as study
    from benchmarks.peers import gauss_newton

    from dualsense.emi._locate.locate import locate

    noise = np.ones(6)
    given = [study.buried((1, 0.0, 100.0), seed) for seed in range(TARGETS)]
    where = [np.asarray(one[1]) for one in given]
    ways = {
        "ours": lambda response: locate(response, noise).position_m,
        "gauss_newton": lambda response: gauss_newton.locate(response, noise),
        "projected": lambda response: gauss_newton.locate_projected(response, noise),
    }
    found: dict[str, list[np.ndarray]] = {}

    def by(name: str) -> None:
        found[name] = [ways[name](one[0]) for one in given]

    spent = dict(zip(ways, least_s(*(lambda name=name: by(name) for name in ways)), strict=True))
    library, _ = gauss_newton.fields()
    off = {
        f"one_target_{name}_off_m": float(
            np.median([np.linalg.norm(a - b) for a, b in zip(found[name], where, strict=True)])
        )
        for name in ways
    }
    return {
        f"one_target_times_gauss_newton_{library}": spent["gauss_newton"] / spent["ours"],
        f"one_target_times_projected_{library}": spent["projected"] / spent["ours"],
        "one_target_ours_s": spent["ours"] / TARGETS,
        **off,
    }


def wire_sum(points_m: np.ndarray, radius_m: float) -> np.ndarray:
    """Field of a loop as a sum over its segments of wire (Biot and Savart)."""
    turn = 2.0 * np.pi * (np.arange(SEGMENTS) + 0.5) / SEGMENTS
    at = radius_m * np.stack([np.cos(turn), np.sin(turn), np.zeros(SEGMENTS)], axis=-1)
    wire = 2.0 * np.pi * radius_m / SEGMENTS * np.stack([-np.sin(turn), np.cos(turn), np.zeros(SEGMENTS)], axis=-1)
    out = np.zeros_like(points_m)
    for place, piece in zip(at, wire, strict=True):
        away = points_m - place
        out += np.cross(piece, away) / (np.linalg.norm(away, axis=1) ** 3)[:, None]
    return out / (4.0 * np.pi)


def loop() -> dict[str, float]:
    """Times a sum over segments, and times geoana where it is installed, for 100,000 points."""
    from benchmarks.peers import gauss_newton

    from dualsense.induction import loop_field

    points = np.random.default_rng(0).uniform([-0.3, -0.3, -0.4], [0.3, 0.3, -0.01], (100_000, 3))
    calls = [lambda: loop_field(points, radius_m=0.1), lambda: wire_sum(points, 0.1)]
    if importlib.util.find_spec("geoana"):
        calls.append(lambda: gauss_newton.by_geoana(points, 0.1))
    ours_s, sum_s, *geoana_s = least_s(*calls)
    difference = np.abs(loop_field(points, radius_m=0.1) - wire_sum(points, 0.1)).max()
    out = {"loop_field_times_wire_sum": sum_s / ours_s, "loop_field_off_wire_sum_a_m": float(difference)}
    if geoana_s:
        out["loop_field_times_geoana"] = geoana_s[0] / ours_s
    return out


def robust_pca() -> dict[str, float]:
    """Times the plain iteration with a whole SVD in each round."""
    from benchmarks.gpr import bench_background as bench

    from dualsense.gpr._clean.robust_pca import robust_pca as ours
    from oracles import rpca

    _, data = bench.matrices(np.random.default_rng(0), complex_valued=False, rank=5, share=0.05, noise=0.0)
    small = np.ascontiguousarray(data[:256, :200])
    ours_s, theirs_s = least_s(lambda: ours(small), lambda: rpca.inexact_alm(small, tolerance=1e-7))
    return {"robust_pca_times_plain_svd": theirs_s / ours_s}


def radar_part() -> dict[str, float]:
    """Times a script of GPRPy's steps, on the scan of the budget: theirs is two-dimensional."""
    from benchmarks import budget
    from benchmarks.peers import script

    from dualsense.chain import process_scan
    from dualsense.io import read_scan

    scan = read_scan(budget.scan_file("tones", budget.load()))
    only = replace(scan, emi=None)
    middle = np.column_stack(
        [np.interp(scan.gpr.time_s, scan.pose.time_s, scan.pose.position_m[:, axis]) for axis in range(3)]
    )
    data, tones = np.asarray(scan.gpr.data), np.asarray(scan.gpr.frequency_hz)
    ours_s, theirs_s = least_s(
        lambda: process_scan(only), lambda: script.radar_part(data, tones, middle, delay_s=1.3e-9)
    )
    return {
        "radar_part_times_script": theirs_s / ours_s,
        "radar_part_ours_s": ours_s,
        "radar_part_script_s": theirs_s,
    }


def run() -> dict[str, float]:
    """Compare all."""
    return kirchhoff() | one_target() | loop() | robust_pca() | radar_part()


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
