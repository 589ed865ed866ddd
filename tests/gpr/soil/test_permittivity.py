"""Log-normals joined, and the permittivity that a metal plate gives away."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.gpr._soil.permittivity import LogNormal, join_permittivities, plate_permittivity


def test_join_weighs_by_inverse_variance():
    joined = join_permittivities([LogNormal(1.0, 0.1), LogNormal(2.0, 0.2)])
    assert joined.mean == pytest.approx((1.0 * 100 + 2.0 * 25) / 125)
    assert joined.std == pytest.approx(125**-0.5)
    assert joined.permittivity == pytest.approx(np.exp(1.2))


@pytest.mark.parametrize("parts", ((), (LogNormal(1.0, 0.0),), (LogNormal(1.0, float("nan")),)))
def test_join_refuses_nothing_and_certainty(parts):
    with pytest.raises(ValueError, match="positive standard deviation"):
        join_permittivities(parts)


@pytest.mark.parametrize("eps", (2.5, 6.0, 20.0))
@pytest.mark.parametrize("cos", (1.0, 0.8))
def test_plate_gives_the_soil(eps, cos):
    rng = np.random.default_rng(0)
    f = np.linspace(0.8e9, 3.2e9, 61)
    antenna = (1.0 + 0.5 * rng.standard_normal(61)) * np.exp(2j * np.pi * rng.uniform(size=61))
    plate = -antenna * np.exp(-2e-9j * f)
    inside = np.sqrt(eps - 1.0 + cos**2)
    soil = plate * -(cos - inside) / (cos + inside)
    found = plate_permittivity(soil, plate, cos_incidence=cos)
    assert found.permittivity == pytest.approx(eps, rel=1e-9)
    assert 0.0 < found.std < 0.1


def test_plate_with_noise_says_how_well():
    wrong = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        ratio = 0.42 * (1.0 + 0.1 * rng.standard_normal(4))  # four tones far apart: independent
        found = plate_permittivity(ratio + 0j, np.ones(4) + 0j)
        wrong.append((found.mean - 2.0 * np.log(1.42 / 0.58)) / found.std)
    assert 0.4 < np.std(wrong) < 2.5


def test_a_missing_tone_is_passed_over():
    plate = np.array([1.0, 0.0, np.nan, 2.0]) + 0j
    found = plate_permittivity(0.5 * np.array([1.0, 1.0, 1.0, 2.0]) + 0j, plate)
    assert found.permittivity == pytest.approx(9.0)


def test_plate_refusals():
    with pytest.raises(ValueError, match="same tones"):
        plate_permittivity(np.ones(3) + 0j, np.ones(4) + 0j)
    with pytest.raises(ValueError, match="no tone of 4"):
        plate_permittivity(np.ones(4) + 0j, np.zeros(4) + 0j)
    with pytest.raises(ValueError, match=r"less than the plate.*1\.2"):
        plate_permittivity(1.2 * np.ones(4) + 0j, np.ones(4) + 0j)
