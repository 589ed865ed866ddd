"""A site of overlapping scans with known truth: are duplicates merged rightly, and are places as good as stated?

``python -m benchmarks.study_site`` lays 100 scans of a square metre over a field, each with an origin and a
direction that are off by what is stated for them, lists each buried object in each scan that covers it (but for
misses), off by what the target states, and adds false alarms. All goes through files: results are written, the
site is made of them, and its objects are held against the truth. ``--sites N`` repeats it with other draws,
``--origin-std M`` and ``--density N`` make it harder.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

import numpy as np

from dualsense import render
from dualsense.result import Coverage, Grid, Result, Target
from dualsense.scan import ScanHeader
from dualsense.site import OriginError, Site, make_site

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Mapped = Callable[[NDArray[np.float64]], NDArray[np.float64]]

ORIGIN = (11.5512, 104.9125, 14.0, 0.0)
SIDE_M, PITCH_M, CELL_M = 1.0, 0.6, 0.02
APART_M = 0.12
"""No two objects lie nearer: closer ones are one for either sensor."""


@dataclass(frozen=True)
class Drawn:
    """A site as it is: places of objects, east and north of the field's corner, and what of each scan lists."""

    truth_m: NDArray[np.float64]
    lists: dict[str, dict[str, int]]  # by scan and target the object, -1 for a false alarm


def draw_site(folder: Path, rng: np.random.Generator, *, scans: int, density: float, error: OriginError) -> Drawn:
    """Write results of a field of scans, three fifths of a metre apart both ways."""
    across = int(np.ceil(np.sqrt(scans)))
    wide_m = PITCH_M * (across - 1) + SIDE_M + 0.4
    truth = _apart(rng, int(density * wide_m**2), wide_m)
    mines = rng.random(len(truth)) < 0.3
    lists = {}
    for number in range(scans):
        corner = 0.2 + PITCH_M * np.array(divmod(number, across)) + rng.uniform(-0.05, 0.05, 2)
        turn_deg = rng.uniform(-8.0, 8.0)
        name = f"scan{number:03d}"
        lists[name] = _write_scan(folder / name, name, rng, (corner, turn_deg), truth, mines, error)
    return Drawn(truth, lists)


def _apart(rng: np.random.Generator, count: int, wide_m: float) -> NDArray[np.float64]:
    held: list[NDArray[np.float64]] = []
    while len(held) < count:
        one = rng.uniform(0.0, wide_m, 2)
        if all(np.hypot(*(one - other)) >= APART_M for other in held):
            held.append(one)
    return np.array(held)


def _axes(turn_deg: float) -> NDArray[np.float64]:
    """Columns: the scan's x and y as east and north, +x turned clockwise from east."""
    turn = np.radians(turn_deg)
    return np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])


def _write_scan(
    folder: Path,
    name: str,
    rng: np.random.Generator,
    pose: tuple[NDArray[np.float64], float],
    truth: NDArray[np.float64],
    mines: NDArray[np.bool_],
    error: OriginError,
) -> dict[str, int]:
    corner, turn_deg = pose
    axes = _axes(turn_deg)
    local = (truth - corner) @ axes
    inside = np.flatnonzero(((local > 0.0) & (local < SIDE_M)).all(axis=1))
    targets = []
    for n in inside[rng.random(len(inside)) < 0.95]:
        std_m = rng.uniform(0.005, 0.02)
        call = (
            "suspect" if mines[n] else str(rng.choice(["likely-clutter", "unclear", "suspect"], p=[0.7, 0.2, 0.1]))
        )
        targets.append((*(local[n] + rng.normal(0.0, std_m, 2)), std_m, call, int(n)))
    alarms = rng.uniform(0.0, SIDE_M, (rng.poisson(0.5), 2))
    targets += [(*one, 0.015, "likely-clutter", -1) for one in alarms.tolist()]
    told = {f"T{number + 1}": one[-1] for number, one in enumerate(targets)}
    listed = [
        Target(f"T{number + 1}", x_m, y_m, 0.08, (std_m, std_m, 0.01), 0.5, call, None, None, ())
        for number, (x_m, y_m, std_m, call, _) in enumerate(targets)
    ]
    # what is written down of the origin is off by what is stated
    stated = corner + rng.normal(0.0, error.place_m, 2)
    latitude, longitude = render.local_to_wgs84(stated[1], -stated[0], ORIGIN)  # x north, y west
    azimuth = 90.0 + turn_deg + rng.normal(0.0, error.azimuth_deg)
    origin = (float(latitude), float(longitude), ORIGIN[2], azimuth)
    axis = (np.arange(round(SIDE_M / CELL_M)) + 0.5) * CELL_M
    whole = np.ones((len(axis), len(axis)), dtype=bool)
    result = Result(
        ScanHeader(name, "2026-05-01T08:00:00Z", "drawn", source="simulated", origin_wgs84=origin),
        scan_sha256=name.encode().hex().ljust(64, "0"), recipe_sha256="0" * 64, model="drawn", area_m2=SIDE_M**2,
        coverage_fraction=1.0, sensor_coverage={"emi": 1.0, "gpr": 1.0},
        coverage=Coverage(Grid(axis, axis, CELL_M), whole, whole, whole), track_m=np.zeros((1, 3)),
        targets=tuple(listed),
    )  # fmt: skip
    folder.mkdir(parents=True)
    render.write_result(result, folder / "result.h5")
    render.write_targets(result, folder)
    return told


@dataclass(frozen=True)
class Judged:
    """Of one site: pairs of targets of one object, of which merged; wrongly merged; and places in deviations."""

    duplicates: int
    merged: int
    wrong: int
    rightly: int
    objects: int
    squares: NDArray[np.float64]
    errors_m: NDArray[np.float64]


def judge(site: Site, drawn: Drawn, to_field: Mapped) -> Judged:
    """Hold a site against its truth: an object counts as right where it holds all targets of one, and no other."""
    of = {}
    for one in site.objects:
        for own in one.listed:
            of[site.scans[own.scan].name, own.id] = one
    by_object: dict[int, list] = {}
    for name, told in drawn.lists.items():
        for target, n in told.items():
            by_object.setdefault(n, []).append(of[name, target])
    pairs = joined = right = whole = 0
    squares, errors = [], []
    for n, held in by_object.items():
        if n < 0:
            continue
        count = len(held)
        pairs += count * (count - 1) // 2
        joined += sum(held[i] is held[j] for i in range(count) for j in range(i))
        if count > 1:
            whole += 1
            right += len({id(one) for one in held}) == 1 and len(held[0].listed) == count
        for one in {id(one): one for one in held}.values():
            # whose targets all are this object's: a wrong merger is counted as one, not as an error of place
            if all(drawn.lists[site.scans[own.scan].name][own.id] == n for own in one.listed):
                apart = to_field(one.map_m) - drawn.truth_m[n]
                squares.append(apart @ np.linalg.solve(one.covariance_m2, apart))
                errors.append(np.hypot(*apart))
    wrong = sum(
        len({drawn.lists[site.scans[own.scan].name][own.id] for own in one.listed}) > 1 for one in site.objects
    )
    return Judged(pairs, joined, wrong, right, whole, np.array(squares), np.array(errors))


def field_of(site: Site) -> Mapped:
    """From the map to the field's frame, east and north of its corner, by PROJ's places of its corners."""
    from dualsense.site._frame import to_frame

    east, north = np.array([0.0, 8.0, 0.0]), np.array([0.0, 0.0, 8.0])
    places = np.column_stack(render.local_to_wgs84(north, -east, ORIGIN))
    mapped = to_frame(site.frame, places)
    linear = np.column_stack([(mapped[1] - mapped[0]) / 8.0, (mapped[2] - mapped[0]) / 8.0])
    return lambda map_m: np.linalg.solve(linear, map_m - mapped[0])


def run(seed: int, *, scans: int, density: float, error: OriginError) -> Judged:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "scans"
        drawn = draw_site(folder, np.random.default_rng(seed), scans=scans, density=density, error=error)
        began_s = process_time()
        site = make_site(folder, Path(place) / "map", origin_error=error)
        took_s = process_time() - began_s
        found = judge(site, drawn, field_of(site))
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        sizes = {path.name: path.stat().st_size // 1024 for path in (Path(place) / "map").iterdir()}
        print(f"seed {seed}: {took_s:.1f} processor s, peak {peak_mb:.0f} MB, files in kB {sizes}", flush=True)
    return found


def say(found: list[Judged], what: str) -> None:
    pairs, joined = sum(one.duplicates for one in found), sum(one.merged for one in found)
    right, whole = sum(one.rightly for one in found), sum(one.objects for one in found)
    wrong = sum(one.wrong for one in found)
    squares = np.concatenate([one.squares for one in found])
    errors = np.concatenate([one.errors_m for one in found])
    print(
        f"{what}: objects listed more than once {whole}, merged rightly and wholly {right} ({right / whole:.2%})"
    )
    print(f"  pairs of duplicates {pairs}, merged {joined} ({joined / pairs:.2%}); objects that hold two: {wrong}")
    rms_cm = 100 * np.sqrt(np.mean(errors**2))
    print(
        f"  places: rms {rms_cm:.1f} cm; squares in deviations: mean {squares.mean():.2f} (2), "
        f"beyond 95 % {np.mean(squares > 5.991):.1%} (5), beyond 99 % {np.mean(squares > 9.210):.1%} (1)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=3)
    parser.add_argument("--scans", type=int, default=100)
    parser.add_argument("--density", type=float, default=2.4, help="objects per square metre")
    parser.add_argument("--origin-std", type=float, default=0.03)
    parser.add_argument("--azimuth-std", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    error = OriginError(given.origin_std, given.azimuth_std)
    found = [
        run(given.seed + n, scans=given.scans, density=given.density, error=error) for n in range(given.sites)
    ]
    say(
        found,
        f"{given.sites} sites of {given.scans} scans, {given.density} objects per m², origins ± {error.place_m} m",
    )


if __name__ == "__main__":
    main()
