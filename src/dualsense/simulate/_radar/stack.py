"""Flat layers under the surface: their permittivities, what they reflect, and what they let down to a depth.

A wave e^{-ikz sqrt(eps - u^2)} with the wave number k u along the surface meets each layer as an admittance,
Y = q for a field across the plane of incidence (TE) and eps / q for one along it (TM), q = sqrt(eps - u^2); the
admittance of what lies below is carried up through a layer of thickness d by the reflection at its bottom,
rho = (Y - Y_below) / (Y + Y_below), as Y (1 - rho e^{-2ikqd}) / (1 + rho e^{-2ikqd}) (Chew, Waves and Fields in
Inhomogeneous Media, 1990, ch. 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.constants import C0_M_S

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._soil import Ground

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Soil and the layers below it, at some frequencies.

    Attributes
    ----------
    top_m : (m,) float64
        Depths of the layers' tops, from 0 downwards; the last layer has no bottom.
    index : (m,) float64
        Real refractive indices, those of the rays.
    permittivity : (m, k) complex128
    """

    top_m: Real
    index: Real
    permittivity: Complex

    @property
    def thickness_m(self) -> Real:
        """Of all layers but the last (m - 1,)."""
        return np.diff(self.top_m)

    def layer_at(self, depth_m: Any) -> NDArray[np.intp]:
        """Which layer each depth lies in; an interface belongs to what is below it."""
        return np.asarray(np.searchsorted(self.top_m, depth_m, side="right") - 1).clip(0)

    def above_m(self, depth_m: Real) -> Real:
        """How much of each layer lies above depths (nd,): (nd, m)."""
        bottom = np.append(self.top_m[1:], np.inf)
        return np.clip(depth_m[:, None], self.top_m, bottom) - self.top_m


def stack_of(ground: Ground, frequency_hz: Real) -> Stack:
    """Layers of a ground at frequencies (k,)."""
    omega = 2 * np.pi * frequency_hz
    parts = [(0.0, ground.index, ground.loss_np_m, ground.loss_np_s_m)]
    parts += [(bed.top_m, bed.index, bed.loss_np_m, bed.loss_np_s_m) for bed in ground.beds]
    permittivity = [(index - 1j * (loss / omega + loss_s) * C0_M_S) ** 2 for _, index, loss, loss_s in parts]
    return Stack(
        np.array([p[0] for p in parts]), np.array([p[1] for p in parts]), np.array(permittivity, np.complex128)
    )


def decaying_root(square: Any) -> Complex:
    """Root whose wave falls off away from the source: imaginary part not positive."""
    root: Complex = np.sqrt(np.asarray(square, np.complex128))
    return np.where(root.imag > 0, -root, root)


def reflection(u2: Any, k: Any, permittivity: Any, thickness_m: Real) -> tuple[Complex, Complex]:
    """Coefficients of the field along the surface, TE and TM, for waves of squared slowness ``u2`` in the air.

    ``permittivity`` lists the layers', each of which broadcasts with ``u2`` and ``k``.
    """
    w = decaying_root(1 - u2)
    roots = [decaying_root(eps - u2) for eps in permittivity]
    out: list[Any] = []
    for te in (True, False):
        own = [q if te else eps / q for q, eps in zip(roots, permittivity, strict=True)]
        below = own[-1]
        for y, q, d in zip(own[-2::-1], roots[-2::-1], thickness_m[::-1], strict=True):
            back = (y - below) / (y + below) * np.exp(-2j * k * q * d)
            below = y * (1 - back) / (1 + back)
        # admittances of air, w and 1 / w
        out.append((w - below) / (w + below) if te else (1 - w * below) / (1 + w * below))
    return out[0], out[1]


def transmission(u2: Any, permittivity: Complex, layer: int) -> tuple[Complex, Complex]:
    """Let a field along the surface into a layer, through each interface once: TE over w, and TM times w.

    To and fro between the interfaces is left out: it comes later than the ray that this is the field of.
    """
    w = decaying_root(1 - u2)
    roots = [decaying_root(eps - u2) for eps in permittivity[: layer + 1]]
    te = 2 / (w + roots[0])
    tm = 2 * w * roots[0] / (roots[0] + permittivity[0] * w)
    for i in range(layer):
        a, b = roots[i], roots[i + 1]
        te = te * 2 * a / (a + b)
        tm = tm * 2 * permittivity[i] * b / (permittivity[i] * b + permittivity[i + 1] * a)
    return te, tm
