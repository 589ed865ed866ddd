"""One magnetic dipole below the coils: its columns in a linear fit, and what is found of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi import _columns_kernels as kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._locate.locate import DipoleEstimate
    from dualsense.emi._response import Response


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
        noise (`dualsense.emi._loss.shrink_along_soil`).
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
        Its posterior (`emi._locate.locate`), from which position, covariance and tensor then are; None where it
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


def dipole_columns(response: Response, position_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Response of every row to the six tensor elements xx, yy, zz, xy, xz, yz at one position.

    Returns
    -------
    (m, 6) float64
    """
    return np.ascontiguousarray(column_rows(response, position_m).T)


def column_rows(response: Response, position_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """`dipole_columns` the other way round, (6, m)."""
    out = np.empty((6, response.time_s.size))
    kernels.values(_one(position_m), *coil_arrays(response), out)
    return out


def slope_rows(response: Response, position_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Change (3, 6, m) of the columns with each coordinate of the dipole."""
    m = response.time_s.size
    slope = np.empty((3, 6, m))
    kernels.columns(_one(position_m), *coil_arrays(response), np.zeros((m, 3)), np.empty((6, m)), slope)
    return slope


def _one(position_m: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.ascontiguousarray(position_m, dtype=np.float64)[None]


def coil_arrays(response: Response) -> tuple[NDArray[np.float64], ...]:
    """Places (m, 3), rotation (m, 3, 3) and radii (m,) of the rows' coils, in the order of the kernels."""
    radii = (response.tx_radius_m[response.coil], response.rx_radius_m[response.coil])
    arrays = (response.tx_m, response.rx_m, response.rotation, *radii)
    return tuple(np.ascontiguousarray(a, dtype=np.float64) for a in arrays)


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
