"""Pictures in other languages: no word without its letters, none that meets another or leaves the sheet."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dualsense.language import catalogue, languages, plotted, speaking
from dualsense.render._canvas import font
from dualsense.render._canvas.marks import overlaps
from dualsense.render._figures.figures import FIGURES, render_figures
from dualsense.render._figures.settle import drawn_language, is_drawn, settled
from dualsense.render._figures.style import View

DRAWN = ("es", "fr", "ja", "pt", "uk")


@pytest.fixture(scope="module")
def long_named(make_result):
    """A scan with a long name, whose metal detector failed, so that banners and lists are full."""
    import dataclasses

    result = make_result("emi_failed")
    return dataclasses.replace(result, header=dataclasses.replace(result.header, scan_id="lane-07 " * 12))


def test_letters_that_join_or_stack_are_left_to_the_page():
    assert {code for code in languages() if is_drawn(code)} == {"en", *DRAWN}
    for code, drawn in (("km", "en"), ("ar", "en"), ("ja", "ja")):
        with speaking(code):
            assert drawn_language() == drawn
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


def test_english_pictures_are_as_they_are_in_any_language_that_cannot_be_drawn(make_result, pictures):
    result = make_result("full")
    with speaking("km"):
        assert render_figures(result) == pictures(result)


def test_a_letter_that_no_font_has_is_known():
    assert font.has_letter("я")
    assert font.has_letter("雷")
    assert not font.has_letter("\U00013000")
