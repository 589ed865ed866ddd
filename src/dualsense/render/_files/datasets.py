"""Arrays and texts of ``result.h5``: units beside numbers, and bytes that hang on the values alone."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from dualsense.render._files.packed import packed

if TYPE_CHECKING:
    from collections.abc import Sequence

SMALL = 4096


def array(group: h5py.Group, name: str, values: Any, units: str) -> h5py.Dataset:
    """Write numbers with their units."""
    values = np.asarray(values)
    # Small or empty datasets gain nothing from chunks; deflate of big ones depends on the bytes alone.
    if values.size > SMALL:
        dataset = packed(group, name, values)
    else:
        dataset = group.create_dataset(name, data=values, track_times=False)
    stored, held, space = _text_form()
    attribute = h5py.h5a.create(dataset.id, b"units", stored, space)
    attribute.write(np.array(units, dtype=h5py.string_dtype()), mtype=held)
    return dataset


@cache
def _text_form() -> tuple[Any, Any, Any]:
    """Give a text's type in a file and in memory, and its shape: ``attrs`` makes them anew for each."""
    kind = h5py.string_dtype()
    return h5py.h5t.py_create(kind, logical=True), h5py.h5t.py_create(kind), h5py.h5s.create_simple(())


def storable(text: str) -> str:
    """Text as HDF5 can hold it: halves of characters and zero bytes become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "?")


def texts(group: h5py.Group, name: str, values: Sequence[str]) -> None:
    """Write texts of any length."""
    stored = [storable(value) for value in values]
    group.create_dataset(name, data=stored, shape=(len(stored),), dtype=h5py.string_dtype(), track_times=False)


def read_texts(group: h5py.Group, name: str) -> list[str]:
    """Read texts."""
    return [str(value) for value in group[name].asstr()[()]]
