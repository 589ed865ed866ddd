"""ROS 2 bags as SQLite databases: a table of topics, one of messages, and since 2023 one of definitions.

Source: rosbag2_storage_sqlite3 (Open Robotics), schema versions 1 to 4.
"""

from __future__ import annotations

import sqlite3
import struct
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dualsense.io._importers.logs.budget import MAX_CHUNK_BYTES, MAX_TOPICS, Log, Topic

if TYPE_CHECKING:
    from pathlib import Path

STEPS, MAX_CALLS = 1_000_000, 20_000
"""Instructions of the database's machine between two looks at how many there were, and looks."""


def read_bag2(path: Path, log: Log) -> None:
    """Read topics, and the messages of those wanted, into a log.

    Parameters
    ----------
    path
        Of the database.
    log
        Grows.

    Raises
    ------
    ScanError
        Cut, damaged, no bag, or too large.
    """
    journals = (path.with_name(path.name + end) for end in ("-wal", "-journal"))
    if any(one.exists() and one.stat().st_size for one in journals):
        log.cut("in a journal beside it")
    with path.open("rb") as stream:
        head = stream.read(100).ljust(100, b"\0")
    page, pages = struct.unpack_from(">H", head, 16)[0], struct.unpack_from(">I", head, 28)[0]
    # a database tells its pages where the counters of changes say that it knows them
    if head[24:28] == head[92:96] and path.stat().st_size < pages * (1 << 16 if page == 1 else page):
        log.cut(f"after {path.stat().st_size} bytes, where it tells of {pages} pages")
    try:
        database = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1", uri=True)
    except sqlite3.Error as error:
        log.spoilt(f"a database that cannot be opened ({error})")
        return
    try:
        _bound(database)
        _read(database, log)
    except (sqlite3.Error, UnicodeDecodeError, OverflowError, MemoryError) as error:
        # a length that a damaged page tells can be more than there is memory for
        log.spoilt(f"a database that cannot be read ({str(error) or 'it asks for too much memory'})")
    finally:
        database.close()


def _bound(database: sqlite3.Connection) -> None:
    """Let the file's own text do nothing, and nothing take without end."""
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_CHUNK_BYTES)
    database.execute("PRAGMA trusted_schema=OFF")
    database.execute("PRAGMA cell_size_check=ON")
    looks = iter(range(MAX_CALLS))
    database.set_progress_handler(lambda: next(looks, None) is None, STEPS)


def _read(database: sqlite3.Connection, log: Log) -> None:
    tables = {str(row[0]) for row in database.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    if not {"topics", "messages"} <= tables:
        log.spoilt(
            f"the tables {', '.join(sorted(tables)) or 'none'}, expected topics and messages of a ROS 2 bag"
        )
    definitions = {}
    if "message_definitions" in tables:
        rows = database.execute("SELECT topic_type, encoding, encoded_message_definition FROM message_definitions")
        definitions = {str(kind): str(text) for kind, language, text in rows if language == "ros2msg"}
    names: dict[Any, str] = {}
    for number, name, kind, form in database.execute("SELECT id, name, type, serialization_format FROM topics"):
        if len(names) > MAX_TOPICS:
            break
        log.add_topic(Topic(str(name), str(kind), str(form), definitions.get(str(kind), "")))
        names[number] = str(name)
    _read_messages(database, names, log)


def _read_messages(database: sqlite3.Connection, names: dict[Any, str], log: Log) -> None:
    """Count messages of all topics, and keep those of the wanted ones."""
    for number, count in database.execute("SELECT topic_id, COUNT(*) FROM messages GROUP BY topic_id"):
        if number not in names:
            log.spoilt(f"messages of topic {number}, which is nowhere told of")
        if names[number] not in log.wanted:
            log.counts[names[number]] += count
    wanted = [number for number, name in names.items() if name in log.wanted]
    for number in wanted:
        rows = "SELECT timestamp, data FROM messages WHERE topic_id=? ORDER BY timestamp, id"
        for time_ns, data in database.execute(rows, (number,)):
            if not isinstance(time_ns, int) or not isinstance(data, bytes):
                log.spoilt(f"{names[number]}: a message without a time or without bytes")
            log.add(names[number], time_ns, data)
