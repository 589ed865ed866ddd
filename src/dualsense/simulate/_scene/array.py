"""An array head: several antenna pairs and metal detectors side by side, as a cart or a robot carries them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.simulate._scene import bounds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._scene.instrument import Detector


@dataclass(frozen=True, slots=True)
class Array:
    """How often, and how far apart across the lane, the head has its sensors.

    Every pair is the radar's, every coil the detector's, moved in y; the rows are centred on the head reference
    point. They are fired in turn, one per sounding: their rates are those of all together.

    Attributes
    ----------
    pairs, pair_spacing_m
        Of the radar's antennas.
    coils, coil_spacing_m
        Of the metal detector's transmitter and receiver together.
    """

    pairs: int = 8
    pair_spacing_m: float = 0.05
    coils: int = 4
    coil_spacing_m: float = 0.1

    def __post_init__(self) -> None:
        bounds.at_least(self, 1, "pairs", "coils")
        bounds.above(self, 0.0, "pair_spacing_m", "coil_spacing_m")


def row_offsets_m(count: int, spacing_m: float) -> NDArray[np.float64]:
    """Places (c, 3) of a row along y, centred."""
    out = np.zeros((count, 3))
    out[:, 1] = spacing_m * (np.arange(count) - 0.5 * (count - 1))
    return out


def pair_offsets_m(array: Array | None) -> NDArray[np.float64]:
    """Places (c, 3) of the antenna pairs in the head frame; one at its middle without an array."""
    return np.zeros((1, 3)) if array is None else row_offsets_m(array.pairs, array.pair_spacing_m)


def coil_offsets_m(array: Array | None) -> NDArray[np.float64]:
    """Places (c, 3) of the coils in the head frame; one at its middle without an array."""
    return np.zeros((1, 3)) if array is None else row_offsets_m(array.coils, array.coil_spacing_m)


def interleave(soundings: int, channels: int) -> NDArray[np.intp]:
    """Channel of every sounding."""
    return np.arange(soundings, dtype=np.intp) % channels


def shift_coils(detector: Detector, by_m: NDArray[np.float64]) -> Detector:
    """Move a detector's coils in the head frame."""
    tx, rx = (tuple(float(v) for v in np.add(at, by_m)) for at in (detector.tx_position_m, detector.rx_position_m))
    return replace(detector, tx_position_m=(tx[0], tx[1], tx[2]), rx_position_m=(rx[0], rx[1], rx[2]))
