"""The metal map: what is left of the response after drift and ground, on the grid, masked outside coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi.dipole import dipole_columns
from dualsense.result import Grid, Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi.balance import Balance
    from dualsense.emi.calibrate import Response


def balanced(
    response: Response, balance: Balance, *, objects: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Whitened response (m, c) without drift and soil.

    Parameters
    ----------
    objects : (m, q), optional
        Columns of the dipoles that were found. Drift and soil are fitted beside them, so that a large target is
        not taken for drift.
    """
    white = response.values @ balance.whitener.T
    design = balance.basis if objects is None else np.concatenate([balance.basis, objects], axis=1)
    scale = np.sqrt((design**2).sum(axis=0)) + 1e-300
    coefficients, *_ = np.linalg.lstsq(design / scale, white, rcond=1e-9)
    nuisance: NDArray[np.float64] = (balance.basis / scale[: balance.basis.shape[1]]) @ coefficients[
        : balance.basis.shape[1]
    ]
    return white - nuisance


def metal_maps(
    response: Response,
    rest: NDArray[np.float64],
    grid: Grid,
    covered: NDArray[np.bool_],
    *,
    smoothing_m: float = 0.015,
) -> dict[str, Image]:
    """Interpolate the balanced response onto the grid.

    A Gaussian-weighted local mean of the signed channels, which honours the track and cannot overshoot; then the
    magnitude over the channels.

    Parameters
    ----------
    response, rest
        Rows and their whitened, balanced channels (m, c).
    covered : (ny, nx) bool
    smoothing_m
        Standard deviation of the weights; grows where the nearest row is farther away than that.

    Returns
    -------
    dict
        "metal_response": rms over the channels, in standard deviations of the noise ("1").
    """
    from scipy.sparse import csr_array  # noqa: PLC0415
    from scipy.spatial import cKDTree  # noqa: PLC0415

    rows, columns = np.nonzero(covered)
    values = np.full(covered.shape, np.nan, dtype=np.float32)
    if rows.size and response.time_s.size:
        cells = np.column_stack([grid.x_m[columns], grid.y_m[rows]])
        tree = cKDTree(response.center_m[:, :2])
        count = min(48, response.time_s.size)
        distance, index = tree.query(cells, k=count)
        distance, index = distance.reshape(rows.size, count), index.reshape(rows.size, count)
        width = np.maximum(smoothing_m, distance[:, :1])
        weight = np.exp(-0.5 * (distance / width) ** 2) * response.count[index]
        weight /= weight.sum(axis=1, keepdims=True)
        start = np.arange(0, rows.size * count + 1, count)
        matrix = csr_array((weight.ravel(), index.ravel(), start), shape=(rows.size, response.time_s.size))
        signed = matrix @ rest
        values[rows, columns] = np.sqrt((signed**2).mean(axis=1))
    return {"metal_response": Image("metal_response", "1", grid, values)}


def detection_limit(
    response: Response,
    balance: Balance,
    position_m: NDArray[np.float64],
    *,
    statistic: float,
    row_weight: NDArray[np.float64] | None = None,
) -> float:
    """Smallest mean polarizability (m^3) that would have been detected at a position.

    For an object whose response lies off the soil's phasor, equal in all channels; what drift and soil absorb is
    taken into account.

    Parameters
    ----------
    statistic
        Drop of the misfit per channel that makes a detection there.
    row_weight : (m,), optional
        Of the fit, which trusts rows less where metal is strong.
    """
    weight = np.ones((response.time_s.size, 1)) if row_weight is None else row_weight[:, None]
    column = weight * dipole_columns(response, position_m)[:, :3].sum(axis=1, keepdims=True)
    basis = weight * balance.basis
    basis = basis / (np.sqrt((basis**2).sum(axis=0)) + 1e-300)
    coefficients, *_ = np.linalg.lstsq(basis, column, rcond=1e-9)
    seen = float(((column - basis @ coefficients) ** 2).sum())
    channels = response.values.shape[1]
    gain = float((balance.whitener**2).sum()) / channels
    return float(np.sqrt(statistic / max(seen * gain, 1e-300)))
