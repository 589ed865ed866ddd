"""Compiled code is kept where it can be, read where it was installed, and never old or broken."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HOUSE = """
from dualsense.runtime.jit import jit

{0}

@jit()
def outer(x):
    return inner(x) + 1.0
"""
INNER = """
from dualsense.runtime.jit import jit

@jit()
def inner(x):
    return {0} * x
"""
READ_ONLY = """
from pathlib import Path
touch = Path.touch

def refuse(path):
    if str(path).startswith({beside!r}):
        raise OSError(30, "Read-only file system")
    touch(path)

Path.touch = refuse
"""
PROGRAM = """
import sys
sys.path.insert(0, {folder!r})
import dualsense
dualsense.__path__.append({folder!r} + "/extra")
from dualsense.rooms.outer import outer
value = outer(3.0)
print(value, "compiled" if outer.stats.cache_misses else "kept", outer.stats.cache_path)
"""


@pytest.fixture
def package(tmp_path):
    """Two modules of the package, in a folder of their own, one of which calls the other."""
    rooms = tmp_path / "extra" / "rooms"
    rooms.mkdir(parents=True)
    (rooms / "__init__.py").touch()
    (rooms / "inner.py").write_text(INNER.format("2.0"), encoding="utf-8")
    (rooms / "outer.py").write_text(HOUSE.format("from dualsense.rooms.inner import inner"), encoding="utf-8")
    (tmp_path / "home").mkdir()
    return tmp_path


def told(package, before="", **variables):
    """Call the outer kernel in a process of its own: its value, whether it was compiled, and where it is kept."""
    environment = {**os.environ, "HOME": str(package / "home"), **variables}
    environment.pop("XDG_CACHE_HOME", None)
    code = before + PROGRAM.format(folder=str(package))
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    value, how, where = done.stdout.split(maxsplit=2)
    return float(value), how, where.strip()


def block(folder):
    """Make a folder that nobody can write to, the superuser included: a file of its name stands there."""
    folder.touch()


def test_code_is_kept_beside_the_code(package):
    beside = str(package / "extra" / "rooms" / "__pycache__")
    assert told(package) == (7.0, "compiled", beside)
    assert told(package) == (7.0, "kept", beside)


def test_a_change_of_a_kernel_reaches_those_that_call_it(package):
    told(package)
    (package / "extra" / "rooms" / "inner.py").write_text(INNER.format("5.0"), encoding="utf-8")
    assert told(package)[:2] == (16.0, "compiled")
    assert told(package)[:2] == (16.0, "kept")


def test_an_installation_that_cannot_be_written_uses_the_cache_of_the_user(package):
    block(package / "extra" / "rooms" / "__pycache__")
    value, how, where = told(package, PYTHONDONTWRITEBYTECODE="1")
    assert (value, how) == (7.0, "compiled")
    assert where.startswith(str(package / "home"))
    assert told(package, PYTHONDONTWRITEBYTECODE="1") == (7.0, "kept", where)


def test_what_was_compiled_at_installation_is_read_where_it_cannot_be_written(package):
    told(package)
    beside = package / "extra" / "rooms" / "__pycache__"
    before = READ_ONLY.format(beside=str(beside))
    value, how, where = told(package, before)
    assert (value, how) == (7.0, "kept")
    assert where.startswith(str(package / "home"))
    assert told(package, before, HOME="/proc/nowhere") == (7.0, "kept", str(beside))


def test_without_any_place_it_is_compiled_each_time(package):
    block(package / "extra" / "rooms" / "__pycache__")
    for _ in range(2):
        assert told(package, HOME="/proc/nowhere", PYTHONDONTWRITEBYTECODE="1") == (7.0, "compiled", "None")


@pytest.mark.parametrize("ending", ("nbi", "nbc"))
def test_half_a_file_is_compiled_again(package, ending):
    told(package)
    beside = package / "extra" / "rooms" / "__pycache__"
    for path in beside.glob(f"outer*.{ending}"):
        path.write_bytes(path.read_bytes()[:20] if ending == "nbc" else b"")
    assert told(package)[:2] == (7.0, "compiled")
    assert told(package)[:2] == (7.0, "kept")


CALLED = """
import numpy as np
from dualsense.runtime.jit import jit

@jit()
def whole(x):
    if x < 0:
        raise ValueError("below zero by", x)
    return np.full(3, x)

@jit()
def counted(n):
    total = 0.0
    for i in range(n):
        total += whole(float(i))[1:].sum()
    return total
"""
CALLS = """
import sys
sys.path.insert(0, {folder!r})
import dualsense
dualsense.__path__.append({folder!r} + "/extra")
from dualsense.rooms import called
values = [called.whole(2.0) for _ in range(100)]
try:
    called.whole(-1.0)
except ValueError as error:
    print(*values[-1], *error.args)
awake = "numba.np.npyimpl" in sys.modules
print(called.counted(4), "awake" if awake else "asleep", end=" ")
print("compiled" if called.counted.stats.cache_misses else "kept")
"""


@pytest.mark.parametrize("change", ("link.link = None", "sys.modules['dualsense.runtime.linked'] = None"))
def test_a_numba_with_other_insides_links_by_its_own_way(package, change):
    first = told(package)
    assert first[1] == "compiled"
    before = f"import sys\nimport dualsense.runtime.linked as link\n{change}\n"
    assert told(package, before) == (first[0], "kept", first[2])


def test_what_is_kept_runs_without_the_compiler_and_can_be_taken_into_what_is_compiled(package):
    (package / "extra" / "rooms" / "called.py").write_text(CALLED, encoding="utf-8")

    def lines():
        code = CALLS.format(folder=str(package))
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    said = "2.0 2.0 2.0 below zero by -1.0"
    assert lines() == [said, "12.0 awake compiled"]
    assert lines() == [said, "12.0 asleep kept"]
    for path in (package / "extra" / "rooms" / "__pycache__").glob("called.counted*"):
        path.unlink()
    assert lines() == [said, "12.0 asleep compiled"]
    assert lines() == [said, "12.0 asleep kept"]


def test_numba_can_name_the_file_of_what_it_does_not_keep():
    from dualsense.runtime.compiled import _Place

    place = _Place.from_function(test_numba_can_name_the_file_of_what_it_does_not_keep, __file__)
    assert place is not None
    assert place._py_file == __file__
