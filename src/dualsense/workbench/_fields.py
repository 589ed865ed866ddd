"""What a sensor's data are after a step, whatever the step works on: values over one axis, each with a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dualsense.chain import balanced_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from dualsense.chain import MetalState, RadarState
    from dualsense.result import Grid
    from dualsense.scan import Pose

    Real = NDArray[np.float64]

Kind = Literal["samples", "spectra", "traces", "rows"]
MAX_TIME_S = 10e-9
TIMES = 240
C0_M_S = 299_792_458.0


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """Soundings of one kind.

    Attributes
    ----------
    kind
        Samples in time, spectra, analytic traces, or rows of metal channels.
    values : (n, k)
    axis : (k,)
        Time of samples and traces, frequency of spectra and channels; SI.
    time_s : (n,)
    position_m : (n, 3)
    imaginary : (k,), optional
        Of rows: which channels are imaginary parts.
    """

    kind: Kind
    values: NDArray[Any]
    axis: Real
    time_s: Real
    position_m: Real
    imaginary: NDArray[np.bool_] | None = None

    def over_time(self, rows: NDArray[np.intp] | slice, times_s: Real) -> Real:
        """Give some soundings as real traces at times; NaN beyond what was recorded."""
        some = self.values[rows]
        if self.kind == "spectra":
            window = np.hanning(self.axis.size + 2)[1:-1]
            turned = np.exp(2j * np.pi * self.axis[:, None] * times_s)
            return ((some * (window / window.sum())) @ turned).real
        index = np.interp(times_s, self.axis, np.arange(self.axis.size), left=np.nan, right=np.nan)
        known = np.isfinite(index)
        out = np.full((len(some), times_s.size), np.nan)
        out[:, known] = some[:, np.rint(index[known]).astype(np.intp)].real
        return out

    def loudness(self, times_s: Real) -> Real:
        """Give the root mean square of every sounding over a stretch of time, or over all channels of a row."""
        values = self.values if self.kind == "rows" else self.over_time(slice(None), times_s)
        return np.sqrt(np.mean(np.square(np.abs(values)), axis=1))

    def spectrum(self, row: int) -> tuple[Real, Real]:
        """Give the frequencies, and the amplitudes of a sounding over them."""
        one = self.values[row]
        if self.kind in ("spectra", "rows"):
            return self.axis, np.abs(one)
        step_s = float(self.axis[1] - self.axis[0])
        frequency_hz: Real = np.arange(one.size // 2 + 1) / (one.size * step_s)
        return frequency_hz, np.abs(np.fft.rfft(np.nan_to_num(one.real)))


def radar_fields(
    states: Mapping[str, RadarState], data: Mapping[str, str], known: dict[int, Field] | None = None
) -> dict[str, Field]:
    """Give the soundings after each step of the radar that leaves any.

    Parameters
    ----------
    states
        By the names of the steps.
    data
        What each step works on, as the recipe's table of steps has it.
    known
        Fields of samples by the identity of the data that they are of: most steps leave those as they are.

    Returns
    -------
    dict
        In the order of the states.
    """
    found: dict[str, Field] = {}
    known = {} if known is None else known
    for name, state in states.items():
        field = _radar_field(state, data.get(name, ""), known)
        if field is not None:
            found[name] = field
    return found


def recorded_field(state: RadarState, known: dict[int, Field] | None = None) -> Field:
    """Give the radar's data as they were recorded; ``known`` as for `radar_fields`."""
    return _recorded(state.recording, state.pose, {} if known is None else known)


def _recorded(data: Any, pose: Pose, known: dict[int, Field]) -> Field:
    if id(data) not in known:
        known[id(data)] = _as_recorded(data, pose)
    return known[id(data)]


def _as_recorded(data: Any, pose: Pose) -> Field:
    place_m = np.column_stack([np.interp(data.time_s, pose.time_s, axis) for axis in pose.position_m.T])
    if data.modality == "impulse":
        return Field("samples", data.data, data.sample_time_s - data.system_delay_s, data.time_s, place_m)
    delay = np.exp(2j * np.pi * data.frequency_hz * data.system_delay_s)
    return Field("spectra", data.data * delay, data.frequency_hz, data.time_s, place_m)


def _radar_field(state: RadarState, data: str, known: dict[int, Field]) -> Field | None:
    if data == "samples" or (state.soundings is None and state.conditioned is not None):
        return None if state.conditioned is None else _recorded(state.conditioned, state.pose, known)
    at = state.soundings
    if at is None or data in ("soil", "volume", "bodies"):
        return None
    if data in ("traces", "display"):
        traces = state.shown if data == "display" and state.shown is not None else state.traces
        if traces is None:
            return None
        times_s: Real = traces.dt_s * np.arange(traces.values.shape[1], dtype=np.float64)
        return Field("traces", traces.values, times_s, at.time_s, at.midpoint_m)
    return Field("spectra", at.spectrum, at.frequency_hz, at.time_s, at.midpoint_m)


def metal_fields(states: Mapping[str, MetalState]) -> dict[str, tuple[Field | None, Field]]:
    """Give the metal rows after each step that changes them, and what they are to be held against.

    Parameters
    ----------
    states
        By the names of the steps.

    Returns
    -------
    dict
        Before, or None, and after.
    """
    found: dict[str, tuple[Field | None, Field]] = {}
    for name, state in states.items():
        if state.response is None:
            continue
        if state.inversion is None:
            found[name] = (None, _rows(state, state.response.values))
        elif name == "invert":
            before, after = balanced_rows(state)
            found[name] = (_rows(state, before), _rows(state, after))
    return found


def _rows(state: MetalState, values: Real) -> Field:
    rows = state.response
    assert rows is not None  # noqa: S101 - asked for before
    return Field("rows", values, rows.channel_hz, rows.time_s, rows.center_m, rows.imaginary)


def section_of(field: Field, rows: NDArray[np.intp]) -> tuple[Real, Real, Real]:
    """Give the soundings of a pass as a section.

    Parameters
    ----------
    field
        Of any kind.
    rows : (m,)
        From `stroke`.

    Returns
    -------
    values : (m, k)
    along_m : (m,)
        Way along the pass.
    axis : (k,)
        Two-way time, or the number of a metal channel.
    """
    place_m = field.position_m[rows, :2]
    along_m = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(place_m, axis=0), axis=1))])
    if field.kind == "rows":
        return field.values[rows], along_m, np.arange(field.values.shape[1], dtype=np.float64)
    times_s = times_of(field)
    return field.over_time(rows, times_s), along_m, times_s


def colour_end(values: NDArray[Any], clip: float = 99.5) -> float:
    """Give the amplitude that a picture's colours end at: what so many of 100 values stay below; 1 of nothing."""
    known = np.abs(values[np.isfinite(values)])
    return (float(np.percentile(known, clip)) if known.size else 1.0) or 1.0


def nearest(field: Field, at_m: tuple[float, float]) -> int:
    """Find the sounding that was taken nearest to a place."""
    return int(np.nanargmin(np.hypot(field.position_m[:, 0] - at_m[0], field.position_m[:, 1] - at_m[1])))


def slice_of(field: Field, gate_s: tuple[float, float], grid: Grid, cell_m: float) -> tuple[Real, Real, Real]:
    """Give how loud soundings are about a time, or the rows of a metal detector, as a map.

    Parameters
    ----------
    field
        Of any kind.
    gate_s
        From when to when.
    grid
        Whose ground is mapped.
    cell_m
        Of the map.

    Returns
    -------
    mean : (rows, columns)
        NaN where nothing was taken.
    y_edges, x_edges : (rows + 1,), (columns + 1,)
    """
    loud = field.loudness(np.linspace(*gate_s, 12) if field.kind != "rows" else np.zeros(0))
    x_edges, y_edges = (np.arange(axis[0], axis[-1] + 1.5 * cell_m, cell_m) for axis in (grid.x_m, grid.y_m))
    known = np.isfinite(loud) & np.isfinite(field.position_m[:, :2]).all(axis=1)
    y, x = field.position_m[known, 1], field.position_m[known, 0]
    total, _, _ = np.histogram2d(y, x, (y_edges, x_edges), weights=loud[known])
    count, _, _ = np.histogram2d(y, x, (y_edges, x_edges))
    with np.errstate(invalid="ignore"):
        return total / count, y_edges, x_edges


def stroke(field: Field, x_m: float, y_m: float, *, reach_m: float = 0.4) -> NDArray[np.intp]:
    """Give the soundings of the one pass over a place, in the order in which they were taken.

    Parameters
    ----------
    field
        Its soundings.
    x_m, y_m
        The place; the pass is that of the nearest sounding.
    reach_m
        How far along the track to either side.

    Returns
    -------
    (m,) intp
    """
    order = np.argsort(field.time_s, kind="stable")
    place_m = field.position_m[order, :2]
    away_m = np.hypot(place_m[:, 0] - x_m, place_m[:, 1] - y_m)
    middle = int(np.nanargmin(away_m))
    low, high = max(middle - 3, 0), min(middle + 3, len(order) - 1)
    ahead = place_m[high] - place_m[low]
    size = float(np.hypot(*ahead))
    if size == 0.0:
        return order[middle : middle + 1]
    along_m = (place_m - place_m[middle]) @ (ahead / size)
    first, last = middle, middle
    while last + 1 < len(order) and along_m[last + 1] > along_m[last] - 2e-3 and along_m[last + 1] <= reach_m:
        last += 1
    while first > 0 and along_m[first - 1] < along_m[first] + 2e-3 and along_m[first - 1] >= -reach_m:
        first -= 1
    return order[first : last + 1]


def times_of(field: Field) -> Real:
    """Give times from zero to where echoes repeat themselves or the record ends, 10 ns at most."""
    end = MAX_TIME_S
    if field.kind == "spectra" and field.axis.size > 1:
        end = min(end, 1.0 / float(np.diff(field.axis).min()))
    elif field.kind != "rows":
        end = min(end, float(field.axis[-1]))
    return np.linspace(0.0, end, TIMES)
