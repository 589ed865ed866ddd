"""The verb ``dualsense check``: whether a sweep will do, while the operator still stands there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from dualsense.cli import _options as options
from dualsense.cli._console import DONE, FAILED, Console
from dualsense.errors import DualsenseError, cause, one_line
from dualsense.runtime.logs import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

    from dualsense.recipe import Recipe
    from dualsense.verdict import Limits, Verdict

FILES = ("check.png", "check.json")
"""Of each scan; the second, which programs read, comes last and leaves first."""
AMBER, RED = 3, 4
STATUS = {"green": DONE, "amber": AMBER, "red": RED}


@click.command()
@click.argument("scans", type=options.FILE, nargs=-1, required=True, metavar="SCAN|DIR...")
@click.option("-o", "--out", type=options.FILE, help="Folder for check.png and check.json of each scan.")
@click.option("--limits", "limits_file", type=options.FILE, metavar="FILE", help="TOML file with other limits.")
@options.recipe
@options.overwrite
@options.as_json
@options.threads
@options.isolated
@options.common
def check(
    console: Console,
    *,
    scans: tuple[Path, ...],
    out: Path | None,
    limits_file: Path | None,
    recipe_file: Path | None,
    overrides: tuple[str, ...],
    overwrite: bool,
    as_json: bool,
) -> int:
    """Say whether a sweep will do: green, amber or red, and the places to sweep again.

    Line spacing, height, speed, tilt, the tracker's gaps, what each sensor covered, the radar's soundings against
    its waves, and what in the recording is not believed. Of what lies below nothing is said.

    Exit status: 0 green, 3 amber, 4 red, of the worst scan; 1 where a scan could not be processed.
    """
    recipe = options.load_recipe(recipe_file, overrides)
    from dualsense.batch import find_scans
    from dualsense.verdict import Limits, read_limits, to_json

    limits = Limits() if limits_file is None else read_limits(limits_file)
    found = find_scans(scans)
    if out is not None:
        for name in found:
            options.refuse_existing(out / name / "check.json", overwrite=overwrite)
    verdicts: dict[str, Verdict] = {}
    errors: dict[str, str] = {}
    for name, scan in found.items():
        console.subject = str(scan)
        if out is not None:
            _forget(out / name)
        try:
            verdicts[name] = _judged(scan, recipe, limits)
        except DualsenseError as error:
            if len(found) == 1:
                raise
            errors[name] = one_line(cause(error))
            click.echo(f"{PROGRAM}: error: {one_line(cause(error))}", err=True)
            continue
        if out is not None:
            _write(out / name, verdicts[name], overwrite=overwrite)
        if not as_json:
            console.answer(_text(name, verdicts[name], drawn=out is not None))
    if as_json:
        told = {name: json.loads(to_json(one)) for name, one in verdicts.items()}
        told |= {name: {"grade": None, "error": error} for name, error in errors.items()}
        console.answer(json.dumps(told, indent=2))
    worst = max((STATUS[one.grade] for one in verdicts.values()), default=DONE)
    return FAILED if errors else worst


def _forget(folder: Path) -> None:
    """Remove what was said of a scan before: should this go wrong, an old green must not stand for it.

    Both files leave in one step where the system can do that: neither may be left alone by who is killed between.
    """
    from dualsense.runtime.folders import write_folder

    if any((folder / name).exists() for name in FILES):
        write_folder(folder, FILES, lambda _: None, overwrite=True)


def _judged(scan: Path, recipe: Recipe, limits: Limits) -> Verdict:
    from dualsense.chain import process_recording
    from dualsense.io import read_scan
    from dualsense.verdict import judge

    recording = read_scan(scan, with_truth=False)
    return judge(recording, process_recording(recording, recipe), limits)


def _text(name: str, verdict: Verdict, *, drawn: bool) -> str:
    from dualsense.cli._text import table
    from dualsense.language import again, catalogue, plotted, say, spoken
    from dualsense.render import SIMULATED
    from dualsense.scan import SENSOR_NAMES
    from dualsense.verdict import mark_rows, place_words, verdict_words

    simulated = f"{say(SIMULATED)}  " if verdict.source == "simulated" else ""
    lines = [f"{one_line(name)}: {simulated}{verdict_words(verdict)}"]
    lines += [f"  {line}" for line in table(mark_rows(verdict), align="<<><").splitlines()]
    names: dict[str, str] = {key: say(name) for key, name in SENSOR_NAMES.items()}
    lines += [f"  {names[sensor]}: {one_line(again(message))}" for sensor, _, message in verdict.faults]
    lines += ["  " + say("sweep again: {place}", place=place_words(place)) for place in verdict.places]
    if drawn and plotted() != spoken():
        lines += ["  " + say("The words in the pictures are {language}.", language=catalogue(plotted()).name)]
    return "\n".join(lines) + "\n"


def _write(folder: Path, verdict: Verdict, *, overwrite: bool) -> None:
    from dualsense.runtime.folders import write_folder
    from dualsense.verdict import draw, to_json

    written = dict(zip(FILES, (draw(verdict), to_json(verdict).encode()), strict=True))

    def fill(fresh: Path) -> None:
        for file, content in written.items():
            (fresh / file).write_bytes(content)

    write_folder(folder, FILES, fill, overwrite=overwrite)
