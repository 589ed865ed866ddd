"""How a sensor's data go through their steps, and what happens when a step cannot go on."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

import numpy as np

from dualsense.chain.cache import content_key
from dualsense.chain.log import EMPTY, Log
from dualsense.errors import ScanError
from dualsense.faults import fault
from dualsense.runtime.threads import go_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dualsense.chain.cache import StepCache
    from dualsense.recipe.base import Table
    from dualsense.result import Coverage
    from dualsense.scan import SensorName

logger = logging.getLogger(__name__)

NUMERICAL = (ValueError, LookupError, ArithmeticError, np.linalg.LinAlgError)
"""What numbers can do to a step; anything else is a fault of the program and goes up."""

State = TypeVar("State", bound="SensorState")
Tables_contra = TypeVar("Tables_contra", bound="Table", contravariant=True)
T = TypeVar("T")


def state_text(state: Any) -> str:
    """Name what a state knows, one thing a line: shapes of arrays, kinds of data, never their numbers."""
    known = ((entry.name, _brief(getattr(state, entry.name))) for entry in fields(state))
    return "\n".join((type(state).__name__, *(f"  {name}: {what}" for name, what in known if what)))


def _brief(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, np.ndarray):
        return f"{value.shape} {value.dtype}"
    if isinstance(value, (tuple, list, dict)):
        return f"{len(value)} {'entry' if len(value) == 1 else 'entries'}" if value else ""
    return str(value) if isinstance(value, (str, bool, int, float)) else type(value).__name__


class SensorState(Protocol):
    """What is known of a sensor's data."""

    def with_cover(self, cover: Coverage) -> Self:
        """Give the same once it is known what ground was swept."""


class Stage(Protocol[State, Tables_contra]):
    """What a step does: from a frozen state and the sensor's tables to the next state and what there is to say."""

    def __call__(self, state: State, tables: Tables_contra, /) -> tuple[State | None, Log]:
        """Take the step; None when the sensor turns out to tell nothing."""


@dataclass(frozen=True, slots=True)
class ChainStep(Generic[State, Tables_contra]):
    """One step of a sensor's chain.

    Attributes
    ----------
    name
        By which its state can be kept.
    stage
        What it does.
    reads
        Tables of the sensor's recipe that it reads: with the state before it, all that its outcome hangs on.
    done_with
        Parts of the state that no later step reads. Where nobody keeps states they are let go, for they are large.
    aside
        Parts of the state that are all it changes, and that only such steps read: what comes after hangs on none
        of them, and is not taken anew for them.
    """

    name: str
    stage: Stage[State, Tables_contra]
    reads: tuple[str, ...]
    done_with: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Passage(Generic[State]):
    """How far a sensor's data have come.

    Attributes
    ----------
    state
        After the last step; None when there is no such sensor, or it failed.
    key
        Of all that the state was made from; empty without a cache.
    said
        What there was to say before the first step.
    """

    sensor: SensorName
    state: State | None
    key: str = ""
    said: Log = EMPTY

    def over(self, cover: Coverage) -> Passage[State]:
        """Give the same once it is known what ground was swept, and where its map lies."""
        key = content_key(self.key, cover) if self.key else ""
        return replace(self, state=None if self.state is None else self.state.with_cover(cover), key=key)


def silent(_name: str, _part: float) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a caller wants of a run beside its result.

    Attributes
    ----------
    keep
        Full names of the steps whose states are kept, such as "gpr.background", to every name they are wanted by.
    cache
        Where steps that were taken before are looked up; None takes every step.
    progress
        Called with the name of what begins and the part done, 0-1.
    meanwhile
        Called once, when the radar is done and the metal detector may not be.
    """

    keep: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cache: StepCache | None = None
    progress: Callable[[str, float], None] = silent
    meanwhile: Callable[[], None] | None = None

    @property
    def keeps_states(self) -> bool:
        """Whether a state may be looked at after its chain."""
        return bool(self.keep) or self.cache is not None


MILESTONES = {"gpr.soil": ("radar: soil", 0.4), "gpr.migrate": ("radar: migration", 0.55)}
"""Steps that take long enough to be announced, with the part done when they begin."""


def taken(part: T | None) -> T:
    """Give a part of a state that an earlier step has to have filled in.

    Raises
    ------
    LookupError
        When it has not.
    """
    if part is None:
        msg = "a step was taken before the one that gives what it works on"
        raise LookupError(msg)
    return part


def advance(
    passage: Passage[State], steps: Iterable[ChainStep[State, Tables_contra]], tables: Tables_contra, run: Run
) -> tuple[Passage[State], Log]:
    """Take a sensor's data through steps. Here, and only here, one sensor may fail without the other.

    A step that cannot go on, or that finds that the sensor tells nothing, ends the sensor's chain: its state is
    None from there on, a fault says why, and what was said before stands. The other sensor never notices.

    Parameters
    ----------
    passage
        How far the data have come.
    steps
        In their order.
    tables
        The sensor's part of the recipe.
    run
        What to keep, where to look steps up, whom to tell.

    Returns
    -------
    Passage, Log
    """
    sensor, state, key, log = passage.sensor, passage.state, passage.key, passage.said
    del passage  # or what the first steps are done with would stay
    side = ""  # key of what lies aside
    aside: tuple[str, ...] = ()
    for step in steps:
        if state is None:
            break
        go_on()
        name = f"{sensor}.{step.name}"
        if name in MILESTONES:
            run.progress(*MILESTONES[name])
        if step.aside:
            own = side = _next_key(f"{key} {side}", step, tables, run)
            aside = (*aside, *step.aside)
        else:
            own = key = _next_key(key, step, tables, run)
        before = state
        try:
            state, said = _after(state, step, tables, own, run)
        except (ScanError, MemoryError, *NUMERICAL) as error:
            logger.warning("%s chain failed", sensor, exc_info=error)
            cause = " ".join(str(error).split())
            state = None
            said = Log((fault("processing-failed", sensor=sensor, path=f"/{sensor}", cause=cause),))
        log += said
        if run.cache is not None and not step.aside:
            state = _beside(state, before, aside)
        if state is not None and name in run.keep:
            log += Log(kept=dict.fromkeys(run.keep[name], state))
        if state is not None and step.done_with and not run.keeps_states:
            state = _without(state, step.done_with)
    return Passage(sensor, state, key), log


def spared(run: Run, parts: tuple[Any, ...], work: Callable[[], T]) -> T:
    """Do a work beside the steps, or give what it gave before for the same.

    Parameters
    ----------
    run
        Whose cache is asked; without one the work is done.
    parts
        All that the outcome hangs on, after a name of the work's own.
    work
        Without an effect but its value, which is not None.

    Returns
    -------
    What the work gives.
    """
    if run.cache is None:
        return work()
    key = content_key(*parts)
    found: T | None = run.cache.get(key, counted=False)
    if found is None:
        found = work()
        run.cache.put(key, found)
    return found


def _beside(state: Any, before: Any, aside: tuple[str, ...]) -> Any:
    """Give a state that came from the cache what lies aside now, which may be other than it was then."""
    other = {
        name: getattr(before, name) for name in aside if getattr(state, name, None) is not getattr(before, name)
    }
    return replace(state, **other) if other and state is not None else state


def _without(state: Any, parts: tuple[str, ...]) -> Any:
    return replace(state, **dict.fromkeys(parts))


def _next_key(key: str, step: ChainStep[Any, Any], tables: Table, run: Run) -> str:
    if run.cache is None:
        return ""
    return content_key(key, step.name, {name: getattr(tables, name).model_dump() for name in step.reads})


def _after(
    state: State, step: ChainStep[State, Tables_contra], tables: Tables_contra, key: str, run: Run
) -> tuple[State | None, Log]:
    """Take a step, or what it gave before for the same."""
    if run.cache is None:
        return step.stage(state, tables)
    found: tuple[State | None, Log] | None = run.cache.get(key)
    if found is None:
        found = step.stage(state, tables)
        run.cache.put(key, found)
    return found
