"""The study of what integrity costs compares with a chain that doubts nothing: it has to be one."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.study_integrity import no_doubts

from dualsense.chain import process_scan
from dualsense.integrity import inspect
from dualsense.io import read_scan


def test_without_doubts_a_level_track_is_believed(sample_dir):
    scan = read_scan(sample_dir / "pmn_sand.h5")
    at = scan.pose.position_m.copy()
    at[:, 2] = at[:, 2].mean()
    level = replace(scan, pose=replace(scan.pose, position_m=at))
    assert "track-level" in {one.code for one in inspect(level)}
    with no_doubts():
        result = process_scan(level)
    assert result.doubts == ()
    assert "track-level" not in {one.code for one in result.faults}
