"""The track of a log: poses, or fixes of a satellite receiver."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dualsense.errors import ScanError
from dualsense.io._importers.options import MAX_HEIGHT_M
from dualsense.io._importers.placing import local_m
from dualsense.io._text import one_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.io._importers.logs.log_map import LogMap

    Real = NDArray[np.float64]

FIX = "sensor_msgs/NavSatFix"
USUAL: dict[str, dict[str, list[str]]] = {
    "geometry_msgs/PoseStamped": {"position": ["pose.position"], "orientation": ["pose.orientation"]},
    "geometry_msgs/PointStamped": {"position": ["point"]},
    "geometry_msgs/TransformStamped": {
        "position": ["transform.translation"],
        "orientation": ["transform.rotation"],
    },
    FIX: {
        "position": ["latitude", "longitude", "altitude"],
        "covariance": ["position_covariance"],
        "status": ["status.status"],
    },
} | {
    kind: {
        "position": ["pose.pose.position"],
        "orientation": ["pose.pose.orientation"],
        "covariance": ["pose.covariance"],
    }
    for kind in ("geometry_msgs/PoseWithCovarianceStamped", "nav_msgs/Odometry")
}
"""Where common messages have what, unless the map says otherwise."""
MAX_LOST = 0.1
"""Poses without numbers are left out; more than this part is no track."""
UNIT = 0.01
"""A rotation whose length is this close to 1 is a rounded one."""
MAX_STD_M = 100.0


class Track(NamedTuple):
    """Poses of a log.

    Attributes
    ----------
    time_ns : (p,)
    position_m : (p, 3)
    orientation : (p, 4) or None
    std_m : (p, 3) or None
    origin
        Latitude, longitude, height and azimuth of +x, of fixes.
    lost
        Poses that were left out.
    """

    time_ns: NDArray[np.int64]
    position_m: Real
    orientation: Real | None
    std_m: Real | None
    origin: tuple[float, float, float, float] | None
    lost: int


def wanted_of(known: LogMap, kind: str) -> dict[str, list[str]]:
    """Give the paths of a track's fields: the map's, else the usual ones of that kind of message.

    Parameters
    ----------
    known
    kind
        Of the message, without what ROS 2 puts between package and name.

    Raises
    ------
    ScanError
        Neither tells where the position is.
    """
    usual = USUAL.get(kind, {})
    asked = {key: known.paths("pose", key) for key in ("position", "orientation", "covariance")}
    wanted = usual | {key: paths for key, paths in asked.items() if paths}
    if asked["position"]:
        wanted.pop("status", None)
        if not asked["covariance"]:
            wanted.pop("covariance", None)  # of another position
    if "position" not in wanted:
        known.fail("pose", "position", f"the path of the position in {kind or 'the messages'}")
    return wanted


def track_of(time_ns: NDArray[np.int64], numbers: dict[str, Real], known: LogMap, *, fixes: bool) -> Track:
    """Make a track of a topic's numbers.

    Parameters
    ----------
    time_ns : (p,)
    numbers
        "position" (p, 2 or 3), and where known "orientation" (p, 4), "covariance" (p, 9 or 36), "status" (p, 1).
    known
        For the unit, the height and messages.
    fixes
        Whether positions are latitude, longitude and height.

    Raises
    ------
    ScanError
        The numbers are no track.
    """
    position = numbers["position"]
    if position.shape[1] not in {2, 3}:
        known.fail("pose", "position", f"2 or 3 numbers, not {position.shape[1]}")
    if position.shape[1] == 2:
        height_m = known.number("pose", "height_m", 0.0, most=MAX_HEIGHT_M)
        position = np.column_stack([position, np.full(len(position), height_m)])
    keep: NDArray[np.bool_] = np.asarray(np.isfinite(position).all(axis=1))
    if "status" in numbers:
        keep = keep & (numbers["status"] >= 0).all(axis=1)
    turned = numbers.get("orientation")
    if turned is not None:
        if turned.shape[1] != 4:
            known.fail("pose", "orientation", f"4 numbers w, x, y, z, not {turned.shape[1]}")
        length = np.linalg.norm(turned, axis=1)
        if (length == 0.0).all():
            turned = None  # never filled in: it tells nothing
        else:
            keep = keep & (np.abs(length - 1.0) <= UNIT)
            turned = turned / np.where(keep, length, 1.0)[:, None]
    lost = int((~keep).sum())
    if lost > MAX_LOST * len(keep):
        found = f"found {lost} of {len(keep)} poses without numbers, a fix or a rotation of length 1"
        msg = f"{known.name}: [pose] {known.tables['pose']['topic']}: {found}, expected at most a tenth"
        raise ScanError(one_line(msg))
    position, origin = position[keep], None
    if fixes:
        if np.abs(position[:, 0]).max() > 90.0 or np.abs(position[:, 1]).max() > 360.0:
            known.fail("pose", "position", "degrees of latitude and longitude")
        origin = (float(position[0, 0]), float(position[0, 1]), float(position[0, 2]), 90.0)
        east_m, north_m = local_m(position[:, 0], position[:, 1], *origin[:2])
        # a receiver's heights are metres above the ellipsoid and wander: the head's height is the map's
        height_m = known.number("pose", "height_m", 0.0, most=MAX_HEIGHT_M)
        position = np.column_stack([east_m, north_m, np.full(east_m.size, height_m)])
    else:
        position = position * known.scale("pose", most=1e6)
    std_m = _std(numbers.get("covariance"), keep)
    return Track(time_ns[keep], position, None if turned is None else turned[keep], std_m, origin, lost)


def _std(covariance: Real | None, keep: NDArray[np.bool_]) -> Real | None:
    """Deviations (p, 3) of x, y, z from the diagonal of a covariance; None where it is not filled in."""
    if covariance is None or covariance.shape[1] not in {9, 36}:
        return None
    side = 3 if covariance.shape[1] == 9 else 6
    variance = covariance[keep][:, [0, side + 1, 2 * side + 2]]
    if not (np.isfinite(variance).all() and (variance > 0.0).all()):
        return None
    return np.minimum(np.sqrt(variance), MAX_STD_M)
