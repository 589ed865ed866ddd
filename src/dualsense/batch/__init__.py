"""Many scans, each in a worker process: one that fails, or takes its worker down, does not stop the others.

Processing
----------
process_batch   every scan into a folder of its own, here or on a cluster, summed up as tables and a page
find_scans      scans by the names of their folders
batch_crew      the worker processes, for who has other things to load while they start
BatchEntry      what became of one scan

Telling
-------
batch_json      what became of all, as JSON
batch_csv       ... as CSV
batch_html      ... as a page that opens without a network
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
