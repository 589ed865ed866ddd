"""Logs of the Robot Operating System as inputs to spoil: bags of both versions and MCAP, each with its map.

They are written here, byte by byte, and not by a package: what is spoilt is then the same wherever this runs.
"""

from __future__ import annotations

import bz2
import json
import sqlite3
import struct
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNT, SAMPLES, BEGIN_S, STEP_NS = 12, 16, 1_790_000_000, 100_000_000
TOPICS = ("/pose", "/radar", "/metal")
KINDS = {"/pose": "lab_msgs/Place", "/radar": "lab_msgs/Trace", "/metal": "lab_msgs/Metal"}
RULE = "=" * 80
DEFINITIONS = {
    "/pose": "{time} stamp\nfloat64[3] place\nfloat64[4] turned  # w first\n",
    "/radar": "float32[] data\nuint8 LIMIT=3\nint32 pair\n",
    "/metal": f"{{time}} stamp\nCoil[] coils\nstring note\n{RULE}\nMSG: lab_msgs/Coil\nfloat64 re\nfloat64 im\n",
}
STREAMS = """sample_time_s = {first = 1e-9, step = 5e-10, count = 16}
rx_position_m = [0.1, 0.0, 0.0]
lag_s = 0.5
[emi]
topic = "/metal"
modality = "frequency"
frequency_hz = [2000.0, 9000.0]
real = "coils.re"
imag = ["coils[0].im", "coils[1].im"]
unit = 1e-3
tx_radius_m = 0.1
rx_radius_m = 0.09
"""
"""The rest of the map of a radar that hears impulses, and of a metal detector with two frequencies."""
MAP = (
    """instrument = "Cart 7"
[pose]
topic = "/pose"
position = "place"
orientation = "turned"
[gpr]
topic = "/radar"
modality = "impulse"
data = "data"
channel = "pair"
"""
    + STREAMS
).encode()


def recordings() -> list[tuple[bytes, tuple[bytes, ...]]]:
    """Make one log of each kind: its name, and the files that it needs, of which the last is read."""
    logs = {
        b"bag": _bag1(b"none"),
        b"bag-bz2": _bag1(b"bz2"),
        b"db3": _bag2(),
        b"mcap-cdr": _mcap("cdr", "ros2msg"),
        b"mcap-json": _mcap("json", "jsonschema"),
    }
    return [(kind, (MAP, content)) for kind, content in logs.items()]


def _messages(form: str) -> Iterator[tuple[str, int, bytes]]:
    """Give topic, time in ns, and bytes of each message; the radar's are half a second late."""
    rng = np.random.default_rng(4)
    for k in range(COUNT):
        at_ns = BEGIN_S * 10**9 + STEP_NS * k
        stamp, place, turned = divmod(at_ns, 10**9), (0.03 * k, 0.1, 0.05), (1.0, 0.0, 0.0, 0.0)
        trace, coils = rng.normal(size=SAMPLES).round(3).tolist(), rng.normal(size=(2, 2)).round(3).tolist()
        late_ns, note = at_ns + 500_000_000, "an odd length"[: k % 9]
        if form == "json":
            time = {"sec": stamp[0], "nanosec": stamp[1]}
            members = [dict(zip(("re", "im"), coil, strict=True)) for coil in coils]
            told: tuple[dict[str, object], ...] = (
                {"stamp": time, "place": place, "turned": turned},
                {"data": trace, "pair": 0},
                {"stamp": time, "coils": members, "note": note},
            )
            bodies = [json.dumps(one).encode() for one in told]
        else:
            text = note.encode() + (b"\0" if form == "cdr" else b"")
            gap = b"\0" * (4 if form == "cdr" else 0)  # numbers of 8 bytes stand at multiples of 8
            coil_bytes = struct.pack("<I", 2) + gap + np.array(coils, "<f8").tobytes()
            bodies = [
                struct.pack("<2I7d", *stamp, *place, *turned),
                struct.pack(f"<I{SAMPLES}fi", SAMPLES, *trace, 0),
                struct.pack("<2I", *stamp) + coil_bytes + struct.pack("<I", len(text)) + text,
            ]
            bodies = [(b"\0\1\0\0" if form == "cdr" else b"") + body for body in bodies]
        yield from zip(TOPICS, (at_ns, late_ns, at_ns), bodies, strict=True)


def _definition(topic: str, time: str) -> str:
    return DEFINITIONS[topic].replace("{time}", time)


def _bag1(packed: bytes) -> bytes:
    """Make a bag of ROS 1 with one chunk."""

    def fields(known: dict[bytes, bytes]) -> bytes:
        return b"".join(struct.pack("<I", len(k) + 1 + len(v)) + k + b"=" + v for k, v in known.items())

    def record(known: dict[bytes, bytes], data: bytes) -> bytes:
        head = fields(known)
        return struct.pack("<I", len(head)) + head + struct.pack("<I", len(data)) + data

    inner = b""
    for number, topic in enumerate(TOPICS):
        about = {
            b"topic": topic.encode(),
            b"type": KINDS[topic].encode(),
            b"md5sum": b"*",
            b"message_definition": _definition(topic, "time").encode(),
        }
        head = {b"op": b"\x07", b"conn": struct.pack("<I", number), b"topic": topic.encode()}
        inner += record(head, fields(about))
    for topic, at_ns, body in _messages("ros1"):
        time = struct.pack("<2I", *divmod(at_ns, 10**9))
        inner += record({b"op": b"\x02", b"conn": struct.pack("<I", TOPICS.index(topic)), b"time": time}, body)
    content = bz2.compress(inner) if packed == b"bz2" else inner
    begin = {
        b"op": b"\x03",
        b"index_pos": struct.pack("<Q", 4096),
        b"conn_count": struct.pack("<I", len(TOPICS)),
        b"chunk_count": struct.pack("<I", 1),
    }
    chunk = {b"op": b"\x05", b"compression": packed, b"size": struct.pack("<I", len(inner))}
    return b"#ROSBAG V2.0\n" + record(begin, b" " * 64) + record(chunk, content)


def _bag2() -> bytes:
    """Make a bag of ROS 2 as a database."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.db3"
        database = sqlite3.connect(path)
        database.executescript(
            "PRAGMA page_size=1024;"
            "CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT, serialization_format TEXT);"
            "CREATE TABLE message_definitions(id INTEGER PRIMARY KEY, topic_type TEXT, encoding TEXT, "
            "encoded_message_definition TEXT);"
            "CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, data BLOB);"
            "CREATE INDEX by_time ON messages(timestamp);"
        )
        for number, topic in enumerate(TOPICS, 1):
            kind, text = KINDS[topic], _definition(topic, "builtin_interfaces/Time")
            database.execute("INSERT INTO topics VALUES(?, ?, ?, 'cdr')", (number, topic, kind))
            database.execute("INSERT INTO message_definitions VALUES(?, ?, 'ros2msg', ?)", (number, kind, text))
        rows = ((TOPICS.index(topic) + 1, at_ns, body) for topic, at_ns, body in _messages("cdr"))
        database.executemany("INSERT INTO messages(topic_id, timestamp, data) VALUES(?, ?, ?)", rows)
        database.commit()
        database.close()
        return path.read_bytes()


def _mcap(form: str, language: str) -> bytes:
    """Make an MCAP log with one chunk."""

    def text(content: str | bytes) -> bytes:
        own = content.encode() if isinstance(content, str) else content
        return struct.pack("<I", len(own)) + own

    def record(kind: int, data: bytes) -> bytes:
        return struct.pack("<BQ", kind, len(data)) + data

    inner = b""
    for number, topic in enumerate(TOPICS, 1):
        known = "{}" if form == "json" else _definition(topic, "builtin_interfaces/Time")
        inner += record(0x03, struct.pack("<H", number) + text(KINDS[topic]) + text(language) + text(known))
        inner += record(0x04, struct.pack("<2H", number, number) + text(topic) + text(form) + text(b""))
    times = []
    for topic, at_ns, body in _messages(form):
        times.append(at_ns)
        inner += record(0x05, struct.pack("<HIQQ", TOPICS.index(topic) + 1, len(times), at_ns, at_ns) + body)
    checksum = zlib.crc32(inner) if form == "cdr" else 0  # 0 is none: then it is read however spoilt
    head = struct.pack("<QQQI", min(times), max(times), len(inner), checksum)
    chunk = head + text("") + struct.pack("<Q", len(inner)) + inner
    magic = b"\x89MCAP0\r\n"
    begin = record(0x01, text("ros2" if form == "cdr" else "") + text("here"))
    return magic + begin + record(0x06, chunk) + record(0x02, bytes(20)) + magic
