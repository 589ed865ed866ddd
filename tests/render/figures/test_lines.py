"""A single line: one section, the strip in pieces, labels that never meet, and the radargram."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualsense.render import read_result, write_outputs
from dualsense.render._canvas.marks import overlaps
from dualsense.render._figures.figures import FIGURES, render_figures
from dualsense.render._figures.radargram import radargram_figure
from dualsense.render._figures.strip import find_strip, is_line, pieces, shelved
from dualsense.render._figures.style import View
from dualsense.render._report.report import report_html
from dualsense.render._targets import ordered_targets
from dualsense.result import Coverage, Grid, Radargram, Volume
from oracles.pictures import gained, unpacked

TARGETS = 13


def _line(full_result, *, turned=0.0, length=2.8, start=0.0):
    """Thirteen targets 20 cm apart under a line of any direction, seen by the radar alone."""
    along = np.array([np.cos(turned), np.sin(turned)])
    s = start + np.linspace(0.0, length, 281)
    track = np.column_stack([s[:, None] * along, np.full(s.size, 0.02)])
    low, high = track[:, :2].min(axis=0) - 0.03, track[:, :2].max(axis=0) + 0.03
    nx, ny = (round(span / 0.005) for span in high - low)
    grid = Grid(low[0] + 0.005 * (np.arange(nx) + 0.5), low[1] + 0.005 * (np.arange(ny) + 0.5), 0.005)
    gx, gy = np.meshgrid(grid.x_m, grid.y_m)
    distance, beside = gx * along[0] + gy * along[1], gy * along[0] - gx * along[1]
    strip = (np.abs(beside) <= 0.03) & (distance >= start - 0.03) & (distance <= start + length + 0.03)
    places = start + 0.2 + 0.2 * np.arange(TARGETS)
    depth_m = 0.005 * np.arange(51)
    values = np.full((51, ny, nx), 0.05, dtype=np.float32)
    for place in places:
        values += np.exp(-((distance - place) ** 2 + (depth_m[:, None, None] - 0.08) ** 2) / 2e-4)
    values[:, ~strip] = np.nan
    first = full_result.targets[0]
    targets = tuple(
        dataclasses.replace(
            first, id=f"T{n + 1}", x_m=float(p * along[0]), y_m=float(p * along[1]), depth_m=0.0653,
            position_std_m=(0.01, 0.01, 0.008), confidence=0.5 - 0.01 * ((5 * n) % 13), emi=None,
        )
        for n, p in enumerate(places)
    )  # fmt: skip
    nothing = np.zeros_like(strip)
    return dataclasses.replace(
        full_result, coverage=Coverage(grid, strip, nothing, strip), coverage_fraction=0.0, track_m=track,
        sensor_coverage={"emi": 0.0, "gpr": 1.0}, targets=targets, emi_maps={},
        gpr_volume=Volume("migrated_envelope", "1", grid, depth_m, values.astype(np.float32)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def line(full_result):
    return _line(full_result)


def _drawn(draw, result):
    sheet = draw(result, View())
    sheet.png_bytes()
    return sheet


def _texts(sheet):
    """Every text, with its box in pixels."""
    return [(text.text, text.box()) for text in sheet.texts if text.text.strip()]


def _overlap(one, other):
    return bool(overlaps(np.array([one]), np.array([other])) > 0.0)


@pytest.mark.parametrize("name", sorted(FIGURES))
@pytest.mark.parametrize("turned", (0.0, 0.5 * np.pi, 0.6))
def test_no_text_of_a_line_meets_another_or_leaves_the_sheet(full_result, name, turned):
    figure = _drawn(FIGURES[name], _line(full_result, turned=turned))
    width, height = figure.size_px
    texts = _texts(figure)
    assert len(texts) > 10
    for said, box in texts:
        assert box[0] >= 0.0 and box[1] >= 0.0 and box[2] <= width and box[3] <= height, said  # noqa: PT018
    # A question mark is part of its symbol, and lies within it.
    for (one, a), (other, b) in itertools.combinations([t for t in texts if t[0] != "?"], 2):
        assert not _overlap(a, b), (one, other)


@pytest.mark.parametrize("name", ("fused.png", "gpr_sections.png", "gpr_slices.png"))
def test_nothing_lies_over_the_colour_bar(line, name):
    figure = _drawn(FIGURES[name], line)
    assert len(figure.bars) == 1
    bar = figure.bars[0]
    assert bar.x_ticks or bar.y_ticks
    for panel in figure.panels:
        if panel is not bar:
            assert not _overlap(panel.box, bar.box)
    assert not [said for said, box in _texts(figure) if _overlap(box, bar.box)]


def test_colour_bar_of_narrow_sections_is_free_of_titles(full_result):
    """Several lines beside each other, too wide for a line: the cut across is narrower than its title."""
    volume = full_result.gpr_volume
    rows = slice(0, 12)
    grid = Grid(volume.grid.x_m, volume.grid.y_m[rows], volume.grid.cell_m)
    cover = full_result.coverage
    narrow = dataclasses.replace(
        full_result,
        coverage=Coverage(grid, cover.patch[rows], cover.emi[rows], cover.gpr[rows]),
        gpr_volume=dataclasses.replace(volume, grid=grid, values=volume.values[:, rows]),
    )
    figure = _drawn(FIGURES["gpr_sections.png"], narrow)
    bar = figure.bars[0].box
    titles = [(said, box) for said, box in _texts(figure) if "across" in said or "along, y" in said]
    assert len(titles) == 6
    assert not [said for said, box in titles if _overlap(box, bar)]
    assert not [a[0] for a, b in itertools.combinations(titles, 2) if _overlap(a[1], b[1])]


@pytest.mark.parametrize("turned", (0.0, 0.5 * np.pi, 0.6))
def test_the_section_shows_distance_against_depth(full_result, turned):
    result = _line(full_result, turned=turned)
    figure = _drawn(FIGURES["gpr_sections.png"], result)
    maps = [panel for panel in figure.maps if panel.y_label == "depth (cm)"]
    assert len(maps) == 1
    axes = maps[0]
    assert axes.limits[2:] == pytest.approx((25.25, -0.25))
    assert axes.limits[:2] == pytest.approx((-3.0, 283.0), abs=0.6)
    image = axes.cells[0]
    shown = image.values[::-1]  # shallowest first
    left, right = image.extent[:2]
    middles = left + (np.arange(shown.shape[1]) + 0.5) * (right - left) / shown.shape[1]
    for place in 20.0 + 20.0 * np.arange(TARGETS):
        near = np.abs(middles - place) < 8.0
        k, i = np.unravel_index(np.argmax(np.where(near, np.nan_to_num(shown), 0.0)), shown.shape)
        assert middles[i] == pytest.approx(place, abs=1.0)
        assert k == 16
    said = "\n".join(text for text, _ in _texts(figure))
    assert "vertical exaggeration 3" in said
    assert "εᵣ 4.2 ± 0.3, wave speed 14.6 ± 0.5 cm/ns" in said
    for n in range(TARGETS):
        assert f"T{n + 1}\n6.5 ± 0.8" in said
    width, height = axes.size_in
    drawn = (height / 25.5) / (width / (axes.limits[1] - axes.limits[0]))
    assert drawn == pytest.approx(3.0, rel=1e-6)


def test_the_section_is_the_volume_under_the_track(line):
    maps = _drawn(FIGURES["gpr_sections.png"], line).maps
    shown = next(panel for panel in maps if panel.y_label == "depth (cm)").cells[0].values[::-1]
    row = int(np.argmin(np.abs(line.gpr_volume.grid.y_m)))
    np.testing.assert_allclose(shown, gained(line)[:, row], rtol=1e-6)


def test_the_map_of_a_strip_is_cut_at_equal_scale(line):
    figure = _drawn(FIGURES["fused.png"], line)
    maps = figure.maps
    assert len(maps) == 3
    edges = [panel.limits[:2] for panel in maps]
    for one, other in itertools.pairwise(edges):
        assert one[1] == pytest.approx(other[0])
    for panel in maps:
        left, right, low, high = panel.limits
        width, height = panel.size_in
        assert width / (right - left) == pytest.approx(height / (high - low), rel=1e-6)
        assert height * figure.dpi > 60.0
    said = "\n".join(text for text, _ in _texts(figure))
    assert all(f"T{n + 1}\n" in said for n in range(TARGETS))
    assert "not recorded" in said


def test_what_counts_as_a_strip(full_result):
    assert find_strip(full_result) is None
    assert is_line(_line(full_result, turned=2.0))
    far = find_strip(_line(full_result, start=5.0))
    assert not far.from_origin
    target = _line(full_result, start=5.0).targets[0]
    assert far.place_cm(target.x_m, target.y_m)[0] == pytest.approx(20.0)
    assert far.axis_words() == "distance along the line from its end (cm)"
    one = _line(full_result)
    wide = dataclasses.replace(one.coverage, gpr=np.ones_like(one.coverage.gpr))
    assert is_line(dataclasses.replace(one, coverage=wide))  # 6 cm are one antenna pair's
    y_m = np.arange(-0.2, 0.2, 0.005)
    grid = Grid(one.coverage.grid.x_m, y_m, 0.005)
    seen = np.ones((y_m.size, grid.x_m.size), dtype=bool)
    swath = dataclasses.replace(one.coverage, grid=grid, patch=seen, emi=seen, gpr=seen)
    assert find_strip(dataclasses.replace(one, coverage=swath)) is None  # one pass of an array head
    lanes = np.vstack([np.column_stack([np.linspace(0, 2, 50), np.full(50, y), np.zeros(50)]) for y in (0, 0.15)])
    swept = find_strip(dataclasses.replace(full_result, track_m=lanes))
    assert swept is not None
    assert not swept.single
    assert find_strip(dataclasses.replace(full_result, track_m=np.full((9, 3), np.nan))) is None


def test_same_bytes_and_input_untouched(line):
    before = line.gpr_volume.values.copy()
    assert render_figures(line) == render_figures(line)
    np.testing.assert_array_equal(line.gpr_volume.values, before)


@given(
    wanted=st.lists(st.floats(0.0, 10.0), max_size=25),
    width=st.floats(0.2, 3.0),
    rows=st.integers(1, 4),
)
def test_labels_and_their_lines_never_meet(wanted, width, rows):
    spots = shelved(wanted, [width] * len(wanted), (0.0, 10.0), rows=rows, leader=0.04)
    assert len(spots) == len(wanted)
    placed = [(place, *spot) for place, spot in zip(wanted, spots, strict=True) if spot is not None]
    assert not wanted or placed
    for place, _, middle in placed:
        assert 0.5 * width - 1e-9 <= middle <= 10.0 - 0.5 * width + 1e-9
        assert abs(middle - place) <= 0.5 * width + 1e-9
    for (p, row, middle), (q, other_row, other) in itertools.permutations(placed, 2):
        if row == other_row:
            assert abs(middle - other) >= width - 1e-9
        if row > other_row:
            assert abs(p - other) > 0.5 * width - 1e-9, (p, q)


@given(start=st.floats(-50.0, 50.0), span=st.floats(1.0, 5000.0))
def test_pieces_are_equal_and_without_a_gap(start, span):
    cuts = pieces(start, start + span, 100.0, 8)
    assert 1 <= len(cuts) <= 8
    assert (cuts[0][0], cuts[-1][1]) == pytest.approx((start, start + span))
    assert all(one[1] == other[0] for one, other in itertools.pairwise(cuts))


def _page_data(page):
    return json.loads(re.search(r'id="page-data">(.*?)</script>', page, re.DOTALL)[1])


@pytest.mark.parametrize("turned", (0.0, 0.6))
def test_the_report_of_a_line_shows_it_as_its_instrument_does(full_result, turned):
    line = _radargram(_line(full_result, turned=turned, start=1.0), along=(np.cos(turned), np.sin(turned)))
    page = report_html(line, dict.fromkeys(FIGURES, b"\x89PNG" + bytes(40)))
    data = _page_data(page)
    layers = re.findall(r'name="layer" value="(\w+)"', page)
    assert layers == ["depth", "traces", "metal"]
    assert data["ground"]["rows"] == 1
    assert "all" not in data["layers"]
    # The echoes lie under the targets, along the line and not across the map.
    columns, depths = data["ground"]["columns"], len(data["depths"])
    cells = unpacked(data["volume"], (depths, 1, columns))[:, 0]
    loudest = data["ground"]["left"] + (cells[depths // 3].argmax() + 0.5) * data["ground"]["cell"]
    assert min(abs(target["x"] - loudest) for target in data["targets"]) < 1.0
    assert all(abs(target["y"]) < 0.1 for target in data["targets"])
    zero, (u, v) = data["line"]["zero"], data["line"]["direction"]
    for target, own in zip(data["targets"], ordered_targets(line), strict=True):
        assert zero[0] + target["x"] * u == pytest.approx(100.0 * own.x_m, abs=0.1)
        assert zero[1] + target["x"] * v == pytest.approx(100.0 * own.y_m, abs=0.1)
    traces = data["line"]["traces"]
    steps = unpacked(traces["cells"], (1, traces["rows"], traces["columns"]))[0]
    assert steps.shape == (200, 60)
    assert (steps.argmax(axis=0) == np.arange(60)).all()
    assert np.median(steps) == 31  # what is silent lies in the middle of the scale
    assert data["line"]["apart"] == 6.0
    assert data["line"]["height"] == 4.0


def test_a_patch_has_a_map_and_no_line(full_result):
    page = report_html(full_result, dict.fromkeys(FIGURES, b"\x89PNG" + bytes(40)))
    assert re.findall(r'name="layer" value="(\w+)"', page) == ["depth", "all", "metal", "solid"]
    assert _page_data(page)["line"] is None


def _radargram(result, name="amplitude", count=60, along=(1.0, 0.0)):
    x = np.linspace(0.0, 2.8, count) + float(np.nanmin(result.track_m[:, :2] @ along))
    values = np.zeros((count, 200), dtype=np.float32)
    values[np.arange(count), np.arange(count)] = 1.0
    position = np.column_stack([x * along[0], x * along[1], 0.0 * x])
    shown = Radargram(name, "1", 5e-11 * np.arange(200.0), position, values, None, 0.06, 0.04)
    return dataclasses.replace(result, radargram=shown)


def test_radargram_on_request_only(line, full_result, tmp_path):
    write_outputs(_radargram(line), tmp_path / "out")
    assert (tmp_path / "out" / "gpr_radargram.png").stat().st_size > 10_000
    assert read_result(tmp_path / "out" / "result.h5").radargram is not None
    assert "What the radar heard along its track" in report_html(_radargram(line))
    write_outputs(full_result, tmp_path / "out", overwrite=True)
    assert not (tmp_path / "out" / "gpr_radargram.png").exists(), "a picture of another run"


@pytest.mark.parametrize("kind", ("line", "patch"))
def test_radargram_shows_traces_against_time(line, full_result, kind):
    result = _radargram(line if kind == "line" else full_result)
    raised = dataclasses.replace(result.radargram, gain="sec")
    figure = _drawn(radargram_figure, dataclasses.replace(result, radargram=raised))
    (panel,) = figure.maps
    cells = panel.cells[0]
    assert cells.values.shape == (200, 60)
    assert (cells.values[::-1].argmax(axis=0) == np.arange(60)).all()
    assert panel.limits[2:] == cells.extent[2:] == pytest.approx((9.975, -0.025))
    words = "distance along the line" if kind == "line" else "number of the sounding"
    assert words in panel.x_label
    assert "gain: sec, for display only" in "\n".join(said for said, _ in _texts(figure))
    assert cells.scale.low == -cells.scale.high
    assert cells.together == "loudest"


@pytest.mark.parametrize("name", ("phase", "envelope", "frequency"))
def test_silent_parts_of_a_radargram_are_grey(line, name):
    result = _radargram(line, name)
    result.radargram.values[:, 150:] = np.nan
    figure = _drawn(radargram_figure, result)
    said = "\n".join(text for text, _ in _texts(figure))
    assert "not told there" in said
    assert "gain not stated" in said
