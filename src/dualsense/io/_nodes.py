"""Groups, datasets and attributes of a file that is not to be trusted.

Everything is looked at before it is read: links stay inside the file, sizes are bounded, types are those
asked for. What HDF5 itself refuses becomes one line that names the file and the path.
"""

from __future__ import annotations

import math
import os
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from dualsense.errors import ScanError
from dualsense.io import _schema as schema
from dualsense.io._text import clean_text, one_line
from dualsense.io._types import complex_parts, complex_type, hdf5_reason, type_name, value_name
from dualsense.runtime.memory import at_most_more
from dualsense.runtime.untrusted import MAX_DEPTH, MAX_NAMES, odd_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from dualsense.runtime.untrusted import Allowance

MAX_LINKS = 16
_TEXTS_AT_ONCE = 64
_BLOCK_BYTES = 2**24
_TEXT_MEMORY_BYTES = 2**28
"""For texts: their lengths stand where nobody can look before HDF5 takes memory for them."""

HDF5_ERRORS = (
    OSError,
    RuntimeError,
    KeyError,
    ValueError,
    TypeError,
    MemoryError,
    OverflowError,
    NotImplementedError,
)


@dataclass(frozen=True, slots=True)
class Source:
    """An open file, and the name by which messages call it."""

    name: str
    file: h5py.File
    allowance: Allowance
    opened: dict[str, Any] = field(default_factory=dict, repr=False)
    claimed: dict[str, int] = field(default_factory=dict, repr=False)
    said: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)
    rows: Mapping[str, int] = field(default_factory=dict, repr=False)
    """Of a file that grows, how many rows of a dataset have arrived whole; those beyond are as if not there."""

    def error(self, path: str, cause: str) -> ScanError:
        """Make the error that says what is wrong at a path."""
        return ScanError(one_line(f"{self.name}: {path}: {cause}"))

    def missing(self, path: str, expected: str) -> ScanError:
        """Make the error for something mandatory that is not there."""
        return self.error(path, f"found nothing, expected {expected}")

    def group(self, path: str) -> h5py.Group | None:
        """Open a group, or None where there is none."""
        node = self._open(path)
        if node is not None and not isinstance(node, h5py.Group):
            raise self.error(path, f"found a {type(node).__name__.lower()}, expected a group")
        return node

    def dataset(self, path: str, *, max_elements: int = schema.MAX_ELEMENTS) -> h5py.Dataset | None:
        """Open a dataset without reading it, or None where there is none."""
        node = self._open(path)
        if node is None:
            return None
        if not isinstance(node, h5py.Dataset):
            raise self.error(path, f"found a {type(node).__name__.lower()}, expected a dataset")
        with self._guard(path):
            odd = odd_type(node.id.get_type())
        if odd:
            raise self.error(path, f"found {odd}, expected numbers or text")
        with self._guard(path):
            shape, itemsize = node.shape, node.dtype.itemsize
            size = 0 if shape is None else math.prod(shape)
            chunk = math.prod(node.chunks or (0,))
            properties = node.id.get_create_plist()
            external = properties.get_external_count() > 0
            virtual = node.is_virtual
            decodable = properties.all_filters_avail()
        if shape is None:
            raise self.error(path, "found an empty dataset without a shape, expected numbers")
        if size > max_elements or chunk > max_elements or max(size, chunk) * itemsize > 16 * max_elements:
            cause = f"found shape {shape} of {itemsize}-byte elements, expected at most {max_elements} elements"
            raise self.error(path, cause)
        if external or virtual:
            raise self.error(path, "found data kept in other files, expected data inside this file")
        if not decodable:
            raise self.error(path, "found a compression filter that is not one of HDF5's own")
        self._allow(path, node, itemsize)
        return node

    def _allow(self, path: str, node: h5py.Dataset, itemsize: int) -> None:
        """Refuse what claims more than a file of its size may, alone or with all that was opened before."""
        refusal = self.allowance.refusal(node.shape, node.chunks, itemsize)
        if refusal:
            raise self.error(path, refusal)
        self.claimed[path] = math.prod(node.shape) * itemsize
        if sum(self.claimed.values()) > self.allowance.decoded_bytes:
            most = (
                f"expected at most {self.allowance.decoded_bytes} bytes for a file of {self.allowance.file_bytes}"
            )
            raise self.error(path, f"found {sum(self.claimed.values())} bytes of data up to here, {most}")

    def refreshed(self, path: str) -> h5py.Dataset | None:
        """Open a dataset of a file that grows with the length that it has by now."""
        node = self._open(path)
        if isinstance(node, h5py.Dataset):
            with self._guard(path):
                node.refresh()
        return self.dataset(path)

    def shape_of(self, node: h5py.Dataset, path: str) -> tuple[int, ...]:
        """Give the shape of what of a dataset has arrived whole."""
        shape: tuple[int, ...] = node.shape
        return (self.rows[path], *shape[1:]) if path in self.rows else shape

    def number_dataset(self, field: schema.Field) -> h5py.Dataset | None:
        """Open a dataset of numbers in the unit of the format, without reading it."""
        node = self.dataset(field.path)
        if node is None:
            return None
        dtype = node.dtype
        if dtype.kind not in "iufc" and complex_parts(dtype) is None:
            raise self.error(field.path, f"found type {type_name(dtype)}, expected {field.expected}")
        units = self.text(field.path, schema.UNITS)
        known = schema.UNIT_SPELLINGS.get(field.units)
        if units is not None and known is not None and units not in known:
            raise self.error(field.path, f"found units {units!r}, expected {field.units!r}")
        return node

    def read(self, node: h5py.Dataset, path: str, rows: NDArray[np.intp] | None = None) -> NDArray[Any]:
        """Read a dataset in the byte order of this machine; compound numbers become complex.

        Parameters
        ----------
        node, path
            The dataset, and where it is.
        rows : (n,), optional
            Increasing, the rows to read; None reads all.
        """
        with self._guard(path):
            if rows is None:
                raw = node[: self.rows[path]] if path in self.rows else node[()]
            else:
                cuts = np.flatnonzero(np.diff(rows) > 1) + 1
                runs = [node[part[0] : part[-1] + 1] for part in np.split(rows, cuts) if part.size]
                raw = np.concatenate(runs) if runs else node[:0]
        self._require_whole(path)
        array = np.asarray(raw)
        parts = complex_parts(array.dtype)
        if parts is not None:
            joined = np.empty(array.shape, complex_type(array.dtype))
            joined.real, joined.imag = array[parts[0]], array[parts[1]]
            return joined
        return array.astype(array.dtype.newbyteorder("="), copy=False)

    def _require_whole(self, path: str) -> None:
        """Refuse what was read of a file that was cut meanwhile: HDF5 takes what is gone for zeros."""
        with self._guard(path):
            size = os.fstat(self.file.id.get_vfd_handle()).st_size
        if size < self.allowance.file_bytes:
            cause = f"the file was cut while it was read, to {size} of {self.allowance.file_bytes} bytes"
            raise self.error(path, cause)

    def floats(self, field: schema.Field) -> NDArray[np.float64] | None:
        """Read a dataset of real numbers, or None where there is none."""
        node = self.number_dataset(field)
        if node is None:
            return None
        if node.dtype.kind not in "iuf":
            raise self.error(field.path, f"found type {type_name(node.dtype)}, expected {field.expected}")
        with np.errstate(over="ignore", invalid="ignore"):
            return self.read(node, field.path).astype(np.float64)

    def vector(self, field: schema.Field) -> NDArray[np.float64] | None:
        """Read a dataset of real numbers along one axis; a row or a column of a matrix counts as one."""
        array = self.floats(field)
        if array is None:
            return None
        if array.size != max(array.shape, default=1) or array.ndim > 2:
            raise self.error(field.path, f"found shape {array.shape}, expected {field.shape}")
        return array.reshape(-1)

    def texts(self, field: schema.Field) -> tuple[str, ...] | None:
        """Read a column of texts, or None where there is none."""
        node = self.dataset(field.path, max_elements=schema.MAX_SMALL_ELEMENTS)
        if node is None:
            return None
        if h5py.check_string_dtype(node.dtype) is None:
            raise self.error(field.path, f"found type {type_name(node.dtype)}, expected text")
        if len(node.shape) > 1:
            raise self.error(field.path, f"found shape {node.shape}, expected texts along one axis")
        found: list[str] = []
        budget = schema.MAX_TEXT_BYTES
        step = max(1, min(_TEXTS_AT_ONCE, _BLOCK_BYTES // max(self.allowance.longest_text, node.dtype.itemsize)))
        with self._guard(field.path), at_most_more(_TEXT_MEMORY_BYTES):
            for start in range(0, max(math.prod(node.shape), 1), step):
                block = np.atleast_1d(node[start : start + step] if node.shape else node[()])
                budget -= sum(map(len, block))
                if budget < 0:
                    break
                found += [clean_text(raw) for raw in block]
        if budget < 0:
            raise self.error(field.path, f"found more text than {schema.MAX_TEXT_BYTES} bytes")
        return tuple(found)

    def attribute(self, path: str, name: str) -> Any:
        """Read an attribute as HDF5 gives it, or None where there is none."""
        if (path, name) not in self.said:
            self.said[path, name] = self._attribute(path, name)
        return self.said[path, name]

    def _attribute(self, path: str, name: str) -> Any:
        node = self._open(path)
        where = attribute_path(path, name)
        if node is None:
            return None
        with self._guard(where):
            key = name.encode()
            if not h5py.h5a.exists(node.id, key):
                return None
            head = h5py.h5a.open(node.id, key)
            odd = odd_type(head.get_type())
        if odd:
            raise self.error(where, f"found {odd}, expected text or numbers")
        with self._guard(where):
            shape, dtype = head.shape, head.dtype
        size = math.prod(shape or ())
        if dtype.kind == "O" and not self.allowance.texts(size):
            raise self.error(where, f"found {size} texts, more than a file of its size holds")
        if size > schema.MAX_SMALL_ELEMENTS or size * dtype.itemsize > schema.MAX_TEXT_BYTES:
            cause = f"found shape {shape} of {dtype.itemsize}-byte elements, expected at most "
            raise self.error(where, cause + f"{schema.MAX_SMALL_ELEMENTS} elements")
        with self._guard(where), at_most_more(_TEXT_MEMORY_BYTES) if dtype.kind == "O" else nullcontext():
            return node.attrs[name]

    def text(self, path: str, name: str) -> str | None:
        """Read a text attribute: str, bytes, fixed or variable length, alone or in an array of one."""
        value = self.attribute(path, name)
        if value is None:
            return None
        if isinstance(value, h5py.Empty):
            return ""
        if isinstance(value, np.ndarray) and value.size == 1:
            value = value.reshape(-1)[0]
        if not isinstance(value, (str, bytes)):
            raise self.error(attribute_path(path, name), f"found {value_name(value)}, expected text")
        return clean_text(value)

    def numbers(self, path: str, name: str, expected: str) -> NDArray[np.float64] | None:
        """Read an attribute of finite real numbers, of any shape, or None where there is none."""
        value = self.attribute(path, name)
        if value is None:
            return None
        where = attribute_path(path, name)
        array = np.asarray(value) if isinstance(value, (np.ndarray, np.generic, int, float)) else None
        if array is None or array.dtype.kind not in "iuf":
            raise self.error(where, f"found {value_name(value)}, expected {expected}")
        array = array.astype(np.float64)
        if not np.isfinite(array).all():
            raise self.error(where, f"found {array.tolist()}, expected finite numbers")
        return array

    def number(self, path: str, name: str, expected: str) -> float | None:
        """Read an attribute of one finite number, or None where there is none."""
        array = self.numbers(path, name, expected)
        if array is None:
            return None
        if array.size != 1:
            raise self.error(attribute_path(path, name), f"found shape {array.shape}, expected {expected}")
        return float(array.reshape(-1)[0])

    def names(self, path: str) -> tuple[list[str], list[str]]:
        """List the members and the attributes of a group, in the order of their names."""
        group = self.group(path)
        if group is None:
            return [], []
        with self._guard(path):
            count = group.id.get_num_objs()
            members = sorted(name for name in group if isinstance(name, str)) if count <= MAX_NAMES else []
        if count > MAX_NAMES:
            raise self.error(path, f"found {count} names, expected at most {MAX_NAMES}")
        return members, self.attribute_names(path)

    def attribute_names(self, path: str) -> list[str]:
        """List the attributes of a group or a dataset, in the order of their names; no UTF-8 is no name."""
        node = self._open(path)
        if node is None:
            return []
        with self._guard(path):
            count = h5py.h5a.get_num_attrs(node.id)
            names = sorted(name for name in node.attrs if isinstance(name, str)) if count <= MAX_NAMES else []
        if count > MAX_NAMES:
            raise self.error(path, f"found {count} attributes, expected at most {MAX_NAMES}")
        return names

    def _open(self, path: str, hops: int = 0) -> Any:
        """Walk to a path without ever leaving the file; None where a step is missing."""
        path = "/" + "/".join(step for step in path.split("/") if step not in {"", "."})
        if path == "/":
            return self.file
        if path.count("/") > MAX_DEPTH:
            start = "/".join([*path.split("/", 4)[:4], "…"])
            raise self.error(start, f"found a path of {path.count('/')} steps, expected at most {MAX_DEPTH}")
        if path not in self.opened:
            self.opened[path] = self._follow(path, hops)
        return self.opened[path]

    def _follow(self, path: str, hops: int) -> Any:
        parent, _, step = path.rpartition("/")
        holder = self._open(parent, hops)
        if not isinstance(holder, h5py.Group):
            return None
        with self._guard(path):
            key = step.encode()
            links = holder.id.links
            if not links.exists(key):
                return None
            kind = links.get_info(key).type
            if kind == h5py.h5l.TYPE_HARD:
                return holder[step]
            target = links.get_val(key).decode() if kind == h5py.h5l.TYPE_SOFT else None
        if target is None or hops >= MAX_LINKS:
            raise self.error(path, "found a link that leaves this file, expected data inside it")
        return self._open(target if target.startswith("/") else f"{parent}/{target}", hops + 1)

    @contextmanager
    def _guard(self, path: str) -> Iterator[None]:
        try:
            yield
        except ScanError:
            raise
        except HDF5_ERRORS as error:
            raise self.error(path, f"cannot be read, the file is damaged ({hdf5_reason(error)})") from None


def attribute_path(path: str, name: str) -> str:
    """Name an attribute as messages do: the path of its owner, @, its name."""
    return f"{path}@{name}"
