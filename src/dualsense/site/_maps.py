"""A site for other programs' maps: GeoPackage, GeoJSON (RFC 7946) and KML (OGC 12-007r2)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import numpy as np

from dualsense import render
from dualsense.runtime.texts import in_utf8, visible
from dualsense.scan import plain
from dualsense.site._frame import frame_wkt, from_frame
from dualsense.site._ground import MEANING
from dualsense.site._rows import OF_A_SCAN, OF_AN_OBJECT, object_row, scan_row, site_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from dualsense.site._ground import Part
    from dualsense.site._records import Frame, Site

COLOURS = {
    "suspect": "ff0000e0",
    "unclear": "ff0070ff",
    "not-assessable": "ff808080",
    "likely-clutter": "ffb08040",
    "place": "ff00d4ff",
}
"""Of symbols in KML: opacity, blue, green, red."""
GROUND_COLOURS = dict.fromkeys(("metal", "radar", "apart"), "80808080") | {"none": "a0404040", "both": "00ffffff"}
CARTESIAN = -1
OF_GROUND = ("covered_by", "meaning", "area_m2")


def site_geopackage(site: Site, parts: Sequence[Part]) -> bytes:
    """Bytes of a GeoPackage in the site's projection: `targets`, `ground`, `scans` and the table `site`."""
    whole = site_row(site)
    told = f"{whole['verdict']} {whole['advice']}"
    objects = [(one.map_m, *(_stored(value) for value in object_row(site, one).values())) for one in site.objects]
    scans = []
    for number, scan in enumerate(site.scans):
        at = None if scan.to_map is None else scan.to_map[:, 2]
        scans.append((at, *(_stored(value) for value in scan_row(site, number).values())))
    ground = [(part.polygons, part.covered_by, MEANING[part.covered_by], part.area_m2) for part in parts]
    layers = [
        render.Layer("targets", f"objects, those of several scans merged. {told}", "POINT", OF_AN_OBJECT, objects),
        render.Layer("ground", f"swept ground by who covered it. {told}", "MULTIPOLYGON", OF_GROUND, ground),
        render.Layer("scans", f"origins of scans, and why some have no place. {told}", "POINT", OF_A_SCAN, scans),
        render.Layer("site", told, None, tuple(whole), [tuple(_stored(value) for value in whole.values())]),
    ]
    times = [render.geopackage_time(scan.result.header.created) for scan in site.scans if scan.result is not None]
    changed = max(times, default=render.geopackage_time(""))
    frame = site.frame
    systems = (
        () if frame is None else [(frame.name, frame.epsg, "EPSG", frame.epsg, frame_wkt(frame), "the map's")]
    )
    srs_id = CARTESIAN if frame is None else frame.epsg
    return render.layers_geopackage(layers, srs_id=srs_id, changed=changed, systems=systems)


def _stored(value: Any) -> Any:
    """Value as a database without flags holds it."""
    return str(value).lower() if isinstance(value, bool) else value


def site_geojson(site: Site, parts: Sequence[Part]) -> str:
    """Text of a FeatureCollection in WGS 84; what has no place has no geometry."""
    features = []
    for one in site.objects:
        row = object_row(site, one)
        place = [row["longitude_wgs84_deg"], row["latitude_wgs84_deg"]]
        point = None if one.map_m is None else {"type": "Point", "coordinates": place}
        features.append({"type": "Feature", "geometry": point, "properties": {"record": "object", **row}})
    for part, polygons in zip(parts, _in_degrees(site.frame, parts), strict=True):
        shape = {"type": "MultiPolygon", "coordinates": [[ring.tolist() for ring in rings] for rings in polygons]}
        told = {"record": "ground", "covered_by": part.covered_by, "meaning": MEANING[part.covered_by]}
        features.append({"type": "Feature", "geometry": shape, "properties": told | {"area_m2": part.area_m2}})
    for number in range(len(site.scans)):
        row = scan_row(site, number)
        place = [row["longitude_wgs84_deg"], row["latitude_wgs84_deg"]]
        point = {"type": "Point", "coordinates": place} if site.scans[number].placed else None
        features.append({"type": "Feature", "geometry": point, "properties": {"record": "scan", **row}})
    document = {"type": "FeatureCollection", "site": site_row(site), "features": features}
    return json.dumps(document, allow_nan=False, separators=(",", ":")) + "\n"


def site_kml(site: Site, parts: Sequence[Part]) -> str:
    """Text of a KML document: objects with a place, and the ground by who covered it."""
    whole = site_row(site)
    label = f"{render.SIMULATED} " if whole["simulated_count"] else ""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<kml xmlns="http://www.opengis.net/kml/2.2">',
        "<Document>",
    ]
    lines += [f"<name>{_text(label + 'dualsense: site')}</name>"]
    lines += [f"<description>{_text(whole['verdict'] + ' ' + whole['advice'])}</description>"]
    lines += [_style(name, f"<IconStyle><color>{one}</color></IconStyle>") for name, one in COLOURS.items()]
    lines += [
        _style(
            f"ground-{name}", f"<LineStyle><width>1</width></LineStyle><PolyStyle><color>{one}</color></PolyStyle>"
        )
        for name, one in GROUND_COLOURS.items()
    ]
    for part, polygons in zip(parts, _in_degrees(site.frame, parts), strict=True):
        lines += _ground(part, polygons, label)
    for one in site.objects:
        if one.map_m is not None:
            lines += _placemark(object_row(site, one), label)
    return "\n".join([*lines, "</Document>", "</kml>", ""])


def _in_degrees(frame: Frame | None, parts: Sequence[Part]) -> Iterator[list[list[NDArray[np.float64]]]]:
    """Rings of each part as longitude and latitude, to 0.1 mm."""
    for part in parts:
        if frame is None:
            return
        rings = [ring for rings in part.polygons for ring in rings]
        placed = np.round(from_frame(frame, np.concatenate(rings))[:, ::-1], 9) + 0.0
        cut = iter(np.split(placed, np.cumsum([len(ring) for ring in rings])[:-1]))
        yield [[next(cut) for _ in rings] for rings in part.polygons]


def _style(name: str, inner: str) -> str:
    return f'<Style id="{name}">{inner}</Style>'


def _placemark(row: Mapping[str, Any], label: str) -> Iterator[str]:
    call = row["call"]
    words = render.CALL_NAMES[call] if call else "place that people recorded"
    yield "<Placemark>"
    yield f"<name>{_text(row['id'] + ': ' + words)}</name>"
    yield f"<description>{_text(label + row['listed'] + ' ' + render.ADVICE)}</description>"
    yield f"<styleUrl>#{call or 'place'}</styleUrl>"
    yield "<ExtendedData>"
    for name, value in row.items():
        shown = "" if value is None else str(_stored(value))
        yield f'<Data name="{name}"><value>{_text(shown)}</value></Data>'
    yield "</ExtendedData>"
    place = f"{row['longitude_wgs84_deg']!r},{row['latitude_wgs84_deg']!r}"
    yield f"<Point><coordinates>{place}</coordinates></Point>"
    yield "</Placemark>"


def _ground(part: Part, polygons: Sequence[Sequence[NDArray[np.float64]]], label: str) -> Iterator[str]:
    yield "<Placemark>"
    yield f"<name>{_text('Ground ' + MEANING[part.covered_by])}</name>"
    yield f"<description>{_text(f'{label}{part.area_m2:.2f} m². {render.ADVICE}')}</description>"
    yield f"<styleUrl>#ground-{part.covered_by}</styleUrl>"
    yield "<MultiGeometry>"
    for outer, *holes in polygons:
        yield "<Polygon>"
        yield f"<outerBoundaryIs>{_ring(outer)}</outerBoundaryIs>"
        yield from (f"<innerBoundaryIs>{_ring(hole)}</innerBoundaryIs>" for hole in holes)
        yield "</Polygon>"
    yield "</MultiGeometry>"
    yield "</Placemark>"


def _ring(points: NDArray[np.float64]) -> str:
    places = " ".join(f"{longitude!r},{latitude!r}" for longitude, latitude in points.tolist())
    return f"<LinearRing><coordinates>{places}</coordinates></LinearRing>"


def _text(text: str) -> str:
    return escape(visible(in_utf8(plain(text))))
