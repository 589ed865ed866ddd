"""Echo of a half-space for parallel dipoles: Sommerfeld's integral on the real axis by adaptive quadrature."""

from __future__ import annotations

import numpy as np
from scipy.integrate import quad
from scipy.special import jv

C_M_S = 299_792_458.0


def reflected(frequency_hz, height_m, permittivity, distance_m, along=0.0):
    """Both sides of the branch point by u = sin t and u = cosh t, which take its root away."""
    k = 2.0 * np.pi * frequency_hz / C_M_S
    c = 1.0 - 2.0 * along**2

    def root(square):
        value = np.sqrt(complex(square))
        return -value if value.imag > 0.0 else value

    def wave(u):
        w, inside = root(1.0 - u * u), root(permittivity - u * u)
        te = (w - inside) / (w + inside)
        tm = (inside - permittivity * w) / (inside + permittivity * w)
        j0, j2 = jv(0, k * distance_m * u), jv(2, k * distance_m * u)
        return u * np.exp(-2j * k * w * height_m) * (te * (j0 - c * j2) / w + tm * w * (j0 + c * j2))

    def integral(f, low, high):
        options = {"limit": 3000, "epsabs": 1e-12, "epsrel": 1e-11}
        real = quad(lambda t: f(t).real, low, high, **options)[0]
        return real + 1j * quad(lambda t: f(t).imag, low, high, **options)[0]

    bend = float(np.sqrt(permittivity).real)
    end = max(45.0 / (2.0 * k * height_m), bend + 2.0) + 1.0
    total = integral(lambda t: wave(np.sin(t)) * np.cos(t), 1e-12, 0.5 * np.pi - 1e-9)
    for low, high in ((1e-9, np.arccosh(bend)), (np.arccosh(bend), np.arccosh(end))):
        total += integral(lambda t: wave(np.cosh(t)) * np.sinh(t), low, high)
    return -0.5j * k * total
