"""Inputs of every kind that a user can give, and ways to spoil them, all drawn from a seed."""

from __future__ import annotations

import json
import struct
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from benchmarks.io import makers

if TYPE_CHECKING:
    from collections.abc import Callable

    Rng = np.random.Generator

SAMPLES = Path(__file__).parents[2] / "sample_data"
HEAD_BYTES = 40_000
"""Where HDF5 keeps its structure in files of this size; the rest is mostly numbers."""
TELLING = (0, 1, 2**7, 2**8 - 1, 2**15, 2**16 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1, 2**64 - 16)


def seeds(folder: Path) -> dict[str, list[bytes]]:
    """Make one or more sound inputs for each reader."""
    from dualsense.chain import process_recording
    from dualsense.io import open_recording
    from dualsense.recipe import Recipe, dump_recipe, load_recipe
    from dualsense.render import targets_document, write_result
    from dualsense.simulate import dump_scene, random_lane

    scans = [_part(SAMPLES / name, folder) for name in ("pmn_sand.h5", "pmn_sand_impulse.h5")]
    (folder / "short.h5").write_bytes(_part(SAMPLES / "pmn_sand.h5", folder, (150, 480, 580)))
    with open_recording(folder / "short.h5") as recording:
        result = process_recording(recording, load_recipe(overrides=("survey.cell_m=0.02",)))
    write_result(result, folder / "result.h5")
    scene = dump_scene(random_lane("sand", rng=np.random.default_rng(1), scan_id="sand"))
    return {
        "scan": scans,
        "info": scans,
        "import": [*scans, dzt(), _dt(), _gprmax(folder)],
        "gssi": [dzt()],
        "ids": [_dt()],
        "gprmax": [_gprmax(folder)],
        "makers": makers.recordings(),
        "logs": makers.robot_logs(),
        "result": [(folder / "result.h5").read_bytes()],
        "recipe": [dump_recipe(Recipe()).encode()],
        "scene": [scene.encode()],
        "list": [json.dumps(targets_document(result)).encode()],
        "options": [dzt(), _dt(), _gprmax(folder)],
    }


def _part(path: Path, folder: Path, counts: tuple[int, int, int] = (48, 150, 180)) -> bytes:
    """A short stretch of a sample scan, with its truth: soundings, metal samples and poses from its beginning."""
    from dualsense.io import HeldRecording, read_scan, write_scan

    whole = read_scan(path)
    rows = [np.arange(n) for n in counts]
    part = HeldRecording(whole).part(gpr=rows[0], emi=rows[1], pose=rows[2])
    write_scan(replace(part, truth=whole.truth), folder / "part.h5", overwrite=True)
    return (folder / "part.h5").read_bytes()


def dzt() -> bytes:
    """Make a small GSSI recording."""
    head = bytearray(1024)
    struct.pack_into("<HHHHh5fH", head, 0, 0x0700, 1024, 64, 16, 0, 100.0, 50.0, 1.0, 0.0, 10.0, 0)
    struct.pack_into("<H", head, 52, 1)
    struct.pack_into("<f", head, 54, 6.5)
    return bytes(head) + np.random.default_rng(0).integers(0, 2**16, (40, 64)).astype("<u2").tobytes()


def _dt() -> bytes:
    size = 4 + 2 * 64
    numbers = b"2.0E+08 1.0E+08 1.2E-08 1.2E-08 2.6E+02 3.84E-03 4.0E-03"
    places = [f"{0.0:16.6E}{y:16.6E}{0.0:16.6E}{3000:5d}".encode() for y in (-0.09, -0.025)]
    rows = np.random.default_rng(0).integers(-3000, 3000, (40, 64)).astype("<i2")
    records = [
        (b"V\x03", struct.pack("<I", size)),
        (b"C", b"05/03/22  10:44:27"),
        (b"AC1", struct.pack("<5i", 1, 1, 1, 1, 3)),
        (b"ATX", places[0]),
        (b"ARX", places[1]),
        (b"S", b"RT N_CHANNEL= 1"),
        (b"H\x15\x04", struct.pack("<11i", size, 40, 64, 40, 64, 1, 1, 1, 1, 0, 0) + numbers),
        *((b"R", row.tobytes()) for row in rows),
    ]
    return b"".join((tag.ljust(4, b"\0") + body).ljust(size, b"\0")[:size] for tag, body in records)


def _gprmax(folder: Path) -> bytes:
    noise = np.random.default_rng(7)
    with h5py.File(folder / "model.out", "w") as file:
        file.attrs["gprMax"], file.attrs["Title"], file.attrs["dt"] = "3.1.7", "sphere in sand", 5e-12
        file.attrs["dx_dy_dz"] = (0.002, 0.002, 0.002)
        file.attrs["rxsteps"] = file.attrs["srcsteps"] = (5, 0, 0)
        for number in (1, 2):
            group = file.create_group(f"rxs/rx{number}")
            for name in ("Ex", "Ey", "Ez"):
                group[name] = noise.normal(size=(40, 12)).astype("f4")
            group.attrs["Position"] = (0.14, 0.2 + 0.05 * number, 0.3)
        file.create_group("srcs/src1").attrs["Position"] = (0.1, 0.2, 0.3)
    return (folder / "model.out").read_bytes()


def spoil(content: bytes, rng: Rng) -> bytes:
    """Spoil an input: its bytes, or where it is HDF5 what it holds, or both."""
    if content[:4] == b"\x89HDF" and rng.random() < 0.35:
        content = _edit(content, rng)
        if rng.random() < 0.7:
            return content
    data = bytearray(content)
    for _ in range(int(rng.choice([1, 1, 1, 2, 5, 40]))):
        ways = (_flip, _flip, _number, _number, _cut, _blank, _copy, _insert)
        data = ways[int(rng.integers(len(ways)))](data, rng)
    return bytes(data)


def _place(data: bytearray, rng: Rng) -> int:
    reach = min(len(data), HEAD_BYTES) if rng.random() < 0.8 else len(data)
    return int(rng.integers(max(reach, 1)))


def _flip(data: bytearray, rng: Rng) -> bytearray:
    if data:
        data[_place(data, rng) % len(data)] = int(rng.integers(256))
    return data


def _number(data: bytearray, rng: Rng) -> bytearray:
    width = int(rng.choice([1, 2, 4, 8]))
    start = _place(data, rng) // width * width
    value = TELLING[int(rng.integers(len(TELLING)))] % 2 ** (8 * width)
    data[start : start + width] = value.to_bytes(width, "little")
    return data


def _cut(data: bytearray, rng: Rng) -> bytearray:
    return data[: int(rng.integers(len(data) + 1))] if rng.random() < 0.3 else data


def _blank(data: bytearray, rng: Rng) -> bytearray:
    start, size = _place(data, rng), int(rng.integers(1, 600))
    data[start : start + size] = bytes([int(rng.choice([0, 255]))]) * size
    return data


def _copy(data: bytearray, rng: Rng) -> bytearray:
    source, target, size = _place(data, rng), _place(data, rng), int(rng.integers(1, 600))
    data[target : target + size] = data[source : source + size]
    return data


def _insert(data: bytearray, rng: Rng) -> bytearray:
    start = _place(data, rng)
    pieces = (
        b"[" * 3000,
        b"a." * 200,
        b"\xff\xfe",
        b"\0" * 8,
        b"NaN",
        b"1e999",
        b'"\\ud800"',
        b"\n",
        b"= 1\n",
        b"{",
    )
    data[start:start] = pieces[int(rng.integers(len(pieces)))]
    return data


def _edit(content: bytes, rng: Rng) -> bytes:
    """Change what an HDF5 file holds by its own means: links, types, shapes, attributes."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "edited.h5"
        path.write_bytes(content)
        try:
            with h5py.File(path, "r+") as file:
                paths: list[str] = []
                file.visit(paths.append)
                for _ in range(int(rng.integers(1, 4))):
                    _edit_one(file, paths[int(rng.integers(len(paths)))], rng)
        except (OSError, RuntimeError, ValueError, TypeError, KeyError, MemoryError):
            pass  # what could be changed has been
        return path.read_bytes()


def _edit_one(file: h5py.File, path: str, rng: Rng) -> None:
    if path not in file:
        return
    ways = (_attribute, _attribute, _attribute, _dataset, _dataset, _link, _values)
    ways[int(rng.integers(len(ways)))](file, path, rng)


def _attribute(file: h5py.File, path: str, rng: Rng) -> None:
    owner = file[path] if rng.random() < 0.7 else file
    names = list(owner.attrs) or ["units"]
    name = names[int(rng.integers(len(names)))]
    values: tuple[Any, ...] = (
        float("nan"), float("inf"), -1, 0, 10**18, "", "x" * 5000, "\x1b[31m=1+1\n", np.zeros(0), np.zeros((2, 3)),
        h5py.Empty("f8"), True, 1 + 2j, np.array([b"a", b"b"]), np.array(["u"] * 300, dtype=object), file.ref,
    )  # fmt: skip
    del owner.attrs[name]
    if rng.random() < 0.85:
        owner.attrs[name] = values[int(rng.integers(len(values)))]


def _dataset(file: h5py.File, path: str, rng: Rng) -> None:
    shapes = ((), (0,), (1,), (3,), (10**12,), (2**27,), (2**20,), (300, 3), (120, 0), (2, 2, 2))
    kinds = (
        "f8",
        "f4",
        "i2",
        "u8",
        "c8",
        "S5",
        "S1000000",
        h5py.string_dtype(),
        h5py.ref_dtype,
        h5py.vlen_dtype("f8"),
    )
    shape = shapes[int(rng.integers(len(shapes)))]
    chunks = tuple(int(min(max(n, 1), rng.choice([1, 16, 2**16]))) for n in shape) or None
    del file[path]
    file.create_dataset(
        path, shape, kinds[int(rng.integers(len(kinds)))], chunks=chunks if 0 not in shape else None
    )


def _link(file: h5py.File, path: str, rng: Rng) -> None:
    links = (
        h5py.SoftLink("/" + path), h5py.SoftLink("/gone"), h5py.SoftLink("/loop" * 500), h5py.SoftLink("/"),
        h5py.ExternalLink("other.h5", "/"), h5py.ExternalLink("/dev/zero", "/x"), file["/"],
    )  # fmt: skip
    if "loop" not in file:
        file["loop"] = file["/"]
    del file[path]
    file[path] = links[int(rng.integers(len(links)))]


def _values(file: h5py.File, path: str, rng: Rng) -> None:
    node = file[path]
    if isinstance(node, h5py.Dataset) and 0 < (node.size or 0) < 2**20 and node.dtype.kind in "iufc":
        values = node[()]
        odd = rng.choice([0.0, np.nan, np.inf, -np.inf, 1e300, -1.0, 1e-320], size=max(1, values.size // 7))
        flat = np.atleast_1d(values).reshape(-1)
        with np.errstate(all="ignore"):
            flat[rng.integers(flat.size, size=odd.size)] = odd.astype(flat.dtype)
        node[...] = flat.reshape(node.shape)


def odd_options(rng: Rng) -> dict[str, Any]:
    """Draw options of importers, right names and wrong, with values of any kind."""
    names = (
        "channel", "trace_spacing_m", "height_m", "antenna_separation_m", "system_delay_s", "marker_samples",
        "antenna_axis", "component", "receiver", "source", "vertical", "surface_m", "tx_position_m",
        "rx_position_m", "with_data", "nonsense",
    )  # fmt: skip
    values: tuple[Any, ...] = (
        0, 1, -1, 10**400, 0.02, 1e-320, 1e300, float("nan"), float("inf"), "", "x" * 500, "along", "y", "Ey",
        True, None, [], [0.1, 0.2, 0.3], [0.1, 0.2], [[1], [2, 3]], [float("nan")] * 3, {"a": 1}, [10**400] * 3,
        "\x1b[31m",
    )  # fmt: skip
    count = int(rng.integers(1, 4))
    picked = rng.choice(len(names), count, replace=False)
    return {names[int(name)]: values[int(rng.integers(len(values)))] for name in picked}


def readers() -> dict[str, Callable[[Path, Rng], object]]:
    """Everything that reads what a user gives, by the name of its seeds."""
    from dualsense.app._listing import describe
    from dualsense.io import import_gprmax, import_gssi, import_ids, import_scan, open_recording, read_scan
    from dualsense.recipe import load_recipe
    from dualsense.render import read_result
    from dualsense.simulate import read_scene
    from dualsense.summary import summarise

    def scan(path: Path, rng: Rng) -> None:
        if rng.random() < 0.5:
            read_scan(path)
            return
        with open_recording(path) as recording:
            recording.whole()

    return {
        "scan": scan,
        "info": lambda path, rng: summarise(path, with_data=bool(rng.random() < 0.5)).as_dict(),
        "import": lambda path, _rng: import_scan(path),
        "gssi": lambda path, _rng: import_gssi(path),
        "ids": lambda path, _rng: import_ids(path),
        "gprmax": lambda path, _rng: import_gprmax(path),
        "makers": lambda path, _rng: makers.read(path.read_bytes(), path.parent),
        "logs": lambda path, _rng: makers.read(path.read_bytes(), path.parent),
        "result": lambda path, _rng: read_result(path),
        "recipe": lambda path, _rng: load_recipe(path),
        "scene": lambda path, _rng: read_scene(path),
        "list": lambda path, _rng: json.dumps(describe({"targets.json": path}), allow_nan=False).encode(),
        "options": lambda path, rng: import_scan(path, **odd_options(rng)),
    }
