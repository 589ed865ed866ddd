"""Targets of one scan against its truth.

A target belongs to an object when it lies within the object's radius, half of its larger horizontal extent, plus
a halo. Matching is one to one, as many mines as possible, then as close as possible: a second alarm over one mine
is a false alarm, and so is every alarm over clutter or over nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from dualsense.result import Call, Coverage, Evidence, Result, Target
    from dualsense.scan import Truth

HALO_M = 0.10
MINE_LABELS = ("mine",)

_FORBIDDEN = 1e9


@dataclass(frozen=True, slots=True)
class ObjectScore:
    """What became of one object.

    Attributes
    ----------
    label, model, x_m, y_m, depth_m
        As the scan's truth has them.
    is_mine
        Whether its label is one of those asked for.
    assessable
        Whether both sensors covered the cell of its centre.
    target
        Id of the target that it was matched with, or None.
    confidence, call
        Of that target, or None.
    error_m
        Target minus truth along x, y and depth; NaN where either is unknown, None without a target.
    sigma
        The same in units of the target's own standard deviation.
    candidates
        Indices of all targets within reach, matched or not.
    """

    label: str
    model: str
    x_m: float
    y_m: float
    depth_m: float
    is_mine: bool
    assessable: bool
    target: str | None
    confidence: float | None
    call: Call | None
    error_m: tuple[float, float, float] | None
    sigma: tuple[float, float, float] | None
    candidates: tuple[int, ...]

    @property
    def left_open(self) -> bool:
        """Whether its target is called not assessable."""
        return self.call == "not-assessable"

    @property
    def not_covered(self) -> bool:
        """Whether nothing is listed for it, on ground that is shown as not covered."""
        return self.target is None and not self.assessable


@dataclass(frozen=True, slots=True)
class TargetScore:
    """One target: what it said, and the label of the object that it was matched with, or None.

    ``emi_ratio`` and ``gpr_ratio`` are the log-likelihood ratios of sensors that found something there, or None.
    """

    id: str
    confidence: float
    call: Call
    label: str | None
    is_mine: bool
    emi_ratio: float | None = None
    gpr_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class ScanScore:
    """One scan.

    Attributes
    ----------
    scan_id
        Of the scan.
    model
        Confidence model of its targets.
    area_m2
        Of the patch that the operator set out to sweep.
    objects, targets
        What became of each.
    outside
        Objects whose centre is off the patch: not scored.
    site
        As the scan's header tells it: the kind of ground of an invented lane.
    """

    scan_id: str
    model: str
    area_m2: float
    objects: tuple[ObjectScore, ...]
    targets: tuple[TargetScore, ...]
    outside: int = 0
    site: str = ""


def match(distance_m: ArrayLike, reach_m: ArrayLike) -> NDArray[np.intp]:
    """Match objects with targets one to one: as many as possible, then the least sum of distances.

    Parameters
    ----------
    distance_m : (objects, targets) array_like
    reach_m : (objects,) array_like

    Returns
    -------
    (objects,) intp
        Index of the target, or -1.
    """
    distance = np.asarray(distance_m, dtype=np.float64)
    reach = np.asarray(reach_m, dtype=np.float64)
    if distance.ndim != 2 or reach.shape != distance.shape[:1]:
        msg = f"need distances (objects, targets) and reaches (objects,), got {distance.shape}, {reach.shape}"
        raise ValueError(msg)
    out = np.full(len(reach), -1, dtype=np.intp)
    allowed = distance <= reach[:, None]
    if not allowed.any():
        return out
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - slow to import

    rows, columns = linear_sum_assignment(np.where(allowed, distance, _FORBIDDEN))
    for row, column in zip(rows, columns, strict=True):
        if allowed[row, column]:
            out[row] = column
    return out


def score_scan(
    result: Result, truth: Truth, *, halo_m: float = HALO_M, mine_labels: Sequence[str] = MINE_LABELS
) -> ScanScore:
    """Score one result. Mines are matched first, then what is left of the targets with the other objects.

    Parameters
    ----------
    result
        Of processing a scan.
    truth
        What lies in its ground.
    halo_m
        How far beyond half of its larger extent an object still owns a target.
    mine_labels
        Labels that count as mines.

    Returns
    -------
    ScanScore

    Raises
    ------
    ValueError
        A negative halo.
    """
    if not halo_m >= 0:
        msg = f"halo_m must not be negative, got {halo_m}"
        raise ValueError(msg)
    on_patch, assessable = _seen(result.coverage, truth)
    kept = np.flatnonzero(on_patch)
    targets = result.targets
    reach = 0.5 * np.fmax(truth.size_x_m, truth.size_y_m)[kept] + halo_m
    distance = np.array(
        [[np.hypot(t.x_m - truth.x_m[i], t.y_m - truth.y_m[i]) for t in targets] for i in kept], dtype=np.float64
    ).reshape(len(kept), len(targets))
    is_mine = np.array([truth.label[i] in mine_labels for i in kept], dtype=np.bool_)
    chosen = np.full(len(kept), -1, dtype=np.intp)
    free = np.ones(len(targets), dtype=np.bool_)
    for group in (is_mine, ~is_mine):
        chosen[group] = match(np.where(free, distance, np.inf)[group], reach[group])
        free[chosen[group & (chosen >= 0)]] = False
    objects = tuple(
        _object_score(
            truth,
            int(i),
            None if chosen[row] < 0 else targets[chosen[row]],
            is_mine=bool(is_mine[row]),
            assessable=bool(assessable[i]),
            candidates=tuple(int(c) for c in np.flatnonzero(distance[row] <= reach[row])),
        )
        for row, i in enumerate(kept)
    )
    owner = {int(chosen[row]): row for row in range(len(kept)) if chosen[row] >= 0}
    scored = tuple(
        TargetScore(
            id=t.id,
            confidence=t.confidence,
            call=t.call,
            label=objects[owner[i]].label if i in owner else None,
            is_mine=objects[owner[i]].is_mine if i in owner else False,
            emi_ratio=_found(t.emi),
            gpr_ratio=_found(t.gpr),
        )
        for i, t in enumerate(targets)
    )
    return ScanScore(
        scan_id=result.header.scan_id,
        model=result.model,
        area_m2=result.area_m2,
        objects=objects,
        targets=scored,
        outside=int(np.sum(~on_patch)),
        site=result.header.site or "",
    )


def _object_score(
    truth: Truth, i: int, target: Target | None, *, is_mine: bool, assessable: bool, candidates: tuple[int, ...]
) -> ObjectScore:
    place = (float(truth.x_m[i]), float(truth.y_m[i]), float(truth.depth_m[i]))
    error = sigma = None
    if target is not None:
        dx, dy, dz = (float(a - b) for a, b in zip((target.x_m, target.y_m, target.depth_m), place, strict=True))
        error = (dx, dy, dz)
        sx, sy, sz = (s if s > 0 else float("nan") for s in target.position_std_m)
        sigma = (dx / sx, dy / sy, dz / sz)
    return ObjectScore(
        label=truth.label[i],
        model=truth.model[i],
        x_m=place[0],
        y_m=place[1],
        depth_m=place[2],
        is_mine=is_mine,
        assessable=assessable,
        target=None if target is None else target.id,
        confidence=None if target is None else target.confidence,
        call=None if target is None else target.call,
        error_m=error,
        sigma=sigma,
        candidates=candidates,
    )


def _found(evidence: Evidence | None) -> float | None:
    return evidence.log_likelihood_ratio if evidence is not None and evidence.score > 0.0 else None


def _seen(coverage: Coverage, truth: Truth) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether each object's centre lies on the patch, and on ground that both sensors covered."""
    grid = coverage.grid
    row, column = (
        np.rint((where - axis[0]) / grid.cell_m).astype(np.intp)
        if len(axis)
        else np.zeros(len(where), dtype=np.intp)
        for where, axis in ((truth.y_m, grid.y_m), (truth.x_m, grid.x_m))
    )
    ny, nx = coverage.patch.shape
    inside = (row >= 0) & (row < ny) & (column >= 0) & (column < nx)
    row, column = np.where(inside, row, 0), np.where(inside, column, 0)
    if not coverage.patch.size:
        return inside, inside
    both = coverage.emi & coverage.gpr
    return inside & coverage.patch[row, column], inside & both[row, column]
