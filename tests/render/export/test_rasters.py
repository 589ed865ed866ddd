"""GeoTIFF, SEG-Y, Zarr and xarray, read back by GDAL, by the importer's own rules and by their own packages."""

from __future__ import annotations

import io
import json
import struct
import sys
import zipfile
import zlib
from dataclasses import replace
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from dualsense.errors import UsageError
from dualsense.io import import_seismic
from dualsense.render import export_results, to_xarray
from dualsense.render._files.geodesy import local_to_wgs84
from dualsense.result import Radargram

ORIGIN = (13.4, 104.2, 20.0, 30.0)
TYPES = {2: "s", 3: "H", 4: "I", 12: "d"}


def exported(result, folder, kind):
    (path,) = export_results([result], folder, formats=[kind])
    return path


def tiff(content):
    """Read tags and bands as TIFF 6.0 says."""
    assert content[:4] == b"II*\0"
    (at,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, at)
    tags = {}
    for n in range(count):
        tag, kind, length = struct.unpack_from("<HHI", content, at + 2 + 12 * n)
        form = f"<{length}{TYPES[kind]}"
        size, place = struct.calcsize(form), at + 10 + 12 * n
        if size > 4:
            (place,) = struct.unpack_from("<I", content, place)
        tags[tag] = struct.unpack_from(form, content, place)
    assert list(tags) == sorted(tags)
    strips = zip(tags[273], tags[279], strict=True)
    shape = tags[257][0], tags[256][0]
    return tags, [
        np.frombuffer(zlib.decompress(content[at : at + size]), "<f4").reshape(shape) for at, size in strips
    ]


@pytest.mark.parametrize("origin", (None, ORIGIN))
def test_bands_of_the_geotiff_lie_where_the_ground_lies(full_result, tmp_path, origin):
    result = replace(full_result, header=replace(full_result.header, origin_wgs84=origin))
    tags, bands = tiff(exported(result, tmp_path, "tif").read_bytes())
    volume, grid = result.gpr_volume, result.coverage.grid
    items = ET.fromstring(tags[42112][0].rstrip(b"\0"))  # noqa: S314 - our own
    names = [item.text for item in items if item.get("role") == "description"]
    metal = next(n for n, name in enumerate(names) if name.startswith("metal_response"))
    np.testing.assert_array_equal(bands[metal][::-1], result.emi_maps["metal_response"].values)
    np.testing.assert_array_equal(bands[-1][::-1], volume.values[-1])
    assert names[-1].startswith(f"{volume.name} at {volume.depth_m[-1]:.3f} m")
    assert "advice" in json.loads(items[0].text)
    matrix = np.array(tags[34264]).reshape(4, 4)
    row, column = 1, grid.x_m.size - 2  # the middle of a cell that is neither in a corner nor on a diagonal
    place = matrix @ (column + 0.5, row + 0.5, 0.0, 1.0)
    x_m, y_m = grid.x_m[column], grid.y_m[-1 - row]
    if origin is None:
        np.testing.assert_allclose(place[:2], (x_m, y_m), atol=1e-9)
        assert 2048 not in tags[34735][::4]
    else:
        latitude, longitude = local_to_wgs84([x_m], [y_m], origin)
        np.testing.assert_allclose(place[:2], (longitude[0], latitude[0]), atol=1e-9)  # 0.1 mm
        keys = np.array(tags[34735]).reshape(-1, 4)
        assert keys[keys[:, 0] == 2048, 3] == 4326


def test_the_volume_as_segy_is_read_by_the_importer(full_result, tmp_path):
    path, volume = exported(full_result, tmp_path, "sgy"), full_result.gpr_volume
    scan = import_seismic(path)
    nz, ny, nx = volume.values.shape
    traces = scan.gpr.data.reshape(ny, nx, nz).transpose(2, 0, 1)
    covered = np.isfinite(volume.values)
    np.testing.assert_allclose(traces[covered], volume.values[covered], rtol=1e-6)
    content = path.read_bytes()
    text = content[:3200].decode("cp037")
    assert "NEVER GROUND THAT IS EMPTY" in text
    heads = np.frombuffer(content[3600:], ">i2").reshape(ny * nx, -1)[:, :120]
    dead = ~covered.any(axis=0).reshape(-1)
    np.testing.assert_array_equal(heads[:, 14] == 2, dead)


def test_a_line_is_exported_as_its_section(full_result, tmp_path):
    way = np.column_stack([0.02 * np.arange(5), np.zeros(5), np.full(5, 0.05)])
    values = np.arange(35, dtype=np.float32).reshape(5, 7)
    values[0, 3] = np.nan
    section = Radargram("amplitude", "1", 2e-10 * np.arange(7), way, values)
    line_result = replace(full_result, radargram=section)
    content = exported(line_result, tmp_path, "sgy").read_bytes()
    line = line_result.radargram
    size = 240 + 4 * line.time_s.size
    assert len(content) == 3600 + size * len(line.values)
    first = np.frombuffer(content[3840 : 3600 + size], ">f4")
    np.testing.assert_array_equal(first, np.nan_to_num(line.values[0]))
    (interval,) = struct.unpack_from(">h", content, 3216)
    assert interval == pytest.approx(1e12 * np.diff(line.time_s).mean(), abs=0.5)
    with pytest.raises(UsageError, match="neither section nor volume"):
        export_results([replace(full_result, gpr_volume=None)], tmp_path / "b", formats=["sgy"])


def test_zarr_holds_what_xarray_is_given(full_result, tmp_path):
    content = exported(full_result, tmp_path, "zarr").read_bytes()
    held = zipfile.ZipFile(io.BytesIO(content))
    about = json.loads(held.read("radar/.zarray"))
    raw = np.frombuffer(zlib.decompress(held.read("radar/0.0.0")), about["dtype"]).reshape(about["shape"])
    np.testing.assert_array_equal(raw, full_result.gpr_volume.values)
    assert json.loads(held.read("radar/.zattrs"))["_ARRAY_DIMENSIONS"] == ["depth", "y", "x"]
    assert exported(full_result, tmp_path / "again", "zarr").read_bytes() == content


def test_the_dataset_has_axes_units_and_what_every_export_says(full_result, monkeypatch):
    given = {}
    monkeypatch.setitem(
        sys.modules, "xarray", SimpleNamespace(Dataset=lambda tables, **rest: given.update(rest, tables=tables))
    )
    to_xarray(full_result)
    axes, values, told = given["tables"]["radar"]
    assert (axes, told["units"]) == (("depth", "y", "x"), full_result.gpr_volume.units)
    assert values is full_result.gpr_volume.values
    assert given["coords"]["depth"][0] == ("depth",)
    assert set(given["coords"]) == {"x", "y", "depth"}
    assert not set(given["coords"]) & set(given["tables"])
    assert given["attrs"]["source"] == full_result.header.source
    assert None not in given["attrs"].values()
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(UsageError, match="pip install"):
        to_xarray(full_result)


def test_xarray_opens_the_zarr_as_it_is_given_in_memory(full_result, tmp_path):
    xarray = pytest.importorskip("xarray")
    storage = pytest.importorskip("zarr.storage")
    given = to_xarray(full_result)
    assert given["radar"].dims == ("depth", "y", "x")
    assert given["radar"].sel(depth=0.05, method="nearest").shape == full_result.coverage.patch.shape
    assert given.attrs["source"] == full_result.header.source
    assert given["target_call"].values.tolist() == [target.call for target in full_result.targets]
    read = xarray.open_zarr(storage.ZipStore(exported(full_result, tmp_path, "zarr"), mode="r"), chunks=None)
    assert set(read.variables) == set(given.variables)
    for name in ("radar", "emi_metal_response", "covered_gpr", "target_x", "target_id"):
        np.testing.assert_array_equal(read[name].values, given[name].values)
