"""A search chooses its settings by those before them, ends where the best is, and goes on where it was stopped."""

from __future__ import annotations

import json
from typing import ClassVar

import pytest
from click.testing import CliRunner

from dualsense.cli import cli
from dualsense.errors import RecipeError, UsageError
from dualsense.recipe import load_recipe
from dualsense.workbench import _search, plan_search, run_search, write_sweep
from dualsense.workbench._search import Range

pytest.importorskip("optuna", reason="needs dualsense[tune]")
SPACE = ("gpr.background.radius_m=0.02..1:log", "gpr.image.max_bodies=5..40", "gpr.traces.window=kaiser,hann")
"""Where focus is best, by `looked_at`, at 0.2 m, 20 bodies and the window of Hann."""


def looked_at(task):
    """Stand in for the chain: a row whose focus is known."""
    tables = task.recipe.gpr
    away = abs(tables.background.radius_m - 0.2) + abs(tables.image.max_bodies - 20) / 40
    focus = 5.0 - away + (tables.traces.window == "hann")
    row = {"kind": "row", "setting": task.number, "scan": task.scan, "error": "", "area_m2": 1.0, "targets": 3}
    return row | {"scan": task.name, "suspects": tables.image.max_bodies, "focus": focus, "coverage": 1.0}


class Worker:
    """A worker of this process, which counts what it is asked for."""

    asked: ClassVar[list] = []

    def __init__(self, work, *, threads):
        del work, threads

    def ask(self, task, *, most_s):
        del most_s
        self.asked.append((task.number, task.name))
        return looked_at(task)

    def stop(self):
        pass


@pytest.fixture
def scans(tmp_path, monkeypatch):
    monkeypatch.setattr(_search, "LastingWorker", Worker)
    monkeypatch.setattr(Worker, "asked", [])
    found = {name: tmp_path / f"{name}.h5" for name in ("a", "b")}
    for path in found.values():
        path.write_bytes(path.name.encode())
    return found


def test_a_search_comes_near_to_the_best_sooner_than_chance(scans, tmp_path):
    search = plan_search(scans, SPACE, ["focus"], 40, seed=3)
    plan, rows, best = run_search(search, tmp_path / "out")
    assert len(plan.settings) == len(set(plan.settings)) == 40
    assert len(rows) == 80
    focus = [row["focus"] for row in rows if row["scan"] == "a"]
    assert best == (focus.index(max(focus)),)
    assert max(focus) > 5.9
    assert sum(focus[20:]) > sum(focus[:10]) * 2 + 2, "later settings are better than those chosen by chance"


def test_a_search_that_was_stopped_goes_on_and_ends_as_if_it_had_not_been(scans, tmp_path):
    def searched(trials, out):
        plan, rows, best = run_search(plan_search(scans, SPACE, ["focus", "suspects_m2"], trials, seed=1), out)
        write_sweep(plan, rows, out, best=best)
        return (out / "sweep.json").read_bytes(), best

    whole, best = searched(16, tmp_path / "whole")
    assert len(best) > 1, "one setting is sharper, another has fewer suspects"
    assert json.loads(whole)["best"] == [number + 1 for number in best]
    searched(11, tmp_path / "part")
    journal = tmp_path / "part" / "sweep.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:12]) + lines[12][:15])  # killed while it wrote a line
    Worker.asked = []
    assert searched(16, tmp_path / "part")[0] == whole
    assert Worker.asked[0] == (5, "b"), "what was written down is not done again"
    assert len(Worker.asked) == 32 - 11
    with pytest.raises(UsageError, match="holds another sweep"):
        run_search(plan_search(scans, SPACE, ["focus"], 16, seed=2), tmp_path / "part")


def test_settings_that_no_recipe_takes_and_those_that_fail_are_no_candidates(scans, tmp_path, monkeypatch):
    def failing(task):
        broken = task.recipe.gpr.image.max_bodies > 20
        return looked_at(task) | {"error": "b.h5: no sensor" if broken and task.name == "b" else "", "focus": 9.0}

    monkeypatch.setattr(Worker, "ask", lambda _self, task, **_how: failing(task))
    space = ("gpr.image.max_bodies=5..40", "gpr.migrate.method=kirchhoff,stolt", "gpr.migrate.weights=heard,even")
    plan, rows, best = run_search(plan_search(scans, space, ["focus"], 12), tmp_path / "out")
    assert len(plan.settings) == 12
    assert not any(setting[1:] == ("stolt", "even") for setting in plan.settings)
    failed = {row["setting"] for row in rows if row["error"]}
    assert failed
    assert not failed & set(best)


def test_what_is_given_is_understood_or_refused(scans):
    search = plan_search(scans, [*SPACE, "survey.cell_m=0.02"], ["focus"], 5)
    assert search.space["gpr.background.radius_m"] == Range(0.02, 1.0, log=True)
    assert search.space["gpr.image.max_bodies"] == Range(5.0, 40.0, whole=True)
    assert search.space["gpr.traces.window"] == ("kaiser", "hann")
    assert search.fixed == ("survey.cell_m=0.02",)
    for changes, metrics, error, words in (
        (["survey.cell_m=0.02"], ["focus"], UsageError, "nothing to search"),
        (SPACE, [], UsageError, "one or several of"),
        (SPACE, ["permittivity"], UsageError, "--metric permittivity"),
        (["gpr.background.radius_m=0.3..0.1"], ["focus"], UsageError, "LOW below HIGH"),
        (["gpr.fk.gap_m=0..0.1:log"], ["focus"], UsageError, "above 0"),
        (["gpr.background.radius_m=0.001..0.1"], ["focus"], RecipeError, "greater than or equal to 0.02"),
        (["gpr.backgruond.radius_m=0.1..0.2"], ["focus"], RecipeError, "did you mean"),
        ([SPACE[0], SPACE[0]], ["focus"], UsageError, "given twice"),
    ):
        with pytest.raises(error, match=words):
            plan_search(scans, changes, metrics, 5)


def test_the_verb_tells_the_best_setting(scans, tmp_path):
    words = ["sweep", *map(str, scans.values()), "-o", str(tmp_path / "out"), "--search", "6", "--seed", "1"]
    words += ["--metric", "focus", *(word for one in SPACE for word in ("--set", one))]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    assert "best: setting" in done.output
    assert "Best settings" in (tmp_path / "out" / "sweep.html").read_text()
    assert len((tmp_path / "out" / "sweep.csv").read_text().splitlines()) == 7


def test_a_search_all_of_whose_settings_are_refused_says_so(scans, tmp_path, monkeypatch):
    search = plan_search(scans, ["gpr.image.max_bodies=5..4e1"], ["focus"], 1)

    def refused(file, overrides):
        if any("max_bodies" in one for one in overrides):
            msg = "no such setting"
            raise RecipeError(msg)
        return load_recipe(file, overrides)

    monkeypatch.setattr(_search, "load_recipe", refused)
    with pytest.raises(UsageError, match="none of the 8 settings that were asked for is a recipe"):
        run_search(search, tmp_path / "out")


def test_whole_numbers_are_those_of_the_key():
    assert _search._range("gpr.image.max_bodies", "5..4e1").whole
    assert not _search._range("gpr.gain.max_gain_db", "0..1").whole
    with pytest.raises(UsageError, match="expected whole numbers"):
        _search._range("gpr.image.max_bodies", "5..40.5")
