"""One door for every format that is known."""

from __future__ import annotations

import pytest

from dualsense.errors import ScanError, UsageError
from dualsense.io import import_scan


def test_scan_files_come_in_by_the_same_door(sample_dir):
    assert import_scan(sample_dir / "pmn_sand.h5").header.scan_id == "pmn_sand"
    assert import_scan(sample_dir / "pmn_sand.h5", with_data=False).sha256 == ""


def test_content_decides_and_not_the_name(sample_dir, tmp_path):
    (tmp_path / "misnamed.dzt").write_bytes((sample_dir / "pmn_sand.h5").read_bytes())
    assert import_scan(tmp_path / "misnamed.dzt").header.scan_id == "pmn_sand"


def test_unknown_format(tmp_path):
    (tmp_path / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(2000))
    with pytest.raises(
        ScanError, match=r"^image\.png: found a file that begins with .*, expected a scan file, a GSSI"
    ):
        import_scan(tmp_path / "image.png")


def test_foreign_hdf5_is_refused_as_a_scan(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "foreign.h5", "w") as file:
        file["entry"] = 1
    with pytest.raises(ScanError, match=r"^foreign\.h5: /@format: found nothing"):
        import_scan(tmp_path / "foreign.h5")


def test_option_of_another_format(sample_dir):
    with pytest.raises(
        UsageError, match=r"^pmn_sand\.h5: no option height_m for this format, it has with_data, with_truth$"
    ):
        import_scan(sample_dir / "pmn_sand.h5", height_m=0.1)


@pytest.mark.parametrize(
    ("name", "message"), (("nowhere.dzt", "no such file"), ("", "is a folder, expected a file"))
)
def test_no_file(tmp_path, name, message):
    with pytest.raises(ScanError, match=message):
        import_scan(tmp_path / name)


def test_empty_file(tmp_path):
    (tmp_path / "empty.dzt").touch()
    with pytest.raises(ScanError, match=r"^empty\.dzt: empty file, expected a recording$"):
        import_scan(tmp_path / "empty.dzt")
