"""A folder of invented lanes: one scan file for each seed, and a manifest that says how to make them again."""

from __future__ import annotations

import json
import os
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dualsense._version import __version__
from dualsense.errors import UsageError
from dualsense.runtime.files import refuse_odd, write_file
from dualsense.runtime.folders import refuse_link, sole_writer
from dualsense.runtime.workers import WorkerDiedError, run_tasks
from dualsense.simulate._record import simulate_file
from dualsense.simulate._scene.cart import on_cart
from dualsense.simulate._scene.handling import Faults
from dualsense.simulate._scene.lanes import random_lane
from dualsense.simulate._scene.presets import PRESETS, find_preset, parameters_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualsense.simulate._scene.array import Array

SCHEMA = "dualsense-lanes"
SCHEMA_VERSION = "1.0"
MANIFEST = "lanes.json"


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane of a folder; ``error`` is empty when it was written."""

    file: str
    preset: str
    seed: int
    scan_sha256: str = ""
    mines: int = 0
    objects: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class _Task:
    lane: Lane
    path: str
    faults: Faults
    array: Array | None
    overwrite: bool


def simulate_lanes(
    preset: str,
    out: Path,
    *,
    lanes: int,
    seed: int,
    faults: Faults | None = None,
    array: Array | None = None,
    jobs: int | None = None,
    overwrite: bool = False,
    progress: Callable[[str, float], None] | None = None,
) -> list[Lane]:
    """Invent lanes with the seeds ``seed``, ``seed`` + 1, ... and write them and their manifest.

    Each file is that of the one seed alone, whatever the number of lanes and of worker processes; by default there
    is one process per core, with one thread.

    Parameters
    ----------
    preset
        Key of `PRESETS`.
    out
        Folder, made where it is not there.
    lanes, seed
        How many, and the seed of the first.
    faults
        Spoil every lane.
    array
        A cart carries it over each lane, instead of one pair by hand.
    jobs
        Worker processes at most.
    overwrite
        Whether files of the same names may be replaced.
    progress
        Called with the name of each file that is done and the part of all.

    Returns
    -------
    list of Lane
        In the order of their seeds; one that failed holds its error.

    Raises
    ------
    RecipeError
        There is no such preset.
    UsageError
        Before any work, when a file of the same name is there already, or a link.
    DualsenseError
        Another process is writing lanes there.
    """
    find_preset(preset)
    wanted = [Lane(f"{preset}-{s:06d}.h5", preset, s) for s in range(seed, seed + lanes)]
    refuse_link(out)
    for name in (MANIFEST, *(lane.file for lane in wanted)):
        refuse_odd(out / name)
        if (out / name).exists() and not overwrite:
            msg = f"{out / name} exists already: choose another folder, or --overwrite"
            raise UsageError(msg)
    out.mkdir(parents=True, exist_ok=True)
    workers = max(1, min(jobs or os.cpu_count() or 1, lanes))
    tasks = [_Task(lane, str(out / lane.file), faults or Faults(), array, overwrite) for lane in wanted]
    done: dict[int, Lane] = {}
    with sole_writer(out), closing(run_tasks(tasks, _write_one, workers=workers, threads=1)) as answers:
        for task, answer in answers:
            lane = task.lane
            if isinstance(answer, WorkerDiedError):
                answer = Lane(lane.file, lane.preset, lane.seed, error=str(answer))  # noqa: PLW2901
            done[lane.seed] = answer
            if progress is not None:
                progress(lane.file, len(done) / lanes)
    found = [done[lane.seed] for lane in wanted]
    write_file(out / MANIFEST, manifest(preset, found, faults or Faults(), array))
    return found


def manifest(preset: str, lanes: list[Lane], faults: Faults, array: Array | None = None) -> str:
    """Versions, the preset with the source of each of its numbers, and every lane with its seed and hash."""
    parameters = parameters_of(PRESETS[preset])
    document = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "dualsense": __version__,
        "simulated": True,
        "preset": preset,
        "parameters": {name: value for name, (value, _) in parameters.items()},
        "sources": {name: source for name, (_, source) in parameters.items()},
        "faults": asdict(faults),
        "array": array and asdict(array),
        "lanes": [asdict(lane) for lane in lanes],
    }
    return json.dumps(document, indent=2) + "\n"


def _write_one(task: _Task) -> Lane:
    lane = task.lane
    try:
        scene = random_lane(lane.preset, rng=np.random.default_rng(lane.seed), scan_id=Path(lane.file).stem)
        scene = replace(scene, faults=task.faults)
        if task.array is not None:
            scene = on_cart(scene, task.array)
        scan = simulate_file(scene, Path(task.path), seed=lane.seed, overwrite=task.overwrite)
    except Exception as error:  # noqa: BLE001 - one lane that fails is parameters, and does not stop the others
        return Lane(lane.file, lane.preset, lane.seed, error=f"{lane.file}: {type(error).__name__}: {error}")
    mines = scan.truth.label.count("mine") if scan.truth is not None else 0
    return Lane(lane.file, lane.preset, lane.seed, scan.sha256 or "", mines, len(scene.objects))
