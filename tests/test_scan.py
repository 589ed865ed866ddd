"""How a scan shows itself, on a terminal and in a notebook."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.scan import Fault, Pose, Scan, ScanHeader, plain

HOSTILE = "<script>alert(1)</script>\n\x1b[2J" + "x" * 300


@pytest.fixture
def scan():
    time_s = np.arange(0.0, 12.5, 0.5)
    place_m = np.column_stack([0.1 * time_s, np.where(time_s > 6.0, 0.3, np.nan), np.full(time_s.size, 0.05)])
    return Scan(
        ScanHeader("lane-7", "2026-03-04T05:06:07Z", "test head", source="recorded"), Pose(time_s, place_m)
    )


def test_a_scan_shows_what_was_recorded_and_what_was_not(scan):
    assert repr(scan).splitlines() == [
        "Scan",
        "  id: lane-7",
        "  metal detector: not recorded",
        "  radar: not recorded",
        "  track: 25 positions in 12.0 s within 1.20 × 0.00 m",
        "  faults: none known",
    ]


def test_a_real_scan_shows_its_sensors(sample_dir):
    from dualsense.io import read_scan

    scan = read_scan(sample_dir / "ts50_casing.h5")
    lines = repr(scan).splitlines()
    assert lines[0] == "SIMULATED scan"
    assert lines[2] == "  metal detector: 1297 soundings of 3 frequencies, 25.9 s"
    assert lines[3] == "  radar: 400 soundings of 121 frequencies, 25.9 s"


def test_a_failed_sensor_is_named_with_its_cause(scan):
    faults = (
        Fault("gpr", "failed", "/gpr/data", "all 400 soundings are zero"),
        Fault("emi", "info", "/emi/data", "2 values"),
    )
    for text in (repr(replace(scan, faults=faults)), replace(scan, faults=faults)._repr_html_()):
        assert "FAILED, all 400 soundings are zero" in text
        assert "1 failed, 1 info" in text


def test_text_of_a_foreign_file_stays_text(scan):
    hostile = replace(scan, header=replace(scan.header, scan_id=HOSTILE, source="simulated"))
    assert all(len(line) < 200 and line.isprintable() for line in repr(hostile).splitlines())
    page = hostile._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "SIMULATED" in page


def test_a_scan_without_a_position_is_shown(scan):
    empty = replace(scan, pose=Pose(np.empty(0), np.empty((0, 3))))
    assert "0 positions in 0.0 s" in repr(empty)


@pytest.mark.parametrize("text", ("", "lane 3", "  two   words ", "a" * 30, *map(chr, range(128))))
def test_plain_text_of_ascii_is_what_it_is_of_any_text(text):
    """Text of printable ASCII takes a short way."""
    shown, longer = plain(text, 20), plain(text + "\N{SNOWMAN}", None)
    assert shown == plain(longer.removesuffix("\N{SNOWMAN}"), 20)
    assert "\n" not in shown
    assert shown.isprintable()
