"""Recordings of other makers as inputs to spoil: the files of each in one text of bytes, and apart again."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
from benchmarks.io import logs

if TYPE_CHECKING:
    from pathlib import Path

SEPARATOR = b"\n--8<--\n"
TRACES, SAMPLES, SWEEPS = 12, 32, 3
NAMES: dict[bytes, tuple[str, ...]] = {
    b"mala": ("line.rad", "line.rd3"),
    b"pulseekko": ("line.hd", "line.dt1"),
    b"segy": ("line.sgy",),
    b"su": ("line.su",),
    b"table": ("map.toml", "metal.csv"),
    b"sweeps": (*(f"{n}.s2p" for n in range(SWEEPS)), "series.csv"),
    b"bag": ("log.toml", "plain.bag"),
    b"bag-bz2": ("log.toml", "packed.bag"),
    b"db3": ("log.toml", "run.db3"),
    b"mcap-cdr": ("log.toml", "run.mcap"),
    b"mcap-json": ("log.toml", "json.mcap"),
}
"""Files of each kind; the last is the one that is read."""


def recordings() -> list[bytes]:
    """Make one small recording of each kind."""
    signal = np.cumsum(np.random.default_rng(0).integers(-200, 200, (TRACES, SAMPLES)), axis=1)
    parts = {
        b"mala": (_mala(), signal.astype("<i2").tobytes()),
        b"pulseekko": (_hd(), b"".join(_trace(n, row) for n, row in enumerate(signal))),
        b"segy": (b" " * 3200 + _binary() + _seismic(signal, ">"),),
        b"su": (_seismic(signal, "<"),),
        b"table": (_MAP.encode(), _table()),
        b"sweeps": (*(_sweep(n) for n in range(SWEEPS)), _series()),
    }
    return [joined(kind, files) for kind, files in parts.items()]


def robot_logs() -> list[bytes]:
    """Make one small log of each kind, with its map."""
    return [joined(kind, files) for kind, files in logs.recordings()]


def joined(kind: bytes, files: tuple[bytes, ...]) -> bytes:
    """Put the files of a recording behind each other."""
    return kind + SEPARATOR + SEPARATOR.join(files)


def read(content: bytes, place: Path) -> None:
    """Lay the files of a recording, spoilt or not, into a folder, and import it."""
    from dualsense.io import import_scan

    kind, *files = content.split(SEPARATOR)
    names = NAMES.get(kind, ("other",))
    for name in {one for each in NAMES.values() for one in each} | {"other"}:
        (place / name).unlink(missing_ok=True)
    for name, own in zip(names, files, strict=False):
        (place / name).write_bytes(own)
    last = place / names[-1]
    if not last.exists():
        last.write_bytes(b"")
    import_scan(last, **({"map": str(place / names[0])} if names[0].endswith(".toml") else {}))


def _mala() -> bytes:
    text = (
        "FREQUENCY:2000.0\nDISTANCE FLAG:1\nDISTANCE INTERVAL: 0.02\nANTENNA SEPARATION: 0.18\nTIMEWINDOW:32.0\n"
    )
    return f"SAMPLES:{SAMPLES}\n{text}".encode()


def _hd() -> bytes:
    text = "TOTAL TIME WINDOW = 32.0\r\nPOSITION UNITS = m\r\nANTENNA SEPARATION = 0.18\r\n"
    return f"1\r\nX\r\n2026-03-09\r\nNUMBER OF PTS/TRC = {SAMPLES}\r\nTIMEZERO AT POINT = 4\r\n{text}".encode()


def _trace(n: int, row: np.ndarray) -> bytes:
    head = np.zeros(32, "<f4")
    head[:6] = n + 1, 0.02 * n, SAMPLES, 0, 0, 2
    return head.tobytes() + row.astype("<i2").tobytes()


def _binary() -> bytes:
    head = bytearray(400)
    struct.pack_into(">H", head, 20, SAMPLES)
    struct.pack_into(">H", head, 24, 5)
    return bytes(head)


def _seismic(signal: np.ndarray, order: str) -> bytes:
    traces = []
    for n, row in enumerate(signal):
        head = bytearray(240)
        struct.pack_into(f"{order}i", head, 0, n + 1)
        struct.pack_into(f"{order}h", head, 70, -100)
        struct.pack_into(f"{order}ii", head, 72, 100 + 2 * n, 700)
        struct.pack_into(f"{order}HH", head, 114, SAMPLES, 500)
        traces.append(bytes(head) + row.astype(f"{order}f4").tobytes())
    return b"".join(traces)


_MAP = """[columns]
time_s = "ms"
x_m = "east"
y_m = "north"
[units]
time_s = 0.001
[emi]
modality = "frequency"
frequency_hz = [10000]
real = ["i"]
imag = ["q"]
tx_radius_m = 0.1
rx_radius_m = 0.1
height_m = 0.05
"""


def _table() -> bytes:
    rows = [f"{20 * n},{0.01 * n:.2f},{0.1 * (n // 20):.1f},{0.1 * n:.1f},{-0.05 * n:.2f}" for n in range(40)]
    return "\n".join(["ms,east,north,i,q", *rows]).encode()


def _sweep(n: int) -> bytes:
    rows = [f"{0.5 + 0.05 * k:.2f} 0 0 {np.cos(k + n):.4f} {np.sin(k + n):.4f} 0 0 0 0" for k in range(20)]
    return "\n".join(["# GHz S RI R 50", *rows]).encode()


def _series() -> bytes:
    return "\n".join(["file,x_m,y_m,z_m", *(f"{n}.s2p,{0.02 * n},0.1,0.05" for n in range(SWEEPS))]).encode()
