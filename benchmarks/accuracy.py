"""Every sample scan against its truth: is each mine and each metal object on the list, and where.

Limits: a mine has a target within 4 cm and a radar body within 2 cm, whose depth is within 1.5 cm of the object's
top; a metal object has a target within 5 cm; the soil's permittivity is within a tenth, and within two of its
standard deviations; a patch without a mine has no "suspect". ``python benchmarks/accuracy.py`` prints the
table and exits with 1 when a limit is broken.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dualsense.features import GprFeature

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dualsense.result import Result, Target
    from dualsense.scan import Scan

LIMIT_M = {"mine": 0.04, "metal": 0.05}
BODY_LIMIT_M = 0.02
DEPTH_LIMIT_M = 0.015
PERMITTIVITY_LIMIT = 0.1
SAMPLES = Path(__file__).resolve().parent.parent / "sample_data"


def judge(scan: Scan, result: Result) -> list[dict[str, Any]]:
    """One row per buried object, and one for the patch when it holds no mine."""
    truth = scan.truth
    if truth is None:
        msg = f"{scan.header.scan_id}: no /truth to compare with"
        raise ValueError(msg)
    rows = []
    for n, label in enumerate(truth.label):
        x, y = float(truth.x_m[n]), float(truth.y_m[n])
        target, distance = _nearest(result.targets, x, y)
        row: dict[str, Any] = {
            "scan": scan.header.scan_id,
            "object": f"{label} {truth.model[n]}".strip(),
            "depth_m": float(truth.depth_m[n]),
            "target": None,
            "distance_m": None,
            "body_distance_m": None,
            "depth_error_m": None,
            "call": None,
            "confidence": None,
            "verdict": "",
        }
        near = target is not None and distance <= 0.1
        if target is not None and near:
            row |= {
                "target": target.id,
                "distance_m": distance,
                "call": target.call,
                "confidence": target.confidence,
            }
            if target.gpr is not None and GprFeature.DEPTH in target.gpr.features:
                body = target.gpr.features
                row["body_distance_m"] = math.hypot(body[GprFeature.X] - x, body[GprFeature.Y] - y)
                row["depth_error_m"] = body[GprFeature.DEPTH] - float(truth.depth_m[n])
        row["verdict"] = _verdict(label, row)
        rows.append(row)
    if "mine" not in truth.label:
        suspects = [t.id for t in result.targets if t.call == "suspect"]
        verdict = "ok" if not suspects else f"FAIL: suspects {', '.join(suspects)} in a patch without a mine"
        rows.append({"scan": scan.header.scan_id, "object": "(no mine)", "verdict": verdict})
    rows.append({"scan": scan.header.scan_id} | _soil(result, float(truth.scene["relative_permittivity"])))
    return rows


def _soil(result: Result, truth: float) -> dict[str, Any]:
    """One row for the permittivity of the soil."""
    found, std = result.relative_permittivity, result.relative_permittivity_std
    verdict = "ok"
    if not abs(found / truth - 1.0) <= PERMITTIVITY_LIMIT:
        verdict = f"FAIL: off by {100 * (found / truth - 1.0):+.0f} %"
    elif not abs(found - truth) <= 2.0 * std:
        verdict = f"FAIL: off by {abs(found - truth) / std:.1f} standard deviations"
    return {
        "object": f"soil {truth:g}: {found:.2f} ± {std:.2f}",
        "permittivity": found,
        "permittivity_std": std,
        "true_permittivity": truth,
        "verdict": verdict,
    }


def _nearest(targets: Sequence[Target], x_m: float, y_m: float) -> tuple[Target | None, float]:
    ranked = sorted(targets, key=lambda t: math.hypot(t.x_m - x_m, t.y_m - y_m))
    if not ranked:
        return None, math.inf
    return ranked[0], math.hypot(ranked[0].x_m - x_m, ranked[0].y_m - y_m)


def _verdict(label: str, row: dict[str, Any]) -> str:
    limit = LIMIT_M.get(label)
    problems = []
    if limit is not None and (row["distance_m"] is None or row["distance_m"] > limit):
        where = (
            "none within 10 cm" if row["distance_m"] is None else f"nearest at {100 * row['distance_m']:.1f} cm"
        )
        problems.append(f"target {where}, limit {100 * limit:.0f} cm")
    if label == "mine" and row["target"] is not None:
        if row["depth_error_m"] is None:
            problems.append("no radar body")
        elif row["body_distance_m"] > BODY_LIMIT_M:
            problems.append(f"radar body {100 * row['body_distance_m']:.1f} cm off")
        elif abs(row["depth_error_m"]) > DEPTH_LIMIT_M:
            problems.append(f"radar depth off by {100 * row['depth_error_m']:+.1f} cm")
        if row["call"] != "suspect":
            problems.append(f"called {row['call']}")
    if problems:
        return "FAIL: " + "; ".join(problems)
    return "ok" if limit is not None else "-"


def run(paths: Iterable[Path] | None = None) -> dict[str, Any]:
    """Process the scans and judge them; the entry point of ``make bench``."""
    from dualsense.chain import process_scan
    from dualsense.io import read_scan

    rows = []
    for path in sorted(SAMPLES.glob("*.h5")) if paths is None else paths:
        scan = read_scan(path)
        rows += judge(scan, process_scan(scan))
    return {"rows": rows, "failed": sum(r["verdict"].startswith("FAIL") for r in rows)}


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Aligned text, one line per object."""

    def cm(value: float | None, sign: str = "") -> str:
        return "-" if value is None else f"{100 * value:{sign}.1f}"

    columns = "scan, object, depth cm, target, off cm, body off cm, depth err cm, call, confidence, verdict"
    head = tuple(columns.split(", "))
    lines = [head]
    for r in rows:
        confidence = r.get("confidence")
        lines.append(
            (
                r["scan"],
                r["object"],
                cm(r.get("depth_m")),
                r.get("target") or "-",
                cm(r.get("distance_m")),
                cm(r.get("body_distance_m")),
                cm(r.get("depth_error_m"), "+"),
                r.get("call") or "-",
                "-" if confidence is None else f"{confidence:.2f}",
                r["verdict"],
            )
        )
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    return "\n".join("  ".join(v.ljust(w) for v, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def main() -> int:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scans", nargs="*", type=Path, help="scan files with truth (default: sample_data)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = run(options.scans or None)
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        print(table(found["rows"]))
        print(f"{found['failed']} of {len(found['rows'])} rows break a limit (simulated full-wave scans)")
    return 1 if found["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
