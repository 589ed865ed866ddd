"""The command line: verbs that ask the chain and say what came of it; no processing of their own.

Starting
--------
main                entry point of the command ``dualsense``
run                 the same, returning the exit status
cli                 the group of all verbs, for what reads their help
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
