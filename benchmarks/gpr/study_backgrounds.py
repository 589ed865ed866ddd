"""How well each background filter brings out hyperbolas that people drew, on a real radargram.

    python -m benchmarks.gpr.study_backgrounds [--data FOLDER] [--json FILE]

The iRadar files hold a B-scan with its surface echo, one without, one as its authors filter it, and a hand-drawn
mask of the hyperbolas in each. Told is the probability that a pixel inside the mask is stronger than one outside
(AUC), for the absolute value and for the envelope over time. The scans have no metric scale: windows are told in
traces, and each is tried at several widths, so that the best of a method is chosen with the mask in view. One
radargram ranks methods on itself. Nothing is random. Where the files are absent it says so and ends with 0.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = ROOT.parent / "shared" / "data" / "iradar"
SAMPLE_S, TRACE_M = 1e-10, 0.01
"""Taken for the scale, which the files do not tell: filters know no traces, only metres and seconds."""
RADII, RANKS = (6, 12, 25, 50), (1, 2, 3)
SLOWNESSES = (0.5, 1.0, 2.0)
"""Of the fan about flat echoes that is taken out, in samples per trace."""


def auc(values: np.ndarray, inside: np.ndarray) -> float:
    """Give the probability that a value inside is above one outside; ties count half.

    Parameters
    ----------
    values, inside
        Of the same shape.
    """
    from scipy.stats import rankdata

    ranks, count = rankdata(values.ravel()), int(inside.sum())
    above = ranks[inside.ravel()].sum() - 0.5 * count * (count + 1)
    return float(above / (count * (inside.size - count)))


def both(image: np.ndarray, inside: np.ndarray) -> tuple[float, float]:
    """Give the AUC of the absolute value and of the envelope; rows of the image are samples."""
    from scipy.signal import hilbert

    return auc(np.abs(image), inside), auc(np.abs(hilbert(image, axis=0)), inside)


def filtered(image: np.ndarray, **options: Any) -> np.ndarray:
    """Take the background out of a B-scan (samples, traces) by the chain's own step.

    Parameters
    ----------
    options
        Of `dualsense.gpr.remove_background`, or ``fan_s_m`` for the fan filter.
    """
    from dualsense import gpr

    soundings, surface = _soundings(image)
    fan_s_m = options.pop("fan_s_m", None)
    if fan_s_m is not None:
        left = gpr.fk_fan(soundings, low_s_m=0.0, high_s_m=fan_s_m)
    else:
        left = gpr.remove_background(soundings, surface, along_m=soundings.tx_m[:, 0], **options)
    whole = np.zeros((image.shape[1], image.shape[0] // 2 + 1), np.complex128)
    whole[:, 1 : 1 + left.frequency_hz.size] = left.spectrum
    return np.fft.irfft(whole, image.shape[0], axis=1).T


def _soundings(image: np.ndarray) -> tuple[Any, Any]:
    """Make soundings of a B-scan, with the ground just below the antennas and no surface taken out."""
    from dualsense import gpr

    samples, count = image.shape
    spectrum = np.fft.rfft(image.T - image.mean(), axis=1)
    tones = np.arange(1, (samples + 1) // 2)  # neither the mean nor the last one of an even number, which is real
    place_m = np.column_stack([TRACE_M * np.arange(count), np.zeros((count, 2))])
    soundings = gpr.Soundings(
        time_s=np.arange(count, dtype=np.float64),
        frequency_hz=tones / (samples * SAMPLE_S),
        spectrum=np.ascontiguousarray(spectrum[:, tones]),
        tx_m=place_m,
        rx_m=place_m,
        channel=np.zeros(count, np.intp),
        position_std_m=np.zeros((count, 3)),
    )
    flat = np.zeros(count)
    return soundings, gpr.Surface(flat, flat, np.ones_like(soundings.spectrum), flat, fitted=False)


def settings(inside: np.ndarray) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give every method with its settings: name, setting, options."""
    yield "none", "", {"method": "none"}
    yield "mean", "", {"method": "mean"}
    yield "median", "", {"method": "median"}
    for method in ("moving-mean", "moving-median"):
        for radius in RADII:
            yield method, f"{radius} traces", {"method": method, "radius_m": TRACE_M * radius}
    for radius in RADII:
        yield "line-median", f"{radius} traces", {"method": "line-median", "line_radius_m": TRACE_M * radius}
    yield "svd", "auto", {"method": "svd"}
    for rank in RANKS:
        yield "svd", f"rank {rank}", {"method": "svd", "rank": rank}
    yield "robust-pca", "", {"method": "robust-pca"}
    for step in SLOWNESSES:
        yield "fk fan", f"{step:g} samples a trace", {"fan_s_m": step * SAMPLE_S / TRACE_M}
    first, last = _empty(inside)
    if last > first:
        stretch = {"reference_start_s": float(first), "reference_stop_s": float(last)}
        yield "reference", f"traces {first} to {last}, by the mask", {"method": "reference", **stretch}


def _empty(inside: np.ndarray) -> tuple[int, int]:
    """Give the first and last trace of the longest stretch in which the mask marks least."""
    marked = inside.mean(axis=0)
    low = marked <= np.quantile(marked, 0.1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], low, [False]]).astype(int)))
    first, after = max(zip(edges[::2], edges[1::2], strict=True), key=lambda one: one[1] - one[0])
    return int(first), int(after) - 1


def rows(folder: Path) -> list[dict[str, Any]]:
    """Measure every method on the B-scan with its surface echo, and what its authors give beside it."""
    with np.load(folder / "raw_clutter.npz", allow_pickle=False) as held:
        image, inside = held["img"].astype(np.float64), held["mask"]
    found = []
    for method, setting, options in settings(inside):
        value, envelope = both(filtered(image, **options), inside)
        found.append({"method": method, "setting": setting, "absolute": value, "envelope": envelope})
    theirs = {"raw": "its authors' scan without the surface echo", "preprocess": "as its authors filter it"}
    for name, what in theirs.items():
        with np.load(folder / f"{name}.npz", allow_pickle=False) as held:
            value, envelope = both(held["img"].astype(np.float64) - held["img"].mean(), held["mask"])
        found.append({"method": what, "setting": "", "absolute": value, "envelope": envelope})
    return found


def table(found: list[dict[str, Any]]) -> str:
    """Write rows as Markdown."""
    lines = ["| method | setting | absolute value | envelope |", "|---|---|---|---|"]
    lines += [f"| {r['method']} | {r['setting']} | {r['absolute']:.3f} | {r['envelope']:.3f} |" for r in found]
    return "\n".join(lines)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=FOLDER)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if not (given.data / "raw_clutter.npz").is_file():
        print(f"skipped: no raw_clutter.npz in {given.data}, whose licence keeps it out of the repository")
        return 0
    found = rows(given.data)
    print(table(found))
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
