"""TIFF of maps as an independent reader sees it: whole bands, tiles, those that take no room, and large files."""

from __future__ import annotations

import io

import numpy as np
import pytest

from dualsense.runtime import tiff

tifffile = pytest.importorskip("tifffile")


@pytest.mark.parametrize("big", (False, True))
@pytest.mark.parametrize("bands", (1, 3))
def test_tiles_are_read_back_and_those_left_out_take_no_room(big, bands):
    shape = (16, 16) if bands == 1 else (16, 16, bands)
    rng = np.random.default_rng(bands)
    made = [rng.normal(size=shape).astype(np.float32), None, None, rng.normal(size=shape).astype(np.float32)]
    pixels = tiff.Pixels(32, 32, bands, np.float32, tile=16, big=big)
    tags = tiff.gdal_tags({"about": "<this> & that"}, [str(n) for n in range(bands)], float("nan"))
    stream = io.BytesIO()
    tiff.write_tiff(stream, made, pixels, tags | tiff.geo_keys({tiff.PROJECTED: 32648}, "a place"))
    with tifffile.TiffFile(io.BytesIO(stream.getvalue())) as file:
        page = file.pages[0]
        assert file.is_bigtiff == big
        assert page.databytecounts[1:3] == (0, 0)
        assert page.tags["GDAL_NODATA"].value == "nan"
        assert "&lt;this&gt; &amp; that" in page.tags["GDAL_METADATA"].value
        assert page.geotiff_tags["ProjectedCSTypeGeoKey"] == 32648
        assert page.geotiff_tags["GTCitationGeoKey"] == "a place"
        read = page.asarray()
    np.testing.assert_array_equal(read[:16, :16], made[0])
    np.testing.assert_array_equal(read[16:, 16:], made[3])


def test_bands_of_an_odd_size_are_read_back():
    made = [np.arange(15, dtype=np.uint16).reshape(3, 5), np.ones((3, 5), dtype=bool)]
    stream = io.BytesIO()
    tiff.write_tiff(stream, made, tiff.Pixels(3, 5, 2, np.uint16), {})
    with tifffile.TiffFile(io.BytesIO(stream.getvalue())) as file:
        np.testing.assert_array_equal(file.pages[0].asarray(), np.array(made, dtype=np.uint16))
