"""What cells of 3 mm leave of the PMN's band: gprMax on its own voxels, resampled in several ways, beside a scan.

``python benchmarks/simulate/study_cells.py --gprmax-command "…/python -m gprMax" --gprmax-voxels DIR``, and
``--models DIR`` to keep what was computed: the sample scan's mine was computed in cells of 3 mm, from voxels of
1 mm whose band is one to two of them thick. How it was resampled is not told. Soundings over the mine are computed
over even ground, with the mine and without, and focused as `study_twin` does it; told are the correlation of the
spectrum's amplitudes with the full wave's of the same soundings, and the level over it. About half a minute a
sounding and way on two cores.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from study_twin import (
    HALF_M,
    aligned,
    amplitudes,
    db,
    ground_of,
    over_target,
    standoff_s,
    system,
    twin,
    without_direct,
)
from twin_scene import FDTD, Recorded, even, load

from dualsense.simulate import GprmaxEngine, Radar, ground_echo
from dualsense.simulate._gprmax import engine as gprmax
from dualsense.simulate._gprmax.plan import plan_runs

MINE, SCAN = "PMN", "pmn_sand"
CELL_M, TIMES = 0.003, 3
BAND_FROM = 10
"""The band is in this layer of cells and above, the striker below."""
NEAR_M = 0.07
WAYS = ("closed", "most", "bandless")


def resampled(voxels: np.ndarray, way: str) -> np.ndarray:
    """Voxels three times as large, -1 where there is nothing and 0 for metal.

    Of each cube of 27: metal wherever there is some (closed), or what there is most of (most, and bandless but for
    the band's metal).
    """
    shape = tuple(n // TIMES for n in voxels.shape)
    whole = voxels[tuple(slice(TIMES * n) for n in shape)]
    cubes = (
        whole.reshape([part for n in shape for part in (n, TIMES)]).transpose(0, 2, 4, 1, 3, 5).reshape(*shape, -1)
    )
    count = np.stack([(cubes == value).sum(axis=-1) for value in range(-1, voxels.max() + 1)], axis=-1)
    most = count.argmax(axis=-1) - 1
    if way == "closed":
        most[count[..., 1] > 0] = 0
    if way == "bandless":
        count[..., 1] = 0
        most[..., BAND_FROM:] = count[..., BAND_FROM:, :].argmax(axis=-1) - 1
    return most.astype(np.int16)


def write_voxels(source: Path, way: str, folder: Path) -> Path:
    """Resample gprMax's voxels into a folder that the engine reads them from."""
    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(source / f"{MINE}_1x1x1.h5") as old, h5py.File(folder / f"{MINE}_1x1x1.h5", "w") as new:
        for name, value in old.attrs.items():
            new.attrs[name] = value
        new.attrs["dx_dy_dz"] = np.full(3, CELL_M)
        new["material_keys"] = old["material_keys"][()]
        new["data"] = resampled(old["data"][()], way)
        materials = f"{new.attrs['MaterialDatabase']}.json"
    shutil.copy(source / materials, folder / materials)
    return folder


def near(r: Recorded, count: int) -> np.ndarray:
    """Which soundings are computed: evenly among those over the mine."""
    _, x, y, *_ = r.tops[0]
    over = np.flatnonzero(np.hypot(r.at[:, 0] - x, r.at[:, 1] - y) < NEAR_M)
    return over[np.linspace(0, len(over) - 1, count).round().astype(int)]


def spectrum(r: Recorded, residue: np.ndarray) -> tuple[np.ndarray, float]:
    """Amplitudes (k,) of the mine's focused trace, and its peak."""
    _, x, y, depth, height, _ = r.tops[0]
    trace = over_target(residue, r, x, y, depth, height)
    return amplitudes(trace, r.frequency), float(np.abs(trace).max())


def study(engine: GprmaxEngine, models: Path, count: int) -> None:
    """Print a line for each way, and for the simulator's models."""
    r = load(FDTD / f"{SCAN}.h5")
    residue = aligned(without_direct(r, twin(r, 0)), r.frequency, r.at)[0]
    picked = near(r, count)
    all_soundings, _ = spectrum(r, residue)
    some = replace(r, at=r.at[picked])
    full, peak = spectrum(some, residue[picked])
    ground = ground_of(even(r.soil), 0)
    mine = r.objects[:1]
    delay = standoff_s(some.at)
    clock = np.exp(2j * np.pi * r.frequency * (delay - delay.mean())[:, None]) * system(r.frequency)
    tx, rx = some.at - HALF_M, some.at + HALF_M

    def by_gprmax(objects: tuple[Any, ...], name: str, voxels: Path | None) -> np.ndarray:
        with_voxels = replace(engine, voxels=voxels)
        soundings = plan_runs(objects, ground, Radar(), tx, rx, with_voxels)
        folder = models / name
        folder.mkdir(parents=True, exist_ok=True)
        return gprmax.run_all(soundings, (objects, ground), folder, r.frequency, with_voxels).echo

    def report(name: str, echo: np.ndarray) -> None:
        own, level = spectrum(some, echo * clock)
        print(f"{name:<24}{np.corrcoef(own, full)[0, 1]:>12.2f}{db(level / peak):>+12.1f} dB", flush=True)

    alike = np.corrcoef(full, all_soundings)[0, 1]
    print(f"{count} soundings of {SCAN}; their spectrum and that of all: {alike:.2f}")
    print(f"{'mine':<24}{'correlation':>12}{'level':>15}")
    bare = ground_echo((), ground, tx, rx, r.frequency)
    for model in (f"{MINE}-voxel", f"{MINE}-cells"):
        thing = (replace(mine[0], model=model),)
        report(f"simulator, {model}", ground_echo(thing, ground, tx, rx, r.frequency) - bare)
    bare = by_gprmax((), "bare", None)
    thing = (replace(mine[0], model=f"{MINE}-voxel"),)
    for way in WAYS:
        voxels = write_voxels(engine.voxels, way, models / f"{way}-voxels")
        report(f"gprMax, {way}", by_gprmax(thing, way, voxels) - bare)


def main() -> None:
    """Run the study."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gprmax-command", required=True)
    parser.add_argument("--gprmax-voxels", type=Path, required=True, help="folder of the mines that gprMax ships")
    parser.add_argument("--models", type=Path, help="keep models and outputs here, and use them again")
    parser.add_argument("--soundings", type=int, default=12)
    options = parser.parse_args()
    command = tuple(shlex.split(options.gprmax_command))
    engine = GprmaxEngine(command=command, step_m=CELL_M, voxels=options.gprmax_voxels)
    with tempfile.TemporaryDirectory() as folder:
        study(engine, options.models or Path(folder), options.soundings)


if __name__ == "__main__":
    main()
