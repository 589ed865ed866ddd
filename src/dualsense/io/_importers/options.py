"""What a file does not say and its reader has to be given: checked before anything is computed with it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from dualsense.errors import ScanError, UsageError
from dualsense.io._text import one_line

MAX_HEIGHT_M = 100.0
MAX_DELAY_S = 1e-3
MIN_SPACING_M, MAX_SPACING_M = 1e-6, 10.0
"""Of traces: beyond that a header is damaged, or the unit another one."""
AXES = ("across", "along")


@dataclass(frozen=True, slots=True)
class LineOptions:
    """What is stated of a line of traces beside its file; every importer of lines takes these.

    Attributes
    ----------
    trace_spacing_m
        Between traces; None takes the file's.
    height_m
        Of the antenna above the ground, the same everywhere.
    antenna_separation_m
        From transmitter to receiver, centred on the head; None takes the file's.
    antenna_axis
        Whether they stand "across" the line or one behind the other "along" it.
    system_delay_s
        To subtract from every sample time.
    marker_samples
        To drop at the top of each trace; the others keep their times.
    """

    trace_spacing_m: float | None
    height_m: float
    antenna_separation_m: float | None
    antenna_axis: str
    system_delay_s: float
    marker_samples: int

    @classmethod
    def stated(
        cls,
        name: str,
        *,
        trace_spacing_m: Any,
        height_m: Any,
        antenna_separation_m: Any,
        antenna_axis: Any,
        system_delay_s: Any,
        marker_samples: Any,
    ) -> LineOptions:
        """Take what was stated; what makes no sense is a UsageError that names the file and the option."""
        apart_m = antenna_separation_m
        if apart_m is not None:
            apart_m = number_option(name, "antenna_separation_m", apart_m, unit="metres", most=MAX_HEIGHT_M)
        if antenna_axis not in AXES:
            msg = f'{name}: antenna_axis must be "across" or "along", got {antenna_axis!r:.80}'
            raise UsageError(one_line(msg))
        return cls(
            None if trace_spacing_m is None else spacing_option(name, trace_spacing_m),
            number_option(name, "height_m", height_m, unit="metres", most=MAX_HEIGHT_M),
            apart_m,
            antenna_axis,
            number_option(name, "system_delay_s", system_delay_s, unit="seconds", most=MAX_DELAY_S),
            whole_option(name, "marker_samples", marker_samples),
        )

    def separation_m(self, name: str, told_m: float) -> float:
        """Distance of the antennas, as stated or as the file tells; a ScanError where its own makes no sense."""
        if self.antenna_separation_m is not None:
            return self.antenna_separation_m
        if not abs(told_m) <= MAX_HEIGHT_M:
            found = "no places of the antennas" if math.isnan(told_m) else f"antennas {told_m:g} m apart"
            msg = f"{name}: header: found {found}, expected at most {MAX_HEIGHT_M:g} m; state antenna_separation_m"
            raise ScanError(msg)
        return told_m


def spacing_option(name: str, value: Any) -> float:
    """Return the distance between traces; anything but a positive number of metres is a UsageError."""
    if not (is_number(value) and MIN_SPACING_M <= value <= MAX_SPACING_M):
        span = f"(of {MIN_SPACING_M:g} to {MAX_SPACING_M:g})"
        msg = f"{name}: trace_spacing_m must be a positive number of metres, got {value!r:.80} {span}"
        raise UsageError(one_line(msg))
    return float(value)


def number_option(name: str, option: str, value: Any, *, unit: str, most: float) -> float:
    """Return an option as a number.

    Parameters
    ----------
    name
        What messages call the file.
    option, value
        Name of the option, and what was given for it.
    unit
        Such as "metres", for the message.
    most
        The largest that makes sense, of either sign.

    Raises
    ------
    UsageError
        No number, not finite, or too large.
    """
    if not is_number(value) or not abs(value) <= most:
        msg = f"{name}: {option} must be a number of {unit} from {-most:g} to {most:g}, got {value!r:.80}"
        raise UsageError(one_line(msg))
    return float(value)


def positive_option(name: str, option: str, value: Any, *, unit: str, most: float = 1e12) -> float:
    """Return an option that is a positive number; anything else is a UsageError that names file and option.

    Parameters
    ----------
    name, option, value, unit, most
        As for `number_option`.
    """
    if not (is_number(value) and 0.0 < value <= most):
        msg = f"{name}: {option} must be a positive number of {unit}, got {value!r:.80}"
        raise UsageError(one_line(msg))
    return float(value)


def whole_option(name: str, option: str, value: Any) -> int:
    """Return an option as a whole number; anything else is a UsageError that names the file and the option."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        msg = f"{name}: {option} must be a whole number, got {value!r:.80}"
        raise UsageError(one_line(msg))
    return int(value)


def is_number(value: Any) -> bool:
    """Whether a value is one finite real number, which a truth value is not."""
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number of more digits than a float has
        return False
