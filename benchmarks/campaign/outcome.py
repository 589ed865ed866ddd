"""What became of the mines of a spoilt scan."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from dualsense.evaluate import HALO_M

if TYPE_CHECKING:
    from benchmarks.campaign.table import Kind

    from dualsense.chain import StepCache
    from dualsense.recipe import Recipe
    from dualsense.result import Coverage, Result
    from dualsense.scan import Scan, Truth

OUTCOMES = ("found", "unclear", "not assessable", "not covered", "refused", "error", "confident miss")
GRAVITY = {"suspect": 0, "unclear": 1, "not-assessable": 2}


@dataclass(frozen=True)
class Case:
    """One spoilt scan: which, by what, how severely."""

    scan: str
    kind: str
    severity: float

    @property
    def number(self) -> int:
        """A number that is the case's own whatever other cases there are."""
        return crc32(f"{self.scan} {self.kind} {self.severity:g}".encode())

    def rng(self, seed: int) -> np.random.Generator:
        """Generator of this case alone, so that any one can be repeated."""
        return np.random.default_rng([seed, self.number])


@dataclass(frozen=True)
class Fate:
    """What became of the mines of one case: the worst outcome, why, and what was said."""

    case: Case
    outcome: str
    detail: str
    covered: float
    faults: tuple[str, ...]


def spoilt(scan: Scan, kind: Kind, case: Case, seed: int) -> Scan:
    """Spoil a scan as a case asks for."""
    return kind.spoil(scan, case.rng(seed), case.severity)


def process(scan: Scan, recipe: Recipe | None = None, cache: StepCache | None = None) -> Result:
    """Write a scan, read it, process it: the reader's own checks are part of what is tried.

    With a cache the steps of a sensor that is not spoilt are looked up; its keys are the content.
    """
    from dualsense.chain import process_scan
    from dualsense.io import read_scan, write_scan

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scan.h5"
        write_scan(scan, path)
        return process_scan(read_scan(path), recipe, cache=cache)


def of_the_sound(scan: Scan, recipe: Recipe | None = None) -> StepCache:
    """Process a scan that is not spoilt, and keep its steps, and never any others."""
    from dualsense.chain import StepCache

    class Sealed(StepCache):
        open = True

        def put(self, key: str, value: object) -> None:
            if self.open:
                super().put(key, value)

    cache = Sealed(max_states=256)
    process(scan, recipe, cache)
    cache.open = False
    return cache


def try_case(
    scan: Scan,
    kind: Kind,
    case: Case,
    seed: int,
    *,
    recipe: Recipe | None = None,
    cache: StepCache | None = None,
) -> Fate:
    """Process one spoilt scan, and tell the worst that became of one of its mines.

    An exception that is none of the package's own is an outcome, too: the campaign goes on.
    """
    from dualsense.errors import DualsenseError

    try:
        bad = spoilt(scan, kind, case, seed)
        result = process(bad, recipe, cache)
    except DualsenseError as error:
        return Fate(case, "refused", str(error)[:200], 0.0, ())
    except Exception as error:  # noqa: BLE001  whatever it is, it is told
        return Fate(case, "error", f"{type(error).__name__}: {error}"[:200], 0.0, ())
    told = tuple(f"{f.code}:{f.severity}" for f in result.faults)
    truth = bad.truth  # where the mines lie in the frame of a track that was stretched, or drifts
    mines = [mine_fate(result, truth, n) for n, label in enumerate(truth.label) if label == "mine"]
    outcome, detail = max(mines, key=lambda one: OUTCOMES.index(one[0]))
    return Fate(case, outcome, detail, round(result.coverage_fraction, 3), told)


def mine_fate(result: Result, truth: Truth, n: int) -> tuple[str, str]:
    """Tell what became of one mine, by the targets near it and by what is shown of its ground."""
    x, y = float(truth.x_m[n]), float(truth.y_m[n])
    reach = 0.5 * max(float(truth.size_x_m[n]), float(truth.size_y_m[n])) + HALO_M
    near = [t for t in result.targets if np.hypot(t.x_m - x, t.y_m - y) <= reach]
    open_ = [t for t in near if t.call in GRAVITY]
    if open_:
        best = min(open_, key=lambda t: (GRAVITY[t.call], -t.confidence))
        aside = np.hypot(best.x_m - x, best.y_m - y)
        outcome = {"suspect": "found", "unclear": "unclear", "not-assessable": "not assessable"}[best.call]
        return outcome, f"{best.id} {best.confidence:.3f} {100 * aside:.0f} cm aside"
    if near:
        return "confident miss", f"called clutter, {near[0].confidence:.4f}"
    if not shown_assessed(result.coverage, x, y):
        return "not covered", ""
    return "confident miss", "nothing listed"


def shown_assessed(cover: Coverage, x_m: float, y_m: float) -> bool:
    """Tell whether the picture shows a place as measured by both sensors."""
    grid = cover.grid
    half = 0.5 * grid.cell_m
    if not (grid.x_m[0] - half <= x_m <= grid.x_m[-1] + half and grid.y_m[0] - half <= y_m <= grid.y_m[-1] + half):
        return False
    at = int(np.abs(grid.y_m - y_m).argmin()), int(np.abs(grid.x_m - x_m).argmin())
    return bool(cover.emi[at] and cover.gpr[at])
