"""Write a scan file: complete, atomically, and the same bytes for the same scan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import h5py
import numpy as np

from dualsense.errors import ScanError, UsageError
from dualsense.io import _schema as schema
from dualsense.io._hdf5 import scan_of
from dualsense.io._nodes import attribute_path
from dualsense.io._opening import open_source
from dualsense.io._text import clean_text, one_line, single_line
from dualsense.runtime.files import refuse_odd, whole_file
from dualsense.runtime.unfailing import new_hdf5

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from dualsense.runtime.unfailing import Unfailing
    from dualsense.scan import EmiData, GprData, Pose, Scan, ScanHeader, Truth

Compression = Literal["gzip", "lzf"]
CHUNK_ELEMENTS = 2**16
"""Numbers in one compressed piece of a table of soundings."""
_SMALL = 1024


def write_scan(
    scan: Scan, path: str | os.PathLike[str], *, overwrite: bool = False, compression: Compression | None = "gzip"
) -> None:
    """Write a scan in the scan format.

    The file appears whole or not at all: it is written beside its place, read back, and moved there. Reading it
    gives the same arrays bit for bit; ``faults`` and ``sha256`` are not stored, since reading finds them.

    Parameters
    ----------
    scan
        With at least one sensor.
    path
        Where to.
    overwrite
        Whether an existing file may be replaced.
    compression
        Filter for all but the smallest tables, or None.

    Raises
    ------
    UsageError
        The file exists, a link or a device is in its place, or the compression is unknown.
    ScanError
        The scan does not follow its own format, was opened without its data, or the file cannot be written.
    """
    path = Path(path)
    name = one_line(path.name)
    if compression not in {"gzip", "lzf", None}:
        msg = f'compression must be "gzip", "lzf" or None, got {compression!r}'
        raise UsageError(msg)
    refuse_odd(path)
    if not overwrite and path.exists():
        msg = f"{name}: exists already, and was not to be overwritten"
        raise UsageError(msg)
    for sensor, data in (("gpr", scan.gpr), ("emi", scan.emi)):
        if data is not None and data.data.size > 1 and not any(data.data.strides):
            msg = f"{name}: /{sensor}/data: the scan was opened without its data, so they cannot be written"
            raise ScanError(msg)
    try:
        with whole_file(path, overwrite=overwrite) as stream:
            with new_hdf5(stream) as (file, disk):
                _fill(_Target(file, name, compression), scan, disk)
            with open_source(Path(stream.name), name, locking=False) as source:
                scan_of(source, with_data=False)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        msg = one_line(f"{name}: cannot be written ({reason})")
        raise ScanError(msg) from None


class _Target:
    """The file being written."""

    def __init__(self, file: h5py.File, name: str, compression: Compression | None) -> None:
        self.file = file
        self.name = name
        self.compression = compression

    def table(self, field: schema.Field, values: Any, *, units: str | None = None) -> None:
        """Write one dataset with its units."""
        array = np.asarray(values)
        options: dict[str, Any] = {}
        if array.dtype.kind in "OU":
            array, options["dtype"] = array.astype(object), h5py.string_dtype()
        elif array.dtype.kind in "biufc":
            array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        else:
            raise self.error(field.path, f"got {array.dtype} values, which the format cannot hold")
        if self.compression and array.size > _SMALL:
            rows = max(1, CHUNK_ELEMENTS // (array.size // len(array)))
            chunks = (min(rows, len(array)), *array.shape[1:])
            options |= {"compression": self.compression, "shuffle": True, "chunks": chunks}
        dataset = self.file.create_dataset(field.path, data=array, **options)
        dataset.attrs[schema.UNITS] = field.written_units if units is None else units

    def attribute(self, path: str, name: str, value: Any) -> None:
        """Write one attribute, unless it is None."""
        if value is None:
            return
        if isinstance(value, str):
            value = clean_text(value)
        elif isinstance(value, (list, tuple)) and value and all(isinstance(one, str) for one in value):
            value = np.array([clean_text(one) for one in value], dtype=object)
            self.file[path].attrs.create(name, value, dtype=h5py.string_dtype())
            return
        elif np.asarray(value).dtype.kind not in "biufc":
            raise self.error(
                attribute_path(path, name), f"got {type(value).__name__}, which the format cannot hold"
            )
        self.file[path].attrs[name] = value

    def error(self, path: str, cause: str) -> ScanError:
        return ScanError(one_line(f"{self.name}: {path}: {cause}"))


def _fill(target: _Target, scan: Scan, disk: Unfailing) -> None:
    _header(target, scan.header)
    _pose(target, scan.pose)
    if scan.gpr is not None:
        _gpr(target, scan.gpr)
    disk.check()
    if scan.emi is not None:
        _emi(target, scan.emi)
    if scan.truth is not None:
        _truth(target, scan.truth)
    if scan.imported:
        target.file.create_group(schema.IMPORT)
        for name, text in sorted(scan.imported.items()):
            target.attribute(schema.IMPORT, single_line(name), text)


def _header(target: _Target, header: ScanHeader) -> None:
    target.attribute(schema.ROOT, schema.FORMAT_ATTR, schema.FORMAT)
    target.attribute(schema.ROOT, schema.FORMAT_VERSION_ATTR, header.format_version)
    lines: dict[str, str | None] = {
        schema.SCAN_ID: header.scan_id,
        schema.CREATED: header.created,
        schema.INSTRUMENT: header.instrument,
        schema.SITE: header.site,
        schema.OPERATOR: header.operator,
        schema.SOURCE: header.source if header.source in schema.SOURCES else None,
    }
    for name, text in lines.items():
        target.attribute(schema.ROOT, name, None if text is None else single_line(text))
    target.attribute(schema.ROOT, schema.NOTES, header.notes)
    target.attribute(schema.ROOT, schema.ORIGIN_WGS84, header.origin_wgs84)


def _pose(target: _Target, pose: Pose) -> None:
    target.table(schema.POSE_TIME, pose.time_s)
    target.table(schema.POSE_POSITION, pose.position_m)
    if pose.orientation is not None:
        target.table(schema.POSE_ORIENTATION, pose.orientation)
    if pose.position_std_m is not None:
        target.table(schema.POSE_POSITION_STD, pose.position_std_m)


def _gpr(target: _Target, gpr: GprData) -> None:
    target.table(schema.GPR_TIME, gpr.time_s)
    if gpr.frequency_hz is not None:
        target.table(schema.GPR_FREQUENCY, gpr.frequency_hz)
    if gpr.sample_time_s is not None:
        target.table(schema.GPR_SAMPLE_TIME, gpr.sample_time_s)
    target.table(schema.GPR_DATA, gpr.data)
    if gpr.reference is not None:
        target.table(schema.GPR_REFERENCE, gpr.reference)
    target.attribute(schema.GPR, schema.MODALITY, gpr.modality)
    target.attribute(schema.GPR, schema.SYSTEM_DELAY, gpr.system_delay_s)
    target.attribute(schema.GPR, schema.POLARISATION, gpr.polarisation and single_line(gpr.polarisation))
    tables = {schema.TX_POSITION: gpr.tx_position_m, schema.RX_POSITION: gpr.rx_position_m}
    _channels(target, schema.GPR_CHANNEL, schema.GPR, tables, gpr.channel)


def _emi(target: _Target, emi: EmiData) -> None:
    target.table(schema.EMI_TIME, emi.time_s)
    if emi.frequency_hz is not None:
        target.table(schema.EMI_FREQUENCY, emi.frequency_hz)
    if emi.gate_time_s is not None:
        target.table(schema.EMI_GATE_TIME, emi.gate_time_s)
    target.table(schema.EMI_DATA, emi.data)
    target.attribute(schema.EMI, schema.MODALITY, emi.modality)
    tables = {
        schema.TX_POSITION: emi.tx_position_m,
        schema.RX_POSITION: emi.rx_position_m,
        schema.TX_RADIUS: emi.tx_radius_m,
        schema.RX_RADIUS: emi.rx_radius_m,
        schema.TX_TURNS: emi.tx_turns,
        schema.RX_TURNS: emi.rx_turns,
    }
    _channels(target, schema.EMI_CHANNEL, schema.EMI, tables, emi.channel)


def _channels(
    target: _Target,
    field: schema.Field,
    group: str,
    tables: Mapping[str, NDArray[np.float64]],
    channel: NDArray[np.intp],
) -> None:
    """Write the tables of an array head with its channels, or of the only pair without."""
    alone = all(len(table) == 1 for table in tables.values())
    for name, table in tables.items():
        target.attribute(group, name, table[0] if alone else table)
    if not alone:
        target.table(field, channel.astype(np.int32))


def _truth(target: _Target, truth: Truth) -> None:
    columns = {
        "x": truth.x_m,
        "y": truth.y_m,
        "depth": truth.depth_m,
        "size_x": truth.size_x_m,
        "size_y": truth.size_y_m,
        "size_z": truth.size_z_m,
    }
    for name, values in columns.items():
        target.table(schema.TRUTH_NUMBERS[name], values)
    for name, texts in (("label", truth.label), ("model", truth.model)):
        target.table(schema.TRUTH_TEXTS[name], np.array([clean_text(one) for one in texts], dtype=object))
    for key, value in sorted(truth.scene.items()):
        owner, _, name = key.rpartition("@")
        if owner or value is None:
            continue
        if "/" in name or f"{key}@{schema.UNITS}" in truth.scene:
            units = truth.scene.get(f"{key}@{schema.UNITS}", "1")
            is_text = isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value)
            column = np.array(value, dtype=object) if is_text else value  # texts, even when there are none
            target.table(schema.Field(f"{schema.TRUTH}/{key}", "", ""), column, units=units)
        else:
            target.attribute(schema.TRUTH, name, value)
    for key, value in sorted(truth.scene.items()):
        owner, _, name = key.rpartition("@")
        if owner and owner in truth.scene and name != schema.UNITS:
            target.attribute(f"{schema.TRUTH}/{owner}", name, value)
