"""The simulated metal detector: the response of metal, ground and soil pushed aside, and its record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense import induction
from dualsense.constants import MU0_H_M
from dualsense.scan import EmiData
from dualsense.simulate import _motion as motion
from dualsense.simulate._coils import noise as coil_noise
from dualsense.simulate._coils import patches
from dualsense.simulate._coils.ground import soil_response, soil_susceptibility, soil_viscous_rate
from dualsense.simulate._coils.metal import metal_dipoles
from dualsense.simulate._scene import array, placement, shapes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._scene.instrument import Detector
    from dualsense.simulate._scene.scene import Buried, Scene, Soil

_DISPLACED_CELL_M = 0.02
_POINTS_AT_ONCE = 50_000


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
    out = soil_response(soil, detector, position_m, rotation, uneven)
    for center, spectrum in metal_dipoles(objects):
        out = out + _dipole(center, _tensor(spectrum, detector), detector, position_m, rotation)
    centers, volume_m3 = _displaced_soil(objects)
    felt = _isotropic(centers, volume_m3, detector, position_m, rotation)
    return out + felt[:, None] * _displaced_factor(soil, detector)


def _tensor(spectrum: induction.Spectrum, detector: Detector) -> NDArray[Any]:
    """Factor (k, 3, 3) between H_R . H_T and the voltage, V/A."""
    if detector.modality == "frequency":
        frequency = np.array(detector.frequency_hz)
        return -2j * np.pi * frequency[:, None, None] * MU0_H_M * induction.polarizability(spectrum, frequency)
    return MU0_H_M * induction.gate_rate(spectrum, detector.gate_time_s)


def _displaced_soil(objects: tuple[Buried, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cells of soil that objects without magnetic bodies have displaced: centres (c, 3) and volumes (c,)."""
    centers, volumes = [np.zeros((0, 3))], [np.zeros(0)]
    for thing in objects:
        model = placement.model_of(thing)
        if model.relative_permittivity is None:
            continue
        points, volume = shapes.fill_body(model.shape, placement.size_m(thing), spacing_m=_DISPLACED_CELL_M)
        centers.append(placement.to_local(thing, points))
        volumes.append(np.full(len(points), volume))
    return np.concatenate(centers), np.concatenate(volumes)


def _displaced_factor(soil: Soil, detector: Detector) -> NDArray[Any]:
    """Factor (k,) of missing soil, a moment of -chi V H (weak susceptibility: no demagnetisation)."""
    if detector.modality == "frequency":
        frequency = np.array(detector.frequency_hz)
        return -2j * np.pi * MU0_H_M * frequency * -soil_susceptibility(soil, frequency)
    return -MU0_H_M * soil_viscous_rate(soil, detector)


def _isotropic(
    center_m: NDArray[np.float64],
    volume_m3: NDArray[np.float64],
    detector: Detector,
    position_m: NDArray[np.float64],
    rotation: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Sum (m,) of V H_R . H_T over cells (c,): the product is the same in the head's frame as in the local one."""
    out = np.zeros(len(position_m))
    step = max(1, _POINTS_AT_ONCE // max(1, len(position_m)))
    for begin in range(0, len(center_m), step):
        some = slice(begin, begin + step)
        seen = (center_m[some] - position_m[:, None]) @ rotation
        transmitted, received = _fields(seen, detector)
        out += np.einsum("mci,mci,c->m", received, transmitted, volume_m3[some])
    return out


def _fields(seen_m: NDArray[np.float64], detector: Detector) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fields (..., 3) of transmitter and receiver at points (..., 3) of the head's frame, in that frame."""
    return (
        induction.loop_field(
            seen_m, radius_m=detector.tx_radius_m, center_m=detector.tx_position_m, turns=detector.tx_turns
        ),
        induction.loop_field(
            seen_m, radius_m=detector.rx_radius_m, center_m=detector.rx_position_m, turns=detector.rx_turns
        ),
    )


def _dipole(
    center_m: NDArray[np.float64],
    tensor: NDArray[Any],
    detector: Detector,
    position_m: NDArray[np.float64],
    rotation: NDArray[np.float64],
) -> NDArray[Any]:
    """Response (m, k) of one part; fields are computed in the head frame and turned into the local one."""
    seen = np.einsum("nji,nj->ni", rotation, center_m - position_m)
    transmitted, received = (np.einsum("nij,nj->ni", rotation, field) for field in _fields(seen, detector))
    pairs = (received[:, :, None] * transmitted[:, None, :]).reshape(-1, 9)
    out: NDArray[Any] = pairs @ tensor.reshape(-1, 9).T
    return out
