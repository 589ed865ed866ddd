"""Marks of GSSI's instruments: codes over the second sample of each trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.errors import ScanError, UsageError
from dualsense.io._importers.options import MIN_SPACING_M, is_number, whole_option
from dualsense.io._text import one_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

MARK_SAMPLE, MARK_STEP, MAX_CODES, MARKS_TOLD = 1, 8, 8, 12
"""Number of the sample that marks are written over, difference of two codes at the least, how many codes there
are, and how many marks are told."""
MAX_MARKED, MAX_PLACE_M = 0.2, 1e3
"""Part of the traces that carry a mark at most, and metres between two marks."""


def find_marks(counts: NDArray[Any]) -> NDArray[np.intp]:
    """Numbers of the traces that the operator marked, or the wheel.

    Instruments write a code over the second sample of every trace, and other ones where a button was pressed or
    the wheel had turned so far: few values, far from each other. Where that sample is a signal its values are
    many, or neighbours.

    Parameters
    ----------
    counts : (n, k)
        As recorded.

    Returns
    -------
    (m,) intp
        Empty where there are none.
    """
    column = counts[:, MARK_SAMPLE].astype(np.int64)
    values, which, number = np.unique(column, return_inverse=True, return_counts=True)
    usual = int(number.argmax())
    apart = np.abs(np.delete(values, usual) - values[usual])
    least = (
        MARK_STEP if counts.dtype.itemsize == 1 else MARK_STEP << 8
    )  # codes stand in the second byte of longer words
    few = 2 <= values.size <= MAX_CODES and number[usual] >= (1.0 - MAX_MARKED) * len(counts)
    if not few or apart.min() < least:
        return np.zeros(0, np.intp)
    return np.flatnonzero(which != usual)


def marks_of(frames: NDArray[Any], channel: int) -> NDArray[np.intp]:
    """Find the marks of a channel, or of another that has them: the button is the instrument's.

    Parameters
    ----------
    frames : (n, c, k)
        As recorded.
    channel
    """
    order = [channel, *(c for c in range(frames.shape[1]) if c != channel)]
    return next((found for c in order if (found := find_marks(frames[:, c])).size), np.zeros(0, np.intp))


def check_marks(marks: NDArray[np.intp], marker_samples: int, name: str) -> None:
    """Raise UsageError where marks (m,) would stand among the samples."""
    if marks.size and marker_samples <= MARK_SAMPLE:
        found = f"sample {MARK_SAMPLE} holds {marks.size} marks"
        msg = f"{name}: marker_samples must be {MARK_SAMPLE + 1} or more: {found}"
        raise UsageError(msg)


def marks_told(marks: NDArray[np.intp], *, used: bool) -> str:
    """Say in a sentence which traces (m,) are marked, and whether that gives the places; empty without marks."""
    if not marks.size:
        return ""
    numbers = ", ".join(map(str, marks[:MARKS_TOLD].tolist())) + (", ..." if marks.size > MARKS_TOLD else "")
    use = "they give the places" if used else "mark_spacing_m would take the places from them"
    return f" {marks.size} marks in sample {MARK_SAMPLE} (traces {numbers}); {use}."


def along_marks(marks: NDArray[np.intp], count: int, stated_m: Any, first: int, name: str) -> NDArray[np.float64]:
    """Give places (n,) of traces between marks, and beyond the outer ones as between these and their neighbours.

    Parameters
    ----------
    marks : (m,)
        Numbers of traces.
    count
        Of all traces.
    stated_m
        Between two marks.
    first
        Number of the mark at 0.
    name
        What messages call the file.

    Raises
    ------
    ScanError
        Too few marks.
    UsageError
        An option is out of range.
    """
    if not (is_number(stated_m) and MIN_SPACING_M <= stated_m <= MAX_PLACE_M):
        msg = f"{name}: mark_spacing_m must be a positive number of metres, got {stated_m!r:.80}"
        raise UsageError(one_line(msg))
    first = whole_option(name, "first_mark", first)
    used = marks[first:] if first >= 0 else marks[:0]
    if len(used) < 2:
        msg = f"{name}: found {len(marks)} marks, expected at least 2 from mark {first} on; state trace_spacing_m"
        raise ScanError(msg)
    at_m = float(stated_m) * np.arange(len(used))
    index = np.arange(count, dtype=np.float64)
    along = np.interp(index, used, at_m)
    before, after = index < used[0], index > used[-1]
    along[before] = (index[before] - used[0]) * stated_m / (used[1] - used[0])
    along[after] = at_m[-1] + (index[after] - used[-1]) * stated_m / (used[-1] - used[-2])
    return along
