"""Ground that the metal detector swept and where it could not have told metal is not covered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.chain import process_scan
from dualsense.chain.ground import fault_hidden, faults_left_out, told_ground
from dualsense.result import Coverage, Evidence, Target
from dualsense.simulate import PRESETS, Buried, Motion, Scene, simulate_scan
from dualsense.survey import grid_around

LITTER = ("nail", "cartridge", "bolt", "battery", "coin", "fragment")


def littered(side: int, pitch_m: float):
    """Metal in a square grid, closer together than a coil is wide."""
    rng = np.random.default_rng(5)
    objects = tuple(
        Buried(
            LITTER[(3 * i + 5 * j) % len(LITTER)],
            pitch_m * (i + 0.5),
            pitch_m * (j + 0.5),
            float(rng.uniform(0.02, 0.06)),
            yaw_deg=float(rng.uniform(0.0, 360.0)),
        )
        for i in range(side)
        for j in range(side)
    )
    motion = Motion(length_m=side * pitch_m, width_m=side * pitch_m)
    scene = Scene(scan_id="litter", soil=PRESETS["loam"].soil, objects=objects, motion=motion)
    return simulate_scan(scene, seed=3)


def faint(x_m: float, y_m: float, **scores: float) -> Target:
    seen = {name: Evidence(scores[name], {}, 0.0) if name in scores else None for name in ("emi", "gpr")}
    return Target("", x_m, y_m, 0.05, (0.01,) * 3, 0.01, "unclear", reasons=(), existence=0.02, **seen)


def test_ground_about_what_was_left_out_is_not_covered_by_whom_detected_it():
    grid = grid_around(np.array([[0.0, 0.0], [0.4, 0.4]]), cell_m=0.01)
    every = np.ones((grid.y_m.size, grid.x_m.size), dtype=bool)
    gone = [faint(0.1, 0.1, emi=5.0, gpr=0.0), faint(0.3, 0.3, emi=0.0, gpr=4.0)]
    cover = told_ground(Coverage(grid, every, emi=every, gpr=every), gone)
    for mask, lost, kept in ((cover.emi, 0.1, 0.3), (cover.gpr, 0.3, 0.1)):
        away = [np.hypot(grid.x_m - at, (grid.y_m - at)[:, None]) for at in (lost, kept)]
        assert not mask[away[0] <= 0.045].any()
        assert mask[away[0] > 0.055].all()
        assert mask[away[1] <= 0.05].all()
    metal, radar = faults_left_out([*gone, faint(0.12, 0.34, emi=3.0)])
    assert (metal.sensor, metal.severity, metal.values["count"]) == ("emi", "info", 2)
    assert metal.values["places"] == "0.10:0.10, 0.12:0.34"
    assert "0.30:0.30" in radar.message
    assert faults_left_out(()) == ()


def test_hidden_ground_is_told_of_by_listed_metal_alone():
    grid = grid_around(np.array([[0.0, 0.0], [0.4, 0.4]]), cell_m=0.01)
    every = np.ones((grid.y_m.size, grid.x_m.size), dtype=bool)
    hidden = np.broadcast_to(grid.x_m < 0.2, every.shape)
    listed = [faint(0.1, 0.1, emi=5.0), faint(0.1, 0.3, emi=0.0, gpr=4.0)]  # the second has no metal of its own
    cover = told_ground(Coverage(grid, every, emi=every, gpr=every), [faint(0.3, 0.1, emi=3.0)], listed, hidden)
    away = np.hypot(grid.x_m - 0.1, (grid.y_m - 0.1)[:, None])
    assert cover.emi[away <= 0.055].all()
    assert not cover.emi[hidden & (away > 0.065)].any()
    assert cover.emi[~hidden & (np.hypot(grid.x_m - 0.3, (grid.y_m - 0.1)[:, None]) > 0.055)].all()
    assert cover.gpr.all()
    swept = Coverage(grid, every, emi=every, gpr=every)
    (said,) = fault_hidden(swept, cover, hidden)
    assert said.values["part"] == pytest.approx((hidden & (away > 0.06)).mean(), abs=0.01)
    assert fault_hidden(swept, swept, hidden) == fault_hidden(swept, cover, None) == ()


@pytest.mark.slow
def test_metal_among_litter_is_listed_or_its_ground_is_not_covered():
    scan = littered(4, 0.15)
    found = process_scan(replace(scan, truth=None))
    cover, truth = found.coverage, scan.truth
    assert any(one.code == "emi-metal-hidden" for one in found.faults)
    for x, y in zip(truth.x_m, truth.y_m, strict=True):
        listed = any(np.hypot(t.x_m - x, t.y_m - y) < 0.07 for t in found.targets)
        cell = np.argmin(np.abs(cover.grid.y_m - y)), np.argmin(np.abs(cover.grid.x_m - x))
        assert listed or not cover.emi[cell]


def test_small_metal_hides_nothing(sample):
    _, found = sample("ts50_deep")
    assert found.sensor_coverage["emi"] == 1.0
    hidden = found.emi_maps["metal_hidden"]
    assert hidden.units == "m3"
    assert np.nanmax(hidden.values) < 5e-7
    assert np.array_equal(np.isfinite(hidden.values), found.coverage.emi)
