"""A sweep as it goes on: what is known so far, brought up to date by what is new and by nothing else.

The chain processes a recording as a whole; here samples are taken as they come, and what one step costs hangs on
what it brings, not on what was swept before. Balance, background and clutter know only what has been, so that
everything here is provisional: there is something here, so strong; never a call, a confidence, or empty ground.

Sweep
-----
Sweep       the state of a sweep that goes on
Stretch     what a step brings: poses and samples of both sensors
Work        what the last step touched
Pace        which moments of a recording are shown, and when
Following   the sweep of a scan file that another process is still writing
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
