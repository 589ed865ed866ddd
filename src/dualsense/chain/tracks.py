"""Where the samples were taken, and which sensors there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense import survey
from dualsense.chain.log import Log
from dualsense.faults import fault
from dualsense.io import MAX_POSE_GAP_S, covered_by_pose
from dualsense.scan import SENSOR_NAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.recipe.survey import Survey
    from dualsense.scan import EmiData, GprData, Pose, Scan, SensorName
    from dualsense.survey import Lines, Track


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where the samples of a sensor were taken that its chain goes on with.

    Attributes
    ----------
    place_m : (n, 3)
        Middle of the antenna or coil pair.
    time_s : (n,)
        As recorded: of samples that were stamped anew, the stamp before that.
    channel : (n,) intp
    """

    place_m: NDArray[np.float64]
    time_s: NDArray[np.float64]
    channel: NDArray[np.intp]


SAMPLE_NAMES = {"gpr": "radar", "emi": "metal"}
"""What the samples of each sensor are called, where the sensor itself is called by `SENSOR_NAMES`."""


def head_track(pose: Pose, tables: Survey) -> Track:
    """Give the smoothed track of the head itself, at the times of its poses."""
    return survey.track_at(pose, pose.time_s, smoothing_s=tables.smoothing_s)


def sensor_track(pose: Pose, data: GprData | EmiData, sensor: SensorName, tables: Survey) -> tuple[Track, Log]:
    """Give the track of the head at a sensor's samples; covered where the sensor was close above the ground."""
    track = survey.track_at(pose, data.time_s, smoothing_s=tables.smoothing_s)
    center = 0.5 * (data.tx_position_m + data.rx_position_m)
    near = survey.near_ground(track, center, data.channel, max_height_m=tables.max_height_m)
    lost = int((track.covered & ~near.covered).sum())
    if not lost:
        return near, Log()
    off = fault(
        "track-off-ground",
        count=lost,
        total=lost + int(near.covered.sum()),
        sensor_name=SAMPLE_NAMES[sensor],
        max_height_m=tables.max_height_m,
    )
    return near, Log((off,))


def lines_of(scan: Scan) -> Lines | None:
    """Give the lines of radar channels that were recorded one after another, each along its own; else None."""
    data = scan.gpr
    if data is None or len(data.tx_position_m) < 2:
        return None
    covered = covered_by_pose(scan.pose.time_s, data.time_s)
    at, pose = data.time_s[covered], scan.pose
    place_m = np.column_stack([np.interp(at, pose.time_s, pose.position_m[:, k]) for k in range(2)])
    found = survey.find_lines(place_m, data.channel[covered], at)
    return None if found is None or found.alone else found


def recorded_places(
    scan: Scan, sensor: SensorName, rows: NDArray[np.bool_], tables: Survey
) -> NDArray[np.float64]:
    """Give the places of some samples of a sensor as recorded, whatever its chain makes of them.

    Parameters
    ----------
    scan
        That has this sensor.
    sensor
        Its name.
    rows : (n,)
        Of its samples, which are wanted.
    tables
        How the track is smoothed.

    Returns
    -------
    (m, 3) float64
        NaN where no pose covers the time.
    """
    data: GprData | EmiData = getattr(scan, sensor)
    track = survey.track_at(scan.pose, data.time_s[rows], smoothing_s=tables.smoothing_s)
    return survey.lever_arm(track, 0.5 * (data.tx_position_m + data.rx_position_m), data.channel[rows])


def absent(scan: Scan, sensor: SensorName) -> Log:
    """Say that a sensor is missing, unless the reader has already said that it failed."""
    if any(one.sensor == sensor and one.severity == "failed" for one in scan.faults):
        return Log()
    return Log(
        (fault("sensor-absent", sensor=sensor, path=f"/{sensor}", sensor_name=SENSOR_NAMES[sensor]),),
    )


def broken_track(head: Track) -> NDArray[np.float64]:
    """Give the head's positions with a row of NaN where the pose has a gap."""
    gaps = np.flatnonzero(np.diff(head.time_s) > MAX_POSE_GAP_S) + 1
    track: NDArray[np.float64] = np.insert(head.position_m, gaps, np.nan, axis=0)
    return track
