"""The verb ``dualsense batch``: many scans, each into a folder of its own."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from dualsense.cli import _options as options
from dualsense.cli._console import DONE, FAILED, PROGRAM, Console
from dualsense.language import again_cause, say

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("scans", type=options.FILE, nargs=-1, required=True, metavar="DIR|SCANS...")
@options.out
@click.option("--jobs", type=click.IntRange(min=1), help="Scans at a time; by default as cores and memory allow.")
@click.option("--resume", is_flag=True, help="Keep results that would be made again as they are; make the others.")
@click.option("--scheduler", metavar="ADDRESS|local", help="Work on a Dask cluster (extra cluster).")
@click.option(
    "--limits", "limits_file", type=options.FILE, metavar="FILE", help="TOML file with limits as of check."
)
@options.recipe
@options.foreign
@options.overwrite
@options.as_json
@options.isolated
@options.common
def batch(
    console: Console,
    *,
    scans: tuple[Path, ...],
    out: Path,
    jobs: int | None,
    resume: bool,
    scheduler: str | None,
    limits_file: Path | None,
    recipe_file: Path | None,
    overrides: tuple[str, ...],
    pairs: tuple[str, ...],
    overwrite: bool,
    as_json: bool,
) -> int:
    """Process many scans; one that fails does not stop the rest.

    Each gets its own folder in OUT, beside batch.json, batch.csv and a page over all, index.html. Folders are
    searched through for scans and other instruments' recordings; --option is for the latter. What was stopped goes
    on with --resume.
    Exit status 1 when any scan could not be processed.
    """
    given = options.foreign_keywords(pairs)
    from dualsense.batch import batch_crew, find_scans

    found = find_scans(scans)
    with (
        batch_crew(len(found), jobs) if scheduler is None else nullcontext() as crew,
        console.progress() as progress,
    ):
        recipe = options.load_recipe(recipe_file, overrides)
        from dualsense.batch import batch_json, process_batch
        from dualsense.cli._text import batch_text
        from dualsense.verdict import read_limits

        limits = None if limits_file is None else read_limits(limits_file)
        entries = process_batch(
            found, out, recipe, jobs=jobs, scheduler=scheduler, limits=limits, overwrite=overwrite,
            resume=resume, options=given, progress=progress, crew=crew,
        )  # fmt: skip
    for entry in entries:
        if entry.error:
            click.echo(f"{PROGRAM}: {say('error')}: {again_cause(entry.error)}", err=True)
    if as_json:
        console.answer(batch_json(entries).rstrip("\n"))
    else:
        console.report(batch_text(entries, out))
    return FAILED if any(entry.error for entry in entries) else DONE
