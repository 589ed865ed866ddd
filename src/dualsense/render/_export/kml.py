"""KML of scans that know their place: what a globe shows of targets and of ground (OGC 12-007r2)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from dualsense.errors import UsageError
from dualsense.render._export.about import about, is_placed
from dualsense.render._export.ground import ground_parts
from dualsense.render._export.table import OF_A_TARGET, rows
from dualsense.render._targets import CALL_NAMES
from dualsense.render._words import ADVICE, SIMULATED
from dualsense.runtime.texts import in_utf8, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from dualsense.render._export.ground import Ground
    from dualsense.result import Result

CALL_COLOURS = {
    "suspect": "ff0000e0",
    "unclear": "ff0070ff",
    "not-assessable": "ff808080",
    "likely-clutter": "ffb08040",
}
"""Of the symbols, as KML has them: opacity, blue, green, red."""
GROUND_COLOURS = {"none": "a0404040", "emi": "80808080", "gpr": "80808080", "both": "00ffffff"}


def scans_kml(results: Sequence[Result]) -> str:
    """Text of a KML document with a folder for each scan.

    Parameters
    ----------
    results
        One or more.

    Returns
    -------
    str

    Raises
    ------
    UsageError
        A scan does not know where on Earth it is: KML has nothing but degrees.
    """
    for result in results:
        if not is_placed(result):
            name = result.header.scan_id or "the scan"
            msg = f"{name}: has no origin on Earth (origin_wgs84), and KML holds nothing but degrees"
            raise UsageError(msg)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<kml xmlns="http://www.opengis.net/kml/2.2">',
        "<Document>",
        f"<name>{_text('dualsense: ' + ', '.join(_name(result) for result in results))}</name>",
        f"<description>{_text(ADVICE)}</description>",
        *(
            _style(call, f"<IconStyle><color>{colour}</color></IconStyle>")
            for call, colour in CALL_COLOURS.items()
        ),
        *(
            _style(
                f"ground-{by}",
                f"<LineStyle><width>2</width></LineStyle><PolyStyle><color>{colour}</color></PolyStyle>",
            )
            for by, colour in GROUND_COLOURS.items()
        ),
    ]
    for result in results:
        lines += _folder(result)
    return "\n".join([*lines, "</Document>", "</kml>", ""])


def _style(name: str, inner: str) -> str:
    return f'<Style id="{name}">{inner}</Style>'


def _name(result: Result) -> str:
    name = result.header.scan_id or "scan"
    return f"{SIMULATED} {name}" if result.header.source == "simulated" else name


def _folder(result: Result) -> Iterator[str]:
    facts = about(result)
    yield "<Folder>"
    yield f"<name>{_text(_name(result))}</name>"
    yield f"<description>{_text(' '.join((facts['verdict'], facts['faults'], ADVICE)))}</description>"
    yield from _data(facts)
    for part in ground_parts(result):
        yield from _ground(part, result)
    for row in rows(result)[1:]:
        call = str(row["call"])
        name = f"{row['id']}: {CALL_NAMES[call]}"
        told = f"{row['chance']}. {row['reasons']}. {_name(result)}"
        yield "<Placemark>"
        yield f"<name>{_text(name)}</name>"
        yield f"<description>{_text(told)}</description>"
        yield f"<styleUrl>#{call}</styleUrl>"
        yield from _data({name: row[name] for name in (*facts, *OF_A_TARGET)})
        place = f"{row['longitude_wgs84_deg']!r},{row['latitude_wgs84_deg']!r}"
        yield f"<Point><coordinates>{place}</coordinates></Point>"
        yield "</Placemark>"
    yield "</Folder>"


def _ground(part: Ground, result: Result) -> Iterator[str]:
    told = f"{part.area_m2:.2f} m². {_name(result)}. {ADVICE}"
    yield "<Placemark>"
    yield f"<name>{_text('Ground ' + part.words)}</name>"
    yield f"<description>{_text(told)}</description>"
    yield f"<styleUrl>#ground-{part.covered_by}</styleUrl>"
    yield "<MultiGeometry>"
    for outer, *holes in part.polygons:
        yield "<Polygon>"
        yield f"<outerBoundaryIs>{_ring(outer)}</outerBoundaryIs>"
        yield from (f"<innerBoundaryIs>{_ring(hole)}</innerBoundaryIs>" for hole in holes)
        yield "</Polygon>"
    yield "</MultiGeometry>"
    yield "</Placemark>"


def _ring(points: NDArray) -> str:
    places = " ".join(f"{longitude!r},{latitude!r}" for longitude, latitude in points.tolist())
    return f"<LinearRing><coordinates>{places}</coordinates></LinearRing>"


def _data(values: Mapping[str, object]) -> Iterable[str]:
    yield "<ExtendedData>"
    for name, value in values.items():
        yield f'<Data name="{name}"><value>{_text("" if value is None else str(value))}</value></Data>'
    yield "</ExtendedData>"


def _text(text: str) -> str:
    return escape(visible(in_utf8(text)))
