"""A campaign of faults: scans with mines are spoilt one way at a time, and no mine may be missed with confidence.

    python -m benchmarks.campaign [--scans NAME,...] [--lanes N [--first N]] [--kinds TEXT,...] [--between]
                                  [--every N] [--seed N] [--log FILE [--resume] [--part K/N]] [--json FILE]

Every fault of `benchmarks.campaign.table` by every severity, or with ``--between`` by severities that lie
between those, on the sample scans and on N simulated lanes, seeded. Cases are tried in an order drawn by their
names, so that a campaign that is stopped early has tried some of everything. With ``--log`` each case is appended
to a file as soon as it is known, and ``--resume`` passes over what the file holds. A confident miss is a mine that
is called likely clutter, or for which nothing is listed on ground that is shown as measured by both sensors. An
error is an exception that is none of the package's own. Exit status 1 if there is one of either.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.campaign import outcome, record
from benchmarks.campaign.table import kinds
from benchmarks.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from benchmarks.campaign.outcome import Fate
    from benchmarks.campaign.record import Key
    from benchmarks.campaign.table import Kind

    from dualsense.chain import StepCache
    from dualsense.scan import Scan

LANE_SEED = 8_000_000
BAD = ("confident miss", "error")


def samples(names: Sequence[str] = ()) -> Iterator[tuple[str, Scan]]:
    """Read the sample scans with a mine in them."""
    from dualsense.io import read_scan

    for path in sorted((ROOT / "sample_data").glob("*.h5")):
        if names and path.stem not in names:
            continue
        scan = read_scan(path)
        if "mine" in scan.truth.label:
            yield path.stem, scan


def invented(count: int, first: int = 0) -> Iterator[tuple[str, Scan]]:
    """Simulate lanes with one or two mines, with seeds of their own, from one of them on."""
    from benchmarks.calibrate import scenes

    from dualsense.simulate import simulate_scan

    for n in range(first, first + count):
        lane = scenes.Lane("train", scenes.SOILS[n % len(scenes.SOILS)], LANE_SEED + n)
        yield f"{lane.soil}-{lane.seed}", simulate_scan(scenes.scene(lane), seed=lane.seed)


@dataclass(frozen=True)
class Plan:
    """What is asked for: kinds by the beginnings of their names, which cases of them, and how they are drawn."""

    wanted: tuple[str, ...] = ()
    every: int = 1
    seed: int = 1
    between: bool = False
    part: tuple[int, int] = (0, 1)

    def cases(self, scans: Sequence[tuple[str, Scan]]) -> list[tuple[outcome.Case, Kind, Scan]]:
        """List the cases, in an order drawn by their names."""
        out = []
        for kind in kinds():
            if self.wanted and not any(kind.name.startswith(one) for one in self.wanted):
                continue
            for severity in kind.between() if self.between else kind.severities:
                for name, scan in scans:
                    case = outcome.Case(name, kind.name, severity)
                    number = case.number
                    if number % self.every == 0 and number // self.every % self.part[1] == self.part[0]:
                        out.append((case, kind, scan))
        return sorted(out, key=lambda one: one[0].number)


def fates(scans: Sequence[tuple[str, Scan]], plan: Plan, *, done: Container[Key] = ()) -> Iterator[Fate]:
    """Spoil and process each case of a plan that is not done."""
    caches: dict[str, StepCache] = {}
    for case, kind, scan in plan.cases(scans):
        if (case.scan, case.kind, case.severity, plan.seed) in done:
            continue
        if case.scan not in caches:
            caches[case.scan] = outcome.of_the_sound(scan)
        yield outcome.try_case(scan, kind, case, plan.seed, cache=caches[case.scan])


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
    bad = [f for f in found if f.outcome in BAD]
    lines += [
        f"{f.outcome.upper()} {f.case.scan} {f.case.kind} {f.case.severity:g}: {f.detail}; covered {f.covered}; "
        f"{', '.join(f.faults) or 'no fault told'}"
        for f in bad
    ]
    missed = total["confident miss"]
    return "\n".join([*lines, f"{missed} confident misses in {len(found)} spoilt scans"])


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.campaign", description=__doc__.splitlines()[0])
    parser.add_argument("--scans", default="", help="sample scans, by name; all without, 'none' for none")
    parser.add_argument("--lanes", type=int, default=0, help="simulated lanes beside them")
    parser.add_argument("--first", type=int, default=0, help="number of the first lane")
    parser.add_argument("--kinds", default="", help="beginnings of the faults' names; all without")
    parser.add_argument("--between", action="store_true", help="severities between those of the table")
    parser.add_argument("--every", type=int, default=1, help="only every nth case")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--log", type=Path, help="file that each case is appended to; all that it holds is counted"
    )
    parser.add_argument("--resume", action="store_true", help="pass over cases that the log holds")
    parser.add_argument("--part", default="0/1", help="K/N: this part only, so that N campaigns can share a log")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> int:
    """Run the campaign; exit status 1 with a confident miss or an error."""
    asked = options()
    scans = [] if asked.scans == "none" else [*samples([n for n in asked.scans.split(",") if n])]
    scans += [*invented(asked.lanes, asked.first)]
    k, n = (int(text) for text in asked.part.split("/"))
    plan = Plan(tuple(t for t in asked.kinds.split(",") if t), asked.every, asked.seed, asked.between, (k, n))
    done = record.read(asked.log) if asked.log and asked.resume else {}
    found = []
    for fate in fates(scans, plan, done=done):
        found.append(fate)
        if fate.outcome in BAD:
            print(fate.outcome.upper(), fate.case, fate.detail, flush=True)
        if asked.log:
            record.append(asked.log, fate, asked.seed)
    if asked.log:
        whole = record.read(asked.log).values()
        found = [fate for fate, _ in whole]
        print(f"{asked.log}: code {', '.join(sorted({code for _, code in whole}))}")
    print(table(found))
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps([asdict(f) for f in found], indent=1) + "\n", encoding="utf-8")
    return 1 if any(f.outcome in BAD for f in found) else 0


if __name__ == "__main__":
    sys.exit(main())
