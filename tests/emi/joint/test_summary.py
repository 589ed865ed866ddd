"""What each dipole of a joint fit tells of itself."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from dualsense.emi._joint import summary
from dualsense.emi._joint.span import Span


def fit_of(*, alike: float) -> SimpleNamespace:
    """A fit of ground and of two dipoles, the second with one coefficient and nearly the first one's column."""
    rng = np.random.default_rng(4)
    weight, data = rng.uniform(0.2, 1.0, 90), rng.normal(size=(2, 90))
    columns = [1e-3 * rng.normal(size=(q, 90)) for q in (6, 1)]
    columns[1][0] = columns[0][2] + alike * columns[1][0]
    ground = Span.nothing(data).joined(rng.normal(size=(5, 90)) * weight)

    def beside(sources):
        return ground.joined(np.concatenate([one.columns for one in sources]) * weight)

    sources = [SimpleNamespace(columns=own, kind=SimpleNamespace(full=len(own) == 6)) for own in columns]
    return SimpleNamespace(sources=sources, weight=weight, span=beside(sources), beside=beside)


@pytest.mark.parametrize("alike", (1.0, 1e-3, 1e-8))
def test_a_dipole_has_what_neither_ground_nor_others_could_explain(alike):
    fit = fit_of(alike=alike)
    for gram, plain in zip(summary._own_grams(fit), [summary._own_gram(fit, n) for n in (0, 1)], strict=True):
        np.testing.assert_allclose(gram, plain, rtol=1e-6, atol=1e-8 * np.abs(plain).max())
