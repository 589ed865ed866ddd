"""Every kind of fault, declared once.

A fault is made by `fault` from the code of its kind and the values of its sentence, so that the reader of a result
may branch on the code, and a translation word the values anew.

Faults
------
fault       word a fault of a kind
KINDS       the table of all kinds, from which their reference is made
FaultKind   one kind: code, sensor, severity, path, wording, meaning
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
