"""Scans of invented ground, always labelled as simulated.

Scans
    `simulate_scan` makes a scan of a scene and a seed, `simulate_file` writes one, `simulate_lanes` a folder of
    them (each a `Lane`) with its `MANIFEST`; `write_simulated` writes a scan as its recorder left it.
Scenes
    A `Scene` holds `Soil` with each `Layer`, every `Buried` object, `Motion`, `Radar`, `Detector` or an `Array` of
    them, `Noise` (`SILENT` is none) and `Faults`. `read_scene` and `dump_scene` are TOML both ways; `parse_faults`
    takes faults by name, `on_cart` gives a scene's patch to a cart.
Lanes and models
    `random_lane` draws a lane of a kind in `PRESETS`; objects are named in `MODELS`. `overview` lists both and
    `describe` gives every number of one with its source.
Physics
    `realise_ground` draws a `Ground` of a soil; `ground_echo` is what the radar gets back from it, `emi_response`
    what the metal detector does, both without noise, and `metal_dipoles` what it sees of buried metal.
gprMax
    `simulate_with_gprmax` lets that program compute the radar's fields; a `GprmaxEngine` says how it is run, by
    default by `GPRMAX_COMMAND` and at most `GPRMAX_RUNS` times. A scan's `INSTRUMENT` names who made it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
