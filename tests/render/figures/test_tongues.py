"""Pictures in other languages: no word without its letters, none that meets another or leaves the sheet."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dualsense.language import catalogue, languages, plotted, speaking
from dualsense.render._canvas import font
from dualsense.render._canvas.lines import broken, groups
from dualsense.render._canvas.marks import overlaps
from dualsense.render._figures.figures import FIGURES, render_figures
from dualsense.render._figures.settle import drawn_language, is_drawn, settled
from dualsense.render._figures.style import View

DRAWN = ("ar", "es", "fr", "ja", "km", "lo", "pt", "uk")


@pytest.fixture(scope="module")
def long_named(make_result):
    """A scan with a long name, whose metal detector failed, so that banners and lists are full."""
    import dataclasses

    result = make_result("emi_failed")
    return dataclasses.replace(result, header=dataclasses.replace(result.header, scan_id="lane-07 " * 12))


@pytest.fixture
def no_engine(monkeypatch):
    """A machine on which nothing orders letters that join or stack."""
    caches = (font._script_content, font._letters_of, font._script_of, font.has_letter, is_drawn)
    for each in caches:
        each.cache_clear()
    monkeypatch.setattr(font.features, "check", lambda name: name not in {"raqm", "fribidi"})
    yield
    for each in caches:
        each.cache_clear()


def test_every_language_is_drawn():
    assert {code for code in languages() if is_drawn(code)} == {"en", *DRAWN}
    for code in ("km", "ja"):
        with speaking(code):
            assert drawn_language() == code
            assert plotted() == "en"
    with speaking("uk"):
        assert plotted() == "uk"


@pytest.mark.parametrize("code", DRAWN)
def test_words_in_another_language_keep_to_their_places(long_named, code):
    with speaking(code):
        sheets = [settled(draw(long_named, View(), None)) for draw in FIGURES.values()]
    said = catalogue(code).sentences["Radar and metal"][0]
    assert said in {text.text for text in sheets[0].texts}
    for sheet in sheets:
        width, height = sheet.size_px
        texts = [text for text in sheet.texts if text.text.strip() and text.text != "?"]
        assert len(texts) > 10
        for text in texts:
            box = text.box()
            assert min(box[:2]) >= 0.0, text.text
            assert box[2] <= width, text.text
            assert box[3] <= height, text.text
            assert all(font.has_letter(letter) for letter in text.text if letter != "\n"), text.text
        for one, other in itertools.combinations(texts, 2):
            assert not overlaps(np.array([one.box()]), np.array([other.box()])) > 0.0, (one.text, other.text)


@pytest.mark.usefixtures("no_engine")
def test_without_a_text_engine_letters_that_join_or_stack_are_left_to_the_page(make_result, pictures):
    assert {code for code in languages() if not is_drawn(code)} == {"ar", "km", "lo"}
    result = make_result("full")
    with speaking("km"):
        assert drawn_language() == "en"
        assert render_figures(result) == pictures(result)


def test_letters_are_joined_stacked_and_put_in_their_order():
    alone = sum(font.width_px(letter, 40.0) for letter in "عمليات")
    assert font.width_px("عمليات", 40.0) < 0.9 * alone  # joined letters are narrower
    assert font.width_px("ក្ក", 40.0) < 1.2 * font.width_px("ក", 40.0)
    # The line runs from the right: the word, all of whose letters join, is the right end of it.
    word, line = (font.line_mask(text, 40.0, "regular").max(axis=0) > 0 for text in ("عمق", "عمق 12"))
    ends, starts = (np.flatnonzero(np.diff(line.astype(int)) == step) for step in (-1, 1))
    assert ends[-1] - starts[-1] == pytest.approx(word.sum(), abs=2)


def test_numbers_with_signs_units_and_deviations_run_from_the_left_in_arabic():
    for text in ("-0.2", "10.3 ± 1.1", "12.5 cm", "2026-03-04T05:06:07Z"):
        assert font._runs(f"عمق {text}، T1 simulated-5")[0][1] == f"عمق \u2066{text}\u2069، T1 simulated-5"


def test_lines_are_broken_between_groups_of_letters_where_there_are_no_blanks():
    assert groups("ក្រុមហ៊ុន") == ["ក្រុ", "ម", "ហ៊ុ", "ន"]
    assert groups("ເບິ່ງ") == ["ເບິ່", "ງ"]
    text = "ដីនេះមិនអាចវាយតម្លៃបានទេ"
    lines = broken(text, 10)
    assert len(lines) > 1
    assert "".join(lines) == text
    assert max(map(len, lines)) <= 10
    assert broken("two words", 5) == ["two", "words"]


def test_a_letter_that_no_font_has_is_known():
    assert font.has_letter("я")
    assert font.has_letter("雷")
    assert not font.has_letter("\U00013000")
