"""What becomes of mines when something is wrong: they may be called not-assessable, never clutter.

The full-wave sample scans are spoilt one way at a time: errors of the tracked position, a wrong permittivity,
errors of the height, lines left out, a dead sensor. ``python benchmarks/study_ablation.py [-o FILE.png]`` counts
the calls of the mines and draws them. ``--lanes N`` takes sealed lanes instead, and simulates them again with
magnetic ground and with a hand that trembles; ``--model`` names the confidence model.
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

from dualsense.fusion._confidence import DEFAULT_MODEL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dualsense.scan import Scan
    from dualsense.simulate import Scene

    Spoil = Callable[[Scan], Scan]
    Change = Callable[[Scene], Scene]
    Scans = Iterable[tuple[str, Scan]]

ROOT = Path(__file__).resolve().parent.parent
POSITION_MM = (0, 5, 10, 20)
CORRELATION_S = 0.5
SEED = 7
MAGNETIC, MAGNETIC_LOSS = 0.03, 1.5e-3
"""Susceptibility of strongly magnetic ground, and its loss; the strongest of the presets' middles has 0.008."""
TREMBLE_M = 0.015


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
    for mm in POSITION_MM:
        out[f"position {mm} mm"] = (lambda s, m=mm: moved(s, (1e-3 * m, 1e-3 * m, 0.0)), 0.0)
    out["permittivity -30 %"] = (lambda s: s, 0.7)
    out["permittivity +30 %"] = (lambda s: s, 1.3)
    out["height 10 mm"] = (lambda s: moved(s, (0.0, 0.0, 0.01)), 0.0)
    out["half the lines"] = (every_other_line, 0.0)
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
    from calibrate.scenes import lanes, scene
    from dualsense.simulate import simulate_scan

    for lane in lanes("sealed", count):
        yield lane.name, simulate_scan(change(scene(lane)), seed=lane.seed)


def run(sets: dict[str, tuple[list[tuple[str, Scan]], Spoil, float]], model: str) -> dict[str, Any]:
    """Count the calls of mines and of the rest under each condition."""
    from dualsense.chain import process_scan
    from dualsense.evaluate import score_scan
    from dualsense.recipe import load_recipe

    out: dict[str, Any] = {}
    for name, (scans, spoil, factor) in sets.items():
        mines: Counter[str] = Counter()
        others: Counter[str] = Counter()
        lost = []
        for label, scan in scans:
            truth = scan.truth
            wanted = [f"fusion.model={model}"]
            if factor:
                wrong = factor * float(truth.scene["relative_permittivity"])
                wanted.append(f"gpr.soil.relative_permittivity={wrong:.3f}")
            result = process_scan(replace(spoil(scan), truth=None), load_recipe(overrides=wanted))
            for o in score_scan(result, truth).objects:
                open_ = o.target is None and not o.assessable
                call = "not-assessable" if open_ else "no target" if o.call is None else o.call
                (mines if o.is_mine else others)[call] += 1
                if o.is_mine and call in ("likely-clutter", "no target"):
                    lost.append(f"{label}: {o.model or o.label} {call}")
        out[name] = {"mines": dict(mines), "others": dict(others), "lost": lost}
        print(f"{name:20s} mines {dict(mines)}  others {dict(others)}  {'; '.join(lost)}", flush=True)
    return out


def draw(found: dict[str, Any], path: Path) -> None:
    """Stacked bars of the mines' calls."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 4.4), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    bottom = np.zeros(len(found))
    looks = {
        "suspect": "#e8440a", "not-assessable": "#bdbdbd", "likely-clutter": "#2a6fb0", "no target": "#000000",
    }  # fmt: skip
    for call, colour in looks.items():
        height = np.array([f["mines"].get(call, 0) for f in found.values()])
        axes.bar(range(len(found)), height, bottom=bottom, color=colour, label=call)
        bottom += height
    axes.set_xticks(range(len(found)), list(found), rotation=35, ha="right")
    axes.set_ylabel("mines")
    axes.set_ylim(0, 1.35 * max(bottom.max(), 1.0))
    axes.legend(loc="upper right", ncols=4, fontsize=9)
    axes.set_title("What mines are called when something is wrong (simulated)")
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
    return 1 if any("likely-clutter" in f["mines"] for f in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
