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
``/coverage``                             ``x``, ``y``, ``patch``, ``emi``, ``gpr``; attribute ``cell``; since 1.1
                                          ``smallest_mine`` (y, x), ``smallest_mine_depth`` (y, x), ``top`` and
                                          ``minimum_metal`` (top, y, x), each with its meaning as attributes
``/track``                                (p, 3) track of the head
``/emi/<map>``                            ``x``, ``y``, ``values``; attributes ``name``, ``cell``
``/gpr``                                  ``x``, ``y``, ``depth``, ``values``; attributes ``name``, ``cell``
``/radargram``                            ``time``, ``position``, ``values``; ``name``, ``gain``,
                                          ``antennas``, ``height``
``/targets``                              equal-length columns; ``emi`` and ``gpr`` hold the evidence; since 1.1
                                          ``existence``
``/faults``                               equal-length columns; since 1.1 ``code``, and ``values`` as JSON
``/doubts``                               since 1.1, equal-length columns: stretches that are not believed
========================================  =====================================================================
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from dualsense.errors import ScanError, short_line
from dualsense.render._files.datasets import array, read_texts, storable, texts
from dualsense.render._files.rows import (
    read_doubts,
    read_faults,
    read_targets,
    write_doubts,
    write_faults,
    write_targets,
)
from dualsense.render._files.sight import read_sight, write_sight
from dualsense.result import Coverage, Grid, Image, Radargram, Result, Volume
from dualsense.runtime.files import whole_file
from dualsense.runtime.unfailing import new_hdf5
from dualsense.runtime.untrusted import open_vetted
from dualsense.scan import ScanHeader

if TYPE_CHECKING:
    from os import PathLike

    import h5py

    from dualsense.scan import Source

FORMAT = "dualsense-result"
FORMAT_VERSION = "1.1"
READABLE_MAJOR = "1"
HEADER_TEXTS = ("scan_id", "created", "instrument", "format_version", "source", "site", "operator", "notes")
LIMITS = ("suspect_threshold", "stated_detection")


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
        texts(pairs, "name", sorted(result.provenance))
        texts(pairs, "value", [result.provenance[name] for name in sorted(result.provenance)])
        _write_coverage(file.create_group("coverage"), result)
        array(file, "track", result.track_m, "m")
        maps = file.create_group("emi")
        for name in sorted(result.emi_maps):
            _write_image(maps.create_group(name), result.emi_maps[name])
        disk.check()
        if result.gpr_volume is not None:
            group = file.create_group("gpr")
            _write_image(group, result.gpr_volume)
            array(group, "depth", result.gpr_volume.depth_m, "m")
            disk.check()
        if result.radargram is not None:
            _write_radargram(file.create_group("radargram"), result.radargram)
        write_targets(file.create_group("targets"), result.targets)
        write_faults(file.create_group("faults"), result.faults)
        write_doubts(file.create_group("doubts"), result.doubts)
    return path


def read_result(path: str | PathLike[str], *, images: bool = True) -> Result:
    """Read what `write_result` wrote: the same values, types and order, but provenance and maps sorted by name.

    Parameters
    ----------
    path
        A ``result.h5``.
    images
        Whether its images are read too; without them it has no volume, no maps of metal and no radargram.

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
            return _read(file, images=images)
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


def _read(file: h5py.File, *, images: bool) -> Result:
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
        targets=read_targets(file["targets"]),
        emi_maps={name: Image(**_read_image(file["emi"][name])) for name in sorted(file["emi"]) if images},
        gpr_volume=_read_volume(file["gpr"]) if images and "gpr" in file else None,
        radargram=_read_radargram(file["radargram"]) if images and "radargram" in file else None,
        relative_permittivity=float(file.attrs["relative_permittivity"]),
        relative_permittivity_std=float(file.attrs["relative_permittivity_std"]),
        faults=read_faults(file["faults"]),
        doubts=read_doubts(file["doubts"]) if "doubts" in file else (),
        smallest_mine=read_sight(coverage, _read_grid(coverage)),
        provenance=dict(
            zip(read_texts(file["provenance"], "name"), read_texts(file["provenance"], "value"), strict=True)
        ),
        **{name: float(file.attrs[name]) for name in LIMITS if name in file.attrs},  # type: ignore[arg-type]
    )


def _write_header(group: h5py.Group, header: ScanHeader) -> None:
    for name in HEADER_TEXTS:
        value = getattr(header, name)
        if value is not None:
            group.attrs[name] = storable(value)
    if header.origin_wgs84 is not None:
        group.attrs["origin_wgs84"] = np.asarray(header.origin_wgs84, dtype=np.float64)


def _read_header(group: h5py.Group) -> ScanHeader:
    values: dict[str, Any] = {name: str(group.attrs[name]) for name in HEADER_TEXTS if name in group.attrs}
    values["source"] = cast("Source", values["source"])
    if "origin_wgs84" in group.attrs:
        values["origin_wgs84"] = tuple(float(value) for value in group.attrs["origin_wgs84"])
    return ScanHeader(**values)


def _write_grid(group: h5py.Group, grid: Grid) -> None:
    array(group, "x", grid.x_m, "m")
    array(group, "y", grid.y_m, "m")
    group.attrs["cell"] = float(grid.cell_m)
    group.attrs["cell_units"] = "m"


def _read_grid(group: h5py.Group) -> Grid:
    return Grid(group["x"][()], group["y"][()], float(group.attrs["cell"]))


def _write_coverage(group: h5py.Group, result: Result) -> None:
    coverage = result.coverage
    _write_grid(group, coverage.grid)
    for name, mask in (("patch", coverage.patch), ("emi", coverage.emi), ("gpr", coverage.gpr)):
        array(group, name, mask, "1")
    if result.smallest_mine is not None:
        write_sight(group, result.smallest_mine)
    fractions = group.create_group("sensor_fraction")
    for name in sorted(result.sensor_coverage):
        fractions.attrs[name] = float(result.sensor_coverage[name])


def _write_image(group: h5py.Group, image: Image | Volume) -> None:
    _write_grid(group, image.grid)
    group.attrs["name"] = image.name
    array(group, "values", image.values, image.units)


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
    for name, length_m in (("antennas", radargram.antennas_m), ("height", radargram.height_m)):
        if length_m is not None:
            group.attrs[name] = float(length_m)
            group.attrs[f"{name}_units"] = "m"
    array(group, "time", radargram.time_s, "s")
    array(group, "position", radargram.position_m, "m")
    array(group, "values", radargram.values, radargram.units)


def _read_radargram(group: h5py.Group) -> Radargram:
    values = group["values"]
    return Radargram(
        group.attrs["name"],
        values.attrs["units"],
        group["time"][()],
        group["position"][()],
        values[()],
        group.attrs.get("gain"),
        *(float(group.attrs[name]) if name in group.attrs else None for name in ("antennas", "height")),
    )
