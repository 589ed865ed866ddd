"""What a scan file holds, said without reading its samples."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.io import read_scan
from dualsense.render import fault_document
from dualsense.survey import coverage, coverage_fractions, grid_around, lever_arm, track_at

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.scan import EmiData, Fault, GprData, Pose, ScanHeader, SensorOrPose

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class StreamSummary:
    """One stream of the scan.

    Attributes
    ----------
    name
        "pose", "gpr" or "emi".
    shape
        Of its samples: soundings, then frequencies, gates or sample times.
    rate_hz
        Median over the stream.
    measures
        A few words: modality, band, channels.
    coverage_fraction
        Part of the patch it covered; NaN for the pose.
    """

    name: SensorOrPose
    shape: tuple[int, ...]
    rate_hz: float
    first_s: float
    last_s: float
    measures: str
    coverage_fraction: float = NAN


@dataclass(frozen=True, slots=True)
class ScanSummary:
    """What a scan file holds.

    Attributes
    ----------
    extent_m
        Least and greatest x, then y, of the head.
    area_m2
        Of the patch, the hull of the track.
    coverage_fraction
        Part of the patch that both sensors covered.
    samples_read
        Whether ``faults`` are those of the samples too, or of the axes only.
    """

    path: str
    size_bytes: int
    header: ScanHeader
    duration_s: float
    extent_m: tuple[float, float, float, float]
    area_m2: float
    coverage_fraction: float
    streams: tuple[StreamSummary, ...]
    faults: tuple[Fault, ...]
    samples_read: bool

    def as_dict(self) -> dict[str, Any]:
        """Return plain objects for JSON; what is not known is None."""
        header = self.header
        return {
            "schema": "dualsense-info",
            "schema_version": "1.0",
            "path": self.path,
            "size_bytes": self.size_bytes,
            "scan_id": header.scan_id,
            "created": header.created,
            "instrument": header.instrument,
            "format_version": header.format_version,
            "source": header.source,
            "site": header.site,
            "operator": header.operator,
            "notes": header.notes,
            "origin_wgs84": header.origin_wgs84,
            "duration_s": _finite(self.duration_s),
            "extent_m": [_finite(value) for value in self.extent_m],
            "area_m2": _finite(self.area_m2),
            "coverage_fraction": _finite(self.coverage_fraction),
            "streams": {
                stream.name: {
                    "shape": list(stream.shape),
                    "rate_hz": _finite(stream.rate_hz),
                    "first_s": _finite(stream.first_s),
                    "last_s": _finite(stream.last_s),
                    "measures": stream.measures,
                    "coverage_fraction": _finite(stream.coverage_fraction),
                }
                for stream in self.streams
            },
            "faults": [fault_document(fault) for fault in self.faults],
            "samples_read": self.samples_read,
        }


def summarise(path: str | os.PathLike[str], *, with_data: bool = False) -> ScanSummary:
    """Summarise a scan file.

    Parameters
    ----------
    path
        A file of the scan format.
    with_data
        Read the samples too, so that the faults in them are found as well.

    Returns
    -------
    ScanSummary

    Raises
    ------
    ScanError
        When the file is no scan.
    """
    scan = read_scan(path, with_data=with_data, with_truth=False)
    emi_m = None if scan.emi is None else _midpoints(scan.pose, scan.emi)
    gpr_m = None if scan.gpr is None else _midpoints(scan.pose, scan.gpr)
    head_m = scan.pose.position_m
    grid = grid_around(head_m)
    area_m2, part, both = coverage_fractions(coverage(grid, head_m=head_m, emi_m=emi_m, gpr_m=gpr_m))
    streams = [StreamSummary("pose", scan.pose.position_m.shape, *_clock(scan.pose.time_s), _tracking(scan.pose))]
    if scan.emi is not None:
        streams.append(
            StreamSummary("emi", scan.emi.data.shape, *_clock(scan.emi.time_s), _emi_words(scan.emi), part["emi"])
        )
    if scan.gpr is not None:
        streams.append(
            StreamSummary("gpr", scan.gpr.data.shape, *_clock(scan.gpr.time_s), _gpr_words(scan.gpr), part["gpr"])
        )
    return ScanSummary(
        path=str(path),
        size_bytes=Path(path).stat().st_size,
        header=scan.header,
        duration_s=max(s.last_s for s in streams) - min(s.first_s for s in streams),
        extent_m=_extent(head_m),
        area_m2=area_m2,
        coverage_fraction=both,
        streams=tuple(streams),
        faults=scan.faults,
        samples_read=with_data,
    )


def _midpoints(pose: Pose, sensor: GprData | EmiData) -> NDArray[np.float64]:
    offset_m = (sensor.tx_position_m + sensor.rx_position_m) / 2.0
    return lever_arm(track_at(pose, sensor.time_s, smoothing_s=0.0), offset_m, sensor.channel)


def _clock(time_s: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the median rate, the first and the last time."""
    rate_hz = 1.0 / float(np.median(np.diff(time_s))) if time_s.size > 1 else NAN
    return rate_hz, float(time_s[0]), float(time_s[-1])


def _extent(position_m: NDArray[np.float64]) -> tuple[float, float, float, float]:
    x, y = position_m[:, 0], position_m[:, 1]
    return float(np.nanmin(x)), float(np.nanmax(x)), float(np.nanmin(y)), float(np.nanmax(y))


def _tracking(pose: Pose) -> str:
    words = ["position"] if pose.orientation is None else ["position, orientation"]
    if pose.position_std_m is not None:
        words.append(f"±{1e3 * float(np.nanmax(pose.position_std_m)):.0f} mm")
    return ", ".join(words)


def _emi_words(emi: EmiData) -> str:
    if emi.modality == "frequency":
        band = _span(emi.frequency_hz, ((1e3, "kHz"), (1.0, "Hz")))
    else:
        band = "gates " + _span(emi.gate_time_s, ((1e-3, "ms"), (1e-6, "µs")))
    return _words(emi.modality, band, len(emi.tx_radius_m))


def _gpr_words(gpr: GprData) -> str:
    if gpr.modality == "sfcw":
        band = _span(gpr.frequency_hz, ((1e9, "GHz"), (1e6, "MHz")))
    else:
        band = "traces " + _span(gpr.sample_time_s, ((1e-9, "ns"),))
    return _words(gpr.modality, band, len(gpr.tx_position_m))


def _words(modality: str, band: str, channels: int) -> str:
    return f"{modality}, {band}" + (f", {channels} channels" if channels > 1 else "")


def _span(values: NDArray[np.float64] | None, units: Sequence[tuple[float, str]]) -> str:
    """Return "0.8 to 3.2 GHz", in the first unit that the largest value fills."""
    if values is None or values.size == 0:
        return "no axis"
    low, high = float(values.min()), float(values.max())
    scale, unit = next((pair for pair in units if high >= pair[0]), units[-1])
    return f"{low / scale:.3g} to {high / scale:.3g} {unit}"


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
