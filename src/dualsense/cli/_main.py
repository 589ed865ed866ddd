"""The command ``dualsense``: what may be asked, and nothing of how it is done.

Heavy imports live inside the verbs, so that ``--help`` and a mistyped option answer at once.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from dualsense._version import __version__
from dualsense.cli import _options as options
from dualsense.cli._batch import batch
from dualsense.cli._calibrate import calibrate
from dualsense.cli._check import check
from dualsense.cli._console import (
    CLOSED_PIPE,
    DONE,
    INTERRUPTED,
    PROGRAM,
    TERMINATED,
    WRONG_USAGE,
    Console,
    report_error,
)
from dualsense.cli._evaluate import evaluate
from dualsense.cli._export import export
from dualsense.cli._import import import_
from dualsense.cli._seen import seen
from dualsense.cli._simulate import simulate
from dualsense.cli._site import site
from dualsense.cli._tune import tune
from dualsense.cli._view import decisions, train, view
from dualsense.cli._warmup import warm_up
from dualsense.cli._workbench import compare, steps, sweep
from dualsense.errors import UsageError, one_line
from dualsense.language import say, speaking
from dualsense.runtime.logs import start_logging, stop_logging
from dualsense.runtime.memory import hold_little, uncollected
from dualsense.runtime.supervised import is_supervised, limit_reading, supervised
from dualsense.runtime.waiting import wait_asleep

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    Progress = Callable[[str, float], None]


class _Group(click.Group):
    """Verbs in the order of their definition; what click would handle itself is left to :func:`run`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise _Interrupted from None
        except BrokenPipeError:
            raise _ClosedPipe from None


class _Interrupted(Exception):  # noqa: N818
    """Ctrl-C on its way past click, which would turn it into its own abort."""


class _ClosedPipe(Exception):  # noqa: N818
    """Whoever read our output went away; on its way past click, which would call that a failure."""


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name=PROGRAM)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Turn a dual-sensor scan (metal detector and radar) into pictures and a list of targets.

    Exit status: 0 done, 1 the scan could not be processed, 2 wrong usage or recipe, 130 interrupted.
    """
    ctx.ensure_object(Console)


@cli.command()
@click.argument("scan", type=options.FILE)
@options.out
@options.recipe
@options.foreign
@options.overwrite
@options.as_json
@options.threads
@options.isolated
@options.common
def process(
    console: Console,
    *,
    scan: Path,
    out: Path,
    recipe_file: Path | None,
    overrides: tuple[str, ...],
    pairs: tuple[str, ...],
    overwrite: bool,
    as_json: bool,
) -> int:
    """Process a SCAN into pictures, targets and a report.

    SCAN may also be another instrument's recording: what `import` reads.
    """
    with uncollected():
        recipe = options.load_recipe(recipe_file, overrides)
        given = options.foreign_keywords(pairs)
        from dualsense.render import check_output

        check_output(out, overwrite=overwrite)
        console.subject = str(scan)
        from dualsense.chain import process_recording
        from dualsense.io import open_recording

    with console.progress() as progress:
        with open_recording(scan, **given) as recording:
            result = process_recording(recording, recipe, progress=progress, meanwhile=_prepare_to_write)
        console.subject = str(out)
        from dualsense.render import write_outputs

        write_outputs(result, out, overwrite=overwrite)
    from dualsense.cli._text import result_summary, result_text

    if as_json:
        console.answer(json.dumps(result_summary(result, scan, out), indent=2))
    else:
        console.report(result_text(result, scan, out))
    return DONE


@cli.command()
@click.argument("scan", type=options.FILE)
@click.option("--check", is_flag=True, help="Read the samples too, and report the faults in them.")
@options.as_json
@options.isolated
@options.common
def info(console: Console, *, scan: Path, check: bool, as_json: bool) -> int:
    """Say what SCAN holds: streams, rates, area, coverage, faults."""
    console.subject = str(scan)
    from dualsense.cli._text import summary_text
    from dualsense.summary import summarise

    if is_supervised() and scan.is_file():
        limit_reading(scan.stat().st_size)
    summary = summarise(scan, with_data=check)
    console.answer(json.dumps(summary.as_dict(), indent=2) if as_json else summary_text(summary))
    return DONE


@cli.command()
@click.argument("scan", type=options.FILE)
@options.speed
@click.option("--step", "step_s", type=options.FloatRange(min=0.02), default=1.0, show_default=True,
              help="Seconds of recording between pictures.")  # fmt: skip
@click.option(
    "--follow", is_flag=True, help="SCAN is still being written, or will be; show what comes as it comes."
)
@click.option("--wait", "patience_s", type=options.FloatRange(min=1.0), default=30.0, show_default=True,
              help="With --follow: seconds without anything new after which the recording has ended.")  # fmt: skip
@click.option("-o", "--out", type=options.FILE, help="Folder for the results of the whole scan, as by `process`.")
@click.option("--frames", type=options.FILE, help="Folder for one PNG per picture.")
@options.recipe
@options.overwrite
@options.threads
@options.isolated
@options.common
def replay(
    console: Console,
    *,
    scan: Path,
    speed: float,
    step_s: float,
    follow: bool,
    patience_s: float,
    out: Path | None,
    frames: Path | None,
    recipe_file: Path | None,
    overrides: tuple[str, ...],
    overwrite: bool,
) -> int:
    """Play SCAN as it was recorded, and end with its result.

    Every picture before the end is provisional. The end is what `process` gives, byte for byte. With --follow the
    recorder sets the pace: --speed is for recordings that are whole.
    """
    recipe = options.load_recipe(recipe_file, overrides)
    from dualsense.cli._live import LiveView
    from dualsense.render import check_output, write_outputs

    if out is not None:
        check_output(out, overwrite=overwrite)
    view = LiveView(sys.stdout, frames=frames, overwrite=overwrite)
    console.subject = str(scan)
    from dualsense.io import read_scan
    from dualsense.replay import follow_scan, replay_scan

    recording = None if follow else read_scan(scan, with_truth=False)
    with view.running() as show:
        if recording is None:
            result = follow_scan(scan, recipe, step_s=step_s, patience_s=patience_s, on_frame=show)
        else:
            result = replay_scan(
                recording, recipe, speed=speed, step_s=step_s, least_s=view.least_s, on_frame=show
            )
    if out is not None:
        console.subject = str(out)
        write_outputs(result, out, overwrite=overwrite)
    from dualsense.cli._text import result_text

    console.report(result_text(result, scan, out))
    return DONE


@cli.command()
@options.recipe
@click.option("--schema", is_flag=True, help="Print a JSON Schema of all keys instead.")
@options.common
def recipe(console: Console, *, recipe_file: Path | None, overrides: tuple[str, ...], schema: bool) -> int:
    """Print the whole recipe as TOML, each key with its meaning, unit and what is allowed."""
    from dualsense.recipe import dump_recipe, recipe_schema

    if schema:
        if recipe_file is not None or overrides:
            msg = "--schema describes every recipe: it goes without --recipe, --set, --prior and --i-know"
            raise UsageError(msg)
        console.answer(json.dumps(recipe_schema(), indent=2))
        return DONE
    console.answer(dump_recipe(options.load_recipe(recipe_file, overrides)).rstrip("\n"))
    return DONE


cli.add_command(batch)
cli.add_command(import_)
cli.add_command(check)
cli.add_command(evaluate)
cli.add_command(export)
cli.add_command(site)
cli.add_command(compare)
cli.add_command(steps)
cli.add_command(sweep)
cli.add_command(tune)
cli.add_command(seen)
cli.add_command(calibrate)
cli.add_command(simulate)


cli.add_command(view)
cli.add_command(decisions)
cli.add_command(train)
cli.add_command(warm_up)


def _prepare_to_write() -> None:
    from dualsense.render import get_ready

    get_ready()


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Parameters
    ----------
    arguments
        Without the program's name; those of the process when None.
    """
    console = Console()
    start_logging(console.verbosity)
    try:
        status = cli.main(arguments, prog_name=PROGRAM, standalone_mode=False, obj=console)
        sys.stdout.flush()
    except (_Interrupted, KeyboardInterrupt, click.Abort):
        with speaking(console.language):
            click.echo(f"{PROGRAM}: {say('interrupted')}", err=True)
        return INTERRUPTED
    except (_ClosedPipe, BrokenPipeError):
        # keep the interpreter from complaining when it flushes at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return WRONG_USAGE
    except Exception as error:  # noqa: BLE001 - the one place where every error becomes one line
        return report_error(error, console)
    finally:
        stop_logging()
    return int(status or DONE)


def _terminated(_signal: int, _frame: object) -> None:
    raise SystemExit(TERMINATED)


ISOLATED = frozenset(
    {
        "process",
        "info",
        "replay",
        "batch",
        "import",
        "evaluate",
        "export",
        "compare",
        "steps",
        "check",
        "seen",
        "site",
        "calibrate",
    }
)
"""The verbs that read what others wrote."""


def main() -> None:
    """Entry point of the console script."""
    signal.signal(signal.SIGTERM, _terminated)
    hold_little()
    wait_asleep()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    words = sys.argv[1:]
    status = supervised(run, _tell_of_end) if ISOLATED & set(words) and "--no-isolated" not in words else run()
    gc.freeze()  # a last look through all that was imported would take half a second and free nothing
    sys.exit(status)


def _tell_of_end(text: str) -> None:
    click.echo(f"{PROGRAM}: error: {one_line(text)}", err=True)
