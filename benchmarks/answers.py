"""What is known of public recordings, held against what the command line alone says of them.

    python -m benchmarks.answers [--only NAME,NAME] [--data FOLDER] [--json FILE]

Each recording is imported and processed by the program as a user would, and its answers are read from what that
leaves. Files stay outside the repository for reasons of licence; where they are absent it says so and ends with 0.
The answers were in view when the program was made, so that agreement is no independent proof: it shows that what
once agreed still does. Ends with 1 where an answer is missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from benchmarks.outputs import SHARED

if TYPE_CHECKING:
    from collections.abc import Callable

C0_M_NS = 0.299792458
LARGE = (
    "survey.cell_m=0.05", "gpr.migrate.depth_stop_m=3", "gpr.migrate.depth_step_m=0.1",
    "gpr.migrate.aperture_m=1.0", "gpr.migrate.max_aperture_m=2", "gpr.background.line_radius_m=5",
)  # fmt: skip
"""For waves of decimetres and ground of metres: the recipe's own are for mines."""
BAND = (
    "gpr.bandpass.on=true", "gpr.bandpass.low_hz=5e7", "gpr.bandpass.high_hz=4.5e8", "gpr.bandpass.taper_hz=2e7",
)  # fmt: skip
CUBE = (
    "survey.cell_m=0.05", "survey.gpr_reach_m=0.08", "gpr.traces.window_s=40e-9",
    "gpr.soil.relative_permittivity=25", "gpr.migrate.depth_stop_m=0.6", "gpr.migrate.depth_step_m=0.02",
    "gpr.migrate.aperture_m=0.3", "gpr.migrate.max_aperture_m=0.6",
)  # fmt: skip
PIPES = ((1085, 21.0), (1114, 27.0), (969, 30.0), (1009, 34.0))
"""Apexes that a reader of the radargram sees down to 3 m, where the images end: trace, and time after the
direct wave, ns."""
PIPE_ASIDE_M, PIPE_LATE_NS = 0.3, 4.0
APART_M, LENGTH_M = 0.2, 9.0
"""Of the lines of the area."""
ROUNDS = 200


@dataclass(frozen=True)
class Answer:
    """One thing that is known, and what the program says."""

    recording: str
    what: str
    known: str
    found: str
    agrees: bool


@dataclass(frozen=True)
class Told:
    """What processing left: speed in m/ns, targets, notes of the provenance."""

    speed_m_ns: float
    targets: list[dict[str, Any]]
    notes: dict[str, str]
    folder: Path


def dualsense(*words: str) -> None:
    """Run the program; a failure ends this one with its sentence."""
    ran = subprocess.run([sys.executable, "-m", "dualsense", *words], capture_output=True, text=True, check=False)
    if ran.returncode:
        sys.exit(f"dualsense {' '.join(words[:2])}: {ran.stderr.strip()}")


def processed(scan: Path, folder: Path, sets: tuple[str, ...] = (), options: tuple[str, ...] = ()) -> Told:
    """Process a recording, and read what that left."""
    given = [word for one in sets for word in ("--set", one)]
    given += [word for one in options for word in ("--option", one)]
    dualsense("process", str(scan), "-o", str(folder), "-q", *given)
    with h5py.File(folder / "result.h5", "r") as file:
        speed = C0_M_NS / float(file.attrs["relative_permittivity"]) ** 0.5
        pairs = zip(*(file[f"provenance/{key}"].asstr()[()] for key in ("name", "value")), strict=True)
        notes = {str(key): str(value) for key, value in pairs}
    report = json.loads((folder / "targets.json").read_text(encoding="utf-8"))
    return Told(speed, report["targets"], notes, folder)


def bars(told: Told, along: tuple[float, float], deep: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Give places along the line and depths of the targets within a stretch."""
    inside = [t for t in told.targets if along[0] < t["x_m"] < along[1] and deep[0] < t["depth_m"] < deep[1]]
    inside.sort(key=lambda one: one["x_m"])
    return np.array([t["x_m"] for t in inside]), np.array([t["depth_m"] for t in inside])


def concrete(data: Path, folder: Path) -> list[Answer]:
    """Bars 8 inches apart under a 1.6 GHz antenna (CHARISMA)."""
    path = data / "charisma" / "Lab_specimen_data.DZT"
    told = processed(path, folder / "charisma", options=("antenna_separation_m=0.058",))
    x, depth_m = bars(told, (0.4, 2.75), (0.045, 0.09))
    step, middle, speed = float(np.median(np.diff(x))), float(np.median(depth_m)), told.speed_m_ns
    return [
        Answer("charisma", "speed, m/ns", "0.090 ± 0.0025", f"{speed:.4f}", abs(speed - 0.090) <= 0.004),
        Answer("charisma", "bars", "13 apexes, some at the ends", f"{x.size}", 11 <= x.size <= 13),
        Answer("charisma", "apart, m", "0.203", f"{step:.3f}", abs(step - 0.203) <= 0.005),
        Answer(
            "charisma",
            "deep, cm",
            "6.3 to 7.5, to half a centimetre",
            f"{100.0 * middle:.1f}",
            0.060 <= middle <= 0.078,
        ),
    ]


def wall(data: Path, folder: Path) -> list[Answer]:
    """Bars in a wall under a 3 GHz antenna (IDS)."""
    told = processed(data / "ids" / "LID10003.dt", folder / "ids")
    x, depth_m = bars(told, (-1.0, 9.0), (0.03, 0.06))
    step, middle, speed = float(np.median(np.diff(x))), float(np.median(depth_m)), told.speed_m_ns
    return [
        Answer("ids", "speed, m/ns", "0.135 ± 0.005", f"{speed:.4f}", abs(speed - 0.135) <= 0.006),
        Answer("ids", "bars apart, m", "about 0.19", f"{step:.3f}", abs(step - 0.19) <= 0.02),
        Answer("ids", "deep, cm", "3.5 to 5", f"{100.0 * middle:.1f}", 0.035 <= middle <= 0.05),
    ]


def trench(data: Path, folder: Path) -> list[Answer]:
    """Pipes in a trench of limestone sand (SU)."""
    path = data / "matgpr" / "trench_and_pipes.su"
    told = processed(path, folder / "trench", (*LARGE, *BAND, "gpr.traces.window_s=9e-8"))
    speed = told.speed_m_ns
    return [Answer("matgpr trench", "speed, m/ns", "0.165", f"{speed:.4f}", abs(speed - 0.165) <= 0.04 * 0.165)]


def pipes(data: Path, folder: Path) -> list[Answer]:
    """Pipes under a 400 MHz antenna, places by the marks of every metre (TU1208)."""
    path, scan = data / "tu1208" / "400MHz-Limestone_2_rev.dzt", folder / "tu1208.h5"
    dualsense(
        "import", str(path), "-o", str(scan), "--option", "mark_spacing_m=1", "--option", "first_mark=2", "-q"
    )
    with h5py.File(scan, "r") as file:
        x = file["pose/position"][:, 0]
    told = processed(scan, folder / "tu1208", (*LARGE, "gpr.traces.window_s=8.5e-8"))
    near = [
        any(
            abs(t["x_m"] - x[trace]) <= PIPE_ASIDE_M
            and abs(2.0 * t["depth_m"] / told.speed_m_ns - late_ns) <= PIPE_LATE_NS
            for t in told.targets
        )
        for trace, late_ns in PIPES
    ]
    per_m = 1.0 / float(np.median(np.diff(x)))
    return [
        Answer("tu1208", "traces per metre", "about 58", f"{per_m:.1f}", abs(per_m - 58.0) <= 3.0),
        Answer("tu1208", "pipes listed, down to 3 m", f"{len(PIPES)} apexes seen", f"{sum(near)}", all(near)),
    ]


def cube(data: Path, folder: Path) -> list[Answer]:
    """Images of an area's x-lines and y-lines where they cross, beside crossings that are shuffled."""
    every, images = APART_M * np.arange(0, 12, 2), []
    for kind in ("dir1", "dir2"):
        files = [data / "gprpy_cube" / kind / f"FILE____{n:03d}.DZT" for n in range(1, 13, 2)]
        rows = ["file,x_m,y_m,x_end_m,y_end_m"]
        for one, aside in zip(files, every, strict=True):
            ends = (0.0, aside, LENGTH_M, aside) if kind == "dir1" else (aside, 0.0, aside, LENGTH_M)
            rows.append(",".join([one.name, *(f"{end:.3f}" for end in ends)]))
        layout, scan = folder / f"{kind}.csv", folder / f"{kind}.h5"
        layout.write_text("\n".join(rows) + "\n", encoding="utf-8")
        dualsense("import", *map(str, files), "--layout", str(layout), "-o", str(scan), "-q")
        told = processed(scan, folder / kind, CUBE)
        images.append(_at_crossings(told.folder / "result.h5", every))
    one, other = (image - image.mean(axis=(0, 1)) for image in images)
    rng = np.random.default_rng(0)
    columns = other.reshape(-1, other.shape[2])
    mixed = [_alike(one, rng.permutation(columns).reshape(other.shape)) for _ in range(ROUNDS)]
    chance, real = float(np.quantile(mixed, 0.95)), _alike(one, other)
    found = f"{real:.2f} (shuffled {np.mean(mixed):.2f} ± {np.std(mixed):.2f})"
    return [Answer("gprpy_cube", "correlation of x- and y-lines at crossings", "agree", found, real > chance)]


def _at_crossings(path: Path, every: np.ndarray) -> np.ndarray:
    """Give the mean logarithm (lines, lines, depth) of the volume about each crossing."""
    with h5py.File(path, "r") as file:
        volume, depth_m, x_m, y_m = (file[f"gpr/{key}"][()] for key in ("values", "depth", "x", "y"))
    at_x, at_y = (np.abs(axis - every[:, None]) <= 0.051 for axis in (x_m, y_m))
    logs = np.log(volume[depth_m > 0.05])
    return np.array([[np.nanmean(logs[:, j][:, :, i], axis=(1, 2)) for i in at_x] for j in at_y])


def _alike(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


CASES: dict[str, Callable[[Path, Path], list[Answer]]] = {
    "charisma": concrete,
    "ids": wall,
    "trench": trench,
    "tu1208": pipes,
    "cube": cube,
}


def table(found: list[Answer]) -> str:
    """Write answers as Markdown."""
    lines = ["| recording | what | known | found | |", "|---|---|---|---|---|"]
    for a in found:
        cells = (a.recording, a.what, a.known, a.found, "yes" if a.agrees else "NO")
        lines += [f"| {' | '.join(cells)} |"]
    return "\n".join(lines)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(CASES), help="names with commas between them")
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if not (given.data / "charisma").is_dir():
        print(f"skipped: no recordings in {given.data}, whose licences keep them out of the repository")
        return 0
    found: list[Answer] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in given.only.split(","):
            found += CASES[name](given.data, Path(folder))
            print(table(found[-1:]).splitlines()[-1], file=sys.stderr)
    print(table(found))
    if given.json:
        given.json.write_text(json.dumps([asdict(a) for a in found], indent=1) + "\n", encoding="utf-8")
    return 0 if all(a.agrees for a in found) else 1


if __name__ == "__main__":
    sys.exit(main())
