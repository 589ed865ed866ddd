"""The background as a mean or a median that moves along with each sounding."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.gpr._clean import _background_kernels, _median_kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._clean.surface import Surface
    from dualsense.gpr._soundings import Soundings

    Complex = NDArray[np.complex128]
    Mask = NDArray[np.bool_]

Average = Literal["moving-median", "moving-mean"]
MAX_NEIGHBOURS = 120
BLOCK = 512
"""Soundings that are worked on at once: of all of them each step in between would be as large as the data."""
RADIUS_M, REACH = 0.12, 2.5
"""Standard deviation of the weights unless it is given, and the number of these at which they end."""


def alignment(soundings: Soundings, surface: Surface) -> Complex:
    """Phase factors (n, k) that take the delay of the surface echo out of each spectrum."""
    return turns(np.multiply.outer(surface.path_m / C0_M_S, soundings.frequency_hz))


def turns(count: NDArray[np.float64]) -> Complex:
    """Phase factors exp(2 pi i count), in parts: of real numbers sines are several times as fast."""
    angle = 2.0 * np.pi * count
    phase = np.empty(angle.shape, np.complex128)
    np.cos(angle, out=phase.real)
    np.sin(angle, out=phase.imag)
    return phase


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Neighbours of each of the m soundings of a channel, and their weights.

    Attributes
    ----------
    rows : (m,) intp
        Their numbers among all soundings.
    xy_m : (m, 2)
    radius_m
        Standard deviation of the weights.
    found, count, weight
        As from :func:`dualsense.gpr._clean._background_kernels.neighbours`.
    """

    rows: NDArray[np.intp]
    xy_m: NDArray[np.float64]
    radius_m: float
    found: NDArray[np.int32]
    count: NDArray[np.int64]
    weight: NDArray[np.int32]

    @classmethod
    def of(cls, rows: NDArray[np.intp], xy_m: NDArray[np.float64], radius_m: float) -> Windows:
        """Find the neighbours of soundings at places (m, 2)."""
        xy_m = np.ascontiguousarray(xy_m)
        found = np.zeros((rows.size, MAX_NEIGHBOURS), np.int32)
        count = np.empty(rows.size, np.int64)
        weight = np.empty((rows.size, _median_kernels.MARKS), np.int32)
        _background_kernels.neighbours(xy_m, REACH * radius_m, radius_m, MAX_NEIGHBOURS, found, count, weight)
        return cls(rows, xy_m, radius_m, found, count, weight)

    def average(self, values: Complex, method: Average, wanted: NDArray[np.intp], start: Complex) -> Complex:
        """Average values (m, k) around some soundings, (w, k); start (w, k) is near the medians, or empty."""
        parts, guess = (np.ascontiguousarray(v).view(np.float64) for v in (values, start))
        out = np.empty((wanted.size, parts.shape[1]))
        if method == "moving-median":
            _median_kernels.medians(parts, wanted, self.found, self.count, self.weight, guess, out)
        else:
            _background_kernels.means(parts, wanted, self.xy_m, self.found, self.count, self.radius_m, out)
        result: Complex = out.view(np.complex128)
        return result


@dataclass(frozen=True, slots=True, eq=False)
class Moving:
    """What soundings that are aligned at the surface have in common with those around them.

    Attributes
    ----------
    soundings
        n soundings over k frequencies.
    phase, common : (n, k)
        What aligns them, and the moving average of the aligned spectra.
    """

    soundings: Soundings
    method: Average
    windows: tuple[Windows, ...]
    phase: Complex
    common: Complex

    @classmethod
    def of(cls, soundings: Soundings, surface: Surface, method: Average, radius_m: float) -> Moving:
        """Take the average of every channel by itself."""
        phase = alignment(soundings, surface)
        aligned = soundings.spectrum * phase
        xy_m = soundings.midpoint_m[:, :2]
        channels = (np.flatnonzero(soundings.channel == c) for c in np.unique(soundings.channel))
        windows = tuple(Windows.of(rows, xy_m[rows], radius_m) for rows in channels)
        unknown = np.empty((0, 0), np.complex128)
        if len(windows) == 1:
            common = windows[0].average(aligned, method, windows[0].rows, unknown)
            return cls(soundings, method, windows, phase, common)
        common = np.empty_like(aligned)
        for one in windows:
            common[one.rows] = one.average(aligned[one.rows], method, np.arange(one.rows.size), unknown)
        return cls(soundings, method, windows, phase, common)

    def removed(self) -> Soundings:
        """Soundings without what they have in common."""
        left = np.empty_like(self.common)
        for start in range(0, len(left), BLOCK):
            rows = slice(start, start + BLOCK)
            np.subtract(self.soundings.spectrum[rows], self.common[rows] * self.phase[rows].conj(), out=left[rows])
        return replace(self.soundings, spectrum=left)

    def answer(self, echo: Complex, near: Mask, tones: slice) -> Complex:
        """Tell what is left of an echo (w, k) when the background is taken again with it in some soundings."""
        echo = echo * self.phase[near, tones]
        aligned = self.soundings.spectrum[:, tones] * self.phase[:, tones]
        aligned[near] += echo
        change = np.zeros_like(aligned)
        for one in self.windows:
            wanted = np.flatnonzero(near[one.rows])
            rows = one.rows[wanted]
            before = self.common[rows, tones]
            change[rows] = one.average(aligned[one.rows], self.method, wanted, before) - before
        left: Complex = echo - change[near]
        return left
