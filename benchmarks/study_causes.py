"""What an alarm stands on: suspects and other calls per square metre, by what lies there, of one revision or two.

    python -m benchmarks.study_causes FOLDER [--beside TREE] [--presets N] [--lanes N --skip N] [--jobs N]

Scans are simulated into FOLDER by this revision: a lane of each of ten kinds of ground, so many of each, and
sealed lanes of the calibration. Each is processed by this revision and, with ``--beside``, by the one that is
checked out in TREE, with the confidence model that each ships. A target lies at the object that it is matched with
as `dualsense.evaluate` does, mines first; what is matched with none counts as "nothing". Then it says how far off
metal lies (`benchmarks.metal_places`). What is in FOLDER already is not made again. Everything is simulated.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks import metal_places
from benchmarks.calibrate import scenes
from benchmarks.processes import ROOT, dualsense

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dualsense.scan import Truth
    from dualsense.simulate import Scene

PRESETS = (
    "sand",
    "loam",
    "wet-clay",
    "laterite",
    "battlefield",
    "cambodia-laterite",
    "mozambique-red",
    "bosnia-loam",
    "ukraine-chernozem",
    "afghanistan-gravel",
)
FIRST_SEED = 9_100_000
CALLS = ("suspect", "unclear", "not-assessable", "likely-clutter")
CAUSES = ("mine", "metal", "other", "nothing")
"""What lies at a target: a mine, an object of metal, one without, or nothing that was buried."""


def drawn(name: str) -> tuple[Scene, int]:
    """Draw the scene of a scan from its name, and its seed."""
    from dualsense.simulate import random_lane

    kind, _, rest = name.partition("-")
    ground, _, seed = rest.rpartition("-")
    if kind == "square":
        return random_lane(ground, rng=np.random.default_rng(int(seed))), int(seed)
    split, _, soil = ground.partition("-")
    return scenes.scene(scenes.Lane(split, soil, int(seed))), int(seed)


def make(folder: Path, squares: int, lanes: int, skip: int) -> None:
    """Simulate what is not there yet."""
    from dualsense.simulate import Faults, simulate_scan, write_simulated

    numbers = range(squares * len(PRESETS))
    names = [f"square-{PRESETS[n % len(PRESETS)]}-{FIRST_SEED + n}" for n in numbers]
    names += [f"lane-{lane.name}" for lane in scenes.lanes("sealed", skip + lanes)[skip:]]
    for name in names:
        path = folder / f"{name}.h5"
        if not path.exists():
            scene, seed = drawn(name)
            write_simulated(simulate_scan(scene, seed=seed), path, Faults())


def owners(truth: Truth, places_m: np.ndarray) -> np.ndarray:
    """Index of the object (targets,) that each target is matched with, -1 for none; mines choose first."""
    from dualsense.evaluate import HALO_M, match

    reach = 0.5 * np.fmax(truth.size_x_m, truth.size_y_m) + HALO_M
    at = np.stack([truth.x_m, truth.y_m], axis=1)
    away = np.linalg.norm(at[:, None] - places_m[None], axis=2)
    mine = np.array([label == "mine" for label in truth.label], dtype=bool)
    out = np.full(len(places_m), -1)
    for group in (mine, ~mine):
        chosen = match(np.where(out < 0, away, np.inf)[group], reach[group])
        index = np.flatnonzero(group)
        for row, target in enumerate(chosen):
            if target >= 0:
                out[target] = index[row]
    return out


def listed(path: Path, outputs: Path) -> Iterator[tuple[str, str, float]]:
    """What each target of a scan lies at, its call, and how far it is from that; missed mines as "missed"."""
    from dualsense.io import read_scan

    truth = read_scan(path).truth
    file = outputs / path.stem / "targets.json"
    targets: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["targets"]
    places = np.array([[t["x_m"], t["y_m"]] for t in targets], dtype=np.float64).reshape(-1, 2)
    own = owners(truth, places)
    for n, target in enumerate(targets):
        thing = own[n]
        cause = "nothing" if thing < 0 else truth.label[thing]
        cause = cause if cause in CAUSES else "other"
        off_m = np.hypot(*(places[n] - (truth.x_m[thing], truth.y_m[thing]))) if thing >= 0 else np.nan
        yield cause, target["call"], float(off_m)
    for thing, label in enumerate(truth.label):
        if label == "mine" and thing not in own:
            yield "mine", "missed", np.nan


def tell(name: str, scans: list[Path], outputs: Path, area_m2: float) -> None:
    """Print one revision's table of some scans."""
    count: Counter[tuple[str, str]] = Counter()
    off: dict[str, list[float]] = {cause: [] for cause in CAUSES}
    for path in scans:
        for cause, call, off_m in listed(path, outputs):
            count[cause, call] += 1
            off[cause] += [off_m] if np.isfinite(off_m) else []
    print(f"{name}: {len(scans)} scans, {area_m2:.1f} m2; per m2 (mines: their number)")
    print("| what lies there | " + " | ".join((*CALLS, "missed")) + " | off, rms mm |")
    print("|---" * (len(CALLS) + 3) + "|")
    for cause in CAUSES:
        per = 1.0 if cause == "mine" else area_m2
        told = [count[cause, call] / per for call in (*CALLS, "missed")]
        rms = f"{1e3 * np.sqrt(np.mean(np.square(off[cause]))):.0f}" if off[cause] else ""
        cells = [f"{v:.0f}" if cause == "mine" else f"{v:.2f}" for v in told]
        print(f"| {cause} | " + " | ".join(cells) + f" | {rms} |")


def area(scans: list[Path]) -> float:
    """Square metres that were to be swept."""
    from dualsense.simulate import PRESETS as KINDS

    lane_m2 = scenes.COLUMNS * scenes.ROWS * scenes.CELL_M**2
    kinds = [KINDS.get(path.stem.removeprefix("square-").rpartition("-")[0]) for path in scans]
    return sum(kind.length_m * kind.width_m if kind else lane_m2 for kind in kinds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--beside", type=Path, help="another revision, checked out")
    parser.add_argument("--presets", type=int, default=1, help="scans of each of ten kinds of ground")
    parser.add_argument("--lanes", type=int, default=56, help="sealed lanes")
    parser.add_argument("--skip", type=int, default=1120)
    parser.add_argument("--jobs", type=int, help="scans at a time; one per core by default")
    asked = parser.parse_args()
    scans = asked.folder / "scans"
    scans.mkdir(parents=True, exist_ok=True)
    make(scans, asked.presets, asked.lanes, asked.skip)
    trees = {name: tree for name, tree in (("beside", asked.beside), ("here", ROOT)) if tree is not None}
    for name, tree in trees.items():
        outputs = asked.folder / name
        if not outputs.exists():
            jobs = ("--jobs", asked.jobs) if asked.jobs else ()
            dualsense("batch", scans, "-o", outputs, *jobs, source=tree / "src")
        for kind in ("square", "lane"):
            some = sorted(scans.glob(f"{kind}-*.h5"))
            if some:
                tell(f"{name}, {kind}s", some, outputs, area(some))
    for kind in ("square", "lane"):
        buried = {path.stem: drawn(path.stem)[0] for path in sorted(scans.glob(f"{kind}-*.h5"))}
        if buried:
            wanted = metal_places.pieces(buried)
            metal_places.tell(f"{kind}s", wanted, {name: asked.folder / name for name in trees})


if __name__ == "__main__":
    main()
