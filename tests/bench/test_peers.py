"""What is timed beside ours does its work: a comparison with what is wrong would be worth nothing."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.emi import study_inversion
from benchmarks.peers import bench_peers, gauss_newton, script

from dualsense.induction import loop_field


@pytest.mark.parametrize("way", (gauss_newton.locate, gauss_newton.locate_projected))
def test_gauss_newton_finds_one_target(way):
    response, position, *_ = study_inversion.buried((1, 0.0, 100.0), 3)
    assert way(response, np.ones(6)) == pytest.approx(np.asarray(position), abs=2e-3)


def test_a_loop_is_the_sum_of_its_wires():
    points = np.random.default_rng(0).uniform([-0.3, -0.3, -0.4], [0.3, 0.3, -0.05], (50, 3))
    np.testing.assert_allclose(bench_peers.wire_sum(points, 0.1), loop_field(points, radius_m=0.1), rtol=1e-6)
    np.testing.assert_allclose(gauss_newton.by_scipy(points, 0.1), loop_field(points, radius_m=0.1), rtol=1e-9)


def test_the_script_shows_a_point_where_it_lies():
    frequency_hz = np.arange(0.8e9, 3.2e9, 20e6)
    along = np.linspace(0.0, 1.0, 120)
    way = np.hypot(along - 0.42, 0.12)
    speed, delay_s = script.C0_M_S / np.sqrt(6.0), 1e-9
    spectrum = np.exp(-2j * np.pi * frequency_hz * (2.0 * way[:, None] / speed + delay_s))
    spectrum += 20.0 * np.exp(-2j * np.pi * frequency_hz * delay_s)  # what all soundings have in common
    middle = np.column_stack([along, np.zeros(120), np.full(120, 0.05)])
    (image,) = script.radar_part(spectrum, frequency_hz, middle, delay_s=delay_s)
    z, x = np.unravel_index(np.argmax(np.abs(image)), image.shape)
    assert 0.01 * (z + 1) == pytest.approx(0.12, abs=0.011)
    assert 0.01 * x == pytest.approx(0.42, abs=0.011)


def test_a_sweep_to_and_fro_is_cut_into_lines():
    rng = np.random.default_rng(0)
    along = np.concatenate([np.linspace(0.0, 0.5, 40), np.linspace(0.5, 0.0, 40), np.linspace(0.0, 0.5, 40)])
    spectrum = rng.standard_normal((120, 120)) + 0j
    middle = np.column_stack([along, np.repeat([0.0, 0.03, 0.06], 40), np.full(120, 0.05)])
    images = script.radar_part(spectrum, np.arange(0.8e9, 3.2e9, 20e6), middle, delay_s=1e-9)
    assert [image.shape[0] for image in images] == [30, 30, 30]
