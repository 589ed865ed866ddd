"""How long a 1 m² scan takes to read, to summarise and to write.

The scan is what a head makes that sweeps a square metre in lines 2 cm apart: 5,000 radar soundings of 121 tones,
20,000 readings of three induction frequencies, 30,000 poses.
"""

from __future__ import annotations

import json
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dualsense.io import read_scan, write_scan
from dualsense.scan import EmiData, GprData, Pose, Scan, ScanHeader

if TYPE_CHECKING:
    from collections.abc import Callable

SOUNDINGS, TONES, READINGS, POSES = 5000, 121, 20000, 30000
DURATION_S = 300.0


def square_metre() -> Scan:
    """Noise of the size of a 1 m² scan; noise is what compression handles worst."""
    chance = np.random.default_rng(0)
    time_s = np.linspace(0.0, DURATION_S, POSES)
    position = np.column_stack([time_s % 1.0, time_s / DURATION_S, 0.04 + 0.005 * np.sin(time_s)])

    def noise(n: int, k: int, dtype: Any) -> Any:
        return (chance.normal(size=(n, k)) + 1j * chance.normal(size=(n, k))).astype(dtype)

    place, radius, turns = np.zeros((1, 3)), np.full(1, 0.1), np.ones(1)
    gpr = GprData(
        modality="sfcw",
        time_s=np.linspace(0.0, DURATION_S, SOUNDINGS),
        data=noise(SOUNDINGS, TONES, np.complex64),
        tx_position_m=place,
        rx_position_m=place,
        channel=np.zeros(SOUNDINGS, np.intp),
        frequency_hz=np.linspace(0.8e9, 3.2e9, TONES),
    )
    emi = EmiData(
        modality="frequency",
        time_s=np.linspace(0.0, DURATION_S, READINGS),
        data=noise(READINGS, 3, np.complex128),
        tx_radius_m=radius,
        rx_radius_m=radius,
        tx_position_m=place,
        rx_position_m=place,
        tx_turns=turns,
        rx_turns=turns,
        channel=np.zeros(READINGS, np.intp),
        frequency_hz=np.array([2400.0, 9600.0, 38400.0]),
    )
    return Scan(ScanHeader("bench", "2026-01-01T00:00:00Z", "noise"), Pose(time_s, position), gpr, emi)


def best_ms(action: Callable[[], Any], repeats: int = 7) -> float:
    """Fastest of some runs, in milliseconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return round(1e3 * min(times), 2)


def run() -> dict[str, float]:
    """Time reading, opening for a summary, and writing.

    Returns
    -------
    dict
        Milliseconds (best of seven, the file in the page cache) and sizes, with and without compression.
    """
    scan = square_metre()
    result: dict[str, float] = {"soundings": SOUNDINGS, "tones": TONES, "readings": READINGS, "poses": POSES}
    kinds: tuple[tuple[str, Literal["gzip"] | None], ...] = (("plain", None), ("gzip", "gzip"))
    with tempfile.TemporaryDirectory() as folder:
        for label, kind in kinds:
            path = Path(folder) / f"{label}.h5"
            write = partial(write_scan, scan, path, overwrite=True, compression=kind)
            result[f"{label}_write_ms"] = best_ms(write, 3)
            result[f"{label}_file_bytes"] = path.stat().st_size
            result[f"{label}_read_ms"] = best_ms(partial(read_scan, path))
            result[f"{label}_summary_ms"] = best_ms(partial(read_scan, path, with_data=False))
    return result


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
