"""Many scans with truth through one processing chain."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dualsense.errors import DualsenseError, ScanError, cause
from dualsense.evaluate._score import HALO_M, MINE_LABELS, ObjectScore, ScanScore, score_scan
from dualsense.runtime.supervised import limit_reading
from dualsense.runtime.workers import WorkerDiedError, run_tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from dualsense.result import Result
    from dualsense.scan import Scan, Truth

NO_TRUTH = "holds no truth"


def why_unreadable(path: Path) -> str:
    """Read a scan and forget it; return what it is refused for, empty where it is not.

    For processes that may die: time and memory are bounded.
    """
    from dualsense.io import read_scan  # noqa: PLC0415 - HDF5 is slow to load

    try:
        limit_reading(path.stat().st_size)
        read_scan(path)
    except Exception as error:  # noqa: BLE001 - whatever it is, it would be the same in the other process
        return cause(error)
    return ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A scan that could not be read or processed, and why."""

    scan: str
    cause: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All scans of a folder.

    Attributes
    ----------
    halo_m
        Beyond each object's own radius.
    scores
        One per scan, failed ones included.
    failures
        Scans that could not be processed; their mines count as missed.
    unscored
        Files that hold no truth, or cannot be read.
    """

    halo_m: float
    scores: tuple[ScanScore, ...]
    failures: tuple[Failure, ...] = ()
    unscored: tuple[Failure, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every scan that may hold mines was read and processed; without it a score hides misses."""
        return not self.failures and all(f.cause == NO_TRUTH for f in self.unscored)


def evaluate_folder(
    folder: Path,
    process: Callable[[Scan], Result],
    *,
    pattern: str = "*.h5",
    halo_m: float = HALO_M,
    mine_labels: Sequence[str] = MINE_LABELS,
    isolated: bool = False,
) -> Evaluation:
    """Evaluate all scans of a folder, in the order of their names; see `evaluate_files`.

    Parameters
    ----------
    folder
        With scan files.
    process
        From a scan to its result.
    pattern
        Of the files' names.
    halo_m, mine_labels
        As in `score_scan`.
    isolated
        As in `evaluate_files`.

    Returns
    -------
    Evaluation

    Raises
    ------
    ScanError
        No file matches.
    """
    files = sorted(folder.glob(pattern))
    if not files:
        msg = f"{folder.name}: no file matches {pattern}"
        raise ScanError(msg)
    return evaluate_files(files, process, halo_m=halo_m, mine_labels=mine_labels, isolated=isolated)


def evaluate_files(
    files: Iterable[Path],
    process: Callable[[Scan], Result],
    *,
    halo_m: float = HALO_M,
    mine_labels: Sequence[str] = MINE_LABELS,
    isolated: bool = False,
) -> Evaluation:
    """Process scans and score what comes out.

    Parameters
    ----------
    files : iterable of Path
    process : callable
        From a scan to its result. It is given the scan without its truth.
    halo_m : float
        Beyond an object's own radius.
    mine_labels : sequence of str
        Labels that count as mines.
    isolated : bool
        Read each file in a worker process first, which it may end: such a file is told among the unscored, and the
        others are evaluated.

    Returns
    -------
    Evaluation
    """
    from dualsense.io import read_scan  # noqa: PLC0415 - HDF5 is slow to load

    scores: list[ScanScore] = []
    failures: list[Failure] = []
    unscored: list[Failure] = []
    for path, refusal in _looked_at(files) if isolated else ((path, "") for path in files):
        if refusal:
            unscored.append(Failure(path.name, refusal))
            continue
        try:
            scan = read_scan(path)
        except DualsenseError as error:
            unscored.append(Failure(path.name, str(error)))
            continue
        if scan.truth is None:
            unscored.append(Failure(path.name, NO_TRUTH))
            continue
        try:
            result = process(replace(scan, truth=None))
        except DualsenseError as error:
            failures.append(Failure(path.name, str(error)))
            scores.append(_all_missed(scan, scan.truth, mine_labels))
            continue
        scores.append(score_scan(result, scan.truth, halo_m=halo_m, mine_labels=mine_labels))
    return Evaluation(halo_m, tuple(scores), tuple(failures), tuple(unscored))


def _looked_at(files: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Read files in another process; yield each, and why it is not to be read in this one."""
    with closing(run_tasks(files, why_unreadable, workers=1, threads=1)) as answers:
        for path, answer in answers:
            yield path, f"{answer} while it was read" if isinstance(answer, WorkerDiedError) else answer


def _all_missed(scan: Scan, truth: Truth, mine_labels: Sequence[str]) -> ScanScore:
    """Score a scan that left no result: nothing found, no area to its credit."""
    return ScanScore(
        scan_id=scan.header.scan_id,
        model="none",
        area_m2=0.0,
        objects=tuple(
            ObjectScore(
                label=label,
                model=model,
                x_m=float(x),
                y_m=float(y),
                depth_m=float(depth),
                is_mine=label in mine_labels,
                assessable=True,
                target=None,
                confidence=None,
                call=None,
                error_m=None,
                sigma=None,
                candidates=(),
            )
            for label, model, x, y, depth in zip(
                truth.label, truth.model, truth.x_m, truth.y_m, truth.depth_m, strict=True
            )
        ),
        targets=(),
    )
