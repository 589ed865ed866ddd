"""Images as arrays, read back by what knows nothing of this project."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from dualsense.errors import UsageError
from dualsense.render import export_results


def test_the_arrays_are_those_of_the_result_and_need_no_pickle(full_result, tmp_path):
    (path,) = export_results([full_result], tmp_path, formats=["npz"])
    assert path.name == "export.npz"
    with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as held:
        np.testing.assert_array_equal(held["volume"], full_result.gpr_volume.values)
        np.testing.assert_array_equal(held["covered_gpr"], full_result.coverage.gpr)
        np.testing.assert_array_equal(held["emi_metal_response"], full_result.emi_maps["metal_response"].values)
        assert held["target_call"].tolist() == [target.call for target in full_result.targets]
        told = json.loads(str(held["about"]))
    assert told["source"] == full_result.header.source
    assert "advice" in told
    assert told["units"]["volume"] == full_result.gpr_volume.units


def test_the_volume_lies_in_vtk_where_it_lies_in_the_ground(full_result, tmp_path):
    name = "a --> <b> & é --- c"
    odd = replace(full_result, header=replace(full_result.header, scan_id=name))
    (path,) = export_results([odd], tmp_path, formats=["vti"])
    assert full_result.header.source.encode() in path.read_bytes()
    root = ET.fromstring(path.read_bytes())  # noqa: S314 - our own
    image, array = root.find("ImageData"), root.find(".//DataArray")
    volume = full_result.gpr_volume
    nz, ny, nx = volume.values.shape
    assert image.get("WholeExtent") == f"0 {nx - 1} 0 {ny - 1} 0 {nz - 1}"
    origin, spacing = (np.array(image.get(key).split(), float) for key in ("Origin", "Spacing"))
    raw = base64.b64decode(array.text)
    assert int(np.frombuffer(raw[:8], "<u8")[0]) == len(raw) - 8 == volume.values.size * 4
    values = np.frombuffer(raw[8:], "<f4").reshape(nz, ny, nx)
    np.testing.assert_array_equal(values[::-1], volume.values)
    z_m = origin[2] + spacing[2] * np.arange(nz)
    np.testing.assert_allclose(z_m[::-1], -volume.depth_m, atol=1e-9)
    np.testing.assert_allclose(origin[:2], (volume.grid.x_m[0], volume.grid.y_m[0]))


def test_without_a_radar_there_is_no_volume_to_export(full_result, tmp_path):
    with pytest.raises(UsageError, match="no radar volume"):
        export_results([replace(full_result, gpr_volume=None)], tmp_path, formats=["vti"])
    assert not list(tmp_path.iterdir())
