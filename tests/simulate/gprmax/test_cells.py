"""The ground as gprMax's cells: surfaces, bodies, voids, metal and unevenness are where the scene has them."""

from __future__ import annotations

import json
from dataclasses import replace

import h5py
import numpy as np
import pytest

from dualsense.constants import C0_M_S, EPSILON0_F_M
from dualsense.simulate import _soil as soil
from dualsense.simulate._gprmax import cells as gprmax_cells
from dualsense.simulate._gprmax import files as gprmax_files
from dualsense.simulate._gprmax.grid import AIR, METAL, Grid
from dualsense.simulate._gprmax.plan import plan_runs
from dualsense.simulate._gprmax.program import GprmaxEngine
from dualsense.simulate._scene import placement, shapes
from dualsense.simulate._scene.instrument import Radar
from dualsense.simulate._scene.library import MODELS
from dualsense.simulate._scene.scene import Buried, Layer, Soil

EVEN = Soil(relative_permittivity=5.3, conductivity_s_m=0.02, permittivity_std=0.0, roughness_rms_m=0.0)
STEP = 0.004
GRID = Grid(STEP, (40, 36, 30), (-0.0811, -0.0707, -0.0903))


def ground_of(kind, seed=0):
    return soil.realise_ground(kind, low_m=(-0.4, -0.4), high_m=(0.4, 0.4), rng=np.random.default_rng(seed))


def cells_of(*objects, kind=EVEN, grid=GRID):
    return gprmax_cells.ground_cells(objects, ground_of(kind), grid, center_hz=2e9)


def z_of_ey(grid=GRID):
    return grid.origin_m[2] + grid.step_m * np.arange(grid.shape[2] + 1)


def test_soil_has_its_permittivity_and_loses_what_the_scene_says():
    lossy = replace(EVEN, loss_tangent=0.03)
    cells = cells_of(kind=lossy)
    deep = cells.edge[:, :, :, 2]
    assert len(np.unique(deep)) == 1
    assert cells.permittivity[deep[0, 0, 0]] == pytest.approx(5.3, rel=1e-6)
    # the loss tangent as the conductivity eps0 eps omega tan(delta) at the centre
    extra = EPSILON0_F_M * 5.3 * 2 * np.pi * 2e9 * 0.03
    assert cells.conductivity_s_m[deep[0, 0, 0]] == pytest.approx(0.02 + extra, rel=1e-6)
    assert (cells.edge[:, :, :, -2:] == AIR).all()
    assert cells.permittivity[AIR] == 1
    assert cells.conductivity_s_m[AIR] == 0


def test_the_surface_stays_where_it_is_between_nodes():
    rough = replace(EVEN, roughness_rms_m=0.006)
    cells = cells_of(kind=rough)
    ground = ground_of(rough)
    x = GRID.origin_m[0] + STEP * np.arange(40)
    y = GRID.origin_m[1] + STEP * (np.arange(36) + 0.5)
    # what a column holds of soil, as a height, against bilinear interpolation by hand
    share = (cells.permittivity[cells.edge[1, :40, :36]] - 1) / 4.3
    height = share.sum(axis=2) * STEP + z_of_ey()[0] - STEP / 2
    column, row = (x - ground.x0_m) / ground.cell_m, (y - ground.y0_m) / ground.cell_m
    i, j = column.astype(int), row.astype(int)
    u, v = (column - i)[:, None], (row - j)[None]
    h = ground.height_m.T
    wanted = (1 - u) * (1 - v) * h[np.ix_(i, j)] + u * (1 - v) * h[np.ix_(i + 1, j)]
    wanted += (1 - u) * v * h[np.ix_(i, j + 1)] + u * v * h[np.ix_(i + 1, j + 1)]
    assert np.ptp(wanted) > 0.01
    assert np.abs(height - wanted).max() < 5e-4


def test_layers_lie_at_their_depths_with_their_own_losses():
    layered = replace(
        EVEN,
        layers=(Layer(0.03, 9.0, 0.05), Layer(0.0615, 3.0, 0.0)),
    )
    cells = cells_of(kind=layered)
    column = cells.edge[1, 5, 5]
    share = cells.permittivity[column] - 1
    z = z_of_ey()
    thick = [4.3 * 0.03, 8.0 * (0.0615 - 0.03), 2.0 * (-z[0] + STEP / 2 - 0.0615)]
    assert share.sum() * STEP == pytest.approx(sum(thick), rel=1e-3)
    for depth, permittivity, loss in ((0.015, 5.3, 0.02), (0.045, 9.0, 0.05), (0.08, 3.0, 0.0)):
        material = column[int(np.argmin(np.abs(z + depth)))]
        assert cells.permittivity[material] == pytest.approx(permittivity, rel=1e-5)
        assert cells.conductivity_s_m[material] == pytest.approx(loss, abs=1e-6)
    ground = ground_of(layered)
    deep = plan_runs(
        (), ground, Radar(), np.array([[-0.05, 0.0, 0.05]]), np.array([[0.05, 0.0, 0.05]]), GprmaxEngine()
    )[1]
    assert deep.grid.origin_m[2] < -0.0615 - 0.02
    assert deep.grid.step_m <= C0_M_S / 3.2e9 / 3 / 10


@pytest.mark.parametrize("model", ("stone", "root", "PMA-1", "PMA-3"))
def test_bodies_have_their_volume_and_place(model):
    thing = Buried(model, 0.004, -0.003, 0.02, yaw_deg=30.0, scale=0.5)
    kind = MODELS[model]
    cells = cells_of(replace(thing, body_permittivity=9.0))
    parts = [(kind.shape, placement.size_m(thing), 9.0 - 5.3)]
    parts += [(c.shape, tuple(0.5 * s for s in c.size_m), c.relative_permittivity - 9.0) for c in kind.cores]
    wanted = sum(shapes.volume_m3(shape, size) * more for shape, size, more in parts)
    excess = cells.permittivity[cells.edge[1, :40, :36, :30]] - 5.3
    excess[:, :, z_of_ey()[:30] > -0.015] = 0
    excess[cells.edge[1, :40, :36, :30] == METAL] = 0
    assert excess.sum() * STEP**3 == pytest.approx(wanted, rel=0.06)
    if not kind.cores:
        places = np.stack(np.meshgrid(*(np.arange(n) for n in GRID.shape), indexing="ij"), axis=-1)
        middle = np.average(GRID.point_m(places.reshape(-1, 3)), axis=0, weights=excess.ravel())
        wanted = [0.004, -0.003, -0.02 - placement.size_m(thing)[2] / 2]
        np.testing.assert_allclose(middle, wanted, atol=6e-4)


def test_a_void_is_air_in_a_body_and_conducts_nothing():
    thing = Buried("PMA-2", 0.0, 0.0, 0.01)
    cells = cells_of(thing)
    core = MODELS["PMA-2"].cores[0]
    in_void = GRID.node(np.array([0.0, 0.0, -0.01 - core.top_m - 0.006]))
    in_body = GRID.node(np.array([0.025, 0.0, -0.03]))
    assert cells.edge[(1, *in_void)] == AIR
    assert cells.permittivity[cells.edge[(1, *in_body)]] == pytest.approx(2.9, rel=1e-5)
    assert cells.conductivity_s_m[cells.edge[(1, *in_body)]] == 0


def test_a_ring_is_a_closed_chain_of_metal_edges():
    cells = cells_of(Buried("wire-loop", 0.0, 0.0, 0.03))
    degree = np.zeros([n + 2 for n in GRID.shape], int)
    count = 0
    for axis in range(3):
        for i, j, k in np.argwhere(cells.edge[axis] == METAL):
            degree[i, j, k] += 1
            degree[i + (axis == 0), j + (axis == 1), k + (axis == 2)] += 1
            count += 1
    assert set(np.unique(degree)) == {0, 2}
    # a staircase about a circle is 4 / pi as long
    assert count * STEP == pytest.approx(8 * 0.03, rel=0.06)
    assert len(np.unique(np.argwhere(degree)[:, 2])) == 1


@pytest.mark.parametrize("model", ("nail", "foil", "fragment"))
def test_thin_metal_is_never_lost_between_the_nodes(model):
    for depth in (0.02, 0.0213, 0.0227):
        thing = Buried(model, 0.0, 0.0, depth)
        metal = cells_of(thing).edge == METAL
        along = np.flatnonzero(metal[0].any(axis=(1, 2)))
        assert len(along) * STEP == pytest.approx(placement.size_m(thing)[0], abs=1.2 * STEP)
        assert (np.diff(along) == 1).all()


def test_a_pin_inside_a_mine_is_a_line_along_its_axis():
    metal = np.argwhere(cells_of(Buried("M14", 0.0, 0.0, 0.01)).edge == METAL)
    z = GRID.origin_m[2] + STEP * (metal[:, 3] + 0.5)
    # the pin is 2 mm thick and from 11 to 19 mm below the top; what is under it is thicker
    pin = metal[z > -0.03]
    assert set(pin[:, 0]) == {2}
    assert len(np.unique(pin[:, 1:3], axis=0)) == 1
    assert z.max() == pytest.approx(-0.021, abs=STEP)
    assert (np.diff(np.unique(metal[metal[:, 0] == 2, 3])) == 1).all()


def test_unevenness_has_the_scenes_variance_and_leaves_bodies_alone():
    uneven = replace(EVEN, permittivity_std=0.05)
    grid = Grid(0.005, (100, 100, 40), (-0.25, -0.25, -0.24))
    thing = Buried("stone", 0.0, 0.0, 0.05)
    values = cells_of(thing, kind=uneven, grid=grid)
    deep = values.permittivity[values.edge[1, :, :, :30]]
    inside = values.permittivity[values.edge[(1, *grid.node(np.array([0.0, 0.0, -0.07])))]]
    assert inside == pytest.approx(7.0, rel=1e-3)
    # a region of many correlation lengths: (0.5 / 0.05)^2 * 3 of them
    assert deep.std() / 5.3 == pytest.approx(0.05, rel=0.15)
    assert deep.mean() == pytest.approx(5.3, rel=0.01)
    far = deep[:-4] - deep.mean()
    alike = (far * (deep[4:] - deep.mean())).mean() / deep.var()
    assert alike == pytest.approx(np.exp(-0.5 * (0.02 / uneven.permittivity_length_m) ** 2), abs=0.08)


def test_model_file_says_what_gprmax_needs(tmp_path):
    grid = Grid(STEP, (30, 28, 34), (-0.05, -0.052, -0.05))
    one = gprmax_files.Sounding(
        "sounding-0007", grid, np.array([12, 13, 14]), np.array([[20, 13, 14]]), 1.5e9, 3e-9
    )
    cells = cells_of(Buried("PMN", 0.0, 0.0, 0.01, scale=0.3), grid=grid)
    assert gprmax_files.write_model(one, cells, tmp_path)
    lines = (tmp_path / "sounding-0007.in").read_text().splitlines()
    said = dict(line.split(": ", 1) for line in lines if not line.startswith("##"))
    assert [float(x) for x in said["#domain"].split()] == pytest.approx([30 * STEP, 28 * STEP, 34 * STEP])
    assert [float(x) for x in said["#dx_dy_dz"].split()] == [STEP] * 3
    assert said["#hertzian_dipole"].split()[0] == "y"
    assert np.array(said["#hertzian_dipole"].split()[1:4], float) / STEP == pytest.approx([12, 13, 14])
    assert np.array(said["#rx"].split()[:3], float) / STEP == pytest.approx([20, 13, 14])
    assert said["#rx"].split()[3:] == ["rx1", "Ey"]
    assert said["#waveform"] == "ricker 1 1500000000.0 pulse"
    assert float(said["#time_window"]) == 3e-9
    assert said["#geometry_objects_read"] == "0 0 0 sounding-0007-ground.h5 sounding-0007-ground"
    listed = json.loads((tmp_path / "sounding-0007-ground.json").read_text())["materials"]
    with h5py.File(tmp_path / "sounding-0007-ground.h5") as file:
        keys = [key.decode() for key in file["material_keys"]]
        assert (file.attrs["dx_dy_dz"] == STEP).all()
        assert file["data"].shape == grid.shape
        assert file["rigidE"].shape == (12, *grid.shape)
        assert file["rigidE"][...].all()
        assert file["rigidH"].shape == (6, *grid.shape)
        edges = file["ID"][...]
    assert edges.shape == (6, 31, 29, 35)
    assert (edges[3:] == AIR).all()
    assert keys == list(listed)
    assert edges.max() < len(keys)
    assert listed[keys[METAL]]["base"]["electric_conductivity_s_per_m"] == "inf"
    assert (edges[:3] == METAL).any()
    np.testing.assert_array_equal(edges[:3], cells.edge)
    assert not gprmax_files.write_model(one, cells, tmp_path)
    cells.edge[0, 3, 3, 3] = METAL
    assert gprmax_files.write_model(one, cells, tmp_path)


def test_wavelet_is_gprmaxs_ricker():
    time = np.linspace(0, 3e-9, 3001)
    wave = gprmax_files.ricker(time, 1e9)
    assert wave.max() == pytest.approx(1.0, abs=1e-5)
    assert time[wave.argmax()] == pytest.approx(np.sqrt(2) * 1e-9, abs=1e-12)
    assert abs(wave.sum()) < 1e-3 * np.abs(wave).sum()
    spectrum = np.abs(np.fft.rfft(wave, 1 << 16))
    peak = np.fft.rfftfreq(1 << 16, 1e-12)[spectrum.argmax()]
    assert peak == pytest.approx(1e9, rel=0.02)
