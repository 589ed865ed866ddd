"""Scans and results in a browser, to this machine only unless asked; needs the extra ``dualsense[app]``.

Serving
-------
view                a scan, a result or a folder of them as web pages on 127.0.0.1, until interrupted
tune                one recording with the chain's controls: each step before and after, what came of it
train               lanes with known truth to learn from, scored afterwards

Decisions
---------
record_decision     write down what an operator decided of a target
read_decisions      the decisions beside a result
all_decisions       those of every result in a folder
decisions_csv       the same as a table
decisions_json      and as JSON
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
