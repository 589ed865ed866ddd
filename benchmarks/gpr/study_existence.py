"""How many bodies clutter makes: as told by the scrambled search, and as found where nothing is buried.

    python -m benchmarks.gpr.study_existence [--lanes 42] [--skip 0] [--log FILE]

Lanes of 0.64 m2 in seven kinds of soil, their own seeds, each swept twice by the radar alone: with nothing buried,
and with two objects in the same ground. Where nothing is buried every body is one of clutter's, and with objects
every one farther than 20 cm from both: their count is held against what was told, by the contrast that they have
at least. z is the difference in standard deviations, counts being Poisson's and what is told as uncertain as the
bodies it counted. Exit status 1 where all lanes together differ by more than 2.5 deviations.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from benchmarks.calibrate.scenes import HELD_OUT_SOIL, SOILS

if TYPE_CHECKING:
    from dualsense.gpr import FalseBodies
    from dualsense.simulate import Scene

FIRST_SEED = 9_400_000
ALL_SOILS = (*SOILS, HELD_OUT_SOIL)
SIDE_M, APART_M, RIM_M = 0.8, 0.22, 0.08
BURIED = ("PMN", "can")
TOP_M = (0.02, 0.08)
CONTRASTS = (4.5, 5.0, 5.5, 6.0)
FREE_M = 0.20
MOST_Z = 2.5


@dataclass(frozen=True)
class Lane:
    """One lane: the contrasts that were found on free ground, and how many of each contrast were told per m2."""

    number: int
    soil: str
    buried: bool
    area_m2: float
    found: list[float]
    told: list[float]
    counted: int


def draw(number: int) -> tuple[Scene, Scene]:
    """Draw a lane without objects, and the same ground and sweep with them."""
    from dualsense.simulate import PRESETS, Buried, Motion, Scene, vary_soil

    rng = np.random.default_rng(FIRST_SEED + number)
    motion = Motion(
        length_m=SIDE_M,
        width_m=SIDE_M,
        line_spacing_m=float(rng.uniform(0.02, 0.035)),
        speed_m_s=float(rng.uniform(0.3, 0.45)),
        height_m=float(rng.uniform(0.035, 0.06)),
        height_std_m=float(rng.uniform(0.003, 0.008)),
    )
    soil = vary_soil(PRESETS[ALL_SOILS[number % len(ALL_SOILS)]].soil, rng)
    spots: list[np.ndarray] = []
    while len(spots) < len(BURIED):
        at = rng.uniform(RIM_M, SIDE_M - RIM_M, 2)
        if all(np.hypot(*(at - other)) >= APART_M for other in spots):
            spots.append(at)
    things = tuple(
        Buried(name, float(x), float(y), float(rng.uniform(*TOP_M)), yaw_deg=float(rng.uniform(0.0, 360.0)))
        for name, (x, y) in zip(BURIED, spots, strict=True)
    )
    bare = Scene(scan_id=f"existence-{number}", soil=soil, objects=(), motion=motion, detector=None)
    return bare, replace(bare, objects=things)


def try_lane(number: int, scene: Scene) -> Lane | None:
    """Sweep a lane; None where too little ground was left to tell of."""
    from dualsense import gpr
    from dualsense.chain import process_scan
    from dualsense.simulate import simulate_scan

    told: list[FalseBodies | None] = []
    function = gpr.false_bodies

    def noted(*given: object, **options: object) -> FalseBodies | None:
        told.append(function(*given, **options))  # type: ignore[arg-type]
        return told[-1]

    scan = simulate_scan(scene, seed=FIRST_SEED + number)
    gpr.false_bodies = noted  # type: ignore[assignment]
    try:
        state = process_scan(replace(scan, truth=None), keep=["image"]).kept["image"]
    finally:
        gpr.false_bodies = function
    if (found := told[-1]) is None:
        return None
    free, grid = state.cover.gpr.copy(), state.cover.grid
    for one in scene.objects:
        free &= np.hypot(*np.meshgrid(grid.x_m - one.x_m, grid.y_m - one.y_m)) > FREE_M
    bodies = [
        body.contrast
        for body in state.bodies
        if all(np.hypot(body.x_m - one.x_m, body.y_m - one.y_m) > FREE_M for one in scene.objects)
    ]
    return Lane(
        number,
        ALL_SOILS[number % len(ALL_SOILS)],
        bool(scene.objects),
        float(free.sum()) * grid.cell_m**2,
        bodies,
        [found.at_least(contrast) for contrast in CONTRASTS],
        found.count,
    )


def row(name: str, lanes: list[Lane], least: int) -> tuple[str, float]:
    """Give a line of the table, and z: bodies of at least a contrast that were told and found."""
    area = sum(lane.area_m2 for lane in lanes) or float("nan")
    found = sum(contrast >= CONTRASTS[least] for lane in lanes for contrast in lane.found)
    told = sum(lane.area_m2 * lane.told[least] for lane in lanes)
    counted = sum(lane.counted for lane in lanes)
    spread = np.sqrt(max(told, 1.0) + told**2 / max(counted, 1))
    z = (found - told) / spread
    share = f"{told / area:.2f} | {found / area:.2f}"
    line = f"| {name} | {CONTRASTS[least]:g} | {area:.1f} | {told:.1f} | {found} | {share} | {z:+.1f} |"
    return line, float(z)


def main() -> int:
    """Try what the log lacks and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpr.study_existence", description=__doc__.split("\n", 1)[0]
    )
    parser.add_argument("--lanes", type=int, default=42)
    parser.add_argument("--skip", type=int, default=0, help="lanes that are left out first, as seen before")
    parser.add_argument("--log", type=Path, help="a line of JSON for each lane; what it has is not tried again")
    options = parser.parse_args()
    had = options.log.read_text(encoding="utf-8").splitlines() if options.log and options.log.exists() else []
    lanes = [Lane(**json.loads(line)) for line in had]
    tried = {(lane.number, lane.buried) for lane in lanes}
    for number in range(options.skip, options.skip + options.lanes):
        for scene in draw(number):
            if (number, bool(scene.objects)) in tried:
                continue
            lane = try_lane(number, scene)
            if lane is None:
                print(f"{scene.scan_id}: too little ground to tell of", file=sys.stderr)
                continue
            lanes.append(lane)
            if options.log:
                with options.log.open("a", encoding="utf-8") as log:
                    log.write(json.dumps(asdict(lane)) + "\n")
    bare, buried = ([lane for lane in lanes if lane.buried is kind] for kind in (False, True))
    print("| soil | contrast | m² | told | found | told per m² | found per m² | z |")
    print("|---|---|---|---|---|---|---|---|")
    for soil in ALL_SOILS:
        print(row(soil, [lane for lane in bare if lane.soil == soil], 0)[0])
    rows = [
        row(name, some, least) for name, some in (("all", bare), ("beside objects", buried)) for least in range(3)
    ]
    print("\n".join(line for line, _ in rows))
    return int(max(abs(z) for _, z in rows) > MOST_Z)


if __name__ == "__main__":
    sys.exit(main())
