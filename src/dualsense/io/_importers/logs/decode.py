"""Bytes of messages as nested tables of numbers, by their definitions: ROS 1, CDR of ROS 2, JSON."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.errors import ScanError
from dualsense.io._importers.logs.definitions import PLAIN, TIMES, Field, definitions_of
from dualsense.io._text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualsense.io._importers.logs.budget import Topic
    from dualsense.io._importers.logs.definitions import Definitions

CDR = {0: (">", 8), 1: ("<", 8), 6: (">", 4), 7: ("<", 4)}
"""Order of bytes and the largest alignment, by the second byte of a message: plain CDR of both versions."""
ZSTD = b"\x28\xb5\x2f\xfd"
MAX_MEMBERS = 1 << 16
"""Of all lists of messages within one: those without fields take no place, and nothing else would bound them."""


class SpoiltMessageError(ValueError):
    """A message that is shorter or longer than its definition says."""


def decoder(topic: Topic, where: str) -> Callable[[bytes], dict[str, Any]]:
    """Give what turns a message of a topic into a table of its fields.

    Parameters
    ----------
    topic
        With its encoding and definition.
    where
        What messages call it.

    Returns
    -------
    callable
        Raises SpoiltMessageError.

    Raises
    ------
    ScanError
        The encoding is none of these, or the definition cannot be understood.
    """
    if topic.encoding == "json":
        return _json
    if topic.encoding not in {"ros1", "cdr"}:
        msg = (
            f"{where}: found messages in {topic.encoding or 'no known encoding'!r:.60}, expected ros1, cdr or json"
        )
        raise ScanError(one_line(msg))
    known = definitions_of(topic.type_name, topic.definition, where)
    root = next(iter(known))
    if topic.encoding == "ros1":
        return lambda data: _Reader(data, "<", 1, 0).whole(root, known)

    def cdr(data: bytes) -> dict[str, Any]:
        if data.startswith(ZSTD):
            packed = "it is packed by itself (compression_mode: message); `ros2 bag convert` unpacks the bag"
            raise SpoiltMessageError(packed)
        if len(data) < 4 or data[0] or data[1] not in CDR:
            found = f"it begins with {data[:2].hex() or 'nothing'}, expected the head of plain CDR"
            raise SpoiltMessageError(found)
        order, align = CDR[data[1]]
        return _Reader(data, order, align, 4).whole(root, known)

    return cdr


def _json(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        told = "it is no table in JSON"
        raise SpoiltMessageError(told)
    return found


class _Reader:
    """A place in a message's bytes: numbers stand at multiples of their size, counted from where it begins."""

    def __init__(self, data: bytes, order: str, align: int, begin: int) -> None:
        self._data, self._order, self._align, self._begin, self._at = data, order, align, begin, begin
        self._members = 0

    def whole(self, root: str, known: Definitions) -> dict[str, Any]:
        found = self._message(root, known)
        # CDR fills a message up to a multiple of four
        if not 0 <= len(self._data) - self._at < (4 if self._begin else 1):
            told = f"it has {len(self._data)} bytes, its definition {self._at}"
            raise SpoiltMessageError(told)
        return found

    def _message(self, kind: str, known: Definitions) -> dict[str, Any]:
        if not known[kind] and self._begin:
            self._take(1, 1)  # an empty message of ROS 2 has a byte
        return {field.name: self._value(field, known) for field in known[kind]}

    def _value(self, field: Field, known: Definitions) -> Any:
        if field.kind == "wstring":
            told = f"{field.name} is a text of wide letters, which are not read"
            raise SpoiltMessageError(told)
        if field.count is None:
            return self._single(field.kind, known)
        count = self._length() if field.count < 0 else field.count
        if field.kind in PLAIN:
            dtype = np.dtype(self._order + PLAIN[field.kind])
            content = self._take(dtype.itemsize if count else 1, count * dtype.itemsize)
            return np.frombuffer(content, dtype)
        self._members += count
        if self._members > MAX_MEMBERS:
            told = f"its lists have {self._members} members and more"
            raise SpoiltMessageError(told)
        return [self._single(field.kind, known) for _ in range(count)]

    def _single(self, kind: str, known: Definitions) -> Any:
        if kind in PLAIN:
            dtype = np.dtype(self._order + PLAIN[kind])
            return np.frombuffer(self._take(dtype.itemsize, dtype.itemsize), dtype)[0].item()
        if kind in TIMES:
            form = "II" if kind == "time" else "ii"
            seconds, nanoseconds = struct.unpack(self._order + form, self._take(4, 8))
            return {"sec": seconds, "nanosec": nanoseconds}
        if kind == "string":
            return self._take(1, self._length()).rstrip(b"\0").decode("utf-8", "replace")
        return self._message(kind, known)

    def _length(self) -> int:
        return int(struct.unpack(self._order + "I", self._take(4, 4))[0])

    def _take(self, size: int, count: int) -> bytes:
        step = min(size, self._align)
        at = self._at + (self._begin - self._at) % step
        if at + count > len(self._data):
            told = f"it ends after {len(self._data)} bytes, its definition goes on"
            raise SpoiltMessageError(told)
        self._at = at + count
        return self._data[at : at + count]
