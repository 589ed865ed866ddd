"""What one square metre costs, step by step, beside what ``budget.toml`` allows.

    python -m benchmarks.budget [tones gates sample] [--runs 5] [--json FILE] [--check]

Every run is a process of its own, as a user starts it, after one that compiles. Runs with noted steps and bare
ones take turns; the table shows the noted run whose wall time is the median, and the bare medians below it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import processes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = processes.ROOT
MADE = ROOT / "bench-out"
TABLE = ROOT / "benchmarks" / "budget.toml"
BAR = 36
OVER = 1.05
"""A step is called over its budget beyond this part of it: a run is not repeated to the per cent."""


def load() -> dict[str, Any]:
    """Read the budget."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def scan_file(name: str, table: dict[str, Any]) -> Path:
    """Give a scan of the budget, simulated once where it comes from a scene."""
    entry = table["scans"][name]
    if "file" in entry:
        return ROOT / entry["file"]
    scene = ROOT / entry["scene"]
    mark = hashlib.sha256(scene.read_bytes() + str(entry["seed"]).encode()).hexdigest()[:12]
    path = MADE / f"budget-{name}-{mark}.h5"
    if not path.exists():
        MADE.mkdir(exist_ok=True)
        processes.dualsense("simulate", scene, "--seed", entry["seed"], "-o", path)
    return path


def noted(
    scan: Path,
    steps: Sequence[dict[str, Any]],
    folder: Path,
    source: Path | None = None,
    keys: Iterable[str] = (),
) -> dict[str, Any]:
    """Process a scan in a process that notes its steps; times count from the start of the process."""
    wanted, found = folder / "steps.json", folder / "spans.json"
    wanted.write_text(json.dumps(list(steps)), encoding="utf-8")
    began = time.perf_counter()
    words = [sys.executable, str(ROOT / "benchmarks" / "spans.py"), str(wanted), str(found), repr(began)]
    words += ["process", str(scan), "-o", str(folder / "out"), "--overwrite", "-q"]
    words += [word for key in keys for word in ("--set", key)]
    spent = processes.run(words, processes.environment(source))
    document = json.loads(found.read_text(encoding="utf-8"))
    return steps_of(document, steps, began, spent.wall_s) | {
        "whole": {
            "begin_s": 0.0,
            "end_s": spent.wall_s,
            "processor_s": spent.processor_s,
            "peak_mb": document["peak_kb"] * 1024 / 1e6,
        },
        "missing": document["missing"],
    }


def steps_of(
    document: dict[str, Any], steps: Sequence[dict[str, Any]], began: float, wall_s: float
) -> dict[str, dict[str, float]]:
    """Put spans of equal names together, and give the steps that are between others."""
    found: dict[str, dict[str, float]] = {}
    counted = {
        step["name"]: {"own": ("own_s",), "pool": ("own_s", "kernels_s")}.get(
            step.get("processor", "all"), ("all_s",)
        )
        for step in steps
    }
    for span in document["spans"]:
        part = {
            "begin_s": span["begin_s"] - began,
            "end_s": span["end_s"] - began,
            "processor_s": sum(span[key] for key in counted[span["name"]]),
            "peak_mb": span["peak_kb"] * 1024 / 1e6,
        }
        found[span["name"]] = _joined([found[span["name"]], part] if span["name"] in found else [part])
    for step in steps:
        inner = [part for name, part in found.items() if name.startswith(step["name"] + "/")]
        if step["name"] not in found and inner:
            found[step["name"]] = _joined(inner)
    if found:
        top = [part for name, part in found.items() if "/" not in name]
        first, last = min(part["begin_s"] for part in top), max(part["end_s"] for part in top)
        rest_s = document["processor_s"] - sum(part["processor_s"] for part in top)
        found["start-up"] = {"begin_s": 0.0, "end_s": first, "processor_s": rest_s, "peak_mb": None}
        found["exit"] = {"begin_s": last, "end_s": wall_s, "processor_s": None, "peak_mb": None}
    return found


def _joined(parts: Sequence[dict[str, float]]) -> dict[str, float]:
    return {
        "begin_s": min(part["begin_s"] for part in parts),
        "end_s": max(part["end_s"] for part in parts),
        "processor_s": sum(part["processor_s"] for part in parts),
        "peak_mb": max(part["peak_mb"] for part in parts),
    }


def measure(name: str, table: dict[str, Any], runs: int, source: Path | None = None) -> dict[str, Any]:
    """Process a scan of the budget some times, noted and bare in turns."""
    scan, keys = scan_file(name, table), table["scans"][name].get("set", [])
    every, bare, least = [], [], []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        words = ["process", scan, "-o", folder / "out", "--overwrite", "-q"]
        words += [word for key in keys for word in ("--set", key)]
        processes.dualsense(*words, source=source)  # compiles
        for _ in range(runs):
            bare.append(processes.dualsense(*words, source=source))
            every.append(noted(scan, table["steps"], folder, source, keys))
            least.append(processes.run([sys.executable, "-c", "import numpy"], processes.environment()).wall_s)
    middle = sorted(every, key=lambda run: run["whole"]["end_s"])[len(every) // 2]
    spans = [run["processing"]["end_s"] - run["processing"]["begin_s"] for run in every if "processing" in run]
    return {
        "steps": middle,
        "limits": table["limits"].get(name, {}),
        "processing_s": statistics.median(spans) if spans else float("nan"),
        "whole_s": statistics.median(spent.wall_s for spent in bare),
        "processor_s": statistics.median(spent.processor_s for spent in bare),
        "peak_mb": max(spent.peak_mb for spent in bare),
        "start_up": statistics.median(
            run["start-up"]["end_s"] / least_s for run, least_s in zip(every, least, strict=True)
        ),
    }


def table_text(measured: dict[str, Any], steps: Sequence[dict[str, Any]]) -> str:
    """Draw the steps as a tree, each with a bar from its begin to its end within the whole."""
    parts = measured["steps"]
    whole, held = parts["whole"], "processing_s" in measured["limits"]
    lines = [f"{'step':<22}{'wall s':>8}{'cpu s':>8}{'peak MB':>9}{'share':>8}{'allowed':>9}  begin to end"]
    lines.append(_line("file to report", whole, whole, measured["limits"].get("whole_s")))
    for step in steps:
        part = parts.get(step["name"])
        depth = step["name"].count("/")
        label = "  " * (depth + 1) + step["name"].rpartition("/")[2]
        if part is None:
            lines.append(f"{label:<22}{'-':>8}   not met in this run")
        else:
            lines.append(_line(label, part, whole, step.get("wall_s") if held else None))
    if parts["missing"]:
        lines.append(f"no such function, or never called: {', '.join(parts['missing'])}")
    return "\n".join(lines)


def _line(label: str, part: dict[str, float], whole: dict[str, float], allowed_s: float | None) -> str:
    wall_s = part["end_s"] - part["begin_s"]
    scale = BAR / whole["end_s"]
    left = min(round(scale * part["begin_s"]), BAR - 1)
    long = max(1, round(scale * part["end_s"]) - left)
    bar = " " * left + "▇" * min(long, BAR - left)
    share = f"{100.0 * wall_s / whole['end_s']:.1f} %"
    mark = "!" if allowed_s is not None and wall_s > OVER * allowed_s else " "
    took, peak = _number(part["processor_s"], ".3f"), _number(part["peak_mb"], ".0f")
    text = f"{label:<22}{wall_s:>8.3f}{took:>8}{peak:>9}{share:>8}"
    return f"{text}{'-' if allowed_s is None else format(allowed_s, '.2f'):>8}{mark}  {bar}".rstrip()


def _number(value: float | None, pattern: str) -> str:
    return "-" if value is None else format(value, pattern)


def references_text(references: dict[str, Any]) -> str:
    """Say of the work within steps how many times as fast it is as its plain reference."""
    lines = ["times as fast as the plain reference (benchmarks.references):"]
    lines += [f"  {name:<40}{one['ratio']:>9.1f}  {one['note']}".rstrip() for name, one in references.items()]
    return "\n".join(lines)


def verdicts(measured: dict[str, Any]) -> list[tuple[str, float, float]]:
    """Give each limit as name, what was measured, and what is allowed."""
    return [(name, measured[name], allowed) for name, allowed in measured["limits"].items()]


def show(name: str, measured: dict[str, Any], steps: Sequence[dict[str, Any]]) -> str:
    """Say what a scan cost, with its table."""
    lines = [f"{name}", table_text(measured, steps), ""]
    for limit, value, allowed in verdicts(measured):
        lines.append(f"  {limit:<14}{value:>9.3f} of {allowed:g}{'' if value <= allowed else '  OVER'}")
    return "\n".join(lines) + f"\n  processor_s   {measured['processor_s']:>9.3f}\n"


def run(names: Iterable[str] = (), runs: int = 5, source: Path | None = None) -> dict[str, Any]:
    """Measure scans of the budget (all by default), and print each as it is done."""
    table = load()
    found = {}
    for name in names or table["scans"]:
        found[name] = measure(name, table, runs, source)
        print(show(name, found[name], table["steps"]), flush=True)
    return found


def main() -> int:
    """Print the tables; with --check the exit status says whether every limit is kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.budget", description=__doc__.splitlines()[0])
    parser.add_argument("scans", nargs="*", choices=[*load()["scans"], []], help="all by default")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--source", type=Path, help="the package in this folder instead, such as another revision's src"
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a limit is broken")
    parser.add_argument("--references", type=Path, metavar="FILE", help="what benchmarks.references wrote")
    options = parser.parse_args()
    found = run(options.scans, options.runs, options.source)
    if options.references is not None:
        print(references_text(json.loads(options.references.read_text(encoding="utf-8"))))
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    broken = [limit for one in found.values() for limit, value, allowed in verdicts(one) if value > allowed]
    return 1 if options.check and broken else 0


if __name__ == "__main__":
    sys.exit(main())
