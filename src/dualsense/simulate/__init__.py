"""Scans of invented ground, always labelled as simulated.

Scans
-----
simulate_scan           a scan of a scene and a seed
simulate_file           the same as a file
simulate_lanes          a folder of lanes with their manifest
Lane                    one of them
MANIFEST                name of that manifest
write_simulated         a scan as its recorder left it, faults and all
INSTRUMENT              what a simulated scan names as its instrument

Scenes
------
Scene                   all that is simulated
Soil, Layer             the ground, and flat layers in it
Buried                  an object
Motion                  how the head is carried
Radar, Detector, Array  the head: one pair of antennas, one metal detector, or rows of them
Noise, SILENT           what instruments add, and nothing of it
Faults, parse_faults    what the recorder does wrong, and the same by name
read_scene, dump_scene  TOML both ways
on_cart                 the same patch, swept by a cart

Lanes and models
----------------
random_lane             a lane of a kind, drawn
PRESETS, MODELS         kinds of lane, and objects, by name
overview                both as a list
describe                every number of one of them with its source

Physics
-------
realise_ground, Ground  ground drawn of a soil
ground_echo             what the radar gets back from it, without noise
emi_response            what the metal detector does, without noise
metal_dipoles           what it sees of buried metal

gprMax
------
simulate_with_gprmax    the radar's fields by that program
GprmaxEngine            how it is run
GPRMAX_COMMAND          its command, unless another is given
GPRMAX_RUNS             how many soundings it may compute, unless more are allowed
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
