"""Compiled loops of the surface's fit: sums over the soundings of each tone, and what is left of each sounding.

The waves exp(-ikL)/L are made anew in each loop, eight tones at a time from the eight before, which is cheaper
than to keep them. No validation and no strings here; :mod:`dualsense.gpr._clean.surface` does both.
"""

from __future__ import annotations

import math

import numpy as np

from dualsense.runtime.jit import jit

LANES = 8
BLOCK = 64
"""Soundings that are summed together: fixed, so that sums do not hang on the number of threads."""
SUMS = 8


@jit()
def _wave(k, step, path, re, im):
    """Fill re and im (k,) with exp(-ikL)/L of a path L.

    Wavenumbers k (k,) that are ``step`` apart are led on by products: w(t + 8) = w(t) exp(-8i step L), of which
    the first eight come from w(0) by powers of two of the step. With a step of 0 each is evaluated by itself.
    """
    size = k.size
    if step == 0.0 or size < LANES:
        for t in range(size):
            re[t] = math.cos(k[t] * path) / path
            im[t] = -math.sin(k[t] * path) / path
        return
    re[0] = math.cos(k[0] * path) / path
    im[0] = -math.sin(k[0] * path) / path
    c, s = math.cos(step * path), -math.sin(step * path)
    ahead = 1
    while ahead < LANES:
        for t in range(ahead):
            re[ahead + t] = re[t] * c - im[t] * s
            im[ahead + t] = re[t] * s + im[t] * c
        c, s = c * c - s * s, 2.0 * c * s
        ahead *= 2
    for t in range(size - LANES):
        re[t + LANES] = re[t] * c - im[t] * s
        im[t + LANES] = re[t] * s + im[t] * c


@jit()
def wave_sums(data, k, step, path, tilt, sums):
    """Sum over soundings what least squares over {1, wave, tilt wave} need: fills sums (blocks, SUMS, k).

    Real and imaginary part of the wave w, of tilt w, of conj(w) d and of tilt conj(w) d for each block of
    soundings. data d (n, 2 k) are real and imaginary parts in turn, k and step as for :func:`_wave`, path and tilt
    (n,).
    """
    size = k.size
    for b in range(sums.shape[0]):
        re, im = np.empty(size), np.empty(size)
        own = sums[b]
        own[:] = 0.0
        for i in range(b * BLOCK, min(data.shape[0], (b + 1) * BLOCK)):
            _wave(k, step, path[i], re, im)
            d, q = data[i], tilt[i]
            for t in range(size):
                x = re[t] * d[2 * t] + im[t] * d[2 * t + 1]
                y = re[t] * d[2 * t + 1] - im[t] * d[2 * t]
                own[0, t] += re[t]
                own[1, t] += im[t]
                own[2, t] += q * re[t]
                own[3, t] += q * im[t]
                own[4, t] += x
                own[5, t] += y
                own[6, t] += q * x
                own[7, t] += q * y


@jit()
def rests(data, k, step, path, tilt, model, energy, pull, rest):
    """Take what a fit leaves of each sounding, r = d - direct - w (echo + tilt slant): its energy, and its pull.

    data, k, step, path and tilt as for :func:`wave_sums`; model (6, k) are the real and the imaginary parts of
    direct, echo and slant. Filled are energy (n,), sum |r|^2, and pull (n,), sum k Re(conj(-i echo w) r); and rest
    (n, 2 k) with r, unless it is (0, 0).
    """
    size = k.size
    for i in range(data.shape[0]):
        re, im = np.empty(size), np.empty(size)
        _wave(k, step, path[i], re, im)
        d, q = data[i], tilt[i]
        left, drawn = 0.0, 0.0
        for t in range(size):
            a, b = model[2, t] + q * model[4, t], model[3, t] + q * model[5, t]
            x = d[2 * t] - model[0, t] - (re[t] * a - im[t] * b)
            y = d[2 * t + 1] - model[1, t] - (re[t] * b + im[t] * a)
            u = re[t] * model[3, t] + im[t] * model[2, t]  # of -i echo w
            v = im[t] * model[3, t] - re[t] * model[2, t]
            left += x * x + y * y
            drawn += k[t] * (u * x + v * y)
        energy[i] = left
        pull[i] = drawn
        if rest.size > 0:
            for t in range(size):
                a, b = model[2, t] + q * model[4, t], model[3, t] + q * model[5, t]
                rest[i, 2 * t] = d[2 * t] - model[0, t] - (re[t] * a - im[t] * b)
                rest[i, 2 * t + 1] = d[2 * t + 1] - model[1, t] - (re[t] * b + im[t] * a)
