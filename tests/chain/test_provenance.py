"""What a result says of its origin: the threshold of the calls as a number and as text."""

from __future__ import annotations

import pytest

from dualsense.chain.provenance import collect, model_words, suspect_limits
from dualsense.errors import RecipeError
from dualsense.fusion._confidence import load_model, shown_threshold
from dualsense.io import read_scan
from dualsense.recipe import load_recipe


@pytest.mark.parametrize(
    ("override", "own_threshold", "stated"),
    (
        ((), True, True),
        (("fusion.prior=0.2",), False, True),
        (("fusion.suspect_threshold=0.4",), False, False),
        (("fusion.model=uncalibrated-rules-1",), True, False),
    ),
)
def test_the_stated_detection_holds_for_the_models_own_threshold_and_any_prior(override, own_threshold, stated):
    recipe = load_recipe(None, override)
    model = load_model(recipe.fusion.model)
    threshold, detection = suspect_limits(recipe, model)
    own = recipe.fusion.suspect_threshold or model.suspect_threshold
    assert threshold == shown_threshold(model, own, prior=recipe.fusion.prior)
    assert (threshold == model.suspect_threshold) is own_threshold
    assert detection == (model.stated_detection if stated else None)
    assert (detection is not None) is stated


def test_a_looser_threshold_has_to_be_known_and_is_marked():
    model = load_model()
    looser = ["fusion.suspect_threshold=0.99"]
    with pytest.raises(RecipeError, match="--i-know"):
        model_words(load_recipe(None, looser), model)
    marked = model_words(load_recipe(None, [*looser, "fusion.i_know=true"]), model)
    assert marked == f"{model.id}, threshold loosened to 0.99"
    assert model_words(load_recipe(None, ["fusion.suspect_threshold=0.001"]), model) == model.id


def test_another_recipe_than_that_of_the_fit_is_noted(sample_dir):
    scan = read_scan(sample_dir / "pmn_sand.h5")
    other = load_recipe(None, ["gpr.fk.on=true", "survey.margin_m=0.1"])
    assert collect(scan, other, load_model())["recipe_unlike_fitted"] == "gpr.fk.on"
    assert "recipe_unlike_fitted" not in collect(scan, load_recipe(), load_model())
