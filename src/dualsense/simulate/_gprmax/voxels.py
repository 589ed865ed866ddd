"""The mines that gprMax ships as voxels, read from its folder: they stand in for the bodies of the same name.

Source: gprMax 4's ``toolboxes/LandmineModels`` (PMN, PMA-1 and TS-50 after Giannakis et al. 2016), HDF5 voxels
whose materials are keys of a JSON file beside them. z is up. Read at run time, and no part of this project.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dualsense.errors import ScanError, UsageError
from dualsense.io import one_line
from dualsense.runtime.untrusted import open_vetted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from dualsense.simulate._scene.scene import Buried

FILES: Final[Mapping[str, str]] = MappingProxyType({"PMN-voxel": "PMN", "PMA-voxel": "PMA", "TS-50-voxel": "TS50"})
"""Name of the voxel file, without its resolution, of each model of the library."""
_FINEST = "1x1x1"


@dataclass(frozen=True, slots=True, eq=False)
class Voxels:
    """An object in cubes.

    Attributes
    ----------
    step_m
        Side of a cube.
    corner_m : (3,) float64
        Of the array, in the frame with its origin at the centre of the object's top, z up.
    permittivity : (nx, ny, nz) float32
        NaN where there is nothing of the object; metal has that of free space.
    metal : (nx, ny, nz) bool
    """

    step_m: float
    corner_m: NDArray[np.float64]
    permittivity: NDArray[np.float32]
    metal: NDArray[np.bool_]

    def at(self, own_m: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Permittivity (NaN outside) and metal at points (..., 3) of the object's frame."""
        cube = np.floor((own_m - self.corner_m) / self.step_m).astype(np.intp)
        there: NDArray[np.bool_] = np.asarray(((cube >= 0) & (cube < self.metal.shape)).all(axis=-1))
        x, y, z = np.moveaxis(np.where(there[..., None], cube, 0), -1, 0)
        return np.where(there, self.permittivity[x, y, z], np.float32(np.nan)), there & self.metal[x, y, z]

    def metal_pairs_m(self) -> NDArray[np.float64]:
        """Centres (m, 2, 3) of neighbouring metal cubes, two by two."""
        pairs = []
        for axis in range(3):
            beyond = np.take(self.metal, np.arange(1, self.metal.shape[axis]), axis=axis)
            before = np.take(self.metal, np.arange(self.metal.shape[axis] - 1), axis=axis)
            first = np.argwhere(before & beyond)
            pairs.append(np.stack([first, first + np.eye(3, dtype=np.intp)[axis]], axis=1))
        out: NDArray[np.float64] = self.corner_m + self.step_m * (np.concatenate(pairs) + 0.5)
        return out


def stand_in(thing: Buried, voxels: Mapping[str, Voxels]) -> Voxels | None:
    """Voxels for an object, unless it has a body or parts of its own."""
    changed = any(own is not None for own in (thing.body_size_m, thing.body_permittivity, thing.own))
    return None if changed else voxels.get(thing.model)


def read_voxels(folder: Path) -> dict[str, Voxels]:
    """Read every model of `FILES` that the folder has.

    Raises
    ------
    UsageError
        The folder has none of them, or a file is not what gprMax 4 ships; the message names it.
    """
    found = {}
    for model, name in FILES.items():
        path = folder / f"{name}_{_FINEST}.h5"
        if path.is_file():
            try:
                found[model] = _read(path)
            except (ScanError, OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
                msg = one_line(f"{path}: not gprMax's voxels of a mine: {error}")
                raise UsageError(msg) from error
    if not found:
        msg = f"{folder}: has none of gprMax's mines, such as {FILES['PMN-voxel']}_{_FINEST}.h5"
        raise UsageError(msg)
    return found


def _read(path: Path) -> Voxels:
    with open_vetted(path) as file:
        data: NDArray[Any] = np.asarray(file["data"][()])
        keys = [key.decode() for key in file["material_keys"][()]]
        database = file.attrs["MaterialDatabase"]
        step = float(file.attrs["dx_dy_dz"][0])
    name = database.decode() if isinstance(database, bytes) else str(database)
    if not name.replace("_", "").replace("-", "").isalnum():
        msg = f"found database {name!r}, expected a name"
        raise ValueError(msg)
    listed = json.loads((path.parent / f"{name}.json").read_text(encoding="utf-8"))["materials"]
    base = [listed[key]["base"] for key in keys]
    if data.ndim != 3 or data.dtype.kind not in "iu" or data.max() >= len(keys) or not (data >= 0).any():
        msg = f"found voxels of shape {data.shape} up to material {data.max()}, expected 3 axes and {len(keys)}"
        raise ValueError(msg)
    conducts = [math.inf if one["electric_conductivity_s_per_m"] == "inf" else 0.0 for one in base]
    # the last entry is that of index -1: nothing of the object
    permittivity = np.array([*(one["relative_permittivity"] for one in base), np.nan], np.float32)
    metal = np.array([*np.isinf(conducts), False])
    own = np.argwhere(data >= 0)
    low, high = own.min(axis=0), own.max(axis=0) + 1
    corner = -step * np.array([0.5 * (low[0] + high[0]), 0.5 * (low[1] + high[1]), high[2]])
    return Voxels(step, corner, permittivity[data], metal[data])
