"""The map of the smallest mine held against mines that are put where it speaks.

    python -m benchmarks.coverage_truth               36 lanes, each swept in one of twelve ways
    python -m benchmarks.coverage_truth --lanes 12    fewer; --first from another on, --sweeps only some ways

A lane is simulated twice, without and with mines of a minimum of metal at random places and depths, and both scans
are spoilt alike. The map of the scan without them says of each place and depth whether a mine would be found; the
scan with them tells whether it is: listed within 10 cm, and not as clutter. Seeds are its own.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks.campaign import places, spoil

from dualsense.evaluate import clopper_pearson

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualsense.result import Result
    from dualsense.scan import Scan
    from dualsense.simulate import Buried, Scene

    Rng = np.random.Generator
    Spoil = Callable[[Scan, Scene, Rng], Scan]

FIRST_SEED = 8_400_000
MINES = ("PMA-1", "PMA-2", "PMA-3", "M14", "Type-72A", "VS-50", "TS-50", "R2M2")
OTHERS = ("stone", "root", "bullet", "fragment", "nail", "can")
LENGTH_M, WIDTH_M, PER_LANE, APART_M, RIM_M = 0.9, 0.6, 6, 0.17, 0.05
DEPTH_M = (0.01, 0.16)
LISTED_M = 0.10
HOLE_M, LINES_M = (0.025, 0.065), (0.15, 0.25)


def _holes(scan: Scan, scene: Scene, rng: Rng, *, sensors: str) -> Scan:
    radius_m = float(rng.uniform(*HOLE_M))

    def cut(data: places.Stream) -> places.Stream:
        at = places.position_m(scan, data.time_s)[:, :2]
        spots = np.array([(one.x_m, one.y_m) for one in scene.objects])
        near = np.hypot(*(at[:, None] - spots).transpose(2, 0, 1)).min(axis=1) < radius_m
        return places.kept(data, ~near)

    return places.change(scan, sensors, cut)


def _every(scan: Scan, n: int) -> Scan:
    return spoil.every_nth(scan, np.random.default_rng(0), n, sensors="gpr", how="keep")


def _noisy(scan: Scan, rng: Rng, times: float) -> Scan:
    """Add white noise to the metal detector, in units of what it has."""

    def add(data: places.Stream) -> places.Stream:
        std = times * places.noise_std(np.abs(data.data))
        return replace(data, data=(data.data + places.noise_like(data.data, rng, std)).astype(data.data.dtype))

    return places.change(scan, "emi", add)


SWEEPS: dict[str, Spoil] = {
    "as swept": lambda scan, _scene, _rng: scan,
    "every 2nd sounding": lambda scan, _scene, _rng: _every(scan, 2),
    "every 4th sounding": lambda scan, _scene, _rng: _every(scan, 4),
    "every 8th sounding": lambda scan, _scene, _rng: _every(scan, 8),
    "holes of 5 to 13 cm": lambda scan, scene, rng: _holes(scan, scene, rng, sensors="both"),
    "such holes in the radar": lambda scan, scene, rng: _holes(scan, scene, rng, sensors="gpr"),
    "record of 5 ns": lambda scan, _scene, rng: spoil.fewer_columns(scan, rng, 10, how="every"),
    "record of 2.5 ns": lambda scan, _scene, rng: spoil.fewer_columns(scan, rng, 20, how="every"),
    "lines 15 to 25 cm apart": lambda scan, _scene, _rng: scan,
    "noisy metal detector": lambda scan, _scene, rng: _noisy(scan, rng, 20.0),
    "metal detector alone": lambda scan, _scene, _rng: replace(scan, gpr=None),
    "noisy metal detector alone": lambda scan, _scene, rng: _noisy(replace(scan, gpr=None), rng, 8.0),
}


@dataclass(frozen=True)
class Mine:
    """One mine: the lane's sweep and soil, what the map says of its place, and whether it was found."""

    sweep: str
    soil: str
    model: str
    top_m: float
    said: int
    found: bool


def draw(seed: int, sweep: str) -> tuple[Scene, Scene, str]:
    """Draw a lane without mines, and the same with them."""
    from benchmarks.calibrate.scenes import HELD_OUT_SOIL, SOILS

    from dualsense.simulate import PRESETS, Buried, Motion, Scene, vary_soil

    rng = np.random.default_rng(seed)
    soil = (*SOILS, HELD_OUT_SOIL)[rng.integers(len(SOILS) + 1)]
    wide = sweep.startswith("lines")
    motion = Motion(
        length_m=LENGTH_M,
        width_m=WIDTH_M,
        line_spacing_m=float(rng.uniform(*(LINES_M if wide else (0.02, 0.035)))),
        speed_m_s=float(rng.uniform(0.3, 0.45)),
        height_m=float(rng.uniform(0.035, 0.06)),
        height_std_m=float(rng.uniform(0.003, 0.008)),
    )
    spots: list[np.ndarray] = []
    while len(spots) < PER_LANE + 1:
        at = rng.uniform(RIM_M, (LENGTH_M - RIM_M, WIDTH_M - RIM_M))
        if all(np.hypot(*(at - other)) >= APART_M for other in spots):
            spots.append(at)
    names = [*rng.choice(MINES, PER_LANE), rng.choice(OTHERS)]
    things: list[Buried] = [
        Buried(str(name), float(x), float(y), float(rng.uniform(*DEPTH_M)), yaw_deg=float(rng.uniform(0, 360)))
        for name, (x, y) in zip(names, spots, strict=True)
    ]
    ground = vary_soil(PRESETS[soil].soil, rng)
    whole = Scene(scan_id=f"truth-{seed}", soil=ground, objects=tuple(things), motion=motion)
    return replace(whole, objects=tuple(things[-1:])), whole, soil


def said_of(result: Result, x_m: float, y_m: float, top_m: float) -> int:
    """Give what the map says of a mine: 1 it would be found, -1 it would not, 0 nothing.

    Found means at all tops down to the next one below the mine's; not found, at the one nearest to it.
    """
    sight = result.smallest_mine
    j, i = (int(np.abs(axis - at).argmin()) for axis, at in ((sight.grid.y_m, y_m), (sight.grid.x_m, x_m)))
    told, deeper = sight.small[:, j, i], np.flatnonzero(sight.top_m >= top_m - 1e-9)
    if deeper.size and (told[: deeper[0] + 1] == 1).all():
        return 1
    return -1 if told[int(np.abs(sight.top_m - top_m).argmin())] == -1 else 0


def try_lane(seed: int, sweep: str) -> list[Mine]:
    """Process a lane without and with its mines; none of a lane that is refused."""
    from dualsense.chain import process_scan
    from dualsense.errors import ScanError
    from dualsense.simulate import simulate_scan

    bare, whole, soil = draw(seed, sweep)
    results = []
    for scene in (bare, whole):
        scan = SWEEPS[sweep](simulate_scan(scene, seed=seed), whole, np.random.default_rng([seed, 1]))
        try:
            results.append(process_scan(scan))
        except ScanError as error:
            print(f"lane of seed {seed}, {sweep}: refused: {error}")
            return []
    before, after = results
    mines = []
    for one in whole.objects[:PER_LANE]:
        near = [t for t in after.targets if np.hypot(t.x_m - one.x_m, t.y_m - one.y_m) <= LISTED_M]
        found = any(t.call != "likely-clutter" for t in near)
        mines.append(
            Mine(sweep, soil, one.model, one.depth_m, said_of(before, one.x_m, one.y_m, one.depth_m), found)
        )
    return mines


def table(mines: list[Mine]) -> list[str]:
    """Give one line for each way of sweeping, and one for all: how many, and how often it was right."""
    lines = [
        "| sweep | mines | would be found | ... were | would not | ... were not | not told | ... were found |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in (*SWEEPS, "all"):
        own = [one for one in mines if name in (one.sweep, "all")]
        cells: list[Any] = [name, len(own)]
        for said, right in ((1, True), (-1, False), (0, True)):
            some = [one.found for one in own if one.said == said]
            cells += [len(some), f"{sum(f == right for f in some) / len(some):.1%}" if some else "-"]
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return lines


def main() -> int:
    """Try lanes and print the table; exit status 1 where the map was wrong more often than it may be."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.coverage_truth", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--lanes", type=int, default=3 * len(SWEEPS))
    parser.add_argument("--first", type=int, default=0, help="number of the first lane")
    parser.add_argument("--sweeps", default="", help="only these ways of sweeping, by their names; all without")
    parser.add_argument(
        "--log", type=Path, help="file that each mine is appended to; all that it holds is counted"
    )
    options = parser.parse_args()
    mines: list[Mine] = []
    names = [name for name in options.sweeps.split(",") if name] or list(SWEEPS)
    for n in range(options.first, options.first + options.lanes):
        own = try_lane(FIRST_SEED + n, names[n % len(names)])
        mines += own
        if options.log and own:
            with options.log.open("a", encoding="utf-8") as log:
                log.writelines(json.dumps(asdict(one)) + "\n" for one in own)
        for one in own:
            if one.said and (one.said == 1) != one.found:
                print(f"lane {n}, {one.sweep}, {one.soil}: {one.model} at {one.top_m:.3f} m, said {one.said}")
        print(f"{n - options.first + 1} of {options.lanes}", file=sys.stderr, flush=True)
    if options.log:
        mines = [Mine(**json.loads(line)) for line in options.log.read_text(encoding="utf-8").splitlines()]
    print("\n".join(table(mines)))
    found = [one.found for one in mines if one.said == 1]
    if found:
        low = clopper_pearson(sum(found), len(found))[0]
        print(f"of {len(found)} that would be found {sum(found)} were: {low:.1%} at least, with 95 % confidence")
    lost = [not one.found for one in mines if one.said == -1]
    return int(np.mean(found or [1.0]) < 0.99 or np.mean(lost or [1.0]) < 0.8)


if __name__ == "__main__":
    sys.exit(main())
