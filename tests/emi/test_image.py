"""The metal map: where the metal is, nothing outside coverage."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.emi.balance import balance
from dualsense.emi.calibrate import Response
from dualsense.emi.dipole import dipole_columns
from dualsense.emi.image import balanced, detection_limit, metal_maps
from dualsense.survey.coverage import covered_cells
from dualsense.survey.grid import grid_around

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
    rest = balanced(response, balance(response, NOISE, objects=objects, row_weight=np.ones(338)), objects=objects)
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


def test_detection_limit_grows_with_depth_and_away_from_the_track(response):
    fitted = balance(response, NOISE)
    shallow, deep, beside = (
        detection_limit(response, fitted, np.array(p), statistic=12.0)
        for p in ((0.15, 0.15, -0.03), (0.15, 0.15, -0.15), (0.6, 0.15, -0.03))
    )
    assert shallow < deep < beside
    assert 1e-10 < shallow < 1e-7
