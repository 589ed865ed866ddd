"""Pictures: exact cells, hatched ground, symbols in their place, labels, and the same bytes twice."""

from __future__ import annotations

import copy
import dataclasses
import io
import struct
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dualsense.render._canvas.colours import Scale, colour_table
from dualsense.render._canvas.marks import Shapes, overlaps
from dualsense.render._figures import panels, style, symbols
from dualsense.render._figures.echo import slabs
from dualsense.render._figures.figures import FIGURES, render_figures, write_figures
from dualsense.render._figures.fused import fused_figure
from dualsense.render._figures.metal import emi_figure
from dualsense.render._figures.style import View
from dualsense.render._figures.volume import section_points, sections_figure, slices_figure, window_cm
from dualsense.render._targets import ordered_targets
from oracles.pictures import gained

NAMES = ("fused.png", "emi_map.png", "gpr_slices.png", "gpr_sections.png")


def _decoded(png):
    return np.asarray(Image.open(io.BytesIO(png)))


_DRAWN = {}


def _draw(draw, result, view=None):
    """Sheet and its pixels, (height, width, 3), row 0 at the bottom as the sheet counts.

    Drawn once for the same result, which the memory keeps alive.
    """
    key = (draw.__name__, id(result), view)
    if key not in _DRAWN:
        sheet = draw(result, view or View())
        _DRAWN[key] = (result, sheet, sheet.pixels()[::-1].astype(np.int16))
    return _DRAWN[key][1:]


@pytest.fixture(scope="module", autouse=True)
def _forgotten():
    """Sheets are large, and no other file's tests look at them."""
    yield
    _DRAWN.clear()


def _at(panel, x_cm, y_cm):
    """Column and row of a point of the map in the picture, as fractions of a pixel."""
    return panel.at(x_cm, y_cm)


def _look(pixels, axes, x_cm, y_cm):
    column, row = _at(axes, x_cm, y_cm)
    return pixels[int(row), int(column)]


def _is_grey(colour):
    return int(colour.max()) - int(colour.min()) < 12


def _chunks(png):
    place, names = 8, []
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        names.append(png[place + 4 : place + 8])
        place += 12 + length
    return names


def _near_colour(pixels, colour, tolerance=10):
    wanted = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])
    return (np.abs(pixels - wanted) <= tolerance).all(axis=-1)


def test_every_picture_is_drawn_and_none_is_blank(any_result, pictures):
    drawn = pictures(any_result)
    assert tuple(drawn) == NAMES
    for name, png in drawn.items():
        pixels = _decoded(png)
        assert pixels.shape[0] > 300
        assert pixels.shape[1] > 600
        assert pixels.shape[2] == 3
        assert (pixels.min(axis=-1) < 128).mean() > 0.01, name


@pytest.mark.parametrize("variant", ("full", "no_radar", "nothing_covered"))
def test_two_runs_give_the_same_bytes(make_result, pictures, tmp_path, variant):
    paths = write_figures(make_result(variant), tmp_path)
    assert {path.name: path.read_bytes() for path in paths} == pictures(make_result(variant))


def test_png_tells_neither_time_nor_program(full_result, pictures):
    for png in pictures(full_result).values():
        assert set(_chunks(png)) == {b"IHDR", b"pHYs", b"IDAT", b"IEND"}


def test_pictures_do_without_matplotlib():
    code = (
        "import sys, dualsense.render._output; "
        "sys.exit(any(name in sys.modules for name in ('matplotlib', 'skimage', 'tkinter', 'IPython')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_input_is_never_changed(make_result):
    result = copy.deepcopy(make_result("full"))
    coverage = result.coverage
    arrays = [result.gpr_volume.values, result.emi_maps["metal_response"].values, result.track_m]
    for array in (*arrays, coverage.patch, coverage.emi, coverage.gpr):
        array.setflags(write=False)
    assert set(render_figures(result)) == set(NAMES)


def _one_hot(result, row, column):
    """Radar that is nothing but one bright cell, seen by both sensors, without anything drawn over it."""
    volume = result.gpr_volume
    values = np.zeros_like(volume.values)
    values[10, row, column] = 1.0
    metal = result.emi_maps["metal_response"]
    full = np.ones_like(result.coverage.patch)
    return dataclasses.replace(
        result,
        coverage=dataclasses.replace(result.coverage, patch=full, emi=full, gpr=full),
        gpr_volume=dataclasses.replace(volume, values=values),
        emi_maps={"metal_response": dataclasses.replace(metal, values=np.zeros_like(metal.values))},
        targets=(),
        track_m=np.empty((0, 3)),
    )


@pytest.mark.parametrize(("row", "column"), ((0, 0), (33, 17), (65, 79)))
def test_a_cell_is_drawn_from_edge_to_edge(full_result, row, column):
    result = _one_hot(full_result, row, column)
    figure, pixels = _draw(fused_figure, result, View(radar_limit=0.5))
    axes = figure.panels[0]
    grid = result.coverage.grid
    x_cm, y_cm = 100.0 * grid.x_m[column], 100.0 * grid.y_m[row]
    half = 50.0 * grid.cell_m
    bright = _near_colour(pixels, "#fde725", 3)
    low, high = _at(axes, x_cm - half, y_cm - half), _at(axes, x_cm + half, y_cm + half)
    # Clip to the map, where the frame's line lies over the outermost cells.
    rows, columns = np.nonzero(bright[:, : int(_at(axes, axes.limits[1], 0.0)[0]) + 1])
    for found, edge in ((columns.min(), low[0]), (rows.min(), low[1])):
        assert abs(found - edge) <= (2.5 if 0 in (row, column) else 1.0)
    for found, edge in ((columns.max() + 1, high[0]), (rows.max() + 1, high[1])):
        assert abs(found - edge) <= (2.5 if column == 79 else 1.0)


def test_map_edges_are_the_edges_of_the_outer_cells(full_result):
    assert panels.extent_cm(full_result.coverage.grid) == pytest.approx((-1.0, 39.0, -1.5, 31.5))
    figure, _ = _draw(emi_figure, full_result)
    assert figure.panels[0].limits == pytest.approx((-1.0, 39.0, -1.5, 31.5))
    assert figure.panels[0].cells[0].extent == pytest.approx((-1.0, 39.0, -1.5, 31.5))
    assert figure.panels[0].cells[0].edges == pytest.approx(figure.panels[0].box)


def test_a_centimetre_is_as_long_across_as_along(full_result):
    for draw in FIGURES.values():
        figure, _ = _draw(draw, full_result)
        assert figure.maps
        for axes in figure.maps[:1]:
            origin, along, across = (_at(axes, *point) for point in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)))
            assert along[0] - origin[0] == pytest.approx(abs(across[1] - origin[1]), rel=1e-6)


def test_unmeasured_ground_is_hatched_grey(full_result):
    result = dataclasses.replace(full_result, targets=(), track_m=np.empty((0, 3)))
    figure, pixels = _draw(fused_figure, result)
    axes = figure.panels[0]
    left, bottom = (int(value) for value in _at(axes, 29.5, 19.0))
    right, top = (int(value) for value in _at(axes, 35.5, 22.0))
    block = pixels[bottom:top, left:right]
    spread = block.max(axis=-1) - block.min(axis=-1)
    assert (spread < 12).all()
    assert _near_colour(block, style.UNMEASURED).mean() > 0.3
    assert (block.max(axis=-1) < 190).mean() > 0.05, "no hatching lines"
    assert not _is_grey(_look(pixels, axes, 20.0, 5.0))


def test_no_colour_of_the_maps_is_grey():
    unmeasured = np.array([0xD4, 0xD4, 0xD4]) / 255.0
    for name in (style.RADAR_MAP, style.METAL_MAP):
        distance = np.linalg.norm(colour_table(name) / 255.0 - unmeasured, axis=1)
        assert distance.min() > 0.15, name


def test_ground_that_one_sensor_saw_is_marked(full_result):
    result = dataclasses.replace(full_result, targets=(), track_m=np.empty((0, 3)))
    both = dataclasses.replace(
        result, coverage=dataclasses.replace(result.coverage, emi=np.ones_like(result.coverage.emi))
    )
    metal = result.emi_maps["metal_response"]
    filled = dataclasses.replace(metal, values=np.nan_to_num(metal.values))
    both = dataclasses.replace(both, emi_maps={"metal_response": filled})
    figure, marked = _draw(fused_figure, result)
    _, unmarked = _draw(fused_figure, both)
    axes = figure.panels[0]
    left, bottom = (int(value) for value in _at(axes, -0.4, 4.0))
    right, top = (int(value) for value in _at(axes, 0.9, 12.0))
    assert (marked[bottom:top, left:right] != unmarked[bottom:top, left:right]).any(axis=-1).mean() > 0.03


def test_symbols_lie_on_their_targets(full_result):
    figure, pixels = _draw(fused_figure, full_result)
    axes = figure.panels[0]
    orange = _near_colour(pixels, style.SUSPECT, 25)
    for target in full_result.targets[:2]:
        column, row = _at(axes, 100.0 * target.x_m, 100.0 * target.y_m)
        rows, columns = np.nonzero(orange[int(row) - 25 : int(row) + 25, int(column) - 25 : int(column) + 25])
        assert rows.size > 100
        assert columns.mean() - 25 == pytest.approx(column - int(column), abs=1.0)
        assert rows.mean() - 25 == pytest.approx(row - int(row), abs=1.0)
    for target in full_result.targets[2:]:
        column, row = _at(axes, 100.0 * target.x_m, 100.0 * target.y_m)
        assert not orange[int(row) - 12 : int(row) + 12, int(column) - 12 : int(column) + 12].any()


def test_calls_differ_in_shape_without_colour(full_result):
    """The symbols in black and white, each against the others."""
    shapes = {}
    for call in ("suspect", "likely-clutter", "not-assessable"):
        sheet = style.new_sheet(1.0, 1.0)
        panel = sheet.panel((0.0, 0.0), (1.0, 1.0), (-1.0, 1.0, -1.0, 1.0))
        symbols.draw_symbol(panel, 0.0, 0.0, call)
        shapes[call] = sheet.pixels().mean(axis=-1) < 160
    names = list(shapes)
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            union = (shapes[one] | shapes[other]).sum()
            assert (shapes[one] ^ shapes[other]).sum() / union > 0.3, (one, other)


@pytest.mark.parametrize("name", NAMES)
def test_simulated_data_say_so_in_every_picture(make_result, name):
    _, simulated = _draw(FIGURES[name], make_result("simulated"))
    _, recorded = _draw(FIGURES[name], make_result("full"))
    height = simulated.shape[0]
    head = slice(int(height - 0.9 * style.DPI), height)
    assert _near_colour(simulated[head], style.SIMULATED_PAPER, 2).sum() > 2000
    assert not _near_colour(recorded[head], style.SIMULATED_PAPER, 2).any()


def _texts(sheet):
    return "\n".join(text.text for text in sheet.texts)


@pytest.mark.parametrize(
    ("variant", "draw", "words"),
    (
        ("no_emi", emi_figure, "METAL DETECTOR: NOT RECORDED\nThis ground is not assessable by it."),
        ("emi_failed", emi_figure, "METAL DETECTOR: FAILED\nThis ground is not assessable by it."),
        ("no_radar", slices_figure, "RADAR: NOT RECORDED\nThis ground is not assessable by it."),
        ("no_radar", sections_figure, "RADAR: NOT RECORDED\nThis ground is not assessable by it."),
        ("no_radar", fused_figure, "Radar: not recorded — this ground is not assessable by it."),
        ("emi_failed", fused_figure, "Metal detector: failed — this ground is not assessable by it."),
        ("nothing_covered", fused_figure, "NOTHING MEASURED\nThis ground is not assessable."),
        ("nothing_covered", emi_figure, "METAL DETECTOR: MEASURED NONE OF THIS PATCH"),
        ("nothing_covered", slices_figure, "RADAR: MEASURED NONE OF THIS PATCH"),
    ),
)
def test_a_missing_sensor_is_said_in_the_picture(make_result, variant, draw, words):
    result = make_result(variant)
    figure, pixels = _draw(draw, result)
    assert words in _texts(figure)
    assert _near_colour(pixels, style.MISSING_PAPER, 3).sum() > 3000


@pytest.mark.parametrize("draw", (slices_figure, sections_figure))
def test_what_the_radar_alone_measured_is_hatched_in_slices_and_sections_too(make_result, draw):
    figure, alone = _draw(draw, make_result("emi_failed"))
    assert "lines: one sensor only" in _texts(figure)
    _, both = _draw(draw, make_result("full"))
    hatched = [int(_near_colour(pixels, style.ONE_SENSOR_LINES, 3).sum()) for pixels in (alone, both)]
    assert hatched[0] > 3.0 * hatched[1] + 3000


def test_fused_picture_names_every_target_and_the_uncalibrated_model(full_result):
    figure, _ = _draw(fused_figure, full_result)
    said = _texts(figure)
    for target in (
        "T1 suspect",
        "T2 suspect",
        "T3 likely clutter",
        "T4 not assessable",
        "not ruled out: score 0.87",
    ):
        assert target in said
    assert "Scores are uncalibrated" in said
    assert "Ground not covered: 9 %" in said
    assert "lane direction (+x)" in said
    assert "10 cm" in said
    calibrated, _ = _draw(fused_figure, dataclasses.replace(full_result, model="stacked-2"))
    assert "uncalibrated" not in _texts(calibrated)
    assert "model stacked-2" in _texts(calibrated)


def test_an_empty_list_speaks_of_the_assessed_part_only(make_result):
    figure, _ = _draw(fused_figure, make_result("no_targets"))
    assert "No target found in\nthe assessed part" in _texts(figure)
    figure, _ = _draw(fused_figure, make_result("nothing_covered"))
    assert "Nothing was assessed" in _texts(figure)


def test_tags_keep_out_of_each_other_and_of_the_symbols(full_result):
    figure, _ = _draw(fused_figure, full_result)
    axes = figure.panels[0]
    boxes = [text.box() for text in axes.texts if text.text.startswith("T")]
    assert len(boxes) == 4
    for index, box in enumerate(boxes):
        assert not overlaps(np.array([box]), np.array(boxes[index + 1 :]).reshape(-1, 4)).any()
        for target in full_result.targets:
            column, row = _at(axes, 100.0 * target.x_m, 100.0 * target.y_m)
            assert not (box[0] <= column <= box[2] and box[1] <= row <= box[3])


def test_tags_cover_no_symbol_however_crowded_the_map():
    rng = np.random.default_rng(3)
    for count in (2, 5, 8, 14, 30):
        for _ in range(8):
            places = [(float(x), float(y)) for x, y in rng.uniform(20.0, 380.0, (count, 2))]
            names = [(f"T{n} likely clutter", f"T{n}") if count <= 8 else (f"T{n}",) for n in range(count)]
            found = symbols.free_boxes(names, places, 12.0, (0.0, 0.0, 400.0, 400.0))
            placed = [one for one in found if one is not None]
            assert len(placed) == count
            boxes = np.array([box for _, box, _ in placed])
            marks = np.array([(x - 12.0, y - 12.0, x + 12.0, y + 12.0) for x, y in places])
            assert not overlaps(boxes, marks).any()


def test_a_tag_without_room_beside_its_symbol_is_shortened_or_led_to():
    around = [(x, y) for x in (20.0, 50.0, 80.0) for y in (20.0, 50.0, 80.0) if (x, y) != (50.0, 50.0)]
    places = [(50.0, 50.0), *around]
    names = [(f"T{n} not assessable", f"T{n}") for n in range(9)]
    (text, box, apart), *_ = symbols.free_boxes(names, places, 12.0, (0.0, 0.0, 400.0, 400.0))
    assert apart or text == "T0"
    assert not overlaps(np.array([box]), np.array([(x - 12, y - 12, x + 12, y + 12) for x, y in places])).any()


def test_the_tag_of_clutter_lies_on_no_other_target(full_result):
    """As a mine beside a casing: the long tag of the second used to lie over the first."""
    mine, casing = full_result.targets[0], full_result.targets[2]
    pair = (dataclasses.replace(mine, x_m=0.09, y_m=0.12), dataclasses.replace(casing, x_m=0.28, y_m=0.12))
    figure, _ = _draw(fused_figure, dataclasses.replace(full_result, targets=pair))
    axes = figure.panels[0]
    half = axes.points_px(0.5 * symbols.SYMBOL_PT)
    for text in (text for text in axes.texts if text.text.startswith("T")):
        for target in pair:
            column, row = (float(value) for value in _at(axes, 100.0 * target.x_m, 100.0 * target.y_m))
            symbol = np.array([(column - half, row - half, column + half, row + half)])
            assert not overlaps(np.array([text.box()]), symbol).any()


def test_many_targets_are_numbered_and_the_rest_is_counted(full_result):
    many = tuple(
        dataclasses.replace(full_result.targets[0], id=f"T{n}", x_m=0.02 * n, y_m=0.01 * n) for n in range(1, 19)
    )
    figure, _ = _draw(fused_figure, dataclasses.replace(full_result, targets=many))
    said = _texts(figure)
    assert "and 12 more in targets.csv" in said
    assert "\nT18\n" in said


def test_hostile_names_are_only_text(full_result):
    header = dataclasses.replace(full_result.header, scan_id="$\\frac{1}{$ ផ្លូវ \udc80\x00<b>")
    targets = (dataclasses.replace(full_result.targets[0], id="$x_{$"),)
    result = dataclasses.replace(full_result, header=header, targets=targets)
    assert set(render_figures(result)) == set(NAMES)


def test_equal_colours_mean_equal_echoes_in_all_pictures_of_all_scans(full_result, make_result):
    for result in (full_result, make_result("no_targets")):
        for draw, limit in ((fused_figure, 12.0), (slices_figure, 1.0), (sections_figure, 1.0)):
            figure, _ = _draw(draw, result)
            shown = [cells for panel in figure.maps for cells in panel.cells]
            radar = [cells for cells in shown if cells.colours == style.RADAR_MAP]
            assert radar
            assert {cells.scale for cells in radar} == {Scale(0.0, limit, style.RADAR_GAMMA)}
            assert {cells.colours for panel in figure.bars for cells in panel.cells} == {style.RADAR_MAP}
    figure, _ = _draw(fused_figure, full_result, View(radar_limit=30.0))
    assert figure.panels[0].cells[0].scale.high == 30.0


def test_metal_noise_never_fills_the_colour_scale(full_result):
    # A cell is the mean of some twenty readings.
    metal = np.abs(np.random.default_rng(3).normal(size=full_result.coverage.patch.shape)) / 20.0**0.5
    image = dataclasses.replace(full_result.emi_maps["metal_response"], values=metal.astype(np.float32), units="1")
    limits = style.colour_limits(dataclasses.replace(full_result, emi_maps={"metal_response": image}), View())
    assert limits.metal == 3.0
    assert metal.max() < 0.5 * limits.metal
    assert panels.contour_levels(image, limits.metal) == ()


@pytest.mark.parametrize("loudest", (47.0, 999.7, 2871.0, 9999.0, 3.1e5))
def test_numbers_of_the_metal_scale_are_plain_and_stay_on_the_sheet(full_result, loudest):
    metal = full_result.emi_maps["metal_response"]
    values = np.where(np.isfinite(metal.values), loudest, np.nan)
    loud = dataclasses.replace(
        full_result, emi_maps={**full_result.emi_maps, "metal_response": dataclasses.replace(metal, values=values)}
    )
    figure, _ = _draw(emi_figure, loud)
    bars = [panel for panel in figure.bars if panel.y_label.startswith("metal response")]
    assert bars
    for bar in bars:
        assert bar.y_ticks
        assert not [number for number in bar.y_ticks if "e" in number]
        assert all(text.box()[2] <= figure.size_px[0] for text in bar.texts)


def test_metal_contours_start_at_the_noise(full_result):
    image = full_result.emi_maps["metal_response"]
    ramp = np.broadcast_to(np.linspace(0.0, 100.0, 80), (66, 80)).astype(np.float32)
    in_noise = dataclasses.replace(image, values=ramp, units="1")
    assert panels.contour_levels(in_noise, 100.0) == (1.0, 4.0, 16.0, 64.0)
    strong = dataclasses.replace(in_noise, values=100.0 * ramp)
    assert panels.contour_levels(strong, 1e4) == (1.0, 10.0, 100.0, 1000.0)
    other = dataclasses.replace(image, values=ramp)
    assert panels.contour_levels(other, 100.0) == (1.5625, 6.25, 25.0, 70.0)


@given(start=st.floats(0.0, 0.3), span=st.floats(0.001, 2.0), count=st.integers(1, 300))
def test_slabs_hold_every_slice_once_in_at_most_nine(full_result, start, span, count):
    depth_m = start + span * (np.arange(count) + 0.5) / count
    volume = dataclasses.replace(
        full_result.gpr_volume, depth_m=depth_m, values=np.zeros((count, 2, 2), dtype=np.float32)
    )
    cuts = slabs(volume, View())
    assert 1 <= len(cuts) <= 10
    np.testing.assert_array_equal(np.concatenate([indices for _, _, indices in cuts]), np.arange(count))
    for top_cm, bottom_cm, indices in cuts:
        assert top_cm - 1e-6 <= 100.0 * depth_m[indices].min()
        assert 100.0 * depth_m[indices].max() <= bottom_cm + 1e-6


def test_slices_show_the_greatest_echo_of_their_slab(full_result):
    figure, _ = _draw(slices_figure, full_result)
    titles = [panel.title for panel in figure.maps]
    assert titles[0] == "0–3 cm deep"
    assert titles[-1] == "24–25 cm deep"
    second = figure.panels[1].cells[0].values
    expected = np.fmax.reduce(gained(full_result)[6:12], axis=0)
    np.testing.assert_allclose(second, expected, rtol=1e-6)


def test_sections_cut_through_the_top_targets_or_the_strongest_body(full_result, make_result):
    assert [point[2].id for point in section_points(full_result)] == ["T1", "T2", "T4"]
    ((x_m, y_m, target),) = section_points(make_result("no_targets"))
    assert target is None
    assert (x_m, y_m) == pytest.approx((0.11, 0.15), abs=0.006)


def test_sections_have_the_ground_at_the_top(full_result):
    figure, _ = _draw(sections_figure, full_result)
    axes = figure.panels[0]
    _, _, bottom, top = axes.limits
    assert bottom == pytest.approx(25.0)
    assert top == pytest.approx(0.0)
    cut = axes.cells[0]
    row = int(np.argmin(np.abs(full_result.gpr_volume.grid.y_m - 0.15)))
    expected = gained(full_result)[:, row]
    # Array row 0 is drawn at the bottom, which is the deepest slice.
    np.testing.assert_allclose(cut.values[::-1], expected, rtol=1e-6)
    assert cut.extent[2:] == pytest.approx((25.0, 0.0))


@given(
    edges=st.tuples(st.floats(-500.0, 500.0), st.floats(1.0, 900.0)),
    share=st.floats(0.0, 1.0),
    width=st.floats(0.1, 500.0),
)
def test_windows_stay_on_the_axis_and_hold_their_middle(edges, share, width):
    start, span = edges
    whole = (start, start + span)
    middle = start + share * span
    low, high = window_cm(whole, middle, width)
    assert low >= whole[0] - 1e-9
    assert high <= whole[1] + 1e-9
    assert low - 1e-9 <= middle <= high + 1e-9
    assert high - low == pytest.approx(min(width, span))


@given(span=st.floats(1e-6, 1e6), parts=st.integers(1, 50))
def test_ticks_are_round_and_never_too_many(span, parts):
    step = panels.nice_step(span, parts)
    assert span / step <= parts * (1.0 + 1e-6)
    digit = step / 10.0 ** np.floor(np.log10(step * (1.0 + 1e-9)))
    assert min(abs(digit - nice) for nice in (1.0, 2.0, 5.0, 10.0)) < 1e-6


@pytest.mark.parametrize(
    ("units", "shown"), (("1", "relative"), ("m3", "m³"), ("V/A", "V/A"), ("m2/s", "m²/s"), ("dB", "dB"))
)
def test_units_are_written_as_people_do(units, shown):
    assert style.unit_words(units) == shown


def test_numbers_share_one_power_of_ten():
    assert style.numbers_words((1.3e-9, 2e-8), "m3") == "0.13, 2 × 10⁻⁸ m³"
    assert style.numbers_words((1.0, 1000.0), style.metal_units("1")) == "1, 1000 times the noise"


@pytest.mark.parametrize("shape", ((3, 400), (200, 4), (1, 1), (7, 9)))
def test_patches_of_any_shape_are_drawn(full_result, shape):
    from dualsense.result import Coverage, Grid, Volume
    from dualsense.result import Image as Map

    ny, nx = shape
    grid = Grid(0.01 * np.arange(nx), 0.01 * np.arange(ny), 0.01)
    full = np.ones(shape, bool)
    rng = np.random.default_rng(5)
    values = rng.random((6, ny, nx)).astype(np.float32)
    result = dataclasses.replace(
        full_result,
        coverage=Coverage(grid, full, full, full),
        gpr_volume=Volume("v", "1", grid, 0.01 * np.arange(6), values),
        emi_maps={"metal_response": Map("metal_response", "1", grid, 30.0 * values[0])},
    )
    assert set(render_figures(result)) == set(NAMES)
    assert len(ordered_targets(result)) == 4


def test_a_track_that_would_hide_the_map_is_left_out_and_that_is_said(full_result):
    rows = np.arange(-0.01, 0.31, 0.001)
    lines = [np.column_stack([[0.0, 0.38], [y_m, y_m], [0.05, 0.05]]) for y_m in rows]
    dense, _ = _draw(fused_figure, dataclasses.replace(full_result, track_m=np.vstack(lines)))
    usual, _ = _draw(fused_figure, full_result)
    assert "swept track: too dense to draw" in _texts(dense)
    assert "swept track: too dense" not in _texts(usual)
    assert len([mark for mark in usual.panels[0].marks() if isinstance(mark, Shapes)]) == 2
    assert not [mark for mark in dense.panels[0].marks() if isinstance(mark, Shapes)]


def test_large_ground_is_shown_by_its_strongest_cells_and_that_is_said(full_result):
    from dualsense.result import Coverage, Grid, Volume

    grid = Grid(0.01 * np.arange(1500), 0.01 * np.arange(900), 0.01)
    full = np.ones((900, 1500), bool)
    values = np.full((3, 900, 1500), 0.1, dtype=np.float32)
    values[1, 411, 777] = 50.0
    result = dataclasses.replace(
        full_result,
        coverage=Coverage(grid, full, full, full),
        gpr_volume=Volume("v", "1", grid, 0.01 * np.arange(3), values),
        emi_maps={},
        targets=(),
        track_m=np.empty((0, 3)),
    )
    for draw in (fused_figure, slices_figure):
        sheet, pixels = _draw(draw, result)
        rows, columns = sheet.cells_per_dot()
        assert rows * columns > 1
        assert f"one dot shows the strongest of {rows} × {columns} cells" in _texts(sheet)
        panel = sheet.maps[0] if draw is fused_figure else sheet.maps[1]
        column, row = _at(panel, 777.0, 411.0)
        block = pixels[int(row) - 4 : int(row) + 5, int(column) - 4 : int(column) + 5]
        assert _near_colour(block, "#fde725", 3).any()
    usual, _ = _draw(fused_figure, full_result)
    assert "one dot shows" not in _texts(usual)
