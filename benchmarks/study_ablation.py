"""What becomes of mines when something is wrong: they may be called not-assessable, never clutter.

The full-wave sample scans are spoilt one way at a time: errors of the tracked position, a wrong permittivity,
errors of the height, lines left out, a dead sensor. ``python -m benchmarks.study_ablation [-o FILE.png]`` counts
what becomes of the mines and draws it. ``--lanes N`` takes sealed lanes instead, and simulates them again with
magnetic ground and with a hand that trembles; ``--model`` names the confidence model. Exit status 1 where a mine
is called clutter or lost: without a target where the map of the smallest mine says that it would be found.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks.coverage_truth import said_of

from dualsense.fusion._confidence import DEFAULT_MODEL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dualsense.evaluate import ObjectScore
    from dualsense.result import Result
    from dualsense.scan import Scan
    from dualsense.simulate import Scene

    Spoil = Callable[[Scan], Scan]
    Change = Callable[[Scene], Scene]
    Scans = Iterable[tuple[str, Scan]]

ROOT = Path(__file__).resolve().parent.parent
POSITION_MM = (5, 10, 20)
CORRELATION_S = 0.5
SEED = 7
MAGNETIC, MAGNETIC_LOSS = 0.03, 1.5e-3
"""Susceptibility of strongly magnetic ground, and its loss; the strongest of the presets' middles has 0.008."""
TREMBLE_M = 0.015
LOOKS = {
    "suspect": ("#d7301f", "suspect"),
    "unclear": ("#fd9a4c", "unclear: to be dug"),
    "not-assessable": ("#fddc9a", "not assessable: to be dug"),
    "not covered": ("#9aa5b1", "no target, shown as not covered"),
    "hidden": ("#d3d9df", "no target, may be missed here"),
    "likely-clutter": ("#2a6fb0", "called clutter"),
    "lost": ("#000000", "lost: no target, said to be found if there"),
}
"""From best to worst: what becomes of a mine, with its colour and its words in the picture."""


def moved(scan: Scan, std_m: tuple[float, float, float]) -> Scan:
    """Add errors to the tracked position that change within half a second; the file's stated deviation stays."""
    rng = np.random.default_rng(SEED)
    time = scan.pose.time_s
    knots = np.arange(time[0], time[-1] + CORRELATION_S, CORRELATION_S)
    error = np.stack([np.interp(time, knots, rng.normal(0.0, s, knots.size)) for s in std_m], axis=1)
    error *= np.array(std_m) / np.maximum(error.std(axis=0), 1e-12)
    return replace(scan, pose=replace(scan.pose, position_m=scan.pose.position_m + error))


def every_other_line(scan: Scan) -> Scan:
    """Leave out every other stripe of 5 cm of the ground, for both sensors."""

    def kept(data: Any) -> Any:
        y = np.interp(data.time_s, scan.pose.time_s, scan.pose.position_m[:, 1])
        keep = np.floor(y / 0.05).astype(int) % 2 == 0
        return replace(data, time_s=data.time_s[keep], data=data.data[keep], channel=data.channel[keep])

    return replace(scan, gpr=kept(scan.gpr), emi=kept(scan.emi))


def conditions() -> dict[str, tuple[Spoil, float]]:
    """Each condition: what it does to a scan, and a factor of the permittivity (0 leaves it estimated)."""
    out: dict[str, tuple[Spoil, float]] = {}
    out["nothing wrong"] = (lambda s: s, 0.0)
    for mm in POSITION_MM:
        out[f"track off by {mm} mm"] = (lambda s, m=mm: moved(s, (1e-3 * m, 1e-3 * m, 0.0)), 0.0)
    out["permittivity 30 % too low"] = (lambda s: s, 0.7)
    out["permittivity 30 % too high"] = (lambda s: s, 1.3)
    out["height off by 10 mm"] = (lambda s: moved(s, (0.0, 0.0, 0.01)), 0.0)
    out["every other stripe left out"] = (every_other_line, 0.0)
    out["no metal detector"] = (lambda s: replace(s, emi=None), 0.0)
    out["no radar"] = (lambda s: replace(s, gpr=None), 0.0)
    return out


def samples() -> Iterable[tuple[str, Scan]]:
    """The full-wave scans with a mine in them."""
    from dualsense.io import read_scan

    for path in sorted((ROOT / "sample_data").glob("*.h5")):
        scan = read_scan(path)
        if scan.truth is not None and "mine" in scan.truth.label:
            yield path.stem, scan


def magnetic(scene: Scene) -> Scene:
    """Make the ground strongly magnetic."""
    return replace(scene, soil=replace(scene.soil, susceptibility=MAGNETIC, susceptibility_loss=MAGNETIC_LOSS))


def trembling(scene: Scene) -> Scene:
    """Let the head's height really change by 15 mm, tracked as well as ever."""
    return replace(scene, motion=replace(scene.motion, height_std_m=TREMBLE_M, height_m=0.06))


def invented(count: int, change: Change = lambda scene: scene) -> Scans:
    """Lanes of the sealed split, soils in turn."""
    from benchmarks.calibrate.scenes import lanes, scene

    from dualsense.simulate import simulate_scan

    for lane in lanes("sealed", count):
        yield lane.name, simulate_scan(change(scene(lane)), seed=lane.seed)


def fate(result: Result, thing: ObjectScore) -> str:
    """Say what became of an object: its target's call, or what is said of the ground where it has none."""
    if thing.call is not None:
        return thing.call
    if thing.not_covered:
        return "not covered"
    vouched = result.smallest_mine is not None and said_of(result, thing.x_m, thing.y_m, thing.depth_m) == 1
    return "lost" if vouched else "hidden"


def run(sets: dict[str, tuple[list[tuple[str, Scan]], Spoil, float]], model: str) -> dict[str, Any]:
    """Count the calls of mines and of the rest under each condition."""
    from dualsense.chain import process_scan
    from dualsense.evaluate import score_scan
    from dualsense.recipe import load_recipe

    out: dict[str, Any] = {}
    for name, (scans, spoil, factor) in sets.items():
        mines: Counter[str] = Counter()
        others: Counter[str] = Counter()
        open_ = []
        for label, scan in scans:
            truth = scan.truth
            wanted = [f"fusion.model={model}"]
            if factor:
                wrong = factor * float(truth.scene["relative_permittivity"])
                wanted.append(f"gpr.soil.relative_permittivity={wrong:.3f}")
            result = process_scan(replace(spoil(scan), truth=None), load_recipe(overrides=wanted))
            for o in score_scan(result, truth).objects:
                end = fate(result, o)
                if o.is_mine:
                    mines[end] += 1
                else:  # the map of the smallest mine says nothing of them
                    others[o.call or "no target"] += 1
                if o.is_mine and end != "suspect":
                    open_.append(f"{label}: {o.model or o.label} {100 * o.depth_m:.0f} cm deep {end}")
        out[name] = {"mines": dict(mines), "others": dict(others), "no suspect": open_}
        print(f"{name:28s} mines {dict(mines)}  others {dict(others)}  {'; '.join(open_)}", flush=True)
    return out


def draw(found: dict[str, Any], path: Path) -> None:
    """Draw a bar for each condition, a piece of it for each thing that became of mines, with their number."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 1.6 + 0.3 * len(found)), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    names, left = list(found), np.zeros(len(found))
    for end, (colour, words) in LOOKS.items():
        count = np.array([f["mines"].get(end, 0) for f in found.values()])
        if not count.any() and end not in ("suspect", "likely-clutter", "lost"):
            continue
        bars = axes.barh(names, count, left=left, color=colour, edgecolor="white", label=words)
        dark = end in ("suspect", "likely-clutter", "lost")
        axes.bar_label(
            bars, [str(c) if c else "" for c in count], label_type="center", color="white" if dark else "black"
        )
        left += count
    axes.invert_yaxis()
    axes.set_xlim(0, max(left.max(), 1.0))
    axes.set_xticks([])
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, fontsize=9)
    axes.set_title(f"What becomes of {left.max():.0f} mines when something is wrong (simulated)", fontsize=11)
    figure.savefig(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--out", type=Path, help="picture to write")
    parser.add_argument("--json", type=Path, help="file for the counts")
    parser.add_argument("--lanes", type=int, help="so many invented lanes instead of the full-wave scans")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="confidence model")
    options = parser.parse_args()
    scans = list(invented(options.lanes) if options.lanes else samples())
    sets = {name: (scans, spoil, factor) for name, (spoil, factor) in conditions().items()}
    if options.lanes:
        sets["magnetic ground"] = (list(invented(options.lanes, magnetic)), lambda s: s, 0.0)
        sets["trembling hand"] = (list(invented(options.lanes, trembling)), lambda s: s, 0.0)
    found = run(sets, options.model)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if options.out:
        draw(found, options.out)
    return int(any(end in f["mines"] for f in found.values() for end in ("likely-clutter", "lost")))


if __name__ == "__main__":
    sys.exit(main())
