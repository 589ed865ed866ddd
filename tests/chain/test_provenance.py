"""What a result says of its origin: the threshold of the calls as a number and as text."""

from __future__ import annotations

import pytest

from dualsense.chain.provenance import suspect_limits
from dualsense.fusion._confidence import load_model
from dualsense.recipe import load_recipe


@pytest.mark.parametrize(
    ("override", "own_threshold", "stated"),
    (
        ((), True, True),
        (("fusion.prior=0.2",), True, False),
        (("fusion.suspect_threshold=0.4",), False, False),
        (("fusion.model=uncalibrated-rules-1",), True, False),
    ),
)
def test_the_stated_detection_holds_for_the_models_own_threshold_and_prior(override, own_threshold, stated):
    recipe = load_recipe(None, override)
    model = load_model(recipe.fusion.model)
    threshold, detection = suspect_limits(recipe, model)
    assert threshold == (model.suspect_threshold if own_threshold else 0.4)
    assert detection == (model.stated_detection if stated else None)
    assert (detection is not None) is stated
