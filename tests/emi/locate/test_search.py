"""The search behind the locator: it ends at the top, wherever it began, and with weights of that place."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from dualsense.emi._locate.depth import climb, node
from dualsense.emi._locate.locate import locate
from dualsense.emi._locate.posterior import visit
from dualsense.emi._locate.rows import rows_of
from dualsense.emi._locate.search import _bend, coarse, grid_search, middle, search


@pytest.fixture(scope="module")
def study(project_root):
    path = project_root / "benchmarks" / "emi" / "study_inversion.py"
    spec = importlib.util.spec_from_file_location("study_inversion", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", (330, 408))
def test_a_slope_on_which_a_step_seems_to_lose_is_not_taken_for_the_top(study, seed):
    """Both lie 8.5 cm deep; from the coarse grid, at 11 cm, Gauss-Newton points nowhere, 60 nats below the top."""
    response, position, _, _ = study.buried((1, 0.0, 100.0), seed)
    estimate = locate(response, np.ones(6))
    error = estimate.position_m - position
    assert abs(error[2]) < 2e-3
    assert error @ np.linalg.solve(estimate.covariance_m2, error) < 11.3  # 1 % of chi square, three degrees


def test_a_climb_ends_between_lower_nodes(study):
    response, position, _, _ = study.buried((1, 0.0, 100.0), 330)
    rows = rows_of(response, np.ones(6), None, (0.005, 0.3))
    start = visit(rows, np.array([[-0.0033, 0.0645, -0.11]]), None)
    found = climb(rows, start)
    level = np.array([n.level for n in found])
    assert level.max() > node(start).level + 50.0
    assert 0 < level.argmax() < len(found) - 1
    # weights are those of the start, so it is the neighbourhood only
    assert found[int(level.argmax())].z == pytest.approx(position[2], abs=8e-3)


@pytest.mark.parametrize("spoilt", ("singular", "indefinite", "no number"))
def test_a_place_without_information_ends_the_search_at_once(study, spoilt):
    """Rounding left none on a lane with a PMN; the climb then went on from NaN to NaN until memory was full."""
    response, position, _, _ = study.buried((1, 0.0, 100.0), 330)
    rows = rows_of(response, np.ones(6), None, (0.005, 0.3))
    start = visit(rows, position[None], None)
    wrong = {
        "singular": replace(start, information=np.zeros_like(start.information)),
        "indefinite": replace(start, information=start.information * np.array([1.0, -1.0, 1.0])[:, None]),
        "no number": replace(start, value=float("nan")),
    }[spoilt]
    with pytest.raises(ArithmeticError, match="no information"):
        climb(rows, wrong)


def test_rows_that_no_depth_explains_end_the_search_with_a_sentence(study, monkeypatch):
    response, _, _, _ = study.buried((1, 0.0, 100.0), 330)
    rows = rows_of(response, np.ones(6), None, (0.005, 0.3))
    found = coarse(rows, grid_search(rows, middle(rows)))
    unlevelled = [replace(one, level=float("nan")) for one in found]
    monkeypatch.setattr("dualsense.emi._locate.search.coarse", lambda *_: unlevelled)
    with pytest.raises(ArithmeticError, match="no depth explains the rows"):
        search(rows, None)


@pytest.mark.parametrize(
    ("z", "level", "expected"),
    (
        ((-0.3, -0.2, -0.1), (1.0, 3.0, 2.0), 300.0),
        ((-0.2, -0.2, -0.1), (1.0, 1.0, 0.0), 0.0),
        ((-0.3, -0.2, -0.1), (-np.inf, -np.inf, -np.inf), 0.0),
        ((-0.3, -0.2), (1.0, 3.0), 0.0),
    ),
)
def test_the_curvature_at_the_top_is_a_number(z, level, expected):
    level = np.array(level)
    assert _bend(np.array(z), level, 1) == pytest.approx(expected)


def test_a_size_does_not_depend_on_where_its_search_began(study):
    """At a signal of 100 times the noise a size is known to a hundredth; searched with differences of a third it
    stayed where it was, and the same position came out 3 nats more or less likely."""
    response, position, _, _ = study.buried((2, 0.0, 100.0), 183)
    rows = rows_of(response, np.ones(6), None, (0.005, 0.3))
    there = visit(rows, position[None], None)
    there = visit(rows, position[None], there, renew=True)
    value = []
    for push in (-0.1, -0.05, 0.0, 0.05, 0.1):
        pushed = there.levels._replace(log_size=there.levels.log_size + push)
        value.append(visit(rows, position[None], replace(there, levels=pushed)).value)
    assert np.ptp(value) < 0.15
