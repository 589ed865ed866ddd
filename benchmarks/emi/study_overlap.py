"""When two pieces of metal are told from one: distance, depth and signal over noise.

``python benchmarks/emi/study_overlap.py [--targets N] [--picture FILE] [--json FILE]``: pairs of random spheroids
of equal peak, at the same depth within 1 cm, under rows at two heights with 3 mm of jitter; and single ones, which
should not be split.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from dualsense.emi._columns import dipole_columns
from dualsense.emi._locate.separate import separate

_SPEC = importlib.util.spec_from_file_location("study_inversion", Path(__file__).with_name("study_inversion.py"))
study = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(study)

DISTANCES_M = (0.0, 0.02, 0.035, 0.05, 0.1, 0.15, 0.2)
DEPTHS_M = (0.05, 0.1)
SNR = (30.0, 100.0)
JITTER_M = 3e-3
FOUND_M = 0.03


def trial(cell: tuple[float, float, float], seed: int) -> dict[str, float]:
    """One pair (distance 0: one target): whether two were told, and whether both lie within 3 cm."""
    distance, depth, snr = cell
    rng = np.random.default_rng([seed, round(1e3 * distance), round(1e3 * depth), round(snr)])
    quiet = study.rows(2)
    angle = rng.uniform(0, np.pi)
    way = 0.5 * distance * np.array([np.cos(angle), np.sin(angle), 0.0])
    middle = np.array([*rng.uniform(-0.03, 0.03, 2), -depth])
    moved = study.rows_at(quiet, quiet.tx_m + JITTER_M * rng.standard_normal(quiet.tx_m.shape))
    places = [middle + way, middle - way] if distance else [middle]
    signal = 0.0
    for place in places:
        place[2] += rng.uniform(-5e-3, 5e-3)
        _, _, elements = study.target(rng)
        peak = np.abs(dipole_columns(quiet, place) @ elements).max()
        signal = signal + dipole_columns(moved, place) @ elements * snr / peak
    response = study.rows(2, signal + rng.standard_normal((len(moved.tx_m), 6)), JITTER_M)
    found = separate(response, np.ones(6))
    both = 0.0
    if distance and found.count == 2:
        a = np.linalg.norm(found.positions_m - np.stack(places), axis=1).max()
        b = np.linalg.norm(found.positions_m - np.stack(places[::-1]), axis=1).max()
        both = float(min(a, b) < FOUND_M)
    return {"two": float(found.count == 2), "both": both}


def report(targets: int, *, processes: int | None = None) -> list[dict[str, float]]:
    cells = [(d, z, s) for s in SNR for z in DEPTHS_M for d in DISTANCES_M]
    trial(cells[0], 0)
    out = []
    with threadpool_limits(1), ProcessPoolExecutor(processes) as pool:
        for cell in cells:
            done = list(pool.map(partial(trial, cell), range(targets)))
            out.append(
                {
                    "distance_cm": 100 * cell[0],
                    "depth_cm": 100 * cell[1],
                    "snr": cell[2],
                    "told_two": float(np.mean([t["two"] for t in done])),
                    "both_within_3cm": float(np.mean([t["both"] for t in done])),
                }
            )
            print("  ".join(f"{name} {value:.3g}" for name, value in out[-1].items()), flush=True)
    return out


def draw(table: list[dict[str, float]], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
    for snr, line in ((30, "--"), (100, "-")):
        for depth, colour in ((5, "#4477aa"), (10, "#cc6677")):
            part = [r for r in table if round(r["snr"]) == snr and round(r["depth_cm"]) == depth]
            axes.plot(
                [r["distance_cm"] for r in part],
                [100 * (r["both_within_3cm"] if r["distance_cm"] else r["told_two"]) for r in part],
                line,
                marker="o",
                color=colour,
                label=f"{depth} cm deep, peak {snr} x noise",
            )
    axes.set_xlabel("distance of two targets, cm (0: one target, told as two)")
    axes.set_ylabel("both found within 3 cm, %")
    axes.set_ylim(-3, 103)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=90, metadata={"Software": None})
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--targets", type=int, default=24)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    table = report(options.targets)
    if options.picture:
        draw(table, options.picture)
    if options.json:
        options.json.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
