"""How soon a change of the recipe shows in ``dualsense tune``: processor time and the clock, change by change.

``python -m benchmarks.tune`` simulates the square metre of the budget and tunes it as the page does, in voxels of
1 cm as the budget has them (``--fine``: 5 mm, the recipe as it is). It takes one change after another, each from
the same start: what a page waits for is the picture that comes ahead of a result that takes longer, and then the
result, with the pictures of the step and of both sides. ``--scan FILE`` tunes a recording.

Limits are for the first right picture, and told of the whole result, too. They are by the clock, on two cores that
do nothing else. What else a machine does changes the clock much, and
processor time little: with ``--processor`` they are held against processor time over two cores.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

SCENE = Path(__file__).parent / "budget_scan.toml"
COARSE = ("survey.cell_m=0.01", "gpr.migrate.depth_step_m=0.01", "gpr.migrate.depth_stop_m=0.3")
LATE_S, EARLY_S, CORES = 0.3, 1.0, 2
# key, values that are tried in turn, and what it is called by how much comes after it
CHANGES = (
    ("fusion.match_m", ("0.07", "0.08", "0.05"), "fusion", "late"),
    ("emi.image.smoothing_m", ("0.02", "0.025", "0.012"), "emi.image", "late"),
    ("gpr.image.min_contrast", ("5.0", "5.5", "4.0"), "gpr.image", "late"),
    ("gpr.gain.max_gain_db", ("50", "40", "30"), "gpr.gain", "late"),
    ("gpr.migrate.aperture_m", ("0.12", "0.11", "0.09"), "gpr.migrate", "early"),
    ("gpr.background.radius_m", ("0.15", "0.2", "0.1"), "gpr.background", "early"),
    ("gpr.bandpass.low_hz", ("1e9", "0.9e9", "1.1e9"), "gpr.bandpass", "early"),
    ("gpr.calibrate.reference_floor", ("0.06", "0.07", "0.04"), "gpr.calibrate", "early"),
    ("emi.invert.soil_std", ("0.12", "0.15", "0.08"), "emi.invert", "early"),
)
BESIDE = {
    "gpr.bandpass.low_hz": ("gpr.bandpass.on=true",),
    "gpr.gain.max_gain_db": ("gpr.radargram.on=true", "gpr.gain.on=true"),
}


def lane(folder: Path) -> Path:
    """Simulate the square metre of the budget."""
    import dualsense as ds

    path = folder / "lane.h5"
    ds.io.write_scan(ds.simulate_scan(ds.simulate.read_scene(SCENE), seed=1), path)
    return path


def measured(path: Path, start: tuple[str, ...], repeat: int) -> list[dict[str, object]]:
    """Take every change ``repeat`` times with other values, and each time from where the session began."""
    from dualsense.chain import process_scan
    from dualsense.workbench import Tuning, tuning_glance, tuning_view

    tuning = Tuning(path, overrides=start)
    tuning_view(tuning)
    began = time.process_time()
    process_scan(tuning.scan, tuning.recipe)
    whole_s = time.process_time() - began
    print(f"{'the whole chain, without pictures':66} {whole_s:7.2f} s of processor time", flush=True)
    rows = []
    for key, values, step, kind in CHANGES:
        spent, taken = [], ()
        for value in values[:repeat]:
            tuning.take(())
            tuning_view(tuning, step)
            clocks = [(time.perf_counter(), time.process_time())]
            tuning.set(*BESIDE.get(key, ()), f"{key}={value}")
            ahead = tuning_glance(tuning, step)
            clocks.append((time.perf_counter(), time.process_time()))
            tuning_view(tuning, step)
            clocks.append((time.perf_counter(), time.process_time()))
            first = clocks[2 if ahead is None else 1]
            spent.append(
                [end - begin for last in (first, clocks[2]) for begin, end in zip(clocks[0], last, strict=True)]
            )
            taken = tuning.taken
        picture_s, picture_processor_s, clock_s, processor_s = map(min, zip(*spent, strict=True))
        row = {"change": key, "kind": kind, "steps": len(taken), "clock_s": clock_s, "processor_s": processor_s}
        rows.append(row | {"picture_s": picture_s, "picture_processor_s": picture_processor_s})
        told = f"{key:30} {kind:6} {len(taken):3} steps, picture {picture_s:.2f} s, result {clock_s:.2f} s"
        processor = f"{picture_processor_s:.2f} and {processor_s:.2f} s of processor time"
        print(f"{told}, {processor}, {100 * processor_s / whole_s:4.0f} % of the whole chain", flush=True)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scan", type=Path, help="a recording; by default the square metre of the budget")
    parser.add_argument("--fine", action="store_true", help="the recipe as it is: voxels of 5 mm")
    parser.add_argument("--repeat", type=int, choices=(1, 2, 3), default=2)
    parser.add_argument(
        "--processor", action="store_true", help="hold limits against processor time over two cores"
    )
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = given.scan or lane(Path(folder))
        rows = measured(path, () if given.fine else COARSE, given.repeat)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"memory at most {peak_mb:.0f} MB")
    if given.json:
        given.json.write_text(json.dumps({"changes": rows, "peak_mb": peak_mb}, indent=2) + "\n")
    over = {
        what: over_limit(rows, clock, processor if given.processor else "")
        for what, clock, processor in (
            ("to a picture", "picture_s", "picture_processor_s"),
            ("to the result", "clock_s", "processor_s"),
        )
    }
    for what, slow in over.items():
        print(f"over the limit of {LATE_S:g} s late, {EARLY_S:g} s early {what}: {', '.join(slow) or 'none'}")
    return 1 if over["to a picture"] else 0


def over_limit(rows: list[dict[str, object]], clock: str, processor: str) -> list[str]:
    """Name the changes that take longer than is allowed, by the clock or by processor time over the cores."""
    limits, slow = {"late": LATE_S, "early": EARLY_S}, []
    for row in rows:
        took_s = float(str(row[processor])) / CORES if processor else float(str(row[clock]))
        if took_s > limits[str(row["kind"])]:
            slow.append(f"{row['change']} ({took_s:.2f} s)")
    return slow


if __name__ == "__main__":
    sys.exit(main())
