"""Simulated objects in recorded ground: their echoes and their metal added to what an instrument recorded there.

The recording keeps its noise, clutter, track and faults. What its radar makes of an echo is learnt from the
ground's own: the surface's echo that the chain has fitted is held against that of flat ground under the same
antennas, tone by tone, and the objects' echoes take the same factor. Metal is added in V/A, as the format has it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.errors import ScanError
from dualsense.scan import Truth
from dualsense.simulate import _motion as motion
from dualsense.simulate._coils.coils import emi_response
from dualsense.simulate._radar.echo import ground_echo
from dualsense.simulate._record import truth_of, with_hash
from dualsense.simulate._scene.instrument import Detector
from dualsense.simulate._soil import realise_ground

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.scan import EmiData, GprData, Pose, Scan
    from dualsense.simulate._scene.scene import Scene

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]

MARGIN_M = 0.5
"""How far the even ground goes beyond the track."""


@dataclass(frozen=True, slots=True, eq=False)
class SurfaceEcho:
    """The ground's own echo in a recording, as its processing has fitted it.

    Attributes
    ----------
    time_s : (n,)
        Of the soundings that it was fitted to; within a channel no two are alike.
    channel : (n,) intp
        Theirs: those of an array head may sound at the same moment.
    frequency_hz : (k,)
    spectrum : (n, k) complex128
        Of the surface alone, without system delay.
    height_m : (n,)
        Of the middle between the antennas above the ground.
    """

    time_s: Real
    channel: NDArray[np.intp]
    frequency_hz: Real
    spectrum: Complex
    height_m: Real


def add_objects(scan: Scan, scene: Scene, surface: SurfaceEcho | None) -> Scan:
    """Add the objects of a scene to a recording.

    Parameters
    ----------
    scan
        Recorded over ground that is best empty; its antennas above the ground.
    scene
        Of which the objects, and the soil that they lie in, are used; its unevenness is the recording's own.
    surface
        The surface's echo of its radar; None for a scan without radar.

    Returns
    -------
    Scan
        Labelled as simulated. The truth holds the objects, after those that the recording's own has.

    Raises
    ------
    ScanError
        The scan has a radar, and no echo of the ground.
    """
    flat = replace(scene, soil=replace(scene.soil, permittivity_std=0.0, roughness_rms_m=0.0))
    if scan.gpr is not None and surface is None:
        msg = f"{scan.header.scan_id}: no echo of the ground's surface tells what the radar makes of an echo"
        raise ScanError(msg)
    gpr = None if scan.gpr is None or surface is None else _with_echoes(scan.gpr, scan.pose, flat, surface)
    emi = None if scan.emi is None else _with_metal(scan.emi, scan.pose, flat)
    told = f"HYBRID: {len(scene.objects)} simulated objects added to {scan.header.source} ground. "
    header = replace(scan.header, source="simulated", notes=told + (scan.header.notes or ""))
    hybrid = replace(scan, header=header, gpr=gpr, emi=emi, truth=_truth(scan, scene))
    origin = {"hybrid_recorded_sha256": scan.sha256, "hybrid_recorded_source": scan.header.source}
    return replace(with_hash(hybrid), imported={**scan.imported, **origin})


def _with_echoes(data: GprData, pose: Pose, scene: Scene, surface: SurfaceEcho) -> GprData:
    rows, at = _heard(data, surface)
    position, rotation = motion.pose_at(_track(pose), data.time_s[rows])
    tx, rx = (
        position + np.einsum("nij,nj->ni", rotation, arm[data.channel[rows]])
        for arm in (data.tx_position_m, data.rx_position_m)
    )
    raised = surface.height_m[at] - 0.5 * (tx[:, 2] + rx[:, 2])
    tx[:, 2] += raised
    rx[:, 2] += raised
    frequency = surface.frequency_hz
    low, high = tx[:, :2].min(axis=0) - MARGIN_M, tx[:, :2].max(axis=0) + MARGIN_M
    rng = np.random.default_rng(0)  # of even, smooth ground, of which nothing is drawn
    ground = realise_ground(
        scene.soil, low_m=(float(low[0]), float(low[1])), high_m=(float(high[0]), float(high[1])), rng=rng
    )
    bare = ground_echo((), ground, tx, rx, frequency)
    added = ground_echo(scene.objects, ground, tx, rx, frequency) - bare
    for c in np.unique(data.channel[rows]):
        own = data.channel[rows] == c
        e, d = bare[own], surface.spectrum[at[own]]
        added[own] *= (e.conj() * d).sum(axis=0) / np.maximum((np.abs(e) ** 2).sum(axis=0), np.finfo(float).tiny)
    if data.frequency_hz is not None:
        values = data.data.astype(np.complex128)
        columns = np.searchsorted(data.frequency_hz, frequency)  # without tones that are missing
        values[np.ix_(rows, columns)] += added * np.exp(-2j * np.pi * frequency * data.system_delay_s)
        return replace(data, data=values)
    times = np.zeros(0) if data.sample_time_s is None else data.sample_time_s - data.system_delay_s
    step = float(frequency[1] - frequency[0])
    values = data.data.astype(np.float64)
    values[rows] += 2.0 * step * (added @ np.exp(2j * np.pi * np.outer(frequency, times))).real
    return replace(data, data=values)


def _heard(data: GprData, surface: SurfaceEcho) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Soundings of a recording that the surface's echo was fitted to, and which of its rows each one is."""
    which = np.full(data.time_s.size, -1, dtype=np.intp)
    for c in np.unique(surface.channel):
        ours, theirs = np.flatnonzero(data.channel == c), np.flatnonzero(surface.channel == c)
        _, own, its = np.intersect1d(data.time_s[ours], surface.time_s[theirs], return_indices=True)
        which[ours[own]] = theirs[its]
    rows = np.flatnonzero(which >= 0)
    return rows, which[rows]


def _track(pose: Pose) -> motion.Track:
    return motion.Track(pose.time_s, pose.position_m, pose.orientation, float(pose.time_s[-1]))


def _with_metal(data: EmiData, pose: Pose, scene: Scene) -> EmiData:
    position, rotation = motion.pose_at(_track(pose), data.time_s)
    values = data.data.copy()
    for c in np.unique(data.channel):
        rows = data.channel == c
        own = _coils(data, int(c))
        args = (own, position[rows], rotation[rows])
        values[rows] += emi_response(scene.objects, scene.soil, *args) - emi_response((), scene.soil, *args)
    return replace(data, data=values)


def _coils(data: EmiData, c: int) -> Detector:
    axis: dict[str, Any] = {}
    if data.frequency_hz is not None:
        axis["frequency_hz"] = tuple(data.frequency_hz.tolist())
    if data.gate_time_s is not None:
        axis["gate_time_s"] = tuple((float(a), float(b)) for a, b in data.gate_time_s)
    return Detector(
        modality=data.modality,
        tx_radius_m=float(data.tx_radius_m[c]),
        rx_radius_m=float(data.rx_radius_m[c]),
        tx_position_m=tuple(data.tx_position_m[c].tolist()),
        rx_position_m=tuple(data.rx_position_m[c].tolist()),
        tx_turns=float(data.tx_turns[c]),
        rx_turns=float(data.rx_turns[c]),
        overload_v_per_a=None,
        **axis,
    )


def _truth(scan: Scan, scene: Scene) -> Truth:
    """Give what the recording's truth holds and then the objects; the soil is the recording's, if it is told."""
    added = truth_of(scene)
    if scan.truth is None:
        return added
    known, columns = scan.truth, ("x_m", "y_m", "depth_m", "size_x_m", "size_y_m", "size_z_m")
    joined = {key: np.concatenate([getattr(known, key), getattr(added, key)]) for key in columns}
    return Truth(**joined, label=known.label + added.label, model=known.model + added.model, scene=known.scene)
