"""The few numerical tools that every scan needs, of NumPy alone.

The library that has them takes longer to import than they take to run. What only some scans need is still SciPy's,
imported where it is called.

Interpolation
-------------
cubic_weights         not-a-knot cubic spline as weights of its nodes
pchip                 cubic through nodes that never overshoots them
spline_basis          cubic B-splines over knots

Pictures
--------
box_sum               sum of the values within a square around each cell
highest_near          largest value within a box around each cell
hanging_together      cells of a mask that hang together with one

Plane
-----
hull_sides            sides of the convex hull of points

Functions and problems
----------------------
bessel_0_2            Bessel functions of order 0 and 2
assign                rows to columns at the least cost
cholesky_inverse      inverse of Cholesky's factor
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
