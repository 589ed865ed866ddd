"""An evaluation as plain numbers, as JSON, and as a table for the terminal."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dualsense.errors import one_line
from dualsense.evaluate import _statistics as statistics
from dualsense.evaluate._breakdown import breakdown, localisation_errors
from dualsense.evaluate._rates import Rates, confidences, rates, roc
from dualsense.language import again_cause, say, unfilled
from dualsense.language import number as decimals
from dualsense.runtime.folders import write_folder
from dualsense.runtime.texts import in_utf8

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dualsense.evaluate._folder import Evaluation
    from dualsense.evaluate._score import ObjectScore, ScanScore

SCHEMA = "dualsense-evaluation"
SCHEMA_VERSION = "1.2"
HEADS = ("scan", "mines", "found", "missed", "unknown", "uncovered", "alarms")
GROUPS = {"soil": "soil", "type": "type", "depth": "depth", "metal": "metal content"}
FAILED = ("failed, its mines counted as missed: {scan}: {cause}", "not scored: {scan}: {cause}")
SENSORS = {"emi": "metal only", "gpr": "radar only", "fused": "fused"}
"""Of a table for people, as keys of the catalogues."""
PRIOR = 0.15
"""At which each sensor alone is scored; it moves no curve, only what is said of the sensor's honesty."""


def summarise(evaluation: Evaluation) -> dict[str, Any]:
    """Everything as plain numbers, text and lists; what is unknown is None."""
    scores = evaluation.scores
    confidence, is_mine = confidences(scores)
    curve = roc(scores)
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
        "rates": asdict(rates(scores)),
        "localisation": {
            name: localisation_errors(_objects(scores, mines=mines))
            for name, mines in (("mines", True), ("other", False))
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
                **asdict(rates([s])),
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
    return json.dumps(summarise(evaluation), indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def to_text(evaluation: Evaluation) -> str:
    """Write the summary as a table for the terminal."""
    header = (*(say(word) for word in HEADS), "m²")
    rows: list[tuple[str, ...]] = [header]
    rows += [(one_line(s.scan_id), *_cells(rates([s]))) for s in evaluation.scores]
    total = rates(evaluation.scores)
    rows.append((say("all"), *_cells(total)))
    lines = _columns(rows)
    lines += ["", *_rate_lines(total, evaluation.halo_m), *_place_lines(evaluation.scores)]
    confidence, is_mine = confidences(evaluation.scores)
    models = one_line(", ".join(sorted({s.model for s in evaluation.scores}))) or say("none")
    brier = statistics.brier_score(confidence, is_mine)
    error = statistics.expected_calibration_error(confidence, is_mine)
    lines.append(
        say(
            "confidence ({models}): {count} targets, Brier score {brier}, calibration error {error}",
            models=models,
            count=len(confidence),
            brier=_number(brier),
            error=_number(error),
        )
    )
    lines += _sensor_lines(scores=evaluation.scores)
    for sentence, unlucky in zip(FAILED, (evaluation.failures, evaluation.unscored), strict=True):
        said = unfilled(sentence)
        lines += [one_line(said.format(scan=one.scan, cause=again_cause(one.cause))) for one in unlucky]
    return "\n".join(lines) + "\n"


EVALUATION_FILES = ("evaluation.txt", "evaluation.png", "evaluation.json")


def write_evaluation(evaluation: Evaluation, folder: Path, *, overwrite: bool = True) -> None:
    """Write evaluation.json, evaluation.txt and evaluation.png into a folder, all of them or none.

    Parameters
    ----------
    evaluation
        Of a folder of scans.
    folder
        Made where it is not there; other files in it stay.
    overwrite
        Whether an earlier evaluation may be replaced.

    Raises
    ------
    UsageError
        An earlier evaluation is there that is not to be replaced, or a link is in the place of the folder.
    DualsenseError
        Another process is writing there.
    """
    from dualsense.evaluate._figures import picture  # noqa: PLC0415 - matplotlib is slow to load

    text = to_json(evaluation)

    def fill(fresh: Path) -> None:
        (fresh / "evaluation.json").write_text(text, encoding="utf-8")
        (fresh / "evaluation.txt").write_text(to_text(evaluation), encoding="utf-8")
        (fresh / "evaluation.png").write_bytes(picture(json.loads(text)))

    write_folder(folder, EVALUATION_FILES, fill, overwrite=overwrite)


def _sensor_lines(scores: Sequence[ScanScore]) -> list[str]:
    """Each sensor alone and both fused, and the groups of mines, as lines."""
    if not any(o.is_mine for s in scores for o in s.objects):
        return []
    parts = breakdown(scores, prior=PRIOR)
    heads = (
        say("highest detection"),
        say("false alarms/m² there"),
        say("metal rejected with all found"),
        say("skill"),
    )
    rows: list[tuple[str, ...]] = [("", *heads)]
    for name, label in SENSORS.items():
        row = parts[name]
        metal = row["metal_rejected_at_full_detection"]
        curve = row["curve"]
        reached = [f for d, f in zip(*curve.values(), strict=True) if d >= row["highest_detection"] - 1e-12]
        told = (row["highest_detection"], min(reached), metal["rate"], row["honesty"]["brier_skill"])
        rows.append((say(label), *map(_number, told)))
    by_group = {one_line(say("by {group}", group=say(GROUPS.get(name, name)))): groups
                for name, groups in parts["detection_by"].items()}  # fmt: skip
    wide = max(map(len, by_group), default=0)
    counted = {
        name: ", ".join(f"{g}: {n['detected']}/{n['mines']}" for g, n in groups.items())
        for name, groups in by_group.items()
    }
    return ["", *_columns(rows), *(f"{name.ljust(wide)}  {one_line(counts)}" for name, counts in counted.items())]


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table, its first column at the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def _rate_lines(total: Rates, halo_m: float) -> list[str]:
    """Say how many mines were found and how many false alarms there were, with their intervals."""
    told = {"percent": round(100 * statistics.LEVEL)}
    low, high = map(_number, total.detection_interval)
    found = say(
        "detection {rate} ({percent} % interval {low} to {high})",
        rate=_number(total.detection_rate), low=low, high=high, **told,
    )  # fmt: skip
    low, high = map(_number, total.false_alarm_interval)
    alarms = say(
        "false alarms {rate} per m² ({percent} % interval {low} to {high}), halo {halo:.2f} m",
        rate=_number(total.false_alarms_m2), low=low, high=high, halo=halo_m, **told,
    )  # fmt: skip
    return [found, alarms]


def _place_lines(scores: Sequence[ScanScore]) -> list[str]:
    """Say how far from their places mines and other objects were told."""
    lines = []
    for name, mines in (("mines", True), ("other objects", False)):
        where = localisation_errors(_objects(scores, mines=mines))
        lines.append(
            say(
                "{name}: {count} matched, horizontal error rms {horizontal}, depth bias {bias}, depth rms {depth}",
                name=say(name),
                count=where["matched"],
                horizontal=_millimetres(where["horizontal_rms_m"]),
                bias=_millimetres(where["depth_bias_m"]),
                depth=_millimetres(where["depth_rms_m"]),
            )
        )
    return lines


def _objects(scores: Sequence[ScanScore], *, mines: bool) -> list[ObjectScore]:
    return [o for s in scores for o in s.objects if o.is_mine == mines]


def _plain_object(thing: ObjectScore) -> dict[str, Any]:
    plain = asdict(thing)
    del plain["candidates"]
    return plain


def _cells(r: Rates) -> tuple[str, ...]:
    return (
        str(r.mines),
        str(r.detected),
        str(r.missed),
        str(r.not_assessable),
        str(r.not_covered),
        str(r.false_alarms),
        f"{r.area_m2:.2f}",
    )


def _number(value: float) -> str:
    return say("unknown") if math.isnan(value) else decimals(f"{value:.3f}")


def _millimetres(value: float) -> str:
    return say("unknown") if math.isnan(value) else say("{length} mm", length=f"{1000 * value:.0f}")


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {in_utf8(k): _without_nan(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(v) for v in value]
    if isinstance(value, str):
        return in_utf8(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
