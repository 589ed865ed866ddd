"""From lanes to rows: each target's evidence with what really lies there, one JSON-lines file per lane.

Files that are there already are left alone, so that a run which was stopped goes on where it was.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from benchmarks.calibrate.scenes import in_envelope

from dualsense.chain.log import Log
from dualsense.constants import HIDDEN_M3
from dualsense.evaluate import score_scan
from dualsense.features import GprFeature
from dualsense.fusion._beside import beside
from dualsense.fusion._conditions import Conditions
from dualsense.runtime.workers import WorkerDiedError, run_tasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from benchmarks.calibrate.scenes import Lane

    from dualsense.result import Result
    from dualsense.scan import Truth


LISTS_ALL = "uncalibrated-rules-1"
"""A model that leaves nothing out of the list."""


def rows_of(result: Result, truth: Truth, lane: Lane) -> list[dict[str, Any]]:
    """The lane's score, then one row per target, and one for each object without one (``id`` is None there)."""
    score = score_scan(result, truth)
    owner = {o.target: o for o in score.objects if o.target is not None}
    where = {"split": lane.split, "soil": lane.soil, "seed": lane.seed, "eps": result.relative_permittivity}
    hidden = result.emi_maps["metal_hidden"].values >= HIDDEN_M3 if "metal_hidden" in result.emi_maps else None
    soil = (result.relative_permittivity, result.relative_permittivity_std)
    conditions = Conditions(result.coverage, *soil, hidden=hidden)
    trusted = not Log(result.faults).limits
    rows: list[dict[str, Any]] = []
    for t in result.targets:
        thing = owner.get(t.id)
        sensors = {
            name: None if e is None else {"score": e.score, "llr": e.log_likelihood_ratio, **e.features}
            for name, e in (("emi", t.emi), ("gpr", t.gpr))
        }
        silent = t.gpr is not None and t.gpr.score == 0.0
        length_m = t.gpr.features.get(GprFeature.LENGTH, 0.0) if t.gpr is not None else 0.0
        rows.append(
            where
            | sensors
            | {
                "id": t.id,
                "label": None if thing is None else thing.label,
                "model": None if thing is None else thing.model,
                "true_depth_m": None if thing is None else thing.depth_m,
                "is_mine": thing is not None and thing.is_mine,
                "in_envelope": thing is not None
                and thing.is_mine
                and in_envelope(lane, thing.model, thing.depth_m),
                "confidence": t.confidence,
                "call": t.call,
                "place": [t.x_m, t.y_m, t.depth_m],
                "std_m": list(t.position_std_m),
                "error_m": None if thing is None else list(thing.error_m or ()),
                "clear": conditions.clear(t.x_m, t.y_m, 0.5 * length_m),
                "trusted": trusted,
                "silence": t.gpr.features[GprFeature.SILENCE] if silent and t.gpr is not None else 0.0,
            }
        )
    rows += [
        where
        | {
            "id": None,
            "label": o.label,
            "model": o.model,
            "true_depth_m": o.depth_m,
            "is_mine": o.is_mine,
            "in_envelope": o.is_mine and in_envelope(lane, o.model, o.depth_m),
        }
        for o in score.objects
        if o.target is None
    ]
    return [{"score": asdict(score)}, *with_neighbours(rows)]


def write_rows(folder: Path, lanes: Sequence[Lane], *, workers: int = 2) -> Iterable[tuple[Lane, str]]:
    """Simulate and process lanes whose rows are not there yet; gives each with what went wrong, if anything."""
    folder.mkdir(parents=True, exist_ok=True)
    todo = [(str(folder), lane) for lane in lanes if not (folder / f"{lane.name}.jsonl").exists()]
    for (_, lane), answer in run_tasks(todo, _write_one, workers=workers, threads=1):
        yield lane, str(answer) if isinstance(answer, WorkerDiedError) else answer


def read_lanes(folder: Path, lanes: Iterable[Lane]) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Read score and rows of lanes, in their order; lanes that are not there are left out."""
    out = []
    for lane in lanes:
        path = folder / f"{lane.name}.jsonl"
        if path.exists():
            first, *rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
            out.append((first["score"], with_neighbours(rows)))
    return out


def with_neighbours(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tell of each target of a lane what lies beside it, as processing does."""
    targets = [row for row in rows if row["id"] is not None]
    near = beside(
        [tuple(row["place"][:2]) for row in targets],
        *([(row[sensor] or {"score": 0.0})["score"] for row in targets] for sensor in ("emi", "gpr")),
    )
    for row, told in zip(targets, near, strict=True):
        row["beside"] = told
    return rows


def save_rows(folder: Path, lane: Lane, rows: Sequence[dict[str, Any]]) -> None:
    """Write a lane's rows, whole or not at all."""
    partial = folder / f".{lane.name}.part"
    partial.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    partial.rename(folder / f"{lane.name}.jsonl")


def fitted_recipe() -> str:
    """With which lanes are processed, as TOML; targets of another recipe say that they are."""
    from dualsense.recipe import Recipe, dump_recipe

    about = "# With which the lanes were processed that the fitted models learnt from."
    return f"{about}\n\n{dump_recipe(Recipe(), comments=False)}"


def _write_one(task: tuple[str, Lane]) -> str:
    from pathlib import Path

    from benchmarks.calibrate.scenes import scene

    from dualsense.chain import process_scan
    from dualsense.recipe import load_recipe
    from dualsense.simulate import simulate_scan

    folder, lane = task
    try:
        scan = simulate_scan(scene(lane), seed=lane.seed)
        result = process_scan(replace(scan, truth=None), load_recipe(overrides=[f"fusion.model={LISTS_ALL}"]))
        if scan.truth is not None:
            save_rows(Path(folder), lane, rows_of(result, scan.truth, lane))
    except Exception as error:  # noqa: BLE001 - one lane that fails is told, and does not stop the others
        return f"{type(error).__name__}: {error}"
    return ""
