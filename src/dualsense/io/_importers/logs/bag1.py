"""ROS 1 bags of version 2.0: records behind headers of named fields, most of them in chunks.

Source: the format's description (Bag Format 2.0, Open Source Robotics Foundation).
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, BinaryIO

from dualsense.io._importers.logs.budget import Log, Topic, read_exactly

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"#ROSBAG V2.0\n"
MESSAGE, BAG, INDEX, CHUNK, CHUNK_INFO, CONNECTION = 0x02, 0x03, 0x04, 0x05, 0x06, 0x07
MAX_HEADER_BYTES = 1 << 22
"""Of a record; the definition of a message stands in the data of a connection."""


def read_bag1(stream: BinaryIO, log: Log) -> None:
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
    head = stream.read(len(MAGIC))
    if head != MAGIC:
        log.spoilt(f"a bag that begins with {head!r}, expected {MAGIC!r}")
    names: dict[int, str] = {}
    chunks, told = 0, None
    for fields, data in _records(stream, log):
        op = fields.get(b"op", b"")[:1]
        if op == bytes([BAG]):
            if _number(fields, b"index_pos", "<Q", log) == 0:
                log.cut("without its index")
            told = _number(fields, b"chunk_count", "<I", log)
        elif op == bytes([CHUNK]):
            chunks += 1
            size = _number(fields, b"size", "<I", log)
            whole = log.unpack(data, fields.get(b"compression", b"none").decode("latin-1"), size)
            for inner, content in _records(io.BytesIO(whole), log):
                _one(inner, content, names, log)
        else:
            _one(fields, data, names, log)
    if told is None or chunks != told:
        log.cut(f"after {chunks} chunks, where it tells of {told or 0}")


def _one(fields: dict[bytes, bytes], data: bytes, names: dict[int, str], log: Log) -> None:
    """Take a connection or a message; indices are for those who jump."""
    op = fields.get(b"op", b"")[:1]
    if op == bytes([CONNECTION]):
        number = _number(fields, b"conn", "<I", log)
        about = _fields(data, log)
        topic = Topic(
            fields.get(b"topic", b"").decode("utf-8", "replace"),
            about.get(b"type", b"").decode("latin-1"),
            "ros1",
            about.get(b"message_definition", b"").decode("utf-8", "replace"),
        )
        log.add_topic(topic)
        names[number] = topic.name
    elif op == bytes([MESSAGE]):
        number = _number(fields, b"conn", "<I", log)
        if number not in names:
            log.spoilt(f"a message of connection {number}, which is nowhere told of")
        seconds, nanoseconds = struct.unpack("<II", fields.get(b"time", b"").ljust(8, b"\0")[:8])
        log.add(names[number], 1_000_000_000 * seconds + nanoseconds, data)
    elif op not in {bytes([INDEX]), bytes([CHUNK_INFO])}:
        log.spoilt(f"a record of the kind {op.hex() or 'none'}")


def _records(stream: BinaryIO, log: Log) -> Iterator[tuple[dict[bytes, bytes], bytes]]:
    while first := stream.read(4):
        size = struct.unpack("<I", first)[0] if len(first) == 4 else 0
        if not 0 < size <= MAX_HEADER_BYTES:
            log.cut("within a record") if len(first) < 4 else log.spoilt(f"a header of {size} bytes")
        fields = _fields(read_exactly(stream, size, log, "a record"), log)
        (length,) = struct.unpack("<I", read_exactly(stream, 4, log, "a record"))
        yield fields, read_exactly(stream, length, log, "a record")


def _fields(header: bytes, log: Log) -> dict[bytes, bytes]:
    found, at = {}, 0
    while at < len(header):
        size = struct.unpack_from("<I", header, at)[0] if at + 4 <= len(header) else -1
        key, between, value = header[at + 4 : at + 4 + max(size, 0)].partition(b"=")
        if size < 0 or at + 4 + size > len(header) or not between:
            log.spoilt("a header whose fields do not fill it")
        found[key] = value
        at += 4 + size
    return found


def _number(fields: dict[bytes, bytes], key: bytes, form: str, log: Log) -> int:
    value = fields.get(key, b"")
    if len(value) != struct.calcsize(form):
        log.spoilt(f"no {key.decode()} in a record's header")
    return int(struct.unpack(form, value)[0])
