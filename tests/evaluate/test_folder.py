"""A folder of scans with truth, through stand-in chains whose score is known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from dualsense.errors import ScanError
from dualsense.evaluate import evaluate_files, evaluate_folder, summarise, to_json, to_text
from dualsense.io import write_scan
from dualsense.simulate import Buried, Motion, Scene, simulate_scan


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three small lanes with a metal detector: a mine, a mine and a nail, a nail."""
    out = tmp_path_factory.mktemp("lanes")
    mine, nail = Buried("TS-50", 0.14, 0.1, 0.04), Buried("nail", 0.04, 0.02, 0.02)
    for name, objects in (("a", (mine,)), ("b", (mine, nail)), ("c", (nail,))):
        motion = Motion(length_m=0.3, width_m=0.2, line_spacing_m=0.05)
        scene = Scene(scan_id=name, objects=objects, motion=motion, radar=None)
        write_scan(simulate_scan(scene, seed=1), out / f"{name}.h5")
    return out


@pytest.fixture
def finder(make_result, make_target):
    """Find the mine in its place, call the nail likely clutter, and alarm once over nothing."""

    def process(scan):
        targets = [
            make_target("1", 0.15, 0.1, 0.9, depth=0.05),
            make_target("2", 0.05, 0.03, 0.2, "likely-clutter"),
            make_target("3", 0.9, 0.9, 0.6),
        ]
        return replace(make_result(*targets), header=scan.header)

    return process


def test_a_folder_adds_up(folder, finder):
    got = summarise(evaluate_folder(folder, finder))
    assert got["scans"] == 3
    assert got["rates"]["mines"] == 2
    assert got["rates"]["detected"] == 2
    assert got["rates"]["false_alarms"] == 4  # one over nothing in each, and the absent mine's in c
    assert got["rates"]["area_m2"] == 3.0
    assert got["localisation"]["mines"]["matched"] == 2
    assert got["localisation"]["mines"]["horizontal_rms_m"] == pytest.approx(0.01)
    assert got["localisation"]["mines"]["depth_bias_m"] == pytest.approx(0.01)
    assert got["localisation"]["other"]["matched"] == 2
    assert got["reliability"]["targets"] == 9
    assert got["confidence_models"] == ["uncalibrated-test"]
    assert [s["scan_id"] for s in got["per_scan"]] == ["a", "b", "c"]
    assert got["per_scan"][2]["detection_rate"] is None


def test_json_is_strict_and_repeatable(folder, finder):
    evaluation = evaluate_folder(folder, finder)
    text = to_json(evaluation)
    assert text == to_json(evaluate_folder(folder, finder))

    def refuse(constant):
        raise AssertionError(constant)

    assert json.loads(text, parse_constant=refuse)["schema"] == "dualsense-evaluation"


def test_processing_never_sees_the_truth(folder, finder):
    seen = []

    def spy(scan):
        seen.append(scan.truth)
        return finder(scan)

    evaluate_folder(folder, spy)
    assert seen == [None, None, None]


def test_a_scan_that_fails_misses_its_mines(folder, finder):
    def moody(scan):
        if scan.header.scan_id == "b":
            msg = "b.h5: the coil is on fire"
            raise ScanError(msg)
        return finder(scan)

    evaluation = evaluate_folder(folder, moody)
    got = summarise(evaluation)
    assert got["rates"]["mines"] == 2
    assert got["rates"]["missed"] == 1
    assert got["rates"]["area_m2"] == 2.0
    assert got["failures"] == [{"scan": "b.h5", "cause": "b.h5: the coil is on fire"}]
    assert "failed, its mines counted as missed: b.h5: b.h5: the coil is on fire" in to_text(evaluation)


def test_a_bug_is_not_a_failed_scan(folder):
    def broken(scan):
        return scan.no_such_field

    with pytest.raises(AttributeError):
        evaluate_folder(folder, broken)


def test_files_without_truth_are_named(folder, finder, tmp_path):
    from dualsense.io import read_scan

    write_scan(replace(read_scan(folder / "a.h5"), truth=None), tmp_path / "blind.h5")
    (tmp_path / "torn.h5").write_bytes(b"\x89HDF")
    evaluation = evaluate_folder(tmp_path, finder)
    assert [f.scan for f in evaluation.unscored] == ["blind.h5", "torn.h5"]
    assert evaluation.unscored[0].cause == "holds no truth"
    assert not evaluation.complete  # the torn file may have held mines
    got = summarise(evaluation)
    assert got["scans"] == 0
    assert got["rates"]["detection_rate"] is None
    assert "not scored: blind.h5: holds no truth" in to_text(evaluation)


def test_an_empty_folder_is_refused(tmp_path, finder):
    with pytest.raises(ScanError, match=r"no file matches \*\.h5"):
        evaluate_folder(tmp_path, finder)


def test_the_table_reads(folder, finder):
    text = to_text(evaluate_files(sorted(folder.glob("*.h5")), finder))
    lines = text.splitlines()
    assert lines[0].split() == ["scan", "mines", "found", "missed", "unknown", "uncovered", "alarms", "m²"]
    assert lines[1].split() == ["a", "1", "1", "0", "0", "0", "1", "1.00"]
    assert lines[4].split() == ["all", "2", "2", "0", "0", "0", "4", "3.00"]
    assert "detection 1.000 (95 % interval 0.158 to 1.000)" in text
    assert "per m²" in text
    assert "halo 0.10 m" in text
    assert "mines: 2 matched, horizontal error rms 10 mm, depth bias 10 mm" in text
    assert len({len(line) for line in lines[:5]}) == 1
    for word in ("safe", "clear"):
        assert word not in text.lower()


def test_nothing_at_all_is_unknown(make_result):
    text = to_text(evaluate_files([], lambda _: make_result()))
    assert "detection unknown" in text
    assert np.isfinite(len(text))


def test_a_file_that_ends_its_reader_does_not_end_the_evaluation(tmp_path, sample_dir, monkeypatch):
    import shutil

    from dualsense.evaluate import _folder as folder
    from dualsense.runtime.workers import WorkerDiedError

    for name in ("a.h5", "b.h5"):
        shutil.copy(sample_dir / "pmn_sand.h5", tmp_path / name)
    (tmp_path / "c.h5").write_bytes(b"no scan")

    def run_tasks(tasks, work, *, workers, threads):
        for path in tasks:
            died = WorkerDiedError("its worker process was ended by SIGSEGV")
            yield path, died if path.name == "a.h5" else work(path)

    monkeypatch.setattr(folder, "run_tasks", run_tasks)
    monkeypatch.setattr(folder, "limit_reading", lambda _bytes: None)
    processed = []

    def process(scan):
        processed.append(scan.header.scan_id)
        msg = "not today"
        raise folder.ScanError(msg)

    found = folder.evaluate_folder(tmp_path, process, isolated=True)
    assert processed == ["pmn_sand"]
    assert [(one.scan, one.cause) for one in found.unscored] == [
        ("a.h5", "its worker process was ended by SIGSEGV while it was read"),
        ("c.h5", "c.h5: found a file that begins with b'no scan', expected HDF5"),
    ]
    assert not found.complete


def test_files_are_looked_at_in_a_real_process(tmp_path, sample_dir):
    import shutil

    from dualsense.evaluate import _folder as folder

    shutil.copy(sample_dir / "pmn_sand.h5", tmp_path / "a.h5")
    (tmp_path / "b.h5").write_bytes(b"")
    files = sorted(tmp_path.glob("*.h5"))
    assert list(folder._looked_at(files)) == [(files[0], ""), (files[1], "b.h5: empty file, expected a recording")]
