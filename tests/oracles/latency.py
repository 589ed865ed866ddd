"""What a net of sources below a place explains of rows that were taken at another time, written plainly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.induction import loop_field

if TYPE_CHECKING:
    from dualsense.emi._response import Response


def residual(
    samples: Response,
    time_s: np.ndarray,
    white: np.ndarray,
    basis: np.ndarray,
    nodes: np.ndarray,
    *,
    depth_m: float,
    ridge: float,
    drift_ridge: float,
) -> np.ndarray:
    """Leave (n, c) what isotropic sources at ``nodes`` (k, 2), drift and soil (n, p) do not explain of ``white``.

    The rows' coils are where those of the samples were at ``time_s`` (n,), with the turn of the next sample.
    """
    fields = []
    following = np.clip(np.searchsorted(samples.time_s, time_s), 0, samples.time_s.size - 1)
    for at, radius in ((samples.tx_m, samples.tx_radius_m), (samples.rx_m, samples.rx_radius_m)):
        place = np.column_stack([np.interp(time_s, samples.time_s, at[:, axis]) for axis in range(3)])
        points = np.column_stack([nodes, np.full(len(nodes), -depth_m)])
        local = np.einsum("nji,nkj->nki", samples.rotation[following], points - place[:, None])
        fields.append(loop_field(local, radius_m=float(radius[0])))
    columns = (fields[0] * fields[1]).sum(axis=-1)
    columns /= np.sqrt((columns**2).sum(axis=0).max())
    drift = basis / (np.sqrt((basis**2).sum(axis=0)) + 1e-300)
    design = np.concatenate([columns, drift], axis=1)
    damp = np.concatenate([np.full(len(nodes), ridge), np.full(drift.shape[1], drift_ridge)])
    return white - design @ np.linalg.solve(design.T @ design + np.diag(damp), design.T @ white)


def spikes(values: np.ndarray, noise: np.ndarray, factor: float) -> np.ndarray:
    """Samples (m, c) of one coil that stick out of both neighbours on either side, (m,) bool."""
    spike = np.zeros(len(values), dtype=bool)
    for i in range(2, len(values) - 2):
        five = values[i - 2 : i + 3]
        away = np.abs(five[2] - np.median(five, axis=0))
        others = np.delete(five, 2, axis=0)
        spike[i] = ((away > factor * noise) & (away > 3.0 * np.ptp(others, axis=0))).any()
    return spike
