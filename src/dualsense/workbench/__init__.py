"""What an engineer asks of the chain: how two results differ, and what each step does.

Comparing
---------
compare_results     recipes, versions, images, targets and figures of two results
Comparison          all of that, frozen
comparison_text     ... for a terminal
comparison_json     ... for programs
comparison_html     ... as one page

Looking inside
--------------
look_inside         a scan through the chain, with what each step left and took away
Steps               all of that
StepView            one step
steps_html          ... as one page
step_arrays         ... as named arrays
write_steps         both as files

Tuning
------
Tuning              a scan whose recipe is changed one thing at a time: undo, before and after, A and B, a script
recipe_panel        the recipe as controls: switch, order, unit, meaning and range of every key
panel_values        the value of every key, and whether it has a say
tuning_view         a step before and after, and the result beside the held one, ready for a page
tuning_glance       the picture of a change ahead of its result, ready for a page
seen_view           where a mine would have been found, ready for a page

Instruments
-----------
radar_shots              what free air and a metal plate tell of a radar
RadarShots, Plate        that, and how the plate lay
sphere_shot              what a known sphere tells of a metal detector
MetalShot, Sphere        that, and the sphere
instrument_profile       both as a profile, JSON
profile_text             ... for a terminal
read_instrument_profile  a profile from its file
calibrated_scan          a scan put right by one

Drawing
-------
plot_map            a map with its targets, by matplotlib
plot_slice          a volume at a depth
plot_section        ... along x or y
plot_radargram      what the radar heard along its track

Putting in
----------
hybrid_scan         objects of a scene in recorded ground
would_be_seen       whether a mine would have been found, place by place
Seen, SeenPlace     what that found
Trials              ... some places at a time
seen_text           ... for a terminal
seen_json           ... for programs
seen_maps           ... as arrays over the grid of places
seen_png            ... as a picture
seen_html           ... as one page

Sweeping
--------
find_sweep_scans    scans by name, from files and folders
plan_sweep          every combination of values of some keys
run_sweep           each scan with each of them, taken up where it was stopped
plan_search         ranges and values of some keys, and what settings are judged by
run_search          one setting after another, each chosen by those before it (optuna)
Search              what is searched
begin_anew          forget what a sweep has left
sweep_table         the settings, each with its metrics
write_sweep         ... as CSV, JSON and a page of small multiples
METRICS             what a setting may be judged by
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
