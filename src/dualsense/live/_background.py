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
        self._x, self._y = np.empty((2, 0))
        self._spectra = np.empty((0, 0), np.complex64)
        self._count = 0
        self._usual = 0.0

    def take_out(self, xy_m: Real, aligned: Complex) -> Complex:
        """Take the background out of spectra (n, k), aligned at the ground, in their order."""
        if not self._count:
            self._x, self._y = np.empty((2, KEPT))
            self._spectra = np.empty((KEPT, aligned.shape[1]), np.complex64)
        out = np.empty_like(aligned)
        starts = np.arange(0, len(aligned), BLOCK)
        middle = np.add.reduceat(xy_m, starts) / np.diff(starts, append=len(aligned))[:, None]
        for begin, (x_m, y_m) in zip(starts.tolist(), middle.tolist(), strict=True):
            part = slice(begin, begin + BLOCK)
            own = aligned[part]
            near = self._near(x_m, y_m)
            if len(near) < FEWEST:
                near = np.concatenate([near, own])
            parts = np.partition(near.view(np.float32), len(near) // 2, axis=0)
            rest = out[part] = own - parts[len(near) // 2].view(np.complex64)
            values = rest.view(np.float32)
            self._keep(xy_m[part], own, np.einsum("nk,nk->n", values, values) / rest.shape[1])
        return out

    def _near(self, x_m: float, y_m: float) -> Complex:
        """Give the nearest spectra (m, k) so far."""
        held = min(self._count, KEPT)
        dx, dy = self._x[:held] - x_m, self._y[:held] - y_m
        away = dx * dx + dy * dy
        near = np.flatnonzero(away <= self._reach_m**2)
        if near.size > NEIGHBOURS:
            near = near[np.argsort(away[near], kind="stable")[:NEIGHBOURS]]
        return self._spectra[near]

    def _keep(self, xy_m: Real, own: Complex, left: Real) -> None:
        self._usual = self._usual or float(np.median(left))
        quiet = []
        for row, energy in enumerate(left.tolist()):
            self._usual *= 1.0 + PACE if energy > self._usual else 1.0 - PACE
            if energy < LOUD * self._usual:
                quiet.append(row)
        rows = (self._count + np.arange(len(quiet))) % KEPT
        self._x[rows], self._y[rows], self._spectra[rows] = xy_m[quiet, 0], xy_m[quiet, 1], own[quiet]
        self._count += len(quiet)
