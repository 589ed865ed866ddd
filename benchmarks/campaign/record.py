"""The file that a campaign appends to, a line for each case, so that it may be stopped, and go on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING

from benchmarks.campaign.outcome import Case, Fate
from benchmarks.processes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

Key = tuple[str, str, float, int]


@cache
def code() -> str:
    """Hash of the package's source: two lines with the same one were made by the same program."""
    found = hashlib.sha256()
    for path in sorted((ROOT / "src" / "dualsense").rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()[:12]


def append(path: Path, fate: Fate, seed: int) -> None:
    """Add one case; whole lines only, so that several campaigns may share a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({**asdict(fate), "seed": seed, "code": code()})
    with path.open("ab", buffering=0) as file:
        file.write(line.encode() + b"\n")


def read(path: Path) -> dict[Key, tuple[Fate, str]]:
    """Read what a campaign has found, and by which code; of a case that was tried twice the later counts.

    A last line that was cut off is passed over.
    """
    found: dict[Key, tuple[Fate, str]] = {}
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            one = json.loads(line)
        except ValueError:
            continue
        case = Case(**one["case"])
        fate = Fate(case, one["outcome"], one["detail"], one["covered"], tuple(one["faults"]))
        found[(case.scan, case.kind, case.severity, one["seed"])] = fate, one["code"]
    return found
