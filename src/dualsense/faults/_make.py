"""Faults from the codes of their kinds and the values of their sentences."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar

from dualsense.faults._integrity import INTEGRITY, TRACK
from dualsense.faults._reading import CHAIN, READING
from dualsense.faults._sensors import CALIBRATION, IMAGING
from dualsense.scan import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualsense.faults._kind import FaultKind
    from dualsense.scan import SensorOrPose, Severity

T = TypeVar("T")

KINDS: Final[Mapping[str, FaultKind]] = MappingProxyType(
    {kind.code: kind for kind in (*READING, *INTEGRITY, *CALIBRATION, *TRACK, *IMAGING, *CHAIN)}
)
"""Every kind of fault by its code, in the order in which a scan may meet them."""


def fault(
    code: str,
    *,
    path: str | None = None,
    severity: Severity | None = None,
    sensor: SensorOrPose | None = None,
    channel: int | None = None,
    **values: object,
) -> Fault:
    """Word a fault.

    Parameters
    ----------
    code
        Of its kind, one of :data:`KINDS`.
    path
        Dataset in the file, or the file's name; None takes the kind's own.
    severity, sensor
        Where the kind leaves them open, and only there.
    channel
        Antenna or coil pair, where there are several: the sentence begins with it.
    **values
        What its sentence is worded with: all of it, and nothing else.

    Returns
    -------
    Fault

    Raises
    ------
    ValueError
        No such kind, a value is missing or not asked for, or sensor, severity or path are missing or given where
        the kind has its own.
    """
    kind = KINDS.get(code)
    if kind is None:
        msg = f"no kind of fault has the code {code!r}"
        raise ValueError(msg)
    if values.keys() != kind.fields:
        msg = f"{code} is worded with {sorted(kind.fields)}, got {sorted(values)}"
        raise ValueError(msg)
    where = _settled(code, "path", None, kind.path if path is None else path)
    whose: SensorOrPose = _settled(code, "sensor", kind.sensor, sensor)
    how_gravely: Severity = _settled(code, "severity", kind.severity, severity)
    message = kind.wording.format_map(values)
    if channel is not None:
        message, values = f"channel {channel}: {message}", {"channel": channel, **values}
    return Fault(whose, how_gravely, where, message, code, values)


def _settled(code: str, what: str, declared: T | None, given: T | None) -> T:
    """Return what is declared or given; it has to be one of both."""
    one = given if declared is None else declared
    if one is None or (declared is not None and given is not None):
        msg = f"{code} needs its {what} either declared or given, got {declared!r} and {given!r}"
        raise ValueError(msg)
    return one
