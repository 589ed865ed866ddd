"""A synthetic result with everything a deminer can meet: two bodies, metal, holes, every call, faults."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from dualsense.result import Coverage, Doubt, Evidence, Grid, Image, Result, Target, Volume
from dualsense.scan import Fault, ScanHeader

if TYPE_CHECKING:
    from collections.abc import Callable

CELL_M = 0.005
NX, NY, NZ = 80, 66, 50


def _grid(nx: int = NX, ny: int = NY) -> Grid:
    return Grid((np.arange(nx) + 0.5) * CELL_M - 0.01, (np.arange(ny) + 0.5) * CELL_M - 0.015, CELL_M)


def _track() -> np.ndarray:
    """Boustrophedon, lines 3 cm apart, hand-like wobble, one break."""
    rng = np.random.default_rng(7)
    lines = []
    for number, y_m in enumerate(np.arange(0.0, 0.295, 0.03)):
        x_m = np.linspace(0.0, 0.38, 120)
        if number % 2:
            x_m = x_m[::-1]
        wobble = np.cumsum(rng.normal(0.0, 3e-4, 120))
        lines.append(np.column_stack([x_m, y_m + wobble, 0.05 + 5.0 * wobble]))
    track = np.vstack(lines)
    track[600] = np.nan
    return track


def _ball(grid: Grid, x_m: float, y_m: float, sigma_m: float) -> np.ndarray:
    return np.exp(-((grid.x_m[None] - x_m) ** 2 + (grid.y_m[:, None] - y_m) ** 2) / (2.0 * sigma_m**2))


def _speckle(shape: tuple[int, ...]) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(11)
    parts = [gaussian_filter(rng.normal(size=shape), 2.5) for _ in range(2)]
    noise = np.hypot(*parts)
    return noise / np.median(noise)


def _coverage(grid: Grid) -> Coverage:
    patch = np.zeros((NY, NX), bool)
    patch[2:-2, 1:-1] = True
    emi = patch.copy()
    gpr = patch.copy()
    emi[:, :4] = False
    gpr[40:52, 60:74] = False
    emi[44:56, 60:74] = False
    return Coverage(grid, patch, emi, gpr)


def _volume(grid: Grid, mask: np.ndarray) -> Volume:
    depth_m = (np.arange(NZ) + 0.5) * 0.005
    values = 0.05 * _speckle((NZ, NY, NX))
    for x_m, y_m, top_m, sigma_m, strength in ((0.11, 0.15, 0.045, 0.028, 1.0), (0.28, 0.09, 0.10, 0.018, 0.5)):
        along = np.exp(-((depth_m - top_m - 0.012) ** 2) / (2.0 * 0.012**2))
        values += strength * along[:, None, None] * _ball(grid, x_m, y_m, sigma_m)
    values = values.astype(np.float32)
    values[:, ~mask] = np.nan
    return Volume("migrated_envelope", "1", grid, depth_m, values)


def _metal(grid: Grid, mask: np.ndarray) -> Image:
    values = 4.0e-8 * _ball(grid, 0.115, 0.152, 0.035) + 9.0e-8 * _ball(grid, 0.21, 0.24, 0.03)
    values += 6.0e-10 * _speckle((NY, NX))
    values = values.astype(np.float32)
    values[~mask] = np.nan
    return Image("metal_response", "m3", grid, values)


def _targets() -> tuple[Target, ...]:
    metal = Evidence(41.5, {"moment_m3": 4.1e-8, "width_m": 0.081}, 1.7)
    body = Evidence(9.25, {"diameter_m": 0.09, "depth_m": 0.045, "contrast": 8.4}, 2.1)
    return (
        Target(
            "T1", 0.11, 0.15, 0.045, (0.008, 0.008, 0.011), 0.87, "suspect", metal, body,
            ("radar body of mine size under a metal alarm", "metal response compact"), 0.9912,
        ),
        Target(
            "T2", 0.28, 0.09, 0.10, (0.012, 0.011, 0.02), 0.34, "suspect", None, body,
            ("radar body of mine size", "no metal found, which never rules out a mine"),
        ),
        Target(
            "T3", 0.21, 0.24, 0.02, (0.01, 0.01, 0.03), 0.06, "likely-clutter", metal, None,
            ("small metal object near the surface", "no body in the radar image"),
        ),
        Target(
            "T4", 0.33, 0.20, float("nan"), (0.03, 0.03, float("nan")), 0.5, "not-assessable", metal, None,
            ("radar did not cover this place",),
        ),
    )  # fmt: skip


def _full() -> Result:
    grid = _grid()
    coverage = _coverage(grid)
    patch = int(coverage.patch.sum())
    return Result(
        header=ScanHeader(
            scan_id="lane-07-patch-3",
            created="2026-03-04T05:06:07Z",
            instrument="test head",
            source="recorded",
            site="training lane",
            operator="A. Operator",
        ),
        scan_sha256="ab" * 32,
        recipe_sha256="cd" * 32,
        model="uncalibrated-1",
        area_m2=patch * CELL_M**2,
        coverage_fraction=float((coverage.emi & coverage.gpr).sum()) / patch,
        sensor_coverage={"emi": float(coverage.emi.sum()) / patch, "gpr": float(coverage.gpr.sum()) / patch},
        coverage=coverage,
        track_m=_track(),
        targets=_targets(),
        emi_maps={"metal_response": _metal(grid, coverage.emi)},
        gpr_volume=_volume(grid, coverage.gpr),
        relative_permittivity=4.2,
        relative_permittivity_std=0.3,
        faults=(Fault("gpr", "degraded", "/gpr/data", "3 of 400 soundings were not finite and were left out"),),
        doubts=(
            Doubt("samples-repeated", "gpr", 1.25, 2.5, "samples"),
            Doubt("track-stuck", "pose", 3.0, 4.125, "ground"),
        ),
        provenance={"dualsense": "0.1.0", "scan_sha256": "ab" * 32, "recipe": "[gpr]\nwindow = 'hann'\n"},
    )


def _without(result: Result, sensor: str) -> dict[str, Any]:
    coverage = dataclasses.replace(result.coverage, **{sensor: np.zeros((NY, NX), bool)})
    changes: dict[str, Any] = {
        "coverage": coverage,
        "coverage_fraction": 0.0,
        "sensor_coverage": {**result.sensor_coverage, sensor: 0.0},
        "targets": tuple(
            dataclasses.replace(target, call="not-assessable", **{sensor: None}) for target in result.targets
        ),
    }
    if sensor == "emi":
        changes["emi_maps"] = {}
    else:
        changes |= {
            "gpr_volume": None,
            "relative_permittivity": float("nan"),
            "relative_permittivity_std": float("nan"),
        }
    return changes


def _nothing_covered(result: Result) -> dict[str, Any]:
    empty = np.zeros((NY, NX), bool)
    volume = result.gpr_volume
    metal = result.emi_maps["metal_response"]
    return {
        "coverage": Coverage(result.coverage.grid, result.coverage.patch, empty, empty),
        "coverage_fraction": 0.0,
        "sensor_coverage": {"emi": 0.0, "gpr": 0.0},
        "targets": (),
        "emi_maps": {"metal_response": dataclasses.replace(metal, values=np.full_like(metal.values, np.nan))},
        "gpr_volume": dataclasses.replace(volume, values=np.full_like(volume.values, np.nan)),
    }


VARIANTS = ("full", "no_radar", "no_emi", "emi_failed", "no_targets", "nothing_covered", "simulated", "wgs84")


@pytest.fixture(scope="session")
def make_result() -> Callable[..., Result]:
    """Build a variant of the synthetic result by name, with fields replaced at will.

    Without replacements the same object comes back each time, so that what is drawn of it can be kept.
    """

    known: dict[str, Result] = {}

    def make(variant: str = "full", **changes: Any) -> Result:
        if variant not in known:
            known[variant] = build(variant)
        return dataclasses.replace(known[variant], **changes) if changes else known[variant]

    def build(variant: str) -> Result:
        result = _full()
        header = result.header
        message = "channel 0 is constant in all 1270 samples"
        fault = Fault("emi", "failed", "/emi/data", message, "samples-constant", {"soundings": 1270, "level": "0"})
        variants: dict[str, dict[str, Any]] = {
            "full": {},
            "no_radar": _without(result, "gpr"),
            "no_emi": _without(result, "emi"),
            "emi_failed": {**_without(result, "emi"), "faults": (fault,)},
            "no_targets": {"targets": ()},
            "nothing_covered": _nothing_covered(result),
            "simulated": {"header": dataclasses.replace(header, source="simulated")},
            "wgs84": {"header": dataclasses.replace(header, origin_wgs84=(13.1, 103.2, 21.5, 37.0))},
        }
        return dataclasses.replace(result, **variants[variant])

    return make


@pytest.fixture(scope="session")
def full_result(make_result: Callable[..., Result]) -> Result:
    return make_result("full")


@pytest.fixture(scope="session")
def pictures() -> Callable[[Result], dict[str, bytes]]:
    """Draw the pictures of a result, once for the same result: drawing is what takes time."""
    from dualsense.render._figures.figures import render_figures

    known: dict[int, tuple[Result, dict[str, bytes]]] = {}

    def draw(result: Result) -> dict[str, bytes]:
        if id(result) not in known:
            known[id(result)] = (result, render_figures(result))
        return known[id(result)][1]

    return draw


@pytest.fixture(params=VARIANTS)
def any_result(request: pytest.FixtureRequest, make_result: Callable[..., Result]) -> Result:
    return make_result(request.param)
