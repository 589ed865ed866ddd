"""Refracted travel times against Snell's law, and the table against the times."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualsense.constants import C0_M_S
from dualsense.gpr._rays.layers import Layers
from dualsense.gpr._rays.traveltime import MIN_HEIGHT_M, refracted_time, time_table
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
    straight = math.hypot(rho_m, height_m + depth_m) / C0_M_S
    assert time(rho_m, height_m, depth_m, 1.0) == pytest.approx(straight, rel=1e-13)
    assert time(rho_m, height_m, depth_m, 1.0 + 1e-9) == pytest.approx(straight, abs=0.01 * PS)


@given(rho, height, permittivity)
def test_on_the_surface_all_of_the_path_is_in_air(rho_m, height_m, eps):
    straight = math.hypot(rho_m, height_m) / C0_M_S
    assert time(rho_m, height_m, 0.0, eps) == pytest.approx(straight, rel=1e-13)
    assert time(rho_m, height_m, 1e-9, eps) == pytest.approx(straight, abs=0.1 * PS)


@given(height, depth, permittivity)
def test_straight_down(height_m, depth_m, eps):
    expected = (height_m + math.sqrt(eps) * depth_m) / C0_M_S
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
    other = (math.hypot(x, height_m) + math.sqrt(eps) * math.hypot(rho_m - x, depth_m)) / C0_M_S
    assert time(rho_m, height_m, depth_m, eps) <= other * (1.0 + 1e-14)


@pytest.mark.parametrize("height_m", (0.0, -0.02, 1e-5))
def test_an_antenna_on_or_in_the_ground_is_lifted_to_the_least_height(height_m):
    assert time(0.2, height_m, 0.1, 9.0) == time(0.2, MIN_HEIGHT_M, 0.1, 9.0)


def look_up(table, rho_m, height_m, k):
    """Interpolate linearly over the roots, as the migration does."""
    u = (math.sqrt(height_m) - math.sqrt(table.height_m[0])) / table.height_root_step
    i = min(int(u), table.height_m.size - 2)
    row = table.time_s[i, :, k] + (u - i) * (table.time_s[i + 1, :, k] - table.time_s[i, :, k])
    v = math.sqrt(rho_m) / table.rho_root_step
    j = min(int(v), table.rho_m.size - 2)
    return row[j] + (v - j) * (row[j + 1] - row[j])


@pytest.mark.parametrize("eps", (2.0, 5.5, 14.0, 30.0))
def test_table_look_up(eps):
    """Within 0.1 ps in the whole working range: heights 0-15 cm, depths 0-50 cm, distances 0-60 cm."""
    rng = np.random.default_rng(1)
    depths = np.array([0.0, 0.002, 0.01, 0.05, 0.2, 0.5])
    table = time_table(depths, max_height_m=0.15, max_rho_m=0.6, relative_permittivity=eps)
    worst = 0.0
    for k, depth_m in enumerate(depths):
        for _ in range(80):
            h = rng.choice([rng.uniform(0.0, 0.15), 0.15 * rng.uniform() ** 6])
            r = rng.choice([rng.uniform(0.0, 0.6), 0.6 * rng.uniform() ** 4])
            h = max(h, MIN_HEIGHT_M)
            worst = max(worst, abs(look_up(table, r, h, k) - fermat.time_s(r, h, depth_m, eps)))
        for h, r in ((MIN_HEIGHT_M, 0.0), (MIN_HEIGHT_M, 0.6), (0.15, 0.0), (0.15, 0.6)):
            worst = max(worst, abs(look_up(table, r, h, k) - fermat.time_s(r, h, depth_m, eps)))
    assert worst < 0.1 * PS


def test_a_head_at_no_height():
    """The lowest height stands for none: 10 micrometres of air are a thirtieth of a picosecond."""
    table = time_table(
        np.array([0.1]), min_height_m=0.0, max_height_m=0.0, max_rho_m=0.2, relative_permittivity=9.0
    )
    assert table.height_m[0] == pytest.approx(MIN_HEIGHT_M)
    for r in (0.0, 0.01, 0.03):  # steeper than the critical angle
        exact = 3.0 * math.hypot(r, 0.1) / C0_M_S
        assert look_up(table, r, MIN_HEIGHT_M, 0) == pytest.approx(exact, abs=0.1 * PS)


@given(st.floats(0.001, 0.2), st.floats(0.0, 0.2), st.floats(0.05, 0.8))
def test_table_spans_what_was_asked(low, span, far):
    table = time_table(
        np.array([0.05]),
        min_height_m=low,
        max_height_m=low + span,
        max_rho_m=far,
        relative_permittivity=4.0,
        root_step=0.05,
    )
    assert table.height_m[0] == pytest.approx(low)
    assert table.height_m[-1] >= (low + span) * (1 - 1e-12)
    assert table.rho_m[0] == 0.0
    assert table.rho_m[-2] >= far
    assert table.time_s.shape == table.gain.shape == (table.height_m.size, table.rho_m.size, 1)
    assert np.isfinite(table.time_s).all()
    assert (np.diff(table.time_s, axis=0) > 0).all()
    assert (np.diff(table.time_s, axis=1) > 0).all()
    assert (table.gain[:, 1:] < 1.0).all()
    assert (np.diff(table.gain, axis=1) < 0).all()


@given(rho, height, st.floats(0.01, 0.4), permittivity, permittivity)
def test_layers_by_snell(rho_m, height_m, depth_m, upper, lower):
    """Against the least over all pairs of crossings: Fermat in plain sight."""
    layers = Layers((0.0, 0.4 * depth_m), (upper, lower))
    found = time(rho_m, height_m, depth_m, layers)
    n1, n2 = math.sqrt(upper), math.sqrt(lower)

    def through(x):
        rest = fermat_below(rho_m - x[0] - x[1], 0.6 * depth_m, n2)
        return (math.hypot(x[0], height_m) + n1 * math.hypot(x[1], 0.4 * depth_m) + rest) / C0_M_S

    def fermat_below(r, d, n):
        return n * math.hypot(r, d)

    from scipy.optimize import minimize

    start = minimize(
        through, (0.5 * rho_m, 0.3 * rho_m), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-18}
    )
    assert found <= start.fun * (1 + 1e-12)
    assert found == pytest.approx(start.fun, rel=2e-7)


def test_antennas_on_the_ground_send_into_the_soil():
    """No way through the air, which by Fermat would be the quicker one beyond the critical angle."""
    depths = np.array([0.0, 0.05, 0.3])
    table = time_table(depths, max_height_m=0.02, max_rho_m=0.4, relative_permittivity=9.0, on_ground=True)
    for k, depth_m in enumerate(depths):
        for r in (0.0, 0.01, 0.1, 0.39):
            straight = 3.0 * math.hypot(r, max(depth_m, MIN_HEIGHT_M)) / C0_M_S
            assert look_up(table, r, 0.01, k) == pytest.approx(straight, abs=0.3 * PS)
    layered = Layers((0.0, 0.1), (4.0, 9.0))
    table = time_table(depths, max_height_m=0.02, max_rho_m=0.4, relative_permittivity=layered, on_ground=True)
    assert look_up(table, 0.0, 0.01, 2) == pytest.approx((2 * 0.1 + 3 * 0.2) / C0_M_S, abs=0.3 * PS)
    with pytest.raises(ValueError, match="no layer may be faster"):
        time_table(
            depths,
            max_height_m=0.02,
            max_rho_m=0.4,
            relative_permittivity=Layers((0.0, 0.1), (9.0, 4.0)),
            on_ground=True,
        )


@pytest.mark.parametrize("eps", (0.99, 0.0, -4.0, math.nan, math.inf))
def test_soil_faster_than_air_is_refused(eps):
    with pytest.raises(ValueError, match="relative permittivity"):
        time_table(np.array([0.1]), max_height_m=0.1, max_rho_m=0.3, relative_permittivity=eps)
    with pytest.raises(ValueError, match="relative permittivity"):
        refracted_time(0.1, 0.05, 0.1, relative_permittivity=eps)
