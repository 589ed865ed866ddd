"""The induction chain: from coil response to a map of metal and dipoles.

Response
--------
Response
    Soundings as real channels side by side, without the instrument's scale.
normalise, white_noise, drop_spikes, bin_along_track
    From recorded voltages to a response, its noise, without outliers, averaged over equal steps of the way.
estimate_latency, Latency
    How far the samples lag behind the track.

Drift and ground balance
------------------------
balance, Balance
    Drift and soil fitted to the response, and the whitening that follows.
apply_balance
    The response without them, whitened.
soil_suppression_db, small_metal_kept, small_metal_m3
    How much of the soil balancing takes away, how much of small metal it leaves, and what that is worth.

Maps
----
metal_maps, phase_hz
    Metal response, its error and its phase on the grid.
coherence_map
    How much of what is left one dipole under each cell explains.
detection_limit
    Smallest polarizability that would have been found at a place.

Dipoles
-------
find_dipoles, Inversion, Dipole
    All dipoles of a scan, found one after the other and fitted together with drift and soil.
refine
    Each of them located by itself.
told_depths
    Their depths with how far such fits err, and how deep metal usually lies.
isolate
    Rows of some dipoles alone, without soil, drift and the others.
locate, locate_many, DipoleEstimate
    Posterior of one dipole's place and tensors.
separate, Separation
    One piece of metal or two, by evidence.
metal_features, MetalFeatures
    Principal polarizabilities, shape, relaxation and size of what was located.
metal_prior, MetalPrior
    What is known of metal before it is measured.
dipole_columns
    Response of every row to a unit dipole at one place.
Prober, Probe, probe_features
    How much metal lies at a place that is known from elsewhere.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
