"""Whether a recording is what it seems: checks before inference, stretch by stretch.

What fails a check is not believed: its ground is not covered, and nothing there is called clutter.

By itself
---------
inspect               repeats, noise, gain, clipping, the track: all checks of a recording as it was read
without               the same recording without the samples that doubts take away
without_noisy_tones   ... and without tones that are noise

By what the sensors say of the track
------------------------------------
radar_passes          the radar's traces against those of neighbouring passes
metal_passes          the same of metal samples
unvouched             a metal detector that hears neither metal nor ground
told_offset_m         an error that all heights share, where it is one
clock_doubts          tracked heights against those of the ground's echo, over time
height_lag            the lag at which they agree best
Agreement             how alike passes are, and what is doubted for it

By both sensors
---------------
sensors_in_place      metal against the radar's echoes of the same objects
ways_in_step          the clearest echoes by passes to and by passes fro
InPlace, InStep       how far they lie apart, and what is doubted for it

What was found
--------------
doubted               which samples lie in a stretch that is not believed
CHECKS, Check         every check: what it measures, its limit, what it takes away
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
