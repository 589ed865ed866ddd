"""What drift and ground balance take of a target with the soil, and what is therefore not known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.induction import gate_rate, sphere_polarizability, sphere_spectrum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._balance import Balance
    from dualsense.emi._response import Response

    Real = NDArray[np.float64]

PRIOR_RATIO = 10.0
"""How many times as large along the soil's phasor as across it a polarizability is expected to be, in units of the
noise: a steel sphere of 10 mm is 2.8 times, of 5 mm 9 times, and ferrite is soil to any balance."""

SMALL_METAL = {"steel": (2.5e-3, 5e6, 100.0), "aluminium": (2.5e-3, 3.5e7, 1.0), "brass": (2.5e-3, 1.5e7, 1.0)}
"""Spheres of 5 mm, as large as the metal of a minimum-metal mine: radius, conductivity and permeability."""


def kept_energy(signal: Real, balance: Balance) -> tuple[float, float]:
    """Part of a target's energy, in units of the noise, that balancing leaves.

    Parameters
    ----------
    signal : (m, c)
        Response of the target alone, in metres.

    Returns
    -------
    phasor, track : float
        What the whitening leaves, which turns from the soil's phasor; and what of that lies along the track as
        neither drift nor ground does. Their product is the part left in all. NaN without a signal.

    Notes
    -----
    Where the dipole is fitted together with drift and soil nothing is subtracted; the second part is then what
    the data tell of it that drift and soil could not have made.
    """
    before = float(((signal / balance.noise) ** 2).sum())
    if not before > 0.0:
        return float("nan"), float("nan")
    white = signal @ balance.whitener.T
    turned = float((white**2).sum())
    scale = np.sqrt((balance.basis**2).sum(axis=0)) + 1e-300
    q, _ = np.linalg.qr(balance.basis / scale)
    left = float(((white - q @ (q.T @ white)) ** 2).sum())
    return turned / before, left / max(turned, 1e-300)


def soil_suppression_db(balance: Balance, rest: Real) -> float:
    """How far the soil's variation along the track is brought down, at least; NaN where it never stood out.

    The soil's own energy about its mean, in units of the noise, over what is left in half of the rows; noise
    counts as soil that was left.

    Parameters
    ----------
    balance
        Drift and soil of the track.
    rest : (m, c)
        Whitened response without drift and soil.
    """
    varying = np.outer(balance.ground - balance.ground.mean(), balance.soil / balance.noise)
    before = float((varying**2).sum(axis=1).mean())
    left = float(np.median((rest**2).sum(axis=1)))
    if not before > left > 0.0:
        return float("nan")
    return 10.0 * float(np.log10(before / left))


def shrink_along_soil(elements: Real, gram: Real, balance: Balance) -> Real:
    """Tensor elements whose part along the soil's phasor is no larger than the data or the rest of them say.

    Along that phasor a row tells the height's error before it tells metal; what a fit finds there may be a
    thousand times the object. The posterior mean is taken, under a prior as wide as ``PRIOR_RATIO`` times the
    part across.

    Parameters
    ----------
    elements : (q, c)
        Fitted coefficients of one dipole, in m^3.
    gram : (q, q)
        Of its columns, without what else is fitted; row-weighted, so in 1/m^4.

    Returns
    -------
    (q, c) float64
        Unchanged where the soil is weak beside the noise.
    """
    soil = balance.soil / balance.noise
    size = float(np.linalg.norm(soil))
    if not size > 0.0:
        return elements
    along = soil / size
    scaled = elements / balance.noise
    part = scaled @ along
    across = scaled - np.outer(part, along)
    variance = float(along @ (balance.covariance / np.outer(balance.noise, balance.noise)) @ along)
    precision = gram / variance
    prior = PRIOR_RATIO**2 * max(float((across**2).sum(axis=1).mean()), 1e-300)
    solved = np.linalg.solve(precision + np.eye(len(gram)) / prior, precision @ part)
    shrunk = (across + np.outer(solved, along)) * balance.noise
    return np.asarray(shrunk, dtype=np.float64)


def small_metal_kept(response: Response, balance: Balance) -> dict[str, float]:
    """Part of the energy of each of `SMALL_METAL` that turning from the soil's phasor leaves, 0-1.

    In magnetic ground small steel keeps least: at low frequency it answers as soil does.
    """
    out = {}
    for name, spectrum in _small_spectra(response).items():
        before = float(((spectrum / balance.noise) ** 2).sum())
        left = float(((balance.whitener @ spectrum) ** 2).sum())
        out[name] = left / before if before > 0.0 else float("nan")
    return out


def small_metal_m3(response: Response, balance: Balance) -> float:
    """Mean polarizability that the least of `SMALL_METAL` is worth to the search for dipoles, in m^3.

    That is what an object off the soil's phasor, equal in all channels, would have to have for as much signal in
    units of the noise: what `dualsense.emi.Inversion` tells of hidden metal is in the same measure, whatever the
    channels of the instrument are.

    Parameters
    ----------
    response
        Whose channels are meant.
    balance
        As it was fitted.

    Returns
    -------
    float
    """
    gain = float((balance.whitener**2).sum())
    signals = [float(((balance.whitener @ one) ** 2).sum()) for one in _small_spectra(response).values()]
    return float(np.sqrt(min(signals) / gain)) if gain > 0.0 else 0.0


def _small_spectra(response: Response) -> dict[str, Real]:
    """Polarizability (c,) of `SMALL_METAL` as the channels see it."""
    hz = response.channel_hz
    out: dict[str, Real] = {}
    for name, (radius_m, conductivity_s_m, relative_permeability) in SMALL_METAL.items():
        metal = {
            "radius_m": radius_m,
            "conductivity_s_m": conductivity_s_m,
            "relative_permeability": relative_permeability,
        }
        if response.imaginary.any():
            m = sphere_polarizability(frequency_hz=hz, **metal)
            out[name] = np.where(response.imaginary, m.imag, m.real).astype(np.float64)
        else:
            centre = 1.0 / (2.0 * np.pi * hz)
            gates = centre[:, None] * np.array([0.99, 1.01])
            out[name] = np.asarray(gate_rate(sphere_spectrum(**metal), gates)[:, 0, 0] * centre, dtype=np.float64)
    return out
