"""From the local frame of a lane to WGS 84.

The ellipsoid is that of WGS 84 (NIMA TR8350.2, 2000). The local frame is a plane tangent at the origin, which
is off by 0.1 mm in height at 30 m and by nothing that matters in the horizontal.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from dualsense.scan import ScanHeader

SEMI_MAJOR_M = 6_378_137.0
FLATTENING = 1.0 / 298.257_223_563
ECCENTRICITY_SQUARED = FLATTENING * (2.0 - FLATTENING)
HIGHEST_M = 20_000.0
"""Above or below the ellipsoid: no ground lies there, and what is put on a map from there is put wrongly."""


def usable_origin(header: ScanHeader) -> tuple[float, float, float, float] | None:
    """Origin of a scan when it is a place on Earth: finite, latitude within ±90°, longitude within ±360°.

    One whose height no ground has is none either.

    Returns
    -------
    tuple or None
        Latitude and longitude in degrees, ellipsoidal height in metres, azimuth of +x in degrees.
    """
    origin = header.origin_wgs84
    if origin is None or not all(math.isfinite(value) for value in origin):
        return None
    if abs(origin[0]) > 90.0 or abs(origin[1]) > 360.0 or abs(origin[2]) > HIGHEST_M:
        return None
    return origin


def local_to_wgs84(
    x_m: ArrayLike, y_m: ArrayLike, origin_wgs84: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Latitude and longitude of points of the ground, z = 0, given in the local frame.

    Parameters
    ----------
    x_m, y_m
        Local coordinates, any shape that broadcasts; x along the lane, y to its left.
    origin_wgs84
        Latitude and longitude in degrees, ellipsoidal height in metres, azimuth of +x in degrees clockwise
        from north.

    Returns
    -------
    latitude_deg, longitude_deg
        Shaped as the broadcast input; longitude in [-180, 180).
    """
    latitude, longitude, height_m, azimuth = origin_wgs84
    phi, lam, alpha = (math.radians(angle) for angle in (latitude, longitude, azimuth))
    x, y = np.broadcast_arrays(np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64))
    east = x * math.sin(alpha) - y * math.cos(alpha)
    north = x * math.cos(alpha) + y * math.sin(alpha)
    ecef = _to_ecef(phi, lam, height_m)
    east_axis = np.array([-math.sin(lam), math.cos(lam), 0.0])
    north_axis = np.array([-math.sin(phi) * math.cos(lam), -math.sin(phi) * math.sin(lam), math.cos(phi)])
    points = ecef + east[..., None] * east_axis + north[..., None] * north_axis
    return _from_ecef(points)


def _to_ecef(phi: float, lam: float, height_m: float) -> NDArray[np.float64]:
    prime_vertical_m = SEMI_MAJOR_M / math.sqrt(1.0 - ECCENTRICITY_SQUARED * math.sin(phi) ** 2)
    across_m = (prime_vertical_m + height_m) * math.cos(phi)
    up_m = (prime_vertical_m * (1.0 - ECCENTRICITY_SQUARED) + height_m) * math.sin(phi)
    return np.array([across_m * math.cos(lam), across_m * math.sin(lam), up_m])


def _from_ecef(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Latitude by Bowring's iteration (Bowring 1976), good to 1e-15 rad near the ground after three rounds."""
    across_m = np.hypot(points[..., 0], points[..., 1])
    up_m = points[..., 2]
    semi_minor_m = SEMI_MAJOR_M * (1.0 - FLATTENING)
    second_eccentricity_squared = ECCENTRICITY_SQUARED / (1.0 - ECCENTRICITY_SQUARED)
    beta = np.arctan2(up_m * SEMI_MAJOR_M, across_m * semi_minor_m)
    for _ in range(3):
        phi = np.arctan2(
            up_m + second_eccentricity_squared * semi_minor_m * np.sin(beta) ** 3,
            across_m - ECCENTRICITY_SQUARED * SEMI_MAJOR_M * np.cos(beta) ** 3,
        )
        beta = np.arctan2((1.0 - FLATTENING) * np.sin(phi), np.cos(phi))
    longitude_deg = np.degrees(np.arctan2(points[..., 1], points[..., 0]))
    longitude_deg = np.where(longitude_deg >= 180.0, longitude_deg - 360.0, longitude_deg)
    return np.degrees(phi), longitude_deg
