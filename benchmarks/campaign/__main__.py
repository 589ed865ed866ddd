"""A campaign of faults: scans with mines are spoilt one way at a time, and no mine may be missed with confidence.

    python -m benchmarks.campaign [--scans NAME,...] [--lanes N] [--kinds TEXT,...] [--every N] [--seed N]
                                  [--json FILE]

Every fault of `benchmarks.campaign.table` by every severity, on the sample scans and on N simulated lanes, seeded.
A confident miss is a mine that is called likely clutter, or for which nothing is listed on ground that is shown as
measured by both sensors. Exit status 1 if there is one.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.campaign import outcome
from benchmarks.campaign.table import kinds
from benchmarks.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.campaign.outcome import Fate

    from dualsense.scan import Scan

LANE_SEED = 8_000_000


def samples(names: Sequence[str] = ()) -> Iterator[tuple[str, Scan]]:
    """Read the sample scans with a mine in them."""
    from dualsense.io import read_scan

    for path in sorted((ROOT / "sample_data").glob("*.h5")):
        if names and path.stem not in names:
            continue
        scan = read_scan(path)
        if "mine" in scan.truth.label:
            yield path.stem, scan


def invented(count: int) -> Iterator[tuple[str, Scan]]:
    """Simulate lanes with one or two mines, with seeds of their own."""
    from benchmarks.calibrate import scenes

    from dualsense.simulate import simulate_scan

    for n in range(count):
        lane = scenes.Lane("train", scenes.SOILS[n % len(scenes.SOILS)], LANE_SEED + n)
        yield f"{lane.soil}-{lane.seed}", simulate_scan(scenes.scene(lane), seed=lane.seed)


def fates(scans: Sequence[tuple[str, Scan]], *, wanted: Sequence[str], every: int, seed: int) -> Iterator[Fate]:
    """Spoil and process; of every nth case only, drawn by its name, so that a part is spread over all."""
    for kind in kinds():
        if wanted and not any(kind.name.startswith(one) for one in wanted):
            continue
        for severity in kind.severities:
            for name, scan in scans:
                case = outcome.Case(name, kind.name, severity)
                if case.number % every == 0:
                    yield outcome.try_case(scan, kind, case, seed)


def table(found: Sequence[Fate]) -> str:
    """Count the outcomes of each family of faults, and name each confident miss."""
    rows: dict[str, Counter[str]] = {}
    for fate in found:
        rows.setdefault(fate.case.kind.split("/")[0], Counter())[fate.outcome] += 1
    total = sum(rows.values(), Counter())
    width = max((len(name) for name in rows), default=5)
    head = f"{'fault':<{width}}" + "".join(f"{name:>16}" for name in outcome.OUTCOMES)
    lines = [head]
    for name, counts in [*rows.items(), ("all", total)]:
        lines.append(f"{name:<{width}}" + "".join(f"{counts[o]:>16}" for o in outcome.OUTCOMES))
    missed = [f for f in found if f.outcome == "confident miss"]
    lines += [
        f"MISS {f.case.scan} {f.case.kind} {f.case.severity:g}: {f.detail}; covered {f.covered}; "
        f"{', '.join(f.faults) or 'no fault told'}"
        for f in missed
    ]
    return "\n".join([*lines, f"{len(missed)} confident misses in {len(found)} spoilt scans"])


def main() -> int:
    """Run the campaign; exit status 1 with a confident miss."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.campaign", description=__doc__.splitlines()[0])
    parser.add_argument("--scans", default="", help="sample scans, by name; all without")
    parser.add_argument("--lanes", type=int, default=0, help="simulated lanes beside them")
    parser.add_argument("--kinds", default="", help="beginnings of the faults' names; all without")
    parser.add_argument("--every", type=int, default=1, help="only every nth case")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    scans = [] if options.scans == "none" else [*samples([n for n in options.scans.split(",") if n])]
    scans += [*invented(options.lanes)]
    wanted = [n for n in options.kinds.split(",") if n]
    found = []
    for fate in fates(scans, wanted=wanted, every=options.every, seed=options.seed):
        found.append(fate)
        if fate.outcome == "confident miss":
            print("MISS", fate.case, fate.detail, flush=True)
    print(table(found))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps([asdict(f) for f in found], indent=1) + "\n", encoding="utf-8")
    return 1 if any(f.outcome == "confident miss" for f in found) else 0


if __name__ == "__main__":
    sys.exit(main())
