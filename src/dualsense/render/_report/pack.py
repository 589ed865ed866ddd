"""Cells of maps and volumes as short text that the page unpacks by itself: steps, differences, deflate, base64."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS = 63
"""Steps of amplitude; the number after the last one stands for what was not measured."""
UNMEASURED = STEPS
LEVEL = 1
RAW_DEFLATE = -15
MEMORY = 9


def in_steps(values: NDArray[np.float32], top: float) -> NDArray[np.uint8]:
    """Amplitudes as steps that are even in the root of the amplitude; NaN is `UNMEASURED`.

    Parameters
    ----------
    values
        Any shape, not negative; what exceeds the top counts as the top.
    top
        Amplitude of the last step.
    """
    scaled = values * np.float32((STEPS - 1) ** 2 / top)
    missing = np.isnan(scaled)
    scaled[missing] = 0.0
    np.clip(scaled, 0.0, np.float32((STEPS - 1) ** 2), out=scaled)
    np.sqrt(scaled, out=scaled)
    scaled += np.float32(0.5)
    steps = scaled.astype(np.uint8)
    steps[missing] = UNMEASURED
    return steps


def packed(cells: NDArray[np.uint8]) -> str:
    """Pack cells below 64, (..., rows, columns), as base64 of raw deflate.

    Each row holds its difference to the row before, modulo 64: images are smooth, so that most differences are few
    small numbers. Looking for repeats at a distance of one only is as small as looking everywhere, and faster.
    """
    differences = cells.copy()
    np.subtract(cells[..., 1:, :], cells[..., :-1, :], out=differences[..., 1:, :])
    differences &= 63
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, RAW_DEFLATE, MEMORY, zlib.Z_RLE)
    content = packer.compress(differences.data) + packer.flush()
    return base64.b64encode(content).decode("ascii")
