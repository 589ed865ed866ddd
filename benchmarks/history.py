"""Keeps what `make bench` found, as ratios: they mean the same on every machine, which times do not.

    python -m benchmarks.history bench-out      adds an entry made of what lies in that folder

An entry holds the revision; each step beside its plain reference (how many times as fast); the chain and its
steps beside a base (new over old); start-up beside `import numpy`; peak memory in megabytes; what a square
metre of a long scan costs beside one of a short one; what two processes gain over one; the figures of
detection; and what became of the mines of a campaign of faults. Parts that were not measured are empty, and
named at the end; those in which the same revision was measured before stay. `benchmarks.charts` draws it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE = ROOT / "benchmarks" / "history.json"
KEPT = 60
"""Entries; the oldest go."""
CAMPAIGNS = ("campaign.json", "campaign-part.json")
"""A whole one, and the part that `make bench` runs."""


def read() -> list[dict[str, Any]]:
    """Read all entries, the oldest first."""
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else []


def entry(folder: Path, revision: str) -> dict[str, Any]:
    """Make an entry of what a run of `make bench` left in a folder."""

    def found(name: str) -> dict[str, Any]:
        path = folder / name
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    gate, ratios = found("gate.json"), found("gate.json").get("ratios", {})
    return {
        "revision": revision,
        "base": (gate.get("base") or "")[:9],
        "chain": {name: ratio for name, ratio in ratios.items() if "/" not in name},
        "steps": {name: ratio for name, ratio in ratios.items() if "/" in name},
        "references": {name: round(one["ratio"], 2) for name, one in found("references.json").items()},
        "start_up": {
            name: round(one["start_up"], 3) for name, one in found("budget.json").items() if "start_up" in one
        },
        "peak_mb": {name: round(one["peak_mb"]) for name, one in found("budget.json").items()},
        "areas": grown(found("areas.json") or []),
        "batch": found("batch.json"),
        "detection": gate.get("detection", {}),
        "campaign": dict(Counter(fate["outcome"] for fate in found(latest(folder, CAMPAIGNS)))),
    }


def latest(folder: Path, names: Sequence[str]) -> str:
    """Choose the file that was written last; the first where there is none."""
    there = [name for name in names if (folder / name).exists()]
    return max(there, key=lambda name: (folder / name).stat().st_mtime, default=names[0])


def grown(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Tell what the largest area costs for each square metre, and its memory, beside the smallest."""
    if len(rows) < 2:
        return {}
    small, large = (choose(rows, key=lambda row: row["area_m2"]) for choose in (min, max))
    per_m2 = [row["whole_s"] / row["area_m2"] for row in (small, large)]
    return {
        "small_m2": round(small["area_m2"], 1),
        "large_m2": round(large["area_m2"], 1),
        "time": round(per_m2[1] / per_m2[0], 3),
        "memory": round(large["peak_mb"] / small["peak_mb"], 3),
        "peak_mb": round(large["peak_mb"]),
    }


def add(new: dict[str, Any]) -> dict[str, Any]:
    """Append an entry, with what one of the same revision has beside it, which it replaces; give what was kept."""
    earlier = read()
    known = next((old for old in earlier if old["revision"] == new["revision"]), {})
    new = {**known, **{name: part for name, part in new.items() if part or name not in known}}
    kept = [old for old in earlier if old["revision"] != new["revision"]]
    lines = ",\n".join(json.dumps(one) for one in (*kept, new)[-KEPT:])
    FILE.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    return new


def missing(one: dict[str, Any]) -> list[str]:
    """Name the parts of an entry that were not measured."""
    return [name for name, part in one.items() if part in ("", {}) and name != "base"]


def main() -> int:
    """Add an entry for the revision that is checked out."""
    from benchmarks.gate import git

    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--revision", default="HEAD", help="the one that was measured")
    options = parser.parse_args()
    revision = git("rev-parse", "--short=9", options.revision)
    if revision is None:
        print(f"no entry: no git history here holds {options.revision}", file=sys.stderr)
        return 0
    here = options.revision == "HEAD"
    changed = here and bool(git("status", "--porcelain", "--untracked-files=no", "src", "calibration"))
    made = add(entry(options.folder, revision + ("+" if changed else "")))
    print(json.dumps(made, indent=1))
    if missing(made):
        print(f"not measured: {', '.join(missing(made))}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
