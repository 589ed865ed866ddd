"""What neighbours that were heard so far have in common, from a store of bounded size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex64]

KEPT = 4096
"""The latest so many soundings may be neighbours."""
NEIGHBOURS, FEWEST = 96, 24
BLOCK = 8
"""So many soundings share a background."""
REACH = 2.5
"""In radii."""
LOUD = 4.0
"""Times the usual energy that is left of a sounding, from which it is no background."""
PACE = 0.02
"""Part by which the usual energy follows one sounding."""


class Background:
    """Medians of one channel's aligned spectra over the neighbours so far, real and imaginary parts by themselves.

    Soundings of which much is left hear a body, and are no neighbours to those that follow: the median alone would
    leave a shadow beside a body on the next way past it, as only that side was heard.

    Parameters
    ----------
    radius_m
        As for :func:`dualsense.gpr.remove_background`; neighbours come from within 2.5 of them.
    """

    def __init__(self, radius_m: float) -> None:
        self._reach_m = REACH * radius_m
        self._xy = np.empty((0, 2))
        self._spectra = np.empty((0, 0), np.complex64)
        self._count = 0
        self._usual = 0.0

    def take_out(self, xy_m: Real, aligned: Complex) -> Complex:
        """Take the background out of spectra (n, k), aligned at the ground, in their order."""
        if not self._count:
            self._xy, self._spectra = np.empty((KEPT, 2)), np.empty((KEPT, aligned.shape[1]), np.complex64)
        out = np.empty_like(aligned)
        for begin in range(0, len(aligned), BLOCK):
            part = slice(begin, begin + BLOCK)
            own = aligned[part]
            near = self._near(xy_m[part].mean(axis=0))
            if len(near) < FEWEST:
                near = np.concatenate([near, own])
            parts = np.partition(near.view(np.float32), len(near) // 2, axis=0)
            out[part] = own - parts[len(near) // 2].view(np.complex64)
            self._keep(xy_m[part], own, (np.abs(out[part]) ** 2).mean(axis=1))
        return out

    def _near(self, xy_m: Real) -> Complex:
        """Give the nearest spectra (m, k) so far."""
        held = min(self._count, KEPT)
        away = ((self._xy[:held] - xy_m) ** 2).sum(axis=1)
        near = np.flatnonzero(away <= self._reach_m**2)
        if near.size > NEIGHBOURS:
            near = near[np.argsort(away[near], kind="stable")[:NEIGHBOURS]]
        return self._spectra[near]

    def _keep(self, xy_m: Real, own: Complex, left: Real) -> None:
        self._usual = self._usual or float(np.median(left))
        for place, spectrum, energy in zip(xy_m, own, left.tolist(), strict=True):
            self._usual *= 1.0 + PACE if energy > self._usual else 1.0 - PACE
            if energy < LOUD * self._usual:
                row = self._count % KEPT
                self._xy[row], self._spectra[row] = place, spectrum
                self._count += 1
