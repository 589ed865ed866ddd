"""Where each sample was taken, and what ground was covered.

Track
-----
track_at            the head's recorded track, smoothed, at the times of a sensor
Track               places, attitudes and errors at those times
lever_arm           places of antennas and coils on a track
near_ground         a track without what was taken away from the ground

Line
----
find_line           whether a track is a single line, a B-scan, and not a swept patch
Line                such a line

Grid
----
grid_around         square cells over positions
cells_of            the cells of points
nearest_cell        the cell nearest to a point

Coverage
--------
coverage            what each sensor measured within the patch
coverage_fractions  its parts of the patch, and the patch's area
covered_cells       cells within reach of samples
patch_cells         cells within the convex hull of the track

Health
------
noise_share         how much of a stream is noise
NOISE_ONLY          the share from which a sensor is dead
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
