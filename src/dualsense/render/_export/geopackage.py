"""GeoPackage of one scan or many.

Layers `targets` (points) and `ground` (polygons by who covered it), and the table `scans`. Scans that know their
place are in WGS 84; one that does not is in the undefined Cartesian system that the standard has for such metres.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from dualsense.errors import UsageError
from dualsense.render._export.about import about, is_placed
from dualsense.render._export.container import CARTESIAN_ID, UNKNOWN_TIME, WGS84_ID, Layer, layers_geopackage
from dualsense.render._export.ground import ground_parts, places
from dualsense.render._export.table import OF_A_TARGET, OF_THE_SCAN, rows
from dualsense.render._targets import ordered_targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.result import Result

OF_A_FEATURE = ("scan_id", "source", "created", "site", "operator", "coordinate_reference", "coordinate_accuracy")


def scans_geopackage(results: Sequence[Result]) -> bytes:
    """Bytes of a GeoPackage.

    Parameters
    ----------
    results
        One or more: either all know where on Earth they are, or there is one that does not.

    Returns
    -------
    bytes

    Raises
    ------
    UsageError
        Scans whose places beside each other are not known.
    """
    placed = [is_placed(result) for result in results]
    if len(results) > 1 and not all(placed):
        name = results[placed.index(False)].header.scan_id or "a scan"
        msg = f"{name}: has no origin on Earth (origin_wgs84), so its place beside other scans is not known"
        raise UsageError(msg)
    srs_id = WGS84_ID if all(placed) else CARTESIAN_ID
    changed = max(geopackage_time(result.header.created) for result in results)
    return layers_geopackage(_layers(results), srs_id=srs_id, changed=changed)


def _layers(results: Sequence[Result]) -> list[Layer]:
    facts = [about(result) for result in results]
    told = f"{facts[0]['source']}; {facts[0]['advice']}" if len(facts) == 1 else str(facts[0]["advice"])
    spots = [place for result in results for place in _spots(result)]
    values = [
        (place, *(row[name] for name in (*OF_A_FEATURE, *OF_A_TARGET)))
        for row, place in zip((row for result in results for row in rows(result)[1:]), spots, strict=True)
    ]
    shapes = [
        (part.polygons, *(fact[name] for name in OF_A_FEATURE), part.covered_by, part.words, part.area_m2)
        for result, fact in zip(results, facts, strict=True)
        for part in ground_parts(result)
    ]
    found, ground, scans = (
        f"{words}. {told}"
        for words in (
            "objects found, each with its call",
            "the patch by which sensors covered it; what both did not cover is not assessable",
            "what each scan says of itself, and what limits it",
        )
    )
    return [
        Layer("targets", found, "POINT", (*OF_A_FEATURE, *OF_A_TARGET), values),
        Layer("ground", ground, "MULTIPOLYGON", (*OF_A_FEATURE, "covered_by", "meaning", "area_m2"), shapes),
        Layer("scans", scans, None, OF_THE_SCAN, [tuple(fact[name] for name in OF_THE_SCAN) for fact in facts]),
    ]


def _spots(result: Result) -> NDArray[np.float64]:
    """Places of the targets, as they matter: (n, 2)."""
    targets = ordered_targets(result)
    return places(result, np.array([t.x_m for t in targets]), np.array([t.y_m for t in targets]))


def geopackage_time(created: str) -> str:
    """Write the time of a scan as the standard wants it; the beginning of time where it is none."""
    try:
        when = datetime.fromisoformat(created)
        when = (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return UNKNOWN_TIME
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"
