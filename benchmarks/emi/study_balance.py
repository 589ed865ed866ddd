"""Ground balance: how far magnetic soil is brought down, and how much of a small target is left, over the tuning.

``python benchmarks/emi/study_balance.py [--picture FILE] [--json FILE]``: soil of chi = 0.01 - 0.0004i at 10 kHz,
viscous, with a conductivity of 0.01 S/m; coils of 10 and 8 cm, 2.4 to 38.4 kHz, swept at 5 cm with heights that
wander by +-2 cm and a head that tilts by 5 degrees; a steel sphere of 10 mm at 5 cm. Three ways to be rid of it:

- ours: the soil's phasor times the image's coupling at every row's height and tilt is subtracted, and the
  whitening turns from what an error of the height makes of it; tuned by the error of height that is assumed (in a
  recipe ``roughness_m`` and the tracker's error), for trackers that err by 0, 0.3 and 2 mm;
- a constant offset: the mean over a moving window is subtracted from every channel; tuned by the window's length;
- quadrature at two frequencies, Q(f1) - w Q(f2), whose soil parts are equal in viscous soil; tuned by w.

Energies are squares in units of the noise. The suppression is that of the soil's variation about its mean, so that
a constant offset over all the scan has 0 dB. Soil and target are measured apart and without noise.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import MU0_H_M
from dualsense.emi._balance import apply_balance, balance, drift_basis
from dualsense.emi._columns import dipole_columns
from dualsense.emi._loss import kept_energy
from dualsense.emi._response import Response
from dualsense.induction._polarizability import sphere_polarizability
from dualsense.simulate import Detector, Soil, emi_response

if TYPE_CHECKING:
    from collections.abc import Callable

    Parts = tuple[np.ndarray, np.ndarray]
    Method = Callable[[Response, np.ndarray, np.ndarray, float], Parts]

FREQUENCY_HZ = np.array([2400.0, 9600.0, 38400.0])
SOIL = Soil(susceptibility=0.01, susceptibility_loss=4e-4, conductivity_s_m=0.01)
NOISE = np.full(6, 2.7e-8)
"""Of one row of two samples, with the simulator's 3e-13 V/A per hertz."""
TARGET_M = np.array([0.36, 0.24, -0.05])
RADIUS_M = 0.005
LENGTH_M, WIDTH_M, LINE_M, ROW_M, SPEED_M_S = 0.72, 0.48, 0.04, 0.012, 0.3
HEIGHT_M, WANDER_M = 0.05, 0.02
TRACKER_M = (0.0, 3e-4, 2e-3)
ASSUMED_M = (0.0, 1e-6, 3e-6, 1e-5, 2e-5, 5e-5, 1e-4, 3e-4, 1e-3, 3.3e-3, 1e-2)
WINDOW_S = (40.0, 20.0, 10.0, 5.0, 3.0, 2.0, 1.0, 0.5, 0.25)
WEIGHT = (0.0, 0.5, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1)


def sweep(tracker_m: float, *, tilt_deg: float, seed: int = 3) -> tuple[Response, Response]:
    """Rows where the head is, and where the tracker says it is: heights of 5 +- 2 cm, slow, and tilts."""
    rng = np.random.default_rng(seed)
    x = np.arange(0.0, LENGTH_M + 1e-9, ROW_M)
    lines = np.arange(0.0, WIDTH_M + 1e-9, LINE_M)
    xy = np.array([(xi, y) for k, y in enumerate(lines) for xi in (x if k % 2 == 0 else x[::-1])])
    t = np.arange(len(xy)) * ROW_M / SPEED_M_S

    def slow(frequencies: tuple[float, ...]) -> np.ndarray:
        phase = rng.uniform(0.0, 2 * np.pi, len(frequencies))
        wave = sum(np.sin(2 * np.pi * f * t + p) for f, p in zip(frequencies, phase, strict=True))
        return wave / np.abs(wave).max()

    z = HEIGHT_M + WANDER_M * slow((0.11, 0.23, 0.41, 0.67))
    tilt = np.radians(tilt_deg) * np.stack([slow((0.13, 0.31)), slow((0.19, 0.37)), 0.0 * t], axis=1)
    turn = _rotation(tilt)
    tracked_z = z + tracker_m * rng.standard_normal(t.size)
    return _rows(t, np.column_stack([xy, z]), turn), _rows(t, np.column_stack([xy, tracked_z]), turn)


def _rotation(vector: np.ndarray) -> np.ndarray:
    from scipy.spatial.transform import Rotation

    if not vector.any():
        return np.broadcast_to(np.eye(3), (len(vector), 3, 3))
    return Rotation.from_rotvec(vector).as_matrix()


def _rows(t: np.ndarray, at: np.ndarray, turn: np.ndarray) -> Response:
    m = len(t)
    return Response(
        time_s=t,
        values=np.zeros((m, 6)),
        channel_hz=np.tile(FREQUENCY_HZ, 2),
        imaginary=np.repeat([False, True], 3),
        coil=np.zeros(m, np.intp),
        center_m=at,
        tx_m=at,
        rx_m=at,
        rotation=turn,
        position_std_m=np.zeros((m, 3)),
        count=np.ones(m),
        tx_radius_m=np.array([0.1]),
        rx_radius_m=np.array([0.08]),
    )


def parts(response: Response) -> tuple[np.ndarray, np.ndarray]:
    """Soil and sphere (m, c) in metres, without noise."""
    detector = Detector(frequency_hz=tuple(FREQUENCY_HZ))
    volts = emi_response((), SOIL, detector, response.center_m, response.rotation)
    z = volts / (-2j * np.pi * FREQUENCY_HZ * MU0_H_M)
    return np.concatenate([z.real, z.imag], axis=1), of_sphere(response, 5e6, 100.0)


def of_sphere(response: Response, conductivity_s_m: float, relative_permeability: float) -> np.ndarray:
    m = sphere_polarizability(
        frequency_hz=FREQUENCY_HZ,
        radius_m=RADIUS_M,
        conductivity_s_m=conductivity_s_m,
        relative_permeability=relative_permeability,
    )
    column = dipole_columns(response, TARGET_M)[:, :3].sum(axis=1)
    return np.outer(column, np.concatenate([m.real, m.imag]))


def energy(values: np.ndarray) -> float:
    return float((values**2).sum())


def decibel(before: float, after: float) -> float:
    return 10.0 * float(np.log10(before / max(after, 1e-300)))


def ours(tracked: Response, soil: np.ndarray, target: np.ndarray, assumed_m: float) -> Parts:
    """What balance leaves of soil and of target, both whitened; fitted on soil, target and noise together."""
    noise = NOISE * np.random.default_rng(1).standard_normal(soil.shape)
    fitted = balance(
        replace(tracked, values=soil + target + noise),
        NOISE,
        roughness_m=assumed_m,
        soil_std=0.0,
        conduction_std=0.0,
    )
    return apply_balance(replace(tracked, values=soil), fitted), apply_balance(
        replace(tracked, values=target), fitted
    )


def offset(tracked: Response, soil: np.ndarray, target: np.ndarray, window_s: float) -> Parts:
    """Each less its moving mean; the longest window is the whole scan."""
    from scipy.ndimage import uniform_filter1d

    rows = max(1, round(window_s * SPEED_M_S / ROW_M))

    def run(values: np.ndarray) -> np.ndarray:
        scaled = values / NOISE
        whole = rows >= len(tracked.time_s)
        return scaled - (scaled.mean(axis=0) if whole else uniform_filter1d(scaled, rows, axis=0, mode="nearest"))

    return run(soil), run(target)


def quadrature(tracked: Response, soil: np.ndarray, target: np.ndarray, weight: float) -> Parts:
    """The lowest and the highest frequency's quadrature, of the noise of their difference; drift as in ours."""
    q, _ = np.linalg.qr(drift_basis(tracked, drift_knot_s=5.0))

    def run(values: np.ndarray) -> np.ndarray:
        mixed = (values[:, 3] - weight * values[:, 5]) / np.hypot(NOISE[3], weight * NOISE[5])
        return mixed - q @ (q.T @ mixed)

    return run(soil), run(target)


def curves(*, tilt_deg: float = 5.0) -> dict[str, list[dict[str, float]]]:
    """Suppression and kept energy of each method over its tuning."""
    out: dict[str, list[dict[str, float]]] = {}
    tasks: list[tuple[str, float, Method, tuple[float, ...]]] = [
        (f"ours, tracker {1e3 * t:g} mm", t, ours, ASSUMED_M) for t in TRACKER_M
    ]
    tasks += [("constant offset", 0.0, offset, WINDOW_S), ("quadrature", 0.0, quadrature, WEIGHT)]
    for name, tracker_m, method, tunings in tasks:
        true, tracked = sweep(tracker_m, tilt_deg=tilt_deg)
        soil, target = parts(true)
        before, whole = energy((soil - soil.mean(axis=0)) / NOISE), energy(target / NOISE)
        out[name] = []
        for tuning in tunings:
            rest, left = method(tracked, soil, target, tuning)
            out[name].append(
                {
                    "tuning": tuning,
                    "suppression_db": decibel(before, energy(rest)),
                    "kept": energy(left) / whole,
                    "target_over_soil_db": decibel(energy(left), energy(rest)),
                }
            )
    return out


def metals(assumed_m: float = 3.3e-3) -> dict[str, float]:
    """Part of the energy of spheres of several metals that the default whitening leaves."""
    true, tracked = sweep(0.0, tilt_deg=0.0)
    soil, target = parts(true)
    fitted = balance(replace(tracked, values=soil), NOISE, roughness_m=assumed_m, soil_std=0.0, conduction_std=0.0)
    kept = {"steel": kept_energy(target, fitted)[0]}
    for name, sigma in (("aluminium", 3.5e7), ("brass", 1.5e7), ("lead", 4.8e6)):
        kept[name] = kept_energy(of_sphere(true, sigma, 1.0), fitted)[0]
    return kept


def scan_ratio() -> float:
    """Soil over steel sphere, both at their strongest at the lowest frequency with the head level at 5 cm."""
    _, tracked = sweep(0.0, tilt_deg=0.0)
    at = replace(tracked, center_m=tracked.center_m * [1, 1, 0] + [0, 0, HEIGHT_M])
    soil, target = parts(replace(at, tx_m=at.center_m, rx_m=at.center_m))
    return float(np.abs(soil[:, 0]).max() / np.abs(target[:, 0]).max())


def best(curve: list[dict[str, float]], *, least_db: float = 30.0) -> dict[str, float]:
    """Point of a curve that keeps most with at least so much suppression; else that of the most suppression."""
    enough = [point for point in curve if point["suppression_db"] >= least_db]
    return max(enough, key=lambda p: p["kept"]) if enough else max(curve, key=lambda p: p["suppression_db"])


def picture(found: dict[str, list[dict[str, float]]], path: Path) -> None:
    """Kept energy over suppression."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    styles = {
        "ours, tracker 0 mm": ("#0072b2", "o", "ours, heights exact"),
        "ours, tracker 0.3 mm": ("#56b4e9", "s", "ours, tracker errs by 0.3 mm"),
        "ours, tracker 2 mm": ("#cc79a7", "D", "ours, tracker errs by 2 mm"),
        "constant offset": ("#e69f00", "^", "constant offset (window)"),
        "quadrature": ("#009e73", "v", "quadrature of two frequencies (w)"),
    }
    figure, axes = plt.subplots(figsize=(8.4, 5.2), constrained_layout=True)
    axes.add_patch(Rectangle((30.0, 0.5), 70.0, 0.7, facecolor="#dddddd", zorder=0))
    axes.text(86.0, 0.53, "at least 30 dB with at least half", ha="right", va="bottom", fontsize=10)
    for name, (colour, marker, label) in styles.items():
        x = [p["suppression_db"] for p in found[name]]
        y = [max(p["kept"], 1.1e-3) for p in found[name]]
        axes.plot(x, y, marker=marker, color=colour, label=label, linewidth=1.6, markersize=5)
    for point in found["ours, tracker 2 mm"]:
        if point["tuning"] in {0.0, 1e-5, 1e-4, 3.3e-3}:
            words = f"{1e3 * point['tuning']:g} mm assumed"
            axes.annotate(
                words, (point["suppression_db"], point["kept"]), xytext=(4, -13), textcoords="offset points"
            )
    axes.set(yscale="log", ylim=(1e-3, 1.2), xlim=(-3.0, 93.0))
    axes.set_xlabel("soil suppressed by (dB)")
    axes.set_ylabel("energy of the steel sphere that is left")
    axes.set_title(
        "Soil of χ = 0.01, heights ± 2 cm, tilts of 5°; 10 mm of steel at 5 cm", loc="left", fontsize=11
    )
    axes.grid(color="#cccccc", linewidth=0.6)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    figure.savefig(path, dpi=110, metadata={"Software": None})


def main() -> None:
    """Print the curves; write picture and numbers on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = curves()
    for name, curve in found.items():
        print(name)
        for p in curve:
            print(
                f"  {p['tuning']:<9g} {p['suppression_db']:6.1f} dB  kept {p['kept']:.3f}  "
                f"target over soil {p['target_over_soil_db']:6.1f} dB"
            )
    print("kept of spheres of 10 mm at the defaults:", {name: round(v, 3) for name, v in metals().items()})
    print(f"soil over the steel sphere: {scan_ratio():.1f}")
    if options.json is not None:
        options.json.write_text(json.dumps(found | {"metals": metals()}, indent=2) + "\n", encoding="utf-8")
    if options.picture is not None:
        picture(found, options.picture)


if __name__ == "__main__":
    main()
