"""A session of tuning: a scan, a recipe that is changed one thing at a time, and what each change did."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dualsense.chain import Tiling, process_scan, step_names
from dualsense.errors import ScanError, UsageError
from dualsense.io import is_foreign, open_recording, read_scan
from dualsense.recipe import dump_recipe, load_recipe
from dualsense.recipe.base import changes
from dualsense.recipe.keys import toml_value
from dualsense.render import check_output, write_outputs
from dualsense.runtime.files import write_file
from dualsense.workbench._compare import Comparison, compare_results, detection_of, figures_of
from dualsense.workbench._images import focus
from dualsense.workbench._latest import Latest, Noting
from dualsense.workbench._steps import Steps, steps_of
from dualsense.workbench._switches import move_text, switch_text
from dualsense.workbench._tune_script import session_script

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dualsense.recipe import Recipe
    from dualsense.result import Result
    from dualsense.scan import Scan, Truth

RECIPE_FILE, SCRIPT_FILE, RESULT_FOLDER = "recipe.toml", "session.py", "result"
MOST_STATES = 96
"""Kept at most: three recipes and more, of which most states are shared."""
MOST_RESULTS = 3
MOST_RECIPES = 64
MOST_SCAN_BYTES = 200_000_000


class Tuning:
    """A scan that is processed again after each change of its recipe, by the steps it touches alone.

    Parameters
    ----------
    path
        Scan file, or another instrument's recording; short enough to be processed in one piece.
    recipe_file
        TOML that the session begins with; None begins with the defaults.
    overrides
        Such as "gpr.background.radius_m=0.2": what the session begins with beside it.
    options
        Of the importer, for another instrument's recording.

    Raises
    ------
    ScanError
        The file is no recording, or too large.
    RecipeError
        A key or a value that no recipe has.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        recipe_file: Path | None = None,
        overrides: Sequence[str] = (),
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.path, self.options = Path(path), dict(options or {})
        first = load_recipe(recipe_file, overrides)
        usual = type(first)()
        self._start = tuple(f"{key}={toml_value(value)}" for key, value, _ in changes(first, usual))
        self._done: list[tuple[str, ...]] = []
        self._undone: list[tuple[str, ...]] = []
        self._held: tuple[tuple[str, ...], ...] = ()
        self._last: tuple[tuple[str, ...], ...] | None = None
        self.cache = Noting(MOST_STATES)
        self._results: Latest[str, Result] = Latest(MOST_RESULTS)
        self._figures: Latest[str, dict[str, Any]] = Latest(MOST_RECIPES)
        self._recipes: Latest[tuple[str, ...], tuple[Recipe, str]] = Latest(MOST_RECIPES)
        self._taken: Latest[str, tuple[str, ...]] = Latest(MOST_RECIPES)
        self._used: Latest[str, tuple[str, ...]] = Latest(MOST_RECIPES)
        self.scan = self._read()
        self.truth = self._truth()

    def __repr__(self) -> str:
        return f"Tuning of {self.scan.header.scan_id}: {len(self._done)} changes, recipe {self.recipe.sha256[:12]}"

    def _read(self) -> Scan:
        if self.path.is_file() and self.path.stat().st_size > MOST_SCAN_BYTES:
            msg = (
                f"{self.path.name}: a recording of over {MOST_SCAN_BYTES // 1_000_000} MB is too large to be tuned"
            )
            raise ScanError(msg)
        with open_recording(self.path, **self.options) as recording:
            return recording.whole()

    def _truth(self) -> Truth | None:
        if self.options or is_foreign(self.path):
            return None
        return read_scan(self.path, with_data=False).truth

    @property
    def start(self) -> tuple[str, ...]:
        """What the session began with: every key that is not its default."""
        return self._start

    @property
    def changes(self) -> tuple[tuple[str, ...], ...]:
        """What was changed since, one entry for each time, undone ones left out."""
        return tuple(self._done)

    @property
    def recipe(self) -> Recipe:
        """With all changes."""
        return self._recipe(self.changes)

    @property
    def held_recipe(self) -> Recipe:
        """That of the side that is compared with."""
        return self._recipe(self._held)

    def _recipe(self, done: Sequence[tuple[str, ...]]) -> Recipe:
        return self._loaded(done)[0]

    def _loaded(self, done: Sequence[tuple[str, ...]]) -> tuple[Recipe, str]:
        """Give a recipe and its hash; a page asks for the same again and again."""
        texts = (*self._start, *(text for one in done for text in one))
        if texts not in self._recipes:
            recipe = load_recipe(None, texts)
            self._recipes[texts] = (recipe, recipe.sha256)
        return self._recipes[texts]

    def set(self, *texts: str) -> Recipe:
        """Change one key or several that only go together, as one change.

        Parameters
        ----------
        *texts
            Such as "gpr.background.radius_m=0.2"; the value "unset" is the key's default.

        Returns
        -------
        Recipe
            With the change.

        Raises
        ------
        RecipeError
            There is no such key or value; the recipe stays as it was.
        UsageError
            Nothing is given.
        """
        if not texts:
            msg = "nothing to set: give a key and a value, such as gpr.background.radius_m=0.2"
            raise UsageError(msg)
        recipe = self._recipe([*self._done, texts])
        self._done.append(texts)
        self._undone = []
        return recipe

    def switch(self, step: str, *, on: bool) -> Recipe:
        """Turn a step on or off.

        Parameters
        ----------
        step
            Full name, such as "gpr.dewow".
        on
            Whether it is to happen.

        Returns
        -------
        Recipe

        Raises
        ------
        UsageError
            There is no such step, or those after it need what it gives.
        """
        return self.set(switch_text(step, self._recipe(()), on=on))

    def move(self, step: str, by: int) -> Recipe:
        """Let a step of the radar happen earlier or later.

        Parameters
        ----------
        step
            Full name, such as "gpr.bandpass"; one of those that may change places (`GROUPS`).
        by
            Places; negative is earlier. It stops at the ends of its group.

        Returns
        -------
        Recipe

        Raises
        ------
        UsageError
            The step cannot change its place.
        """
        return self.set(move_text(step, by, self.recipe))

    def undo(self) -> bool:
        """Take the last change back; False where there is none."""
        if not self._done:
            return False
        self._undone.append(self._done.pop())
        return True

    def redo(self) -> bool:
        """Make the change again that was taken back last; False where there is none."""
        if not self._undone:
            return False
        self._done.append(self._undone.pop())
        return True

    def take(self, done: Sequence[tuple[str, ...]], held: Sequence[tuple[str, ...]] = ()) -> None:
        """Set the whole session at once.

        Parameters
        ----------
        done
            Changes since its start.
        held
            Those of the side that is compared with.

        Raises
        ------
        RecipeError
            The last of either gives no recipe; the session stays as it was.
        """
        self._recipe(done)
        self._recipe(held)
        self._done, self._undone, self._held = list(done), [], tuple(held)

    def hold(self) -> None:
        """Compare what comes with what is now; until then it is compared with the start."""
        self._held = self.changes

    def process(self, progress: Callable[[str, float], None] | None = None) -> Result:
        """Give the result of the recipe as it is; only steps that a change touches are taken.

        Parameters
        ----------
        progress
            As for `process_scan`.

        Returns
        -------
        Result
            The one of `process_scan`, whatever was changed before.

        Raises
        ------
        ScanError
            No sensor leaves anything, or the ground is too large to be processed in one piece.
        """
        return replace(self._asked(progress), kept={})

    def before(self) -> tuple[Recipe, Result] | None:
        """Give the recipe and the result that were looked at last; None where no other is to come."""
        if self._last is None or self._loaded(self._done)[1] in self._results:
            return None
        recipe, key = self._loaded(self._last)
        return (recipe, self._results[key]) if key in self._results else None

    def _asked(self, progress: Callable[[str, float], None] | None = None) -> Result:
        """Give the result of the recipe as it is, and note which steps had to be taken for it."""
        _, key = self._loaded(self._done)
        if key in self._results:
            self._taken[key] = ()
        result = self._kept(self._done, progress)
        self._last = self.changes
        return result

    def _kept(
        self, done: Sequence[tuple[str, ...]], progress: Callable[[str, float], None] | None = None
    ) -> Result:
        recipe, key = self._loaded(done)
        if key in self._results:
            self.cache.touch(self._used.get(key, ()))  # what is looked at is where a change begins
            return self._results[key]
        result = process_scan(self.scan, recipe, keep=step_names(), cache=self.cache, progress=progress)
        if result.area_m2 > Tiling().whole_m2:
            msg = f"a ground of {result.area_m2:.1f} m² is too large to be tuned: `process` cuts it into tiles"
            raise ScanError(msg)
        fresh, self._used[key] = self.cache.told()
        self._taken[key] = tuple(name for name, state in result.kept.items() if id(state) in fresh)
        self._results[key] = result
        return result

    @property
    def taken(self) -> tuple[str, ...]:
        """Steps that were taken when the recipe as it is was last asked for; the others came from the cache."""
        return self._taken.get(self._loaded(self._done)[1], ())

    def look(
        self,
        *,
        at_m: tuple[float, float] | None = None,
        depth_m: float | None = None,
        only: str | None = None,
    ) -> Steps:
        """Look at every step before and after, or at one alone; parameters as for `look_inside`."""
        return steps_of(self._asked(), self.recipe, at_m, depth_m, only)

    def figures(self, *, held: bool = False) -> dict[str, Any]:
        """Give what a result is judged by: targets by call, focus, coverage, and detection where truth is known.

        Parameters
        ----------
        held
            Of the side that is compared with, and not of the recipe as it is.

        Returns
        -------
        dict
            Name to number; None where it is not told.
        """
        done = self._held if held else self._done
        _, key = self._loaded(done)
        if key not in self._figures:
            self._figures[key] = self._judged(self._kept(done))
        return dict(self._figures[key])

    def _judged(self, result: Result) -> dict[str, Any]:
        truths = {} if self.truth is None else {self.scan.sha256: self.truth}
        volume = result.gpr_volume
        sharp = {} if volume is None else {"focus": focus(volume.values)}
        maps = {f"focus of {name}": focus(image.values) for name, image in result.emi_maps.items()}
        covered = {"covered by both": result.coverage_fraction}
        found = {**detection_of(result, truths), **figures_of(result), **sharp, **maps, **covered}
        return {name: None if isinstance(v, float) and not isfinite(v) else v for name, v in found.items()}

    def held_result(self) -> Result:
        """Give the result of the side that is compared with."""
        return replace(self._kept(self._held), kept={})

    def compare(self) -> Comparison:
        """Put the held side (a) beside the recipe as it is (b)."""
        a, b = (replace(self._kept(one), kept={}) for one in (self._held, self._done))
        truths = {} if self.truth is None else {self.scan.sha256: self.truth}
        return compare_results(a, b, truths=truths)

    def script(self) -> str:
        """Give a Python program that makes the session's result again, byte for byte."""
        return session_script(
            self.path,
            self.scan.sha256,
            self._loaded(self._done)[1],
            start=self._start,
            done=self.changes,
            options=self.options,
        )

    def save(self, folder: Path, *, overwrite: bool = True) -> tuple[Path, Path]:
        """Write the recipe as TOML, and the session as a Python program.

        Parameters
        ----------
        folder
            Made where it is not there.
        overwrite
            Whether both may be there already.

        Returns
        -------
        recipe, script : Path

        Raises
        ------
        UsageError
            Something is in their place.
        """
        folder.mkdir(parents=True, exist_ok=True)
        recipe, script = folder / RECIPE_FILE, folder / SCRIPT_FILE
        write_file(recipe, dump_recipe(self.recipe), overwrite=overwrite)
        write_file(script, self.script(), overwrite=overwrite)
        return recipe, script

    def write(self, folder: Path, *, overwrite: bool = False) -> None:
        """Write the result as ``process`` does, with the same bytes.

        Parameters
        ----------
        folder
            Of the result's files.
        overwrite
            Whether they may be there already.

        Raises
        ------
        UsageError
            They are there, or something else is.
        """
        check_output(folder, overwrite=overwrite)
        write_outputs(self.process(), folder, overwrite=overwrite)
