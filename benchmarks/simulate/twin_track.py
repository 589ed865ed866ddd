"""Where the head of a full-wave scan was, as its metal detector tells, and how the simulator's fields fit it.

The tracker of those scans errs slowly: two of them hold the same radar data, made at the same places, and tell
tracks 15 mm rms apart over the mine. The files' dipoles and polarizabilities are known, so that the metal
detector's data tell how far a track is off, without a look at the radar: splines with a knot a second, whose
weights walk at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from scipy.interpolate import BSpline

from dualsense.induction._field import loop_field, received
from dualsense.simulate import Detector, emi_response

if TYPE_CHECKING:
    from pathlib import Path

    from dualsense.scan import Scan
    from dualsense.simulate import Soil

KNOT_S = 1.0
WALK_M = (0.006, 0.006, 0.0005)
"""How far an offset (x, y, z) walks from knot to knot.

Sideways as the two tracks of one full wave walk apart. Height hardly at all: let loose, it takes what is
lacking elsewhere, quick errors of height above all, and its course is not the one that the radar's surface echo
shows, while its mean is."""
FAR_M = 0.01
"""How far off an offset is as a whole: it returns to nought where there is no metal to tell."""
SHARE = 0.1
"""A row's deviation as a share of its own data: more than noise, as what the model lacks lasts for many rows."""
FLOOR = 0.06
"""And as a share of all data's scatter."""
GROUND = 0.3
"""And as a share of the ground's response, which quick errors of height rule."""
ROUNDS = 12
"""Of Gauss and Newton's steps; offsets change by less than a micrometre after eight."""
STEP_M = 0.01
"""At most, of any weight in a round."""
NUDGE_M = 1e-4
"""For slopes of the fields."""
RATES = 6
"""Cosines for the drift of the instrument."""


def smoothed(time_s: np.ndarray, track_time: np.ndarray, track: np.ndarray) -> np.ndarray:
    """Track (n, 3) at times, without the tracker's jitter from row to row."""
    kernel = np.hanning(13) / np.hanning(13).sum()
    smooth = [np.convolve(np.pad(c.astype(float), 6, "edge"), kernel, "valid") for c in track.T]
    return np.stack([np.interp(time_s, track_time, c) for c in smooth], axis=-1)


@dataclass(frozen=True)
class Coils:
    """The metal detector's data of one scan, and the simulator's fields for it."""

    scan: Scan
    soil: Soil
    place: np.ndarray
    tensor: np.ndarray

    @cached_property
    def recorded_m(self) -> np.ndarray:
        """Track (m, 3) at the rows, as it is told."""
        return smoothed(self.scan.emi.time_s, self.scan.pose.time_s, self.scan.pose.position_m)

    def metal(self, at: np.ndarray) -> np.ndarray:
        """Response (m, k) of the file's dipoles."""
        emi = self.scan.emi
        transmitter_m, receiver_m = (float(radius[0]) for radius in (emi.tx_radius_m, emi.rx_radius_m))
        return sum(
            received(
                loop_field(p - at, radius_m=receiver_m),
                m,
                loop_field(p - at, radius_m=transmitter_m),
                frequency_hz=emi.frequency_hz,
            )
            for p, m in zip(self.place, self.tensor, strict=True)
        )

    def ground(self, at: np.ndarray) -> np.ndarray:
        """Response (m, k) of the ground."""
        level = np.broadcast_to(np.eye(3), (len(at), 3, 3))
        return emi_response((), self.soil, Detector(frequency_hz=tuple(self.scan.emi.frequency_hz)), at, level)

    @cached_property
    def drift(self) -> np.ndarray:
        """Orthonormal columns (m, r) of what drifts slowly."""
        t = self.scan.emi.time_s - self.scan.emi.time_s[0]
        return np.linalg.qr(np.cos(np.pi * np.outer(t / t[-1], np.arange(RATES))))[0]

    def splines(self, time_s: np.ndarray) -> np.ndarray:
        """Columns (n, b) that offsets of the track are made of."""
        ends = [(t[0], t[-1]) for t in (self.scan.emi.time_s, self.scan.gpr.time_s)]
        low, high = min(a for a, _ in ends), max(b for _, b in ends)
        inner = np.linspace(low, high, max(4, int(np.ceil((high - low) / KNOT_S))) + 1)
        knots = np.concatenate([[low] * 3, inner, [high] * 3])
        return BSpline.design_matrix(np.clip(time_s, low, high - 1e-9), knots, 3).toarray()

    def moved(self, time_s: np.ndarray) -> np.ndarray:
        """How far (n, 3) the head was from the told track."""
        return self.splines(time_s) @ self.offsets

    @cached_property
    def offsets(self) -> np.ndarray:
        """Weights (b, 3) of `splines`: the track as told plus these is where the coils were.

        Gauss and Newton's least squares; the drift and the ground's factor at each frequency, a complex one as the
        soil's phase is not the question here, are free.
        """
        splines = self.splines(self.scan.emi.time_s)
        count = splines.shape[1]
        out = np.zeros((count, 3))
        for _ in range(ROUNDS):
            rows, rest = self._linear(self.recorded_m + splines @ out, splines)
            for axis, step_m in enumerate(WALK_M):
                walk = np.concatenate([np.diff(np.eye(count), axis=0) / step_m, np.eye(count) / FAR_M])
                block = np.zeros((len(walk), 3 * count))
                block[:, axis * count : (axis + 1) * count] = walk
                rows.append(block)
                rest.append(-walk @ out[:, axis])
            step = np.linalg.lstsq(np.concatenate(rows), np.concatenate(rest), rcond=None)[0].reshape(3, count).T
            out += step * min(1.0, STEP_M / max(float(np.abs(step).max()), 1e-12))
        return out

    def _linear(self, at: np.ndarray, splines: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Rows of all frequencies about a track, without what drift and a factor of the ground explain."""
        metal, ground, nudge = self.metal(at), self.ground(at), NUDGE_M * np.eye(3)
        slope = np.stack([(self.metal(at + n) - metal) / NUDGE_M for n in nudge], axis=1).astype(complex)
        ground_slope = (self.ground(at + nudge[2]) - ground) / NUDGE_M
        rows, rest = [], []
        for k, data in enumerate(self.scan.emi.data.T):
            about, level = np.abs(data - data.mean()), np.abs(ground[:, k] - ground[:, k].mean())
            std = np.sqrt(
                (SHARE * about) ** 2
                + (FLOOR * about.std()) ** 2
                + GROUND**2 * (level**2 + np.std(ground[:, k]) ** 2)
            )

            def both(values: np.ndarray, std: np.ndarray = std) -> np.ndarray:
                return np.concatenate([(values.T / std).T.real, (values.T / std).T.imag])

            size = np.linalg.norm(both(ground[:, k]))
            free = np.concatenate(
                [both(self.drift), both(1j * self.drift), both(np.outer(ground[:, k] / size, [1.0, 1j]))], axis=1
            )
            left = both(data - metal[:, k])
            factor = np.linalg.lstsq(free, left, rcond=None)[0][-2:] / size
            own = slope[:, :, k].copy()
            own[:, 2] += complex(*factor) * ground_slope[:, k]
            columns = np.concatenate([both(own[:, [axis]] * splines) for axis in range(3)], axis=1)
            base, _ = np.linalg.qr(free)
            rows.append(columns - base @ (base.T @ columns))
            rest.append(left - base @ (base.T @ left))
        return rows, rest

    def factors(self, at: np.ndarray) -> dict[str, list[float]]:
        """Factors that the data ask of metal and ground at each frequency, and what is left, as shares of all."""

        def steady(values: np.ndarray) -> np.ndarray:
            return np.concatenate([v - self.drift @ (self.drift.T @ v) for v in (values.real, values.imag)])

        data, metal, ground = (steady(v) for v in (self.scan.emi.data, self.metal(at), self.ground(at)))
        out: dict[str, list[float]] = {
            key: [] for key in ("metal_factor", "ground_factor", "metal_share", "ground_share", "left")
        }
        for k, whole in enumerate(np.linalg.norm(data, axis=0)):
            rows = np.stack([metal[:, k], ground[:, k]], axis=-1)
            factor = np.linalg.lstsq(rows, data[:, k], rcond=None)[0]
            parts = np.linalg.norm(rows, axis=0) / whole
            left = np.linalg.norm(data[:, k] - rows @ factor) / whole
            for key, value in zip(out, (*factor, *parts, left), strict=True):
                out[key].append(float(value))
        return out


def coils_of(path: Path, scan: Scan, soil: Soil) -> Coils:
    """Take the dipoles from the file's truth."""
    with h5py.File(path) as file:
        return Coils(scan, soil, file["truth/dipoles/position"][()], file["truth/dipoles/polarizability"][()])


def induction(coils: Coils) -> dict[str, Any]:
    """The metal detector's fit on the track as told and on the one it tells itself."""
    moved = coils.moved(coils.scan.emi.time_s)
    return {
        "told": coils.factors(coils.recorded_m),
        "found": coils.factors(coils.recorded_m + moved),
        "moved_rms_mm": (1e3 * np.sqrt((moved**2).mean(axis=0))).tolist(),
    }
