"""Makes the list of kernels and signatures that ``dualsense warm-up`` compiles.

    python -m benchmarks.signatures             writes src/dualsense/runtime/kernels.json anew
    python -m benchmarks.signatures --part samples      only what the two samples ask for
    python -m benchmarks.signatures --check     says what would change, and exits with 1 when anything would

What is listed is what a process with a warm cache asks for: of a kernel that another one calls there is no entry,
because the code of the one that calls holds it. Each part is run in a process of its own, twice where it had to
compile.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import budget, processes

ROOT = processes.ROOT
LIST = ROOT / "src" / "dualsense" / "runtime" / "kernels.json"
SAMPLES = ("ts50_casing", "pmn_sand_impulse")
PRESET = "cambodia-laterite"


def run_samples(folder: Path) -> None:
    """Process two sample scans, of tones and of time samples, as `dualsense process` does."""
    from dualsense.cli import run

    for name in SAMPLES:
        _must(run(["process", str(ROOT / "sample_data" / f"{name}.h5"), "-o", str(folder / name), "-q"]))


def run_all(folder: Path) -> None:
    """Ask for everything else: the simulator, a cart, a detector of gates, a replay, and steps that are off."""
    from benchmarks import outputs

    from dualsense.cli import run

    scene, gates = budget.load()["scans"]["gates"]["scene"], folder / "gates.h5"
    small = ROOT / "sample_data" / "pmn_sand.h5"
    _must(run(["simulate", str(ROOT / scene), "--seed", "1", "-o", str(gates), "-q"]))
    _must(run(["process", str(gates), "-o", str(folder / "gates"), "-q"]))
    for name, more in (("hand", []), ("cart", ["--cart"])):
        scan = folder / f"{name}.h5"
        _must(run(["simulate", "--preset", PRESET, "--seed", "1", "-o", str(scan), *more, "-q"]))
        _must(run(["process", str(scan), "-o", str(folder / name), "-q"]))
    _must(run(["replay", str(small), "--speed", "max", "--step", "10", "-o", str(folder / "replay"), "-q"]))
    for case in outputs.cases(folder):
        if case.overrides:
            words = [part for override in case.overrides for part in ("--set", override)]
            _must(run(["process", str(case.scan), "-o", str(folder / case.name), "-q", *words]))


PARTS = {"samples": run_samples, "others": run_all}


def _must(status: int) -> None:
    if status != 0:
        msg = f"the command line ended with {status}"
        raise RuntimeError(msg)


def used(part: str) -> dict[str, Any]:
    """Run a part in this process; give what it asked for, and whether it had to compile."""
    from dualsense.runtime.jit import KERNELS
    from dualsense.runtime.warmup import used_signatures

    with tempfile.TemporaryDirectory() as folder:
        PARTS[part](Path(folder))
    return {"used": used_signatures(), "anew": any(kernel.stats.cache_misses for kernel in KERNELS.values())}


def asked(part: str) -> dict[str, list[Any]]:
    """Give what a part asks for in a process with a warm cache."""
    for _ in range(3):
        words = [sys.executable, "-m", "benchmarks.signatures", "--used", part]
        done = subprocess.run(
            words, cwd=ROOT, env=processes.environment(), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        found = json.loads(done.stdout.splitlines()[-1])
        if not found["anew"]:
            return found["used"]
    msg = f"{part}: kernels are compiled again and again: is the cache switched off?"
    raise RuntimeError(msg)


def text(parts: dict[str, dict[str, list[Any]]]) -> str:
    """Write the list with one signature in a line, for the differences to be read."""
    blocks = []
    for part, kernels in parts.items():
        lines = []
        for kernel, signatures in kernels.items():
            every = ",\n".join(f"   {json.dumps(signature)}" for signature in signatures)
            lines.append(f"  {json.dumps(kernel)}: [\n{every}]")
        inner = ",\n".join(lines)
        blocks.append(f' "{part}": {{\n{inner}}}')
    return "{\n" + ",\n".join(blocks) + "}\n"


def listed(part: str) -> dict[str, list[Any]]:
    """Read a part of the list."""
    return json.loads(LIST.read_text(encoding="utf-8"))[part] if LIST.exists() else {}


def make(part: str | None) -> dict[str, dict[str, list[Any]]]:
    """Run all parts, or one and leave the other as it is listed; none lists what the samples ask for again."""
    samples, others = (asked(name) if part in {None, name} else listed(name) for name in PARTS)
    rest = {
        kernel: left
        for kernel, signatures in others.items()
        if (left := [one for one in signatures if one not in samples.get(kernel, [])])
    }
    return {"samples": samples, "others": rest}


def main() -> int:
    """Write or check the list."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signatures", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--part", choices=PARTS, help="only this part anew")
    parser.add_argument("--used", choices=PARTS, help="print what a part asks for in this very process")
    options = parser.parse_args()
    if options.used:
        print(json.dumps(used(options.used)))
        return 0
    before = LIST.read_text(encoding="utf-8") if LIST.exists() else "{}"
    now = text(make(options.part))
    count = sum(len(signatures) for part in json.loads(now).values() for signatures in part.values())
    changed = set(before.splitlines()) ^ set(now.splitlines())
    print(f"{count} signatures, {len(changed)} lines of the list differ")
    if options.check:
        print("\n".join(sorted(changed)))
        return 1 if changed else 0
    LIST.write_text(now, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
