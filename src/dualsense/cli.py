"""The command ``dualsense``: what may be asked, and nothing of how it is done.

Heavy imports live inside the verbs, so that ``--help`` and a mistyped option answer at once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dualsense._version import __version__
from dualsense.console import (
    CLOSED_PIPE,
    DONE,
    FAILED,
    INTERRUPTED,
    PROGRAM,
    TERMINATED,
    WRONG_USAGE,
    Console,
    report_error,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dualsense.recipe import Recipe

FILE = click.Path(path_type=Path)


class _Group(click.Group):
    """Verbs in the order of their definition, and Ctrl-C left to :func:`run`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise _Interrupted from None


class _Interrupted(Exception):  # noqa: N818
    """Ctrl-C on its way past click, which would turn it into its own abort."""


def _set_verbosity(ctx: click.Context, option: click.Parameter, level: int) -> None:
    if level:
        console = ctx.ensure_object(Console)
        console.verbosity = -1 if option.name == "quiet" else level
        console.start_logging()


def _common(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb -v and -q, and the console as its first argument."""
    quiet = click.option(
        "-q", "--quiet", count=True, expose_value=False, callback=_set_verbosity, help="Errors only."
    )
    verbose = click.option(
        "-v", "--verbose", count=True, expose_value=False, callback=_set_verbosity,
        help="Notes on stderr; -vv adds tracebacks.",
    )  # fmt: skip
    return verbose(quiet(click.pass_obj(verb)))


def _recipe_options(verb: Callable[..., Any]) -> Callable[..., Any]:
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
    return from_file(one_key(verb))


_out = click.option("-o", "--out", type=FILE, required=True, help="Folder for the results.")
_overwrite = click.option("--overwrite", is_flag=True, help="Replace what is there already.")
_threads = click.option("--threads", type=click.IntRange(min=1), help="Threads to use; all cores by default.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name=PROGRAM)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Turn a dual-sensor scan (metal detector and radar) into pictures and a list of targets.

    Exit status: 0 done, 1 the scan could not be processed, 2 wrong usage or recipe, 130 interrupted.
    """
    ctx.ensure_object(Console)


@cli.command()
@click.argument("scan", type=FILE)
@_out
@_recipe_options
@_overwrite
@_json
@_threads
@_common
def process(
    console: Console,
    *,
    scan: Path,
    out: Path,
    recipe_file: Path | None,
    overrides: tuple[str, ...],
    overwrite: bool,
    as_json: bool,
    threads: int | None,
) -> int:
    """Process one SCAN into pictures, targets and a report in the folder OUT."""
    _limit_threads(threads)
    recipe = _load_recipe(recipe_file, overrides)
    from dualsense.render import check_output, write_outputs

    check_output(out, overwrite=overwrite)
    console.subject = str(scan)
    from dualsense.io import read_scan
    from dualsense.pipeline import process_scan

    with console.progress() as progress:
        result = process_scan(read_scan(scan), recipe, progress=progress)
        console.subject = str(out)
        write_outputs(result, out, overwrite=overwrite)
    from dualsense.textview import result_summary, result_text

    _print(json.dumps(result_summary(result, scan, out), indent=2) if as_json else result_text(result, scan, out))
    return DONE


@cli.command()
@click.argument("scan", type=FILE)
@click.option("--check", is_flag=True, help="Read the samples too, and report the faults in them.")
@_json
@_common
def info(console: Console, *, scan: Path, check: bool, as_json: bool) -> int:
    """Say what SCAN holds: streams, rates, area, coverage, faults."""
    console.subject = str(scan)
    from dualsense.summary import summarise
    from dualsense.textview import summary_text

    summary = summarise(scan, with_data=check)
    _print(json.dumps(summary.as_dict(), indent=2) if as_json else summary_text(summary))
    return DONE


@cli.command()
@click.argument("scan", type=FILE)
@click.option("--speed", default="1", metavar="N|max", help="Times real time; max does not wait. [default: 1]")
@click.option("--step", "step_s", type=click.FloatRange(min=0.05), default=1.0, show_default=True,
              help="Seconds of recording between pictures.")  # fmt: skip
@click.option("-o", "--out", type=FILE, help="Folder for the results of the whole scan, as by `process`.")
@click.option("--frames", type=FILE, help="Folder for one PNG per picture.")
@_recipe_options
@_overwrite
@_threads
@_common
def replay(
    console: Console,
    *,
    scan: Path,
    speed: str,
    step_s: float,
    out: Path | None,
    frames: Path | None,
    recipe_file: Path | None,
    overrides: tuple[str, ...],
    overwrite: bool,
    threads: int | None,
) -> int:
    """Play SCAN as it was recorded, with provisional pictures, and end with the result of `process`."""
    _limit_threads(threads)
    recipe = _load_recipe(recipe_file, overrides)
    pace = _speed(speed)
    from dualsense.liveview import LiveView
    from dualsense.render import check_output, write_outputs

    if out is not None:
        check_output(out, overwrite=overwrite)
    view = LiveView(sys.stdout, frames=frames, overwrite=overwrite)
    console.subject = str(scan)
    from dualsense.io import read_scan
    from dualsense.replay import replay_scan

    recording = read_scan(scan)
    with view.running() as show:
        result = replay_scan(recording, recipe, speed=pace, step_s=step_s, on_frame=show)
    if out is not None:
        console.subject = str(out)
        write_outputs(result, out, overwrite=overwrite)
    from dualsense.textview import result_text

    _print(result_text(result, scan, out))
    return DONE


@cli.command()
@_recipe_options
@_common
def recipe(_console: Console, *, recipe_file: Path | None, overrides: tuple[str, ...]) -> int:
    """Print the whole recipe as TOML, each key with its meaning."""
    from dualsense.recipe import dump_recipe

    _print(dump_recipe(_load_recipe(recipe_file, overrides)).rstrip("\n"))
    return DONE


@cli.command()
@click.argument("scans", type=FILE, nargs=-1, required=True, metavar="DIR|SCANS...")
@_out
@click.option("--jobs", type=click.IntRange(min=1), help="Scans at a time; one per core by default.")
@_recipe_options
@_overwrite
@_json
@_common
def batch(
    console: Console,
    *,
    scans: tuple[Path, ...],
    out: Path,
    jobs: int | None,
    recipe_file: Path | None,
    overrides: tuple[str, ...],
    overwrite: bool,
    as_json: bool,
) -> int:
    """Process many scans, each into its own folder of OUT; one that fails does not stop the others."""
    recipe = _load_recipe(recipe_file, overrides)
    from dualsense.batch import batch_json, find_scans, process_batch
    from dualsense.textview import batch_text

    jobs_found = find_scans(scans)
    with console.progress() as progress:
        entries = process_batch(jobs_found, out, recipe, jobs=jobs, overwrite=overwrite, progress=progress)
    for entry in entries:
        if entry.error:
            click.echo(f"{PROGRAM}: error: {entry.error}", err=True)
    _print(batch_json(entries).rstrip("\n") if as_json else batch_text(entries, out))
    return FAILED if any(entry.error for entry in entries) else DONE


@cli.command()
@click.argument("folder", type=FILE, metavar="OUT")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@_common
def serve(console: Console, *, folder: Path, port: int) -> int:
    """Show the results in OUT as web pages, to this machine only."""
    console.subject = str(folder)
    from dualsense.app import serve as serve_folder

    serve_folder(folder, port=port, announce=_print)
    return DONE


def _load_recipe(path: Path | None, overrides: Sequence[str]) -> Recipe:
    from dualsense.recipe import load_recipe

    return load_recipe(path, overrides)


def _speed(text: str) -> float:
    """Return times real time; "max" is infinity."""
    if text == "max":
        return float("inf")
    try:
        speed = float(text)
    except ValueError:
        speed = float("nan")
    if not 0.0 < speed < float("inf"):
        msg = f"Invalid value for '--speed': a number above 0 or max, got {text!r}"
        raise click.UsageError(msg, click.get_current_context(silent=True))
    return speed


def _limit_threads(threads: int | None) -> None:
    """Hold the numeric libraries to so many threads; works as long as none of them is loaded yet."""
    if threads is None:
        return
    from dualsense.workers import THREAD_VARIABLES

    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    if "numba" in sys.modules:
        import numba

        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))


def _print(text: str) -> None:
    click.echo(text)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Parameters
    ----------
    arguments
        Without the program's name; those of the process when None.
    """
    console = Console()
    console.start_logging()
    try:
        status = cli.main(arguments, prog_name=PROGRAM, standalone_mode=False, obj=console)
        sys.stdout.flush()
    except (_Interrupted, KeyboardInterrupt, click.Abort):
        click.echo(f"{PROGRAM}: interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # whoever read our output went away; keep the interpreter from complaining when it flushes at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return WRONG_USAGE
    except Exception as error:  # noqa: BLE001 - the one place where every error becomes one line
        return report_error(error, console)
    finally:
        console.stop_logging()
    return int(status or DONE)


def _terminated(_signal: int, _frame: object) -> None:
    raise SystemExit(TERMINATED)


def main() -> None:
    """Entry point of the console script."""
    signal.signal(signal.SIGTERM, _terminated)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(run())
