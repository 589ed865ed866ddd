"""Fields of short dipoles over ground, against quadrature, images and the limits of theory."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dualsense.gpr._soil.halfspace import _gauss, direct_field, mirrored_field, reflected_field
from oracles import sommerfeld

F = np.array([0.8e9, 1.7e9, 3.2e9])
H = np.array([0.015, 0.04, 0.08])
METAL = np.array([[1e12 - 0j]])


@pytest.mark.parametrize("eps", (2.5 - 0.1j, 6.0 - 0.2j, 25.0 - 3.0j))
@pytest.mark.parametrize("along", (0.0, 0.5, 1.0))
def test_against_quadrature_on_the_real_axis(eps, along):
    found = reflected_field(F, H, np.array([[eps]]), distance_m=0.099, along=along)[0]
    wanted = np.array([[sommerfeld.reflected(f, h, eps, 0.099, along) for h in H] for f in F])
    assert np.abs(found / wanted - 1.0).max() < 1e-6


@pytest.mark.parametrize("along", (0.0, 1.0))
def test_metal_is_a_mirror(along):
    """The image of a horizontal dipole in metal is the dipole turned round."""
    found = reflected_field(F, H, METAL, distance_m=0.099, along=along)[0]
    path = np.hypot(0.099, 2.0 * H)
    image = -direct_field(F[:, None], path, along=along * 0.099 / path)
    assert np.abs(found / image - 1.0).max() < 2e-5


def test_air_over_air_returns_nothing():
    found = reflected_field(F, H, np.array([[1.0 + 0j]]), distance_m=0.099)
    assert np.abs(found).max() < 1e-9 * np.abs(direct_field(F, 0.099)).min()


@pytest.mark.parametrize("eps", (3.0, 9.0))
def test_high_up_it_is_a_plane_wave(eps):
    """Fresnel straight down, over twice the height."""
    found = reflected_field(F, np.array([3.0]), np.array([[eps + 0j]]), distance_m=1e-3)[0, :, 0]
    fresnel = (1.0 - np.sqrt(eps)) / (1.0 + np.sqrt(eps))
    wave = fresnel * np.exp(-4j * np.pi * F * 3.0 / 299_792_458.0) / 6.0
    assert np.abs(found / wave - 1.0).max() < 0.03


def test_the_mirrored_dipole_is_the_limit_of_height():
    eps = np.array([[6.0 - 0.1j]])
    wrong = [
        np.abs(
            mirrored_field(F, np.array([h]), eps, distance_m=0.099)
            / reflected_field(F, np.array([h]), eps, distance_m=0.099)
            - 1.0
        ).max()
        for h in (0.02, 0.06, 0.3, 1.5)
    ]
    assert all(a > b for a, b in itertools.pairwise(wrong))
    assert wrong[0] > 0.2
    assert wrong[-1] < 0.02


def test_metal_mirrors_in_both_models():
    exact = reflected_field(F, H, METAL, distance_m=0.099)
    assert np.allclose(mirrored_field(F, H, METAL, distance_m=0.099), exact, rtol=2e-5)


def test_direct_wave_far_away_and_near():
    far = direct_field(np.array([3e9]), 50.0)
    assert np.abs(far[0]) == pytest.approx(1.0 / 50.0, rel=1e-3)
    k, r = 2.0 * np.pi * 1e6 / 299_792_458.0, 0.01
    static = -1.0 / (k**2 * r**3)  # a charge pair's field falls with the cube
    assert direct_field(np.array([1e6]), r)[0].real == pytest.approx(static, rel=1e-3)
    in_line = direct_field(np.array([1e6]), r, along=1.0)[0].real
    assert in_line == pytest.approx(-2.0 * static, rel=1e-3)


def test_one_call_for_many_equals_many_calls():
    eps = np.array([[3.0 - 0.1j], [12.0 - 1.0j]])
    many = reflected_field(F, H, eps, distance_m=0.099)
    assert many.shape == (2, 3, 3)
    one = reflected_field(F[1:2], H[2:], eps[1:], distance_m=0.099)
    assert many[1, 1, 2] == pytest.approx(one[0, 0, 0], rel=1e-7)


def test_refusals_name_the_value():
    with pytest.raises(ValueError, match=r"above the ground.*-0\.01"):
        reflected_field(F, np.array([-0.01]), METAL, distance_m=0.1)
    with pytest.raises(ValueError, match=r"must not be positive.*0\.5"):
        reflected_field(F, H, np.array([[4.0 + 0.5j]]), distance_m=0.1)


@pytest.mark.parametrize("nodes", (2, 3, 33, 200))
def test_nodes_and_weights_are_numpys(nodes):
    x, weight = _gauss(nodes)
    expected = np.polynomial.legendre.leggauss(nodes)
    np.testing.assert_allclose(x, expected[0], rtol=0, atol=1e-15)
    np.testing.assert_allclose(weight, expected[1], rtol=1e-9)
