"""Where the radar's silence tells something, and where it does not."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.gpr._bodies.detectability import detectability, would_detect
from dualsense.gpr._bodies.volume import measured_columns
from dualsense.result import Grid, Volume

AXIS = 0.005 * np.arange(41)
GRID = Grid(AXIS, AXIS, 0.005)
DEPTH_M = 0.005 * np.arange(41)
PLACE = (0.1, 0.1, 0.08)


def volume(depth_m=DEPTH_M):
    return Volume("radar_envelope", "1", GRID, depth_m, np.ones((depth_m.size, 41, 41), np.float32))


def detect(of=None, **changes):
    options = {"top_m": 0.012, "min_contrast": 4.5, "listed_all": True, "losses": (0.1,), "band_ok": True}
    volume_seen = volume() if of is None else of
    with np.errstate(invalid="ignore"):
        median = [np.median(v[v > 0.0]) if (v > 0.0).any() else 0.0 for v in volume_seen.values]
    return detectability(volume_seen, np.array(median), **(options | changes))


def test_a_good_picture_tells():
    found = detect()
    assert not found.excluded
    assert would_detect(found, *PLACE)


@pytest.mark.parametrize(
    ("changes", "words"),
    (
        ({"top_m": 0.04}, "from 4 cm down"),
        ({"min_contrast": 15.0}, "contrast 15"),
        ({"listed_all": False}, "more bodies"),
        ({"losses": (0.1, 0.76)}, "76%"),
        ({"band_ok": False}, "band"),
    ),
)
def test_a_deaf_radar_tells_nothing_anywhere_and_says_why(changes, words):
    found = detect(**changes)
    assert words in found.excluded
    assert not found.measured.any()
    assert not would_detect(found, *PLACE)


def test_an_echo_just_under_the_threshold_is_no_silence():
    for strength, expected in ((2.5, True), (3.5, False), (40.0, False)):
        values = volume().values.copy()
        values[10:13, 20:23, 20:23] = strength
        found = detect(Volume("radar_envelope", "1", GRID, DEPTH_M, values))
        assert would_detect(found, *PLACE) is expected
        assert would_detect(found, 0.03, 0.03, 0.08)


def test_slices_far_apart_tell_nothing():
    found = detect(volume(0.1 * np.arange(4)))
    assert "10 cm apart" in found.excluded
    assert not would_detect(found, *PLACE)


def test_below_the_picture_nothing_is_told():
    assert would_detect(detect(), 0.1, 0.1, 0.18)
    assert not would_detect(detect(), 0.1, 0.1, 0.185)


@pytest.mark.parametrize("value", (np.nan, 0.0))
def test_a_hole_above_beside_or_at_the_place_counts(value):
    """The thing may lie shallower than the metal detector thinks."""
    whole = volume()
    for slices in (slice(4, 6), slice(14, 18)):
        values = whole.values.copy()
        values[slices, 12:22, 15:25] = value
        holed = Volume("radar_envelope", "1", GRID, DEPTH_M, values)
        assert not would_detect(detect(holed), *PLACE)
        assert would_detect(detect(holed), 0.1, 0.16, 0.08)
    values = whole.values.copy()
    values[30:, 12:22, 15:25] = value
    values[:3] = value
    assert would_detect(detect(Volume("radar_envelope", "1", GRID, DEPTH_M, values)), *PLACE)


def test_columns_that_hold_nothing_were_not_measured():
    values = volume().values.copy()
    values[:, :10] = np.nan
    values[:, :, :10] = 0.0
    values[30:, 20:, 20:] = np.nan
    columns = measured_columns(Volume("radar_envelope", "1", GRID, DEPTH_M, values))
    assert not columns[:10].any()
    assert not columns[:, :10].any()
    assert columns[10:, 10:].all()
