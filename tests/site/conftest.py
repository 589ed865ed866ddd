"""A small site of results with known truth: scans that overlap, and every way of not being on the map."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dualsense import render
from dualsense.app import record_decision
from dualsense.result import Coverage, Grid, Image, Result, Target, Volume
from dualsense.scan import ScanHeader
from dualsense.site import make_site

if TYPE_CHECKING:
    from pathlib import Path

CELL_M, SIDE = 0.02, 50
ORIGIN = (11.5, 104.9, 12.0, 90.0)  # +x to the east, so that y goes north


def result_of(name, origin, targets, *, emi=None, gpr=None, source="recorded", created="2026-05-01T08:00:00Z"):
    """Give a result of one square metre; masks are (y, x) from its corner."""
    axis = (np.arange(SIDE) + 0.5) * CELL_M
    grid = Grid(axis, axis, CELL_M)
    patch = np.ones((SIDE, SIDE), bool)
    emi, gpr = (patch if mask is None else mask for mask in (emi, gpr))
    values = np.full((3, SIDE, SIDE), 2.0, np.float32)
    values[:, ~gpr] = np.nan
    metal = np.where(emi, 0.5, np.nan).astype(np.float32)
    listed = tuple(
        Target(f"T{n + 1}", x, y, 0.08, (0.01, 0.01, 0.01), confidence, call, None, None, ())
        for n, (x, y, call, confidence) in enumerate(targets)
    )
    return Result(
        ScanHeader(name, created, "twin", source=source, site="field", operator="=A", origin_wgs84=origin),
        scan_sha256=name.encode().hex().ljust(64, "0")[:64], recipe_sha256="1" * 64, model="m-1", area_m2=1.0,
        coverage_fraction=float((emi & gpr).mean()),
        sensor_coverage={"emi": float(emi.mean()), "gpr": float(gpr.mean())},
        coverage=Coverage(grid, patch, emi, gpr), track_m=np.zeros((1, 3)), targets=listed,
        emi_maps={"metal_response": Image("metal_response", "1", grid, metal)},
        gpr_volume=Volume("radar_envelope", "1", grid, np.array([0.01, 0.02, 0.03]), values),
    )  # fmt: skip


def write_one(folder: Path, result: Result) -> Path:
    folder.mkdir(parents=True)
    render.write_result(result, folder / "result.h5")
    render.write_targets(result, folder)
    return folder


def decide(folder, target, **given):
    document = json.loads((folder / "targets.json").read_text())
    entry = {"entry": "0123456789abcdef"[: 8 + len(given)] + target.lower().replace("t", "a"), "operator": "Sok"}
    return record_decision(folder, document, entry | {"target": target, "decision": "dig"} | given)


@dataclass
class Made:
    folder: Path
    out: Path
    site: object
    results: dict


@pytest.fixture(scope="session")
def made_site(tmp_path_factory):
    """Two scans side by side that overlap by 0.4 m, one of the radar's failure, and five without a place."""
    folder = tmp_path_factory.mktemp("site")
    half = np.ones((SIDE, SIDE), bool)
    half[:, 40:] = False
    none = np.zeros((SIDE, SIDE), bool)
    # a second origin 0.6 m further east
    latitude, longitude = render.local_to_wgs84([0.6], [0.0], ORIGIN)
    east = (float(latitude[0]), float(longitude[0]), *ORIGIN[2:])
    latitude, longitude = render.local_to_wgs84([0.0], [1.2], ORIGIN)
    north = (float(latitude[0]), float(longitude[0]), ORIGIN[2], 45.0)
    results = {
        "a": result_of("a", ORIGIN, [(0.2, 0.2, "suspect", 0.9), (0.8, 0.5, "likely-clutter", 0.02),
                                     (0.7, 0.9, "suspect", 0.7)], emi=half),
        "b": result_of("b", east, [(0.212, 0.49, "unclear", 0.2), (0.105, 0.9, "suspect", 0.8)],
                       created="2026-05-03T08:00:00Z"),
        "deep/c": result_of("c", north, [(0.5, 0.5, "likely-clutter", 0.01)], gpr=none, source="simulated"),
        "lost": result_of("lost", None, [(0.3, 0.4, "suspect", 0.95)]),
        "nowhere": result_of("nowhere", (0.0, 0.0, 0.0, 0.0), []),
        "far": result_of("far", (12.5, 104.9, 0.0, 0.0), []),
    }  # fmt: skip
    for name, result in results.items():
        write_one(folder / name, result)
    (folder / "deep" / "c" / "report.html").write_text("<p>")
    (folder / "half").mkdir()
    (folder / "half" / "result.h5").write_bytes(b"x")
    (folder / "torn").mkdir()
    (folder / "torn" / "result.h5").write_bytes(b"\x89HDF\r\n\x1a\nno")
    (folder / "torn" / "targets.json").write_text("{}")
    decide(folder / "a", "T1", found="mine")
    decide(folder / "a", "T3", found="metal", note="nail")
    decide(folder / "a", "", x_m=0.5, y_m=0.1)
    with (folder / "a" / "decisions.jsonl").open("a") as stream:
        stream.write("{torn\n")
    # dug on the day between both scans
    path = folder / "a" / "decisions.jsonl"
    lines = [line.split('"time":"')[0] + '"time":"2026-05-02T08:00:00Z' + line.split('"time":"')[1][20:]
             if '"time":"' in line else line for line in path.read_text().splitlines()]  # fmt: skip
    path.write_text("\n".join(lines) + "\n")
    out = folder / "map"
    return Made(folder, out, make_site(folder, out), results)
