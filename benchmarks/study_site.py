"""A site of overlapping scans with known truth: are duplicates merged rightly, and are places as good as stated?

``python -m benchmarks.study_site`` lays 100 scans of a square metre over a field, each with an origin and a
direction that are off by what is stated for them, lists each buried object in each scan that covers it (but for
misses), off by what the target states, and adds false alarms. The objects that are made of these lists are held
against the truth. ``--files`` writes results, makes the whole map of them, and tells what that costs.
``--sites N`` repeats it with other draws, ``--origin-std M``, ``--density N`` and ``--pitch M`` make it harder.

``--beside`` lays a fragment 15 to 25 cm from each mine, has every fragment dug that a scan lists, and counts mines
whose digging that ends: listed as something to be dug, and no longer so on the map.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

import numpy as np

from dualsense import render
from dualsense.result import OPEN_CALLS, Coverage, Grid, Result, Target
from dualsense.scan import ScanHeader
from dualsense.site import OriginError, Site, SiteScan, is_open, make_site

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Mapped = Callable[[NDArray[np.float64]], NDArray[np.float64]]

FRAME_ROW = {"operator": "Sok", "note": "", "decision": "dig", "found": "metal", "of_this_result": True}
BESIDE_M = (0.15, 0.25)
DUG = "2026-05-02T08:00:00Z"
ORIGIN = (11.5512, 104.9125, 14.0, 0.0)
SIDE_M, CELL_M = 1.0, 0.02
APART_M = 0.12
"""No two objects lie nearer: closer ones are one for either sensor."""


@dataclass(frozen=True)
class Layout:
    """How a site is drawn.

    Attributes
    ----------
    scans
        In a square.
    pitch_m
        From one to the next.
    density
        Objects per square metre, where no fragments lie beside mines.
    error
        Of origins, as stated and as drawn.
    beside
        Whether a fragment lies beside each mine.
    """

    scans: int
    pitch_m: float
    density: float
    error: OriginError
    beside: bool = False


@dataclass(frozen=True)
class Drawn:
    """A site as it is: places of objects, east and north of the field's corner, and what of each scan lists."""

    truth_m: NDArray[np.float64]
    mines: NDArray[np.bool_]
    results: dict[str, Result]
    lists: dict[str, dict[str, int]]  # by scan and target the object, -1 for a false alarm


def draw_site(rng: np.random.Generator, laid: Layout) -> Drawn:
    """Draw results of a field of scans."""
    across = int(np.ceil(np.sqrt(laid.scans)))
    wide_m = laid.pitch_m * (across - 1) + SIDE_M + 0.4
    truth, mines = _buried(rng, laid, wide_m)
    lists, results = {}, {}
    for number in range(laid.scans):
        corner = 0.2 + laid.pitch_m * np.array(divmod(number, across)) + rng.uniform(-0.05, 0.05, 2)
        name = f"scan{number:03d}"
        pose = corner, rng.uniform(-8.0, 8.0)
        results[name], lists[name] = _scan(name, rng, pose, (truth, mines), laid.error)
    return Drawn(truth, mines, results, lists)


def _buried(
    rng: np.random.Generator, laid: Layout, wide_m: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Draw places of objects (n, 2), and which of them are mines."""
    truth = _apart(rng, int(laid.density * wide_m**2), wide_m)
    if not laid.beside:
        return truth, rng.random(len(truth)) < 0.3
    mines = truth[: int(0.3 * len(truth))]
    turn = rng.uniform(0.0, 2.0 * np.pi, len(mines))
    away = rng.uniform(*BESIDE_M, (len(mines), 1)) * np.column_stack([np.cos(turn), np.sin(turn)])
    return np.vstack([mines, mines + away]), np.arange(2 * len(mines)) < len(mines)


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


def _scan(
    name: str,
    rng: np.random.Generator,
    pose: tuple[NDArray[np.float64], float],
    buried: tuple[NDArray[np.float64], NDArray[np.bool_]],
    error: OriginError,
) -> tuple[Result, dict[str, int]]:
    (corner, turn_deg), (truth, mines) = pose, buried
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
    return result, told


def found_beside(drawn: Drawn) -> dict[str, tuple[dict[str, object], ...]]:
    """Record a find at every fragment, at the target of the first scan that lists it."""
    dug: set[int] = set()
    rows = {}
    for name, told in drawn.lists.items():
        places = {target.id: (target.x_m, target.y_m) for target in drawn.results[name].targets}
        own = []
        for target, n in told.items():
            if n >= 0 and not drawn.mines[n] and n not in dug:
                dug.add(n)
                x_m, y_m = places[target]
                sha = drawn.results[name].scan_sha256
                own.append(FRAME_ROW | {"time": DUG, "target": target, "x_m": x_m, "y_m": y_m, "scan_sha256": sha})
        rows[name] = tuple(own)
    return rows


def objects_of(drawn: Drawn, error: OriginError, rows: dict[str, tuple[dict[str, object], ...]]) -> Site:
    """Make the objects of a site, without files."""
    from dualsense.site._decided import join_decisions
    from dualsense.site._find import place_scans
    from dualsense.site._make import WITHIN_M
    from dualsense.site._objects import find_objects
    from dualsense.site._store import Store, without_maps

    with tempfile.TemporaryDirectory() as place:
        store = Store(Path(place))
        scans = []
        for number, (name, result) in enumerate(drawn.results.items()):
            store.keep(number, result.coverage, {})
            scans.append(SiteScan(name, Path(place), without_maps(result), decisions=rows.get(name, ())))
        scans, frame = place_scans(scans)
        objects = join_decisions(find_objects(scans, store, error, WITHIN_M), scans)
    return Site(frame, tuple(scans), tuple(objects), error)


def written(drawn: Drawn, error: OriginError) -> Site:
    """Write results, and make the map of them; tell what that costs."""
    with tempfile.TemporaryDirectory() as place:
        for name, result in drawn.results.items():
            folder = Path(place) / "scans" / name
            folder.mkdir(parents=True)
            render.write_result(result, folder / "result.h5")
            render.write_targets(result, folder)
        began_s = process_time()
        site = make_site(Path(place) / "scans", Path(place) / "map", origin_error=error)
        took_s = process_time() - began_s
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        sizes = {path.name: path.stat().st_size // 1024 for path in (Path(place) / "map").iterdir()}
        print(f"  {took_s:.1f} processor s, peak {peak_mb:.0f} MB, files in kB {sizes}", flush=True)
    return site


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
    ended: int = 0
    mines: int = 0
    again: int = 0
    dug: int = 0


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


def judge_dug(site: Site, drawn: Drawn, rows: dict[str, tuple[dict[str, object], ...]], found: Judged) -> Judged:
    """Count mines listed to be dug whose digging a find beside them ended, and fragments still asked for."""
    truth = {(name, target): n for name, told in drawn.lists.items() for target, n in told.items()}
    dug = {truth[name, row["target"]] for name, own in rows.items() for row in own}
    still: dict[int, bool] = {}
    for one in site.objects:
        for own in one.listed:
            n = truth[site.scans[own.scan].name, own.id]
            # a dug fragment's counts where another scan lists it to be dug
            if n >= 0 and own.call in OPEN_CALLS:
                still[n] = still.get(n, False) or is_open(one)
    mines = [lasts for n, lasts in still.items() if drawn.mines[n]]
    fragments = [lasts for n, lasts in still.items() if n in dug]
    return replace(
        found, ended=mines.count(False), mines=len(mines), again=fragments.count(True), dug=len(fragments)
    )


def run(seed: int, laid: Layout, *, files: bool) -> Judged:
    """Draw a site, make it, and judge it."""
    drawn = draw_site(np.random.default_rng(seed), laid)
    rows = found_beside(drawn) if laid.beside else {}
    began_s = process_time()
    site = written(drawn, laid.error) if files else objects_of(drawn, laid.error, rows)
    found = judge(site, drawn, field_of(site))
    print(
        f"seed {seed}: {found.rightly} of {found.objects}, {found.wrong} hold two, "
        f"{process_time() - began_s:.1f} processor s",
        flush=True,
    )
    return judge_dug(site, drawn, rows, found) if laid.beside else found


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
    mines, dug = sum(one.mines for one in found), sum(one.dug for one in found)
    if mines:
        ended, again = sum(one.ended for one in found), sum(one.again for one in found)
        print(
            f"  mines with a dug fragment 15 to 25 cm away, listed to be dug: {mines}, ended by its find {ended} "
            f"({ended / mines:.2%}); fragments listed to be dug and dug {dug}, still asked for {again} "
            f"({again / max(dug, 1):.1%})"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=3)
    parser.add_argument("--scans", type=int, default=100)
    parser.add_argument("--density", type=float, default=2.4, help="objects per square metre")
    parser.add_argument("--pitch", type=float, default=0.6, help="metres from scan to scan")
    parser.add_argument("--origin-std", type=float, default=0.03)
    parser.add_argument("--azimuth-std", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", action="store_true", help="through files: the whole map, and its cost")
    parser.add_argument("--beside", action="store_true", help="a dug fragment beside each mine")
    given = parser.parse_args()
    error = OriginError(given.origin_std, given.azimuth_std)
    laid = Layout(given.scans, given.pitch, given.density, error, given.beside)
    found = [run(given.seed + n, laid, files=given.files) for n in range(given.sites)]
    say(found, f"{given.sites} sites, {laid}")


if __name__ == "__main__":
    main()
