"""What the head of a replay's picture says."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from dualsense.io import read_scan
from dualsense.render import frame_png
from dualsense.render._figures import frames
from dualsense.result import Candidate, Grid, Image, Sketch


@pytest.fixture(scope="module")
def header(sample_dir):
    return read_scan(sample_dir / "pmn_sand.h5").header


def sketch(count):
    along = np.linspace(0.0, 0.3, 31)
    image = Image("metal_response", "1", Grid(along, along, 0.01), np.ones((31, 31), np.float32))
    one = Candidate(x_m=0.1, y_m=0.1, depth_m=0.05, metal=9.0, radar=5.0)
    places = tuple(dataclasses.replace(one, x_m=0.01 * k) for k in range(count))
    covered = {"emi": 0.09, "gpr": 0.0, "both": 0.0}
    return Sketch(image, None, np.zeros((2, 3)), places, covered, {}, float("nan"))


@pytest.mark.parametrize(("count", "more"), ((20, None), (21, 1), (33, 13)))
def test_places_that_are_not_drawn_are_counted_in_the_head(header, count, more):
    state, moment = frames.head_lines(header, sketch(count), 3.0, 9.0)
    assert state.startswith("PROVISIONAL")
    assert moment.endswith("3.0 of 9.0 s" if more is None else f"9.0 s  ·  20 places shown, and {more} weaker")


def test_the_head_is_in_the_picture(header):
    moment = {"time_s": 3.0, "duration_s": 9.0, "trace_time_s": np.empty(0), "trace": np.empty(0)}
    first, more = frame_png(header, sketch(21), **moment), frame_png(header, sketch(22), **moment)
    assert first != more
    assert frame_png(header, sketch(20), **moment) != first
