"""Files that lie: about sizes, links and types, or that are damaged anywhere."""

from __future__ import annotations

import resource
import shutil
import struct
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest

from dualsense.errors import ScanError
from dualsense.io import _schema as schema
from dualsense.io import open_recording, read_scan

HUGE = 10**12


@pytest.mark.parametrize(
    ("where", "shape"),
    (
        ("/gpr/data", (120, HUGE)),
        ("/gpr/time", (HUGE,)),
        ("/pose/position", (HUGE, 3)),
        ("/emi/frequency", (HUGE,)),
        ("/gpr/reference", (HUGE,)),
    ),
)
def test_declared_sizes_are_refused_before_memory_is_taken(scan_file, refused, where, shape):
    def declare(file):
        if where in file:
            del file[where]
        file.create_dataset(where, shape, "f8", chunks=tuple(min(n, 16) for n in shape))

    path = scan_file(declare)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(
        lambda: read_scan(path), path, where, "found shape", f"expected at most {schema.MAX_ELEMENTS} elements"
    )
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_huge_elements(scan_file, refused):
    def declare(file):
        del file["/gpr/time"]
        file.create_dataset("/gpr/time", (120,), np.dtype("S100000000"), chunks=(1,))

    path = scan_file(declare)
    refused(lambda: read_scan(path), path, "/gpr/time", "found shape (120,) of 100000000-byte elements")


def test_huge_columns_of_the_truth(scan_file, refused, edit):
    def declare(file):
        edit.truth(file)
        del file["/truth/targets/label"]
        file.create_dataset("/truth/targets/label", (HUGE,), h5py.string_dtype(), chunks=(16,))

    path = scan_file(declare)
    refused(lambda: read_scan(path), path, "/truth/targets/label", f"at most {schema.MAX_SMALL_ELEMENTS} elements")


def test_endless_text(scan_file, refused, edit):
    text = "m" * 100_000

    def declare(file):
        edit.truth(file)
        for name in ("x", "y", "depth", "size_x", "size_y", "size_z"):
            edit.put(file, f"/truth/targets/{name}", np.zeros(20))
        for name in ("label", "model"):
            edit.put(file, f"/truth/targets/{name}", [text] * 20, dtype=h5py.string_dtype())

    path = scan_file(declare)
    refused(lambda: read_scan(path), path, "/truth/targets/label", f"more text than {schema.MAX_TEXT_BYTES} bytes")


def test_attribute_beyond_the_limit(tmp_path, scan_file, refused):
    path = tmp_path / "latest.h5"
    with h5py.File(scan_file()) as source, h5py.File(path, "w", libver="latest") as target:
        for name, group in source.items():
            new = target.create_group(name)
            new.attrs.update(group.attrs)
            for member in group.values():
                source.copy(member, new)
        target.attrs.update(source.attrs)
        target["/gpr"].attrs["tx_position"] = np.zeros((30000, 3))
    refused(lambda: read_scan(path), path, "/gpr@tx_position", "found shape (30000, 3)", "expected at most 65536")


@pytest.mark.parametrize("where", ("/gpr/data", "/pose", "/emi"))
def test_links_to_other_files_are_not_followed(tmp_path, scan_file, refused, where):
    other = scan_file(name="other.h5")

    def link(file):
        del file[where]
        file[where] = h5py.ExternalLink(str(other), where)

    path = scan_file(link)
    with h5py.File(path) as file:
        assert file[where].name == where  # HDF5 itself would follow it
    refused(lambda: read_scan(path), path, where, "found a link that leaves this file")


def test_soft_link_through_a_link_to_another_file(scan_file, refused):
    other = scan_file(name="other.h5")

    def link(file):
        del file["/gpr/data"]
        file["/away"] = h5py.ExternalLink(str(other), "/gpr")
        file["/gpr/data"] = h5py.SoftLink("/away/data")

    path = scan_file(link)
    refused(lambda: read_scan(path), path, "/away", "found a link that leaves this file")


def test_links_in_a_circle(scan_file, refused):
    def link(file):
        del file["/gpr/data"]
        file["/gpr/data"] = h5py.SoftLink("/turn")
        file["/turn"] = h5py.SoftLink("/gpr/data")

    path = scan_file(link)
    with pytest.raises(ScanError, match="found a link that leaves this file"):
        read_scan(path)


def test_link_to_nowhere_is_a_missing_dataset(scan_file, refused):
    def link(file):
        del file["/gpr/data"]
        file["/gpr/data"] = h5py.SoftLink("/gone")

    path = scan_file(link)
    refused(lambda: read_scan(path), path, "/gpr/data", "found nothing")


def test_data_kept_in_another_file(tmp_path, scan_file, refused):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(b"\1" * 120 * 8)

    def link(file):
        del file["/gpr/time"]
        file.create_dataset("/gpr/time", (120,), "f8", external=[(str(secret), 0, 120 * 8)])

    path = scan_file(link)
    refused(lambda: read_scan(path), path, "/gpr/time", "found data kept in other files")


def test_virtual_data(scan_file, refused):
    other = scan_file(name="other.h5")

    def link(file):
        layout = h5py.VirtualLayout((120,), "f8")
        layout[:] = h5py.VirtualSource(str(other), "/gpr/time", (120,))
        del file["/gpr/time"]
        file.create_virtual_dataset("/gpr/time", layout)

    path = scan_file(link)
    refused(lambda: read_scan(path), path, "/gpr/time", "found data kept in other files")


ODD = (
    h5py.ref_dtype,
    h5py.vlen_dtype(np.float64),
    h5py.string_dtype(),
    np.dtype("V8"),
    np.dtype([("r", "f8"), ("i", "S3")]),
    np.dtype([("r", "f8"), ("i", "f8"), ("w", "f8")]),
    np.dtype(("f8", (2,))),
)


def test_names_that_are_no_text(sample_dir, tmp_path):
    path = shutil.copy(sample_dir / "pmn_sand.h5", tmp_path)
    with h5py.File(path, "r+") as file:
        space, kind = h5py.h5s.create(h5py.h5s.SCALAR), h5py.h5t.NATIVE_DOUBLE
        own = file["truth"].create_dataset("tables", data=np.arange(3.0))
        for held in (own, file["truth"]):
            for name in (b"\xff\xfe", b"told"):
                h5py.h5a.create(held.id, name, kind, space).write(np.array(2.0))
        h5py.h5d.create(file["truth"].id, b"\xfa", kind, space)
    scene = read_scan(path).truth.scene
    assert (scene["told"], scene["tables@told"]) == (2.0, 2.0)
    assert all(isinstance(name, str) for name in scene)


@pytest.mark.parametrize("dtype", ODD, ids=str)
@pytest.mark.parametrize("where", ("/gpr/time", "/gpr/data", "/pose/position", "/emi/frequency"))
def test_surprising_types(scan_file, where, dtype):
    def declare(file):
        shape = file[where].shape
        del file[where]
        file.create_dataset(where, shape, dtype)

    path = scan_file(declare)
    with pytest.raises(ScanError) as caught:
        read_scan(path)
    assert str(caught.value).isprintable()
    assert str(caught.value).startswith(f"scan.h5: {where}: found ")


@pytest.mark.parametrize("where", ("/gpr/time", "/gpr/data", "/pose/position", "/truth/targets/label"))
def test_dataset_without_a_shape(scan_file, refused, edit, where):
    def declare(file):
        edit.truth(file)
        del file[where]
        file[where] = h5py.Empty("f8")

    path = scan_file(declare)
    refused(lambda: read_scan(path), path, where, "found an empty dataset without a shape")


@pytest.mark.parametrize("value", (h5py.Empty("f8"), np.array([]), np.array([1, 2]), [b"a", b"b"], 1 + 2j, True))
@pytest.mark.parametrize("where", ("/@scan_id", "/gpr@modality", "/gpr@tx_position", "/emi@tx_radius"))
def test_surprising_attributes(scan_file, where, value):
    owner, name = where.split("@")
    path = scan_file(lambda file: file[owner].attrs.__setitem__(name, value))
    if where == "/@scan_id" and isinstance(value, h5py.Empty):
        assert read_scan(path).header.scan_id == ""
        return
    with pytest.raises(ScanError) as caught:
        read_scan(path)
    assert str(caught.value).isprintable()
    assert str(caught.value).startswith(f"scan.h5: {where}: found ")


def test_attribute_that_is_a_reference(scan_file, refused):
    path = scan_file(lambda file: file["/gpr"].attrs.create("modality", file["/emi"].ref, dtype=h5py.ref_dtype))
    refused(lambda: read_scan(path), path, "/gpr@modality", "expected text")


def test_named_type_where_a_dataset_belongs(scan_file, refused):
    def declare(file):
        del file["/gpr/time"]
        file["/gpr/time"] = np.dtype("f8")

    path = scan_file(declare)
    refused(lambda: read_scan(path), path, "/gpr/time", "found a datatype, expected a dataset")


def test_text_with_line_breaks_in_a_message(scan_file, refused):
    path = scan_file(lambda file: file["/gpr"].attrs.__setitem__("modality", "sf\ncw\x1b[31m" + "x" * 5000))
    line = refused(lambda: read_scan(path), path, "/gpr@modality", r"sf\ncw")
    assert len(line) <= 600


def test_filter_that_is_not_installed(scan_file, refused):
    """The number of the filter is changed to one that nobody has."""

    def compress(file):
        del file["/gpr/time"]
        file.create_dataset("/gpr/time", data=np.arange(120.0), chunks=(120,), scaleoffset=3)

    path = scan_file(compress)
    content = path.read_bytes()
    assert content.count(b"scaleoffset") >= 1
    place = content.index(b"scaleoffset") - 8
    assert content[place] == 6
    path.write_bytes(content[:place] + (31999).to_bytes(2, "little") + content[place + 2 :])
    refused(lambda: read_scan(path), path, "/gpr/time", "compression filter")


@pytest.mark.parametrize("size", (0, 2**64 - 16, 2**64 - 32))
@pytest.mark.parametrize("entry", (0, 3))
def test_heap_that_hdf5_would_never_leave(scan_file, refused, entry, size):
    path = scan_file()
    content = bytearray(path.read_bytes())
    heap = content.index(b"GCOL")
    place = heap + 16
    for _ in range(entry):
        place += 16 + (struct.unpack_from("<Q", content, place + 8)[0] + 7) // 8 * 8
    struct.pack_into("<HHIQ", content, place, 0 if size == 0 else 1, 0, 0, size)
    path.write_bytes(content)
    refused(lambda: read_scan(path), path, "", "damaged HDF5 file", f"heap of texts at byte {heap}")


def test_bytes_damaged_anywhere(sample_dir, tmp_path):
    """Whatever byte is wrong, the answer is a scan or one line; in a process of its own, as HDF5 might crash."""
    shutil.copy(sample_dir / "pmn_sand.h5", tmp_path / "whole.h5")
    code = """
import random, resource, sys
from pathlib import Path
import numpy as np
from dualsense.errors import ScanError
from dualsense.io import open_recording, read_scan
resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))  # a length that is wrong may ask for 4 GB
folder = Path(sys.argv[1])
whole = (folder / "whole.h5").read_bytes()
chance = random.Random(20260301)
path = folder / "spoilt.h5"
refused = 0
for trial in range(120):
    content = bytearray(whole)
    # the first bytes hold the structure, the rest is mostly data
    reach = 30000 if trial % 3 else len(content)
    for _ in range(chance.choice((1, 1, 4, 64))):
        content[chance.randrange(reach)] = chance.randrange(256)
    if trial % 10 == 0:
        start = chance.randrange(reach)
        content[start : start + 512] = bytes(512)
    path.write_bytes(content)
    try:
        read_scan(path)
    except ScanError as error:
        refused += 1
        line = str(error)
        assert line.startswith("spoilt.h5: ") and line.isprintable() and len(line) <= 600, line
print(refused)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 20


@pytest.mark.parametrize("where", ("/@scan_id", "/gpr@modality", "/gpr/data@units"))
def test_texts_of_every_kind_that_their_type_may_claim(sample_dir, tmp_path, where):
    """One byte says whether a value of varying length is a list or a text; most of its values end HDF5."""
    owner, name = where.split("@")
    whole = (sample_dir / "pmn_sand.h5").read_bytes()
    with h5py.File(sample_dir / "pmn_sand.h5") as file:
        assert h5py.check_string_dtype(file[owner].attrs.get_id(name).dtype).length is None
    message = whole.index(name.encode() + b"\0")
    kind = whole.index(b"\x19\x01\x01", message) + 1
    code = """
import sys
import time
from pathlib import Path
from dualsense.errors import ScanError
from dualsense.io import open_recording, read_scan
path, place = Path(sys.argv[1]), int(sys.argv[2])
content = bytearray(path.read_bytes())
refused = 0
for value in range(0, 256, 5):
    content[place] = value
    path.write_bytes(content)
    try:
        read_scan(path, with_data=False)
    except ScanError as error:
        refused += 1
        assert str(error).startswith("spoilt.h5: "), error
print(refused)
"""
    (tmp_path / "spoilt.h5").write_bytes(whole)
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "spoilt.h5"), str(kind)],
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) >= 40


def _peak_kb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.parametrize(
    ("shape", "chunks", "cause"),
    (
        ((2**27,), (2**20,), "expected at most"),  # a gigabyte of nothing
        ((2**20,), (1,), "found 1048576 chunks"),
    ),
)
def test_claims_are_weighed_against_the_size_of_the_file(scan_file, refused, shape, chunks, cause):
    def declare(file):
        del file["/pose/time"]
        file.create_dataset("/pose/time", shape, "f8", chunks=chunks)

    path = scan_file(declare)
    before = _peak_kb()
    refused(lambda: read_scan(path), path, "/pose/time", cause)
    assert _peak_kb() - before < 50_000


def test_claims_add_up(scan_file, refused):
    """Each of them alone would be read."""

    def declare(file):
        for where in ("/pose/time", "/gpr/time", "/gpr/frequency", "/emi/time"):
            del file[where]
            file.create_dataset(where, (2**23,), "f8", chunks=(2**16,))
            file[where][:] = np.arange(2**23) if where == "/pose/time" else 0
        del file["/pose/position"]
        file.create_dataset("/pose/position", (2**22, 3), "f8", chunks=(2**16, 3), fillvalue=0.0)

    path = scan_file(declare)
    path.write_bytes(path.read_bytes())
    with pytest.raises(ScanError):
        read_scan(path)


def test_a_thousand_texts_that_are_one_long_one(scan_file, refused):
    def declare(file):
        file["/gpr"].attrs["modality"] = "x" * 60_000
        file.attrs.create("site", ["a"] * 4000, dtype=h5py.string_dtype())

    path = scan_file(declare)
    refused(lambda: read_scan(path), path, "/@site", "found 4000 texts, more than a file of its size holds")


def test_a_path_that_goes_round_and_round(scan_file, refused):
    def link(file):
        file["/loop"] = file["/"]
        del file["/gpr/data"]
        file["/gpr/data"] = h5py.SoftLink("/loop" * 3000 + "/emi/data")

    path = scan_file(link)
    line = refused(lambda: read_scan(path), path, "/loop/loop/loop/…", "found a path of 3002 steps")
    assert len(line) < 200


def test_many_names_for_one_table_of_the_truth_cost_once(scan_file, edit):
    def declare(file):
        edit.truth(file)
        file.create_dataset("/truth/words", (60_000,), h5py.string_dtype(), chunks=(60_000,))
        for number in range(400):
            file[f"/truth/words_{number}"] = file["/truth/words"]

    path = scan_file(declare)
    start = time.process_time()
    scan = read_scan(path)
    assert time.process_time() - start < 5.0
    assert len(scan.truth.label) == 2
    start = time.process_time()
    assert read_scan(path, with_truth=False).truth is None
    assert time.process_time() - start < 0.5


def test_a_file_that_is_cut_while_it_is_read(scan_file):
    """A map of the file in memory would end the program here, and HDF5 takes what is gone for zeros."""
    path = scan_file()
    whole = path.read_bytes()
    with open_recording(path) as recording:
        path.write_bytes(whole[:3000])
        with pytest.raises(ScanError, match="the file was cut while it was read, to 3000 of "):
            recording.whole()


def test_the_truth_is_not_read_by_who_processes(scan_file, edit):
    def spoil(file):
        edit.truth(file)
        del file["/truth/targets/x"]

    path = scan_file(spoil)
    with pytest.raises(ScanError, match="/truth/targets/x"):
        read_scan(path)
    with open_recording(path) as recording:
        assert recording.outline.truth is None
        assert recording.whole().truth is None


@pytest.mark.parametrize("where", ("/gpr@modality", "/gpr/data@units"))
def test_a_text_that_says_it_has_four_gigabytes(sample_dir, tmp_path, refused, where):
    owner, name = where.split("@")
    content = bytearray((sample_dir / "pmn_sand.h5").read_bytes())
    with h5py.File(sample_dir / "pmn_sand.h5") as file:
        said = len(file[owner].attrs[name].encode())
    # the message of the attribute: its name, its type, a space of one value, then length, heap and entry
    kind = content.index(b"\x19\x01\x01", content.index(name.encode() + b"\0"))
    length = content.index(struct.pack("<I", said), kind + 24)
    struct.pack_into("<I", content, length, 2**32 - 16)
    path = tmp_path / "scan.h5"
    path.write_bytes(content)
    limit, before = resource.getrlimit(resource.RLIMIT_AS), _peak_kb()
    with pytest.raises(ScanError, match="cannot be read, the file is damaged"):
        read_scan(path, with_data=False)
    assert _peak_kb() - before < 100_000
    assert resource.getrlimit(resource.RLIMIT_AS) == limit
