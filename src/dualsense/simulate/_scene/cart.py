"""A cart or a robot with an array head, in the place of the hand that sweeps one head."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dualsense.simulate._scene.array import Array
    from dualsense.simulate._scene.scene import Scene

_SPEED_M_S = 0.2
_ALONG_M = 0.02
"""Between a pair's soundings on a pass."""
_COIL_ALONG_M = 0.01
_LINE_STD_M = 0.003
_HEIGHT_STD_M = 0.002
_TILT_STD_DEG = 0.5
_WANDER_S = 3.0


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
