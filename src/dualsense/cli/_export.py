"""The verb ``dualsense export``: results for other programs and for paper."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from dualsense.cli import _options as options
from dualsense.cli._console import DONE, Console
from dualsense.errors import UsageError
from dualsense.language import say
from dualsense.runtime.texts import visible

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = ("csv", "geojson", "kml", "gpkg", "pdf", "npz", "vti", "tif", "sgy", "zarr")
"""As `dualsense.render.FORMATS` and `ARRAYS`, which take longer to import."""


def _split(_ctx: click.Context, _option: click.Parameter, text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in FORMATS:
            msg = f"expected some of {','.join(FORMATS)}, got {name!r}"
            raise click.BadParameter(msg)
    return names


@click.command()
@click.argument("results", type=options.FILE, nargs=-1, required=True, metavar="RESULT...")
@click.option("-o", "--out", type=options.FILE, required=True, help="Folder for export.csv, export.kml and so on.")
@click.option("--format", "formats", callback=_split, metavar="A,B",
              help="Of csv,geojson,kml,gpkg,pdf (by default all possible), npz,vti,tif,sgy,zarr.")  # fmt: skip
@click.option("--columns", "column_file", type=options.FILE, metavar="MAP.toml",
              help="Columns of the CSV, as an office asks for them.")  # fmt: skip
@options.overwrite
@options.as_json
@options.isolated
@options.common
def export(
    console: Console,
    *,
    results: tuple[Path, ...],
    out: Path,
    formats: tuple[str, ...] | None,
    column_file: Path | None,
    overwrite: bool,
    as_json: bool,
) -> int:
    """Write RESULTs, folders that `process` made or their result.h5, for other programs and for paper.

    Several go into one CSV, GeoJSON, KML and GeoPackage, and on a page of PDF each. KML needs an origin on Earth.
    """
    from dualsense.render import FORMATS as EVERY
    from dualsense.render import export_results, read_result, table_columns

    if column_file is not None and formats is not None and "csv" not in formats:
        msg = f"{column_file}: --columns is for csv, which --format leaves out"
        raise UsageError(msg)
    columns = None if column_file is None else table_columns(column_file)
    read = []
    for result in results:
        console.subject = str(result)
        read.append(read_result(result / "result.h5" if result.is_dir() else result))
    console.subject = str(out)
    paths = export_results(read, out, formats=formats, columns=columns, overwrite=overwrite)
    left_out = (
        [] if formats is not None else [one for one in EVERY if not any(p.suffix == f".{one}" for p in paths)]
    )
    if as_json:
        console.answer(json.dumps({"files": [path.name for path in paths], "left_out": left_out}, indent=2))
        return DONE
    names = ", ".join(path.name for path in paths)
    told = say("wrote {names} to {folder}", names=names, folder=visible(str(out)))
    why = say("not {formats}: an origin on Earth is needed", formats=", ".join(left_out)) if left_out else ""
    console.report("; ".join(filter(None, (told, why))))
    return DONE
