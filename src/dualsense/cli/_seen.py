"""The verb ``dualsense seen``: whether a mine would have been found here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dualsense.cli import _options as options
from dualsense.cli._console import DONE, Console

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("scan", type=options.FILE)
@click.option(
    "--model", default="PMN", show_default=True, help="Mine of the library; `simulate --list` names them."
)
@click.option(
    "--depth", "depth_m", type=options.FloatRange(0.0, 0.5), default=0.05, show_default=True, metavar="M",
    help="Of its top, in metres.",
)  # fmt: skip
@click.option(
    "--spacing", "spacing_m", type=options.FloatRange(0.02, 5.0), default=0.15, show_default=True, metavar="M",
    help="Of the places that are tried, in metres.",
)  # fmt: skip
@click.option("-o", "--out", type=options.FILE, metavar="FILE.json", help="File for the answer as JSON.")
@click.option("--png", type=options.FILE, metavar="FILE.png", help="Picture: confidence and loss over the patch.")
@click.option("--html", type=options.FILE, metavar="FILE.html", help="Page with the picture and every place.")
@options.recipe
@options.overwrite
@options.as_json
@options.threads
@options.isolated
@options.common
def seen(
    console: Console,
    *,
    scan: Path,
    model: str,
    depth_m: float,
    spacing_m: float,
    out: Path | None,
    png: Path | None,
    html: Path | None,
    recipe_file: Path | None,
    overrides: tuple[str, ...],
    overwrite: bool,
    as_json: bool,
) -> int:
    """Put a simulated mine at each place of a grid over SCAN, and say where it would have been found.

    Its echo and its metal are added to what was recorded, by both sensors, and the whole chain is run; several
    mines lie in one run, far apart. That a mine would have been found here says nothing of what lies here.
    """
    recipe = options.load_recipe(recipe_file, overrides)
    for path in (out, png, html):
        if path is not None:
            options.refuse_existing(path, overwrite=overwrite)
    console.subject = str(scan)
    from dualsense.io import read_scan
    from dualsense.runtime.files import write_file
    from dualsense.workbench import seen_html, seen_json, seen_png, seen_text, would_be_seen

    recording = read_scan(scan, with_truth=False)
    with console.progress() as progress:
        found = would_be_seen(
            recording, model, depth_m=depth_m, spacing_m=spacing_m, recipe=recipe, progress=progress
        )
    for path, content in ((out, seen_json), (png, seen_png), (html, seen_html)):
        if path is not None:
            console.subject = str(path)
            write_file(path, content(found), overwrite=overwrite)
    if as_json:
        console.answer(seen_json(found).rstrip("\n"))
    else:
        console.report(seen_text(found))
    return DONE
