"""A recipe survives the way out and back, and says which key is wrong."""

from __future__ import annotations

import math

import pytest

from dualsense.errors import RecipeError
from dualsense.recipe import Recipe, dump_recipe, load_recipe


def test_the_way_out_and_back_changes_nothing(tmp_path):
    recipe = load_recipe(None, ["gpr.background.method=mean", "fusion.prior=0.2", "survey.cell_m=0.01"])
    path = tmp_path / "r.toml"
    path.write_text(dump_recipe(recipe), encoding="utf-8")
    assert load_recipe(path) == recipe
    assert load_recipe(path).sha256 == recipe.sha256


def test_every_key_has_a_comment():
    for line in dump_recipe(Recipe()).splitlines():
        if line.strip():
            assert len(line.partition("#")[2].strip()) > 3, line


def test_the_hash_does_not_depend_on_how_it_was_written(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text("[emi.invert]\nnode_m = 0.03\n[survey]\ncell_m = 0.004\n", encoding="utf-8")
    assert load_recipe(path).sha256 == load_recipe(None, ["survey.cell_m=0.004", "emi.invert.node_m=0.03"]).sha256
    assert load_recipe(path).sha256 != Recipe().sha256


@pytest.mark.parametrize(
    ("override", "words"),
    (
        ("gpr.background.raduis_m=0.2", ("gpr.background.raduis_m", "did you mean radius_m")),
        ("survay.cell_m=0.2", ("survay", "did you mean survey")),
        ("survey.cell_m=-1", ("survey.cell_m", "-1")),
        ("survey.cell_m=fine", ("survey.cell_m", "'fine'")),
        ("survey.cell_m=nan", ("survey.cell_m", "nan")),
        ("survey.smoothing_s=inf", ("survey.smoothing_s", "inf")),
        ("gpr.background.method=mode", ("gpr.background.method", "'mode'")),
        ("gpr.soil.relative_permittivity=wet", ("gpr.soil.relative_permittivity", "'wet'")),
        ("fusion.prior=1.0", ("fusion.prior", "1.0")),
        ("gpr.fk.low_s_m=1e-8", ("gpr.fk", "low_s_m must be below high_s_m")),
        ("gpr.fk.low_s_m=-1e-9", ("gpr.fk", "not negative when symmetric")),
        ("gpr.bandpass.low_hz=9e9", ("gpr.bandpass", "low_hz must be below high_hz")),
        ("gpr.gain.on=true", ("gpr.gain", "gpr.radargram.on is false")),
        ("gpr=3", ("gpr", "3")),
        ("survey.cell_m.deep=3", ("survey.cell_m",)),
        ("cell_m", ("key=value",)),
        ("=3", ("key=value",)),
        ("gpr.migrate.depth_step_m=0.001", ()),
    ),
)
def test_what_is_wrong_is_named(override, words):
    if not words:
        assert load_recipe(None, [override]).gpr.migrate.depth_step_m == 0.001
        return
    with pytest.raises(RecipeError) as caught:
        load_recipe(None, [override])
    said = str(caught.value)
    assert all(word in said for word in words), said
    assert "\n" not in said
    assert caught.value.exit_code == 2


def test_too_many_slices_are_refused():
    with pytest.raises(RecipeError, match="1000 slices"):
        load_recipe(None, ["gpr.migrate.depth_stop_m=3.0", "gpr.migrate.depth_step_m=0.001"])


def test_files_that_are_no_recipe_are_one_line(tmp_path):
    cases = {"binary.toml": b"\xff\xfe\x00", "broken.toml": b"[survey\n", "large.toml": b"#" * 2_000_000}
    for name, content in cases.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(RecipeError, match=name) as caught:
            load_recipe(path)
        assert "\n" not in str(caught.value)
    for missing in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(RecipeError, match=missing.name):
            load_recipe(missing)


def test_a_recipe_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Recipe().survey.cell_m = 0.1


def test_auto_and_numbers_are_both_permittivities():
    assert Recipe().gpr.soil.relative_permittivity == "auto"
    given = load_recipe(None, ["gpr.soil.relative_permittivity=9"]).gpr.soil.relative_permittivity
    assert math.isclose(given, 9.0)


def test_a_recipe_shows_only_what_differs_from_the_default():
    assert repr(Recipe()) == "Recipe()"
    recipe = load_recipe(None, ["gpr.background.radius_m=0.2", "gpr.wiener.on=true", "gpr.gain.on=false"])
    assert repr(recipe) == "Recipe(gpr.wiener.on=True, gpr.background.radius_m=0.2)"
    assert repr(recipe.gpr.background) == "GprBackground(radius_m=0.2)"


def test_a_recipe_in_a_notebook_is_a_table_of_what_differs():
    assert "every value is the default" in Recipe()._repr_html_()
    page = load_recipe(None, ["fusion.model=uncalibrated-rules-1"])._repr_html_()
    assert "<th>fusion.model</th><td>&#x27;uncalibrated-rules-1&#x27;</td><td>&#x27;simulated-5&#x27;</td>" in page
    assert "survey" not in page
