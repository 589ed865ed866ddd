"""A recipe survives the way out and back, and says which key is wrong."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import pytest

from dualsense.errors import RecipeError
from dualsense.recipe import Recipe, dump_recipe, load_recipe, parse_recipe, recipe_schema, unlike_fitted
from dualsense.recipe.keys import keys_of, tables

MODELS = Path(__file__).parents[2] / "calibration"


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


def test_the_hash_is_of_keys_and_values_and_can_be_taken_of_what_a_result_keeps():
    recipe = load_recipe(None, ["gpr.background.rank=3", "fusion.prior=0.2"])
    bare = dump_recipe(recipe, comments=False)
    assert "#" not in bare
    assert hashlib.sha256(bare.encode()).hexdigest() == recipe.sha256
    assert parse_recipe(bare) == recipe == parse_recipe(dump_recipe(recipe))


def test_a_key_can_be_taken_back_to_its_default(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text("[fusion]\nprior = 0.2\n[gpr.background]\nrank = 3\n", encoding="utf-8")
    assert load_recipe(path, ["fusion.prior=unset", "gpr.background.rank=unset"]) == Recipe()
    assert load_recipe(None, ["fusion.prior=unset"]) == Recipe()


ENDS = {"_m": "m", "_s": "s", "_hz": "Hz", "_db": "dB", "_db_s": "dB/s", "_db_m": "dB/m", "_s_m": "s/m"}


def test_printed_keys_have_unit_meaning_and_what_is_allowed():
    lines = [line for line in dump_recipe(Recipe()).splitlines() if line.strip() and not line.startswith("[")]
    assert all(line.endswith("]") and " [" in line for line in lines)
    text = "\n".join(lines)
    assert "radius_m = 0.12  # moving: standard deviation of the weights over distance [m; 0.02 to 10]" in text
    assert '"auto": those that extend over the track ["auto" or integer 0 to 100]' in text
    assert "; changes no call [over 0, under 1 or unset]" in text


def leaves():
    schema = recipe_schema()
    for table, model in tables(Recipe):
        for name, key in keys_of(model).items():
            yield f"{table}.{name}", key, schema["$defs"][model.__name__]["properties"][name]


def test_the_schema_tells_type_default_range_unit_and_meaning_of_every_key():
    schema = recipe_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert all(one["additionalProperties"] is False for one in (schema, *schema["$defs"].values()))
    for name, key, entry in leaves():
        assert entry["description"] == key.meaning, name
        assert entry["default"] == (list(key.default) if isinstance(key.default, tuple) else key.default), name
        assert {"type", "anyOf", "enum", "const"} & entry.keys(), name
        numeric = any(one in ("number", "integer") or one.startswith("list of [") for one in key.kinds)
        assert ("unit" in entry) == numeric, name
        end = max((end for end in ENDS if name.endswith(end)), key=len, default="")
        assert not numeric or entry["unit"] == (ENDS[end] if end else "m and 1" if "layers" in name else "1"), name


def limits(entry):
    for part in (entry, *entry.get("anyOf", ())):
        for limit, over in (
            ("maximum", 1.0),
            ("exclusiveMaximum", 0.0),
            ("minimum", -1.0),
            ("exclusiveMinimum", 0.0),
        ):
            if limit in part:
                yield part[limit] + over


def test_what_the_schema_does_not_allow_is_refused():
    refused = [f"{name}={value!r}" for name, _, entry in leaves() for value in limits(entry)]
    assert len(refused) > 100
    for override in refused:
        with pytest.raises(RecipeError):
            load_recipe(None, [override])


def test_only_what_changes_what_the_model_sees_is_unlike_what_it_was_fitted_with():
    def unlike(*overrides):
        return unlike_fitted(load_recipe(None, overrides))

    assert unlike() == ()
    assert unlike("fusion.prior=0.1", "survey.margin_m=0.1", "gpr.radargram.on=true", "gpr.gain.on=true") == ()
    assert unlike("gpr.background.method=moving-median", "gpr.background.rank=3", "gpr.fk.taper=0.1") == ()
    assert unlike("gpr.background.method=svd", "gpr.background.rank=3") == (
        "gpr.background.method",
        "gpr.background.rank",
    )
    assert unlike("gpr.fk.on=true", "emi.locate.reach_m=0.2", "emi.locate.on=false") == (
        "gpr.fk.on",
        "emi.locate.on",
    )


def test_the_defaults_are_what_the_models_were_fitted_with():
    fitted = load_recipe(MODELS / "fitted_recipe.toml")
    assert unlike_fitted(Recipe(), fitted) == (), "fit the models anew, or let processing tell every target so"
