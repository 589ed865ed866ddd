"""From a scene and a seed to a scan."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.runtime.files import write_file
from dualsense.scan import Pose, Scan, ScanHeader, Truth
from dualsense.simulate import _motion as motion
from dualsense.simulate._coils.coils import simulate_emi
from dualsense.simulate._faults import truncate_file, with_faults
from dualsense.simulate._radar.echo import OBJECT_REACH_M, SURFACE_REACH_M, ground_echo
from dualsense.simulate._radar.radar import simulate_gpr
from dualsense.simulate._scene import array, placement
from dualsense.simulate._soil import realise_ground

if TYPE_CHECKING:
    from dualsense.simulate._radar.radar import Echo
    from dualsense.simulate._scene.handling import Faults
    from dualsense.simulate._scene.scene import Scene

INSTRUMENT = "dualsense simulator"
_GROUND_MARGIN_M = max(SURFACE_REACH_M, OBJECT_REACH_M / 2) + 0.1


def simulate_scan(scene: Scene, *, seed: int, echo: Echo = ground_echo) -> Scan:
    """Simulate one sweep over one patch.

    Parameters
    ----------
    scene : Scene
    seed : int
        >= 0. Motion, ground, radar and metal detector draw from streams of their own, so that a change to one of
        them leaves the others as they were.
    echo : callable
        What the radar gets back from the ground, in the place of `echo.ground_echo`.

    Returns
    -------
    Scan
        Labelled as simulated, with the truth. Equal scene and seed give equal bytes on one machine.
    """
    walk, tracker, earth, radar_noise, coil_noise, recorder = (
        np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(6)
    )
    track = motion.sweep(scene.motion, rng=walk)
    beside = array.pair_offsets_m(scene.array)[:, 1].max()
    margin = np.array([_GROUND_MARGIN_M, _GROUND_MARGIN_M + beside])
    low, high = track.position_m[:, :2].min(axis=0) - margin, track.position_m[:, :2].max(axis=0) + margin
    ground = realise_ground(
        scene.soil, low_m=(float(low[0]), float(low[1])), high_m=(float(high[0]), float(high[1])), rng=earth
    )
    pose = Pose(
        time_s=track.time_s,
        position_m=motion.track_positions(track, scene.noise, scene.motion, rng=tracker),
        orientation=track.orientation if scene.motion.tilt_recorded else None,
        position_std_m=np.tile(np.asarray(scene.noise.position_std_m, dtype=np.float64), (len(track.time_s), 1)),
    )
    scan = Scan(
        header=ScanHeader(
            scan_id=scene.scan_id,
            created=scene.created,
            instrument=INSTRUMENT,
            source="simulated",
            site=scene.site,
            notes=f"simulated with seed {seed}; no real ground was measured",
        ),
        pose=pose,
        gpr=simulate_gpr(scene, scene.radar, ground, track, rng=radar_noise, echo=echo) if scene.radar else None,
        emi=simulate_emi(scene, scene.detector, track, rng=coil_noise) if scene.detector else None,
        truth=truth_of(scene, seed=seed),
    )
    return with_hash(with_faults(scan, scene.faults, rng=recorder))


def simulate_file(scene: Scene, path: Path, *, seed: int, overwrite: bool = False) -> Scan:
    """Write what `simulate_scan` makes to a file, and cut the file where the scene's faults say so.

    Parameters
    ----------
    scene, seed
        As in `simulate_scan`.
    path
        Scan file.
    overwrite
        Whether a file there may be replaced.

    Returns
    -------
    Scan
        Whole, whatever was cut from the file.

    Raises
    ------
    UsageError
        The file is there already.
    """
    scan = simulate_scan(scene, seed=seed)
    write_simulated(scan, path, scene.faults, overwrite=overwrite)
    return scan


def write_simulated(scan: Scan, path: Path, faults: Faults, *, overwrite: bool = False) -> None:
    """Write a simulated scan, whole or as its recorder left it.

    Parameters
    ----------
    scan
        Simulated.
    path
        Scan file.
    faults
        Of which ``truncated_part`` says how much of the file is left.
    overwrite
        Whether a file there may be replaced.
    """
    from dualsense.io import write_scan  # noqa: PLC0415 - slow to import

    if faults.truncated_part >= 1:
        write_scan(scan, path, overwrite=overwrite)
        return
    with TemporaryDirectory() as place:
        whole = Path(place) / path.name
        write_scan(scan, whole)
        truncate_file(whole, faults.truncated_part)
        write_file(path, whole.read_bytes(), overwrite=overwrite)


def truth_of(scene: Scene, *, seed: int | None = None) -> Truth:
    """List what a scene has in the ground. A turned object's extent is that of its bounding box along x and y."""
    size = np.zeros((len(scene.objects), 3))
    for row, thing in zip(size, scene.objects, strict=True):
        x, y, z = placement.size_m(thing)
        turn = placement.rotation_of(thing)
        if placement.model_of(thing).shape in ("cylinder", "ellipsoid"):
            extent = np.hypot(turn[:2, 0] * x, turn[:2, 1] * y)
        else:
            extent = np.abs(turn[:2, 0]) * x + np.abs(turn[:2, 1]) * y
        row[:] = (*extent, z)
    place = np.array([(t.x_m, t.y_m, t.depth_m) for t in scene.objects], dtype=np.float64).reshape(-1, 3)
    ground: dict[str, Any] = asdict(scene.soil)
    ground["conductivity"] = ground.pop("conductivity_s_m")
    for number, layer in enumerate(ground.pop("layers"), start=1):
        ground |= {f"layer_{number}_{key}": value for key, value in layer.items()}
    if seed is not None:
        ground["seed"] = seed
    return Truth(
        x_m=place[:, 0],
        y_m=place[:, 1],
        depth_m=place[:, 2],
        size_x_m=size[:, 0],
        size_y_m=size[:, 1],
        size_z_m=size[:, 2],
        label=tuple(placement.model_of(t).label for t in scene.objects),
        model=tuple(t.model for t in scene.objects),
        scene=ground,
    )


def with_hash(scan: Scan) -> Scan:
    """Give a scan the hash of its arrays and of what it says of itself."""
    digest = hashlib.sha256()
    for name in ("header", "pose", "gpr", "emi", "truth"):
        _feed(digest, getattr(scan, name), name)
    values = {f.name: getattr(scan, f.name) for f in fields(Scan)}
    return Scan(**{**values, "sha256": digest.hexdigest()})


def _feed(digest: Any, value: Any, name: str) -> None:
    """Hash arrays by their bytes and everything else by its text, each under its name."""
    if hasattr(value, "__dataclass_fields__"):
        for f in fields(value):
            _feed(digest, getattr(value, f.name), f"{name}.{f.name}")
        return
    digest.update(name.encode())
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype.str}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    else:
        digest.update(repr(value).encode())
