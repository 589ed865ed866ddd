"""What training does with scans and their truth, in a worker process: the server holds no truth it may not tell.

A lane's level comes from how deep anything lies, how much lies there, and how the soil treats both sensors: mines
and all else alike, so that who knows the level knows nothing of mines.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dualsense.errors import DualsenseError, cause
from dualsense.runtime.logs import start_logging

if TYPE_CHECKING:
    from numpy.random import Generator

    from dualsense.result import Result, Target
    from dualsense.scan import Truth
    from dualsense.simulate import Scene

Level = Literal["easy", "medium", "hard"]
LEVELS: tuple[Level, ...] = ("easy", "medium", "hard")
EASY_DEPTH_M, HARD_DEPTH_M = 0.06, 0.10
"""Of the top of the deepest object: at most, and beyond."""
EASY_SOIL, HARD_SOIL = (6.0, 1e-3), (12.0, 4e-3)
"""Permittivity and susceptibility: below both, and from either of them on."""
EASY_OBJECTS, HARD_OBJECTS = 4, 7
"""At most, and from there on."""
KINDS: dict[Level, tuple[str, ...]] = {
    "easy": ("sand",),
    "medium": ("sand", "loam", "metal-in-bodies"),
    "hard": ("wet-clay", "laterite", "cambodia-laterite", "battlefield"),
}
EMPTY_SHARE = 0.2
"""Of lanes without a mine: who always finds one learns to."""
MOST_TRIES = 400
MOST_KEPT = 4

_results: OrderedDict[str, Result] = OrderedDict()


@dataclass(frozen=True, slots=True)
class LookAt:
    """Ask whether a scan can be a lane, and of which level."""

    scan: str


@dataclass(frozen=True, slots=True)
class Invent:
    """Ask for a new lane of a level, from a seed that nobody is told."""

    path: str
    level: Level
    seed: int


@dataclass(frozen=True, slots=True)
class ShowLane:
    """Ask for the page of a lane, without a target, a name or a truth."""

    scan: str
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What a trainee says of a place; ``chance`` is their own, 0-1, that it is a mine."""

    id: str
    x_m: float
    y_m: float
    dig: bool
    chance: float


@dataclass(frozen=True, slots=True)
class ScoreLane:
    """Ask what marks are worth, and with that for the truth."""

    scan: str
    marks: tuple[Mark, ...]


Lesson = LookAt | Invent | ShowLane | ScoreLane


def do_lesson(task: Lesson) -> dict[str, Any]:
    """Do a task of training; what went wrong stands under "problem"."""
    start_logging(verbosity=-1)
    try:
        match task:
            case LookAt():
                return _look_at(Path(task.scan))
            case Invent():
                return _invent(task)
            case ShowLane():
                return _page(task)
            case ScoreLane():
                return _score(task)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is said on the page
        return {"problem": cause(error)}


def level_of(truth: Truth) -> Level:
    """Tell how hard a lane is.

    Parameters
    ----------
    truth
        Its soil need not be told: then depths and numbers decide.

    Returns
    -------
    str
        One of `LEVELS`.
    """
    deepest_m, count = max(truth.depth_m, default=0.0), len(truth.depth_m)
    soil = tuple(_number(truth.scene.get(name)) for name in ("relative_permittivity", "susceptibility"))
    if deepest_m > HARD_DEPTH_M or count >= HARD_OBJECTS or soil[0] >= HARD_SOIL[0] or soil[1] >= HARD_SOIL[1]:
        return "hard"
    easy_soil = soil[0] < EASY_SOIL[0] and soil[1] < EASY_SOIL[1]
    return "easy" if deepest_m <= EASY_DEPTH_M and count <= EASY_OBJECTS and easy_soil else "medium"


def _number(value: object) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return 0.0
    return number if math.isfinite(number) else 0.0


def _look_at(scan: Path) -> dict[str, Any]:
    from dualsense.io import read_scan  # noqa: PLC0415 - in the worker only

    read = read_scan(scan)
    if read.truth is None:
        msg = f"{scan.name}: tells no truth, and without it nobody can be scored"
        raise DualsenseError(msg)
    return {"level": level_of(read.truth), "source": read.header.source}


def _invent(task: Invent) -> dict[str, Any]:
    import numpy as np  # noqa: PLC0415 - in the worker only

    from dualsense.simulate import simulate_file  # noqa: PLC0415

    rng = np.random.default_rng(task.seed)
    scene = lane_of_level(task.level, rng)
    simulate_file(replace(scene, scan_id=Path(task.path).stem), Path(task.path), seed=int(rng.integers(2**62)))
    return {}


def lane_of_level(level: Level, rng: Generator) -> Scene:
    """Draw a lane of a level.

    Parameters
    ----------
    level
        One of `LEVELS`.
    rng
        Decides over soil, objects and places.

    Returns
    -------
    Scene

    Raises
    ------
    DualsenseError
        None of many draws is of that level.
    """
    from dualsense.simulate import random_lane  # noqa: PLC0415 - in the worker only

    empty = rng.random() < EMPTY_SHARE
    for _ in range(MOST_TRIES):
        scene = random_lane(KINDS[level][rng.integers(len(KINDS[level]))], rng=rng)
        truth = _told(scene)
        if level_of(truth) == level and ("mine" in truth.label) != empty:
            return scene
    msg = f"no lane of level {level} came of {MOST_TRIES} draws"
    raise DualsenseError(msg)


def _told(scene: Scene) -> Truth:
    """Truth of a scene as far as its level hangs on it."""
    import numpy as np  # noqa: PLC0415 - in the worker only

    from dualsense.scan import Truth  # noqa: PLC0415
    from dualsense.simulate import MODELS  # noqa: PLC0415

    columns = np.array([(thing.x_m, thing.y_m, thing.depth_m) for thing in scene.objects]).reshape(-1, 3)
    return Truth(
        columns[:, 0],
        columns[:, 1],
        columns[:, 2],
        *(np.zeros(len(columns)),) * 3,
        label=tuple(MODELS[thing.model].label for thing in scene.objects),
        model=tuple(thing.model for thing in scene.objects),
        scene={
            "relative_permittivity": scene.soil.relative_permittivity,
            "susceptibility": scene.soil.susceptibility,
        },
    )


def _processed(scan: str) -> Result:
    """Give the result of a scan, which is kept for its score."""
    from dualsense.chain import process_recording  # noqa: PLC0415 - in the worker only
    from dualsense.io import open_recording  # noqa: PLC0415

    if scan not in _results:
        with open_recording(Path(scan)) as recording:
            _results[scan] = process_recording(recording)
        while len(_results) > MOST_KEPT:
            _results.popitem(last=False)
    _results.move_to_end(scan)
    return _results[scan]


def _page(task: ShowLane) -> dict[str, Any]:
    from dualsense.render import lesson_html  # noqa: PLC0415 - in the worker only

    return {"page": lesson_html(_processed(task.scan), task.title)}


def _score(task: ScoreLane) -> dict[str, Any]:
    from dualsense.evaluate import rates, score_scan  # noqa: PLC0415 - in the worker only
    from dualsense.io import read_scan  # noqa: PLC0415

    scan = read_scan(Path(task.scan))
    if scan.truth is None:
        msg = "this lane tells no truth"
        raise DualsenseError(msg)
    marked = replace(_processed(task.scan), targets=tuple(_target(mark) for mark in task.marks))
    score = score_scan(marked, scan.truth)
    counted = rates([score])
    return {
        "mines": counted.mines,
        "detected": counted.detected,
        "not_assessable": counted.not_assessable + counted.not_covered,  # whoever marks calls nothing so himself
        "false_alarms": counted.false_alarms,
        "area_m2": round(score.area_m2, 6),
        "source": scan.header.source,
        "level": level_of(scan.truth),
        "marks": [
            {
                "id": mark.id,
                "x_m": mark.x_m,
                "y_m": mark.y_m,
                "dig": mark.dig,
                "chance": mark.chance,
                "mine": one.is_mine,
            }
            for mark, one in zip(task.marks, score.targets, strict=True)
        ],
        "objects": [
            {
                "label": thing.label,
                "model": thing.model,
                "x_m": round(thing.x_m, 4),
                "y_m": round(thing.y_m, 4),
                "depth_m": round(thing.depth_m, 4),
                "mine": thing.is_mine,
                "outcome": _outcome(thing.target, thing.call, assessable=thing.assessable),
            }
            for thing in score.objects
        ],
    }


def _outcome(target: str | None, call: str | None, *, assessable: bool) -> str:
    """Say what became of an object: dug, left though it was marked, not marked, or nobody could have."""
    if target is not None:
        return "dug" if call == "suspect" else "left"
    return "unmarked" if assessable else "not-assessable"


def _target(mark: Mark) -> Target:
    from dualsense.result import Target  # noqa: PLC0415 - the only one here

    unknown = math.nan
    call: Literal["suspect", "likely-clutter"] = "suspect" if mark.dig else "likely-clutter"
    spread = (unknown, unknown, unknown)
    return Target(mark.id, mark.x_m, mark.y_m, unknown, spread, mark.chance, call, None, None, ())
