"""Scores of a trainee: what is written down of a lane, and what many lanes add up to."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from dualsense._version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCORES = "training.jsonl"
SCHEMA = "dualsense-training"
SCHEMA_VERSION = "1.0"
MOST = 1e9
"""Of anything that is counted or measured."""
SAME = ("schema", "trainee", "lane", "marks")
"""In which a score agrees with itself, asked for again."""
BINS = 5


def lane_entry(number: int, key: str, state: str, level: str, source: str, problem: str) -> dict[str, Any]:
    """Say of a lane what a trainee may know."""
    return {
        "number": number,
        "key": key,
        "state": state,
        "level": level,
        "simulated": source == "simulated",
        "problem": problem,
    }


def score_card(
    lane: str, trainee: str, entry: str, score: Mapping[str, Any], took_s: float, *, seen: bool
) -> dict[str, Any]:
    """Make the entry of a scored lane.

    Parameters
    ----------
    lane, trainee, entry
        Key of the lane, who worked through it, and the entry's own name.
    score
        From the worker.
    took_s
        From the first look at the lane to its score; NaN where that is not known.
    seen
        Whether the trainee had been told the truth of this lane before.
    """
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "entry": entry,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "trainee": trainee,
        "lane": lane,
        "took_s": round(took_s, 1) if math.isfinite(took_s) else None,
        "seen_before": seen,
        **score,
        "version": __version__,
    }


def summary_of(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up a trainee's lanes; those whose truth they had been told are counted apart, and not scored.

    Parameters
    ----------
    entries
        Of one trainee; what is no score, for anyone may have written it, is counted as ``torn`` alone.

    Returns
    -------
    dict
        Counts and rates with their exact intervals, and the reliability of the trainee's own chances.
    """
    from dualsense.evaluate import clopper_pearson, poisson_rate, reliability  # noqa: PLC0415 - slow to import

    scores = [one for one in entries if _is_score(one)]
    scored = [one for one in scores if not one.get("seen_before")]
    mines, detected, false = (
        sum(int(one[name]) for one in scored) for name in ("mines", "detected", "false_alarms")
    )
    area_m2 = math.fsum(float(one["area_m2"]) for one in scored)
    times = [float(one["took_s"]) for one in scored if one.get("took_s") is not None]
    marks = [mark for one in scored for mark in one["marks"]]
    table = reliability([mark["chance"] for mark in marks], [bool(mark["mine"]) for mark in marks], bins=BINS)
    bins = [
        {
            "low": float(table.edges[n]),
            "high": float(table.edges[n + 1]),
            "count": int(table.count[n]),
            "stated": _finite(table.mean_confidence[n]),
            "happened": _finite(table.fraction[n]),
            "least": _finite(table.low[n]),
            "most": _finite(table.high[n]),
        }
        for n in range(BINS)
    ]
    return {
        "lanes": len(scored),
        "repeated": len(scores) - len(scored),
        "torn": len(entries) - len(scores),
        "mines": mines,
        "detected": detected,
        "detection_interval": list(clopper_pearson(detected, mines)),
        "false_alarms": false,
        "area_m2": area_m2,
        "false_alarms_m2": false / area_m2 if area_m2 > 0 else None,
        "false_alarm_interval": list(poisson_rate(false, area_m2)) if area_m2 > 0 else None,
        "time_s": math.fsum(times),
        "bins": bins,
    }


def _is_score(entry: Mapping[str, Any]) -> bool:
    """Whether a line of the journal holds all that is added up."""
    counts: list[Any] = [entry.get(name) for name in ("mines", "detected", "false_alarms")]
    took_s, marks = entry.get("took_s"), entry.get("marks")
    return (
        entry.get("schema") == SCHEMA
        and all(type(count) is int and 0 <= count <= MOST for count in counts)
        and counts[1] <= counts[0]
        and _is_number(entry.get("area_m2"), MOST)
        and (took_s is None or _is_number(took_s, MOST))
        and isinstance(marks, list)
        and all(
            isinstance(mark, dict) and _is_number(mark.get("chance"), 1.0) and "mine" in mark for mark in marks
        )
    )


def _is_number(value: object, most: float) -> bool:
    return isinstance(value, (int, float)) and 0.0 <= value <= most


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
