"""The canvas: pixels where they belong, letters as measured, hatching, and PNG that any reader understands."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib import colormaps
from PIL import Image

from dualsense.render._canvas import font
from dualsense.render._canvas.axes import draw_frame, draw_x_axis, draw_y_axis, even_ticks
from dualsense.render._canvas.canvas import Canvas
from dualsense.render._canvas.colours import MAPS, Scale, colour_table, hex_names, shade
from dualsense.render._canvas.marks import Paper
from dualsense.render._canvas.paint import cells_per_pixel, gathered
from dualsense.render._canvas.png import png_bytes

GREY = Scale(0.0, 1.0)


def _sheet():
    """A sheet of 200 × 100 pixels with a panel of 100 × 50 at (40, 20)."""
    sheet = Canvas(2.0, 1.0, 100.0)
    return sheet, sheet.panel((0.4, 0.2), (1.0, 0.5), (0.0, 10.0, 0.0, 5.0))


def _upright(sheet):
    """Pixels with row 0 at the bottom."""
    return sheet.pixels()[::-1].astype(int)


def _dark(pixels):
    return pixels.min(axis=-1) < 128


def test_png_decodes_to_the_same_pixels():
    pixels = np.random.default_rng(0).integers(0, 256, (37, 51, 3), dtype=np.uint8)
    png = png_bytes(pixels, 110.0)
    read = Image.open(io.BytesIO(png))
    assert read.mode == "RGB"
    assert read.info["dpi"] == pytest.approx((110.0, 110.0), abs=0.02)
    np.testing.assert_array_equal(np.asarray(read), pixels)
    assert png == png_bytes(pixels.copy(), 110.0)


def test_an_empty_sheet_is_white():
    sheet, _ = _sheet()
    assert sheet.size_px == (200, 100)
    assert sheet.pixels().shape == (100, 200, 3)
    assert (sheet.pixels() == 255).all()


def test_cells_are_drawn_from_edge_to_edge_with_the_first_row_at_the_bottom():
    sheet, panel = _sheet()
    values = np.array([[0.0, 0.25, np.nan, 1.0]])
    panel.draw_cells(values, (0.0, 10.0, 0.0, 5.0), GREY, "viridis")
    seen = _upright(sheet)
    for n, value in enumerate(values[0]):
        expected = (
            np.array([255, 255, 255]) if np.isnan(value) else shade(np.array([value]), GREY, "viridis", "#ffffff")
        )
        assert (seen[20:70, 40 + 25 * n : 65 + 25 * n] == expected).all()
    outside = seen.copy()
    outside[20:70, 40:140] = 255
    assert (outside == 255).all()


def test_axes_that_run_backwards_turn_the_cells_over():
    sheet, panel = _sheet()
    panel.draw_cells(np.array([[0.0], [1.0]]), (0.0, 10.0, 5.0, 0.0), GREY, "inferno")
    seen = _upright(sheet)
    assert seen[25, 60].sum() > seen[65, 60].sum()


def test_a_window_cuts_what_reaches_past_the_panel():
    sheet, panel = _sheet()
    panel.draw_cells(np.zeros((4, 4)), (-10.0, 20.0, -10.0, 20.0), GREY, "viridis")
    panel.draw_lines([np.array([[-9.0, 1.0], [30.0, 4.0]])], width_pt=4.0, colour="#000000", level=2.0)
    seen = _upright(sheet)
    covered = (seen < 255).any(axis=-1)
    assert covered[20:70, 40:140].all()
    assert covered.sum() == 50 * 100


def test_cells_smaller_than_pixels_never_lose_the_strongest():
    values = np.random.default_rng(1).random((700, 1100)).astype(np.float32)
    values[123, 456] = 5.0
    values[:50, :50] = np.nan
    assert cells_per_pixel(values.shape, (0.0, 0.0, 100.0, 50.0)) == (14, 11)
    together = gathered(values, (14, 11), "greatest")
    assert together.shape == (50, 100)
    assert together[123 // 14, 456 // 11] == 5.0
    assert np.isnan(together[0, 0])
    assert together[3, 4] == np.nanmax(values[42:56, 44:55])
    signed = values - 10.0
    assert gathered(signed, (14, 11), "loudest")[3, 4] == np.nanmin(signed[42:56, 44:55])
    sheet, panel = _sheet()
    scale = Scale(1.0, 5.0)
    panel.draw_cells(values, (0.0, 10.0, 0.0, 5.0), scale, "viridis")
    bright = (_upright(sheet) == colour_table("viridis")[-1]).all(axis=-1)
    assert list(zip(*np.nonzero(bright), strict=True)) == [(20 + 123 // 14, 40 + 456 // 11)]
    assert sheet.cells_per_dot() == (14, 11)


def test_hatching_covers_its_part_of_the_true_cells_alone():
    sheet, panel = _sheet()
    mask = np.array([[False, True]])
    panel.draw_hatch(mask, (0.0, 10.0, 0.0, 5.0), ground="#d4d4d4", lines="#000000", apart_in=0.08)
    seen = _upright(sheet)
    assert (seen[:, :90] == 255).all()
    block = seen[20:70, 90:140, 0]
    # Lines 8 pixels apart along a row and 1.1 points wide across themselves, at 45 degrees.
    part = 1.1 * 100.0 / 72.0 * 2.0**0.5 / 8.0
    assert (0xD4 - block.mean()) / 0xD4 == pytest.approx(part, rel=0.04)
    # They rise to the right.
    assert (block[:-1, :-1] == block[1:, 1:]).all()
    assert not (block[:-1, 1:] == block[1:, :-1]).all()


def test_hatching_may_fall_to_the_right():
    sheet, panel = _sheet()
    mask = np.array([[False, True]])
    panel.draw_hatch(mask, (0.0, 10.0, 0.0, 5.0), ground=None, lines="#000000", apart_in=0.08, falling=True)
    seen = _upright(sheet)
    assert (seen[:, :90] == 255).all()
    block = seen[20:70, 90:140, 0]
    assert (255 - block.mean()) / 255 == pytest.approx(1.1 * 100.0 / 72.0 * 2.0**0.5 / 8.0, rel=0.04)
    assert (block[:-1, 1:] == block[1:, :-1]).all()
    assert not (block[:-1, :-1] == block[1:, 1:]).all()


def test_no_hole_is_too_small_to_be_hatched():
    sheet, panel = _sheet()
    mask = np.zeros((100, 200), dtype=bool)
    mask[:, 100:102] = True
    mask[:, 150] = True
    mask[7, 180] = True
    panel.draw_hatch(mask, (0.0, 10.0, 0.0, 5.0), ground="#d4d4d4", lines="#d4d4d4", apart_in=0.08)
    grey = (_upright(sheet)[20:70, 40:140] == 0xD4).all(axis=-1)
    assert grey[:, [50, 75]].all()
    assert grey.sum() == 2 * 50 + 1


def test_straight_lines_are_sharp():
    sheet, panel = _sheet()
    panel.draw_lines([np.array([[3.33, 0.0], [3.33, 5.0]])], width_pt=1.44, colour="#000000", level=1.0)
    seen = _upright(sheet)
    assert set(np.unique(seen)) == {0, 255}
    assert (seen == 0).all(axis=-1).sum() == 2 * 50
    assert abs(np.nonzero(_dark(seen)[45])[0].mean() + 0.5 - 73.3) <= 0.5


def test_a_slanting_line_darkens_what_it_covers():
    sheet, panel = _sheet()
    line = np.array([[1.0, 1.0], [9.0, 3.7]])
    panel.draw_lines([line], width_pt=2.16, colour="#000000", level=1.0, cap="butt")
    dark = (255.0 - _upright(sheet)[..., 0]).sum() / 255.0
    assert dark == pytest.approx(3.0 * np.hypot(80.0, 27.0), rel=0.005)
    half, panel = _sheet()
    panel.draw_lines([line], width_pt=2.16, colour="#000000", level=1.0, cap="butt", alpha=0.5)
    assert (255.0 - _upright(half)[..., 0]).sum() / 255.0 == pytest.approx(0.5 * dark, rel=0.01)


def test_higher_levels_lie_over_lower_ones_and_bars_under_all():
    sheet, panel = _sheet()
    panel.draw_box((1.0, 9.0, 1.0, 4.0), "#ff0000", "#ff0000", 1.0, 5.0)
    panel.draw_box((1.0, 9.0, 1.0, 4.0), "#00ff00", "#00ff00", 1.0, 2.0)
    bar = sheet.panel((0.4, 0.2), (1.0, 0.5), (0.0, 1.0, 0.0, 1.0), is_bar=True)
    bar.draw_box((0.0, 1.0, 0.0, 1.0), "#0000ff", "#0000ff", 1.0, 9.0)
    assert _upright(sheet)[45, 90].tolist() == [255, 0, 0]
    assert _upright(sheet)[22, 42].tolist() == [0, 0, 255]


@pytest.mark.parametrize("cut", font.FILES)
@pytest.mark.parametrize("turned", (False, True))
@pytest.mark.parametrize(("across", "up"), (("left", "top"), ("center", "center"), ("right", "bottom")))
def test_letters_lie_within_their_box(cut, turned, across, up):
    sheet = Canvas(3.0, 3.0, 100.0)
    sheet.write(1.5, 1.5, "Hlp 20 cm\nabq", size_pt=14.0, cut=cut, turned=turned, across=across, up=up)
    left, bottom, right, top = sheet.words[0].box()
    rows, columns = np.nonzero(_dark(_upright(sheet)))
    slack = 2.5 if cut == "italic" else 1.5
    assert left - slack <= columns.min()
    assert columns.max() + 1 <= right + slack
    assert bottom - slack <= rows.min()
    assert rows.max() + 1 <= top + slack
    # The box is no larger than what is written, but for the side at which short lines end.
    assert columns.max() - columns.min() > 0.8 * (right - left)
    assert rows.max() - rows.min() > 0.8 * (top - bottom)
    anchor = {"left": left, "center": 0.5 * (left + right), "right": right}[across]
    high = {"top": top, "center": 0.5 * (bottom + top), "bottom": bottom}[up]
    if not turned:
        assert (anchor, high) == pytest.approx((150.0, 150.0))


def test_capitals_are_centred_where_that_is_asked_for():
    sheet = Canvas(1.0, 1.0, 100.0)
    sheet.write(0.5, 0.5, "H", size_pt=30.0, cut="bold", across="center", up="capital")
    rows, columns = np.nonzero(_dark(_upright(sheet)))
    assert 0.5 * (rows.min() + rows.max() + 1) == pytest.approx(50.0, abs=1.0)
    assert 0.5 * (columns.min() + columns.max() + 1) == pytest.approx(50.0, abs=1.5)


def test_paper_lies_behind_the_words():
    sheet = Canvas(2.0, 1.0, 100.0)
    sheet.write(1.0, 0.5, "x", size_pt=12.0, across="center", paper=Paper("#ffd400", "#0000ff", 1.44, 0.5))
    seen = _upright(sheet)
    left, bottom, right, top = sheet.words[0].box()
    assert seen[round(bottom) + 4, round(left) + 4].tolist() == [255, 212, 0]
    blue = (seen == (0, 0, 255)).all(axis=-1)
    assert blue.sum() == pytest.approx(2 * 2 * (right - left + top - bottom), rel=0.12)


@pytest.mark.parametrize("text", ("", " ", "\udc80\x00", "ផ្លូវ", "εᵣ ± 10⁻⁸ m³ · – — ⚠ µ₀ Ж", "a\n\nb"))
def test_any_text_can_be_written(text):
    sheet = Canvas(2.0, 1.0, 100.0)
    sheet.write(0.2, 0.5, text, size_pt=12.0)
    assert sheet.pixels().shape == (100, 200, 3)


def test_the_letters_that_we_write_are_in_every_cut():
    said = "εᵣ±⁻⁰¹²³⁴⁵⁶⁷⁸⁹·–—⚠°²³µπ−×…αβΩŁéñßЖя"
    lacking = font.line_mask("\ue000", 20.0, "regular")
    for cut in font.FILES:
        for letter in said:
            shown = font.line_mask(letter, 20.0, cut)
            assert shown.any(), (cut, letter)
            assert shown.shape != lacking.shape or (shown != lacking).any(), (cut, letter)


@pytest.mark.parametrize(
    ("low", "high", "step", "numbers"),
    (
        (-1.0, 39.0, 10.0, ["0", "10", "20", "30"]),
        (25.0, 0.0, 20.0, ["0", "20"]),
        (-0.25, 0.3, 0.2, ["−0.2", "0.0", "0.2"]),
        (-3.14, 0.0, 0.5, ["−3.0", "−2.5", "−2.0", "−1.5", "−1.0", "−0.5", "0.0"]),
    ),
)
def test_ticks_are_multiples_of_their_step(low, high, step, numbers):
    assert [number for _, number in even_ticks(low, high, step)] == numbers


def test_axes_stand_outside_of_their_panel():
    sheet, panel = _sheet()
    draw_frame(panel)
    draw_x_axis(panel, even_ticks(0.0, 10.0, 5.0), "across")
    draw_y_axis(panel, even_ticks(0.0, 5.0, 5.0), "up")
    assert panel.x_ticks == ("0", "5", "10")
    assert (panel.x_label, panel.y_label) == ("across", "up")
    for text in panel.texts:
        left, bottom, right, top = text.box()
        assert right < panel.box[0] or top < panel.box[1] or text.text in "0510"
        assert left < panel.box[2] + 20.0
        assert bottom < panel.box[3] + 20.0
    seen = _upright(sheet)
    assert (seen[22:68, 42:138] == 255).all()
    assert (seen[20, 40:140] == 0).all()


@pytest.mark.parametrize("name", MAPS)
def test_colour_maps_are_those_that_people_know(name):
    known = np.round(255.0 * colormaps[name](np.linspace(0.0, 1.0, 256))[:, :3])
    np.testing.assert_allclose(colour_table(name), known, atol=1)
    assert hex_names(name, 2) == ["#" + bytes(colour_table(name)[end]).hex() for end in (0, -1)]


def test_scales_cut_off_and_lift():
    parts = Scale(1.0, 5.0, 0.5).parts(np.array([0.0, 1.0, 2.0, 5.0, 9.0, np.nan]))
    np.testing.assert_allclose(parts, [0.0, 0.0, 0.5, 1.0, 1.0, np.nan])
