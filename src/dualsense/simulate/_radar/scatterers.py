"""Points of the ground that send a wave back to the radar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Scatterers:
    """Points that send a wave back.

    Attributes
    ----------
    position_m : (m, 3) float64
        Local frame, below the surface.
    front : (m,) float64
        Reflection coefficient times area over 2 pi of a piece of surface seen from outside, m^2; without normals
        the isotropic strength, m^3.
    normal : (m, 3) float64 or None
    back : (m,) float64
        The same for a piece of surface seen from within.
    front_delay_s, back_delay_s : (m,) float64
        Extra one-way time through what lies above, compared with soil.
    response : (k,) complex128 or None
        Factor of all at each tone.
    modes : (m, k) complex128 or None
        Of a level turn of wire, whose ``normal`` are tangents: what its current radiates that goes as the cosine
        or sine of m times the angle, per drive.
    """

    position_m: NDArray[np.float64]
    front: NDArray[np.float64]
    normal: NDArray[np.float64] | None
    back: NDArray[np.float64]
    front_delay_s: NDArray[np.float64]
    back_delay_s: NDArray[np.float64]
    response: NDArray[np.complex128] | None = None
    modes: NDArray[np.complex128] | None = None


def isotropic(position_m: NDArray[np.float64], strength_m3: NDArray[np.float64]) -> Scatterers:
    """Points without a side."""
    none = np.zeros(len(position_m))
    return Scatterers(position_m, strength_m3, None, none, none, none)
