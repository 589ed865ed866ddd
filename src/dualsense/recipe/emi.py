"""Recipe tables of the induction chain."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dualsense.recipe.base import Length, Only, Table


class EmiCalibrate(Table):
    """Induction samples to rows."""

    bin_m: Annotated[float, Field(ge=0.0, le=0.2, description="way over which samples are averaged; 0: none")] = (
        0.012
    )


class EmiLatency(Table):
    """Lag of the induction samples behind the track."""

    delay_s: Annotated[
        Literal["auto"] | Annotated[float, Field(ge=-1.0, le=1.0)],
        Field(description='"auto": corrected where passes to and fro tell it, or a number; 0: none'),
    ] = "auto"
    max_s: Annotated[
        float, Field(ge=0.1, le=1.0, description="auto: longest lag looked for"), Only("delay_s", ("auto",))
    ] = 0.25
    sigmas: Annotated[
        float,
        Field(ge=1.0, le=100.0, description="auto: corrected from this many standard deviations"),
        Only("delay_s", ("auto",)),
    ] = 4.0


class EmiInvert(Table):
    """Drift, ground balance and dipoles."""

    drift_knot_s: Annotated[float, Field(gt=0.1, le=1e4, description="spacing of the drift spline's knots")] = 5.0
    roughness_m: Annotated[float, Field(ge=0.0, le=0.5, description="spread of the ground's height")] = 0.003
    soil_std: Annotated[
        float, Field(ge=0.0, le=1.0, description="spread of the soil from place to place, as part of it")
    ] = 0.1
    conduction_std: Annotated[
        float, Field(ge=0.0, le=10.0, description="spread of what the soil conducts, as part of it")
    ] = 0.5
    node_m: Annotated[float, Field(ge=0.005, le=0.2, description="spacing of the scan for dipoles")] = 0.03
    reach_m: Annotated[Length, Field(description="how far a sample sees a dipole")] = 0.3
    max_dipoles: Annotated[int, Field(ge=0, le=200, description="more are not looked for")] = 40
    min_statistic: Annotated[float, Field(gt=0.0, le=1e6, description="drop of the misfit per channel")] = 12.0
    min_contrast: Annotated[float, Field(ge=1.0, le=1e6, description="over the median of the scan")] = 2.6
    min_explained: Annotated[float, Field(gt=0.0, le=1.0, description="or part of the nearby energy")] = 0.25
    dynamic_range_db: Annotated[
        float, Field(gt=0.0, le=200.0, description="weakest beside the strongest dipole")
    ] = 75.0


class EmiLocate(Table):
    """Each dipole located with its uncertainty."""

    on: Annotated[bool, Field(description="false: positions and depths of the joint fit")] = True
    reach_m: Annotated[Length, Field(description="how far to the side samples are used")] = 0.25
    max_misfit: Annotated[float, Field(ge=1.0, le=1e6, description="above it the joint fit is kept")] = 4.0
    max_move_m: Annotated[Length, Field(description="and beyond this way from where it was found")] = 0.08
    pairs: Annotated[bool, Field(description="metal close together may be told as two")] = True
    together: Annotated[bool, Field(description="placed once more with track, soil and drift free")] = True
    at_once: Annotated[bool, Field(description="then in one fit, and what is superfluous taken away")] = True


class EmiDepth(Table):
    """Depths, with how far such fits err and how deep metal usually lies."""

    on: Annotated[bool, Field(description="false: depths and deviations as they were fitted")] = True
    usual_m: Annotated[
        float, Field(ge=0.0, le=1.0, description="metal is half as likely this deep as higher up")
    ] = 0.18
    fall_m: Annotated[
        float, Field(ge=0.001, le=1.0, description="and there is next to none a few times this way below that")
    ] = 0.02


class EmiImage(Table):
    """Metal map."""

    smoothing_m: Annotated[Length, Field(description="standard deviation of the interpolation")] = 0.015


class Emi(Table):
    """The induction chain."""

    latency: EmiLatency = EmiLatency()
    calibrate: EmiCalibrate = EmiCalibrate()
    invert: EmiInvert = EmiInvert()
    locate: EmiLocate = EmiLocate()
    image: EmiImage = EmiImage()
    depth: EmiDepth = EmiDepth()
