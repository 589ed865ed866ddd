"""Drift and ground balance, row by row: what of a reading is instrument and soil, known from the rows before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.induction import Coil, mutual_inductance
from dualsense.live import _live_kernels as _kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

MIN_HEIGHT_M = 2e-3
MAX_HEIGHT_M = 0.4
HEIGHTS = 64
ROUNDS = 4
SOIL_S = 20.0
"""Time over which soil may change under a sweep."""
POSITION_STD_M = 2e-3
"""Of a track that states none."""


def image_factor(tx_radius_m: float, rx_radius_m: float, offset_m: Real) -> tuple[Real, Real]:
    """Tabulate the mutual inductance with the coil's image in magnetic ground over the height.

    Level coils: a few degrees of tilt change it by less than half a per cent.

    Parameters
    ----------
    tx_radius_m, rx_radius_m
        Of the coils.
    offset_m : (3,)
        From the transmitter to the receiver.

    Returns
    -------
    height_m, henry : (h,), (h,)
    """
    height = np.geomspace(MIN_HEIGHT_M, MAX_HEIGHT_M, HEIGHTS)
    dx, dy, dz = (float(v) for v in offset_m)
    values = [
        mutual_inductance(
            Coil(radius_m=tx_radius_m, center_m=(0.0, 0.0, -z), axis=(0.0, 0.0, 1.0)),
            Coil(radius_m=rx_radius_m, center_m=(dx, dy, max(z + dz, MIN_HEIGHT_M)), axis=(0.0, 0.0, 1.0)),
        )
        for z in height.tolist()
    ]
    return height, np.array(values)


@dataclass(frozen=True, slots=True, eq=False)
class Beginning:
    """The first rows of one coil pair.

    Attributes
    ----------
    time_s, height_m : (m,)
    values : (m, c)
        In standard deviations of one row's noise.
    """

    time_s: Real
    height_m: Real
    values: Real


class Balance:
    """Drift and soil of one coil pair, carried from row to row.

    A Kalman filter whose state is, for each channel, a drift, its rate and the soil's response at the usual
    height. Rate and soil walk at random, as far as the usual innovation would let them in ``drift_s`` and
    ``SOIL_S``. A row whose innovation is far above the usual one is metal, and changes nothing; after three
    metres of such rows the instrument must have jumped, and is followed.

    Parameters
    ----------
    first
        At least as many rows as there are unknowns: a straight drift and the soil are fitted to them, robustly.
    factor
        From `image_factor`.
    drift_s
        Time over which the drift changes.
    height_std_m
        Error of the height above the ground.
    """

    def __init__(
        self, first: Beginning, factor: tuple[Real, Real], *, drift_s: float, height_std_m: float
    ) -> None:
        self._factor, self._drift_s, self._time_s = factor, drift_s, float(first.time_s[0])
        self._unit = float(np.median(np.interp(first.height_m, *factor)))
        middle_m = float(np.median(first.height_m))
        near = np.interp([middle_m - 1e-3, middle_m + 1e-3], *factor)
        slope = float((near[1] - near[0]) / 2e-3) / self._unit
        self._along = np.array([(height_std_m * slope) ** 2])
        ground = self._ground(first.height_m)
        since = first.time_s - self._time_s
        design = np.stack([np.ones_like(since), since, ground], axis=1)
        weight = np.ones(since.size)
        for _ in range(ROUNDS):
            found, *_ = np.linalg.lstsq(design * weight[:, None], first.values * weight[:, None], rcond=1e-9)
            size = np.sqrt(((first.values - design @ found) ** 2).mean(axis=1))
            usual = max(float(np.median(size)), 1e-6)
            weight = 1.0 / np.maximum(1.0, size / (1.5 * usual))
        self._state = found
        weighed = design * weight[:, None]
        self._covariance = usual**2 * np.linalg.pinv(weighed.T @ weighed)
        self._memory = np.array([usual, 0.0, 0.0, 0.0])
        self._past = np.zeros((_kernels.SKIRT, 3, first.values.shape[1] + 4))
        self._past[:, :, :-4], self._past[:, :, -4:-1] = self._state, self._covariance

    def _ground(self, height_m: Real) -> Real:
        return np.interp(height_m, *self._factor) / self._unit

    def take(self, time_s: Real, height_m: Real, values: Real) -> Real:
        """Take rows (m, c) in standard deviations, and give what is left of them, whitened (m, c)."""
        gap_s = np.diff(time_s, prepend=self._time_s)
        self._time_s = float(time_s[-1])
        rest = np.empty_like(values)
        _kernels.balance_rows(
            values,
            self._ground(height_m),
            gap_s,
            self._along,
            self._drift_s,
            SOIL_S,
            self._state,
            self._covariance,
            self._memory,
            self._past,
            rest,
        )
        return rest
