"""What the search for metal finds on simulated lanes: objects, dipoles beside them, and some where nothing lies.

    python -m benchmarks.emi.study_phantoms [--lanes 48] [--first 7100000] [--bin-m 0.012] [--exact track soil]

The lanes are drawn as those from which the confidence is learnt, with seeds of their own; the radar is left out. A
dipole is a phantom where no metal lies within 10 cm, and superfluous where another one lies nearer to the object
that is nearest to both. What is simulated as exact makes none of them; so each cause is told by what goes with it:
exact track, clock, tilt, even soil, a level surface, no drift, and points in the place of objects of several
parts.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
from benchmarks.calibrate import scenes

from dualsense import emi
from dualsense.recipe.emi import EmiCalibrate
from dualsense.simulate import Scene, metal_dipoles, simulate_scan
from dualsense.survey import track_at

SOILS = ("sand", "laterite", "loam", "afghanistan-gravel")
EXACT = ("track", "clock", "tilt", "soil", "surface", "drift", "points")
FIRST_SEED = 7_100_000
REACH_M, CLOSE_M = 0.10, 0.04
POINT = "cartridge"
"""One dipole; it stands for what has several parts where objects are to be points."""


def idealised(scene: Scene, exact: set[str]) -> Scene:
    """Take causes of error out of a scene; everything else is drawn as before."""
    noise, soil, motion = scene.noise, scene.soil, scene.motion
    if "track" in exact:
        noise = replace(noise, position_std_m=(0.0, 0.0, 0.0))
    if "clock" in exact:
        noise = replace(noise, clock_std_s=0.0)
    if "drift" in exact:
        noise = replace(noise, emi_drift_std=0.0, emi_warm_up_std=0.0, emi_offset=0.0)
    if "soil" in exact:
        soil = replace(soil, susceptibility_std=0.0, conductivity_std=0.0)
    if "surface" in exact:
        soil = replace(soil, roughness_rms_m=0.0)
    if "tilt" in exact:
        motion = replace(motion, tilt_std_deg=0.0)
    things = scene.objects
    if "points" in exact:
        things = tuple(
            replace(thing, model=POINT) if len(metal_dipoles((thing,))) > 1 else thing for thing in scene.objects
        )
    return replace(scene, noise=noise, soil=soil, motion=motion, objects=things, radar=None)


def study(lane: scenes.Lane, bin_m: float, exact: set[str]) -> tuple[dict[str, float], list[float]]:
    """Count what is found on one lane, and tell how far aside of each object that was found."""
    scan = simulate_scan(idealised(scenes.scene(lane), exact), seed=lane.seed)
    if scan.emi is None or scan.pose is None or scan.truth is None:
        msg = "a simulated lane has metal data, a track and its truth"
        raise ValueError(msg)
    samples = emi.normalise(scan.emi, track_at(scan.pose, scan.emi.time_s))
    rows = emi.bin_along_track(samples, bin_m=bin_m)
    noise = emi.white_noise(samples) / np.sqrt(np.median(rows.count))
    began = time.thread_time()
    dipoles = emi.refine(rows, emi.find_dipoles(rows, noise)).dipoles
    spent_s = time.thread_time() - began
    metal = [n for n, label in enumerate(scan.truth.label) if label in ("mine", "metal")]
    xy = np.column_stack([scan.truth.x_m, scan.truth.y_m])[metal]
    nearest: dict[int, list[float]] = {}
    phantoms = 0
    for dipole in dipoles:
        away = np.hypot(*(xy - dipole.position_m[:2]).T)
        n = int(away.argmin()) if away.size else 0
        if not away.size or away[n] > REACH_M:
            phantoms += 1
        else:
            nearest.setdefault(n, []).append(float(away[n]))
    aside = [min(of) for of in nearest.values()]
    counts = {
        "objects": len(metal),
        "found": len(nearest),
        "close": sum(d < CLOSE_M for d in aside),
        "dipoles": len(dipoles),
        "superfluous": sum(len(of) - 1 for of in nearest.values()),
        "phantoms": phantoms,
        "located": sum(d.estimate is not None for d in dipoles),
        "processor_s": spent_s,
    }
    return counts, aside


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--lanes", type=int, default=48)
    parser.add_argument("--first", type=int, default=FIRST_SEED)
    parser.add_argument("--bin-m", type=float, default=EmiCalibrate().bin_m)
    parser.add_argument("--exact", nargs="+", choices=EXACT, default=[], help="simulated without error")
    options = parser.parse_args()
    total: dict[str, float] = {}
    aside: list[float] = []
    for n in range(options.lanes):
        counts, own = study(
            scenes.Lane("train", SOILS[n % len(SOILS)], options.first + n), options.bin_m, set(options.exact)
        )
        aside += own
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    without = f", exact: {', '.join(options.exact)}" if options.exact else ""
    print(f"{options.lanes} simulated lanes of 0.36 m² (simulated){without}")
    for name, count in total.items():
        print(f"  {name:12s} {count:8.1f}" if name.endswith("_s") else f"  {name:12s} {count:8.0f}")
    print(f"  aside        {1e3 * np.median(aside):8.1f} mm, 80 % within {1e3 * np.quantile(aside, 0.8):.1f} mm")


if __name__ == "__main__":
    main()
