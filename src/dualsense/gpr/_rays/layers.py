"""The ground as flat layers, each with its permittivity; a homogeneous soil is one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Layers:
    """Flat layers from the surface down.

    Attributes
    ----------
    top_m
        Depth of the top of each layer: begins with 0 and increases. The last layer has no bottom.
    relative_permittivity
        Of each layer, finite and at least 1.

    Raises
    ------
    ValueError
        When the depths do not begin with 0 and increase, or a layer would be faster than air.
    """

    top_m: tuple[float, ...]
    relative_permittivity: tuple[float, ...]

    def __post_init__(self) -> None:
        top = np.asarray(self.top_m, dtype=np.float64)
        eps = np.asarray(self.relative_permittivity, dtype=np.float64)
        if top.size == 0 or top.shape != eps.shape:
            msg = f"layers need as many depths as permittivities, got {top.size} and {eps.size}"
            raise ValueError(msg)
        if top[0] != 0.0 or not np.isfinite(top).all() or (np.diff(top) <= 0.0).any():
            msg = f"depths of the layers' tops must begin with 0 and increase, got {self.top_m}"
            raise ValueError(msg)
        if not (np.isfinite(eps).all() and (eps >= 1.0).all()):
            got = eps[0] if eps.size == 1 else self.relative_permittivity
            msg = f"relative permittivity must be finite and at least 1, got {got}"
            raise ValueError(msg)

    @property
    def index(self) -> NDArray[np.float64]:
        """Refractive index of each layer."""
        index: NDArray[np.float64] = np.sqrt(np.asarray(self.relative_permittivity, dtype=np.float64))
        return index


Ground = float | Layers
"""What functions take for the soil: one permittivity, or layers."""


def as_layers(ground: Ground) -> Layers:
    """Layers as they are; a number becomes one layer.

    Raises
    ------
    ValueError
        When the soil would be faster than air.
    """
    return ground if isinstance(ground, Layers) else Layers((0.0,), (float(ground),))


def thicknesses(ground: Ground, depth_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of each layer lies above each depth, (nz, layers)."""
    top = np.asarray(as_layers(ground).top_m)
    above = np.asarray(depth_m, dtype=np.float64)[:, None] - top
    return np.ascontiguousarray(np.clip(above, 0.0, np.diff(top, append=np.inf)))


def optical_depth(ground: Ground, depth_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Integral of the index down to each depth (nz,), in metres of air: c times the vertical time."""
    total: NDArray[np.float64] = thicknesses(ground, depth_m) @ as_layers(ground).index
    return total
