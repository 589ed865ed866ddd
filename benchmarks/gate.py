"""Whether a change costs speed, memory or detection: what continuous integration asks before it lets it in.

    python -m benchmarks.gate [--base REVISION] [--pairs 15] [--only timing|detection] [--json FILE]

Timing: the sample scan is processed by the base's code and by today's in turns, each run in a process that notes
its steps; `benchmarks.rule` decides. Detection: `benchmarks.lanes` holds its expectation. A loss that is meant is
named in the message of the commit that brings it: a line `Accepted-loss: NAME`, or `Accepted-loss: detection`.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks import budget, history, lanes, processes, rule

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

ROOT = processes.ROOT
BASE = "DUALSENSE_GATE_BASE"
SCAN = "sample"
TOLERANCE = {"wall": 1.10, "processor": 1.07, "peak memory": 1.10, "start-up": 1.15}
STEP_TOLERANCE = 1.15
STEP_SHARE = 0.03
"""Of the processor time: steps that take less are too short for a ratio to mean much."""


def git(*words: str) -> str | None:
    """Ask git; None where there is no git, no history, or no answer."""
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def base_revision() -> str | None:
    """Choose what to compare with: what is asked for, where the branch left main, or what was measured last.

    On main itself that is the last revision that `make bench` measured whole, so that small losses in one push do
    not add up unseen; the commit before only where the history knows no ancestor.
    """
    asked = os.environ.get(BASE)
    if asked:
        return git("rev-parse", "--verify", f"{asked}^{{commit}}")
    head = git("rev-parse", "--verify", "HEAD")
    for main in ("origin/main", "main"):
        fork = git("merge-base", "HEAD", main)
        if fork and fork != head:
            return fork
    for old in reversed([one for one in history.read() if one.get("references")]):
        measured = git("rev-parse", "--verify", f"{old['revision'].rstrip('+')}^{{commit}}")
        if measured and measured != head and git("merge-base", measured, "HEAD") == measured:
            return measured
    return git("rev-parse", "--verify", "HEAD~1")


def unpack(revision: str, folder: Path) -> Path:
    """Put a revision's package into a folder, with what is compiled of equal modules; give its src."""
    packed = subprocess.run(
        ["git", "-C", str(ROOT), "archive", revision, "src", "calibration"], capture_output=True, check=True
    )
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    share_compiled(ROOT, folder)
    return folder / "src"


def share_compiled(one: Path, other: Path) -> None:
    """Copy compiled code from one tree to another: it is used only where nothing that it hangs on differs."""
    for path in (one / "src").rglob("*.nb[ic]"):
        there = other / path.relative_to(one)
        if there.parent.parent.is_dir():
            there.parent.mkdir(exist_ok=True)
            shutil.copy2(path, there)


def one_run(scan: Path, steps: Sequence[dict[str, Any]], source: Path | None, folder: Path) -> dict[str, float]:
    """Process a scan once: what it took as a whole, and the processor time of each step."""
    found = budget.noted(scan, steps, folder, source)
    whole = found["whole"]
    taken = {
        "wall": whole["end_s"],
        "processor": whole["processor_s"],
        "peak memory": whole["peak_mb"],
        "start-up": found["start-up"]["end_s"],
    }
    inner = {step["name"] for step in steps if "chain" in step or "function" in step}
    for name in inner & found.keys():
        if not any(other.startswith(name + "/") for other in found):
            taken[name] = found[name]["processor_s"]
    return taken


def pairs(
    scan: Path, steps: Sequence[dict[str, Any]], source: Path, count: int, limit: Callable[[str], float]
) -> dict[str, list[float]]:
    """Run old and new in turns; give ratios of all quantities that both have and that are worth comparing.

    The turns end early where the rest of them could make no quantity a loss.
    """
    runs: dict[str, list[dict[str, float]]] = {"old": [], "new": []}
    ratios: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as place:
        for n in range(count):
            for who in ("old", "new") if n % 2 == 0 else ("new", "old"):
                runs[who].append(one_run(scan, steps, source if who == "old" else None, Path(place)))
            ratios = compared(runs)
            if rule.settled(ratios, limit, count):
                break
    return ratios


def compared(runs: dict[str, list[dict[str, float]]]) -> dict[str, list[float]]:
    """Give the ratios, new over old, of what all runs have and what takes long enough for a ratio."""
    ratios = {}
    for name in runs["new"][0]:
        both = [(old[name], new[name]) for old, new in zip(runs["old"], runs["new"], strict=True) if name in old]
        share = median(new[name] / new["processor"] for new in runs["new"])
        if (
            len(both) == len(runs["new"])
            and (name in TOLERANCE or share >= STEP_SHARE)
            and all(old > 0 for old, _ in both)
        ):
            ratios[name] = [new / old for old, new in both]
    return ratios


def tolerance(name: str) -> float:
    """Give the ratio up to which a quantity may grow."""
    return TOLERANCE.get(name, STEP_TOLERANCE)


def timing(revision: str, count: int, meant: Collection[str] = ()) -> tuple[list[str], dict[str, float]]:
    """Hold today's code against a revision's; give what was lost, and the medians of all ratios.

    What is meant may grow as it likes: it is told, and asks for no second round.
    """

    def limit(name: str) -> float:
        return math.inf if name in meant else tolerance(name)

    table = budget.load()
    scan = budget.scan_file(SCAN, table)
    with tempfile.TemporaryDirectory() as place:
        source = unpack(revision, Path(place))
        for each in (source, None):  # compiles, on all cores, and what the list of kernels lacks when it is needed
            processes.dualsense("warm-up", "-q", source=each)
            processes.dualsense("process", scan, "-o", Path(place) / "out", "--overwrite", "-q", source=each)
        lost, rounds = rule.decide(lambda: pairs(scan, table["steps"], source, count, limit), limit)
    last = rounds[-1]
    for name, each in last.items():
        low, high = rule.lower_bound(each), rule.upper_bound(each)
        said = "is meant" if name in meant else f"may be {tolerance(name):g}"
        print(f"  {name:<30} {median(each):6.3f}  [{low:.3f}, {high:.3f}]  {said}")
    if rule.upper_bound(last["processor"]) < 1.0:
        for name in lost.keys() - TOLERANCE.keys():
            print(f"  {name} takes longer, and the whole less: work has moved")
            del lost[name]
    said = [f"{name}: {ratio:.2f} times the base's, in {len(rounds)} rounds" for name, ratio in lost.items()]
    return said, {name: round(median(each), 4) for name, each in last.items()}


def accepted(revision: str | None) -> set[str]:
    """Read which losses the commits since the base say are meant."""
    messages = git("log", "--format=%B", f"{revision}..HEAD") if revision else None
    return {name.strip() for name in re.findall(r"^Accepted-loss: (.+)$", messages or "", flags=re.MULTILINE)}


def main() -> int:
    """Compare with the base; exit status 1 when something was lost that is not accepted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--base", help=f"revision to compare with; {BASE}, the fork from main, or HEAD~1 by default"
    )
    parser.add_argument("--pairs", type=int, default=rule.PAIRS)
    parser.add_argument("--only", choices=("timing", "detection"))
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    revision = git("rev-parse", "--verify", f"{options.base}^{{commit}}") if options.base else base_revision()
    meant = accepted(revision)
    losses, document = [], {"base": revision}
    if options.only != "detection":
        if revision is None:
            print("timing: skipped, there is no earlier revision here to compare with")
        else:
            print(f"timing: median of up to {options.pairs} ratios to {revision[:9]}, and its bounds")
            said, document["ratios"] = timing(revision, options.pairs, meant)
            losses += said
    if options.only != "timing":
        found = lanes.process()
        document["detection"] = lanes.figures(found)
        print("detection:", ", ".join(f"{name} {value}" for name, value in document["detection"].items()))
        losses += [] if "detection" in meant else lanes.losses(found, lanes.expected())
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print("\n".join(f"LOST  {text}" for text in losses) or "nothing was lost")
    return 1 if losses else 0


if __name__ == "__main__":
    sys.exit(main())
