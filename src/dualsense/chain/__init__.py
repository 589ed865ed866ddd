"""The composer: the only room that puts the others together.

Processing
----------
process_scan        from a scan and a recipe to a `Result`
process_recording   the same for a recording of any length, which is cut into tiles when it is long
Tiling              from how much ground on, and how
made_otherwise      in which way a stored result is not what processing would make now
StepCache           what steps gave for what, so that a changed recipe runs only the steps it changes
ready_radar         a scan's radar, taken as far as no permittivity matters
image_again         its image at a permittivity of the operator's, in a fraction of a second
Ready               what the one gives the other
glance_at           the picture of a changed recipe, ahead of its result
Glance              that, and the states of the steps up to it

States between the steps
------------------------
RadarState          what is known of the radar's data after a step; `process_scan` keeps those asked for
MetalState          the same of the metal detector's
balanced_rows       metal rows before drift and soil are taken away, and after
step_names          every step whose state can be kept, by name
Log                 what a stage says beside its value: faults and entries of the provenance
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
