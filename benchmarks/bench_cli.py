"""How soon the command line answers: a new process each time, the best of five."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

SAMPLE = Path(__file__).resolve().parent.parent / "sample_data" / "pmn_sand.h5"


def run() -> dict[str, float]:
    """Wall times of the commands that nobody wants to wait for."""
    return {
        "help_s": _best("--help"),
        "info_s": _best("info", str(SAMPLE)),
        "recipe_s": _best("recipe"),
    }


def _best(*arguments: str) -> float:
    times = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "dualsense", *arguments], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    return min(times)


if __name__ == "__main__":
    print(run())
