"""Which runs of gprMax a scene needs: the grid of each, how long it lasts, and what all of them cost."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.errors import UsageError
from dualsense.simulate._gprmax.files import PML_CELLS, Sounding, steps_of
from dualsense.simulate._gprmax.grid import EY, Grid
from dualsense.simulate._scene import placement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._gprmax.program import GprmaxEngine
    from dualsense.simulate._scene.scene import Buried, Radar
    from dualsense.simulate._soil import Ground

    Real = NDArray[np.float64]

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


def plan_runs(
    objects: tuple[Buried, ...], ground: Ground, radar: Radar, tx_m: Real, rx_m: Real, engine: GprmaxEngine
) -> list[Sounding]:
    """Lay out every run: first the one in free air, then one per sounding.

    Parameters
    ----------
    objects
        What is buried.
    ground
        Whose permittivity and layers say how fine and how deep the grid must be.
    radar
        Whose band says how fine it must be.
    tx_m, rx_m : (n, 3) float64
        Antennas in the local frame.
    engine
        How many runs, how fine a step and how wide a reach are allowed.

    Raises
    ------
    UsageError
        There are too many soundings, or the antennas are in one place.
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
    origin = tx - step_m * (below + EY)
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
    work = sum(c * steps_of(s) for c, s in zip(cells, soundings, strict=True))
    minutes = (work / (_CELLS_PER_CORE_S * cores) + _STARTING_S * len(cells)) / 60
    memory = (_OVERHEAD_BYTES + max(cells) * _BYTES_PER_CELL) / 1e9
    time = f"{minutes:.1f} minutes" if minutes < 90 else f"{minutes / 60:.1f} hours"
    return f"about {memory:.1f} GB of memory, and {time} in all on {cores} slow cores"
