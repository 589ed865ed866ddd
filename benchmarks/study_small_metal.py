"""Mines with a minimum of metal in soil that conducts: what taking the soil's response away costs them.

    python -m benchmarks.study_small_metal --log FILE [--repetitions 8]

What uneven wet or salty ground answers grows with frequency in quadrature, and so does what small stainless pins
answer: metal is believed less along it (`emi.invert.conduction_std`). Here each lane of 0.36 m2 holds one small
mine and is processed twice, believing all of it and as the recipe has it. A mine is found where a target that is
to be dug lies within 6 cm of it; "by metal" where the metal detector located something there. A phantom is a
target that is to be dug more than 15 cm from the mine: nothing else is buried. FILE keeps what was tried;
simulated.
Exit status 1 where the map of the smallest mine vouches for a mine that is not found by the recipe.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from benchmarks.campaign.outcome import shown_assessed
from benchmarks.coverage_truth import said_of

if TYPE_CHECKING:
    from dualsense.result import Result
    from dualsense.simulate import Buried, Scene

FIRST_SEED = 9_700_000
MINES = ("M14", "PMA-2", "R2M2", "Type-72A", "Gyata-64", "PMA-3")
SALT_S_M, SALT_STD = 0.25, 0.25
"""Conductivity of a soaked salty shore, and how uneven it is."""
GROUNDS = ("wet-clay", "ukraine-chernozem", "colombia-andes", "salt")
TOP_M = (0.01, 0.08)
SIDE_M = 0.6
OWN_M, ASIDE_M = 0.06, 0.15
BELIEFS = {"all": 0.0, "recipe": None}


@dataclass(frozen=True)
class Trial:
    """What became of one mine, by what was believed."""

    ground: str
    number: int
    mine: str
    top_m: float
    belief: str
    call: str
    by_metal: bool
    covered: bool
    vouched: bool
    phantoms: int
    area_m2: float


def draw(ground: str, number: int) -> Scene:
    """Lay out one lane with its mine."""
    from dualsense.simulate import PRESETS, Buried, Motion, Scene

    rng = np.random.default_rng(FIRST_SEED + number)
    motion = Motion(
        length_m=SIDE_M,
        width_m=SIDE_M,
        line_spacing_m=float(rng.uniform(0.025, 0.035)),
        speed_m_s=float(rng.uniform(0.3, 0.45)),
        height_m=float(rng.uniform(0.035, 0.06)),
        height_std_m=float(rng.uniform(0.003, 0.008)),
    )
    x, y = rng.uniform(0.2, SIDE_M - 0.2, 2)
    mine = Buried(MINES[number % len(MINES)], float(x), float(y), float(rng.uniform(*TOP_M)))
    soil = PRESETS["wet-clay" if ground == "salt" else ground].soil
    if ground == "salt":
        soil = replace(soil, conductivity_s_m=SALT_S_M, conductivity_std=SALT_STD)
    return Scene(scan_id=f"small-metal-{ground}-{number}", soil=soil, objects=(mine,), motion=motion)


def outcome(result: Result, mine: Buried) -> dict[str, object]:
    """Tell how the mine was found, and what else is to be dug."""
    from dualsense.features import EmiFeature
    from dualsense.result import OPEN_CALLS

    away = [float(np.hypot(t.x_m - mine.x_m, t.y_m - mine.y_m)) for t in result.targets]
    near = [t for t, far in zip(result.targets, away, strict=True) if far <= OWN_M]
    near.sort(key=lambda t: (t.call == "suspect", t.call in OPEN_CALLS, t.confidence))
    dug = [far for t, far in zip(result.targets, away, strict=True) if t.call in OPEN_CALLS]
    return {
        "call": near[-1].call if near else "",
        "by_metal": any(t.emi is not None and EmiFeature.DETECTION_LIMIT not in t.emi.features for t in near),
        "covered": shown_assessed(result.coverage, mine.x_m, mine.y_m),
        "vouched": said_of(result, mine.x_m, mine.y_m, mine.depth_m) == 1,
        "phantoms": sum(far > ASIDE_M for far in dug),
        "area_m2": float(result.coverage.patch.sum()) * result.coverage.grid.cell_m**2,
    }


def try_lane(ground: str, number: int) -> list[Trial]:
    """Simulate one lane and process it with either belief."""
    from dualsense.chain import process_scan
    from dualsense.recipe import load_recipe
    from dualsense.simulate import simulate_scan

    scene = draw(ground, number)
    scan = replace(simulate_scan(scene, seed=FIRST_SEED + number), truth=None)
    mine, out = scene.objects[0], []
    for belief, value in BELIEFS.items():
        settings = () if value is None else (f"emi.invert.conduction_std={value}",)
        result = process_scan(scan, load_recipe(overrides=settings))
        out.append(Trial(ground, number, mine.model, mine.depth_m, belief, **outcome(result, mine)))  # type: ignore[arg-type]
    return out


def table(trials: list[Trial]) -> list[str]:
    """One line for each ground and belief."""
    head = "ground | believed | suspect, to be dug, of | by metal | not covered | vouched for and missed"
    lines = [f"| {head} | phantoms per m² |", "|---" * 7 + "|"]
    for ground in GROUNDS:
        for belief in BELIEFS:
            own = [t for t in trials if (t.ground, t.belief) == (ground, belief)]
            if not own:
                continue
            suspect, dug = sum(t.call == "suspect" for t in own), sum(found(t) for t in own)
            metal, open_ = sum(found(t) and t.by_metal for t in own), sum(not t.covered for t in own)
            phantoms = sum(t.phantoms for t in own) / sum(t.area_m2 for t in own)
            counts = f"{suspect}, {dug}, {len(own)} | {metal} | {open_} | {sum(lost(t) for t in own)}"
            lines.append(f"| {ground} | {belief} | {counts} | {phantoms:.1f} |")
    return lines


def found(trial: Trial) -> bool:
    """Tell whether the mine is to be dug."""
    from dualsense.result import OPEN_CALLS

    return trial.call in OPEN_CALLS


def lost(trial: Trial) -> bool:
    """Tell whether the map vouches for a mine that nobody is sent to dig."""
    return trial.vouched and trial.covered and not found(trial)


def main() -> int:
    """Try what the log lacks and print the table; exit status 1 where the recipe loses a mine."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.study_small_metal", description=__doc__.split("\n", 1)[0]
    )
    parser.add_argument("--repetitions", type=int, default=8)
    parser.add_argument("--log", type=Path, required=True, help="lines of JSON; what it has stays")
    options = parser.parse_args()
    lines = options.log.read_text(encoding="utf-8").splitlines() if options.log.exists() else []
    trials = [Trial(**json.loads(line)) for line in lines]
    had = {(t.ground, t.number) for t in trials}
    with options.log.open("a", encoding="utf-8") as log:
        for number in range(options.repetitions):
            for ground in GROUNDS:
                if (ground, number) in had:
                    continue
                new = try_lane(ground, number)
                trials += new
                log.writelines(json.dumps(asdict(t)) + "\n" for t in new)
                log.flush()
    print("one small mine in each lane, the same ones in every ground; simulated")
    print("\n".join(table(trials)))
    misses = [t for t in trials if lost(t) and t.belief == "recipe"]
    for t in misses:
        print(f"missed: {t.ground}, number {t.number}: {t.mine}, {100 * t.top_m:.1f} cm deep")
    return int(bool(misses))


if __name__ == "__main__":
    sys.exit(main())
