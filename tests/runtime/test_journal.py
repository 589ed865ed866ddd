"""Journals: what was acknowledged is there, and what is torn spoils nothing else."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from dualsense.errors import DualsenseError, UsageError
from dualsense.runtime import journal
from dualsense.runtime.journal import append_entry, read_journal


def test_entries_come_back_in_their_order(tmp_path):
    path = tmp_path / "j.jsonl"
    assert read_journal(path) == ([], 0)
    entries = [{"n": n, "text": "ស្រុក\n\u2028"} for n in range(5)]
    assert all(append_entry(path, entry) for entry in entries)
    assert read_journal(path) == (entries, 0)


@pytest.mark.parametrize("torn", (b'{"n": ', b"\xff\xfe", b"[1]", b'{"n": 1}\n{'))
def test_a_torn_end_stands_alone(tmp_path, torn):
    path = tmp_path / "j.jsonl"
    append_entry(path, {"n": 0})
    with path.open("ab") as stream:
        stream.write(torn)
    append_entry(path, {"n": 2})
    entries, damaged = read_journal(path)
    assert [entry["n"] for entry in entries if entry["n"] != 1] == [0, 2]
    assert damaged == 1
    assert path.read_bytes().startswith(b'{"n":0}\n' + torn)


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_line_cut_anywhere_costs_only_itself(tmp_path, cut):
    path = tmp_path / "j.jsonl"
    append_entry(path, {"n": 0})
    append_entry(path, {"n": 1, "x": 2})
    os.truncate(path, path.stat().st_size - cut)
    append_entry(path, {"n": 3})
    assert [entry["n"] for entry in read_journal(path)[0]][::2][0] == 0
    assert read_journal(path)[0][-1] == {"n": 3}


def test_the_same_entry_is_written_once(tmp_path):
    path = tmp_path / "j.jsonl"
    assert append_entry(path, {"entry": "a"}, unique="entry")
    assert not append_entry(path, {"entry": "a", "later": 1}, unique="entry")
    assert read_journal(path)[0] == [{"entry": "a"}]


def test_many_writers_do_not_mix(tmp_path):
    path = tmp_path / "j.jsonl"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: append_entry(path, {"n": n, "fill": "x" * 500}), range(40)))
    assert sorted(json.loads(line)["n"] for line in path.read_text().splitlines()) == list(range(40))


def test_it_is_synced_before_it_is_acknowledged(tmp_path, monkeypatch):
    synced = []
    fsync = os.fsync
    monkeypatch.setattr(journal.os, "fsync", lambda file: synced.append(os.fstat(file).st_size) or fsync(file))
    append_entry(tmp_path / "j.jsonl", {"n": 0})
    assert synced[0] == len(b'{"n":0}\n')  # and then the folder, which holds the name
    assert len(synced) == 2


def test_links_and_floods_are_refused(tmp_path):
    (tmp_path / "else").write_text("kept")
    (tmp_path / "j.jsonl").symlink_to(tmp_path / "else")
    with pytest.raises(UsageError):
        append_entry(tmp_path / "j.jsonl", {})
    with pytest.raises(DualsenseError, match="too long"):
        append_entry(tmp_path / "k.jsonl", {"x": "y" * journal.MAX_ENTRY_BYTES})
    assert (tmp_path / "else").read_text() == "kept"
