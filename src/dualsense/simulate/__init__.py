"""Scans of invented ground, always labelled as simulated.

Scans
-----
simulate_scan             a scan of a scene and a seed
simulate_file             the same into a file
write_simulated           a simulated scan as its recorder left it
simulate_lanes            a folder of scans, one for each seed
Lane                      one scan of such a folder
add_objects               objects of a scene in a recording
SurfaceEcho               what tells how its radar shows an echo
MANIFEST                  name of the file that says how a folder was made
INSTRUMENT                name of the instrument in every simulated scan

Scenes
------
Scene                     all that a scan is made of, beside the seed
Soil, Layer               the ground, and a flat layer under it
Buried                    one object of the library in the ground
Radar, Detector           the sensors of the head
Array                     several of each side by side
Motion                    how the head is swept
Noise, SILENT             what instruments and tracker add, and nothing of it
Faults                    what the recorder does wrong
read_scene, dump_scene    a scene from TOML, and as TOML
parse_faults              faults by name
on_cart                   a scene whose patch a cart with an array head drives over

Lanes and models
----------------
random_lane               a lane of a preset, drawn at random
vary_soil                 a soil drawn around another
PRESETS                   kinds of lane by name
MODELS                    buried objects by name
overview                  all presets and models, one line each
describe                  every number of a preset or model, with its source

Without noise
-------------
realise_ground            one ground of a soil: its surface, layers and unevenness
Ground                    what the radar meets
ground_echo               what comes back to the radar
emi_response              what the metal detector measures
metal_dipoles             position and polarizability of every metal part

gprMax
------
simulate_with_gprmax      a scan whose radar fields gprMax, a separate program, computes
GprmaxEngine              how it is run
GPRMAX_COMMAND            how it is started by default
GPRMAX_RUNS               how often it is run at most by default
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
