"""Groups, datasets and attributes of a file that is not to be trusted.

Everything is looked at before it is read: links stay inside the file, sizes are bounded, types are those
asked for. What HDF5 itself refuses becomes one line that names the file and the path.
"""

from __future__ import annotations

import math
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from dualsense.errors import ScanError
from dualsense.io import _schema as schema
from dualsense.io._heaps import endless_heap
from dualsense.io._text import clean_text, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

MAX_LINKS = 16
COMPLEX_FIELDS = ({"r", "i"}, {"re", "im"}, {"real", "imag"}, {"real", "imaginary"})

_HDF5_ERRORS = (
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
    opened: dict[str, Any] = field(default_factory=dict, repr=False)

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
            shape = node.shape
            size = 0 if shape is None else math.prod(shape)
            chunk = math.prod(node.chunks or (0,))
            properties = node.id.get_create_plist()
            external = properties.get_external_count() > 0
            virtual = node.is_virtual
            decodable = properties.all_filters_avail()
            itemsize = node.dtype.itemsize
        if shape is None:
            raise self.error(path, "found an empty dataset without a shape, expected numbers")
        if size > max_elements or chunk > max_elements or max(size, chunk) * itemsize > 16 * max_elements:
            cause = f"found shape {shape} of {itemsize}-byte elements, expected at most {max_elements} elements"
            raise self.error(path, cause)
        if external or virtual:
            raise self.error(path, "found data kept in other files, expected data inside this file")
        if not decodable:
            raise self.error(path, "found a compression filter that is not one of HDF5's own")
        return node

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
                raw = node[()]
            else:
                cuts = np.flatnonzero(np.diff(rows) > 1) + 1
                runs = [node[part[0] : part[-1] + 1] for part in np.split(rows, cuts) if part.size]
                raw = np.concatenate(runs) if runs else node[:0]
        array = np.asarray(raw)
        parts = complex_parts(array.dtype)
        if parts is not None:
            joined = np.empty(array.shape, complex_type(array.dtype))
            joined.real, joined.imag = array[parts[0]], array[parts[1]]
            return joined
        return array.astype(array.dtype.newbyteorder("="), copy=False)

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
        found: list[str] = []
        with self._guard(field.path):
            flat = np.ndindex(node.shape)
            budget = schema.MAX_TEXT_BYTES
            for index in flat:
                raw = node[index]
                budget -= len(raw)
                if budget < 0:
                    break
                found.append(clean_text(raw))
        if budget < 0:
            raise self.error(field.path, f"found more text than {schema.MAX_TEXT_BYTES} bytes")
        return tuple(found)

    def attribute(self, path: str, name: str) -> Any:
        """Read an attribute as HDF5 gives it, or None where there is none."""
        node = self._open(path)
        where = attribute_path(path, name)
        if node is None:
            return None
        with self._guard(where):
            key = name.encode()
            if not h5py.h5a.exists(node.id, key):
                return None
            head = h5py.h5a.open(node.id, key)
            shape, dtype = head.shape, head.dtype
        size = math.prod(shape or ())
        if size > schema.MAX_SMALL_ELEMENTS or size * dtype.itemsize > schema.MAX_TEXT_BYTES:
            cause = f"found shape {shape} of {dtype.itemsize}-byte elements, expected at most "
            raise self.error(where, cause + f"{schema.MAX_SMALL_ELEMENTS} elements")
        with self._guard(where):
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
            return sorted(group.keys()), sorted(group.attrs.keys())

    def _open(self, path: str, hops: int = 0) -> Any:
        """Walk to a path without ever leaving the file; None where a step is missing."""
        path = "/" + "/".join(step for step in path.split("/") if step not in {"", "."})
        if path == "/":
            return self.file
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
        except _HDF5_ERRORS as error:
            raise self.error(path, f"cannot be read, the file is damaged ({hdf5_reason(error)})") from None


@contextmanager
def open_source(path: Path, name: str = "") -> Iterator[Source]:
    """Open an HDF5 file for reading, with one line for each way in which it can fail to be one.

    Parameters
    ----------
    path
    name
        What messages call it; the name of the file when empty.

    Raises
    ------
    ScanError
        Missing, a folder, not permitted, empty, truncated, or not HDF5 at all.
    """
    name = name or one_line(path.name or str(path))
    check_file(path, name)
    try:
        is_hdf5 = h5py.is_hdf5(path)
        endless = endless_heap(path) if is_hdf5 else None
        file = h5py.File(path, "r", locking="best-effort") if is_hdf5 and endless is None else None
    except _HDF5_ERRORS as error:
        cut = re.search(r"truncated file: eof = (\d+).*stored_eof = (\d+)", str(error))
        if cut:
            cause = f"truncated HDF5 file: found {cut[1]} bytes, expected {cut[2]}"
        else:
            cause = f"damaged HDF5 file ({hdf5_reason(error)})"
        msg = one_line(f"{name}: {cause}")
        raise ScanError(msg) from None
    if endless is not None:
        msg = f"{name}: damaged HDF5 file (the heap of texts at byte {endless})"
        raise ScanError(msg)
    if file is None:
        with path.open("rb") as stream:
            head = stream.read(24)
        msg = one_line(f"{name}: found a file that begins with {head!r}, expected HDF5")
        raise ScanError(msg)
    with file:
        yield Source(name, file)


def check_file(path: Path, name: str) -> None:
    """Refuse what is not a readable regular file with something in it."""
    try:
        if path.is_dir():
            cause = "is a folder, expected a file"
        elif not path.exists():
            cause = "no such file"
        elif not path.is_file():
            cause = "is a device or a pipe, expected a file"
        else:
            with path.open("rb") as stream:
                cause = "" if stream.read(1) else "empty file, expected a recording"
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or str(error)
    if cause:
        msg = one_line(f"{name}: {cause}")
        raise ScanError(msg)


def attribute_path(path: str, name: str) -> str:
    """Name an attribute as messages do: the path of its owner, @, its name."""
    return f"{path}@{name}"


def complex_parts(dtype: np.dtype[Any]) -> tuple[str, str] | None:
    """Name the real and the imaginary field of a compound type, or None where it is not a complex number."""
    names = dtype.names or ()
    if len(names) != 2 or {name.lower() for name in names} not in COMPLEX_FIELDS:
        return None
    if any(dtype[name].kind not in "iuf" for name in names):
        return None
    real, imag = sorted(names, key=lambda name: name.lower().startswith("i"))
    return real, imag


def complex_type(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """Give the complex type in memory that holds what is stored, or None for what is not complex."""
    parts = complex_parts(dtype)
    if dtype.kind != "c" and parts is None:
        return None
    if parts is None:
        single = dtype.itemsize <= 8
    else:
        single = all(dtype[name].kind == "f" and dtype[name].itemsize <= 4 for name in parts)
    return np.dtype(np.complex64 if single else np.complex128)


def type_name(dtype: np.dtype[Any]) -> str:
    """Say in a word or two what a dataset holds."""
    if dtype.kind in "OSU":
        return "text" if h5py.check_string_dtype(dtype) else "objects"
    return "records" if dtype.names else dtype.name


def value_name(value: Any) -> str:
    """Say in a few words what an attribute holds."""
    if isinstance(value, (str, bytes)):
        return f"text {clean_text(value)[:40]!r}"
    if isinstance(value, (np.ndarray, np.generic)):
        return f"{type_name(value.dtype)} of shape {value.shape}"
    return "an empty value" if isinstance(value, h5py.Empty) else f"an object ({type(value).__name__})"


def hdf5_reason(error: Exception) -> str:
    """Cut the one reason that matters out of a message of the HDF5 library."""
    text = one_line(str(error.args[0] if error.args else error))
    inner = re.search(r"\(([^()]*(?:\(\)[^()]*)*)\)\s*$", text)
    return (inner[1] if inner else text)[:120] or type(error).__name__
