"""Lines as one scan: each a channel of its own, one after another on the scan's clock."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.errors import ScanError
from dualsense.io._text import single_line
from dualsense.scan import GprData, Pose, Scan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.io._importers.layout import Place

    Real = NDArray[np.float64]

PAUSE_S = 2.0
"""Between two lines on the scan's clock: longer than any gap in a track that is bridged."""
SAME = 1e-6
"""Relative difference of sampling intervals or tones that are taken for the same."""
MIN_LINE_M, MIN_LINE_TRACES = 0.15, 3
"""Of each line: shorter ones have no direction, and one of them would keep the area from being taken for lines."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One line at its place: the scan it came from, its radar, the track of its poses (p, 3) and its error."""

    scan: Scan
    gpr: GprData
    track_m: Real
    place: Place
    std_m: Real | None = None
    offset_m: float | None = None

    @classmethod
    def of(cls, scan: Scan, place: Place, name: str) -> Part:
        """Lay a line where it belongs; a ScanError where it is none."""
        if scan.gpr is None or scan.emi is not None:
            msg = f"{name}: found a scan of the metal detector, expected lines of the radar alone"
            raise ScanError(msg)
        at_m = scan.pose.position_m
        along_m = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(at_m[:, :2], axis=0), axis=1))])
        length_m = float(along_m[-1])
        if length_m <= 0.0:
            msg = f"{name}: found a line without length, expected traces at different places"
            raise ScanError(msg)
        lies_m, rows = length_m if place.length_m is None else place.length_m, len(scan.gpr.data)
        if lies_m < MIN_LINE_M or rows < MIN_LINE_TRACES:
            found = f"found a line of {lies_m:.3g} m and {rows} traces"
            msg = f"{name}: {found}, expected at least {MIN_LINE_M:g} m and {MIN_LINE_TRACES}; leave it out"
            raise ScanError(msg)
        if place.length_m is not None:
            along_m = along_m * (place.length_m / length_m)
        c, s = place.direction
        track_m = np.column_stack([place.start_m[0] + c * along_m, place.start_m[1] + s * along_m, at_m[:, 2]])
        turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
        gpr = replace(
            scan.gpr,
            tx_position_m=scan.gpr.tx_position_m @ turn.T,
            rx_position_m=scan.gpr.rx_position_m @ turn.T,
        )
        return cls(scan, gpr, track_m, place)


def joined(lines: list[Part], names: list[str], scan_id: str) -> Scan:
    """Put lines one after another, each with channels and a time of its own.

    Parameters
    ----------
    lines
        At their places.
    names
        What messages call them.
    scan_id
        Of the scan.

    Raises
    ------
    ScanError
        A line was sampled otherwise than the first.
    """
    axis, delay_s, data = _common(lines, names)
    data, reference = _one_reference(lines, data, names)
    begin_s, first, times, poses, channels = 0.0, 0, [], [], []
    for line in lines:
        start_s = min(line.scan.pose.time_s[0], line.gpr.time_s[0])
        times.append(line.gpr.time_s - start_s + begin_s)
        poses.append(line.scan.pose.time_s - start_s + begin_s)
        channels.append(line.gpr.channel + first)
        first += len(line.gpr.tx_position_m)
        begin_s = max(times[-1][-1], poses[-1][-1]) + PAUSE_S
    one = lines[0].gpr
    gpr = replace(
        one,
        time_s=np.concatenate(times),
        data=np.concatenate(data),
        tx_position_m=np.concatenate([line.gpr.tx_position_m for line in lines]),
        rx_position_m=np.concatenate([line.gpr.rx_position_m for line in lines]),
        channel=np.concatenate(channels),
        sample_time_s=axis if one.modality == "impulse" else None,
        system_delay_s=delay_s,
        reference=reference,
    )
    told = [_told(line, name) for line, name in zip(lines, names, strict=True)]
    text = json.dumps(told, sort_keys=True)
    header = replace(
        lines[0].scan.header,
        scan_id=single_line(scan_id),
        notes=f"{len(lines)} lines as one area, each a channel: {', '.join(names)}. First of them: "
        f"{lines[0].scan.header.notes}",
    )
    return Scan(
        header,
        Pose(np.concatenate(poses), np.concatenate([line.track_m for line in lines]), None, _std_m(lines)),
        gpr,
        faults=tuple(dict.fromkeys(fault for line in lines for fault in line.scan.faults)),
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        imported={"format": f"{len(lines)} lines", "lines": text},
    )


def _std_m(lines: list[Part]) -> Real | None:
    """Deviations (p, 3) of the track, where all lines keep their own."""
    found = [line.std_m for line in lines]
    return (
        np.concatenate([one for one in found if one is not None])
        if all(one is not None for one in found)
        else None
    )


def _told(line: Part, name: str) -> dict[str, Any]:
    place = line.place
    return {
        "file": name,
        "sha256": line.scan.sha256,
        "import": dict(line.scan.imported),
        "start_m": list(place.start_m),
        "direction": list(place.direction),
        "length_m": place.length_m,
        **({} if line.offset_m is None else {"offset_m": line.offset_m}),
    }


def _common(lines: list[Part], names: list[str]) -> tuple[Real | None, float, list[NDArray[Any]]]:
    """Bring all lines to the samples or tones and the delay of the first; a line's reference is its last row."""
    one = lines[0].gpr
    tones = one.frequency_hz
    if tones is not None:
        for line, name in zip(lines, names, strict=True):
            own = line.gpr.frequency_hz
            if own is None or own.shape != tones.shape or not np.allclose(own, tones, rtol=SAME):
                msg = f"{name}: found other frequencies than in {names[0]}, expected the same of all lines"
                raise ScanError(msg)
        late_s = [line.gpr.system_delay_s - one.system_delay_s for line in lines]
        # a delay turns tones by exp(-i omega delay): what a line has more of it is taken off here
        turned = [
            _rows(line.gpr) * np.exp(2j * np.pi * tones * own) if own else _rows(line.gpr)
            for line, own in zip(lines, late_s, strict=True)
        ]
        return None, one.system_delay_s, turned
    axes = []
    for line, name in zip(lines, names, strict=True):
        axis = line.gpr.sample_time_s
        if axis is None or axis.size < 2:
            msg = f"{name}: found tones and no traces as in {names[0]}, expected the same of all lines"
            raise ScanError(msg)
        axes.append(axis - line.gpr.system_delay_s)
    steps = [float(axis[1] - axis[0]) for axis in axes]
    odd = next((n for n, step in enumerate(steps) if abs(step - steps[0]) > SAME * steps[0]), None)
    if odd is not None:
        found = f"found samples every {1e9 * steps[odd]:.6g} ns, and every {1e9 * steps[0]:.6g} in {names[0]}"
        msg = f"{names[odd]}: {found}, expected the same of all lines"
        raise ScanError(msg)
    dt_s = steps[0]
    late = [(axis[0] - axes[0][0]) / dt_s for axis in axes]
    data = [_shifted(_rows(line.gpr), samples) for line, samples in zip(lines, late, strict=True)]
    # of the first line's samples those that all lines have, whole
    first = max(0, *(int(np.ceil(samples - SAME)) for samples in late))
    last = min(int(np.floor(samples + SAME)) + axis.size for samples, axis in zip(late, axes, strict=True))
    if last - first < 2:
        msg = f"{names[0]}: found lines whose records have less than 2 samples in common"
        raise ScanError(msg)
    whole = np.arange(first, last)
    cut = [own[:, whole - int(np.floor(samples + SAME))] for own, samples in zip(data, late, strict=True)]
    return one.sample_time_s[0] + dt_s * whole if one.sample_time_s is not None else None, one.system_delay_s, cut


def _rows(gpr: GprData) -> NDArray[Any]:
    """Give soundings (n, k) and below them the reference, where there is one."""
    return gpr.data if gpr.reference is None else np.concatenate([gpr.data, gpr.reference[None]])


def _one_reference(
    lines: list[Part], data: list[NDArray[Any]], names: list[str]
) -> tuple[list[NDArray[Any]], NDArray[Any] | None]:
    """Part soundings from references, which must be one: a scan has no more."""
    found = [None if line.gpr.reference is None else own[-1] for line, own in zip(lines, data, strict=True)]
    first = found[0]
    for reference, name in zip(found, names, strict=True):
        same = reference is None and first is None
        if reference is not None and first is not None:
            least = SAME * float(np.nanmax(np.abs(first)))
            same = np.allclose(reference, first, rtol=SAME, atol=least, equal_nan=True)
        if not same:
            msg = f"{name}: found another reference than in {names[0]}, expected the same of all lines, or none"
            raise ScanError(msg)
    return data if first is None else [own[:-1] for own in data], first


def _shifted(data: NDArray[Any], samples: float) -> NDArray[Any]:
    """Move traces (n, k) later by the part of a sample that is left of ``samples``, by their spectra."""
    part = samples - np.floor(samples + SAME)
    if abs(part) <= SAME:
        return data
    size = 2 * data.shape[1]
    missing = ~np.isfinite(data)
    middle = np.nanmean(data, axis=1, keepdims=True)
    spectrum = np.fft.rfft(np.where(missing, 0.0, data - middle), size, axis=1)
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(size) * part)
    moved = np.fft.irfft(spectrum * turn, size, axis=1)[:, : data.shape[1]] + middle
    moved[missing] = np.nan
    return moved
