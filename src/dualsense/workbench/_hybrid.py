"""Objects of a scene in recorded ground."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.chain import process_scan
from dualsense.constants import C0_M_S
from dualsense.errors import ScanError
from dualsense.simulate import Scene, SurfaceEcho, add_objects

if TYPE_CHECKING:
    from dualsense.recipe import Recipe
    from dualsense.result import Result
    from dualsense.scan import Scan

STEP = "gpr.surface"


def hybrid_scan(scan: Scan, scene: Scene, recipe: Recipe | None = None) -> Scan:
    """Put the objects of a scene into recorded ground.

    Parameters
    ----------
    scan
        Recorded, with its antennas above the ground.
    scene
        Whose objects are used, and the soil that they lie in.
    recipe
        With which the ground's echo is fitted.

    Returns
    -------
    Scan
        As from `dualsense.simulate.add_objects`.

    Raises
    ------
    ScanError
        The radar recorded no echo of the ground's surface that could be fitted.
    """
    kept = process_scan(scan, recipe, keep=STEP) if scan.gpr is not None else None
    return add_objects(scan, scene, surface_echo(scan, kept))


def surface_echo(scan: Scan, result: Result | None) -> SurfaceEcho | None:
    """Give the surface's echo that the chain has fitted; None without radar."""
    if result is None:
        return None
    state: Any = result.kept.get(STEP)
    if state is None or not state.surface.fitted:
        msg = f"{scan.header.scan_id}: no echo of the ground's surface: antennas touch it, or heights tell none"
        raise ScanError(msg)
    found, at = state.surface, state.calibrated
    turn = np.exp(-2j * np.pi / C0_M_S * np.multiply.outer(found.path_m, at.frequency_hz))
    spectrum = found.echo * turn / found.path_m[:, None]
    return SurfaceEcho(at.time_s, at.channel, at.frequency_hz, spectrum, found.height_m)
