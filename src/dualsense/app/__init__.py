"""Results in a browser, to this machine only; needs the extra ``dualsense[app]``.

Serving
-------
serve               a folder of results as web pages on 127.0.0.1, until interrupted
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
