"""The instrument of a scene: radar and metal detector of the head."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal

from dualsense.errors import RecipeError
from dualsense.simulate._scene import bounds
from dualsense.simulate._scene.bounds import Vector  # noqa: TC001 - the reader of scenes asks for types at run time

MOST_TONES = 10_000
_MOST_REFLECTION = 0.8
"""Beyond it ground and head would be a resonator."""


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
    clock_offset_s
        By which its times are late against the poses', beside what `Noise.clock_std_s` draws.
    reference
        Whether the file holds the head's response in free air.
    head_reflection
        What the head sends back down of an echo's field along the ground, as a plane at the antennas: -1 would be
        metal.

    Raises
    ------
    RecipeError
        A value out of its range, a band that holds no or too many tones, or both antennas in one place.
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
    clock_offset_s: float = 0.0
    reference: bool = False
    head_reflection: float = 0.0

    def __post_init__(self) -> None:
        bounds.above(
            self, 0.0, "start_hz", "step_hz", "center_hz", "sample_interval_s", "window_s", "gain_m", "rate_hz"
        )
        bounds.at_least(self, 0.0, "system_delay_s", "clock_jitter")
        bounds.above(self, self.start_hz, "stop_hz")
        if (self.stop_hz - self.start_hz) / self.step_hz > MOST_TONES:
            bounds.refuse(self, "step_hz", f"large enough for at most {MOST_TONES} tones")
        if self.modality == "sfcw" and self.step_hz > self.stop_hz - self.start_hz:
            bounds.refuse(self, "step_hz", "at most the band from start_hz to stop_hz")
        if self.tx_position_m == self.rx_position_m:
            bounds.refuse(self, "rx_position_m", "another place than tx_position_m")
        if abs(self.head_reflection) > _MOST_REFLECTION:
            msg = f"radar.head_reflection must be within {_MOST_REFLECTION:g} of 0, got {self.head_reflection}"
            raise RecipeError(msg)


@dataclass(frozen=True, slots=True)
class Detector:
    """The metal detector of the head; both coils are horizontal in the head frame.

    Attributes
    ----------
    modality
        "frequency" measures at ``frequency_hz``; "pulse" in ``gate_time_s`` after switch-off.
    frequency_hz
        Tones, rising.
    gate_time_s
        Start and end of each gate, from switch-off.
    tx_radius_m, rx_radius_m, tx_position_m, rx_position_m, tx_turns, rx_turns
        Of the two loops, in the head frame.
    rate_hz
        Of the samples; each is the mean over one interval.
    clock_offset_s
        By which its times are late against the poses', beside what `Noise.clock_std_s` draws.
    overload_v_per_a
        Where the receiver's amplifier clips its voltage, before anything is demodulated: 105 dB over the noise of
        the default detector's highest tone (assumed). None is never.
    overload_missing
        Whether a clipped sample is written as missing, by an instrument that watches itself.

    Raises
    ------
    RecipeError
        A value out of its range, frequencies that do not rise, or gates that end before they start.
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
    clock_offset_s: float = 0.0
    overload_v_per_a: float | None = 2e-3
    overload_missing: bool = False

    def __post_init__(self) -> None:
        bounds.above(self, 0.0, "tx_radius_m", "rx_radius_m", "rate_hz")
        if self.overload_v_per_a is not None:
            bounds.above(self, 0.0, "overload_v_per_a")
        rising = all(low < high for low, high in itertools.pairwise((0.0, *self.frequency_hz)))
        if not (self.frequency_hz and rising):
            msg = f"detector.frequency_hz must be positive and increasing, got {self.frequency_hz}"
            raise RecipeError(msg)
        if not self.gate_time_s or any(not 0 < start < stop for start, stop in self.gate_time_s):
            msg = f"detector.gate_time_s must be pairs 0 < start < stop, got {self.gate_time_s}"
            raise RecipeError(msg)
