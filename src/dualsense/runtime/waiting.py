"""How threads of kernels wait for each other."""

from __future__ import annotations

import os


def wait_asleep() -> None:
    """Let threads of kernels sleep while they wait for the others; for programs, before any kernel is loaded.

    GNU's OpenMP has them ask again and again for a while, so that the next loop begins some microseconds sooner.
    While both sensors are processed beside each other on two cores, that takes time from who could use it: of
    small scans a quarter of the processor's time went there. Whoever sets OpenMP's own variable is heeded.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
