"""What a GIS reads of a site, by GDAL and PROJ: places within a centimetre, ground where it was covered."""

from __future__ import annotations

import json

import numpy as np
import pyogrio
import pyogrio.raw
import pyproj
import pytest

rasterio = pytest.importorskip("rasterio")
ORIGIN = (11.5, 104.9, 12.0, 90.0)


def by_proj(result, x_m, y_m):
    """Easting and northing of a place of a scan's frame by PROJ alone, over geocentric coordinates."""
    latitude, longitude, height_m, azimuth = result.header.origin_wgs84
    turn = np.radians(azimuth)
    east_m, north_m = x_m * np.sin(turn) - y_m * np.cos(turn), x_m * np.cos(turn) + y_m * np.sin(turn)
    pipeline = (
        f"+proj=pipeline +step +inv +proj=topocentric +ellps=WGS84 +lat_0={latitude} +lon_0={longitude} "
        f"+h_0={height_m} +step +inv +proj=cart +ellps=WGS84 +step +proj=utm +zone=48 +ellps=WGS84"
    )
    return pyproj.Transformer.from_pipeline(pipeline).transform(east_m, north_m, 0.0)[:2]


def test_gdal_opens_the_geopackage_and_proj_puts_its_targets_at_the_same_place(made_site):
    path = made_site.out / "site.gpkg"
    assert {str(name) for name, _ in pyogrio.list_layers(path)} == {"targets", "ground", "scans", "site"}
    info = pyogrio.read_info(path, layer="targets")
    assert pyproj.CRS(info["crs"]).to_epsg() == 32648
    _, _, shapes, fields = pyogrio.raw.read(path, layer="targets")
    names = list(pyogrio.read_info(path, layer="targets")["fields"])
    rows = [dict(zip(names, values, strict=True)) for values in zip(*fields, strict=True)]
    places = {
        row["listed"]: np.frombuffer(shape[5:], "<f8") for row, shape in zip(rows, shapes, strict=True) if shape
    }
    target = made_site.results["a"].targets[0]
    expected = by_proj(made_site.results["a"], target.x_m, target.y_m)
    np.testing.assert_allclose(places["a T1: suspect"], expected, atol=0.01)
    target = made_site.results["deep/c"].targets[0]
    expected = by_proj(made_site.results["deep/c"], target.x_m, target.y_m)
    np.testing.assert_allclose(places["deep/c T1: likely-clutter"], expected, atol=0.01)
    without = [row["id"] for row, shape in zip(rows, shapes, strict=True) if shape is None]
    assert without == ["U1"]


def test_geojson_says_the_same_in_degrees_and_kml_opens(made_site):
    document = json.loads((made_site.out / "site.geojson").read_text())
    points = {one["properties"].get("id"): one for one in document["features"]}
    assert points["U1"]["geometry"] is None
    first = next(one for one in points.values() if one["properties"].get("listed") == "a T1: suspect")
    longitude, latitude = first["geometry"]["coordinates"]
    to_map = pyproj.Transformer.from_crs(4326, 32648, always_xy=True).transform(longitude, latitude)
    target = made_site.results["a"].targets[0]
    np.testing.assert_allclose(to_map, by_proj(made_site.results["a"], target.x_m, target.y_m), atol=0.01)
    assert pyogrio.read_info(made_site.out / "site.geojson")["features"] == len(document["features"])
    kml = (made_site.out / "site.kml").read_text()
    assert "SIMULATED DATA" in kml
    assert pyogrio.list_layers(made_site.out / "site.kml").shape[0] >= 1


def test_gdal_reads_who_covered_the_ground_where_it_lies(made_site):
    with rasterio.open(made_site.out / "coverage.tif") as raster:
        assert raster.crs.to_epsg() == 32648
        assert raster.nodata == 0
        assert raster.res == pytest.approx((0.02, 0.02))
        assert raster.tags()["ground"].startswith("0 outside; 1 none; 2 metal")
        asked = {
            "both": by_proj(made_site.results["a"], 0.4, 0.5),
            "radar by a, both by b": by_proj(made_site.results["a"], 0.9, 0.5),
            "metal alone": by_proj(made_site.results["deep/c"], 0.5, 0.5),
            "outside": by_proj(made_site.results["a"], -0.05, 0.5),
        }
        found = dict(zip(asked, (int(one[0]) for one in raster.sample(asked.values())), strict=True))
        assert found == {"both": 5, "radar by a, both by b": 5, "metal alone": 2, "outside": 0}
        ground = raster.read(1)
    pixels = {name: area / 4e-4 for name, area in made_site.site.area_m2.items()}
    assert (ground == 5).sum() == pytest.approx(pixels["both"])
    with rasterio.open(made_site.out / "energy.tif") as raster:
        assert raster.descriptions == ("radar_energy", "metal_response")
        radar, metal = next(iter(raster.sample([asked["both"]])))
        assert (radar, metal) == pytest.approx((3 * 4.0 * 0.01, 0.5))  # three voxels of 2, 1 cm apart
        assert np.isnan(next(iter(raster.sample([asked["outside"]])))).all()
