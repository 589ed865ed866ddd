"""Compiled loops that lead a wavenumber migration's spectra back to space, one plane per depth.

No validation and no strings here; :func:`dualsense.gpr.wavenumber` does both.
"""

from __future__ import annotations

import numba
import numpy as np

from dualsense.runtime.jit import jit

prange = numba.prange


@jit()
def _along_x(spectrum, cos_x, sin_x, even, odd):
    """Sum over kx of both signs, and take what is even and odd in ky: (2, ky, x) each, real and imaginary parts.

    spectrum (4 quadrants, 2, ky, kx) as :func:`gpr._migrate._wave_kernels.extrapolate` gives it; cos_x, sin_x (kx,
    x). With e and d the sum and the difference of the two signs of kx, both of e^{i kx x} together are e cos + i d
    sin. ``even`` and ``odd`` are filled.
    """
    for half in range(2):  # ky > 0 in ``even``, ky < 0 in ``odd``
        plus, minus = spectrum[2 * half], spectrum[2 * half + 1]
        out = odd if half else even
        for l in range(spectrum.shape[2]):  # noqa: E741
            out[0, l, :] = 0.0
            out[1, l, :] = 0.0
            for m in range(spectrum.shape[3]):
                er, ei = plus[0, l, m] + minus[0, l, m], plus[1, l, m] + minus[1, l, m]
                dr, di = plus[0, l, m] - minus[0, l, m], plus[1, l, m] - minus[1, l, m]
                for i in range(cos_x.shape[1]):
                    out[0, l, i] += er * cos_x[m, i] - di * sin_x[m, i]
                    out[1, l, i] += ei * cos_x[m, i] + dr * sin_x[m, i]
    for part in range(2):
        for l in range(spectrum.shape[2]):  # noqa: E741
            for i in range(cos_x.shape[1]):
                plus_y, minus_y = even[part, l, i], odd[part, l, i]
                even[part, l, i] = plus_y + minus_y
                odd[part, l, i] = plus_y - minus_y


@jit()
def _along_y(even, odd, cos_y, sin_y, plane):
    """Sum over ky into the rows of a plane (y, x): the real part of what :func:`_along_x` leaves.

    even, odd (2, ky, x) as of that; cos_y, sin_y (ky, y). plane is filled.
    """
    plane[:] = 0.0
    last = plane.shape[0] - 1
    for j in range(0, plane.shape[0], 2):  # two rows share what they read
        k = min(j + 1, last)
        for l in range(cos_y.shape[0]):  # noqa: E741
            c, s = cos_y[l, j], sin_y[l, j]
            d, t = cos_y[l, k], sin_y[l, k]
            if k == j:
                d = t = plane.dtype.type(0.0)
            for i in range(plane.shape[1]):
                a, b = even[0, l, i], odd[1, l, i]
                plane[j, i] += a * c - b * s
                plane[k, i] += a * d - b * t


@jit(parallel=True, checked_division=False)
def to_space(spectra, cos_x, sin_x, cos_y, sin_y, unit, least_fold, first_y, first_x, image, fold, coherence):
    """Weighted mean, sum of the weights and coherence of every plane.

    spectra (depths, 3, 4, 2, ky, kx) of the image, of its weights and of their energy; cos_x, sin_x (kx, x) and
    cos_y, sin_y (ky, y) the waves over the cells; unit of the traces; weights up to ``least_fold`` of the plane's
    largest count as none. The cells of image, complex, fold and coherence (depths, y, x) from ``first_y`` and
    ``first_x`` on are filled.
    """
    count_y, count_x = cos_y.shape[1], cos_x.shape[1]
    for iz in prange(spectra.shape[0]):
        even = np.empty((2, cos_y.shape[0], count_x), spectra.dtype)
        odd = np.empty((2, cos_y.shape[0], count_x), spectra.dtype)
        planes = np.empty((4, count_y, count_x), spectra.dtype)
        for field in range(3):
            _along_x(spectra[iz, field], cos_x, sin_x, even, odd)
            _along_y(even, odd, cos_y, sin_y, planes[field])
            if field == 0:  # an imaginary part is the real one of -i times the same
                even[0] = even[1]
                odd[1] = -odd[0]
                _along_y(even, odd, cos_y, sin_y, planes[3])
        least = max(planes[1].max() * least_fold, spectra.dtype.type(0.0))
        for j in range(count_y):
            for i in range(count_x):
                weight = planes[1, j, i]
                inside = weight > least
                over = 1.0 / weight if inside else spectra.dtype.type(0.0)
                re, im = planes[0, j, i] * over, planes[3, j, i] * over
                power = (re * re + im * im) * weight
                image[iz, first_y + j, first_x + i] = unit * re + 1j * (unit * im)
                fold[iz, first_y + j, first_x + i] = weight if inside else 0.0
                coherence[iz, first_y + j, first_x + i] = (
                    power / max(planes[2, j, i], power) if inside and power > 0.0 else 0.0
                )
