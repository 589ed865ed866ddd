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


def antenna(x, y, mhz=3000):
    """Make the entry of an antenna, 53 bytes."""
    return f"{x:16.6E}{y:16.6E}{0.0:16.6E}{mhz:5d}".encode()


def dt_file(
    counts,
    *,
    spacing="3.840000E-03",
    window="1.200000E-08",
    samples=SAMPLES,
    channels=1,
    places=((-0.09, -0.025),),
    pair=(1, 1, 1, 1),
    told=None,
    wheel=1,
    more=(),
    tags=(),
):
    """Make a recording of traces (n, 64): the records a real one has, as far as they matter."""
    counts = np.asarray(counts)
    numbers = f"2.0E+08 1.0E+08 {window} 1.2E-08 2.6E+02 {spacing} 4.0E-03 2.0E-03".encode()
    told = len(counts) if told is None else told
    h = struct.pack("<11i", SIZE, told, samples, told, samples, 1, 1, 1, wheel, 0, 0) + numbers
    parts = [
        record(b"V\x03", struct.pack("<I", SIZE)),
        record(b"C", b"05/03/22  10:44:27"),
        record(b"AC1", struct.pack("<5i", *pair, 3)),
        *more,
        record(b"ATX", b"".join(antenna(0.0, y) for y, _ in places)),
        record(b"ARX", b"".join(antenna(0.0, y) for _, y in places)),
        record(b"S", f"RT N_CHANNEL= {channels}".encode()),
        record(b"H\x15\x04", h),
    ]
    tags = dict(tags)
    return b"".join(parts) + b"".join(
        record(tags.get(n, b"R"), row.astype("<i2").tobytes()) for n, row in enumerate(counts)
    )


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
    assert "array" not in scan.header.notes
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
        ({"trace_spacing_m": 0.0}, r"trace_spacing_m must be a positive number of metres"),
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
        ({"channels": 4}, r"header: found 4 channels, and not which of them this is; expected one channel in a"),
        ({"places": ((-900.0, 1.0),)}, r"header: found antennas 901 m apart, .*; state antenna_separation_m"),
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
    ("records", "message"), ((8, "found 1 traces"), (7, "found 0 traces"), (6, "one tagged 'H'"))
)
def test_cut_off_before_the_traces(made, signal, records, message):
    path = made(signal)
    path.write_bytes(path.read_bytes()[: records * SIZE])
    with pytest.raises(ScanError, match=rf"^made\.dt: .*{message}"):
        import_scan(path)


def test_dead_recording(made, signal):
    with pytest.raises(ScanError, match=r"^made\.dt: no sensor works: all 30 soundings are zero$"):
        import_scan(made(0 * signal))


# Arrays: a file for each channel

ARRAY = ((-0.2, -0.14), (0.1, 0.17))
"""Places across of two transmitters and two receivers, as many as records of this length hold."""


def channel_file(counts, number, **options):
    """Make the file of one channel, from 1, of an array of two."""
    return dt_file(counts, channels=2, places=ARRAY, pair=(2, number, 2, number), **options)


@pytest.mark.parametrize("number", (1, 2))
def test_a_file_of_an_array_has_its_own_antennas(tmp_path, signal, number):
    path = tmp_path / "c.dt"
    path.write_bytes(channel_file(signal, number))
    scan = import_scan(path)
    tx, rx = ARRAY[number - 1]
    assert np.ravel(scan.gpr.rx_position_m - scan.gpr.tx_position_m) == pytest.approx([0.0, rx - tx, 0.0])
    assert f"transmitter {number} of 2, receiver {number} of 2." in scan.header.notes
    assert f"Antennas stand at 0, {tx:g} and 0, {rx:g} m by the header." in scan.header.notes
    assert np.array_equal(scan.gpr.data, signal[:, 2:])


def test_antennas_of_an_array_that_the_header_lacks(made, signal):
    path = made(signal, channels=4, places=ARRAY, pair=(4, 4, 4, 4))
    with pytest.raises(ScanError, match=r"found no places of the antennas, .*; state antenna_separation_m$"):
        import_scan(path)
    gpr = import_scan(path, antenna_separation_m=0.06).gpr
    assert np.ravel(gpr.rx_position_m - gpr.tx_position_m) == pytest.approx([0.0, 0.06, 0.0])


def test_a_pair_of_antennas_that_stands_for_itself(made, signal):
    """Newer files have no list of all antennas, and tell the channel by its number."""
    more = (
        record(b"ATR", antenna(0.0, 0.3, 600) + antenna(0.0, 0.42, 600)),
        record(b"FW", struct.pack("<6i", 0, 8, 1, 0, 5, 0)),
    )
    scan = import_scan(made(signal, more=more, channels=8))
    assert np.ravel(scan.gpr.rx_position_m - scan.gpr.tx_position_m) == pytest.approx([0.0, 0.12, 0.0])
    assert scan.header.instrument == "IDS 600 MHz"
    assert "One of an array: channel 5, " in scan.header.notes


def take_turns(count, channels):
    """Traces of channels one after another: each like its own last one, another level for each channel."""
    rng = np.random.default_rng(5)
    wave = rng.integers(-3000, 3000, (channels, SAMPLES))
    return np.concatenate([wave + rng.integers(-30, 30, wave.shape) for _ in range(count)])


@pytest.mark.parametrize(
    ("options", "message"),
    (
        ({"channels": 4, "pair": (4, 1, 4, 1), "told": 20}, r"found 80 traces where one channel has 20 \(4 trans"),
        ({"channels": 4, "pair": (4, 1, 4, 1)}, r"found traces of 4 channels that take turns \(4 transmitters, 4"),
        ({"told": 20}, r"found traces of 4 channels that take turns"),
        ({"channels": 4, "told": 20}, r"found 4 channels, and not which of them this is"),
        ({"more": (record(b"AC2", struct.pack("<5i", 4, 2, 4, 2, 3)),)}, r"found traces of several pairs of"),
    ),
)
def test_several_channels_in_one_file_are_refused_by_name(made, options, message):
    path = made(take_turns(20, 4), **{"places": ARRAY, **options})
    with pytest.raises(ScanError, match=rf"^made\.dt: header: {message}[^\n]*expected one channel in a file"):
        import_scan(path)


def test_what_only_looks_the_same_again_is_one_channel(made):
    """Every fourth trace has the same bar below it; neighbours are alike still."""
    x, t = np.arange(80)[:, None], np.arange(SAMPLES)
    ground = 2000.0 * np.sin(0.7 * t) + 300.0 * np.sin(2.0 * np.pi * x / 4.0) * np.exp(-(((t - 40) / 6.0) ** 2))
    ground += np.random.default_rng(2).normal(scale=60.0, size=ground.shape)
    scan = import_scan(made(np.rint(ground), channels=4, places=ARRAY, pair=(4, 1, 4, 1)))
    assert scan.gpr.data.shape == (80, SAMPLES - 2)


def test_marks_are_told_and_sweeps_that_are_not_valid_left_out(made, signal):
    tags = {3: b"R\x08", 9: b"R\x09", 12: b"R\x01\x06", 13: b"R\x01\x06", 20: b"R\x07"}
    scan = import_scan(made(signal, tags=tags))
    assert "2 marks (traces 3, 9)" in scan.header.notes
    assert "2 sweeps that are marked as not valid are left out" in scan.header.notes
    lost = np.isnan(scan.gpr.data).all(axis=1)
    assert np.flatnonzero(lost).tolist() == [12, 13]
    assert np.array_equal(scan.gpr.data[~lost], signal[~lost, 2:])
    assert [one.code for one in scan.faults] == ["values-missing"]


def test_a_file_that_ends_before_its_header_says_so(made, signal):
    scan = import_scan(made(signal, told=40))
    assert "The header tells of 40 traces." in scan.header.notes
    assert [one.code for one in scan.faults] == ["gpr-file-cut-off"]


def test_two_recordings_in_one_file_are_refused(made, signal):
    path = made(signal)
    path.write_bytes(2 * path.read_bytes())
    with pytest.raises(ScanError, match=r"^made\.dt: found 60 traces, expected 30 as its header tells$"):
        import_scan(path)


def test_bytes_that_were_swapped_are_said_to_be(made, signal):
    path = made(signal)
    whole = np.frombuffer(path.read_bytes(), "<u2")
    path.write_bytes(whole.byteswap().tobytes())
    with pytest.raises(ScanError, match=r"^made\.dt: found an IDS dt whose bytes are swapped by 2, expected"):
        import_scan(path)
    smooth = np.rint(3000.0 * np.sin(0.2 * np.arange(SAMPLES))) + np.arange(30)[:, None]
    with pytest.raises(ScanError, match=r"^made\.dt: found samples whose bytes are swapped"):
        import_scan(made(smooth.astype("<i2").byteswap()))


def test_a_file_shorter_than_a_record(made, signal):
    path = made(signal)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ScanError, match=r"^made\.dt: found 100 bytes, expected records of 132$"):
        import_scan(path)


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
        for at in rng.integers(8, 7 * SIZE, 12):
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
    with pytest.raises(UsageError, match=rf"^\S+: {option} must be a (positive )?number of [^\n]*got [^\n]*$"):
        import_scan(made(signal), **{option: value})


@pytest.mark.parametrize("value", ("abc", 1.5, True, [1]))
@pytest.mark.parametrize("option", ("marker_samples",))
def test_an_option_that_is_no_whole_number_is_refused_by_its_name(made, signal, option, value):
    with pytest.raises(UsageError, match=rf"^\S+: {option} must be a whole number, got "):
        import_scan(made(signal), **{option: value})
