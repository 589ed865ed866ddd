"""Two sensors become one list of targets.

Candidates
----------
match               radar bodies and dipoles assigned to each other
Candidate           one of what `match` returns: what either sensor has of one object
group_dipoles       dipoles of one object together, strongest first
separation          how far metal lies from a body, in metres and in standard deviations

Confidence
----------
load_model          a confidence model by its id
read_model          from the bytes of its file
Model               what they return
DEFAULT_MODEL       id of the one that is taken unless the recipe names another
probability         prior odds times likelihood ratios
shown_threshold     threshold of suspects in the numbers that a prior shows
decide              suspect, likely clutter, or not assessable

Targets
-------
make_targets        each candidate weighed, called, and given its reasons, or left out where there is nothing
Listing             what it returns
MAY_BE_NOTHING      the reason of what would be suspect, were it surer that there is anything
LEFT_OUT_M          about what was left out ground does not count as covered so far
Conditions          under what conditions they were found: coverage, soil, what either sensor would have found
MetalSensitivity    how small a piece of metal would have been found at a place
RadarSensitivity    whether a body would have been listed at a place
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
