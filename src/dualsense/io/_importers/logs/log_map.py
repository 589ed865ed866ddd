"""The map of a log: a TOML file that says on which topics track, radar and metal detector are, in which fields."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from dualsense.errors import ScanError
from dualsense.io._importers.metal_table import INSTRUMENT
from dualsense.io._importers.options import is_number
from dualsense.io._text import one_line
from dualsense.runtime.toml import TomlError, parse_toml

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

EXAMPLE = (
    '[pose] topic = "/tracker"; [gpr] topic, modality, data, sample_time_s; [emi] topic, modality, real, imag'
)
STREAM = {"topic", "stamp", "lag_s", "unit"}
NUMBERS = {"data", "real", "imag", "interleaved"}
KEYS: dict[str, set[str]] = {
    "pose": STREAM | {"position", "orientation", "covariance", "height_m"},
    "gpr": STREAM
    | NUMBERS
    | {
        "modality", "frequency_hz", "sample_time_s", "channel", "tx_position_m", "rx_position_m", "system_delay_s",
        "polarisation",
    },
    "emi": STREAM | NUMBERS | INSTRUMENT,
}  # fmt: skip
MAX_LAG_S = 1e5


@dataclass(frozen=True, slots=True)
class LogMap:
    """What a map says.

    Attributes
    ----------
    name
        Of its file, for messages.
    tables
        "pose", and "gpr" or "emi" or both, with keys of `KEYS`.
    instrument
        Name of the head, by which profiles are found.
    """

    name: str
    tables: dict[str, dict[str, Any]]
    instrument: str

    @property
    def topics(self) -> frozenset[str]:
        """Those that are read."""
        return frozenset(table["topic"] for table in self.tables.values())

    def fail(self, table: str, key: str, expected: str) -> NoReturn:
        """Raise the error of a value that is not as expected."""
        found = self.tables.get(table, {}).get(key)
        msg = f"{self.name}: [{table}] {key}: found {found!r:.60}, expected {expected}"
        raise ScanError(one_line(msg))

    def number(self, table: str, key: str, default: float, *, most: float) -> float:
        """Give a number of a table.

        Parameters
        ----------
        table, key
        default
            Where it is absent.
        most
            The largest of either sign.
        """
        value = self.tables[table].get(key, default)
        if not is_number(value) or not abs(value) <= most:
            self.fail(table, key, f"a number from {-most:g} to {most:g}")
        return float(value)

    def scale(self, table: str, *, most: float) -> float:
        """Give what a table's values are to be multiplied with, for SI units; ``most`` as for `number`."""
        found = self.number(table, "unit", 1.0, most=most)
        if found == 0.0:
            self.fail(table, "unit", "a number to multiply with")
        return found

    def paths(self, table: str, key: str) -> list[str]:
        """Give one or several paths of fields as a list; empty where the key is absent."""
        value = self.tables[table].get(key, [])
        found = [value] if isinstance(value, str) else value
        if not isinstance(found, list) or not all(isinstance(one, str) and one for one in found):
            self.fail(table, key, "the path of a field, such as pose.position, or a list of them")
        return found

    def axis(self, table: str, key: str) -> Real:
        """Give numbers that increase: a list, or ``first``, ``step`` and ``count``."""
        value = self.tables[table].get(key)
        expected = "numbers that increase, or a table of first, step > 0 and count"
        if isinstance(value, dict):
            parts = [value.get(one) for one in ("first", "step", "count")]
            count = parts[2]
            if set(value) != {"first", "step", "count"} or not all(map(is_number, parts)):
                self.fail(table, key, expected)
            if not isinstance(count, int) or not 2 <= count <= 1 << 20:
                self.fail(table, key, expected)
            found = float(parts[0] or 0.0) + float(parts[1] or 0.0) * np.arange(count, dtype=np.float64)
        else:
            whole = isinstance(value, list) and all(map(is_number, value))
            found = np.array(value if whole else [], dtype=np.float64)
        if found.size < 2 or not (np.diff(found) > 0.0).all():
            self.fail(table, key, expected)
        return found

    def places(self, key: str) -> Real:
        """Give positions (c, 3) of the radar's antennas, one for each pair."""
        try:
            found = np.atleast_2d(np.array(self.tables["gpr"].get(key, [0.0, 0.0, 0.0]), dtype=np.float64))
        except (TypeError, ValueError):
            found = np.full((1, 1), math.nan)
        if found.ndim != 2 or found.shape[1] != 3 or not np.isfinite(found).all():
            self.fail("gpr", key, "3 finite numbers, or a list of 3 for each pair")
        return found


def read_log_map(content: bytes, name: str) -> LogMap:
    """Parse a map.

    Parameters
    ----------
    content
        TOML.
    name
        What messages call the file.

    Raises
    ------
    ScanError
        No TOML, a table or a key that is not known, no topic, no track, or no sensor.
    """
    try:
        found = parse_toml(content.decode("utf-8"))
    except (UnicodeDecodeError, TomlError) as error:
        msg = f"{name}: not TOML ({error})"
        raise ScanError(one_line(msg)) from None
    instrument = found.pop("instrument", "")
    odd = sorted(set(found) - set(KEYS)) + ([] if isinstance(instrument, str) else ["instrument"])
    if odd or "pose" not in found or not {"gpr", "emi"} & set(found):
        told = ", ".join(sorted(found)) or "nothing"
        msg = f"{name}: found {', '.join(odd) or told}, expected {EXAMPLE}, and where wanted instrument"
        raise ScanError(one_line(msg))
    for table, own in found.items():
        keys = sorted(set(own) - KEYS[table]) if isinstance(own, dict) else [table]
        if keys:
            msg = f"{name}: [{table}]: found {', '.join(keys)}, expected {', '.join(sorted(KEYS[table]))}"
            raise ScanError(one_line(msg))
    known = LogMap(name, found, instrument)
    for table, own in found.items():
        if not isinstance(own.get("topic"), str) or not own["topic"]:
            known.fail(table, "topic", "the name of a topic")
        if not isinstance(own.get("stamp", "log"), str):
            known.fail(table, "stamp", 'the path of a field, or "log" for the recorder\'s clock')
    return known
