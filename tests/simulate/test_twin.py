"""What `benchmarks/simulate/study_twin.py` reaches against full-wave scans must not be lost."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest

pytestmark = [pytest.mark.shared, pytest.mark.slow]


@pytest.fixture(scope="module")
def study(project_root):
    spec = importlib.util.spec_from_file_location(
        "study_twin", project_root / "benchmarks" / "simulate" / "study_twin.py"
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.mark.parametrize("name", ("clutter_only", "ts50_deep"))
def test_a_twin_measures_like_the_full_wave(study, shared_data, name):
    """Delays within 0.05 ns, levels within 6 dB, spectra alike; near clutter of the ground within 6 dB."""
    (found,) = study.study(shared_data / "fdtd", seeds=(0, 1), names=name).values()
    assert abs(found["surface_delay_error_ns"]) < 0.05
    assert abs(found["surface_level_error_db"]) < 1.5
    assert abs(found["clutter_early_error_db"]) < 4
    assert abs(found["clutter_late_error_db"]) < 4
    for target in found["targets"]:
        assert abs(target["delay_error_ns"]) < 0.05, target
        assert abs(target["level_error_db"]) < 6, target
        if target["over_clutter_db"] > 10:  # below, the draw of the twin's own clutter decides
            assert target["spectrum_correlation"] > 0.75, target


def test_without_the_objects_the_twin_lacks_them(study, shared_data):
    """The measurement sees objects, not its own windows: an empty scene is no twin."""
    r = study.load(shared_data / "fdtd" / "ts50_deep.h5")
    full = study.measure(r.tones - study.direct(r.frequency), r)
    empty = study.compare(full, [study.measure(study.twin(r, 0, ()), r)])
    assert empty["targets"][0]["level_error_db"] < -12
    assert np.isfinite(empty["clutter_late_error_db"])


def test_the_mine_with_a_band_has_its_spectrum(study, shared_data):
    """The stone beside it lies below the full wave's clutter and tells nothing."""
    (found,) = study.study(shared_data / "fdtd", seeds=(0, 1), names="pmn_sand").values()
    mine = found["targets"][0]
    assert abs(mine["delay_error_ns"]) < 0.05
    assert abs(mine["level_error_db"]) < 3
    assert mine["spectrum_correlation"] > 0.8
