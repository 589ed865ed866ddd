"""What the pictures and the report say, in the words of someone who stands on the ground."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.faults import KINDS
from dualsense.language import ENGLISH, again, number, say, say_count, spoken
from dualsense.render._planes import any_measured
from dualsense.render._targets import GRAVEST_FIRST, call_counts, threshold_in_100
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
STATED_DEPTH_M = 0.10
"""Of mines' tops: as deep as those for which detection is stated."""
COUNTED: dict[Call, tuple[str, str]] = {
    "suspect": ("{count} suspect.", "{count} suspects."),
    "unclear": ("{count} object unclear.", "{count} objects unclear."),
    "not-assessable": ("{count} object not assessable.", "{count} objects not assessable."),
    "likely-clutter": ("{count} object likely clutter.", "{count} objects likely clutter."),
}
"""So many targets of each call, as a sentence."""
UNTOLD = {
    "absent": "{sensor}: not recorded — this ground is not assessable by it",
    "failed": "{sensor}: failed — this ground is not assessable by it",
    "uncovered": "{sensor}: measured none of this patch — this ground is not assessable by it",
}
"""Why a sensor tells nothing of the ground; what stands before the dash fits into a picture."""


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
    return say("calibrated on simulated ground only; real ground may differ")


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
    limit = number(limit)
    if result.stated_detection is None:
        return say("A target is suspect from {limit} in 100 up.", limit=limit)
    return say(
        "A target is suspect from {limit} in 100 up, so that at least {share:g} of 100 simulated mines within "
        "range are.",
        limit=limit,
        share=100.0 * result.stated_detection,
    )


def sensor_state(result: Result, sensor: SensorName) -> SensorState:
    """Whether a sensor worked, is missing from the scan, failed, or measured none of the patch."""
    if any(fault.sensor == sensor and fault.severity == "failed" for fault in result.faults):
        return "failed"
    if sensor == "emi":
        has_image = "metal_response" in result.emi_maps
        measured = has_image and bool(np.isfinite(result.emi_maps["metal_response"].values).any())
    else:
        has_image = result.gpr_volume is not None
        measured = result.gpr_volume is not None and any_measured(result.gpr_volume.values)
    if not has_image:
        return "absent"
    return "working" if measured else "uncovered"


def sensor_message(result: Result, sensor: SensorName) -> str | None:
    """Sentence about a sensor that tells nothing of the ground; None when it worked."""
    sentence = UNTOLD.get(sensor_state(result, sensor))
    return None if sentence is None else say(sentence, sensor=say(SENSOR_NAMES[sensor]))


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
        return say("an unknown part")
    percent = 100.0 * min(max(fraction, 0.0), 1.0)
    if 0.0 < percent < 1.0:
        return say("less than 1 %")
    return say("{percent} %", percent=math.ceil(percent - 1e-9))


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
        return say("an unknown part")
    percent = 100.0 * min(max(fraction, 0.0), 1.0)
    if 0.0 < percent < 1.0:
        return say("less than 1 %")
    return say("{percent} %", percent=math.floor(percent + 1e-9))


def capitalised(sentence: str) -> str:
    """Sentence with a capital at its beginning, where its language has them."""
    return sentence[:1].upper() + sentence[1:]


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
        "advice" otherwise. That no suspect was found comes first only where nothing else is left to do: where a
        small mine could have been missed, or that is not known, that does.
    """
    counts = call_counts(result.targets)
    to_dig = {call: counts[call] for call in GRAVEST_FIRST if counts[call] and call != CLUTTER}
    nothing_assessed = result.coverage_fraction == 0.0
    limits = []
    if nothing_assessed:
        limits.append(say("No part of this patch was assessable by both sensors."))
    elif not 1.0 - result.coverage_fraction <= 0.0:
        share = percent_up(1.0 - result.coverage_fraction)
        limits.append(capitalised(say("{share} of this patch was not assessable.", share=share)))
    said = [say_count(*COUNTED[call], count=count) for call, count in to_dig.items()]
    clutter = [say_count(*COUNTED[CLUTTER], count=counts[CLUTTER])] if counts[CLUTTER] else []
    if to_dig:
        tone: Tone = "unknown" if list(to_dig) == ["not-assessable"] else "danger"
        main = say_count("{count} place to dig.", "{count} places to dig.", count=sum(to_dig.values()))
        return Headline(tone, main, (*said, *clutter, *limits))
    if nothing_assessed:
        return Headline("unknown", say("This patch was not assessed."), (*clutter, *limits))
    none, found = say("No suspect found in the part that was assessed."), small_mine_share(result, STATED_DEPTH_M)
    if found is None:
        limits.append(say("On how much of this patch a small mine could have been missed is not known."))
    elif not found >= 1.0:
        share = percent_up(1.0 - found)
        limits.append(say("On {share} of this patch a small mine 10 cm deep could have been missed.", share=share))
    if limits:
        return Headline("unknown", limits[0], (none, *clutter, *limits[1:]))
    return Headline("advice", none, tuple(clutter))


def small_mine_share(result: Result, depth_m: float) -> float | None:
    """Part of the patch on which a mine with a minimum of metal would have been found.

    Parameters
    ----------
    result
        What processing found.
    depth_m
        To which its top could have lain.

    Returns
    -------
    float or None
        None where that is not told.
    """
    sight, patch = result.smallest_mine, result.coverage.patch
    if sight is None or not patch.any():
        return None
    with np.errstate(invalid="ignore"):
        return float((sight.depth_m[patch] >= np.float32(depth_m)).mean())


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
    name = capitalised(say(SENSOR_NAMES[fault.sensor]))
    message = plain(_fault_message(fault)).rstrip(".")
    if fault.severity == "failed":
        return say(
            "{sensor} failed: {message}. This ground is not assessable by it.", sensor=name, message=message
        )
    if fault.severity == "degraded":
        return say("{sensor} lost a part of its data: {message}.", sensor=name, message=message)
    return say("{sensor}: {message}.", sensor=name, message=message)


def _fault_message(fault: Fault) -> str:
    """Sentence of a fault, worded anew from its code and values where it is not to be English."""
    kind = KINDS.get(fault.code)
    if spoken() == ENGLISH or kind is None or not kind.fields <= fault.values.keys():
        return again(fault.message)
    values = {
        name: again(value) if isinstance(value, str) else math.nan if value is None else value
        for name, value in fault.values.items()
    }
    channel = values.pop("channel", None)
    try:
        message = say(kind.wording, **values)
        english = kind.wording.format_map(fault.values)
    except (ValueError, TypeError):  # values of another kind than the wording's, as a foreign file may hold
        return again(fault.message)
    if channel is not None:
        message = say("channel {channel}: {message}", channel=channel, message=message)
        english = f"channel {channel}: {english}"
    # What was worded further must not lose what was added.
    return message if english == fault.message else again(fault.message)


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
            limits.append(Banner("failed", say("{sentence}.", sentence=capitalised(message))))
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
        return say(
            "soil: εᵣ {permittivity:.1f}, wave speed {speed:.1f} cm/ns, uncertainty unknown",
            permittivity=permittivity,
            speed=speed_m_s / 1e7,
        )
    return say(
        "soil: εᵣ {permittivity:.1f} ± {std:.1f}, wave speed {speed:.1f} ± {speed_std:.1f} cm/ns",
        permittivity=permittivity,
        std=std,
        speed=speed_m_s / 1e7,
        speed_std=speed_std_m_s / 1e7,
    )
