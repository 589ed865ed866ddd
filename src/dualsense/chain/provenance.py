"""Where a result comes from: hashes and versions, without anything of the user or the hour."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING

from dualsense._version import __version__
from dualsense.errors import RecipeError
from dualsense.fusion import load_model, shown_threshold
from dualsense.recipe import Recipe, dump_recipe, unlike_fitted
from dualsense.runtime.devices import array_module, chosen_device

if TYPE_CHECKING:
    from dualsense.fusion import Model
    from dualsense.result import Result
    from dualsense.scan import Scan

LONGEST = 4000
"""Characters of what an import tells that are kept as they are."""
LIBRARIES = ("numpy", "scipy", "numba", "h5py", "pillow")


def collect(scan: Scan, recipe: Recipe, model: Model) -> dict[str, str]:
    """Plain text entries that identify the input, the recipe, the model and the code."""
    threshold, detection = suspect_limits(recipe, model)
    limits = {"suspect_threshold": f"{threshold:g}"}
    if detection is not None:
        limits["stated_detection"] = f"{detection:g}"
    unlike = unlike_fitted(recipe) if model.experts is not None else ()
    if unlike:
        limits["recipe_unlike_fitted"] = ", ".join(unlike)
    return {
        "scan_id": scan.header.scan_id,
        "scan_sha256": scan.sha256,
        "scan_source": scan.header.source,
        **{f"import_{name}": _short(text) for name, text in sorted(scan.imported.items())},
        "recipe_sha256": recipe.sha256,
        "recipe": dump_recipe(recipe, comments=False),
        "model": model.id,
        "model_sha256": model.sha256,
        "version_dualsense": __version__,
        **limits,
        **versions(),
    }


def _short(text: str) -> str:
    """Give a text, or the hash of one that is a whole table."""
    return text if len(text) <= LONGEST else f"sha256 {hashlib.sha256(text.encode()).hexdigest()}"


def made_otherwise(result: Result, scan_sha256: str, recipe: Recipe) -> tuple[str, ...]:
    """Tell in which way a result is not what processing would make now.

    Parameters
    ----------
    result
        As read from its file.
    scan_sha256
        Of the scan's bytes as they are now.
    recipe
        What it would be processed with.

    Returns
    -------
    tuple of str
        Of "scan", "recipe", "model" and "version" those that differ; empty where it would be made again as it is.

    Raises
    ------
    RecipeError, ModelError
        The recipe's model cannot be had.
    """
    made_by, model = result.provenance, load_model(recipe.fusion.model)
    now = {"version_dualsense": __version__, **versions()}
    same = {
        "scan": result.scan_sha256 == scan_sha256,
        "recipe": result.recipe_sha256 == recipe.sha256,
        "model": made_by.get("model_sha256") == model.sha256,
        "version": all(made_by.get(name) == version for name, version in now.items())
        and made_by.get("device", "cpu") == chosen_device(),
    }
    return tuple(name for name, holds in same.items() if not holds)


def versions() -> dict[str, str]:
    """Versions of the libraries that a result hangs on, looked up once; where a card takes part, that too."""
    found = {f"version_{name}": _version(name) for name in LIBRARIES}
    card = array_module()
    return found if card is None else found | {"device": "gpu", "version_cupy": str(card.__version__)}


def suspect_limits(recipe: Recipe, model: Model) -> tuple[float, float | None]:
    """Confidence from which a target is suspect, and the part of mines that the model states to be.

    The statement holds for the model's own threshold; None where the recipe sets another. A prior changes no call:
    it moves the numbers, and the threshold that they are held against with them.
    """
    wanted = recipe.fusion
    own = wanted.suspect_threshold is None
    at_models_prior = model.suspect_threshold if wanted.suspect_threshold is None else wanted.suspect_threshold
    threshold = shown_threshold(model, at_models_prior, prior=wanted.prior)
    return threshold, model.stated_detection if own else None


def model_words(recipe: Recipe, model: Model) -> str:
    """Name the model, with a mark where the recipe takes fewer suspects than it states.

    Raises
    ------
    RecipeError
        It does so, and does not say that this is known.
    """
    wanted = recipe.fusion
    if wanted.suspect_threshold is None or wanted.suspect_threshold <= model.suspect_threshold:
        return model.id
    if not wanted.i_know:
        msg = (
            f"fusion.suspect_threshold = {wanted.suspect_threshold:g} is above the {model.suspect_threshold:g} of "
            f"{model.id}: mines would no longer be suspects; lower it, or add --i-know (fusion.i_know = true)"
        )
        raise RecipeError(msg)
    return f"{model.id}, threshold loosened to {wanted.suspect_threshold:g}"


@cache
def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"
