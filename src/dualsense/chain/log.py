"""What a stage says beside its value. Logs are frozen; they are added, never written into."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualsense.scan import Fault


@dataclass(frozen=True, slots=True)
class Log:
    """Faults, entries of the provenance, and the states that were asked for.

    Attributes
    ----------
    faults
        In the order in which they were met.
    notes
        Entries of the provenance, plain text.
    kept
        Name of a step, as it was asked for, to the state after it.
    """

    faults: tuple[Fault, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, object] = field(default_factory=dict)

    def __add__(self, later: Log) -> Log:
        return Log(self.faults + later.faults, {**self.notes, **later.notes}, {**self.kept, **later.kept})

    @property
    def failures(self) -> str:
        """What made a sensor fail, in one line; empty when none did."""
        return "; ".join(one.message for one in self.faults if one.severity == "failed")

    @property
    def limits(self) -> bool:
        """Whether a fault limits what can be said: then nothing is called clutter."""
        return any(one.severity != "info" for one in self.faults)


EMPTY = Log()
