"""One magnetic dipole below the coils: its columns in a linear fit, and what is found of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi.field import loop_field

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi.calibrate import Response
    from dualsense.emi.locate import DipoleEstimate


@dataclass(frozen=True, slots=True, eq=False)
class Dipole:
    """One magnetic dipole below the coils.

    Attributes
    ----------
    position_m : (3,)
        Local frame; depth is -z, and that of the centre of the metal, not of its top.
    covariance_m2 : (3, 3)
        Of the position, from the curvature of the misfit.
    tensor : (c, 3, 3)
        Polarizability per real channel of the response; what ground balance hides of it is not filled in with
        noise (`dualsense.emi.loss.shrink_along_soil`).
    statistic
        Energy of its whitened signal over rows and channels, beyond what soil and drift could explain.
    contrast
        How far its peak stood above the median of the scan in which it was found.
    coherence
        Part of the whitened energy within 12 cm that all dipoles together explain, 0-1.
    kept
        Part of its energy, in units of the noise, that turning from the soil's phasor leaves, and part of that
        which lies along the track as neither drift nor ground does; both 0-1.
    estimate
        Its posterior (`dualsense.emi.locate`), from which position, covariance and tensor then are; None where it
        could not be located.
    """

    position_m: NDArray[np.float64]
    covariance_m2: NDArray[np.float64]
    tensor: NDArray[np.float64]
    statistic: float
    contrast: float
    coherence: float
    kept: tuple[float, float] = (float("nan"), float("nan"))
    estimate: DipoleEstimate | None = None


def dipole_columns(
    response: Response, position_m: NDArray[np.float64], *, shift_m: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Response of every row to the six tensor elements xx, yy, zz, xy, xz, yz at one position.

    Parameters
    ----------
    shift_m : (3,), optional
        Move all coils by this much, to see what a position error does.

    Returns
    -------
    (m, 6) float64
    """
    target = position_m if shift_m is None else position_m - shift_m
    h_t = np.empty((response.time_s.size, 3))
    h_r = np.empty_like(h_t)
    for k in range(response.tx_radius_m.size):
        rows = response.coil == k
        if not rows.any():
            continue
        turn = response.rotation[rows]
        for at, radius, out in (
            (response.tx_m, response.tx_radius_m, h_t),
            (response.rx_m, response.rx_radius_m, h_r),
        ):
            local = np.einsum("nji,nj->ni", turn, target - at[rows])
            field = loop_field(local, radius_m=float(radius[k]))
            out[rows] = np.einsum("nij,nj->ni", turn, field)
    cross = [h_t[:, i] * h_r[:, j] + h_t[:, j] * h_r[:, i] for i, j in ((0, 1), (0, 2), (1, 2))]
    return np.stack([*(h_t[:, i] * h_r[:, i] for i in range(3)), *cross], axis=1)


def tensor(elements: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tensors (c, 3, 3) from (q, c) fitted coefficients; one coefficient is an isotropic tensor."""
    channels = elements.shape[1]
    out = np.zeros((channels, 3, 3))
    if elements.shape[0] == 1:
        out[:, range(3), range(3)] = elements[0][:, None]
        return out
    for n, (i, j) in enumerate(((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))):
        out[:, i, j] = out[:, j, i] = elements[n]
    return out
