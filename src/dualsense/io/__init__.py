"""Files in and out: the scan format, and other instruments' recordings.

Nothing is imported before a name is first used: HDF5 is slow to load.

Scan files
----------
read_scan           a recorded or simulated sweep, with a fault for each thing that limits what can be said
open_recording      a recording whose samples are read when they are needed
Recording           what can be asked of it: its outline, all of it, a part
HeldRecording       the same of a scan that is in memory
write_scan          the same bytes for the same scan, whole or not at all

Files that grow
---------------
Growing             a scan file that another process is writing, looked at again and again
News                what one look at it found
read_unfinished     what there is of a file that was never closed

Other instruments
-----------------
import_scan         whatever is known here, by what the file holds and not by its name
import_lines        several lines as one scan over an area
is_foreign          whether a file is another instrument's and may have options
FOREIGN_SUFFIXES    how names of such files end, where a folder is searched through
import_gssi         GSSI ``.DZT``
import_ids          IDS ``.dt``
import_gprmax       output of gprMax
import_mala         MALÅ ``.rd3`` and ``.rd7``
import_pulseekko    Sensors & Software ``.DT1``
import_seismic      SEG-Y and SU
import_touchstone   sweeps of a network analyser
import_ascans       HDF5 of ``/A-Scan``, ``/Frequency`` or ``/Time`` and ``/Position``
import_metal_table  CSV of a metal detector
import_log          ROS 1 and ROS 2 bags, and MCAP

Track and clock
---------------
covered_by_pose     at which times the track is known
MAX_POSE_GAP_S      the longest gap in a track that is bridged
MIN_STUCK           how many equal samples in a row are a sensor that repeats itself

Text of others
--------------
one_line            a message that quotes a file, fit for one line of a terminal
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
