"""Linear fits that grow, also with more columns than rows and with columns that bring nothing new."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.emi._joint.span import Span


def grown(data, *blocks):
    span = Span.nothing(data)
    for block in blocks:
        span = span.joined(block.copy())
    return span


@pytest.mark.parametrize("sizes", ((4, 3), (4, 6), (4, 8), (12,), (6, 6, 6)))
def test_what_is_left_is_that_of_least_squares(sizes):
    rng = np.random.default_rng(5)
    data = rng.normal(size=(2, 10))
    blocks = [rng.normal(size=(n, 10)) for n in sizes]
    columns = np.concatenate(blocks).T
    span = grown(data, *blocks)
    expected = data.T - columns @ np.linalg.lstsq(columns, data.T, rcond=1e-12)[0]
    np.testing.assert_allclose(span.rest.T, expected, atol=1e-9)
    own = np.concatenate(span.blocks)
    used = own[(own**2).sum(axis=1) > 0.5]
    np.testing.assert_allclose(used @ used.T, np.eye(len(used)), atol=1e-9)
    coefficients = span.coefficients(0.0)
    np.testing.assert_allclose(data.T - columns @ coefficients, expected, atol=1e-7)


def test_a_column_that_is_there_already_changes_nothing():
    rng = np.random.default_rng(6)
    data, first = rng.normal(size=(3, 40)), rng.normal(size=(5, 40))
    again = np.concatenate([first[2:4], rng.normal(size=(1, 40)), 2.0 * first[:1]])
    one, both = grown(data, first), grown(data, first, again)
    fresh = grown(data, first, again[2:3])
    np.testing.assert_allclose(both.rest, fresh.rest, atol=1e-9)
    assert one.misfit() > both.misfit()
    assert np.isfinite(both.coefficients(1e-4)).all()
