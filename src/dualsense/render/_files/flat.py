"""The images of a result seen from above, for a map of many: the volume is never whole in memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dualsense.errors import ScanError, short_line
from dualsense.result import Grid, Image
from dualsense.runtime.untrusted import open_vetted

if TYPE_CHECKING:
    from os import PathLike

    import h5py

SLAB_BYTES = 2**24
"""Of the volume that are read at once."""
RADAR, METAL = "radar_energy", "metal_response"


def read_flat_images(path: str | PathLike[str]) -> dict[str, Image]:
    """Read what a result's sensors saw from above.

    Parameters
    ----------
    path
        A ``result.h5``.

    Returns
    -------
    dict
        "radar_energy": square of the migrated envelope, integrated over depth, in m times the square of its unit;
        "metal_response". One that the result has not is not there.

    Raises
    ------
    ScanError
        The file cannot be opened, or lacks a part.
    """
    try:
        with open_vetted(Path(path)) as file:
            found = {}
            if "gpr" in file:
                found[RADAR] = _energy(file["gpr"])
            if METAL in file["emi"]:
                group = file[f"emi/{METAL}"]
                found[METAL] = Image(METAL, str(group["values"].attrs["units"]), _grid(group), group["values"][()])
            return found
    except (OSError, KeyError, ValueError, TypeError, AttributeError, IndexError, RuntimeError) as error:
        msg = short_line(f"{path}: its images cannot be read: {error}")
        raise ScanError(msg) from error


def _grid(group: h5py.Group) -> Grid:
    return Grid(group["x"][()], group["y"][()], float(group.attrs["cell"]))


def _energy(group: h5py.Group) -> Image:
    """Sum over depth, slab by slab; NaN where no voxel was told."""
    values, depth_m = group["values"], group["depth"][()]
    step_m = float(np.diff(depth_m).mean()) if len(depth_m) > 1 else 0.0
    total = np.zeros(values.shape[1:])
    told = np.zeros(values.shape[1:], dtype=bool)
    count = max(1, SLAB_BYTES // max(1, 4 * total.size))
    for start in range(0, values.shape[0], count):
        slab = values[start : start + count].astype(np.float64)
        told |= np.isfinite(slab).any(axis=0)
        total += np.nansum(slab**2, axis=0)
    energy = np.where(told, total * step_m, np.nan).astype(np.float32)
    units = str(values.attrs["units"])
    return Image(RADAR, "m" if units == "1" else f"m ({units})2", _grid(group), energy)
