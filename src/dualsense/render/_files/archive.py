"""The file ``result.h5``: everything a result holds, with axes, units and provenance, and back without loss.

Layout, version 1.1. Text is UTF-8, lengths are metres, NaN is missing. Maps are ``(y, x)``, volumes
``(depth, y, x)``; axes hold cell centres. No time of writing is stored, so equal results give equal bytes.

========================================  =====================================================================
path                                      meaning
========================================  =====================================================================
``/`` attributes                          format, format_version, hashes, model, area, coverage, soil permittivity;
                                          since 1.1 suspect_threshold and stated_detection, where they are known
``/header`` attributes                    what the scan says of itself; absent where the scan is silent
``/provenance/name``, ``value``           plain text in pairs
``/coverage``                             ``x``, ``y``, ``patch``, ``emi``, ``gpr``; attribute ``cell``
``/track``                                (p, 3) track of the head
``/emi/<map>``                            ``x``, ``y``, ``values``; attributes ``name``, ``cell``
``/gpr``                                  ``x``, ``y``, ``depth``, ``values``; attributes ``name``, ``cell``
``/radargram``                            ``time``, ``position``, ``values``; ``name``, ``gain``; where asked for
``/targets``                              equal-length columns; ``emi`` and ``gpr`` hold the evidence; since 1.1
                                          ``existence``
``/faults``                               equal-length columns; since 1.1 ``code``, and ``values`` as JSON
========================================  =====================================================================
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import h5py
import numpy as np

from dualsense.errors import ScanError, short_line
from dualsense.render._files.packed import packed
from dualsense.render._files.plain import plain_values
from dualsense.result import Coverage, Evidence, Grid, Image, Radargram, Result, Target, Volume
from dualsense.runtime.files import whole_file
from dualsense.runtime.unfailing import new_hdf5
from dualsense.runtime.untrusted import open_vetted
from dualsense.scan import Fault, ScanHeader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike

    from dualsense.result import Call
    from dualsense.scan import Source

SMALL = 4096
FORMAT = "dualsense-result"
FORMAT_VERSION = "1.1"
READABLE_MAJOR = "1"
HEADER_TEXTS = ("scan_id", "created", "instrument", "format_version", "source", "site", "operator", "notes")
LIMITS = ("suspect_threshold", "stated_detection")
FAULT_COLUMNS = ("sensor", "severity", "path", "message", "code")


def write_result(result: Result, path: str | PathLike[str]) -> Path:
    """Write a result as HDF5.

    Parameters
    ----------
    result
        What processing found.
    path
        File to write; one that exists is replaced.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UsageError
        A link, a device or a folder is in its place.
    OSError
        It cannot be written, as on a full disk.
    """
    path = Path(path)
    with whole_file(path) as stream, new_hdf5(stream, track_order=False) as (file, disk):
        file.attrs.update(
            {
                "format": FORMAT,
                "format_version": FORMAT_VERSION,
                "scan_sha256": result.scan_sha256,
                "recipe_sha256": result.recipe_sha256,
                "model": result.model,
                "area_m2": float(result.area_m2),
                "coverage_fraction": float(result.coverage_fraction),
                "relative_permittivity": float(result.relative_permittivity),
                "relative_permittivity_std": float(result.relative_permittivity_std),
            }
        )
        for name in LIMITS:
            if getattr(result, name) is not None:
                file.attrs[name] = float(getattr(result, name))
        _write_header(file.create_group("header"), result.header)
        pairs = file.create_group("provenance")
        _texts(pairs, "name", sorted(result.provenance))
        _texts(pairs, "value", [result.provenance[name] for name in sorted(result.provenance)])
        _write_coverage(file.create_group("coverage"), result)
        _array(file, "track", result.track_m, "m")
        maps = file.create_group("emi")
        for name in sorted(result.emi_maps):
            _write_image(maps.create_group(name), result.emi_maps[name])
        disk.check()
        if result.gpr_volume is not None:
            group = file.create_group("gpr")
            _write_image(group, result.gpr_volume)
            _array(group, "depth", result.gpr_volume.depth_m, "m")
            disk.check()
        if result.radargram is not None:
            _write_radargram(file.create_group("radargram"), result.radargram)
        _write_targets(file.create_group("targets"), result.targets)
        _write_faults(file.create_group("faults"), result.faults)
    return path


def read_result(path: str | PathLike[str]) -> Result:
    """Read what `write_result` wrote: the same values, types and order, but provenance and maps sorted by name.

    Parameters
    ----------
    path
        A ``result.h5``.

    Returns
    -------
    Result

    Raises
    ------
    ScanError
        When the file cannot be opened, is no result, is of a version unknown here, or lacks a part.
    """
    try:
        with open_vetted(Path(path)) as file, warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            _refuse_foreign(file, path)
            return _read(file)
    except OSError as error:
        msg = short_line(f"{path}: cannot be opened as HDF5: {error}")
        raise ScanError(msg) from error
    except (
        KeyError, ValueError, TypeError, AttributeError, IndexError, RuntimeError, MemoryError, RuntimeWarning
    ) as error:  # fmt: skip
        msg = short_line(f"{path}: not a complete {FORMAT} file: {error}")
        raise ScanError(msg) from error


def _refuse_foreign(file: h5py.File, path: str | PathLike[str]) -> None:
    found = file.attrs.get("format")
    if found != FORMAT:
        msg = short_line(f"{path}: attribute format is {found!r}, expected {FORMAT!r}")
        raise ScanError(msg)
    version = str(file.attrs.get("format_version"))
    if version.partition(".")[0] != READABLE_MAJOR:
        msg = short_line(f"{path}: format_version is {version!r}, this program reads {READABLE_MAJOR}.x")
        raise ScanError(msg)


def _read(file: h5py.File) -> Result:
    coverage = file["coverage"]
    fractions = coverage["sensor_fraction"].attrs
    return Result(
        header=_read_header(file["header"]),
        scan_sha256=file.attrs["scan_sha256"],
        recipe_sha256=file.attrs["recipe_sha256"],
        model=file.attrs["model"],
        area_m2=float(file.attrs["area_m2"]),
        coverage_fraction=float(file.attrs["coverage_fraction"]),
        sensor_coverage={name: float(fractions[name]) for name in fractions},
        coverage=Coverage(_read_grid(coverage), coverage["patch"][()], coverage["emi"][()], coverage["gpr"][()]),
        track_m=file["track"][()],
        targets=_read_targets(file["targets"]),
        emi_maps={name: Image(**_read_image(file["emi"][name])) for name in sorted(file["emi"])},
        gpr_volume=_read_volume(file["gpr"]) if "gpr" in file else None,
        radargram=_read_radargram(file["radargram"]) if "radargram" in file else None,
        relative_permittivity=float(file.attrs["relative_permittivity"]),
        relative_permittivity_std=float(file.attrs["relative_permittivity_std"]),
        faults=_read_faults(file["faults"]),
        provenance=dict(
            zip(_read_texts(file["provenance"], "name"), _read_texts(file["provenance"], "value"), strict=True)
        ),
        **{name: float(file.attrs[name]) for name in LIMITS if name in file.attrs},  # type: ignore[arg-type]
    )


def _array(group: h5py.Group, name: str, values: Any, units: str) -> h5py.Dataset:
    values = np.asarray(values)
    # Small or empty datasets gain nothing from chunks; deflate of big ones depends on the bytes alone.
    if values.size > SMALL:
        dataset = packed(group, name, values)
    else:
        dataset = group.create_dataset(name, data=values, track_times=False)
    dataset.attrs["units"] = units
    return dataset


def _storable(text: str) -> str:
    """Text as HDF5 can hold it: halves of characters and zero bytes become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "?")


def _texts(group: h5py.Group, name: str, values: Sequence[str]) -> None:
    stored = [_storable(value) for value in values]
    group.create_dataset(name, data=stored, shape=(len(stored),), dtype=h5py.string_dtype(), track_times=False)


def _read_texts(group: h5py.Group, name: str) -> list[str]:
    return [str(value) for value in group[name].asstr()[()]]


def _write_header(group: h5py.Group, header: ScanHeader) -> None:
    for name in HEADER_TEXTS:
        value = getattr(header, name)
        if value is not None:
            group.attrs[name] = _storable(value)
    if header.origin_wgs84 is not None:
        group.attrs["origin_wgs84"] = np.asarray(header.origin_wgs84, dtype=np.float64)


def _read_header(group: h5py.Group) -> ScanHeader:
    values: dict[str, Any] = {name: str(group.attrs[name]) for name in HEADER_TEXTS if name in group.attrs}
    values["source"] = cast("Source", values["source"])
    if "origin_wgs84" in group.attrs:
        values["origin_wgs84"] = tuple(float(value) for value in group.attrs["origin_wgs84"])
    return ScanHeader(**values)


def _write_grid(group: h5py.Group, grid: Grid) -> None:
    _array(group, "x", grid.x_m, "m")
    _array(group, "y", grid.y_m, "m")
    group.attrs["cell"] = float(grid.cell_m)
    group.attrs["cell_units"] = "m"


def _read_grid(group: h5py.Group) -> Grid:
    return Grid(group["x"][()], group["y"][()], float(group.attrs["cell"]))


def _write_coverage(group: h5py.Group, result: Result) -> None:
    coverage = result.coverage
    _write_grid(group, coverage.grid)
    for name, mask in (("patch", coverage.patch), ("emi", coverage.emi), ("gpr", coverage.gpr)):
        _array(group, name, mask, "1")
    fractions = group.create_group("sensor_fraction")
    for name in sorted(result.sensor_coverage):
        fractions.attrs[name] = float(result.sensor_coverage[name])


def _write_image(group: h5py.Group, image: Image | Volume) -> None:
    _write_grid(group, image.grid)
    group.attrs["name"] = image.name
    _array(group, "values", image.values, image.units)


def _read_image(group: h5py.Group) -> dict[str, Any]:
    return {
        "name": group.attrs["name"],
        "units": group["values"].attrs["units"],
        "grid": _read_grid(group),
        "values": group["values"][()],
    }


def _read_volume(group: h5py.Group) -> Volume:
    return Volume(depth_m=group["depth"][()], **_read_image(group))


def _write_radargram(group: h5py.Group, radargram: Radargram) -> None:
    group.attrs["name"] = radargram.name
    if radargram.gain is not None:
        group.attrs["gain"] = radargram.gain
    _array(group, "time", radargram.time_s, "s")
    _array(group, "position", radargram.position_m, "m")
    _array(group, "values", radargram.values, radargram.units)


def _read_radargram(group: h5py.Group) -> Radargram:
    values = group["values"]
    return Radargram(
        group.attrs["name"],
        values.attrs["units"],
        group["time"][()],
        group["position"][()],
        values[()],
        group.attrs.get("gain"),
    )


def _write_targets(group: h5py.Group, targets: Sequence[Target]) -> None:
    def column(name: str, units: str, pick: Callable[[Target], Any], shape: tuple[int, ...] = ()) -> None:
        values = np.array([pick(target) for target in targets], dtype=np.float64)
        _array(group, name, values.reshape(len(targets), *shape), units)

    _texts(group, "id", [target.id for target in targets])
    _texts(group, "call", [target.call for target in targets])
    column("x", "m", lambda target: target.x_m)
    column("y", "m", lambda target: target.y_m)
    column("depth", "m", lambda target: target.depth_m)
    column("position_std", "m", lambda target: target.position_std_m, (3,))
    column("confidence", "1", lambda target: target.confidence)
    column("existence", "1", lambda target: np.nan if target.existence is None else target.existence)
    _array(group, "reason_count", np.array([len(target.reasons) for target in targets], dtype=np.int64), "1")
    _texts(group, "reason", [reason for target in targets for reason in target.reasons])
    _write_evidence(group.create_group("emi"), [target.emi for target in targets])
    _write_evidence(group.create_group("gpr"), [target.gpr for target in targets])


def _read_targets(group: h5py.Group) -> tuple[Target, ...]:
    reasons = _read_texts(group, "reason")
    ends = np.cumsum(group["reason_count"][()], dtype=np.int64)
    evidence = {name: _read_evidence(group[name]) for name in ("emi", "gpr")}
    columns = {name: group[name][()] for name in ("x", "y", "depth", "position_std", "confidence")}
    existence = group["existence"][()] if "existence" in group else np.full(len(columns["x"]), np.nan)
    calls = cast("list[Call]", _read_texts(group, "call"))
    return tuple(
        Target(
            id=identity,
            x_m=float(columns["x"][row]),
            y_m=float(columns["y"][row]),
            depth_m=float(columns["depth"][row]),
            position_std_m=tuple(float(value) for value in columns["position_std"][row]),  # type: ignore[arg-type]
            confidence=float(columns["confidence"][row]),
            call=calls[row],
            emi=evidence["emi"][row],
            gpr=evidence["gpr"][row],
            reasons=tuple(reasons[(ends[row - 1] if row else 0) : ends[row]]),
            existence=None if np.isnan(existence[row]) else float(existence[row]),
        )
        for row, identity in enumerate(_read_texts(group, "id"))
    )


def _write_faults(group: h5py.Group, faults: Sequence[Fault]) -> None:
    for column in FAULT_COLUMNS:
        _texts(group, column, [getattr(fault, column) for fault in faults])
    _texts(group, "values", [json.dumps(plain_values(fault.values)) for fault in faults])


def _read_faults(group: h5py.Group) -> tuple[Fault, ...]:
    """Faults in their order; a file of version 1.0 knows neither their codes nor their values."""
    names = [name for name in FAULT_COLUMNS if name in group or name != "code"]
    rows = list(zip(*(_read_texts(group, name) for name in names), strict=True))
    values = _read_texts(group, "values") if "values" in group else ["{}"] * len(rows)
    return tuple(
        Fault(**dict(zip(names, row, strict=True)), values=json.loads(text))
        for row, text in zip(rows, values, strict=True)
    )


def _write_evidence(group: h5py.Group, evidence: Sequence[Evidence | None]) -> None:
    """One row per target; a feature that a target lacks is told from a NaN one by ``feature_present``."""
    names = sorted({name for item in evidence if item for name in item.features})
    shape = (len(evidence), len(names))
    present = np.array([[item is not None and name in item.features for name in names] for item in evidence], bool)
    values = [[item.features.get(name, np.nan) if item else np.nan for name in names] for item in evidence]
    _array(group, "present", np.array([item is not None for item in evidence], dtype=bool), "1")
    for name in ("score", "log_likelihood_ratio"):
        column = [getattr(item, name) if item else np.nan for item in evidence]
        _array(group, name, np.array(column, dtype=np.float64), "1")
    _texts(group, "feature_name", names)
    _array(group, "feature_present", present.reshape(shape), "1")
    _array(group, "feature_value", np.array(values, dtype=np.float64).reshape(shape), "as in the name")


def _read_evidence(group: h5py.Group) -> list[Evidence | None]:
    names = _read_texts(group, "feature_name")
    known, values = group["feature_present"][()], group["feature_value"][()]
    scores, ratios = group["score"][()], group["log_likelihood_ratio"][()]
    return [
        Evidence(
            score=float(scores[row]),
            features={name: float(values[row, k]) for k, name in enumerate(names) if known[row, k]},
            log_likelihood_ratio=float(ratios[row]),
        )
        if there
        else None
        for row, there in enumerate(group["present"][()])
    ]
