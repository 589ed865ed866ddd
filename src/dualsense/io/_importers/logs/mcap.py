"""MCAP logs: records of a kind and a length, most of them in chunks with a checksum.

Source: the format's specification (mcap.dev, version 0).
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import BinaryIO, NamedTuple

from dualsense.io._importers.logs.budget import Log, Topic, read_exactly

MAGIC = b"\x89MCAP0\r\n"
FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK = 0x02, 0x03, 0x04, 0x05, 0x06
LANGUAGES = {"ros1": "ros1msg", "cdr": "ros2msg"}
"""In which language definitions are that are understood, by the encoding of the messages."""


class _Schema(NamedTuple):
    name: str
    language: str
    text: str


def read_mcap(stream: BinaryIO, log: Log) -> None:
    """Read topics, and the messages of those wanted, into a log.

    Parameters
    ----------
    stream
        At the beginning of the file.
    log
        Grows.

    Raises
    ------
    ScanError
        Cut, damaged, or too large.
    """
    if stream.read(len(MAGIC)) != MAGIC:
        log.spoilt(f"a log that does not begin with {MAGIC!r}")
    schemas: dict[int, _Schema] = {}
    names: dict[int, str] = {}
    while True:
        kind, data = _record(stream, log)
        if kind == FOOTER:
            break
        if kind == CHUNK:
            inner = io.BytesIO(_chunk(data, log))
            size = len(inner.getbuffer())
            while inner.tell() < size:
                _one(*_record(inner, log), schemas, names, log)
        else:
            _one(kind, data, schemas, names, log)
    if stream.read(len(MAGIC)) != MAGIC:
        log.cut("without its closing mark")


def _record(stream: BinaryIO, log: Log) -> tuple[int, bytes]:
    kind, length = struct.unpack("<BQ", read_exactly(stream, 9, log, "a record"))
    return kind, read_exactly(stream, length, log, "a record")


def _chunk(data: bytes, log: Log) -> bytes:
    at = _Cursor(data, log)
    at.take("QQ")
    size, checksum = at.take("QI")
    how = at.text()
    (length,) = at.take("Q")
    unpacked = log.unpack(at.bytes(length), how, size)
    if checksum and zlib.crc32(unpacked) != checksum:
        log.spoilt("a chunk whose checksum is another")
    return unpacked


def _one(kind: int, data: bytes, schemas: dict[int, _Schema], names: dict[int, str], log: Log) -> None:
    """Take a schema, a channel or a message; kinds that are not known are passed over, as they must be."""
    at = _Cursor(data, log)
    if kind == SCHEMA:
        (number,) = at.take("H")
        name, language = at.text(), at.text()
        (length,) = at.take("I")
        schemas[number] = _Schema(name, language, at.bytes(length).decode("utf-8", "replace"))
    elif kind == CHANNEL:
        number, of = at.take("HH")
        topic, encoding = at.text(), at.text()
        schema = schemas.get(of, _Schema("", "", ""))
        wanted = LANGUAGES.get(encoding)
        told = encoding if wanted in {None, schema.language} else f"{encoding} with {schema.language}"
        log.add_topic(Topic(topic, schema.name, told, schema.text if wanted else ""))
        names[number] = topic
    elif kind == MESSAGE:
        number, _, time_ns, _ = at.take("HIQQ")
        if number not in names:
            log.spoilt(f"a message of channel {number}, which is nowhere told of")
        log.add(names[number], time_ns, data[at.place :])


class _Cursor:
    """A place in the bytes of a record."""

    def __init__(self, data: bytes, log: Log) -> None:
        self.data, self.place, self._log = data, 0, log

    def bytes(self, size: int) -> bytes:
        if size > len(self.data) - self.place:
            self._log.spoilt("a record that is longer than it tells")
        self.place += size
        return self.data[self.place - size : self.place]

    def take(self, form: str) -> tuple[int, ...]:
        return struct.unpack(f"<{form}", self.bytes(struct.calcsize(f"<{form}")))

    def text(self) -> str:
        return self.bytes(self.take("I")[0]).decode("utf-8", "replace")
