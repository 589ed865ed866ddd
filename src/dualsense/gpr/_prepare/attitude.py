"""A head that tilts: the amplitude that it loses straight below."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dualsense.gpr._soundings import Soundings


def compensate_attitude(soundings: Soundings, *, exponent: float = 1.0, max_gain_db: float = 6.0) -> Soundings:
    """Give back the amplitude that a tilted head sends and hears less of straight below it.

    Antennas with a pattern cos^q of the angle from their boresight have a two-way pattern cos^2q: divided by that
    of the tilt. Where the antennas are when the head tilts has been seen to already, by the lever arm.

    Parameters
    ----------
    soundings
        Returned as they are when they carry no boresight.
    exponent
        q of one antenna's amplitude; 1 is a short dipole's in its own plane.
    max_gain_db
        A tilt that would need more gets no more.

    Returns
    -------
    Soundings
    """
    if soundings.boresight is None:
        return soundings
    cosine = np.maximum(-soundings.boresight[:, 2], 0.0)
    most = 10.0 ** (max_gain_db / 20.0)
    pattern = np.maximum(cosine ** (2.0 * exponent), 1.0 / most)
    return replace(soundings, spectrum=soundings.spectrum / pattern[:, None])
