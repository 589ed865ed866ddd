"""``python -m benchmarks [PATTERN] [--json FILE]``: run every ``bench_*.py`` and print what it measured.

A benchmark is a module ``benchmarks/**/bench_*.py`` with a function ``run() -> dict[str, float]``: name of the
quantity, its unit in the name, to value. Each runs in a process of its own, so that neither memory nor compiled
code of one helps or hurts the next.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent
LIBRARIES = ("dualsense", "numpy", "scipy", "numba", "h5py", "matplotlib")
RUN_ONE = """
import importlib.util, json, math, sys
spec = importlib.util.spec_from_file_location("bench", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
measured = module.run()
bad = [name for name, value in measured.items() if not math.isfinite(value)]
assert measured and not bad, f"no finite value for {bad or 'anything'}"
print("\\n" + json.dumps({name: float(value) for name, value in measured.items()}))
"""


def find(pattern: str) -> list[Path]:
    """Return the benchmarks whose path below ``benchmarks/`` holds the pattern."""
    return [path for path in sorted(ROOT.rglob("bench_*.py")) if pattern in path.relative_to(ROOT).as_posix()]


def measure(path: Path) -> dict[str, object]:
    """Run one benchmark and return its quantities, or the last line of its error."""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", RUN_ONE, str(path)], capture_output=True, text=True, check=False)
    wall_s = time.perf_counter() - began
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        return {"error": lines[-1], "wall_s": wall_s}
    return {"measured": json.loads(done.stdout.splitlines()[-1]), "wall_s": wall_s}


def machine() -> dict[str, object]:
    """Say what the numbers were measured on."""
    return {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def main() -> int:
    """Run, print, and write JSON on request; exit status 1 when a benchmark failed or none was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("pattern", nargs="?", default="", help="only benchmarks whose path holds this")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")
    options = parser.parse_args()
    results: dict[str, dict[str, object]] = {}
    for path in find(options.pattern):
        name = path.relative_to(ROOT).with_suffix("").as_posix()
        results[name] = measure(path)
        print(f"{name}  ({results[name]['wall_s']:.1f} s)")
        if "error" in results[name]:
            print(f"  FAILED: {results[name]['error']}", file=sys.stderr)
        for quantity, value in results[name].get("measured", {}).items():
            print(f"  {quantity:<44} {value:>14.6g}")
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        document = {"schema": "dualsense-bench", "machine": machine(), "benchmarks": results}
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        print(f"\nwrote {options.json}")
    if not results:
        print(f"no benchmark matches {options.pattern!r}", file=sys.stderr)
    return 1 if not results or any("error" in result for result in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
