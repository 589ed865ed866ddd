"""Rows of a few dipoles alone: what `locate` takes, from what `find_dipoles` found."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dualsense.emi._joint.fit import JointFit, settled

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dualsense.emi._joint.find import Inversion
    from dualsense.emi._response import Response

    Real = NDArray[np.float64]


def isolate(response: Response, found: Inversion, which: Sequence[int]) -> tuple[Response, Real]:
    """Take soil, drift and all other dipoles out of the rows.

    Parameters
    ----------
    response
        m rows over c channels, in which the dipoles were found.
    found
        From `dualsense.emi.find_dipoles`.
    which
        Indices of the dipoles that stay.

    Returns
    -------
    Response
        The same rows, with the response of the chosen dipoles and of what nothing explains.
    (c, c) float64
        Covariance of one row's noise with what is left of the soil, as `dualsense.emi.locate` takes it.
    """
    fit = settled(JointFit.of_ground(response, found.balance), [d.position_m for d in found.dipoles])
    return replace(response, values=fit.alone(which)), fit.balance.covariance
