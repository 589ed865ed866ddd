"""A result's images, masks and targets as named arrays with axes and units: for Zarr and for xarray."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.errors import UsageError
from dualsense.render._export.about import about

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dualsense.result import Result

AXES = ("x", "y", "depth")
"""Names of arrays that are axes of others."""
_ZIP_BEGINNING = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One array: its axes by name, its numbers, their unit."""

    name: str
    axes: tuple[str, ...]
    values: NDArray[Any]
    units: str = ""


def layers(result: Result) -> tuple[Layer, ...]:
    """Give all of a result that has numbers on a grid, and its targets.

    Parameters
    ----------
    result
        Of one scan.

    Returns
    -------
    tuple of Layer
        Axes ``x``, ``y`` and ``depth`` (m); ``emi_NAME`` and ``covered_SENSOR`` (y, x), ``radar`` (depth, y, x),
        ``track`` (pose, axis), ``target_NAME`` (target). NaN is ground that was not assessed.
    """
    grid, targets = result.coverage.grid, result.targets
    found = [Layer("x", ("x",), grid.x_m, "m"), Layer("y", ("y",), grid.y_m, "m")]
    if result.gpr_volume is not None:
        volume = result.gpr_volume
        found += [
            Layer("depth", ("depth",), volume.depth_m, "m"),
            Layer("radar", ("depth", "y", "x"), volume.values, volume.units),
        ]
    found += [
        Layer(f"emi_{name}", ("y", "x"), image.values, image.units)
        for name, image in sorted(result.emi_maps.items())
    ]
    found += [
        Layer(f"covered_{name}", ("y", "x"), getattr(result.coverage, name)) for name in ("patch", "emi", "gpr")
    ]
    found.append(Layer("track", ("pose", "axis"), result.track_m, "m"))
    for name, unit in (("x_m", "m"), ("y_m", "m"), ("depth_m", "m"), ("confidence", "1")):
        numbers = np.array([getattr(one, name) for one in targets], dtype=np.float64)
        found.append(Layer(f"target_{name.removesuffix('_m')}", ("target",), numbers, unit))
    for name in ("id", "call"):
        texts = np.array([getattr(one, name) for one in targets] or [""], dtype=np.str_)[: len(targets)]
        found.append(Layer(f"target_{name}", ("target",), texts))
    return tuple(found)


def to_xarray(result: Result) -> Any:
    """Give a result as a dataset of xarray.

    Parameters
    ----------
    result
        Of one scan.

    Returns
    -------
    xarray.Dataset
        ``emi_NAME`` and ``covered_SENSOR`` (y, x), ``radar`` (depth, y, x), ``track`` (pose, axis) and
        ``target_NAME`` (target) over ``x``, ``y`` and ``depth`` in metres; units as attributes, and of the whole
        what every exported file says. NaN is ground that was not assessed, never ground that is empty.

    Raises
    ------
    UsageError
        xarray is not installed.
    """
    try:
        import xarray  # noqa: PLC0415 - needs the extra
    except ImportError:
        msg = "xarray is not installed: pip install 'dualsense[data]'"
        raise UsageError(msg) from None
    tables = {
        one.name: (one.axes, one.values, {"units": one.units} if one.units else {}) for one in layers(result)
    }
    axes = {name: tables.pop(name) for name in AXES if name in tables}
    told = {name: "" if value is None else value for name, value in about(result).items()}
    return xarray.Dataset(tables, coords=axes, attrs=told)


def layers_zarr(result: Result) -> bytes:
    """Give a result as a Zarr store of version 2 in a ZIP file, as xarray names its axes.

    Parameters
    ----------
    result
        Of one scan.

    Returns
    -------
    bytes
        For ``zarr.open`` and ``xarray.open_zarr``; the same for equal results. Source: Zarr storage specification,
        version 2.
    """
    files: dict[str, bytes] = {}
    told: dict[str, Any] = {".zgroup": {"zarr_format": 2}, ".zattrs": about(result)}
    for one in layers(result):
        values = np.ascontiguousarray(one.values, one.values.dtype.newbyteorder("<"))
        told[f"{one.name}/.zarray"] = {
            "zarr_format": 2,
            "shape": values.shape,
            "chunks": [max(1, size) for size in values.shape],
            "dtype": values.dtype.str,
            "compressor": {"id": "zlib", "level": 6},
            "fill_value": "NaN" if values.dtype.kind == "f" else None,  # xarray takes it for what is missing
            "order": "C",
            "filters": None,
        }
        told[f"{one.name}/.zattrs"] = {"_ARRAY_DIMENSIONS": one.axes, "units": one.units or "1"}
        if values.size:
            files[f"{one.name}/{'.'.join('0' * values.ndim)}"] = zlib.compress(values.tobytes(), 6)
    told[".zmetadata"] = {"zarr_consolidated_format": 1, "metadata": dict(sorted(told.items()))}
    files |= {name: json.dumps(held, ensure_ascii=True).encode("ascii") for name, held in told.items()}
    return _zipped(sorted(files.items()))


def _zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name, _ZIP_BEGINNING), content)
    return stream.getvalue()
