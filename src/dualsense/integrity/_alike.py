"""Whether stretches of a recording are alike: in the noise of each column, and in what a head hears of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.integrity import _stream as stream
from dualsense.integrity._doubt import windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]

IN_BAND = 0.03
"""Of the strongest tone's amplitude: weaker ones hold little but noise."""
TONES_WINDOW, DISTURBED = 16, 2
"""Soundings in which tones are looked at, and tones that are disturbed together: none on 66 clean scans."""
TONE_LOUD = 3.0
"""A tone's variation from sounding to sounding over its own usual one, times that of the middle tone then."""
METAL_WINDOW = 25
"""Metal samples, half a second of them: the median of so many forgets a spike."""
METAL_LOUD, METAL_WHITE = 36.0, 0.6
"""Variance of third differences over the scan's, by medians, where they are white. Clean lanes have 12 at most, in
laterite, and 5 elsewhere; metal makes more, and is not white."""
COUPLING_WINDOW = 32
"""Soundings over which the head goes over other ground, while what it hears of itself stays."""
OTHERWISE = 0.5
"""Change of the coupling over itself, by the middle tone: 0.36 on clean lanes, where the soil changes."""
TONE_OTHERWISE, TONES_OTHERWISE = 0.6, 3
"""The same of single tones, beside what all have in common, and how many of them: 0.41 and none."""
OUTWEIGHS = 2.0
"""Energy of what all soundings have in common over that of the rest of one: with less a coupling was taken away
before, and tells nothing."""
FROM_PROFILE = 0.9
"""What soundings have in common, less the profile's coupling in free air, over the smaller of both: 0.45 at
most on 17 clean lanes, where the ground's echo is the difference."""
HEIGHT_M, HEIGHT_POWERS = 0.01, 3
FITS, HELD_BACK, BLOCK = 4, 1.5, 256


def spectra(values: NDArray[Any], in_air: NDArray[Any] | None = None) -> tuple[Complex, Complex | None]:
    """Give soundings (n, k), and the head's in free air (k,), tone by tone in band.

    Of traces, which are real, their Fourier transform. All are over the largest value, whatever their unit.
    """
    most = max(float(np.abs(values).max(initial=0.0)), 1e-300)

    def of(some: NDArray[Any]) -> Complex:
        own = some / np.float64(most)
        return np.asarray(own if np.iscomplexobj(values) else np.fft.rfft(own, axis=-1), np.complex128)

    own = of(values)
    size = np.sqrt((np.abs(own) ** 2).mean(axis=0))
    band = size > IN_BAND * size.max()
    return own if band.all() else own[:, band], None if in_air is None else of(in_air)[band]


def disturbed_tones(own: Complex) -> Mask:
    """Tell which soundings (n,) lie in a stretch in which a few tones of spectra (n, k) are noise.

    A transmitter nearby does that, where the other tones are not. Noise in all tones at once is told by
    `stream.only_noise`.
    """
    n, size = len(own), TONES_WINDOW
    bad = np.zeros(n, dtype=np.bool_)
    if n < 4 * size or own.shape[1] < 4 * DISTURBED:
        return bad
    between, within = stream.variations(own, size)
    share = between / within
    noise = share > stream.TONE
    few = np.flatnonzero(noise.sum(axis=1) >= DISTURBED)  # medians are dear: they are taken where they can tell
    found = np.zeros(len(share), dtype=np.bool_)
    if few.size:
        share, loud = share[few], between[few] / np.maximum(np.median(between, axis=0), 1e-300)
        noise = noise[few] & (share > stream.TONE_OVER * np.median(share, axis=1, keepdims=True))
        noise &= loud > TONE_LOUD * np.median(loud, axis=1, keepdims=True)
        found[few] = noise.sum(axis=1) >= DISTURBED
    return windows(found, size, n)


def disturbed_metal(values: NDArray[Any], time_s: Real) -> Mask:
    """Tell which metal samples (n,) lie in a stretch in which a column of (n, k) is far noisier than throughout.

    By medians over half a second, so that a spike tells nothing; and only where it is white, which metal is not.
    """
    n, size = len(values), METAL_WINDOW
    bad = np.zeros(n, dtype=np.bool_)
    if n < 8 * size:
        return bad
    own = values / np.maximum(np.abs(values).max(axis=0).astype(np.float64), 1e-300)
    first, third = stream.differences(own)
    usual = np.maximum(np.median(third, axis=0), 1e-300)
    middle = [
        np.median(np.lib.stride_tricks.sliding_window_view(one, size, axis=0), axis=-1) for one in (first, third)
    ]
    loud = (middle[1] > METAL_LOUD * usual) & (middle[1] > METAL_WHITE * middle[0])
    return windows(loud.any(axis=1) & ~stream.broken(time_s, size + 3), size + 3, n)


def coupled_otherwise(own: Complex, height_m: Real, in_air: Complex | None = None) -> Mask:
    """Tell which soundings (n,) lie in a stretch in which the head hears itself otherwise than usual, or in air.

    What goes with the height is taken away; targets and soil average out over a stretch, and what is left is the
    coupling of the antennas.

    Parameters
    ----------
    own : (n, k)
        Spectra.
    height_m : (n,)
        Of the head, by its track.
    in_air : (k,), optional
        The same head in free air, as the instrument's profile has it.
    """
    n, size = len(own), COUPLING_WINDOW
    bad = np.zeros(n, dtype=np.bool_)
    if n < 4 * size or not own.shape[1]:
        return bad
    common = np.median(own.real, axis=0) + 1j * np.median(own.imag, axis=0)
    usual = np.maximum(np.abs(common), 1e-300)
    alone, energy = _without_height(own, height_m)
    if float(np.vdot(common, common).real) < OUTWEIGHS * float(np.median(energy)):
        return bad
    rest = stream.sums(alone, size) / size
    part = (rest @ common.conj()) / max(float(np.vdot(common, common).real), 1e-300)
    change = np.abs(rest) / usual
    found = 2 * (change > OTHERWISE).sum(axis=1) >= change.shape[1]  # or else the middle one is less
    found[found] = np.median(change[found], axis=1) > OTHERWISE
    odd = np.abs(rest - part[:, None] * common) / usual > TONE_OTHERWISE
    odd[:, odd.mean(axis=0) > 0.5] = False  # where coupling and echo cancel a tone, little is much of it
    found |= odd.sum(axis=1) >= TONES_OTHERWISE
    if in_air is not None:
        least = max(min(float(np.vdot(one, one).real) for one in (in_air, common)), 1e-300)
        found |= (np.abs(rest + common - in_air) ** 2).sum(axis=1) > FROM_PROFILE**2 * least
    return windows(found, size, n)


def _without_height(own: Complex, height_m: Real) -> tuple[Complex, Real]:
    """Take from spectra (n, k) what goes with the height, by a robust fit of its powers; and energies of the rest.

    The powers are real, so that both parts of a spectrum are columns of one fit; a block of rows at a time stays
    in the processor's cache.
    """
    n = len(own)
    height = (height_m - np.median(height_m)) / HEIGHT_M
    powers = height[:, None] ** np.arange(HEIGHT_POWERS)
    parts = np.ascontiguousarray(own).view(np.float64)
    rest, energy, weight = np.empty_like(parts), np.empty(n), np.ones(n)
    for _ in range(FITS):
        inverse = np.linalg.pinv(powers * weight[:, None], rcond=n * np.finfo(np.float64).eps)
        factors = (inverse * weight) @ parts
        for first in range(0, n, BLOCK):
            rows = slice(first, first + BLOCK)
            left = np.subtract(parts[rows], powers[rows] @ factors, out=rest[rows])
            energy[rows] = np.einsum("ij,ij->i", left, left)
        size = np.sqrt(energy)
        weight = 1.0 / np.maximum(1.0, size / max(HELD_BACK * float(np.median(size)), 1e-300))
    return rest.view(np.complex128), energy
