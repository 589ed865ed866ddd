"""One recorded or simulated sweep as frozen arrays and axes; all it does is show itself.

Axis order, everywhere: soundings first, then frequency, gate or sample time. Local frame: metres, x along
the lane, y to its left, z up, z = 0 the nominal ground surface. Time dependence e^{+i omega t}. Missing
values are NaN.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray

SensorName = Literal["gpr", "emi"]
SensorOrPose = Literal["gpr", "emi", "pose"]
Severity = Literal["info", "degraded", "failed"]
GprModality = Literal["sfcw", "impulse"]
EmiModality = Literal["frequency", "pulse"]
Source = Literal["recorded", "simulated", "unknown"]
SENSOR_NAMES: Mapping[SensorOrPose, str] = {"emi": "metal detector", "gpr": "radar", "pose": "position tracking"}
SEVERITIES: tuple[Severity, ...] = ("failed", "degraded", "info")


@dataclass(frozen=True, slots=True)
class ScanHeader:
    """What the file says of itself. Optional entries are None where the file is silent.

    Attributes
    ----------
    origin_wgs84
        Latitude and longitude in degrees, ellipsoidal height in metres, and the azimuth of +x in degrees
        clockwise from north.
    """

    scan_id: str
    created: str
    instrument: str
    format_version: str = "1.0"
    source: Source = "unknown"
    site: str | None = None
    operator: str | None = None
    notes: str | None = None
    origin_wgs84: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """Track of the head reference point.

    Attributes
    ----------
    time_s : (p,) float64
    position_m : (p, 3) float64
    orientation : (p, 4) float64 or None
        Unit quaternion w, x, y, z, head to local; None is the identity.
    position_std_m : (p, 3) float64 or None
        One standard deviation of the tracking error.
    """

    time_s: NDArray[np.float64]
    position_m: NDArray[np.float64]
    orientation: NDArray[np.float64] | None = None
    position_std_m: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class GprData:
    """Radar soundings.

    Attributes
    ----------
    modality
        "sfcw": ``data`` is a transfer function over ``frequency_hz``; "impulse": a trace over
        ``sample_time_s``. The other axis is None.
    time_s : (n,) float64
    data : (n, k) complex64, complex128 or float64
        Scaled (integer files are converted with their scale and offset). NaN where missing.
    tx_position_m, rx_position_m : (c, 3) float64
        Antennas in the head frame, one row per channel.
    channel : (n,) intp
        Row of the antenna tables that made each sounding.
    system_delay_s
        To be subtracted from every delay.
    reference : (k,) complex or float, or None
        The same head in free air.
    """

    modality: GprModality
    time_s: NDArray[np.float64]
    data: NDArray[Any]
    tx_position_m: NDArray[np.float64]
    rx_position_m: NDArray[np.float64]
    channel: NDArray[np.intp]
    frequency_hz: NDArray[np.float64] | None = None
    sample_time_s: NDArray[np.float64] | None = None
    system_delay_s: float = 0.0
    polarisation: str | None = None
    reference: NDArray[Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class EmiData:
    """Induction soundings: coil response per unit transmitter current.

    Attributes
    ----------
    modality
        "frequency": complex ``data`` over ``frequency_hz``; "pulse": real ``data`` over ``gate_time_s``.
    time_s : (m,) float64
    data : (m, k) complex128 or float64, V/A
    tx_radius_m, rx_radius_m : (c,) float64
    tx_position_m, rx_position_m : (c, 3) float64
        Coil centres in the head frame, one row per channel; axes along +z of the head.
    tx_turns, rx_turns : (c,) float64
    channel : (m,) intp
    gate_time_s : (k, 2) float64 or None
        Start and end of each gate after switch-off.
    """

    modality: EmiModality
    time_s: NDArray[np.float64]
    data: NDArray[Any]
    tx_radius_m: NDArray[np.float64]
    rx_radius_m: NDArray[np.float64]
    tx_position_m: NDArray[np.float64]
    rx_position_m: NDArray[np.float64]
    tx_turns: NDArray[np.float64]
    rx_turns: NDArray[np.float64]
    channel: NDArray[np.intp]
    frequency_hz: NDArray[np.float64] | None = None
    gate_time_s: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What was really buried. Only for scoring; no processing step reads it.

    Attributes
    ----------
    x_m, y_m, depth_m, size_x_m, size_y_m, size_z_m : (t,) float64
        ``depth_m`` is that of the top of the object.
    label, model : tuple of str
        "mine", "metal", "rock", "root", "void", ...; the model may be empty.
    scene
        The attributes of ``/truth``: soil and whatever else the scene was made with.
    """

    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    depth_m: NDArray[np.float64]
    size_x_m: NDArray[np.float64]
    size_y_m: NDArray[np.float64]
    size_z_m: NDArray[np.float64]
    label: tuple[str, ...]
    model: tuple[str, ...]
    scene: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the data that limits what can be said.

    Attributes
    ----------
    sensor
        "gpr", "emi" or "pose".
    severity
        "info": counted and mended; "degraded": part of the sensor's data is gone; "failed": the whole
        sensor cannot be used, and where it was needed the ground is not assessable.
    path
        Dataset in the file, such as "/gpr/data".
    message
        One sentence with the numbers.
    code
        Of its kind, one of :data:`dualsense.faults.KINDS`; empty where only the sentence is known.
    values
        What the sentence is worded with, for who words it anew.
    """

    sensor: SensorOrPose
    severity: Severity
    path: str
    message: str
    code: str = ""
    values: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """A sweep: its header, the head's track, and one or both sensors.

    A sensor is None when the file has none, or when it failed; then ``faults`` says why.
    ``sha256`` is that of the file's bytes (or of a simulated scan's arrays), for provenance; of a foreign file
    that was read with options, that of both. ``imported`` tells of one its format, name, hash and options.
    """

    header: ScanHeader
    pose: Pose
    gpr: GprData | None = None
    emi: EmiData | None = None
    truth: Truth | None = None
    faults: tuple[Fault, ...] = ()
    sha256: str = ""
    imported: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return facts_text(shown_as("scan", self.header), _scan_facts(self))

    def _repr_html_(self) -> str:
        """Return a table of what the scan holds, for notebooks."""
        return facts_html(shown_as("scan", self.header), _scan_facts(self))


Facts = list[tuple[str, str]]
"""Name and value of each line that is shown of a scan or a result."""


def facts_text(title: str, facts: Facts) -> str:
    """Set facts below a title, one a line."""
    return "\n".join((title, *(f"  {name}: {plain(value, 160)}" for name, value in facts)))


def facts_html(title: str, facts: Facts) -> str:
    """Set facts in a small table, escaped."""
    shown = ((escape(name), escape(plain(value, 160))) for name, value in facts)
    rows = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in shown)
    return f"<table><caption>{escape(title)}</caption>{rows}</table>"


def plain(text: str, limit: int | None = None) -> str:
    """Text of a foreign file made fit to show: no control characters, no halves of characters, one line.

    Parameters
    ----------
    text
        Anything a scan file may hold.
    limit
        Longest text to return; what is longer ends in an ellipsis.
    """
    if text.isprintable():  # as nearly all are: nothing to look for
        return _shortened(" ".join(text.split()), limit)
    shown = "".join(" " if unicodedata.category(letter) in {"Cc", "Zl", "Zp"} else letter for letter in text)
    shown = shown.encode("utf-8", "replace").decode("utf-8")
    return _shortened(" ".join(shown.split()), limit)


def _shortened(shown: str, limit: int | None) -> str:
    if limit is not None and len(shown) > limit:
        return shown[: limit - 1].rstrip() + "…"
    return shown


def shown_as(what: str, header: ScanHeader) -> str:
    """Title of a scan or a result, which says in capitals where it is simulated."""
    return f"SIMULATED {what}" if header.source == "simulated" else what.capitalize()


def fault_counts(faults: Iterable[Fault]) -> str:
    """How many faults of each severity there are, the gravest first."""
    given = [fault.severity for fault in faults]
    counts = [f"{given.count(severity)} {severity}" for severity in SEVERITIES if severity in given]
    return ", ".join(counts) or "none known"


def failure(faults: Iterable[Fault], sensor: SensorOrPose) -> str:
    """Say why a sensor failed; empty when it did not."""
    return next((f"FAILED, {f.message}" for f in faults if f.sensor == sensor and f.severity == "failed"), "")


def _scan_facts(scan: Scan) -> Facts:
    facts: Facts = [("id", scan.header.scan_id or "none")]
    streams: tuple[tuple[SensorName, GprData | EmiData | None], ...] = (("emi", scan.emi), ("gpr", scan.gpr))
    for name, data in streams:
        failed = failure(scan.faults, name)
        facts.append((SENSOR_NAMES[name], failed or ("not recorded" if data is None else _samples(data))))
    facts.append(("track", failure(scan.faults, "pose") or _track(scan.pose)))
    return [*facts, ("faults", fault_counts(scan.faults))]


def _samples(data: GprData | EmiData) -> str:
    rows, columns = data.data.shape
    axis = {"sfcw": "frequencies", "frequency": "frequencies", "impulse": "samples", "pulse": "gates"}
    channels = len(data.tx_position_m)
    shape = f"{rows} soundings of {columns} {axis[data.modality]}"
    return f"{shape}{f' in {channels} channels' if channels > 1 else ''}, {_span(data.time_s):.1f} s"


def _track(pose: Pose) -> str:
    along_m, across_m = (_span(pose.position_m[:, axis]) for axis in (0, 1))
    return f"{len(pose.time_s)} positions in {_span(pose.time_s):.1f} s within {along_m:.2f} × {across_m:.2f} m"


def _span(values: NDArray[np.float64]) -> float:
    known = values[abs(values) < math.inf]
    return float(known.max() - known.min()) if known.size else 0.0
