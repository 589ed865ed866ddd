"""What a survey is judged by, measured from the recording and from what processing covered."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dualsense import integrity, survey
from dualsense.constants import C0_M_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dualsense.result import Result
    from dualsense.scan import EmiData, GprData, Scan
    from dualsense.verdict._limits import Limits

    Real = NDArray[np.float64]
    Places = tuple[Real, Real]
    """Of samples that break a limit, and of the others."""

NAN = float("nan")
WORST_CELLS, WORST_SAMPLES = 0.99, 0.95
"""Quantiles: one place in a hundred, a twentieth of the way, may be worse than what a mark says."""
NARROW_M = 0.06
"""A line no wider than this is one pass, and has no spacing."""
ENDS = 0.1
"""Of a recording, whose medians tell its drift."""
THIRD = math.sqrt(20.0)
"""Standard deviation of third differences of white noise over its own: 1, 3, 3 and 1 squared."""


class Measured(NamedTuple):
    """What was measured.

    Attributes
    ----------
    values
        By the names of `Limits`; what this recording cannot tell is missing, what it should tell is NaN.
    way_m : (ny, nx)
        From each cell of the map to the nearest place of the sensor that is farthest from it, over the ground that
        each sensor's own passes span; NaN elsewhere.
    places
        Of each sensor's samples, x and y in metres, by the limit that some of them break.
    """

    values: dict[str, float]
    way_m: Real
    places: dict[str, list[Places]]


class _Samples(NamedTuple):
    """Where a sensor was: places (n, 3), times (n,), and how the head was turned (n, 3, 3)."""

    at_m: Real
    time_s: Real
    rotation: Real


def measure(scan: Scan, result: Result, limits: Limits) -> Measured:
    """Measure all that has a limit, and find the samples that break one, where their sensor was."""
    track = survey.track_at(scan.pose, scan.pose.time_s)
    seen = track.covered & np.isfinite(track.position_m).all(axis=1)
    at, time = track.position_m[seen], scan.pose.time_s[seen]
    head = _Samples(at, time, track.rotation[seen])
    sensors = [_samples(scan, data) for data in (scan.emi, scan.gpr) if data is not None and data.time_s.size]
    sensors = [one for one in sensors if one.time_s.size] or [head]
    way_m = _way_m(result, sensors)
    line = survey.find_line(np.concatenate([one.at_m for one in sensors]))
    single = line is not None and line.width_m <= NARROW_M
    values = {} if single else {"line_spacing_m": 2.0 * _quantile(way_m, WORST_CELLS)}
    heights = [_quantile(one.at_m[:, 2], WORST_SAMPLES) for one in sensors]
    values["height_m"] = max(heights) if np.isfinite(heights).all() else NAN
    values["speed_m_s"] = _quantile(_speed_m_s(at, time), WORST_SAMPLES)
    if scan.pose.orientation is not None:
        values["tilt_deg"] = _quantile(_tilt_deg(head), WORST_SAMPLES)
    values["tracking_gap_s"] = _gap_s(scan, time)
    for sensor in ("emi", "gpr"):
        values[f"{sensor}_coverage"] = result.sensor_coverage.get(sensor, 0.0)
    values["not_believed"] = max((part for _, part in _doubted(scan, result)), default=NAN)
    if scan.gpr is not None and scan.gpr.time_s.size:
        spacing = _sounding_spacing(scan, scan.gpr, result.relative_permittivity)
        values |= {"sounding_spacing": spacing, "gpr_noise": _noise(scan.gpr)}
    if scan.emi is not None and scan.emi.time_s.size:
        values |= {"emi_noise": _noise(scan.emi), "emi_drift": _drift(scan.emi)}
    return Measured(values, way_m, _broken(sensors, head, limits, tilts=scan.pose.orientation is not None))


def _samples(scan: Scan, data: EmiData | GprData) -> _Samples:
    """Where a sensor's samples were taken, those that the track covers."""
    track = survey.track_at(scan.pose, data.time_s)
    at_m = survey.lever_arm(track, 0.5 * (data.tx_position_m + data.rx_position_m), data.channel)
    seen = track.covered & np.isfinite(at_m).all(axis=1)
    return _Samples(at_m[seen], data.time_s[seen], track.rotation[seen])


def _tilt_deg(samples: _Samples) -> Real:
    tilt: Real = np.degrees(np.arccos(np.clip(samples.rotation[:, 2, 2], -1.0, 1.0)))
    return tilt


def _broken(sensors: list[_Samples], head: _Samples, limits: Limits, *, tilts: bool) -> dict[str, list[Places]]:
    """Give the places of each sensor's samples that break a limit, beside those of its others.

    What one sensor did too high is not mended by where the other passed.
    """
    head_speed_m_s = _speed_m_s(head.at_m, head.time_s)
    out: dict[str, list[Places]] = {}
    for one in sensors:
        speed_m_s = np.interp(one.time_s, head.time_s, head_speed_m_s) if head.time_s.size else np.zeros(0)
        each = {"height_m": one.at_m[:, 2], "speed_m_s": speed_m_s}
        if tilts:
            each["tilt_deg"] = _tilt_deg(one)
        for name, value in each.items():
            limit = getattr(limits, name)
            bad = np.zeros(value.size, dtype=bool) if limit is None else value > limit.amber
            if bad.any():
                out.setdefault(name, []).append((one.at_m[bad, :2], one.at_m[~bad, :2]))
    return out


def _quantile(values: Real, part: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.quantile(known, part)) if known.size else NAN


def _way_m(result: Result, sensors: list[_Samples]) -> Real:
    """From each cell of the patch to the nearest place of the sensor that is farthest from it.

    Of each sensor only over the ground that its own passes span: beside them it is not covered, which is another
    mark.
    """
    from scipy.spatial import cKDTree  # noqa: PLC0415 - slow to import

    cover = result.coverage
    way_m = np.full(cover.patch.shape, np.nan)
    for one in sensors:
        if not one.time_s.size:
            continue
        row, column = np.nonzero(cover.patch & survey.patch_cells(cover.grid, one.at_m))
        if row.size:
            cells = np.column_stack([cover.grid.x_m[column], cover.grid.y_m[row]])
            own, _ = cKDTree(one.at_m[:, :2]).query(cells)
            way_m[row, column] = np.fmax(way_m[row, column], own)
    return way_m


def _gap_s(scan: Scan, posed_s: Real) -> float:
    """Longest time without a pose, from the first sample of any sensor to the last."""
    if not posed_s.size:
        return NAN
    sampled = [data.time_s for data in (scan.emi, scan.gpr) if data is not None and data.time_s.size]
    ends = [float(edge(time)) for time in (posed_s, *sampled) for edge in (np.min, np.max)]
    known = np.concatenate([[min(ends)], np.sort(posed_s), [max(ends)]])
    return float(np.diff(known).max())


def _speed_m_s(at_m: Real, time_s: Real) -> Real:
    if time_s.size < 2:
        return np.zeros(time_s.size)
    speed: Real = np.hypot(np.gradient(at_m[:, 0], time_s), np.gradient(at_m[:, 1], time_s))
    return speed


def _doubted(scan: Scan, result: Result) -> Iterator[tuple[str, float]]:
    """Part of each stream's samples that are not believed."""
    for sensor in ("emi", "gpr", "pose"):
        data = getattr(scan, sensor)
        if data is not None and data.time_s.size:
            channel = getattr(data, "channel", None)
            yield sensor, float(integrity.doubted(result.doubts, sensor, data.time_s, channel=channel).mean())


def _sounding_spacing(scan: Scan, radar: GprData, relative_permittivity: float) -> float:
    """Way between soundings of a channel over half of the shortest wave in the soil, on the middle."""
    if radar.frequency_hz is not None:
        highest_hz = float(radar.frequency_hz.max())
    elif radar.sample_time_s is not None and radar.sample_time_s.size > 1:
        power = np.abs(np.fft.rfft(np.nan_to_num(radar.data.real), axis=1)) ** 2
        hz = np.fft.rfftfreq(radar.data.shape[1], float(np.median(np.diff(radar.sample_time_s))))
        whole = np.cumsum(power.mean(axis=0))
        highest_hz = float(hz[np.searchsorted(whole, 0.95 * whole[-1]).clip(0, hz.size - 1)])
    else:
        return NAN
    at = survey.track_at(scan.pose, radar.time_s).position_m
    steps = [np.hypot(*np.diff(at[radar.channel == own, :2], axis=0).T) for own in np.unique(radar.channel)]
    middle = _quantile(np.concatenate(steps), 0.5)
    soil = relative_permittivity if math.isfinite(relative_permittivity) else 1.0
    wave_m = C0_M_S / (highest_hz * math.sqrt(soil)) if highest_hz > 0.0 else NAN
    return 2.0 * middle / wave_m


def _noise(data: EmiData | GprData) -> float:
    """Tell the standard deviation of white noise by third differences in time, of the middle column."""
    columns = []
    for own in np.unique(data.channel):
        values = data.data[data.channel == own]
        third = np.diff(values, n=3, axis=0)
        if third.shape[0]:
            columns.append(np.nanmedian(np.abs(third), axis=0))
    # the median of a normal value's size is 0.6745 deviations, of a complex one's 1.1774
    scale = 1.1774 if np.iscomplexobj(data.data) else 0.6745
    return float(np.nanmedian(columns)) / scale / THIRD if columns else NAN


def _drift(metal: EmiData) -> float:
    """Tell how far medians of the first and last tenth lie apart, of the column that moves most."""
    largest = 0.0
    for own in np.unique(metal.channel):
        values = metal.data[metal.channel == own]
        count = max(1, round(ENDS * len(values)))
        first, last = (np.nanmedian(part.real, axis=0) + 1j * np.nanmedian(part.imag, axis=0)
                       for part in (values[:count], values[-count:]))  # fmt: skip
        moved = np.abs(last - first)
        largest = max(largest, float(np.nanmax(moved))) if np.isfinite(moved).any() else NAN
    return largest
