"""What the pictures and the report say, in the words of someone who stands on the ground."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.render._targets import CALL_NAMES, GRAVEST_FIRST, call_counts, threshold_in_100
from dualsense.scan import SENSOR_NAMES, SEVERITIES, plain

if TYPE_CHECKING:
    from dualsense.result import Call, Result
    from dualsense.scan import Fault, SensorName, Severity

SensorState = Literal["working", "absent", "failed", "uncovered"]
Tone = Literal["danger", "unknown", "advice"]

SENSORS: tuple[SensorName, ...] = ("emi", "gpr")
ADVICE = "This is advice: every alarm is dealt with by procedure; nothing here declares ground free of mines."
SIMULATED = "SIMULATED DATA"
CLUTTER: Call = "likely-clutter"


def calibration_words(result: Result) -> str:
    """Say on what ground a model was calibrated, where that was not real ground; else empty.

    Parameters
    ----------
    result
        Its model decides.

    Returns
    -------
    str
        Words without a full stop.
    """
    if not result.model.startswith("simulated"):
        return ""
    return "calibrated on simulated ground only; real ground may differ"


def threshold_words(result: Result) -> str:
    """Say from which confidence on a target is suspect, and how many mines that leaves out; empty if not told.

    Parameters
    ----------
    result
        Its `suspect_threshold` and `stated_detection`.

    Returns
    -------
    str
        A sentence.
    """
    limit = threshold_in_100(result)
    if limit is None:
        return ""
    why = ""
    if result.stated_detection is not None:
        share = f"{100.0 * result.stated_detection:g} of 100"
        why = f", so that at least {share} simulated mines within range are"
    return f"A target is suspect from {limit} in 100 up{why}."


def sensor_state(result: Result, sensor: SensorName) -> SensorState:
    """Whether a sensor worked, is missing from the scan, failed, or measured none of the patch."""
    if any(fault.sensor == sensor and fault.severity == "failed" for fault in result.faults):
        return "failed"
    if sensor == "emi":
        has_image = "metal_response" in result.emi_maps
        measured = has_image and bool(np.isfinite(result.emi_maps["metal_response"].values).any())
    else:
        has_image = result.gpr_volume is not None
        measured = result.gpr_volume is not None and bool(np.isfinite(result.gpr_volume.values).any())
    if not has_image:
        return "absent"
    return "working" if measured else "uncovered"


def sensor_message(result: Result, sensor: SensorName) -> str | None:
    """Sentence about a sensor that tells nothing of the ground; None when it worked."""
    ending = {
        "absent": "not recorded",
        "failed": "failed",
        "uncovered": "measured none of this patch",
    }.get(sensor_state(result, sensor))
    if ending is None:
        return None
    return f"{SENSOR_NAMES[sensor]}: {ending} — this ground is not assessable by it"


def percent_up(fraction: float) -> str:
    """Part of the patch in whole per cent, never rounded down: what is missing must not look smaller.

    Parameters
    ----------
    fraction
        0-1; NaN is an unknown part.

    Returns
    -------
    str
    """
    if not math.isfinite(fraction):
        return "an unknown part"
    percent = 100.0 * min(max(fraction, 0.0), 1.0)
    if percent == 0.0:
        return "0 %"
    return "less than 1 %" if percent < 1.0 else f"{math.ceil(percent - 1e-9)} %"


def percent_down(fraction: float) -> str:
    """Part of the patch in whole per cent, never rounded up: what was measured must not look larger.

    Parameters
    ----------
    fraction
        0-1; NaN is an unknown part.

    Returns
    -------
    str
    """
    if not math.isfinite(fraction):
        return "an unknown part"
    percent = 100.0 * min(max(fraction, 0.0), 1.0)
    if 0.0 < percent < 1.0:
        return "less than 1 %"
    return f"{math.floor(percent + 1e-9)} %"


@dataclass(frozen=True, slots=True)
class Headline:
    """The verdict of a scan.

    Attributes
    ----------
    tone
        "danger", "unknown" or "advice"; chooses the look.
    main, rest
        The sentence that comes first, and those after it.
    """

    tone: Tone
    main: str
    rest: tuple[str, ...]


def headline(result: Result) -> Headline:
    """Verdict of a scan in plain words: what must be dug comes first. It never says that ground holds nothing.

    Parameters
    ----------
    result
        What processing found.

    Returns
    -------
    Headline
        Tone "danger" with a suspect, "unknown" when a part was not assessed or an object could not be,
        "advice" otherwise. That no suspect was found comes first only where nothing else is left to do.
    """
    counts = call_counts(result.targets)
    to_dig = {call: counts[call] for call in GRAVEST_FIRST if counts[call] and call != CLUTTER}
    nothing_assessed = result.coverage_fraction == 0.0
    limits = []
    if nothing_assessed:
        limits.append("No part of this patch was assessable by both sensors.")
    elif not 1.0 - result.coverage_fraction <= 0.0:
        share = percent_up(1.0 - result.coverage_fraction)
        limits.append(f"{share[0].upper()}{share[1:]} of this patch was not assessable.")
    said = [
        f"{_count(number, 'suspect')}." if call == "suspect" else f"{_count(number, 'object')} {CALL_NAMES[call]}."
        for call, number in to_dig.items()
    ]
    clutter = [f"{_count(counts[CLUTTER], 'object')} likely clutter."] if counts[CLUTTER] else []
    if to_dig:
        tone: Tone = "unknown" if list(to_dig) == ["not-assessable"] else "danger"
        main = f"{_count(sum(to_dig.values()), 'place')} to dig."
        return Headline(tone, main, (*said, *clutter, *limits))
    if nothing_assessed:
        return Headline("unknown", "This patch was not assessed.", (*clutter, *limits))
    none = "No suspect found in the part that was assessed."
    if limits:
        return Headline("unknown", limits[0], (none, *clutter))
    return Headline("advice", none, tuple(clutter))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def fault_words(fault: Fault) -> str:
    """Fault of a sensor as a sentence that says what it means for the ground.

    Parameters
    ----------
    fault
        Of a scan or a result.

    Returns
    -------
    str
    """
    name = SENSOR_NAMES[fault.sensor].capitalize()
    message = plain(fault.message).rstrip(".")
    if fault.severity == "failed":
        return f"{name} failed: {message}. This ground is not assessable by it."
    if fault.severity == "degraded":
        return f"{name} lost a part of its data: {message}."
    return f"{name}: {message}."


@dataclass(frozen=True, slots=True)
class Banner:
    """One limit of the answer.

    Attributes
    ----------
    severity
        As that of a fault.
    sentence
        What it means for the ground.
    code
        Of its fault, see `dualsense.faults.KINDS`; empty where there is none.
    """

    severity: Severity
    sentence: str
    code: str = ""


def banners(result: Result) -> tuple[Banner, ...]:
    """List what limits the answer, gravest first; a sensor that is missing without a fault counts as "failed".

    Parameters
    ----------
    result
        What processing found.

    Returns
    -------
    tuple of Banner
    """
    limits = []
    for sensor in SENSORS:
        message = sensor_message(result, sensor)
        if message and sensor_state(result, sensor) != "failed":
            limits.append(Banner("failed", f"{message[0].upper()}{message[1:]}."))
    limits.extend(Banner(fault.severity, fault_words(fault), fault.code) for fault in result.faults)
    return tuple(sorted(limits, key=lambda banner: SEVERITIES.index(banner.severity)))


def velocity_m_s(result: Result) -> tuple[float, float]:
    """Wave speed in the soil and its standard deviation, v = c/√ε_r; NaN without radar."""
    permittivity = result.relative_permittivity
    if not (math.isfinite(permittivity) and permittivity > 0.0):
        return math.nan, math.nan
    speed_m_s = C0_M_S / math.sqrt(permittivity)
    return speed_m_s, 0.5 * speed_m_s * result.relative_permittivity_std / permittivity


def soil_words(result: Result) -> str:
    """Permittivity and wave speed behind every depth, each with one standard deviation; empty without radar."""
    speed_m_s, speed_std_m_s = velocity_m_s(result)
    if not math.isfinite(speed_m_s):
        return ""
    permittivity, std = result.relative_permittivity, result.relative_permittivity_std
    if not math.isfinite(std):
        return f"soil: εᵣ {permittivity:.1f}, wave speed {speed_m_s / 1e7:.1f} cm/ns, uncertainty unknown"
    speed = f"{speed_m_s / 1e7:.1f} ± {speed_std_m_s / 1e7:.1f} cm/ns"
    return f"soil: εᵣ {permittivity:.1f} ± {std:.1f}, wave speed {speed}"
