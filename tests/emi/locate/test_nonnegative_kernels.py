"""Least squares without negative coefficients are SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import nnls

from dualsense.emi._locate._nonnegative_kernels import nonnegative

pytestmark = pytest.mark.kernel


def test_coefficients_are_those_of_scipy():
    rng = np.random.default_rng(5)
    for rows in (9, 12):
        columns, values = rng.random((rows, 9)) ** 3, rng.normal(size=(40, rows))
        values[:3] = columns @ rng.random(9)  # all of them
        values[3] = -columns.sum(axis=1)  # none
        out = np.empty((40, 9))
        nonnegative(np.ascontiguousarray(columns.T), values, out)
        assert (out >= 0.0).all()
        np.testing.assert_allclose(out, [nnls(columns, one)[0] for one in values], atol=1e-8)


def test_with_more_columns_than_values_what_can_be_fitted_is():
    rng = np.random.default_rng(6)
    columns, values = rng.random((6, 27)), rng.random((50, 6))
    out = np.empty((50, 27))
    nonnegative(np.ascontiguousarray(columns.T), values, out)
    left = [nnls(columns, one)[1] for one in values]
    np.testing.assert_allclose(np.linalg.norm(values - out @ columns.T, axis=1), left, atol=1e-9)
    assert (np.count_nonzero(out, axis=1) <= 6).all()
