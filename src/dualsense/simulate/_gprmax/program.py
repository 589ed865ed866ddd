"""gprMax as a program: how it is run on one model, and what it says when it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dualsense.errors import DualsenseError
from dualsense.io import one_line
from dualsense.simulate._gprmax.files import output_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dualsense.simulate._gprmax.files import Sounding

GPRMAX_COMMAND = (sys.executable, "-m", "gprMax")
GPRMAX_RUNS = 100
"""Of gprMax, unless more are asked for."""
INSTALL = (
    "gprMax is a separate program: `pip install gprmax` into an environment of its own and name that with "
    '--gprmax-command "ENVIRONMENT/bin/python -m gprMax", or use --write-only and run the models elsewhere'
)
_LOG_TAIL = 4000


@dataclass(frozen=True, slots=True)
class GprmaxEngine:
    """How gprMax is run.

    Attributes
    ----------
    command
        Program and arguments before the model's name.
    gpu
        Whether to give gprMax its own switch for NVIDIA cards, ``-gpu``.
    folder
        Where models and outputs stay; outputs of equal models there are used again. None is a temporary one.
    write_only
        Only write the models into ``folder``.
    most_runs
        More soundings are refused.
    step_m
        Side of a cell at most; by default a tenth of the shortest wave.
    reach_m
        How far beside the antennas the ground is modelled.
    voxels
        Folder of the mines that gprMax ships as voxels, to stand in for the models of the same name.
    announce, progress
        Called with what is about to be done, and with how much of it is.
    """

    command: tuple[str, ...] = GPRMAX_COMMAND
    gpu: bool = False
    folder: Path | None = None
    write_only: bool = False
    most_runs: int = GPRMAX_RUNS
    step_m: float | None = None
    reach_m: float = 0.15
    voxels: Path | None = None
    announce: Callable[[str], None] = field(default=lambda _text: None)
    progress: Callable[[str, float], None] | None = None


def run(sounding: Sounding, folder: Path, engine: GprmaxEngine) -> None:
    """Run gprMax on one model; what it says goes to a log beside it.

    Raises
    ------
    DualsenseError
        It cannot be started, or fails.
    """
    # the model first: gprMax's switch takes all that follows for numbers of cards
    arguments = [*engine.command, f"{sounding.name}.in", "--hide-progress-bars", *(["-gpu"] if engine.gpu else [])]
    log = folder / f"{sounding.name}.log"
    try:
        with log.open("wb") as account:
            done = subprocess.run(
                arguments,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=account,
                stderr=account,
                check=False,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},  # what it says last stands last
            )
    except OSError as error:
        msg = f"{engine.command[0]}: cannot be started: {error.strerror}. {INSTALL}"
        raise DualsenseError(msg) from error
    except BaseException:
        output_path(sounding, folder).unlink(missing_ok=True)  # half of it must not be used again
        raise
    if done.returncode:
        output_path(sounding, folder).unlink(missing_ok=True)
        output = log.read_bytes()[-_LOG_TAIL:].decode("utf-8", "replace").strip()
        if "No module named" in output and "gprMax" in output.rsplit("No module named", 1)[1]:
            msg = f"{engine.command[0]}: has no gprMax. {INSTALL}"
            raise DualsenseError(msg)
        last = output.splitlines()[-1].strip() if output else "it said nothing"
        msg = one_line(f"{sounding.name}.in: gprMax failed with status {done.returncode}: {last}")
        raise DualsenseError(msg)
