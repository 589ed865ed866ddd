"""The radar of a scene by full-wave simulation: gprMax, a separate program, in the place of our own arithmetic.

Everything else of the scan is as without it: sweep, tracker, the same realisation of surface and unevenness,
metal detector, noise, drift, cables, truth. Every sounding is a model of its own whose grid goes with the antenna,
so that the transmitter stands exactly on a node; receivers move to the nearest one. The echo is the field over the
ground less the field over nothing, which gprMax computes once.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.errors import DualsenseError, UsageError
from dualsense.simulate import _record as record
from dualsense.simulate._gprmax import cells as gprmax_cells
from dualsense.simulate._gprmax import files as gprmax_files
from dualsense.simulate._gprmax import grid as gprmax_grid
from dualsense.simulate._gprmax.plan import cost_of, plan_runs, size_of
from dualsense.simulate._gprmax.program import run
from dualsense.simulate._gprmax.voxels import read_voxels
from dualsense.simulate._radar.radar import direct_wave

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.scan import Scan
    from dualsense.simulate._gprmax.files import Sounding
    from dualsense.simulate._gprmax.program import GprmaxEngine
    from dualsense.simulate._scene.scene import Buried, Scene
    from dualsense.simulate._soil import Ground

    Real = NDArray[np.float64]

INSTRUMENT = f"{record.INSTRUMENT} with gprMax"
"""Known by its antennas, which are those of the simulator."""
_ALIKE = 0.3


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

    Parameters
    ----------
    scene
        With a radar whose head does not reflect.
    seed
        As in `simulate_scan`.
    engine
        How gprMax is run.

    Returns
    -------
    Scan or None
        As `simulate_scan` gives it, with gprMax in the instrument's name and its version in
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
            soundings = plan_runs(objects, ground, radar, tx_m, rx_m, engine)
            sizes.append(size_of(soundings))
            engine.announce(f"{sizes[0]}: {cost_of(soundings)}")
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


def run_all(
    soundings: list[Sounding],
    scenery: tuple[tuple[Buried, ...], Ground],
    folder: Path,
    frequency_hz: Real,
    engine: GprmaxEngine,
) -> Fields:
    """Write and run every model of a plan, and take the field in free air off.

    Parameters
    ----------
    soundings
        As `plan_runs` lays them out, the one in free air first.
    scenery
        Objects, and the ground that they are in.
    folder
        Where models and outputs go.
    frequency_hz : (k,)
        Tones.
    engine
        How gprMax is run.

    Returns
    -------
    Fields

    Raises
    ------
    DualsenseError
        gprMax cannot be started, fails, or leaves an output that cannot be read.
    """
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
