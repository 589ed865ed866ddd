"""How a scene's instrument is handled: the sweep, what disturbs it, and what the recorder does wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from dualsense.errors import RecipeError
from dualsense.simulate._scene import bounds
from dualsense.simulate._scene.bounds import Vector  # noqa: TC001 - the reader of scenes asks for types at run time


@dataclass(frozen=True, slots=True)
class Motion:
    """How the head is swept: lines along x, to and fro, one beside the other in y. All defaults are assumed.

    Attributes
    ----------
    length_m, width_m
        Of the patch, from the origin.
    line_spacing_m, speed_m_s, height_m
        Wanted.
    acceleration_m_s2
        The hand speeds up, brakes and turns with no more than this along its way, and as much across it.
    line_std_m, height_std_m
        Of the wander about the wanted line and height; the hand corrects it in about ``wander_time_s``.
    spacing_std_m
        Of a whole line beside its wanted place: neighbours overlap or leave a gap.
    missed_part, repeated_part
        Of the lines: left out, so that a strip twice as wide is open; swept back over at once.
    tilt_std_deg
        Of roll and pitch each. Zero leaves the orientation out of the file.
    tilt_recorded
        Whether the orientation is in the file; the head tilts all the same.
    height_floor_m
        The head never comes closer to the nominal surface.
    pose_rate_hz
        Poses per second.
    start_y_m
        Where the first line is.
    """

    length_m: float = 0.6
    width_m: float = 0.5
    line_spacing_m: float = 0.025
    speed_m_s: float = 0.3
    height_m: float = 0.05
    acceleration_m_s2: float = 1.5
    line_std_m: float = 0.004
    height_std_m: float = 0.005
    wander_time_s: float = 0.8
    spacing_std_m: float = 0.003
    missed_part: float = 0.0
    repeated_part: float = 0.0
    tilt_std_deg: float = 0.0
    tilt_recorded: bool = True
    height_floor_m: float = 0.015
    pose_rate_hz: float = 60.0
    start_y_m: float = 0.0

    def __post_init__(self) -> None:
        bounds.above(
            self, 0.0, "length_m", "width_m", "line_spacing_m", "speed_m_s", "height_floor_m", "wander_time_s",
            "pose_rate_hz", "acceleration_m_s2",
        )  # fmt: skip
        bounds.at_least(self, 0.0, "line_std_m", "height_std_m", "tilt_std_deg", "spacing_std_m")
        bounds.part(self, "missed_part", "repeated_part")
        bounds.at_least(self, self.height_floor_m, "height_m")
        bounds.at_most(self, 100.0, "length_m", "width_m")
        bounds.at_least(self, 0.001, "length_m", "width_m", "line_spacing_m")


@dataclass(frozen=True, slots=True)
class Noise:
    """What the instruments add to the truth. Where no source is named a value is assumed.

    Attributes
    ----------
    gpr_std
        Complex standard deviation of a tone, in units of the transfer function (for "impulse", of a sample).
    gpr_phase_noise_rad
        Standard deviation of the phase of every tone in every sounding (for "impulse", of the pulse's start, as
        the phase at the centre). Small, since one oscillator drives transmitter and receiver, and what both have
        in common cancels at the short delays of a head (range correlation: Budge and Burt 1993).
    gpr_gain_std, gpr_phase_std_rad
        Of the slow drift of the whole radar response, correlated over ``drift_time_s``.
    gpr_warm_up, gpr_warm_up_rad
        Logarithm of the amplitude, and phase, by which a radar that was just switched on differs from a warm one;
        they die away with ``warm_up_time_s``.
    gpr_ringing
        Echoes inside the head, relative to the direct wave.
    gpr_interference, gpr_interference_part
        Standard deviation of what a foreign transmitter leaves in a tone of its band (for "impulse", amplitude in
        a trace), and the part of the soundings that it hits.
    gpr_interference_hz, gpr_interference_width_hz
        Its band; by default channel 6 of a wireless network, 20 MHz wide (IEEE 802.11).
    gpr_dead_tone_part, gpr_noisy_tone_part, gpr_noisy_tone_factor
        Of the tones: missing throughout (NaN), and of more noise by this factor.
    emi_std_v_per_hz
        Standard deviation of a sample (real and imaginary part each), V/A per hertz of its frequency, since a coil
        induces in proportion: noise of the flux through it. A gate of length g sees the flux at both its ends, so
        sqrt(2) / (2 pi g) hertz of it.
    emi_drift_std
        Standard deviation of the slow drift, in units of the sample's standard deviation.
    emi_warm_up_std
        Standard deviation of the offset that dies away with ``warm_up_time_s``, in the same units.
    emi_offset
        Constant imbalance of the coils, in the same units.
    mains_hz, mains_std_hz
        Of the public supply, drawn for each scan; within 0.05 Hz is normal in Europe (ENTSO-E).
    mains_field_t
        Flux density of its fundamental through the receiver coil. Homes have 25 to 70 nT on average in Europe
        (World Health Organization 2007, Environmental Health Criteria 238); a field far from lines less.
    position_std_m
        Tracking error, half of its variance white and half correlated over ``position_time_s``.
    position_walk_m_sqrt_s
        Random walk of the tracker, metres per square root of a second, which the file does not tell: none for a
        camera that sees its marks, some for an inertial tracker.
    clock_std_s
        Standard deviation of a sensor's clock against the poses', drawn once for each sensor.

    Raises
    ------
    RecipeError
        A value out of its range.
    """

    gpr_std: float = 3e-4
    gpr_phase_noise_rad: float = 0.0005
    gpr_gain_std: float = 0.005
    gpr_phase_std_rad: float = 0.005
    gpr_warm_up: float = 0.01
    gpr_warm_up_rad: float = 0.01
    gpr_ringing: float = 0.01
    gpr_interference: float = 0.003
    gpr_interference_part: float = 0.005
    gpr_interference_hz: float = 2.437e9
    gpr_interference_width_hz: float = 20e6
    gpr_dead_tone_part: float = 0.0
    gpr_noisy_tone_part: float = 0.0
    gpr_noisy_tone_factor: float = 30.0
    emi_std_v_per_hz: float = 3e-13
    emi_drift_std: float = 10.0
    emi_warm_up_std: float = 10.0
    emi_offset: float = 100.0
    drift_time_s: float = 20.0
    warm_up_time_s: float = 60.0
    mains_hz: float = 50.0
    mains_std_hz: float = 0.02
    mains_field_t: float = 1e-8
    position_std_m: Vector = (0.005, 0.005, 0.003)
    position_time_s: float = 0.5
    position_walk_m_sqrt_s: float = 0.0
    clock_std_s: float = 0.002

    def __post_init__(self) -> None:
        bounds.at_least(
            self, 0.0, "gpr_std", "gpr_phase_noise_rad", "gpr_gain_std", "gpr_phase_std_rad", "gpr_ringing",
            "gpr_interference", "gpr_interference_width_hz", "emi_std_v_per_hz", "emi_drift_std",
            "emi_warm_up_std", "emi_offset", "mains_std_hz", "mains_field_t", "position_walk_m_sqrt_s",
            "clock_std_s", "gpr_noisy_tone_factor",
        )  # fmt: skip
        bounds.above(
            self, 0.0, "drift_time_s", "position_time_s", "warm_up_time_s", "gpr_interference_hz", "mains_hz"
        )
        bounds.part(self, "gpr_interference_part", "gpr_dead_tone_part", "gpr_noisy_tone_part")
        if min(self.position_std_m) < 0:
            msg = f"noise.position_std_m must not be negative, got {self.position_std_m}"
            raise RecipeError(msg)


SILENT: Final = Noise(
    gpr_std=0.0, gpr_phase_noise_rad=0.0, gpr_gain_std=0.0, gpr_phase_std_rad=0.0, gpr_warm_up=0.0,
    gpr_warm_up_rad=0.0, gpr_ringing=0.0, gpr_interference_part=0.0, emi_std_v_per_hz=0.0, emi_drift_std=0.0,
    emi_warm_up_std=0.0, emi_offset=0.0, mains_std_hz=0.0, mains_field_t=0.0, position_std_m=(0.0, 0.0, 0.0),
    clock_std_s=0.0,
)  # fmt: skip
"""Instruments and tracker without a flaw."""


@dataclass(frozen=True, slots=True)
class Faults:
    """What the recorder does wrong; nothing by default.

    Attributes
    ----------
    dropout_part
        Of the soundings of both sensors, lost in bursts.
    stuck, stuck_from_part
        Sensor that repeats one sounding, "gpr", "emi" or "none", and the part of its soundings before that.
    saturation_part
        Of the largest value: where both sensors clip; 1 is never.
    tracking_loss_s
        Length of one stretch without poses.
    truncated_part
        Of the file: what is left of it, as when the battery dies while it is written; 1 is all.
    """

    dropout_part: float = 0.0
    stuck: Literal["none", "gpr", "emi"] = "none"
    stuck_from_part: float = 0.0
    saturation_part: float = 1.0
    tracking_loss_s: float = 0.0
    truncated_part: float = 1.0

    def __post_init__(self) -> None:
        bounds.at_least(self, 0.0, "tracking_loss_s")
        bounds.part(self, "dropout_part", "stuck_from_part")
        if self.stuck_from_part and self.stuck == "none":
            bounds.refuse(self, "stuck", '"gpr" or "emi" where stuck_from_part is given')
        for name in ("saturation_part", "truncated_part"):
            if not 0 < getattr(self, name) <= 1:
                bounds.refuse(self, name, "greater than 0 and at most 1")
