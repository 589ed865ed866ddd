"""Depths that people are told: a plane and a point within 2 mm, by a forward model of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.gpr import study_depths

from dualsense.gpr import Body, place_tops


def body(depth_m, **change):
    """As the volume has it, at the middle of the sweep."""
    values = {"x_m": 0.0, "y_m": 0.0, "width_m": 0.06, "length_m": 0.06, "contrast": 9.0, "amplitude": 0.5}
    values |= {"coherence": 0.7, "phase_rad": 0.0, "edge": 0.0, "depth_m": depth_m, "top_m": depth_m}
    return Body(**(values | change))


@pytest.fixture(scope="module")
def silent():
    return study_depths.sweep(np.random.default_rng(3), 0.045, side_m=0.44)


def told(soundings, bodies, permittivity):
    return place_tops(
        bodies,
        soundings,
        study_depths.traces_of(soundings),
        relative_permittivity=permittivity,
        height_m=soundings.midpoint_m[:, 2],
    )


@pytest.mark.parametrize("permittivity", (3.0, 6.0, 16.0))
@pytest.mark.parametrize("depth_m", (0.03, 0.07, 0.12, 0.20))
def test_planes_and_points_are_told_within_two_millimetres(silent, permittivity, depth_m):
    """However the volume had it: by weights of what is heard a plane lies up to 9 mm too shallow."""
    found = [body(depth_m - 0.008), body(depth_m + 0.006)]
    plane = study_depths.plane(silent, depth_m, permittivity)
    point = study_depths.point(silent, (0.0, 0.0, depth_m), permittivity)
    for soundings in (plane, point):
        for one in told(soundings, found, permittivity):
            assert one.top_m == pytest.approx(depth_m, abs=0.002)


def test_a_top_above_the_search_is_told_where_it_is(silent):
    """Cut off at the 12 mm from which bodies are looked for it would be told too deep."""
    soundings = study_depths.point(silent, (0.0, 0.0, 0.008), 6.0)
    (one,) = told(soundings, [body(0.015)], 6.0)
    assert one.top_m == pytest.approx(0.008, abs=0.002)


def test_only_the_told_depth_changes(silent):
    soundings = study_depths.point(silent, (0.0, 0.0, 0.08), 6.0)
    before = body(0.075)
    (after,) = told(soundings, [before], 6.0)
    assert after.top_m != before.top_m
    assert replace(after, top_m=before.top_m) == before


def test_what_is_hidden_or_was_not_swept_stays(silent):
    """Under brighter clutter the sum's peak is the clutter's; where nothing was heard there is none."""
    soundings = study_depths.point(silent, (0.0, 0.0, 0.08), 6.0)
    hidden, beside = body(0.075, hidden=True), body(0.075, x_m=0.9)
    assert told(soundings, [hidden, beside], 6.0) == (hidden, beside)
    assert told(soundings, [], 6.0) == ()
