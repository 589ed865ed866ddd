"""The metal map: where the metal is, nothing outside coverage."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.emi._balance import apply_balance, balance
from dualsense.emi._columns import dipole_columns
from dualsense.emi._maps.coherence import coherence_map
from dualsense.emi._maps.image import detection_limit, metal_maps, phase_hz
from dualsense.emi._response import Response
from dualsense.survey import covered_cells, grid_around

NOISE = np.full(4, 3e-8)


@pytest.fixture
def response() -> Response:
    rng = np.random.default_rng(4)
    x = np.linspace(0.0, 0.3, 26)
    xy = np.array([(xi, y) for y in np.linspace(0, 0.3, 13) for xi in x])
    centre = np.column_stack([xy, np.full(len(xy), 0.05)])
    quiet = Response(
        time_s=np.arange(len(xy)) * 0.05,
        values=NOISE * rng.standard_normal((len(xy), 4)),
        channel_hz=np.array([1e3, 1e4, 1e3, 1e4]),
        imaginary=np.array([False, False, True, True]),
        coil=np.zeros(len(xy), np.intp),
        center_m=centre,
        tx_m=centre,
        rx_m=centre,
        rotation=np.broadcast_to(np.eye(3), (len(xy), 3, 3)),
        position_std_m=np.full((len(xy), 3), 1e-3),
        count=np.ones(len(xy)),
        tx_radius_m=np.array([0.1]),
        rx_radius_m=np.array([0.08]),
    )
    column = dipole_columns(quiet, np.array([0.22, 0.08, -0.04]))[:, :3].sum(axis=1, keepdims=True)
    return replace(quiet, values=quiet.values + column * np.array([1e-6, 8e-7, -2e-7, -4e-7]))


def test_map_peaks_over_the_metal_and_is_missing_elsewhere(response):
    grid = grid_around(response.center_m, margin_m=0.12)
    covered = covered_cells(grid, response.center_m, reach_m=0.05)
    objects = dipole_columns(response, np.array([0.22, 0.08, -0.04]))
    rest = apply_balance(
        response, balance(response, NOISE, objects=objects, row_weight=np.ones(338)), objects=objects
    )
    image = metal_maps(response, rest, grid, covered)["metal_response"]
    assert np.array_equal(np.isnan(image.values), ~covered)
    assert not covered.all()
    iy, ix = np.unravel_index(np.nanargmax(image.values), image.values.shape)
    assert grid.x_m[ix] == pytest.approx(0.22, abs=0.012)
    assert grid.y_m[iy] == pytest.approx(0.08, abs=0.012)
    assert image.units == "1"


def test_no_cell_covered_gives_no_value(response):
    grid = grid_around(response.center_m)
    nowhere = np.zeros((grid.y_m.size, grid.x_m.size), bool)
    image = metal_maps(response, response.values, grid, nowhere)["metal_response"]
    assert np.isnan(image.values).all()


def test_error_of_the_map_is_its_scatter_and_grows_where_positions_matter(response):
    grid = grid_around(response.center_m)
    covered = covered_cells(grid, response.center_m, reach_m=0.05)
    rng = np.random.default_rng(9)
    stated = metal_maps(response, np.zeros((338, 4)), grid, covered)["metal_response_std"].values
    drawn = [
        metal_maps(response, rng.standard_normal((338, 4)), grid, covered)["metal_response"].values
        for _ in range(20)
    ]
    scatter = np.sqrt(np.mean(np.square(drawn), axis=0))
    assert np.array_equal(np.isnan(stated), ~covered)
    inner = covered & (np.abs(grid.x_m - 0.15) < 0.1) & (np.abs(grid.y_m - 0.15) < 0.1)[:, None]
    assert np.median(scatter[inner] / stated[inner]) == pytest.approx(1.0, abs=0.1)
    weight = np.where(response.center_m[:, 0] > 0.15, 0.1, 1.0)
    wide = metal_maps(response, np.zeros((338, 4)), grid, covered, row_weight=weight)["metal_response_std"].values
    assert np.nanmedian(wide[:, grid.x_m > 0.2]) == pytest.approx(np.sqrt(99.0), rel=0.05)  # shared, not averaged
    assert np.nanmedian(wide[:, grid.x_m < 0.1]) == pytest.approx(
        np.nanmedian(stated[:, grid.x_m < 0.1]), rel=0.05
    )


def test_rows_that_are_uncertain_count_less(response):
    grid = grid_around(response.center_m)
    covered = covered_cells(grid, response.center_m, reach_m=0.05)
    rest = np.where(np.arange(338)[:, None] % 2 == 0, 1.0, 5.0) * np.ones((338, 4))
    weight = np.where(np.arange(338) % 2 == 0, 1.0, 0.05)
    plain, trusting = (
        np.nanmedian(metal_maps(response, rest, grid, covered, row_weight=w)["metal_response"].values)
        for w in (None, weight)
    )
    assert plain == pytest.approx(3.0, abs=0.4)
    assert trusting == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("sign", (1.0, -1.0))
@pytest.mark.parametrize("phase", (-0.3, -1.5, -2.9))
def test_phase_is_that_of_the_polarizability_and_unknown_elsewhere(response, phase, sign):
    column = dipole_columns(response, np.array([0.15, 0.15, -0.04]))[:, :3].sum(axis=1, keepdims=True)
    amount = 2e-6 * np.exp(1j * phase)
    spectrum = np.array([amount.real, amount.real, amount.imag, amount.imag])
    noise = NOISE * np.random.default_rng(3).standard_normal((338, 4))
    quiet = replace(response, values=noise)
    fitted = balance(quiet, NOISE)
    grid = grid_around(response.center_m)
    covered = covered_cells(grid, response.center_m, reach_m=0.05)
    rest = (sign * column * spectrum + noise) @ fitted.whitener.T
    maps = metal_maps(quiet, rest, grid, covered, balance=fitted)
    values = maps["metal_phase"].values
    middle = values[np.argmin(np.abs(grid.y_m - 0.15)), np.argmin(np.abs(grid.x_m - 0.15))]
    assert middle == pytest.approx(phase, abs=0.03)
    assert np.nanmin(values) >= -np.pi
    assert np.nanmax(values) <= 0.0
    only_noise = metal_maps(quiet, noise @ fitted.whitener.T, grid, covered, balance=fitted)["metal_phase"].values
    assert np.isnan(only_noise).all()
    assert phase_hz(response) == 1e3


def test_phase_is_unknown_where_the_soil_could_have_made_it(response):
    fitted = balance(response, NOISE)
    loud = fitted.noise * np.array([2e3, 2e3, 0.0, 0.0])
    covariance = np.diag(NOISE**2) + np.outer(loud, loud)
    magnetic = replace(fitted, whitener=np.linalg.inv(np.linalg.cholesky(covariance)))
    grid = grid_around(response.center_m)
    covered = covered_cells(grid, response.center_m, reach_m=0.05)
    column = dipole_columns(response, np.array([0.15, 0.15, -0.04]))[:, :3].sum(axis=1, keepdims=True)
    rest = (column * np.array([1e-6, 1e-6, -1e-6, -1e-6])) @ magnetic.whitener.T
    maps = metal_maps(response, rest, grid, covered, balance=magnetic)
    assert np.isnan(maps["metal_phase"].values).all()
    assert np.nanmax(maps["metal_response"].values) > 20.0


def test_gates_have_no_phase(response):
    grid = grid_around(response.center_m)
    covered = covered_cells(grid, response.center_m, reach_m=0.05)
    gates = replace(response, imaginary=np.zeros(4, bool))
    maps = metal_maps(gates, gates.values / NOISE, grid, covered, balance=balance(gates, NOISE))
    assert set(maps) == {"metal_response", "metal_response_std"}


def test_one_piece_is_coherent_two_and_noise_are_not(response):
    grid = grid_around(response.center_m, margin_m=0.12)
    covered = covered_cells(grid, response.center_m, reach_m=0.05)
    noise = np.random.default_rng(5).standard_normal((338, 4))

    def at(x, y, *targets):
        columns = [dipole_columns(response, np.array(p))[:, :3].sum(axis=1, keepdims=True) for p in targets]
        rest = noise + sum((c * 2e-6 / NOISE for c in columns), np.zeros((338, 4)))
        image = coherence_map(response, rest, grid, covered)
        assert np.isnan(image.values[~covered]).all()
        assert np.nanmin(image.values) >= 0.0
        assert np.nanmax(image.values) <= 1.0
        return image.values[np.argmin(np.abs(grid.y_m - y)), np.argmin(np.abs(grid.x_m - x))]

    assert at(0.15, 0.15, (0.15, 0.15, -0.05)) > 0.95
    assert at(0.15, 0.15, (0.03, 0.15, -0.02), (0.27, 0.15, -0.02)) < 0.7
    assert at(0.03, 0.27, (0.24, 0.06, -0.03)) < 0.5
    assert at(0.15, 0.15) < 0.15


def test_detection_limit_grows_with_depth_and_away_from_the_track(response):
    fitted = balance(response, NOISE)
    shallow, deep, beside = (
        detection_limit(response, fitted, np.array(p), statistic=12.0)
        for p in ((0.15, 0.15, -0.03), (0.15, 0.15, -0.15), (0.6, 0.15, -0.03))
    )
    assert shallow < deep < beside
    assert 1e-10 < shallow < 1e-7
