"""Scan files written here with h5py alone, so that the reader is not tested against the writer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from dualsense.errors import ScanError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Edit = Callable[[h5py.File], Any]

POSES, SOUNDINGS, TONES, READINGS = 400, 120, 21, 300


def put(file: h5py.File, path: str, values: Any, units: str | None = "1", **options: Any) -> h5py.Dataset:
    """Write or replace a dataset; the attributes it had are kept."""
    kept = dict(file[path].attrs) if path in file else {}
    if path in file:
        del file[path]
    dataset = file.create_dataset(path, data=values, **options)
    if units is not None:
        dataset.attrs["units"] = units
    for name, value in kept.items():
        dataset.attrs[name] = value
    return dataset


def fill_head(file: h5py.File) -> None:
    file.attrs["format"] = "dualsense-scan"
    file.attrs["format_version"] = "1.0"
    file.attrs["scan_id"] = "lane-7"
    file.attrs["created"] = "2026-03-01T10:00:00Z"
    file.attrs["instrument"] = "bench head"
    time = np.arange(POSES) / 20.0
    put(file, "/pose/time", time, "s")
    put(file, "/pose/position", np.column_stack([0.05 * time, np.sin(time), 0.05 + 0 * time]), "m")


def fill_gpr(file: h5py.File) -> None:
    noise = np.random.default_rng(1)
    put(file, "/gpr/time", 0.1 + np.arange(SOUNDINGS) * 0.15, "s")
    put(file, "/gpr/frequency", np.linspace(0.8e9, 2.8e9, TONES), "Hz")
    data = noise.normal(size=(SOUNDINGS, TONES)) + 1j * noise.normal(size=(SOUNDINGS, TONES))
    put(file, "/gpr/data", data.astype(np.complex64))
    gpr = file["/gpr"].attrs
    gpr["modality"] = "sfcw"
    gpr["tx_position"], gpr["rx_position"] = [-0.05, 0.0, 0.0], [0.05, 0.0, 0.0]


def fill_emi(file: h5py.File) -> None:
    noise = np.random.default_rng(2)
    put(file, "/emi/time", 0.05 + np.arange(READINGS) * 0.06, "s")
    put(file, "/emi/frequency", [2400.0, 9600.0, 38400.0], "Hz")
    data = noise.normal(size=(READINGS, 3)) + 1j * noise.normal(size=(READINGS, 3))
    put(file, "/emi/data", 1e-9 * data, "V/A")
    emi = file["/emi"].attrs
    emi["modality"] = "frequency"
    emi["tx_radius"], emi["rx_radius"] = 0.1, 0.08
    emi["tx_position"], emi["rx_position"] = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]


def make_impulse(file: h5py.File, data: Any = None, **attributes: Any) -> None:
    """Turn the radar of a file into an impulse radar."""
    del file["/gpr/frequency"]
    put(file, "/gpr/sample_time", np.arange(TONES) * 5e-11, "s")
    if data is None:
        data = np.random.default_rng(3).normal(size=(SOUNDINGS, TONES)).astype(np.float32)
    put(file, "/gpr/data", data)
    file["/gpr"].attrs["modality"] = "impulse"
    for name, value in attributes.items():
        file["/gpr/data"].attrs[name] = value


def make_pulse(file: h5py.File) -> None:
    """Turn the metal detector of a file into a pulse detector with four gates."""
    del file["/emi/frequency"]
    starts = 1e-5 * 2.0 ** np.arange(4)
    put(file, "/emi/gate_time", np.column_stack([starts, 1.5 * starts]), "s")
    put(file, "/emi/data", 1e-6 * np.random.default_rng(4).normal(size=(READINGS, 4)), "V/A")
    file["/emi"].attrs["modality"] = "pulse"


def make_array_head(file: h5py.File, channels: int = 3) -> None:
    """Give both sensors of a file several pairs that take turns."""
    for sensor, count in (("gpr", SOUNDINGS), ("emi", READINGS)):
        offsets = np.column_stack([np.zeros(channels), 0.1 * np.arange(channels), np.zeros(channels)])
        file[sensor].attrs["tx_position"] = offsets
        file[sensor].attrs["rx_position"] = offsets + 0.02
        put(file, f"/{sensor}/channel", np.arange(count) % channels)


def add_truth(file: h5py.File) -> None:
    for name in ("x", "y", "depth", "size_x", "size_y", "size_z"):
        put(file, f"/truth/targets/{name}", [0.1, 0.2], "m")
    for name, values in (("label", ["mine", "rock"]), ("model", ["PMN", ""])):
        put(file, f"/truth/targets/{name}", values, None, dtype=h5py.string_dtype())


@pytest.fixture
def edit() -> Any:
    """The small changes from which tests make their files."""

    class Edits:
        put = staticmethod(put)
        impulse = staticmethod(make_impulse)
        pulse = staticmethod(make_pulse)
        array_head = staticmethod(make_array_head)
        truth = staticmethod(add_truth)

    return Edits


@pytest.fixture
def scan_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a good scan file, changed by the functions given."""

    def build(*edits: Edit, gpr: bool = True, emi: bool = True, name: str = "scan.h5") -> Path:
        path = tmp_path / name
        with h5py.File(path, "w") as file:
            fill_head(file)
            if gpr:
                fill_gpr(file)
            if emi:
                fill_emi(file)
            for change in edits:
                change(file)
        return path

    return build


@pytest.fixture
def refused() -> Callable[..., str]:
    """Assert that a file is refused in one line with the parts given, and return the line."""

    def check(read: Callable[[], Any], path: Path, where: str, *parts: str) -> str:
        with pytest.raises(ScanError) as caught:
            read()
        line = str(caught.value)
        start = f"{path.name}: {where}: " if where else f"{path.name}: "
        assert line.startswith(start), line
        assert line.isprintable(), repr(line)
        assert "Traceback" not in line
        for part in parts:
            assert part in line, line
        return line

    return check
