"""Read the head's track from a scan file, and find which samples it covers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.faults import fault
from dualsense.io import _schema as schema
from dualsense.io._axes import increasing_fault, isolated
from dualsense.scan import Pose

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.io._nodes import Source
    from dualsense.scan import Fault, Severity

MAX_LOST_POSES = 0.1
"""Poses without numbers are dropped, and the gap they leave is not covered; more than this part is no track."""
QUATERNION_TOLERANCE = 0.01
"""A quaternion whose length is this close to 1 is a rounded unit quaternion."""
_ROUNDING = 1e-12


def read_pose(source: Source) -> tuple[Pose, tuple[Fault, ...]]:
    """Read the track.

    Parameters
    ----------
    source
        Open scan file.

    Returns
    -------
    pose
        Poses with a time, a position and an orientation only.
    faults
        How many were dropped.

    Raises
    ------
    ScanError
        Something mandatory is missing, shapes disagree, the time does not increase, a quaternion is far from
        unit length, or too many numbers are not finite.
    """
    time = source.vector(schema.POSE_TIME)
    if time is None:
        raise source.missing(schema.POSE_TIME.path, schema.POSE_TIME.expected)
    if time.size == 0:
        raise source.error(schema.POSE_TIME.path, "found shape (0,), expected at least one pose")
    position = _rows(source, schema.POSE_POSITION, time.size, 3)
    if position is None:
        raise source.missing(schema.POSE_POSITION.path, schema.POSE_POSITION.expected)
    orientation = _rows(source, schema.POSE_ORIENTATION, time.size, 4)
    std, std_faults = _position_std(source, time.size)
    keep = np.ones(time.size, dtype=bool)
    faults: list[Fault] = []
    columns = [(schema.POSE_TIME, time), (schema.POSE_POSITION, position), (schema.POSE_ORIENTATION, orientation)]
    for field, values in columns:
        if values is None:
            continue
        lost = ~np.isfinite(values.reshape(time.size, -1)).all(axis=1)
        keep &= ~lost
        faults += _lost_poses(source, field, int(lost.sum()), time.size)
    if not keep.any():
        raise source.error(schema.POSE_POSITION.path, "found no pose that is finite throughout")
    cause = increasing_fault(time[keep])
    if cause:
        raise source.error(schema.POSE_TIME.path, cause)
    unit = None if orientation is None else _unit(source, orientation[keep])
    pose = Pose(time[keep], position[keep], unit, None if std is None else std[keep])
    return pose, (*faults, *std_faults)


def covered_by_pose(pose_time_s: NDArray[np.float64], time_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Find at which times the head's position is known.

    Parameters
    ----------
    pose_time_s : (p,)
        Increasing.
    time_s : (n,)

    Returns
    -------
    (n,) bool
        False within a gap of the track, and past either end of it, longer than ``schema.MAX_POSE_GAP_S``.
    """
    last = pose_time_s.size - 1
    after = np.searchsorted(pose_time_s, time_s, side="left")
    before_s = pose_time_s[np.clip(after - 1, 0, last)]
    after_s = pose_time_s[np.clip(after, 0, last)]
    inside = (after > 0) & (after <= last)
    gap = np.where(inside, after_s - before_s, np.abs(time_s - np.where(after > last, before_s, after_s)))
    covered: NDArray[np.bool_] = (gap <= schema.MAX_POSE_GAP_S) | (after_s == time_s)
    return covered


def _rows(source: Source, field: schema.Field, rows: int, columns: int) -> NDArray[np.float64] | None:
    found = source.floats(field)
    if found is None:
        return None
    if found.shape == (columns,) and rows == 1:
        found = found.reshape(1, columns)
    if found.shape != (rows, columns):
        hint = ", which is the transpose" if found.shape == (columns, rows) else ""
        raise source.error(field.path, f"found shape {found.shape}{hint}, expected {(rows, columns)}")
    return found


def _position_std(source: Source, rows: int) -> tuple[NDArray[np.float64] | None, tuple[Fault, ...]]:
    field = schema.POSE_POSITION_STD
    found = source.floats(field)
    if found is None:
        return None, ()
    if found.size == 3 and max(found.shape) == 3:
        found = np.tile(found.reshape(1, 3), (rows, 1))
    if found.shape != (rows, 3):
        raise source.error(field.path, f"found shape {found.shape}, expected (3,) or {(rows, 3)}")
    if (found < 0.0).any():
        raise source.error(field.path, f"found {found.min():g}, expected standard deviations >= 0")
    bad = ~np.isfinite(found)
    if not bad.any():
        return found, ()
    count = int(bad.sum())
    unknown = fault(
        "pose-errors-unknown",
        severity="info" if isolated(count, found.size) else "degraded",
        path=field.path,
        count=count,
        total=found.size,
    )
    return (None if bad.all() else np.where(bad, np.nan, found)), (unknown,)


def _lost_poses(source: Source, field: schema.Field, lost: int, total: int) -> list[Fault]:
    if not lost:
        return []
    few = isolated(lost, total)
    if not few and lost > MAX_LOST_POSES * total:
        cause = f"found {lost} of {total} poses not finite, expected at most {MAX_LOST_POSES:.0%}"
        raise source.error(field.path, cause)
    severity: Severity = "info" if few else "degraded"
    return [fault("poses-dropped", severity=severity, path=field.path, count=lost, total=total)]


def _unit(source: Source, orientation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring quaternions to unit length; those that already have it keep their bits."""
    length = np.linalg.norm(orientation, axis=1)
    error = np.abs(length - 1.0)
    if (error > QUATERNION_TOLERANCE).any():
        at = int(error.argmax())
        cause = f"found a quaternion of length {length[at]:.4g} at pose {at}, expected unit quaternions w, x, y, z"
        raise source.error(schema.POSE_ORIENTATION.path, cause)
    return np.where((error > _ROUNDING)[:, None], orientation / length[:, None], orientation)
