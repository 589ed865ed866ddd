"""What to do with a scan: every parameter of the chain, typed, in TOML in and out.

Each table mirrors the keyword arguments of one step, so that who reads one knows the other.

Recipes
-------
Recipe          the whole, frozen; ``recipe.gpr.migrate.depth_stop_m`` is a parameter
load_recipe     from TOML and ``key=value`` overrides
parse_recipe    from TOML as text
dump_recipe     to TOML, each key with its meaning, unit and range
recipe_schema   a JSON Schema of all keys
unlike_fitted   keys in which a recipe differs from what the confidence was fitted with

The radar's steps
-----------------
radar_steps     all of them in their order
RadarStep       what is known of one
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
