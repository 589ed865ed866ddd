"""Pictures, report and files of a result: what a person looks at, and what another program reads.

Everything here takes a `dualsense.result.Result`; recordings never reach this room. Nothing is imported before a
name is first used.

Files
-----
write_outputs       every file of a result into one folder, all or none
get_ready           what writing takes whatever the result, ahead of it
check_output        refuse a folder that the outputs must not go to, before any work
OUTPUT_FILES        names of the files that every result has
write_result        ``result.h5``: images, axes, targets, provenance
read_result         and back without loss
read_flat_images    radar and metal from above, of a result however long
write_targets       the list of targets as JSON, CSV and GeoJSON
targets_document    content of ``targets.json`` as plain objects
fault_document      a fault as plain objects, its code beside its sentence

For other programs and for paper
--------------------------------
export_results      CSV, GeoJSON, KML, GeoPackage and a page of PDF, of one scan or many
FORMATS             in which results are exported
ARRAYS              and in which only when asked for: arrays of the images
to_xarray           ... as a dataset of xarray
table_columns       which columns the CSV has, from a small TOML file
FIELDS              what a column can hold
layers_geopackage   a GeoPackage of any layers, as bytes
Layer               one of them
geopackage_time     a scan's time as a GeoPackage writes it
outlines            cells of a mask as polygons
local_to_wgs84      from a scan's frame to latitude and longitude
usable_origin       a scan's origin where it is a place on Earth

Report
------
report_html         one page that opens offline, as text
lesson_html         the same to learn from: without targets, calls and names
write_report        and as ``report.html``
letter_style        style rules by which a page takes the letters that it brings along
page_letters        and their files
inline_letters      the same rules with the files in them
PAGE_SENTENCES      sentences that all pages share
page_tongue         what a page is told of a language
image_data          another radar image of the same ground, for the instrument of a report that is open

Pictures
--------
View                the operator's controls: colour limits, shown depths
render_figures      every picture as PNG bytes, by file name
write_figures       and as files
frame_png           one moment of a replay
picture_png         a field of values without axes

Words for people
----------------
headline            the verdict of a scan, which never says that ground holds nothing
Headline            its parts
banners             what limits the answer, gravest first
Banner              one of them, with the code of its fault
call_counts         how many targets got each call
ordered_targets     targets in the order in which they matter
confidence_words    confidence of a target as a chance in 100, never certainty
chance_words        what that means, in words and in 100
depth_words         depth of a target's top, with its spread
calibration_words   on what ground the confidence model was calibrated
threshold_words     from which confidence on a target is suspect
fault_words         a fault as a sentence that says what it means for the ground
join_reasons        reasons of a target in one line
percent_down        a measured part, never rounded up
ADVICE              what no result claims
SIMULATED           what stands beside everything that was simulated
CALL_NAMES          call to its words
GRAVEST_FIRST       calls in the order in which they matter
SENSORS             sensors in the order in which they are shown
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
