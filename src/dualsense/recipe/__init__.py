"""What to do with a scan: every parameter of the chain, typed, in TOML in and out.

Each table mirrors the keyword arguments of one step, so that who reads one knows the other.

- `Recipe`: the whole, frozen; `recipe.gpr.migrate.depth_stop_m` is a parameter.
- `load_recipe`, `dump_recipe`: from TOML and ``key=value`` overrides, and to TOML with comments.
- `RadarStep`, `radar_steps`: the steps of the radar's chain in their order, and what is known of each.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
