"""The folder of the contract: complete or untouched, and foreign files always left alone."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import pytest

from dualsense.errors import DualsenseError, UsageError
from dualsense.render import OUTPUT_FILES, check_output, read_result, write_outputs
from dualsense.render import _output as output
from dualsense.runtime import folders

CONTRACT = {
    "targets.json",
    "targets.csv",
    "targets.geojson",
    "result.h5",
    "report.html",
    "emi_map.png",
    "gpr_slices.png",
    "gpr_sections.png",
    "fused.png",
}


@pytest.fixture
def quick(monkeypatch, pictures, full_result):
    """Leave out the drawing, which is tested elsewhere, where only the handling of files matters."""
    monkeypatch.setattr(output, "render_figures", lambda *_: pictures(full_result))


def _names(folder):
    return {path.name for path in folder.iterdir()}


def _bytes(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_file_of_the_contract_is_written(full_result, tmp_path):
    paths = write_outputs(full_result, tmp_path / "deep" / "out")
    assert {path.name for path in paths} == CONTRACT == set(OUTPUT_FILES)
    assert _names(tmp_path / "deep" / "out") == CONTRACT
    assert _names(tmp_path / "deep") == {"out"}
    assert all(path.stat().st_size > 0 for path in paths)
    assert len(read_result(tmp_path / "deep" / "out" / "result.h5").targets) == 4


def test_two_runs_give_the_same_bytes(full_result, tmp_path):
    write_outputs(full_result, tmp_path / "a")
    write_outputs(full_result, tmp_path / "b")
    assert _bytes(tmp_path / "a") == _bytes(tmp_path / "b")


@pytest.mark.usefixtures("quick")
def test_the_folder_gets_usual_permissions(full_result, tmp_path):
    (tmp_path / "usual").mkdir()
    write_outputs(full_result, tmp_path / "out")
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.usefixtures("quick")
def test_an_earlier_run_is_not_overwritten_unasked(full_result, tmp_path):
    write_outputs(full_result, tmp_path)
    before = _bytes(tmp_path)
    with pytest.raises(UsageError, match=r"already holds .*targets\.json") as caught:
        write_outputs(full_result, tmp_path)
    assert caught.value.exit_code == 2
    assert _bytes(tmp_path) == before


@pytest.mark.usefixtures("quick")
def test_overwriting_replaces_the_contract_and_nothing_else(full_result, make_result, tmp_path):
    write_outputs(full_result, tmp_path)
    (tmp_path / "notes.txt").write_text("dug at noon")
    (tmp_path / "photo.png").write_bytes(b"mine")
    write_outputs(make_result("no_targets"), tmp_path, overwrite=True)
    assert _names(tmp_path) == CONTRACT | {"notes.txt", "photo.png"}
    assert (tmp_path / "notes.txt").read_text() == "dug at noon"
    assert (tmp_path / "photo.png").read_bytes() == b"mine"
    assert read_result(tmp_path / "result.h5").targets == ()


@pytest.mark.usefixtures("quick")
def test_a_folder_with_other_files_only_is_welcome(full_result, tmp_path):
    (tmp_path / "notes.txt").write_text("dug at noon")
    write_outputs(full_result, tmp_path)
    assert _names(tmp_path) == CONTRACT | {"notes.txt"}


def test_check_output_passes_what_can_be_written(tmp_path):
    assert check_output(tmp_path / "new" / "deep") == tmp_path / "new" / "deep"
    assert check_output(str(tmp_path)) == tmp_path
    assert not (tmp_path / "new").exists()


def test_checking_the_folder_imports_nothing_that_draws():
    code = (
        "import sys; from dualsense.render import check_output; print('dualsense.render._figures' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_check_output_refuses_a_file(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(UsageError, match="is a file, expected a folder"):
        check_output(tmp_path / "out", overwrite=True)
    with pytest.raises(UsageError, match="no permission to write"):
        check_output(tmp_path / "out" / "below")


@pytest.mark.parametrize("name", OUTPUT_FILES)
def test_check_output_refuses_every_file_of_the_contract(tmp_path, name):
    (tmp_path / name).write_text("")
    with pytest.raises(UsageError, match=f"already holds {name}"):
        check_output(tmp_path)
    assert check_output(tmp_path, overwrite=True) == tmp_path


def test_check_output_refuses_a_folder_in_the_place_of_a_file(tmp_path):
    (tmp_path / "report.html").mkdir()
    with pytest.raises(UsageError, match=r"report\.html is a folder"):
        check_output(tmp_path, overwrite=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_check_output_refuses_what_is_not_ours(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="no permission to write"):
        check_output(tmp_path / "out")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("error", (KeyboardInterrupt, RuntimeError))
@pytest.mark.parametrize("step", ("write_report", "write_result", "write_targets"))
def test_a_crash_leaves_nothing_behind(full_result, tmp_path, monkeypatch, step, error):
    def crash(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(output, step, crash)
    with pytest.raises(error):
        write_outputs(full_result, tmp_path / "out")
    assert _names(tmp_path) == set()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("exchange", (True, False))
def test_a_crash_leaves_the_earlier_run_as_it_was(full_result, make_result, tmp_path, monkeypatch, exchange):
    folder = tmp_path / "out"
    write_outputs(full_result, folder)
    before = _bytes(folder)
    moves = []
    replace = type(folder).replace

    def failing(self, target):
        # All nine old files are moved away; the fourth of the new ones fails.
        moves.append(self)
        if len(moves) == 9 + 4:
            raise OSError(28, "No space left on device")
        return replace(self, target)

    def refused(*_):
        raise OSError(28, "No space left on device")

    if exchange:
        monkeypatch.setattr(folders, "_sync_all", refused)
    else:
        monkeypatch.setattr(folders, "rename_with", lambda *_: False)
        monkeypatch.setattr(type(folder), "replace", failing)
        monkeypatch.setattr(output, "write_result", lambda _result, path: path.write_bytes(b""))
    with pytest.raises(DualsenseError, match="cannot write the outputs: No space left on device") as caught:
        write_outputs(make_result("no_targets"), folder, overwrite=True)
    assert caught.value.exit_code == 1
    assert _bytes(folder) == before
    assert _names(tmp_path) == {"out"}


@pytest.mark.usefixtures("quick")
def test_a_folder_of_folders_is_filled_file_by_file(full_result, make_result, tmp_path):
    folder = tmp_path / "out"
    write_outputs(full_result, folder)
    (folder / "photos").mkdir()
    (folder / "photos" / "one.png").write_bytes(b"mine")
    inode = folder.stat().st_ino
    write_outputs(make_result("no_targets"), folder, overwrite=True)
    assert folder.stat().st_ino == inode
    assert _names(folder) == CONTRACT | {"photos"}
    assert read_result(folder / "result.h5").targets == ()
    assert _names(tmp_path) == {"out"}


@pytest.mark.usefixtures("quick")
def test_the_rest_of_a_killed_run_is_removed_by_the_next(full_result, tmp_path):
    folder = tmp_path / "out"
    place = tmp_path / ".out.0123456789ab.new"
    (place / "fresh").mkdir(parents=True)
    (place / "fresh" / "report.html").write_text("half")
    other = tmp_path / ".out.txt"
    other.write_text("not ours")
    write_outputs(full_result, folder)
    assert _names(tmp_path) == {"out", ".out.txt"}


@pytest.mark.usefixtures("quick")
def test_two_writers_of_one_folder_are_told_of_each_other(full_result, tmp_path):
    folder = tmp_path / "out"
    with (
        folders.sole_writer(folder),
        pytest.raises(DualsenseError, match=rf"process {os.getpid()} on .*, is writing there"),
    ):
        write_outputs(full_result, folder)
    write_outputs(full_result, folder)
    assert _names(tmp_path) == {"out"}


@pytest.mark.parametrize("name", ("report.html", "targets.json"))
def test_links_and_devices_are_refused(tmp_path, name):
    folder = tmp_path / "out"
    folder.mkdir()
    (tmp_path / "elsewhere").write_text("mine")
    (folder / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match=rf"{name} is a link, expected a file"):
        check_output(folder, overwrite=True)
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(UsageError, match=rf"{name} is a device or a pipe"):
        check_output(folder, overwrite=True)
    (tmp_path / "link").symlink_to(folder, target_is_directory=True)
    with pytest.raises(UsageError, match="is a link, expected a folder"):
        check_output(tmp_path / "link")


@pytest.mark.usefixtures("quick")
def test_works_inside_the_folder_where_its_parent_is_another_place(full_result, tmp_path, monkeypatch):
    folder = tmp_path / "out"
    folder.mkdir()
    access = os.access
    monkeypatch.setattr(folders.os, "access", lambda path, mode: path != tmp_path and access(path, mode))
    write_outputs(full_result, folder)
    assert _names(folder) == CONTRACT
    assert _names(tmp_path) == {"out"}


@pytest.mark.usefixtures("quick")
def test_a_relative_folder_works(full_result, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_outputs(full_result, "out")
    write_outputs(full_result, ".")
    assert _names(tmp_path) == CONTRACT | {"out"}


def test_the_page_and_the_table_agree_on_hostile_names(full_result, tmp_path, pictures, monkeypatch):
    monkeypatch.setattr(output, "render_figures", lambda *_: pictures(full_result))
    header = dataclasses.replace(full_result.header, scan_id="../../etc/\x00passwd \udcff")
    write_outputs(dataclasses.replace(full_result, header=header), tmp_path / "out")
    assert _names(tmp_path) == {"out"}
    assert _names(tmp_path / "out") == CONTRACT


def test_importing_the_room_is_light():
    code = (
        "import sys, dualsense.render; "
        "assert not {'numpy', 'PIL', 'h5py', 'jinja2'} & sys.modules.keys(), 'the door'; "
        "dualsense.render.headline; "
        "assert not {'PIL', 'h5py', 'jinja2', 'skimage', 'scipy'} & sys.modules.keys(), 'the words'"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_public_name_is_there():
    import dualsense.render as room

    for name in room.__all__:
        assert getattr(room, name) is not None
        assert name in dir(room)
    with pytest.raises(AttributeError, match="pictures_of_cats"):
        room.pictures_of_cats  # noqa: B018


@pytest.mark.usefixtures("quick")
def test_a_parent_that_may_not_be_looked_into_is_no_error(full_result, tmp_path, monkeypatch):
    scandir = os.scandir

    def closed(path):
        if not isinstance(path, int) and os.fspath(path) == os.fspath(tmp_path):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(folders.os, "scandir", closed)
    write_outputs(full_result, tmp_path / "out")
    monkeypatch.undo()
    assert _names(tmp_path) == {"out"}


@pytest.mark.parametrize("large", (True, False))
@pytest.mark.usefixtures("quick")
def test_only_what_is_large_is_given_back_before_the_report(full_result, monkeypatch, tmp_path, large):
    asked = []
    monkeypatch.setattr(output, "give_back", lambda: asked.append(True))
    monkeypatch.setattr(output, "LARGE_BYTES", full_result.gpr_volume.values.nbytes + (not large))
    write_outputs(full_result, tmp_path / "out")
    assert asked == [True] * large
