"""How a result shows itself: what was found, and what was not assessed."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from dualsense.result import CALLS, Coverage, Grid, Result, Target
from dualsense.scan import Fault, ScanHeader

COMFORT = re.compile(r"\b(safe|safely|clear|cleared|clearance|harmless|mine-free)\b", re.IGNORECASE)


def target(number, call):
    return Target(f"T{number}", 0.1, 0.2, 0.05, (0.01, 0.01, 0.01), 0.5, call, None, None, ())


@pytest.fixture
def result():
    grid = Grid(np.array([0.0, 0.01]), np.array([0.0, 0.01]), 0.01)
    mask = np.ones((2, 2), bool)
    return Result(
        header=ScanHeader("lane-7", "2026-03-04T05:06:07Z", "test head", source="recorded"),
        scan_sha256="ab" * 32,
        recipe_sha256="cd" * 32,
        model="simulated-5",
        area_m2=0.3149,
        coverage_fraction=0.9199,
        sensor_coverage={"emi": 0.9999, "gpr": 0.92},
        coverage=Coverage(grid, mask, mask, mask),
        track_m=np.zeros((5, 3)),
        targets=tuple(target(k, call) for k, call in enumerate((*CALLS, "suspect"))),
    )


def test_a_result_shows_what_was_found_and_what_was_not_assessed(result):
    assert repr(result).splitlines() == [
        "Result",
        "  id: lane-7",
        "  targets: 2 suspect, 1 unclear, 1 likely-clutter, 1 not-assessable",
        "  patch: 0.31 m², by both sensors 91 % measured, 9 % not assessable",
        "  metal detector: 99 % measured, 1 % not assessable",
        "  radar: 92 % measured, 8 % not assessable",
        "  faults: none known",
        "  model: simulated-5",
    ]


def test_a_result_names_a_failed_sensor_and_that_it_is_simulated(result):
    failed = replace(
        result,
        header=replace(result.header, source="simulated"),
        faults=(Fault("gpr", "failed", "/gpr", "the scan holds no radar data"),),
    )
    for text in (repr(failed), failed._repr_html_()):
        assert "SIMULATED" in text
        assert "FAILED, the scan holds no radar data" in text


@pytest.mark.parametrize(
    ("fraction", "words"), ((0.0, "NOTHING ASSESSED"), (0.004, "in the part that was assessed"))
)
def test_nothing_found_is_no_comfort(result, fraction, words):
    empty = replace(result, targets=(), coverage_fraction=fraction, sensor_coverage={})
    for text in (repr(empty), empty._repr_html_()):
        assert words in text
        assert "0 % measured, 100 % not assessable" in text
        assert "an unknown part" in text
        assert not COMFORT.search(text)


def test_a_notebook_gets_a_table_without_markup_of_the_file(result):
    page = replace(result, header=replace(result.header, scan_id="<img src=x>"))._repr_html_()
    assert page.startswith("<table>")
    assert "&lt;img src=x&gt;" in page
    assert "<img" not in page
