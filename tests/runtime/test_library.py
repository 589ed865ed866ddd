"""A kernel gives the same bytes whether it or what it calls was just compiled or kept, and whatever ran before."""

from __future__ import annotations

import subprocess
import sys

import numba
import pytest

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")

INNER = """
import numpy as np
from dualsense.runtime.jit import jit

@jit()
def edges(a, out, since):
    for i in range(a.shape[0]):
        for j in range(i + 1):
            total = 0.0
            for k in range(since, a.shape[1]):
                total += a[i, k] * a[j, k] / (1.0 + a[i, k] * a[i, k])
            out[i, j] += total

@jit()
def products(a, out):
    out[:] = 0.0
    whole = a.shape[1] // 4 * 4
    for i in range(a.shape[0]):
        for j in range(i + 1):
            s0, s1 = 0.0, 0.0
            for k in range(0, whole, 4):
                s0 += a[i, k] * a[j, k] + a[i, k + 1] * a[j, k + 1]
                s1 += a[i, k + 2] * a[j, k + 2] + a[i, k + 3] * a[j, k + 3]
            out[i, j] = s0 + s1
    edges(a, out, whole)
"""
OUTER = """
import numba
import numpy as np
from dualsense.rooms.inner import products
from dualsense.runtime.jit import jit

@jit()
def outer(a):
    first, second = np.empty((a.shape[0], a.shape[0])), np.empty((a.shape[0], a.shape[0]))
    products(a, first)
    products(a[:, 1:].copy(), second)
    return first - second

@jit(parallel=True)
def spread(a):
    out = np.empty((4, a.shape[0], a.shape[0]))
    for n in numba.prange(4):
        products(a[:, n:].copy(), out[n])
    return out
"""
PROGRAM = """
import hashlib, sys
import numpy as np
sys.path.insert(0, {folder!r})
import dualsense
dualsense.__path__.append({folder!r} + "/extra")
from dualsense.rooms import inner, outer
draw = np.random.default_rng(1)
scans = [draw.normal(size=(9, 201 + n)) for n in range(8)]
out = np.zeros((9, 9))

def alone(a):
    inner.products(a, out)
    return out.copy()

ways = {{"products": alone, "outer": outer.outer, "spread": outer.spread}}
for name in sys.argv[1:]:
    digest = hashlib.sha256(b"".join(ways[name](a).tobytes() for a in scans)).hexdigest()
    kernel = getattr(inner, name, None) or getattr(outer, name)
    print(name, digest, "compiled" if kernel.stats.cache_misses else "kept")
"""


@pytest.fixture
def package(tmp_path):
    """Kernels that call one another, in a folder of their own where nothing is compiled."""
    rooms = tmp_path / "extra" / "rooms"
    rooms.mkdir(parents=True)
    (rooms / "__init__.py").touch()
    (rooms / "inner.py").write_text(INNER, encoding="utf-8")
    (rooms / "outer.py").write_text(OUTER, encoding="utf-8")
    return tmp_path


def results(package, *names, before=""):
    """Call kernels in this order in a process of its own: each one's bytes, and which were compiled in it."""
    code = before + PROGRAM.format(folder=str(package))
    done = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    return {name: digest for name, digest, _ in lines}, {name for name, _, how in lines if how == "compiled"}


def forget(package, *kernels):
    """Take what is kept of kernels away."""
    for kernel in kernels:
        kept = list((package / "extra" / "rooms" / "__pycache__").glob(f"*.{kernel}-*"))
        assert kept
        for path in kept:
            path.unlink()


def test_the_first_run_gives_the_bytes_of_every_later_one(package):
    expected, compiled = results(package, "spread", "outer", "products")
    assert compiled == {"spread", "outer", "products"}
    assert results(package, "spread", "outer", "products") == (expected, set())
    assert results(package, "outer", "spread", "products") == (expected, set())  # each loads its own copies first
    assert results(package, "products", "outer", "spread") == (expected, set())
    numbas = "import sys\nsys.modules['dualsense.runtime.linked'] = None\n"
    assert results(package, "spread", "outer", "products", before=numbas) == (expected, set())


def test_what_is_called_may_have_been_kept_or_be_compiled_alongside(package):
    expected, _ = results(package, "products", "outer", "spread")
    forget(package, "spread", "outer")  # what they call is kept
    assert results(package, "outer", "spread", "products") == (expected, {"spread", "outer"})
    forget(package, "products", "edges")  # what calls them is kept
    assert results(package, "spread", "outer", "products") == (expected, {"products"})
