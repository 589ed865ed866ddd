"""A small mine beside a can, a cartridge and a PMN: found, told as hidden, or lost.

    python -m benchmarks.study_hiding --log FILE                   simulate what FILE lacks, print the table
    python -m benchmarks.study_hiding --log FILE -o FIGURE.png     and draw it

Lanes of 0.36 m2 in magnetic soil, even and uneven, with one small mine 10 to 25 cm from the other object, from
centre to centre, and alone. Each repetition has its own mine, depths, direction and sweep, the same ones in every
cell of the table. A mine is found where a target that is to be dug lies within 6 cm of it and nearer to it than
to the other object. It is told as hidden where there is none and its place is shown as not covered, or the map
of the smallest mine does not say that it would have been found there at its depth. Where the map does say that,
it is lost; "with the other" where at least a target that is to be dug lies within 10 cm of its rim. Exit status
1 if one is lost.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from benchmarks.campaign.outcome import shown_assessed
from benchmarks.coverage_truth import said_of

if TYPE_CHECKING:
    from dualsense.result import Result
    from dualsense.simulate import Scene

FIRST_SEED = 9_300_000
MINES = ("M14", "PMA-2", "R2M2", "Type-72A")
OTHERS = ("can", "cartridge", "PMN")
APART_M = (0.10, 0.15, 0.20, 0.25)
GROUNDS = {"even": 0.0, "uneven": 0.15}
"""Standard deviation of the susceptibility from place to place; the most uneven presets have 0.15."""
SOIL = "laterite"
SIDE_M = 0.6
MINE_TOP_M, OTHER_TOP_M = (0.02, 0.08), (0.01, 0.05)
OWN_M, HALO_M = 0.06, 0.10
OUTCOMES = {
    "suspect": "#1a7f37",
    "to be dug": "#8fd19e",
    "not covered": "#9aa5b1",
    "hidden": "#d3d9df",
    "with the other": "#e8a33d",
    "lost": "#b00020",
}
"""From best to worst, with their colours: "hidden" is covered ground where the map does not vouch for the mine."""
TOLD = ("not covered", "hidden")


@dataclass(frozen=True)
class Fate:
    """What became of one mine. ``vouched`` is the part of the patch for which the map vouches 5 cm deep."""

    ground: str
    other: str
    apart_m: float
    number: int
    mine: str
    top_m: float
    outcome: str
    vouched: float


def draw(ground: str, other: str, apart_m: float, number: int) -> Scene:
    """Lay out one lane; the mine is the first of its objects."""
    from dualsense.simulate import PRESETS, Buried, Motion, Scene

    rng = np.random.default_rng(FIRST_SEED + number)
    angle, mine_top, other_top = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(*MINE_TOP_M), rng.uniform(*OTHER_TOP_M)
    yaws = rng.uniform(0.0, 360.0, 2)
    motion = Motion(
        length_m=SIDE_M,
        width_m=SIDE_M,
        line_spacing_m=float(rng.uniform(0.025, 0.035)),
        speed_m_s=float(rng.uniform(0.3, 0.45)),
        height_m=float(rng.uniform(0.035, 0.06)),
        height_std_m=float(rng.uniform(0.003, 0.008)),
    )
    aside = 0.5 * apart_m * np.array([np.cos(angle), np.sin(angle)])
    (x, y), (u, v) = 0.5 * SIDE_M + aside, 0.5 * SIDE_M - aside
    things = [Buried(MINES[number % len(MINES)], float(x), float(y), float(mine_top), yaw_deg=float(yaws[0]))]
    if other:
        things.append(Buried(other, float(u), float(v), float(other_top), yaw_deg=float(yaws[1])))
    return Scene(
        scan_id=f"hiding-{ground}-{other or 'alone'}-{100 * apart_m:.0f}-{number}",
        soil=replace(PRESETS[SOIL].soil, susceptibility_std=GROUNDS[ground]),
        objects=tuple(things),
        motion=motion,
    )


def outcome(result: Result, scene: Scene) -> str:
    """Say what became of the first object of a scene."""
    from dualsense.result import OPEN_CALLS
    from dualsense.simulate import MODELS

    mine, *others = scene.objects
    dug = [t for t in result.targets if t.call in OPEN_CALLS]

    def near(t: object, thing: object) -> float:
        return float(np.hypot(t.x_m - thing.x_m, t.y_m - thing.y_m))  # type: ignore[attr-defined]

    own = [t for t in dug if near(t, mine) <= min([OWN_M, *(near(t, o) for o in others)])]
    if own:
        return "suspect" if any(t.call == "suspect" for t in own) else "to be dug"
    if not shown_assessed(result.coverage, mine.x_m, mine.y_m):
        return "not covered"
    if said_of(result, mine.x_m, mine.y_m, mine.depth_m) != 1:
        return "hidden"
    rim_m = 0.5 * max(MODELS[mine.model].size_m[:2])
    return "with the other" if any(near(t, mine) <= rim_m + HALO_M for t in dug) else "lost"


def try_lane(ground: str, other: str, apart_m: float, number: int) -> Fate:
    """Simulate and process one lane."""
    from dualsense.chain import process_scan
    from dualsense.simulate import simulate_scan

    scene = draw(ground, other, apart_m, number)
    result = process_scan(replace(simulate_scan(scene, seed=FIRST_SEED + number), truth=None))
    sight = result.smallest_mine
    vouched = float((sight.depth_m >= np.float32(0.05))[result.coverage.patch].mean())
    mine = scene.objects[0]
    return Fate(
        ground, other, apart_m, number, mine.model, mine.depth_m, outcome(result, scene), round(vouched, 3)
    )


def cells() -> list[tuple[str, str, float]]:
    """Ground, other object and distance of each cell of the table; alone first."""
    pairs = [("", 0.0), *((other, apart) for other in OTHERS for apart in APART_M)]
    return [(ground, other, apart) for ground in GROUNDS for other, apart in pairs]


def table(fates: list[Fate]) -> list[str]:
    """One line for each ground and other object: found, told as hidden and lost at each distance."""
    lines = ["| ground | beside | " + " | ".join(f"{100 * a:.0f} cm" for a in APART_M) + " | vouched for |"]
    lines.append("|---" * (len(APART_M) + 3) + "|")
    for ground in GROUNDS:
        for other in ("", *OTHERS):
            row, vouched = [], []
            for apart in APART_M if other else (0.0,):
                own = [f for f in fates if (f.ground, f.other, f.apart_m) == (ground, other, apart)]
                kinds = Counter(f.outcome for f in own)
                found, told = kinds["suspect"] + kinds["to be dug"], sum(kinds[name] for name in TOLD)
                lost = f"{kinds['lost']}" + (f" + {kinds['with the other']}" if kinds["with the other"] else "")
                row.append(f"{found} ({kinds['suspect']}), {told}, {lost}")
                vouched += [f.vouched for f in own]
            row += ["-"] * (len(APART_M) - len(row))
            part = f"{np.mean(vouched):.0%}" if vouched else "-"
            lines.append(f"| {ground} | {other or 'nothing'} | " + " | ".join(row) + f" | {part} |")
    return lines


def picture(fates: list[Fate], path: Path) -> None:
    """Draw a square for each mine, from best to worst, by ground, other object and distance."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch, Rectangle

    figure = Figure(figsize=(9.0, 4.6), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    rows = [(other, apart) for other, apart in [("", 0.0)] + [(o, a) for o in OTHERS for a in APART_M]]
    most = max(Counter((f.ground, f.other, f.apart_m) for f in fates).values(), default=1)
    order = list(OUTCOMES)
    for axes, ground in zip(figure.subplots(1, len(GROUNDS), sharey=True), GROUNDS, strict=True):
        for y, (other, apart) in enumerate(rows):
            own = [f.outcome for f in fates if (f.ground, f.other, f.apart_m) == (ground, other, apart)]
            for x, name in enumerate(sorted(own, key=order.index)):
                axes.add_patch(Rectangle((x + 0.05, y + 0.08), 0.9, 0.84, color=OUTCOMES[name]))
        for y in range(1, len(rows), len(APART_M)):
            axes.axhline(y, color="#555555", linewidth=0.8)
        axes.set_xlim(0, most)
        axes.set_ylim(len(rows), 0)
        axes.set_yticks(np.arange(len(rows)) + 0.5, [f"{o}, {100 * a:.0f} cm" if o else "alone" for o, a in rows])
        axes.set_xticks([])
        axes.set_title(f"{ground} magnetic soil", fontsize=10)
        axes.set_xlabel(f"{most} mines each")
    names = {
        "suspect": "found: suspect",
        "to be dug": "found: to be dug",
        "not covered": "told: not covered",
        "hidden": "told: may be missed here",
        "with the other": "only the other listed",
        "lost": "lost",
    }
    figure.legend(
        handles=[Patch(color=colour, label=names[name]) for name, colour in OUTCOMES.items()],
        loc="outside lower center", ncols=3, fontsize=9,
    )  # fmt: skip
    figure.suptitle("A small mine beside something else (simulated)", fontsize=11)
    figure.savefig(path)


def main() -> int:
    """Try what the log lacks, print the table, draw; exit status 1 where a mine was lost."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.study_hiding", description=__doc__.split("\n", 1)[0]
    )
    parser.add_argument("--repetitions", type=int, default=8)
    parser.add_argument(
        "--log", type=Path, required=True, help="lines of JSON, one for each lane; what it has stays"
    )
    parser.add_argument("-o", "--out", type=Path, help="picture to write")
    options = parser.parse_args()
    lines = options.log.read_text(encoding="utf-8").splitlines() if options.log.exists() else []
    fates = [Fate(**json.loads(line)) for line in lines]
    had = {(f.ground, f.other, f.apart_m, f.number) for f in fates}
    wanted = [(*cell, number) for number in range(options.repetitions) for cell in cells()]
    with options.log.open("a", encoding="utf-8") as log:
        for ground, other, apart, number in wanted:
            if (ground, other, apart, number) in had:
                continue
            fates.append(try_lane(ground, other, apart, number))
            log.write(json.dumps(asdict(fates[-1])) + "\n")
            log.flush()
    print("found (of them suspect), told as hidden, lost (+ only the other listed); simulated")
    print("\n".join(table(fates)))
    missed = [f for f in fates if f.outcome in ("lost", "with the other")]
    for f in missed:
        where = f"{f.ground}, {f.other or 'alone'}, {f.apart_m} m, number {f.number}"
        print(f"{f.outcome}: {where}: {f.mine} {f.top_m:.3f} m")
    if options.out:
        picture(fates, options.out)
    return int(any(f.outcome == "lost" for f in missed))


if __name__ == "__main__":
    sys.exit(main())
