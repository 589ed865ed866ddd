"""Find out which foreign format a file is in, and read it by that importer."""

from __future__ import annotations

import hashlib
import inspect
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from dualsense.errors import ScanError, UsageError
from dualsense.io._hdf5 import read_scan
from dualsense.io._importers.array import OPTION as OFFSETS
from dualsense.io._importers.array import array_option, import_array
from dualsense.io._importers.gprmax import import_gprmax, is_gprmax
from dualsense.io._importers.gssi import HEADER_BYTES, channel_count, import_gssi, is_gssi
from dualsense.io._importers.ids import import_ids
from dualsense.io._importers.ids_header import is_ids
from dualsense.io._importers.logs.importer import import_log, is_log
from dualsense.io._importers.mala import import_mala, is_mala
from dualsense.io._importers.metal_table import import_metal_table, is_table
from dualsense.io._importers.placing import OPTIONS, digests, with_extras
from dualsense.io._importers.pulseekko import import_pulseekko, is_pulseekko
from dualsense.io._importers.seismic import FILE_BYTES, TRACE_BYTES, find_layout, import_seismic, is_seismic
from dualsense.io._importers.tones import import_ascans, import_touchstone, is_ascans, is_series
from dualsense.io._importers.unread import known_by_name
from dualsense.io._opening import check_file
from dualsense.io._text import one_line

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from dualsense.scan import Scan


MAX_TOLD = 4000
"""Characters of what was wrong with a file, as its scan keeps it."""


def import_scan(path: str | os.PathLike[str], **options: Any) -> Scan:
    """Read a recording in any format that is known here, by what the file holds and not by its name.

    Parameters
    ----------
    path
        A scan file, or a recording of another maker: see ``docs/formats.md``. MALÅ's and pulseEKKO's traces have
        no mark of their own, and are known by the ends of their names.
    **options
        Those of the importer, or of `read_scan`; for foreign files also ``track``, ``gnss``, ``lag_s``,
        ``clock_s`` and ``minus``; for those of several channels ``channel_offsets_m``: how far each stands to the
        left of the track, which reads all of them.

    Returns
    -------
    Scan

    Raises
    ------
    ScanError
        The format is none of these, or the file is damaged.
    UsageError
        The importer has no such option.
    """
    path = Path(path)
    name = one_line(path.name or str(path))
    check_file(path, name)
    importer = _importer(path, name)
    known = [key for key, one in inspect.signature(importer).parameters.items() if one.kind is one.KEYWORD_ONLY]
    known += [] if importer is read_scan else OPTIONS
    known += [OFFSETS] if "channel" in known else []
    unknown = sorted(set(options) - set(known))
    if unknown:
        msg = f"{name}: no option {', '.join(unknown)} for this format, it has {', '.join(known)}"
        raise UsageError(one_line(msg))
    if importer is read_scan:
        return importer(path, **options)
    if options.get(OFFSETS) is not None:
        return _channels(path, name, options)
    options.pop(OFFSETS, None)
    own = {key: value for key, value in options.items() if key not in OPTIONS}
    scan = importer(path, **own)
    extras = {key: value for key, value in options.items() if key in OPTIONS}
    if extras:
        scan = with_extras(scan, extras, name, lambda other: import_scan(other, **own))
    return _with_origin(scan, importer.__name__, name, options)


def _channels(path: Path, name: str, options: dict[str, Any]) -> Scan:
    """Read all channels of a file, each as it is read alone."""
    offsets_m = array_option(name, options[OFFSETS])
    own = {key: value for key, value in options.items() if key != OFFSETS}
    if own.get("channel") is not None:
        msg = f"{name}: give channel or {OFFSETS}, not both"
        raise UsageError(msg)
    count = channel_count(path)
    if count != len(offsets_m):
        msg = f"{name}: {OFFSETS}: got {len(offsets_m)} numbers, expected one for each of {count} channels"
        raise UsageError(msg)
    return import_array(name, offsets_m, lambda number: import_scan(path, channel=number, **own))


def _with_origin(scan: Scan, importer: str, name: str, options: dict[str, Any]) -> Scan:
    """Tell how a foreign file was read; with options its hash is that of both, for they make another scan."""
    given = {key: value for key, value in sorted(digests(options).items()) if value is not None}
    text = json.dumps(given, sort_keys=True, default=str)
    digest = hashlib.sha256(f"{scan.sha256} {text}".encode()).hexdigest() if given else scan.sha256
    told = {"format": importer.removeprefix("import_"), "file": name, "sha256": scan.sha256, "options": text}
    if scan.faults:  # a file that was cut off is whole once it is written as a scan
        told["faults"] = "; ".join(f"{one.code}: {one.message}" for one in scan.faults)[:MAX_TOLD]
    return replace(scan, sha256=digest, imported=told)


def is_foreign(path: str | os.PathLike[str]) -> bool:
    """Whether a file is no scan file, and may have options of an importer.

    Parameters
    ----------
    path
        Any file; one that cannot be read is none of ours either.

    Returns
    -------
    bool
    """
    try:
        return not h5py.is_hdf5(path) or is_gprmax(path) or is_ascans(path)
    except OSError:
        return True


def _importer(path: Path, name: str) -> Callable[..., Scan]:
    if h5py.is_hdf5(path):
        return import_gprmax if is_gprmax(path) else import_ascans if is_ascans(path) else read_scan
    with path.open("rb") as stream:
        head = stream.read(FILE_BYTES + TRACE_BYTES)
    told = known_by_name(head, path.suffix)
    if told:
        msg = f"{name}: found {told}"
        raise ScanError(one_line(msg))
    named = (
        (import_gssi, is_gssi(head[:1024])),
        (import_log, is_log(head[:16])),
        (import_ids, is_ids(head[:1024])),
        (import_mala, is_mala(path)),
        (import_pulseekko, is_pulseekko(path)),
        (import_touchstone, is_series(head)),
        (import_metal_table, is_table(head)),
        (import_seismic, is_seismic(path) or find_layout(head, path.stat().st_size) is not None),
    )
    found = next((importer for importer, fits in named if fits), None)
    if found is not None:
        return found
    damage = _damage(head)
    if damage:
        msg = f"{name}: found {damage}"
        raise ScanError(msg)
    msg = (
        f"{name}: found a file that begins with {head[:24]!r}, expected a scan file, a GSSI DZT, an IDS dt, "
        "MALÅ's rd3 or rd7, a DT1, SEG-Y, SU, a gprMax output, a ROS bag, MCAP, or a table"
    )
    raise ScanError(one_line(msg))


def _damage(head: bytes) -> str:
    """Say what became of a file of a known format that can be known no more; empty for others."""
    for size in (2, 4):
        turned = np.frombuffer(head[: len(head) // size * size], f"u{size}").byteswap().tobytes()
        for maker, fits in (("a GSSI DZT", is_gssi), ("an IDS dt", is_ids)):
            if fits(turned[:HEADER_BYTES]):
                return f"{maker} whose bytes are swapped by {size}, expected it as it was recorded"
    if is_gssi(head.ljust(HEADER_BYTES, b"\0")):
        return f"{len(head)} bytes of a GSSI DZT, whose header alone has {HEADER_BYTES}"
    return ""
