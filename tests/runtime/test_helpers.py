"""Threads beside this one: as many as are allowed, and none where that is one."""

from __future__ import annotations

import sys
import threading
from types import SimpleNamespace

import pytest

from dualsense.runtime.helpers import allowed_threads, helpers


@pytest.mark.parametrize("allowed", (1, 2))
def test_only_with_a_second_thread_something_is_done_beside(monkeypatch, allowed):
    monkeypatch.setitem(sys.modules, "numba", SimpleNamespace(get_num_threads=lambda: allowed))
    with helpers(2) as begin:
        futures = [begin(threading.get_ident) for _ in range(3)]
    own = {future.result() == threading.get_ident() for future in futures}
    assert own == {allowed == 1}


@pytest.mark.parametrize(("given", "count"), (("3", 3), ("0", 1)))
def test_without_numba_its_variable_tells(monkeypatch, given, count):
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.setenv("NUMBA_NUM_THREADS", given)
    assert allowed_threads() == count


def test_what_goes_wrong_is_raised(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", SimpleNamespace(get_num_threads=lambda: 1))
    with pytest.raises(ZeroDivisionError), helpers(1) as begin:
        begin(lambda: 1 // 0).result()
