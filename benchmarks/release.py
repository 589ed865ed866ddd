"""Builds a release twice from what git holds, in two places, and lets it out only where both have the same bytes.

    python -m benchmarks.release -o out/release [--revision HEAD] [--try-it]

Wheel, source archive and `SHA256SUMS` lie there afterwards. Times within the archives are the commit's
(SOURCE_DATE_EPOCH). `--try-it` installs the wheel alone into an environment of its own, as pipx does, and lets it
process a sample there. Needs hatchling, and for `--try-it` a package index.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path

from benchmarks.processes import ROOT

SUMS = "SHA256SUMS"
SAMPLE = "sample_data/ts50_casing.h5"


def source(revision: str, folder: Path, root: Path = ROOT) -> int:
    """Lay the files of a revision into a folder; give the time of its commit in seconds of Unix."""
    git = ("git", "-C", str(root))
    packed = subprocess.run([*git, "archive", revision], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    told = subprocess.run(
        [*git, "log", "-1", "--format=%ct", revision], capture_output=True, text=True, check=True
    )
    return int(told.stdout)


def build(folder: Path, out: Path, epoch_s: int) -> dict[str, str]:
    """Build wheel and source archive of a folder; give their hashes by name."""
    variables = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch_s)}
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(out)],
        cwd=folder, env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        msg = f"{folder} cannot be built: {done.stderr.strip()[-400:]}"
        raise RuntimeError(msg)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.iterdir())}


def release(revision: str, out: Path, root: Path = ROOT) -> dict[str, str]:
    """Build a revision in two places, and keep what is the same in both; raise RuntimeError where it is not."""
    with tempfile.TemporaryDirectory() as top:
        found = []
        for name in ("one", "another-place"):
            folder = Path(top) / name
            epoch_s = source(revision, folder, root)
            found.append(build(folder, Path(top) / f"{name}-built", epoch_s))
        if found[0] != found[1]:
            differ = sorted(name for name in found[0] if found[0][name] != found[1].get(name))
            msg = f"built twice, and not the same: {', '.join(differ) or 'other files'}"
            raise RuntimeError(msg)
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(Path(top) / "one-built", out)
    lines = [f"{digest}  {name}\n" for name, digest in found[0].items()]
    (out / SUMS).write_text("".join(lines), encoding="utf-8")
    return found[0]


def try_it(wheel: Path) -> None:
    """Install a wheel alone where nothing else is, ask it for its help, and process a sample in a bare folder."""
    with tempfile.TemporaryDirectory() as top:
        place = Path(top)
        venv.create(place / "env", with_pip=True)
        python = place / "env" / "bin" / "python"
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*pip, str(wheel.resolve())], check=True)
        variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        shutil.copy(ROOT / SAMPLE, place / "scan.h5")
        for words in (["--version"], ["--help"], ["process", "scan.h5", "-o", "out"]):
            done = subprocess.run(
                [str(place / "env" / "bin" / "dualsense"), *words],
                cwd=place, env=variables, capture_output=True, text=True, check=True,
            )  # fmt: skip
            print(done.stdout.strip().splitlines()[0])
        if not (place / "out" / "report.html").is_file():
            msg = "the installed program left no report"
            raise RuntimeError(msg)


def main() -> int:
    """Build, compare, and say what lies where."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.release", description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--revision", default="HEAD")
    parser.add_argument("--try-it", action="store_true", help="install the wheel elsewhere and process a sample")
    asked = parser.parse_args()
    for name, digest in release(asked.revision, asked.out).items():
        print(f"{digest}  {asked.out / name}")
    if asked.try_it:
        try_it(next(asked.out.glob("*.whl")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
