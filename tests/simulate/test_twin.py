"""What `benchmarks/simulate/study_twin.py` reaches against full-wave scans must not be lost."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace

import numpy as np
import pytest

pytestmark = [pytest.mark.shared, pytest.mark.slow]


@pytest.fixture(scope="module")
def study(project_root):
    sys.path.insert(0, str(project_root / "benchmarks" / "simulate"))
    spec = importlib.util.spec_from_file_location(
        "study_twin", project_root / "benchmarks" / "simulate" / "study_twin.py"
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]
    sys.path.pop(0)


@pytest.mark.parametrize("name", ("clutter_only", "ts50_casing", "ts50_deep"))
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


@pytest.mark.parametrize("name", ("pmn_sand", "pmn_sand_impulse"))
def test_the_mine_with_a_band_has_its_spectrum(study, shared_data, name):
    """The stone beside it lies below the full wave's clutter and tells nothing."""
    (found,) = study.study(shared_data / "fdtd", seeds=(0, 1), names=name).values()
    mine = found["targets"][0]
    assert abs(mine["delay_error_ns"]) < 0.05
    assert abs(mine["level_error_db"]) < 3
    assert mine["spectrum_correlation"] > 0.8
    assert abs(found["clutter_early_error_db"]) < 5


def test_two_scans_of_one_full_wave_are_one_on_the_tracks_found(study, shared_data):
    """Tones and traces of the same soundings: what tells them apart is the error of their tracks."""
    found = study.repeated(shared_data / "fdtd")
    assert found["echoes alike"] > 0.995
    assert found["as found, mm"] < 0.6 * found["tracks over the mine apart as told, mm"]
    assert found["spectra of the PMN, full wave"] > 0.97


def test_the_metal_detector_tells_where_it_was(study, project_root):
    """A slow error of the track is found over metal, not a quick one."""
    path = project_root / "sample_data" / "pmn_sand.h5"
    r = study.load(path)
    coils = study.coils_of(path, r.scan, r.soil)
    t = coils.scan.emi.time_s - coils.scan.emi.time_s[0]
    phase = np.outer(t / t[-1], [4.0, 6.0, 5.0])
    slow = np.sin(phase + np.arange(3.0)) * [0.006, 0.009, 0.003]
    data = coils.metal(coils.told + slow) + coils.ground(coils.told + slow)
    astray = replace(coils, scan=replace(coils.scan, emi=replace(coils.scan.emi, data=data.astype(np.complex64))))
    found = astray.splines(coils.scan.emi.time_s) @ astray.offsets()
    over = np.hypot(*(coils.told[:, :2] - [0.11, 0.15]).T) < 0.1
    wrong, without = np.sqrt((((found - slow)[over]) ** 2).mean(axis=0)), np.sqrt((slow[over] ** 2).mean(axis=0))
    assert (wrong < [0.003, 0.003, 0.0015]).all()
    assert (wrong[:2] < 0.4 * without[:2]).all()
