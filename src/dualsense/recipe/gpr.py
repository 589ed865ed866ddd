"""Recipe tables of the radar chain; those of the steps that happen only when asked for are in `gpr_steps`.

`Gpr` is the one table of the radar's steps: its fields, in their order, are the chain, and beside each field
stands what is known of the step. The composer, ``dualsense recipe`` and the documentation read them from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from dualsense.recipe.base import Length, Only, Step, Table, Unit
from dualsense.recipe.gpr_steps import (
    GprAttitude,
    GprBandpass,
    GprDeclip,
    GprDewow,
    GprFk,
    GprGain,
    GprHeight,
    GprOffset,
    GprOrder,
    GprRadargram,
    GprResample,
    GprSpiking,
    GprTimeZero,
    GprWhitening,
    GprWiener,
)

BackgroundMethod = Literal[
    "auto",
    "moving-median",
    "moving-mean",
    "median",
    "mean",
    "svd",
    "robust-pca",
    "reference",
    "line-median",
    "none",
]
SurfaceMethod = Literal["auto", "phase", "pick", "pose"]
Data = Literal["samples", "calibration", "soundings", "surface", "traces", "display", "soil", "volume", "bodies"]


@dataclass(frozen=True, slots=True)
class TargetLoss:
    """How a step says what it takes of a target.

    Attributes
    ----------
    measure
        "spectrum": part of the energy of a target's spectrum; "echo": part of the energy of a
        known echo that is put in.
    name
        Of the step in the sentence that says so; parameters of the step may stand in it.
    note
        Entry of the provenance that holds it; empty for none.
    always
        Whether a small loss is said too.
    """

    measure: Literal["spectrum", "echo"]
    name: str
    note: str = ""
    always: bool = False


@dataclass(frozen=True, slots=True)
class StepFacts:
    """What stands beside a field of `Gpr`.

    Attributes
    ----------
    function
        Name in `dualsense.gpr` of the function that does the step.
    data
        What the step works on: "samples" in time as an impulse radar recorded them, the "calibration" that makes
        soundings of them, "soundings" (spectra), the ground's "surface", analytic "traces", the "display" of the
        radargram, the "soil", the migrated "volume", or "bodies" in it.
    loss
        What it says of what it takes of a target; None when it takes nothing, or nothing is said.
    reads
        Other tables that the step reads.
    """

    function: str
    data: Data
    loss: TargetLoss | None = None
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RadarStep:
    """One step of the radar's chain.

    Attributes
    ----------
    name
        Of its table below ``gpr`` in the recipe, and of what `process_scan` can be asked to keep.
    table
        Its parameters.
    facts
        What it works on, and which function does it.
    """

    name: str
    table: type[Table]
    facts: StepFacts

    @property
    def optional(self) -> bool:
        """Whether the step happens only when the recipe switches it on."""
        return issubclass(self.table, Step)

    @property
    def needs_time_samples(self) -> bool:
        """Whether the step does nothing to a radar that recorded tones."""
        return self.facts.data == "samples"

    @property
    def meaning(self) -> str:
        """One line for the documentation."""
        return (self.table.__doc__ or "").strip()


class GprCalibrate(Table):
    """Repair, free-air reference and delay of the radar."""

    use_reference: Annotated[bool, Field(description="use /gpr/reference when the file has one")] = True
    reference_mode: Annotated[
        Literal["subtract", "divide", "subtract-divide"], Field(description="what is done with it")
    ] = "subtract"
    reference_floor: Annotated[float, Field(gt=0.0, le=10.0, description="regularisation of the division")] = 0.05
    reference_path_m: Annotated[
        float | None, Field(ge=0.0, le=100.0, description="way of its wave; unset: between the antennas")
    ] = None
    band_floor_db: Annotated[
        float, Field(ge=-80.0, lt=0.0, description="band of impulse data, under its peak")
    ] = -26.0


class GprSurface(Table):
    """Direct coupling, surface echo and stand-off."""

    method: Annotated[
        SurfaceMethod,
        Field(description="phase: fit; pick: follow the echo; pose: keep its heights; auto: what applies"),
    ] = "auto"
    iterations: Annotated[
        int,
        Field(ge=0, le=200, description="phase: Gauss-Newton steps; 0 keeps the pose's height"),
        Only("method", ("auto", "phase")),
    ] = 15
    roughness_m: Annotated[Length, Field(description="spread of the ground's height about the pose's")] = 0.008
    max_step_m: Annotated[
        Length,
        Field(description="phase: largest correction of a height in one step"),
        Only("method", ("auto", "phase")),
    ] = 0.004
    search_m: Annotated[
        float,
        Field(gt=0.0, le=0.3, description="pick: how far a height may lie from the pose's"),
        Only("method", ("auto", "pick")),
    ] = 0.03


class GprBackground(Table):
    """What soundings have in common."""

    method: Annotated[
        BackgroundMethod,
        Field(description="auto: line-median on a line with antennas on the ground, moving-median elsewhere"),
    ] = "auto"
    radius_m: Annotated[
        float,
        Field(ge=0.02, le=10.0, description="moving: standard deviation of the weights over distance"),
        Only("method", ("auto", "moving-median", "moving-mean")),
    ] = 0.12
    line_radius_m: Annotated[
        float,
        Field(ge=0.05, le=100.0, description="line-median: half-width of its window along the line"),
        Only("method", ("auto", "line-median")),
    ] = 1.0
    rank: Annotated[
        Literal["auto"] | Annotated[int, Field(ge=0, le=100)],
        Field(description='svd: components, or "auto": those that extend over the track'),
        Only("method", ("svd",)),
    ] = "auto"
    sparse_weight: Annotated[
        float,
        Field(gt=0.0, le=100.0, description="robust-pca: less leaves more of it in place, and more targets"),
        Only("method", ("robust-pca",)),
    ] = 1.4
    reference_start_s: Annotated[
        float | None,
        Field(ge=0.0, description="reference: from then, seconds since the start, ..."),
        Only("method", ("reference",)),
    ] = None
    reference_stop_s: Annotated[
        float | None,
        Field(ge=0.0, description="... until then, the scan holds no target"),
        Only("method", ("reference",)),
    ] = None

    @model_validator(mode="after")
    def _stretch(self) -> GprBackground:
        start_s, stop_s = self.reference_start_s, self.reference_stop_s
        if self.method == "reference" and (start_s is None or stop_s is None or start_s >= stop_s):
            msg = f"reference needs reference_start_s before reference_stop_s, got {start_s} and {stop_s}"
            raise ValueError(msg)
        return self


class GprTraces(Table):
    """From spectra to traces."""

    window_s: Annotated[float, Field(ge=1e-9, le=1e-6, description="length of the traces")] = 10e-9
    window: Annotated[
        Literal["kaiser", "hann", "blackman-harris", "tukey", "none"], Field(description="window over the band")
    ] = "kaiser"
    kaiser_beta: Annotated[
        float, Field(ge=0.0, le=20.0, description="kaiser: more is smoother"), Only("window", ("kaiser",))
    ] = 5.0
    tukey_fraction: Annotated[
        float, Field(ge=0.0, le=1.0, description="tukey: part that is tapered"), Only("window", ("tukey",))
    ] = 0.5
    whiten: Annotated[bool, Field(description="divide by the surface echo")] = True
    whitening_floor: Annotated[float, Field(gt=0.0, le=10.0, description="regularisation of that division")] = 0.1
    oversampling: Annotated[
        float, Field(ge=4.0, le=100.0, description="zero padding: samples per shortest period")
    ] = 24.0


class GprSoil(Table):
    """Permittivity of the soil."""

    relative_permittivity: Annotated[
        Literal["auto"] | Annotated[float, Field(ge=1.0, le=81.0)],
        Field(description='"auto" (from surface echo, focus and prior), or a number'),
    ] = "auto"
    relative_permittivity_std: Annotated[float, Field(ge=0.0, le=40.0, description="of a given number")] = 0.5
    prior_permittivity: Annotated[
        float,
        Field(ge=1.0, le=81.0, description="median over soils, for auto"),
        Only("relative_permittivity", ("auto",)),
    ] = 5.5
    prior_spread: Annotated[
        float,
        Field(gt=0.0, le=3.0, description="standard deviation of its logarithm"),
        Only("relative_permittivity", ("auto",)),
    ] = 0.5
    surface_echo: Annotated[
        bool, Field(description="let the ground's echo tell, where the head's antennas are known")
    ] = True
    surface_spread: Annotated[
        float,
        Field(ge=0.0, le=3.0, description="spread of the logarithm between the top centimetres and the rest"),
        Only("relative_permittivity", ("auto",)),
    ] = 0.05
    roughness_m: Annotated[Length, Field(description="standard deviation of the ground's height")] = 0.005
    deeper_layers: Annotated[
        tuple[tuple[Annotated[float, Field(gt=0.0, le=3.0)], Annotated[float, Field(ge=1.0, le=81.0)]], ...],
        Field(description="below the top soil: depth of the top (to 3 m) and permittivity of each (1 to 81)"),
        Unit("m and 1"),
    ] = ()
    focus_spread: Annotated[
        float,
        Field(gt=0.0, le=3.0, description="the same for the focus"),
        Only("relative_permittivity", ("auto",)),
    ] = 0.25
    coarse_cell_m: Annotated[
        Length, Field(description="cell of the search for scatterers"), Only("relative_permittivity", ("auto",))
    ] = 0.012


class GprMigrate(Table):
    """Migration to a volume."""

    method: Annotated[
        Literal["kirchhoff", "wavenumber", "stolt", "least-squares"],
        Field(description="kirchhoff, wavenumber (faster, needs finufft), stolt (quick look) or least-squares"),
    ] = "kirchhoff"
    depth_stop_m: Annotated[float, Field(gt=0.01, le=3.0, description="deepest voxel")] = 0.25
    depth_step_m: Annotated[float, Field(ge=0.001, le=0.1, description="spacing of the depth slices")] = 0.005
    aperture_m: Annotated[float, Field(ge=0.01, le=10.0, description="radius of the aperture at the surface")] = (
        0.10
    )
    aperture_growth: Annotated[float, Field(ge=0.0, le=10.0, description="and its growth per metre of depth")] = (
        0.6
    )
    max_aperture_m: Annotated[float, Field(ge=0.01, le=10.0, description="largest radius of the aperture")] = 0.20
    density_radius_m: Annotated[Length, Field(description="scale of the density compensation")] = 0.015
    loss_db_m: Annotated[float, Field(ge=0.0, le=200.0, description="of the soil one way, for the weights")] = 0.0
    on_ground: Annotated[
        Literal["auto"] | bool,
        Field(description="antennas touch the ground: rays in soil only; auto: when no higher than 2 mm"),
    ] = "auto"
    weights: Annotated[
        Literal["heard", "even"],
        Field(
            description="of soundings: heard, by how loud an echo from there is; even, all alike (kirchhoff only)"
        ),
    ] = "heard"
    iterations: Annotated[
        int, Field(ge=1, le=200, description="of least-squares, at most"), Only("method", ("least-squares",))
    ] = 8
    damping: Annotated[
        float,
        Field(ge=0.0, le=10.0, description="of least-squares, against noise"),
        Only("method", ("least-squares",)),
    ] = 0.05


class GprImage(Table):
    """Bodies in the volume."""

    min_contrast: Annotated[float, Field(ge=1.0, le=1000.0, description="amplitude over the depth's median")] = 4.5
    top_m: Annotated[float, Field(ge=0.0, le=1.0, description="shallower the rough surface itself scatters")] = (
        0.012
    )
    separation_m: Annotated[Length, Field(description="smallest distance of two bodies")] = 0.05
    max_bodies: Annotated[int, Field(ge=0, le=1000, description="more are not listed")] = 30


class Gpr(Table):
    """The radar chain."""

    declip: Annotated[GprDeclip, StepFacts("declip", "samples")] = GprDeclip()
    offset: Annotated[GprOffset, StepFacts("remove_offset", "samples")] = GprOffset()
    dewow: Annotated[GprDewow, StepFacts("dewow", "samples")] = GprDewow()
    time_zero: Annotated[GprTimeZero, StepFacts("time_zero", "samples")] = GprTimeZero()
    resample: Annotated[GprResample, StepFacts("resample", "samples")] = GprResample()
    calibrate: Annotated[GprCalibrate, StepFacts("calibrate", "calibration", reads=("time_zero", "bandpass"))] = (
        GprCalibrate()
    )
    attitude: Annotated[GprAttitude, StepFacts("compensate_attitude", "soundings")] = GprAttitude()
    bandpass: Annotated[
        GprBandpass, StepFacts("bandpass", "soundings", TargetLoss("spectrum", "the band-pass", always=True))
    ] = GprBandpass()
    spiking: Annotated[GprSpiking, StepFacts("spiking", "soundings")] = GprSpiking()
    wiener: Annotated[GprWiener, StepFacts("wiener", "soundings")] = GprWiener()
    whitening: Annotated[GprWhitening, StepFacts("whiten_spectrum", "soundings")] = GprWhitening()
    surface: Annotated[GprSurface, StepFacts("find_surface", "surface", reads=("soil",))] = GprSurface()
    height: Annotated[GprHeight, StepFacts("compensate_height", "surface")] = GprHeight()
    background: Annotated[
        GprBackground,
        StepFacts(
            "remove_background",
            "soundings",
            TargetLoss("echo", "the background removal ({method})", "gpr_target_loss"),
        ),
    ] = GprBackground()
    fk: Annotated[
        GprFk, StepFacts("fk_fan", "soundings", TargetLoss("echo", "the fan filter", "gpr_fan_loss", always=True))
    ] = GprFk()
    traces: Annotated[GprTraces, StepFacts("analytic_traces", "traces")] = GprTraces()
    gain: Annotated[GprGain, StepFacts("apply_gain", "display")] = GprGain()
    radargram: Annotated[GprRadargram, StepFacts("attribute", "display", reads=("gain",))] = GprRadargram()
    soil: Annotated[GprSoil, StepFacts("estimate_soil", "soil")] = GprSoil()
    migrate: Annotated[GprMigrate, StepFacts("migrate", "volume", reads=("soil",))] = GprMigrate()
    image: Annotated[GprImage, StepFacts("find_bodies", "bodies", reads=("traces", "soil", "migrate"))] = (
        GprImage()
    )
    order: GprOrder = GprOrder()


def radar_steps(tables: Gpr | None = None) -> tuple[RadarStep, ...]:
    """Give every step of the radar's chain, in the order in which they happen.

    Parameters
    ----------
    tables
        Whose `GprOrder` is followed; None gives the usual order.

    Returns
    -------
    tuple of RadarStep
    """
    steps = []
    for name, entry in Gpr.model_fields.items():
        steps += [
            RadarStep(name, type(entry.default), one) for one in entry.metadata if isinstance(one, StepFacts)
        ]
    for wanted in () if tables is None else (tables.order.samples, tables.order.soundings):
        named = {step.name: step for step in steps}
        places = [k for k, step in enumerate(steps) if wanted is not None and step.name in wanted]
        for place, name in zip(places, wanted or (), strict=True):
            steps[place] = named[name]
    return tuple(steps)
