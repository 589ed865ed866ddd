"""Kernels compile also where no cache can be written."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dualsense.runtime import jit as _numba


def double(x):
    return 2.0 * x


def test_without_a_place_for_the_cache_kernels_are_compiled_all_the_same(monkeypatch):
    real = _numba.numba.njit
    tried = []

    def no_place(function, *, cache, **options):
        tried.append(cache)
        if cache:
            msg = "cannot cache function: no locator available"
            raise RuntimeError(msg)
        return real(function, cache=False, **options)

    monkeypatch.setattr(_numba, "CACHE", True)
    monkeypatch.setattr(_numba, "numba", SimpleNamespace(njit=no_place))
    assert _numba.jit()(double)(3.0) == pytest.approx(6.0)
    assert tried == [True, False]


def test_fast_math_leaves_nan_alone():
    assert not {"nnan", "ninf", "fast"} & _numba.FASTMATH
