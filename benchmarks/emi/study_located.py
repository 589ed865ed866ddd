"""How far off metal is found and located: single objects, a track that errs, soils with and without magnetism.

    python -m benchmarks.emi.study_located [--seeds 3]

Simulated sweeps of 45 by 40 cm, 5 mm of tracking error to the side and 3 mm in height, of which half is slow. The
strongest dipole is compared with the centre of the metal: as the joint fit found it, and as it was located.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np

from dualsense import emi
from dualsense.simulate import Buried, Motion, Noise, Scene, Soil, metal_dipoles, simulate_scan
from dualsense.survey import track_at

if TYPE_CHECKING:
    from dualsense.emi import Dipole

METAL = {"can": 0.05, "cartridge": 0.08, "fragment": 0.03, "PMN": 0.05, "M14": 0.03, "PMA-2": 0.05}
"""Model, and depth of its top."""
SOILS = {
    "no soil": Soil(susceptibility=0.0, susceptibility_loss=0.0, conductivity_s_m=0.0),
    "laterite": Soil(susceptibility=8e-3, susceptibility_loss=4e-4, susceptibility_std=0.1),
}
TRACKED = Noise(position_std_m=(0.005, 0.005, 0.003))


def strongest(dipoles: tuple[Dipole, ...]) -> Dipole | None:
    return max(dipoles, key=lambda d: d.statistic, default=None)


def errors(model: str, soil: Soil, seed: int) -> list[tuple[float, float, float]]:
    """Aside and too high, mm, and the squared distance in standard deviations: as found, and as located."""
    buried = (Buried(model, 0.22, 0.2, METAL[model], yaw_deg=30.0 * seed),)
    motion = Motion(length_m=0.45, width_m=0.4, height_std_m=0.005)
    scene = Scene(objects=buried, soil=soil, radar=None, motion=motion, noise=TRACKED)
    scan = simulate_scan(scene, seed=100 + seed)
    if scan.emi is None or scan.pose is None:
        msg = "a simulated sweep has metal data and a track"
        raise ValueError(msg)
    samples = emi.normalise(scan.emi, track_at(scan.pose, scan.emi.time_s))
    rows = emi.bin_along_track(samples)
    found = emi.find_dipoles(rows, emi.white_noise(samples) / np.sqrt(np.median(rows.count)))
    centre, _ = metal_dipoles(buried)[0]
    out = []
    for dipole in (strongest(found.dipoles), strongest(emi.refine(rows, found).dipoles)):
        if dipole is None:
            out.append((np.nan, np.nan, np.nan))
            continue
        error = dipole.position_m - centre
        told = dipole.estimate is not None
        squared = float(error @ np.linalg.solve(dipole.covariance_m2, error)) if told else np.nan
        out.append((1e3 * float(np.hypot(*error[:2])), 1e3 * float(error[2]), squared))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    print(
        "simulated; rms in mm as found -> as located; squared distance in deviations should be 2.4 in the middle"
    )
    for model in METAL:
        for name, soil in SOILS.items():
            all_ = np.array([errors(model, soil, seed) for seed in range(options.seeds)])
            aside, high = (np.sqrt(np.nanmean(all_[:, :, k] ** 2, axis=0)) for k in (0, 1))
            told = all_[np.isfinite(all_[:, 1, 2]), 1, 2]
            middle = f"{np.median(told):6.1f}" if told.size else "     -"
            print(
                f"  {model:10s} {name:9s} aside {aside[0]:5.1f} -> {aside[1]:5.1f}   depth {high[0]:5.1f} -> "
                f"{high[1]:5.1f}   located {told.size} of {options.seeds}, squared distance {middle}"
            )


if __name__ == "__main__":
    main()
