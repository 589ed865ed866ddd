"""Mines as voxels, in the layout that gprMax 4 ships, read and put into the ground."""

from __future__ import annotations

import json
from dataclasses import replace

import h5py
import numpy as np
import pytest

from dualsense.errors import UsageError
from dualsense.simulate import _soil as soil
from dualsense.simulate._gprmax import cells as gprmax_cells
from dualsense.simulate._gprmax import voxels as gprmax_voxels
from dualsense.simulate._gprmax.grid import AIR, METAL, Grid
from dualsense.simulate._gprmax.voxels import read_voxels
from dualsense.simulate._scene.scene import Buried, Soil

GRID = Grid(0.004, (40, 40, 30), (-0.0811, -0.0807, -0.0903))
KEYS = ("pec", "freespace", "plastic")
PERMITTIVITY = (1.0, 1.0, 2.5)


def write(folder, name="PMA", *, conductor="inf"):
    """A block of plastic, 30 x 20 x 10 mm, with air in its upper half, a pin along x, and nothing about it."""
    data = np.full((36, 26, 14), -1, np.int16)
    data[3:33, 3:23, 2:12] = 2
    data[6:30, 6:20, 7:11] = 1
    data[8:28, 13, 4] = 0
    folder.mkdir(exist_ok=True)
    with h5py.File(folder / f"{name}_1x1x1.h5", "w") as file:
        file["data"] = data
        file["material_keys"] = np.array(KEYS, "S22")
        file.attrs["dx_dy_dz"] = [0.001] * 3
        file.attrs["MaterialDatabase"] = f"{name}_materials"
    materials = {
        key: {"base": {"relative_permittivity": value, "electric_conductivity_s_per_m": 0.0}}
        for key, value in zip(KEYS, PERMITTIVITY, strict=True)
    }
    materials["pec"]["base"]["electric_conductivity_s_per_m"] = conductor
    (folder / f"{name}_materials.json").write_text(json.dumps({"materials": materials}))
    return folder


def cells_of(thing, voxels):
    even = Soil(relative_permittivity=5.0, permittivity_std=0.0, roughness_rms_m=0.0)
    ground = soil.realise_ground(even, low_m=(-0.4, -0.4), high_m=(0.4, 0.4), rng=np.random.default_rng(0))
    return gprmax_cells.ground_cells((thing,), ground, GRID, center_hz=2e9, voxels=voxels)


def test_voxels_have_their_top_at_the_origin_and_nothing_outside(tmp_path):
    voxels = read_voxels(write(tmp_path))
    assert list(voxels) == ["PMA-voxel"]
    mine = voxels["PMA-voxel"]
    points = np.array([[0.0, 0.0, -0.0005], [0.0, 0.0, -0.003], [0.0, 0.0, 0.0005], [0.0155, 0.0, -0.003]])
    value, metal = mine.at(points)
    np.testing.assert_allclose(value, [2.5, 1.0, np.nan, np.nan])
    assert not metal.any()
    assert mine.at(np.array([0.001, 0.0005, -0.0075]))[1]
    assert mine.metal_pairs_m().shape == (19, 2, 3)


def test_voxels_stand_in_for_the_library_body(tmp_path):
    voxels = read_voxels(write(tmp_path))
    thing = Buried("PMA-voxel", 0.0, 0.0, 0.02, yaw_deg=90.0, scale=2.0)
    drawn = cells_of(thing, voxels)
    # the volumes: 60 x 40 x 20 mm of plastic, 48 x 28 x 8 mm of it air
    less = 5.0 - drawn.permittivity[drawn.edge[1, :40, :40, :30]]
    deep = np.arange(30) * 0.004 - 0.0903 < -0.012
    less = less[:, :, deep][drawn.edge[1, :40, :40, :30][:, :, deep] != METAL]
    wanted = 2.5 * 60e-3 * 40e-3 * 20e-3 + 1.5 * 48e-3 * 28e-3 * 8e-3
    assert less.sum() * 0.004**3 == pytest.approx(wanted, rel=0.05)
    # the pin, along x in the voxels, lies along y
    metal = np.argwhere(drawn.edge == METAL)
    assert set(metal[:, 0]) == {1}
    assert len(metal) * 0.004 == pytest.approx(0.04, abs=0.006)
    assert len(np.unique(metal[:, [1, 3]], axis=0)) == 1
    in_air = GRID.node(np.array([0.0, 0.0, -0.027]))
    assert drawn.edge[(1, *in_air)] == AIR
    own = cells_of(replace(thing, body_permittivity=9.0), voxels)
    assert own.permittivity.max() == pytest.approx(9.0, rel=1e-3)
    np.testing.assert_array_equal(cells_of(replace(thing, model="PMN"), voxels).edge.shape, drawn.edge.shape)


def test_folders_without_mines_and_files_of_another_kind_are_named(tmp_path):
    with pytest.raises(UsageError, match="none of gprMax's mines, such as PMN_1x1x1"):
        read_voxels(tmp_path)
    old = write(tmp_path / "old")
    with h5py.File(old / "PMA_1x1x1.h5", "a") as file:
        del file["material_keys"]
    with pytest.raises(UsageError, match=r"PMA_1x1x1\.h5: not gprMax's voxels"):
        read_voxels(old)
    sly = write(tmp_path / "sly")
    with h5py.File(sly / "PMA_1x1x1.h5", "a") as file:
        file.attrs["MaterialDatabase"] = "../old/PMA_materials"
    with pytest.raises(UsageError, match="expected a name"):
        read_voxels(sly)
    few = write(tmp_path / "few")
    with h5py.File(few / "PMA_1x1x1.h5", "a") as file:
        file["data"][5, 5, 5] = 7
    with pytest.raises(UsageError, match="up to material 7"):
        read_voxels(few)
    assert set(gprmax_voxels.FILES) == {"PMN-voxel", "PMA-voxel", "TS-50-voxel"}
