"""Images as arrays: for NumPy, and the radar's volume for VTK."""

from __future__ import annotations

import base64
import io
import json
import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np

from dualsense.errors import UsageError
from dualsense.render._export.about import about
from dualsense.render._export.layers import layers
from dualsense.scan import plain

if TYPE_CHECKING:
    from dualsense.result import Result


_NAMES = {"x": "x_m", "y": "y_m", "depth": "depth_m", "radar": "volume", "track": "track_m"} | {
    f"target_{axis}": f"target_{axis}_m" for axis in ("x", "y", "depth")
}
"""What the arrays are called where they stand without units beside them."""
_WITH_UNITS = ("emi_", "radar")


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
    found = layers(result)
    held = {_NAMES.get(one.name, one.name): one.values for one in found}
    units = {_NAMES.get(one.name, one.name): one.units for one in found if one.name.startswith(_WITH_UNITS)}
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
