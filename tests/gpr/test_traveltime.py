"""Refracted travel times against Snell's law, and the table against the times."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualsense.gpr.traveltime import MIN_HEIGHT_M, SPEED_OF_LIGHT_M_S, refracted_time, time_table
from oracles import fermat

PS = 1e-12
pytestmark = pytest.mark.kernel

height = st.floats(MIN_HEIGHT_M, 0.15)
depth = st.floats(0.0, 0.5)
rho = st.floats(0.0, 0.6)
permittivity = st.floats(1.0, 81.0)


def time(rho_m, height_m, depth_m, eps):
    return refracted_time(rho_m, height_m, depth_m, relative_permittivity=eps)


@settings(max_examples=400)
@given(rho, height, depth, permittivity)
def test_fermat(rho_m, height_m, depth_m, eps):
    assert time(rho_m, height_m, depth_m, eps) == pytest.approx(
        fermat.time_s(rho_m, height_m, depth_m, eps), rel=1e-12, abs=1e-6 * PS
    )


@pytest.mark.parametrize(
    ("rho_m", "height_m", "depth_m", "eps"),
    (
        (0.6, 0.001, 0.5, 81.0),  # grazing in air
        (0.6, 0.001, 1e-9, 30.0),  # the crossing below the voxel to within its depth
        (1e-12, 0.05, 0.3, 9.0),  # all but vertical
        (3.0, 0.02, 0.002, 4.0),  # far beyond any aperture
        (0.3, 2.0, 0.001, 25.0),  # a head carried, not swept
        (0.1, 0.03, 0.1, 1.0 + 1e-12),  # soil that is air but for rounding
    ),
)
def test_corners_of_the_geometry(rho_m, height_m, depth_m, eps):
    assert time(rho_m, height_m, depth_m, eps) == pytest.approx(
        fermat.time_s(rho_m, height_m, depth_m, eps), abs=0.001 * PS
    )


@given(rho, height, depth)
def test_without_contrast_the_ray_is_straight(rho_m, height_m, depth_m):
    straight = math.hypot(rho_m, height_m + depth_m) / SPEED_OF_LIGHT_M_S
    assert time(rho_m, height_m, depth_m, 1.0) == pytest.approx(straight, rel=1e-13)
    assert time(rho_m, height_m, depth_m, 1.0 + 1e-9) == pytest.approx(straight, abs=0.01 * PS)


@given(rho, height, permittivity)
def test_on_the_surface_all_of_the_path_is_in_air(rho_m, height_m, eps):
    straight = math.hypot(rho_m, height_m) / SPEED_OF_LIGHT_M_S
    assert time(rho_m, height_m, 0.0, eps) == pytest.approx(straight, rel=1e-13)
    assert time(rho_m, height_m, 1e-9, eps) == pytest.approx(straight, abs=0.1 * PS)


@given(height, depth, permittivity)
def test_straight_down(height_m, depth_m, eps):
    expected = (height_m + math.sqrt(eps) * depth_m) / SPEED_OF_LIGHT_M_S
    assert time(0.0, height_m, depth_m, eps) == pytest.approx(expected, rel=1e-13)


@given(rho, height, depth, permittivity, st.floats(1e-4, 0.1))
def test_a_longer_way_takes_longer(rho_m, height_m, depth_m, eps, more):
    here = time(rho_m, height_m, depth_m, eps)
    assert time(rho_m + more, height_m, depth_m, eps) > here
    assert time(rho_m, height_m + more, depth_m, eps) > here
    assert time(rho_m, height_m, depth_m, eps + more) >= here
    # deeper is longer as well: Fermat's path to the deeper point passes beside or below the shallower one
    assert time(rho_m, height_m, depth_m + more, eps) > here


@given(rho, height, depth, permittivity, st.floats(0.0, 1.0))
def test_no_other_crossing_is_faster(rho_m, height_m, depth_m, eps, part):
    x = part * rho_m
    other = (math.hypot(x, height_m) + math.sqrt(eps) * math.hypot(rho_m - x, depth_m)) / SPEED_OF_LIGHT_M_S
    assert time(rho_m, height_m, depth_m, eps) <= other * (1.0 + 1e-14)


@pytest.mark.parametrize("height_m", (0.0, -0.02, 1e-5))
def test_an_antenna_on_or_in_the_ground_is_lifted_to_the_least_height(height_m):
    assert time(0.2, height_m, 0.1, 9.0) == time(0.2, MIN_HEIGHT_M, 0.1, 9.0)


def look_up(table, rho_m, height_m, k):
    """Interpolate linearly as the migration does."""
    u = (height_m - table.height_m[0]) / table.height_step_m
    i = min(int(u), table.height_m.size - 2)
    row = table.time_s[i, k] + (u - i) * (table.time_s[i + 1, k] - table.time_s[i, k])
    v = rho_m / table.rho_step_m
    j = min(int(v), table.rho_m.size - 2)
    return row[j] + (v - j) * (row[j + 1] - row[j])


@pytest.mark.parametrize("eps", (2.0, 5.5, 30.0))
def test_table_look_up(eps):
    rng = np.random.default_rng(1)
    depths = np.array([0.0, 0.002, 0.01, 0.05, 0.2, 0.5])
    table = time_table(depths, min_height_m=0.01, max_height_m=0.15, max_rho_m=0.6, relative_permittivity=eps)
    worst = 0.0
    for k, depth_m in enumerate(depths):
        for _ in range(60):
            h, r = rng.uniform(0.01, 0.15), rng.choice([rng.uniform(0.0, 0.6), rng.uniform(0.0, 0.03)])
            worst = max(worst, abs(look_up(table, r, h, k) - fermat.time_s(r, h, depth_m, eps)))
        for h, r in ((0.01, 0.0), (0.01, 0.6), (0.15, 0.0), (0.15, 0.6)):
            worst = max(worst, abs(look_up(table, r, h, k) - fermat.time_s(r, h, depth_m, eps)))
    assert worst < 0.3 * PS


def test_table_of_a_head_that_touches_the_ground():
    table = time_table(
        np.array([0.0, 0.005, 0.1]), min_height_m=0.0, max_height_m=0.02, max_rho_m=0.35, relative_permittivity=9.0
    )
    assert table.height_m[0] == MIN_HEIGHT_M
    for k, depth_m in enumerate((0.0, 0.005, 0.1)):
        for h in (0.001, 0.0014, 0.0025, 0.012):
            for r in (0.0, 0.0003, 0.002, 0.03, 0.2, 0.349):
                assert look_up(table, r, h, k) == pytest.approx(fermat.time_s(r, h, depth_m, 9.0), abs=1.0 * PS)


@given(st.floats(0.001, 0.2), st.floats(0.0, 0.2), st.floats(0.05, 0.8))
def test_table_spans_what_was_asked(low, span, far):
    table = time_table(
        np.array([0.05]),
        min_height_m=low,
        max_height_m=low + span,
        max_rho_m=far,
        relative_permittivity=4.0,
        rho_count=16,
    )
    assert table.height_m[0] == low
    assert table.height_m[-1] >= (low + span) * (1 - 1e-12)
    assert table.rho_m[0] == 0.0
    assert table.rho_m[-1] == pytest.approx(far)
    assert table.time_s.shape == (table.height_m.size, 1, 16)
    assert np.isfinite(table.time_s).all()
    assert (np.diff(table.time_s, axis=0) > 0).all()
    assert (np.diff(table.time_s, axis=2) > 0).all()


@pytest.mark.parametrize("eps", (0.99, 0.0, -4.0, math.nan, math.inf))
def test_soil_faster_than_air_is_refused(eps):
    with pytest.raises(ValueError, match="relative permittivity"):
        time_table(np.array([0.1]), max_height_m=0.1, max_rho_m=0.3, relative_permittivity=eps)
    with pytest.raises(ValueError, match="relative permittivity"):
        refracted_time(0.1, 0.05, 0.1, relative_permittivity=eps)
