"""A session of tuning: only what changed is taken anew, and what it ends with can be made again byte for byte."""

from __future__ import annotations

import runpy

import numpy as np
import pytest
from click.testing import CliRunner

from dualsense.chain import StepCache, process_scan
from dualsense.chain.cache import MOST_BESIDE
from dualsense.cli import cli
from dualsense.errors import RecipeError, UsageError
from dualsense.recipe import Recipe
from dualsense.workbench import Tuning, panel_values, recipe_panel, tuning_glance, tuning_view
from dualsense.workbench._glance import sensor_of
from dualsense.workbench._latest import Latest
from dualsense.workbench._switches import GROUPS, is_on

START = ("survey.cell_m=0.02", "gpr.migrate.depth_stop_m=0.1")


@pytest.fixture(scope="module")
def session(sample_dir):
    return Tuning(sample_dir / "pmn_sand.h5", overrides=START)


@pytest.fixture
def tuning(session):
    """The one session of the module, back at its start; what it has computed stays in its cache."""
    session.take(())
    session.process()
    return session


@pytest.mark.parametrize(
    ("text", "first", "last", "spared"),
    (
        ("gpr.image.min_contrast=6.0", "gpr.image", "gpr.image", "gpr.migrate"),
        ("gpr.background.radius_m=0.2", "gpr.background", "gpr.image", "gpr.surface"),
        ("emi.image.smoothing_m=0.03", "emi.image", "emi.depth", "emi.locate"),
        ("fusion.match_m=0.08", None, None, "gpr.image"),
    ),
)
def test_only_steps_that_a_change_touches_are_taken_again(tuning, text, first, last, spared):
    assert tuning.taken == () or tuning.taken[0] == "gpr.inspect"
    recipe = tuning.set(text)
    ahead = tuning_glance(tuning, first or "fusion")
    assert (ahead is not None) == (first == "gpr.background"), "only where the result takes longer"
    result = tuning.process()
    assert tuning.taken[:1] == (() if first is None else (first,))
    assert tuning.taken[-1:] == (() if last is None else (last,))
    assert spared not in tuning.taken
    if first in ("gpr.image", None):
        return
    fresh = process_scan(tuning.scan, recipe)
    np.testing.assert_array_equal(result.gpr_volume.values, fresh.gpr_volume.values)
    assert result.targets == fresh.targets
    assert result.faults == fresh.faults
    np.testing.assert_array_equal(result.coverage.gpr, fresh.coverage.gpr)


def test_a_picture_ahead_of_the_result_is_of_its_own_steps_and_says_that_it_is_provisional(tuning):
    tuning.set("gpr.soil.relative_permittivity=4.0")
    tuning.process()
    tuning.set("gpr.background.radius_m=0.25")
    place = {"at_m": (0.2, 0.15), "depth_m": 0.05}  # as a page has them from the result before
    ahead, pictures = tuning_glance(tuning, "gpr.background", **place)
    assert ahead["provisional"]
    assert {"figures", "targets", "faults", "taken"}.isdisjoint(ahead), "none of them is known yet"
    whole, drawn = tuning_view(tuning, "gpr.background", **place)
    assert "provisional" not in whole
    assert ahead["recipe_sha256"] == whole["recipe_sha256"]
    assert ahead["step"] == whole["step"]
    assert ahead["maps"]["now"] == whole["maps"]["now"], "the permittivity is given: it is the slice of the result"
    assert pictures.keys() <= drawn.keys()
    assert whole["taken"][0] == "gpr.background"
    assert tuning_glance(tuning, "gpr.background") is None, "the result is there"
    tuning.set("emi.image.smoothing_m=0.02", "emi.invert.soil_std=0.12")
    ahead, _ = tuning_glance(tuning, "emi.invert")
    assert ahead["maps"]["name"] == "metal_response"
    assert ahead["maps"].keys() >= {"now", "held", "difference"}
    assert ahead["step"] is None, "its dipoles are not found yet"


@pytest.mark.parametrize(
    ("keys", "step", "sensor"),
    (
        (["fusion.match_m", "gpr.image.top_m"], "gpr.image", None),
        (["gpr.dewow.on"], "fusion", "gpr"),
        (["emi.invert.soil_std", "gpr.gain.on"], "gpr.gain", "emi"),
        (["emi.invert.soil_std", "gpr.fk.on"], "emi.invert", "emi"),
        (["emi.invert.soil_std", "gpr.fk.on"], "gpr.image", "gpr"),
        (["survey.cell_m", "gpr.fk.on"], "gpr.fk", None),
        ([], "gpr.fk", None),
    ),
)
def test_a_picture_comes_ahead_of_results_that_take_longer(keys, step, sensor):
    assert sensor_of(keys, step) == sensor


def test_what_is_kept_is_the_latest():
    kept = Latest(2)
    kept["a"], kept["b"] = 1, 2
    assert kept["a"] == 1
    kept["c"] = 3
    assert list(kept) == ["a", "c"]


def test_a_change_begins_at_what_is_looked_at_however_much_came_since(tuning):
    """The states of a result that is looked at are the last that are forgotten."""
    steps = len(tuning._used[tuning.recipe.sha256])
    for number in range(3 * steps):
        tuning.cache.put(f"of another recipe {number}", None)
        if number % steps == 0:
            tuning.process()
    assert all(tuning.cache.get(key) is not None for key in tuning._used[tuning.recipe.sha256])


def test_what_hangs_on_parts_of_states_is_kept_for_these_very_parts():
    cache, one, other = StepCache(), [1.0], [1.0]
    cache.beside(one)["told"] = 3
    assert cache.beside(one) == {"told": 3}
    assert cache.beside(other) == cache.beside(one, other) == {}, "equal, and not the same"
    for _ in range(MOST_BESIDE):
        cache.beside(object())
    assert cache.beside(one) == {}


def test_changes_are_undone_made_again_and_compared(tuning):
    before = tuning.recipe
    tuning.set("gpr.background.method=moving-median", "gpr.background.radius_m=0.2")
    tuning.hold()
    changed = tuning.set("gpr.image.min_contrast=30.0")
    assert len(tuning.changes) == 2
    found = tuning.compare()
    assert [one.name for one in found.recipe] == ["gpr.image.min_contrast"]
    assert found.detection["mines"] == (1, 1)
    assert tuning.figures()["mines"] == tuning.figures(held=True)["mines"] == 1
    assert tuning.figures()["focus"] == tuning.figures(held=True)["focus"], "the image is the same"
    assert tuning.undo()
    assert tuning.undo()
    assert not tuning.undo()
    assert tuning.recipe == before
    assert tuning.redo()
    assert tuning.redo()
    assert not tuning.redo()
    assert tuning.recipe == changed
    tuning.undo()
    tuning.set("gpr.image.top_m=0.02")
    assert not tuning.redo(), "after another change there is nothing to make again"


def test_what_is_no_change_leaves_the_session_as_it_was(tuning):
    before = tuning.recipe
    for text in ("gpr.backgruond.radius_m=0.2", "gpr.image.min_contrast=-1", "gpr.fk.on", ""):
        with pytest.raises(RecipeError):
            tuning.set(text)
    with pytest.raises(UsageError, match="nothing to set"):
        tuning.set()
    with pytest.raises(RecipeError):
        tuning.take((("gpr.image.top_m=0.02",),), (("gpr.image.min_contrast=-1",),))
    assert tuning.recipe == before
    assert tuning.changes == ()


def test_steps_are_switched_where_the_chain_goes_on_without_them(tuning):
    off = tuning.switch("gpr.background", on=False)
    assert off.gpr.background.method == "none"
    assert tuning.switch("gpr.background", on=True) == Recipe.model_validate(tuning.held_recipe.model_dump())
    assert tuning.switch("gpr.dewow", on=True).gpr.dewow.on
    assert not tuning.switch("emi.locate", on=False).emi.locate.on
    assert tuning.switch("emi.latency", on=False).emi.latency.delay_s == 0.0
    for step in ("gpr.migrate", "gpr.nothing", "fusion"):
        with pytest.raises(UsageError, match="cannot be switched"):
            tuning.switch(step, on=False)


def test_steps_of_a_group_change_places_and_the_chain_follows(tuning):
    tuning.set("gpr.bandpass.on=true", "gpr.bandpass.low_hz=1.2e9", "gpr.spiking.on=true")
    straight = tuning.process()
    recipe = tuning.move("gpr.spiking", -9)
    assert recipe.gpr.order.soundings[0] == "spiking"
    turned = tuning.process()
    assert tuning.taken[0] == "gpr.spiking"
    assert not np.array_equal(turned.gpr_volume.values, straight.gpr_volume.values, equal_nan=True)
    names = [view.name for view in tuning.look().views]
    assert names.index("gpr.spiking") < names.index("gpr.bandpass") < names.index("gpr.surface")
    again = tuning.move("gpr.spiking", 2)
    assert again.gpr.order.soundings is None, "the usual order is unset, and hashes as it"
    for step in ("gpr.background", "emi.locate", "gpr.calibrate"):
        with pytest.raises(UsageError, match="cannot change its place"):
            tuning.move(step, 1)


@pytest.mark.parametrize("key", sorted(GROUPS))
def test_an_order_names_every_step_once(tuning, key):
    for names in ('["dewow"]', "[]", '["bandpass","bandpass"]'):
        with pytest.raises(RecipeError, match=r"gpr\.order"):
            tuning.set(f"gpr.order.{key}={names}")


def test_script_recipe_and_session_give_the_same_bytes(tuning, tmp_path, monkeypatch):
    tuning.set("gpr.bandpass.on=true", "gpr.bandpass.low_hz=1.0e9")
    tuning.move("gpr.bandpass", -1)
    assert tuning_glance(tuning, "gpr.bandpass") is not None
    tuning.set("fusion.match_m=0.08")
    tuning.undo()
    tuning.set('emi.latency.delay_s="auto"')
    recipe, script = tuning.save(tmp_path)
    tuning.write(tmp_path / "own")
    assert "match_m" not in script.read_text(), "what was undone is not repeated"
    monkeypatch.setattr("sys.argv", [str(script)])
    runpy.run_path(str(script), run_name="__main__")
    words = ["process", str(tuning.path), "--recipe", str(recipe), "-o", str(tmp_path / "processed")]
    assert CliRunner().invoke(cli, words).exit_code == 0
    own = (tmp_path / "own" / "result.h5").read_bytes()
    assert (tmp_path / "result" / "result.h5").read_bytes() == own
    assert (tmp_path / "processed" / "result.h5").read_bytes() == own
    with pytest.raises(UsageError):
        tuning.write(tmp_path / "own")


def test_texts_of_a_session_are_never_code_of_its_script(tuning, monkeypatch):
    monkeypatch.setattr(tuning, "path", tuning.path.with_name('a\'b\n""" + {x} ☢.h5'))
    compile(tuning.script(), "session.py", "exec")
    assert "☢" not in tuning.script()


def test_the_panel_has_a_control_for_every_key(tuning):
    panel, values = recipe_panel(tuning.recipe), panel_values(tuning.recipe)
    shown = {f"{table['name']}.{key['name']}" for table in panel for key in table["keys"]}
    switches = {f"{table['name']}.on" for table in panel}
    assert {key for key in values if not key.startswith("gpr.order.")} == shown | (switches & set(values))
    by_name = {table["name"]: {key["name"]: key for key in table["keys"]} for table in panel}
    radius = by_name["gpr.background"]["radius_m"]
    assert (radius["kind"], radius["unit"], radius["limits"]) == (
        "number",
        "m",
        {"minimum": 0.02, "maximum": 10.0},
    )
    assert by_name["gpr.background"]["method"]["choices"][0] == "auto"
    assert by_name["gpr.soil"]["relative_permittivity"]["kind"] == "text"
    assert by_name["gpr.traces"]["whiten"]["kind"] == "switch"
    assert all(key["meaning"] for keys in by_name.values() for key in keys.values())
    assert values["gpr.background.rank"] == {"value": "auto", "read": False}
    assert {t["name"] for t in panel if t["switched"] is None} >= {"gpr.surface", "gpr.migrate", "fusion"}
    assert is_on("gpr.background", tuning.recipe) is True
