"""What values a file holds, and the words for them in messages."""

from __future__ import annotations

import re
from typing import Any

import h5py
import numpy as np

from dualsense.io._text import clean_text, one_line

COMPLEX_FIELDS = ({"r", "i"}, {"re", "im"}, {"real", "imag"}, {"real", "imaginary"})


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
