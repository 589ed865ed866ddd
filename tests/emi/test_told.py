"""Depths that are told with how far fits err: what is well known stays, what is not says so, tensors follow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense import emi
from dualsense.emi import _told as told
from dualsense.emi._told import height_over, nearer
from emi.locate.test_locate import buried, frequency_tensors

KINDS = ("alone", "beside", "found")
TENSORS = frequency_tensors()
ELEMENTS = np.stack([TENSORS[:, i, j] for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))])


@pytest.fixture(scope="module")
def rows():
    response, _ = buried(TENSORS, snr=30.0, at=np.array([0.02, -0.03, -0.09]))
    return response


@pytest.fixture(scope="module")
def estimate(rows):
    return emi.locate(rows, np.ones(rows.values.shape[1]))


def dipole(depth_m, std_m, kind="beside", together=0.0):
    """A dipole whose place is known half as well again to the side; depth and x may go together."""
    covariance = np.diag([0.5, 0.5, 1.0]) * std_m**2
    covariance[0, 2] = covariance[2, 0] = together * std_m**2
    place = np.array([0.02, -0.03, -depth_m])
    return emi.Dipole(place, covariance, TENSORS, 1e4, 10.0, 0.9, placed=kind)


@pytest.fixture
def tell(rows):
    return lambda one, **how: emi.told_depths([one], rows, **how)[0]


def depth_of(one):
    return float(-one.position_m[2])


def spread_of(one):
    return float(np.sqrt(one.covariance_m2[2, 2]))


def shares(one, usual=None):
    """Depths below which 5, 25, 50, 75 and 95 % of what a dipole may be lie."""
    density, _ = told.depth_density(one, told.usual_depths() if usual is None else usual)
    return np.interp([0.05, 0.25, 0.5, 0.75, 0.95], np.cumsum(density), told.DEPTH_M)


@pytest.mark.parametrize("kind", ("alone", "beside"))
@pytest.mark.parametrize("depth_m", (0.004, 0.02, 0.08, 0.20, 0.25))
def test_what_is_known_to_a_millimetre_stays_deep_metal_too(tell, kind, depth_m):
    out = tell(dipole(depth_m, 8e-4, kind))
    assert depth_of(out) == pytest.approx(depth_m, abs=1.5e-3)
    assert np.ptp(shares(dipole(depth_m, 8e-4, kind))[1:4]) < 3e-3
    np.testing.assert_array_equal(out.position_m[:2], [0.02, -0.03])
    assert 1.0 < out.covariance_m2[0, 0] / (0.5 * 8e-4**2 * told.ERRORS[kind].aside_times ** 2) < 300.0


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_faint_and_deep_may_be_shallower_and_says_so(tell, kind):
    out = tell(dipole(0.27, 0.02, kind))
    assert 0.08 < depth_of(out) < 0.19
    assert spread_of(out) > 0.04
    assert np.sqrt(out.covariance_m2[0, 0]) == pytest.approx(0.02, rel=0.35)
    low, *_, high = shares(dipole(0.27, 0.02, kind))
    assert low < 0.07
    assert high > 0.2


def test_it_is_the_prior_that_brings_it_up_and_the_recipe_has_it(tell):
    fitted = dipole(0.27, 0.02)
    depths = [depth_of(tell(fitted, usual_m=usual_m)) for usual_m in (0.0, 0.1, 0.18, 0.3, 1.0)]
    assert depths == sorted(depths)
    assert depths[0] < 0.05
    assert depths[-1] > 0.2
    assert depth_of(tell(fitted, usual_m=0.18, fall_m=0.001)) < 0.18


def test_errors_are_as_large_as_their_law_says_and_more_where_more_is_lost(tell):
    for kind, errors in told.ERRORS.items():
        known = replace(dipole(0.1, 0.004, kind), placed=kind)
        _, *middle, _ = shares(known, np.ones_like(told.DEPTH_M))
        quartiles = 1.349 * errors.depth_times * 0.004
        assert quartiles < middle[2] - middle[0] < 6.0 * quartiles
        assert errors.lost(errors.half_m) == pytest.approx(0.5)
        assert errors.lost(2.0 * errors.half_m) > 0.65
    spread = [spread_of(tell(dipole(0.1, 0.004, kind))) for kind in KINDS]
    assert spread == sorted(spread)
    assert spread[2] > 1.3 * spread[1] > 1.3 * spread[0]


def test_intervals_hold_where_errors_are_not_those_that_were_chosen():
    """Depths as mines have them; errors of Student's t, more of another scale altogether the less is stated."""
    rng = np.random.default_rng(5)
    for kind, often in (("alone", 0.03), ("beside", 0.02), ("found", 0.004)):
        inside = []
        for std_m in rng.choice([0.001, 0.003, 0.006, 0.015], 400):
            true_m = rng.uniform(0.01, 0.15)
            right = told.ERRORS[kind].depth_times * 0.85 * std_m
            scale = 0.04 if rng.random() < std_m / often else right
            fitted_m = float(np.clip(true_m + scale * rng.standard_t(4), 0.006, 0.295))
            low, *_, high = shares(dipole(fitted_m, std_m, kind))
            inside.append(low <= true_m <= high)
        assert 0.85 <= np.mean(inside) < 1.0, kind


@pytest.mark.parametrize("kind", KINDS)
def test_covariances_are_covariances_and_keep_their_direction(tell, kind):
    rng = np.random.default_rng(11)
    for _ in range(200):
        root = rng.standard_normal((3, 3)) * 10.0 ** rng.uniform(-4, -1)
        out = tell(replace(dipole(rng.uniform(0.003, 0.3), 0.01, kind), covariance_m2=root @ root.T))
        assert np.linalg.eigvalsh(out.covariance_m2)[0] > -1e-12 * np.trace(out.covariance_m2)
        assert told.DEPTH_M[0] <= depth_of(out) <= told.DEPTH_M[-1]
    tilted = tell(dipole(0.08, 0.001, "beside", together=0.6)).covariance_m2
    errors = told.ERRORS["beside"]
    assert tilted[0, 2] == pytest.approx(0.6e-6 * errors.aside_times * errors.depth_times, rel=0.05)
    assert tilted[1, 2] == 0.0


def peak(rows, place_m, tensor):
    elements = np.stack([tensor[:, i, j] for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))])
    return np.abs(emi.dipole_columns(rows, place_m) @ elements).max()


@pytest.mark.parametrize(("depth_m", "std_m"), ((0.25, 0.02), (0.02, 0.02)))
def test_a_tensor_answers_as_strongly_from_where_it_is_told(tell, rows, depth_m, std_m):
    fitted = dipole(depth_m, std_m, "found")
    out = tell(fitted)
    assert abs(depth_of(out) - depth_m) > 0.02
    assert peak(rows, out.position_m, out.tensor) == pytest.approx(
        peak(rows, fitted.position_m, fitted.tensor), rel=0.5
    )
    assert peak(rows, out.position_m, fitted.tensor) != pytest.approx(
        peak(rows, fitted.position_m, fitted.tensor), rel=0.7
    )


def test_a_posterior_goes_with_it(tell, rows, estimate):
    fitted = replace(
        dipole(0.1, 1.0, "alone"),
        position_m=estimate.position_m,
        covariance_m2=estimate.covariance_m2,
        tensor=estimate.tensor_m3,
        estimate=estimate,
    )
    out = tell(fitted)
    e = out.estimate
    np.testing.assert_array_equal(e.position_m, out.position_m)
    np.testing.assert_array_equal(e.covariance_m2, out.covariance_m2)
    np.testing.assert_array_equal(e.tensor_m3, out.tensor)
    assert e.depth_density.sum() * told.STEP_M == pytest.approx(1.0)
    quartiles = np.interp([0.25, 0.5, 0.75], np.cumsum(e.depth_density) * told.STEP_M, e.depth_m)
    assert quartiles[1] == pytest.approx(depth_of(out), abs=told.STEP_M)
    before = np.cumsum(estimate.depth_density)
    stated = np.ptp(np.interp([0.25, 0.75], before / before[-1], estimate.depth_m))
    assert 1.15 < (quartiles[2] - quartiles[0]) / stated < 2.0
    times = nearer(rows, out.position_m, fitted.position_m)
    assert times != pytest.approx(1.0, abs=1e-4)
    for name in ("principal_m3", "draws_m3", "tensor_m3"):
        np.testing.assert_allclose(getattr(e, name), times * getattr(estimate, name), rtol=1e-6)


def test_a_posterior_of_two_humps_keeps_both(tell, estimate):
    at = np.linspace(0.02, 0.16, 1401)
    humps = 0.4 * np.exp(-0.5 * ((at - 0.05) / 0.002) ** 2) + 0.6 * np.exp(-0.5 * ((at - 0.12) / 0.002) ** 2)
    two = replace(estimate, depth_m=at, depth_density=humps / (humps.sum() * 1e-4))
    mean = float(humps @ at / humps.sum())
    fitted = replace(dipole(mean, 0.002, "alone"), estimate=two)
    modes = tell(fitted).estimate.modes_m
    wanted = sorted(mean + told.ERRORS["alone"].depth_times * (hump - mean) for hump in (0.05, 0.12))
    assert sorted(modes) == pytest.approx(wanted, abs=1e-3)


def test_heights_are_those_over_the_place(rows):
    near = np.linalg.norm(rows.center_m[:, :2] - [0.1, 0.1], axis=1) < 0.1
    uneven = replace(rows, center_m=np.where(near[:, None], [[0.1, 0.1, 0.2]], rows.center_m))
    assert height_over(uneven, np.array([0.1, 0.1, -0.1])) == pytest.approx(0.2)
    assert height_over(rows, np.array([9.0, 9.0, -0.1])) == pytest.approx(np.median(rows.center_m[:, 2]))
    assert height_over(replace(rows, center_m=0.0 * rows.center_m - 1.0), np.zeros(3)) == 0.01


def test_what_cannot_be_told_is_left_as_it_is(tell, rows):
    spoilt = replace(dipole(0.1, 0.01), covariance_m2=np.full((3, 3), np.nan))
    assert tell(spoilt) is spoilt
    assert emi.told_depths([], rows) == ()
    above = tell(dipole(-0.02, 8e-4))
    assert depth_of(above) == pytest.approx(0.003, abs=3e-3)
    assert np.isfinite(above.tensor).all()
