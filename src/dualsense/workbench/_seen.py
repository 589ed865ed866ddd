"""Whether a mine would have been found, by putting one at each place of recorded ground and processing that."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.chain import process_scan
from dualsense.errors import UsageError
from dualsense.recipe import Recipe
from dualsense.result import OPEN_CALLS
from dualsense.simulate import MODELS, Buried, Scene, add_objects
from dualsense.workbench._hybrid import STEP, surface_echo

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualsense.result import Result, Target
    from dualsense.scan import Scan

FIRST, LAST = "gpr.calibrate", "gpr.fk"
"""Steps between which the echo's loss is told: what makes soundings, and the last before traces."""
REWEIGHED = ("spiking", "wiener", "whitening")
NEAR_M, APART_M, REACH_M = 0.10, 0.45, 0.15
"""A target so near to a mine is its own; mines of one run lie so far apart; soundings so near hear one."""
MAX_PLACES = 2000


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
    loss
        Part of its radar echo's energy that the steps from calibration to traces take, over the soundings within
        15 cm, 0-1; None without radar, and where a step weighs all spectra anew.
    """

    x_m: float
    y_m: float
    found: bool
    confidence: float | None
    call: str
    off_m: float | None
    beside_m: float | None
    loss: float | None = None


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


class Trials:
    """A mine of the library at every place of a coarse grid, some of them at a time.

    Parameters
    ----------
    scan, model, depth_m, spacing_m, recipe
        As for `would_be_seen`.

    Attributes
    ----------
    runs
        What lies in each run, far apart: column, row, x and y.
    done
        Numbers of the runs that were made.

    Raises
    ------
    ScanError, UsageError
        As from `would_be_seen`.
    """

    def __init__(
        self, scan: Scan, model: str, *, depth_m: float, spacing_m: float, recipe: Recipe | None = None
    ) -> None:
        if model not in MODELS:
            msg = f"no model is called {model!r}; `dualsense simulate --list` shows all"
            raise UsageError(msg)
        if not (spacing_m >= 0.02 and depth_m >= 0.0):
            msg = f"a spacing of 0.02 m and a depth of 0 m are the least, got {spacing_m:g}, {depth_m:g} m"
            raise UsageError(msg)
        self.scan, self.model, self.depth_m, self.recipe = scan, model, depth_m, recipe or Recipe()
        base = process_scan(scan, recipe, keep=(STEP, FIRST, LAST) if scan.gpr is not None else ())
        self._base = base
        self._surface = surface_echo(scan, base) if scan.gpr is not None else None
        told = base.relative_permittivity
        self.permittivity = float(told if math.isfinite(told) else Scene().soil.relative_permittivity)
        grid = _places(base, spacing_m)
        if not 1 <= len(grid) <= MAX_PLACES:
            msg = f"a spacing of {spacing_m:g} m gives {len(grid)} places, expected 1 to {MAX_PLACES}"
            raise UsageError(msg)
        apart = max(1, math.ceil(APART_M / spacing_m - 1e-9))
        runs: dict[tuple[int, int], list[tuple[int, int, float, float]]] = {}
        for i, j, x, y in grid:
            runs.setdefault((i % apart, j % apart), []).append((i, j, x, y))
        self.runs = tuple(tuple(places) for places in runs.values())
        self.done: set[int] = set()
        self._found: dict[tuple[int, int], SeenPlace] = {}

    def run(self, number: int) -> None:
        """Put the mines of a run into the recording, and process it."""
        places = self.runs[number]
        soil = replace(Scene().soil, relative_permittivity=max(1.0, self.permittivity))
        objects = tuple(Buried(self.model, x, y, self.depth_m) for _, _, x, y in places)
        mined = add_objects(self.scan, Scene(soil=soil, objects=objects), self._surface)
        keep = (FIRST, LAST) if self._surface is not None else ()
        result = process_scan(mined, self.recipe, keep=keep)
        for i, j, x, y in places:
            loss = self._loss(x, y, result)
            self._found[i, j] = replace(_place(x, y, result, self._base), loss=loss)
        self.done.add(number)

    def _loss(self, x_m: float, y_m: float, result: Result) -> float | None:
        """Hold the echo that is left against the echo that came in, both by the difference that the mine makes."""
        if any(getattr(self.recipe.gpr, name).on for name in REWEIGHED):
            return None
        energies = []
        for step in (FIRST, LAST):
            with_mine: Any = result.kept.get(step)
            without: Any = self._base.kept.get(step)
            if with_mine is None or without is None:
                return None
            one, other = with_mine.soundings, without.soundings
            if one.spectrum.shape != other.spectrum.shape:
                return None
            near = np.hypot(one.midpoint_m[:, 0] - x_m, one.midpoint_m[:, 1] - y_m) <= REACH_M
            energies.append(float(np.square(np.abs(one.spectrum[near] - other.spectrum[near])).sum()))
        came_in, left = energies
        return min(max(1.0 - left / came_in, 0.0), 1.0) if came_in > 0.0 else None

    def seen(self) -> Seen:
        """Tell what the runs so far have found."""
        found = self._found
        return Seen(
            self.model,
            self.depth_m,
            self.scan.header.scan_id,
            self.scan.sha256,
            self._base.recipe_sha256,
            self.permittivity,
            tuple(found[key] for key in sorted(found, key=lambda one: (one[1], one[0]))),
        )


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
    trials = Trials(scan, model, depth_m=depth_m, spacing_m=spacing_m, recipe=recipe)
    count = len(trials.runs)
    for number in range(count):
        if progress is not None:
            progress(f"run {number + 1} of {count}", number / count)
        trials.run(number)
    return trials.seen()


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
