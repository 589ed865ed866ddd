"""Recipe tables of the radar steps that happen only when they are asked for, each by its key ``on``."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from dualsense.recipe.base import Hertz, Length, Moment, Only, Seconds, Step, Table

SampleStep = Literal["declip", "offset", "dewow", "time_zero", "resample"]
SoundingStep = Literal["attitude", "bandpass", "spiking", "wiener", "whitening"]


class GprDeclip(Step):
    """Clipped peaks of impulse traces rebuilt."""

    reach_s: Annotated[Seconds, Field(description="how far to either side samples are used")] = 0.6e-9
    rounds: Annotated[int, Field(ge=1, le=10, description="repetitions")] = 3


class GprOffset(Step):
    """Offset (DC shift) of impulse traces."""

    method: Annotated[Literal["mean", "median"], Field(description="mean or median")] = "mean"
    from_s: Annotated[Moment, Field(description="begin of the window; unset: the trace's")] = None
    to_s: Annotated[Moment, Field(description="end of the window; unset: the trace's")] = None


class GprDewow(Step):
    """Slow drift along impulse traces."""

    method: Annotated[
        Literal["mean", "median", "gaussian"], Field(description="running mean, median or Gaussian mean")
    ] = "mean"
    window_s: Annotated[Seconds, Field(description="its width: several pulses")] = 5e-9


class GprTimeZero(Step):
    """Time zero of impulse traces from the direct wave."""

    pick: Annotated[Literal["first-break", "maximum"], Field(description="what is picked")] = "first-break"
    threshold: Annotated[float, Field(gt=0.0, lt=1.0, description="first break: part of the maximum")] = 0.05
    align: Annotated[bool, Field(description="take out the jitter between traces")] = False
    max_jitter_s: Annotated[Seconds, Field(description="largest shift of one trace")] = 0.5e-9
    from_s: Annotated[Moment, Field(description="begin of the direct wave's window; unset: the trace's")] = None
    to_s: Annotated[Moment, Field(description="end of that window; unset: the trace's")] = None
    delay_s: Annotated[float, Field(ge=-1e-7, le=1e-7, description="from the wave's onset to the pick")] = 0.0


class GprResample(Step):
    """Sampling interval of impulse traces."""

    dt_s: Annotated[float, Field(gt=1e-13, le=1e-7, description="new spacing of the samples")] = 25e-12


class GprAttitude(Step):
    """Amplitude lost by tilt of the head."""

    exponent: Annotated[float, Field(ge=0.0, le=10.0, description="of the cosine: one antenna's pattern")] = 1.0
    max_gain_db: Annotated[float, Field(ge=0.0, le=40.0, description="not exceeded")] = 6.0


class GprBandpass(Step):
    """Band-pass without phase."""

    shape: Annotated[Literal["cosine", "butterworth"], Field(description="cosine taper or Butterworth")] = "cosine"
    low_hz: Annotated[Hertz, Field(description="lower corner")] = 0.5e9
    high_hz: Annotated[Hertz, Field(description="upper corner")] = 3.5e9
    taper_hz: Annotated[
        Hertz, Field(description="cosine: width of its edges, outside of the corners"), Only("shape", ("cosine",))
    ] = 0.2e9
    order: Annotated[
        int, Field(ge=1, le=20, description="butterworth: its order"), Only("shape", ("butterworth",))
    ] = 4

    @model_validator(mode="after")
    def _has_width(self) -> GprBandpass:
        if not self.low_hz < self.high_hz:
            msg = f"low_hz must be below high_hz, got {self.low_hz:g} and {self.high_hz:g}"
            raise ValueError(msg)
        return self


class GprSpiking(Step):
    """Spiking and predictive deconvolution."""

    length_s: Annotated[Seconds, Field(description="length of the prediction filter")] = 2e-9
    gap_s: Annotated[float, Field(ge=0.0, le=1e-6, description="prediction distance; 0: spiking")] = 0.0
    prewhitening: Annotated[float, Field(ge=0.0, le=1.0, description="added at lag zero, relative")] = 0.01


class GprWiener(Step):
    """Wiener deconvolution by the direct wave."""

    gate_s: Annotated[Seconds, Field(description="width of the window about the direct wave")] = 1.2e-9
    noise: Annotated[float, Field(ge=0.0, le=10.0, description="relative to the wavelet's mean level")] = 0.1


class GprWhitening(Step):
    """Equal mean amplitude at all frequencies."""

    smoothing_hz: Annotated[Hertz, Field(description="of the mean spectrum that is divided by")] = 0.3e9
    floor: Annotated[float, Field(gt=0.0, le=1.0, description="relative to its largest value")] = 0.05


class GprHeight(Step):
    """All soundings brought to one height."""

    height_m: Annotated[
        float | None, Field(ge=0.001, le=3.0, description="the common height; unset: the median")
    ] = None
    spreading: Annotated[bool, Field(description="the amplitude too")] = True


class GprFk(Step):
    """Fan filter over frequency and wavenumber along each stroke."""

    mode: Annotated[Literal["reject", "pass"], Field(description="take the fan out, or keep only it")] = "reject"
    low_s_m: Annotated[float, Field(ge=-1e-6, le=1e-6, description="slowness at which it begins; 0: flat")] = 0.0
    high_s_m: Annotated[float, Field(ge=-1e-6, le=1e-6, description="slowness at which it ends")] = 1e-9
    symmetric: Annotated[bool, Field(description="the fan of opposite sign too")] = True
    taper: Annotated[float, Field(ge=0.0, le=1.0, description="its edges, relative to its width")] = 0.3
    gap_m: Annotated[Length, Field(description="a longer way between soundings begins a new stroke")] = 0.1

    @model_validator(mode="after")
    def _has_width(self) -> GprFk:
        if not self.low_s_m < self.high_s_m or (self.symmetric and self.low_s_m < 0.0):
            msg = (
                "low_s_m must be below high_s_m, and not negative when symmetric, "
                f"got {self.low_s_m:g} and {self.high_s_m:g}"
            )
            raise ValueError(msg)
        return self


class GprGain(Step):
    """Gain over time, for the radargram only."""

    method: Annotated[Literal["power", "exponential", "sec", "agc"], Field(description="kind of gain")] = "sec"
    start_s: Annotated[Seconds, Field(description="from here on amplitudes are raised")] = 0.5e-9
    power: Annotated[float, Field(ge=0.0, le=10.0, description="of time: power and sec")] = 1.0
    attenuation_db_s: Annotated[
        float, Field(ge=0.0, le=1e12, description="of two-way time: exponential and sec")
    ] = 2e9
    window_s: Annotated[Seconds, Field(description="agc: its window")] = 2e-9
    max_gain_db: Annotated[float, Field(ge=0.0, le=200.0, description="not exceeded")] = 60.0


class GprRadargram(Step):
    """Radargram along the track in result.h5, for the eye only; a single line has one in any case."""

    name: Annotated[
        Literal["amplitude", "envelope", "phase", "frequency", "bandwidth", "sweetness"],
        Field(description="attribute that it shows"),
    ] = "amplitude"
    window_s: Annotated[Seconds, Field(description="of the energy-weighted attributes")] = 0.5e-9


class GprOrder(Table):
    """Order of the radar's steps that may change places; each stands where it always does while this is unset."""

    samples: Annotated[
        tuple[SampleStep, ...] | None, Field(description="all five steps on samples in time, first to last")
    ] = None
    soundings: Annotated[
        tuple[SoundingStep, ...] | None,
        Field(description="all five steps between calibration and surface, first to last"),
    ] = None

    @model_validator(mode="after")
    def _names_each_once(self) -> GprOrder:
        for key, names in (("samples", get_args(SampleStep)), ("soundings", get_args(SoundingStep))):
            wanted = getattr(self, key)
            if wanted is not None and sorted(wanted) != sorted(names):
                msg = f"{key} must name each of {', '.join(names)} once, got {', '.join(wanted) or 'none'}"
                raise ValueError(msg)
        return self
