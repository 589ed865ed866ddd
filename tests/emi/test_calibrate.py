"""Noise is measured between samples of the same coil."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dualsense.emi.calibrate import normalise, white_noise
from dualsense.io import read_scan
from dualsense.survey.track import track_at


def test_coils_that_take_turns_have_the_noise_of_one(sample_dir):
    scan = read_scan(sample_dir / "ts50_casing.h5")
    response = normalise(scan.emi, track_at(scan.pose, scan.emi.time_s))
    alone = white_noise(response)
    for count in (2, 3):
        turns = np.arange(response.time_s.size) % count
        offset = 1e3 * alone * turns[:, None]  # each coil has its own level
        array = replace(response, coil=turns, values=response.values + offset)
        # the samples of one coil lie farther apart, so a little more of the ground remains
        assert (white_noise(array) >= 0.8 * alone).all()
        assert (white_noise(array) <= 3.0 * alone).all()
