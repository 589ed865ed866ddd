"""The scene of a full-wave scan, from its file's truth: soil, the simulator's objects, and where the head was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
from twin_track import Coils, coils_of, smoothed

from dualsense.io import read_scan
from dualsense.simulate import Buried, Radar, Soil

if TYPE_CHECKING:
    from dualsense.scan import Scan

FDTD = Path(__file__).resolve().parents[2] / "sample_data"
ROUGH_LENGTH = np.sqrt(2.0)
"""The files do not say how their correlation length is meant. As the width of a Gaussian filter of white noise
(a correlation length of sqrt(2) that in exp(-(r/l)^2 / 2)) the near clutter of all scans is met; read as l itself
the twins have 2.5 to 7 dB more of it."""
MINES = {"PMN": "PMN-cells", "PMA": "PMA-voxel", "TS50": "TS-50-voxel"}
BANDED = {"PMN-cells": "PMN-voxel"}
"""As the truth has it, whatever cells of 3 mm make of its band."""
PMN_ASIDE_M = -0.006
"""Where its round body is along its pin, from the middle of the cells."""
IN_CELLS_M = {("ts50_casing", "steel fragment"): (0.024, 0.006, 0.009)}
"""Size of what is metal in the full wave's cells of 3 mm, where rounding decides; two of them is a choice made
after the comparison, see docs/methods/twins.md.

The sides of this piece, 9 mm wide as told, lie at 58.5 and 61.5 cells: two, three or four of them are metal."""
MODELS = {"rock": "stone", "root": "stake", "void": "void", "metal": "fragment"}


@dataclass
class Recorded:
    """One scan: tones without the system's delay, where the head was (as used, as told), and its scene."""

    scan: Scan
    tones: np.ndarray
    frequency: np.ndarray
    at: np.ndarray
    recorded_m: np.ndarray
    coils: Coils
    soil: Soil
    objects: tuple[Buried, ...]
    tops: list[tuple[str, float, float, float, float, float]]
    """Name, x, y, depth, height and outer radius of each target."""


def load(path: Path, *, track: str = "found", as_stated: bool = False) -> Recorded:
    """Read a scan and build the simulator's objects from its /truth.

    ``track`` is that of the file ("told") or the one without its slow error ("found"); ``as_stated`` leaves
    objects as the truth has them, whatever cells of 3 mm make of them.
    """
    scan = read_scan(path)
    with h5py.File(path) as file:
        truth = dict(file["truth"].attrs)
        columns = {k: v[()] for k, v in file["truth/targets"].items()}
    soil = Soil(
        relative_permittivity=float(truth["relative_permittivity"]),
        conductivity_s_m=float(truth["conductivity"]),
        permittivity_std=float(truth["permittivity_relative_std"]),
        permittivity_length_m=float(truth["permittivity_correlation_length"]),
        roughness_rms_m=float(truth["roughness_rms"]),
        roughness_length_m=ROUGH_LENGTH * float(truth["roughness_correlation_length"]),
        susceptibility=float(truth["susceptibility"]),
        susceptibility_loss=float(truth["susceptibility_loss"]),
    )
    objects: list[Buried] = []
    tops = []
    for n, raw in enumerate(columns["label"]):
        label, model = raw.decode(), columns["model"][n].decode()
        x, y, depth = (float(columns[k][n]) for k in ("x", "y", "depth"))
        stated = tuple(float(columns[f"size_{k}"][n]) for k in "xyz")
        size = stated if as_stated else IN_CELLS_M.get((path.stem, model), stated)
        objects += bodies_of(label, model, x, y, depth, size, float(columns["permittivity"][n]))
        tops.append((model or label, x, y, depth, size[2], 0.5 * max(size[:2])))
    if as_stated:
        objects = [replace(thing, model=BANDED.get(thing.model, thing.model)) for thing in objects]
    tones, frequency = to_tones(scan)
    recorded_m = smoothed(scan.gpr.time_s, scan.pose.time_s, scan.pose.position_m)
    coils = coils_of(path, scan, soil)
    at = recorded_m + coils.moved(scan.gpr.time_s) if track == "found" else recorded_m
    return Recorded(scan, tones, frequency, at, recorded_m, coils, soil, tuple(objects), tops)


def bodies_of(
    label: str,
    model: str,
    x: float,
    y: float,
    depth: float,
    size: tuple[float, ...],
    permittivity: float,
) -> list[Buried]:
    if label == "mine":
        yaw = 90.0 if (model == "PMN") == (size[0] > size[1]) else 0.0
        if model == "TS50":  # a casing with a narrower pressure plate on top
            plate = Buried("stake", x, y, depth, body_size_m=(0.048, 0.048, 0.007), body_permittivity=5.0)
            return [plate, Buried(MINES[model], x, y, depth + 0.007)]
        if model == "PMN":  # the file's box of cells begins 1 mm above it, and its spout makes the box lopsided
            turn = np.radians(yaw)
            x, y = x - PMN_ASIDE_M * np.sin(turn), y + PMN_ASIDE_M * np.cos(turn)
            return [Buried(MINES[model], x, y, depth + 0.001, yaw_deg=yaw)]
        return [Buried(MINES[model], x, y, depth + 0.002, yaw_deg=yaw)]
    own = None if np.isnan(permittivity) else permittivity
    return [Buried(MODELS[label], x, y, depth, body_size_m=size, body_permittivity=own)]


def even(soil: Soil) -> Soil:
    """The same soil under a flat surface, alike all over."""
    return replace(soil, permittivity_std=0.0, roughness_rms_m=0.0)


def ricker(frequency: np.ndarray, center: float) -> np.ndarray:
    u = (frequency / center) ** 2
    return 2 / (np.sqrt(np.pi) * center) * u * np.exp(-u)


def to_tones(scan: Scan) -> tuple[np.ndarray, np.ndarray]:
    """Tones without the system's delay; traces are transformed and divided by the wavelet's spectrum."""
    frequency = np.linspace(0.8e9, 3.2e9, 121)
    if scan.gpr.modality == "sfcw":
        values = np.asarray(scan.gpr.data, complex)
    else:
        t = scan.gpr.sample_time_s
        values = np.asarray(scan.gpr.data, float) @ np.exp(-2j * np.pi * np.outer(t, frequency)) * (t[1] - t[0])
        # the wavelet is a Ricker's of the simulator's default; how it was scaled, and when it starts, is not told
        values = values / ricker(frequency, Radar().center_hz)
    return values * np.exp(2j * np.pi * frequency * scan.gpr.system_delay_s), frequency
