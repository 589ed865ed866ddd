"""The verb ``dualsense evaluate``: how good the targets of a folder of scans with truth are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dualsense.cli import _options as options
from dualsense.cli._console import DONE, FAILED, Console
from dualsense.errors import UsageError
from dualsense.runtime.supervised import is_supervised

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dualsense.result import Result
    from dualsense.scan import Scan

    Progress = Callable[[str, float], None]


@click.command()
@click.argument("folder", type=options.FILE, metavar="DIR")
@click.option("-o", "--out", type=options.FILE, help="Folder for evaluation.json, .txt and .png.")
@options.recipe
@options.overwrite
@options.as_json
@options.threads
@options.isolated
@options.common
def evaluate(
    console: Console,
    *,
    folder: Path,
    out: Path | None,
    recipe_file: Path | None,
    overrides: tuple[str, ...],
    overwrite: bool,
    as_json: bool,
) -> int:
    """Process the scans in DIR and score targets against truth.

    Only scans with /truth count. Mines of a scan that could not be processed count as missed. The exit status is 1
    when a scan could not be processed or not be read: what it held is not in the score.
    """
    recipe = options.load_recipe(recipe_file, overrides)
    console.subject = str(folder)
    if not folder.is_dir():
        msg = f"{folder}: no such folder"
        raise UsageError(msg)
    from dualsense.evaluate import evaluate_folder, to_json, to_text, write_evaluation

    if out is not None:
        options.refuse_existing(out, overwrite=overwrite)
    from dualsense.chain import process_recording

    with console.progress() as progress:

        def process_one(scan: Scan) -> Result:
            return process_recording(scan, recipe, progress=progress and _of(scan.header.scan_id, progress))

        evaluation = evaluate_folder(folder, process_one, isolated=is_supervised())
    if out is not None:
        console.subject = str(out)
        write_evaluation(evaluation, out, overwrite=overwrite)
    console.answer((to_json(evaluation) if as_json else to_text(evaluation)).rstrip("\n"))
    return DONE if evaluation.complete else FAILED


def _of(name: str, progress: Progress) -> Progress:
    """Put the name of a scan before that of each step."""
    return lambda step, part: progress(f"{name}: {step}", part)
