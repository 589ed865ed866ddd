"""Calls and figures of detection on a fixed small set of simulated lanes, held against what is expected of them.

    python -m benchmarks.lanes             processes them and compares with benchmarks/expected_lanes.json
    python -m benchmarks.lanes --write     writes what is found as what is expected

The lanes are drawn as those from which the confidence is learnt, with seeds of their own and no mine that is
invented: neither training nor the sealed lanes hold them. A call may change for an object whose confidence was
expected close to the threshold, where rounding decides; for all others it may not.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from statistics import fmean
from typing import Any

from benchmarks.processes import ROOT

EXPECTED = ROOT / "benchmarks" / "expected_lanes.json"
FIRST_SEED = 7_000_000
SOILS = ("sand", "laterite", "loam", "afghanistan-gravel", "sand", "laterite")
MARGIN = 0.02
"""Confidence about the threshold within which a call may change by rounding."""
MEAN_FALL = 0.01
"""By how much the mean confidence of the mines may fall."""


def process() -> list[dict[str, Any]]:
    """Simulate and process the lanes, one per core at a time: their calls hang neither on order nor on threads."""
    from dualsense.runtime.workers import WorkerDiedError, run_tasks

    found = {}
    for n, one in run_tasks(range(len(SOILS)), one_lane, workers=os.cpu_count() or 1, threads=1):
        if isinstance(one, WorkerDiedError):
            raise one
        found[n] = one
    return [found[n] for n in sorted(found)]


def one_lane(n: int) -> dict[str, Any]:
    """Simulate and process one lane: its objects with calls, and suspects where nothing lies."""
    from benchmarks.calibrate import scenes

    from dualsense.chain import process_scan
    from dualsense.evaluate import score_scan
    from dualsense.simulate import simulate_scan

    lane = scenes.Lane("fixed", SOILS[n], FIRST_SEED + n)
    scan = simulate_scan(scenes.scene(lane), seed=lane.seed)
    result = process_scan(scan)
    score = score_scan(result, scan.truth)
    owned = {one.target for one in score.objects}
    return {
        "lane": f"{lane.soil}-{lane.seed}",
        "threshold": round(result.suspect_threshold, 4),
        "objects": [
            {
                "model": one.model,
                "mine": one.is_mine,
                "call": one.call,
                "confidence": None if one.confidence is None else round(one.confidence, 4),
            }
            for one in score.objects
        ],
        "other_suspects": sum(t.call == "suspect" and t.id not in owned for t in score.targets),
    }


def figures(lanes: list[dict[str, Any]]) -> dict[str, float]:
    """Count what matters: mines that are suspects, other suspects, and how sure it is of the mines."""
    objects = [one for lane in lanes for one in lane["objects"]]
    mines = [one for one in objects if one["mine"]]
    return {
        "mines": len(mines),
        "mines_suspect": sum(one["call"] == "suspect" for one in mines),
        "others": len(objects) - len(mines),
        "others_suspect": sum(one["call"] == "suspect" for one in objects if not one["mine"])
        + sum(lane["other_suspects"] for lane in lanes),
        "mean_confidence_of_mines": round(fmean(one["confidence"] or 0.0 for one in mines), 4),
    }


def losses(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> list[str]:
    """Say what was lost: mines that are no suspects any more, and suspects that were none."""
    said = []
    for lane, before in zip(found, expected, strict=True):
        if lane["lane"] != before["lane"] or len(lane["objects"]) != len(before["objects"]):
            said.append(f"{lane['lane']}: not the lane that was expected; write the expectation anew")
            continue
        for now, then in zip(lane["objects"], before["objects"], strict=True):
            if now["call"] == then["call"] or not _sure(then, before["threshold"]):
                continue
            if now["mine"] and then["call"] == "suspect":
                said.append(f"{lane['lane']}: {now['model']} was suspect and is {now['call'] or 'not found'}")
            if not now["mine"] and now["call"] == "suspect":
                said.append(f"{lane['lane']}: {now['model']} is suspect and was {then['call'] or 'not found'}")
        if lane["other_suspects"] > before["other_suspects"]:
            said.append(f"{lane['lane']}: suspects where nothing lies: {lane['other_suspects']}")
    mean, was = (figures(lanes)["mean_confidence_of_mines"] for lanes in (found, expected))
    if mean < was - MEAN_FALL:
        said.append(f"confidence of the mines fell from {was:.3f} to {mean:.3f}")
    return said


def _sure(one: dict[str, Any], threshold: float) -> bool:
    return one["confidence"] is None or abs(one["confidence"] - threshold) > MARGIN


def expected() -> list[dict[str, Any]]:
    """Read what is expected."""
    return json.loads(EXPECTED.read_text(encoding="utf-8"))


def main() -> int:
    """Compare, or write; exit status 1 when something was lost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lanes", description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    found = process()
    print(", ".join(f"{name} {value}" for name, value in figures(found).items()))
    if options.write:
        EXPECTED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        return 0
    said = losses(found, expected())
    print("\n".join(said) or "nothing was lost")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
