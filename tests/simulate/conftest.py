"""What the tests of the simulator share: the studies in ``benchmarks/simulate``."""

from __future__ import annotations

import importlib
import sys

import pytest

STUDIES = ("study_twin", "twin_scene", "twin_track")


@pytest.fixture(scope="session")
def studies(project_root):
    """Modules of twins of full-wave scans, by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(project_root / "benchmarks" / "simulate")
        yield {name: importlib.import_module(name) for name in STUDIES}
        for name in STUDIES:
            sys.modules.pop(name, None)
