"""One map of many scans: read, merged, joined with what people recorded, and written."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from dualsense.errors import DualsenseError, UsageError
from dualsense.language import ENGLISH, speaking
from dualsense.render import ADVICE
from dualsense.runtime.folders import write_folder
from dualsense.site._decided import join_decisions
from dualsense.site._find import find_results, place_scans, read_scans
from dualsense.site._ground import Gathered
from dualsense.site._maps import site_geojson, site_geopackage, site_kml
from dualsense.site._objects import find_objects
from dualsense.site._page import site_html
from dualsense.site._raster import GROUND, ground_tiles, image_tiles, lay_raster
from dualsense.site._records import OriginError, Site
from dualsense.site._rows import scans_csv, site_json, site_row, targets_csv
from dualsense.site._store import Store
from dualsense.site._tiff import write_geotiff

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SITE_FILES = (
    "coverage.tif",
    "energy.tif",
    "site.gpkg",
    "site.geojson",
    "site.kml",
    "targets.csv",
    "scans.csv",
    "index.html",
    "site.json",
)
"""The last one means that the map is complete."""
BANDS = ("radar_energy", "metal_response")
PIXEL_M = 0.02
WITHIN_M = 0.30


def make_site(
    folders: str | PathLike[str] | Sequence[str | PathLike[str]],
    out: str | PathLike[str],
    *,
    origin_error: OriginError | None = None,
    within_m: float = WITHIN_M,
    pixel_m: float = PIXEL_M,
    overwrite: bool = False,
    progress: Callable[[str, float], None] | None = None,
) -> Site:
    """Make one map of all results in folders, and write it.

    Duplicates are merged, decisions joined, and the ground told by who covered it. No more than one scan's maps
    are in memory at a time, and of the map one tile.

    Parameters
    ----------
    folders
        One or more, searched through for results, as `process` and `batch` leave them.
    out
        Folder for `SITE_FILES`: all or none are written.
    origin_error
        How well scans' places on Earth are known, which no scan says: 3 cm and 0.5° by default.
    within_m
        Targets further apart are never merged.
    pixel_m
        Side of a pixel of the map.
    overwrite
        Whether files of an earlier map may be replaced.
    progress
        Called with what is being done, and the part that is.

    Returns
    -------
    Site
        Without a frame where no scan has a place: what they list is told all the same.

    Raises
    ------
    UsageError
        There is no such folder, no result in it, no PROJ, or files that are not to be replaced.
    DualsenseError
        It cannot be written.
    """
    given = [folders] if isinstance(folders, (str, PathLike)) else folders
    out = Path(out)
    if not (0.001 <= pixel_m <= 1.0 and within_m > 0.0):
        msg = f"pixel_m: got {pixel_m}, expected 0.001 to 1 m, and within_m above 0, got {within_m}"
        raise UsageError(msg)
    if any((out / name).is_file() for name in ("targets.json", "batch.json")):
        msg = f"{out}: holds results of `process` or `batch`, whose files the map's would replace; choose another"
        raise UsageError(msg)
    tell = progress or (lambda _what, _part: None)
    with tempfile.TemporaryDirectory(prefix="dualsense-site-") as place:
        store = Store(Path(place))
        found = find_results([Path(one) for one in given])
        scans, torn = read_scans(found, store, lambda name, part: tell(name, 0.8 * part))
        scans, frame = place_scans(scans)
        error = origin_error or OriginError()
        objects = join_decisions(find_objects(scans, store, error, within_m), scans)
        site = Site(frame, tuple(scans), tuple(objects), error, torn=torn)
        made: list[Site] = []

        def fill(fresh: Path) -> None:
            # what other programs read is English whatever the language; the page is for people
            with speaking(ENGLISH):
                whole, gathered = _write_maps(site, store, fresh, pixel_m, tell)
            (fresh / "index.html").write_text(site_html(whole, gathered, out), encoding="utf-8")
            made.append(whole)

        try:
            write_folder(out, SITE_FILES, fill, overwrite=overwrite)
        except OSError as failed:
            msg = f"{out}: cannot write the map: {failed.strerror or failed}"
            raise DualsenseError(msg) from failed
    return made[0]


def _write_maps(
    site: Site, store: Store, fresh: Path, pixel_m: float, tell: Callable[[str, float], None]
) -> tuple[Site, Gathered | None]:
    """Write rasters first, as areas and outlines are gathered from them, and then what tells of them."""
    gathered = None
    raster = lay_raster(site.scans, store, pixel_m)
    frame = site.frame
    if raster is not None and frame is not None:
        tell("coverage.tif", 0.8)
        gathered = Gathered(raster)
        told = {
            "ground": "; ".join(f"{n} {name}" for n, name in enumerate(GROUND)),
            "simulated": str(site_row(site)["simulated_count"]),
            "advice": ADVICE,
        }
        tiles = gathered.through(ground_tiles(raster, site.scans, store))
        names = ("ground",)
        write_geotiff(fresh / "coverage.tif", tiles, raster, frame, bands=names, nodata=0, told=told)
        site = replace(site, area_m2=gathered.area_m2())
        tell("energy.tif", 0.9)
        units = {f"{name}_units": store.units(name) for name in BANDS}
        images = image_tiles(raster, site.scans, store, BANDS)
        write_geotiff(
            fresh / "energy.tif", images, raster, frame, bands=BANDS, nodata=float("nan"), told=told | units
        )
    parts = [] if gathered is None else gathered.parts
    tell("site.gpkg", 0.95)
    (fresh / "site.gpkg").write_bytes(site_geopackage(site, parts))
    texts = {
        "site.geojson": site_geojson(site, parts),
        "site.kml": site_kml(site, parts),
        "targets.csv": targets_csv(site),
        "scans.csv": scans_csv(site),
        "site.json": site_json(site),
    }
    for name, text in texts.items():
        (fresh / name).write_text(text, encoding="utf-8")
    return site, gathered
