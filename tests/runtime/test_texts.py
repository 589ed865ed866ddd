"""Text of others in terminals, tables and files."""

from __future__ import annotations

import pytest

from dualsense.errors import about
from dualsense.runtime.texts import cell, in_utf8, visible


def test_escapes_of_a_terminal_are_shown_and_not_obeyed():
    assert visible("a\x1b[31m  b\n") == "a\ufffd[31m  b\ufffd"
    assert visible("day 2/länge") == "day 2/länge"
    assert about("\x1b[2J.h5", "is damaged") == "\ufffd[2J.h5: is damaged"


def test_names_that_are_no_utf8_can_be_written():
    assert in_utf8("a\udcff\ud800") == r"a\udcff\ud800"
    assert in_utf8("ü") == "ü"


@pytest.mark.parametrize("start", ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b"))
def test_formulas_are_text(start):
    assert cell(f"{start}1+1") == f"'{start}1+1"


def test_other_cells_are_as_they_were():
    assert cell(None) == ""
    assert cell(-1.5) == "-1.5"
    assert cell("lane=7") == "lane=7"
    assert cell("\udcff") == r"\udcff"
