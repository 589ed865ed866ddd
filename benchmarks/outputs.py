"""Whether a change of the code changed a byte of what `process` writes.

`record` processes a fixed set of scans and keeps every output file with its SHA-256; `compare` does the same with
the code as it is now (or takes a second recorded folder) and holds it against the first:

    git worktree add out/before REVISION
    python -m benchmarks.outputs record out/outputs-before --source out/before/src
    python -m benchmarks.outputs compare out/outputs-before

Sums depend on the processor and on the versions of the libraries, so both sides are made on one machine. Whether
kernels are compiled on the way or come from their cache changes nothing.

What a change adds on purpose is named in `ADDITIONS`, and taken away before a file that differs is called
different.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"
SAMPLES = (
    "clutter_only",
    "pma_laterite",
    "pmn_sand",
    "pmn_sand_impulse",
    "pmn_wet",
    "ts50_casing",
    "ts50_deep",
)
LANES = (("sand", 1), ("laterite", 2), ("cambodia-laterite", 3))
LINES = {"charisma": "charisma/Lab_specimen_data.DZT", "ids": "ids/LID10003.dt"}


@dataclass(frozen=True)
class Case:
    """One run of `process`: a scan, and what is set otherwise."""

    name: str
    scan: Path
    overrides: tuple[str, ...] = ()


def cases(folder: Path) -> list[Case]:
    """Seven samples, three simulated lanes, two real lines, single sensors, steps that recipes may ask for."""
    sample = ROOT / "sample_data"
    found = [Case(name, sample / f"{name}.h5") for name in SAMPLES]
    found += [Case(f"lane-{preset}", folder / f"lane-{preset}.h5") for preset, _ in LANES]
    found += [Case(name, SHARED / path) for name, path in LINES.items() if (SHARED / path).is_file()]
    found += [Case(f"only-{sensor}", folder / f"only-{sensor}.h5") for sensor in ("gpr", "emi")]
    impulse = sample / "pmn_sand_impulse.h5"
    tones = sample / "ts50_casing.h5"
    found += [
        Case(
            "impulse-steps",
            impulse,
            (
                "gpr.declip.on=true",
                "gpr.dewow.on=true",
                "gpr.time_zero.on=true",
                "gpr.bandpass.on=true",
                "gpr.wiener.on=true",
                "gpr.radargram.on=true",
                "gpr.gain.on=true",
            ),
        ),
        Case(
            "tone-steps",
            tones,
            (
                "gpr.height.on=true",
                "gpr.fk.on=true",
                "gpr.whitening.on=true",
                "gpr.radargram.on=true",
                "gpr.background.method=robust-pca",
                "gpr.migrate.method=wavenumber",
                "emi.locate.on=false",
                "emi.latency.delay_s=0.01",
            ),
        ),
        Case(
            "given-soil",
            tones,
            (
                "gpr.soil.relative_permittivity=4.0",
                "gpr.soil.deeper_layers=[[0.1, 9.0]]",
                "gpr.background.method=svd",
                "gpr.background.rank=2",
                "gpr.migrate.method=least-squares",
                "fusion.model=uncalibrated-rules-1",
            ),
        ),
    ]
    return found


def record(folder: Path, source: Path, jobs: int, only: str = "") -> dict[str, str]:
    """Process cases with the code in `source`; return the SHA-256 of each file, also written as sums.json."""
    folder.mkdir(parents=True, exist_ok=True)
    for preset, seed in LANES:
        path = folder / f"lane-{preset}.h5"
        _run(source, "simulate", "--preset", preset, "--seed", str(seed), "-o", str(path), "--overwrite")
    for sensor, other in (("gpr", "emi"), ("emi", "gpr")):
        path = folder / f"only-{sensor}.h5"
        path.write_bytes((ROOT / "sample_data" / "ts50_casing.h5").read_bytes())
        with h5py.File(path, "a") as file:
            del file[other]
    wanted = [case for case in cases(folder) if re.search(only, case.name)]
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(lambda case: _process(source, case, folder / case.name), wanted))
    sums = {}
    names = {case.name for case in wanted}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "sums.json" and (path.parent.name in names or path.parent == folder):
            sums[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "sums.json").write_text(json.dumps(sums, indent=1) + "\n")
    return sums


def _process(source: Path, case: Case, out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)  # a file that is no longer written must not seem to be the same
    options = [part for override in case.overrides for part in ("--set", override)]
    status = _run(source, "process", str(case.scan), "-o", str(out), "--overwrite", *options)
    out.mkdir(exist_ok=True)
    (out / "status.txt").write_text(status)


def _run(source: Path, *arguments: str) -> str:
    environment = dict(os.environ, PYTHONPATH=str(source))
    done = subprocess.run(
        [sys.executable, "-m", "dualsense", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    errors = "\n".join(line for line in done.stderr.splitlines() if "error" in line.lower())
    return f"{done.returncode}\n{errors}\n" if done.returncode else "0\n"


ADDITIONS: dict[str, str] = {
    r"result\.h5$": "format 1.1: limits of the calls, a radargram's gain, codes and values of faults",
    r"targets\.json$": "faults, each with its code and values beside its sentence",
    r"report\.html$": "codes of the faults beside their sentences",
}
"""Pattern of a file's name -> what was added to it on purpose, for the reader of the comparison."""


ADDED_TO_ARCHIVE = {
    ("/", "format_version"),
    ("/", "suspect_threshold"),
    ("/", "stated_detection"),
    ("radargram", "gain"),
}
"""Group or dataset of ``result.h5`` and attribute that were added, or whose value says so."""
ADDED_DATASETS = {"faults/code", "faults/values"}


def stripped(path: Path) -> Any:
    """Give a file's content without what was added on purpose: bytes, or nested plain values."""
    if path.suffix == ".h5" and path.name == "result.h5":
        return _hdf5(path)
    if path.name == "targets.json":
        return {key: value for key, value in json.loads(path.read_bytes()).items() if key != "faults"}
    if path.name == "report.html":
        code = rb' <span class="tag">[a-z0-9-]+</span>(?=</span></p>)'
        return re.sub(code, b"", path.read_bytes())
    return path.read_bytes()


def _hdf5(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = {}

    def visit(name: str, node: h5py.Group | h5py.Dataset) -> None:
        if name in ADDED_DATASETS:
            return
        content[f"{name}@"] = {
            key: _plain(value) for key, value in node.attrs.items() if (name, key) not in ADDED_TO_ARCHIVE
        }
        if isinstance(node, h5py.Dataset):
            content[name] = _plain(node[()])

    with h5py.File(path) as file:
        visit("/", file)
        file.visititems(visit)
    return content


def _plain(value: Any) -> Any:
    array = np.asarray(value)
    return (array.dtype.str, array.shape, array.tobytes() if array.dtype != object else repr(array.tolist()))


def compare(before: Path, after: Path, only: str = "") -> int:
    """Print what differs; return how many files do beyond what was added on purpose."""
    sums = [json.loads((folder / "sums.json").read_text()) for folder in (before, after)]
    same, added, different = 0, [], []
    for name in sorted(sums[0].keys() | sums[1].keys()):
        if only and not re.search(only, name.split("/")[0].removesuffix(".h5")):
            continue
        if sums[0].get(name) == sums[1].get(name):
            same += 1
        elif name in sums[0] and name in sums[1] and stripped(before / name) == stripped(after / name):
            added.append(name)
        else:
            different.append(name)
    print(f"{same} files have the same bytes, {len(added)} differ only in what was added, {len(different)} differ")
    for name in added:
        print(f"  added to  {name}: {next((t for p, t in ADDITIONS.items() if re.search(p, name)), '')}")
    for name in different:
        print(f"  differs   {name}")
    return len(different)


def main() -> int:
    """Record or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=("record", "compare"))
    parser.add_argument("folder", type=Path, help="what was recorded, or is to be")
    parser.add_argument(
        "after", type=Path, nargs="?", help="compare: a second recorded folder instead of the code"
    )
    parser.add_argument("--source", type=Path, default=ROOT / "src", help="folder that holds the package")
    parser.add_argument("--only", default="", metavar="PATTERN", help="cases whose name holds this")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    if given.verb == "record":
        print(f"{len(record(given.folder, given.source, given.jobs, given.only))} files in {given.folder}")
        return 0
    after = given.after
    if after is None:
        after = ROOT / "out" / "outputs-now"
        record(after, given.source, given.jobs, given.only)
    return 1 if compare(given.folder, after, given.only) else 0


if __name__ == "__main__":
    sys.exit(main())
