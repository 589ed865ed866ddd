"""In what a recipe differs from the one with which the confidence models were fitted.

They were fitted to lanes that were processed with every default of then. A test holds those of today against that
recipe, which is kept beside the models (``calibration/fitted_recipe.toml``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualsense.recipe.base import Table, changes
from dualsense.recipe.keys import is_read, keys_of

if TYPE_CHECKING:
    from dualsense.recipe.document import Recipe

UNSEEN = (
    "survey.margin_m",
    "gpr.gain.",
    "gpr.radargram.",
    "emi.image.",
    "emi.depth.",
    "fusion.model",
    "fusion.prior",
    "fusion.suspect_threshold",
    "fusion.i_know",
)
"""What changes pictures, calls or the numbers that are shown, and nothing that a model is told."""
ALIKE: dict[str, tuple[object, ...]] = {
    "gpr.background.method": ("auto", "moving-median"),
    "emi.locate.together": (True, False),
    "emi.locate.at_once": (True, False),
}
"""Values that are the same on the patches that the models were fitted to, or tell the models the same: 140 sealed
lanes have as many mines suspect, and 1.49 false alarms per m^2 or 1.52, with metal placed together or not."""


def unlike_fitted(recipe: Recipe, fitted: Recipe | None = None) -> tuple[str, ...]:
    """Name the keys in which a recipe changes what the confidence model is told of a target.

    Parameters
    ----------
    recipe
        With which a scan is processed.
    fitted
        With which the model's lanes were; None takes the defaults.

    Returns
    -------
    tuple of str
        Dotted keys; those that have no say with the other values of their table, and those that only change
        pictures and calls, are left out.
    """
    usual = type(recipe)() if fitted is None else fitted
    found = []
    for name, value, before in changes(recipe, usual):
        alike = ALIKE.get(name, ())
        if name.startswith(UNSEEN) or (value in alike and before in alike):
            continue
        *path, key = name.split(".")
        table: Table = recipe
        for part in path:
            table = getattr(table, part)
        if is_read(table, key, keys_of(type(table))[key].only):
            found.append(name)
    return tuple(found)
