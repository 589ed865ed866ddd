"""A profile of an instrument, from a shot into free air, one of a metal plate, and a known sphere.

Radar. The plate reflects everything, -1. What it returned less what free air returned is its echo; its phase over
frequency tells the delay of cables and electronics, and over the coupling in air it tells how strongly this head
hears the ground (the kind "plate" of the profiles in ``calibration/instruments``).
Metal detector. A sphere's polarizability is known exactly (Wait 1951), and with the coils' geometry so is what it
induces in each channel: the factor between that and what was recorded is the channel's gain and phase.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense import induction
from dualsense.constants import C0_M_S, MU0_H_M
from dualsense.errors import UsageError
from dualsense.survey import track_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dualsense.scan import EmiData, GprData, Pose, Scan

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]

BLOCKS = 10
"""Stretches of a recording that are left out in turn to tell how well a mean is known."""
BAND_DB = -20.0
"""Of an impulse, frequencies whose echo lies above this of its strongest are used."""
NO_ECHO = "plate: its echo is not to be told from what free air returned"
LEAST_CONTRAST = 3.0
"""Times its own error the plate's echo must be, and a gain."""


@dataclass(frozen=True, slots=True)
class Plate:
    """How the plate lay.

    Attributes
    ----------
    height_m
        Of the antennas above it.
    height_std_m
        One standard deviation.
    """

    height_m: float
    height_std_m: float = 0.001


@dataclass(frozen=True, slots=True)
class Sphere:
    """A known sphere in the scan's local frame.

    Attributes
    ----------
    radius_m, conductivity_s_m, relative_permeability
        Of the metal.
    position_m
        Of its centre.
    position_std_m
        One standard deviation of that, along each axis.
    """

    radius_m: float
    conductivity_s_m: float
    position_m: tuple[float, float, float]
    relative_permeability: float = 1.0
    position_std_m: float = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class RadarShots:
    """What air and plate tell of the radar.

    Attributes
    ----------
    axis
        Frequencies (k,) of the soundings, or times of their samples.
    reference : (k,)
        The head in free air, as recorded.
    reference_std : (k,) float
        Of that mean.
    system_delay_s, system_delay_std_s
        None without a plate.
    frequency_hz, ratio, ratio_std : (f,)
        Of a plate: its echo over the coupling in air.
    plate
        None without one.
    """

    modality: str
    axis: Real
    reference: NDArray[Any]
    reference_std: Real
    system_delay_s: float | None = None
    system_delay_std_s: float | None = None
    frequency_hz: Real | None = None
    ratio: Complex | None = None
    ratio_std: Real | None = None
    plate: Plate | None = None


@dataclass(frozen=True, slots=True, eq=False)
class MetalShot:
    """What a sphere tells of the metal detector.

    Attributes
    ----------
    axis
        Frequencies (k,), or starts and ends of gates (k, 2).
    gain : (c, k) complex or float
        What was recorded over what a detector in V/A would have recorded, per channel.
    gain_std : (c, k) float
        Of its modulus, and of its phase in rad times that.
    """

    modality: str
    axis: Real
    gain: NDArray[Any]
    gain_std: Real
    sphere: Sphere


def radar_shots(air: Scan, plate: Scan | None = None, lay: Plate | None = None) -> RadarShots:
    """Find what a shot into free air, and one of a metal plate, tell of a radar of one channel.

    Parameters
    ----------
    air
        The head in free air, many soundings.
    plate, lay
        The head above a large metal plate, and how that lay; both or neither.

    Returns
    -------
    RadarShots

    Raises
    ------
    UsageError
        A scan has no radar or several channels, the two do not belong together, or no plate is to be seen.
    """
    in_air = _radar_of(air, "air")
    reference, reference_std = _mean(in_air.data)
    axis = in_air.sample_time_s if in_air.frequency_hz is None else in_air.frequency_hz
    told = RadarShots(in_air.modality, np.asarray(axis), reference, reference_std)
    if plate is None or lay is None:
        return told
    over_plate = _radar_of(plate, "plate")
    other = over_plate.sample_time_s if over_plate.frequency_hz is None else over_plate.frequency_hz
    if over_plate.modality != in_air.modality or not np.array_equal(np.asarray(axis), np.asarray(other)):
        msg = f"plate: recorded with other {'samples' if in_air.frequency_hz is None else 'frequencies'} than air"
        raise UsageError(msg)
    apart_m = float(np.linalg.norm(in_air.rx_position_m[0] - in_air.tx_position_m[0]))
    at_plate, plate_std = _mean(over_plate.data)
    _require_echo(reference, at_plate)
    frequency, to_spectrum = _spectra(in_air.modality, np.asarray(axis), at_plate - reference)
    echo, coupling = to_spectrum(at_plate - reference), to_spectrum(reference)
    # a spectrum's line is the sum of all samples of an impulse, each with its own error
    spread = plate_std**2 + reference_std**2
    noise = float(np.sqrt(spread.mean() if in_air.modality == "sfcw" else spread.sum()))
    if not np.median(np.abs(echo)) > LEAST_CONTRAST * noise:
        raise UsageError(NO_ECHO)
    path_m = float(np.hypot(apart_m, 2.0 * lay.height_m))
    delay_s, delay_std_s = _delay(frequency, -echo, path_m / C0_M_S)
    by_height_s = 4.0 * lay.height_m / path_m * lay.height_std_m / C0_M_S
    ratio = echo / coupling
    relative = noise * np.sqrt(1.0 / np.abs(echo) ** 2 + 1.0 / np.abs(coupling) ** 2)
    return RadarShots(
        in_air.modality,
        np.asarray(axis),
        reference,
        reference_std,
        delay_s,
        float(np.hypot(delay_std_s, by_height_s)),
        frequency,
        ratio,
        np.abs(ratio) * relative,
        lay,
    )


def sphere_shot(scan: Scan, sphere: Sphere) -> MetalShot:
    """Find the gain of every channel of a metal detector that was swept over a sphere in free air.

    Parameters
    ----------
    scan
        Passes over the sphere and beside it, no ground near.
    sphere
        What it is and where.

    Returns
    -------
    MetalShot
        Errors hold those of the samples (stretches of the recording left out in turn) and of the sphere's place.

    Raises
    ------
    UsageError
        The scan has no metal detector, or a channel does not see the sphere.
    """
    emi = scan.emi
    if emi is None:
        msg = "sphere: the scan has no metal detector"
        raise UsageError(msg)
    place = np.array(sphere.position_m)
    columns = emi.data.shape[1]
    gain = np.empty((len(emi.tx_radius_m), columns), emi.data.dtype)
    std = np.empty(gain.shape)
    for channel in range(len(gain)):
        rows = np.flatnonzero(emi.channel == channel)
        gain[channel], by_samples = _gains(scan.pose, emi, sphere, place, rows)
        moved = [
            _gains(scan.pose, emi, sphere, place + step, rows, blocks=1)[0] - gain[channel]
            for step in sphere.position_std_m * np.eye(3)
        ]
        std[channel] = np.sqrt(by_samples**2 + np.sum(np.abs(moved) ** 2, axis=0))
        weak = ~(np.abs(gain[channel]) > LEAST_CONTRAST * std[channel])
        if weak.any():
            msg = f"sphere: {int(weak.sum())} of {columns} columns of channel {channel} do not see it"
            raise UsageError(msg)
    axis = emi.gate_time_s if emi.frequency_hz is None else emi.frequency_hz
    return MetalShot(emi.modality, np.asarray(axis), gain, std, sphere)


def _radar_of(scan: Scan, name: str) -> GprData:
    if scan.gpr is None or len(scan.gpr.tx_position_m) > 1:
        found = "no radar" if scan.gpr is None else f"{len(scan.gpr.tx_position_m)} channels"
        msg = f"{name}: found {found}, expected a radar of one channel"
        raise UsageError(msg)
    return scan.gpr


def _require_echo(air: NDArray[Any], plate: NDArray[Any]) -> None:
    """Refuse means (k,) that hold no number somewhere, or differ in nothing."""
    for name, values in (("air", air), ("plate", plate)):
        lost = int((~np.isfinite(values)).sum())
        if lost:
            msg = f"{name}: {lost} of {values.size} columns hold no number"
            raise UsageError(msg)
    if np.allclose(plate, air, rtol=1e-12, atol=0.0):
        raise UsageError(NO_ECHO)


def _blocks(count: int, blocks: int) -> list[NDArray[np.intp]]:
    return np.array_split(np.arange(count), min(blocks, count))


def _known_mean(data: NDArray[Any]) -> NDArray[Any]:
    """Average what is known of soundings (n, k); NaN where nothing is."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.nansum(data, axis=0) / np.sum(~np.isnan(data), axis=0))


def _mean(data: NDArray[Any]) -> tuple[NDArray[Any], Real]:
    """Average soundings (n, k), and tell the mean's deviation by leaving out stretches in turn."""
    whole = _known_mean(data)
    parts = _blocks(len(data), BLOCKS)
    if len(parts) < 3:
        return whole, np.full(whole.shape, np.nan)
    left = np.array([_known_mean(np.delete(data, part, axis=0)) for part in parts])
    spread = np.sum(np.abs(left - left.mean(axis=0)) ** 2, axis=0)
    return whole, np.sqrt(spread * (len(parts) - 1) / len(parts))


def _spectra(modality: str, axis: Real, echo: NDArray[Any]) -> tuple[Real, Callable[[NDArray[Any]], Complex]]:
    """Give frequencies (f,), and what takes a mean sounding (k,) to them."""
    if modality == "sfcw":
        return axis, lambda values: np.asarray(values, np.complex128)
    step_s = float(np.diff(axis).mean())
    frequency: Real = np.fft.rfftfreq(4 * axis.size, step_s).astype(np.float64)
    kernel = np.exp(-2j * np.pi * frequency[:, None] * axis)
    size = np.abs(kernel @ (echo - echo.mean()))
    band = np.flatnonzero(size > 10.0 ** (BAND_DB / 20.0) * size.max())
    chosen = np.arange(band[0], band[-1] + 1)
    return frequency[chosen], lambda values: kernel[chosen] @ (values - values.mean())


def _delay(frequency: Real, echo: Complex, expected_s: float) -> tuple[float, float]:
    """Fit a straight line to the phase that is left of an echo after the way that is known.

    A phase that does not change with frequency is the antennas' own and is left free.
    """
    left = echo * np.exp(2j * np.pi * frequency * expected_s)
    # the delay first where all tones add up best, so that no phase is unwrapped over more than half a turn
    span = 1.0 / float(np.diff(frequency).max())
    tries = np.arange(-0.5, 0.5, 0.1 / (len(frequency) + 1)) * span
    turned = np.exp(2j * np.pi * frequency * tries[:, None])
    coarse_s = float(tries[np.abs(turned @ left).argmax()])
    rest = left * np.exp(2j * np.pi * frequency * coarse_s)
    phase = np.unwrap(np.angle(rest * np.exp(-1j * np.angle(rest.sum()))))
    weight = np.abs(echo)
    middle = np.average(frequency, weights=weight**2)
    columns = np.column_stack([np.ones(len(frequency)), -2.0 * np.pi * (frequency - middle)])
    fitted, *_ = np.linalg.lstsq(columns * weight[:, None], phase * weight, rcond=None)
    misfit = (phase - columns @ fitted) * weight
    inverse = np.linalg.inv((columns * weight[:, None]).T @ (columns * weight[:, None]))
    variance = float(misfit @ misfit) / max(len(frequency) - 2, 1)
    return coarse_s + float(fitted[1]), float(np.sqrt(variance * inverse[1, 1]))


def _gains(
    pose: Pose, emi: EmiData, sphere: Sphere, place_m: Real, rows: NDArray[np.intp], blocks: int = BLOCKS
) -> tuple[NDArray[Any], Real]:
    """Fit gains (k,) of one channel beside an offset and a drift, with their deviations."""
    track = track_at(pose, emi.time_s[rows])
    usable = track.covered & np.isfinite(emi.data[rows]).all(axis=1)
    rows, position, rotation = rows[usable], track.position_m[usable], track.rotation[usable]
    if rows.size < 2 * BLOCKS:
        msg = f"sphere: found {rows.size} samples with a place, expected at least {2 * BLOCKS}"
        raise UsageError(msg)
    channel = int(emi.channel[rows[0]])
    in_head = np.einsum("nji,nj->ni", rotation, place_m - position)
    fields = [
        induction.coil_field(in_head, induction.Coil(radius, tuple(center), turns=turns))
        for radius, center, turns in (
            (float(emi.tx_radius_m[channel]), emi.tx_position_m[channel], float(emi.tx_turns[channel])),
            (float(emi.rx_radius_m[channel]), emi.rx_position_m[channel], float(emi.rx_turns[channel])),
        )
    ]
    shape = np.einsum("ni,ni->n", *fields)
    expected = shape[:, None] * _per_field(emi, sphere)
    along = (emi.time_s[rows] - emi.time_s[rows].mean()) / max(float(np.ptp(emi.time_s[rows])), 1e-9)
    whole = _fitted(expected, emi.data[rows], along)
    parts = _blocks(rows.size, blocks)
    if len(parts) < 3:
        return whole, np.full(whole.shape, np.nan)
    left = np.array(
        [
            _fitted(np.delete(expected, p, axis=0), np.delete(emi.data[rows], p, axis=0), np.delete(along, p))
            for p in parts
        ]
    )
    spread = np.sum(np.abs(left - left.mean(axis=0)) ** 2, axis=0)
    return whole, np.sqrt(spread * (len(parts) - 1) / len(parts))


def _per_field(emi: EmiData, sphere: Sphere) -> NDArray[Any]:
    """Give what a sphere induces per product of both fields: (k,)."""
    metal = {
        "radius_m": sphere.radius_m,
        "conductivity_s_m": sphere.conductivity_s_m,
        "relative_permeability": sphere.relative_permeability,
    }
    if emi.frequency_hz is not None:
        moment = induction.sphere_polarizability(**metal, frequency_hz=emi.frequency_hz)
        return np.asarray(-2j * np.pi * emi.frequency_hz * MU0_H_M * moment)
    rate = induction.gate_rate(induction.sphere_spectrum(**metal), np.asarray(emi.gate_time_s))
    return np.asarray(MU0_H_M * rate[:, 0, 0])


def _fitted(expected: NDArray[Any], data: NDArray[Any], along: Real) -> NDArray[Any]:
    """Fit data (n, k) by what is expected (n, k), an offset and a drift; give the factors of the first."""
    gains = [
        np.linalg.lstsq(np.column_stack([column / np.abs(column).max(), np.ones(len(along)), along]), seen)[0][0]
        / np.abs(column).max()
        for column, seen in zip(expected.T, data.T, strict=True)
    ]
    return np.array(gains)
