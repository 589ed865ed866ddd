"""One map of many scans: where they lie on Earth, what they covered together, and what is to be dug there.

Making
------
make_site       one map of all results in a folder, as files
SITE_FILES      which files
OriginError     how well scans' places on Earth are known

What it holds
-------------
Site            scans, objects, areas
SiteScan        a scan, on the map or why not
SiteObject      an object that one scan or several list
Listed          a target as a scan lists it
Decided         what people recorded of an object
Frame           the projection of the map
is_open         whether an object is still to be dug
problem_text    why a scan is not on the map
site_json       all of it as JSON

Parts
-----
merge           which targets of overlapping scans are one object
merged          where these lie, and how well that is known
Points          targets on the map
prior_of        variances of scans' offsets
site_html       the map as a page
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
