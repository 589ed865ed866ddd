"""Everything a reader must refuse: one line that names the file, the path, what it found and what it expected."""

from __future__ import annotations

import os

import h5py
import numpy as np
import pytest

from dualsense.errors import ScanError
from dualsense.io import read_scan

MANDATORY = [
    "/pose/time",
    "/pose/position",
    "/gpr/time",
    "/gpr/frequency",
    "/gpr/data",
    "/emi/time",
    "/emi/frequency",
    "/emi/data",
]
MANDATORY_ATTRIBUTES = [
    "/@format",
    "/@format_version",
    "/@scan_id",
    "/@created",
    "/@instrument",
    "/gpr@modality",
    "/gpr@tx_position",
    "/gpr@rx_position",
    "/emi@modality",
    "/emi@tx_position",
    "/emi@rx_position",
    "/emi@tx_radius",
    "/emi@rx_radius",
]


@pytest.mark.parametrize("where", MANDATORY)
@pytest.mark.parametrize("with_data", (True, False))
def test_missing_dataset(scan_file, refused, where, with_data):
    path = scan_file(lambda file: file.pop(where))
    refused(lambda: read_scan(path, with_data=with_data), path, where, "found nothing", "expected")


@pytest.mark.parametrize("where", MANDATORY_ATTRIBUTES)
def test_missing_attribute(scan_file, refused, where):
    owner, name = where.split("@")
    path = scan_file(lambda file: file[owner].attrs.pop(name))
    refused(lambda: read_scan(path), path, where, "found nothing", "expected")


@pytest.mark.parametrize(
    ("modality", "where"),
    (("impulse", "/gpr/sample_time"), ("pulse", "/emi/gate_time")),
)
def test_missing_axis_of_the_other_modalities(scan_file, refused, edit, modality, where):
    path = scan_file(getattr(edit, modality), lambda file: file.pop(where))
    refused(lambda: read_scan(path), path, where, "found nothing", "expected numbers of shape (k")


def test_neither_sensor(scan_file, refused):
    path = scan_file(gpr=False, emi=False)
    refused(lambda: read_scan(path), path, "/gpr, /emi", "found nothing", "at least one sensor")


SHAPES = [
    ("/pose/position", np.zeros((399, 3)), "(399, 3)", "(400, 3)"),
    ("/pose/position", np.zeros((400, 2)), "(400, 2)", "(400, 3)"),
    ("/pose/position", np.zeros((3, 400)), "the transpose", "(400, 3)"),
    ("/pose/orientation", np.ones((400, 3)), "(400, 3)", "(400, 4)"),
    ("/pose/position_std", np.ones((400, 2)), "(400, 2)", "(3,) or (400, 3)"),
    ("/pose/time", np.zeros((20, 20)), "(20, 20)", "(p,)"),
    ("/gpr/time", np.arange(119.0), "(120, 21)", "(119, 21)"),
    ("/gpr/frequency", np.arange(1.0, 21.0), "(120, 21)", "(120, 20)"),
    ("/gpr/data", np.ones((21, 120), complex), "the transpose", "(120, 21)"),
    ("/gpr/data", np.ones((120, 21, 2), complex), "(120, 21, 2)", "(120, 21)"),
    ("/gpr/data", np.ones(2520, complex), "(2520,)", "(120, 21)"),
    ("/gpr/channel", np.zeros(119), "(119,)", "(120,)"),
    ("/gpr/reference", np.ones(20, complex), "(20,)", "(21,)"),
    ("/gpr/frequency", np.zeros(0), "(0,)", "at least one"),
    ("/emi/time", np.arange(299.0), "(300, 3)", "(299, 3)"),
    ("/emi/data", np.ones((300, 4), complex), "(300, 4)", "(300, 3)"),
    ("/emi/channel", np.zeros((300, 2)), "(300, 2)", "(m,)"),
]


@pytest.mark.parametrize(("where", "values", "found", "expected"), SHAPES)
@pytest.mark.parametrize("with_data", (True, False))
def test_shapes_that_disagree(scan_file, refused, edit, where, values, found, expected, with_data):
    path = scan_file(lambda file: edit.put(file, where, values, "m" if where.endswith("std") else "1"))
    named = "/gpr/data" if where in {"/gpr/time", "/gpr/frequency"} and values.ndim == 1 and values.size else where
    named = "/emi/data" if where == "/emi/time" else named
    line = refused(lambda: read_scan(path, with_data=with_data), path, named)
    before, after = line.split("expected", 1)
    assert found in before
    assert expected in after


@pytest.mark.parametrize(
    ("values", "found"),
    (
        (np.ones((2, 5)), "which is the transpose"),
        (np.ones((4, 3)), "(4, 3)"),
        ([[2e-5, 1e-5]] * 4, "gate 0 from 2e-05 to 1e-05 s"),
        ([[1e-5, np.nan]] * 4, "gate 0 from 1e-05 to nan s"),
    ),
)
def test_gates_that_make_no_sense(scan_file, refused, edit, values, found):
    path = scan_file(edit.pulse, lambda file: edit.put(file, "/emi/gate_time", values))
    refused(lambda: read_scan(path), path, "/emi/gate_time", found, "expected")


@pytest.mark.parametrize("where", ("/pose/time", "/gpr/time", "/emi/time"))
@pytest.mark.parametrize("step", (0.0, -0.3))
def test_time_that_does_not_increase(scan_file, refused, where, step):
    def turn_back(file):
        time = file[where][:]
        time[50] = time[49] + step
        file[where][:] = time

    path = scan_file(turn_back)
    refused(lambda: read_scan(path), path, where, "found", "at index 50", "expected increasing")


def test_time_that_decreases_throughout(scan_file, refused, edit):
    path = scan_file(lambda file: edit.put(file, "/gpr/time", file["/gpr/time"][:][::-1]))
    refused(lambda: read_scan(path), path, "/gpr/time", "119 of 119 steps")


def test_array_head_may_sound_pairs_at_once_but_each_runs_forward(scan_file, refused, edit):
    def together(file):
        edit.array_head(file, channels=2)
        edit.put(file, "/gpr/time", 0.1 + 0.3 * (np.arange(120) // 2))

    assert read_scan(scan_file(together)).gpr.time_s[1] == 0.1

    def twice(file):
        together(file)
        edit.put(file, "/gpr/channel", np.zeros(120))

    path = scan_file(twice, name="twice.h5")
    refused(lambda: read_scan(path), path, "/gpr/time", "found 0.1 followed by 0.1", "expected increasing")


@pytest.mark.parametrize("bad", (0.0, -1e9))
def test_radar_frequencies_above_zero(scan_file, refused, edit, bad):
    path = scan_file(lambda file: edit.put(file, "/gpr/frequency", np.linspace(bad, 2e9, 21)))
    refused(
        lambda: read_scan(path), path, "/gpr/frequency", f"found {bad:g} Hz at index 0", "expected frequencies > 0"
    )


def test_induction_frequencies_above_zero(scan_file, refused, edit):
    path = scan_file(lambda file: edit.put(file, "/emi/frequency", [2400.0, 0.0, 9600.0]))
    refused(lambda: read_scan(path), path, "/emi/frequency", "found 0 Hz at index 1", "expected frequencies > 0")


def test_radar_frequencies_increase(scan_file, refused, edit):
    path = scan_file(lambda file: edit.put(file, "/gpr/frequency", file["/gpr/frequency"][:][::-1]))
    refused(lambda: read_scan(path), path, "/gpr/frequency", "found 2.8e+09 followed by 2.7e+09", "increasing")


def test_induction_frequency_given_twice(scan_file, refused, edit):
    path = scan_file(lambda file: edit.put(file, "/emi/frequency", [2400.0, 9600.0, 2400.0]))
    refused(lambda: read_scan(path), path, "/emi/frequency", "found 2400 followed by 2400", "increasing")


def test_sample_times_increase(scan_file, refused, edit):
    path = scan_file(edit.impulse, lambda file: edit.put(file, "/gpr/sample_time", np.zeros(21)))
    refused(lambda: read_scan(path), path, "/gpr/sample_time", "found 0 followed by 0", "increasing")


@pytest.mark.parametrize("where", ("/gpr/frequency", "/emi/frequency"))
def test_axis_with_a_value_that_is_not_finite(scan_file, refused, edit, where):
    def spoil(file):
        axis = file[where][:]
        axis[1] = np.nan
        edit.put(file, where, axis)

    path = scan_file(spoil)
    refused(lambda: read_scan(path), path, where, "found 1 of", "expected finite")


@pytest.mark.parametrize("where", ("/gpr/time", "/emi/time"))
def test_many_times_not_finite(scan_file, refused, where):
    def spoil(file):
        time = file[where][:]
        time[::4] = np.nan
        file[where][:] = time

    path = scan_file(spoil)
    refused(lambda: read_scan(path), path, where, "times not finite", "expected an isolated few")


@pytest.mark.parametrize("where", ("/pose/time", "/pose/position"))
def test_many_poses_not_finite(scan_file, refused, where):
    def spoil(file):
        values = file[where][...]
        values[::5] = np.inf
        file[where][...] = values

    path = scan_file(spoil)
    refused(lambda: read_scan(path), path, where, "found 80 of 400 poses not finite", "expected at most 10%")


def test_quaternions_far_from_unit_length(scan_file, refused, edit):
    turns = np.tile([1.0, 0.0, 0.0, 0.0], (400, 1))
    turns[7] *= 1.02
    path = scan_file(lambda file: edit.put(file, "/pose/orientation", turns))
    refused(
        lambda: read_scan(path), path, "/pose/orientation", "length 1.02 at pose 7", "expected unit quaternions"
    )


def test_negative_tracking_error(scan_file, refused, edit):
    path = scan_file(lambda file: edit.put(file, "/pose/position_std", [0.01, -0.01, 0.01], "m"))
    refused(lambda: read_scan(path), path, "/pose/position_std", "found -0.01", "expected")


def test_no_pose_covers_any_sensor(scan_file, refused, edit):
    path = scan_file(lambda file: edit.put(file, "/pose/time", 1000.0 + file["/pose/time"][:]))
    for with_data in (True, False):
        refused(
            lambda: read_scan(path, with_data=with_data),  # noqa: B023
            path,
            "/gpr/time, /emi/time",
            "no sensor works",
            "gpr runs from 0.1 to 17.95 s",
            "found them from 1000 to 1019.95 s",
        )


def test_no_pose_at_all(scan_file, refused, edit):
    def empty(file):
        edit.put(file, "/pose/time", np.zeros(0))
        edit.put(file, "/pose/position", np.zeros((0, 3)))

    path = scan_file(empty)
    refused(lambda: read_scan(path), path, "/pose/time", "found shape (0,)", "expected at least one pose")


def test_scan_of_zero_length(scan_file, refused, edit):
    def empty(file):
        for sensor, tones in (("gpr", 21), ("emi", 3)):
            edit.put(file, f"/{sensor}/time", np.zeros(0))
            edit.put(file, f"/{sensor}/data", np.zeros((0, tones), complex))

    path = scan_file(empty)
    for with_data in (True, False):
        line = refused(lambda: read_scan(path, with_data=with_data), path, "/gpr/data, /emi/data")  # noqa: B023
        assert "gpr holds no soundings; emi holds no soundings" in line


def test_every_sensor_failed(scan_file, refused):
    def silence(file):
        file["/gpr/data"][...] = 0
        file["/emi/data"][...] = 3.0

    path = scan_file(silence)
    line = refused(lambda: read_scan(path), path, "/gpr/data, /emi/data")
    assert "gpr all 120 soundings are zero; emi all 300 soundings are constant" in line


def test_structural_error_of_one_sensor_refuses_the_file(scan_file, refused):
    path = scan_file(lambda file: file.pop("/emi/data"))
    refused(lambda: read_scan(path), path, "/emi/data", "found nothing")


ATTRIBUTES = [
    ("/@format", "nexus", "found 'nexus'", '"dualsense-scan"'),
    ("/@format", 3.0, "found float64", "text"),
    ("/@format", np.array(["dualsense-scan", "x"], object), "found text of shape (2,)", "text"),
    ("/@format_version", "2.0", "found '2.0'", "major 1"),
    ("/@format_version", "one", "found 'one'", "major 1"),
    ("/@format_version", 2.0, "found '2.0'", "major 1"),
    ("/@scan_id", 17, "found int64", "text"),
    ("/@origin_wgs84", [1.0, 2.0], "found shape (2,)", "4 numbers"),
    ("/@origin_wgs84", [91.0, 2.0, 0.0, 0.0], "latitude 91", "latitude and longitude"),
    ("/@origin_wgs84", "here", "found text 'here'", "latitude and longitude"),
    ("/gpr@modality", "fmcw", "found 'fmcw'", '"sfcw" or "impulse"'),
    ("/gpr@tx_position", [0.0, 1.0], "found shape (2,)", "3 numbers in m"),
    ("/gpr@tx_position", [0.0, 1.0, np.nan], "nan", "finite numbers"),
    ("/gpr@tx_position", "front", "found text 'front'", "3 numbers in m"),
    ("/gpr@rx_position", np.zeros((2, 4)), "found shape (2, 4)", "3 numbers in m"),
    ("/gpr@system_delay", "1 ns", "found text '1 ns'", "seconds"),
    ("/gpr@system_delay", [1e-9, 2e-9], "found shape (2,)", "a number of seconds"),
    ("/gpr@polarisation", 1.5, "found float64", "text"),
    ("/emi@modality", 1, "found int64", "text"),
    ("/emi@tx_radius", 0.0, "found 0", "> 0"),
    ("/emi@rx_radius", -0.1, "found -0.1", "> 0"),
    ("/emi@tx_radius", [0.1, 0.2], "found 2 values", "1"),
    ("/emi@rx_turns", 0.0, "found 0", "> 0"),
    ("/emi@tx_turns", "many", "found text 'many'", "turns > 0"),
    ("/gpr/time@units", "ms", "found units 'ms'", "'s'"),
    ("/pose/position@units", "mm", "found units 'mm'", "'m'"),
    ("/gpr/frequency@units", "GHz", "found units 'GHz'", "'Hz'"),
    ("/emi/frequency@units", "kHz", "found units 'kHz'", "'Hz'"),
    ("/emi/time@units", 7, "found int64", "text"),
]


@pytest.mark.parametrize(("where", "value", "found", "expected"), ATTRIBUTES)
def test_attributes_of_the_wrong_kind(scan_file, refused, where, value, found, expected):
    owner, name = where.split("@")

    def spoil(file):
        if isinstance(value, np.ndarray) and value.dtype == object:
            file[owner].attrs.create(name, value, dtype=h5py.string_dtype())
        else:
            file[owner].attrs[name] = value

    path = scan_file(spoil)
    line = refused(lambda: read_scan(path), path, owner if name == "units" and isinstance(value, str) else where)
    before, after = line.split("expected", 1)
    assert found in before
    assert expected in after


TYPES = [
    ("/gpr/data", np.ones((120, 21)), "found type float64", "complex numbers"),
    ("/gpr/data", np.ones((120, 21), bool), "found type bool", "numbers of shape (n, k)"),
    ("/gpr/reference", np.ones(21), "found type float64", "complex numbers"),
    ("/gpr/time", np.ones(120, complex), "found type complex128", "numbers of shape (n,) in s"),
    ("/pose/time", np.array([b"1"] * 400), "found type text", "numbers of shape (p,) in s"),
    (
        "/pose/position",
        np.zeros((400, 3), [("a", "f8"), ("b", "f8")]),
        "found type records",
        "numbers of shape (p, 3) in m",
    ),
]


@pytest.mark.parametrize(("where", "values", "found", "expected"), TYPES)
def test_datasets_of_the_wrong_type(scan_file, refused, edit, where, values, found, expected):
    path = scan_file(lambda file: edit.put(file, where, values))
    refused(lambda: read_scan(path), path, where, found, f"expected {expected}")


def test_complex_traces_of_an_impulse_radar(scan_file, refused, edit):
    path = scan_file(edit.impulse, lambda file: edit.put(file, "/gpr/data", np.ones((120, 21), complex)))
    refused(lambda: read_scan(path), path, "/gpr/data", "found type complex128", "expected real numbers")


def test_complex_gates_of_a_pulse_detector(scan_file, refused, edit):
    path = scan_file(edit.pulse, lambda file: edit.put(file, "/emi/data", 1j * file["/emi/data"][:]))
    refused(lambda: read_scan(path), path, "/emi/data", "found complex", "expected real")


@pytest.mark.parametrize("left_out", ("scale", "offset"))
@pytest.mark.parametrize("with_data", (True, False))
def test_integers_without_their_scale(scan_file, refused, edit, left_out, with_data):
    counts = np.arange(120 * 21, dtype=np.int16).reshape(120, 21)
    path = scan_file(lambda file: edit.impulse(file, counts, scale=0.5, offset=1.0))
    with h5py.File(path, "r+") as file:
        del file["/gpr/data"].attrs[left_out]
    where = f"/gpr/data@{left_out}"
    refused(lambda: read_scan(path, with_data=with_data), path, where, "found nothing", "expected a number")


def test_integers_with_a_scale_of_zero(scan_file, refused, edit):
    counts = np.ones((120, 21), np.int32)
    path = scan_file(lambda file: edit.impulse(file, counts, scale=0.0, offset=0.0))
    refused(lambda: read_scan(path), path, "/gpr/data@scale", "found 0", "expected a number that is not 0")


@pytest.mark.parametrize(("value", "found"), ((3.0, "found 3"), (-1.0, "found -1"), (0.5, "found 0.5")))
def test_channels_out_of_their_table(scan_file, refused, edit, value, found):
    def spoil(file):
        edit.array_head(file)
        numbers = file["/gpr/channel"][:].astype(float)
        numbers[11] = value
        edit.put(file, "/gpr/channel", numbers)

    path = scan_file(spoil)
    refused(lambda: read_scan(path), path, "/gpr/channel", found, "expected whole numbers from 0 to 2")


def test_array_head_without_channels(scan_file, refused, edit):
    path = scan_file(edit.array_head, lambda file: file.pop("/emi/channel"))
    refused(lambda: read_scan(path), path, "/emi/channel", "found nothing", "0 to 2")


def test_tables_of_different_heads(scan_file, refused):
    def spoil(file):
        file["/gpr"].attrs["tx_position"] = np.zeros((2, 3))
        file["/gpr"].attrs["rx_position"] = np.zeros((3, 3))

    path = scan_file(spoil)
    refused(lambda: read_scan(path), path, "/gpr@rx_position", "found 3 positions", "expected 2")


@pytest.mark.parametrize("name", ("x", "depth", "size_z", "label", "model"))
def test_truth_without_a_column(scan_file, refused, edit, name):
    path = scan_file(edit.truth, lambda file: file.pop(f"/truth/targets/{name}"))
    refused(lambda: read_scan(path), path, f"/truth/targets/{name}", "found nothing", "expected")


def test_truth_of_unequal_columns(scan_file, refused, edit):
    path = scan_file(edit.truth, lambda file: edit.put(file, "/truth/targets/y", [0.1, 0.2, 0.3], "m"))
    refused(lambda: read_scan(path), path, "/truth/targets/y", "found 3 rows", "expected 2 as in x")


def test_truth_with_numbers_for_labels(scan_file, refused, edit):
    path = scan_file(edit.truth, lambda file: edit.put(file, "/truth/targets/label", [1, 2]))
    refused(lambda: read_scan(path), path, "/truth/targets/label", "found type int64", "expected text")


def test_dataset_where_a_group_belongs(scan_file, refused, edit):
    path = scan_file(lambda file: edit.put(file, "/emi", np.zeros(3)), emi=False)
    refused(lambda: read_scan(path), path, "/emi", "found a dataset", "expected a group")


def test_group_where_a_dataset_belongs(scan_file, refused):
    def swap(file):
        del file["/gpr/data"]
        file.create_group("/gpr/data")

    path = scan_file(swap)
    refused(lambda: read_scan(path), path, "/gpr/data", "found a group", "expected a dataset")


# Files that are no scan at all


def test_missing_file(tmp_path, refused):
    path = tmp_path / "nowhere.h5"
    assert refused(lambda: read_scan(path), path, "") == "nowhere.h5: no such file"


def test_folder(tmp_path, refused):
    assert "is a folder" in refused(lambda: read_scan(tmp_path), tmp_path, "")


def test_pipe_is_not_waited_for(tmp_path, refused):
    path = tmp_path / "pipe.h5"
    os.mkfifo(path)
    refused(lambda: read_scan(path), path, "", "expected a file")


def test_empty_file(tmp_path, refused):
    path = tmp_path / "empty.h5"
    path.touch()
    refused(lambda: read_scan(path), path, "", "empty file")


def test_text_file(tmp_path, refused):
    path = tmp_path / "notes.h5"
    path.write_text("x y z\n1 2 3\n")
    refused(lambda: read_scan(path), path, "", "begins with b'x y z\\n1 2 3\\n'", "expected HDF5")


def test_file_that_may_not_be_read(scan_file, refused, monkeypatch):
    path = scan_file()

    def deny(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", deny)
    refused(lambda: read_scan(path), path, "", "Permission denied")


@pytest.mark.parametrize("fraction", (0.02, 0.5, 0.999))
def test_truncated_file(scan_file, refused, fraction):
    path = scan_file()
    whole = path.read_bytes()
    path.write_bytes(whole[: int(fraction * len(whole))])
    found = f"found {int(fraction * len(whole))} bytes, expected {len(whole)}"
    refused(lambda: read_scan(path), path, "", "truncated HDF5 file", found)


def test_foreign_hdf5(tmp_path, refused):
    path = tmp_path / "foreign.h5"
    with h5py.File(path, "w") as file:
        file["entry/data"] = np.arange(5)
    refused(lambda: read_scan(path), path, "/@format", "found nothing", '"dualsense-scan"', "some other HDF5 file")


def test_messages_of_file_names_stay_in_one_line(tmp_path):
    path = tmp_path / "two\nlines\x1b[2J.h5"
    with pytest.raises(ScanError) as caught:
        read_scan(path)
    assert str(caught.value) == r"two\nlines\x1b[2J.h5: no such file"
