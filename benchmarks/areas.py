"""How cost grows with the ground: 0.1 to 100 m², swept by hand or by a cart's array.

``python -m benchmarks.areas 0.1 1 4 16 100`` prints, for each area, processor seconds and megabytes of a process
that goes from file to report, per square metre too, and the exponent by which time grows. ``--cart`` takes an
array of 8 antenna pairs and 4 coils; ``--no-report`` leaves the drawing out.

Scans are simulated: one square metre is simulated, and laid side by side in space and in time, patch after patch,
as often as it takes. So all of them have the same targets per square metre.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualsense.scan import Scan

SCENE = Path(__file__).resolve().parent / "budget_scan.toml"
OVERRIDES = ("survey.cell_m=0.01", "gpr.migrate.depth_step_m=0.01", "gpr.migrate.depth_stop_m=0.3")
PAUSE_S = 0.2
SMALL_M = 0.33


def patch(*, side_m: float = 1.0, cart: bool = False) -> Scan:
    """Simulate the square that larger areas are laid with."""
    from dualsense.simulate import Array, on_cart, read_scene, simulate_scan

    scene = read_scene(SCENE)
    scene = replace(scene, motion=replace(scene.motion, length_m=side_m, width_m=side_m))
    return simulate_scan(on_cart(scene, Array()) if cart else scene, seed=1)


def pitch_m(one: Scan) -> tuple[float, float]:
    """How far apart patches lie, along and across, so that an array sweeps no strip beside a square twice.

    To the decimetre below, so that nothing between them is left out.
    """
    if one.gpr is None:
        return 1.0, 1.0
    wide_m = np.ptp(0.5 * (one.gpr.tx_position_m + one.gpr.rx_position_m), axis=0)
    along, across, _ = np.floor(10.0 * (np.ptp(one.pose.position_m, axis=0) + wide_m)) / 10.0
    return float(along), float(across)


def lay(one: Scan, path: Path, count: int) -> None:
    """Write ``count`` copies of a patch of a square metre, row by row in a square, to a scan file."""
    import h5py

    from dualsense.io import write_scan

    write_scan(replace(one, truth=None), path, compression=None)
    if count == 1:
        return
    columns = math.ceil(math.sqrt(count))
    along_m, across_m = pitch_m(one)
    began_s = float(one.pose.time_s[0])
    lasts_s = float(one.pose.time_s[-1]) - began_s + PAUSE_S
    grows = ("pose/time", "pose/position", "pose/orientation", "pose/position_std")
    grows += tuple(f"{sensor}/{name}" for sensor in ("gpr", "emi") for name in ("time", "data", "channel"))
    with h5py.File(path, "r+") as file:
        for name in grows:
            if name not in file:
                continue
            values, units = file[name][()], dict(file[name].attrs)
            del file[name]
            rows = len(values)
            chunks = (min(rows, 512), *values.shape[1:])
            table = file.create_dataset(name, (count * rows, *values.shape[1:]), values.dtype, chunks=chunks)
            table.attrs.update(units)
            for n in range(count):
                shift = 0.0
                if name.endswith("/time"):
                    shift = n * lasts_s
                elif name == "pose/position":
                    row, column = divmod(n, columns)
                    # forth and back, so that the way from patch to patch is short
                    column = column if row % 2 == 0 else columns - 1 - column
                    shift = np.array([column * along_m, row * across_m, 0.0])
                table[n * rows : (n + 1) * rows] = values + shift if np.any(shift) else values


def run(path: Path, out: Path | None) -> dict[str, float]:
    """Process a file in this process, and say what that took."""
    from dualsense.chain import process_recording
    from dualsense.io import open_recording
    from dualsense.recipe import load_recipe
    from dualsense.render import write_outputs
    from dualsense.runtime.memory import hold_little

    hold_little()  # as the command line does
    recipe = load_recipe(None, list(OVERRIDES))
    began, wall = time.process_time(), time.perf_counter()
    with open_recording(path) as recording:
        result = process_recording(recording, recipe)
    processed, processed_mb = time.process_time() - began, _peak_mb()
    if out is not None:
        write_outputs(result, out)
    return {
        "area_m2": result.area_m2,
        "targets": len(result.targets),
        "processing_s": processed,
        "whole_s": time.process_time() - began,
        "wall_s": time.perf_counter() - wall,
        "processing_mb": processed_mb,
        "peak_mb": _peak_mb(),
        "files_mb": 0.0 if out is None else sum(file.stat().st_size for file in out.iterdir()) / 1e6,
    }


def exponent(rows: Sequence[dict[str, Any]], name: str = "whole_s") -> float:
    """Power of the area by which a cost grows, by a straight line through the logarithms."""
    area, cost = (np.log([row[key] for row in rows]) for key in ("area_m2", name))
    return float(np.polyfit(area, cost, 1)[0]) if len(rows) > 1 else math.nan


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def _apart(path: Path, *, report: bool) -> dict[str, float]:
    words = [sys.executable, "-m", "benchmarks.areas", "--run", str(path), *([] if report else ["--no-report"])]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    row: dict[str, float] = json.loads(done.stdout)
    return row


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("areas", nargs="*", type=float, default=[0.1, 1.0, 4.0, 16.0, 100.0], help="in m²")
    parser.add_argument("--cart", action="store_true", help="a cart's array instead of a hand-held head")
    parser.add_argument("--no-report", action="store_true", help="processing alone")
    parser.add_argument("--json", type=Path, help="write the rows here too")
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.run is not None:
        with tempfile.TemporaryDirectory() as place:
            print(json.dumps(run(asked.run, None if asked.no_report else Path(place) / "out")))
        return
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as place:
        path, square = Path(place) / "scan.h5", None
        for area_m2 in asked.areas:
            if area_m2 < 1.0:
                one, count = patch(side_m=SMALL_M, cart=asked.cart), 1
            else:
                square = square or patch(cart=asked.cart)
                one, count = square, max(1, round(area_m2 / math.prod(pitch_m(square))))
            path.unlink(missing_ok=True)
            lay(one, path, count)
            if not rows:
                _apart(path, report=not asked.no_report)  # so that no kernel is compiled while time is taken
            rows.append({"name": f"{area_m2:g} m²", **_apart(path, report=not asked.no_report)})
            print(line(rows[-1]), flush=True)
    print(f"time grows as area^{exponent(rows):.2f}")
    if asked.json is not None:
        asked.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def line(row: dict[str, Any]) -> str:
    """Say one row of the table."""
    per_m2 = row["whole_s"] / row["area_m2"]
    return (
        f"{row['name']:>8}: {row['whole_s']:7.1f} s of processor ({row['processing_s']:.1f} processing), "
        f"{per_m2:5.2f} s/m², {row['peak_mb']:5.0f} MB ({row['processing_mb']:.0f} processing), "
        f"{row['files_mb']:.1f} MB of files, {row['targets']} targets"
    )


if __name__ == "__main__":
    main()
