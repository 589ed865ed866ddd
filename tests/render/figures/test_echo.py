"""What the radar pictures show: deep bodies stand out as shallow ones do, noise does not, and NaN stays NaN."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dualsense.render._figures import echo as room
from dualsense.render._figures.echo import clutter_level, shown_depths, shown_echo
from dualsense.render._figures.quantiles import quantiles, upper_quantile
from dualsense.render._figures.style import View
from oracles import pictures as oracle


def gained(result):
    """All slices of the echo as pictures show it."""
    echo = shown_echo(result)
    return np.stack([echo.plane(index) for index in range(echo.volume.depth_m.size)])


def depth_maximum(result, view):
    return room.depth_maximum(result.gpr_volume, clutter_level(result.gpr_volume), view)


def _with(result, values, depth_m=None):
    volume = dataclasses.replace(result.gpr_volume, values=np.asarray(values, dtype=np.float32))
    if depth_m is not None:
        volume = dataclasses.replace(volume, depth_m=depth_m)
    return dataclasses.replace(result, gpr_volume=volume)


@pytest.fixture
def speckle(full_result):
    rng = np.random.default_rng(3)
    return np.hypot(*rng.normal(size=(2, *full_result.gpr_volume.values.shape)))


def test_level_is_the_median_of_each_depth(full_result, speckle):
    scale = np.exp(-np.arange(50) / 40.0)[:, None, None]
    level = clutter_level(_with(full_result, scale * speckle).gpr_volume)
    # The median of a Rayleigh distribution.
    np.testing.assert_allclose(level / scale.ravel(), (2.0 * np.log(2.0)) ** 0.5, rtol=0.04)


def test_what_stands_out_does_not_depend_on_attenuation(full_result, speckle):
    body = speckle.copy()
    body[30, 20, 30] = 15.0
    plain = depth_maximum(_with(full_result, body), View())
    damped = depth_maximum(_with(full_result, np.exp(-np.arange(50) / 15.0)[:, None, None] * body), View())
    assert plain[20, 30] == pytest.approx(15.0 / (2.0 * np.log(2.0)) ** 0.5, rel=0.03)
    np.testing.assert_allclose(damped, plain, rtol=0.02)


def test_noise_alone_stays_under_half_of_the_scale(full_result, speckle):
    shown = depth_maximum(_with(full_result, speckle), View())
    assert shown.max() < 0.5 * View().radar_limit
    assert np.quantile(gained(_with(full_result, speckle)), 0.9999) < 0.5 * View().echo_limit


def test_a_body_reaches_the_top_of_the_scale_of_sections(full_result):
    echo = gained(full_result)
    assert np.nanmax(echo) >= 1.0
    assert np.isnan(echo).sum() == np.isnan(full_result.gpr_volume.values).sum()
    depth, row, column = np.unravel_index(np.nanargmax(echo), echo.shape)
    grid = full_result.gpr_volume.grid
    assert (grid.x_m[column], grid.y_m[row]) == pytest.approx((0.11, 0.15), abs=0.01)
    assert full_result.gpr_volume.depth_m[depth] == pytest.approx(0.057, abs=0.01)


def test_the_gain_brings_up_what_is_deep_but_never_reverses_a_column(full_result):
    """Ringing that falls as fast as the clutter stays weaker than the body that rings."""
    fall = np.exp(-np.arange(50) / 10.0)[:, None, None]
    values = fall * np.ones((50, 66, 80))
    values[:, 10, 10] = 20.0 * fall.ravel()
    echo = gained(_with(full_result, values))
    assert (np.diff(echo[:, 10, 10]) <= 1e-6).all()
    assert echo[30, 10, 10] / echo[0, 10, 10] > 5.0 * fall[30, 0, 0]


def test_start_and_stop_depth_leave_the_rest_out(full_result):
    depth_m = full_result.gpr_volume.depth_m
    view = View(start_depth_m=0.02, stop_depth_m=0.08)
    chosen = shown_depths(full_result.gpr_volume, view)
    assert depth_m[chosen].min() >= 0.02
    assert depth_m[chosen].max() <= 0.08
    level = clutter_level(full_result.gpr_volume)[chosen, None, None].astype(np.float32)
    expected = np.fmax.reduce(full_result.gpr_volume.values[chosen] / level, axis=0)
    np.testing.assert_array_equal(depth_maximum(full_result, view), expected)


def test_depths_beyond_the_volume_show_all_of_it(full_result):
    beyond = depth_maximum(full_result, View(start_depth_m=9.0))
    np.testing.assert_array_equal(beyond, depth_maximum(full_result, View()))


def test_unmeasured_cells_and_depths_stay_unmeasured_without_a_warning(full_result):
    values = full_result.gpr_volume.values.copy()
    values[7] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = _with(full_result, values)
        assert np.isnan(gained(result)[7]).all()
        np.testing.assert_array_equal(
            np.isnan(depth_maximum(result, View())), np.isnan(full_result.gpr_volume.values[0])
        )
        nothing = _with(full_result, np.full_like(values, np.nan))
        assert np.isnan(gained(nothing)).all()
        assert np.isnan(depth_maximum(nothing, View())).all()
        silent = _with(full_result, np.zeros_like(values))
        assert (gained(silent) == 0.0).all()
        assert (depth_maximum(silent, View()) == 0.0).all()


def test_without_radar_there_is_nothing_to_show(make_result):
    with pytest.raises(ValueError, match="without radar volume"):
        shown_echo(make_result("no_radar"))


def test_the_limit_of_noise_is_eight_times_its_median(full_result, speckle):
    result = _with(full_result, speckle)
    np.testing.assert_allclose(gained(result), oracle.gained(result), rtol=1e-6)
    assert shown_echo(result).limit == pytest.approx(8.0 * (2.0 * np.log(2.0)) ** 0.15, rel=0.05)


@pytest.mark.parametrize("variant", ("full", "nothing_covered"))
def test_the_echo_is_that_of_the_plain_way(make_result, variant):
    result = make_result(variant)
    expected = oracle.gained(result) if variant == "full" else result.gpr_volume.values
    np.testing.assert_allclose(gained(result), expected, rtol=1e-6)
    echo = shown_echo(result)
    np.testing.assert_array_equal(echo.strongest([3, 4, 7]), np.fmax.reduce(gained(result)[[3, 4, 7]], axis=0))
    np.testing.assert_array_equal(echo.cut(result.gpr_volume.values[:, 9]), gained(result)[:, 9])


@given(
    values=hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=30),
        elements=st.floats(-1024.0, 1024.0, width=32) | st.sampled_from([np.nan, np.inf, 0.0, -0.0]),
    ),
    fraction=st.floats(0.0, 1.0),
)
def test_quantiles_of_planes_are_those_of_all_values(values, fraction):
    finite = values[np.isfinite(values)].astype(np.float64)
    found = quantiles(lambda: iter(values), (fraction, 0.5))
    upper = upper_quantile(lambda: iter(values), fraction, values.size)
    if not finite.size:
        assert found == [0.0, 0.0]
        assert upper == (0.0, 0)
        return
    scale = np.abs(finite).max()
    np.testing.assert_allclose(found, np.quantile(finite, (fraction, 0.5)), rtol=1e-6, atol=1e-9 * scale)
    assert upper == (pytest.approx(found[0], rel=1e-6, abs=1e-9 * scale), finite.size)
