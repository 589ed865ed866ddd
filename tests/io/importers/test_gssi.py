"""GSSI recordings: real ones of three generations of instruments, and made ones for what these lack."""

from __future__ import annotations

import hashlib
import struct

import numpy as np
import pytest
from scipy.signal import find_peaks, hilbert

from dualsense.errors import ScanError, UsageError
from dualsense.io import import_gssi, import_scan, read_scan, write_scan
from dualsense.io._importers.marks import find_marks

DTYPES = {8: "u1", 16: "<u2", 32: "<i4"}
MIDDLE = {8: 128, 16: 32768, 32: 0}


def dzt(
    counts, bits=16, *, tag=0x0700, data=1024, per_s=100.0, per_m=50.0, start_ns=0.0, range_ns=10.0, channels=1
):
    """Make a DZT file of traces (n, channels, samples)."""
    counts = np.asarray(counts).reshape(-1, channels, np.shape(counts)[-1])
    head = bytearray(1024)
    struct.pack_into(
        "<HHHHh5fH", head, 0, tag, data, counts.shape[2], bits, 0, per_s, per_m, 1.0, start_ns, range_ns, 0
    )
    date = (2026 - 1980) << 25 | 3 << 21 | 9 << 16 | 14 << 11 | 5 << 5 | 7
    struct.pack_into("<I", head, 32, date)
    struct.pack_into("<H", head, 52, channels)
    struct.pack_into("<f", head, 54, 6.5)
    head[98:112] = b"2600MHz".ljust(14, b"\0")
    body = (counts + MIDDLE[bits]).astype(DTYPES[bits]).tobytes()
    return bytes(head) * channels + b"\0" * max(0, data * 1024 - 1024 * channels if data < 1024 else 0) + body


@pytest.fixture
def signal():
    return np.random.default_rng(0).integers(-100, 100, (30, 64))


@pytest.fixture
def made(tmp_path):
    def make(*args, name="made.dzt", **options):
        path = tmp_path / name
        path.write_bytes(dzt(*args, **options))
        return path

    return make


# Real recordings


@pytest.mark.shared
def test_reinforcing_bars(shared_data):
    """CHARISMA: bars 8 in apart tell whether traces stand where they should."""
    path = shared_data / "charisma" / "Lab_specimen_data.DZT"
    scan = import_scan(path)
    gpr = scan.gpr
    assert scan.faults == ()
    assert scan.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert gpr.data.shape == (332, 507)
    assert gpr.sample_time_s[1] - gpr.sample_time_s[0] == pytest.approx(8e-9 / 512)
    assert gpr.sample_time_s[0] == pytest.approx(5 * 8e-9 / 512)
    assert scan.pose.position_m[-1, 0] == pytest.approx(331 / 118.11023712158203)
    raw = np.frombuffer(path.read_bytes()[1024:], "<u2").reshape(332, 512)
    assert np.array_equal(gpr.data, raw[:, 5:].astype(float) - 32768.0)
    assert scan.header.created == "2017-05-26T17:34:20"
    assert scan.header.instrument == "GSSI 1.5/1.6GHz"

    envelope = np.abs(hilbert(gpr.data - gpr.data.mean(axis=0), axis=1))
    window = (gpr.sample_time_s > 2.9e-9) & (gpr.sample_time_s < 4.2e-9)
    strength = np.convolve(envelope[:, window].max(axis=1), np.ones(7) / 7, "same")
    apexes, _ = find_peaks(strength, distance=18)
    x = scan.pose.position_m[apexes, 0]
    inner = x[(x > 0.1) & (x < 2.75)]
    assert inner.size == 13
    assert np.median(np.diff(inner)) == pytest.approx(0.203, abs=0.004)


@pytest.mark.shared
def test_survey_wheel_over_20_m(shared_data):
    scan = import_scan(shared_data / "gprpy" / "FILE____032.DZT", height_m=0.02, antenna_separation_m=0.16)
    assert scan.faults == ()
    assert scan.gpr.data.shape == (1040, 507)
    assert scan.pose.position_m[-1].tolist() == pytest.approx([20.78, 0.0, 0.02])
    assert scan.gpr.sample_time_s[-1] == pytest.approx(48e-9 * 511 / 512)
    assert scan.gpr.tx_position_m.tolist() == [[-0.08, 0.0, 0.0]]
    assert scan.gpr.rx_position_m.tolist() == [[0.08, 0.0, 0.0]]
    assert abs(scan.gpr.data.mean()) < 10.0  # the trace counters of the first two samples are gone
    assert np.diff(scan.pose.time_s).max() < 0.5


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "shape", "window_s"),
    (
        ("matgpr/testdata.dzt", (2147, 507), 100e-9),
        ("tu1208/400MHz-Limestone_2_rev.dzt", (1418, 507), 85e-9),
    ),
)
def test_recordings_by_a_clock_need_a_spacing(shared_data, name, shape, window_s):
    path = shared_data / name
    with pytest.raises(
        ScanError, match=rf"^{path.name}: header: found traces triggered by a clock.*trace_spacing_m"
    ):
        import_scan(path)
    scan = import_scan(path, trace_spacing_m=1 / 58)
    assert scan.faults == ()
    assert scan.gpr.data.shape == shape
    assert scan.pose.position_m[58, 0] == pytest.approx(1.0)
    assert scan.gpr.sample_time_s[-1] - scan.gpr.sample_time_s[0] == pytest.approx(window_s * 506 / 512)
    # marks and counters at the ends of the range of numbers are gone: what is left lies around zero
    assert abs(np.median(scan.gpr.data)) < 0.01 * np.abs(scan.gpr.data).max()


@pytest.mark.shared
def test_import_survives_the_scan_format(shared_data, tmp_path):
    scan = import_scan(shared_data / "charisma" / "Lab_specimen_data.DZT")
    write_scan(scan, tmp_path / "bars.h5")
    found = read_scan(tmp_path / "bars.h5")
    assert found.faults == ()
    assert np.array_equal(found.gpr.data, scan.gpr.data)
    assert found.header == scan.header


# Made recordings


@pytest.mark.parametrize("bits", (8, 16, 32))
def test_word_lengths(made, signal, bits):
    scan = import_scan(made(signal * (1000000 if bits == 32 else 1), bits))
    assert np.array_equal(scan.gpr.data, (signal * (1000000 if bits == 32 else 1))[:, 5:])
    assert scan.header.created == "2026-03-09T14:05:14"
    assert scan.header.source == "recorded"
    assert "permittivity entered by the operator 6.5" in scan.header.notes


@pytest.mark.parametrize(("tag", "data"), ((0x00FF, 1024), (0x0700, 1024), (0x0700, 1), (0x00FF, 128)))
def test_where_the_data_begin(made, signal, tag, data):
    assert np.array_equal(import_scan(made(signal, tag=tag, data=data)).gpr.data, signal[:, 5:])


def test_channels_take_turns(made, signal):
    path = made(signal, channels=3, data=3)
    with pytest.raises(UsageError, match=r"^made\.dzt: holds 3 channels, state which: channel=0 to 2, or how far"):
        import_scan(path)
    assert np.array_equal(import_scan(path, channel=1).gpr.data, signal[1::3, 5:])
    with pytest.raises(UsageError, match=r"channel must be 0 to 2, got 3"):
        import_scan(path, channel=3)


def array_of(signal, tmp_path, *, starts_ns=(0.0, 0.0, 0.0), name="array.dzt"):
    """Three channels whose headers tell different time zeros, with marks in the first."""
    frames = np.stack([signal, 2 * signal, 3 * signal], axis=1)
    frames[:, 0, 1] = 0
    frames[[4, 14, 24], 0, 1] = 59392 - 32768
    content = bytearray(dzt(frames, channels=3, data=3))
    for channel, start_ns in enumerate(starts_ns):
        struct.pack_into("<f", content, 1024 * channel + 22, start_ns)
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


def test_all_channels_are_lines_side_by_side(signal, tmp_path):
    path = array_of(signal, tmp_path, starts_ns=(-2.0, -2.0, -2.0 - 3.5 * 10.0 / 64))
    scan = import_scan(path, channel_offsets_m=[-0.3, 0.0, 0.3], trace_spacing_m=0.05)
    gpr = scan.gpr
    assert np.array_equal(gpr.channel, np.repeat([0, 1, 2], 30))
    assert (np.diff(gpr.time_s) > 0.0).all()  # one after another, as the lines of an area
    at = scan.pose.position_m.reshape(3, 30, 3)
    assert pytest.approx(np.tile([-0.3, 0.0, 0.3], (30, 1))) == at[:, :, 1].T
    assert np.diff(at[:, :, 0]) == pytest.approx(0.05)
    # the third channel began 3.5 samples earlier: its samples are moved to the times of the others
    assert gpr.sample_time_s[0] == pytest.approx(-2e-9 + 5 * 10e-9 / 64)
    assert np.array_equal(gpr.data[30:60], 2.0 * signal[:, 5 : 5 + gpr.data.shape[1]])
    assert gpr.sample_time_s.size == 59 - 4
    one = import_scan(path, channel=1, trace_spacing_m=0.05)
    assert scan.sha256 not in {one.sha256, import_scan(path, channel_offsets_m=[0, 0, 0.3]).sha256}
    assert '"offset_m": 0.3' in scan.imported["lines"]
    write_scan(scan, tmp_path / "array.h5")
    assert read_scan(tmp_path / "array.h5").faults == ()


def test_channels_beside_a_track_of_a_receiver(signal, tmp_path):
    """What stands to the left of a track to the north lies west of it; the file of positions names its traces."""
    path = array_of(signal, tmp_path)
    fixes = []
    for trace in range(0, 30, 5):
        body = f"GPGGA,1200{trace:02d}.00,4530.{1000 * trace // 10:06d},N,00730.000000,E,4,9,1.0,250.0,M,48.0,M,,"
        fixes.append(f"$GSSIS,{trace},-1\n${body}")
    path.with_suffix(".dzg").write_text("\n".join(fixes))
    scan = import_scan(path, channel_offsets_m=[0.5, 0.0, -0.25], gnss=str(path.with_suffix(".dzg")))
    at = scan.pose.position_m.reshape(3, 6, 3)
    assert np.diff(at[:, :, 1]) == pytest.approx(0.926, rel=2e-3)
    assert pytest.approx(np.tile([-0.5, 0.0, 0.25], (6, 1)), abs=1e-6) == at[:, :, 0].T
    assert scan.pose.position_std_m.shape == (18, 3)
    assert scan.header.origin_wgs84[:2] == pytest.approx((45.5, 7.5))


@pytest.mark.parametrize(
    ("given", "message"),
    (
        (
            {"channel_offsets_m": [0.0, 0.1]},
            r"channel_offsets_m: got 2 numbers, expected one for each of 3 channels",
        ),
        ({"channel_offsets_m": "0,1,2"}, r"channel_offsets_m must be a list of metres to the left"),
        ({"channel_offsets_m": [0, 0, 99]}, r"channel_offsets_m must be a list of metres to the left"),
        ({"channel_offsets_m": [0, 0, 0], "channel": 1}, "give channel or channel_offsets_m, not both"),
        ({"channel": 2, "marker_samples": 1}, r"marker_samples must be 2 or more: sample 1 holds 3 marks"),
    ),
)
def test_what_is_asked_of_an_array_in_vain(signal, tmp_path, given, message):
    with pytest.raises(UsageError, match=rf"^array\.dzt: {message}"):
        import_scan(array_of(signal, tmp_path), **given)


def test_marks_are_told_and_are_no_data(signal, tmp_path):
    """Those in the first channel are of the whole instrument."""
    path = array_of(signal, tmp_path)
    scan = import_scan(path, channel=2)
    told = "3 marks in sample 1 (traces 4, 14, 24); mark_spacing_m would take the places from them."
    assert scan.header.notes.endswith(told)
    assert np.array_equal(scan.gpr.data, 3.0 * signal[:, 5:])
    by_marks = import_scan(path, channel=2, mark_spacing_m=1.0)
    assert by_marks.pose.position_m[[4, 14, 24], 0] == pytest.approx([0.0, 1.0, 2.0])
    assert by_marks.header.notes.endswith("they give the places.")


@pytest.mark.parametrize(
    ("bits", "usual", "other", "found"),
    ((8, 240, 232, 3), (16, 32768, 59392, 3), (16, 32768, 32767, 0), (8, 128, 129, 0), (16, 0, 25600, 3)),
)
def test_what_a_mark_is(bits, usual, other, found):
    """A signal that hardly moves has two neighbouring values, and no mark."""
    counts = np.full((30, 8), usual, {8: "u1", 16: "<u2"}[bits])
    counts[[3, 5, 9], 1] = other
    assert find_marks(counts).size == found


def test_markers_are_dropped_and_times_kept(made, signal):
    gpr = import_scan(made(signal), marker_samples=2).gpr
    assert np.array_equal(gpr.data, signal[:, 2:])
    assert gpr.sample_time_s[0] == pytest.approx(2 * 10e-9 / 64)
    with pytest.raises(UsageError, match="marker_samples must be 0 to 62, got 63"):
        import_scan(made(signal), marker_samples=63)


@pytest.mark.parametrize(("stated", "used"), ((-2.5, -2.5), (0.0, 0.0), (98.0, 0.0), (-11.0, 0.0), (np.nan, 0.0)))
def test_time_zero_of_the_header(made, signal, stated, used):
    """An internal delay of an old instrument is no time zero."""
    gpr = import_scan(made(signal, start_ns=stated), marker_samples=0, system_delay_s=1e-10).gpr
    assert gpr.sample_time_s[0] == pytest.approx(used * 1e-9)
    assert gpr.system_delay_s == 1e-10


def test_spacing_given_wins(made, signal):
    scan = import_scan(made(signal, per_s=0.0), trace_spacing_m=0.01)
    assert scan.pose.position_m[10, 0] == pytest.approx(0.1)
    assert scan.pose.time_s[10] == pytest.approx(0.2)
    with pytest.raises(UsageError, match="trace_spacing_m must be a positive number of metres, got 0"):
        import_scan(made(signal), trace_spacing_m=0)


def test_cut_off_trace_is_a_fault(made, signal):
    path = made(signal)
    path.write_bytes(path.read_bytes()[:-10])
    scan = import_scan(path)
    assert scan.gpr.data.shape == (29, 59)
    assert scan.faults[0].severity == "degraded"
    assert "118 of 128 bytes; dropped" in scan.faults[0].message


def test_dead_recording(made, signal):
    with pytest.raises(ScanError, match=r"^made\.dzt: no sensor works: all 30 soundings are zero$"):
        import_scan(made(0 * signal))


def test_header_alone(made, signal):
    path = made(signal)
    path.write_bytes(path.read_bytes()[:1050])
    with pytest.raises(
        ScanError, match=r"^made\.dzt: found 26 bytes after the header, expected at least one trace of"
    ):
        import_scan(path)


def test_range_that_makes_no_sense(made, signal):
    with pytest.raises(ScanError, match=r"^made\.dzt: header: found a range of -1 ns"):
        import_scan(made(signal, range_ns=-1.0))


def test_not_a_dzt_file(tmp_path):
    path = tmp_path / "fake.dzt"
    path.write_bytes(b"\0" * 4096)
    with pytest.raises(
        ScanError, match=r"^fake\.dzt: found 4096 bytes that begin with .* expected a GSSI DZT header"
    ):
        import_gssi(path)


def test_impossible_date_is_left_empty(made, signal):
    path = made(signal)
    content = bytearray(path.read_bytes())
    content[32:36] = b"\0\0\0\0"
    path.write_bytes(content)
    assert import_scan(path).header.created == ""


@pytest.mark.parametrize("value", ("abc", float("nan"), float("inf"), [1.0, 2.0], True, 1e30))
@pytest.mark.parametrize("option", ("height_m", "antenna_separation_m", "system_delay_s"))
def test_an_option_that_is_no_sensible_number_is_refused_by_its_name(made, signal, option, value):
    with pytest.raises(UsageError, match=rf"^\S+: {option} must be a number of [^\n]*got [^\n]*$"):
        import_scan(made(signal), **{option: value})


@pytest.mark.parametrize("value", ("abc", 1.5, True, [1]))
@pytest.mark.parametrize("option", ("marker_samples", "channel"))
def test_an_option_that_is_no_whole_number_is_refused_by_its_name(made, signal, option, value):
    with pytest.raises(UsageError, match=rf"^\S+: {option} must be a whole number, got "):
        import_scan(made(signal), **{option: value})


@pytest.mark.parametrize("size", (2, 4))
def test_a_file_whose_bytes_are_swapped_is_said_to_be(made, signal, size):
    path = made(signal)
    path.write_bytes(np.frombuffer(path.read_bytes(), f"<u{size}").byteswap().tobytes())
    with pytest.raises(
        ScanError, match=rf"^made\.dzt: found a GSSI DZT whose bytes are swapped by {size}, expected"
    ):
        import_scan(path)


@pytest.mark.parametrize("bits", (16, 32))
def test_samples_whose_bytes_are_swapped_are_no_signal(made, bits):
    smooth = np.rint(3000.0 * np.sin(0.2 * np.arange(64))) + np.arange(30)[:, None]
    path = made(smooth, bits)
    whole = path.read_bytes()
    turned = np.frombuffer(whole[1024:], f"<u{bits // 8}").byteswap().tobytes()
    assert import_scan(path).gpr.data.shape == (30, 59)
    path.write_bytes(whole[:1024] + turned)
    with pytest.raises(ScanError, match=r"^made\.dzt: found samples whose bytes are swapped"):
        import_scan(path)


@pytest.mark.parametrize("size", (10, 1000))
def test_less_than_a_header_is_said_to_be(made, signal, size):
    path = made(signal)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ScanError, match=rf"^made\.dzt: found {size} bytes of a GSSI DZT, whose header alone has"):
        import_scan(path)
