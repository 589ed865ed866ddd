"""Time zero by the direct wave."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.constants import C0_M_S as C
from dualsense.gpr._prepare.direct_wave import direct_time_zero
from dualsense.scan import GprData


@pytest.mark.parametrize("sign", (-1.0, 1.0))
def test_time_zero_by_the_direct_wave(sign):
    time = np.arange(400) * 2e-11
    t0, separation, width = 1.1e-9, 0.06, 0.15e-9
    u = (time - t0 - separation / C - width) / width
    trace = sign * 1e4 * np.exp(-0.5 * u**2) + 300.0
    data = np.tile(trace, (20, 1)) + np.random.default_rng(0).normal(0.0, 20.0, (20, 400))
    half = np.array([[0.5 * separation, 0.0, 0.0]])
    gpr = GprData("impulse", np.arange(20.0), data, -half, half, np.zeros(20, np.intp), sample_time_s=time)
    found, std = direct_time_zero(gpr)
    # half of the peak of a Gaussian pulse is reached 1.177 widths before it
    assert found == pytest.approx(t0 + (1.0 - 1.177) * width, abs=0.01e-9)
    assert std == pytest.approx(2.448 * width / np.sqrt(12.0), rel=0.1)


def test_no_direct_wave():
    half = np.zeros((1, 3))
    silent = GprData(
        "impulse",
        np.arange(9.0),
        np.zeros((9, 64)),
        half,
        half,
        np.zeros(9, np.intp),
        sample_time_s=np.arange(64.0),
    )
    assert direct_time_zero(silent) is None
    tones = GprData(
        "sfcw",
        np.arange(9.0),
        np.zeros((9, 4)),
        half,
        half,
        np.zeros(9, np.intp),
        frequency_hz=np.arange(1.0, 5.0),
    )
    assert direct_time_zero(tones) is None
