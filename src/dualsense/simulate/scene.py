"""A scene to be simulated: soil, buried objects, instrument, motion and noise. Frozen, read from TOML.

Units are in the names. Positions are in the scan's local frame: x along the lane, y to its left, z up, z = 0 the
nominal surface; ``depth_m`` is that of an object's top.
"""

from __future__ import annotations

import itertools
import math
import tomllib
import types
import typing
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Literal

from dualsense.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Soil:
    """The ground.

    Attributes
    ----------
    relative_permittivity, conductivity_s_m, loss_tangent
        What the radar sees. The loss tangent is that of bound water, beside the conductivity.
    permittivity_std, permittivity_length_m
        Standard deviation of the permittivity, relative to its mean, and its correlation length l in
        exp(-(r / l)^2 / 2).
    roughness_rms_m, roughness_length_m
        Of the surface, with the same kind of correlation.
    susceptibility, susceptibility_loss
        chi' and chi'' (both positive, chi = chi' - i chi'') at ``susceptibility_hz``; viscous, so chi'' holds
        over the band and chi' falls with the logarithm of frequency.
    """

    relative_permittivity: float = 6.0
    conductivity_s_m: float = 0.008
    loss_tangent: float = 0.0
    permittivity_std: float = 0.04
    permittivity_length_m: float = 0.02
    roughness_rms_m: float = 0.004
    roughness_length_m: float = 0.03
    susceptibility: float = 3e-4
    susceptibility_loss: float = 2e-5
    susceptibility_hz: float = 1e4

    def __post_init__(self) -> None:
        _at_least(self, 1.0, "relative_permittivity")
        _at_least(
            self, 0.0, "conductivity_s_m", "loss_tangent", "permittivity_std", "roughness_rms_m",
            "susceptibility", "susceptibility_loss",
        )  # fmt: skip
        _above(self, 0.0, "permittivity_length_m", "roughness_length_m", "susceptibility_hz")


@dataclass(frozen=True, slots=True)
class Buried:
    """One object of the library in the ground.

    Attributes
    ----------
    model
        Key of `dualsense.simulate.library.MODELS`.
    x_m, y_m
        Centre, seen from above.
    depth_m
        Of the top.
    yaw_deg
        Turn about the vertical, counter-clockwise from above.
    scale
        All lengths of the model are multiplied by this.
    body_size_m, body_permittivity
        Of the body, instead of the model's; its size is scaled all the same. Metal parts and cores stay.
    """

    model: str
    x_m: float
    y_m: float
    depth_m: float
    yaw_deg: float = 0.0
    scale: float = 1.0
    body_size_m: Vector | None = None
    body_permittivity: float | None = None

    def __post_init__(self) -> None:
        _at_least(self, 0.0, "depth_m")
        _above(self, 0.0, "scale")
        if self.body_size_m is not None and min(self.body_size_m) <= 0:
            msg = f"buried.body_size_m must be positive, got {self.body_size_m}"
            raise RecipeError(msg)
        if self.body_permittivity is not None:
            _at_least(self, 1.0, "body_permittivity")


@dataclass(frozen=True, slots=True)
class Radar:
    """The radar of the head.

    Attributes
    ----------
    modality
        "sfcw" gives the tones; "impulse" gives traces of a Ricker wavelet.
    start_hz, stop_hz, step_hz
        Tones of "sfcw".
    center_hz, sample_interval_s, window_s
        Wavelet and trace of "impulse".
    tx_position_m, rx_position_m
        In the head frame. The antennas are short dipoles along y.
    system_delay_s
        Of cables and electronics; written into the file to be subtracted.
    gain_m
        Scale of the transfer function: amplitude at 2 GHz of a unit echo at one metre.
    rate_hz
        Soundings per second, on average.
    clock_jitter
        Standard deviation of a sounding's time, as a part of the mean interval.
    reference
        Whether the file holds the head's response in free air.
    """

    modality: Literal["sfcw", "impulse"] = "sfcw"
    start_hz: float = 0.8e9
    stop_hz: float = 3.2e9
    step_hz: float = 20e6
    center_hz: float = 1.8e9
    sample_interval_s: float = 25e-12
    window_s: float = 8e-9
    tx_position_m: Vector = (-0.0495, 0.0, 0.0)
    rx_position_m: Vector = (0.0495, 0.0, 0.0)
    system_delay_s: float = 1.3e-9
    gain_m: float = 0.041
    rate_hz: float = 16.0
    clock_jitter: float = 0.2
    reference: bool = False

    def __post_init__(self) -> None:
        _above(self, 0.0, "start_hz", "step_hz", "center_hz", "sample_interval_s", "window_s", "gain_m", "rate_hz")
        _at_least(self, 0.0, "system_delay_s", "clock_jitter")
        _above(self, self.start_hz, "stop_hz")


@dataclass(frozen=True, slots=True)
class Detector:
    """The metal detector of the head; both coils are horizontal in the head frame.

    Attributes
    ----------
    modality
        "frequency" measures at ``frequency_hz``; "pulse" in ``gate_time_s`` after switch-off.
    """

    modality: Literal["frequency", "pulse"] = "frequency"
    frequency_hz: tuple[float, ...] = (2400.0, 9600.0, 38400.0)
    gate_time_s: tuple[tuple[float, float], ...] = (
        (20e-6, 30e-6),
        (30e-6, 45e-6),
        (45e-6, 70e-6),
        (70e-6, 110e-6),
    )
    tx_radius_m: float = 0.1
    rx_radius_m: float = 0.08
    tx_position_m: Vector = (0.0, 0.0, 0.0)
    rx_position_m: Vector = (0.0, 0.0, 0.0)
    tx_turns: float = 1.0
    rx_turns: float = 1.0
    rate_hz: float = 50.0

    def __post_init__(self) -> None:
        _above(self, 0.0, "tx_radius_m", "rx_radius_m", "rate_hz")
        rising = all(low < high for low, high in itertools.pairwise((0.0, *self.frequency_hz)))
        if not (self.frequency_hz and rising):
            msg = f"detector.frequency_hz must be positive and increasing, got {self.frequency_hz}"
            raise RecipeError(msg)
        if not self.gate_time_s or any(not 0 < start < stop for start, stop in self.gate_time_s):
            msg = f"detector.gate_time_s must be pairs 0 < start < stop, got {self.gate_time_s}"
            raise RecipeError(msg)


@dataclass(frozen=True, slots=True)
class Motion:
    """How the head is swept: lines along x, to and fro, one beside the other in y.

    Attributes
    ----------
    length_m, width_m
        Of the patch, from the origin.
    line_spacing_m, speed_m_s, height_m
        Wanted. The head slows down in the turns.
    line_std_m, height_std_m
        Of the wander about the wanted line and height; the hand corrects it in about ``wander_time_s``.
    tilt_std_deg
        Of roll and pitch each. Zero leaves the orientation out of the file.
    height_floor_m
        The head never comes closer to the nominal surface.
    """

    length_m: float = 0.6
    width_m: float = 0.5
    line_spacing_m: float = 0.025
    speed_m_s: float = 0.3
    height_m: float = 0.05
    line_std_m: float = 0.004
    height_std_m: float = 0.005
    wander_time_s: float = 0.8
    tilt_std_deg: float = 0.0
    height_floor_m: float = 0.015
    pose_rate_hz: float = 60.0

    def __post_init__(self) -> None:
        _above(
            self, 0.0, "length_m", "width_m", "line_spacing_m", "speed_m_s", "height_floor_m", "wander_time_s",
            "pose_rate_hz",
        )  # fmt: skip
        _at_least(self, 0.0, "line_std_m", "height_std_m", "tilt_std_deg")
        _at_least(self, self.height_floor_m, "height_m")


@dataclass(frozen=True, slots=True)
class Noise:
    """What the instruments add.

    Attributes
    ----------
    gpr_std
        Complex standard deviation of a tone, in units of the transfer function (for "impulse", of a sample).
    gpr_gain_std, gpr_phase_std_rad
        Of the slow drift of the whole radar response.
    gpr_ringing
        Echoes inside the head, relative to the direct wave.
    emi_std_v_per_hz
        Standard deviation of a sample (real and imaginary part each), V/A per hertz of its frequency, since a coil
        induces in proportion: noise of the flux through it. A gate of length g sees the flux at both its ends, so
        sqrt(2) / (2 pi g) hertz of it.
    emi_drift_std
        Standard deviation of the slow drift, in units of the sample's standard deviation.
    emi_offset
        Constant imbalance of the coils, in the same units.
    position_std_m
        Tracking error, half of its variance white and half correlated over ``position_time_s``.
    """

    gpr_std: float = 3e-4
    gpr_gain_std: float = 0.005
    gpr_phase_std_rad: float = 0.005
    gpr_ringing: float = 0.01
    emi_std_v_per_hz: float = 3e-13
    emi_drift_std: float = 10.0
    emi_offset: float = 100.0
    drift_time_s: float = 20.0
    position_std_m: Vector = (0.005, 0.005, 0.003)
    position_time_s: float = 0.5

    def __post_init__(self) -> None:
        _at_least(
            self, 0.0, "gpr_std", "gpr_gain_std", "gpr_phase_std_rad", "gpr_ringing", "emi_std_v_per_hz",
            "emi_drift_std", "emi_offset",
        )  # fmt: skip
        _above(self, 0.0, "drift_time_s", "position_time_s")
        if min(self.position_std_m) < 0:
            msg = f"noise.position_std_m must not be negative, got {self.position_std_m}"
            raise RecipeError(msg)


@dataclass(frozen=True, slots=True)
class Faults:
    """What the recorder does wrong; nothing by default.

    Attributes
    ----------
    dropout_part
        Of the soundings of both sensors, lost in bursts.
    stuck
        Sensor that repeats its first sounding: "gpr", "emi" or "none".
    saturation_part
        Of the largest value: where both sensors clip; 1 is never.
    tracking_loss_s
        Length of one stretch without poses.
    """

    dropout_part: float = 0.0
    stuck: Literal["none", "gpr", "emi"] = "none"
    saturation_part: float = 1.0
    tracking_loss_s: float = 0.0

    def __post_init__(self) -> None:
        _at_least(self, 0.0, "dropout_part", "tracking_loss_s")
        _above(self, 0.0, "saturation_part")
        if self.dropout_part >= 1:
            _refuse(self, "dropout_part", "less than 1")


@dataclass(frozen=True, slots=True)
class Scene:
    """All that `dualsense.simulate.simulate_scan` needs beside a seed.

    ``radar`` or ``detector`` may be None: one sensor alone is still a scan.
    """

    scan_id: str = "simulated"
    created: str = "2000-01-01T00:00:00Z"
    site: str | None = None
    soil: Soil = field(default_factory=Soil)
    objects: tuple[Buried, ...] = ()
    motion: Motion = field(default_factory=Motion)
    radar: Radar | None = field(default_factory=Radar)
    detector: Detector | None = field(default_factory=Detector)
    noise: Noise = field(default_factory=Noise)
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        if self.radar is None and self.detector is None:
            msg = "a scene needs a radar or a detector, got neither"
            raise RecipeError(msg)


def read_scene(path: Path) -> Scene:
    """Read a scene from a TOML file.

    Tables ``[soil]``, ``[motion]``, ``[radar]``, ``[detector]``, ``[noise]``, ``[faults]`` and any number of
    ``[[objects]]``; what is left out keeps its default. ``radar = false`` or ``detector = false`` leaves that
    sensor off the head.

    Raises
    ------
    RecipeError
        The file is no TOML, a key is unknown, or a value has the wrong type or range; the message names it.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"{path.name}: cannot be read as a scene: {error}"
        raise RecipeError(msg) from error
    try:
        return scene_from(document)
    except RecipeError as error:
        msg = f"{path.name}: {error}"
        raise RecipeError(msg) from error


def scene_from(document: Mapping[str, Any]) -> Scene:
    """Build a scene from nested mappings, as TOML gives them; see `read_scene`."""
    scene: Scene = _build(Scene, document, "")
    return scene


def _build(kind: Any, values: Any, path: str) -> Any:
    if not hasattr(values, "items"):
        msg = f"{path.rstrip('.') or 'a scene'} must be a table, got {values!r}"
        raise RecipeError(msg)
    hints = typing.get_type_hints(kind)
    known = {f.name: f for f in fields(kind)}
    for key in values:
        if key not in known:
            msg = f"unknown key {path}{key}; known are {', '.join(known)}"
            raise RecipeError(msg)
    for name, f in known.items():
        if name not in values and f.default is MISSING and f.default_factory is MISSING:
            msg = f"{path}{name} is missing"
            raise RecipeError(msg)
    return kind(**{key: _convert(hints[key], value, path + key) for key, value in values.items()})


def _convert(hint: Any, value: Any, path: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        inner = next(a for a in args if a is not type(None))
        return None if value is False or value is None else _convert(inner, value, path)
    if is_dataclass(hint):
        return _build(hint, value, path + ".")
    if origin is tuple:
        if not isinstance(value, list | tuple) or (args[-1] is not Ellipsis and len(value) != len(args)):
            wanted = "a list" if args[-1] is Ellipsis else f"a list of {len(args)}"
            msg = f"{path} must be {wanted}, got {value!r}"
            raise RecipeError(msg)
        kinds = [args[0]] * len(value) if args[-1] is Ellipsis else args
        return tuple(_convert(k, v, f"{path}[{i}]") for i, (k, v) in enumerate(zip(kinds, value, strict=True)))
    if origin is Literal:
        ok, wanted = value in args, " or ".join(repr(a) for a in args)
    elif hint is float:
        ok = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        wanted = "a finite number"
    else:
        ok, wanted = isinstance(value, hint), f"of type {hint.__name__}"
    if not ok:
        msg = f"{path} must be {wanted}, got {value!r}"
        raise RecipeError(msg)
    return float(value) if hint is float else value


def _at_least(thing: Any, bound: float, *names: str) -> None:
    for name in names:
        if not getattr(thing, name) >= bound:
            _refuse(thing, name, f"at least {bound:g}")


def _above(thing: Any, bound: float, *names: str) -> None:
    for name in names:
        if not getattr(thing, name) > bound:
            _refuse(thing, name, f"greater than {bound:g}")


def _refuse(thing: Any, name: str, wanted: str) -> None:
    msg = f"{type(thing).__name__.lower()}.{name} must be {wanted}, got {getattr(thing, name)}"
    raise RecipeError(msg)
