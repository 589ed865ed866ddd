"""The verb ``dualsense import``: other instruments' recordings as scan files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dualsense.cli import _options as options
from dualsense.cli._console import DONE, PROGRAM, Console
from dualsense.cli._text import fault_lines
from dualsense.language import say
from dualsense.runtime.texts import visible

if TYPE_CHECKING:
    from pathlib import Path


@click.command(name="import")
@click.argument("foreign", type=options.FILE, nargs=-1, required=True, metavar="FOREIGN...")
@options.scan_out
@options.foreign
@click.option(
    "--line-spacing",
    "line_spacing_m",
    type=float,
    metavar="METRES",
    help="Several files are lines of one area, along +x, each so far to the left of the one before.",
)
@click.option(
    "--layout",
    type=options.FILE,
    metavar="TABLE.csv",
    help="Several files are lines of one area; columns file, x_m, y_m, x_end_m, y_end_m (or direction_deg).",
)
@click.option("--zigzag", is_flag=True, help="With --line-spacing: every second line was recorded backwards.")
@options.overwrite
@options.isolated
@options.common
def import_(
    console: Console,
    *,
    foreign: tuple[Path, ...],
    out: Path,
    pairs: tuple[str, ...],
    line_spacing_m: float | None,
    layout: Path | None,
    zigzag: bool,
    overwrite: bool,
) -> int:
    """Write other instruments' recordings as a scan file.

    FOREIGN is known by what it holds and not by its name.
    Several files are lines of one area: each is a channel with a time zero and a gain of its own.
    """
    given = options.foreign_keywords(pairs)
    as_area = line_spacing_m is not None or layout is not None
    if (len(foreign) > 1 or zigzag) and not as_area:
        msg = "several files, or --zigzag, need --line-spacing or --layout, which says where each line lies"
        raise click.UsageError(msg, click.get_current_context())
    options.refuse_existing(out, overwrite=overwrite)
    console.subject = str(foreign[0]) if len(foreign) == 1 else str(foreign[0].parent)
    from dualsense.io import import_lines, import_scan, write_scan

    area: dict[str, Any] = {"line_spacing_m": line_spacing_m, "layout": layout, "zigzag": zigzag}
    scan = import_lines(foreign, **area, **given) if as_area else import_scan(foreign[0], **given)
    console.subject = str(out)
    write_scan(scan, out, overwrite=overwrite)
    told = {"path": visible(str(out)), "command": f"{PROGRAM} info {visible(str(out))}"}
    console.report(
        "\n".join([say("wrote {path}; `{command}` says what it holds", **told), *fault_lines(scan.faults)])
    )
    return DONE
