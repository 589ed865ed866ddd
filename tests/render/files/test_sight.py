"""What would have been found where: kept by the file, told in short by the list, shown by page and picture."""

from __future__ import annotations

import base64
import re
import zlib
from dataclasses import replace

import h5py
import numpy as np
import pytest

from dualsense.render import read_result, report_html, write_result
from dualsense.render._figures.fused import fused_figure
from dualsense.render._figures.ground import small_unsure
from dualsense.render._figures.style import View
from dualsense.render._files.export import targets_document
from dualsense.render._report.pack import RAW_DEFLATE
from dualsense.render._report.viewer import viewer_data
from dualsense.result import MINE_CLASSES, SMALL_CODE, SmallestMine

TOP_M = np.array([0.02, 0.05, 0.10, 0.15])


@pytest.fixture(scope="module")
def told(full_result):
    """Small mines found to 10 cm on the left half of what both sensors covered, none told of on the right."""
    cover = full_result.coverage
    left = cover.patch & cover.emi & cover.gpr
    left[:, left.shape[1] // 2 :] = False
    small = np.zeros((4, *left.shape), np.int8)
    small[:3] = left
    small[3] = -1 * left
    depth_m = np.where(left, np.float32(0.10), np.float32(np.nan))
    code = np.where(left, np.uint8(SMALL_CODE + 1), np.uint8(0))
    return replace(full_result, smallest_mine=SmallestMine(cover.grid, code, depth_m, TOP_M, small)), left


def test_the_file_keeps_it_and_says_what_it_means(told, tmp_path):
    result, _ = told
    path = write_result(result, tmp_path / "result.h5")
    again = read_result(path).smallest_mine
    for name in ("code", "depth_m", "top_m", "small"):
        before, after = (getattr(one, name) for one in (result.smallest_mine, again))
        assert before.dtype == after.dtype
        np.testing.assert_array_equal(before, after)
    with h5py.File(path) as file:
        code = file["coverage/smallest_mine"]
        assert code.shape == (file["coverage/y"].size, file["coverage/x"].size)
        assert code.attrs["axes"] == "y, x"
        assert code.attrs["size"].size == len(MINE_CLASSES)
        assert "0: not told" in code.attrs["codes"]
        assert file["coverage/minimum_metal"].shape[0] == file["coverage/top"].size


def test_a_file_that_does_not_tell_it_is_read(full_result, tmp_path):
    assert read_result(write_result(full_result, tmp_path / "result.h5")).smallest_mine is None


def test_the_list_gives_parts_of_the_patch(told):
    result, left = told
    part = left.sum() / result.coverage.patch.sum()
    document = targets_document(result)["smallest_mine"]
    assert document["classes"][SMALL_CODE + 1]["fraction"] == pytest.approx(part, abs=1e-4)
    assert sum(one["fraction"] for one in document["classes"]) == pytest.approx(1.0, abs=1e-3)
    assert document["minimum_metal"][2]["found_fraction"] == pytest.approx(part, abs=1e-4)
    assert document["minimum_metal"][3]["not_found_fraction"] == pytest.approx(part, abs=1e-4)
    assert targets_document(replace(result, smallest_mine=None))["smallest_mine"] is None


def test_the_page_has_the_code_of_each_cell(told, full_result):
    result, left = told
    data, plain = viewer_data(result, View()), viewer_data(full_result, View())
    assert data["small"] == SMALL_CODE
    assert plain["small"] == 0
    cells, before = (_cells(one) for one in (data, plain))
    np.testing.assert_array_equal(cells // data["bits"]["mine"], np.where(left, SMALL_CODE + 1, 0).ravel())
    np.testing.assert_array_equal(cells % data["bits"]["mine"], before)


def _cells(data):
    """What the page unpacks: each row is the difference to the one before, modulo 64."""
    rows = np.frombuffer(zlib.decompress(base64.b64decode(data["seen"]["cells"]), RAW_DEFLATE), np.uint8)
    ground = data["seen"]["ground"]
    return (rows.reshape(ground["rows"], ground["columns"]).astype(int).cumsum(axis=0) % 64).ravel()


def test_the_report_says_on_what_part_a_small_mine_would_have_been_found(told, full_result, pictures):
    result, left = told
    text = report_html(result, pictures(full_result))
    percent = int(100.0 * left.sum() / result.coverage.patch.sum())
    assert re.search(f"On {percent}[ \u00a0]% of the patch a mine with a minimum of metal", text)
    assert not re.search(
        "On [0-9]+[ \u00a0]% of the patch a mine", report_html(full_result, pictures(full_result))
    )


def test_ground_on_which_small_mines_might_be_missed_is_hatched(told, full_result):
    result, left = told
    cover = result.coverage
    assert np.array_equal(small_unsure(result), cover.patch & cover.emi & cover.gpr & ~left)
    assert not small_unsure(full_result).any()
    plain, hatched = (fused_figure(one, View()).png_bytes() for one in (full_result, result))
    assert plain != hatched
