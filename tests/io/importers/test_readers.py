"""Recordings read by importers here and by packages of others: the same samples and axes."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest

from dualsense.io import import_scan

from .test_gssi import array_of
from .test_makers import MADE, SAMPLES, TRACES, seismic


@pytest.fixture(scope="module")
def signal():
    raw = np.cumsum(np.random.default_rng(0).normal(0.0, 200.0, (TRACES, SAMPLES)), axis=1)
    return np.rint(raw).astype(np.int64)


@pytest.mark.parametrize("kind", ("segy", "segy-little", "segy-int16"))
def test_segy_as_segyio_reads_it(kind, signal, tmp_path):
    segyio = pytest.importorskip("segyio")
    path = MADE[kind](tmp_path, signal)
    with segyio.open(path, ignore_geometry=True, endian="little" if "little" in kind else "big") as file:
        theirs = file.trace.raw[:]
        x = file.attributes(segyio.TraceField.SourceX)[:]
    scan = import_scan(path)
    assert np.array_equal(scan.gpr.data, theirs.astype(float))
    assert scan.pose.position_m[:, 0] == pytest.approx((x - x[0]) / 100.0)


def test_su_as_segyio_reads_it(signal, tmp_path):
    segyio = pytest.importorskip("segyio")
    path = seismic(tmp_path, signal, su=True, order="<")
    with segyio.su.open(path, ignore_geometry=True, endian="little") as file:
        assert np.array_equal(import_scan(path).gpr.data, file.trace.raw[:].astype(float))


@pytest.mark.shared
def test_a_real_trench_as_segyio_reads_it(shared_data):
    segyio = pytest.importorskip("segyio")
    path = shared_data / "matgpr" / "trench_and_pipes.su"
    with segyio.su.open(path, ignore_geometry=True, endian="little") as file:
        assert np.array_equal(import_scan(path).gpr.data, file.trace.raw[:].astype(float))


def read_by_readgssi(path):
    dzt = pytest.importorskip("readgssi.dzt")
    with contextlib.redirect_stdout(io.StringIO()):
        header, data, *_ = dzt.readdzt(str(path))
    return header, data  # by channel, samples first, of 16 bits as they are stored


def test_channels_as_readgssi_reads_them(tmp_path):
    path = array_of(np.random.default_rng(0).integers(-100, 100, (30, 64)), tmp_path)
    _, theirs = read_by_readgssi(path)
    for channel in range(3):
        ours = import_scan(path, channel=channel).gpr.data
        assert np.array_equal(ours, np.asarray(theirs[channel], dtype=float).T[:, 5:] - 32768.0)


@pytest.mark.shared
@pytest.mark.parametrize(
    "name",
    ("charisma/Lab_specimen_data.DZT", "gprpy/FILE____032.DZT", "gprpy_cube/dir1/FILE____001.DZT"),
)
def test_real_recordings_as_readgssi_reads_them(shared_data, name):
    header, theirs = read_by_readgssi(shared_data / name)
    scan = import_scan(shared_data / name)
    assert np.array_equal(scan.gpr.data, np.asarray(theirs[0], dtype=float).T[:, 5:] - 32768.0)
    assert np.diff(scan.pose.position_m[:, 0]) == pytest.approx(1.0 / header["rhf_spm"])
