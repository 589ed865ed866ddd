"""Which results belong to a site, and where on Earth each of them lies."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dualsense import render
from dualsense.app import read_decisions
from dualsense.errors import DualsenseError, UsageError, cause
from dualsense.scan import plain
from dualsense.site._frame import frame_of, to_frame
from dualsense.site._records import SiteScan
from dualsense.site._store import without_maps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dualsense.site._records import Frame
    from dualsense.site._store import Store

RESULT, LIST = "result.h5", "targets.json"
FARTHEST_M = 5_000.0
"""From the middle of all scans: an origin further away is a slip sooner than a place of this site."""
MOST_ASKED = 500
"""Scans among whose places the middle is chosen."""
NOWHERE_DEG = 1e-6
"""A receiver that knows no place writes 0° N 0° E."""


def find_results(folders: Sequence[Path]) -> dict[str, Path]:
    """Find every folder below these that holds a result, whole or not.

    Parameters
    ----------
    folders
        Searched through; links are not followed, hidden folders not looked into.

    Returns
    -------
    dict
        Name, "." for the folder itself, to folder, sorted; of several folders each name begins with its folder's.

    Raises
    ------
    UsageError
        There is no such folder, no result in one, or two folders would have one name.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        if not folder.is_dir():
            msg = f"{folder}: no such folder"
            raise UsageError(msg)
        own = _results_in(folder)
        if not own:
            msg = f"{folder}: no results in this folder; `dualsense batch` makes them of scans"
            raise UsageError(msg)
        before = "" if len(folders) == 1 else f"{folder.resolve().name}/"
        named = {f"{before}{name}": place for name, place in own.items()}
        if named.keys() & found.keys():
            msg = f"{folder}: another folder has the same name, and results of both would be mixed up"
            raise UsageError(msg)
        found |= named
    return dict(sorted(found.items()))


def _results_in(folder: Path) -> dict[str, Path]:
    found = {}
    for place, inner, files in os.walk(folder, onerror=_refuse):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        if RESULT in files or LIST in files:
            found[Path(place).relative_to(folder).as_posix()] = Path(place)
    return found


def _refuse(error: OSError) -> None:
    """End where a folder cannot be looked into: a map without its scans would not show that they are missing."""
    msg = f"{error.filename}: cannot be searched: {error.strerror or error}"
    raise UsageError(msg) from error


def read_scans(
    found: dict[str, Path], store: Store, progress: Callable[[str, float], None] | None = None
) -> tuple[list[SiteScan], int]:
    """Read what is told of each scan, one after another; one that cannot be read says why.

    Parameters
    ----------
    found
        From `find_results`.
    store
        Takes their maps, so that no more than one scan's are in memory.
    progress
        Called with a scan's name and the part that is read.

    Returns
    -------
    scans : list of SiteScan
        None of them on the map yet.
    torn : int
        Lines of journals that are no decisions.
    """
    scans: list[SiteScan] = []
    torn = 0
    for number, (name, folder) in enumerate(found.items()):
        if progress is not None:
            progress(plain(name), number / len(found))
        scan = SiteScan(name, folder)
        if not (folder / LIST).is_file():  # it is written last
            scans.append(replace(scan, problem="unfinished"))
            continue
        try:
            result = render.read_result(folder / RESULT, images=False)
            store.keep(number, result.coverage, render.read_flat_images(folder / RESULT))
            result = without_maps(result)
        except (DualsenseError, OSError) as error:
            told = cause(error) if isinstance(error, DualsenseError) else str(error.strerror)
            told = plain(told.removeprefix(f"{folder / RESULT}: "))  # where it lies is no part of the map
            scans.append(replace(scan, problem="unreadable", detail=told))
            continue
        try:
            same = {"scan_sha256": result.scan_sha256, "recipe_sha256": result.recipe_sha256}
            rows, damaged = read_decisions(folder, same)
        except (DualsenseError, OSError):
            rows, damaged = [], 1
        torn += damaged
        scans.append(replace(scan, result=result, decisions=tuple(rows)))
    return scans, torn


def place_scans(scans: Sequence[SiteScan]) -> tuple[list[SiteScan], Frame | None]:
    """Put scans that know their origin on one map; one that does not is never put anywhere.

    Parameters
    ----------
    scans
        From `read_scans`.

    Returns
    -------
    scans : list of SiteScan
        With `to_map`, or why they are not on the map.
    frame
        The projection; None where no scan has a place.
    """
    scans = [_with_origin_told(scan) for scan in scans]
    origins = {
        n: origin
        for n, scan in enumerate(scans)
        if scan.result is not None
        and not scan.problem
        and (origin := render.usable_origin(scan.result.header)) is not None
    }
    if not origins:
        return scans, None
    frame = frame_of([origin[:2] for origin in origins.values()])
    at = dict(zip(origins, to_frame(frame, [origin[:2] for origin in origins.values()]), strict=True))
    middle = _middle(np.array(list(at.values())))
    for n, place in at.items():
        away_m = float(np.hypot(*(place - middle)))
        if not away_m <= FARTHEST_M:
            scans[n] = replace(scans[n], problem="far", detail=f"{away_m / 1000.0:.0f}")
            continue
        scans[n] = replace(scans[n], to_map=_affine(frame, origins[n]))
    return scans, frame


def _middle(places_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of places (n, 2) the one with most others near: a mean of two far ones would lie near to neither."""
    every = -(-len(places_m) // MOST_ASKED)
    with np.errstate(invalid="ignore"):  # what lies outside of the projection is at infinity
        away_m = np.linalg.norm(places_m[::every, None] - places_m[None, ::every], axis=2)
    return np.asarray(places_m[::every][np.argmax((away_m <= FARTHEST_M).sum(axis=1))])


def _with_origin_told(scan: SiteScan) -> SiteScan:
    """Say why a scan has no place, where it has none."""
    if scan.result is None:
        return scan
    origin = render.usable_origin(scan.result.header)
    if origin is None:
        return replace(scan, problem="no-origin")
    if abs(origin[0]) < NOWHERE_DEG and abs(origin[1]) < NOWHERE_DEG:
        return replace(scan, problem="nowhere")
    return scan


def _affine(frame: Frame, origin: tuple[float, float, float, float]) -> NDArray[np.float64]:
    """From a scan's frame to the map, as PROJ maps its corners: over 100 m that is affine within 0.1 mm."""
    corners = np.array([[0.0, 0.0], [60.0, 0.0], [0.0, 60.0], [-60.0, 0.0], [0.0, -60.0]])
    latitude_deg, longitude_deg = render.local_to_wgs84(corners[:, 0], corners[:, 1], origin)
    mapped = to_frame(frame, np.column_stack([latitude_deg, longitude_deg]))
    # about the origin: eastings of half a million metres leave no digits for a fit
    design = np.column_stack([corners, np.ones(len(corners))])
    solved = np.linalg.lstsq(design, mapped - mapped[0], rcond=None)[0].T
    solved[:, 2] += mapped[0]
    return np.asarray(solved)
