"""The verb ``dualsense simulate``: scans of invented ground."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dualsense.cli import _gprmax
from dualsense.cli import _options as options
from dualsense.cli._console import DONE, FAILED, PROGRAM, Console
from dualsense.language import say
from dualsense.runtime.texts import visible

if TYPE_CHECKING:
    from pathlib import Path

    from dualsense.simulate import Scene


@click.command()
@click.argument("scene", type=options.FILE, metavar="[SCENE.toml]", required=False)
@click.option("--preset", help="Kind of lane to invent, such as sand; --list lists them.")
@click.option("--scene", "scene_file", type=options.FILE, help="The same as SCENE.toml.")
@click.option("--lanes", type=click.IntRange(min=1), help="Invent so many, into the folder OUT, with a manifest.")
@click.option(
    "-o",
    "--out",
    type=options.FILE,
    required=True,
    metavar="OUT",
    help="Scan file; folder with --lanes and --write-only.",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), help="Equal seeds give equal scans. With --lanes: of the first."
)
@click.option(
    "-j", "--jobs", type=click.IntRange(min=1), help="Worker processes of --lanes; default one per core."
)
@click.option("--write-scene", is_flag=True, help="Write the scene as TOML into OUT instead, to be changed.")
@click.option(
    "--fault",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    help="What the recorder does wrong, such as dropout=0.1, stuck=emi or truncated=0.7; may be repeated.",
)
@click.option(
    "--into",
    type=options.FILE,
    metavar="RECORDED.h5",
    help="Put the scene's objects into this recording instead: its own ground, noise and track.",
)
@click.option("--cart", is_flag=True, help="Carry an array head on a cart over the patch, instead of one by hand.")
@click.option(
    "--list",
    is_flag=False,
    flag_value="",
    metavar="[NAME]",
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _option, name: _list(ctx, name),
    help="List presets and models, or every number of one of them with its source, and stop.",
)
@options.overwrite
@_gprmax.with_engine
@options.common
def simulate(
    console: Console,
    *,
    scene: Path | None,
    preset: str | None,
    scene_file: Path | None,
    lanes: int | None,
    out: Path,
    seed: int | None,
    jobs: int | None,
    pairs: tuple[str, ...],
    write_scene: bool,
    into: Path | None,
    cart: bool,
    overwrite: bool,
    engine: dict[str, Any] | None,
) -> int:
    """Invent lanes and write scans, labelled as simulated."""
    given = [source for source in (preset, scene, scene_file) if source is not None]
    if len(given) != 1 or (lanes is not None and (preset is None or engine or write_scene)):
        msg = "give one of SCENE.toml and --preset; --lanes goes with --preset, without --engine and --write-scene"
        raise click.UsageError(msg, click.get_current_context())
    faults = options.keywords(pairs)
    if into is not None:
        if preset or cart or faults or lanes or engine or write_scene:
            msg = (
                "--into takes a SCENE.toml and a recording: no preset, lanes, cart, fault, engine or --write-scene"
            )
            raise click.UsageError(msg, click.get_current_context())
        return _simulate_into(console, scene or scene_file, into, out=out, overwrite=overwrite)
    if lanes is not None:
        return _simulate_lanes(
            console,
            preset=preset or "",
            out=out,
            lanes=lanes,
            seed=seed or 0,
            jobs=jobs,
            faults=faults,
            cart=cart,
            overwrite=overwrite,
        )
    if seed is None:
        msg = "one scan needs a --seed"
        raise click.UsageError(msg, click.get_current_context())
    options.refuse_existing(out, overwrite=overwrite)
    ground = _ground(scene or scene_file, preset or "", out=out, seed=seed, faults=faults, cart=cart)
    console.subject = str(out)
    if write_scene:
        return _write_scene(console, ground, out=out, seed=seed)
    if engine is not None:
        return _gprmax.simulate_one(console, ground, seed=seed, out=out, overwrite=overwrite, engine=engine)
    return _simulate_one(console, ground, seed=seed, out=out, overwrite=overwrite)


def _simulate_into(console: Console, file: Path | None, recorded: Path, *, out: Path, overwrite: bool) -> int:
    options.refuse_existing(out, overwrite=overwrite)
    if out.exists() and out.samefile(recorded):
        msg = f"{out} is the recording itself: choose another OUT"
        raise click.UsageError(msg, click.get_current_context())
    from dualsense.io import read_scan, write_scan
    from dualsense.simulate import read_scene
    from dualsense.workbench import hybrid_scan

    scene = read_scene(file) if file is not None else None
    console.subject = str(recorded)
    if scene is None or not scene.objects:
        msg = "the scene has no objects to put into the recording"
        raise click.UsageError(msg, click.get_current_context())
    scan = hybrid_scan(read_scan(recorded), scene)
    console.subject = str(out)
    write_scan(scan, out, overwrite=overwrite)
    mines = scan.truth.label.count("mine") if scan.truth else 0
    told = {"path": visible(str(out)), "count": len(scene.objects), "mines": mines}
    console.report(say("wrote {path}: simulated, {count} objects, {mines} of them mines", **told))
    return DONE


def _ground(file: Path | None, preset: str, *, out: Path, seed: int, faults: dict[str, Any], cart: bool) -> Scene:
    """Read the scene, or invent one of the preset, with the faults and the head that were asked for."""
    from dataclasses import replace

    import numpy as np

    from dualsense.simulate import Array, on_cart, parse_faults, random_lane, read_scene

    if file is not None and out.exists() and out.samefile(file):
        msg = f"{out} is the scene itself: choose another OUT"
        raise click.UsageError(msg, click.get_current_context())
    name = f"{preset}-{seed:06d}"  # as in a folder of lanes
    rng = np.random.default_rng(seed)
    ground = read_scene(file) if file else random_lane(preset, rng=rng, scan_id=name)
    ground = replace(ground, faults=parse_faults(faults, ground.faults))
    return on_cart(ground, ground.array or Array()) if cart else ground


def _write_scene(console: Console, ground: Scene, *, out: Path, seed: int) -> int:
    from dualsense.runtime.files import write_file
    from dualsense.simulate import dump_scene

    write_file(out, dump_scene(ground))
    console.report(f"wrote {out}: `{PROGRAM} simulate {out} --seed {seed} -o SCAN.h5` makes its scan")
    return DONE


def _simulate_one(console: Console, ground: Scene, *, seed: int, out: Path, overwrite: bool) -> int:
    from dualsense.simulate import simulate_file

    scan = simulate_file(ground, out, seed=seed, overwrite=overwrite)
    mines = scan.truth.label.count("mine") if scan.truth else 0
    told = {"path": visible(str(out)), "count": len(ground.objects), "mines": mines}
    console.report(say("wrote {path}: simulated, {count} objects, {mines} of them mines", **told))
    return DONE


def _list(ctx: click.Context, name: str | None) -> None:
    if name is None:
        return
    from dualsense.simulate import describe, overview

    ctx.ensure_object(Console).answer(describe(name) if name else overview())
    ctx.exit()


def _simulate_lanes(
    console: Console,
    *,
    preset: str,
    out: Path,
    lanes: int,
    seed: int,
    jobs: int | None,
    faults: dict[str, Any],
    cart: bool,
    overwrite: bool,
) -> int:
    from dualsense.simulate import MANIFEST, Array, Faults, parse_faults, simulate_lanes

    wrong = parse_faults(faults, Faults())
    with console.progress() as progress:
        found = simulate_lanes(
            preset,
            out,
            lanes=lanes,
            seed=seed,
            faults=wrong,
            array=Array() if cart else None,
            jobs=jobs,
            overwrite=overwrite,
            progress=progress,
        )
    failed = [lane.error for lane in found if lane.error]
    for error in failed:
        click.echo(f"{PROGRAM}: error: {error}", err=True)
    told = {"count": lanes - len(failed), "mines": sum(lane.mines for lane in found)}
    console.report(
        say(
            "wrote simulated lanes: {count}, with mines: {mines}, and {path}",
            path=visible(str(out / MANIFEST)),
            **told,
        )
    )
    return FAILED if failed else DONE
