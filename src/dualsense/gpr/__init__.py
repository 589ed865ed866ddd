"""The radar: from recorded soundings to a migrated volume and the bodies in it.

A step is a function ``step(data, *, keyword_only)`` that returns new data; its keywords are those of its table in
the recipe. A chain by hand reads::

    soundings, faults = gpr.calibrate(scan.gpr, track)
    below, surface = gpr.find_surface(soundings)
    below = gpr.remove_background(below, surface)
    traces = gpr.analytic_traces(below, surface)
    soil = gpr.estimate_soil(below, traces, grid, height_m=surface.height_m)
    volume = gpr.migrate(
        below,
        traces,
        grid,
        depth_m,
        relative_permittivity=soil.relative_permittivity,
        height_m=surface.height_m,
    )
    bodies = gpr.find_bodies(volume, grid, gpr.over_clutter(volume, grid, covered))

Soundings
---------
Soundings               radar soundings over frequency, each with its antennas
calibrate               recorded soundings of either modality as spectra from antenna to antenna
repair_tones            bridge missing tones or samples
pick_rows               some of the soundings, with all that belongs to each

Impulse traces, sample by sample
--------------------------------
sample_axis             times of the samples; None where there are none in time
find_clipped            samples that the receiver could not follow
declip                  clipped peaks rebuilt
remove_offset           each trace's own offset subtracted
dewow                   slow drift along each trace subtracted
time_zero               traces shifted so that the direct wave arrives when it must
direct_time_zero        time of transmission by the direct wave, and its standard error
direct_level            how strong the direct wave is
resample                traces at another sampling interval

Filters over frequency, and the head's attitude
-----------------------------------------------
compensate_attitude     amplitude that a tilted head loses
bandpass                a band, with zero phase
spiking                 predictive deconvolution
wiener                  deconvolution by a wavelet
estimate_wavelet        spectrum of the strongest arrival in common
whiten_spectrum         the same mean amplitude at all frequencies
spectral_loss           what such a filter takes of a target's energy

Surface
-------
Surface                 heights, paths and spectrum of the surface echo
find_surface            direct coupling and surface echo taken out by the method that applies
fit_surface             ... by a fit of the phase over the whole band
pick_surface            ... by following the echo along the track
compensate_height       all soundings at one height

Background
----------
remove_background       what the soundings have in common subtracted
remove_line_background  ... by the median in time along a line on the ground
removed_energy          part of each channel's energy that a step took
unchanged_channels      channels from which a step took nothing
reference_spectra       mean spectra over ground without targets
subtract_reference      those of another scan subtracted
fk_fan                  fan filter over frequency and wavenumber
robust_pca              low-rank part, sparse outliers and noise of a matrix
LowRankPlusSparse       what that found
target_loss             part of a body's energy that a step takes
background_loss         ... of the background removal, at little cost
remove_background_with_losses  both: the removal and what it costs
SMALL_MINE_M            diameter of the smallest common mine

Traces
------
Traces                  analytic signals over two-way time
analytic_traces         spectra as band-limited traces, whitened by the surface echo
spectral_window         windows over the band

Soil
----
Soil                    permittivity, its error and how it was found
estimate_soil           surface echo, focus and prior joined
surface_permittivity    from the ground's echo beside the direct wave
SurfaceEcho             what that found
late_echo, LateEcho     a second echo behind the ground's, as of a layer
height_offset           ... and what its delay tells of an error that all heights share
focus_permittivity      from the focus of small scatterers
fit_hyperbolas          velocity from the diffraction hyperbolas of a line
fit_lines               one velocity from those of several lines
LineTraces              what it takes of each
Hyperbola, Hyperbolas   one curve, and all of a line
plate_permittivity      from the echoes of the ground and of a metal plate
LogNormal               what is known of a permittivity
join_permittivities     independent knowledge joined
Antennas                profile of a radar head
find_antennas           the profile of an instrument
known_antennas          all profiles that come with the program
read_profile            a profile from its file
direct_field            field of a short dipole at a parallel one
reflected_field         its echo from a half-space, near field and all
mirrored_field          ... as that of the mirrored dipole

Migration
---------
Migrated                a migrated volume
migrate                 by the named method
kirchhoff               sum along refracted bistatic times
GrowingSum              ... in tiles to which soundings are added as they come
wavenumber              the same sum as a product of spectra
stolt                   on a grid, for a quick look
least_squares           the reflectors that explain the traces best
demigrate               echoes of a volume of reflectors

Bodies
------
Body, Shape             something that scatters, and its column, symmetry and focus
OverClutter             what stands out of the clutter, and how far
over_clutter            ... of a volume: compared once for all that ask
find_bodies             local maxima over the clutter's level
add_bodies              those that another method found
place_tops              their depths, by soundings that all count alike
both_ways               bodies by passes to and by passes fro, which a clock that is off puts apart
Ways                    what it returns
FalseBodies             bodies that clutter alone makes in this ground
false_bodies            ... by the same search with scrambled signs
echo_finder             what stands out most at a place, however little
relative_noise          clutter in phase with an echo of that contrast
clutter_level           level of clutter around each voxel
envelope_volume         the picture: envelope, masked where nothing was measured
measured_columns        cells below which something was measured
Detectability           where a body would have been listed
detectability           ... of a volume
would_detect            ... at a place
clutter_below           level of clutter where the tops of mines may lie
MINE_BOTTOM_M           how far below its top its echo goes on
mine_contrast           how far a mine's echo would stand out of it
MAX_TARGET_LOSS         loss of a step beyond which silence says nothing

Radargram
---------
attribute               envelope, phase, frequency and others of traces
ATTRIBUTE_UNITS         their units
apply_gain              gain over time, for the eye only

Travel times
------------
Layers                  the ground as flat layers
Ground                  what functions take for the soil: a permittivity or layers
optical_depth           how far in air a wave would be in the time down to a depth
refracted_time          one-way time from an antenna in air to a point in soil
time_table              those times and amplitudes, tabulated
TimeTable               such a table
ON_GROUND_M             antennas no higher than this stand on the ground
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
