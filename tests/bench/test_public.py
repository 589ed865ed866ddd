"""Studies on public recordings: their figures on made ones, and that they say so where the files are absent."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks import answers
from benchmarks.gpr import study_backgrounds as study


@pytest.fixture(scope="module")
def scan():
    """Two hyperbolas under a surface echo of which each trace has the same; and where they are."""
    samples, traces = 97, 64
    at, across = np.arange(samples)[:, None], np.arange(traces)[None]
    image = 5.0 * np.exp(-(((at - 12.0) / 3.0) ** 2)) * np.cos(0.9 * at) + 0.0 * across
    inside = np.zeros(image.shape, bool)
    for apex, place in ((35.0, 18.0), (50.0, 46.0)):
        late = at - np.sqrt(apex**2 + (2.5 * (across - place)) ** 2)
        image += np.exp(-((late / 3.0) ** 2)) * np.cos(0.9 * late) * np.exp(-(((across - place) / 9.0) ** 2))
        inside |= (np.abs(late) < 3.0) & (np.abs(across - place) < 12.0)
    return image + 0.02 * np.random.default_rng(0).normal(size=image.shape), inside


def test_the_figure_is_the_probability_that_inside_is_above_outside():
    inside = np.array([True, True, False, False])
    assert study.auc(np.array([3.0, 4.0, 1.0, 2.0]), inside) == 1.0
    assert study.auc(np.array([1.0, 2.0, 3.0, 4.0]), inside) == 0.0
    assert study.auc(np.ones(4), inside) == 0.5


def test_filters_are_the_chains_own_and_bring_hyperbolas_out(scan):
    image, inside = scan
    assert study.filtered(image, method="none") == pytest.approx(image - image.mean(axis=0), abs=1e-9)
    assert study.filtered(image, method="mean") == pytest.approx(
        (image - image.mean(axis=0)) - (image - image.mean(axis=0)).mean(axis=1, keepdims=True), abs=1e-9
    )
    before, after = (study.both(study.filtered(image, method=one), inside)[1] for one in ("none", "mean"))
    assert after > before + 0.02
    names = {name for name, _, _ in study.settings(inside)}
    assert names >= {
        "mean",
        "median",
        "moving-mean",
        "moving-median",
        "line-median",
        "svd",
        "robust-pca",
        "fk fan",
    }


@pytest.mark.parametrize("program", (study, answers))
def test_where_the_recordings_are_absent_it_says_so(program, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["program", "--data", str(tmp_path)])
    assert program.main() == 0
    assert capsys.readouterr().out.startswith("skipped: no ")
