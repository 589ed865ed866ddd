"""What the terminal says of a result, in every language."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dualsense.cli._main import run
from dualsense.cli._text import result_text, table
from dualsense.language import languages, speaking
from dualsense.render import ADVICE
from dualsense.result import Coverage, Grid, Result, Target
from dualsense.scan import ScanHeader


@pytest.fixture(scope="module")
def result():
    grid = Grid(np.array([0.0, 0.1]), np.array([0.0, 0.1]), 0.1)
    cells = np.ones((2, 2), dtype=bool)
    target = Target(
        "T1", 0.11, 0.15, 0.045, (0.01, 0.01, 0.011), 0.87, "suspect", None, None,
        ("metal, and radar: small object, 5 cm deep", "little metal, like a pin, shallow"),
    )  # fmt: skip
    return Result(
        header=ScanHeader("lane", "2026-01-01T00:00:00Z", "head", "simulated"),
        scan_sha256="", recipe_sha256="", coverage=Coverage(grid, cells, cells, cells), area_m2=1.5,
        coverage_fraction=0.9, sensor_coverage={"emi": 0.95, "gpr": 0.9}, targets=(target,), model="simulated-3",
        track_m=np.empty((0, 3)),
    )  # fmt: skip


def test_english_is_the_language_by_default(result):
    text = result_text(result, Path("scan.h5"), Path("out"))
    assert "scan.h5: 1.50 m², both sensors covered 90 % (metal detector 95 %, radar 90 %)" in text
    assert "1 place to dig. 1 suspect. 10 % of this patch was not assessable." in text
    assert ADVICE in text
    assert "id  call" in text
    assert text.endswith("Look at out/report.html")


@pytest.mark.parametrize("code", languages()[1:])
def test_every_language_says_all_of_it(code, result):
    english = result_text(result, Path("scan.h5"), Path("out"))
    with speaking(code):
        text = result_text(result, Path("scan.h5"), Path("out"))
    assert len(text.splitlines()) == len(english.splitlines()) + 2, "and that nobody has reviewed it"
    left = {"scan.h5", "out/report.html", "simulated-3", "radar", "metal", "suspect", "shallow", "mines"}
    words = set(english.replace(".", " ").replace(",", " ").split()) & set(text.replace(".", " ").split())
    assert not {word for word in words if word.isalpha() and len(word) > 4} - left


def test_wide_letters_and_signs_over_others_keep_the_columns():
    rows = [("a", "b"), ("地雷", "x"), ("ຊື່", "y")]
    assert table(rows, align="<<").splitlines() == ["a     b", "地雷  x", "ຊື່     y"]


def test_a_language_that_is_not_there_is_wrong_usage(capsys):
    assert run(["recipe", "--language", "xx"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "there is no language 'xx', only en, ar, es" in line


def test_the_environment_chooses_the_language(monkeypatch, capsys):
    monkeypatch.setenv("DUALSENSE_LANGUAGE", "xx")
    assert run(["recipe"]) == 2
    capsys.readouterr()
    monkeypatch.setenv("DUALSENSE_LANGUAGE", "uk_UA.UTF-8")
    assert run(["recipe"]) == 0
    assert "[fusion]" in capsys.readouterr().out
