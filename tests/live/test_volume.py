"""A volume to which soundings are added is the batch's migration of the same soundings with the same weights."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense import gpr
from dualsense.gpr import Layers, Soundings, Traces
from dualsense.live._tiles import TILE
from dualsense.live._volume import Volume
from dualsense.recipe import Recipe
from dualsense.result import Grid
from oracles.sweep import kirchhoff_sum

DEPTH = np.arange(0.0, 0.105, 0.01)
DT = 2.5e-11
TABLES = Recipe().gpr.migrate.model_copy(update={"density_radius_m": 1e-6, "depth_stop_m": 0.1})
FREQUENCY = np.linspace(0.8e9, 3.2e9, 31)


def soundings(count=40, seed=2):
    draw = np.random.default_rng(seed)
    middle = np.column_stack([draw.uniform(0.0, 0.3, count), draw.uniform(0.0, 0.2, count), np.full(count, 0.05)])
    middle[:, 2] += draw.uniform(-0.01, 0.01, count)
    half = np.array([0.0495, 0.0, 0.0])
    spectrum = draw.normal(size=(count, 31)) + 1j * draw.normal(size=(count, 31))
    traces = (spectrum @ np.exp(2j * np.pi * FREQUENCY[:, None] * DT * np.arange(240))).astype(np.complex64)
    return middle - half, middle + half, traces


def volume(ground=6.0, *, tables=TABLES):
    shape = {"cell_m": 0.01, "depth_m": DEPTH, "heights_m": (0.04, 0.06), "half_offset_m": 0.0495, "reach_m": 0.03}
    return Volume(tables, ground, **shape)


def assembled(grown, name):
    keys = sorted(grown.tiles)
    rows, columns = (sorted({key[k] for key in keys}) for k in range(2))
    out = np.zeros((len(rows) * TILE, len(columns) * TILE, DEPTH.size, 2))
    first = 0 if name == "total" else 2
    for j, i in keys:
        sums = np.moveaxis(grown.tiles[j, i].sums, 3, -1).reshape(TILE, TILE, -1, 4)
        part = sums[:, :, : DEPTH.size, first : first + 2]
        place = (slice((j - rows[0]) * TILE, (j - rows[0] + 1) * TILE), slice((i - columns[0]) * TILE, None))
        out[place][:, :TILE] = part
    x_m = (columns[0] * TILE + 0.5 + np.arange(out.shape[1])) * 0.01
    y_m = (rows[0] * TILE + 0.5 + np.arange(out.shape[0])) * 0.01
    values = out[..., 0] + 1j * out[..., 1] if name == "total" else out[..., 0]
    return Grid(x_m, y_m, 0.01), values.transpose(2, 0, 1)


@pytest.mark.parametrize("ground", (6.0, Layers((0.0, 0.04), (4.0, 12.0))), ids=("soil", "layers"))
def test_adding_equals_gathering(ground):
    """Within 1e-3 of the largest: each tabulates the times over heights of its own, within 0.1 ps."""
    tx, rx, traces = soundings()
    grown = volume(ground)
    for part in np.array_split(np.arange(len(tx)), 6):
        grown.add(tx[part], rx[part], traces[part], DT)
    grid, total = assembled(grown, "total")
    _, fold = assembled(grown, "fold")
    n, spectrum = len(tx), np.zeros((len(tx), 31), complex)
    batch = gpr.kirchhoff(
        Soundings(np.arange(n) * 0.1, FREQUENCY, spectrum, tx, rx, np.zeros(n, int), np.zeros((n, 3))),
        Traces(traces, DT, FREQUENCY, spectrum),
        grid,
        DEPTH,
        relative_permittivity=ground,
        density_radius_m=1e-6,
    )
    wanted = batch.amplitude * batch.fold
    assert np.abs(batch.fold - fold).max() < 1e-4 * batch.fold.max()
    assert np.abs(wanted - total).max() < 1e-3 * np.abs(wanted).max()


@pytest.mark.kernel
def test_adding_equals_the_plain_sum():
    """Within 2e-3 of the largest: the tables are read linearly over the roots of height and distance."""
    tx, rx, traces = soundings(3)
    grown = volume()
    grown.add(tx, rx, traces, DT)
    grid, total = assembled(grown, "total")
    _, fold = assembled(grown, "fold")
    table = grown._growing._table
    cells = np.stack(np.meshgrid(grid.x_m, grid.y_m), axis=-1).reshape(-1, 2)

    def read(values):
        def at(height, rho):
            near = np.sqrt(table.height_m)
            k = np.clip(np.searchsorted(near, np.sqrt(height)) - 1, 0, near.size - 2)
            f = (np.sqrt(height) - near[k]) / (near[k + 1] - near[k])
            row = (1.0 - f) * values[k] + f * values[k + 1]
            return np.stack([np.interp(np.sqrt(rho), np.sqrt(table.rho_m), column) for column in row.T], axis=1)

        return at

    radius = np.minimum(TABLES.aperture_m + TABLES.aperture_growth * DEPTH, TABLES.max_aperture_m)
    at = np.stack([tx, rx, 0.5 * (tx + rx)], axis=1)
    apparent = DEPTH / np.sqrt(6.0)
    how = {"radius_m": radius, "apparent_m": apparent, "time": read(table.time_s), "gain": read(table.gain)}
    plain, weights = kirchhoff_sum(traces, DT, at, np.ones(3), cells, DEPTH, **how)
    shape = (*total.shape[1:], DEPTH.size)
    assert np.abs(plain.reshape(shape).transpose(2, 0, 1) - total).max() < 2e-3 * np.abs(plain).max()
    assert np.abs(weights.reshape(shape).transpose(2, 0, 1) - fold).max() < 2e-3 * weights.max()


def test_a_head_that_rests_does_not_outweigh_one_that_moves():
    tx, rx, traces = soundings(1)
    tables = TABLES.model_copy(update={"density_radius_m": 0.015})
    resting, once = volume(tables=tables), volume(tables=tables)
    once.add(tx, rx, traces, DT)
    for _ in range(100):
        resting.add(tx, rx, traces, DT)
    assert resting.highest.max() < 8.0 * once.highest.max()  # the harmonic series, and not a hundred


@pytest.mark.kernel
def test_what_a_sounding_touches_does_not_depend_on_what_was_there():
    tx, rx, traces = soundings()
    grown = volume()
    first = grown.add(tx[:4], rx[:4], traces[:4], DT)
    for shift in (1, 4, 12, 29):
        far = np.array([0.0, 0.1 * shift, 0.0])
        grown.add(tx[:8] + far, rx[:8] + far, traces[:8], DT)
    assert grown.add(tx[:4], rx[:4], traces[:4], DT) == first
