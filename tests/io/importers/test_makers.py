"""Formats of many makers: real recordings, and made ones for round trips and damage."""

from __future__ import annotations

import struct
import warnings
from contextlib import suppress

import numpy as np
import pytest

from dualsense.errors import ScanError, UsageError
from dualsense.io import import_scan, read_scan, write_scan

TRACES, SAMPLES = 40, 64


@pytest.fixture(scope="module")
def signal():
    """Smooth traces, as radars' are."""
    rng = np.random.default_rng(0)
    raw = np.cumsum(rng.normal(0.0, 200.0, (TRACES, SAMPLES)), axis=1)
    return np.rint(raw).astype(np.int64)


# Makers' files of the signal


def mala(folder, signal, *, dtype="<i2", more="", end="rd3"):
    path = folder / f"line.{end}"
    path.write_bytes(signal.astype(dtype).tobytes())
    head = f"SAMPLES:{SAMPLES}\nFREQUENCY:2000.0\nDISTANCE FLAG:1\nDISTANCE INTERVAL: 0.02\n"
    path.with_suffix(".RAD").write_text(head + f"ANTENNA SEPARATION: 0.18\nTIMEWINDOW:32.0\n{more}")
    return path


def pulseekko(folder, signal, *, order="<", unit="m", points=SAMPLES, more=""):
    path, traces = folder / "line.DT1", []
    for n, row in enumerate(signal):
        head = np.zeros(32, f"{order}f4")
        head[:6] = n + 1, 0.02 * n, points, 0, 0, 2
        traces.append(head.tobytes() + row.astype(f"{order}i2").tobytes())
    path.write_bytes(b"".join(traces))
    path.with_suffix(".HD").write_text(
        f"1234\r\nMaker\r\n2026-03-09\r\nNUMBER OF PTS/TRC = {SAMPLES}\r\nTIMEZERO AT POINT = 4\r\n"
        f"TOTAL TIME WINDOW = 32.0\r\nPOSITION UNITS = {unit}\r\nANTENNA SEPARATION = 0.18\r\n{more}"
    )
    return path


def seismic(folder, signal, *, order=">", form=5, su=False, scale=-100, samples=SAMPLES, coordinates=True, unit=1):
    path, traces = folder / ("line.su" if su else "line.sgy"), []
    for n, row in enumerate(signal):
        head = bytearray(240)
        struct.pack_into(f"{order}i", head, 0, n + 1)
        struct.pack_into(f"{order}h", head, 70, scale)
        struct.pack_into(f"{order}ii", head, 72, 100 + 2 * n * coordinates, 700)
        struct.pack_into(f"{order}H", head, 88, unit)
        struct.pack_into(f"{order}HH", head, 114, samples, 500)
        body = ibm(row) if form == 1 else row.astype(f"{order}{ {2: 'i4', 3: 'i2', 5: 'f4'}[form] }").tobytes()
        traces.append(bytes(head) + body)
    text, binary = "C 1 MADE".ljust(3200).encode("cp500"), bytearray(400)
    struct.pack_into(f"{order}H", binary, 20, SAMPLES)
    struct.pack_into(f"{order}H", binary, 24, form)
    path.write_bytes((b"" if su else text + bytes(binary)) + b"".join(traces))
    return path


def ibm(row):
    """Whole numbers below 2**24 as IBM's floating point: the fraction is the number itself."""
    return np.where(row < 0, 0x80000000 | 0x46000000 | -row, 0x46000000 | row).astype(">u4").tobytes()


MADE = {
    "rd3": mala,
    "rd7": lambda folder, signal: mala(folder, signal, dtype="<i4", end="rd7"),
    "dt1": pulseekko,
    "segy": seismic,
    "segy-little": lambda folder, signal: seismic(folder, signal, order="<"),
    "segy-int16": lambda folder, signal: seismic(folder, signal, form=3),
    "segy-ibm": lambda folder, signal: seismic(folder, signal, form=1),
    "su": lambda folder, signal: seismic(folder, signal, su=True),
    "su-little": lambda folder, signal: seismic(folder, signal, su=True, order="<"),
}


@pytest.mark.parametrize("kind", MADE)
def test_samples_places_and_times_come_in_as_they_were(kind, signal, tmp_path):
    scan = import_scan(MADE[kind](tmp_path, signal))
    gpr = scan.gpr
    assert np.array_equal(gpr.data, signal)
    assert np.diff(gpr.sample_time_s) == pytest.approx(0.5e-9)
    assert scan.pose.position_m[:, 0] == pytest.approx(0.02 * np.arange(TRACES), abs=1e-6)
    assert (np.diff(gpr.time_s) > 0.0).all()
    start_s = -4 * 0.5e-9 + 0.18 / 299792458.0 if kind == "dt1" else 0.0
    assert gpr.sample_time_s[0] == pytest.approx(start_s)
    apart = float(np.linalg.norm(gpr.rx_position_m - gpr.tx_position_m))
    assert apart == pytest.approx(0.0 if "s" in kind else 0.18)
    write_scan(scan, tmp_path / "scan.h5")
    assert np.array_equal(read_scan(tmp_path / "scan.h5").gpr.data, gpr.data)


@pytest.mark.shared
def test_real_recordings_of_four_makers(shared_data):
    line = import_scan(shared_data / "matgpr" / "DAT_0097.rd3")
    assert line.gpr.data.shape == (645, 512)
    assert np.ptp(line.pose.position_m[:, 0]) == pytest.approx(644 * 0.047766)
    assert line.gpr.sample_time_s[-1] == pytest.approx(511 * 196.129843e-9 / 512)
    assert import_scan(shared_data / "matgpr" / "DAT_0097.rad").gpr.data.shape == (645, 512)
    trench = import_scan(shared_data / "matgpr" / "trench_and_pipes.su")
    raw = np.frombuffer((shared_data / "matgpr" / "trench_and_pipes.su").read_bytes(), "<f4").reshape(649, 977)
    assert np.array_equal(trench.gpr.data, raw[:, 60:].astype(float))
    assert np.diff(trench.gpr.sample_time_s) == pytest.approx(97.65625e-12)
    assert np.diff(trench.pose.position_m[:, 0]) == pytest.approx(0.04006163)
    echo = import_scan(shared_data / "gprpy" / "XLINE00.DT1")
    assert echo.gpr.data.shape == (531, 1500)
    assert np.ptp(echo.pose.position_m[:, 0]) == pytest.approx(1060 * 0.3048)
    assert echo.header.created == "2017-04-10"
    sphere, sand = (shared_data / "uniandes_gprmax" / f"{n}sphere_20cm_l2.out" for n in ("", "no"))
    one, other = import_scan(sphere), import_scan(sand)
    alone = import_scan(sphere, minus=str(sand))
    assert np.array_equal(alone.gpr.data, one.gpr.data - other.gpr.data)
    assert 0.0 < np.abs(alone.gpr.data).max() < 0.5 * np.abs(one.gpr.data).max()
    assert len({one.sha256, other.sha256, alone.sha256}) == 3


@pytest.mark.shared
def test_marks_of_a_real_recording_give_the_places(shared_data):
    """The file of its processing software names traces 194, 358, ...; counted from 1."""
    path = shared_data / "matgpr" / "testdata.dzt"
    marks = [int(line.split()[0]) for line in path.with_suffix(".mrk").read_text().splitlines() if line.strip()]
    scan = import_scan(path, mark_spacing_m=2.0)
    x = scan.pose.position_m[:, 0]
    assert x[np.array(marks) - 1] == pytest.approx(2.0 * np.arange(len(marks)), abs=1e-9)
    metre = import_scan(shared_data / "tu1208" / "400MHz-Limestone_2_rev.dzt", mark_spacing_m=1.0, first_mark=2)
    assert 1.0 / np.median(np.diff(metre.pose.position_m[:, 0])) == pytest.approx(58.0, abs=3.0)
    with pytest.raises(ScanError, match="found 27 marks, expected at least 2 from mark 26 on"):
        import_scan(shared_data / "tu1208" / "400MHz-Limestone_2_rev.dzt", mark_spacing_m=1.0, first_mark=26)


# Damage


@pytest.mark.parametrize(
    ("make", "message"),
    (
        (lambda d, s: pulseekko(d, s, order=">"), r"^line\.DT1: .* first trace, its bytes are swapped"),
        (lambda d, s: pulseekko(d, s, points=60), "found 60 points in the first trace, expected 64"),
        (lambda d, s: pulseekko(d, s, unit="furlong"), "POSITION UNITS: found 'furlong', expected m, ft or in"),
        (lambda d, s: mala(d, s, dtype=">i2"), r"^line\.rd3: found samples whose bytes are swapped"),
        (lambda d, s: mala(d, s, more="LAST TRACE:20\n"), "found 40 traces, expected 20 as its header tells"),
        (lambda d, s: pulseekko(d, s, more="NUMBER OF TRACES = 20\n"), "found 40 traces, expected 20 as its head"),
        (lambda d, s: mala(d, s[:1]), "found 1 traces of 64 samples, expected at least 2"),
        (lambda d, s: seismic(d, s, samples=63), r"trace 1: found 63 samples|no whole traces"),
        (lambda d, s: seismic(d, s, su=True, samples=63), r"^line\.su: found .* no whole traces in either order"),
        (lambda d, s: seismic(d, s, coordinates=False), "found no spacing of the traces"),
    ),
)  # fmt: skip
def test_damaged_files_say_what_is_wrong_in_one_line(make, message, signal, tmp_path):
    with pytest.raises(ScanError, match=message) as caught:
        import_scan(make(tmp_path, signal))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ("rd3", "dt1", "segy", "su-little"))
def test_whatever_is_in_a_file_one_error_is_the_worst(kind, signal, tmp_path):
    path, rng = MADE[kind](tmp_path, signal), np.random.default_rng(3)
    files = [path, *(one for one in tmp_path.iterdir() if one != path)]
    whole = [one.read_bytes() for one in files]
    for _ in range(25):
        for one, content in zip(files, whole, strict=True):
            spoilt = bytearray(content[: int(rng.integers(1, len(content) + 1))])
            for at in rng.integers(0, min(len(spoilt), 4000), 5):
                spoilt[at] = rng.integers(256)
            one.write_bytes(spoilt)
        with suppress(ScanError, UsageError):
            import_scan(path)


@pytest.mark.parametrize("kind", ("rd3", "dt1", "segy"))
def test_files_that_were_cut_off_keep_their_whole_traces(kind, signal, tmp_path):
    path = MADE[kind](tmp_path, signal)
    path.write_bytes(path.read_bytes()[:-30])
    scan = import_scan(path)
    assert len(scan.gpr.data) == TRACES - 1
    assert "gpr-file-cut-off" in [one.code for one in scan.faults]


@pytest.mark.parametrize(
    ("make", "more"), ((mala, "LAST TRACE:{}\n"), (pulseekko, "NUMBER OF TRACES = {}\n")), ids=("rd3", "dt1")
)
def test_files_that_end_with_a_whole_trace_say_that_others_are_missing(make, more, signal, tmp_path):
    for told, codes in ((TRACES + 9, ["gpr-file-cut-off"]), (TRACES, []), (TRACES + 1, []), (TRACES - 1, [])):
        scan = import_scan(make(tmp_path, signal, more=more.format(told)))
        assert len(scan.gpr.data) == TRACES
        assert [one.code for one in scan.faults] == codes


def test_a_header_without_its_traces_says_what_is_missing(signal, tmp_path):
    path = mala(tmp_path, signal)
    path.unlink()
    with pytest.raises(ScanError, match=r"^line\.RAD: found no line\.rd3 or line\.rd7 beside it"):
        import_scan(tmp_path / "line.RAD")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    (
        ("x.iprb", b"\0" * 500, "ImpulseRadar"),
        ("x.mat", b"MATLAB 5.0 MAT-file, made", "a MATLAB file"),
        ("x.s2p", b"# Hz S RI R 50\n", "one sweep of a network analyser"),
    ),
)
def test_what_is_known_and_not_read_is_told_by_its_name(name, content, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ScanError, match=rf"^{name}: found {message}"):
        import_scan(tmp_path / name)


@pytest.mark.parametrize(("unit", "angle"), ((2, "seconds of arc"), (3, "degrees"), (4, "degrees, minutes")))
def test_coordinates_that_are_angles_are_not_taken_for_metres(unit, angle, signal, tmp_path):
    path = seismic(tmp_path, signal, unit=unit)
    with pytest.raises(ScanError, match=rf"^line\.sgy: found coordinates in {angle}.*state trace_spacing_m"):
        import_scan(path)
    at = import_scan(path, trace_spacing_m=0.05).pose.position_m
    assert at[-1] == pytest.approx([0.05 * (TRACES - 1), 0.0, 0.0])


def test_numbers_that_are_none_leave_no_warning(signal, tmp_path):
    path = seismic(tmp_path, signal)
    content = bytearray(path.read_bytes())
    content[3600 + 240 : 3600 + 244] = b"\x7f\xa0\x00\x01"  # not a number, of the kind that signals
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scan = import_scan(path)
    assert np.isnan(scan.gpr.data[0, 0])


def test_a_separation_that_is_no_number_is_refused(signal, tmp_path):
    with pytest.raises(UsageError, match=r"^line\.DT1: antenna_separation_m must be a number of metres"):
        import_scan(pulseekko(tmp_path, signal), antenna_separation_m="x")


# Stepped frequencies


@pytest.mark.parametrize("form", ("RI", "MA", "DB"))
def test_sweeps_of_a_network_analyser(form, tmp_path):
    rng = np.random.default_rng(1)
    f = np.linspace(0.5, 3.0, 6)
    s21 = rng.normal(size=(4, 6)) + 1j * rng.normal(size=(4, 6))
    pairs = {
        "RI": (s21.real, s21.imag),
        "MA": (np.abs(s21), np.rad2deg(np.angle(s21))),
        "DB": (20.0 * np.log10(np.abs(s21)), np.rad2deg(np.angle(s21))),
    }[form]
    rows = ["file,x_m,y_m,z_m"]
    for n in range(4):
        lines = ["! made", f"# GHz S {form} R 50"]
        lines += [f"{f[k]} 0 0 {pairs[0][n, k]!r} {pairs[1][n, k]!r} 0 0 0 0" for k in range(6)]
        (tmp_path / f"{n}.s2p").write_text("\n".join(lines).replace("np.float64(", "").replace(")", ""))
        rows.append(f"{n}.s2p,{0.02 * n},0.1,0.05")
    (tmp_path / "series.csv").write_text("\n".join(rows[:-1]))
    scan = import_scan(tmp_path / "series.csv", reference="3.s2p")
    assert scan.gpr.data == pytest.approx(s21[:3])
    assert scan.gpr.reference == pytest.approx(s21[3])
    assert scan.gpr.frequency_hz == pytest.approx(1e9 * f)
    assert scan.pose.position_m == pytest.approx(
        np.array([[0.0, 0.1, 0.05], [0.02, 0.1, 0.05], [0.04, 0.1, 0.05]])
    )
    (tmp_path / "1.s2p").write_text("# GHz S RI R 50\n1 0 0 0 0 0 0 0\n")
    with pytest.raises(ScanError, match=r"^1\.s2p: found 8 numbers, expected 9 for each"):
        import_scan(tmp_path / "series.csv")


@pytest.mark.parametrize("axis", ("Frequency", "Time"))
def test_hdf5_of_a_laboratory_radar(axis, tmp_path):
    h5py = pytest.importorskip("h5py")
    rng = np.random.default_rng(2)
    data = rng.normal(size=(5, 12)) + (1j * rng.normal(size=(5, 12)) if axis == "Frequency" else 0.0)
    with h5py.File(tmp_path / "lab.h5", "w") as file:
        file["A-Scan"] = data.T
        file[axis] = np.linspace(1.0, 2.0, 12)
        file["Position"] = np.column_stack([np.arange(5.0), np.zeros(5)])
    unit = {"frequency_unit_hz": 1e9} if axis == "Frequency" else {"time_unit_s": 1e-9}
    scan = import_scan(tmp_path / "lab.h5", position_unit_m=0.01, height_m=0.2, **unit)
    assert np.array_equal(scan.gpr.data, data)
    assert scan.gpr.modality == ("sfcw" if axis == "Frequency" else "impulse")
    assert scan.pose.position_m[-1] == pytest.approx([0.04, 0.0, 0.2])
    with h5py.File(tmp_path / "lab.h5", "a") as file:
        del file["Position"]
        file["Position"] = np.zeros((4, 2))
    with pytest.raises(ScanError, match=r"^lab\.h5: /Position: found shape \(4, 2\), expected \(5, 2 or 3\)"):
        import_scan(tmp_path / "lab.h5")


def ascans(path, data, axis=None, key="Frequency"):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        file["A-Scan"] = data
        file[key] = np.linspace(1e9, 2e9, data.shape[1]) if axis is None else axis
        file["Position"] = np.column_stack([0.01 * np.arange(len(data)), np.zeros(len(data))])
    return path


@pytest.mark.parametrize("value", (-1, 0, "cm", True, float("nan")))
@pytest.mark.parametrize("option", ("position_unit_m", "frequency_unit_hz"))
def test_a_unit_that_is_no_positive_number_is_refused_by_its_name(option, value, tmp_path):
    path = ascans(tmp_path / "lab.h5", np.ones((4, 6)) * (1 + 1j))
    with pytest.raises(UsageError, match=rf"^lab\.h5: {option} must be a positive number"):
        import_scan(path, **{option: value})


@pytest.mark.parametrize(
    ("data", "axis", "message"),
    (
        (np.ones((4, 0)), np.zeros(0), "found 4 soundings of 0 values"),
        (np.zeros((4, 6), [("a", "S3"), ("b", "f8")]), None, "/A-Scan: found records"),
        (np.ones((4, 6)), np.linspace(0.0, 2e9, 6), "frequencies > 0"),
        (np.zeros((12, 6), complex), None, "no sensor works: .*zero"),
        (np.full((12, 6), 2 + 1j), None, "no sensor works: .*constant"),
    ),
)
def test_sweeps_that_say_nothing_are_refused(data, axis, message, tmp_path):
    with pytest.raises(ScanError, match=rf"^lab\.h5: .*{message}"):
        import_scan(ascans(tmp_path / "lab.h5", data, axis))


def test_sweeps_of_which_tones_are_missing_say_so(tmp_path):
    rng = np.random.default_rng(4)
    data = rng.normal(size=(12, 6)) + 1j * rng.normal(size=(12, 6))
    data[:8, 2] = np.nan
    scan = import_scan(ascans(tmp_path / "lab.h5", data))
    assert np.isnan(scan.gpr.data[:, 2]).all()
    assert np.array_equal(scan.gpr.data[:, 3:], data[:, 3:])
    assert [one.path for one in scan.faults] == ["lab.h5"]


# Metal


@pytest.fixture
def metal(tmp_path):
    rows = [f"{10 * n},{2.0 * n},5,{n + 0.5},{-n}" for n in range(20)]
    (tmp_path / "metal.csv").write_text("\n".join(["ms,east,north,i,q", *rows]))
    (tmp_path / "map.toml").write_text(
        '[columns]\ntime_s = "ms"\nx_m = "east"\ny_m = "north"\n[units]\ntime_s = 1e-3\nx_m = 0.01\ndata = 1e-6\n'
        '[emi]\nmodality = "frequency"\nfrequency_hz = [2000.0]\nreal = ["i"]\nimag = ["q"]\n'
        "tx_radius_m = 0.1\nrx_radius_m = 0.09\nheight_m = 0.04\n"
    )
    return tmp_path / "metal.csv", tmp_path / "map.toml"


def test_a_table_of_a_metal_detector(metal, tmp_path):
    table, columns = metal
    scan = import_scan(table, map=str(columns))
    n = np.arange(20)
    assert scan.emi.data[:, 0] == pytest.approx(1e-6 * (n + 0.5 - 1j * n))
    assert scan.emi.time_s == pytest.approx(0.01 * n)
    assert scan.pose.position_m[3] == pytest.approx([0.06, 5.0, 0.04])
    assert (scan.emi.tx_radius_m[0], scan.emi.rx_radius_m[0]) == (0.1, 0.09)
    write_scan(scan, tmp_path / "metal.h5")
    assert np.array_equal(read_scan(tmp_path / "metal.h5").emi.data, scan.emi.data)
    again = import_scan(table, map=str(columns))
    assert again.sha256 == scan.sha256
    with pytest.raises(ScanError, match=r"^metal\.csv: a table needs --option map=FILE\.toml"):
        import_scan(table)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    (
        ('imag = ["q"]', 'imag = ["Q"]', r"^metal\.csv: found the columns ms, .*, expected 'Q' among them"),
        ("tx_radius_m = 0.1", "", r"^map\.toml: \[emi\] tx_radius_m: found None"),
        ('"frequency"', '"sideways"', "expected frequency or pulse"),
        ("height_m", "high_m", r"\[emi\]: found high_m, expected"),
        (
            "height_m = 0.04",
            'height_m = "x"',
            r"^map\.toml: \[emi\] height_m: found 'x', expected a number of metres",
        ),
        (
            'time_s = "ms"',
            'time_s = ["ms"]',
            r"^metal\.csv: .*, expected \['ms'\] among them",
        ),
        ('["q"]', '[["q"]]', r"expected \['q'\] among them"),
        ("[2000.0]", "[0.0]", r"frequency_hz: found \[0\.0\], expected frequencies > 0"),
        ("[2000.0]", "[2e3, 1e3]", r"frequency_hz: .* expected frequencies > 0 that increase"),
        ("rx_radius_m = 0.09", "rx_radius_m = -0.09", r"rx_radius_m: found -0\.09, expected one number > 0"),
        ("rx_radius_m = 0.09", "rx_radius_m = [0.1, 0.1]", r"rx_radius_m: .* one number > 0, of one coil"),
        ("x_m = 0.01", "x_m = 0", r"\[units\] x_m: found 0, expected a number"),
    ),
)
def test_maps_of_columns_that_are_wrong(old, new, message, metal):
    table, columns = metal
    columns.write_text(columns.read_text().replace(old, new))
    with pytest.raises(ScanError, match=message):
        import_scan(table, map=str(columns))


# Tracks from elsewhere


def gga(second, north_minutes, *, trace=None, quality=4):
    body = f"GPGGA,1200{second:05.2f},4530.{north_minutes:06.0f},N,00730.000000,E,{quality},9,1.0,250.0,M,48.0,M,,"
    total = 0
    for letter in body:
        total ^= ord(letter)
    return f"{'' if trace is None else f'$GSSIS,{trace},-1' + chr(10)}${body}*{total:02X}"


def test_a_log_of_a_satellite_receiver_has_its_own_clock(signal, tmp_path):
    path = mala(tmp_path, signal)
    alone = import_scan(path)
    # a thousandth of a minute north is 1.852 m; one sentence with a wrong sum of bytes is passed over
    fixes = [gga(n, 1000 * n) for n in range(5)]
    (tmp_path / "log.nmea").write_text("\n".join([*fixes, gga(5, 9e5).replace("*", "*F") + "0"]))
    scan = import_scan(path, gnss=str(tmp_path / "log.nmea"), clock_s=43200.5, lag_s=0.25)
    assert scan.pose.time_s == pytest.approx(np.arange(5) - 0.75)
    assert np.diff(scan.pose.position_m[:, 1]) == pytest.approx(1.852, rel=2e-3)
    assert scan.pose.position_m[:, 0] == pytest.approx(0.0, abs=1e-6)
    assert scan.header.origin_wgs84 == pytest.approx((45.5, 7.5, 250.0, 90.0))
    assert scan.sha256 != alone.sha256
    named = "\n".join(gga(n, 1000 * n, trace=10 * n) for n in range(4))
    (tmp_path / "line.dzg").write_text(named)
    by_trace = import_scan(path, gnss=str(tmp_path / "line.dzg"))
    assert by_trace.pose.time_s == pytest.approx(alone.gpr.time_s[[0, 10, 20, 30]])
    from_one = [f"Trace #{10 * n + 1} at position 0.2\n{gga(n, 1000 * n)}" for n in range(4)]
    rows = [f'{10 * n + 1},{7 * n},{0.2 * n:f},{n}.5,"{gga(n, 1000 * n)}"' for n in range(4)]
    for log in (
        from_one,
        ["traces,odo_tick,pos(m),time_elapsed(s),GPS", *rows],
    ):  # GPS and GP2 of Sensors & Software
        (tmp_path / "line.gps").write_text("\n".join(log))
        found = import_scan(path, gnss=str(tmp_path / "line.gps")).pose
        assert found.time_s == pytest.approx(by_trace.pose.time_s)
        assert found.position_m == pytest.approx(by_trace.pose.position_m)


def test_fixes_before_the_first_trace_do_not_take_the_clock(signal, tmp_path):
    path, log = mala(tmp_path, signal), tmp_path / "line.dzg"
    alone = import_scan(path)
    named = [gga(n + 1, 1000 * n, trace=10 * n, quality=(4, 5, 1)[n]) for n in range(3)]
    log.write_text("\n".join([gga(0, 50000), *named]))
    pose = import_scan(path, gnss=str(log)).pose
    assert pose.time_s == pytest.approx(alone.gpr.time_s[[0, 10, 20]])
    assert pose.position_m[:, 1] == pytest.approx([0.0, 1.852, 3.704], rel=2e-3)
    assert pose.position_std_m[:, 0].tolist() == [0.02, 0.3, 2.5]
    with pytest.raises(UsageError, match=r"^line\.dzg: found places that name their traces.*lag_s$"):
        import_scan(path, gnss=str(log), lag_s=0.2)
    (tmp_path / "track.csv").write_text("trace,x_m,y_m\n0,1,2\n39,1,4\n")
    with pytest.raises(UsageError, match=r"^track\.csv: .* no use for clock_s"):
        import_scan(path, track=str(tmp_path / "track.csv"), clock_s=3.0)
    log.write_text("\n".join(gga(n, 1000 * n, trace=7) for n in range(3)))
    with pytest.raises(ScanError, match="fixes of one moment only"):
        import_scan(path, gnss=str(log))


@pytest.mark.parametrize(
    ("quality", "message"), ((6, "0 fixes"), (7, "fixes set by hand"), (8, "fixes of a simulator"))
)
def test_fixes_that_no_satellite_gave(quality, message, signal, tmp_path):
    log = tmp_path / "log.nmea"
    log.write_text("\n".join(gga(n, 1000 * n, quality=quality) for n in range(3)))
    with pytest.raises(ScanError, match=rf"^log\.nmea: found {message}"):
        import_scan(mala(tmp_path, signal), gnss=str(log))


def test_a_table_of_places(signal, tmp_path):
    path = mala(tmp_path, signal)
    (tmp_path / "track.csv").write_text("trace,x_m,y_m\n0,1,2\n39,1,4\n")
    scan = import_scan(path, track=str(tmp_path / "track.csv"))
    assert scan.pose.position_m == pytest.approx(np.array([[1.0, 2.0, 0.0], [1.0, 4.0, 0.0]]))
    assert scan.pose.time_s == pytest.approx(scan.gpr.time_s[[0, -1]])
    (tmp_path / "track.csv").write_text("trace,x_m\n0,1\n1,2\n")
    with pytest.raises(
        ScanError, match=r"^track\.csv: found trace, x_m, expected at least 2 rows of trace or time_s"
    ):
        import_scan(path, track=str(tmp_path / "track.csv"))
    with pytest.raises(UsageError, match="give track or gnss, not both"):
        import_scan(path, track="a", gnss="b")
