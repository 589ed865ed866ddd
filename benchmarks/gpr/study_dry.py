"""How strong the echo of a small mine is in soil that is as dry as the mine, over what the map promises.

    python -m benchmarks.gpr.study_dry [--models PMA-2,M14] [--permittivities 2.6,3.2,4.2]

One lane for each model and permittivity, of even soil without metal detector, with three mines in it, 3, 6.5 and
10 cm deep. Told are the peak in the volume around each, and how many times the weakest echo it is by which
`dualsense.chain.sight` says what would be found: below 1 the map promises too much.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

TOPS_M, FIRST_M, APART_M, WIDTH_M = (0.03, 0.065, 0.10), 0.18, 0.27, 0.36
BESIDE_M, ABOVE_M, BELOW_M = 0.04, 0.01, 0.075
"""Of a mine's place and top, between which its peak is looked for: bottom and reverberation count too."""


def peaks(model: str, permittivity: float) -> tuple[float, np.ndarray, np.ndarray]:
    """Give the permittivity as the chain tells it, the peaks of the three mines, and the weakest echoes."""
    from dualsense import gpr
    from dualsense.chain import process_scan
    from dualsense.chain.sight import SMALL
    from dualsense.simulate import PRESETS, Buried, Motion, Scene, simulate_scan

    sand = PRESETS["sand"].soil
    even = replace(
        sand,
        relative_permittivity=permittivity,
        roughness_rms_m=0.3 * sand.roughness_rms_m,
        permittivity_std=0.005,
    )
    motion = Motion(length_m=0.9, width_m=WIDTH_M, line_spacing_m=0.03, speed_m_s=0.4, height_m=0.05)
    mines = tuple(Buried(model, FIRST_M + APART_M * n, 0.5 * WIDTH_M, top) for n, top in enumerate(TOPS_M))
    scene = Scene(scan_id=f"dry-{model}-{permittivity:g}", soil=even, objects=mines, motion=motion)
    result = process_scan(replace(simulate_scan(scene, seed=3), emi=None))
    volume, told = result.gpr_volume, result.relative_permittivity
    seen = []
    for mine in mines:
        beside = np.hypot(volume.grid.x_m[None] - mine.x_m, volume.grid.y_m[:, None] - mine.y_m) < BESIDE_M
        deep = (volume.depth_m > mine.depth_m - ABOVE_M) & (volume.depth_m < mine.depth_m + BELOW_M)
        seen.append(float(np.nanmax(volume.values[deep][:, beside])))
    level = np.ones((len(TOPS_M), 1, 1), np.float32)
    weakest = gpr.mine_contrast(
        level, np.array(TOPS_M), amplitude=SMALL.amplitude, relative_permittivity=told, weakest=True
    )
    return told, np.array(seen), weakest[:, 0, 0]


def main() -> None:
    """Print one line for each lane."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default="PMA-2,M14,Type-72A")
    parser.add_argument("--permittivities", default="2.6,2.9,3.2,3.6,4.2,5")
    given = parser.parse_args()
    print("model      eps  told |" + "".join(f"{100 * top:4g} cm: peak  times" for top in TOPS_M))
    for model in given.models.split(","):
        for eps in (float(text) for text in given.permittivities.split(",")):
            told, seen, weakest = peaks(model, eps)
            times = seen / np.maximum(weakest, 1e-9)
            cells = "".join(
                f"{peak:13.3f}" + (f"{over:7.2f}" if over < 1e3 else "      -")
                for peak, over in zip(seen, times, strict=True)
            )
            print(f"{model:<9}{eps:5.2f} {told:5.2f} |{cells}", flush=True)


if __name__ == "__main__":
    main()
