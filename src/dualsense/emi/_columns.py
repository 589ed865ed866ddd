"""What the rows receive of a unit dipole: its columns in a linear fit, and their slopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi import _columns_kernels as kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._response import Response

    Real = NDArray[np.float64]


def dipole_columns(response: Response, position_m: Real) -> Real:
    """Response of every row to the six tensor elements xx, yy, zz, xy, xz, yz at one position.

    Returns
    -------
    (m, 6) float64
    """
    return np.ascontiguousarray(column_rows(response, position_m).T)


def column_rows(response: Response, position_m: Real) -> Real:
    """`dipole_columns` the other way round, (6, m)."""
    out = np.empty((6, response.time_s.size))
    kernels.values(_one(position_m), coil_arrays(response), out)
    return out


def slope_rows(response: Response, position_m: Real) -> Real:
    """Change (3, 6, m) of the columns with each coordinate of the dipole."""
    m = response.time_s.size
    slope = np.empty((3, 6, m))
    kernels.columns(_one(position_m), coil_arrays(response), np.zeros((m, 3)), np.empty((6, m)), slope)
    return slope


def _one(position_m: Real) -> Real:
    return np.ascontiguousarray(position_m, dtype=np.float64)[None]


def coil_arrays(response: Response) -> kernels.RowCoils:
    """Coils of the rows as kernels take them: places (m, 3), rotation (m, 3, 3) and radii (m,)."""
    radii = (response.tx_radius_m[response.coil], response.rx_radius_m[response.coil])
    arrays = (response.tx_m, response.rx_m, response.rotation, *radii)
    return kernels.RowCoils(*(np.ascontiguousarray(a, dtype=np.float64) for a in arrays))


def tensors_from_elements(elements: Real) -> Real:
    """Tensors (c, 3, 3) from (q, c) fitted coefficients; one coefficient is an isotropic tensor."""
    channels = elements.shape[1]
    out = np.zeros((channels, 3, 3))
    if elements.shape[0] == 1:
        out[:, range(3), range(3)] = elements[0][:, None]
        return out
    for n, (i, j) in enumerate(zip(kernels.ROW, kernels.COLUMN, strict=True)):
        out[:, i, j] = out[:, j, i] = elements[n]
    return out
