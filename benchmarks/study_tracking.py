"""What errors of the track cost, and what the track that metal mends gives back.

    python -m benchmarks.study_tracking --log FILE                   simulate what FILE lacks, print the tables
    python -m benchmarks.study_tracking --log FILE -o FIGURE.png     and draw them

Lanes of 50 by 45 cm with a PMN and a cartridge; each is simulated once, and told with tracking errors of 0, 2, 5,
10 and 20 mm in each direction, half of their variance lasting half a second, and with heads that tilt by 2 degrees
where the file says that they are level. Told are how far aside and too deep the two are located, dipoles where
nothing lies within 10 cm, and how far the track is off at rows within 15 cm of metal, as told and as metal mends
it. Focus is the peak of the radar's image within 6 cm of the PMN over the median of the ground's highest values,
with the track as told, as mended, and as it was: the median of the lanes that have an image. The full-wave samples
have no true track: theirs is the one that tells the metal's own fields best when dipoles are known
(`benchmarks/simulate/twin_track.py`).
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dualsense.scan import Pose, Scan

FIRST_SEED = 9_500_000
ERRORS_MM = (0.0, 2.0, 5.0, 10.0, 20.0)
TILT_DEG = 2.0
LENGTH_M, WIDTH_M = 0.5, 0.45
MIDDLE_HZ = 1e4
NEAR_METAL_M, PHANTOM_M, PEAK_M = 0.15, 0.10, 0.06
SAMPLES = Path(__file__).resolve().parent.parent / "sample_data"
TRACKS = ("told", "mended", "true")


@dataclass(frozen=True)
class Told:
    """What one track tells of one lane. ``error_mm`` and ``focus_db`` by track: as told, as mended, as it was."""

    lane: str
    case: str
    aside_mm: list[float]
    deep_mm: list[float]
    phantoms: int
    error_mm: dict[str, list[float]]
    focus_db: dict[str, float]


def metal_of(scan: Scan, pose: Pose) -> tuple[Any, Any]:
    """Rows as the track has them, and what was found and located in them."""
    from dualsense import emi
    from dualsense.survey import track_at

    samples = emi.normalise(scan.emi, track_at(pose, scan.emi.time_s))
    rows = emi.bin_along_track(samples)
    found = emi.find_dipoles(rows, emi.white_noise(samples) / np.sqrt(np.median(rows.count)))
    return rows, emi.refine(rows, found)


def mended_pose(pose: Pose, rows: Any, found: Any) -> Pose:
    """Move the poses by what metal tells of the rows; nothing where it tells nothing."""
    shift, order = found.mended.center_m - rows.center_m, np.argsort(rows.time_s, kind="stable")
    moves = [np.interp(pose.time_s, rows.time_s[order], shift[order, axis]) for axis in range(3)]
    return replace(pose, position_m=pose.position_m + np.column_stack(moves))


def focus_db(scan: Scan, pose: Pose, x_m: float, y_m: float) -> float:
    """Peak of the image above a place over the median of what the ground has at its strongest depth."""
    from dualsense.chain import process_scan

    volume = process_scan(replace(scan, pose=pose, emi=None, truth=None)).gpr_volume
    strongest = np.nanmax(np.where(np.isfinite(volume.values), volume.values, -np.inf), axis=0)
    y, x = np.meshgrid(volume.grid.y_m, volume.grid.x_m, indexing="ij")
    near = np.hypot(x - x_m, y - y_m) <= PEAK_M
    covered = strongest > 0.0
    return float(20.0 * np.log10(strongest[near].max() / np.median(strongest[covered & ~near])))


def off_mm(rows: Any, pose: Pose, true: Pose, metal_m: np.ndarray) -> list[float]:
    """Root mean squares of x, y and height by which a track is off at rows near metal."""
    from dualsense.survey import track_at

    near = np.hypot(*(rows.center_m[:, None, :2] - metal_m[:, :2]).transpose(2, 0, 1)).min(axis=1) < NEAR_METAL_M
    at, was = (track_at(one, rows.time_s[near]).position_m for one in (pose, true))
    return (1e3 * np.sqrt(((at - was) ** 2).mean(axis=0))).tolist()


def middle(dipoles: Any) -> np.ndarray:
    """Where the metal (3,) of one object is in the middle, by how much there is of it."""
    from dualsense import induction

    tensors = [induction.polarizability(spectrum, np.array([MIDDLE_HZ]))[0] for _, spectrum in dipoles]
    amount = np.array([abs(np.trace(one)) for one in tensors])
    return amount @ np.array([place for place, _ in dipoles]) / amount.sum()


def simulated(number: int) -> Iterator[Told]:
    """One lane with every error of its track."""
    from dualsense.simulate import PRESETS, Buried, Motion, Noise, Scene, metal_dipoles, simulate_scan

    rng = np.random.default_rng(FIRST_SEED + number)
    jitter = rng.uniform(-0.03, 0.03, (2, 2))
    things = (
        Buried("PMN", 0.15 + jitter[0, 0], 0.15 + jitter[0, 1], float(rng.uniform(0.02, 0.07))),
        Buried("cartridge", 0.37 + jitter[1, 0], 0.31 + jitter[1, 1], float(rng.uniform(0.02, 0.08)),
               yaw_deg=float(rng.uniform(0.0, 180.0))),
    )  # fmt: skip
    soil = PRESETS[("sand", "laterite")[number % 2]].soil
    for tilted in (False, True):
        motion = Motion(length_m=LENGTH_M, width_m=WIDTH_M, tilt_std_deg=TILT_DEG * tilted, tilt_recorded=False)
        scene = Scene(soil=soil, objects=things, motion=motion, noise=replace(Noise(), position_std_m=(0.0,) * 3))
        scan = simulate_scan(scene, seed=FIRST_SEED + number)
        centres = np.array([middle(metal_dipoles((thing,))) for thing in things])
        for error_mm in (2.0,) if tilted else ERRORS_MM:
            noise = replace(scene.noise, position_std_m=(1e-3 * error_mm,) * 3)
            told = simulate_scan(replace(scene, noise=noise, radar=None), seed=FIRST_SEED + number)
            case = f"{error_mm:g} mm" + (f" and {TILT_DEG:g}° of tilt" if tilted else "")
            yield measured(f"lane {number}", case, replace(scan, pose=told.pose), scan.pose, centres, things[0])


def measured(lane: str, case: str, scan: Scan, true: Pose, metal_m: np.ndarray, mine: Any) -> Told:
    """Locate metal and focus the mine with each track."""
    rows, found = metal_of(scan, scan.pose)
    poses = dict(zip(TRACKS, (scan.pose, mended_pose(scan.pose, rows, found), true), strict=True))
    places = np.array([d.position_m for d in found.dipoles]).reshape(-1, 3)
    away = np.hypot(*(places[:, None, :2] - metal_m[:, :2]).transpose(2, 0, 1)).reshape(len(places), len(metal_m))
    near = [int(n) for n in away.argmin(axis=0)] if len(places) else []
    pairs = [(n, k) for k, n in enumerate(near) if away[n, k] < PHANTOM_M]
    return Told(
        lane,
        case,
        [round(1e3 * float(away[n, k]), 2) for n, k in pairs],
        [round(1e3 * float(metal_m[k, 2] - places[n, 2]), 2) for n, k in pairs],
        int((away.min(axis=1) > PHANTOM_M).sum()) if len(places) else 0,
        {name: off_mm(rows, poses[name], true, metal_m) for name in TRACKS[:2]},
        {name: round(focus_db(scan, poses[name], mine.x_m, mine.y_m), 2) for name in TRACKS},
    )


def full_wave(path: Path) -> Told | None:
    """One full-wave sample: the true track is the one that its known dipoles tell; None without metal or mine."""
    sys.path.insert(0, str(SAMPLES.parent / "benchmarks" / "simulate"))
    from twin_scene import load

    recorded = load(path)
    scan, coils = recorded.scan, recorded.coils
    mines = [n for n, label in enumerate(scan.truth.label) if label == "mine"]
    if not mines or scan.gpr is None:
        return None
    true = replace(scan.pose, position_m=scan.pose.position_m + coils.moved(scan.pose.time_s))

    class Mine:
        x_m, y_m = scan.truth.x_m[mines[0]], scan.truth.y_m[mines[0]]

    return measured(path.stem, "full wave", scan, true, np.atleast_2d(coils.place), Mine)


def rms(values: list[float]) -> float:
    """Root mean square; NaN without any."""
    return float(np.sqrt(np.mean(np.square(values)))) if values else float("nan")


def tables(told: list[Told]) -> list[str]:
    """A row for each error, then one for each full-wave sample."""
    heads = (
        "tracking error",
        "located aside, too deep, mm rms",
        "dipoles where nothing lies, per m²",
        "track near metal off by, mm (x, y, height): as told; mended",
        "focus, dB, median: as told, mended, true track",
    )
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    cases = list(dict.fromkeys(one.case for one in told if one.case != "full wave"))
    groups = [(case, [one for one in told if one.case == case]) for case in cases]
    groups += [(one.lane, [one]) for one in told if one.case == "full wave"]
    for name, own in groups:
        aside, deep = (rms([v for one in own for v in getattr(one, key)]) for key in ("aside_mm", "deep_mm"))
        per_m2 = sum(one.phantoms for one in own) / (len(own) * LENGTH_M * WIDTH_M)
        off = [[rms([one.error_mm[track][k] for one in own]) for k in range(3)] for track in TRACKS[:2]]
        focus = [np.nanmedian([one.focus_db[track] for one in own]) for track in TRACKS]
        lines.append(
            f"| {name} | {aside:.1f}, {deep:.1f} | {per_m2:.1f} | "
            + "; ".join(", ".join(f"{v:.1f}" for v in each) for each in off)
            + " | " + ", ".join(f"{v:.1f}" for v in focus) + " |"
        )  # fmt: skip
    return lines


def picture(told: list[Told], path: Path) -> None:
    """Draw located errors, what is left of the track's error, and focus, over the tracking error."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 3.6), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    at, off, focus = figure.subplots(1, 3)
    groups = [[one for one in told if one.case == f"{mm:g} mm"] for mm in ERRORS_MM]
    for key, label in (("aside_mm", "to the side"), ("deep_mm", "in depth")):
        at.plot(
            ERRORS_MM, [rms([v for one in own for v in getattr(one, key)]) for own in groups], "o-", label=label
        )
    for track, style in zip(TRACKS[:2], ("s--", "o-"), strict=True):
        for axis, name, colour in ((0, "x", "#0072b2"), (1, "y", "#d55e00"), (2, "height", "#009e73")):
            values = [rms([one.error_mm[track][axis] for one in own]) for own in groups]
            off.plot(ERRORS_MM, values, style, color=colour, label=f"{name}, {track}", alpha=0.9)
    for track, style in zip(TRACKS, ("s--", "o-", "k:"), strict=True):
        focus.plot(
            ERRORS_MM, [np.nanmedian([one.focus_db[track] for one in own]) for own in groups], style, label=track
        )
    names = ("metal located off by, mm rms", "track near metal off by, mm rms", "PMN over the ground, dB, median")
    for axes, name in zip((at, off, focus), names, strict=True):
        axes.set_title(name, fontsize=10)
        axes.set_xlabel("tracking error, mm in each direction")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    at.set_ylim(bottom=0.0)
    figure.suptitle("Errors of the track, and the track mended by metal (simulated)", fontsize=11)
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--lanes", type=int, default=8)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--no-samples", action="store_true")
    asked = parser.parse_args()
    lines = asked.log.read_text().splitlines() if asked.log.exists() else []
    told = [Told(**json.loads(line)) for line in lines]
    known = {one.lane for one in told}

    def keep(new: list[Told]) -> None:
        told.extend(new)
        with asked.log.open("a") as log:
            log.writelines(json.dumps(vars(one)) + "\n" for one in new)

    for number in range(asked.lanes):
        if f"lane {number}" not in known:
            keep(list(simulated(number)))
    for path in [] if asked.no_samples else sorted(SAMPLES.glob("*.h5")):
        if path.stem not in known:
            one = full_wave(path)
            keep([] if one is None else [one])
    print("\n".join(tables(told)))
    if asked.output:
        picture(told, asked.output)


if __name__ == "__main__":
    main()
