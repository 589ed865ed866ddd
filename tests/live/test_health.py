"""Samples of a sensor that does not answer any more, told as in a file, whatever stretches they come in."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from dualsense.io import read_scan
from dualsense.io._samples import MIN_STUCK, Stream, examine_samples
from dualsense.live import _health
from dualsense.live._health import SILENT, STUCK, Health


def of_sensor(scan, sensor, data, channel):
    time_s = np.arange(len(data)) * 0.01
    held = getattr(scan, sensor)
    return dataclasses.replace(held, time_s=time_s, data=data, channel=channel)


def pieces(whole, size):
    for begin in range(0, whole.time_s.size, size):
        rows = slice(begin, begin + size)
        yield dataclasses.replace(
            whole, time_s=whole.time_s[rows], data=whole.data[rows], channel=whole.channel[rows]
        )


@pytest.fixture(scope="module")
def scan(sample_dir):
    return read_scan(sample_dir / "pmn_sand.h5")


def test_the_limits_are_those_of_files():
    assert _health.MIN_STUCK is MIN_STUCK


@pytest.mark.parametrize("sensor", ("emi", "gpr"))
@pytest.mark.parametrize("size", (1, 7, 1000))
def test_the_same_samples_are_left_out_as_from_a_file(scan, sensor, size):
    """Runs of one less than the limit, of the limit and of more, and silent rows, on one channel and on two."""
    draw = np.random.default_rng(3)
    for channels in (1, 2):
        data = draw.normal(size=(2000, 3)) + 1j * draw.normal(size=(2000, 3))
        channel = np.arange(2000) % channels
        least = MIN_STUCK[sensor] * channels
        for begin, length in ((20, least - channels), (150, least), (300, 2 * least), (1960, 3)):
            for c in range(channels):
                data[begin + c : begin + length : channels] = data[begin + c]
        data[500:504] = 0.0
        masked, _ = examine_samples(data, channel, Stream(sensor, "/x", ["a", "b", "c"], channels))
        health = Health(sensor)
        for piece in pieces(of_sensor(scan, sensor, data, channel), size):
            health.extend(piece)
        measured, undecided = health.judge()
        assert np.array_equal(measured, np.isfinite(masked).all(axis=1))
        assert 0 < (~measured).sum() < 400
        assert not undecided.any()


def test_a_run_that_is_open_is_undecided_and_then_stuck(scan):
    data = np.repeat(np.array([[1.0, 2.0, 3.0]]) + 0j, 60, axis=0)
    health, told = Health("emi"), []
    for piece in pieces(of_sensor(scan, "emi", data, np.zeros(60, np.intp)), 7):
        health.extend(piece)
        told.append((health.reason, int(health.judge()[1].sum())))
        assert health.judge()[0].sum() in (1, health.judge()[0].size)
    assert told[:2] == [("", 6), ("", 13)]
    assert told[-1] == (STUCK, 0)


def test_a_sensor_that_answers_again_has_nothing_wrong(scan):
    data = np.zeros((20, 3), complex)
    data[10:] = np.random.default_rng(1).normal(size=(10, 3))
    health, told = Health("gpr"), []
    for piece in pieces(of_sensor(scan, "gpr", data, np.zeros(20, np.intp)), 5):
        health.extend(piece)
        told.append(health.reason)
    assert told == [SILENT, SILENT, "", ""]
    assert health.judge()[0].sum() == 10


def test_a_dead_channel_stays_told_while_only_the_other_delivers(scan):
    draw = np.random.default_rng(2)
    live = draw.normal(size=(12, 3)) + 0j
    head = scan.gpr
    two = {name: np.repeat(getattr(head, name), 2, axis=0) for name in ("tx_position_m", "rx_position_m")}
    health = Health("gpr")
    for channel, data in ((0, live), (1, np.zeros((12, 3), complex)), (0, live)):
        new = of_sensor(scan, "gpr", data, np.full(12, channel))
        health.extend(dataclasses.replace(new, **two))
    assert health.reason == f"channel 1: {SILENT}"
