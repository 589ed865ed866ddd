"""A sum to which soundings are added as they come equals the sum of all of them, tile by tile."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.gpr import GrowingSum
from dualsense.gpr._migrate.geometry import geometry
from dualsense.gpr._migrate.sums import gather
from dualsense.result import Grid

CELL, SIDE, DT_S = 0.02, 6, 13e-12
DEPTH = np.array([0.0, 0.01, 0.03, 0.04, 0.06, 0.07, 0.09, 0.1, 0.11, 0.13])
APERTURE = np.minimum(0.08 + 0.6 * DEPTH, 0.12)


def swept(count, *, tilt_m=0.0, seed=4):
    draw = np.random.default_rng(seed)
    tx = np.column_stack([draw.uniform(-0.05, 0.25, (count, 2)), draw.uniform(0.03, 0.06, count)])
    rx = tx + np.array([0.09, 0.0, tilt_m])
    traces = draw.normal(size=(count, 120)) + 1j * draw.normal(size=(count, 120))
    return tx, rx, draw.uniform(0.5, 1.5, count), traces.astype(np.complex64)


def two_tiles(tx, rx, density):
    """The layout of all soundings over two tiles side by side, and a sum that grows on its table."""
    x, y = CELL * np.arange(2 * SIDE), CELL * np.arange(SIDE)
    plan = geometry(tx, rx, density, Grid(x, y, CELL), DEPTH, aperture_m=APERTURE, relative_permittivity=6.0)
    growing = GrowingSum(
        plan.table, aperture_m=APERTURE, apparent_depth_m=plan.apparent_depth_m, cell_m=CELL, cells=SIDE
    )
    return plan, growing


@pytest.mark.kernel
@pytest.mark.parametrize("tilt_m", (0.0, 0.004), ids=("level", "tilted"))
def test_tiles_hold_what_the_sum_of_all_holds(tilt_m):
    tx, rx, density, traces = swept(9, tilt_m=tilt_m)
    plan, growing = two_tiles(tx, rx, density)
    total, fold, energy = gather(plan, traces, DT_S)
    tiles = [(np.array([n * SIDE * CELL, 0.0]), growing.tile()) for n in range(2)]
    antennas = np.stack([tx, rx], axis=1)
    for part in (slice(0, 4), slice(4, 9)):
        growing.add(tiles, antennas[part], density[part], traces[part], DT_S)
    parts = np.concatenate([tile for _, tile in tiles], axis=1)
    parts = np.moveaxis(parts, 3, 0).reshape(4, SIDE, 2 * SIDE, -1)
    assert (parts[:, :, :, DEPTH.size :] == 0.0).all()
    parts = parts[:, :, :, : DEPTH.size].transpose(0, 3, 1, 2)
    assert fold.max() > 0.0
    for grown, whole in zip(parts, (total.real, total.imag, fold, energy), strict=True):
        np.testing.assert_allclose(grown, whole, atol=2e-5 * np.abs(whole).max())


def test_many_soundings_are_tabulated_in_portions_and_a_short_trace_adds_nothing():
    tx, rx, density, traces = swept(150)
    plan, growing = two_tiles(tx, rx, density)
    tile, antennas = growing.tile(), np.stack([tx, rx], axis=1)
    growing.add([(np.zeros(2), tile)], antennas, density, traces[:, :1], DT_S)
    assert (tile == 0.0).all()
    growing.add([(np.zeros(2), tile)], antennas, density, traces, DT_S)
    _, fold, _ = gather(plan, traces, DT_S)
    grown = np.moveaxis(tile, 3, 0)[2].reshape(SIDE, SIDE, -1)[:, :, : DEPTH.size]
    np.testing.assert_allclose(grown.transpose(2, 0, 1), fold[:, :, :SIDE], atol=2e-5 * fold.max())


def test_a_tile_is_no_wider_than_the_loops_look():
    plan, _ = two_tiles(*swept(4)[:3])
    with pytest.raises(ValueError, match="at most 16"):
        GrowingSum(plan.table, aperture_m=APERTURE, apparent_depth_m=plan.apparent_depth_m, cell_m=CELL, cells=17)
