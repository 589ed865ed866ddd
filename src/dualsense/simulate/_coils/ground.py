"""What the metal detector feels of the ground: even soil below level coils, patches, and tilted coils."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense import induction
from dualsense.simulate._coils import patches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._scene.instrument import Detector
    from dualsense.simulate._scene.scene import Soil

_HEIGHTS = 48
"""Of the table of the ground's response, cubic between."""
_TILT_SHOWS = 1e-6
"""Horizontal part of the coils' axis from which tilt is computed."""
_TILT_HEIGHTS, _TILTS = 10, 7
"""Of the table of what tilt does to coils on one axis."""


def soil_susceptibility(soil: Soil, frequency_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Susceptibility (k,) of a viscous soil at frequencies (k,), chi' - i chi''."""
    reference = complex(soil.susceptibility, -soil.susceptibility_loss)
    return induction.viscous_susceptibility(frequency_hz, reference=reference, reference_hz=soil.susceptibility_hz)


def soil_viscous_rate(soil: Soil, detector: Detector) -> NDArray[np.float64]:
    """Mean of -d chi(t)/dt over the gates, 1/s: F / t with F = 2 chi'' / pi."""
    start, stop = np.array(detector.gate_time_s).T
    out: NDArray[np.float64] = 2 * soil.susceptibility_loss / np.pi * np.log(stop / start) / (stop - start)
    return out


def soil_response(
    soil: Soil,
    detector: Detector,
    position_m: NDArray[np.float64],
    rotation: NDArray[np.float64],
    uneven: patches.Patches | None,
) -> NDArray[Any]:
    """Response of the ground: a table over height, times the ratio of the images where coils tilt.

    Parameters
    ----------
    soil, detector
        The ground, and the coils above it.
    position_m : (m, 3)
        Head reference point in the local frame.
    rotation : (m, 3, 3)
        Head to local.
    uneven
        How the soil differs from place to place; None where it is the same everywhere.

    Returns
    -------
    (m, k) complex128 or float64
        V/A, by frequency or by gate.
    """
    tx = position_m + rotation @ np.asarray(detector.tx_position_m)
    rx = position_m + rotation @ np.asarray(detector.rx_position_m)
    offset = _offset_m(detector)
    height = 0.5 * (tx[:, 2] + rx[:, 2])
    table = np.linspace(height.min() - 1e-6, height.max() + 1e-6, _HEIGHTS)
    whole = _half_space(soil, detector, table, offset)
    response = even = _cubic(table, whole, height)
    if uneven is not None and (uneven.magnetic.any() or uneven.conductive.any()):
        dry = replace(soil, conductivity_s_m=0.0)
        magnetic = _cubic(table, _half_space(dry, detector, table, offset), height)
        more = patches.response_deviation(uneven, detector, position_m, kind="magnetic")[:, None]
        response = response + magnetic * more
        if detector.modality == "frequency":  # the soil's eddy currents are gone before the first gate
            wet = patches.response_deviation(uneven, detector, position_m, kind="conductive")[:, None]
            response = response + (even - magnetic) * wet
    normal = rotation[:, :, 2]
    if np.abs(normal[:, :2]).max() > _TILT_SHOWS:
        response = response * _tilt_ratio(detector, tx, rx, normal)[:, None]
    return response


def _half_space(soil: Soil, detector: Detector, height_m: NDArray[np.float64], offset_m: float) -> NDArray[Any]:
    """Response (h, k) of even soil under level coils at heights (h,)."""
    if detector.modality == "pulse":
        viscous = 0.5 * soil_viscous_rate(soil, detector)  # chi / (2 + chi) of weak soil
        image = np.array([_image_inductance(detector, float(h), float(h), offset_m) for h in height_m])
        return image[:, None] * viscous
    frequency = np.array(detector.frequency_hz)
    turns: float = -detector.tx_turns * detector.rx_turns
    return turns * induction.half_space_coupling(
        frequency_hz=frequency,
        tx_radius_m=detector.tx_radius_m,
        rx_radius_m=detector.rx_radius_m,
        tx_height_m=height_m[:, None],
        rx_height_m=height_m[:, None],
        offset_m=offset_m,
        susceptibility=soil_susceptibility(soil, frequency),
        conductivity_s_m=soil.conductivity_s_m,
    )


def _offset_m(detector: Detector) -> float:
    """Horizontal distance of the coils' axes while the head is level."""
    (ax, ay, _), (bx, by, _) = detector.tx_position_m, detector.rx_position_m
    return float(np.hypot(bx - ax, by - ay))


def _image_inductance(detector: Detector, tx_height_m: float, rx_height_m: float, offset_m: float) -> float:
    image = induction.Coil(detector.tx_radius_m, (0.0, 0.0, -tx_height_m), turns=detector.tx_turns)
    coil = induction.Coil(detector.rx_radius_m, (offset_m, 0.0, rx_height_m), turns=detector.rx_turns)
    return induction.mutual_inductance(image, coil)


def _tilt_ratio(
    detector: Detector, tx: NDArray[np.float64], rx: NDArray[np.float64], normal: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Image coupling of the tilted coils over that of horizontal ones in the table's place.

    Coils on one axis know only how high and how tilted they are: a table of both, cubic between.
    """
    if _offset_m(detector) > 0 or len(tx) <= _HEIGHTS:
        return _tilt_ratio_of_each(detector, tx, rx, normal)
    from scipy.interpolate import RectBivariateSpline  # noqa: PLC0415 - slow to import

    middle, lean = 0.5 * (tx + rx)[:, 2], 1 - normal[:, 2]
    height = np.linspace(middle.min() - 1e-6, middle.max() + 1e-6, _TILT_HEIGHTS)
    leans = np.linspace(0.0, lean.max() + 1e-9, _TILTS)
    h, u = (a.ravel() for a in np.meshgrid(height, leans, indexing="ij"))
    axis = np.stack([np.sqrt(u * (2 - u)), np.zeros_like(u), 1 - u], axis=-1)
    apart = detector.rx_position_m[2] - detector.tx_position_m[2]
    half, at = 0.5 * apart * axis, np.stack([np.zeros_like(h), np.zeros_like(h), h], axis=-1)
    table = _tilt_ratio_of_each(detector, at - half, at + half, axis).reshape(_TILT_HEIGHTS, _TILTS)
    out: NDArray[np.float64] = RectBivariateSpline(height, leans, table).ev(middle, lean)
    return out


def _tilt_ratio_of_each(
    detector: Detector, tx: NDArray[np.float64], rx: NDArray[np.float64], normal: NDArray[np.float64]
) -> NDArray[np.float64]:
    out = np.empty(len(tx))
    offset = _offset_m(detector)
    for i, (a, b, (nx, ny, nz)) in enumerate(zip(tx, rx, normal, strict=True)):
        image = induction.Coil(detector.tx_radius_m, (a[0], a[1], -a[2]), (-nx, -ny, nz), detector.tx_turns)
        coil = induction.Coil(detector.rx_radius_m, (b[0], b[1], b[2]), (nx, ny, nz), detector.rx_turns)
        middle = 0.5 * (a[2] + b[2])
        out[i] = induction.mutual_inductance(image, coil) / _image_inductance(detector, middle, middle, offset)
    return out


def _cubic(x: NDArray[np.float64], values: NDArray[Any], at: NDArray[np.float64]) -> NDArray[Any]:
    from scipy.interpolate import CubicSpline  # noqa: PLC0415 - slow to import

    out: NDArray[Any] = CubicSpline(x, values)(at)
    return out
