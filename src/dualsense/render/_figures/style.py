"""The look that every picture shares: colours, colour limits, and how numbers and units are written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.language import number, say
from dualsense.render._canvas.canvas import Canvas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualsense.result import Image, Result

DPI = 110
RADAR_MAP = "viridis"
METAL_MAP = "inferno"
RADAR_GAMMA = 0.6
METAL_GAMMA = 0.5

INK = "#000000"
PAPER = "#ffffff"
UNMEASURED = "#d4d4d4"
UNMEASURED_LINES = "#6e6e6e"
ONE_SENSOR_LINES = "#e8e8e8"
SUSPECT = "#e8440a"
UNCLEAR = "#ffd400"
SIMULATED_PAPER = "#ffd400"
MISSING_PAPER = "#ffe3d6"


@dataclass(frozen=True, slots=True)
class View:
    """The operator's controls over the pictures.

    Attributes
    ----------
    radar_limit
        Top of the colour scale of the fused map: how many times an echo exceeds the median of its depth.
    echo_limit
        Top of the colour scale of slices and sections, as a part of the strongest echoes.
    metal_limit
        Top of the colour scale of the metal map, in its units; None lets the map decide.
    start_depth_m, stop_depth_m
        Depths between which the radar is shown; None is the end of the volume.
    """

    radar_limit: float = 12.0
    echo_limit: float = 1.0
    metal_limit: float | None = None
    start_depth_m: float = 0.0
    stop_depth_m: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Colour limits, one set for all pictures of a result, so that equal colours mean equal values."""

    radar: float
    echo: float
    metal: float


def colour_limits(result: Result, view: View) -> Limits:
    """Find the colour limits of a result.

    Those of the radar are fixed. That of the metal map is what its strongest 0.01 % exceed; where the map is in
    standard deviations of the noise of a reading, at least three of them, so that noise never fills the scale.
    """
    metal = metal_limit(result.emi_maps.get("metal_response"), view)
    return Limits(radar=view.radar_limit, echo=view.echo_limit, metal=metal)


def metal_limit(image: Image | None, view: View) -> float:
    """Find the top of the colour scale of a metal map; 1 without a map."""
    metal = view.metal_limit or 0.0
    if not metal and image is not None:
        finite = np.abs(image.values[np.isfinite(image.values)])
        bright = float(np.quantile(finite, 0.9999)) if finite.size else 0.0
        metal = max(bright, 3.0 if image.units == "1" else 0.0)
    return metal or 1.0


def power_of_ten(limit: float) -> int:
    """Find the exponent to take out of the numbers of a scale; 0 when they read well as they are."""
    power = math.floor(math.log10(limit)) if limit > 0.0 else 0
    return 0 if -3 < power < 4 else power


def number_words(value: float) -> str:
    """Write a number with three digits, or all of those before the point; never as a power of ten."""
    return number(f"{value:.3g}" if abs(value) < 999.5 else f"{value:.0f}")


def scaled_units(power: int, units: str) -> str:
    """Write a unit with the power of ten that was taken out: "10⁻⁸ m³"."""
    if power == 0:
        return unit_words(units)
    digits = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{digits}" if units in {"1", ""} else f"10{digits} {unit_words(units)}"


def unit_words(units: str) -> str:
    """Write a unit as people write it; dimensionless is "relative"."""
    raised = {"2": "²", "3": "³"}
    if units in {"1", ""}:
        return say("relative")
    return "".join(
        raised[letter] if letter in raised and index and units[index - 1].isalpha() else letter
        for index, letter in enumerate(units)
    )


def metal_units(units: str) -> str:
    """Name the unit of the metal map: a dimensionless one counts standard deviations of the noise."""
    return say("times the noise") if units == "1" else units


def numbers_words(values: Sequence[float], units: str) -> str:
    """Write numbers with two or three digits and their common unit: "0.9, 2.2 × 10⁻⁸ m³"."""
    power = power_of_ten(max((abs(value) for value in values), default=1.0))
    comma = ", " if number("0.5") == "0.5" else "; "  # beside decimal commas
    if power == 0:
        numbers = comma.join(number_words(value) for value in values)
        return f"{numbers} {unit_words(units)}"
    numbers = comma.join(number(f"{value / 10.0**power:.2g}") for value in values)
    return f"{numbers} × {scaled_units(power, units)}"


def new_sheet(width_in: float, height_in: float) -> Canvas:
    """Open a sheet of white paper."""
    return Canvas(width_in, height_in, DPI)
