"""Numba, imported without the libraries of which it only looks whether they are there.

SciPy it asks for a version, PyYAML it needs for a file of settings, and coverage to tell a measurement that is
going on of what it compiles. Where they are installed they take 50 ms, a tenth of what a program needs to begin.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = ".numba_config.yaml"


@contextmanager
def hidden(*names: str) -> Iterator[None]:
    """Let libraries seem not to be installed, but for those that are imported already.

    With other threads at work nothing is hidden: they may import the same.

    Parameters
    ----------
    names
        Of the libraries.
    """
    loaded: dict[str, Any] = sys.modules
    alone = threading.active_count() == 1
    absent = [name for name in names if name not in loaded] if alone else []
    for name in absent:
        loaded[name] = None  # which makes an import of it fail
    try:
        yield
    finally:
        for name in absent:
            if loaded.get(name, names) is None:
                del loaded[name]


with hidden("coverage", "scipy", *(() if Path(SETTINGS).exists() else ("yaml",))):
    import numba as numba  # noqa: PLC0414 - these are to be taken from here
    from numba.core import caching as caching  # noqa: PLC0414
    from numba.misc.appdirs import AppDirs as AppDirs  # noqa: PLC0414
