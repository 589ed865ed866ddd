"""A result's maps and depth slices as bands of one GeoTIFF."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import numpy as np

from dualsense.render._export.about import about
from dualsense.render._export.layers import Layer, layers
from dualsense.render._files.geodesy import local_to_wgs84, usable_origin
from dualsense.runtime import tiff

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dualsense.result import Grid, Result


def maps_geotiff(result: Result) -> bytes:
    """Give the metal detector's maps, what was covered, and every slice of the radar's volume as bands.

    Parameters
    ----------
    result
        Of one scan.

    Returns
    -------
    bytes
        A GeoTIFF of float32, rows from large y to small, NaN where nothing was assessed; in WGS 84 (turned with
        the lane) where the scan has an origin on Earth, else in metres of the local frame. Each band has its name.
    """
    grid = result.coverage.grid
    bands = list(_bands(result))
    tags = {
        tiff.TRANSFORMATION: (tiff.DOUBLE, _transformation(result, grid)),
        **_keys(result),
        **tiff.gdal_tags(
            {"about": json.dumps(about(result), ensure_ascii=True)}, [name for name, _ in bands], float("nan")
        ),
    }
    pixels = tiff.Pixels(grid.y_m.size, grid.x_m.size, len(bands), np.float32)
    stream = io.BytesIO()
    tiff.write_tiff(stream, (values[::-1] for _, values in bands), pixels, tags)
    return stream.getvalue()


def _bands(result: Result) -> Iterator[tuple[str, NDArray[np.generic]]]:
    """Name what lies on the map (ny, nx): maps, what was covered, slices from the surface down."""
    found = {one.name: one for one in layers(result)}
    on_map = [one for one in found.values() if one.axes == ("y", "x")]
    for one in on_map:
        if one.name.startswith("emi_"):
            yield f"{one.name.removeprefix('emi_')} [{one.units}]", one.values
    for sensor in ("emi", "gpr"):
        yield f"covered by {sensor}", found[f"covered_{sensor}"].values
    if "radar" in found and result.gpr_volume is not None:
        radar: Layer = found["radar"]
        for depth_m, values in zip(found["depth"].values.tolist(), radar.values, strict=True):
            yield f"{result.gpr_volume.name} at {depth_m:.3f} m [{radar.units}]", values


def _keys(result: Result) -> dict[int, tuple[int, Sequence[float] | str]]:
    """Give what the coordinates are."""
    if usable_origin(result.header) is not None:
        keys = {tiff.MODEL: tiff.IS_GEOGRAPHIC, tiff.RASTER: tiff.PIXEL_IS_AREA, tiff.GEOGRAPHIC: 4326}
        return tiff.geo_keys(keys, "WGS 84")
    return tiff.geo_keys({tiff.MODEL: tiff.IS_OWN, tiff.RASTER: tiff.PIXEL_IS_AREA}, "local frame, metres")


def _transformation(result: Result, grid: Grid) -> tuple[float, ...]:
    """Give the matrix from column and row of corners of cells to places."""
    left_m, top_m = float(grid.x_m[0]) - grid.cell_m / 2.0, float(grid.y_m[-1]) + grid.cell_m / 2.0
    columns, rows = grid.x_m.size, grid.y_m.size
    x_m = [left_m, left_m + columns * grid.cell_m, left_m]
    y_m = [top_m, top_m, top_m - rows * grid.cell_m]
    origin = usable_origin(result.header)
    if origin is not None:
        latitude, longitude = local_to_wgs84(x_m, y_m, origin)
        x_m, y_m = list(longitude), list(latitude)
    along = [(x_m[1] - x_m[0]) / columns, (y_m[1] - y_m[0]) / columns]
    down = [(x_m[2] - x_m[0]) / rows, (y_m[2] - y_m[0]) / rows]
    first = (along[0], down[0], 0.0, x_m[0])
    second = (along[1], down[1], 0.0, y_m[0])
    return tuple(float(one) for one in (*first, *second, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0))
