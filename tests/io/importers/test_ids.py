"""IDS recordings: a real one, and made ones for what it lacks and for damage."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from dualsense.errors import ScanError, UsageError
from dualsense.io import import_ids, import_scan, read_scan, write_scan

SAMPLES = 64
SIZE = 4 + 2 * SAMPLES


def record(tag, body=b"", size=SIZE):
    return (tag.ljust(4, b"\0") + body).ljust(size, b"\0")[:size]


def dt_file(
    counts, *, spacing="3.840000E-03", window="1.200000E-08", samples=SAMPLES, channels=1, places=(-0.09, -0.025)
):
    """Make a recording of traces (n, 64): the records a real one has, as far as they matter."""
    numbers = f"2.0E+08 1.0E+08 {window} 1.2E-08 2.6E+02 {spacing} 4.0E-03".encode()
    h = struct.pack("<3I", SIZE, len(counts), samples).ljust(48, b"\0") + numbers
    size = SIZE
    parts = [
        record(b"V\x03", struct.pack("<I", size)),
        record(b"C", b"05/03/22  10:44:27"),
        record(b"ATX", f"    0.0   {places[0]:.6E}    0.0 3000".encode()),
        record(b"ARX", f"    0.0   {places[1]:.6E}    0.0 3000".encode()),
        record(b"S", f"RT N_CHANNEL= {channels}".encode()),
        record(b"H\x15\x04", h),
    ]
    return b"".join(parts) + b"".join(record(b"R", row.astype("<i2").tobytes()) for row in np.asarray(counts))


@pytest.fixture
def signal():
    return np.random.default_rng(0).integers(-3000, 3000, (30, SAMPLES))


@pytest.fixture
def made(tmp_path):
    def make(*args, **options):
        path = tmp_path / "made.dt"
        path.write_bytes(dt_file(*args, **options))
        return path

    return make


@pytest.mark.shared
def test_real_wall(shared_data, tmp_path):
    path = shared_data / "ids" / "LID10003.dt"
    scan = import_scan(path)
    gpr = scan.gpr
    assert scan.faults == ()
    assert gpr.data.shape == (449, 510)
    raw = np.frombuffer(path.read_bytes(), "<i2").reshape(464, 514)[15:, 2:]
    assert np.array_equal(gpr.data, raw[:, 2:].astype(float))
    assert np.diff(scan.pose.position_m[:, 0]) == pytest.approx(3.84e-3)
    assert gpr.sample_time_s[1] - gpr.sample_time_s[0] == pytest.approx(12e-9 / 512)
    assert gpr.sample_time_s[0] == pytest.approx(2 * 12e-9 / 512)
    assert np.ravel(gpr.rx_position_m - gpr.tx_position_m) == pytest.approx([0.0, 0.065, 0.0])
    assert scan.header.created == "2022-03-05T10:44:27"
    assert scan.header.instrument == "IDS 3000 MHz"
    write_scan(scan, tmp_path / "wall.h5")
    again = read_scan(tmp_path / "wall.h5")
    assert np.array_equal(again.gpr.data, gpr.data)
    assert again.header == scan.header


def test_counts_positions_and_antennas(made, signal):
    scan = import_scan(made(signal))
    assert np.array_equal(scan.gpr.data, signal[:, 2:])
    assert scan.pose.position_m[10].tolist() == pytest.approx([0.0384, 0.0, 0.0])
    assert scan.gpr.sample_time_s[-1] == pytest.approx(12e-9 * 63 / 64)
    assert scan.header.source == "recorded"


def test_options(made, signal):
    scan = import_ids(
        made(signal),
        trace_spacing_m=0.01,
        height_m=0.02,
        antenna_separation_m=0.1,
        antenna_axis="along",
        system_delay_s=1e-10,
        marker_samples=0,
    )
    assert scan.pose.position_m[10].tolist() == pytest.approx([0.1, 0.0, 0.02])
    assert scan.gpr.tx_position_m.tolist() == [[-0.05, 0.0, 0.0]]
    assert scan.gpr.system_delay_s == 1e-10
    assert np.array_equal(scan.gpr.data, signal)
    assert "along the line" in scan.header.notes


@pytest.mark.parametrize(
    ("options", "message"),
    (
        ({"marker_samples": 63}, r"marker_samples must be 0 to 62, got 63"),
        ({"antenna_axis": "up"}, r'antenna_axis must be "across" or "along", got \'up\''),
        ({"trace_spacing_m": 0.0}, r"trace_spacing_m must be a number of metres"),
        ({"antenna_separation_m": float("nan")}, r"antenna_separation_m must be a number of metres"),
    ),
)
def test_options_out_of_range(made, signal, options, message):
    with pytest.raises(UsageError, match=rf"^made\.dt: {message}"):
        import_scan(made(signal), **options)


def test_spacing_that_the_header_lacks(made, signal):
    path = made(signal, spacing="0.0")
    with pytest.raises(ScanError, match=r"^made\.dt: header: found no spacing .* state trace_spacing_m$"):
        import_scan(path)
    assert import_scan(path, trace_spacing_m=0.005).pose.position_m[2, 0] == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("options", "message"),
    (
        ({"window": "-1.0"}, r"header: found a window of -1 s, expected a positive number"),
        ({"window": "none"}, r"header: found a window of nan s"),
        ({"samples": 63}, r"header: found 63 samples in records of 132 bytes"),
        ({"channels": 4}, r"header: found 4 channels, expected 1"),
    ),
)
def test_headers_that_make_no_sense(made, signal, options, message):
    with pytest.raises(ScanError, match=rf"^made\.dt: {message}"):
        import_scan(made(signal, **options))


def test_cut_off_record_is_a_fault(made, signal):
    path = made(signal)
    path.write_bytes(path.read_bytes()[:-10])
    scan = import_scan(path)
    assert scan.gpr.data.shape == (29, 62)
    assert scan.faults[0].severity == "degraded"
    assert "122 of 132 bytes; dropped" in scan.faults[0].message


@pytest.mark.parametrize(
    ("records", "message"), ((7, "found 1 traces"), (6, "found 0 traces"), (5, "one tagged 'H'"))
)
def test_cut_off_before_the_traces(made, signal, records, message):
    path = made(signal)
    path.write_bytes(path.read_bytes()[: records * SIZE])
    with pytest.raises(ScanError, match=rf"^made\.dt: .*{message}"):
        import_scan(path)


def test_dead_recording(made, signal):
    with pytest.raises(ScanError, match=r"^made\.dt: no sensor works: all 30 soundings are zero$"):
        import_scan(made(0 * signal))


@pytest.mark.parametrize("content", (b"V\x03\0\0", b"V\x03\0\0" + struct.pack("<I", 0), b"V" * 4096))
def test_what_only_begins_like_one(tmp_path, content):
    path = tmp_path / "fake.dt"
    path.write_bytes(content)
    with pytest.raises(ScanError, match=r"^fake\.dt: found"):
        import_scan(path)
    with pytest.raises(ScanError, match=r"^fake\.dt: found .* expected an IDS dt recording"):
        import_ids(path)


def test_a_header_of_noise_is_refused_or_read_but_never_crashes(made, signal):
    whole = bytearray(made(signal).read_bytes())
    rng = np.random.default_rng(1)
    for _ in range(200):
        broken = bytearray(whole)
        for at in rng.integers(8, 6 * SIZE, 12):
            broken[at] = rng.integers(256)
        path = made(signal)
        path.write_bytes(broken)
        try:
            scan = import_scan(path)
        except ScanError:
            continue
        assert np.isfinite(scan.pose.position_m).all()
        assert scan.gpr.data.shape[1] == SAMPLES - 2


@pytest.mark.parametrize("value", ("abc", float("nan"), float("inf"), [1.0, 2.0], True, 1e30))
@pytest.mark.parametrize("option", ("height_m", "antenna_separation_m", "trace_spacing_m", "system_delay_s"))
def test_an_option_that_is_no_sensible_number_is_refused_by_its_name(made, signal, option, value):
    with pytest.raises(UsageError, match=rf"^\S+: {option} must be a number of [^\n]*got [^\n]*$"):
        import_scan(made(signal), **{option: value})


@pytest.mark.parametrize("value", ("abc", 1.5, True, [1]))
@pytest.mark.parametrize("option", ("marker_samples",))
def test_an_option_that_is_no_whole_number_is_refused_by_its_name(made, signal, option, value):
    with pytest.raises(UsageError, match=rf"^\S+: {option} must be a whole number, got "):
        import_scan(made(signal), **{option: value})
