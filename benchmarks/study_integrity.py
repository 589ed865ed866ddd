"""What the checks of integrity cost on ground with which nothing is wrong: clean lanes with them and without.

    python -m benchmarks.study_integrity [--lanes N] [--first N]

Sealed lanes of the calibration, each processed as it is and with no doubts at all. Told are the part of the ground
that both sensors covered and that checks take away, the calls of the mines, and the checks that failed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from benchmarks.calibrate import scenes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dualsense.result import Result
    from dualsense.scan import Scan

NEAR_M = 0.12
"""A mine's call is that of the gravest target within this way of it."""
GRAVEST = ("suspect", "unclear", "not-assessable", "likely-clutter")


@contextmanager
def no_doubts() -> Iterator[None]:
    """Let the chain believe all that is recorded."""
    from dualsense.chain import process, sampled
    from dualsense.chain.log import Log

    kept = sampled.screen, process.of_the_whole, process.in_place
    sampled.screen = lambda scan, _: (scan, (), Log())
    process.of_the_whole = lambda *_: ()
    process.in_place = lambda *_: ((), Log())
    try:
        yield
    finally:
        sampled.screen, process.of_the_whole, process.in_place = kept


def mine_calls(result: Result, scan: Scan) -> list[str]:
    """Call of each mine; "missed" where nothing is listed."""
    out = []
    for n, label in enumerate(scan.truth.label):
        if label == "mine":
            at = scan.truth.x_m[n], scan.truth.y_m[n]
            near = [t.call for t in result.targets if np.hypot(t.x_m - at[0], t.y_m - at[1]) <= NEAR_M]
            out.append(min(near, key=GRAVEST.index, default="missed"))
    return out


def both_m2(result: Result) -> float:
    """Ground that both sensors covered."""
    cover = result.coverage
    return float((cover.emi & cover.gpr & cover.patch).sum()) * cover.grid.cell_m**2


def main() -> None:
    """Process lanes twice, and print what the checks cost."""
    from dualsense.chain import StepCache, process_scan
    from dualsense.simulate import simulate_scan

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lanes", type=int, default=42)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    ground_m2, calls, told = np.zeros(2), (Counter(), Counter()), Counter()
    for lane in scenes.lanes("sealed", asked.first + asked.lanes)[asked.first :]:
        scan = simulate_scan(scenes.scene(lane), seed=lane.seed)
        cache = StepCache(max_states=256)  # what no doubt changes is made once
        checked = process_scan(scan, cache=cache)
        with no_doubts():
            believed = process_scan(scan, cache=cache)
        for n, result in enumerate((checked, believed)):
            ground_m2[n] += both_m2(result)
            calls[n].update(mine_calls(result, scan))
        told.update({doubt.code for doubt in checked.doubts})
        print(f"{ground_m2[0]:.2f} of {ground_m2[1]:.2f} m2 so far", file=sys.stderr, flush=True)
        if checked.doubts:
            took = both_m2(believed) - both_m2(checked)
            print(lane.name, sorted({d.code for d in checked.doubts}), f"{took:.3f} m2", flush=True)
    print(f"{asked.lanes} sealed lanes  {'checked':>10}{'believed':>10}")
    taken = 1.0 - ground_m2[0] / ground_m2[1]
    print(f"ground, m2        {ground_m2[0]:>10.2f}{ground_m2[1]:>10.2f}   {taken:.1%} taken")
    for call in (*GRAVEST, "missed"):
        print(f"mines {call:<16}{calls[0][call]:>6}{calls[1][call]:>10}")
    print("lanes with a failed check:", ", ".join(f"{code} {n}" for code, n in told.items()) or "none")


if __name__ == "__main__":
    main()
