"""What a file does not say and its reader has to be given: checked before anything is computed with it."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

from dualsense.errors import UsageError
from dualsense.io._text import one_line

MAX_HEIGHT_M = 100.0
MAX_DELAY_S = 1e-3
MIN_SPACING_M, MAX_SPACING_M = 1e-6, 10.0
"""Of traces: beyond that a header is damaged, or the unit another one."""


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
