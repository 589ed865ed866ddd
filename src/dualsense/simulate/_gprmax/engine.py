"""The radar of a scene by full-wave simulation: gprMax, a separate program, in the place of our own arithmetic.

Everything else of the scan is as without it: sweep, tracker, the same realisation of surface and unevenness,
metal detector, noise, drift, cables, truth. Every sounding is a model of its own whose grid goes with the antenna,
so that the transmitter stands exactly on a node; receivers move to the nearest one. The echo is the field over the
ground less the field over nothing, which gprMax computes once.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.errors import DualsenseError, UsageError
from dualsense.io import one_line
from dualsense.simulate import _record as record
from dualsense.simulate._gprmax import cells as gprmax_cells
from dualsense.simulate._gprmax import files as gprmax_files
from dualsense.simulate._gprmax import grid as gprmax_grid
from dualsense.simulate._gprmax.files import PML_CELLS, Sounding
from dualsense.simulate._gprmax.grid import Grid
from dualsense.simulate._gprmax.voxels import read_voxels
from dualsense.simulate._radar.radar import direct_wave
from dualsense.simulate._scene import placement

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dualsense.scan import Scan
    from dualsense.simulate._scene.scene import Buried, Radar, Scene
    from dualsense.simulate._soil import Ground

    Real = NDArray[np.float64]

INSTRUMENT = f"{record.INSTRUMENT} with gprMax"
"""Known by its antennas, which are those of the simulator."""
GPRMAX_COMMAND = (sys.executable, "-m", "gprMax")
GPRMAX_RUNS = 100
"""Of gprMax, unless more are asked for."""
INSTALL = (
    "gprMax is a separate program: `pip install gprmax` into an environment of its own and name that with "
    '--gprmax-command "ENVIRONMENT/bin/python -m gprMax", or use --write-only and run the models elsewhere'
)
_CELLS_PER_WAVE = 10.0
_RICKER_OF_BAND = 0.6
_RICKER_REACH = 2.0
_LEAST_APART = 4
_ABOVE_M = 0.03
_LEAST_DEPTH_M = 0.1
_BELOW_M = 0.03
_TAIL_S = 1.5e-9
_BYTES_PER_CELL = 110.0
_OVERHEAD_BYTES = 1.5e8
_CELLS_PER_CORE_S = 6e6
_STARTING_S = 5.0
_ALIKE = 0.3
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
    tell, progress
        What is about to be done, and how much of it is.
    """

    command: tuple[str, ...] = GPRMAX_COMMAND
    gpu: bool = False
    folder: Path | None = None
    write_only: bool = False
    most_runs: int = GPRMAX_RUNS
    step_m: float | None = None
    reach_m: float = 0.15
    voxels: Path | None = None
    tell: Callable[[str], None] = field(default=lambda _text: None)
    progress: Callable[[str, float], None] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """What came back.

    Attributes
    ----------
    echo : (n, k) complex128
        As `echo.ground_echo` gives it.
    version
        Of gprMax.
    direct_error
        Of the field in free air, relative to the closed form.
    """

    echo: NDArray[np.complex128]
    version: str
    direct_error: float


def simulate_with_gprmax(scene: Scene, *, seed: int, engine: GprmaxEngine) -> Scan | None:
    """Simulate one sweep with gprMax in the place of our own radar.

    Returns
    -------
    Scan or None
        As `record.simulate_scan` gives it, with gprMax in the instrument's name and its version in
        the notes; None when the models were only written.

    Raises
    ------
    UsageError
        No radar in the scene, a reflecting head, too many soundings, antennas in one place, or no folder to write
        to.
    DualsenseError
        gprMax cannot be started, fails, or leaves an output that cannot be read; the message names it.
    """
    if scene.radar is None:
        msg = "the scene has no radar: there is nothing for gprMax to do"
        raise UsageError(msg)
    if scene.radar.head_reflection:
        msg = "a reflecting head is not written for gprMax: leave radar.head_reflection out of the scene"
        raise UsageError(msg)
    if engine.write_only and engine.folder is None:
        msg = "models can only be written into a folder"
        raise UsageError(msg)
    radar = scene.radar
    sizes: list[str] = []
    found: list[Fields] = []
    with ExitStack() as stack:
        folder = engine.folder
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dualsense-gprmax-")))
        folder.mkdir(parents=True, exist_ok=True)

        def echo(objects: tuple[Buried, ...], ground: Ground, tx_m: Real, rx_m: Real, frequency_hz: Real) -> Any:
            """Stand in for `echo.ground_echo`."""
            soundings = plan(objects, ground, radar, tx_m, rx_m, engine)
            sizes.append(size_of(soundings))
            engine.tell(f"{sizes[0]}: {cost_of(soundings)}")
            found.append(run_all(soundings, (objects, ground), folder, frequency_hz, engine))
            return found[0].echo

        scan = record.simulate_scan(scene, seed=seed, echo=echo)
    if engine.write_only:
        return None
    program = f"gprMax {found[0].version}"
    off = f"direct wave in free air within {100 * found[0].direct_error:.1f} % of the closed form"
    notes = f"{scan.header.notes}; the radar's fields were computed by {program}: {sizes[0]}; {off}"
    if engine.voxels is not None:
        notes += "; models *-voxel were drawn from the mines that gprMax ships"
    return record.with_hash(replace(scan, header=replace(scan.header, instrument=INSTRUMENT, notes=notes)))


def plan(
    objects: tuple[Buried, ...], ground: Ground, radar: Radar, tx_m: Real, rx_m: Real, engine: GprmaxEngine
) -> list[Sounding]:
    """Lay out every run: first the one in free air, then one per sounding.

    Parameters
    ----------
    tx_m, rx_m : (n, 3) float64
        Antennas in the local frame.
    """
    if len(tx_m) > engine.most_runs:
        msg = (
            f"{len(tx_m)} soundings are as many runs of gprMax, more than {engine.most_runs}: make the patch or "
            "radar.rate_hz smaller, or allow more with --gprmax-runs"
        )
        raise UsageError(msg)
    center, highest = _wavelet(radar)
    densest = max([ground.index**2, *(bed.index**2 for bed in ground.beds), *_permittivities(objects)])
    step = min(engine.step_m or math.inf, C0_M_S / (highest * math.sqrt(densest) * _CELLS_PER_WAVE))
    apart = np.abs(rx_m - tx_m).max(axis=0)
    if apart.max() < _LEAST_APART * step:
        found, wanted = apart.max(), f"{_LEAST_APART} cells of {step:.2g} m"
        msg = f"transmitter and receiver are {found:g} m apart; gprMax needs {wanted}"
        raise UsageError(msg)
    step = float(apart.max() / math.ceil(apart.max() / step - 1e-9))
    bottoms = [t.depth_m + placement.size_m(t)[2] for t in objects] + [bed.top_m for bed in ground.beds]
    deepest = max([_LEAST_DEPTH_M, *(bottom + _BELOW_M for bottom in bottoms)])
    slant = math.hypot(deepest, engine.reach_m)
    edge = PML_CELLS * step
    soundings = []
    for i, (tx, rx) in enumerate(zip(tx_m, rx_m, strict=True)):
        low, high = np.minimum(tx, rx), np.maximum(tx, rx)
        low = np.array([*(low[:2] - engine.reach_m), -deepest]) - edge
        high = np.array([*(high[:2] + engine.reach_m), high[2] + _ABOVE_M]) + edge
        way = (tx[2] + rx[2] + 2 * math.sqrt(densest) * slant) / C0_M_S
        soundings.append(_sounding(f"sounding-{i + 1:04d}", (low, high), (tx, rx[None]), step, center, way))
    offsets = np.unique(np.array([s.rx[0] - s.tx for s in soundings]), axis=0) * step
    low, high = np.minimum(offsets.min(axis=0), 0.0), np.maximum(offsets.max(axis=0), 0.0)
    margin = edge + _ABOVE_M
    way = float(np.abs(offsets).max()) / C0_M_S
    return [_sounding("air", (low - margin, high + margin), (np.zeros(3), offsets), step, center, way), *soundings]


def _sounding(
    name: str, box: tuple[Real, Real], antennas: tuple[Real, Real], step_m: float, center_hz: float, way_s: float
) -> Sounding:
    """Shift a box so that the transmitter is on a node, and give it whole cells."""
    tx, rx = antennas
    below = np.ceil((tx - box[0]) / step_m).astype(np.intp)
    above = np.ceil((box[1] - tx) / step_m).astype(np.intp)
    origin = tx - step_m * (below + gprmax_grid.EY)
    nx, ny, nz = (int(n) for n in below + above + 1)
    grid = Grid(step_m, (nx, ny, nz), (float(origin[0]), float(origin[1]), float(origin[2])))
    window = 2 * math.sqrt(2) / center_hz + way_s + _TAIL_S
    return Sounding(name, grid, grid.node(tx), grid.node(rx), center_hz, float(window))


def _wavelet(radar: Radar) -> tuple[float, float]:
    """Find the Ricker wavelet's centre, and the highest frequency that matters."""
    if radar.modality == "impulse":
        return radar.center_hz, _RICKER_REACH * radar.center_hz
    return _RICKER_OF_BAND * radar.stop_hz, radar.stop_hz


def _permittivities(objects: tuple[Buried, ...]) -> list[float]:
    models = [placement.model_of(thing) for thing in objects]
    cores = [core.relative_permittivity for model in models for core in model.cores]
    return cores + [m.relative_permittivity for m in models if m.relative_permittivity is not None]


def size_of(soundings: list[Sounding]) -> str:
    """Say how large a plan is."""
    cells = max(math.prod(s.grid.shape) for s in soundings) / 1e6
    return f"{len(soundings)} runs of up to {cells:.1f} million cells of {soundings[0].grid.step_m * 1e3:.2f} mm"


def cost_of(soundings: list[Sounding]) -> str:
    """Say what a plan asks of this machine, with cores as slow as those that it was measured on."""
    cores = os.cpu_count() or 1
    cells = [math.prod(s.grid.shape) for s in soundings]
    work = sum(c * gprmax_files.steps_of(s) for c, s in zip(cells, soundings, strict=True))
    minutes = (work / (_CELLS_PER_CORE_S * cores) + _STARTING_S * len(cells)) / 60
    memory = (_OVERHEAD_BYTES + max(cells) * _BYTES_PER_CELL) / 1e9
    time = f"{minutes:.1f} minutes" if minutes < 90 else f"{minutes / 60:.1f} hours"
    return f"about {memory:.1f} GB of memory, and {time} in all on {cores} slow cores"


def run_all(
    soundings: list[Sounding],
    scenery: tuple[tuple[Buried, ...], Ground],
    folder: Path,
    frequency_hz: Real,
    engine: GprmaxEngine,
) -> Fields:
    """Write and run every model of a `plan` over objects and ground, and take the field in free air off."""
    free, *over = soundings
    mines = None if engine.voxels is None else read_voxels(engine.voxels)
    out = np.zeros((len(over), len(frequency_hz)), np.complex128)
    direct: dict[tuple[int, ...], NDArray[np.complex128]] = {}
    version, error = "", 0.0
    for i, sounding in enumerate(soundings):
        if engine.progress is not None:
            engine.progress(f"gprMax {sounding.name}", i / len(soundings))
        if sounding is free:
            cells = gprmax_grid.air(sounding.grid)
        else:
            cells = gprmax_cells.ground_cells(*scenery, sounding.grid, center_hz=sounding.center_hz, voxels=mines)
        gprmax_files.write_model(sounding, cells, folder)
        if engine.write_only:
            continue
        if not gprmax_files.output_path(sounding, folder).is_file():
            run(sounding, folder, engine)
        fields, version = gprmax_files.read_fields(sounding, folder, frequency_hz)
        if sounding is free:
            error = _direct_error(sounding, fields, frequency_hz)
            direct = {_key(rx - sounding.tx): one for rx, one in zip(sounding.rx, fields, strict=True)}
        else:
            out[i - 1] = fields[0] - direct[_key(sounding.rx[0] - sounding.tx)]
    return Fields(out, version, error)


def _key(offset: NDArray[np.intp]) -> tuple[int, ...]:
    return tuple(int(i) for i in offset)


def _direct_error(sounding: Sounding, fields: NDArray[np.complex128], frequency_hz: Real) -> float:
    """Compare the field in free air with its closed form, by which scale, sign and clock are understood."""
    wanted = direct_wave(np.asarray(sounding.grid.step_m * (sounding.rx - sounding.tx)), frequency_hz)
    wrong = float(np.sqrt((np.abs(fields - wanted) ** 2).sum() / (np.abs(wanted) ** 2).sum()))
    if not wrong < _ALIKE:
        msg = (
            f"{sounding.name}.h5: the direct wave in free air differs from its closed form by "
            f"{100 * wrong:.0f} %: not a field of this model as gprMax 4 writes it"
        )
        raise DualsenseError(msg)
    return wrong


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
        gprmax_files.output_path(sounding, folder).unlink(missing_ok=True)  # half of it must not be used again
        raise
    if done.returncode:
        gprmax_files.output_path(sounding, folder).unlink(missing_ok=True)
        said = log.read_bytes()[-_LOG_TAIL:].decode("utf-8", "replace").strip()
        if "No module named" in said and "gprMax" in said.rsplit("No module named", 1)[1]:
            msg = f"{engine.command[0]}: has no gprMax. {INSTALL}"
            raise DualsenseError(msg)
        last = said.splitlines()[-1].strip() if said else "it said nothing"
        msg = one_line(f"{sounding.name}.in: gprMax failed with status {done.returncode}: {last}")
        raise DualsenseError(msg)
