"""gprMax's files: the model of one sounding as it reads it, and the fields as it writes them.

Source: gprMax 4's manual ("Input file commands", "Output data", "Material databases"); version 3 reads neither the
voxels' keys nor the JSON materials. Nothing of a scene's text goes into a model: its format can carry programs.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.constants import C0_M_S, MU0_H_M
from dualsense.errors import ScanError
from dualsense.io import one_line
from dualsense.runtime.files import whole_file, write_file
from dualsense.runtime.unfailing import new_hdf5
from dualsense.runtime.untrusted import open_vetted
from dualsense.simulate._gprmax.grid import METAL

if TYPE_CHECKING:
    from pathlib import Path

    import h5py
    from numpy.typing import NDArray

    from dualsense.simulate._gprmax.grid import Cells, Grid

PML_CELLS = 10
"""Of absorbing layer, inside the domain."""
COMPONENT = "Ey"
COURANT = 1 / math.sqrt(3)
_RECEIVER = "rx"
_COMPONENTS = 6
_RIGID_E, _RIGID_H = 12, 6
_CHUNK = 64


@dataclass(frozen=True, slots=True, eq=False)
class Sounding:
    """One run of gprMax: a dipole along y, and receivers of the same direction.

    Attributes
    ----------
    name
        Of its files.
    tx, rx : (3,) and (r, 3) int
        Nodes of the grid.
    center_hz
        Of the Ricker wavelet of current, peak 1 A.
    window_s
        Time that is computed.
    """

    name: str
    grid: Grid
    tx: NDArray[np.intp]
    rx: NDArray[np.intp]
    center_hz: float
    window_s: float


def write_model(sounding: Sounding, cells: Cells, folder: Path) -> bool:
    """Write a sounding's input, geometry and materials.

    Returns
    -------
    bool
        False when the same files are there already; whatever output is beside them is then still theirs.
    """
    geometry = f"{sounding.name}-ground"
    database = _database(cells, geometry)
    text = _input(sounding, geometry, _digest(cells, database))
    path = folder / f"{sounding.name}.in"
    parts = (folder / f"{geometry}.h5", folder / f"{geometry}.json")
    if path.is_file() and path.read_text(encoding="utf-8") == text and all(part.is_file() for part in parts):
        return False
    output_path(sounding, folder).unlink(missing_ok=True)
    path.unlink(missing_ok=True)
    _write_geometry(cells, sounding.grid.step_m, geometry, parts[0])
    write_file(parts[1], database)
    write_file(path, text)  # the last one: what it names is there by then
    return True


def output_path(sounding: Sounding, folder: Path) -> Path:
    """Where gprMax leaves the fields."""
    return folder / f"{sounding.name}.h5"


def _input(sounding: Sounding, geometry: str, digest: str) -> str:
    step = sounding.grid.step_m
    low = tuple(int(i) * step for i in sounding.tx)
    receivers = [tuple(int(i) * step for i in node) for node in sounding.rx]
    lines = [
        "## written by dualsense: a simulated sounding; see docs/usage.md",
        f"## sha256 of ground and materials: {digest}",
        f"#title: dualsense {sounding.name}",
        f"#domain: {_numbers(*(n * step for n in sounding.grid.shape))}",
        f"#dx_dy_dz: {_numbers(step, step, step)}",
        f"#time_window: {sounding.window_s!r}",
        f"#pml_cells: {PML_CELLS}",
        f"#waveform: ricker 1 {sounding.center_hz!r} pulse",
        f"#hertzian_dipole: y {_numbers(*low)} pulse",
        *(f"#rx: {_numbers(*at)} {_RECEIVER}{i + 1} {COMPONENT}" for i, at in enumerate(receivers)),
        f"#geometry_objects_read: 0 0 0 {geometry}.h5 {geometry}",
    ]
    return "\n".join(lines) + "\n"


def _numbers(*values: float) -> str:
    return " ".join(repr(float(value)) for value in values)


def _database(cells: Cells, name: str) -> str:
    materials = {
        _key(i): {
            "model": "constant",
            "base": {
                "relative_permittivity": float(permittivity),
                "electric_conductivity_s_per_m": "inf" if i == METAL else float(conductivity),
                "relative_permeability": 1.0,
                "magnetic_conductivity_s_per_m": 0.0,
            },
        }
        for i, (permittivity, conductivity) in enumerate(
            zip(cells.permittivity, cells.conductivity_s_m, strict=True)
        )
    }
    document = {
        "schema": "gprMax-material-database",
        "schema_version": 1,
        "database": {"id": name, "name": "a simulated ground", "version": "1.0.0"},
        "materials": materials,
    }
    return json.dumps(document, indent=1) + "\n"


def _key(material: int) -> str:
    return f"material_{material}"


def _write_geometry(cells: Cells, step_m: float, database: str, path: Path) -> None:
    shape = cells.inside.shape
    packed = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
    with whole_file(path) as stream, new_hdf5(stream) as (file, _):
        file.attrs["dx_dy_dz"] = np.full(3, step_m)
        file.attrs["MaterialDatabase"] = database
        file.attrs["MaterialDatabaseSchemaVersion"] = 1
        file["material_keys"] = np.array([_key(i) for i in range(len(cells.permittivity))], "S22")
        file.create_dataset("data", data=cells.inside, **packed)
        edges = file.create_dataset(
            "ID",
            (_COMPONENTS, *cells.edge.shape[1:]),
            np.int16,
            chunks=(1, *(min(_CHUNK, n) for n in cells.edge.shape[1:])),
            fillvalue=1,  # air: what the magnetic field sees
            **packed,
        )
        edges[:3] = cells.edge
        # ones: the materials of the edges are not to be averaged again
        for name, count in (("rigidE", _RIGID_E), ("rigidH", _RIGID_H)):
            file.create_dataset(
                name, (count, *shape), np.int8, chunks=(1, *(min(_CHUNK, n) for n in shape)), fillvalue=1, **packed
            )


def _digest(cells: Cells, database: str) -> str:
    digest = hashlib.sha256(database.encode())
    for array in (cells.inside, cells.edge):
        digest.update(f"{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def read_fields(
    sounding: Sounding, folder: Path, frequency_hz: NDArray[np.float64]
) -> tuple[NDArray[np.complex128], str]:
    """Read an output, and take the source's wavelet out of it.

    Returns
    -------
    field : (r, k) complex128
        At every receiver, in units of the far field at one metre of the same moment, -i omega mu0 I dl / 4 pi.
    version
        Of gprMax, as the output tells.

    Raises
    ------
    ScanError
        The output is missing, truncated, or not that of this model; the message names it.
    """
    path = output_path(sounding, folder)
    if not path.is_file():
        msg = f"{path.name}: gprMax wrote no such output"
        raise ScanError(msg)
    try:
        with open_vetted(path) as file:
            dt_s = float(file.attrs["dt"])
            version = one_line(str(file.attrs.get("gprMax", "of an unstated version")))
            traces = np.stack(
                [np.asarray(file[_receiver(file, i)][()], np.float64).ravel() for i in range(len(sounding.rx))]
            )
    except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        msg = one_line(f"{path.name}: not a whole gprMax output: {error}")
        raise ScanError(msg) from error
    wanted = sounding.window_s / dt_s if dt_s > 0 else math.inf
    if not np.isfinite(traces).all() or not 0.98 * wanted - 2 < traces.shape[1] < 1.02 * wanted + 3:
        found = f"{traces.shape[1]} samples of {dt_s:g} s"
        msg = f"{path.name}: found {found}, expected {sounding.window_s:g} s of finite fields"
        raise ScanError(msg)
    time_s: NDArray[Any] = dt_s * np.arange(traces.shape[1])
    omega = 2 * np.pi * frequency_hz
    kernel = np.exp(-1j * np.outer(time_s, omega))
    # the current is known half a step after the fields
    current = ricker(time_s + dt_s / 2, sounding.center_hz) @ (kernel * np.exp(-0.5j * omega * dt_s))
    unit = -1j * omega * MU0_H_M * sounding.grid.step_m / (4 * np.pi)
    return (traces @ kernel) / (unit * current), version


def _receiver(file: h5py.File, index: int) -> str:
    """Find a receiver by the name that it was given: gprMax may order them otherwise."""
    wanted = f"{_RECEIVER}{index + 1}"
    for name, group in file["rxs"].items():
        stated = group.attrs.get("Name", "")
        if (stated.decode() if isinstance(stated, bytes) else str(stated)) == wanted:
            return f"rxs/{name}/{COMPONENT}"
    return f"rxs/{wanted}/{COMPONENT}"


def ricker(time_s: NDArray[Any], center_hz: float) -> NDArray[np.float64]:
    """Evaluate the wavelet that gprMax calls so: peak 1 at sqrt(2) / center."""
    square = (np.pi * center_hz * (time_s - math.sqrt(2) / center_hz)) ** 2
    out: NDArray[np.float64] = (1 - 2 * square) * np.exp(-square)
    return out


def steps_of(sounding: Sounding) -> int:
    """Time steps at the Courant limit."""
    return math.ceil(sounding.window_s * C0_M_S / (COURANT * sounding.grid.step_m))
