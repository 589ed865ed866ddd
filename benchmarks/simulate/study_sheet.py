"""A sheet of sections and maps to look at: full wave beside its twin, a real recording beside bars like its own.

``python benchmarks/simulate/study_sheet.py OUT.png [--data FOLDER] [--real FILE]``. Sections are about the mean of
soundings turned to one stand-off. The real line, reinforcing bars in concrete (CHARISMA, US FHWA, CC0), is read by
the project's importer; the bars beside it are simulated from what its hyperbolas say, permittivity 11, 13 bars
0.203 m apart and 7 cm deep. Its antenna, its zero of time and its concrete are not known beyond that: likeness is
for the eye.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from study_twin import TIME_S, aligned, direct, traces, twin
from twin_scene import FDTD, Recorded, load, ricker

from dualsense.simulate import Buried, Soil, ground_echo, realise_ground

SCANS = ("clutter_only", "pma_laterite", "pmn_sand", "pmn_wet", "ts50_casing", "ts50_deep")
REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "charisma" / "Lab_specimen_data.DZT"
TRACES_PER_M = 118.11
BARS, SPACING_M, BAR_M, COVER_M = 13, 0.203, 0.016, 0.069
OFFSET_M = np.array([0.03, 0.0, 0.0])
"""Half the way between the antennas of the simulated bars, as of a 1.6 GHz one; not told."""


def depth_slices(r: Recorded, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the pipeline's migration makes of tones: the strongest amplitude over 2 to 14 cm, and its extent."""
    from dualsense.chain import process_scan

    tones = (values + direct(r.frequency)) * np.exp(-2j * np.pi * r.frequency * r.scan.gpr.system_delay_s)
    volume = process_scan(replace(r.scan, gpr=replace(r.scan.gpr, data=tones.astype(np.complex64)))).gpr_volume
    keep = (volume.depth_m > 0.02) & (volume.depth_m < 0.14)
    grid = volume.grid
    half = 0.5 * grid.cell_m
    extent = np.array([grid.x_m[0] - half, grid.x_m[-1] + half, grid.y_m[0] - half, grid.y_m[-1] + half])
    return np.max(np.where(np.isnan(volume.values), -1, volume.values)[keep], axis=0), extent


def section(r: Recorded, values: np.ndarray) -> np.ndarray:
    """Real traces (n, t) about the mean of aligned soundings, over the surface echo's peak."""
    residue, mean, _ = aligned(values, r.frequency, r.at)
    return traces(residue).real / np.abs(traces(mean)).max()


def bars(time_s: np.ndarray, count: int) -> np.ndarray:
    """Traces (n, t) of a line over bars, the antennas just over the concrete, without the direct wave."""
    frequency = np.arange(0.3e9, 4.5e9, 50e6)
    x = np.arange(count) / TRACES_PER_M
    at = np.stack([x, np.zeros(count), np.full(count, 0.01)], axis=-1)
    first = 0.5 * (x[-1] - (BARS - 1) * SPACING_M)
    size = (0.6, BAR_M, BAR_M)
    objects = tuple(
        Buried("can", first + i * SPACING_M, 0.0, COVER_M, yaw_deg=90.0, body_size_m=size) for i in range(BARS)
    )
    soil = Soil(
        relative_permittivity=11.0,
        conductivity_s_m=0.01,
        permittivity_std=0.06,
        permittivity_length_m=0.01,
        roughness_rms_m=0.0,
    )
    ground = realise_ground(
        soil, low_m=(-0.5, -0.5), high_m=(float(x[-1]) + 0.5, 0.5), rng=np.random.default_rng(0)
    )
    echo = ground_echo(objects, ground, at - OFFSET_M, at + OFFSET_M, frequency)
    wave = -1j * frequency * ricker(frequency, 1.6e9)
    return ((echo * wave) @ np.exp(2j * np.pi * np.outer(frequency, time_s))).real


def show_line(ax: Any, values: np.ndarray, times: tuple[float, float], title: str) -> None:
    """Draw a line's traces about their mean, darkest at thrice their scatter below the surface."""
    values = values - values.mean(axis=0)
    limit = 3 * values[:, values.shape[1] // 5 :].std()
    extent = (0, len(values) / TRACES_PER_M, times[1], times[0])
    ax.imshow(values.T, aspect="auto", cmap="gray", vmin=-limit, vmax=limit, extent=extent)
    ax.set_title(title, fontsize=9)
    ax.set_xlabel("m", fontsize=8)
    ax.set_ylabel("ns")


def sheet(folder: Path, path: Path, real: Path) -> None:
    """Draw and write it; without the real line its half is left empty."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(13, 15.5), constrained_layout=True)
    grid = figure.add_gridspec(len(SCANS) + 1, 4)
    for i, name in enumerate(SCANS):
        r = load(folder / f"{name}.h5")
        pair = (r.tones - direct(r.frequency), twin(r, 0))
        for column, (title, values) in enumerate(zip(("full wave", "simulated twin"), pair, strict=True)):
            shown = section(r, values)[:, TIME_S < 3.5e-9]
            ax = figure.add_subplot(grid[i, column])
            ax.imshow(shown.T, aspect="auto", cmap="gray", vmin=-0.12, vmax=0.12, extent=(0, len(shown), 3.5, 0))
            ax.set_title(f"{name}: {title}, soundings in order", fontsize=9)
            ax.set_ylabel("ns after transmission")
            image, extent = depth_slices(r, values)
            ax = figure.add_subplot(grid[i, column + 2])
            ax.imshow(np.where(image < 0, np.nan, image), origin="lower", extent=extent, cmap="viridis")
            for _, x, y, *_ in r.tops:
                ax.plot(x, y, "w+", markersize=9)
            ax.set_title(f"{name}: {title}, map", fontsize=9)
    count, time_s = 332, np.linspace(0.0, 5e-9, 320)
    if real.is_file():
        from dualsense.io import import_scan

        recorded = np.asarray(import_scan(real).gpr.data, float)[:, 5:]
        count = len(recorded)
        early, late = 110, 430  # the surface's arrival, and 5 ns after it, of 512 samples in 8 ns
        title = "real: bars in concrete, 1.6 GHz (CHARISMA), mean removed"
        show_line(figure.add_subplot(grid[-1, :2]), recorded[:, early:late], (0.0, 5.0), title)
    title = "simulated: 13 bars 7 cm deep, permittivity 11, mean removed"
    show_line(figure.add_subplot(grid[-1, 2:]), bars(time_s, count), (0.0, 5.0), title)
    figure.savefig(path, dpi=75, metadata={"Software": None})


def main() -> None:
    """Draw the sheet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, default=FDTD)
    parser.add_argument("--real", type=Path, default=REAL)
    options = parser.parse_args()
    sheet(options.data, options.out, options.real)


if __name__ == "__main__":
    main()
