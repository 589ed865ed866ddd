"""What a log may take while it is read, and chunks of it unpacked within that."""

from __future__ import annotations

import bz2
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

from dualsense.errors import ScanError
from dualsense.io._text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_LOG_BYTES = 2**33
"""Of a file: cameras fill logs, and what is not asked for is passed over."""
MAX_CHUNK_BYTES = 2**28
WINDOW_BYTES = 2**27
MAX_UNPACKED_BYTES = 2**34
"""Of all chunks together: a few bytes can hold zeros without end."""
MAX_KEPT_BYTES = 2**28
MAX_MESSAGES = 1 << 22
MAX_TOPICS = 4096
MAX_DEFINITION_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Topic:
    """What the messages of a topic are.

    Attributes
    ----------
    encoding
        "ros1", "cdr" or "json"; other words are those of the file.
    definition
        Text of the message's fields; empty where the log holds none.
    """

    name: str
    type_name: str
    encoding: str
    definition: str = ""


@dataclass(slots=True)
class Log:
    """What was found in a log, gathered within limits.

    Attributes
    ----------
    name
        What messages call the file.
    wanted
        Topics whose messages are kept.
    topics, counts
        By their names; messages of all topics are counted.
    kept
        Time in ns on the recorder's clock, and bytes, of each message of a wanted topic.
    """

    name: str
    wanted: frozenset[str]
    topics: dict[str, Topic] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    kept: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    kept_bytes: int = 0
    unpacked_bytes: int = 0
    messages: int = 0

    def add_topic(self, topic: Topic) -> None:
        """Note a topic; a ScanError where one name stands for two kinds of messages, or there are too many."""
        earlier = self.topics.setdefault(topic.name, topic)
        if (earlier.type_name, earlier.definition) != (topic.type_name, topic.definition):
            kinds = f"{earlier.type_name} and {topic.type_name}"
            msg = f"{self.name}: {topic.name}: found messages of two kinds, {kinds}, expected one"
            raise ScanError(one_line(msg))
        if len(self.topics) > MAX_TOPICS or len(topic.definition) > MAX_DEFINITION_BYTES:
            self.spoilt("more topics or longer definitions than any recorder makes")
        self.counts.setdefault(topic.name, 0)

    def add(self, topic: str, time_ns: int, data: bytes) -> None:
        """Keep a message where it is wanted, and count it."""
        self.messages += 1
        self.counts[topic] += 1
        if topic in self.wanted:
            self.kept.setdefault(topic, []).append((time_ns, data))
            self.kept_bytes += len(data)
            if self.kept_bytes > MAX_KEPT_BYTES or len(self.kept[topic]) > MAX_MESSAGES:
                most = f"{MAX_KEPT_BYTES} bytes in {MAX_MESSAGES} messages"
                msg = f"{self.name}: {topic}: found more than {most}; cut the log into pieces of some minutes"
                raise ScanError(one_line(msg))

    def unpack(self, packed: bytes, how: str, size: int) -> bytes:
        """Unpack a chunk.

        Parameters
        ----------
        packed
            As in the file.
        how
            "none" or empty, "bz2", "lz4" or "zstd".
        size
            Bytes that the file tells.

        Raises
        ------
        ScanError
            It holds another number of bytes, or too many, or needs a package that is not here.
        """
        if not 0 <= size <= MAX_CHUNK_BYTES or self.unpacked_bytes + size > MAX_UNPACKED_BYTES:
            self.spoilt(f"a chunk of {size} bytes after {self.unpacked_bytes}")
        self.unpacked_bytes += size
        unpacked = _unpackers(self.name, how)(packed, size + 1)
        if unpacked is None or len(unpacked) != size:
            found = "cannot be unpacked" if unpacked is None else f"holds {len(unpacked)} bytes or more"
            self.spoilt(f"a chunk that {found}, where it tells of {size}")
        return bytes(unpacked or b"")

    def spoilt(self, what: str) -> NoReturn:
        """Raise the one error of a file that is damaged."""
        msg = f"{self.name}: damaged log: found {what}"
        raise ScanError(one_line(msg))

    def cut(self, where: str) -> NoReturn:
        """Raise the one error of a file that ends too early."""
        msg = (
            f"{self.name}: found a log that ends {where}: it was cut, or never closed by its recorder; "
            "its own tools (reindex, recover) mend that"
        )
        raise ScanError(one_line(msg))


def _unpackers(name: str, how: str) -> Callable[[bytes, int], Any]:
    if how in {"none", ""}:
        return lambda packed, most: packed[:most]
    if how == "bz2":
        return _bz2
    if how in {"lz4", "zstd"}:
        try:
            return _lz4() if how == "lz4" else _zstd()
        except ImportError:
            package = "lz4" if how == "lz4" else "zstandard"
            msg = f"{name}: found chunks packed by {how}, which need {package}: pip install 'dualsense[ros]'"
            raise ScanError(msg) from None
    msg = f"{name}: found chunks packed by {how!r:.40}, expected none, bz2, lz4 or zstd"
    raise ScanError(one_line(msg))


def _bz2(packed: bytes, most: int) -> bytes | None:
    try:
        return bz2.BZ2Decompressor().decompress(packed, most)
    except (OSError, ValueError, EOFError):
        return None


def _lz4() -> Callable[[bytes, int], bytes | None]:
    from lz4 import frame  # type: ignore[import-untyped] # noqa: PLC0415 - an extra

    def unpacked(packed: bytes, most: int) -> bytes | None:
        try:
            found: bytes = frame.LZ4FrameDecompressor().decompress(packed, most)
        except (RuntimeError, EOFError, ValueError):
            return None
        return found

    return unpacked


def _zstd() -> Callable[[bytes, int], bytes | None]:
    import zstandard  # noqa: PLC0415 - an extra

    def unpacked(packed: bytes, most: int) -> bytes | None:
        try:
            with zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES).stream_reader(packed) as reader:
                parts, left = [], most
                while left > 0 and (part := reader.read(left)):
                    parts.append(part)
                    left -= len(part)
        except zstandard.ZstdError:
            return None
        return b"".join(parts)

    return unpacked


def read_exactly(stream: BinaryIO, size: int, log: Log, what: str) -> bytes:
    """Read so many bytes; a ScanError where the file ends before."""
    found = stream.read(size) if 0 <= size <= MAX_CHUNK_BYTES else b""
    if size > MAX_CHUNK_BYTES:
        log.spoilt(f"{what} of {size} bytes")
    if len(found) != size:
        log.cut(f"within {what}")
    return found
