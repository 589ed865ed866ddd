"""What a recorder does wrong: lost soundings, a sensor that hangs or clips, a tracker that looks away."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from dualsense.simulate._scene import bounds

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from dualsense.scan import EmiData, GprData, Scan
    from dualsense.simulate._scene.handling import Faults

Sensor = TypeVar("Sensor", "GprData", "EmiData")

_BURST = 8
"""Soundings in a row that are lost together."""


def with_faults(scan: Scan, faults: Faults, *, rng: np.random.Generator) -> Scan:
    """Spoil a scan; the truth and what was not asked for stay as they are.

    Raises
    ------
    RecipeError
        Tracking would be lost for longer than there is a track.
    """
    gpr, emi, pose = scan.gpr, scan.emi, scan.pose
    if faults.tracking_loss_s > 0:
        first, last = float(pose.time_s[0]), float(pose.time_s[-1])
        if faults.tracking_loss_s >= last - first:
            bounds.refuse(faults, "tracking_loss_s", f"less than the track's {last - first:.1f} s")
        start = float(rng.uniform(first, last - faults.tracking_loss_s))
        seen = (pose.time_s <= start) | (pose.time_s >= start + faults.tracking_loss_s)
        seen[[0, -1]] = True
        std = pose.position_std_m
        pose = replace(
            pose,
            time_s=pose.time_s[seen],
            position_m=pose.position_m[seen],
            orientation=None if pose.orientation is None else pose.orientation[seen],
            position_std_m=std[seen] if std is not None and len(std) == len(seen) else std,
        )
    if gpr is not None:
        gpr = _spoiled(gpr, faults, stuck=faults.stuck == "gpr", rng=rng)
    if emi is not None:
        emi = _spoiled(emi, faults, stuck=faults.stuck == "emi", rng=rng)
    return replace(scan, gpr=gpr, emi=emi, pose=pose)


def truncate_file(path: Path, part: float) -> None:
    """Leave only the first part of a file, as when the battery died while it was written; 1 leaves all of it."""
    os.truncate(path, int(part * path.stat().st_size))


def _spoiled(data: Sensor, faults: Faults, *, stuck: bool, rng: np.random.Generator) -> Sensor:
    values: NDArray[Any] = data.data
    if faults.saturation_part < 1:
        if np.iscomplexobj(values):
            limit = faults.saturation_part * max(np.nanmax(np.abs(values.real)), np.nanmax(np.abs(values.imag)))
            clipped = values.real.clip(-limit, limit) + 1j * values.imag.clip(-limit, limit)
            values = clipped.astype(values.dtype)
        else:
            limit = faults.saturation_part * np.nanmax(np.abs(values))
            values = values.clip(-limit, limit)
    if stuck:
        first = int(faults.stuck_from_part * len(values))
        values = np.concatenate([values[:first], np.broadcast_to(values[first], values[first:].shape)])
    keep = np.ones(len(values), dtype=np.bool_)
    if faults.dropout_part > 0:
        bursts = rng.random(-(-len(values) // _BURST)) < faults.dropout_part
        keep = ~np.repeat(bursts, _BURST)[: len(values)]
        keep[[0, -1]] = True
    return replace(data, data=values[keep], time_s=data.time_s[keep], channel=data.channel[keep])
