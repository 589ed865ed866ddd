"""What the scrambled search tells of clutter: as much as there is, whatever is buried in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.gpr._bodies.cfar import over_clutter
from dualsense.gpr._bodies.chance import LEAST_M2, FalseBodies, false_bodies
from dualsense.gpr._bodies.find import find_bodies
from dualsense.gpr._clean.surface import Surface
from dualsense.gpr._migrate.kirchhoff import kirchhoff
from dualsense.gpr._traces import analytic_traces
from dualsense.result import Grid
from oracles import forward

EPS = 6.0
SEARCH = {"min_contrast": 3.5, "top_m": 0.012, "separation_m": 0.05, "max_bodies": 100}
AXIS_M = 0.01 * np.arange(-25, 26)
GRID, DEPTH_M = Grid(AXIS_M, AXIS_M, 0.01), 0.01 * np.arange(14.0)
GROUND = np.ones((51, 51), bool)


def image(soundings):
    surface = Surface(
        soundings.midpoint_m[:, 2], np.zeros(len(soundings.time_s)), np.ones_like(soundings.spectrum),
        np.ones(len(soundings.time_s)), fitted=False,
    )  # fmt: skip
    traces = analytic_traces(soundings, surface, whiten=False, oversampling=8.0)
    volume = kirchhoff(soundings, traces, GRID, DEPTH_M, relative_permittivity=EPS)
    return traces, find_bodies(volume, GRID, over_clutter(volume, GRID, GROUND), **SEARCH)


def told(soundings, ground=GROUND):
    traces, bodies = image(soundings)
    return false_bodies(
        soundings, traces, GRID, ground, DEPTH_M, bodies, relative_permittivity=EPS,
        height_m=soundings.midpoint_m[:, 2], search=SEARCH, migration={},
    )  # fmt: skip


@pytest.fixture(scope="module")
def clutter():
    """Echoes of many small things everywhere in the ground, and of nothing else."""
    rng = np.random.default_rng(4)
    silent = forward.soundings(forward.sweep(rng))
    noise = rng.normal(size=silent.spectrum.shape) + 1j * rng.normal(size=silent.spectrum.shape)
    return replace(silent, spectrum=0.2 * noise)


@pytest.fixture(scope="module")
def bare(clutter):
    return told(clutter)


def test_of_clutter_alone_about_as_many_are_told_as_are_found(clutter, bare):
    _, bodies = image(clutter)
    expected = bare.per_m2 * GROUND.sum() * 1e-4
    assert len(bodies) > 3
    assert abs(expected - len(bodies)) <= 3.0 * np.sqrt(len(bodies) + expected / 2.0)


def test_the_same_scan_is_told_the_same(clutter, bare):
    assert told(clutter) == bare


def test_strong_objects_do_not_raise_what_is_told(clutter, bare):
    loud = 60.0 * np.abs(clutter.spectrum).mean()
    spectrum = clutter.spectrum.copy()
    spectrum += loud * forward.point_echo(clutter, (0.12, 0.1, 0.05), EPS)
    _, bodies = image(replace(clutter, spectrum=spectrum))
    assert bodies[0].contrast > 3.0 * SEARCH["min_contrast"]
    again = told(replace(clutter, spectrum=spectrum))
    assert again.area_m2 < bare.area_m2
    assert again.per_m2 < bare.per_m2 + 3.0 * np.sqrt((again.count + 1) / again.area_m2**2)


def test_of_too_little_ground_nothing_is_told(clutter):
    small = np.zeros_like(GROUND)
    small[:20, :20] = True
    assert small.sum() * 1e-4 < LEAST_M2
    assert told(clutter, small) is None


def test_stronger_bodies_are_rarer_and_never_none():
    found = FalseBodies(per_m2=2.0, min_contrast=4.5, spread=0.5, count=2, area_m2=1.0)
    assert found.at_least(4.5) == found.at_least(3.0) == 2.0
    assert found.at_least(5.0) == pytest.approx(2.0 / np.e)
    assert found.at_least(30.0) > 0.0
