"""What a kind of fault is: its code, which sensor it limits, how gravely, its sentence, its meaning."""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dualsense.scan import SensorOrPose, Severity


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One kind of fault.

    Attributes
    ----------
    code
        What a program knows it by; never changed once released.
    sensor
        Whose data it limits; None where `fault` is given it.
    severity
        As for :class:`dualsense.scan.Fault`; None where it depends on the numbers, and `fault` is given it.
    path
        Dataset that it lies in, where nothing else is given; None where the path always has to be given.
    wording
        Its sentence, a template for :meth:`str.format`.
    meaning
        What happened, and what it takes away from what can be said.
    """

    code: str
    sensor: SensorOrPose | None
    severity: Severity | None
    path: str | None
    wording: str
    meaning: str

    @property
    def fields(self) -> frozenset[str]:
        """Names of the values that the sentence is worded with."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.wording) if name)
