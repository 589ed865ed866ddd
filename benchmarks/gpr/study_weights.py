"""What weighing all soundings alike would buy: bodies, and how well their contrast tells mines from the rest.

    python -m benchmarks.gpr.study_weights [--lanes 14] [--first 9800000]

Lanes of 0.36 m2 by the confidence model's recipe, with seeds of their own, by the radar alone. Each is migrated
with weights of what is heard, as by default, and with all soundings alike and an aperture of 18 cm. Told are the
mines with a body, bodies where nothing lies, the median contrast and width of the mines' bodies, and the area
under the curve of contrast, mines' bodies against all others: a half is chance.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

import numpy as np
from benchmarks.gpr.study_shallow import owner, scene

FIRST_SEED = 9_800_000
WEIGHTS: dict[str, dict[str, Any]] = {
    "heard": {},
    "even": {"weights": "even", "aperture_m": 0.18, "aperture_growth": 0.0},
}


def try_lane(number: int, first: int) -> dict[str, tuple[int, int, list[tuple[str, float, float]]]]:
    """Give for each weighting the mines, those with a body, and every body's owner, contrast and width."""
    from dualsense import gpr
    from dualsense.chain import process_scan
    from dualsense.recipe import Recipe
    from dualsense.simulate import simulate_scan

    drawn, seed = scene("recipe", number, first)
    scan = simulate_scan(drawn, seed=seed)
    truth = scan.truth
    assert truth is not None
    state = process_scan(replace(scan, truth=None), keep=["soil"]).kept["soil"]
    depth_m, grid, out = 0.005 * np.arange(51), state.cover.grid, {}
    for name, options in WEIGHTS.items():
        image = gpr.migrate(
            state.soundings,
            state.traces,
            grid,
            depth_m,
            relative_permittivity=state.soil.relative_permittivity,
            height_m=state.surface.height_m,
            **options,
        )
        over = gpr.over_clutter(image, grid, state.cover.gpr)
        bodies = gpr.find_bodies(image, grid, over, **Recipe().gpr.image.model_dump())
        owners = [owner(body, truth) for body in bodies]
        rows = [
            ("nothing" if n is None else truth.label[n], body.contrast, body.width_m)
            for body, n in zip(bodies, owners, strict=True)
        ]
        mines = [n for n, label in enumerate(truth.label) if label == "mine"]
        out[name] = (len(mines), sum(n in owners for n in mines), rows)
    return out


def main() -> None:
    """Print a line for each weighting."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpr.study_weights", description=__doc__.split("\n", 1)[0]
    )
    parser.add_argument("--lanes", type=int, default=14)
    parser.add_argument("--first", type=int, default=FIRST_SEED)
    asked = parser.parse_args()
    lanes = [try_lane(number, asked.first) for number in range(asked.lanes)]
    print(
        "| weights | mines with a body | bodies where nothing lies | contrast | width, mm | area under the curve |"
    )
    print("|---|---|---|---|---|---|")
    for name in WEIGHTS:
        rows = [row for lane in lanes for row in lane[name][2]]
        mines = np.array([(c, w) for label, c, w in rows if label == "mine"])
        rest = np.array([c for label, c, _ in rows if label != "mine"])
        above = (mines[:, None, 0] > rest).mean() + 0.5 * (mines[:, None, 0] == rest).mean()
        found, total = sum(lane[name][1] for lane in lanes), sum(lane[name][0] for lane in lanes)
        false = sum(label == "nothing" for label, _, _ in rows)
        contrast, width = np.median(mines, axis=0)
        print(f"| {name} | {found} of {total} | {false} | {contrast:.1f} | {1e3 * width:.0f} | {above:.3f} |")


if __name__ == "__main__":
    main()
