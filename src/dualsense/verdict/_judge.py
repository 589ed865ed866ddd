"""A recording and its result held against limits, and the places where the ground has to be swept again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense import survey
from dualsense.verdict._limits import GRADES, Limits
from dualsense.verdict._measure import Measured, measure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from dualsense.result import Grid, Result
    from dualsense.scan import Scan
    from dualsense.verdict._limits import Grade

    Cells = NDArray[np.bool_]

LEAST_M2 = 4e-4
"""A smaller place is no place to go to: a square of 2 cm."""
JOINED_M = 0.03
"""Places nearer to each other are one."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that was measured.

    Attributes
    ----------
    name
        Of the limit, such as "height_m".
    value
        In the unit that the name says; NaN where it could not be told.
    grade
        None where no limit is set.
    """

    name: str
    value: float
    grade: Grade | None


@dataclass(frozen=True, slots=True)
class Place:
    """Ground to sweep again, within a rectangle of the local frame.

    Attributes
    ----------
    why
        Names of the limits that it breaks; "emi_coverage" and "gpr_coverage" where that sensor did not cover it.
    """

    x_m: tuple[float, float]
    y_m: tuple[float, float]
    area_m2: float
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """Whether a sweep will do.

    Attributes
    ----------
    grade
        The worst of all marks; amber at best where there is a place to sweep again, or a fault.
    marks
        In the order of `Limits`.
    places
        Largest first.
    grid, patch, again
        The map's cells, those that were set out to be swept, and those to sweep again, (ny, nx) bool.
    track_m : (p, 3)
        The head's.
    faults
        What was found to be wrong, in words, but for mere notes: of which sensor, how bad, and what.
    """

    scan_id: str
    scan_sha256: str
    recipe_sha256: str
    source: str
    limits: Limits
    grade: Grade
    marks: tuple[Mark, ...]
    places: tuple[Place, ...]
    grid: Grid
    patch: Cells
    again: Cells
    track_m: NDArray[np.float64]
    faults: tuple[tuple[str, str, str], ...]


def judge(scan: Scan, result: Result, limits: Limits | None = None) -> Verdict:
    """Hold a recording and its result against limits.

    Parameters
    ----------
    scan
        As recorded.
    result
        What `dualsense.process_scan` made of it.
    limits
        None takes the defaults.

    Returns
    -------
    Verdict
    """
    limits = limits or Limits()
    found = measure(scan, result, limits)
    values = found.values
    marks = []
    for name in Limits.model_fields:
        if name in values:
            limit = getattr(limits, name)
            marks.append(Mark(name, values[name], None if limit is None else limit.grade(values[name])))
    faults = tuple((f.sensor, f.severity, f.message) for f in result.faults if f.severity != "info")
    why = _why(result, found, limits)
    again = np.logical_or.reduce([*why.values(), np.zeros_like(result.coverage.patch)])
    places = _places(result.coverage.grid, again, why)
    grades = [mark.grade for mark in marks if mark.grade is not None]
    grades += ["red"] if any(severity == "failed" for _, severity, _ in faults) else []
    grades += ["amber"] if places or faults else []
    return Verdict(
        scan_id=result.header.scan_id,
        scan_sha256=result.scan_sha256,
        recipe_sha256=result.recipe_sha256,
        limits=limits,
        source=result.header.source,
        grade=max(grades, key=GRADES.index, default="green"),
        marks=tuple(marks),
        places=places,
        grid=result.coverage.grid,
        patch=result.coverage.patch,
        again=again,
        track_m=result.track_m,
        faults=faults,
    )


def _why(result: Result, found: Measured, limits: Limits) -> dict[str, Cells]:
    """Cells of the patch to sweep again, by the limit that they break."""
    cover = result.coverage
    why = {"emi_coverage": cover.patch & ~cover.emi, "gpr_coverage": cover.patch & ~cover.gpr}
    if limits.line_spacing_m is not None and "line_spacing_m" in found.values:
        why["line_spacing_m"] = found.way_m > 0.5 * limits.line_spacing_m.amber
    for name, pairs in found.places.items():
        why[name] = np.zeros_like(cover.patch)
        for each in pairs:
            near, others = (survey.covered_cells(cover.grid, at, reach_m=JOINED_M) for at in each)
            why[name] |= cover.patch & near & ~others
    return why


def _places(grid: Grid, again: Cells, why: Mapping[str, Cells]) -> tuple[Place, ...]:
    from scipy import ndimage  # noqa: PLC0415 - slow to import

    reach = max(1, math.ceil(0.5 * JOINED_M / grid.cell_m))
    joined = ndimage.binary_dilation(again, iterations=reach)
    names, _ = ndimage.label(joined, structure=np.ones((3, 3)))
    places, half = [], 0.5 * grid.cell_m
    for n, (rows, columns) in enumerate(ndimage.find_objects(names), start=1):
        own = again[rows, columns] & (names[rows, columns] == n)
        area_m2 = float(own.sum()) * grid.cell_m**2
        if area_m2 < LEAST_M2:
            continue
        y, x = np.nonzero(own)
        x_m, y_m = grid.x_m[columns][x], grid.y_m[rows][y]
        broken = tuple(name for name, cells in why.items() if (cells[rows, columns] & own).any())
        places.append(
            Place(
                (float(x_m.min()) - half, float(x_m.max()) + half),
                (float(y_m.min()) - half, float(y_m.max()) + half),
                area_m2,
                broken,
            )
        )
    return tuple(sorted(places, key=lambda place: (-place.area_m2, place.x_m, place.y_m)))
