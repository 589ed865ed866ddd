"""Objects of a scene in recorded ground, and whether a mine would have been found at each place of it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.chain import process_scan
from dualsense.constants import C0_M_S
from dualsense.errors import ScanError, UsageError
from dualsense.result import OPEN_CALLS
from dualsense.simulate import MODELS, Buried, Scene, SurfaceEcho, add_objects

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualsense.recipe import Recipe
    from dualsense.result import Result, Target
    from dualsense.scan import Scan

STEP = "gpr.surface"
SCHEMA, SCHEMA_VERSION = "dualsense-seen", "1.0"
NEAR_M, APART_M = 0.10, 0.45
"""A target so near to a mine is its own; mines of one run lie so far apart at the least."""
MAX_PLACES = 2000


def hybrid_scan(scan: Scan, scene: Scene, recipe: Recipe | None = None) -> Scan:
    """Put the objects of a scene into recorded ground.

    Parameters
    ----------
    scan
        Recorded, with its antennas above the ground.
    scene
        Whose objects are used, and the soil that they lie in.
    recipe
        With which the ground's echo is fitted.

    Returns
    -------
    Scan
        As from `dualsense.simulate.add_objects`.

    Raises
    ------
    ScanError
        The radar recorded no echo of the ground's surface that could be fitted.
    """
    kept = process_scan(scan, recipe, keep=STEP) if scan.gpr is not None else None
    return add_objects(scan, scene, _surface(scan, kept))


def _surface(scan: Scan, result: Result | None) -> SurfaceEcho | None:
    """Give the surface's echo that the chain has fitted; None without radar."""
    if result is None:
        return None
    state: Any = result.kept.get(STEP)
    if state is None or not state.surface.fitted:
        msg = f"{scan.header.scan_id}: no echo of the ground's surface: antennas touch it, or heights tell none"
        raise ScanError(msg)
    found, at = state.surface, state.calibrated
    turn = np.exp(-2j * np.pi / C0_M_S * np.multiply.outer(found.path_m, at.frequency_hz))
    spectrum = found.echo * turn / found.path_m[:, None]
    return SurfaceEcho(at.time_s, at.channel, at.frequency_hz, spectrum, found.height_m)


@dataclass(frozen=True, slots=True)
class SeenPlace:
    """What became of a mine at one place.

    Attributes
    ----------
    x_m, y_m
        Where it was put.
    found
        Whether a target there is to be dug, which "not-assessable" is too, that does not stand there without the
        mine.
    confidence, call
        Of the target nearest to it; None and "none" where there is none.
    off_m
        Between both.
    beside_m
        To the nearest target of the recording as it is: within 10 cm of one nothing is told.
    """

    x_m: float
    y_m: float
    found: bool
    confidence: float | None
    call: str
    off_m: float | None
    beside_m: float | None


@dataclass(frozen=True, slots=True)
class Seen:
    """Whether a mine would have been found, at places over the patch.

    Attributes
    ----------
    model, depth_m
        What was put there, and how deep its top.
    scan_sha256, recipe_sha256
        Of the recording, and of how it was processed.
    relative_permittivity
        Of the soil that the mine was put into.
    places
        Within the patch, row by row.
    """

    model: str
    depth_m: float
    scan_id: str
    scan_sha256: str
    recipe_sha256: str
    relative_permittivity: float
    places: tuple[SeenPlace, ...]

    @property
    def told(self) -> tuple[SeenPlace, ...]:
        """Places that are not beside a target of the recording."""
        return tuple(one for one in self.places if one.beside_m is None or one.beside_m > NEAR_M)


def would_be_seen(
    scan: Scan,
    model: str,
    *,
    depth_m: float = 0.05,
    spacing_m: float = 0.15,
    recipe: Recipe | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Seen:
    """Put a mine of the library at every place of a coarse grid, and process the recording with it.

    Where `SmallestMine` tells by the scan's clutter and noise what would be found, this is the experiment itself,
    of one mine, by both sensors. Several mines lie in one run, far apart. The soil is that of the simulator, with
    the permittivity that was found in the recording.

    Parameters
    ----------
    scan
        Recorded, or simulated, over ground with its antennas above it.
    model
        Key of `dualsense.simulate.MODELS`.
    depth_m
        Of its top.
    spacing_m
        Of the grid.
    recipe
        Parameters of every step.
    progress
        Called with what begins and the part done, 0-1.

    Returns
    -------
    Seen

    Raises
    ------
    ScanError
        The radar recorded no echo of the ground's surface.
    UsageError
        There is no such model, or the grid has no or too many places.
    """
    if model not in MODELS:
        msg = f"no model is called {model!r}; `dualsense simulate --list` shows all"
        raise UsageError(msg)
    if not (spacing_m >= 0.02 and depth_m >= 0.0):
        msg = f"a spacing of 0.02 m and a depth of 0 m are the least, got {spacing_m:g}, {depth_m:g} m"
        raise UsageError(msg)
    base = process_scan(scan, recipe, keep=STEP)
    surface = _surface(scan, base) if scan.gpr is not None else None
    epsilon = (
        base.relative_permittivity
        if math.isfinite(base.relative_permittivity)
        else Scene().soil.relative_permittivity
    )
    grid = _places(base, spacing_m)
    if not 1 <= len(grid) <= MAX_PLACES:
        msg = f"a spacing of {spacing_m:g} m gives {len(grid)} places, expected 1 to {MAX_PLACES}"
        raise UsageError(msg)
    soil = replace(Scene().soil, relative_permittivity=max(1.0, epsilon))
    apart = max(1, math.ceil(APART_M / spacing_m - 1e-9))
    runs: dict[tuple[int, int], list[tuple[int, int, float, float]]] = {}
    for i, j, x, y in grid:
        runs.setdefault((i % apart, j % apart), []).append((i, j, x, y))
    out: dict[tuple[int, int], SeenPlace] = {}
    for number, places in enumerate(runs.values()):
        if progress is not None:
            progress(f"run {number + 1} of {len(runs)}", number / len(runs))
        objects = tuple(Buried(model, x, y, depth_m) for _, _, x, y in places)
        result = process_scan(add_objects(scan, Scene(soil=soil, objects=objects), surface), recipe)
        for i, j, x, y in places:
            out[i, j] = _place(x, y, result, base)
    return Seen(
        model,
        depth_m,
        scan.header.scan_id,
        scan.sha256,
        base.recipe_sha256,
        float(epsilon),
        tuple(out[key] for key in sorted(out, key=lambda one: (one[1], one[0]))),
    )


def _places(base: Result, spacing_m: float) -> list[tuple[int, int, float, float]]:
    """Columns, rows, x and y of a grid's places within the patch."""
    cover = base.coverage
    grid, patch = cover.grid, cover.patch
    rows, columns = np.flatnonzero(patch.any(axis=1)), np.flatnonzero(patch.any(axis=0))
    if not rows.size:
        return []
    found = []
    axes = []
    for axis, at in ((grid.x_m, columns), (grid.y_m, rows)):
        low, high = float(axis[at[0]]), float(axis[at[-1]])
        count = int((high - low) / spacing_m) + 1
        axes.append(low + 0.5 * (high - low - (count - 1) * spacing_m) + spacing_m * np.arange(count))
    for j, y in enumerate(axes[1].tolist()):
        for i, x in enumerate(axes[0].tolist()):
            if patch[int(np.abs(grid.y_m - y).argmin()), int(np.abs(grid.x_m - x).argmin())]:
                found.append((i, j, x, y))
    return found


def _place(x_m: float, y_m: float, result: Result, base: Result) -> SeenPlace:
    own, off_m = _nearest(x_m, y_m, result)
    _, beside_m = _nearest(x_m, y_m, base)
    near = own is not None and off_m is not None and off_m <= NEAR_M
    call = own.call if near and own is not None else "none"
    alone = beside_m is None or beside_m > NEAR_M
    return SeenPlace(
        x_m=round(x_m, 4),
        y_m=round(y_m, 4),
        found=bool(near and alone and call in OPEN_CALLS),
        confidence=float(own.confidence) if near and own is not None else None,
        call=call,
        off_m=off_m if near else None,
        beside_m=beside_m,
    )


def _nearest(x_m: float, y_m: float, result: Result) -> tuple[Target | None, float | None]:
    targets = sorted(result.targets, key=lambda one: math.hypot(one.x_m - x_m, one.y_m - y_m))
    if not targets:
        return None, None
    return targets[0], math.hypot(targets[0].x_m - x_m, targets[0].y_m - y_m)


def seen_json(seen: Seen) -> str:
    """Tell it as JSON.

    Parameters
    ----------
    seen
        From `would_be_seen`.

    Returns
    -------
    str
    """
    told = seen.told
    document = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "simulated": True,
        **{key: value for key, value in asdict(seen).items() if key != "places"},
        "found": sum(one.found for one in told),
        "told": len(told),
        "places": [asdict(one) for one in seen.places],
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def seen_text(seen: Seen) -> str:
    """Draw it for a terminal: y upwards, a letter for each place.

    Parameters
    ----------
    seen
        From `would_be_seen`.

    Returns
    -------
    str
    """
    letters = {"suspect": "S", "unclear": "u", "likely-clutter": "c", "not-assessable": "n", "none": "."}
    x = sorted({one.x_m for one in seen.places})
    at = {(one.x_m, one.y_m): one for one in seen.places}
    rows = []
    for y in sorted({one.y_m for one in seen.places}, reverse=True):
        row = [at.get((one, y)) for one in x]
        marks = [" " if one is None else "t" if one not in seen.told else letters[one.call] for one in row]
        rows.append(f"{y:8.2f}  {' '.join(marks)}")
    told = seen.told
    count = sum(one.found for one in told)
    head = f"SIMULATED {seen.model} with its top {100 * seen.depth_m:.0f} cm deep, put into {seen.scan_id}"
    return "\n".join(
        (
            f"{head}: to be dug at {count} of {len(told)} places",
            f"  y, m  x from {x[0]:.2f} to {x[-1]:.2f} m" if x else "",
            *rows,
            "S suspect, u unclear, c likely clutter, n not assessable, . no target, t beside a recorded target",
        )
    )
