"""Whether a sensor still answers to the ground: samples that are silent, or repeat the one before for too long.

The same rules as for a file that is read, with memory from stretch to stretch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.io import MIN_STUCK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.scan import EmiData, GprData, SensorName

    Flags = NDArray[np.bool_]

SILENT, STUCK = "no signal any more, not covered from there on", "stuck on one reading, not covered from there on"


class Health:
    """What is known of samples that wait, one entry for each, and of each channel's latest.

    Parameters
    ----------
    sensor
        Whose samples they are.

    Attributes
    ----------
    reason
        What is wrong with the latest samples; empty while nothing is.
    """

    def __init__(self, sensor: SensorName) -> None:
        self._sensor = sensor
        self._latest: dict[int, NDArray[Any]] = {}
        self._run: dict[int, int] = {}
        self._wrong: dict[int, str] = {}
        self._channel = np.empty(0, np.intp)
        self._repeats = np.empty(0, np.intp)
        self._silent = np.empty(0, bool)
        self.reason = ""

    def extend(self, new: GprData | EmiData) -> None:
        """Take new samples, after those that wait."""
        if new.time_s.size == 0:
            return
        silent, repeats = silent_rows(new.data, self._sensor), np.zeros(new.time_s.size, np.intp)
        for channel in np.unique(new.channel).tolist():
            rows = np.flatnonzero(new.channel == channel)
            own = new.data[rows]
            repeats[rows] = run_lengths(own, self._latest.get(channel), self._run.get(channel, 0))
            self._latest[channel], self._run[channel] = own[-1].copy(), int(repeats[rows[-1]])
            self._wrong[channel] = (
                SILENT if silent[rows[-1]] else STUCK if self._is_stuck(repeats[rows[-1]]) else ""
            )
        told = {channel: why for channel, why in sorted(self._wrong.items()) if why}
        whole = len(told) == len(new.tx_position_m)
        named = [why if whole else f"channel {channel}: {why}" for channel, why in told.items()]
        self.reason = "; ".join(dict.fromkeys(named))
        self._channel = np.concatenate([self._channel, new.channel])
        self._repeats = np.concatenate([self._repeats, repeats])
        self._silent = np.concatenate([self._silent, silent])

    def judge(self) -> tuple[Flags, Flags]:
        """Tell of each waiting sample whether it measured, and whether that may still turn out otherwise.

        Returns
        -------
        measured, undecided : (n,), (n,)
            Repeated samples are undecided until their run ends or is too long for chance.
        """
        stuck, undecided = np.zeros(self._repeats.size, bool), np.zeros(self._repeats.size, bool)
        for channel in np.unique(self._channel).tolist():
            rows = np.flatnonzero(self._channel == channel)
            repeats = self._repeats[rows]
            run = np.cumsum(repeats == 0)
            longest = np.zeros(run[-1] + 1, np.intp)
            np.maximum.at(longest, run, repeats)
            stuck[rows] = (repeats > 0) & self._is_stuck(longest[run])
            undecided[rows] = (repeats > 0) & (run == run[-1])
        return ~(stuck | self._silent), undecided & ~stuck & ~self._silent

    def let_go(self, count: int) -> None:
        """Forget the first so many of the samples that wait."""
        self._channel, self._repeats = self._channel[count:], self._repeats[count:]
        self._silent = self._silent[count:]

    def _is_stuck(self, repeats: Any) -> Any:
        return repeats + 1 >= MIN_STUCK[self._sensor]


def silent_rows(data: NDArray[Any], sensor: SensorName) -> Flags:
    """Find the rows (n, k) without any signal: zero throughout, or for a radar any one value throughout."""
    if data.shape[1] < 2:
        return np.zeros(len(data), bool)
    level = data[:, :1] if sensor == "gpr" else 0
    silent: Flags = (data == level).all(axis=1)
    return silent


def run_lengths(own: NDArray[Any], latest: NDArray[Any] | None, run: int) -> NDArray[np.intp]:
    """Count for each row (n, k) of a channel how many rows up to it repeat the one before.

    Parameters
    ----------
    own
        In their order.
    latest : (k,) or None
        The row before them.
    run
        The count of that row.
    """
    count = np.arange(len(own))
    if own.shape[1] == 1 and not np.iscomplexobj(own):
        return np.zeros_like(count)  # a coarse reading over quiet ground does repeat
    same = np.zeros(len(own), bool)
    same[0] = latest is not None and np.array_equal(own[0], latest)
    same[1:] = (own[1:] == own[:-1]).all(axis=1)
    fresh = np.maximum.accumulate(np.where(same, -1, count))
    return np.where(fresh < 0, count + 1 + run, count - fresh)
