"""Where each sample was taken, and what ground was covered.

Track
    `track_at` smooths the head's recorded track and brings it to a sensor's clock, as a `Track`; `lever_arm` gives
    the places of antennas and coils on it, `near_ground` leaves out what was taken away from the ground.
Line
    `find_line` finds out whether a track is a single `Line`, a B-scan, and not a swept patch.
Grid
    `grid_around` lays square cells over positions; `cells_of` and `nearest_cell` find the cells of points.
Coverage
    `coverage` maps what each sensor measured within the patch, `coverage_fractions` sums it up; `covered_cells`
    and `patch_cells` are its two parts.
Health
    `noise_share` measures how much of a stream is noise; from `NOISE_ONLY` the sensor is dead.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
