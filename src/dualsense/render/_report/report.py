"""The report: one page that opens offline, in the order in which a deminer asks."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import struct
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from dualsense.render import _words as words
from dualsense.render._figures.figures import render_figures
from dualsense.render._figures.strip import is_line
from dualsense.render._figures.style import View
from dualsense.render._files.geodesy import local_to_wgs84, usable_origin
from dualsense.render._report.sentences import SENTENCES
from dualsense.render._report.viewer import viewer_data
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
    from os import PathLike

    from jinja2 import Template

    from dualsense.render._figures.shown import Shown
    from dualsense.result import Result, Target

ASSETS = "assets"
LONG_TEXT = 160
PAPER_REASONS, PAPER_ROWS = 40, 34
PAPER_LINE_MM, PAPER_GAP_MM, PAPER_MM = 4.1, 2.2, 205.0
"""On paper: letters in a line of reasons, rows of a sheet without them; height of a line, around a row, of all."""


def _asset(name: str) -> str:
    return files("dualsense.render").joinpath(ASSETS, name).read_text(encoding="utf-8")


def _hash(text: str) -> Markup:
    """Source expression of the content security policy for an inline script or style."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return Markup("sha256-" + base64.b64encode(digest).decode("ascii"))  # noqa: S704 - letters of base64 only


def _inline(text: str) -> Markup:
    return Markup(text)  # noqa: S704 - our own assets, base64, or JSON without "<"


def _picture(png: bytes) -> dict[str, Any]:
    width, height = struct.unpack(">II", png[16:24])
    return {
        "uri": _inline("data:image/png;base64," + base64.b64encode(png).decode("ascii")),
        "width": width,
        "height": height,
    }


def _target(result: Result, target: Target, origin: tuple[float, float, float, float] | None) -> dict[str, Any]:
    x_std_m, y_std_m, _ = target.position_std_m
    place = None
    if origin is not None:
        latitude, longitude = local_to_wgs84(target.x_m, target.y_m, origin)
        place = f"{float(latitude):.8f}°, {float(longitude):.8f}°"
    return {
        "id": plain(target.id, 24),
        "call": target.call,
        "call_words": CALL_NAMES[target.call],
        "chance": chance_words(target, result),
        "depth": depth_words(target),
        "place": place_words(target),
        "bearing": bearing_words(target, None if origin is None else origin[3]),
        "xy": f"{_centimetres(target.x_m, x_std_m)}, {_centimetres(target.y_m, y_std_m)}",
        "wgs84": place,
        "reasons": [plain(reason) for reason in target.reasons],
    }


def _centimetres(value_m: float, std_m: float) -> str:
    spread = f" ± {100.0 * std_m:.1f}" if math.isfinite(std_m) else ""
    return f"{100.0 * value_m:.1f}{spread} cm"


def _coverage_rows(result: Result) -> list[dict[str, Any]]:
    parts = [("Both sensors", result.coverage_fraction)]
    parts += [
        (SENSOR_NAMES[sensor].capitalize(), result.sensor_coverage.get(sensor, math.nan))
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


def _soil(result: Result) -> dict[str, str] | None:
    speed_m_s, speed_std_m_s = words.velocity_m_s(result)
    if not math.isfinite(speed_m_s):
        return None
    permittivity, std = result.relative_permittivity, result.relative_permittivity_std
    known = math.isfinite(std)
    return {
        "permittivity": f"{permittivity:.2f} ± {std:.2f}" if known else f"{permittivity:.2f}, uncertainty unknown",
        "velocity": f"{speed_m_s / 1e7:.2f} ± {speed_std_m_s / 1e7:.2f} cm/ns"
        if known
        else f"{speed_m_s / 1e7:.2f} cm/ns, uncertainty unknown",
    }


def _origin_rows(result: Result) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Short facts for the table and long texts, such as the recipe, for folded blocks."""
    header = result.header
    facts = {
        "Scan": header.scan_id,
        "Recorded or simulated": {"unknown": "not stated by the scan"}.get(header.source, header.source),
        "Created": header.created,
        "Instrument": header.instrument,
        "Site": header.site,
        "Operator": header.operator,
        "Notes": header.notes,
        "Start point, WGS 84": _start_words(result),
        "SHA-256 of the scan": result.scan_sha256,
        "SHA-256 of the recipe": result.recipe_sha256,
        "Confidence model": result.model,
    }
    rows = [(name, plain(value)) for name, value in facts.items() if value]
    long_texts = []
    shown = set(facts.values())
    for name in sorted(result.provenance):
        value = result.provenance[name]
        if value in shown:
            continue
        if "\n" in value or len(value) > LONG_TEXT:
            lines = [plain(line.replace("\t", "    ")) for line in value.splitlines()]
            long_texts.append((plain(name), "\n".join(lines)))
        else:
            rows.append((plain(name), plain(value)))
    return rows, long_texts


def _start_words(result: Result) -> str | None:
    origin = usable_origin(result.header)
    if origin is None:
        return None
    latitude, longitude, height_m, azimuth = origin
    return f"{latitude:.8f}°, {longitude:.8f}°, {height_m:.2f} m, lane towards {azimuth:.1f}° from true north"


def _targets_alt(result: Result) -> str:
    targets = ordered_targets(result)
    if not targets:
        return "no targets"
    return "; ".join(
        f"{plain(target.id, 24)} {CALL_NAMES[target.call]} {place_words(target)}" for target in targets
    )


def _alts(result: Result) -> dict[str, str]:
    targets = _targets_alt(result)
    emi = words.sensor_message(result, "emi")
    gpr = words.sensor_message(result, "gpr")
    return {
        "fused_alt": f"Map of the patch with {'the radar' if gpr is None else 'no radar'} and "
        f"{'metal contours' if emi is None else 'no metal detector'}. Targets: {targets}.",
        "emi_alt": emi or f"Map of the metal response. Targets: {targets}.",
        "slices_alt": gpr or "Radar maps, one for each layer of depth, with metal contours over them.",
        "sections_alt": gpr
        or (
            f"Radar section along the line. Targets: {targets}."
            if is_line(result)
            else "Radar cut vertically along and across the lane through the most important targets."
        ),
        "radargram_alt": "Radar traces along the track against two-way time.",
    }


def _script() -> str:
    """All scripts of the page in one function, in the order of their names."""
    folder = files("dualsense.render").joinpath(ASSETS, "page")
    parts = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".js"))
    texts = [folder.joinpath(name).read_text(encoding="utf-8") for name in parts]
    return '"use strict";\n(function () {\n' + "\n".join(texts) + "}());\n"


def _paper_rows(targets: list[dict[str, Any]]) -> tuple[bool, int]:
    """Tell whether the table of targets fits one sheet only without reasons, and how many rows a sheet holds."""
    lines = [max(math.ceil(len("; ".join(target["reasons"])) / PAPER_REASONS), 2) for target in targets]
    many = sum(PAPER_LINE_MM * count + PAPER_GAP_MM for count in lines) > PAPER_MM
    return many, PAPER_ROWS if many else len(targets)


def _model_words(result: Result) -> str:
    """Say what the chances are, and by which model."""
    model = plain(result.model, 60)
    if not is_calibrated(result):
        return _filled(SENTENCES["uncalibrated"], model=model)
    ground = words.calibration_words(result)
    return _filled(SENTENCES["calibrated"], model=model, ground=f", {ground}" if ground else "")


def _filled(text: str, **values: object) -> str:
    """Sentence with its {names} filled in."""
    return text.format(**values)


def report_html(
    result: Result,
    pictures: Mapping[str, bytes] | None = None,
    view: View | None = None,
    shown: Shown | None = None,
) -> str:
    """Text of the report.

    Parameters
    ----------
    result
        What processing found.
    pictures
        PNG files by name, as `render_figures` gives them; drawn here when None.
    view
        The operator's controls over the pictures.
    shown
        What pictures and viewer share, where it is made already.

    Returns
    -------
    str
        HTML that refers to nothing outside itself.
    """
    view = view or View()
    pictures = render_figures(result, view, shown) if pictures is None else pictures
    line = is_line(result)
    # The slices of a line show nothing that its section does not: its pictures are the page.
    viewer = None if line else viewer_data(result, view, shown)
    style, script = _asset("report.css"), "" if viewer is None else _script()
    origin = usable_origin(result.header)
    rows, long_texts = _origin_rows(result)
    nothing = result.coverage_fraction == 0.0
    known = math.isfinite(result.area_m2)
    targets = [_target(result, target, origin) for target in ordered_targets(result)]
    many, most = _paper_rows(targets)
    return page_template().render(
        say=SENTENCES,
        title=plain(result.header.scan_id, 80) or "without a name",
        made=plain(" · ".join(filter(None, (result.header.site, result.header.created))), 80),
        simulated=words.SIMULATED if result.header.source == "simulated" else None,
        advice=words.ADVICE,
        headline=words.headline(result),
        banners=words.banners(result),
        model_words=_model_words(result),
        threshold=words.threshold_words(result),
        targets=targets,
        many=many,
        most=most,
        no_targets=SENTENCES["none_assessed" if nothing else "none_found"],
        coverage=_coverage_rows(result),
        area=f"{result.area_m2:.3f} m²" if known else SENTENCES["unknown_area"],
        soil=_soil(result),
        viewer=viewer,
        viewer_json=_inline("" if viewer is None else _json({**viewer, "say": SENTENCES})),
        line=line,
        pictures={name: _picture(png) for name, png in pictures.items()},
        origin=rows,
        long_texts=long_texts,
        style=_inline(style),
        style_hash=_hash(style),
        script=_inline(script),
        script_hash=_hash(script),
        **_alts(result),
    )


@cache
def page_template() -> Template:
    """Compile the template of the page, once."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - loaded beside the drawing

    environment = Environment(
        loader=PackageLoader("dualsense.render", ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["together"] = _together
    environment.filters["fill"] = _filled
    return environment.get_template("report.html.j2")


def _together(text: str) -> str:
    """Text whose numbers stay on one line with their units and deviations."""
    return re.sub(r"(?<=[\d±]) (?=±|cm|m\b|%|\d)", "\u00a0", text)


def _json(data: object) -> str:
    """JSON that cannot end the script element that holds it."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def write_report(
    result: Result,
    folder: str | PathLike[str],
    *,
    pictures: Mapping[str, bytes] | None = None,
    view: View | None = None,
    shown: Shown | None = None,
) -> Path:
    """Write ``report.html`` into a folder that exists; a file of that name is replaced.

    Parameters
    ----------
    result, pictures, view, shown
        As for `report_html`.
    folder
        Where to write.

    Returns
    -------
    Path
        The file.
    """
    path = Path(folder) / "report.html"
    path.write_bytes(report_html(result, pictures, view, shown).encode("utf-8"))
    return path
