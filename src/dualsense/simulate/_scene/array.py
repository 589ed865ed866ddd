"""An array head: several antenna pairs and metal detectors side by side, as a cart or a robot carries them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.simulate._scene import bounds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._scene.instrument import Detector
    from dualsense.simulate._scene.scene import Scene

_SPEED_M_S = 0.2
_ALONG_M = 0.02
"""Between a pair's soundings on a pass."""
_COIL_ALONG_M = 0.01
_LINE_STD_M = 0.003
_HEIGHT_STD_M = 0.002
_TILT_STD_DEG = 0.5
_WANDER_S = 3.0


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


def row_m(count: int, spacing_m: float) -> NDArray[np.float64]:
    """Places (c, 3) of a row along y, centred."""
    out = np.zeros((count, 3))
    out[:, 1] = spacing_m * (np.arange(count) - 0.5 * (count - 1))
    return out


def pairs_m(array: Array | None) -> NDArray[np.float64]:
    """Places (c, 3) of the antenna pairs in the head frame; one at its middle without an array."""
    return np.zeros((1, 3)) if array is None else row_m(array.pairs, array.pair_spacing_m)


def coils_m(array: Array | None) -> NDArray[np.float64]:
    """Places (c, 3) of the coils in the head frame; one at its middle without an array."""
    return np.zeros((1, 3)) if array is None else row_m(array.coils, array.coil_spacing_m)


def in_turn(soundings: int, channels: int) -> NDArray[np.intp]:
    """Channel of every sounding."""
    return np.arange(soundings, dtype=np.intp) % channels


def shifted(detector: Detector, by_m: NDArray[np.float64]) -> Detector:
    """Move a detector's coils in the head frame."""
    tx, rx = (tuple(float(v) for v in np.add(at, by_m)) for at in (detector.tx_position_m, detector.rx_position_m))
    return replace(detector, tx_position_m=(tx[0], tx[1], tx[2]), rx_position_m=(rx[0], rx[1], rx[2]))


def on_cart(scene: Scene, array: Array) -> Scene:
    """Give a scene's patch to a cart with an array head instead of a hand.

    It drives straight passes whose swaths of antenna pairs join, at a steady speed, wandering slowly by a few
    millimetres. Every pair sounds each 2 cm of a pass and every coil each 1 cm: rates go up with their number.
    """
    motion = scene.motion
    swath = array.pairs * array.pair_spacing_m
    passes = max(1, math.ceil(motion.width_m / swath - 1e-9))
    # the first pass has the outermost pair half a spacing inside the patch
    start = 0.5 * (motion.width_m - (passes - 1) * swath)
    return replace(
        scene,
        array=array,
        motion=replace(
            motion,
            width_m=max((passes - 1) * swath, 1e-3),
            start_y_m=start,
            line_spacing_m=swath,
            speed_m_s=_SPEED_M_S,
            line_std_m=_LINE_STD_M,
            spacing_std_m=0.0,
            missed_part=0.0,
            repeated_part=0.0,
            height_std_m=_HEIGHT_STD_M,
            tilt_std_deg=_TILT_STD_DEG,
            wander_time_s=_WANDER_S,
        ),
        radar=scene.radar and replace(scene.radar, rate_hz=array.pairs * _SPEED_M_S / _ALONG_M),
        detector=scene.detector and replace(scene.detector, rate_hz=array.coils * _SPEED_M_S / _COIL_ALONG_M),
    )
