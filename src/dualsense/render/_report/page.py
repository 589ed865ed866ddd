"""What the page says of a result, in the language at hand: targets, coverage, soil, origin, words for pictures."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from dualsense.language import NOT_REVIEWED, again, number, say
from dualsense.render import _words as words
from dualsense.render._files.geodesy import local_to_wgs84, usable_origin
from dualsense.render._report.sentences import SENTENCES, page_sentences
from dualsense.render._targets import (
    CALL_NAMES,
    bearing_words,
    chance_words,
    depth_words,
    is_calibrated,
    ordered_targets,
    place_words,
)
from dualsense.scan import SENSOR_NAMES, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualsense.result import Result, Target

LONG_TEXT = 160
PAPER_REASONS, PAPER_ROWS = 40, 34
PAPER_LINE_MM, PAPER_GAP_MM, PAPER_MM = 4.1, 2.2, 205.0
"""On paper: letters in a line of reasons, rows of a sheet without them; height of a line, around a row, of all."""


def _target(result: Result, target: Target, origin: tuple[float, float, float, float] | None) -> dict[str, Any]:
    x_std_m, y_std_m, _ = target.position_std_m
    place = None
    if origin is not None:
        latitude, longitude = local_to_wgs84(target.x_m, target.y_m, origin)
        place = f"{float(latitude):.8f}°, {float(longitude):.8f}°"
    return {
        "id": plain(target.id, 24),
        "call": target.call,
        "call_words": say(CALL_NAMES[target.call]),
        "chance": chance_words(target, result),
        "depth": depth_words(target),
        "place": place_words(target),
        "bearing": bearing_words(target, None if origin is None else origin[3]),
        "xy": f"{_centimetres(target.x_m, x_std_m)}, {_centimetres(target.y_m, y_std_m)}",
        "wgs84": place,
        "reasons": [plain(again(reason)) for reason in target.reasons],
    }


def _centimetres(value_m: float, std_m: float) -> str:
    if math.isfinite(std_m):
        return say("{value:.1f} ± {spread:.1f} cm", value=100.0 * value_m, spread=100.0 * std_m)
    return say("{value:.1f} cm", value=100.0 * value_m)


def _coverage_rows(result: Result) -> list[dict[str, Any]]:
    parts = [(say("Both sensors"), result.coverage_fraction)]
    parts += [
        (words.capitalised(say(SENSOR_NAMES[sensor])), result.sensor_coverage.get(sensor, math.nan))
        for sensor in words.SENSORS
    ]
    return [
        {
            "name": name,
            "measured": words.percent_down(fraction),
            "missing": words.percent_up(1.0 - fraction),
            "grave": not fraction >= 0.5,
        }
        for name, fraction in parts
    ]


def _small_found(result: Result) -> dict[str, str] | None:
    """Parts of the patch on which small mines would have been found; None where that is not told."""
    five, ten = (words.small_mine_share(result, depth_m) for depth_m in (0.05, words.STATED_DEPTH_M))
    if five is None or ten is None:
        return None
    return {"five": words.percent_down(five), "ten": words.percent_down(ten)}


def _soil(result: Result) -> dict[str, str] | None:
    speed_m_s, speed_std_m_s = words.velocity_m_s(result)
    if not math.isfinite(speed_m_s):
        return None
    permittivity, std = result.relative_permittivity, result.relative_permittivity_std
    speed, speed_std = speed_m_s / 1e7, speed_std_m_s / 1e7
    if not math.isfinite(std):
        return {
            "permittivity": say("{value:.2f}, uncertainty unknown", value=permittivity),
            "velocity": say("{value:.2f} cm/ns, uncertainty unknown", value=speed),
        }
    return {
        "permittivity": say("{value:.2f} ± {spread:.2f}", value=permittivity, spread=std),
        "velocity": say("{value:.2f} ± {spread:.2f} cm/ns", value=speed, spread=speed_std),
    }


def _origin_rows(result: Result) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Short facts for the table and long texts, such as the recipe, for folded blocks."""
    header = result.header
    facts = (
        (say("Scan"), header.scan_id),
        (say("Recorded or simulated"), _source_words(header.source)),
        (say("Created"), header.created),
        (say("Instrument"), header.instrument),
        (say("Site"), header.site),
        (say("Operator"), header.operator),
        (say("Notes"), header.notes),
        (say("Start point, WGS 84"), _start_words(result)),
        (say("SHA-256 of the scan"), result.scan_sha256),
        (say("SHA-256 of the recipe"), result.recipe_sha256),
        (say("Confidence model"), result.model),
    )
    rows = [(name, plain(value)) for name, value in facts if value]
    long_texts = []
    # The same rows in every language: what is shown does not hang on how it is worded.
    shown = {header.source, *(value for _, value in facts)}
    for name in sorted(result.provenance):
        value = result.provenance[name]
        if value in shown:
            continue
        if "\n" in value or len(value) > LONG_TEXT:
            long_texts.append((plain(name), _block(value)))
        else:
            rows.append((plain(name), plain(value)))
    return rows, long_texts


@lru_cache(maxsize=16)
def _block(text: str) -> str:
    """Lines of a long text made fit to show, once for all languages."""
    return "\n".join(plain(line.replace("\t", "    ")) for line in text.splitlines())


def _source_words(source: str) -> str:
    if source == "unknown":
        return say("not stated by the scan")
    return {"recorded": say("recorded"), "simulated": say("simulated")}.get(source, source)


def _start_words(result: Result) -> str | None:
    origin = usable_origin(result.header)
    if origin is None:
        return None
    latitude, longitude, height_m, azimuth = origin
    place = f"{latitude:.8f}°, {longitude:.8f}°, {height_m:.2f} m"
    return say("{place}, lane towards {azimuth:.1f}° from true north", place=place, azimuth=azimuth)


def _targets_alt(result: Result) -> str:
    targets = ordered_targets(result)
    if not targets:
        return say("no targets")
    return "; ".join(
        f"{plain(target.id, 24)} {say(CALL_NAMES[target.call])} {place_words(target)}" for target in targets
    )


def _alts(result: Result, *, line: bool) -> dict[str, str]:
    targets = _targets_alt(result)
    emi = words.sensor_message(result, "emi")
    gpr = words.sensor_message(result, "gpr")
    radar = say("the radar") if gpr is None else say("no radar")
    metal = say("metal contours") if emi is None else say("no metal detector")
    fused = say(
        "Map of the patch with {radar} and {metal}. Targets: {targets}.", radar=radar, metal=metal, targets=targets
    )
    cuts = say("Radar cut vertically along and across the lane through the most important targets.")
    if line:
        cuts = say("Radar section along the line. Targets: {targets}.", targets=targets)
    return {
        "fused_alt": fused,
        "emi_alt": emi or say("Map of the metal response. Targets: {targets}.", targets=targets),
        "slices_alt": gpr or say("Radar maps, one for each layer of depth, with metal contours over them."),
        "sections_alt": gpr or cuts,
        "radargram_alt": say("Radar traces along the track against two-way time."),
    }


def _wide(text: str) -> int:
    """Letters of a text, those of twice the width counted twice."""
    return len(text) + sum(east_asian_width(letter) in {"W", "F"} for letter in text if not letter.isascii())


def _paper_rows(targets: list[dict[str, Any]]) -> tuple[bool, int]:
    """Tell whether the table of targets fits one sheet only without reasons, and how many rows a sheet holds."""
    lines = [max(math.ceil(_wide("; ".join(target["reasons"])) / PAPER_REASONS), 2) for target in targets]
    many = sum(PAPER_LINE_MM * count + PAPER_GAP_MM for count in lines) > PAPER_MM
    return many, PAPER_ROWS if many else len(targets)


def _model_words(result: Result) -> str:
    """Say what the chances are, and by which model."""
    model = plain(result.model, 60)
    if not is_calibrated(result):
        return say(SENTENCES["uncalibrated"], model=model)
    ground = words.calibration_words(result)
    return say(SENTENCES["calibrated"], model=model, ground=f", {ground}" if ground else "")


def page_words(result: Result, viewer: Mapping[str, Any]) -> dict[str, Any]:
    """Give all that the page says of a result, in the language at hand.

    Parameters
    ----------
    result
        What processing found.
    viewer
        What the instrument draws from.

    Returns
    -------
    dict
        For the template. Its parts are as many in every language.
    """
    origin = usable_origin(result.header)
    rows, long_texts = _origin_rows(result)
    nothing = result.coverage_fraction == 0.0
    known = math.isfinite(result.area_m2)
    targets = [_target(result, target, origin) for target in ordered_targets(result)]
    many, most = _paper_rows(targets)
    terms = {term: again(term) for term in _terms(viewer)}
    return {
        "say": page_sentences(),
        "terms": terms,
        "levels": number(", ".join(viewer["levels"])),
        "level_units": again(viewer["levelUnits"]),
        "not_reviewed": say(NOT_REVIEWED),
        "title": plain(result.header.scan_id, 80) or say("without a name"),
        "simulated": say(words.SIMULATED) if result.header.source == "simulated" else None,
        "advice": say(words.ADVICE),
        "headline": words.headline(result),
        "banners": words.banners(result),
        "model_words": _model_words(result),
        "threshold": words.threshold_words(result),
        "targets": targets,
        "many": many,
        "most": most,
        "no_targets": say(SENTENCES["none_assessed" if nothing else "none_found"]),
        "coverage": _coverage_rows(result),
        "area": say("{area:.3f} m²", area=result.area_m2) if known else say(SENTENCES["unknown_area"]),
        "small_found": _small_found(result),
        "soil": _soil(result),
        "origin": rows,
        "long_texts": long_texts,
        **_alts(result, line=viewer["line"] is not None),
    }


def _terms(viewer: Mapping[str, Any]) -> list[str]:
    """Words among the data of the instrument, which the page shows in its language."""
    metal = viewer["layers"].get("metal", {})
    given = (*viewer["messages"].values(), viewer["levelUnits"], metal.get("units"))
    return [term for term in given if term]
