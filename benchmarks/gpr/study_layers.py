"""Layers below the surface: how far they mislead the permittivity, how often they are told, and how often in vain.

    python -m benchmarks.gpr.study_layers [--lanes 40] [--first 9710000] [--log FILE]

Lanes of 0.36 m2 as the confidence model's (`benchmarks.calibrate`), with seeds of their own, by the radar alone:
with the recipe's objects over even soil, with nothing buried, and with the objects over a layer 4 to 16 cm down of
1.4 to 3 times the permittivity, or as much less. What the ground's echo tells is held against the truth: the error
of ln eps, and that error in units of its stated deviation, without and with what a later echo adds to it. A lane
is misled where the error is over two deviations without. Exit status 1 where more than one in ten lanes without a
layer is told to have one, or the root mean square over layers in units of the deviation is over 2.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.calibrate import scenes

FIRST_SEED = 9_710_000
KINDS = ("bare", "objects", "layer")
SOILS = (*scenes.SOILS, scenes.HELD_OUT_SOIL)
TOPS_M, TIMES = (0.04, 0.16), (1.4, 3.0)
DRYER, DRIEST = 0.35, 4.5
"""Share of the layers that are dryer than the soil; soil that is as dry has wetter ones only."""
RANGE = (2.0, 40.0)
MISLED, MOST_FALSE, MOST_Z = 2.0, 0.1, 2.0


@dataclass(frozen=True)
class Told:
    """One lane: error of ln eps by the ground's echo, its deviations, the later echo (0: none), the true layer."""

    kind: str
    number: int
    error: float
    plain_std: float
    std: float
    strength: float
    layer: tuple[float, float]


def scene(kind: str, number: int, first: int) -> tuple[Any, int]:
    """Draw a lane; its seed and soil hang on its number and kind."""
    from dualsense.simulate import Layer

    seed = first + 1000 * KINDS.index(kind) + number
    drawn = replace(scenes.scene(scenes.Lane("fixed", SOILS[number % len(SOILS)], seed)), detector=None)
    if kind == "bare":
        return replace(drawn, objects=()), seed
    if kind == "layer":
        rng, eps = np.random.default_rng(seed), drawn.soil.relative_permittivity
        times = float(np.exp(rng.uniform(*np.log(TIMES))))
        below = eps / times if rng.uniform() < DRYER and eps > DRIEST else eps * times
        layer = Layer(float(rng.uniform(*TOPS_M)), float(np.clip(below, *RANGE)), 0.02)
        drawn = replace(drawn, soil=replace(drawn.soil, layers=(layer,)))
    return drawn, seed


def try_lane(kind: str, number: int, first: int) -> Told | None:
    """Sweep a lane; None where the ground's echo tells nothing."""
    from dualsense.chain import process_scan
    from dualsense.gpr._soil.reflection import LAYERED_STD
    from dualsense.simulate import simulate_scan

    drawn, seed = scene(kind, number, first)
    scan = simulate_scan(drawn, seed=seed)
    echo = process_scan(replace(scan, truth=None), keep=["surface"]).kept["surface"].echo
    if echo is None:
        return None
    late, std = echo.late, echo.permittivity.std
    plain = std if late is None else float(np.sqrt(max(std**2 - LAYERED_STD**2, 0.0)))
    error = echo.permittivity.mean - float(np.log(drawn.soil.relative_permittivity))
    layer = drawn.soil.layers[0] if drawn.soil.layers else None
    where = (layer.top_m, layer.relative_permittivity) if layer else (0.0, 0.0)
    return Told(kind, number, error, plain, std, late.strength if late else 0.0, where)


def table(lanes: list[Told]) -> bool:
    """Print what was told; False where it is not what is asked for."""
    print("| lanes | told of a layer | rms of ln eps | in deviations, without | with | misled | of them told |")
    print("|---|---|---|---|---|---|---|")
    false = true_z = 0.0
    for kind in KINDS:
        own = [lane for lane in lanes if lane.kind == kind]
        error, plain, std = (
            np.array([getattr(lane, key) for lane in own]) for key in ("error", "plain_std", "std")
        )
        told = np.array([lane.strength > 0.0 for lane in own])
        misled = np.abs(error) > MISLED * plain
        rms = [float(np.sqrt((value**2).mean())) for value in (error, error / plain, error / std)]
        print(
            f"| {len(own)} {kind} | {told.sum()} | {rms[0]:.2f} | {rms[1]:.2f} | {rms[2]:.2f} | {misled.sum()} | "
            f"{(misled & told).sum()} |"
        )
        if kind == "layer":
            true_z = rms[2]
        else:
            false = max(false, float(told.mean()))
    return false <= MOST_FALSE and true_z <= MOST_Z


def main() -> int:
    """Try what the log lacks and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpr.study_layers", description=__doc__.split("\n", 1)[0]
    )
    parser.add_argument("--lanes", type=int, default=40)
    parser.add_argument("--first", type=int, default=FIRST_SEED)
    parser.add_argument("--log", type=Path, help="a line of JSON for each lane; what it has is not tried again")
    asked = parser.parse_args()
    had = asked.log.read_text(encoding="utf-8").splitlines() if asked.log and asked.log.exists() else []
    lanes = {(kind, number): given and Told(**given) for kind, number, given in map(json.loads, had)}
    for number in range(asked.lanes):
        for kind in KINDS:
            if (kind, number) in lanes:
                continue
            lanes[kind, number] = found = try_lane(kind, number, asked.first)
            if asked.log:
                with asked.log.open("a", encoding="utf-8") as log:
                    log.write(json.dumps((kind, number, found and asdict(found))) + "\n")
    return int(not table([lane for lane in lanes.values() if lane is not None]))


if __name__ == "__main__":
    sys.exit(main())
