"""What soundings are weighed by."""

from __future__ import annotations

import numpy as np

from dualsense.gpr._migrate.weights import inverse_density


def test_density_counts_the_soundings_around_each():
    rng = np.random.default_rng(3)
    xy = rng.random((700, 2))
    xy[600:] = xy[0]  # a head that rests
    square = ((xy[:, None] - xy[None]) ** 2).sum(axis=2)
    weight = np.where(square <= (3.0 * 0.04) ** 2, np.exp(-square / (2.0 * 0.04**2)), 0.0)
    np.testing.assert_allclose(inverse_density(xy, 0.04), 1.0 / weight.sum(axis=1), rtol=1e-12)
