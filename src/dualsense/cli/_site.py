"""The verb ``dualsense site``: one map of all results in a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dualsense.cli import _options as options
from dualsense.cli._console import DONE, FAILED, Console
from dualsense.errors import one_line
from dualsense.language import say
from dualsense.runtime.logs import PROGRAM
from dualsense.runtime.texts import visible

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("folders", type=options.FILE, nargs=-1, required=True, metavar="DIR...")
@options.out
@click.option("--origin-std", "origin_std_m", type=options.FloatRange(min=0.0, max=10.0), default=0.03,
              show_default=True, metavar="M", help="How well origins are known: one deviation.")  # fmt: skip
@click.option("--azimuth-std", "azimuth_std_deg", type=options.FloatRange(min=0.0, max=45.0), default=0.5,
              show_default=True, metavar="DEG", help="The same of their directions.")  # fmt: skip
@click.option("--within", "within_m", type=options.FloatRange(min=0.01, max=2.0), default=0.30, show_default=True,
              metavar="M", help="Targets of two scans further apart are never merged.")  # fmt: skip
@click.option("--pixel", "pixel_m", type=options.FloatRange(min=0.001, max=1.0), default=0.02, show_default=True,
              metavar="M", help="Side of a pixel of the map.")  # fmt: skip
@options.overwrite
@options.as_json
@options.isolated
@options.common
def site(
    console: Console,
    *,
    folders: tuple[Path, ...],
    out: Path,
    origin_std_m: float,
    azimuth_std_deg: float,
    within_m: float,
    pixel_m: float,
    overwrite: bool,
    as_json: bool,
) -> int:
    """Make one map of all results in folders, as `process` and `batch` leave them.

    What several scans list is merged, decisions and finds are joined, and ground is told by who covered it. OUT
    gets a page (index.html), GeoPackage, GeoJSON, KML, GeoTIFF of coverage and energy, CSV and JSON. Scans without
    an origin on Earth are listed, and put nowhere. Needs the extra `site`.

    Exit status 1 when a result could not be read.
    """
    from dualsense.render import PAGE_SENTENCES
    from dualsense.site import OriginError, is_open, make_site, problem_text, site_json

    console.subject = str(folders[0])
    error = OriginError(origin_std_m, azimuth_std_deg)
    with console.progress() as progress:
        made = make_site(folders, out, origin_error=error, within_m=within_m, pixel_m=pixel_m,
                         overwrite=overwrite, progress=progress)  # fmt: skip
    for scan in made.scans:
        if scan.problem:
            click.echo(f"{PROGRAM}: {one_line(scan.name)}: {one_line(problem_text(scan))}", err=True)
    if as_json:
        console.answer(site_json(made).rstrip("\n"))
    else:
        count = sum(map(is_open, made.objects))
        console.report(say("To be dug: {count}", count=count) if count else say(PAGE_SENTENCES["noDig"]))
        console.report(say("Look at {path}", path=visible(str(out / "index.html"))))
    return FAILED if any(scan.result is None for scan in made.scans) else DONE
