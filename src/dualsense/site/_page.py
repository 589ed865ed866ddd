"""A site as one page: what must be dug, and the ground by who covered it. It opens without a network."""

from __future__ import annotations

import math
import os
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dualsense import render
from dualsense.language import languages, spoken
from dualsense.result import OPEN_CALLS
from dualsense.runtime.pages import data_uri, filled_page, shared_asset
from dualsense.scan import plain
from dualsense.site._decided import is_open
from dualsense.site._frame import from_frame
from dualsense.site._rows import up
from dualsense.site._words import SENTENCES

if TYPE_CHECKING:
    from pathlib import Path

    from dualsense.site._ground import Gathered
    from dualsense.site._records import Site, SiteObject, SiteScan

MAX_NOTE = 300
REPORT = "report.html"


def site_html(site: Site, gathered: Gathered | None, out: Path) -> str:
    """Make the page of a site.

    Parameters
    ----------
    site
        Whatever is on its map.
    gathered
        Its ground; None where no scan is on the map.
    out
        Folder in which the page will stand: reports of scans are linked from there.

    Returns
    -------
    str
        HTML that opens in the language at hand and can speak all.
    """
    data = {
        "first": spoken(),
        "tongues": {code: render.page_tongue(code, SENTENCES) for code in languages()},
        "order": (*render.GRAVEST_FIRST, "place"),
        "open": OPEN_CALLS,
        "scans": [_scan(one, out) for one in site.scans],
        "objects": [_object(site, one, gathered) for one in site.objects],
        "ground": _ground(gathered),
        "areas": site.area_m2,
        "uncovered_m2": up(sum(area for name, area in site.area_m2.items() if name != "both")),
        "frame": None if site.frame is None else f"{site.frame.name} (EPSG:{site.frame.epsg})",
        "origin": [round(100.0 * site.origin_error.place_m, 1), site.origin_error.azimuth_deg],
    }
    return filled_page(
        _asset("site.html"),
        heading="title",
        letters=render.inline_letters(),
        style=_asset("site.css"),
        script=shared_asset("marks.js") + _asset("site.js"),
        data=data,
    )


def _scan(scan: SiteScan, out: Path) -> dict[str, Any]:
    result = scan.result
    report = scan.folder / REPORT
    link = quote(os.path.relpath(report, out).encode("utf-8", "surrogateescape")) if report.is_file() else ""
    return {
        "name": plain(scan.name),
        "place": link,
        "problem": scan.problem,
        "detail": scan.detail,
        "failed": result is None,
        "simulated": result is not None and result.header.source == "simulated",
        "covered": None
        if result is None or not math.isfinite(result.coverage_fraction)
        else result.coverage_fraction,
    }


def _object(site: Site, one: SiteObject, gathered: Gathered | None) -> dict[str, Any]:
    told = one.decided
    shown: dict[str, Any] = {
        "id": one.id,
        "call": one.call or "place",
        "dig": is_open(one),
        "chance": _chance(site, one),
        "depth": [_centimetres(one.depth_m), _centimetres(one.depth_std_m)],
        "listed": [[own.scan, own.id, own.call] for own in one.listed],
        "covering": one.covering,
        "agree": one.agree,
        "state": told.state,
        "found": told.found,
        "again": told.again,
        "told": plain(" · ".join(filter(None, (told.time, told.operator, told.note))), MAX_NOTE),
        "scan": one.scan,
        "local": None if one.local_m is None else [round(value, 3) for value in one.local_m],
        "at": None,
    }
    if one.map_m is None or site.frame is None or gathered is None:
        return shown
    raster = gathered.raster
    east_m, north_m = one.map_m.tolist()
    latitude, longitude = from_frame(site.frame, one.map_m)[0].tolist()
    shown["at"] = [round(east_m - raster.west_m, 4), round(raster.north_m - north_m, 4)]
    shown["wgs84"] = f"{latitude:.7f}°, {longitude:.7f}°"
    shown["map"] = f"{east_m:.2f}, {north_m:.2f}"
    if one.covariance_m2 is not None:
        ((a, b), (_, c)) = one.covariance_m2.tolist()
        shown["spread"] = [float(f"{value:.3g}") for value in (a, b, c)]
        shown["std"] = round(100.0 * math.sqrt(max(a, c)), 1)
    return shown


def _chance(site: Site, one: SiteObject) -> float | None:
    """Highest confidence in 100; None where a model gives no probabilities."""
    models = [result.model for own in one.listed if (result := site.scans[own.scan].result) is not None]
    if (
        not models
        or any(model.startswith("uncalibrated-") for model in models)
        or not math.isfinite(one.confidence)
    ):
        return None
    return round(100.0 * one.confidence, 1)


def _centimetres(value_m: float) -> float | None:
    return round(100.0 * value_m, 1) if math.isfinite(value_m) else None


def _ground(gathered: Gathered | None) -> dict[str, Any] | None:
    if gathered is None:
        return None
    return {
        "tiles": [[t.east_m, t.south_m, t.side_m, data_uri("image/png", t.png)] for t in gathered.tiles],
        "width": round(gathered.raster.columns * gathered.raster.pixel_m, 4),
        "height": round(gathered.raster.rows * gathered.raster.pixel_m, 4),
    }


def _asset(name: str) -> str:
    return files("dualsense.site").joinpath("assets", name).read_text(encoding="utf-8")
