"""A verdict as JSON."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from dualsense._version import __version__

if TYPE_CHECKING:
    from dualsense.verdict._judge import Verdict

SCHEMA, VERSION = "dualsense-check", "1.0"


def document(verdict: Verdict) -> dict[str, Any]:
    """Return plain objects; what is not known is None."""
    return {
        "schema": SCHEMA,
        "schema_version": VERSION,
        "scan_id": verdict.scan_id,
        "source": verdict.source,
        "version": __version__,
        "scan_sha256": verdict.scan_sha256,
        "recipe_sha256": verdict.recipe_sha256,
        "limits": verdict.limits.model_dump(),
        "grade": verdict.grade,
        "marks": [
            {"name": mark.name, "value": mark.value if math.isfinite(mark.value) else None, "grade": mark.grade}
            for mark in verdict.marks
        ],
        "sweep_again": [
            {
                "x_m": [round(x, 4) for x in place.x_m],
                "y_m": [round(y, 4) for y in place.y_m],
                "area_m2": round(place.area_m2, 5),
                "why": list(place.why),
            }
            for place in verdict.places
        ],
        "faults": [
            {"sensor": sensor, "severity": severity, "message": message}
            for sensor, severity, message in verdict.faults
        ],
    }


def to_json(verdict: Verdict) -> str:
    """Write a verdict as JSON, with the keys in order."""
    return json.dumps(document(verdict), indent=2, allow_nan=False) + "\n"
