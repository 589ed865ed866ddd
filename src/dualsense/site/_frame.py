"""From latitude and longitude to metres on a map, by PROJ."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.errors import UsageError
from dualsense.site._records import Frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

WGS84_EPSG = 4326
MOST_ASKED = 500
"""Scans by whose places the zone is chosen."""


def frame_of(places_deg: Sequence[tuple[float, float]]) -> Frame:
    """Choose the projection of a site: the zone of UTM of its middle, a polar one beyond 84° N and 80° S.

    Parameters
    ----------
    places_deg
        Latitude and longitude of scans.

    Returns
    -------
    Frame
    """
    latitude = float(np.median([place[0] for place in places_deg]))
    # of directions the one with the least way to all others, which a single wrong one does not move
    turns = np.exp(1j * np.radians([place[1] for place in places_deg[:: -(-len(places_deg) // MOST_ASKED)]]))
    ways = np.abs(np.angle(turns[:, None] / turns[None, :])).sum(axis=1)
    longitude = float(np.degrees(np.angle(turns[np.argmin(ways)])))
    if latitude > 84.0:
        epsg = 32661
    elif latitude < -80.0:
        epsg = 32761
    else:
        zone = min(int((longitude + 180.0) // 6.0), 59) + 1
        epsg = (32600 if latitude >= 0.0 else 32700) + zone
    return Frame(epsg, str(_proj().CRS.from_epsg(epsg).name))


def to_frame(frame: Frame, places_deg: ArrayLike) -> NDArray[np.float64]:
    """Map places.

    Parameters
    ----------
    frame
        The map's.
    places_deg : (n, 2)
        Latitude and longitude on WGS 84.

    Returns
    -------
    ndarray (n, 2)
        Easting and northing in metres.
    """
    places = np.asarray(places_deg, dtype=np.float64).reshape(-1, 2)
    easting, northing = _transformer(frame.epsg).transform(places[:, 1], places[:, 0])
    return np.column_stack([easting, northing])


def from_frame(frame: Frame, map_m: ArrayLike) -> NDArray[np.float64]:
    """Latitude and longitude (n, 2) of places (n, 2) on the map, in degrees."""
    places = np.asarray(map_m, dtype=np.float64).reshape(-1, 2)
    longitude, latitude = _transformer(frame.epsg).transform(places[:, 0], places[:, 1], direction="INVERSE")
    return np.column_stack([latitude, longitude])


def frame_wkt(frame: Frame) -> str:
    """Definition of the projection as well-known text, for GIS files."""
    return str(_proj().CRS.from_epsg(frame.epsg).to_wkt("WKT1_GDAL"))


@lru_cache(maxsize=8)
def _transformer(epsg: int) -> Any:
    return _proj().Transformer.from_crs(WGS84_EPSG, epsg, always_xy=True)


def _proj() -> Any:
    try:
        import pyproj  # noqa: PLC0415 - an extra
    except ImportError:
        msg = "a map of a site needs PROJ: install the extra `site` (pip install 'dualsense[site]')"
        raise UsageError(msg) from None
    return pyproj
