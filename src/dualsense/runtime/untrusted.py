"""HDF5 from others, looked at before the library reads it: types that it crashes on, sizes that it would believe.

What a dataset takes in memory is what the file claims, not what it holds: a few bytes can claim gigabytes, and
chunks of one number take a hundred times what they hold. So a file may claim a fixed amount and some more in
proportion to its own size, and all is asked for by HDF5's low-level interface, before anything is allocated.
"""

from __future__ import annotations

import math
import posixpath
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import h5py
from h5py import h5a, h5l, h5o, h5t

from dualsense.errors import ScanError, short_line
from dualsense.runtime.heaps import look_at_heaps
from dualsense.runtime.memory import at_most_more

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_DECODED_BYTES = 2**27
"""What any file may claim to hold, decoded, in all that is read of it: the radar of ten square metres."""
MAX_EXPANSION = 32
"""And so many times its own size beyond that; recorded numbers are compressed to a half at best."""
MAX_CHUNKS = 2**14
"""Chunks of one dataset in any file; and one more for every `CHUNK_ENTRY_BYTES`, which an index spends on each."""
CHUNK_ENTRY_BYTES = 32
MAX_NAMES = 1024
"""Members, or attributes, of one group."""
MAX_DEPTH = 16
"""Groups within groups."""
MAX_OBJECTS = 4096
"""Groups and datasets of a file that is looked over as a whole."""
MAX_TEXT_BYTES = 2**26
"""What texts that are read at once may take, and as much again as the file is long."""
_PLAIN = frozenset(
    {h5t.INTEGER, h5t.FLOAT, h5t.STRING, h5t.ENUM, h5t.BITFIELD, getattr(h5t, "COMPLEX", h5t.FLOAT)}
)
_ODD = {h5t.REFERENCE: "a reference", h5t.VLEN: "a list of varying length", h5t.TIME: "a time of HDF5's own"}
_NESTED = 4


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a file of its size may claim.

    Attributes
    ----------
    file_bytes
        Size of the file.
    longest_text
        Bytes of the longest text of varying length.
    """

    file_bytes: int
    longest_text: int

    @property
    def decoded_bytes(self) -> int:
        """Of all that is read of the file, in memory."""
        return MAX_DECODED_BYTES + MAX_EXPANSION * self.file_bytes

    @property
    def chunks(self) -> int:
        """Of one dataset."""
        return MAX_CHUNKS + self.file_bytes // CHUNK_ENTRY_BYTES

    def texts(self, count: int) -> bool:
        """Whether so many texts may be read at once: all of them could point at the longest."""
        return count * self.longest_text <= MAX_TEXT_BYTES + self.file_bytes

    def refusal(self, shape: tuple[int, ...], chunks: tuple[int, ...] | None, item_bytes: int) -> str:
        """Say what a dataset claims too much of; empty where it may be read."""
        claimed = max(math.prod(shape), math.prod(chunks or (0,))) * item_bytes
        if claimed > self.decoded_bytes:
            return (
                f"found shape {shape} of {item_bytes}-byte elements in a file of {self.file_bytes} bytes, "
                f"expected at most {self.decoded_bytes} bytes"
            )
        pieces = math.prod(-(-size // piece) for size, piece in zip(shape, chunks or shape, strict=True) if piece)
        if chunks and pieces > self.chunks:
            return f"found {pieces} chunks of shape {chunks}, expected at most {self.chunks}"
        return ""


def odd_type(kind: Any, depth: int = 0) -> str:
    """Name a stored type that is not to be read; empty for numbers, texts, and records and arrays of them.

    A list of varying length whose kind is damaged ends the library with a segmentation fault as soon as it is
    read, and a member of a record does as well.

    Parameters
    ----------
    kind : h5py.h5t.TypeID
        As the file holds it.
    depth
        Of the records and arrays that it is a member of.
    """
    what = kind.get_class()
    if what in _PLAIN:
        return ""
    if what == h5t.OPAQUE:
        return "" if depth == 0 else "opaque bytes"
    if depth < _NESTED and what == h5t.COMPOUND:
        members = (kind.get_member_type(number) for number in range(min(kind.get_nmembers(), MAX_NAMES)))
        return next((odd for one in members if (odd := odd_type(one, depth + 1))), "")
    if depth < _NESTED and what == h5t.ARRAY:
        return odd_type(kind.get_super(), depth + 1)
    return _ODD.get(what, "an unknown kind of value")


def vet_file(file: h5py.File, name: str, allowance: Allowance) -> None:
    """Look over a file that will be read as a whole: nothing outside it, nothing that HDF5 or memory would end at.

    Parameters
    ----------
    file
        Open for reading.
    name
        What messages call it.
    allowance
        Of this file.

    Raises
    ------
    ScanError
        The first thing that is not to be read, by its path.
    """
    claimed = 0
    for path, node in _all_nodes(file, name):
        _vet_attributes(node, path, name, allowance)
        if not isinstance(node, h5py.h5d.DatasetID):
            continue
        claimed += _vet_dataset(node, path, name, allowance)
        if claimed > allowance.decoded_bytes:
            _refuse(name, path, f"found more than {allowance.decoded_bytes} bytes of data in all")


@contextmanager
def open_vetted(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file that will be read as a whole, and look it over.

    Parameters
    ----------
    path
        HDF5 file.

    Yields
    ------
    h5py.File
        For reading.

    Raises
    ------
    ScanError
        As `vet_file`, and where HDF5 would not come back from a heap.
    OSError
        The file cannot be opened.
    """
    heaps = look_at_heaps(path)
    if heaps.endless_at is not None:
        _refuse(path.name, "/", f"damaged HDF5 file (the heap of texts at byte {heaps.endless_at})")
    with h5py.File(path, "r") as file:
        allowance = Allowance(path.stat().st_size, heaps.longest_text)
        vet_file(file, path.name, allowance)
        with at_most_more(4 * allowance.decoded_bytes):  # the lengths of texts cannot be looked at
            yield file


def _refuse(name: str, path: str, what: str) -> None:
    msg = short_line(f"{name}: {path}: {what}")
    raise ScanError(msg)


def _all_nodes(file: h5py.File, name: str) -> Iterator[tuple[str, Any]]:
    """Walk every object that hard links reach, each once; anything else that is linked is refused."""
    waiting, seen = [("/", file["/"].id)], set()
    while waiting:
        path, node = waiting.pop()
        info = h5o.get_info(node)
        if (info.fileno, info.addr) in seen:
            continue
        seen.add((info.fileno, info.addr))
        if len(seen) > MAX_OBJECTS or path.count("/") > MAX_DEPTH:
            _refuse(name, path, f"found more than {MAX_OBJECTS} objects, or groups deeper than {MAX_DEPTH}")
        yield path, node
        if not isinstance(node, h5py.h5g.GroupID):
            continue
        if node.get_num_objs() > MAX_NAMES:
            _refuse(name, path, f"found {node.get_num_objs()} members, expected at most {MAX_NAMES}")
        for key in node:
            where = posixpath.join(path, key.decode("utf-8", "replace"))
            if node.links.get_info(key).type != h5l.TYPE_HARD:
                _refuse(name, where, "found a link, expected data inside this file")
            waiting.append((where, h5o.open(node, key)))


def _vet_dataset(node: Any, path: str, name: str, allowance: Allowance) -> int:
    """Bytes that a dataset claims, where it may be read."""
    kind, properties = node.get_type(), node.get_create_plist()
    if odd := odd_type(kind):
        _refuse(name, path, f"found {odd}, expected numbers or text")
    if properties.get_layout() == h5py.h5d.VIRTUAL or properties.get_external_count():
        _refuse(name, path, "found data kept in other files, expected data inside this file")
    if not properties.all_filters_avail():
        _refuse(name, path, "found a compression filter that is not one of HDF5's own")
    chunked = properties.get_layout() == h5py.h5d.CHUNKED
    shape = tuple(node.shape) if node.get_space().get_simple_extent_type() != h5py.h5s.NULL else ()
    refusal = allowance.refusal(shape, properties.get_chunk() if chunked else None, kind.get_size())
    if refusal or (_varies(kind) and not allowance.texts(math.prod(shape))):
        _refuse(
            name, path, refusal or f"found {math.prod(shape)} texts, which is more than a file of its size holds"
        )
    return math.prod(shape) * int(kind.get_size())


def _vet_attributes(node: Any, path: str, name: str, allowance: Allowance) -> None:
    if h5a.get_num_attrs(node) > MAX_NAMES:
        _refuse(name, path, f"found {h5a.get_num_attrs(node)} attributes, expected at most {MAX_NAMES}")
    for number in range(h5a.get_num_attrs(node)):
        one = h5a.open(node, index=number)
        where = f"{path}@{one.name.decode('utf-8', 'replace')}"
        kind = one.get_type()
        if odd := odd_type(kind):
            _refuse(name, where, f"found {odd}, expected numbers or text")
        count = math.prod(one.shape or ())
        if count * kind.get_size() > MAX_DECODED_BYTES or (_varies(kind) and not allowance.texts(count)):
            _refuse(name, where, f"found {count} values, which is more than a file of its size holds")


def _varies(kind: Any) -> bool:
    return kind.get_class() == h5t.STRING and bool(kind.is_variable_str())
