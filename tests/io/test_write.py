"""What is written follows the format, whole or not at all, and reads back bit for bit."""

from __future__ import annotations

import dataclasses
import os
import time
from dataclasses import replace

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualsense.errors import ScanError, UsageError
from dualsense.io import read_scan, write_scan
from dualsense.scan import EmiData, GprData, Pose, Scan, ScanHeader, Truth

SAMPLES = ("pma_laterite", "pmn_sand_impulse", "ts50_deep")


def same(a, b, path="scan"):
    """Assert that two scans are equal in every bit but the hash and the faults."""
    assert type(a) is type(b), path
    if dataclasses.is_dataclass(a):
        for one in dataclasses.fields(a):
            if one.name not in {"sha256", "faults"}:
                same(getattr(a, one.name), getattr(b, one.name), f"{path}.{one.name}")
    elif isinstance(a, np.ndarray):
        assert (a.dtype, a.shape) == (b.dtype, b.shape), path
        assert a.tobytes() == b.tobytes(), path
    elif isinstance(a, dict):
        assert a.keys() == b.keys(), path
        for key in a:
            same(a[key], b[key], f"{path}[{key!r}]")
    else:
        assert a == b, path


line = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=20).map(str.strip)
notes = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=40).map(str.rstrip)
numbers = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def scans(draw, *, spoilt=False):
    """Any scan that its own format allows; a spoilt one has values missing anywhere."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32)))
    p = draw(st.integers(1, 6))
    pose_time = np.arange(p) * 0.25 + draw(st.floats(-1.0, 1.0))
    turns = chance.normal(size=(p, 4))
    turns /= np.linalg.norm(turns, axis=1, keepdims=True)
    pose = Pose(
        pose_time,
        chance.normal(size=(p, 3)),
        draw(st.sampled_from([None, turns / np.linalg.norm(turns, axis=1, keepdims=True)])),
        draw(st.sampled_from([None, np.abs(chance.normal(size=(p, 3)))])),
    )

    def table(n, k, dtype):
        values = chance.normal(size=(n, k)) * 10.0 ** draw(st.integers(-30, 30))
        if np.dtype(dtype).kind == "c":
            values = values + 1j * chance.normal(size=(n, k))
        if spoilt:
            values[chance.random((n, k)) < draw(st.sampled_from([0.0, 0.05, 0.2, 0.5]))] = np.nan
            values[chance.random(n) < draw(st.sampled_from([0.0, 0.1]))] = 0.0
        return values.astype(dtype)

    def clock(n):
        return pose_time[0] + np.arange(n) * (pose_time[-1] - pose_time[0] + 0.1) / n

    gpr = emi = None
    which = draw(st.sampled_from(["both", "gpr", "emi"]))
    if which != "emi":
        n, k, c = draw(st.integers(1, 9)), draw(st.integers(2, 5)), draw(st.integers(1, 3))
        sfcw = draw(st.booleans())
        dtype = draw(st.sampled_from([np.complex64, np.complex128])) if sfcw else np.float64
        gpr = GprData(
            "sfcw" if sfcw else "impulse",
            clock(n * c),
            table(n * c, k, dtype),
            chance.normal(size=(c, 3)),
            chance.normal(size=(c, 3)),
            np.arange(n * c, dtype=np.intp) % c,
            frequency_hz=np.cumsum(0.1 + chance.random(k)) * 1e9 if sfcw else None,
            sample_time_s=None if sfcw else np.cumsum(0.1 + chance.random(k)) * 1e-9,
            system_delay_s=draw(numbers),
            polarisation=draw(st.none() | line.filter(bool)),
            reference=draw(st.sampled_from([None, table(1, k, dtype)[0]])) if not spoilt else None,
        )
    if which != "gpr":
        m, k, c = draw(st.integers(1, 9)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
        frequency = draw(st.booleans())
        starts = np.cumsum(0.1 + chance.random(k)) * 1e-5
        emi = EmiData(
            "frequency" if frequency else "pulse",
            clock(m * c),
            table(m * c, k, np.complex128 if frequency else np.float64),
            *(0.05 + chance.random((2, c))),
            chance.normal(size=(c, 3)),
            chance.normal(size=(c, 3)),
            *np.ceil(20 * chance.random((2, c)) + 0.1),
            np.arange(m * c, dtype=np.intp) % c,
            frequency_hz=np.cumsum(0.1 + chance.random(k)) * 1e4 if frequency else None,
            gate_time_s=None if frequency else np.column_stack([starts, starts + 1e-6]),
        )
    header = ScanHeader(
        draw(line),
        draw(line),
        draw(line),
        source=draw(st.sampled_from(["recorded", "simulated", "unknown"])),
        site=draw(st.none() | line),
        operator=draw(st.none() | line),
        notes=draw(st.none() | notes),
        origin_wgs84=draw(st.none() | st.tuples(st.floats(-90, 90), st.floats(-180, 180), numbers, numbers)),
    )
    truth = None
    if draw(st.booleans()):
        t = draw(st.integers(0, 4))
        scene = {
            "relative_permittivity": draw(numbers),
            "soil": draw(notes),
            "layers": draw(st.integers(-5, 5)),
            "surface_slope": chance.normal(size=2),
            "targets/shape": tuple(draw(st.lists(notes, min_size=t, max_size=t))),
            "dipoles/position": chance.normal(size=(t, 3)),
            "dipoles/position@units": "m",
        }
        labels = [tuple(draw(st.lists(notes, min_size=t, max_size=t))) for _ in range(2)]
        truth = Truth(*chance.normal(size=(6, t)), *labels, scene=scene)
    return Scan(header, pose, gpr, emi, truth)


def read_or_none(path):
    """Read a scan that may have no sensor that works; any other refusal is an error."""
    try:
        return read_scan(path)
    except ScanError as error:
        if "no sensor works" in str(error):
            return None
        raise


@given(scans())
@settings(deadline=None, derandomize=True, max_examples=40)
def test_round_trip_is_exact(tmp_path_factory, scan):
    path = tmp_path_factory.mktemp("round") / "scan.h5"
    write_scan(scan, path)
    found = read_scan(path)
    assert found.faults == ()
    same(found, scan)


@given(scans(spoilt=True))
@settings(deadline=None, derandomize=True, max_examples=40)
def test_round_trip_of_a_scan_with_faults_settles(tmp_path_factory, scan):
    folder = tmp_path_factory.mktemp("round")
    write_scan(scan, folder / "first.h5")
    once = read_or_none(folder / "first.h5")
    if once is None:
        return
    write_scan(once, folder / "second.h5")
    twice = read_or_none(folder / "second.h5")
    if twice is None:
        return
    for sensor in ("gpr", "emi"):
        first, second = getattr(once, sensor), getattr(twice, sensor)
        if second is not None:
            same(second, first)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("compression", ("gzip", "lzf", None))
def test_samples_round_trip(sample_dir, tmp_path, name, compression):
    scan = read_scan(sample_dir / f"{name}.h5")
    write_scan(scan, tmp_path / "scan.h5", compression=compression)
    found = read_scan(tmp_path / "scan.h5")
    assert found.faults == ()
    same(found, scan)


def test_same_scan_gives_the_same_bytes(sample_dir, tmp_path):
    scan = read_scan(sample_dir / "pmn_sand.h5")
    write_scan(scan, tmp_path / "a.h5")
    time.sleep(1.1)  # HDF5 stamps objects in whole seconds, when it does
    write_scan(scan, tmp_path / "another_name.h5")
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "another_name.h5").read_bytes()


def test_every_dataset_has_its_units(sample_dir, tmp_path):
    write_scan(read_scan(sample_dir / "pmn_sand.h5"), tmp_path / "scan.h5")
    units = {}
    with h5py.File(tmp_path / "scan.h5") as file:
        file.visititems(
            lambda name, node: (
                units.update({name: node.attrs["units"]}) if isinstance(node, h5py.Dataset) else None
            )
        )
    expected = {
        "pose/time": "s",
        "pose/position": "m",
        "pose/position_std": "m",
        "gpr/frequency": "Hz",
        "gpr/data": "1",
        "emi/data": "V/A",
        "truth/targets/depth": "m",
        "truth/targets/label": "1",
        "truth/targets/conductivity": "S/m",
        "truth/dipoles/polarizability": "m3",
    }
    assert expected.items() <= units.items()


def test_existing_file_is_kept(sample_dir, tmp_path):
    scan = read_scan(sample_dir / "pmn_sand.h5")
    path = tmp_path / "scan.h5"
    path.write_text("precious")
    with pytest.raises(UsageError, match=r"^scan\.h5: exists already"):
        write_scan(scan, path)
    assert path.read_text() == "precious"
    write_scan(scan, path, overwrite=True)
    assert read_scan(path).header == scan.header
    assert [one.name for one in tmp_path.iterdir()] == ["scan.h5"]


def test_nothing_is_left_half_written(sample_dir, tmp_path, monkeypatch):
    scan = read_scan(sample_dir / "pmn_sand.h5")
    path = tmp_path / "scan.h5"
    path.write_text("precious")

    def full(_stream):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ScanError, match=r"^scan\.h5: cannot be written \(No space left on device\)$"):
        write_scan(scan, path, overwrite=True)
    assert path.read_text() == "precious"
    assert [one.name for one in tmp_path.iterdir()] == ["scan.h5"]


def test_folder_that_is_not_there(sample_dir, tmp_path):
    scan = read_scan(sample_dir / "pmn_sand.h5")
    with pytest.raises(ScanError, match=r"^scan\.h5: cannot be written \("):
        write_scan(scan, tmp_path / "no" / "scan.h5")


@pytest.mark.parametrize(
    ("change", "message"),
    (
        (lambda s: replace(s, gpr=None, emi=None), r"^scan\.h5: /gpr, /emi: found nothing"),
        (lambda s: replace(s, gpr=replace(s.gpr, data=s.gpr.data[:, 1:])), r"^scan\.h5: /gpr/data: found shape"),
        (lambda s: replace(s, gpr=replace(s.gpr, time_s=s.gpr.time_s[::-1])), r"^scan\.h5: /gpr/time: found"),
        (lambda s: replace(s, header=replace(s.header, format_version="9.0")), r"^scan\.h5: /@format_version"),
        (lambda s: replace(s, truth=replace(s.truth, scene={"x": object()})), r"^scan\.h5: /truth@x: got object"),
        (
            lambda s: replace(s, truth=replace(s.truth, label=("mine",))),
            r"^scan\.h5: /truth/targets/label: found 1",
        ),
    ),
)
def test_scan_that_breaks_the_format_is_not_written(sample_dir, tmp_path, change, message):
    scan = change(read_scan(sample_dir / "pmn_sand.h5"))
    with pytest.raises(ScanError, match=message):
        write_scan(scan, tmp_path / "scan.h5")
    assert [one.name for one in tmp_path.iterdir()] == []


def test_summary_is_not_written_as_if_it_were_the_scan(sample_dir, tmp_path):
    scan = read_scan(sample_dir / "pmn_sand.h5", with_data=False)
    with pytest.raises(ScanError, match=r"^scan\.h5: /gpr/data: the scan was opened without its data"):
        write_scan(scan, tmp_path / "scan.h5")


def test_unknown_compression(sample_dir, tmp_path):
    with pytest.raises(UsageError, match="got 'zip'"):
        write_scan(read_scan(sample_dir / "pmn_sand.h5"), tmp_path / "scan.h5", compression="zip")


def test_file_permissions_are_those_of_any_new_file(sample_dir, tmp_path):
    write_scan(read_scan(sample_dir / "pmn_sand.h5"), tmp_path / "scan.h5")
    (tmp_path / "plain").touch()
    assert (tmp_path / "scan.h5").stat().st_mode == (tmp_path / "plain").stat().st_mode
