"""The file result.h5: exact round trip, the same bytes whenever written, and refusals that name the cause."""

from __future__ import annotations

import dataclasses
import time

import h5py
import numpy as np
import pytest

from dualsense.errors import ScanError
from dualsense.render._files.archive import read_result, write_result
from dualsense.result import Evidence, Radargram


def same(one, other, path="result"):
    """Deep equality of results: types, array types, NaN equal to NaN."""
    assert type(one) is type(other), path
    if dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            same(getattr(one, field.name), getattr(other, field.name), f"{path}.{field.name}")
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype, path
        np.testing.assert_array_equal(one, other, err_msg=path)
    elif isinstance(one, dict):
        assert list(one) == list(other), path
        for key in one:
            same(one[key], other[key], f"{path}[{key}]")
    elif isinstance(one, (tuple, list)):
        assert len(one) == len(other), path
        for index, pair in enumerate(zip(one, other, strict=True)):
            same(*pair, f"{path}[{index}]")
    elif isinstance(one, float) and np.isnan(one):
        assert np.isnan(other), path
    else:
        assert one == other, path


def _ordered(result):
    """Features and provenance come back sorted by name; the rest keeps its order."""

    def evidence(item):
        return item and dataclasses.replace(item, features=dict(sorted(item.features.items())))

    targets = tuple(dataclasses.replace(t, emi=evidence(t.emi), gpr=evidence(t.gpr)) for t in result.targets)
    return dataclasses.replace(
        result,
        targets=targets,
        provenance=dict(sorted(result.provenance.items())),
        sensor_coverage=dict(sorted(result.sensor_coverage.items())),
    )


def test_round_trip_is_exact(any_result, tmp_path):
    path = write_result(any_result, tmp_path / "result.h5")
    same(read_result(path), _ordered(any_result))


@pytest.mark.parametrize("gain", ("sec", "none", None))
def test_a_radargram_comes_back(full_result, gain, tmp_path):
    values = np.linspace(-1.0, 1.0, 15, dtype=np.float32).reshape(3, 5)
    values[1, 2] = np.nan
    shown = Radargram("phase", "rad", 1e-10 * np.arange(5.0), np.arange(9.0).reshape(3, 3), values, gain)
    result = dataclasses.replace(full_result, radargram=shown)
    path = write_result(result, tmp_path / "result.h5")
    same(read_result(path), _ordered(result))
    with h5py.File(path) as file:
        assert file["radargram/values"].attrs["units"] == "rad"
        assert file["radargram/time"].attrs["units"] == "s"


def test_the_threshold_of_the_calls_comes_back(full_result, tmp_path):
    result = dataclasses.replace(full_result, suspect_threshold=0.1 / 3.0, stated_detection=0.99)
    same(read_result(write_result(result, tmp_path / "result.h5")), _ordered(result))


def test_a_file_of_version_1_0_is_read(full_result, tmp_path):
    path = write_result(dataclasses.replace(full_result, suspect_threshold=0.03), tmp_path / "result.h5")
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = "1.0"
        del file.attrs["suspect_threshold"], file["faults/code"], file["faults/values"]
    same(read_result(path), _ordered(full_result))


def test_round_trip_of_odd_values(full_result, tmp_path):
    header = dataclasses.replace(full_result.header, notes="", operator="Ольга\nផ្លូវ", site=None)
    odd = Evidence(float("nan"), {"width_m": float("nan"), "a/b": 1.0}, float("-inf"))
    targets = (
        dataclasses.replace(full_result.targets[0], emi=odd, gpr=Evidence(0.0, {}, 0.0), reasons=()),
        full_result.targets[3],
    )
    result = dataclasses.replace(
        full_result,
        header=header,
        targets=targets,
        provenance={"recipe": "x" * 100_000, "a/b": "ü"},
        area_m2=float("nan"),
        track_m=np.empty((0, 3)),
    )
    same(read_result(write_result(result, tmp_path / "result.h5")), _ordered(result))


def test_text_that_hdf5_cannot_hold_is_marked(full_result, tmp_path):
    header = dataclasses.replace(full_result.header, scan_id="a\udc80b\0c")
    result = dataclasses.replace(full_result, header=header)
    assert read_result(write_result(result, tmp_path / "result.h5")).header.scan_id == "a?b?c"


def test_bytes_do_not_depend_on_the_time_of_writing(full_result, make_result, tmp_path):
    results = (full_result, make_result("no_radar"), make_result("nothing_covered"))
    first = [write_result(result, tmp_path / "a.h5").read_bytes() for result in results]
    time.sleep(1.1)  # HDF5 would store whole seconds
    assert [write_result(result, tmp_path / "b.h5").read_bytes() for result in results] == first


def test_every_dataset_says_its_units(full_result, tmp_path):
    texts = []

    def check(name, node):
        if isinstance(node, h5py.Dataset):
            if node.dtype.kind == "O":
                texts.append(name)
            else:
                assert "units" in node.attrs, name

    with h5py.File(write_result(full_result, tmp_path / "result.h5")) as file:
        file.visititems(check)
        assert file["gpr/depth"].attrs["units"] == "m"
        assert file["emi/metal_response/values"].attrs["units"] == "m3"
    assert "provenance/value" in texts


@pytest.mark.parametrize("content", (b"", b"not HDF5 at all", b"\x89HDF\r\n\x1a\n" + b"\0" * 50))
def test_refuses_what_is_no_hdf5(tmp_path, content):
    path = tmp_path / "result.h5"
    path.write_bytes(content)
    with pytest.raises(ScanError, match=r"result\.h5: cannot be opened as HDF5"):
        read_result(path)


def test_refuses_a_truncated_file(full_result, tmp_path):
    path = write_result(full_result, tmp_path / "result.h5")
    path.write_bytes(path.read_bytes()[:50_000])
    with pytest.raises(ScanError, match=r"result\.h5"):
        read_result(path)


def test_refuses_foreign_and_future_files(full_result, tmp_path):
    path = write_result(full_result, tmp_path / "result.h5")
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = "2.0"
    with pytest.raises(ScanError, match=r"format_version is '2\.0', this program reads 1\.x"):
        read_result(path)
    with h5py.File(path, "r+") as file:
        file.attrs["format"] = "dualsense-scan"
    with pytest.raises(ScanError, match="format is 'dualsense-scan', expected 'dualsense-result'"):
        read_result(path)


@pytest.mark.parametrize("part", ("coverage/patch", "targets/x", "header", "track", "faults/message"))
def test_refuses_a_file_that_lacks_a_part(full_result, tmp_path, part):
    path = write_result(full_result, tmp_path / "result.h5")
    with h5py.File(path, "r+") as file:
        del file[part]
    with pytest.raises(ScanError, match=r"result\.h5: not a complete dualsense-result file"):
        read_result(path)


def test_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(ScanError, match=r"none\.h5"):
        read_result(tmp_path / "none.h5")
