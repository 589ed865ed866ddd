"""One recorded or simulated sweep as frozen arrays and axes, without behaviour.

Axis order, everywhere: soundings first, then frequency, gate or sample time. Local frame: metres, x along
the lane, y to its left, z up, z = 0 the nominal ground surface. Time dependence e^{+i omega t}. Missing
values are NaN.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

SensorName = Literal["gpr", "emi"]
SensorOrPose = Literal["gpr", "emi", "pose"]
Severity = Literal["info", "degraded", "failed"]
GprModality = Literal["sfcw", "impulse"]
EmiModality = Literal["frequency", "pulse"]
Source = Literal["recorded", "simulated", "unknown"]


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
    ``sha256`` is that of the file's bytes (or of a simulated scan's arrays), for provenance.
    """

    header: ScanHeader
    pose: Pose
    gpr: GprData | None = None
    emi: EmiData | None = None
    truth: Truth | None = None
    faults: tuple[Fault, ...] = ()
    sha256: str = ""
