"""Faults as plain objects, for JSON and for columns of text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualsense.scan import Fault

Plain = str | bool | int | float | None


def fault_document(fault: Fault) -> dict[str, Any]:
    """Plain objects of a fault: its code and what its sentence was worded with, beside the sentence.

    Parameters
    ----------
    fault
        Of a scan or a result.

    Returns
    -------
    dict
        Code (None where it has none), sensor, severity, path, message, values; ready for JSON.
    """
    return {
        "code": fault.code or None,
        "sensor": fault.sensor,
        "severity": fault.severity,
        "path": fault.path,
        "message": fault.message,
        "values": plain_values(fault.values),
    }


def plain_values(values: Mapping[str, object]) -> dict[str, Plain]:
    """Values of a fault as JSON holds them: numbers of numpy as plain ones, NaN as None, anything else as text."""
    plain: dict[str, Plain] = {}
    for name, value in values.items():
        number = value.item() if isinstance(value, np.generic) else value
        if isinstance(number, float) and not math.isfinite(number):
            number = None
        plain[name] = number if number is None or isinstance(number, (str, bool, int, float)) else str(number)
    return plain
