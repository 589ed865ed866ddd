"""What a step brings, and samples that wait until the track has passed them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from dualsense import survey
from dualsense.live._health import Health
from dualsense.scan import EmiData, GprData, Pose

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dualsense.recipe.survey import Survey
    from dualsense.scan import SensorName
    from dualsense.survey import Track

Sensor = TypeVar("Sensor", GprData, EmiData)
Rows = TypeVar("Rows")
PATIENCE_S = 2.0
"""How long a sample waits for a track that has stopped; longer gaps are bridged by none."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Poses and samples that are new; a sensor without any is None."""

    pose: Pose
    gpr: GprData | None = None
    emi: EmiData | None = None


def take_rows(data: Rows, names: Iterable[str], rows: slice | NDArray[Any]) -> Rows:
    """Take some rows of frozen data whose fields ``names`` have one entry for each."""
    held = {name: getattr(data, name) for name in names}
    taken = {name: None if values is None else values[rows] for name, values in held.items()}
    return replace(data, **taken)  # type: ignore[type-var]


def joined(parts: list[Rows], names: Iterable[str]) -> Rows:
    """Join rows of frozen data, in their order; what is not one of ``names`` is the last one's."""
    if len(parts) == 1:
        return parts[0]
    held = {name: [getattr(part, name) for part in parts] for name in names}
    whole = {name: None if values[0] is None else np.concatenate(values) for name, values in held.items()}
    return replace(parts[-1], **whole)  # type: ignore[type-var]


POSE_FIELDS = tuple(field.name for field in fields(Pose))
SENSOR_FIELDS = ("time_s", "data", "channel")


class Tail:
    """The track's last poses, as far back as samples may still need them.

    Parameters
    ----------
    smoothing_s
        Half-width of the track's smoothing.
    """

    def __init__(self, smoothing_s: float) -> None:
        self._keep_s = PATIENCE_S + 2.0 * smoothing_s + 1.0
        self.pose: Pose | None = None

    def extend(self, pose: Pose) -> None:
        """Take new poses, and let go of those that no sample needs any more."""
        if pose.time_s.size == 0:
            return
        whole = pose if self.pose is None else joined([self.pose, pose], POSE_FIELDS)
        first = int(np.searchsorted(whole.time_s, whole.time_s[-1] - self._keep_s))
        self.pose = take_rows(whole, POSE_FIELDS, slice(first, None))


class Waiting(Generic[Sensor]):
    """Samples of one sensor, held until the track around them is known, and until they are known to be measured.

    Parameters
    ----------
    sensor
        Whose samples they are.
    tables
        How the track is smoothed, and how high a sensor still measures the ground.
    delay_s
        How much the samples lag behind the track.
    """

    def __init__(self, sensor: SensorName, tables: Survey, delay_s: float = 0.0) -> None:
        self._tables, self._delay_s = tables, delay_s
        self._held: Sensor | None = None
        self._health = Health(sensor)

    @property
    def reason(self) -> str:
        """What is wrong with the latest samples; empty while nothing is."""
        return self._health.reason

    def take(self, new: Sensor | None, pose: Pose | None) -> tuple[Sensor, Track] | None:
        """Give the samples that the track has passed, and where the head was; None when there are none.

        Silent and stuck samples are left out. One that repeats the one before waits until it is known whether the
        sensor is stuck, though no longer than for the track.

        Parameters
        ----------
        new
            Since the last step.
        pose
            The track's tail.
        """
        if new is not None:
            shifted = replace(new, time_s=new.time_s - self._delay_s)
            self._held = shifted if self._held is None else joined([self._held, shifted], SENSOR_FIELDS)
            self._health.extend(new)
        held = self._held
        if held is None or pose is None or held.time_s.size == 0:
            return None
        smoothing_s = self._tables.smoothing_s
        overdue_s = float(held.time_s[-1]) - PATIENCE_S
        measured, undecided = self._health.judge()
        waits_s = held.time_s[undecided & (held.time_s > overdue_s)]
        count = int(
            np.searchsorted(held.time_s, max(float(pose.time_s[-1]) - smoothing_s, overdue_s), side="right")
        )
        if waits_s.size:
            count = min(count, int(np.searchsorted(held.time_s, waits_s[0])))
        self._held = take_rows(held, SENSOR_FIELDS, slice(count, None))
        self._health.let_go(count)
        rows = np.flatnonzero(measured[:count])
        if rows.size == 0:
            return None
        ready = take_rows(held, SENSOR_FIELDS, rows)
        track = survey.track_at(pose, ready.time_s, smoothing_s=smoothing_s)
        centre_m = 0.5 * (ready.tx_position_m + ready.rx_position_m)
        return ready, survey.near_ground(track, centre_m, ready.channel, max_height_m=self._tables.max_height_m)
