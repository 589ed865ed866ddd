"""The metal detector of a sweep that goes on: samples to rows, balance, and the map of what is left."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from dualsense import emi, survey
from dualsense.errors import ScanError
from dualsense.live import _live_kernels as _kernels
from dualsense.live._balance import POSITION_STD_M, Balance, Beginning, image_factor
from dualsense.live._stretch import joined, take_rows
from dualsense.live._tiles import TILE, Canvas, Key, corner_m, reached

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi import Response
    from dualsense.recipe.emi import Emi
    from dualsense.recipe.survey import Survey
    from dualsense.scan import EmiData
    from dualsense.survey import Track

    Real = NDArray[np.float64]

ROW_FIELDS = ("time_s", "values", "coil", "center_m", "tx_m", "rx_m", "rotation", "position_std_m", "count")
"""Fields of a `Response` that have one entry for each row."""
FIRST_SAMPLES, FIRST_ROWS = 96, 24
"""So much is heard before drift and soil are told apart."""
MOST_SAMPLES = 2000
"""Of a head that does not move; older ones are let go."""
SPIKE_REACH = 2
"""Samples on either side that tell a spike."""


class MetalMap:
    """A Gaussian-weighted mean of signed rows in every cell, and how large it is.

    Parameters
    ----------
    canvas
        With the layer "metal".
    width_m, reach_m
        Standard deviation of the weights, and how far to the side a row still measures the ground.
    """

    def __init__(self, canvas: Canvas, *, width_m: float, reach_m: float) -> None:
        self._canvas, self._width_m, self._reach_m = canvas, width_m, reach_m
        self._tiles: dict[Key, tuple[Real, Real]] = {}

    def add(self, xy_m: Real, rest: Real, weight: Real) -> list[Key]:
        """Add rows (m, c) at places (m, 2) with weights (m,), and give the tiles that changed."""
        cell_m = self._canvas.cell_m
        x, y = np.ascontiguousarray(xy_m[:, 0]), np.ascontiguousarray(xy_m[:, 1])
        changed = []
        for key in reached(xy_m, self._reach_m, cell_m):
            total, fold = self._tiles.get(key) or (np.zeros((TILE, TILE, rest.shape[1])), np.zeros((TILE, TILE)))
            before = fold.sum()
            corner = np.array(corner_m(key, cell_m))
            _kernels.spread(x, y, rest, weight, corner, cell_m, self._width_m, self._reach_m, total, fold)
            if fold.sum() > before:
                self._tiles[key] = total, fold
                self._draw(key, total, fold)
                changed.append(key)
        return changed

    def _draw(self, key: Key, total: Real, fold: Real) -> None:
        self._canvas.include(key)
        with np.errstate(invalid="ignore", divide="ignore"):
            size = np.sqrt(np.einsum("jic,jic->ji", total, total) / total.shape[2]) / fold
        self._canvas.draw("metal", key, np.where(fold > 0.0, size, np.nan).astype(np.float32))


class Metal:
    """What the metal detector has told so far.

    Parameters
    ----------
    tables, swept
        Of the recipe.
    canvas
        With the layer "metal".

    Attributes
    ----------
    reason
        Why nothing is shown yet; empty once something is.
    """

    def __init__(self, tables: Emi, swept: Survey, canvas: Canvas) -> None:
        self._tables = tables
        self._map = MetalMap(canvas, width_m=tables.image.smoothing_m, reach_m=swept.emi_reach_m)
        self._held: Response | None = None
        self._passed_s = -math.inf
        self._noise: Real | None = None
        self._usual_count = 1.0
        self._balances: dict[int, Balance] = {}
        self._early: dict[int, Response] = {}
        self.reason = "too few samples of the metal detector yet"

    def take(self, data: EmiData, track: Track) -> tuple[Real, Real, list[Key]]:
        """Take samples, and give times (m,) and sizes (m,) of new rows, and the tiles of the map that changed."""
        new, held = emi.normalise(data, track), self._held
        if held is not None and new.values.shape[1] != held.values.shape[1]:
            # a channel went missing, or came: these samples are not measured, or the first ones were none
            new, held = (new, None) if self._noise is None else (take_rows(held, ROW_FIELDS, slice(0, 0)), held)
        held = new if held is None else joined([held, new], ROW_FIELDS)
        if self._noise is None and not self._know_noise(held):
            self._held = take_rows(held, ROW_FIELDS, slice(-MOST_SAMPLES, None))
            return np.empty(0), np.empty(0), []
        return self._map_rows(self._rows(held))

    def _know_noise(self, held: Response) -> bool:
        """Tell the noise from the first samples, once they suffice and are more than noise."""
        if held.time_s.size < FIRST_SAMPLES or held.values.shape[1] == 0:
            return False
        if survey.noise_share(held.values, held.coil) > survey.NOISE_ONLY:
            self.reason = "the metal detector hears nothing but noise"
            return False
        rows = emi.bin_along_track(held, **self._tables.calibrate.model_dump())
        self._usual_count = float(np.median(rows.count))
        self._noise = emi.white_noise(held) / math.sqrt(self._usual_count)
        self.reason = "the head has not moved far enough yet"
        return True

    def _rows(self, held: Response) -> Response:
        """Average new samples along the way, without spikes: a sample waits for those by which it is judged."""
        clean, _ = emi.drop_spikes(held, taken(self._noise) * math.sqrt(self._usual_count))
        until_s = float(held.time_s[-1 - SPIKE_REACH]) if held.time_s.size > SPIKE_REACH else -math.inf
        new = (clean.time_s > self._passed_s) & (clean.time_s <= until_s)
        self._held = take_rows(held, ROW_FIELDS, slice(-2 * SPIKE_REACH, None))
        self._passed_s = max(self._passed_s, until_s)
        return emi.bin_along_track(take_rows(clean, ROW_FIELDS, new), **self._tables.calibrate.model_dump())

    def _map_rows(self, rows: Response) -> tuple[Real, Real, list[Key]]:
        """Balance rows, coil by coil, and put them on the map."""
        times, sizes, changed = [np.empty(0)], [np.empty(0)], set()
        for coil in np.unique(rows.coil).tolist():
            own = take_rows(rows, ROW_FIELDS, rows.coil == coil)
            if coil not in self._balances:
                own = joined([self._early.pop(coil), own], ROW_FIELDS) if coil in self._early else own
                if own.time_s.size < FIRST_ROWS:
                    self._early[coil] = own
                    continue
                self._balances[coil] = self._begin(own)
                self.reason = ""
            rest = self._balances[coil].take(own.time_s, own.center_m[:, 2], own.values / taken(self._noise))
            changed |= set(self._map.add(own.center_m[:, :2], rest, own.count / self._usual_count))
            times.append(own.time_s)
            sizes.append(np.sqrt((rest**2).mean(axis=1)))
        time_s, size = np.concatenate(times), np.concatenate(sizes)
        order = np.argsort(time_s, kind="stable")
        return time_s[order], size[order], sorted(changed)

    def _begin(self, own: Response) -> Balance:
        """Begin the balance of a coil pair with its first rows."""
        coil = int(own.coil[0])
        radii = float(own.tx_radius_m[coil]), float(own.rx_radius_m[coil])
        upright = own.rotation.transpose(0, 2, 1) @ (own.rx_m - own.tx_m)[:, :, None]
        factor = image_factor(*radii, np.median(upright[..., 0], axis=0))
        stated = own.position_std_m[:, 2]
        std = np.where(np.isfinite(stated), stated, POSITION_STD_M)
        height_std_m = math.hypot(float(np.sqrt((std**2).mean())), self._tables.invert.roughness_m)
        first = Beginning(own.time_s, own.center_m[:, 2], own.values / taken(self._noise))
        return Balance(first, factor, drift_s=self._tables.invert.drift_knot_s, height_std_m=height_std_m)


def taken(noise: Real | None) -> Real:
    """Take what has been told before.

    Raises
    ------
    ScanError
        When it has not.
    """
    if noise is None:
        msg = "the metal detector's noise is not known yet"
        raise ScanError(msg)
    return noise
