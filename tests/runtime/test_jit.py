"""Kernels compile also where no cache can be written, and all of them are known by name."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from dualsense.runtime import jit as _numba
from dualsense.runtime.compiled import CompiledCache, _Place
from dualsense.runtime.compiling import told_of_compilation


def double(x):
    return 2.0 * x


def test_without_a_place_for_the_cache_kernels_are_compiled_all_the_same(monkeypatch):
    monkeypatch.setattr(_numba, "CACHE", True)
    monkeypatch.setattr(_Place, "from_function", lambda _function, _path: None)
    assert _numba.jit()(double)(3.0) == pytest.approx(6.0)


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
def test_kernels_have_our_cache_and_are_known_by_name(monkeypatch):
    monkeypatch.setattr(_numba, "CACHE", True)
    monkeypatch.setattr(_numba, "KERNELS", {})
    kernel = _numba.jit()(double)
    assert isinstance(kernel._cache, CompiledCache)
    assert list(_numba.KERNELS.values()) == [kernel]
    assert next(iter(_numba.KERNELS)).endswith("test_jit:double")


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
def test_compilation_is_told(monkeypatch):
    monkeypatch.setattr(_numba, "CACHE", False)
    monkeypatch.setattr("dualsense.runtime.compiling.PATIENCE_S", 0.0)
    told = []
    with told_of_compilation(told.append):
        kernel = _numba.jit()(double)
        kernel(3.0)
        kernel(4.0)
        kernel(1)
    assert told == [0, 1]


def quotient(a, b):
    return a / b


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
@pytest.mark.parametrize("inner_checks", (True, False))
def test_a_kernel_checks_divisions_as_itself_says_whoever_calls_it_first(monkeypatch, inner_checks):
    monkeypatch.setattr(_numba, "CACHE", False)
    inner = _numba.jit(checked_division=inner_checks)(quotient)

    @_numba.jit(checked_division=not inner_checks)
    def outer(a, b):
        return inner(a, b)

    for kernel in (outer, inner):
        if inner_checks:
            with pytest.raises(ZeroDivisionError):
                kernel(1.0, 0.0)
        else:
            assert kernel(1.0, 0.0) == np.inf


def test_fast_math_leaves_nan_alone():
    assert not {"nnan", "ninf", "fast"} & _numba.FASTMATH
