"""What can be known of the permittivity: the Cramér-Rao bound of focus, and what the program tells of the samples.

An ideal point scatterer, alone in the ground, is heard along the soundings of a sample scan. Unknown are ln(eps),
its place, and the amplitude and phase of its echo, the same in all directions and at all tones. The echo fades
with the two legs and with the dipoles' pattern; the noise is white over soundings and tones; the track's error
moves each sounding's phase along the gradient of its path, alike at all tones. "Roundness" adds an echo whose path
is longer by an unknown multiple of the square of the lateral distance, as that of a body is. No estimator does
better; real bodies, whose echoes change with direction in more than one way, allow less.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "sample_data"
SPEED_M_S = 299_792_458.0
DEPTHS_M = (0.03, 0.05, 0.09)
REACH_M = 0.2
SIGNAL_TO_NOISE = 3.0
"""Amplitude of the echo over what else a sounding hears at a tone: background, roughness, noise."""
POSITION_STD_M = (0.005, 0.005, 0.002)
"""Of a sounding; vertically what is left when its height follows the surface's echo."""


def one_way_m(horizontal_m: np.ndarray, height_m: np.ndarray, depth_m: float, index: float) -> np.ndarray:
    """Optical path from antenna to scatterer by Fermat's principle, by bisection on the angle in air."""
    low, high = np.zeros_like(horizontal_m), np.full_like(horizontal_m, 1.0 - 1e-15)
    for _ in range(60):
        sine = 0.5 * (low + high)
        inside = sine / index
        x = height_m * sine / np.sqrt(1 - sine**2) + depth_m * inside / np.sqrt(1 - inside**2)
        low, high = np.where(x < horizontal_m, sine, low), np.where(x < horizontal_m, high, sine)
    return (
        horizontal_m * sine + height_m * np.sqrt(1 - sine**2) + index * depth_m * np.sqrt(1 - (sine / index) ** 2)
    )


def path_m(tx_m: np.ndarray, rx_m: np.ndarray, place_m: np.ndarray, log_eps: float) -> np.ndarray:
    """Both legs, (n,)."""
    index = math.exp(0.5 * log_eps)
    x, y, depth = place_m
    return sum(one_way_m(np.hypot(a[:, 0] - x, a[:, 1] - y), a[:, 2], float(depth), index) for a in (tx_m, rx_m))


def bound(
    tx_m: np.ndarray,
    rx_m: np.ndarray,
    place_m: np.ndarray,
    permittivity: float,
    frequency_hz: np.ndarray,
    *,
    position_std_m: tuple[float, float, float] = (0.0, 0.0, 0.0),
    roundness: bool = False,
) -> float:
    """Cramér-Rao bound of ln(eps)."""
    at = np.concatenate([[math.log(permittivity)], place_m])

    def path(q: np.ndarray) -> np.ndarray:
        return path_m(tx_m, rx_m, q[1:], q[0])

    step = 1e-5
    slope = np.stack([(path(at + step * e) - path(at - step * e)) / (2 * step) for e in np.eye(4)])
    middle = 0.5 * (tx_m + rx_m)
    if roundness:
        slope = np.concatenate([slope, np.sum((middle[:, :2] - place_m[:2]) ** 2, axis=1)[None]])
    moved = [(path_m(tx_m + step * e, rx_m + step * e, place_m, at[0]) - path(at)) / step for e in np.eye(3)]
    error2 = sum((s * m) ** 2 for s, m in zip(position_std_m, moved, strict=True))
    k = 2 * np.pi * frequency_hz / SPEED_M_S
    gain = 2 * (SIGNAL_TO_NOISE * fading(tx_m, rx_m, place_m)) ** 2  # information on the phase of one tone
    columns = np.zeros((len(slope) + 1, tx_m.shape[0], k.size))
    columns[:-1] = k * slope[:, :, None]
    columns[-1] = 1.0  # the echo's phase; its amplitude is told by the other quadrature
    information = np.einsum("s,psk,qsk->pq", gain, columns, columns)
    along = np.einsum("s,psk,k->sp", gain, columns, k)
    loss = error2 / (1 + error2 * gain * float(k @ k))  # a Gaussian path error per sounding, integrated out
    information -= np.einsum("s,sp,sq->pq", loss, along, along)
    scale = np.sqrt(np.diag(information))
    return float(np.sqrt(np.linalg.inv(information / np.outer(scale, scale))[0, 0]) / scale[0])


def fading(tx_m: np.ndarray, rx_m: np.ndarray, place_m: np.ndarray) -> np.ndarray:
    """Amplitude over that straight above: both legs, each with its length and its cosine from the vertical."""
    out = np.ones(len(tx_m))
    for a in (tx_m, rx_m):
        down = a[:, 2] + place_m[2]
        out = out * down**2 / (down**2 + np.sum((a[:, :2] - place_m[:2]) ** 2, axis=1))
    return out


def rows(permittivity: float) -> list[tuple[float, float, float, float]]:
    """Depth and three bounds: noise alone, with the track's error, and with roundness."""
    from dualsense.io import read_scan
    from dualsense.survey import track_at

    scan = read_scan(SAMPLES / "pmn_sand.h5")
    head = track_at(scan.pose, scan.gpr.time_s, smoothing_s=0.1).position_m
    frequency = scan.gpr.frequency_hz[::4]
    centre = np.append(np.median(head[:, :2], axis=0), 0.0)
    head = head[np.hypot(*(head - centre)[:, :2].T) < REACH_M]
    tx, rx = head + scan.gpr.tx_position_m[0], head + scan.gpr.rx_position_m[0]
    out = []
    for depth in DEPTHS_M:
        place = centre + np.array([0.0, 0.0, depth])
        track = {"position_std_m": POSITION_STD_M}
        options = ({}, track, track | {"roundness": True})
        values = [bound(tx, rx, place, permittivity, frequency, **o) for o in options]
        out.append((depth, *values))
    return out


def found_in_samples() -> list[tuple[str, float, float, float]]:
    """Each sample: name, true permittivity, the program's and its standard deviation."""
    from dualsense.chain import process_scan
    from dualsense.io import read_scan

    out = []
    for path in sorted(SAMPLES.glob("*.h5")):
        scan = read_scan(path)
        result = process_scan(scan)
        truth = float(scan.truth.scene["relative_permittivity"])
        out.append((path.stem, truth, result.relative_permittivity, result.relative_permittivity_std))
    return out


def run() -> dict[str, float]:
    """Bounds of ln(eps) at eps 4 and 9, and the error of every sample in parts of the truth."""
    measured = {}
    for eps in (4.0, 9.0):
        for depth, *values in rows(eps):
            names = ("noise", "track", "track_and_roundness")
            for name, value in zip(names, values, strict=True):
                measured[f"bound_ln_eps_{eps:g}_at_{100 * depth:.0f}_cm_{name}_1"] = value
    for name, truth, value, std in found_in_samples():
        measured[f"error_of_{name}_1"] = value / truth - 1.0
        measured[f"std_of_{name}_1"] = std / value
    return measured


def main() -> None:
    """Print both tables."""
    print("bound of ln(eps)   noise      track     and roundness")
    for eps in (4.0, 9.0):
        for depth, *values in rows(eps):
            print(f"eps {eps:g}, {100 * depth:.0f} cm:  " + "   ".join(f"{v:8.3f}" for v in values))
    for name, truth, value, std in found_in_samples():
        print(f"{name:18s} {truth:4.1f}  {value:5.2f} ± {std:4.2f}  {100 * (value / truth - 1):+5.1f} %")


if __name__ == "__main__":
    main()
