"""Logs whose messages or maps hold numbers that no recording has: one sentence is the worst that comes of them."""

from __future__ import annotations

import re
import struct

import numpy as np
import pytest
from benchmarks.io import logs, makers

from dualsense.errors import ScanError
from dualsense.io._importers.logs import bag2, fields

LOGS = dict(logs.recordings())
SOUNDING = re.compile(rb'\{"data": \[.*?\], "pair": 0\}')
TRACE = b'{"data": [%s], "pair": %s}'


def told(place, kind=b"mcap-json", *, log=None, about=logs.MAP):
    """Import a log, or say why not."""
    return makers.read(makers.joined(kind, (about, LOGS[kind][1] if log is None else log)), place)


def soundings(sample=b"2", pair=b"0"):
    """The log of JSON with every sounding of the radar replaced by one of the same length."""
    text = TRACE % (b",".join([b"1.5"] * (logs.SAMPLES - 1) + [sample]), pair)
    return SOUNDING.sub(lambda found: text.ljust(len(found[0])), LOGS[b"mcap-json"][1])


def timed(at_ns):
    """The log of JSON whose recorder gave each sounding of the radar such a time."""
    content = LOGS[b"mcap-json"][1]
    for k in range(logs.COUNT):
        own = struct.pack("<Q", logs.BEGIN_S * 10**9 + logs.STEP_NS * k + 500_000_000)
        content = content.replace(own, struct.pack("<Q", at_ns + k if k else at_ns))
    return content


def changed(table, key, value):
    """The map with one value of a table set."""
    head, rest = logs.MAP.decode().split(f"[{table}]\n")
    own, mark, after = rest.partition("[")
    while mark and not re.match(r"(pose|gpr|emi)\]", after):
        more, mark, after = after.partition("[")
        own += "[" + more
    own = re.sub(rf"(?m)^{key} = .*\n", "", own)
    return f"{head}[{table}]\n{key} = {value}\n{own}{mark}{after}".encode()


@pytest.mark.parametrize("kind", LOGS)
def test_every_kind_comes_in(kind, tmp_path):
    assert told(tmp_path, kind) is None


@pytest.mark.parametrize("pair", (b"[]", b"{}", b"[0, 0]"))
def test_a_channel_is_one_number(pair, tmp_path):
    with pytest.raises(ScanError, match=r"\[gpr\] channel: found 'pair', expected the path of one number, not of"):
        told(tmp_path, log=soundings(pair=pair))


@pytest.mark.parametrize(
    ("table", "key", "value", "expected"),
    (
        ("gpr", "channel", "[]", "the path of one number"),
        ("gpr", "channel", '["pair", "pair"]', "the path of one number"),
        ("gpr", "modality", "[]", "sfcw or impulse"),
        ("pose", "unit", "0", "a number to multiply with"),
    ),
)
def test_odd_values_of_a_map_are_refused_by_name(table, key, value, expected, tmp_path):
    with pytest.raises(ScanError, match=rf"^log\.toml: \[{table}\] {key}: found .*, expected {expected}$"):
        told(tmp_path, about=changed(table, key, value))


@pytest.mark.parametrize("at_ns", (2**64 - 100, 2**63 - 1, 2**62))
def test_times_that_no_clock_tells_are_refused(at_ns, tmp_path):
    with pytest.raises(ScanError, match=r"/radar: found times from \d+ to \d+ s by log, expected those of one"):
        told(tmp_path, log=timed(at_ns))


def test_one_stamp_that_was_never_filled_in_is_not_taken_for_fifty_years(tmp_path):
    stamp = b'{"stamp": {"sec": 1790000000, "nanosec": 300000000}, "place"'
    content = LOGS[b"mcap-json"][1]
    assert stamp in content
    with pytest.raises(ScanError, match=r"/pose: found times from 0 to 1790000001 s by stamp, expected those of"):
        told(tmp_path, log=content.replace(stamp, stamp.replace(b"1790000000", b"0         ")))


def test_what_is_no_number_in_single_precision_is_none_in_double_without_a_word():
    odd = np.array([0x7F800001], "<u4").tobytes()  # a NaN of the kind that signals

    def decode(_data):
        return {"data": np.frombuffer(odd, "<f4")}

    _, tables, _ = fields.rows_of([(1, b""), (2, b"")], decode, {"data": ["data"]}, stamp="log", where="x")
    assert np.isnan(tables["data"]).all()


def test_a_database_that_asks_for_too_much_memory_is_refused(tmp_path, monkeypatch):
    def without(*_):
        raise MemoryError

    monkeypatch.setattr(bag2, "_read", without)
    with pytest.raises(ScanError, match=r"^run\.db3: damaged log: .* \(it asks for too much memory\)$"):
        told(tmp_path, b"db3")
