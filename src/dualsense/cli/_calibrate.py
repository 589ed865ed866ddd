"""The verb ``dualsense calibrate``: profiles of instruments, and scans put right by them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dualsense.cli import _options as options
from dualsense.cli._console import DONE, Console
from dualsense.errors import UsageError
from dualsense.runtime.texts import visible

if TYPE_CHECKING:
    from pathlib import Path

    from dualsense.scan import Scan
    from dualsense.workbench import MetalShot, RadarShots

FAR = options.FloatRange(-1000.0, 1000.0)


@click.command()
@click.argument("scan", type=options.FILE, required=False)
@click.option("--profile", type=options.FILE, metavar="PROFILE.json", help="Put SCAN right by this one.")
@click.option("--air", type=options.FILE, metavar="SCAN", help="The head in free air.")
@click.option("--plate", type=options.FILE, metavar="SCAN", help="The head above a large metal plate.")
@click.option("--plate-height", "height_m", type=options.FloatRange(0.01, 2.0), metavar="M",
              help="Of the antennas above the plate.")  # fmt: skip
@click.option("--plate-height-std", "height_std_m", type=options.FloatRange(0.0, 0.1), default=0.001,
              show_default=True, metavar="M", help="How well that is known.")  # fmt: skip
@click.option("--sphere", type=options.FILE, metavar="SCAN", help="Passes over a known sphere in free air.")
@click.option("--sphere-radius", "radius_m", type=options.FloatRange(0.001, 0.2), metavar="M")
@click.option("--sphere-conductivity", "conductivity_s_m", type=options.FloatRange(1e3, 1e8), metavar="S/M")
@click.option("--sphere-permeability", "permeability", type=options.FloatRange(1.0, 1e4), default=1.0,
              show_default=True, help="Relative.")  # fmt: skip
@click.option("--sphere-at", "place_m", type=(FAR, FAR, FAR), metavar="X Y Z",
              help="Its centre in the scan's local frame, in metres.")  # fmt: skip
@click.option("--sphere-at-std", "place_std_m", type=options.FloatRange(0.0, 0.1), default=0.001,
              show_default=True, metavar="M", help="How well that is known.")  # fmt: skip
@click.option("-o", "--out", type=options.FILE, required=True, help="The profile, or the scan that was put right.")
@options.overwrite
@options.isolated
@options.common
def calibrate(
    console: Console,
    *,
    scan: Path | None,
    profile: Path | None,
    air: Path | None,
    plate: Path | None,
    height_m: float | None,
    height_std_m: float,
    sphere: Path | None,
    radius_m: float | None,
    conductivity_s_m: float | None,
    permeability: float,
    place_m: tuple[float, float, float] | None,
    place_std_m: float,
    out: Path,
    overwrite: bool,
) -> int:
    """Make a profile of an instrument, or put SCAN right by one.

    The profile comes from --air, --plate and --sphere, or some of them: the radar's reference, its delay, how it
    hears the ground; the metal detector's gain and phase in each channel; each with its error.
    """
    if (scan is None) != (profile is None) or (scan is not None and (air or plate or sphere)):
        msg = "give a SCAN with --profile to put it right, or --air, --plate and --sphere to make a profile"
        raise UsageError(msg)
    options.refuse_existing(out, overwrite=overwrite)
    _refuse_own(out, (scan, profile, air, plate, sphere))
    if scan is not None and profile is not None:
        return _put_right(console, scan, profile, out, overwrite=overwrite)
    if (plate is None) != (height_m is None) or (plate is not None and air is None):
        msg = "--plate needs --plate-height and --air"
        raise UsageError(msg)
    known = (radius_m, conductivity_s_m, place_m)
    if any((sphere is None) != (one is None) for one in known):
        msg = "--sphere goes with --sphere-radius, --sphere-conductivity and --sphere-at"
        raise UsageError(msg)
    from dualsense.runtime.files import write_file
    from dualsense.workbench import Plate, Sphere, instrument_profile, profile_text, radar_shots, sphere_shot

    read = _read({"air": air, "plate": plate, "sphere": sphere}, console)
    radar: RadarShots | None = None
    metal: MetalShot | None = None
    if "air" in read:
        lay = None if height_m is None else Plate(height_m, height_std_m)
        radar = radar_shots(read["air"], read.get("plate"), lay)
    if radius_m is not None and conductivity_s_m is not None and place_m is not None:
        metal = sphere_shot(read["sphere"], Sphere(radius_m, conductivity_s_m, place_m, permeability, place_std_m))
    names = {one.header.instrument for one in read.values()}
    if len(names) > 1:
        msg = f"the recordings are of several instruments: {', '.join(sorted(names))}"
        raise UsageError(msg)
    made = {name: one.sha256 for name, one in read.items()}
    text = instrument_profile(next(iter(names), ""), radar=radar, metal=metal, made=made)
    console.subject = str(out)
    write_file(out, text, overwrite=overwrite)
    said = [
        f"{name}: {visible(fault.message)} [{fault.code}]" for name, one in read.items() for fault in one.faults
    ]
    console.report("\n".join((profile_text(radar, metal), *said, f"wrote {visible(str(out))}")))
    return DONE


def _read(named: dict[str, Path | None], console: Console) -> dict[str, Scan]:
    """Read the recordings that are given, by what they are."""
    from dualsense.io import read_scan

    read: dict[str, Scan] = {}
    for name, path in named.items():
        if path is not None:
            console.subject = str(path)
            read[name] = read_scan(path, with_truth=False)
    return read


def _refuse_own(out: Path, given: tuple[Path | None, ...]) -> None:
    """Refuse to write over what is read: the recording as it was made would be lost."""
    if out.exists() and any(one is not None and one.exists() and out.samefile(one) for one in given):
        msg = f"{out}: is what is read, and would be lost; choose another name"
        raise UsageError(msg)


def _put_right(console: Console, scan: Path, profile: Path, out: Path, *, overwrite: bool) -> int:
    from dualsense.io import read_scan, write_scan
    from dualsense.workbench import calibrated_scan, read_instrument_profile

    console.subject = str(profile)
    tree = read_instrument_profile(profile)
    console.subject = str(scan)
    right = calibrated_scan(read_scan(scan), tree)
    console.subject = str(out)
    write_scan(right, out, overwrite=overwrite)
    console.report(f"wrote {visible(str(out))}, put right by {visible(str(profile))}")
    return DONE
