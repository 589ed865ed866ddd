"""The pace at which a recording is played: real time, a multiple of it, or as fast as it goes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Pace:
    """Which moments of a sweep are shown, and when.

    Parameters
    ----------
    speed
        Times real time; at infinity nothing is waited for.
    step_s, duration_s
        Seconds of the sweep between moments, and of all of it.
    least_s
        At infinite speed, about the least time between two moments.
    clock, sleep
        As of `time`.

    Raises
    ------
    ValueError
        When ``speed`` or ``step_s`` is not above zero, or ``least_s`` below.
    """

    def __init__(
        self,
        speed: float,
        step_s: float,
        duration_s: float,
        least_s: float,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        if not speed > 0.0:
            msg = f"speed must be above 0, got {speed}"
            raise ValueError(msg)
        if not 0.0 < step_s < math.inf:
            msg = f"step_s must be above 0 and finite, got {step_s}"
            raise ValueError(msg)
        if not 0.0 <= least_s < math.inf:
            msg = f"least_s must be 0 or above and finite, got {least_s}"
            raise ValueError(msg)
        self._speed, self._step_s, self._duration_s = speed, step_s, duration_s
        self._clock, self._sleep, self._began_s = clock, sleep, clock()
        self._strides = Strides(least_s, clock)

    def moments(self) -> Iterator[float]:
        """Yield each whole step before the end when it is due, unless it is passed over; end when the sweep does.

        Yields
        ------
        float
            Seconds since the sweep began.
        """
        count = math.ceil(self._duration_s / self._step_s - 1e-9) - 1
        for elapsed_s in (self._step_s * (k + 1) for k in range(max(count, 0))):
            if not self._passed_over(elapsed_s):
                self._wait(elapsed_s)
                yield elapsed_s
        self._wait(self._duration_s)

    def _passed_over(self, elapsed_s: float) -> bool:
        if math.isinf(self._speed):
            return not self._strides.ends()
        return self._lateness_s(min(elapsed_s + self._step_s, self._duration_s)) >= 0.0

    def _lateness_s(self, elapsed_s: float) -> float:
        return self._clock() - self._began_s - elapsed_s / self._speed

    def _wait(self, elapsed_s: float) -> None:
        if (wait_s := -self._lateness_s(elapsed_s)) > 0.0:
            self._sleep(wait_s)


class Strides:
    """How many steps are taken at once where nobody waits for them, so that frames come no faster than one looks.

    Parameters
    ----------
    least_s
        Between frames.
    clock
        Of the same seconds.
    """

    def __init__(self, least_s: float, clock: Callable[[], float]) -> None:
        self._least_s, self._clock = least_s, clock
        self._began_s, self._size, self._taken = clock(), 1, 0

    def ends(self) -> bool:
        """Count a step, and tell whether a frame is due after it.

        The next frame waits for as many steps as the last one's pace makes of the time, twice as many at most.
        """
        if self._taken == self._size:  # and its frame was shown meanwhile
            spent_s = self._clock() - self._began_s
            self._began_s += spent_s
            wanted = self._least_s * self._size / max(spent_s, 0.5 * self._least_s, 1e-9)
            self._size, self._taken = max(int(wanted), 1), 0
        self._taken += 1
        return self._taken == self._size
