"""What is compiled ahead is what processing asks for: no kernel more, none less."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from numba.core import types

from dualsense.errors import DualsenseError, UsageError
from dualsense.runtime import jit, warmup

ROOT = Path(__file__).resolve().parents[2]
compiled_only = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT) or not jit.CACHE, reason="nothing is compiled, or nothing kept"
)


@pytest.mark.parametrize(
    "value",
    (
        1,
        2.5,
        True,
        None,
        np.float32(1),
        1j,
        np.zeros(3),
        np.zeros((2, 3), np.complex64),
        np.asfortranarray(np.zeros((2, 3))),
        np.zeros((4, 4))[::2, ::2],
        np.zeros(3, np.intp),
        np.zeros((2, 2), bool),
        (1, 2.0, np.zeros(2)),
        (1.0, 2.0),
        ((1, 2), np.zeros((1, 1, 1), np.float32)),
    ),
)
def test_types_are_read_back_as_they_were_written(value):
    kind = numba.typeof(value)
    assert warmup.read_type(warmup.write_type(kind)) == kind


def test_arrays_that_cannot_be_written_stay_so():
    fixed = np.zeros((2, 3))
    fixed.flags.writeable = False
    kind = numba.typeof(fixed)
    assert warmup.write_type(kind) == "read-only float64[:, ::1]"
    assert warmup.read_type(warmup.write_type(kind)) == kind


def test_named_tuples_keep_their_class():
    from dualsense.emi._columns_kernels import RowCoils

    kind = numba.typeof(RowCoils(*(np.zeros((2, 3)) for _ in RowCoils._fields)))
    assert warmup.read_type(warmup.write_type(kind)) == kind


def test_a_type_without_words_is_refused():
    with pytest.raises(TypeError, match="no words for"):
        warmup.write_type(types.unicode_type)


@compiled_only
def test_every_kernel_of_the_list_exists_and_its_types_can_be_read():
    listed = warmup.listed_signatures()
    assert len(listed) > 20
    assert len({(kernel, str(signature)) for kernel, signature in listed}) == len(listed)
    for kernel, signature in listed:
        importlib.import_module(kernel.partition(":")[0])
        assert kernel in jit.KERNELS, f"{kernel} is gone: python -m benchmarks.signatures"
        assert all(isinstance(warmup.read_type(part), types.Type) for part in signature)


@compiled_only
@pytest.mark.slow
def test_the_list_holds_what_processing_asks_for(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])
    from benchmarks import signatures

    asked = signatures.asked("samples")
    listed = signatures.listed("samples")
    missing = {k: [s for s in v if s not in listed.get(k, [])] for k, v in asked.items()}
    gone = {k: [s for s in v if s not in asked.get(k, [])] for k, v in listed.items()}
    told = "python -m benchmarks.signatures makes the list anew"
    assert {k: v for k, v in missing.items() if v} == {}, told
    assert {k: v for k, v in gone.items() if v} == {}, told


@compiled_only
def test_a_kernel_that_cannot_be_compiled_is_named(monkeypatch):
    monkeypatch.setattr(warmup, "listed_signatures", lambda: (("dualsense.runtime.jit:nothing", ("float64",)),))
    with pytest.raises(DualsenseError, match=r"runtime\.jit:nothing: cannot be compiled: KeyError"):
        warmup.compile_listed(1)


@compiled_only
def test_progress_counts_what_is_ready(monkeypatch):
    first = warmup.listed_signatures()[:2]
    monkeypatch.setattr(warmup, "listed_signatures", lambda: first)
    told = []
    found = warmup.compile_listed(1, lambda one, done, total: told.append((one.kernel, done, total)))
    assert told == [(first[0][0], 1, 2), (first[1][0], 2, 2)]
    assert all(Path(one.folder).is_dir() for one in found)
    again = warmup.compile_listed(1)
    assert not any(one.anew for one in again)


def test_where_the_cache_is_off_there_is_nothing_to_warm_up(monkeypatch):
    monkeypatch.setattr(warmup, "CACHE", False)
    with pytest.raises(UsageError, match="DUALSENSE_NUMBA_CACHE=0"):
        warmup.compile_listed()
