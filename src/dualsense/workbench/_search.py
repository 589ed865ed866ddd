"""A search for the setting that does best: each next one is chosen by what the settings before it gave (optuna).

Nothing of the search is stored but its rows, in the journal that a sweep has. One that was stopped begins again
with the same seed, asks for the same settings in the same order, and finds their rows there.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from dualsense.errors import RecipeError, UsageError
from dualsense.recipe import Recipe, load_recipe
from dualsense.recipe.keys import keys_of, tables
from dualsense.runtime.folders import sole_writer
from dualsense.runtime.journal import append_entry
from dualsense.runtime.workers import LastingWorker, WorkerDiedError
from dualsense.workbench._sweep import (
    JOURNAL,
    MAPS,
    Plan,
    Task,
    content_of,
    failed_row,
    parted,
    process_one,
    taken_up,
    values_of,
)
from dualsense.workbench._sweep_files import sweep_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    Row = dict[str, Any]

BETTER: Mapping[str, Literal["maximize", "minimize"]] = MappingProxyType(
    {
        "detection_rate": "maximize",
        "missed": "minimize",
        "not_covered": "minimize",
        "false_alarms_m2": "minimize",
        "suspects_m2": "minimize",
        "targets_m2": "minimize",
        "focus": "maximize",
        "coverage": "maximize",
    }
)
"""What may be searched for, and which way is better."""
RANGE = re.compile(r"(?P<low>[-+0-9.eE]+)\.\.(?P<high>[-+0-9.eE]+)(?P<log>:log)?", flags=re.ASCII)
MAX_TRIALS = 10_000
ASKED_AT_MOST = 10
"""Times as many settings are asked for as are tried: some are refused, and some come twice."""
DIGITS = 6
LONGEST_S = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers that a key may take: whole ones or any, evenly spread or by their logarithm."""

    low: float
    high: float
    whole: bool = False
    log: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """What is searched.

    Attributes
    ----------
    space
        Keys of the recipe, each with a range or with values as text.
    fixed
        Overrides that hold for all settings.
    metrics
        What settings are judged by; of several those are best than which none is better in all.
    trials
        Settings to try.
    seed
        Of the choice.
    recipe_file
        What all settings begin with.
    scans
        Name to file.
    """

    space: Mapping[str, Range | tuple[str, ...]]
    fixed: tuple[str, ...]
    metrics: tuple[str, ...]
    trials: int
    seed: int
    recipe_file: Path | None
    scans: Mapping[str, Path]

    def head(self) -> dict[str, Any]:
        """Tell this search from others; it may be gone on with for more trials."""
        import optuna  # noqa: PLC0415 - an extra, and slow to import

        space = {k: [v.low, v.high, v.whole, v.log] if isinstance(v, Range) else v for k, v in self.space.items()}
        common = load_recipe(self.recipe_file, self.fixed).sha256
        own = [space, common, self.metrics, self.seed, optuna.__version__]
        text = json.dumps([own, *content_of(self.scans)])
        return {"kind": "plan", "sha256": hashlib.sha256(text.encode()).hexdigest()}


def plan_search(
    scans: Mapping[str, Path],
    changes: Sequence[str],
    metrics: Sequence[str],
    trials: int,
    *,
    seed: int = 0,
    recipe_file: Path | None = None,
) -> Search:
    """Lay out what is searched.

    Parameters
    ----------
    scans
        Name to file.
    changes
        Such as "gpr.background.radius_m=0.05..0.3", with ":log" behind it for spacing by the logarithm, or
        "gpr.background.method=svd,median"; one value alone holds for all settings.
    metrics
        Of `BETTER`, at least one.
    trials
        Settings to try, at least 1.
    seed
        Of the choice.
    recipe_file
        TOML that all settings begin with; None takes the defaults.

    Returns
    -------
    Search

    Raises
    ------
    UsageError
        optuna is not installed, nothing is to be searched, or a range or metric is none.
    RecipeError
        A key or a value that no recipe has.
    """
    _require_optuna()
    unknown = [name for name in metrics if name not in BETTER]
    if unknown or not metrics:
        msg = f"--metric {unknown[0] if unknown else ''}: a search needs one or several of {', '.join(BETTER)}"
        raise UsageError(msg)
    if not 1 <= trials <= MAX_TRIALS:
        msg = f"--search {trials}: expected 1 to {MAX_TRIALS} settings"
        raise UsageError(msg)
    space: dict[str, Range | tuple[str, ...]] = {}
    fixed = []
    for key, text in parted(changes):
        found = _range(key, text)
        values = values_of(text)
        if found is None and len(values) == 1:
            fixed.append(f"{key}={text}")
        else:
            space[key] = found or values
    if not space:
        msg = "nothing to search: give a key a range or several values, such as gpr.background.radius_m=0.05..0.3"
        raise UsageError(msg)
    for key, one in space.items():
        ends = (_text(one, one.low), _text(one, one.high)) if isinstance(one, Range) else one
        for value in ends:
            load_recipe(recipe_file, [*fixed, f"{key}={value}"])
    return Search(space, tuple(fixed), tuple(metrics), trials, seed, recipe_file, scans)


def _require_optuna() -> None:
    try:
        import optuna  # noqa: PLC0415 - an extra, and slow to import
    except ImportError:
        msg = "a search needs optuna: pip install 'dualsense[tune]'"
        raise UsageError(msg) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def _range(key: str, text: str) -> Range | None:
    match = RANGE.fullmatch(text.strip())
    if match is None:
        return None
    try:
        low, high = float(match["low"]), float(match["high"])
    except ValueError:
        return None
    log = match["log"] is not None
    if not low < high or (log and low <= 0.0):
        msg = f"--set {key}={text}: expected LOW..HIGH with LOW below HIGH, and above 0 with :log"
        raise UsageError(msg)
    whole = _is_whole(key)
    if whole and not (low.is_integer() and high.is_integer()):
        msg = f"--set {key}={text}: expected whole numbers, as the key has them"
        raise UsageError(msg)
    return Range(low, high, whole, log)


def _is_whole(key: str) -> bool:
    """Whether a key of the recipe holds whole numbers only."""
    table, _, name = key.rpartition(".")
    for prefix, model in tables(Recipe):
        if prefix == table and name in (known := keys_of(model)):
            return "integer" in known[name].kinds and "number" not in known[name].kinds
    return False


def _text(one: Range, value: float) -> str:
    return str(int(value)) if one.whole else repr(float(f"{value:.{DIGITS}g}"))


def run_search(
    search: Search,
    out: Path,
    *,
    jobs: int | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> tuple[Plan, list[Row], tuple[int, ...]]:
    """Try one setting after another, each on every scan.

    Parameters
    ----------
    search
        From `plan_search`.
    out
        Folder: what a search that was stopped left there is taken up.
    jobs
        Scans at a time; by default one per core.
    progress
        Called with what is finished and the part of the search that is.

    Returns
    -------
    plan : Plan
        The settings that were tried, as of a sweep.
    rows : list of dict
        One for each setting and scan.
    best : tuple of int
        Settings, from 0, than which none is better in all metrics.

    Raises
    ------
    UsageError
        The folder holds another search or a sweep, or a metric needs a truth that no scan has.
    """
    out.mkdir(parents=True, exist_ok=True)
    with sole_writer(out):
        done = taken_up(search, out)
        (out / MAPS).mkdir(exist_ok=True)
        cores = os.cpu_count() or 1
        count = max(1, min(jobs or cores, len(search.scans)))
        crew = [LastingWorker(process_one, threads=max(1, cores // count)) for _ in range(count)]
        with ThreadPoolExecutor(count) as pool:
            try:
                return _tried(search, out, done, _Crew(crew, pool), progress)
            finally:
                for worker in crew:
                    worker.stop()


class _Crew:
    """Workers that last from setting to setting."""

    def __init__(self, workers: Sequence[LastingWorker[Task, Row]], pool: ThreadPoolExecutor) -> None:
        self._free: SimpleQueue[LastingWorker[Task, Row]] = SimpleQueue()
        self._pool = pool
        for worker in workers:
            self._free.put(worker)

    def _one(self, task: Task) -> Row:
        worker = self._free.get()
        try:
            answer = worker.ask(task, most_s=LONGEST_S)
        finally:
            self._free.put(worker)
        return failed_row(task, str(answer)) if isinstance(answer, WorkerDiedError) else answer

    def rows(self, tasks: Sequence[Task]) -> Iterator[Row]:
        """Give the row of each task, in their order."""
        return self._pool.map(self._one, tasks)


def _tried(
    search: Search,
    out: Path,
    done: dict[tuple[int, str], Row],
    crew: _Crew,
    progress: Callable[[str, float], None] | None,
) -> tuple[Plan, list[Row], tuple[int, ...]]:
    import optuna  # noqa: PLC0415 - an extra, and slow to import

    sampler = optuna.samplers.TPESampler(seed=search.seed)
    study = optuna.create_study(directions=[BETTER[name] for name in search.metrics], sampler=sampler)
    settings: dict[tuple[str, ...], Recipe] = {}
    judged: dict[tuple[str, ...], list[float] | None] = {}
    rows: list[Row] = []
    for _ in range(ASKED_AT_MOST * search.trials):
        if len(settings) >= search.trials:
            break
        trial = study.ask()
        setting = tuple(_suggested(trial, key, one) for key, one in search.space.items())
        if setting not in judged:
            try:
                pairs = zip(search.space, setting, strict=True)
                recipe = load_recipe(search.recipe_file, [*search.fixed, *(f"{k}={v}" for k, v in pairs)])
            except RecipeError:  # values that do not go together are no setting
                judged[setting] = None
            else:
                number = len(settings)
                settings[setting] = recipe
                rows += _rows_of(search, out, done, crew, number, recipe)
                judged[setting] = _judged(search, settings, rows, number)
                if progress is not None:
                    progress(f"setting {number + 1}", len(settings) / search.trials)
        values = judged[setting]
        study.tell(trial, values, state=None if values is not None else optuna.trial.TrialState.FAIL)
    if not settings:
        msg = f"none of the {len(judged)} settings that were asked for is a recipe: give other ranges or values"
        raise UsageError(msg)
    plan = _plan(search, settings)
    return plan, rows, _best(search, [judged[setting] for setting in plan.settings])


def _suggested(trial: Any, key: str, one: Range | tuple[str, ...]) -> str:
    if not isinstance(one, Range):
        return str(trial.suggest_categorical(key, list(one)))
    if one.whole:
        return _text(one, trial.suggest_int(key, int(one.low), int(one.high), log=one.log))
    return _text(one, trial.suggest_float(key, one.low, one.high, log=one.log))


def _rows_of(
    search: Search, out: Path, done: dict[tuple[int, str], Row], crew: _Crew, number: int, recipe: Recipe
) -> list[Row]:
    """Process the scans of a setting that are not written down yet."""
    tasks = [
        Task(number, name, str(path), recipe, str(out / MAPS / f"{number:05d}.npy"))
        for name, path in search.scans.items()
        if (number, name) not in done
    ]
    for row in crew.rows(tasks):
        append_entry(out / JOURNAL, row)
        done[number, row["scan"]] = row
    return [done[number, name] for name in search.scans]


def _plan(search: Search, settings: Mapping[tuple[str, ...], Recipe]) -> Plan:
    columns = zip(*settings, strict=True) if settings else [() for _ in search.space]
    keys = {key: tuple(dict.fromkeys(values)) for key, values in zip(search.space, columns, strict=True)}
    return Plan(keys, tuple(settings), tuple(settings.values()), search.scans)


def _judged(
    search: Search, settings: Mapping[tuple[str, ...], Recipe], rows: Sequence[Row], number: int
) -> list[float] | None:
    """Give the metrics of a setting; None where a scan could not be processed, or they are not told."""
    line = sweep_table(_plan(search, settings), rows, search.metrics)[number]
    values = [line[name] for name in search.metrics]
    return None if line["failed"] or any(value is None for value in values) else [float(v) for v in values]


def _best(search: Search, judged: Sequence[Sequence[float] | None]) -> tuple[int, ...]:
    """Choose the settings than which none is as good in all metrics and better in one."""
    signs = [1.0 if BETTER[name] == "maximize" else -1.0 for name in search.metrics]
    told = {n: [s * v for s, v in zip(signs, one, strict=True)] for n, one in enumerate(judged) if one is not None}

    def beaten(own: list[float]) -> bool:
        return any(all(b >= a for a, b in zip(own, one, strict=True)) and one != own for one in told.values())

    return tuple(n for n, own in told.items() if not beaten(own))
