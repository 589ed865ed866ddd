"""Where each sample was taken, and what ground was covered.

Track
-----
track_at              the smoothed track at the samples of a sensor
Track                 where the head was, and how it was turned, at given times
lever_arm             positions of antennas or coils along a track
near_ground           a track on which only samples close above the ground count

Line
----
find_line             the line along which a track runs, or None for a swept patch
Line                  a straight or slightly curved track: a single B-scan
find_lines            the same of several channels, each along a line of its own
Lines                 the line of each channel

Grid
----
grid_around           square cells over positions and a margin
cells_of              rows and columns of the cells that hold points
nearest_cell          row and column of the cell that holds one point

Coverage
--------
coverage              which cells of the patch each sensor measured
coverage_fractions    area of the patch, and the part of it that each sensor and both covered
covered_cells         cells within reach of a sample
patch_cells           cells of the ground that was set out to be swept
hull_sides            convex hull of positions
cells_within          cells within a convex hull

Health
------
noise_share           how much of a stream is noise: 1 for white noise
NOISE_ONLY            the share from which a sensor is dead
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
