"""Options that the verbs of the command line share, and how their values are understood."""

from __future__ import annotations

import os
import sys
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dualsense.cli._console import Console
from dualsense.errors import UsageError
from dualsense.runtime.logs import start_logging
from dualsense.runtime.toml import TomlError, parse_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dualsense.recipe import Recipe

FILE = click.Path(path_type=Path)
FOREVER = float("inf")


class FloatRange(click.FloatRange):
    """A number within a range; what is no number lies in none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if number != number:  # noqa: PLR0124 - NaN alone is not itself
            self.fail(f"expected a number, got {value!r}", param, ctx)
        return number


out = click.option("-o", "--out", type=FILE, required=True, help="Folder for the results.")
scan_out = click.option("-o", "--out", type=FILE, required=True, metavar="SCAN.h5", help="Scan file to write.")
overwrite = click.option("--overwrite", is_flag=True, help="Replace what is there already.")
threads = click.option(
    "--threads",
    type=click.IntRange(min=1),
    expose_value=False,
    callback=lambda _ctx, _option, count: limit_threads(count),
    help="Threads to use; all cores by default.",
)
isolated = click.option(
    "--isolated/--no-isolated",
    expose_value=False,
    default=True,
    show_default=True,
    help="Work in a child process, which a damaged file may end: that is one line then, and no crash.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout, and nothing else.")


def common(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb -v, -q and --language, and the console as its first argument."""
    quiet = click.option(
        "-q", "--quiet", count=True, expose_value=False, callback=_set_verbosity, help="Errors only."
    )
    verbose = click.option(
        "-v",
        "--verbose",
        count=True,
        expose_value=False,
        callback=_set_verbosity,
        help="Notes too; -vv adds tracebacks.",
    )
    return language(verbose(quiet(click.pass_obj(verb))))


def _speak(ctx: click.Context, _option: click.Parameter, code: str | None) -> None:
    if code:
        from dualsense.language import speaking, spoken

        ctx.with_resource(speaking(code))
        ctx.ensure_object(Console).language = spoken()


language = click.option(
    "--language",
    metavar="CODE",
    envvar="DUALSENSE_LANGUAGE",
    show_envvar=True,
    expose_value=False,
    callback=_speak,
    help="Language of what is said, and that the report opens in: ar, en, es, fr, ja, km, lo, pt, uk.",
)


def _set_verbosity(ctx: click.Context, option: click.Parameter, count: int) -> None:
    if count:
        console = ctx.ensure_object(Console)
        console.verbosity = -1 if option.name == "quiet" else count
        start_logging(console.verbosity)


def recipe(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb --recipe, --set, --prior and --i-know, as ``recipe_file`` and ``overrides``."""

    @wraps(verb)
    def with_prior(
        *given: Any, prior: float | None, i_know: bool, overrides: tuple[str, ...], **others: Any
    ) -> Any:
        odds = () if prior is None else (f"fusion.prior={prior!r}",)
        known = ("fusion.i_know=true",) if i_know else ()
        return verb(*given, overrides=(*overrides, *odds, *known), **others)

    looser = click.option(
        "--i-know", is_flag=True, help="Allow a threshold above the model's: fewer suspects; outputs are marked."
    )

    share = click.option(
        "--prior",
        type=FloatRange(0.0, 1.0, min_open=True, max_open=True),
        help="Part of the targets expected to be mines here: changes their confidence, and no call.",
    )
    from_file = click.option(
        "--recipe", "recipe_file", type=FILE, help="TOML recipe; what it leaves out keeps its default."
    )
    one_key = click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="KEY=VALUE",
        help="Change one key of the recipe; may be repeated.",
    )
    return from_file(one_key(share(looser(with_prior))))


foreign = click.option(
    "--option",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    help="What a foreign file does not say, such as trace_spacing_m=0.02; may be repeated.",
)


class _Speed(click.ParamType):
    """Times real time: a number above 0, or ``max`` for no waiting."""

    name = "speed"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if value == "max":
            return FOREVER
        try:
            speed = float(value)
        except ValueError:
            speed = float("nan")
        if not 0.0 < speed < FOREVER:
            self.fail(f"expected a number above 0 or max, got {value!r}", param, ctx)
        return speed


speed = click.option(
    "--speed",
    type=_Speed(),
    default="1",
    show_default=True,
    metavar="N|max",
    help="Times real time; max does not wait.",
)


def keywords(pairs: Sequence[str]) -> dict[str, Any]:
    """Understand ``name=value`` pairs; a value is TOML where it can be, and text otherwise.

    Raises
    ------
    click.UsageError
        When a pair has no equals sign.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            msg = f"expected NAME=VALUE, got {pair!r}"
            raise click.UsageError(msg, click.get_current_context(silent=True))
        try:
            found[name.strip()] = parse_toml(f"value = {text}")["value"]
        except (TomlError, KeyError):
            found[name.strip()] = text
    return found


def foreign_keywords(pairs: Sequence[str]) -> dict[str, Any]:
    """Understand what a foreign file does not say.

    Raises
    ------
    click.UsageError
        As `keywords`, and for the one option of our own reader, which leaves nothing to work on.
    """
    found = keywords(pairs)
    if "with_data" in found:
        msg = "--option with_data is not for here: nothing can be done without the samples"
        raise click.UsageError(msg, click.get_current_context(silent=True))
    return found


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Refuse before the work what could not be written after it."""
    if path.exists() and not overwrite:
        msg = f"{path} exists already: choose another name, or --overwrite"
        raise UsageError(msg)


def limit_threads(count: int | None) -> None:
    """Hold the numeric libraries to so many threads; None leaves them all cores."""
    if count is None:
        return
    from dualsense.runtime.workers import THREAD_VARIABLES

    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(count)))
    if "numba" in sys.modules:  # too late for its variable
        import numba

        numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]


def load_recipe(path: Path | None, overrides: Sequence[str]) -> Recipe:
    """Read the recipe with what was changed of it."""
    # plugins are for who writes models; looking for them reads the metadata of all that is installed
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from dualsense.recipe import load_recipe

    return load_recipe(path, overrides)
