"""Keeps what `make bench` found, as ratios: they mean the same on every machine, which times do not.

    python -m benchmarks.history bench-out      adds an entry made of budget.json, references.json and gate.json

An entry holds the revision, each step beside its plain reference (how many times as fast), the chain beside a base
(wall, processor, start-up; new over old), peak memory in megabytes, and the figures of detection.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.processes import ROOT

FILE = ROOT / "benchmarks" / "history.json"
KEPT = 60
"""Entries; the oldest go."""


def read() -> list[dict[str, Any]]:
    """Read all entries, the oldest first."""
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else []


def entry(folder: Path, revision: str) -> dict[str, Any]:
    """Make an entry of what a run of `make bench` left in a folder."""

    def found(name: str) -> dict[str, Any]:
        path = folder / name
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    gate = found("gate.json")
    return {
        "revision": revision,
        "base": (gate.get("base") or "")[:9],
        "chain": {name: ratio for name, ratio in gate.get("ratios", {}).items() if "/" not in name},
        "references": {name: round(one["ratio"], 2) for name, one in found("references.json").items()},
        "peak_mb": {name: round(one["peak_mb"]) for name, one in found("budget.json").items()},
        "detection": gate.get("detection", {}),
    }


def add(new: dict[str, Any]) -> None:
    """Append an entry; one of the same revision is replaced."""
    kept = [old for old in read() if old["revision"] != new["revision"]]
    lines = ",\n".join(json.dumps(one) for one in (*kept, new)[-KEPT:])
    FILE.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def main() -> int:
    """Add an entry for the revision that is checked out."""
    from benchmarks.gate import git

    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    revision = git("rev-parse", "--short=9", "HEAD")
    if revision is None:
        print("no entry: there is no git history here", file=sys.stderr)
        return 0
    changed = bool(git("status", "--porcelain", "--untracked-files=no", "src", "calibration"))
    made = entry(options.folder, revision + ("+" if changed else ""))
    add(made)
    print(json.dumps(made, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
