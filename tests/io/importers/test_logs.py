"""ROS bags and MCAP, written by packages of others, and read back; cut, spoilt and hostile ones."""

from __future__ import annotations

import json
import sqlite3
import struct
import sys
from contextlib import suppress
from functools import cache

import numpy as np
import pytest
from benchmarks.io.logs import STREAMS
from click.testing import CliRunner

from dualsense.cli import cli
from dualsense.errors import ScanError
from dualsense.io import import_log, import_scan, read_scan
from dualsense.io._importers.logs import budget
from dualsense.io._importers.logs.definitions import definitions_of
from dualsense.io._importers.logs.fields import value_at

rosbags = pytest.importorskip("rosbags")
pytest.importorskip("mcap")

COUNT, SAMPLES, BEGIN_S = 24, 16, 1_790_000_000
METAL = "std_msgs/Header header\nuint8 LIMIT=3\nCoil[2] coils\nstring<=20 note\n"
COIL = "float64 re\nfloat64[] im  # one\n"
MAP = (
    """
instrument = "Cart 7"
[pose]
topic = "/tracker"
[gpr]
topic = "/radar"
modality = "impulse"
data = "data"
"""
    + STREAMS
)


@pytest.fixture(scope="module")
def truth():
    rng = np.random.default_rng(4)
    n = np.arange(COUNT)
    turned = np.column_stack([np.cos(0.02 * n), 0 * n, 0 * n, np.sin(0.02 * n)])
    return {
        "time_ns": (BEGIN_S * 10**9 + 100_000_000 * n).tolist(),
        "place": np.column_stack([0.03 * n, 0.1 + 0 * n, 0.05 + 0.001 * n]),
        "turned": turned,
        "trace": rng.normal(size=(COUNT, SAMPLES)).astype(np.float32),
        "metal": rng.normal(size=(COUNT, 2)) + 1j * rng.normal(size=(COUNT, 2)),
    }


def messages(store, truth, *, ros1):
    """Topics with their types, and the messages on them: stamps, and the recorder half a second late."""
    types = store.types
    time, head = types["builtin_interfaces/msg/Time"], types["std_msgs/msg/Header"]
    point, turn = types["geometry_msgs/msg/Point"], types["geometry_msgs/msg/Quaternion"]
    pose, stamped = types["geometry_msgs/msg/Pose"], types["geometry_msgs/msg/PoseStamped"]
    layout, array = types["std_msgs/msg/MultiArrayLayout"], types["std_msgs/msg/Float32MultiArray"]
    coil, metal = types["lab_msgs/msg/Coil"], types["lab_msgs/msg/Metal"]
    for k, at_ns in enumerate(truth["time_ns"]):
        stamp = time(sec=at_ns // 10**9, nanosec=at_ns % 10**9)
        header = head(seq=k, stamp=stamp, frame_id="local") if ros1 else head(stamp=stamp, frame_id="local")
        w, x, y, z = truth["turned"][k]
        at = pose(position=point(*truth["place"][k]), orientation=turn(x=x, y=y, z=z, w=w))
        coils = [coil(re=1e3 * one.real, im=np.array([1e3 * one.imag])) for one in truth["metal"][k]]
        yield "/tracker", at_ns + 7, stamped(header=header, pose=at)
        yield "/radar", at_ns + 500_000_000, array(layout=layout(dim=[], data_offset=0), data=truth["trace"][k])
        yield "/metal", at_ns + 9, metal(header=header, coils=coils, note="an odd length"[: k % 9])


@cache
def typestore(name):
    from rosbags.typesys import Stores, get_types_from_msg, get_typestore

    store = get_typestore(Stores[name])
    store.register(get_types_from_msg(COIL, "lab_msgs/msg/Coil") | get_types_from_msg(METAL, "lab_msgs/msg/Metal"))
    return store


def write_bag1(path, truth, packed=None):
    from rosbags.rosbag1 import Writer

    store = typestore("ROS1_NOETIC")
    writer = Writer(path)
    if packed:
        writer.set_compression(Writer.CompressionFormat[packed])
    with writer:
        topics = {}
        for topic, at_ns, one in messages(store, truth, ros1=True):
            if topic not in topics:
                topics[topic] = writer.add_connection(topic, one.__msgtype__, typestore=store)
            writer.write(topics[topic], at_ns, store.serialize_ros1(one, one.__msgtype__))
    return path


def write_bag2(folder, truth, plugin):
    from rosbags.rosbag2 import StoragePlugin, Writer

    store = typestore("ROS2_HUMBLE")
    with Writer(folder, version=9, storage_plugin=StoragePlugin[plugin]) as writer:
        topics = {}
        for topic, at_ns, one in messages(store, truth, ros1=False):
            if topic not in topics:
                topics[topic] = writer.add_connection(topic, one.__msgtype__, typestore=store)
            writer.write(topics[topic], at_ns, store.serialize_cdr(one, one.__msgtype__))
    return next(one for one in sorted(folder.iterdir()) if one.suffix in {".db3", ".mcap"})


def write_json(path, truth, packed="ZSTD"):
    """An MCAP log of JSON messages, as tools that are not of ROS write them."""
    from mcap.writer import CompressionType, Writer

    with path.open("wb") as stream:
        writer = Writer(stream, compression=CompressionType[packed], chunk_size=2000)
        writer.start()
        schema = writer.register_schema("any", "jsonschema", b"{}")
        topics = {one: writer.register_channel(one, "json", schema) for one in ("/tracker", "/radar", "/metal")}
        for k, at_ns in enumerate(truth["time_ns"]):
            w, x, y, z = truth["turned"][k]
            stamp = {"sec": at_ns // 10**9, "nsec": at_ns % 10**9}
            place = dict(zip("xyz", truth["place"][k], strict=True))
            pose = {"position": place, "orientation": {"x": x, "y": y, "z": z, "w": w}}
            coils = [{"re": 1e3 * one.real, "im": [1e3 * one.imag]} for one in truth["metal"][k]]
            for topic, late_ns, one in (
                ("/tracker", 7, {"stamp": stamp, "pose": pose}),
                ("/radar", 500_000_000, {"data": truth["trace"][k].tolist()}),
                ("/metal", 9, {"stamp": stamp, "coils": coils}),
            ):
                data = json.dumps(one).encode()
                writer.add_message(topics[topic], at_ns + late_ns, data, at_ns + late_ns)
        writer.finish()
    return path


@pytest.fixture(scope="module")
def folder(truth, tmp_path_factory):
    """One log of each kind, and the map."""
    folder = tmp_path_factory.mktemp("logs")
    (folder / "map.toml").write_text(MAP)
    usual = 'topic = "/tracker"\nposition = "pose.position"\norientation = "pose.orientation"'
    (folder / "json.toml").write_text(MAP.replace('topic = "/tracker"', usual))
    write_bag1(folder / "plain.bag", truth)
    write_bag1(folder / "bz2.bag", truth, "BZ2")
    write_bag1(folder / "lz4.bag", truth, "LZ4")
    write_bag2(folder / "sqlite", truth, "SQLITE3").rename(folder / "run.db3")
    write_bag2(folder / "chunks", truth, "MCAP").rename(folder / "run.mcap")
    write_json(folder / "json.mcap", truth)
    return folder


KINDS = ("plain.bag", "bz2.bag", "lz4.bag", "run.db3", "run.mcap", "json.mcap")


def told(folder, name, content=None):
    """Import a log, or what it says now."""
    path = folder / name
    if content is not None:
        path = folder / f"spoilt{path.suffix}"
        path.write_bytes(content)
    return import_scan(path, map=str(folder / ("json.toml" if name == "json.mcap" else "map.toml")))


@pytest.mark.parametrize("kind", KINDS)
def test_both_sensors_and_the_track_come_in_on_one_clock(kind, folder, truth):
    scan = told(folder, kind)
    assert scan.faults == ()
    assert scan.header.instrument == "Cart 7"
    assert scan.pose.time_s == pytest.approx(0.1 * np.arange(COUNT), abs=1e-9)
    assert scan.pose.position_m == pytest.approx(truth["place"])
    assert scan.pose.orientation == pytest.approx(truth["turned"])
    assert np.array_equal(scan.gpr.data, truth["trace"].astype(float))
    assert scan.gpr.time_s == pytest.approx(scan.pose.time_s, abs=1e-9)  # the recorder's clock, half a second late
    assert scan.gpr.sample_time_s == pytest.approx(1e-9 + 5e-10 * np.arange(SAMPLES))
    assert scan.gpr.rx_position_m.tolist() == [[0.1, 0.0, 0.0]]
    assert scan.emi.data == pytest.approx(truth["metal"])
    assert scan.emi.time_s == pytest.approx(scan.pose.time_s, abs=1e-9)
    assert "/radar is timed by the recorder" in scan.header.notes


def test_a_log_becomes_a_scan_file_by_the_command_line(folder, tmp_path):
    words = ["import", str(folder / "run.mcap"), "--option", f"map={folder / 'map.toml'}"]
    ran = CliRunner().invoke(cli, [*words, "-o", str(tmp_path / "scan.h5"), "--no-isolated"])
    assert ran.exit_code == 0, ran.output
    found, straight = read_scan(tmp_path / "scan.h5"), told(folder, "run.mcap")
    assert np.array_equal(found.gpr.data, straight.gpr.data)
    assert found.imported["format"] == "log"
    assert "map.toml" in found.imported["options"]


def test_without_a_map_the_topics_are_told(folder):
    with pytest.raises(
        ScanError, match=r"^run\.mcap: found the topics /metal \(lab_msgs/msg/Metal, 24\), /radar .*map="
    ):
        import_scan(folder / "run.mcap")
    (folder / "other.toml").write_text(MAP.replace('"/radar"', '"/rader"'))
    with pytest.raises(ScanError, match=r"^run\.db3: found the topics .*; expected /rader among them$"):
        import_scan(folder / "run.db3", map=str(folder / "other.toml"))


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_cut_or_spoilt_one_line_is_the_worst(kind, folder):
    whole = (folder / kind).read_bytes()
    for part in (0.999, 0.6, 0.1):
        with pytest.raises(ScanError, match=r"^spoilt\.\w+: (found a log that ends|damaged log|found the topics)"):
            told(folder, kind, whole[: int(part * len(whole))])
    rng = np.random.default_rng(1)
    for _ in range(12):
        spoilt = bytearray(whole)
        for at in rng.integers(16, len(spoilt), 8):
            spoilt[at] = rng.integers(256)
        with suppress(ScanError):
            told(folder, kind, bytes(spoilt))


@pytest.mark.parametrize("kind", ("lz4.bag", "json.mcap"))
def test_chunks_that_hold_more_than_they_tell_are_not_unpacked(kind, folder, monkeypatch):
    monkeypatch.setattr(budget, "MAX_CHUNK_BYTES", 1000)
    with pytest.raises(ScanError, match=r"damaged log: found a (chunk|record) of \d+ bytes"):
        told(folder, kind)
    log = budget.Log("x.mcap", frozenset())
    bomb = __import__("zstandard").compress(bytes(10**6))
    with pytest.raises(
        ScanError, match=r"^x\.mcap: damaged log: found a chunk that holds 11 bytes or more, where it"
    ):
        log.unpack(bomb, "zstd", 10)
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(ScanError, match=r"which need zstandard: pip install 'dualsense\[ros\]'"):
        log.unpack(bomb, "zstd", 10)


def test_a_topic_that_is_too_long_says_so(folder, monkeypatch):
    monkeypatch.setattr(budget, "MAX_KEPT_BYTES", 500)
    with pytest.raises(ScanError, match=r"found more than 500 bytes .*; cut the log into pieces"):
        told(folder, "plain.bag")


def test_all_files_of_a_bag_belong_to_it(folder, truth, tmp_path):
    """One file of three alone would be a sweep that ends in the middle."""
    for part in range(2):
        database = sqlite3.connect(tmp_path / f"run_{part}.db3")
        sqlite3.connect(folder / "run.db3").backup(database)
        half = truth["time_ns"][COUNT // 2]
        way = (">=", "<")[part]
        database.execute(f"DELETE FROM messages WHERE timestamp {way} ?", (half,))  # noqa: S608 - our own words
        database.commit()
        database.close()
    (tmp_path / "metadata.yaml").write_text("info:\n  relative_file_paths:\n    - run_0.db3\n    - run_1.db3\n")
    scan = import_scan(tmp_path / "run_1.db3", map=str(folder / "map.toml"))
    assert len(scan.gpr.data) == len(scan.pose.time_s) == COUNT
    (tmp_path / "run_0.db3").unlink()
    with pytest.raises(ScanError, match=r"metadata\.yaml tells of 2 files, found no run_0\.db3 beside it"):
        import_scan(tmp_path / "run_1.db3", map=str(folder / "map.toml"))


def test_databases_before_there_were_definitions(folder, tmp_path):
    """Common messages are known; others are named."""
    path = tmp_path / "old.db3"
    path.write_bytes((folder / "run.db3").read_bytes())
    database = sqlite3.connect(path)
    database.execute("DROP TABLE message_definitions")
    database.commit()
    database.close()
    with pytest.raises(ScanError, match=r"/metal: the log holds no definition of lab_msgs/msg/Metal"):
        import_scan(path, map=str(folder / "map.toml"))
    (folder / "radar.toml").write_text(MAP.partition("[emi]")[0])
    assert np.array_equal(
        import_scan(path, map=str(folder / "radar.toml")).gpr.data, told(folder, "run.db3").gpr.data
    )
    path.with_name("old.db3-wal").write_bytes(b"x")
    with pytest.raises(ScanError, match="ends in a journal beside it"):
        import_log(path, map=str(folder / "radar.toml"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    (
        ('data = "data"', 'data = "dat"', r"/radar: message 1: no 'dat' in it, it has layout, data"),
        ("count = 16", "count = 15", r"\[gpr\] sample_time_s: .* as many as there are values in a message, 16"),
        ('"coils[1].im"', '"coils[2].im"', r"/metal: message 1: no 'coils\[2\]\.im'"),
        ('real = "coils.re"', 'real = "note"', "/metal: message 1: note holds no numbers"),
        ('modality = "impulse"', 'modality = "sfcw"', r"\[gpr\] data: .* real and imag, or interleaved"),
        ("unit = 1e-3", "unit = 0", r"\[emi\] unit: found 0, expected a number to multiply with"),
        ("lag_s = 0.5", "lag_s = 1000.0", "/radar: found stamps that never meet those of the track"),
        ("lag_s = 0.5", 'stamp = "data"', "/radar: message 1: its stamp is no time"),
        ("lag_s = 0.5", "late_s = 0.5", r"^map\d*\.toml: \[gpr\]: found late_s, expected "),
        ('[pose]\ntopic = "/tracker"', "", r"^map\d*\.toml: found .*, expected \[pose\] topic"),
        ("count = 16}", 'count = 16}\nchannel = "data[0]"', r"\[gpr\] rx_position_m: .* one for each channel"),
        ("= [0.1, 0.0, 0.0]", "= [0.1]", r"\[gpr\] rx_position_m: found \[0\.1\], expected 3 finite numbers"),
        ("[2000.0, 9000.0]", "[2000.0]", r"\[emi\] real and imag: expected a list of 1 columns"),
    ),
)  # fmt: skip
def test_maps_that_do_not_fit_are_told_by_table_and_key(old, new, message, folder):
    assert old in MAP
    (folder / "map2.toml").write_text(MAP.replace(old, new))
    with pytest.raises(ScanError, match=message):
        import_scan(folder / "plain.bag", map=str(folder / "map2.toml"))


def fixes(path, rows):
    """Write a log of a satellite receiver beside a metal detector, in JSON."""
    from mcap.writer import CompressionType, Writer

    with path.open("wb") as stream:
        writer = Writer(stream, compression=CompressionType.NONE)
        writer.start()
        names = {"/fix": "sensor_msgs/msg/NavSatFix", "/gates": "any"}
        topics = {
            topic: writer.register_channel(topic, "json", writer.register_schema(kind, "jsonschema", b"{}"))
            for topic, kind in names.items()
        }
        for k, row in enumerate(rows):
            at_ns = BEGIN_S * 10**9 + 10**8 * k
            writer.add_message(topics["/fix"], at_ns, json.dumps(row).encode(), at_ns)
            gates = json.dumps({"stamp": BEGIN_S + 0.1 * (k // 2 * 2), "gates": [1.0 + k, 2.0 - k * k]}).encode()
            writer.add_message(topics["/gates"], at_ns, gates, at_ns)
        writer.finish()


def test_fixes_of_a_satellite_receiver_are_a_track(tmp_path):
    rows = [
        {"latitude": 45.5 + 1e-6 * k, "longitude": 7.5, "altitude": 250.0, "status": {"status": -(k == 4)},
         "position_covariance": [4e-4, 0, 0, 0, 4e-4, 0, 0, 0, 1e-2]}
        for k in range(20)
    ]  # fmt: skip
    fixes(tmp_path / "fix.mcap", rows)
    columns = 'modality = "pulse"\ngate_time_s = [[1e-5, 2e-5], [2e-5, 4e-5]]\ndata = "gates"'
    (tmp_path / "map.toml").write_text(
        f'[pose]\ntopic = "/fix"\nheight_m = 0.06\n[emi]\ntopic = "/gates"\n{columns}\n'
        "tx_radius_m = 0.1\nrx_radius_m = 0.1\n"
    )
    scan = import_scan(tmp_path / "fix.mcap", map=str(tmp_path / "map.toml"))
    assert scan.header.origin_wgs84 == pytest.approx((45.5, 7.5, 250.0, 90.0))
    assert len(scan.pose.time_s) == 19  # one had no fix
    assert np.diff(scan.pose.position_m[5:, 1]) == pytest.approx(0.1111, rel=1e-2)
    assert scan.pose.position_m[:, 2] == pytest.approx(0.06)
    assert scan.pose.position_std_m[0].tolist() == pytest.approx([0.02, 0.02, 0.1])
    assert scan.emi.data[:, 0].tolist() == [1.0 + 2 * k for k in range(10)]  # each moment once, the first of it
    assert "10 messages of /gates with the time of another were left out" in scan.header.notes


@pytest.mark.parametrize(
    ("text", "message"),
    (
        ("A a", "messages within messages without end"),
        ("int8", "expected a type and a name"),
        ("int8 __class__", "found the name '__class__'"),
        ("other_msgs/Thing x", "found no definition of other_msgs/Thing"),
        ("int8 x\n====\nIDL: b", "found 'IDL: b', expected MSG:"),
    ),
)
def test_definitions_that_are_none(text, message):
    with pytest.raises(ScanError, match=message):
        definitions_of("p/A", text, "x")


def test_lists_without_end_are_not_built():
    from dualsense.io._importers.logs.budget import Topic
    from dualsense.io._importers.logs.decode import SpoiltMessageError, decoder

    empty = "p/E[60000] a\n===\nMSG: p/E\np/F[60000] b\n===\nMSG: p/F\n"
    with pytest.raises(SpoiltMessageError, match="lists have"):
        decoder(Topic("/t", "p/A", "ros1", empty), "x")(b"")
    many = decoder(Topic("/t", "p/A", "ros1", "float64[] a"), "x")
    with pytest.raises(SpoiltMessageError, match="it ends after 4 bytes"):
        many(struct.pack("<I", 2**32 - 1))
    with pytest.raises(SpoiltMessageError, match="is no path"):
        value_at({}, "a..[b")
