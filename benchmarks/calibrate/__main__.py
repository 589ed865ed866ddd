"""Rebuild the confidence model from the simulator: ``make calibrate``.

Rows of lanes are kept in a folder, so that a run which was stopped goes on; fixed seeds give the same model.
Sealed lanes are for judging only: ``python -m benchmarks.calibrate FOLDER --sealed 560 --skip 560`` judges the
model on those after the first 560, as ``dualsense evaluate`` would, from rows that are kept in FOLDER too;
with ``--split unseen`` on lanes whose mines are none of the types that training has, with ``--split close`` on
lanes with metal beside their objects (after the first, which training has).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.calibrate.dataset import fitted_recipe, read_lanes, write_rows
from benchmarks.calibrate.fit import fit
from benchmarks.calibrate.invented import NAME
from benchmarks.calibrate.scenes import (
    CELL_M,
    COLUMNS,
    ENVELOPE_LOSS_DB,
    ENVELOPE_REFLECTION,
    ENVELOPE_TOP_M,
    HELD_OUT_SOIL,
    METAL_SHARE,
    MINES_PER_LANE,
    ROWS,
    Lane,
    lanes,
)

from dualsense.evaluate import calibration_scores, clopper_pearson
from dualsense.fusion._confidence import DIGESTS, released

ROOT = Path(__file__).resolve().parents[2]
CALIBRATION = ROOT / "calibration"
RULES = CALIBRATION / "uncalibrated-rules-1.json"
MODEL_ID = "simulated-5"
DETECTION, LEVEL = 0.98, 0.95
"""Stated detection of suspects within the envelope, and the level of its one-sided bound."""
GIVEN_UP = 0.001
"""Of all training mines that have a target, those that may be less likely to be anything than what is left out."""
SURFACE_DEPTH_M = 0.01
"""From here down the radar lists mines in the training lanes as often as it does deeper."""


def threshold(confidence: np.ndarray, *, missed: int) -> tuple[float, dict[str, float]]:
    """Give the largest threshold whose cross-fitted detection rate has its one-sided lower bound at ``DETECTION``.

    Parameters
    ----------
    confidence
        Of the training mines within the envelope that have a target.
    missed
        Those without one.
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


def counts(row: dict[str, Any]) -> bool:
    """Whether detection is stated for its mine: in the envelope, of a type that there is, no metal close by."""
    return bool(row["in_envelope"]) and row["model"] != NAME and row["split"] != "close"


def odds_to_expect(rows: list[dict[str, Any]]) -> float:
    """Mines over other targets in a sealed lane, from what objects become in training lanes.

    False targets grow with the metal about them: their number per lane is a line in the number of metal objects.
    """
    lanes_: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        lanes_.setdefault(row["seed"], []).append(row)
    mines = [r for r in rows if r["is_mine"]]
    found = sum(r["id"] is not None for r in mines) / len(mines)
    metal = np.array([sum(r["label"] == "metal" for r in lane) for lane in lanes_.values()], dtype=np.float64)
    other = np.array(
        [sum(r["label"] is not None and not r["is_mine"] for r in lane) for lane in lanes_.values()],
        dtype=np.float64,
    )
    false = np.array(
        [sum(r["id"] is not None and not r["is_mine"] for r in lane) for lane in lanes_.values()], dtype=np.float64
    )
    design = np.stack([np.ones_like(metal), metal, other - metal], axis=1)
    line, *_ = np.linalg.lstsq(design, false, rcond=None)
    count = MINES_PER_LANE["sealed"]
    clutter = COLUMNS * ROWS - count
    expected = line @ np.array([1.0, METAL_SHARE * clutter, (1.0 - METAL_SHARE) * clutter])
    return found * count / float(expected)


def build(rows: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Model and report from the rows of training lanes."""
    rules = json.loads(RULES.read_text(encoding="utf-8"))
    rules["gpr"]["surface_depth_m"] = SURFACE_DEPTH_M
    targets = [r for r in rows if r["id"] is not None]
    trees, ratio, existence, lowering, facts = fit(targets)
    mine = np.array([r["is_mine"] for r in targets], dtype=bool)
    inside = np.array([counts(r) for r in targets], dtype=bool)
    odds = odds_to_expect(rows)
    confidence = 1.0 / (1.0 + np.exp(-(np.log(odds) + ratio)))
    missed = sum(counts(r) for r in rows if r["id"] is None)
    limit, bound = threshold((lowering * confidence)[inside], missed=missed)
    prior = float(odds / (1 + odds))
    model = {
        "id": MODEL_ID,
        "kind": "fitted",
        "made": "python -m benchmarks.calibrate: boosted trees on targets of simulated lanes; folds are lanes. "
        "Simulated ground only: no real mine was measured.",
        "prior": round(prior, 4),
        "stated_detection": DETECTION,
        "suspect_threshold": float(f"{0.999 * limit:.4g}"),
        "clutter_threshold": float(f"{0.999 * confidence[mine].min():.4g}"),
        "existence_threshold": float(f"{0.999 * np.sort(existence[mine])[round(GIVEN_UP * mine.sum())]:.4g}"),
        "emi": rules["emi"],
        "gpr": rules["gpr"],
        "agreement": rules["agreement"],
    } | trees
    labels = np.array([r["label"] or "nothing" for r in targets])
    other = ~mine & (labels != "nothing")
    report = {
        "simulated": True,
        "lanes": len({r["seed"] for r in rows}),
        "targets": len(targets),
        "mines": sum(r["is_mine"] for r in rows),
        "prior": prior,
        "threshold": {"value": model["suspect_threshold"], "level": LEVEL, "stated_detection": DETECTION} | bound,
        "clutter_threshold": model["clutter_threshold"],
        "existence_threshold": model["existence_threshold"],
        "left_out_at_threshold": {
            name: float(np.mean(existence[chosen] < model["existence_threshold"]))
            for name, chosen in (("nothing", labels == "nothing"), ("mine", mine), ("other", other))
        },
        "experts": facts,
        "rejected_at_threshold": {
            name: float(np.mean((lowering * confidence)[chosen] < limit))
            for name, chosen in (("metal", labels == "metal"), ("all_clutter", ~mine))
        },
    }
    return model, report


def process(folder: Path, wanted: list[Lane], jobs: int) -> None:
    """Rows of lanes, as far as they are not there."""
    for lane, error in write_rows(folder, wanted, workers=jobs):
        print(f"{lane.name}: {error or 'done'}", flush=True)


def write_model(file: Path, text: str) -> None:
    """Write a model, and its digest beside those of others: no model is used without."""
    file.write_text(text, encoding="utf-8")
    held = released(file.with_name(DIGESTS)) | {file.name: hashlib.sha256(text.encode()).hexdigest()}
    lines = (f"{digest}  {name}\n" for name, digest in sorted(held.items()))
    file.with_name(DIGESTS).write_text("".join(lines), encoding="ascii")


def judge_sealed(folder: Path, wanted: list[Lane], out: Path, model_id: str = MODEL_ID) -> dict[str, Any]:
    """Evaluation of the model in ``out`` on sealed lanes: its files into ``folder``, its numbers given back."""
    from benchmarks.calibrate.judge import confirmed, envelope, judged

    from dualsense.evaluate import HALO_M, Evaluation, to_json, write_evaluation
    from dualsense.fusion._confidence import read_model

    model = read_model((out / f"{model_id}.json").read_bytes())
    lanes_ = read_lanes(folder, wanted)
    scores = tuple(judged(model, score, rows) for score, rows in lanes_)
    evaluation = Evaluation(HALO_M, scores, (), ())
    write_evaluation(evaluation, folder / "evaluation")
    whole = json.loads(to_json(evaluation))
    for name in ("per_scan", "roc", "failures", "unscored"):
        del whole[name]
    for sensor in ("emi", "gpr", "fused"):
        del whole["sensors"][sensor]["curve"]
    known = [s for s in scores if HELD_OUT_SOIL not in s.site]
    return {
        "simulated": True,
        "what": f"{len(scores)} {wanted[0].split} lanes of benchmarks.calibrate.scenes",
        "lane_m": [COLUMNS * CELL_M, ROWS * CELL_M],
        "envelope": {
            "top_m": ENVELOPE_TOP_M,
            "least_reflection": ENVELOPE_REFLECTION,
            "most_loss_db": ENVELOPE_LOSS_DB,
        }
        | envelope(scores, [rows for _, rows in lanes_], model.suspect_threshold),
        "radar_confirmed": confirmed(scores, [rows for _, rows in lanes_]),
        "known_soils": calibration_scores(known),
    } | whole


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where rows of lanes are kept")
    parser.add_argument("--train", type=int, default=2000, help="lanes to fit to")
    parser.add_argument("--close", type=int, default=330, help="lanes with metal beside their objects to fit to")
    parser.add_argument("--sealed", type=int, default=0, help="judge the model on so many lanes instead")
    parser.add_argument("--skip", type=int, default=0, help="so many of the split were looked at before")
    parser.add_argument("--split", choices=("sealed", "unseen", "close"), default="sealed", help="which is judged")
    parser.add_argument("--model", default=MODEL_ID, help="which model is judged")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only-fit", action="store_true", help="use the rows that are there")
    parser.add_argument("--out", type=Path, default=CALIBRATION)
    options = parser.parse_args()
    wanted = lanes("train", options.train) + lanes("close", options.close)
    if options.sealed:
        wanted = lanes(options.split, options.skip + options.sealed)[options.skip :]
    if not options.only_fit:
        process(options.folder, wanted, options.jobs)
    if options.sealed:
        report = judge_sealed(options.folder, wanted, options.out, options.model)
        name = f"{options.model}.{options.split}.json"
    else:
        model, report = build([row for _, rows in read_lanes(options.folder, wanted) for row in rows])
        write_model(options.out / f"{MODEL_ID}.json", json.dumps(model) + "\n")
        (options.out / "fitted_recipe.toml").write_text(fitted_recipe(), encoding="utf-8")
        name = f"{MODEL_ID}.report.json"
    (options.out / name).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
