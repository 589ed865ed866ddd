"""Definitions of messages as text, parsed to fields: both dialects of ROS, and what common messages are made of.

Nothing of a definition is run: names and numbers are looked up in tables.
Source: the interface definitions of ROS 1 (wiki.ros.org/msg) and ROS 2 (docs.ros.org, "Interfaces").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dualsense.errors import ScanError
from dualsense.io._importers.logs.known import KNOWN
from dualsense.io._text import one_line

PLAIN: dict[str, str] = {
    "bool": "u1", "byte": "u1", "char": "u1",
    "int8": "i1", "int16": "i2", "int32": "i4", "int64": "i8",
    "uint8": "u1", "uint16": "u2", "uint32": "u4", "uint64": "u8",
    "float32": "f4", "float64": "f8",
}  # fmt: skip
TIMES = {"time", "duration"}
"""Of ROS 1: seconds and nanoseconds of 32 bits each."""
MAX_DEPTH, MAX_FIELDS = 16, 4096
SECTION = re.compile(r"^=+\s*$", re.MULTILINE)
TYPE = re.compile(r"([A-Za-z][\w/]*)(?:<=\d+)?(\[(?:<=\d+|\d*)\])?")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message.

    Attributes
    ----------
    kind
        A plain type, "string", a time, or the name of another message.
    count
        None for one value, -1 for as many as a message tells, else so many.
    """

    name: str
    kind: str
    count: int | None


Definitions = dict[str, tuple[Field, ...]]


def definitions_of(type_name: str, text: str, where: str) -> Definitions:
    """Parse a message's definition, and those that it needs.

    Parameters
    ----------
    type_name
        Such as "geometry_msgs/msg/PoseStamped".
    text
        With the others behind lines of equal signs, as logs keep them; where it is empty the common messages are
        looked up.
    where
        What messages call the topic.

    Raises
    ------
    ScanError
        It is no definition, needs one that is not there, or contains itself.
    """
    root = short_name(type_name)
    parts = SECTION.split(text) if text else [KNOWN.get(root, "")]
    if not parts[0].strip() and not text:
        msg = f"{where}: the log holds no definition of {type_name}, and it is none of the common messages"
        raise ScanError(one_line(msg))
    found: Definitions = {root: _fields(parts[0], root, where)}
    for part in parts[1:]:
        head, _, body = part.strip().partition("\n")
        mark, _, name = head.partition(":")
        if mark.strip() != "MSG":
            msg = f"{where}: definition: found {head!r:.60}, expected MSG: and a name"
            raise ScanError(one_line(msg))
        found[short_name(name.strip())] = _fields(body, short_name(name.strip()), where)
    _complete(found, root, where, 0)
    return found


def short_name(name: str) -> str:
    """Package and message, without what ROS 2 puts between them."""
    return name.replace("/msg/", "/").strip()


def _complete(found: Definitions, name: str, where: str, depth: int) -> None:
    """Look up what a message needs; the depth ends those that contain themselves."""
    if depth > MAX_DEPTH or sum(map(len, found.values())) > MAX_FIELDS:
        msg = f"{where}: definition: found messages within messages without end, expected at most {MAX_DEPTH}"
        raise ScanError(msg)
    for field in found[name]:
        if field.kind in PLAIN or field.kind in TIMES or field.kind == "string":
            continue
        if field.kind not in found:
            if field.kind not in KNOWN:
                msg = f"{where}: definition: found no definition of {field.kind}"
                raise ScanError(one_line(msg))
            found[field.kind] = _fields(KNOWN[field.kind], field.kind, where)
        _complete(found, field.kind, where, depth + 1)


def _fields(text: str, owner: str, where: str) -> tuple[Field, ...]:
    package = owner.rpartition("/")[0]
    fields = []
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if not words:
            continue
        match = TYPE.fullmatch(words[0])
        if match is None or len(words) < 2:
            msg = f"{where}: definition of {owner}: found {line!r:.60}, expected a type and a name"
            raise ScanError(one_line(msg))
        if "=" in words[1] or (len(words) > 2 and words[2].startswith("=")):
            continue  # a constant, which takes no place in a message
        if not re.fullmatch(r"[A-Za-z]\w*", words[1]):
            msg = f"{where}: definition of {owner}: found the name {words[1]!r:.60}"
            raise ScanError(one_line(msg))
        fields.append(Field(words[1], _kind(match[1], package), _count(match[2])))
    return tuple(fields)


def _kind(name: str, package: str) -> str:
    name = short_name(name)
    if name in PLAIN or name in TIMES or name in {"string", "wstring"}:
        return name
    if name == "Header":
        return "std_msgs/Header"
    return name if "/" in name else f"{package}/{name}"


def _count(text: str | None) -> int | None:
    if text is None:
        return None
    return int(text[1:-1]) if text[1:-1].isdigit() else -1
