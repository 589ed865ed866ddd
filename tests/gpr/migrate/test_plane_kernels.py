"""Spectra led back to space, against the sum as it is written down."""

import numpy as np
import pytest

from dualsense.gpr._migrate import _plane_kernels

pytestmark = pytest.mark.kernel


def plane(quadrants: np.ndarray, kx, ky, x, y) -> np.ndarray:
    """Sum of all four signs of (kx, ky), each wave by itself."""
    total = np.zeros((y.size, x.size), complex)
    for q in range(4):
        across = np.exp(1j * (1 - 2 * (q & 1)) * kx[:, None] * x)
        along = np.exp(1j * (1 - 2 * (q >> 1)) * ky[:, None] * y)
        total += along.T @ (quadrants[q, 0] + 1j * quadrants[q, 1]) @ across
    return total


@pytest.mark.parametrize("rows", (1, 4, 5))
@pytest.mark.parametrize("counts", ((1, 3), (3, 1), (4, 5)))
def test_planes_are_sums_of_waves(rows, counts):
    rng = np.random.default_rng(rows)
    ny, nx = counts
    ky, kx = 3.0 * np.arange(ny), 2.0 * np.arange(nx)
    y, x = 0.1 * np.arange(rows), 0.1 * np.arange(6)
    spectra = rng.standard_normal((2, 3, 4, 2, ny, nx))
    spectra[:, 1, 0, 0, 0, 0] += 9.0  # weights that are mostly positive
    waves = [f(k[:, None] * at) for k, at in ((kx, x), (ky, y)) for f in (np.cos, np.sin)]
    image = np.full((2, rows + 1, 8), np.nan, complex)
    fold, coherence = np.full((2, *image.shape), np.nan)
    _plane_kernels.to_space(spectra, *waves, 2.5, 1e-3, 1, 2, image, fold, coherence)
    for iz in range(2):
        mean, weight, energy = (plane(spectra[iz, f], kx, ky, x, y) for f in range(3))
        weight, energy = weight.real, energy.real
        reached = weight > 1e-3 * weight.max()
        assert reached.any()
        mean = np.where(reached, mean / weight, 0.0)
        power = np.abs(mean) ** 2 * weight * reached
        np.testing.assert_allclose(image[iz, 1:, 2:], 2.5 * mean, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(fold[iz, 1:, 2:], np.where(reached, weight, 0.0), rtol=1e-9, atol=1e-9)
        expected = np.where(power > 0, power / np.where(power > 0, np.maximum(energy, power), 1.0), 0.0)
        np.testing.assert_allclose(coherence[iz, 1:, 2:], expected, rtol=1e-9, atol=1e-9)
    assert np.isnan(image[:, 0]).all()
    assert np.isnan(fold[:, :, :2]).all()
