"""The verb ``dualsense tune``: the engineer's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dualsense.cli import _options as options
from dualsense.cli._console import DONE, Console
from dualsense.cli._view import host, port

if TYPE_CHECKING:
    from pathlib import Path

SAVED = ("recipe.toml", "session.py", "result")
"""In the folder that a session is saved to, as often as the page is asked to."""


@click.command()
@click.argument("scan", type=options.FILE)
@click.option("-o", "--out", type=options.FILE,
              help="Folder to save to; default: beside SCAN, its name with -tuned.")  # fmt: skip
@options.recipe
@options.foreign
@options.overwrite
@port
@host
@options.common
def tune(
    console: Console,
    *,
    scan: Path,
    out: Path | None,
    recipe_file: Path | None,
    overrides: tuple[str, ...],
    pairs: tuple[str, ...],
    overwrite: bool,
    port: int,
    host: str,
) -> int:
    """Tune the recipe on SCAN in a browser: each step with its controls, before and after, A beside B.

    Only what a change touches is computed again. The session is saved as recipe.toml, and as session.py, which
    makes its result again byte for byte.
    """
    options.load_recipe(recipe_file, overrides)
    given = options.foreign_keywords(pairs)
    console.subject = str(scan)
    folder = out or scan.with_name(f"{scan.stem}-tuned")
    for name in SAVED:
        options.refuse_existing(folder / name, overwrite=overwrite)
    from dualsense.app import tune as tune_scan

    tune_scan(
        scan,
        out=folder,
        recipe_file=recipe_file,
        overrides=overrides,
        options=given,
        port=port,
        host=host,
        announce=console.answer,
    )
    return DONE
