"""Dual-sensor (metal detector and radar) scans to pictures and targets, for humanitarian demining.

The public API on one screen; everything is imported when it is first used.

>>> import dualsense as ds
>>> result = ds.process_scan(ds.read_scan("sample_data/ts50_casing.h5"))  # doctest: +SKIP
>>> ds.write_outputs(result, "out/mine")  # doctest: +SKIP

Scans
-----
read_scan           a scan file with its faults
write_scan          a scan as a file, whole or not at all
import_scan         a scan file or another instrument's recording
simulate_scan       a scan of invented ground
summarise           what a scan file holds, without its samples
Scan                a sweep: header, track, and one or both sensors
ScanHeader          what the file says of itself
Pose                track of the head
GprData             radar soundings
EmiData             induction soundings
Truth               what was really buried
Fault               something in the data that limits what can be said

Recipes
-------
Recipe              every parameter of the chain, frozen
load_recipe         from TOML and ``key=value`` overrides
dump_recipe         to TOML with comments

Processing
----------
process_scan        a scan to pictures and targets
replay_scan         the same, played back as it was recorded
follow_scan         the same, while another process writes the recording
process_batch       many scans; one that fails does not stop the rest

Results
-------
Result              everything that processing found
Target              one place where something lies, or could
Evidence            what one sensor has to say of it
Image               a map
Volume              a volume of radar echo
Sketch              what is known while a sweep goes on
Candidate           a place where something stands out so far
write_outputs       every file of a result into one folder
read_result         ``result.h5`` back without loss
evaluate_folder     targets against the truth, over many scans

Errors
------
DualsenseError      every error that is one line to the user
ScanError           the scan cannot be processed
RecipeError         the recipe is wrong
UsageError          asked for something it will not do, such as to overwrite

Rooms
-----
io                  files in and out
survey              track, grid and coverage
induction           fields of coils, responses of metal and ground
gpr                 the radar's steps, one by one
emi                 the metal detector's
fusion              both sensors' finds to one list of targets
render              pictures, report and files
recipe              parameters, and the steps of the radar as data
chain               the composer
live                a sweep as it goes on
simulate            scans of invented ground
evaluate            scores and their statistics
workbench           how two results differ, and what each step does
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
