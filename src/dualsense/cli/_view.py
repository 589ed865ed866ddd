"""The verbs that show: ``dualsense view``, and ``dualsense decisions`` for what was recorded there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from dualsense.cli import _options as options
from dualsense.cli._console import DONE, Console
from dualsense.language import say
from dualsense.runtime.texts import visible

if TYPE_CHECKING:
    from pathlib import Path

    Level = Literal["easy", "medium", "hard"]

port = click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one."
)
host = click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Listen at another address; only who opens it with the printed token is answered.",
)


@click.command()
@click.argument("path", type=options.FILE, metavar="SCAN|RESULT|DIR")
@click.option("-o", "--out", type=options.FILE, help="Folder for new results; default: results/ beside the scans.")
@click.option("--no-process", is_flag=True, help="Show what is there, and process no scan.")
@port
@host
@options.common
def view(console: Console, *, path: Path, out: Path | None, no_process: bool, port: int, host: str) -> int:
    """Show scans and results in a browser, to this machine only.

    Scans without a result are processed one after another, also those that come to the folder later. Decisions are
    recorded beside each result; `decisions` writes them out.
    """
    console.subject = str(path)
    from dualsense.app import view as view_path

    view_path(path, port=port, host=host, out=out, processes=not no_process, announce=console.answer)
    return DONE


@click.command()
@click.argument("folder", type=options.FILE, metavar="DIR")
@click.option(
    "--level", type=click.Choice(["easy", "medium", "hard"]), help="Depth, soil and clutter of the lanes."
)
@click.option(
    "--lanes",
    type=click.IntRange(1, 200),
    default=5,
    show_default=True,
    help="Lanes of the level; what DIR lacks is simulated.",
)
@port
@host
@options.common
def train(console: Console, *, folder: Path, level: Level | None, lanes: int, port: int, host: str) -> int:
    """Train on lanes with known truth: mark, decide, be scored, and see what was missed.

    DIR holds simulated or recorded scans with their truth, which is told only after a lane was scored.
    """
    console.subject = str(folder)
    from dualsense.app import train as train_on

    train_on(folder, level=level, lanes=lanes, port=port, host=host, announce=console.answer)
    return DONE


@click.command()
@click.argument("folder", type=options.FILE, metavar="RESULT|DIR")
@click.option("-o", "--out", type=options.FILE, metavar="FILE", help="File to write; stdout by default.")
@options.overwrite
@options.as_json
@options.common
def decisions(console: Console, *, folder: Path, out: Path | None, overwrite: bool, as_json: bool) -> int:
    """Write out what was decided and found of all results in a folder, as CSV or JSON."""
    console.subject = str(folder)
    if out is not None:
        options.refuse_existing(out, overwrite=overwrite)
    from dualsense.app import all_decisions, decisions_csv, decisions_json

    rows, torn = all_decisions(folder)
    text = decisions_json(rows, torn) if as_json else decisions_csv(rows)
    if out is None:
        console.answer(text.rstrip("\n"))
    else:
        from dualsense.runtime.files import write_file

        write_file(out, text, overwrite=overwrite)
        console.report(say("wrote {path}; decisions: {count}", path=visible(str(out)), count=len(rows)))
    if torn:
        left_out = say("{path}: damaged lines that were left out: {count}", path=visible(str(folder)), count=torn)
        click.echo(f"dualsense: {left_out}", err=True)
    return DONE
