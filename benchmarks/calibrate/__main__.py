"""Rebuild the confidence model from the simulator: ``make calibrate``.

Rows of lanes are kept in a folder, so that a run which was stopped goes on; fixed seeds give the same model.
Sealed lanes are for judging only: ``python -m benchmarks.calibrate FOLDER --sealed 60`` writes their scans into
FOLDER, for ``dualsense evaluate FOLDER --set fusion.model=simulated-1``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.calibrate.dataset import read_rows, write_rows
from benchmarks.calibrate.fit import fit
from benchmarks.calibrate.scenes import Lane, lanes, scene

from dualsense.evaluate.statistics import clopper_pearson

ROOT = Path(__file__).resolve().parents[2]
CALIBRATION = ROOT / "calibration"
RULES = CALIBRATION / "uncalibrated-rules-1.json"
MODEL_ID = "simulated-1"
DETECTION, LEVEL = 0.9, 0.95
"""Stated detection of suspects, and the level of its one-sided bound."""
SURFACE_DEPTH_M = 0.01
"""From here down the radar lists mines in the training lanes as often as it does deeper."""
SEALED_SHARE = 3.0 / 16.0
"""Of the objects of sealed lanes that are mines; training lanes hold more."""


def threshold(confidence: np.ndarray, *, missed: int) -> tuple[float, dict[str, float]]:
    """Give the largest threshold whose cross-fitted detection rate has its one-sided lower bound at ``DETECTION``.

    Parameters
    ----------
    confidence
        Of the training mines that have a target.
    missed
        Training mines without one.
    """
    total = confidence.size + missed
    ordered = np.sort(confidence)
    best, lost = float(ordered[0]), 0  # should there be too few mines for the bound: none is given up
    for k in range(ordered.size):
        low, _ = clopper_pearson(total - missed - k, total, level=2 * LEVEL - 1)
        if low < DETECTION:
            break
        best, lost = float(ordered[k]), k
    low, _ = clopper_pearson(total - missed - lost, total, level=2 * LEVEL - 1)
    return best, {"mines": total, "without_target": missed, "below": lost, "detection_bound": low}


def build(rows: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Model and report from the rows of training lanes."""
    rules = json.loads(RULES.read_text(encoding="utf-8"))
    rules["gpr"]["surface_depth_m"] = SURFACE_DEPTH_M
    targets = [r for r in rows if r["id"] is not None]
    experts, ratio, facts = fit(
        targets, surface_depth_m=SURFACE_DEPTH_M, silent_depth_m=rules["gpr"]["silent_depth_m"]
    )
    mine = np.array([r["is_mine"] for r in targets], dtype=bool)
    objects = [r for r in rows if r["id"] is None or r["label"] is not None]
    share = sum(r["is_mine"] for r in objects) / len(objects)
    thinned = SEALED_SHARE / (1 - SEALED_SHARE) * (1 - share) / share
    odds = np.exp(facts["log_odds"]) * thinned
    prior = float(odds / (1 + odds))
    confidence = 1.0 / (1.0 + np.exp(-(np.log(odds) + ratio)))
    missed = sum(r["is_mine"] for r in rows if r["id"] is None)
    limit, bound = threshold(confidence[mine], missed=missed)
    lanes_used = sorted({(r["soil"], r["seed"]) for r in rows})
    model = {
        "id": MODEL_ID,
        "kind": "fitted",
        "made": "python -m benchmarks.calibrate: ridge logistic experts on targets of simulated lanes; folds are "
        "lanes. Simulated ground only: no real mine was measured.",
        "prior": round(prior, 4),
        "suspect_threshold": float(f"{0.999 * limit:.4g}"),
        "clutter_threshold": float(f"{0.999 * confidence[mine].min():.4g}"),
        "emi": rules["emi"],
        "gpr": rules["gpr"],
        "agreement": rules["agreement"],
        "experts": experts,
    }
    report = {
        "simulated": True,
        "lanes": len(lanes_used),
        "targets": len(targets),
        "mines": int(mine.sum()) + missed,
        "prior": prior,
        "threshold": {"value": model["suspect_threshold"], "level": LEVEL, "stated_detection": DETECTION} | bound,
        "clutter_threshold": model["clutter_threshold"],
        "experts": facts,
        "rejected_at_threshold": {
            name: float(np.mean(confidence[chosen] < limit))
            for name, chosen in (
                ("metal", np.array([r["label"] == "metal" for r in targets], dtype=bool)),
                ("all_clutter", ~mine),
            )
        },
    }
    return model, report


def write_sealed(folder: Path, count: int) -> None:
    """Scans of the first sealed lanes; files that are there already are left alone."""
    from dualsense.io import write_scan
    from dualsense.simulate import simulate_scan

    folder.mkdir(parents=True, exist_ok=True)
    for lane in lanes("sealed", count):
        path, partial = folder / f"{lane.name}.h5", folder / f".{lane.name}.part"
        if not path.exists():
            write_scan(simulate_scan(scene(lane), seed=lane.seed), partial, overwrite=True)
            partial.rename(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where rows of lanes are kept")
    parser.add_argument("--train", type=int, default=336, help="lanes to fit to")
    parser.add_argument("--sealed", type=int, default=0, help="write so many sealed scans, and do nothing else")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only-fit", action="store_true", help="use the rows that are there")
    parser.add_argument("--out", type=Path, default=CALIBRATION)
    options = parser.parse_args()
    if options.sealed:
        write_sealed(options.folder, options.sealed)
        return 0
    wanted: list[Lane] = lanes("train", options.train)
    if not options.only_fit:
        for lane, error in write_rows(options.folder, wanted, workers=options.jobs):
            print(f"{lane.name}: {error or 'done'}", flush=True)
    model, report = build(read_rows(options.folder, wanted))
    (options.out / f"{MODEL_ID}.json").write_text(json.dumps(model, indent=1) + "\n", encoding="utf-8")
    (options.out / f"{MODEL_ID}.report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
