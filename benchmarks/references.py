"""The work of heavy steps beside plain references, on the same inputs in one run: how many times as fast.

    python -m benchmarks.references [PATTERN] [--json FILE]

The references are the oracles of the tests: readable NumPy that says what a step is to give. Inputs are those that
the step has within the scan of the budget; where the reference would take minutes, both work on the same part of
them, and the note says which. Times are of processors, the least of some rounds in turns.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks import budget
from benchmarks.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 3
KEPT = ("emi.latency", "emi.calibrate", "emi.invert", "gpr.surface", "gpr.background", "gpr.traces", "gpr.migrate")


@dataclass(frozen=True)
class Pair:
    """What a step does, and what says what it is to do."""

    fast: Callable[[], Any]
    plain: Callable[[], Any]
    note: str = ""
    work: float = 1.0
    """Of the plain one over that of the fast one, where it is given less."""


def part_of(data: Any, rows: np.ndarray) -> Any:
    """Take rows of all that is given by row."""
    count = int(rows.max()) + 1
    given = {field.name: getattr(data, field.name) for field in fields(data)}
    by_row = max(len(value) for name, value in given.items() if name in {"midpoint_m", "path_m", "tx_m"})
    assert count <= by_row
    return replace(
        data,
        **{n: v[rows] for n, v in given.items() if isinstance(v, np.ndarray) and len(v) == by_row and v.ndim > 0},
    )


def spikes(kept: dict[str, Any]) -> Pair:
    from dualsense.emi import drop_spikes, white_noise
    from oracles import latency

    response = kept["emi.latency"].response
    noise = white_noise(response)
    return Pair(lambda: drop_spikes(response, noise), lambda: latency.spikes(response.values, noise, 15.0))


def ground(kept: dict[str, Any]) -> Pair:
    from dualsense.emi._balance import MIN_HEIGHT_M, ground_factor
    from dualsense.emi._response import take_rows
    from oracles import inductance

    response = kept["emi.calibrate"].response
    some = take_rows(response, np.arange(0, response.time_s.size, 8))
    part = some.time_s.size / response.time_s.size
    return Pair(
        lambda: ground_factor(response),
        lambda: inductance.ground_factor(some, MIN_HEIGHT_M),
        "the plain one for every eighth row",
        part,
    )


def columns(kept: dict[str, Any]) -> Pair:
    from dualsense.emi import dipole_columns
    from oracles import joint

    response = kept["emi.calibrate"].response
    at = [dipole.position_m for dipole in kept["emi.invert"].inversion.dipoles]
    return Pair(
        lambda: [dipole_columns(response, place) for place in at],
        lambda: [joint.columns(response, place) for place in at],
    )


def background(kept: dict[str, Any]) -> Pair:
    from dualsense.gpr._clean.background import alignment, remove_background
    from oracles import median

    below, surface = kept["gpr.surface"].soundings, kept["gpr.surface"].surface
    middle = below.midpoint_m[:, :2]
    near = np.flatnonzero((np.abs(middle - np.median(middle, axis=0)) < 0.1).all(axis=1))
    some, ground = part_of(below, near), part_of(surface, near)
    tones = slice(0, some.frequency_hz.size, 20)
    aligned = (some.spectrum * alignment(some, ground))[:, tones]
    return Pair(
        lambda: remove_background(some, ground),
        lambda: median.moving_median(aligned, some.midpoint_m[:, :2], 0.08),
        f"{near.size} soundings; the plain one for every twentieth tone",
        aligned.shape[1] / some.frequency_hz.size,
    )


def traces(kept: dict[str, Any]) -> Pair:
    from threadpoolctl import threadpool_limits

    from dualsense.gpr import analytic_traces
    from oracles import traces as oracle

    def ours() -> Any:
        with threadpool_limits(limits=1, user_api="blas"):  # as the chain has it
            return analytic_traces(soundings, surface)

    soundings, surface = kept["gpr.background"].soundings, kept["gpr.background"].surface
    found = kept["gpr.traces"].traces
    times = found.frequency_hz, found.dt_s, found.values.shape[1]
    return Pair(ours, lambda: oracle.sums(found.spectrum, *times))


def migration(_kept: dict[str, Any]) -> Pair:
    from benchmarks.gpr import bench_kirchhoff as bench

    from oracles import fermat
    from oracles import kirchhoff as oracle

    tx, rx, grid = bench.scene(0.4, 40, 10)
    data, few = bench.noise(len(tx)), bench.noise(len(tx))[:6].astype(complex)
    depth, z = bench.depths(), np.array([0.05, 0.15])
    x, y = grid.x_m[::20], grid.y_m[::20]
    reach = 0.6

    def plain() -> Any:
        return oracle.migrate(
            few,
            bench.DT_S,
            tx[:6],
            rx[:6],
            np.ones(6),
            x,
            y,
            z,
            lambda rho, height, k: fermat.time_s(rho, height, z[k], bench.EPS),
            lambda e, height, k: oracle.weight(e, height, z[k], reach, bench.EPS),
        )

    pairs = len(tx) * depth.size * grid.x_m.size * grid.y_m.size
    return Pair(
        lambda: bench.ours(tx, rx, grid, full=True, data=data),
        plain,
        "for each pair of voxel and sounding; the plain one traces every ray",
        6 * z.size * x.size * y.size / pairs,
    )


def clutter(kept: dict[str, Any]) -> Pair:
    from dualsense.gpr._bodies.cfar import clutter_level
    from oracles import clutter as oracle

    volume = np.abs(kept["gpr.migrate"].migrated.amplitude).astype(np.float32)
    inside = volume > 0.0
    cell_m = kept["gpr.migrate"].cover.grid.cell_m
    return Pair(
        lambda: clutter_level(volume, inside, cell_m=cell_m), lambda: oracle.clutter_level(volume, inside, cell_m)
    )


PAIRS: dict[str, Callable[[dict[str, Any]], Pair]] = {
    "processing/metal/latency: spikes": spikes,
    "processing/metal/invert: ground": ground,
    "processing/metal/invert: columns": columns,
    "processing/radar/background: median": background,
    "processing/radar/traces: sums": traces,
    "processing/radar/migrate: sum": migration,
    "processing/radar/image: clutter": clutter,
}


def states() -> dict[str, Any]:
    """Process the scan of the budget, and keep what the steps worked on."""
    from dualsense.chain import process_scan
    from dualsense.io import read_scan

    return dict(process_scan(read_scan(budget.scan_file("tones", budget.load())), keep=KEPT).kept)


def compare(pair: Pair) -> dict[str, Any]:
    """Time both in turns; the plain one only once where it takes long."""
    spent: dict[str, list[float]] = {"fast": [], "plain": []}
    pair.fast()  # compiles
    for _ in range(ROUNDS):
        for name, call in (("fast", pair.fast), ("plain", pair.plain)):
            if sum(spent[name]) > 5.0:
                continue
            began = time.process_time()
            call()
            spent[name].append(time.process_time() - began)
    fast_s, plain_s = min(spent["fast"]), min(spent["plain"]) / pair.work
    return {"ratio": plain_s / max(fast_s, 1e-9), "fast_s": fast_s, "plain_s": plain_s, "note": pair.note}


def run(pattern: str = "") -> dict[str, dict[str, Any]]:
    """Compare all, and print each as it is done."""
    sys.path.insert(0, str(ROOT / "tests"))
    kept, found = states(), {}
    print(f"{'work':<40}{'ours s':>9}{'plain s':>9}{'times':>8}")
    for name, make in PAIRS.items():
        if pattern not in name:
            continue
        try:
            one = compare(make(kept))
        except (ImportError, AttributeError) as error:  # an oracle or a function that has another name now
            print(f"{name:<40} not compared: {error}", file=sys.stderr)
            continue
        found[name] = one
        print(
            f"{name:<40}{one['fast_s']:>9.4f}{one['plain_s']:>9.3f}{one['ratio']:>8.1f}  {one['note']}", flush=True
        )
    return found


def main() -> int:
    """Print the table, and write it as JSON on request."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.references", description=__doc__.splitlines()[0])
    parser.add_argument("pattern", nargs="?", default="")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    found = run(options.pattern)
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0 if options.pattern or len(found) == len(PAIRS) else 1


if __name__ == "__main__":
    sys.exit(main())
