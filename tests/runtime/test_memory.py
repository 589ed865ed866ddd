"""What is freed goes back to the system, where the C library can be told so."""

from __future__ import annotations

import ctypes
import gc
import subprocess
import sys

import pytest

from dualsense.runtime import memory

ROUNDS = """
import sys
import numpy as np
from dualsense.runtime import memory

def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6

if sys.argv[1] == "little":
    memory.hold_little()
before = resident_mb()
for _ in range(2):  # from the second round on arrays would lie on the heap
    arrays = [np.ones(20 * 2**17) for _ in range(10)]
    last = np.ones(10000)
    del arrays
after = resident_mb()
memory.give_back()
print(after - before, resident_mb() - before)
"""


def freed(how):
    done = subprocess.run([sys.executable, "-c", ROUNDS, how], check=True, stdout=subprocess.PIPE, text=True)
    return [float(word) for word in done.stdout.split()]


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or not hasattr(ctypes.CDLL(None), "mallopt"), reason="a setting of glibc"
)
def test_freed_arrays_go_back_at_once_or_when_that_is_asked_for():
    held_mb, then_mb = freed("as it is")
    assert held_mb > 160.0
    assert then_mb < 10.0
    little_mb, _ = freed("little")
    assert little_mb < 10.0


@pytest.mark.parametrize("enabled", (True, False))
def test_what_is_made_uncollected_is_not_looked_through_later(enabled):
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        frozen = gc.get_freeze_count()
        with memory.uncollected():
            assert not gc.isenabled()
            made = [[] for _ in range(1000)]
        assert gc.isenabled() is enabled
        assert gc.get_freeze_count() >= frozen + len(made)
    finally:
        gc.unfreeze()
        (gc.enable if before else gc.disable)()


def test_garbage_is_looked_for_again_when_something_fails():
    with pytest.raises(LookupError), memory.uncollected():
        raise LookupError
    assert gc.isenabled()
    gc.unfreeze()
