"""Writes exported files, all of them or none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dualsense.errors import DualsenseError, UsageError
from dualsense.language import ENGLISH, speaking, spoken
from dualsense.render._export.about import is_placed
from dualsense.render._export.arrays import arrays_npz, volume_vti
from dualsense.render._export.features import features_geojson
from dualsense.render._export.geopackage import scans_geopackage
from dualsense.render._export.geotiff import maps_geotiff
from dualsense.render._export.kml import scans_kml
from dualsense.render._export.layers import layers_zarr
from dualsense.render._export.segy import radar_segy
from dualsense.render._export.table import table_csv
from dualsense.runtime.folders import write_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike

    from dualsense.render._export.columns import Columns
    from dualsense.result import Result

FORMATS = ("csv", "geojson", "kml", "gpkg", "pdf")
"""In which results are exported."""
ARRAYS = ("npz", "vti", "tif", "sgy", "zarr")
"""And only where they are asked for: images, a file for each result."""
SUFFIXES = {"zarr": "zarr.zip"}
"""Of formats whose files end otherwise."""


def export_results(
    results: Sequence[Result],
    folder: str | PathLike[str],
    *,
    formats: Sequence[str] | None = None,
    columns: Columns | None = None,
    overwrite: bool = False,
) -> tuple[Path, ...]:
    """Write results for other programs and for paper.

    Parameters
    ----------
    results
        One scan or more; all of them in one file, but for PDF and arrays, which are a file for each.
    folder
        Where to write ``export.csv`` and so on; made when it does not exist.
    formats
        Of `FORMATS` and `ARRAYS`; by default all of the former that these scans can be written in: KML needs an
        origin on Earth, and so does a GeoPackage of several scans.
    columns
        Of the CSV, see `read_columns`.
    overwrite
        Whether files that are there may be replaced.

    Returns
    -------
    tuple of Path
        The files, in the order of `FORMATS`.

    Raises
    ------
    UsageError
        An unknown format, one that these scans have no form in, or a file is there already.
    DualsenseError
        A file cannot be written.
    """
    chosen = _chosen(results, formats)
    folder = Path(folder)
    paths = _names(results, chosen)
    for name in paths:
        if not overwrite and (folder / name).exists():
            msg = f"{folder / name}: exists already, and was not to be overwritten"
            raise UsageError(msg)
    made = {}  # all of it before the first is written
    for name, make in paths.items():
        # What another program reads is English whatever the language; the page is for people.
        with speaking(spoken() if name.endswith(".pdf") else ENGLISH):
            made[name] = make(results, columns)

    def fill(fresh: Path) -> None:
        for name, content in made.items():
            (fresh / name).write_bytes(content.encode() if isinstance(content, str) else content)

    try:
        write_folder(folder, tuple(made), fill, overwrite=overwrite)
    except OSError as error:
        msg = f"{folder}: cannot write the exports: {error.strerror or error}"
        raise DualsenseError(msg) from error
    return tuple(folder / name for name in made)


def _chosen(results: Sequence[Result], formats: Sequence[str] | None) -> list[str]:
    if not results:
        msg = "nothing to export: no result was given"
        raise UsageError(msg)
    if formats is None:
        placed = all(is_placed(result) for result in results)
        without = set() if placed else {"kml"} if len(results) == 1 else {"kml", "gpkg"}
        return [one for one in FORMATS if one not in without]
    for one in formats:
        if one not in FORMATS + ARRAYS:
            msg = f"{one}: no such format; there are {', '.join(FORMATS + ARRAYS)}"
            raise UsageError(msg)
    return [one for one in FORMATS + ARRAYS if one in formats]


def _names(
    results: Sequence[Result], chosen: Sequence[str]
) -> dict[str, Callable[[Sequence[Result], Columns | None], bytes | str]]:
    """Name each file, with what makes it."""
    from dualsense.render._export.page import page_pdf  # noqa: PLC0415 - Matplotlib is slow to load

    makers: dict[str, Callable[[Sequence[Result], Columns | None], bytes | str]] = {
        "csv": table_csv,
        "geojson": lambda results, _: features_geojson(results),
        "kml": lambda results, _: scans_kml(results),
        "gpkg": lambda results, _: scans_geopackage(results),
    }
    names = {f"export.{one}": makers[one] for one in chosen if one in makers}
    each = {
        "pdf": page_pdf,
        "npz": arrays_npz,
        "vti": volume_vti,
        "tif": maps_geotiff,
        "sgy": radar_segy,
        "zarr": layers_zarr,
    }
    for kind in (one for one in chosen if one in each):
        for n, result in enumerate(results):
            number = "" if len(results) == 1 else f"_{n + 1:03d}"
            name = f"export{number}.{SUFFIXES.get(kind, kind)}"
            names[name] = lambda _results, _columns, one=result, make=each[kind]: make(one)  # type: ignore[misc]
    return names
