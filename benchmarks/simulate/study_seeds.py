"""A thousand seeds over all presets: each is simulated, written, read and looked through; any failure ends with 1.

``python benchmarks/simulate/study_seeds.py [--seeds 1000] [--first 0] [--jobs N] [--again 20]``. Each seed draws
a lane of its preset (the presets in turn), sweeps a small patch about one of its objects, and draws the instrument
too: tones or impulses, frequencies or gates, a free-air reference or none, tilt, one sensor alone, and faults of
the recorder. The file must be read without a fault of the reader's that was not asked for, hold what was
simulated, and be finite. Seeds spread evenly are simulated again: the same bytes.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.io import read_scan, write_scan
from dualsense.runtime.workers import WorkerDiedError, run_tasks
from dualsense.simulate import PRESETS, Detector, Faults, Radar, random_lane, simulate_scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dualsense.simulate import Scene

PATCH_M = (0.16, 0.06)
GATES = Detector().gate_time_s


@dataclass(frozen=True)
class Task:
    seed: int
    folder: str
    again: bool


def scene_of(seed: int) -> Scene:
    """Draw a scene: a patch of one of the presets' lanes, and what is carried over it."""
    rng = np.random.default_rng([seed, 1])
    names = list(PRESETS)
    lane = random_lane(names[seed % len(names)], rng=rng, scan_id=f"seed-{seed:06d}")
    center = np.array([0.5, 0.5])
    if lane.objects:
        thing = lane.objects[rng.integers(len(lane.objects))]
        center = np.array([thing.x_m, thing.y_m])
    shift = np.asarray(PATCH_M) / 2 - center
    objects = tuple(replace(o, x_m=o.x_m + shift[0], y_m=o.y_m + shift[1]) for o in lane.objects)
    motion = replace(
        lane.motion,
        length_m=PATCH_M[0],
        width_m=PATCH_M[1],
        tilt_std_deg=float(rng.choice([0.0, 4.0])),
        height_m=float(rng.uniform(0.02, 0.12)),
    )
    radar: Radar | None = Radar(
        modality=str(rng.choice(["sfcw", "sfcw", "impulse"])),
        step_hz=float(rng.choice([20e6, 40e6])),
        reference=bool(rng.integers(2)),
    )
    detector: Detector | None = Detector(modality=str(rng.choice(["frequency", "pulse"])))
    alone = rng.integers(8)
    if alone == 0:
        radar = None
    elif alone == 1:
        detector = None
    faults = Faults()
    if rng.integers(4) == 0:
        faults = Faults(dropout_part=0.2, saturation_part=0.5, tracking_loss_s=0.2)
    return replace(lane, objects=objects, motion=motion, radar=radar, detector=detector, faults=faults)


def check(task: Task) -> str:
    """Simulate, write and read one seed; what is wrong with it, or nothing."""
    path = Path(task.folder) / f"{task.seed:06d}.h5"
    try:
        scene = scene_of(task.seed)
        scan = simulate_scan(scene, seed=task.seed)
        write_scan(scan, path)
        back = read_scan(path)
        wrong = list(differences(scene, scan, back))
        if task.again:
            bytes_of = path.read_bytes()
            path.unlink()
            write_scan(simulate_scan(scene_of(task.seed), seed=task.seed), path)
            if path.read_bytes() != bytes_of:
                wrong.append("a second time the file has other bytes")
    except Exception:  # noqa: BLE001 - every seed is to be told
        return traceback.format_exc(limit=-2)
    finally:
        path.unlink(missing_ok=True)
    return "; ".join(wrong)


def differences(scene: Scene, scan: Any, back: Any) -> Iterator[str]:
    """Yield what the file does not hold as it was simulated."""
    spoiled = scene.faults != Faults()
    if back.faults and not spoiled:
        yield f"faults that were not asked for: {back.faults}"
    for name in ("gpr", "emi"):
        ours, theirs = getattr(scan, name), getattr(back, name)
        reported = spoiled and any(fault.sensor == name for fault in back.faults)
        if (ours is None) != (theirs is None) and not reported:
            yield f"/{name} is there on one side only"
        elif ours is not None and theirs is not None and not spoiled:
            if not np.isfinite(theirs.data).all():
                yield f"/{name}: not all finite"
            if not np.allclose(ours.data, theirs.data, rtol=1e-5, atol=1e-6 * np.abs(ours.data).max()):
                yield f"/{name}: read otherwise than simulated"
            if not np.std(theirs.data) > 0:
                yield f"/{name}: constant"
    if back.truth is None or back.truth.label != scan.truth.label:
        yield "/truth: other objects"


def main() -> int:
    """Run all seeds; print failures and a summary."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--again", type=int, default=20, help="seeds simulated twice")
    options = parser.parse_args()
    started, failed = time.perf_counter(), 0
    step = max(1, options.seeds // max(options.again, 1))
    with tempfile.TemporaryDirectory() as folder:
        seeds = range(options.first, options.first + options.seeds)
        tasks = [Task(s, folder, options.again > 0 and i % step == 0) for i, s in enumerate(seeds)]
        for task, answer in run_tasks(tasks, check, workers=options.jobs, threads=1):
            if isinstance(answer, WorkerDiedError) or answer:
                failed += 1
                print(f"seed {task.seed}: {answer}", flush=True)
    took = time.perf_counter() - started
    print(f"{options.seeds} seeds over {len(PRESETS)} presets, {failed} failed, {took:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
