"""Sample scans and what the chain makes of them, shared by the tests of a process."""

from __future__ import annotations

from functools import cache, partial

import pytest

from dualsense.chain import StepCache, process_scan
from dualsense.io import read_scan


@pytest.fixture(scope="session")
def process():
    """`process_scan`, which takes no step twice for the same samples and parameters: test_steps holds it to that.

    For tests of what comes out, not of whether a step is taken.
    """
    return partial(process_scan, cache=StepCache())


@pytest.fixture(scope="session")
def sample(sample_dir, process):
    """A sample scan by its name, and what the chain makes of it."""

    @cache
    def of(name):
        scan = read_scan(sample_dir / f"{name}.h5")
        return scan, process(scan)

    return of
