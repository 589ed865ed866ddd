"""Many settings of a recipe over many scans: each of them processed once, written down, and never again."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from dualsense._version import __version__
from dualsense.errors import UsageError, about, cause
from dualsense.recipe import Recipe, load_recipe
from dualsense.runtime.files import write_file
from dualsense.runtime.folders import sole_writer
from dualsense.runtime.journal import append_entry, read_journal
from dualsense.runtime.logs import start_logging
from dualsense.runtime.workers import WorkerDiedError, run_tasks
from dualsense.workbench._images import focus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

JOURNAL, MAPS = "sweep.jsonl", "maps"
MAX_SETTINGS = 10_000
MAP_SIDE = 96
"""Cells of the map that small multiples are drawn from, at most, along each side."""
UNKNOWN: Mapping[str, int | None] = MappingProxyType({"mines": None})
"""Of a scan that failed and whose truth, if it has one, could not be read."""


class Headed(Protocol):
    """A sweep or a search, which is told from others by its head."""

    def head(self) -> dict[str, Any]:
        """Give the first line of its journal."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What a sweep has to do.

    Attributes
    ----------
    keys
        Of the recipe that change, with the values that each takes, as text.
    settings
        Every combination: one text for each key.
    recipes
        Of every setting.
    scans
        Name to file.
    """

    keys: Mapping[str, tuple[str, ...]]
    settings: tuple[tuple[str, ...], ...]
    recipes: tuple[Recipe, ...]
    scans: Mapping[str, Path]

    def keys_of(self, number: int) -> str:
        """Tell the keys of a setting, from 0, with their values."""
        return ", ".join(f"{key} = {value}" for key, value in zip(self.keys, self.settings[number], strict=True))

    def head(self) -> dict[str, Any]:
        """Tell this sweep from others: scans by content, recipes, program."""
        held, *code = content_of(self.scans)
        recipes = [recipe.sha256 for recipe in self.recipes]
        text = json.dumps([held, recipes, list(self.keys), *code])
        return {"kind": "plan", "sha256": hashlib.sha256(text.encode()).hexdigest()}


def content_of(scans: Mapping[str, Path]) -> tuple[Mapping[str, str], str, str]:
    """Tell what the rows of a sweep hang on beside its recipes: scans by content, version, program."""
    held = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in scans.items()}
    return held, __version__, _code_sha256()


@cache
def _code_sha256() -> str:
    """Hash the program itself: a version's number does not tell code that is being worked on from what it was."""
    import dualsense  # noqa: PLC0415 - the package, which imports this room

    digest, root = hashlib.sha256(), Path(dualsense.__file__ or ".").parent
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()} ".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Task:
    """A scan to be processed with a setting, and where the thinned map of its image goes."""

    number: int
    name: str
    scan: str
    recipe: Recipe
    map_file: str


def plan_sweep(scans: Mapping[str, Path], changes: Sequence[str], recipe_file: Path | None = None) -> Plan:
    """Lay out every combination of values.

    Parameters
    ----------
    scans
        Name to file.
    changes
        Such as "gpr.background.radius_m=0.08,0.12,0.2"; one value alone holds for all settings.
    recipe_file
        TOML with what all settings have in common; None takes the defaults.

    Returns
    -------
    Plan

    Raises
    ------
    RecipeError
        A key or a value that no recipe has.
    UsageError
        No key has several values, a key is given twice, or there are more than 10,000 settings.
    """
    keys = {key: values_of(text) for key, text in parted(changes)}
    fixed = [f"{key}={values[0]}" for key, values in keys.items() if len(values) == 1]
    swept = {key: values for key, values in keys.items() if len(values) > 1}
    if not swept:
        msg = "nothing to sweep: give a key several values, such as --set gpr.background.radius_m=0.08,0.12"
        raise UsageError(msg)
    count = int(np.prod([float(len(values)) for values in swept.values()]))
    if count > MAX_SETTINGS:
        msg = f"{count} settings, at most {MAX_SETTINGS} are swept"
        raise UsageError(msg)
    settings = tuple(itertools.product(*swept.values()))
    recipes = tuple(
        load_recipe(recipe_file, [*fixed, *(f"{k}={v}" for k, v in zip(swept, one, strict=True))])
        for one in settings
    )
    return Plan(swept, settings, recipes, scans)


def parted(changes: Sequence[str]) -> list[tuple[str, str]]:
    """Part keys from what is given for them.

    Raises
    ------
    UsageError
        A key is given twice.
    """
    pairs: dict[str, str] = {}
    for change in changes:
        key, _, text = change.partition("=")
        if key in pairs:
            msg = f"--set {key}: given twice; write its values behind one equals sign, separated by commas"
            raise UsageError(msg)
        pairs[key] = text
    return list(pairs.items())


def values_of(text: str) -> tuple[str, ...]:
    """Split at commas that stand in no brackets and no quotes."""
    parts, depth, quoted = [""], 0, False
    for letter in text:
        quoted ^= letter == '"'
        depth += (letter in "[{") - (letter in "]}")
        if letter == "," and depth == 0 and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    return tuple(dict.fromkeys(part.strip() for part in parts))


def find_sweep_scans(paths: Iterable[Path]) -> dict[str, Path]:
    """Find the scans of a sweep: files, and the ``*.h5`` and ``*.hdf5`` in folders and below them.

    Parameters
    ----------
    paths
        Of files and folders.

    Returns
    -------
    dict
        Name to file, in the order of names within a folder; of one in a folder below, both names joined by "-".

    Raises
    ------
    UsageError
        A folder holds none, or two have one name.
    """
    found: dict[str, Path] = {}
    for path in paths:
        files = sorted(one for one in path.rglob("*") if _is_scan(one)) if path.is_dir() else [path]
        if not files:
            msg = f"{path}: no scans in this folder, expected files that end in .h5"
            raise UsageError(msg)
        for file in files:
            parts = file.relative_to(path).parent.parts if path.is_dir() else ()
            name = "-".join((*parts, file.stem))
            if name in found:
                msg = f"{file} and {found[name]} have one name: sweep them one after the other"
                raise UsageError(msg)
            found[name] = file
    return found


def _is_scan(path: Path) -> bool:
    """Whether a file is named as scans are, and is none of a folder of results."""
    of_result = path.name == "result.h5" and path.with_name("targets.json").exists()
    return path.suffix.lower() in {".h5", ".hdf5"} and path.is_file() and not of_result


def run_sweep(
    plan: Plan,
    out: Path,
    *,
    jobs: int | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> list[dict[str, Any]]:
    """Process every scan with every setting that is not written down yet.

    Parameters
    ----------
    plan
        From `plan_sweep`.
    out
        Folder of the sweep: what a sweep that was stopped left there is taken up.
    jobs
        Worker processes; by default one per core.
    progress
        Called with what is finished and the part of the sweep that is.

    Returns
    -------
    list of dict
        One row for each setting and scan, in that order, whatever was done when.

    Raises
    ------
    UsageError
        The folder holds another sweep.
    """
    out.mkdir(parents=True, exist_ok=True)
    with sole_writer(out):
        done = taken_up(plan, out)
        (out / MAPS).mkdir(exist_ok=True)
        tasks = [
            Task(number, name, str(path), plan.recipes[number], str(out / MAPS / f"{number:05d}.npy"))
            for number in range(len(plan.settings))
            for name, path in plan.scans.items()
            if (number, name) not in done
        ]
        total = len(plan.settings) * len(plan.scans)
        cores = os.cpu_count() or 1
        workers = max(1, min(jobs or cores, len(tasks)))
        with closing(run_tasks(tasks, process_one, workers=workers, threads=max(1, cores // workers))) as answers:
            for task, answer in answers:
                row = failed_row(task, str(answer)) if isinstance(answer, WorkerDiedError) else answer
                append_entry(out / JOURNAL, row)
                done[task.number, task.name] = row
                if progress is not None:
                    progress(f"{task.name}, setting {task.number + 1}", len(done) / total)
    return [done[number, name] for number in range(len(plan.settings)) for name in plan.scans]


def begin_anew(out: Path) -> None:
    """Forget what a sweep has left in a folder, and nothing else of it."""
    if not (out / JOURNAL).exists():
        return
    for path in (*sorted((out / MAPS).glob("[0-9][0-9][0-9][0-9][0-9].*.npy")), out / JOURNAL):
        path.unlink(missing_ok=True)


def taken_up(plan: Headed, out: Path) -> dict[tuple[int, str], dict[str, Any]]:
    """Give the rows that are written down already, and begin the journal where there is none.

    Raises
    ------
    UsageError
        They are of another sweep.
    """
    head, journal = plan.head(), out / JOURNAL
    entries = read_journal(journal)[0] if journal.exists() else []
    heads = [one for one in entries if one.get("kind") == "plan"]
    if any(one != head for one in heads):
        msg = (
            f"{out} holds another sweep, of other scans, values or versions: choose another folder, or --overwrite"
        )
        raise UsageError(msg)
    if not heads:
        append_entry(journal, head)
    rows = [dict(one) for one in entries if one.get("kind") == "row"]
    return {(one["setting"], one["scan"]): one for one in rows if not one["error"]}  # what failed is tried again


def process_one(task: Task) -> dict[str, Any]:
    """Process one scan with one setting; whatever goes wrong stands in the row."""
    start_logging(verbosity=-1)
    try:
        from dualsense.chain import process_recording  # noqa: PLC0415
        from dualsense.evaluate import rates, score_scan  # noqa: PLC0415
        from dualsense.io import read_scan  # noqa: PLC0415

        scan = read_scan(task.scan)
        result = process_recording(replace(scan, truth=None), task.recipe)
        _keep_map(result, Path(task.map_file).with_suffix(f".{task.name}.npy"))
        calls = [target.call for target in result.targets]
        row: dict[str, Any] = {
            "scan_sha256": result.scan_sha256,
            "source": result.header.source,
            "area_m2": result.area_m2,
            "coverage": result.coverage_fraction,
            "targets": len(calls),
            "suspects": calls.count("suspect"),
            "focus": None if result.gpr_volume is None else focus(result.gpr_volume.values),
            "permittivity": result.relative_permittivity,
        }
        if scan.truth is not None:
            found = rates([score_scan(result, scan.truth)])
            names = ("mines", "detected", "missed", "not_assessable", "not_covered", "false_alarms")
            row |= {name: getattr(found, name) for name in names}
    except Exception as error:  # noqa: BLE001 - a setting that fails is told, and does not stop the others
        return failed_row(task, cause(error), _mines_of(task.scan))
    known = {name: None if isinstance(v, float) and not np.isfinite(v) else v for name, v in row.items()}
    return {"kind": "row", "setting": task.number, "scan": task.name, "error": "", **known}


def failed_row(task: Task, text: str, told: Mapping[str, int | None] = UNKNOWN) -> dict[str, Any]:
    """Give the row of what failed. What ended a worker is not opened here to see how many mines it has."""
    return {"kind": "row", "setting": task.number, "scan": task.name, "error": about(task.scan, text), **told}


def _mines_of(path: str) -> Mapping[str, int | None]:
    """Count the mines of a scan that failed, of which none was found; nothing stands there without a truth."""
    from dualsense.evaluate import MINE_LABELS  # noqa: PLC0415
    from dualsense.io import read_scan  # noqa: PLC0415

    try:
        truth = read_scan(path, with_data=False).truth
    except Exception:  # noqa: BLE001 - why it failed is told already
        return UNKNOWN
    return {} if truth is None else {"mines": sum(label in MINE_LABELS for label in truth.label)}


def _keep_map(result: Any, path: Path) -> None:
    """Keep the largest echo over depth, or the metal map, thinned, for small multiples."""
    if result.gpr_volume is not None:
        values = result.gpr_volume.values
        flat = np.where(np.isfinite(values), values, -np.inf).max(axis=0)
        flat = np.where(np.isfinite(flat), flat, np.nan)
    elif "metal_response" in result.emi_maps:
        flat = result.emi_maps["metal_response"].values
    else:
        return
    every = max(1, -(-max(flat.shape) // MAP_SIDE))
    stream = io.BytesIO()
    np.save(stream, flat[::every, ::every].astype(np.float32), allow_pickle=False)
    write_file(path, stream.getvalue())
