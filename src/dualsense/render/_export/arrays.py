"""Images as arrays: for NumPy, and the radar's volume for VTK."""

from __future__ import annotations

import base64
import io
import json
import re
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import numpy as np

from dualsense.errors import UsageError
from dualsense.render._export.about import about
from dualsense.scan import plain

if TYPE_CHECKING:
    from dualsense.result import Result


def arrays_npz(result: Result) -> bytes:
    """Give a result's images, masks and targets as a file that `numpy.load` reads without pickle.

    Parameters
    ----------
    result
        Of one scan.

    Returns
    -------
    bytes
        ``about`` (JSON as text: what every export says, and units), ``volume`` (depth, y, x) with ``depth_m``,
        ``x_m`` and ``y_m``, ``emi_NAME`` and ``covered_SENSOR`` (y, x), ``target_NAME`` (t,).
    """
    grid, targets = result.coverage.grid, result.targets
    held: dict[str, Any] = {"x_m": grid.x_m, "y_m": grid.y_m, "track_m": result.track_m}
    held |= {f"covered_{name}": getattr(result.coverage, name) for name in ("patch", "emi", "gpr")}
    held |= {f"emi_{name}": image.values for name, image in sorted(result.emi_maps.items())}
    units = {f"emi_{name}": image.units for name, image in sorted(result.emi_maps.items())}
    if result.gpr_volume is not None:
        held |= {"volume": result.gpr_volume.values, "depth_m": result.gpr_volume.depth_m}
        units["volume"] = result.gpr_volume.units
    for name in ("x_m", "y_m", "depth_m", "confidence"):
        held[f"target_{name}"] = np.array([getattr(t, name) for t in targets], dtype=np.float64)
    for name in ("id", "call"):
        held[f"target_{name}"] = np.array([getattr(t, name) for t in targets], dtype=np.str_)
    held["about"] = np.array(json.dumps(about(result) | {"units": units}, ensure_ascii=True))
    stream = io.BytesIO()
    np.savez_compressed(stream, allow_pickle=False, **held)
    return stream.getvalue()


def volume_vti(result: Result) -> bytes:
    """Give the radar's volume as VTK image data: metres, z upwards from the ground, NaN where not covered.

    Parameters
    ----------
    result
        Of one scan.

    Returns
    -------
    bytes
        An XML file (``.vti``) that ParaView, VTK and PyVista read.

    Raises
    ------
    UsageError
        There is no volume.
    """
    volume = result.gpr_volume
    if volume is None:
        msg = f"{plain(result.header.scan_id)}: holds no radar volume to be exported as vti"
        raise UsageError(msg)
    nz, ny, nx = volume.values.shape
    step_m = float(np.diff(volume.depth_m).mean()) if nz > 1 else volume.grid.cell_m
    extent = f"0 {nx - 1} 0 {ny - 1} 0 {nz - 1}"
    origin = f"{float(volume.grid.x_m[0])!r} {float(volume.grid.y_m[0])!r} {-float(volume.depth_m[-1])!r}"
    spacing = f"{float(volume.grid.cell_m)!r} {float(volume.grid.cell_m)!r} {step_m!r}"
    upwards = np.ascontiguousarray(volume.values[::-1], dtype="<f4").tobytes()
    content = base64.b64encode(np.array(len(upwards), dtype="<u8").tobytes() + upwards).decode("ascii")
    told = re.sub("-(?=-)", "- ", escape(json.dumps(about(result), ensure_ascii=True)))
    label = escape(f"{volume.name} [{volume.units}]", {'"': "&quot;"})
    return (
        '<?xml version="1.0"?>\n'
        f"<!-- {told} -->\n"
        '<VTKFile type="ImageData" version="1.0" byte_order="LittleEndian" header_type="UInt64">\n'
        f'<ImageData WholeExtent="{extent}" Origin="{origin}" Spacing="{spacing}">\n'
        f'<Piece Extent="{extent}"><PointData Scalars="{label}">\n'
        f'<DataArray type="Float32" Name="{label}" format="binary">{content}</DataArray>\n'
        "</PointData></Piece>\n</ImageData>\n</VTKFile>\n"
    ).encode("ascii", "xmlcharrefreplace")
