"""Every file that follows the format is read, whoever wrote it."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import h5py
import numpy as np
import pytest

from dualsense.io import _schema as schema
from dualsense.io import read_scan

SAMPLES = (
    "clutter_only",
    "pma_laterite",
    "pmn_sand",
    "pmn_sand_impulse",
    "pmn_wet",
    "ts50_casing",
    "ts50_deep",
)


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_read_without_a_fault(sample_dir, name):
    path = sample_dir / f"{name}.h5"
    scan = read_scan(path)
    assert scan.faults == ()
    assert scan.header.scan_id == name
    assert scan.header.source == "simulated"
    assert scan.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    with h5py.File(path) as file:
        assert np.array_equal(scan.gpr.data, file["/gpr/data"][:])
        assert np.array_equal(scan.emi.data, file["/emi/data"][:])
        assert np.array_equal(scan.pose.position_m, file["/pose/position"][:])
        assert scan.truth.scene["targets/shape"] == tuple(one.decode() for one in file["/truth/targets/shape"])
        assert np.array_equal(scan.truth.scene["dipoles/position"], file["/truth/dipoles/position"][:])
    assert scan.pose.position_std_m.shape == scan.pose.position_m.shape
    assert scan.truth.scene["dipoles/polarizability@units"] == "m3"
    assert len(scan.truth.label) == len(scan.truth.x_m)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_path_of_the_samples_is_in_the_schema(sample_dir, name):
    known = {one.path: one.units for one in vars(schema).values() if isinstance(one, schema.Field)}
    known |= {one.path: one.units for one in (*schema.TRUTH_NUMBERS.values(), *schema.TRUTH_TEXTS.values())}
    with h5py.File(sample_dir / f"{name}.h5") as file:
        paths = []
        file.visititems(lambda path, node: paths.append(f"/{path}") if isinstance(node, h5py.Dataset) else None)
        checked = [path for path in paths if not path.startswith("/truth")]
        assert checked
        for path in checked:
            assert known[path] in {"", file[path].attrs["units"]}


def test_version_is_in_the_changelog_and_readable():
    assert list(schema.CHANGELOG)[-1] == schema.FORMAT_VERSION
    assert int(schema.FORMAT_VERSION.split(".")[0]) in schema.MAJOR_VERSIONS


def test_what_others_left_in_import_costs_no_scan(scan_file):
    path = scan_file()
    with h5py.File(path, "a") as file:
        told = file.create_group("import")
        told.attrs["format"] = "gssi"
        told.attrs["channel"] = 2
        told.attrs["height_m"] = np.array([0.5])
        told.attrs["list"] = np.arange(4.0)
        told.attrs["of"] = file["pose"].ref
        told.attrs["nothing"] = h5py.Empty("f")
    assert read_scan(path).imported == {"format": "gssi", "channel": "2", "height_m": "0.5", "nothing": ""}


def test_types_and_defaults(scan_file):
    scan = read_scan(scan_file())
    assert scan.faults == ()
    assert scan.header.source == "unknown"
    assert scan.header.site is None
    assert scan.header.origin_wgs84 is None
    assert scan.truth is None
    assert scan.pose.orientation is None
    assert scan.pose.position_std_m is None
    assert (scan.gpr.modality, scan.emi.modality) == ("sfcw", "frequency")
    assert scan.gpr.data.dtype == np.complex64
    assert scan.emi.data.dtype == np.complex128
    assert scan.gpr.tx_position_m.tolist() == [[-0.05, 0.0, 0.0]]
    assert scan.gpr.channel.dtype == np.intp
    assert scan.gpr.sample_time_s is None
    assert scan.gpr.system_delay_s == 0.0
    assert scan.gpr.reference is None
    assert scan.emi.tx_turns.tolist() == [1.0]
    assert scan.emi.gate_time_s is None


@pytest.mark.parametrize("sensor", ("gpr", "emi"))
def test_one_sensor_alone_is_a_scan(scan_file, sensor):
    scan = read_scan(scan_file(gpr=sensor == "gpr", emi=sensor == "emi"))
    assert (scan.gpr is None, scan.emi is None) == (sensor != "gpr", sensor != "emi")
    assert scan.faults == ()


def test_optional_parts(scan_file, edit):
    turned = np.tile([np.cos(0.1), 0.0, 0.0, np.sin(0.1)], (400, 1))

    def add(file):
        file.attrs["origin_wgs84"] = [13.1, 103.2, 25.0, 47.0]
        file.attrs["source"], file.attrs["site"], file.attrs["operator"] = "recorded", "Siem Reap", "ស្រី"
        file.attrs["notes"] = "wet\nafter rain"
        edit.put(file, "/pose/orientation", turned)
        edit.put(file, "/pose/position_std", np.full((400, 3), 0.01), "m")
        edit.put(file, "/gpr/reference", np.arange(1, 22) * (1 + 1j))
        file["/gpr"].attrs["system_delay"] = 1.3e-9
        file["/gpr"].attrs["polarisation"] = "y"
        file["/emi"].attrs["tx_turns"], file["/emi"].attrs["rx_turns"] = 20, 40
        edit.truth(file)
        file["/truth"].attrs["relative_permittivity"] = 4.0

    scan = read_scan(scan_file(add))
    assert scan.faults == ()
    assert scan.header.origin_wgs84 == (13.1, 103.2, 25.0, 47.0)
    assert (scan.header.source, scan.header.site, scan.header.operator) == ("recorded", "Siem Reap", "ស្រី")
    assert scan.header.notes == "wet\nafter rain"
    assert np.allclose(scan.pose.orientation, turned, rtol=0, atol=1e-15)
    assert scan.pose.position_std_m[5].tolist() == [0.01, 0.01, 0.01]
    assert scan.gpr.reference[2] == 3 + 3j
    assert scan.gpr.system_delay_s == 1.3e-9
    assert scan.gpr.polarisation == "y"
    assert (scan.emi.tx_turns.tolist(), scan.emi.rx_turns.tolist()) == ([20.0], [40.0])
    assert (scan.truth.label, scan.truth.model) == (("mine", "rock"), ("PMN", ""))
    assert scan.truth.scene == {"relative_permittivity": 4.0}


def test_pulse_detector(scan_file, edit):
    path = scan_file(edit.pulse)
    emi = read_scan(path).emi
    assert emi.modality == "pulse"
    assert emi.frequency_hz is None
    assert emi.gate_time_s.shape == (4, 2)
    assert emi.data.dtype == np.float64


def test_real_values_over_frequencies(scan_file, edit):
    def amplitudes(file):
        edit.put(file, "/emi/data", np.abs(file["/emi/data"][:]))

    scan = read_scan(scan_file(amplitudes))
    assert scan.emi.data.dtype == np.float64
    assert scan.faults == ()


@pytest.mark.parametrize("dtype", ("f4", "f8", ">f4", "f2"))
def test_impulse_traces(scan_file, edit, dtype):
    traces = np.random.default_rng(0).normal(size=(120, 21)).astype(dtype)
    gpr = read_scan(scan_file(lambda file: edit.impulse(file, traces))).gpr
    assert gpr.modality == "impulse"
    assert gpr.frequency_hz is None
    assert gpr.sample_time_s[1] == 5e-11
    assert gpr.data.dtype == np.float64
    assert np.array_equal(gpr.data, traces)


@pytest.mark.parametrize("dtype", ("i2", "i4", ">i2", "u2", "i1", "i8"))
def test_integer_traces_are_scaled(scan_file, edit, dtype):
    counts = np.random.default_rng(0).integers(0, 120, (120, 21)).astype(dtype)
    reference = np.arange(21, dtype=dtype)

    def integers(file):
        edit.impulse(file, counts, scale=0.25, offset=-3.0)
        edit.put(file, "/gpr/reference", reference)

    gpr = read_scan(scan_file(integers)).gpr
    assert np.array_equal(gpr.data, counts * 0.25 - 3.0)
    assert np.array_equal(gpr.reference, reference * 0.25 - 3.0)


def test_reference_of_integers_with_its_own_scale(scan_file, edit):
    def integers(file):
        edit.impulse(file, np.arange(2520, dtype="i4").reshape(120, 21), scale=0.25, offset=-3.0)
        edit.put(file, "/gpr/reference", np.arange(21)).attrs.update(scale=2.0, offset=1.0)

    assert read_scan(scan_file(integers)).gpr.reference[3] == 7.0


def test_quiet_samples_before_the_direct_wave_are_no_fault(scan_file, edit):
    traces = np.random.default_rng(0).normal(size=(120, 21))
    traces[:, :6] = 0.0
    scan = read_scan(scan_file(lambda file: edit.impulse(file, traces)))
    assert scan.faults == ()
    assert np.array_equal(scan.gpr.data, traces)


def test_array_head(scan_file, edit):
    def head(file):
        edit.array_head(file, channels=3)
        file["/emi"].attrs["tx_radius"] = [0.1, 0.2, 0.3]
        file["/gpr"].attrs["tx_position"] = [0.0, 0.0, 0.1]

    scan = read_scan(scan_file(head))
    assert scan.faults == ()
    assert scan.gpr.channel[:4].tolist() == [0, 1, 2, 0]
    assert scan.gpr.rx_position_m.shape == (3, 3)
    assert scan.gpr.tx_position_m.tolist() == [[0.0, 0.0, 0.1]] * 3
    assert scan.emi.tx_radius_m.tolist() == [0.1, 0.2, 0.3]
    assert scan.emi.rx_radius_m.tolist() == [0.08] * 3
    assert scan.emi.rx_turns.tolist() == [1.0] * 3


def test_induction_frequencies_in_any_order(scan_file, edit):
    plain = read_scan(scan_file()).emi

    def mixed(file):
        order = [2, 0, 1]
        edit.put(file, "/emi/frequency", file["/emi/frequency"][:][order])
        edit.put(file, "/emi/data", file["/emi/data"][:][:, order])

    found = read_scan(scan_file(mixed, name="mixed.h5")).emi
    assert np.array_equal(found.frequency_hz, plain.frequency_hz)
    assert np.array_equal(found.data, plain.data)


def test_newer_minor_version_and_unknown_parts_are_ignored(scan_file, edit):
    def extend(file):
        file.attrs["format_version"] = "1.7"
        file.attrs["firmware"] = h5py.Empty("f4")
        file["/gpr"].attrs["temperature"] = [20.0, 21.0]
        edit.put(file, "/magnetometer/data", np.ones(5), None)
        file["/gpr"].create_group("calibration")["table"] = np.zeros(3)
        file["/emi/away"] = h5py.ExternalLink("elsewhere.h5", "/data")

    scan = read_scan(scan_file(extend))
    assert scan.faults == ()
    assert scan.header.format_version == "1.7"


# Files of other tools


def test_what_matlab_writes(scan_file, edit):
    plain = read_scan(scan_file())
    pair = np.dtype([("real", "f4"), ("imag", "f4")])

    def matlab(file):
        for owner in ("/", "/gpr", "/emi"):
            for name, value in list(file[owner].attrs.items()):
                fixed = np.bytes_(value.encode() + b"\0 ") if isinstance(value, str) else np.atleast_2d(value)
                file[owner].attrs[name] = fixed
        file["/gpr"].attrs["tx_position"] = np.array([[-0.05], [0.0], [0.0]])
        file.attrs["scan_id"] = np.array([b"lane-7"])
        for path in ("/pose/time", "/gpr/time", "/gpr/frequency", "/emi/time", "/emi/frequency"):
            edit.put(file, path, file[path][:].reshape(1, -1))
        stored = file["/gpr/data"][:]
        records = np.zeros(stored.shape, pair)
        records["real"], records["imag"] = stored.real, stored.imag
        edit.put(file, "/gpr/data", records)
        edit.put(file, "/gpr/channel", np.zeros((120, 1)))

    scan = read_scan(scan_file(matlab, name="matlab.h5"))
    assert scan.faults == ()
    assert scan.header == plain.header
    assert scan.gpr.data.dtype == np.complex64
    for sensor, names in (
        ("gpr", ("time_s", "data", "frequency_hz", "tx_position_m")),
        ("emi", ("time_s", "data")),
    ):
        for name in names:
            assert np.array_equal(getattr(getattr(scan, sensor), name), getattr(getattr(plain, sensor), name))


@pytest.mark.parametrize(
    ("names", "dtype", "expected"),
    (
        (("r", "i"), "f4", np.complex64),
        (("r", "i"), "f8", np.complex128),
        (("imag", "real"), "f8", np.complex128),
        (("Re", "Im"), ">f4", np.complex64),
        (("real", "imag"), "i4", np.complex128),
    ),
)
def test_complex_numbers_as_records(scan_file, edit, names, dtype, expected):
    values = np.random.default_rng(0).integers(-99, 99, (120, 21)) + 1j * np.arange(1, 22)
    records = np.zeros(values.shape, [(name, dtype) for name in names])
    for name in names:
        records[name] = values.imag if name.lower().startswith("i") else values.real
    # the imaginary part is the same in every sounding, and the real part is not: no fault
    scan = read_scan(scan_file(lambda file: edit.put(file, "/gpr/data", records)))
    assert scan.gpr.data.dtype == expected
    assert np.array_equal(scan.gpr.data, values)
    assert scan.faults == ()


@pytest.mark.parametrize("dtype", ("c8", "c16", ">c8", ">c16"))
def test_complex_precision_and_byte_order(scan_file, edit, dtype):
    path = scan_file(lambda file: edit.put(file, "/gpr/data", file["/gpr/data"][:].astype(dtype)))
    data = read_scan(path).gpr.data
    assert data.dtype == np.dtype(dtype).newbyteorder("=")
    assert data.dtype.isnative
    assert np.array_equal(data, read_scan(scan_file(name="plain.h5")).gpr.data)


@pytest.mark.parametrize(
    "options",
    (
        {"chunks": (7, 5), "compression": "gzip", "compression_opts": 9},
        {"chunks": (120, 21), "compression": "lzf", "shuffle": True},
        {"chunks": (50, 21), "fletcher32": True},
        {"chunks": (60, 21), "maxshape": (None, 21)},
    ),
)
def test_storage_does_not_matter(scan_file, edit, options):
    plain = read_scan(scan_file())
    stored = scan_file(lambda file: edit.put(file, "/gpr/data", file["/gpr/data"][:], **options), name="stored.h5")
    assert np.array_equal(read_scan(stored).gpr.data, plain.gpr.data)


@pytest.mark.parametrize("dtype", ("i4", "u2", "f4", ">f8", "f2"))
def test_axes_of_any_numeric_type(scan_file, edit, dtype):
    path = scan_file(
        lambda file: edit.put(file, "/gpr/time", np.arange(120).astype(dtype) / np.dtype(dtype).type(1))
    )
    time = read_scan(path).gpr.time_s
    assert time.dtype == np.float64
    assert np.array_equal(time, np.arange(120.0))


def test_units_may_be_absent_or_spelled_out(scan_file):
    def spell(file):
        del file["/gpr/time"].attrs["units"]
        file["/emi/time"].attrs["units"] = np.bytes_(b"seconds")
        file["/pose/position"].attrs["units"] = "metres"
        file["/emi/data"].attrs["units"] = "V"

    assert read_scan(scan_file(spell)).faults == ()


def test_soft_links_inside_the_file(scan_file):
    def link(file):
        file.move("/gpr/data", "/raw")
        file["/gpr/data"] = h5py.SoftLink("/alias")
        file["/alias"] = h5py.SoftLink("raw")

    assert read_scan(scan_file(link)).faults == ()


def test_user_block(scan_file, tmp_path):
    path = tmp_path / "block.h5"
    with h5py.File(scan_file()) as source, h5py.File(path, "w", userblock_size=512) as target:
        for name in source:
            source.copy(name, target)
        target.attrs.update(source.attrs)
    assert read_scan(path).header.scan_id == "lane-7"


@pytest.mark.parametrize("shape", ((300,), (1, 300), (300, 1)))
def test_one_frequency_as_a_line(scan_file, edit, shape):
    def single(file):
        edit.put(file, "/emi/frequency", 9600.0)
        edit.put(file, "/emi/data", file["/emi/data"][:, 1].reshape(shape))

    assert read_scan(scan_file(single)).emi.data.shape == (300, 1)


def test_control_characters_do_not_reach_the_header(scan_file):
    def spoil(file):
        file.attrs["scan_id"] = "lane\n7\x1b[2J"
        file.attrs["notes"] = "two\nlines"

    header = read_scan(scan_file(spoil)).header
    assert header.scan_id == "lane 7 [2J"
    assert header.notes == "two\nlines"


def test_text_that_is_not_utf8(scan_file):
    scan = read_scan(scan_file(lambda file: file.attrs.__setitem__("operator", np.bytes_(b"Jos\xe9"))))
    assert scan.header.operator == "Jos\N{REPLACEMENT CHARACTER}"


def test_quaternions_rounded_to_single_precision_become_unit(scan_file, edit):
    turns = np.random.default_rng(5).normal(size=(400, 4))
    turns /= np.linalg.norm(turns, axis=1, keepdims=True)
    path = scan_file(lambda file: edit.put(file, "/pose/orientation", (1.009 * turns).astype("f4")))
    found = read_scan(path).pose.orientation
    assert np.allclose(np.linalg.norm(found, axis=1), 1.0, rtol=0, atol=1e-14)
    assert np.allclose(found, turns, rtol=0, atol=1e-6)


# The summary


@pytest.mark.parametrize("name", SAMPLES)
def test_summary_is_the_scan_without_its_data(sample_dir, name):
    whole, summary = read_scan(sample_dir / f"{name}.h5"), read_scan(sample_dir / f"{name}.h5", with_data=False)
    assert summary.sha256 == ""
    assert summary.header == whole.header
    for sensor in ("gpr", "emi"):
        ours, theirs = getattr(summary, sensor), getattr(whole, sensor)
        assert ours.data.shape == theirs.data.shape
        assert ours.data.dtype == theirs.data.dtype
        assert ours.data.strides == (0, 0)
        assert np.isnan(ours.data).all()
        assert np.array_equal(ours.time_s, theirs.time_s)


def test_summary_reads_no_bulk_data(scan_file, edit):
    """A checksum that is wrong is only noticed by who reads the data."""
    path = scan_file(
        lambda file: edit.put(file, "/gpr/data", file["/gpr/data"][:], chunks=(120, 21), fletcher32=True)
    )
    with h5py.File(path) as file:
        place = file["/gpr/data"].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[place + 100] ^= 0xFF
    path.write_bytes(content)
    assert read_scan(path, with_data=False).gpr.data.shape == (120, 21)
    with pytest.raises(Exception, match="/gpr/data: cannot be read, the file is damaged"):
        read_scan(path)


def test_package_is_light_until_a_scan_is_read():
    code = "import sys, dualsense.io; sys.exit('h5py' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
