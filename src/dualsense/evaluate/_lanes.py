"""Many scans with truth through one processing chain: a table, and the same as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.errors import DualsenseError, ScanError
from dualsense.evaluate import _score as scoring
from dualsense.evaluate import _statistics as statistics
from dualsense.evaluate._breakdown import breakdown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from dualsense.result import Result
    from dualsense.scan import Scan, Truth

SCHEMA = "dualsense-evaluation"
SCHEMA_VERSION = "1.1"


NO_TRUTH = "holds no truth"
PRIOR = 0.15
"""At which each sensor alone is scored; it moves no curve, only what is said of the sensor's honesty."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A scan that could not be processed. Its mines count as missed."""

    scan: str
    cause: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All scans of a folder.

    Attributes
    ----------
    scores
        One per scan, failed ones included.
    unscored
        Names of files that hold no truth, or cannot be read.
    """

    halo_m: float
    scores: tuple[scoring.ScanScore, ...]
    failures: tuple[Failure, ...] = ()
    unscored: tuple[Failure, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every scan that may hold mines was read and processed; without it a score hides misses."""
        return not self.failures and all(f.cause == NO_TRUTH for f in self.unscored)


def evaluate_folder(
    folder: Path,
    process: Callable[[Scan], Result],
    *,
    pattern: str = "*.h5",
    halo_m: float = scoring.HALO_M,
    mine_labels: Sequence[str] = scoring.MINE_LABELS,
) -> Evaluation:
    """Evaluate all scans of a folder, in the order of their names; see `evaluate_files`.

    Raises
    ------
    ScanError
        No file matches.
    """
    files = sorted(folder.glob(pattern))
    if not files:
        msg = f"{folder.name}: no file matches {pattern}"
        raise ScanError(msg)
    return evaluate_files(files, process, halo_m=halo_m, mine_labels=mine_labels)


def evaluate_files(
    files: Iterable[Path],
    process: Callable[[Scan], Result],
    *,
    halo_m: float = scoring.HALO_M,
    mine_labels: Sequence[str] = scoring.MINE_LABELS,
) -> Evaluation:
    """Process scans and score what comes out.

    Parameters
    ----------
    files : iterable of Path
    process : callable
        From a scan to its result. It is given the scan without its truth.
    halo_m : float
        Beyond an object's own radius.
    mine_labels : sequence of str
        Labels that count as mines.

    Returns
    -------
    Evaluation
    """
    from dualsense.io import read_scan  # noqa: PLC0415 - HDF5 is slow to load

    scores: list[scoring.ScanScore] = []
    failures: list[Failure] = []
    unscored: list[Failure] = []
    for path in files:
        try:
            scan = read_scan(path)
        except DualsenseError as error:
            unscored.append(Failure(path.name, str(error)))
            continue
        if scan.truth is None:
            unscored.append(Failure(path.name, NO_TRUTH))
            continue
        try:
            result = process(replace(scan, truth=None))
        except DualsenseError as error:
            failures.append(Failure(path.name, str(error)))
            scores.append(_all_missed(scan, scan.truth, mine_labels))
            continue
        scores.append(scoring.score_scan(result, scan.truth, halo_m=halo_m, mine_labels=mine_labels))
    return Evaluation(halo_m, tuple(scores), tuple(failures), tuple(unscored))


def summary(evaluation: Evaluation) -> dict[str, Any]:
    """Everything as plain numbers, text and lists; what is unknown is None."""
    scores = evaluation.scores
    confidence, is_mine = scoring.confidences(scores)
    curve = scoring.roc(scores)
    table = statistics.reliability(confidence, is_mine)
    out: dict[str, Any] = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "halo_m": evaluation.halo_m,
        "interval_level": statistics.LEVEL,
        "confidence_models": sorted({s.model for s in scores}),
        "scans": len(scores),
        "failures": [asdict(f) for f in evaluation.failures],
        "unscored": [asdict(f) for f in evaluation.unscored],
        "rates": asdict(scoring.rates(scores)),
        "localisation": {
            name: _localisation(scores, mines=mines) for name, mines in (("mines", True), ("other", False))
        },
        "roc": {
            "threshold": [None if math.isinf(t) else t for t in curve.threshold.tolist()],
            "detection_rate": curve.detection_rate.tolist(),
            "false_alarms_m2": curve.false_alarms_m2.tolist(),
        },
        "reliability": {
            "targets": len(confidence),
            "brier": statistics.brier_score(confidence, is_mine),
            "expected_calibration_error": statistics.expected_calibration_error(confidence, is_mine),
            "edges": table.edges.tolist(),
            "count": table.count.tolist(),
            "mean_confidence": table.mean_confidence.tolist(),
            "fraction": table.fraction.tolist(),
            "low": table.low.tolist(),
            "high": table.high.tolist(),
        },
        "sensors": breakdown(scores, prior=PRIOR),
        "sensor_prior": PRIOR,
        "per_scan": [
            {
                "scan_id": s.scan_id,
                **asdict(scoring.rates([s])),
                "outside": s.outside,
                "objects": [_plain_object(o) for o in s.objects],
                "targets": [asdict(t) for t in s.targets],
            }
            for s in scores
        ],
    }
    plain: dict[str, Any] = _without_nan(out)
    return plain


def to_json(evaluation: Evaluation) -> str:
    """Write the summary as JSON text, keys in a fixed order."""
    return json.dumps(summary(evaluation), indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def to_text(evaluation: Evaluation) -> str:
    """Write the summary as a table for the terminal."""
    header = ("scan", "mines", "found", "missed", "unknown", "alarms", "m²")
    rows: list[tuple[str, ...]] = [header]
    rows += [(s.scan_id, *_cells(scoring.rates([s]))) for s in evaluation.scores]
    total = scoring.rates(evaluation.scores)
    rows.append(("all", *_cells(total)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    lines = [
        "  ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    percent = round(100 * statistics.LEVEL)
    low, high = total.detection_interval
    lines += ["", f"detection   {_number(total.detection_rate)} ({percent} % interval {low:.3f} to {high:.3f})"]
    low, high = total.false_alarm_interval
    lines.append(
        f"false alarms {_number(total.false_alarms_m2)} per m² "
        f"({percent} % interval {_number(low)} to {_number(high)}), halo {evaluation.halo_m:.2f} m"
    )
    for name, mines in (("mines", True), ("other objects", False)):
        where = _localisation(evaluation.scores, mines=mines)
        lines.append(
            f"{name}: {where['matched']} matched, horizontal error rms {_millimetres(where['horizontal_rms_m'])}, "
            f"depth bias {_millimetres(where['depth_bias_m'])}, depth rms {_millimetres(where['depth_rms_m'])}"
        )
    confidence, is_mine = scoring.confidences(evaluation.scores)
    models = ", ".join(sorted({s.model for s in evaluation.scores})) or "none"
    brier = statistics.brier_score(confidence, is_mine)
    error = statistics.expected_calibration_error(confidence, is_mine)
    lines.append(
        f"confidence ({models}): {len(confidence)} targets, Brier score {_number(brier)}, "
        f"calibration error {_number(error)}"
    )
    lines += _sensor_lines(scores=evaluation.scores)
    lines += [f"failed, its mines counted as missed: {f.scan}: {f.cause}" for f in evaluation.failures]
    lines += [f"not scored: {f.scan}: {f.cause}" for f in evaluation.unscored]
    return "\n".join(lines) + "\n"


def write_evaluation(evaluation: Evaluation, folder: Path) -> None:
    """Write evaluation.json, evaluation.txt and evaluation.png into a folder."""
    from dualsense.evaluate._figures import picture  # noqa: PLC0415 - matplotlib is slow to load

    folder.mkdir(parents=True, exist_ok=True)
    text = to_json(evaluation)
    (folder / "evaluation.json").write_text(text, encoding="utf-8")
    (folder / "evaluation.txt").write_text(to_text(evaluation), encoding="utf-8")
    (folder / "evaluation.png").write_bytes(picture(json.loads(text)))


def _all_missed(scan: Scan, truth: Truth, mine_labels: Sequence[str]) -> scoring.ScanScore:
    """Score a scan that left no result: nothing found, no area to its credit."""
    return scoring.ScanScore(
        scan_id=scan.header.scan_id,
        model="none",
        area_m2=0.0,
        objects=tuple(
            scoring.ObjectScore(
                label=label,
                model=model,
                x_m=float(x),
                y_m=float(y),
                depth_m=float(depth),
                is_mine=label in mine_labels,
                assessable=True,
                target=None,
                confidence=None,
                call=None,
                error_m=None,
                sigma=None,
                candidates=(),
            )
            for label, model, x, y, depth in zip(
                truth.label, truth.model, truth.x_m, truth.y_m, truth.depth_m, strict=True
            )
        ),
        targets=(),
    )


def _sensor_lines(scores: Sequence[scoring.ScanScore]) -> list[str]:
    """Each sensor alone and both fused, and the groups of mines, as lines."""
    if not any(o.is_mine for s in scores for o in s.objects):
        return []
    told = breakdown(scores, prior=PRIOR)
    lines = ["", "            highest detection  false alarms/m² there  metal rejected with all found  skill"]
    for name, label in (("emi", "metal only"), ("gpr", "radar only"), ("fused", "fused")):
        row = told[name]
        metal = row["metal_rejected_at_full_detection"]
        curve = row["curve"]
        reached = [f for d, f in zip(*curve.values(), strict=True) if d >= row["highest_detection"] - 1e-12]
        lines.append(
            f"{label:<11s} {_number(row['highest_detection']):>18s} {_number(min(reached)):>22s} "
            f"{_number(metal['rate']):>30s} {_number(row['honesty']['brier_skill']):>6s}"
        )
    for name, groups in told["detection_by"].items():
        parts = [f"{g}: {n['detected']}/{n['mines']}" for g, n in groups.items()]
        lines.append(f"by {name:<8s} " + ", ".join(parts))
    return lines


def _localisation(scores: Sequence[scoring.ScanScore], *, mines: bool) -> dict[str, Any]:
    found = [o for s in scores for o in s.objects if o.is_mine == mines and o.error_m is not None]
    error = np.array([o.error_m for o in found], dtype=np.float64).reshape(-1, 3)
    sigma = np.array([o.sigma for o in found], dtype=np.float64).reshape(-1, 3)
    horizontal = np.hypot(error[:, 0], error[:, 1])
    depth = error[np.isfinite(error[:, 2]), 2]
    return {
        "matched": len(found),
        "horizontal_rms_m": _rms(horizontal),
        "horizontal_median_m": float(np.median(horizontal)) if len(horizontal) else float("nan"),
        "horizontal_worst_m": float(horizontal.max()) if len(horizontal) else float("nan"),
        "depth_known": len(depth),
        "depth_bias_m": float(depth.mean()) if len(depth) else float("nan"),
        "depth_rms_m": _rms(depth),
        "within_one_sigma": [_within(column) for column in sigma.T],
    }


def _rms(values: Any) -> float:
    return float(np.sqrt(np.mean(values**2))) if len(values) else float("nan")


def _within(column: Any) -> float:
    known = column[np.isfinite(column)]
    return float(np.mean(np.abs(known) <= 1)) if len(known) else float("nan")


def _plain_object(thing: scoring.ObjectScore) -> dict[str, Any]:
    plain = asdict(thing)
    del plain["candidates"]
    return plain


def _cells(r: scoring.Rates) -> tuple[str, ...]:
    return (
        str(r.mines),
        str(r.detected),
        str(r.missed),
        str(r.not_assessable),
        str(r.false_alarms),
        f"{r.area_m2:.2f}",
    )


def _number(value: float) -> str:
    return "unknown" if math.isnan(value) else f"{value:.3f}"


def _millimetres(value: float) -> str:
    return "unknown" if math.isnan(value) else f"{1000 * value:.0f} mm"


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nan(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
