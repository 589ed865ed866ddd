"""Files that are read as a whole: looked over first, whatever they hold."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from dualsense.errors import ScanError
from dualsense.runtime.heaps import look_at_heaps
from dualsense.runtime.toml import MAX_BYTES, MAX_DEPTH, TomlError, parse_toml, read_toml
from dualsense.runtime.untrusted import Allowance, odd_type, open_vetted


@pytest.fixture
def stored(tmp_path):
    """An HDF5 file that a function has filled."""

    def make(fill):
        path = tmp_path / "result.h5"
        with h5py.File(path, "w") as file:
            file["numbers"] = np.arange(5.0)
            file.attrs["format"] = "something"
            fill(file)
        return path

    return make


def _outside(file):
    file["away"] = h5py.ExternalLink("/etc/passwd", "/")


def _soft(file):
    file["soft"] = h5py.SoftLink("/numbers")


def _external(file):
    file.create_dataset("secret", (8,), "u1", external=[("/etc/hostname", 0, 8)])


def _virtual(file):
    layout = h5py.VirtualLayout((5,), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", (5,))
    file.create_virtual_dataset("virtual", layout)


def _large(file):
    file.create_dataset("deep/large", (2**27,), "f8", chunks=(2**20,))


def _chunks(file):
    file.create_dataset("chunks", (2**20,), "u1", chunks=(1,))


def _list(file):
    file.create_dataset("lists", (3,), h5py.vlen_dtype("i4"))


def _attribute(file):
    kind = h5py.h5t.vlen_create(h5py.h5t.NATIVE_INT32)
    h5py.h5a.create(file["numbers"].id, b"list", kind, h5py.h5s.create_simple((2,)))


def _pointer(file):
    file["numbers"].attrs.create("pointer", file.ref, dtype=h5py.ref_dtype)


def _inner(file):
    file.create_dataset("records", (3,), np.dtype([("a", "f8"), ("b", h5py.ref_dtype)]))


def _many(file):
    for number in range(1100):
        file.create_group(f"group_{number}")


def _deep(file):
    file.create_group("/".join("d" * 40))


def _texts(file):
    file["numbers"].attrs["long"] = "x" * 60_000
    file.create_dataset("texts", data=["y"] * 5000, dtype=h5py.string_dtype())


@pytest.mark.parametrize(
    ("fill", "cause"),
    (
        (_outside, "/away: found a link"),
        (_soft, "/soft: found a link"),
        (_external, "/secret: found data kept in other files"),
        (_virtual, "/virtual: found data kept in other files"),
        (_large, r"/deep/large: found shape \(134217728,\) of 8-byte elements"),
        (_chunks, "/chunks: found 1048576 chunks"),
        (_list, "/lists: found a list of varying length"),
        (_attribute, "/numbers@list: found a list of varying length"),
        (_pointer, "/numbers@pointer: found a reference"),
        (_inner, "/records: found a reference"),
        (_many, "/: found 1101 members"),
        (_deep, "groups deeper than 16"),
        (_texts, "/texts: found 5000 texts"),
    ),
)
def test_what_is_not_to_be_read_is_refused(stored, fill, cause):
    with pytest.raises(ScanError, match=f"^result.h5: .*{cause}"), open_vetted(stored(fill)):
        pass


def test_what_is_plain_passes(stored):
    def fill(file):
        file["group/texts"] = ["a", "b"]
        file["group/same"] = file["group"]  # a circle of hard links
        file["empty"] = h5py.Empty("f8")
        file.create_dataset("packed", data=np.zeros(10_000), compression="gzip")
        file["group"].attrs["flag"] = True
        file["complex"] = np.ones(3, complex)

    with open_vetted(stored(fill)) as file:
        assert file["numbers"][()].tolist() == [0, 1, 2, 3, 4]


def test_the_longest_text_is_found_wherever_it_lies(stored, monkeypatch):
    import dualsense.runtime.heaps as module

    path = stored(lambda file: file.attrs.__setitem__("long", "z" * 5000))
    assert look_at_heaps(path).longest_text >= 5000
    monkeypatch.setattr(module, "BLOCK_BYTES", 100)  # marks that lie across two blocks
    assert look_at_heaps(path).longest_text >= 5000


def test_a_file_of_nothing_but_marks_takes_no_time(tmp_path):
    path = tmp_path / "marks"
    path.write_bytes((b"GCOL\x01\0\0\0" + (2**20).to_bytes(8, "little")) * 60_000)
    assert look_at_heaps(path).longest_text == path.stat().st_size


def test_a_larger_file_may_claim_more():
    small, large = Allowance(1000, 0), Allowance(10**9, 0)
    assert small.refusal((2**26,), None, 8)
    assert not large.refusal((2**26,), None, 8)
    assert not small.refusal((), None, 8)
    assert odd_type(h5py.h5t.NATIVE_DOUBLE) == ""


@pytest.mark.parametrize(
    "text", ("a = " + "[" * 5000 + "]" * 5000, "a." * 50 + "a = 1", "a = " + "1" * 5000, "a = ", "a = \0")
)
def test_toml_is_wrong_in_one_way(text):
    with pytest.raises(TomlError) as caught:
        parse_toml(text)
    assert str(caught.value).isprintable()


def test_toml_within_its_depth():
    depth = MAX_DEPTH - 1
    assert parse_toml("a = " + "[" * depth + "]" * depth)
    with pytest.raises(TomlError, match=f"deeper than {MAX_DEPTH}"):
        parse_toml("a = " + "[" * 40 + "]" * 40)


def test_toml_files_that_are_none(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "long").write_bytes(b"#" * (MAX_BYTES + 1))
    (tmp_path / "bytes").write_bytes(b"a = '\xff'")
    for name, cause in (
        ("loop", "cannot be read"),
        ("long", "at most"),
        ("bytes", "not TOML"),
        ("", "no plain file"),
    ):
        with pytest.raises(TomlError, match=cause):
            read_toml(tmp_path / name)
