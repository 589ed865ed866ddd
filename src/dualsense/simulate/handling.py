"""How a scene's instrument is handled: the sweep, what disturbs it, and what the recorder does wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dualsense.errors import RecipeError
from dualsense.simulate import bounds
from dualsense.simulate.bounds import Vector  # noqa: TC001 - the reader of scenes asks for types at run time


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
    carrier
        A "hand" slows down in the turns; a "cart" or robot keeps its speed, and its heading.
    start_y_m
        Where the first line is.
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
    carrier: Literal["hand", "cart"] = "hand"
    start_y_m: float = 0.0

    def __post_init__(self) -> None:
        bounds.above(
            self, 0.0, "length_m", "width_m", "line_spacing_m", "speed_m_s", "height_floor_m", "wander_time_s",
            "pose_rate_hz",
        )  # fmt: skip
        bounds.at_least(self, 0.0, "line_std_m", "height_std_m", "tilt_std_deg")
        bounds.at_least(self, self.height_floor_m, "height_m")


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
        bounds.at_least(
            self, 0.0, "gpr_std", "gpr_gain_std", "gpr_phase_std_rad", "gpr_ringing", "emi_std_v_per_hz",
            "emi_drift_std", "emi_offset",
        )  # fmt: skip
        bounds.above(self, 0.0, "drift_time_s", "position_time_s")
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
        bounds.at_least(self, 0.0, "dropout_part", "tracking_loss_s")
        bounds.above(self, 0.0, "saturation_part")
        if self.dropout_part >= 1:
            bounds.refuse(self, "dropout_part", "less than 1")
