"""What a replay shows in a terminal: nothing unmeasured looks empty, nothing provisional looks final."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import numpy as np
import pytest

from dualsense.cli._live import (
    BARS,
    HIDE_CURSOR,
    LEVELS,
    NOT_COVERED,
    PLAIN_BARS,
    SHOW_CURSOR,
    LiveView,
    character_map,
    frame_line,
    frame_text,
    sparkline,
)
from dualsense.errors import UsageError
from dualsense.replay import Frame
from dualsense.result import Candidate, Coverage, Grid, Image, Result, Sketch, Target
from dualsense.scan import ScanHeader

HEADER = ScanHeader("lane\x1b[31m 7", "2026-01-01T00:00:00Z", "test", source="simulated")


def image(values):
    values = np.asarray(values, dtype=np.float32)
    grid = Grid(np.arange(values.shape[1]) * 0.01, np.arange(values.shape[0]) * 0.01, 0.01)
    return Image("metal_response", "1", grid, values)


def result(values, targets=()):
    metal = image(values)
    cover = Coverage(metal.grid, *(np.isfinite(metal.values),) * 3)
    return Result(
        HEADER, "", "", "uncalibrated-1", 0.25, 0.5, {"emi": 0.5, "gpr": 1.0}, cover, np.zeros((1, 3)), targets,
        {"metal_response": metal},
    )  # fmt: skip


TARGET = Target("T1", 0.1, 0.2, float("nan"), (0.01, 0.01, float("nan")), 0.8, "suspect", None, None, ("metal",))


BOTH = Candidate(0.01, 0.02, 0.12, metal=440.0, radar=9.25)
METAL = Candidate(0.03, 0.0, float("nan"), metal=31.0, radar=float("nan"))


def sketch(values=None, candidates=(), **more):
    drawn = None if values is None else image(values)
    covered = {"emi": 0.25, "gpr": 0.2, "both": 0.15}
    return Sketch(drawn, more.pop("radar", None), np.zeros((2, 3)), tuple(candidates), covered, **more)


def frame(known):
    trace = np.array([0.0, 1.0, 40.0])
    return Frame(12.0, 25.0, HEADER, known, np.array([0.0, 1.0, 2.0]), trace)


def test_a_sparkline_keeps_every_peak():
    values = np.zeros(1000)
    values[437] = 9.0
    line = sparkline(values, width=50)
    assert len(line) == 50
    assert line.count(BARS[-1]) == 1
    assert line.index(BARS[-1]) == 21


def test_a_sparkline_has_gaps_where_nothing_was_measured():
    assert sparkline(np.array([1.0, np.nan, 1.0]), bars=PLAIN_BARS) == "@ @"
    assert sparkline(np.full(3, np.nan)) == "   "
    assert sparkline(np.array([])) == ""
    assert sparkline(np.zeros(3)) == BARS[0] * 3


def test_uncovered_differs_from_low_on_a_map():
    values = np.zeros((8, 8))
    values[:, :4] = np.nan
    values[0, 7] = 100.0
    lines = character_map(image(values), width=8, height=8).splitlines()
    assert lines == ["////....", "////....", "////....", "////...@"]


def test_a_map_has_y_upwards_and_x_to_the_right():
    values = np.zeros((4, 4))
    values[3, 0] = 1.0
    assert character_map(image(values), width=4, height=4).splitlines() == ["@...", "...."]


def test_a_map_shows_where_the_targets_are():
    drawn = character_map(image(np.ones((4, 4))), ((0.0, 0.03), (0.03, 0.0)), width=4, height=4)
    assert drawn.splitlines() == ["1@@@", "@@@2"]


@pytest.mark.parametrize("shape", ((1, 1), (3, 500), (400, 2), (133, 97)))
def test_a_map_fits(shape):
    values = np.random.default_rng(1).random(shape)
    lines = character_map(image(values), width=60, height=24).splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 60
    assert set("".join(lines)) <= {*LEVELS, NOT_COVERED}


def test_one_unmeasured_cell_keeps_its_character_from_looking_low():
    values = np.zeros((40, 40))
    values[0, 0] = 50.0
    assert NOT_COVERED not in character_map(image(values), width=10, height=5)
    values[20, 20] = np.nan
    assert character_map(image(values), width=10, height=5).count(NOT_COVERED) == 1


def test_metal_shows_beside_an_unmeasured_cell():
    values = np.zeros((40, 40))
    values[20, 20] = np.nan
    values[21, 21] = 50.0
    drawn = character_map(image(values), width=10, height=5)
    assert drawn.count(LEVELS[-1]) == 1
    assert NOT_COVERED not in drawn


def test_noise_does_not_fill_a_scale():
    assert set(sparkline(np.full(9, 1.2), least=20.0)) == {BARS[1]}
    assert set(character_map(image(np.full((4, 4), 1.2)), width=4, height=4, least=40.0)) <= {LEVELS[1], "\n"}


def test_what_stands_out_so_far_is_no_target_and_has_no_call():
    known = sketch(np.ones((4, 4)), (BOTH, METAL))
    text, line = frame_text(frame(known)), frame_line(frame(known))
    assert "PROVISIONAL" in text
    assert re.search(r"1\? +0\.01 +0\.02 +0\.12 +440 +9\.2", text)
    assert re.search(r"2\? +0\.03 +0\.00 +– +31 +–", text)
    assert "provisional: 1?(0.01,0.02) 2?(0.03,0.00)" in line
    assert not re.search("suspect|clutter\\b(?! )|clear|confidence", line)
    assert "suspect" not in text


def test_the_end_has_targets_with_calls():
    found = result(np.ones((4, 4)), (TARGET,))
    text, line = frame_text(frame(found)), frame_line(frame(found))
    assert re.search(r"T1 +suspect +0\.10 +0\.20 +–", text)
    assert "whole scan: T1:suspect(0.10,0.20)" in line
    assert "?" not in text + line
    assert "PROVISIONAL" not in text


def test_a_frame_says_what_was_covered():
    text = frame_text(frame(result(np.ones((4, 4)))))
    assert "0.25 m² swept, of which covered: metal detector 50 %, radar 100 %" in text
    assert "no target in what was covered" in text
    text = frame_text(frame(sketch(np.ones((4, 4)))))
    assert "covered so far: metal detector 0.25 m², radar 0.20 m², both 0.15 m²" in text
    assert "nothing stands out yet in what was covered: a mine may lie there all the same" in text


def test_both_maps_stand_side_by_side():
    values = np.zeros((8, 8))
    values[:, :4] = np.nan
    text = frame_text(frame(sketch(np.ones((8, 8)), radar=image(values))))
    assert re.search(r"metal detector +radar\n", text)
    assert len(re.findall(r"^-{8} +////\.{4}$", text, re.MULTILINE)) == 4


def test_many_candidates_are_counted_and_not_all_listed():
    many = [replace(METAL, x_m=0.1 * n) for n in range(40)]
    text, line = frame_text(frame(sketch(np.ones((4, 4)), many))), frame_line(frame(sketch(None, many)))
    assert "and 28 weaker" in text
    assert "and 31 weaker" in line


def test_a_frame_without_a_metal_map_says_so():
    found = replace(result(np.ones((4, 4))), emi_maps={})
    assert "no metal map: not assessable" in frame_text(frame(found))


def test_a_frame_without_a_map_says_why():
    early = frame(sketch(reasons={"gpr": "too\nlittle"}))
    assert "no map yet" in frame_text(early)
    assert "radar: too little" in frame_text(early)
    assert frame_line(early).endswith("; radar: too little")


def test_a_scan_cannot_command_the_terminal():
    assert "\x1b" not in frame_text(frame(result(np.ones((4, 4)))))


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def test_a_terminal_is_redrawn_and_left_as_it_was(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    screen = Terminal()

    def interrupted():
        with LiveView(screen).running() as show:
            show(frame(result(np.ones((4, 4)))))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    text = screen.getvalue()
    assert text.startswith(HIDE_CURSOR + "\x1b[H\x1b[J")
    assert text.endswith(SHOW_CURSOR)


@pytest.mark.parametrize("kind", ("dumb terminal", "pipe"))
def test_anything_else_gets_lines(kind, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal() if kind == "dumb terminal" else io.StringIO()
    with LiveView(stream).running() as show:
        show(frame(result(np.ones((4, 4)))))
    assert "\x1b" not in stream.getvalue()
    assert stream.getvalue().count("\n") == 1


def test_a_terminal_without_unicode_gets_ascii():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="replace")
    with LiveView(stream).running() as show:
        show(frame(result(np.ones((4, 4)))))
    stream.seek(0)
    text = stream.read()
    assert PLAIN_BARS[-1] in text
    assert "?" not in text.split("whole scan")[0].replace("m?", "")


def test_frames_are_pictures_in_order_and_not_overwritten_unasked(tmp_path):
    folder = tmp_path / "frames"
    view = LiveView(io.StringIO(), frames=folder)
    view.show(frame(sketch(reasons={"emi": "too little"})))
    view.show(frame(sketch(np.ones((4, 4)), (BOTH, METAL), reasons={"gpr": "stopped"})))
    view.show(frame(result(np.ones((4, 4)), (TARGET,))))
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["frame_0001.png", "frame_0002.png", "frame_0003.png"]
    sizes = {path.read_bytes()[16:24] for path in folder.iterdir()}
    assert len(sizes) == 1  # one size of picture, so that they make a film
    with pytest.raises(UsageError, match="holds 3 frames already"):
        LiveView(io.StringIO(), frames=folder)
    LiveView(io.StringIO(), frames=folder, overwrite=True)
    assert list(folder.iterdir()) == []


def test_only_pictures_that_nobody_keeps_may_be_passed_over(monkeypatch, tmp_path):
    monkeypatch.setenv("TERM", "xterm")
    assert LiveView(Terminal()).least_s > 0.0
    assert LiveView(io.StringIO()).least_s == 0.0
    assert LiveView(Terminal(), frames=tmp_path / "frames").least_s == 0.0


def test_frames_need_a_folder(tmp_path):
    (tmp_path / "frames").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="is a file, expected a folder"):
        LiveView(io.StringIO(), frames=tmp_path / "frames", overwrite=True)
