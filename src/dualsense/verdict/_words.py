"""What a verdict says to people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualsense.language import number as decimals
from dualsense.language import say

if TYPE_CHECKING:
    from dualsense.verdict._judge import Place, Verdict
    from dualsense.verdict._limits import Grade, Limit

SAID: dict[Grade, str] = {
    "green": "GREEN: the sweep is within its limits (of what lies below this says nothing)",
    "amber": "AMBER: sweep the marked places again",
    "red": "RED: this sweep will not do",
}
GRADES: dict[Grade, str] = {"green": "GREEN", "amber": "AMBER", "red": "RED"}
NAMES = {
    "line_spacing_m": ("lines apart", 100.0, "cm"),
    "height_m": ("height of the sensors", 100.0, "cm"),
    "speed_m_s": ("speed of the head", 1.0, "m/s"),
    "tilt_deg": ("tilt of the head", 1.0, "°"),
    "tracking_gap_s": ("longest gap of the tracker", 1.0, "s"),
    "emi_coverage": ("covered by the metal detector", 100.0, "%"),
    "gpr_coverage": ("covered by the radar", 100.0, "%"),
    "sounding_spacing": ("way between soundings", 1.0, "x half a wave"),
    "not_believed": ("recording that is not believed", 100.0, "%"),
    "emi_noise": ("noise of the metal detector", 1.0, "in the file's unit"),
    "emi_drift": ("drift of the metal detector", 1.0, "in the file's unit"),
    "gpr_noise": ("noise of the radar", 1.0, "in the file's unit"),
}
"""Of each limit: its words, and the factor and unit in which it is told."""
WHY = {
    "line_spacing_m": "between lines",
    "height_m": "too high",
    "speed_m_s": "too fast",
    "tilt_deg": "tilted",
    "emi_coverage": "no metal detector",
    "gpr_coverage": "no radar",
}


def verdict_words(verdict: Verdict) -> str:
    """Say whether the sweep will do."""
    if verdict.grade == "amber" and not verdict.places:
        return say("AMBER: look at what is marked below before you leave")
    return say(SAID[verdict.grade])


def number(value: float, factor: float, unit: str, *, ascending: bool = True) -> str:
    """Word a value; a percentage is never rounded to the better side."""
    if not math.isfinite(value):
        return say("not known")
    if unit == "%":
        tenths = 10.0 * factor * value
        whole = math.ceil(tenths - 1e-9) if ascending else math.floor(tenths + 1e-9)
        return decimals(f"{whole / 10.0:g} %")
    return f"{decimals(f'{factor * value:.3g}')} {say(unit)}"


def limit_words(limit: Limit | None, factor: float, unit: str) -> str:
    """Word a limit: from where on a mark is amber and red."""
    if limit is None:
        return say("no limit set")
    return say(
        "amber over {amber:g}, red over {red:g} {unit}"
        if limit.ascending
        else "amber under {amber:g}, red under {red:g} {unit}",
        amber=factor * limit.amber,
        red=factor * limit.red,
        unit=say(unit),
    )


def place_words(place: Place) -> str:
    """Say where to sweep again, and why."""
    x, y = (say("{low:.2f} to {high:.2f}", low=low, high=high) for low, high in (place.x_m, place.y_m))
    why = ", ".join(say(WHY[name]) for name in place.why)
    return say("x {x} m, y {y} m ({area:.0f} cm²): {why}", x=x, y=y, area=1e4 * place.area_m2, why=why)


def mark_rows(verdict: Verdict) -> list[tuple[str, str, str, str]]:
    """Give grade, name, value and limit of each mark."""
    out = []
    for mark in verdict.marks:
        words, factor, unit = NAMES[mark.name]
        limit = getattr(verdict.limits, mark.name)
        ascending = limit is None or limit.ascending
        value = number(mark.value, factor, unit, ascending=ascending)
        grade = "–" if mark.grade is None else say(GRADES[mark.grade])
        out.append((grade, say(words), value, limit_words(limit, factor, unit)))
    return out
