"""The simulated metal detector: dipoles of every metal part, the ground, soil pushed aside, drift and noise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense import induction
from dualsense.constants import MU0_H_M
from dualsense.scan import EmiData
from dualsense.simulate import _motion as motion
from dualsense.simulate._coils import noise as coil_noise
from dualsense.simulate._coils import patches
from dualsense.simulate._scene import array, placement, shapes
from dualsense.simulate._scene.parts import Ring, Spring, from_z

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._scene.instrument import Detector
    from dualsense.simulate._scene.parts import Part, Spheroid
    from dualsense.simulate._scene.scene import Buried, Scene, Soil

_HEIGHTS = 48
"""Of the table of the ground's response, cubic between."""

_DISPLACED_CELL_M = 0.02
_TILT_SHOWS = 1e-6
_TILT_HEIGHTS, _TILTS = 10, 7
"""Of the table of what tilt does to coils on one axis."""


def simulate_emi(scene: Scene, detector: Detector, track: motion.Track, *, rng: np.random.Generator) -> EmiData:
    """Record the scene with its metal detector along a track."""
    time_s = motion.sample_times(track.end_s, detector.rate_hz, rng=rng)
    position, rotation = motion.pose_at(track, time_s)
    ground_rng, clock, supply = rng.spawn(3)
    coils = array.coil_offsets_m(scene.array)
    channel = array.interleave(len(time_s), len(coils))
    place, beside = position[:, :2], np.array([0.0, coils[:, 1].max()])
    low, high = place.min(axis=0) - beside, place.max(axis=0) + beside
    uneven = patches.draw_patches(
        scene.soil, low_m=(float(low[0]), float(low[1])), high_m=(float(high[0]), float(high[1])), rng=ground_rng
    )
    each = []
    for c, at in enumerate(coils):
        rows, own = channel == c, array.shift_coils(detector, at)
        clean = emi_response(scene.objects, scene.soil, own, position[rows], rotation[rows], uneven=uneven)
        each.append(coil_noise.record_voltage(clean, detector, scene.noise, track, time_s[rows], rng))
    data = np.empty((len(time_s), each[0].shape[1]), each[0].dtype)
    for c, values in enumerate(each):
        data[channel == c] = values
    data += coil_noise.mains_hum(time_s, detector, scene.noise, rng=supply)  # one supply for all coils
    same = np.ones(len(coils))
    common: dict[str, Any] = {
        "time_s": time_s + motion.clock_error_s(detector.clock_offset_s, scene.noise, rng=clock),
        "data": data,
        "tx_radius_m": same * detector.tx_radius_m,
        "rx_radius_m": same * detector.rx_radius_m,
        "tx_position_m": coils + detector.tx_position_m,
        "rx_position_m": coils + detector.rx_position_m,
        "tx_turns": same * detector.tx_turns,
        "rx_turns": same * detector.rx_turns,
        "channel": channel,
    }
    if detector.modality == "frequency":
        return EmiData(modality="frequency", frequency_hz=np.array(detector.frequency_hz), **common)
    return EmiData(modality="pulse", gate_time_s=np.array(detector.gate_time_s), **common)


def emi_response(
    objects: tuple[Buried, ...],
    soil: Soil,
    detector: Detector,
    position_m: NDArray[np.float64],
    rotation: NDArray[np.float64],
    *,
    uneven: patches.Patches | None = None,
) -> NDArray[Any]:
    """Noise-free response of objects and ground.

    Parameters
    ----------
    objects : tuple of Buried
    soil : Soil
    detector : Detector
    position_m : (m, 3) float64
        Head reference point in the local frame.
    rotation : (m, 3, 3) float64
        Head to local.
    uneven : Patches, optional
        By default the soil is the same everywhere.

    Returns
    -------
    (m, k) complex128 or float64
        V/A, by frequency or by gate.
    """
    out = _soil_response(soil, detector, position_m, rotation, uneven)
    for center, spectrum in metal_dipoles(objects):
        out = out + _dipole(center, _tensor(spectrum, detector), detector, position_m, rotation)
    for center, volume in _displaced_soil(objects):
        tensor = _displaced_tensor(soil, volume, detector)
        out = out + _dipole(center, tensor, detector, position_m, rotation)
    return out


def metal_dipoles(objects: tuple[Buried, ...]) -> list[tuple[NDArray[np.float64], induction.Spectrum]]:
    """Every metal part: where it is (3,) in the local frame, and its polarizability there."""
    out = []
    for thing in objects:
        for part in placement.model_of(thing).metal:
            center = placement.to_local(thing, thing.scale * np.asarray(part.center_m)[None])[0]
            out.append(
                (
                    center,
                    induction.rotate_spectrum(
                        _part_spectrum(part, thing.scale), placement.rotation_of(thing) @ from_z(part.axis)
                    ),
                )
            )
    return out


def _part_spectrum(part: Part, scale: float) -> induction.Spectrum:
    """Describe a part about its own axis, along z."""
    if isinstance(part, Ring):
        return _ring(part, scale)
    return _spring(part, scale) if isinstance(part, Spring) else _spheroid(part, scale)


def _spring(part: Spring, scale: float) -> induction.Spectrum:
    """Sum the thin pieces of an open helix: n (across + (along - across) <t t>), t the direction of the wire."""
    pieces = part.pieces()
    one = _spheroid(pieces[0], scale)
    along = np.array([np.asarray(p.axis) / np.linalg.norm(p.axis) for p in pieces]) @ from_z(part.axis)
    mean = np.mean(along[:, :, None] * along[:, None, :], axis=0)

    def spread(tensor: NDArray[np.float64]) -> NDArray[np.float64]:
        across = tensor[..., 0, 0, None, None]
        return len(pieces) * (across * np.eye(3) + (tensor[..., 2, 2, None, None] - across) * mean)

    return induction.Spectrum(spread(one.static_m3), spread(one.amplitude_m3), one.tau_s)


def _ring(part: Ring, scale: float) -> induction.Spectrum:
    """Describe a closed turn of wire: one relaxation, tau = L / R and amplitude mu0 S^2 / L, along its axis."""
    radius, wire = scale * part.radius_m, scale * part.wire_radius_m
    conductivity, _ = part.metal
    inductance = MU0_H_M * radius * (np.log(8 * radius / wire) - 2)
    resistance = 2 * radius / (conductivity * wire**2)
    amplitude = np.zeros((1, 3, 3))
    amplitude[0, 2, 2] = MU0_H_M * (np.pi * radius**2) ** 2 / inductance
    return induction.Spectrum(np.zeros((3, 3)), amplitude, np.array([inductance / resistance]))


def _spheroid(part: Spheroid, scale: float) -> induction.Spectrum:
    conductivity, permeability = part.metal
    return induction.spheroid_spectrum(
        semi_axis_m=scale * part.semi_axis_m,
        polar_semi_axis_m=scale * part.polar_semi_axis_m,
        conductivity_s_m=conductivity,
        relative_permeability=permeability,
    )


def _tensor(spectrum: induction.Spectrum, detector: Detector) -> NDArray[Any]:
    """Factor (k, 3, 3) between H_R . H_T and the voltage, V/A."""
    if detector.modality == "frequency":
        frequency = np.array(detector.frequency_hz)
        return -2j * np.pi * frequency[:, None, None] * MU0_H_M * induction.polarizability(spectrum, frequency)
    return MU0_H_M * induction.gate_rate(spectrum, detector.gate_time_s)


def _displaced_soil(objects: tuple[Buried, ...]) -> list[tuple[NDArray[np.float64], float]]:
    """Cells of soil that objects without magnetic bodies have taken the place of: centre (3,) and volume."""
    out = []
    for thing in objects:
        model = placement.model_of(thing)
        if model.relative_permittivity is None:
            continue
        points, volume = shapes.fill_body(model.shape, placement.size_m(thing), spacing_m=_DISPLACED_CELL_M)
        out += [(point, volume) for point in placement.to_local(thing, points)]
    return out


def _displaced_tensor(soil: Soil, volume_m3: float, detector: Detector) -> NDArray[Any]:
    """Factor of missing soil, a moment of -chi V H (weak susceptibility: no demagnetisation)."""
    if detector.modality == "frequency":
        frequency = np.array(detector.frequency_hz)
        moment = -_susceptibility(soil, frequency) * volume_m3
        return -2j * np.pi * MU0_H_M * (frequency * moment)[:, None, None] * np.eye(3)
    return -MU0_H_M * volume_m3 * _viscous_rate(soil, detector)[:, None, None] * np.eye(3)


def _dipole(
    center_m: NDArray[np.float64],
    tensor: NDArray[Any],
    detector: Detector,
    position_m: NDArray[np.float64],
    rotation: NDArray[np.float64],
) -> NDArray[Any]:
    """Response (m, k) of one part; fields are computed in the head frame and turned into the local one."""
    seen = np.einsum("nji,nj->ni", rotation, center_m - position_m)
    transmitted, received = (
        np.einsum(
            "nij,nj->ni",
            rotation,
            induction.loop_field(seen, radius_m=radius, center_m=where, turns=turns),
        )
        for radius, where, turns in (
            (detector.tx_radius_m, detector.tx_position_m, detector.tx_turns),
            (detector.rx_radius_m, detector.rx_position_m, detector.rx_turns),
        )
    )
    pairs = (received[:, :, None] * transmitted[:, None, :]).reshape(-1, 9)
    out: NDArray[Any] = pairs @ tensor.reshape(-1, 9).T
    return out


def _susceptibility(soil: Soil, frequency_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
    reference = complex(soil.susceptibility, -soil.susceptibility_loss)
    return induction.viscous_susceptibility(frequency_hz, reference=reference, reference_hz=soil.susceptibility_hz)


def _viscous_rate(soil: Soil, detector: Detector) -> NDArray[np.float64]:
    """Mean of -d chi(t)/dt over the gates, 1/s: F / t with F = 2 chi'' / pi."""
    start, stop = np.array(detector.gate_time_s).T
    out: NDArray[np.float64] = 2 * soil.susceptibility_loss / np.pi * np.log(stop / start) / (stop - start)
    return out


def _soil_response(
    soil: Soil,
    detector: Detector,
    position_m: NDArray[np.float64],
    rotation: NDArray[np.float64],
    uneven: patches.Patches | None,
) -> NDArray[Any]:
    """Response (m, k) of the half-space: a table over height, times the ratio of the images where coils tilt."""
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
        viscous = 0.5 * _viscous_rate(soil, detector)  # chi / (2 + chi) of weak soil
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
        susceptibility=_susceptibility(soil, frequency),
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
