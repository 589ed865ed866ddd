"""What `benchmarks/simulate/study_twin.py` reaches against full-wave scans must not be lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def study(studies):
    return studies["study_twin"]


@pytest.mark.parametrize("name", ("clutter_only", "ts50_casing", "ts50_deep"))
def test_a_twin_measures_like_the_full_wave(study, sample_dir, name):
    """Delays within 0.05 ns, levels within 6 dB, spectra alike; near clutter of the ground within 6 dB."""
    (found,) = study.study(sample_dir, seeds=(0, 1), names=name).values()
    assert abs(found["surface_delay_error_ns"]) < 0.05
    assert abs(found["surface_level_error_db"]) < 1.5
    assert abs(found["clutter_early_error_db"]) < 4
    assert abs(found["clutter_late_error_db"]) < 4
    for target in found["targets"]:
        assert abs(target["delay_error_ns"]) < 0.05, target
        assert abs(target["level_error_db"]) < 6, target
        if target["over_clutter_db"] > 10:  # below, the draw of the twin's own clutter decides
            assert target["spectrum_correlation"] > 0.75, target


def test_without_the_objects_the_twin_lacks_them(study, sample_dir):
    """The measurement sees objects, not its own windows: an empty scene is no twin."""
    r = study.load(sample_dir / "ts50_deep.h5")
    full = study.measure(r.tones - study.direct(r.frequency), r)
    empty = study.compare(full, [study.measure(study.twin(r, 0, ()), r)])
    assert empty["targets"][0]["level_error_db"] < -12
    assert np.isfinite(empty["clutter_late_error_db"])


@pytest.mark.parametrize("name", ("pmn_sand", "pmn_sand_impulse"))
def test_the_mine_with_a_band_has_its_spectrum(study, sample_dir, name):
    """The stone beside it lies below the full wave's clutter and tells nothing."""
    (found,) = study.study(sample_dir, seeds=(0, 1), names=name).values()
    mine = found["targets"][0]
    assert abs(mine["delay_error_ns"]) < 0.05
    assert abs(mine["level_error_db"]) < 3
    assert mine["spectrum_correlation"] > 0.8
    assert abs(found["clutter_early_error_db"]) < 5


def test_two_scans_of_one_full_wave_are_one_on_the_tracks_found(study, sample_dir):
    """Tones and traces of the same soundings: what tells them apart is the error of their tracks."""
    pair = study.repeated(sample_dir)
    assert pair["echoes"] > 0.995
    recorded, found = (np.array(pair[track]["apart_mm"]) for track in ("told", "found"))
    assert (found < 0.6 * recorded).all()
    assert pair["told"]["spectra_full_wave"] < 0.9
    assert pair["found"]["spectra_full_wave"] > 0.97


@pytest.mark.parametrize("name", ("pmn_sand", "pmn_sand_impulse", "pmn_wet", "ts50_casing"))
def test_the_radar_agrees_on_how_high_the_head_was(study, sample_dir, name):
    """The metal detector's fit of the track has not seen the surface echo."""
    by_coils, by_radar = study.heights_m(study.load(sample_dir / f"{name}.h5"))
    assert by_coils == pytest.approx(by_radar, abs=2e-3)


def test_the_metal_detector_tells_where_it_was(study, sample_dir):
    """A slow error of the track is found over metal beside noise and the tracker's quick errors."""
    r = study.load(sample_dir / "pmn_sand.h5", track="told")
    coils = r.coils
    rng = np.random.default_rng(0)
    t = coils.scan.emi.time_s - coils.scan.emi.time_s[0]
    slow = np.sin(np.outer(t / t[-1], [4.0, 6.0, 0.0]) + np.arange(3.0)) * [0.006, 0.009, 0.004]
    at = coils.recorded_m + slow + rng.normal(0, 1e-3, slow.shape)
    data = coils.metal(at) + coils.ground(at)
    data += 1e-3 * np.abs(data).max() * (rng.standard_normal(data.shape) + 1j * rng.standard_normal(data.shape))
    astray = replace(coils, scan=replace(coils.scan, emi=replace(coils.scan.emi, data=data.astype(np.complex64))))
    found = astray.moved(coils.scan.emi.time_s)
    over = np.hypot(*(coils.recorded_m[:, :2] - [0.11, 0.15]).T) < 0.1
    wrong, without = np.sqrt((((found - slow)[over]) ** 2).mean(axis=0)), np.sqrt((slow[over] ** 2).mean(axis=0))
    assert (wrong < 0.4 * without).all()
