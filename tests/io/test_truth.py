"""The truth: standard columns, whatever else the scene was made with, and nothing that can stop a scan."""

from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np

from dualsense.io import read_scan, write_scan
from dualsense.io._text import clean_text, one_line, single_line


def test_whatever_else_the_scene_was_made_with(scan_file, edit, tmp_path):
    def describe(file):
        edit.truth(file)
        truth = file["/truth"]
        truth.attrs["soil"], truth.attrs["wet"], truth.attrs["layers"] = np.bytes_(b"laterite "), True, np.int8(3)
        truth.attrs["impedance"] = 1.0 - 2.0j
        truth.attrs.create("makers", ["ours", "theirs"], dtype=h5py.string_dtype())
        edit.put(file, "/truth/targets/permittivity", [2.9, 7.0]).attrs["source"] = "table"
        edit.put(file, "/truth/roughness", np.arange(6.0).reshape(2, 3), "m")

    scan = read_scan(scan_file(describe))
    scene = dict(scan.truth.scene)
    assert scene.pop("targets/permittivity").tolist() == [2.9, 7.0]
    assert scene.pop("roughness").tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert scene == {
        "soil": "laterite",
        "wet": True,
        "layers": 3,
        "impedance": 1.0 - 2.0j,
        "makers": ("ours", "theirs"),
        "targets/permittivity@units": "1",
        "targets/permittivity@source": "table",
        "roughness@units": "m",
    }
    write_scan(scan, tmp_path / "again.h5")
    again = read_scan(tmp_path / "again.h5").truth.scene
    assert again.keys() == scan.truth.scene.keys()
    assert all(np.array_equal(again[key], scan.truth.scene[key]) for key in again)


def test_what_cannot_be_read_is_left_out(scan_file, edit):
    def litter(file):
        edit.truth(file)
        truth = file["/truth"]
        truth["away"] = h5py.ExternalLink("other.h5", "/")
        truth["gone"] = h5py.SoftLink("/nowhere")
        truth["type"] = np.dtype("f8")
        truth.create_dataset("huge", (10**9,), "f8", chunks=(16,))
        truth.create_dataset("pointers", (3,), h5py.ref_dtype)
        truth["null"] = h5py.Empty("f8")
        truth["deep/down/below"] = np.arange(3)
        truth.attrs["nothing"] = h5py.Empty("f8")
        truth.attrs.create("pointer", file.ref, dtype=h5py.ref_dtype)

    scan = read_scan(scan_file(litter))
    assert scan.truth.label == ("mine", "rock")
    assert set(scan.truth.scene) <= {"pointers@units"}
    assert scan.faults == ()


def test_truth_without_targets_is_none(scan_file):
    scan = read_scan(scan_file(lambda file: file.create_group("/truth").attrs.__setitem__("conductivity", 0.01)))
    assert scan.truth is None


def test_texts_of_fixed_length(scan_file, edit):
    def fixed(file):
        edit.truth(file)
        edit.put(file, "/truth/targets/label", np.array([b"mine  ", b"metal\0"]))

    assert read_scan(scan_file(fixed)).truth.label == ("mine", "metal")


def test_format_version_as_a_number(scan_file):
    scan = read_scan(scan_file(lambda file: file.attrs.__setitem__("format_version", np.array([1.0]))))
    assert scan.header.format_version == "1.0"


def test_one_gate_as_a_line(scan_file, edit):
    def single(file):
        edit.pulse(file)
        edit.put(file, "/emi/gate_time", [1e-5, 2e-5])
        edit.put(file, "/emi/data", file["/emi/data"][:, 0])

    assert read_scan(scan_file(single)).emi.gate_time_s.tolist() == [[1e-5, 2e-5]]


def test_text_of_any_kind():
    assert clean_text(b"caf\xc3\xa9\0\0  ") == "café"
    assert clean_text("\ud800a") == "?a"
    assert clean_text(b"\xff") == "\N{REPLACEMENT CHARACTER}"
    assert single_line("a\r\n\tb\u2028c\x00d") == "a b c d"
    assert one_line("a\nb\x1b") == r"a\nb\x1b"
    assert one_line("\udcff") == r"\udcff"
    assert len(one_line("x" * 10_000)) == 600


def test_scene_values_that_are_none_are_left_out(sample_dir, tmp_path):
    scan = read_scan(sample_dir / "pmn_sand.h5")
    truth = replace(scan.truth, scene={"soil": "sand", "depth_of_water": None, "gone@units": "m"})
    write_scan(replace(scan, truth=truth), tmp_path / "scan.h5")
    assert read_scan(tmp_path / "scan.h5").truth.scene == {"soil": "sand"}
