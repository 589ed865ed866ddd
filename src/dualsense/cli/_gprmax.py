"""What ``dualsense simulate`` may be asked about gprMax, the separate program that can stand in for its radar."""

from __future__ import annotations

import functools
import shlex
from typing import TYPE_CHECKING, Any

import click

from dualsense.cli import _options as options
from dualsense.cli._console import DONE, Console

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dualsense.simulate import Scene

_GPRMAX = (
    click.option(
        "--engine", type=click.Choice(["own", "gprmax"]), default="own", show_default=True,
        help="What computes the radar's fields; gprmax is a separate program, one run per sounding.",
    ),
    click.option("--gprmax-command", metavar="COMMAND", help='How to start it, such as "python -m gprMax".'),
    click.option("--gprmax-gpu", is_flag=True, help="Run it on an NVIDIA card, by its own switch."),
    click.option("--gprmax-runs", type=click.IntRange(min=1), metavar="N", help="Soundings to allow at most."),
    click.option(
        "--gprmax-models", type=options.FILE, metavar="DIR",
        help="Keep models and outputs here, and use what is there already.",
    ),
    click.option(
        "--gprmax-voxels", type=options.FILE, metavar="DIR",
        help="Draw the models *-voxel from the mines that it ships, its folder toolboxes/LandmineModels.",
    ),
    click.option("--write-only", is_flag=True, help="Only write gprMax's models, into the folder OUT."),
)  # fmt: skip


def with_engine(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the options of gprMax, as ``engine``: keywords of `GprmaxEngine`, or None for our own radar."""

    @functools.wraps(verb)
    def with_keywords(*args: Any, engine: str, write_only: bool, **rest: Any) -> Any:
        given = {name: rest.pop(f"gprmax_{name}") for name in ("command", "gpu", "runs", "models", "voxels")}
        if engine == "own" and (write_only or any(given.values())):
            msg = "options of gprMax go with --engine gprmax"
            raise click.UsageError(msg, click.get_current_context())
        if write_only and given["models"]:
            msg = "--write-only writes the models into OUT; leave --gprmax-models for the run that reads them back"
            raise click.UsageError(msg, click.get_current_context())
        chosen = None if engine == "own" else {**given, "write_only": write_only}
        return verb(*args, engine=chosen, **rest)

    for option in reversed(_GPRMAX):
        with_keywords = option(with_keywords)
    return with_keywords


def simulate_one(
    console: Console, scene: Scene, *, seed: int, out: Path, overwrite: bool, engine: dict[str, Any]
) -> int:
    """Simulate a scan with gprMax, or write its models."""
    from dualsense.simulate import GPRMAX_COMMAND, GPRMAX_RUNS, GprmaxEngine, simulate_with_gprmax, write_simulated

    only = engine["write_only"]
    with console.progress() as progress:
        scan = simulate_with_gprmax(
            scene,
            seed=seed,
            engine=GprmaxEngine(
                command=_words(engine["command"] or "") or GPRMAX_COMMAND,
                gpu=engine["gpu"],
                folder=out if only else engine["models"],
                voxels=engine["voxels"],
                write_only=only,
                most_runs=engine["runs"] or GPRMAX_RUNS,
                announce=lambda text: console.report(f"gprMax: {text}"),
                progress=progress,
            ),
        )
    if scan is None:
        console.report(f"wrote gprMax's models into {out}: run each, then give the folder to --gprmax-models")
        return DONE
    write_simulated(scan, out, scene.faults, overwrite=overwrite)
    console.report(f"wrote {out}: simulated with gprMax, {len(scene.objects)} objects")
    return DONE


def _words(command: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(command))
    except ValueError as error:
        msg = f"--gprmax-command {command!r}: {error}"
        raise click.UsageError(msg, click.get_current_context()) from error
