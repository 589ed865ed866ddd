"""Fields of messages by paths such as ``pose.position`` or ``channels[0].re``, as rows of numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.errors import ScanError
from dualsense.io import _schema as schema
from dualsense.io._importers.logs.decode import SpoiltMessageError
from dualsense.io._text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Real = NDArray[np.float64]

TOKEN = re.compile(r"([A-Za-z]\w*)|\[(\d{1,6})\]|\.")
STAMPS = ("header.stamp", "stamp")
RECORDER = "log"
MOST_NS, LONGEST_NS = 1 << 62, 10**6 * 10**9
"""Of a time since 1970, and from the first to the last: one stamp that was never filled in would stretch all."""


def rows_of(
    messages: Sequence[tuple[int, bytes]],
    decode: Callable[[bytes], dict[str, Any]],
    wanted: dict[str, list[str]],
    *,
    stamp: str | None,
    where: str,
) -> tuple[NDArray[np.int64], dict[str, Real], str]:
    """Read fields of all messages of a topic.

    Parameters
    ----------
    messages
        Time on the recorder's clock in ns, and bytes.
    decode
        Of the topic.
    wanted
        Paths by what they are for; the numbers that several paths lead to stand side by side.
    stamp
        Path of the time; `RECORDER` takes that of the recorder, None a header's stamp where there is one.
    where
        What messages call the topic.

    Returns
    -------
    time_ns : (n,)
    numbers : dict of (n, k)
    clock
        The path that the times came from, or `RECORDER`.

    Raises
    ------
    ScanError
        A message cannot be read, lacks a field, or has another number of values than the first; no message.
    """
    times: list[int] = []
    found: dict[str, list[NDArray[Any]]] = {key: [] for key in wanted}
    for number, (time_ns, data) in enumerate(messages):
        try:
            message = decode(data)
            if not times:
                stamp = _clock(message) if stamp is None else stamp
            times.append(time_ns if stamp == RECORDER else _nanoseconds(value_at(message, str(stamp))))
            for key, paths in wanted.items():
                parts = [numbers(value_at(message, path), path) for path in paths]
                found[key].append(np.concatenate(parts) if len(parts) > 1 else parts[0])
        except SpoiltMessageError as error:
            msg = f"{where}: message {number + 1}: {error}"
            raise ScanError(one_line(msg)) from None
        for key, rows in found.items():
            if rows[-1].size != rows[0].size or len(rows) * rows[0].size > schema.MAX_ELEMENTS:
                told = f"found {rows[-1].size} values of {key} in message {number + 1}"
                msg = (
                    f"{where}: {told}, expected {rows[0].size} as in the first, and at most {schema.MAX_ELEMENTS}"
                )
                raise ScanError(one_line(msg))
    if len(times) < 2:
        msg = f"{where}: found {len(times)} messages, expected at least 2"
        raise ScanError(one_line(msg))
    if not -MOST_NS < min(times) <= max(times) < MOST_NS or max(times) - min(times) > LONGEST_NS:
        told = f"found times from {min(times) // 10**9} to {max(times) // 10**9} s by {stamp}"
        msg = f"{where}: {told}, expected those of one recording, of {LONGEST_NS // 10**9} s at most"
        raise ScanError(one_line(msg))
    with np.errstate(invalid="ignore"):  # of NaN of every kind
        tables = {key: np.array(rows, dtype=np.float64) for key, rows in found.items()}
    return np.array(times, dtype=np.int64), tables, str(stamp)


def value_at(message: Any, path: str) -> Any:
    """Follow a path; through a list without a number it leads to that field of all members.

    Raises
    ------
    SpoiltMessageError
        There is no such field.
    """
    tokens = list(TOKEN.finditer(path))
    if "".join(token[0] for token in tokens) != path:
        told = f"{path!r:.60} is no path of a field"
        raise SpoiltMessageError(told)
    found = message
    for token in tokens:
        if token[1]:
            found = _member(found, token[1], path)
        elif token[2]:
            if not isinstance(found, (list, np.ndarray)) or int(token[2]) >= len(found):
                told = f"no {path!r:.60} in it"
                raise SpoiltMessageError(told)
            found = found[int(token[2])]
    return found


def _member(found: Any, name: str, path: str) -> Any:
    if isinstance(found, list) and found and all(isinstance(one, dict) and name in one for one in found):
        return [one[name] for one in found]
    if not isinstance(found, dict) or name not in found:
        told = (
            f"no {path!r:.60} in it, it has {', '.join(map(str, found)) if isinstance(found, dict) else 'numbers'}"
        )
        raise SpoiltMessageError(told[:300])
    return found[name]


def numbers(value: Any, path: str) -> NDArray[Any]:
    """Give a field's numbers in one row; of a place x, y, z, of a rotation w, x, y, z.

    Raises
    ------
    SpoiltMessageError
        It holds anything else.
    """
    if isinstance(value, dict):
        order = [key for key in ("w", "x", "y", "z") if key in value]
        value = [value[key] for key in order] if len(order) == len(value) else None
    try:
        found = np.asarray(value)
        if found.dtype.kind == "b":
            found = found.astype(np.int8)
        if found.dtype == object and None in found.reshape(-1)[:4096].tolist():
            found = found.astype(np.float64)  # JSON has null for what is no number
    except (TypeError, ValueError):
        found = np.empty(0, object)
    if found.dtype.kind not in "iuf":
        told = f"{path} holds no numbers"
        raise SpoiltMessageError(told)
    return found.reshape(-1)


def _clock(message: dict[str, Any]) -> str:
    """Where a message tells its time; the recorder tells it otherwise."""
    for path in STAMPS:
        try:
            _nanoseconds(value_at(message, path))
        except SpoiltMessageError:
            continue
        return path
    return RECORDER


def _nanoseconds(value: Any) -> int:
    if isinstance(value, dict):
        seconds = value.get("sec", value.get("secs"))
        rest = value.get("nanosec", value.get("nsec", value.get("nsecs", 0)))
        if isinstance(seconds, int) and isinstance(rest, int) and abs(seconds) < 1 << 33 and abs(rest) < 1 << 32:
            return 1_000_000_000 * seconds + rest
    elif isinstance(value, (int, float)) and abs(value) < 1 << 33:
        return round(1e9 * value)
    told = "its stamp is no time in seconds"
    raise SpoiltMessageError(told)
