"""A session of tuning in a worker process, which keeps the recording and what each step gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from dualsense.errors import UsageError, cause
from dualsense.runtime.logs import start_logging

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualsense.workbench import Trials, Tuning

    Answer = tuple[dict[str, Any], dict[str, bytes]]

T = TypeVar("T")
Changes = tuple[tuple[str, ...], ...]
MOST_CHANGES, MOST_TEXTS, MOST_LETTERS = 500, 20, 500
MOST_M = 1e4


@dataclass(frozen=True, slots=True)
class Source:
    """What is tuned: a recording, options of its importer, and the recipe that the session begins with."""

    path: str
    options: Mapping[str, Any] = field(default_factory=dict)
    recipe_file: str = ""
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a page asks for.

    Attributes
    ----------
    source
        Of the session.
    what
        "look", "save" or "seen".
    done, held
        The session's changes, and those of the side that is compared with.
    step, place_m, depth_m
        What is looked at, and where; None takes the first target's.
    panel
        Whether the controls are to be described.
    ahead
        Whether a picture ahead of the result is wanted where the result takes longer.
    out
        Folder to save to.
    switch, move
        A step to be turned "on" or "off", or to happen so many places later, after all changes.
    mine, mine_depth_m, spacing_m, run
        Mine that is put into the ground, how deep, how far apart, and which of its runs.
    """

    source: Source
    what: str
    done: Changes = ()
    held: Changes = ()
    step: str = ""
    place_m: tuple[float, float] | None = None
    depth_m: float | None = None
    panel: bool = False
    ahead: bool = False
    out: str = ""
    switch: str = ""
    move: int = 0
    mine: str = ""
    mine_depth_m: float = 0.05
    spacing_m: float = 0.15
    run: int = 0


_sessions: dict[str, Tuning] = {}
_trials: dict[tuple[str, str, float, float], Trials] = {}


def understood(given: dict[str, Any], source: Source, what: str, out: str) -> Wish:
    """Understand what a page asks for.

    Raises
    ------
    UsageError
        Something is of another kind, or beyond what a session may hold.
    """
    place = given.get("place_m")
    at = (
        None
        if place is None
        else tuple(_number(one, "place_m", -MOST_M, MOST_M) for one in _list(place, "place_m"))
    )
    if at is not None and len(at) != 2:
        msg = f"place_m: got {len(at)} numbers, expected two"
        raise UsageError(msg)
    depth = given.get("depth_m")
    return Wish(
        source,
        what,
        done=_changes(given.get("done", []), "done"),
        held=_changes(given.get("held", []), "held"),
        step=_text(given.get("step", ""), "step"),
        place_m=None if at is None else (at[0], at[1]),
        depth_m=None if depth is None else _number(depth, "depth_m", 0.0, 3.0),
        panel=_one_of(given.get("panel", False), "panel", (False, True)),
        ahead=_one_of(given.get("ahead", False), "ahead", (False, True)),
        out=out,
        switch=_one_of(given.get("switch", ""), "switch", ("", "on", "off")),
        move=_whole(given.get("move", 0), "move", -9, 9),
        mine=_text(given.get("mine", ""), "mine"),
        mine_depth_m=_number(given.get("mine_depth_m", 0.05), "mine_depth_m", 0.0, 0.5),
        spacing_m=_number(given.get("spacing_m", 0.15), "spacing_m", 0.02, 5.0),
        run=_whole(given.get("run", 0), "run", 0, 10_000),
    )


def _list(given: Any, key: str) -> list[Any]:
    if not isinstance(given, list):
        msg = f"{key}: got {given!r:.40}, expected a list"
        raise UsageError(msg)
    return given


def _number(given: Any, key: str, least: float, most: float) -> float:
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not least <= given <= most:
        msg = f"{key}: got {given!r:.40}, expected {least:g} to {most:g}"
        raise UsageError(msg)
    return float(given)


def _whole(given: Any, key: str, least: int, most: int) -> int:
    number = _number(given, key, least, most)
    if number != int(number):
        msg = f"{key}: got {number:g}, expected a whole number"
        raise UsageError(msg)
    return int(number)


def _one_of(given: Any, key: str, known: tuple[T, ...]) -> T:
    for one in known:
        if type(given) is type(one) and given == one:
            return one
    msg = f"{key}: got {given!r:.40}, expected {' or '.join(map(repr, known))}"
    raise UsageError(msg)


def _text(given: Any, key: str) -> str:
    if not isinstance(given, str) or len(given) > MOST_LETTERS:
        msg = f"{key}: got {given!r:.40}, expected a text of at most {MOST_LETTERS} letters"
        raise UsageError(msg)
    return given


def _changes(given: Any, key: str) -> Changes:
    rows = [_list(one, key) for one in _list(given, key)]
    if len(rows) > MOST_CHANGES or any(not 1 <= len(row) <= MOST_TEXTS for row in rows):
        msg = f"{key}: expected at most {MOST_CHANGES} changes of 1 to {MOST_TEXTS} keys"
        raise UsageError(msg)
    return tuple(tuple(_text(text, key) for text in row) for row in rows)


def work_at(wish: Wish) -> Answer:
    """Do what a page asks for; what went wrong stands under "problem"."""
    start_logging(verbosity=-1)
    try:
        return _answered(wish)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is said on the page
        return {"problem": cause(error)}, {}


def _answered(wish: Wish) -> Answer:
    from dualsense.workbench import tuning_glance, tuning_view  # noqa: PLC0415 - slow to import

    tuning = _session(wish.source)
    tuning.take(wish.done, wish.held)
    if wish.switch:
        tuning.switch(wish.step, on=wish.switch == "on")
    if wish.move:
        tuning.move(wish.step, wish.move)
    if wish.what == "save":
        return _saved(tuning, Path(wish.out)), {}
    if wish.what == "seen":
        return _tried(tuning, wish)
    step, done = wish.step or "gpr.background", {"done": [list(one) for one in tuning.changes]}
    if wish.ahead:
        found = tuning_glance(tuning, step, at_m=wish.place_m, depth_m=wish.depth_m)
        if found is not None:
            return found[0] | done, found[1]
    document, pictures = tuning_view(tuning, step, at_m=wish.place_m, depth_m=wish.depth_m, panel=wish.panel)
    return document | done, pictures


def _session(source: Source) -> Tuning:
    from dualsense.workbench import Tuning  # noqa: PLC0415 - slow to import

    if source.path not in _sessions:  # of which a worker has one
        recipe = Path(source.recipe_file) if source.recipe_file else None
        _sessions[source.path] = Tuning(
            source.path, recipe_file=recipe, overrides=source.overrides, options=dict(source.options)
        )
    return _sessions[source.path]


def _saved(tuning: Tuning, out: Path) -> dict[str, Any]:
    recipe, script = tuning.save(out)
    tuning.write(out / "result", overwrite=True)
    return {"recipe": str(recipe), "script": str(script), "result": str(out / "result")}


def _tried(tuning: Tuning, wish: Wish) -> Answer:
    from dualsense.workbench import Trials, seen_view  # noqa: PLC0415 - slow to import

    key = (tuning.recipe.sha256, wish.mine, wish.mine_depth_m, wish.spacing_m)
    if wish.run == 0 or key not in _trials:
        _trials.clear()
        _trials[key] = Trials(
            tuning.scan, wish.mine, depth_m=wish.mine_depth_m, spacing_m=wish.spacing_m, recipe=tuning.recipe
        )
    trials = _trials[key]
    for number in range(wish.run + 1):
        if number < len(trials.runs) and number not in trials.done:
            trials.run(number)
    document, pictures = seen_view(trials.seen())
    return document | {"runs": len(trials.runs), "run": wish.run}, pictures
