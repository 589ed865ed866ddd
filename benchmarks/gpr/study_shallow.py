"""Bodies in the first centimetres: what is listed where nothing lies, and whether shallow mines stay.

    python -m benchmarks.gpr.study_shallow [--lanes 40] [--first 9600000] [--log FILE]

Lanes of 0.36 m2 as the confidence model's (`benchmarks.calibrate`), with seeds of their own, by the radar alone:
each soil in turn with nothing buried, with the recipe's objects, and with its mines 0.5 to 4 cm deep. Each volume
is searched with the rule that a peak of the contrast alone must rise by a tenth from the boundary of the search,
and without. "At the top" is within a millimetre of the depth from which on bodies are looked for. A body is an
object's within 2 cm of its outline. The depths of mines shallower than 4 cm are told as they are now, and as they
were: less 12 mm where clutter above is brighter, but not less than 0. Exit status 1 where a mine that had a body
has none.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
from benchmarks.calibrate import scenes

if TYPE_CHECKING:
    from dualsense.gpr import Body
    from dualsense.scan import Truth

FIRST_SEED = 9_600_000
KINDS = ("bare", "recipe", "shallow")
SOILS = (*scenes.SOILS, scenes.HELD_OUT_SOIL)
SHALLOW_M = (0.005, 0.04)
BESIDE_M, AT_TOP_M = 0.02, 0.001
BEFORE_TOO_DEEP_M = 0.012


@dataclass(frozen=True)
class Found:
    """One lane: depths of bodies where nothing lies, and per mine its depth, and what was told of it (or None)."""

    kind: str
    number: int
    nothing: dict[str, list[float]]
    mines: list[tuple[str, float]]
    told: dict[str, list[float | None]]
    other: dict[str, int]


def scene(kind: str, number: int, first: int) -> Any:
    """Draw a lane; its seed and soil hang on its number and kind."""
    from dualsense.simulate import MODELS

    seed = first + 1000 * KINDS.index(kind) + number
    drawn = replace(scenes.scene(scenes.Lane("fixed", SOILS[number % len(SOILS)], seed)), detector=None)
    if kind == "bare":
        return replace(drawn, objects=()), seed
    if kind == "shallow":
        rng = np.random.default_rng(seed)
        things = (
            replace(one, depth_m=float(rng.uniform(*SHALLOW_M))) if MODELS[one.model].label == "mine" else one
            for one in drawn.objects
        )
        drawn = replace(drawn, objects=tuple(things))
    return drawn, seed


def owner(body: Body, truth: Truth) -> int | None:
    """Give the object that a body is of."""
    if not truth.x_m.size:
        return None
    away = np.hypot(truth.x_m - body.x_m, truth.y_m - body.y_m) - 0.5 * np.maximum(truth.size_x_m, truth.size_y_m)
    n = int(away.argmin())
    return n if away[n] <= BESIDE_M else None


def try_lane(kind: str, number: int, first: int) -> Found:
    """Sweep a lane and search its volume, with the rule and without."""
    from dualsense import gpr
    from dualsense.chain import process_scan
    from dualsense.gpr._bodies import find
    from dualsense.recipe import Recipe
    from dualsense.simulate import simulate_scan

    drawn, seed = scene(kind, number, first)
    scan = simulate_scan(drawn, seed=seed)
    truth = scan.truth
    assert truth is not None
    state = process_scan(replace(scan, truth=None), keep=["migrate"]).kept["migrate"]
    over = gpr.over_clutter(state.migrated, state.cover.grid, state.cover.gpr)
    options = Recipe().gpr.image.model_dump()
    mines = [n for n, label in enumerate(truth.label) if label == "mine"]
    nothing: dict[str, list[float]] = {}
    told: dict[str, list[float | None]] = {}
    other: dict[str, int] = {}
    for name, rise in (("before", 0.0), ("now", find.RISE)):
        with patch.object(find, "RISE", rise):
            bodies = gpr.find_bodies(state.migrated, state.cover.grid, over, **options)
        if name == "now":
            bodies = gpr.place_tops(
                bodies,
                state.soundings,
                state.traces,
                relative_permittivity=state.soil.relative_permittivity,
                height_m=state.surface.height_m,
            )
        own: dict[int | None, list[float]] = {}
        for body in bodies:
            was = max(body.depth_m - BEFORE_TOO_DEEP_M, 0.0) if body.hidden else body.depth_m
            depth_m = was if name == "before" else body.top_m
            place = owner(body, truth)
            own.setdefault(place, []).append(body.depth_m if place is None else depth_m)
        nothing[name] = own.pop(None, [])
        told[name] = [own[n][0] if n in own else None for n in mines]
        other[name] = sum(n not in mines for n in own)
    return Found(kind, number, nothing, [(truth.model[n], float(truth.depth_m[n])) for n in mines], told, other)


def table(lanes: list[Found], top_m: float) -> bool:
    """Print what was found; False where the rule lost a mine."""
    print("| lanes | | where nothing lies | at the top | mines with a body | under 2 cm | 2 to 4 cm | other |")
    print("|---|---|---|---|---|---|---|---|")
    kept = True
    for kind in KINDS:
        own = [lane for lane in lanes if lane.kind == kind]
        mines = [depth for lane in own for _, depth in lane.mines]
        counts = {}
        for name in ("before", "now"):
            nothing = [z for lane in own for z in lane.nothing[name]]
            had = [t is not None for lane in own for t in lane.told[name]]
            counts[name] = sum(had)
            parts = [
                f"{sum(h for h, d in zip(had, mines, strict=True) if low <= d < high)} of "
                f"{sum(low <= d < high for d in mines)}"
                for low, high in ((0.0, 9.0), (0.0, 0.02), (0.02, 0.04))
            ]
            at_top = sum(z <= top_m + AT_TOP_M for z in nothing)
            others = sum(lane.other[name] for lane in own)
            print(f"| {len(own)} {kind} | {name} | {len(nothing)} | {at_top} | {' | '.join(parts)} | {others} |")
        kept &= counts["now"] == counts["before"]
    for name in ("before", "now"):
        off = np.array(
            [
                t - depth
                for lane in lanes
                for (_, depth), t in zip(lane.mines, lane.told[name], strict=True)
                if t is not None and depth < SHALLOW_M[1]
            ]
        )
        mean_mm, rms_mm = 1e3 * off.mean(), 1e3 * np.sqrt((off**2).mean())
        print(f"told depth of {off.size} mines under 4 cm, {name}: {mean_mm:+.1f} mm, rms {rms_mm:.1f} mm")
    return kept


def main() -> int:
    """Try what the log lacks and print the table."""
    from dualsense.recipe import Recipe

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpr.study_shallow", description=__doc__.split("\n", 1)[0]
    )
    parser.add_argument("--lanes", type=int, default=40)
    parser.add_argument("--first", type=int, default=FIRST_SEED)
    parser.add_argument("--log", type=Path, help="a line of JSON for each lane; what it has is not tried again")
    asked = parser.parse_args()
    had = asked.log.read_text(encoding="utf-8").splitlines() if asked.log and asked.log.exists() else []
    lanes = [Found(**json.loads(line)) for line in had]
    tried = {(lane.kind, lane.number) for lane in lanes}
    for number in range(asked.lanes):
        for kind in KINDS:
            if (kind, number) in tried:
                continue
            lanes.append(try_lane(kind, number, asked.first))
            if asked.log:
                with asked.log.open("a", encoding="utf-8") as log:
                    log.write(json.dumps(asdict(lanes[-1])) + "\n")
    return int(not table(lanes, Recipe().gpr.image.top_m))


if __name__ == "__main__":
    sys.exit(main())
