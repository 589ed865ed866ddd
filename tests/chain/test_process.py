"""The whole chain on the full-wave samples: it finds what is there, degrades honestly, and repeats itself."""

from __future__ import annotations

import inspect
import shutil
from dataclasses import replace

import h5py
import numpy as np
import pytest

from dualsense import fusion, gpr
from dualsense.chain import process_scan
from dualsense.chain.metal import SAMPLING, begin_metal
from dualsense.chain.radar import begin_radar
from dualsense.chain.radar_steps import RECORDING
from dualsense.chain.steps import Run, advance
from dualsense.emi._joint.find import find_dipoles
from dualsense.emi._locate.refine import refine
from dualsense.emi._maps.image import metal_maps
from dualsense.emi._response import bin_along_track
from dualsense.errors import ScanError
from dualsense.fusion._candidates import match
from dualsense.gpr import (
    calibrate,
    estimate_soil,
    migrate,
    surface_permittivity,
)
from dualsense.io import read_scan
from dualsense.recipe import Recipe, load_recipe, radar_steps
from dualsense.survey import coverage, grid_around, near_ground, track_at

LIMIT_M = {"mine": 0.04, "metal": 0.05}
SAMPLES = (
    "clutter_only",
    "pma_laterite",
    "pmn_sand",
    "pmn_sand_impulse",
    "pmn_wet",
    "ts50_casing",
    "ts50_deep",
)

STEPS = {step.name: step for step in radar_steps()}
BEFORE_THE_GROUND = [
    name for name, step in STEPS.items() if step.optional and step.facts.data in {"samples", "soundings"}
]
BEFORE_THE_GROUND.remove("fk")


@pytest.fixture(scope="session")
def wet(sample):
    return sample("pmn_wet")


def nearest(result, x_m, y_m):
    return min(result.targets, key=lambda t: np.hypot(t.x_m - x_m, t.y_m - y_m))


@pytest.mark.parametrize("name", SAMPLES)
def test_every_mine_and_metal_object_of_a_sample_is_on_the_list(sample, name):
    scan, result = sample(name)
    truth = scan.truth
    for n, label in enumerate(truth.label):
        if label not in LIMIT_M:
            continue
        target = nearest(result, truth.x_m[n], truth.y_m[n])
        assert np.hypot(target.x_m - truth.x_m[n], target.y_m - truth.y_m[n]) <= LIMIT_M[label], label
        if label == "mine":
            assert target.call == "suspect"
            assert target.gpr.features["depth_m"] == pytest.approx(truth.depth_m[n], abs=0.03)
    if "mine" not in truth.label:
        assert not [t for t in result.targets if t.call == "suspect"]
    over_mines = [
        nearest(result, x, y)
        for x, y, label in zip(truth.x_m, truth.y_m, truth.label, strict=True)
        if label == "mine"
    ]
    others = [t.confidence for t in result.targets if t not in over_mines]
    assert all(t.confidence > max(others, default=0.0) for t in over_mines)
    assert result.model == "simulated-5"
    assert result.sensor_coverage["gpr"] > 0.95
    # around the wide ring of a PMN lesser metal could hide
    assert result.sensor_coverage["emi"] > (0.6 if name.startswith("pmn") else 0.95)


@pytest.fixture
def changed(sample_dir, tmp_path, process):
    def of(change):
        path = tmp_path / "changed.h5"
        shutil.copy(sample_dir / "pmn_wet.h5", path)
        with h5py.File(path, "r+") as file:
            change(file)
        scan = read_scan(path)
        return scan, process(scan)

    return of


def drop(group):
    def change(file):
        del file[group]

    return change


def test_what_balancing_took_is_told_for_the_scan_and_for_each_target(wet):
    _, result = wet
    suppressed = float(result.provenance["emi_soil_suppression_db"])
    assert np.isnan(suppressed) or suppressed > 0.0  # this ground hardly stands out of noise and metal
    steel, aluminium = (float(result.provenance[f"emi_{name}_kept_fraction"]) for name in ("steel", "aluminium"))
    assert 0.0 < steel < aluminium <= 1.0
    for target in result.targets:
        if target.emi is not None and target.emi.score > 0.0:
            assert 0.0 < target.emi.features["soil_kept_fraction"] <= 1.0
            assert 0.0 < target.emi.features["drift_kept_fraction"] <= 1.0


def test_metal_is_located_unless_the_recipe_says_no(sample, process):
    scan, result = sample("ts50_deep")
    located = next(t for t in result.targets if t.emi is not None and "located_misfit" in t.emi.features)
    assert located.emi.features["depth_05_m"] < located.emi.features["depth_95_m"]
    assert 0.0 <= located.emi.features["magnetic_probability"] <= 1.0
    assert result.provenance["emi_located"] == "1 of 1"
    off = process(scan, load_recipe(None, ["emi.locate.on=false"]))
    assert "emi_located" not in off.provenance
    assert not any(t.emi is not None and "located_misfit" in t.emi.features for t in off.targets)
    assert len(off.targets) == len(result.targets)


def test_depths_of_metal_are_told_with_how_far_fits_err_unless_the_recipe_says_no(sample, process):
    scan, _ = sample("ts50_deep")
    calls = []
    for text, differ in ((), True), (("emi.depth.on=false",), False):
        result = process(scan, load_recipe(None, text), keep=("emi.depth",))
        state = result.kept["emi.depth"]
        (fitted,) = state.inversion.dipoles
        assert len(state.told) == differ
        features = next(t for t in result.targets if t.emi is not None and t.emi.score > 0.0).emi.features
        assert features["depth_m"] == -fitted.position_m[2]
        assert features.get("told_depth_m") == (-state.told[0].position_m[2] if differ else None)
        assert ("told_depth_std_m" in features) == differ
        calls.append([(t.call, t.confidence) for t in result.targets])
    assert calls[0] == calls[1], "the model is told what it learnt from"


def late(file):
    file["emi/time"][()] = file["emi/time"][()] + 0.08


def test_samples_that_are_late_are_put_where_they_were_taken_and_that_is_told(changed, wet):
    _, result = changed(late)
    messages = [f.message for f in result.faults if f.path == "/emi/time"]
    assert len(messages) == 1
    assert "too late" in messages[0]
    assert messages[0].endswith("corrected")
    assert float(result.provenance["emi_latency_corrected_s"]) == pytest.approx(0.08, abs=0.01)
    scan, usual = wet
    assert not [f for f in usual.faults if f.path == "/emi/time"]
    for n in range(scan.truth.x_m.size):
        one, other = (nearest(r, scan.truth.x_m[n], scan.truth.y_m[n]) for r in (result, usual))
        assert np.hypot(one.x_m - other.x_m, one.y_m - other.y_m) < 0.006
        assert one.call == other.call


def test_a_lag_that_the_recipe_tells_is_taken_as_it_is(sample_dir):
    scan = read_scan(sample_dir / "pmn_wet.h5")
    emi = replace(scan.emi, time_s=scan.emi.time_s + 0.02)
    recipe = load_recipe(overrides=["emi.latency.delay_s=0.02"])
    run = Run()
    late = begin_metal(replace(scan, emi=emi), recipe.survey, run)
    passage, log = advance(late, SAMPLING, recipe.emi, run)
    assert passage.state.recording.time_s == pytest.approx(scan.emi.time_s, abs=1e-12)
    assert log.faults == ()
    assert log.notes == {"emi_latency_corrected_s": "0.0200"}
    off = load_recipe(overrides=["emi.latency.delay_s=0"])
    passage, _ = advance(late, SAMPLING, off.emi, run)
    assert np.array_equal(passage.state.recording.time_s, emi.time_s)


def test_what_a_program_gets_ready_meanwhile_is_done_once_when_the_radar_is_done(wet, process):
    told = []
    scan = replace(wet[0], emi=None)
    process(scan, progress=lambda name, _: told.append(name), meanwhile=lambda: told.append("meanwhile"))
    assert told.count("meanwhile") == 1
    assert told.index("radar: migration") < told.index("meanwhile") < told.index("fusion")


def test_without_the_metal_detector_the_radar_goes_on_and_nothing_is_clutter(changed):
    scan, result = changed(drop("emi"))
    mine = nearest(result, scan.truth.x_m[0], scan.truth.y_m[0])
    assert np.hypot(mine.x_m - scan.truth.x_m[0], mine.y_m - scan.truth.y_m[0]) < 0.04
    assert mine.call in {"suspect", "not-assessable"}
    assert all(t.call != "likely-clutter" for t in result.targets)
    assert all(t.emi is None for t in result.targets)
    assert result.emi_maps == {}
    assert result.sensor_coverage["emi"] == 0.0
    assert result.coverage_fraction == 0.0
    assert any(f.sensor == "emi" and f.severity == "failed" for f in result.faults)


def test_without_the_radar_metal_is_still_found_and_nothing_is_clutter(changed):
    scan, result = changed(drop("gpr"))
    for n in (0, 1):
        target = nearest(result, scan.truth.x_m[n], scan.truth.y_m[n])
        assert np.hypot(target.x_m - scan.truth.x_m[n], target.y_m - scan.truth.y_m[n]) < 0.05
    assert all(t.call != "likely-clutter" for t in result.targets)
    assert result.gpr_volume is None
    assert np.isnan(result.relative_permittivity)
    assert any(f.sensor == "gpr" and f.severity == "failed" for f in result.faults)


def test_with_half_of_the_soundings_the_mine_is_still_suspect(changed):
    def half(file):
        for group in ("gpr", "emi"):
            for name in ("time", "data"):
                values = file[group][name][::2]
                attributes = dict(file[group][name].attrs)
                del file[group][name]
                file[group].create_dataset(name, data=values).attrs.update(attributes)

    scan, result = changed(half)
    mine = nearest(result, scan.truth.x_m[0], scan.truth.y_m[0])
    assert np.hypot(mine.x_m - scan.truth.x_m[0], mine.y_m - scan.truth.y_m[0]) < 0.04
    assert mine.call == "suspect"


def test_one_missing_tone_is_bridged_and_reported(changed, wet):
    def lose(file):
        data = file["gpr/data"][()]
        data[:, 40] = np.nan
        file["gpr/data"][...] = data

    _, result = changed(lose)
    _, whole = wet
    assert result.targets[0].x_m == pytest.approx(whole.targets[0].x_m, abs=0.005)
    assert result.targets[0].call == "suspect"
    assert any(f.sensor == "gpr" for f in result.faults)


def test_a_strip_that_was_not_swept_is_not_assessable(sample_dir):
    scan = read_scan(sample_dir / "pmn_wet.h5")

    def outside(data, pose):
        y = np.interp(data.time_s, pose.time_s, pose.position_m[:, 1])
        keep = (y < 0.1) | (y > 0.24)
        return replace(data, time_s=data.time_s[keep], data=data.data[keep], channel=data.channel[keep])

    cut = replace(scan, gpr=outside(scan.gpr, scan.pose), emi=outside(scan.emi, scan.pose))
    result = process_scan(cut)
    row = int(np.argmin(np.abs(result.coverage.grid.y_m - 0.17)))
    middle = result.coverage.grid.x_m.searchsorted(0.2)
    assert result.coverage.patch[row, middle]
    assert not result.coverage.gpr[row, middle]
    assert np.isnan(result.gpr_volume.values[:, row, middle]).all()
    assert result.coverage_fraction < 0.75
    for target in result.targets:
        if 0.12 < target.y_m < 0.22:
            assert target.call != "likely-clutter"


def test_both_sensors_without_a_position_is_one_clear_error(sample_dir):
    scan = read_scan(sample_dir / "pmn_wet.h5")
    late = replace(scan.pose, time_s=scan.pose.time_s + 1e4)
    with pytest.raises(ScanError, match="no sensor can be processed"):
        process_scan(replace(scan, pose=late))


def test_a_chain_that_breaks_takes_only_its_own_sensor_along(wet, monkeypatch):
    def broken(*_args, **_kwargs):
        msg = "singular"
        raise np.linalg.LinAlgError(msg)

    monkeypatch.setattr("dualsense.emi.find_dipoles", broken)
    scan, _ = wet
    result = process_scan(scan)
    assert result.gpr_volume is not None
    assert result.emi_maps == {}
    assert result.sensor_coverage["emi"] == 0.0
    assert any("singular" in f.message for f in result.faults)
    assert all(t.call != "likely-clutter" for t in result.targets)


@pytest.mark.parametrize("sensor", ("gpr", "emi"))
def test_a_sensor_that_records_only_noise_did_not_measure(wet, process, sensor):
    scan, _ = wet
    data = getattr(scan, sensor)
    rng = np.random.default_rng(1)
    parts = rng.normal(size=(2, *data.data.shape)) * 1e-3 * float(np.abs(data.data).mean())
    dead = replace(data, data=0.7 * data.data.mean(axis=0) + parts[0] + 1j * parts[1])
    result = process(replace(scan, **{sensor: dead}))
    assert result.sensor_coverage[sensor] == 0.0
    assert any(f.sensor == sensor and f.severity == "failed" and "noise" in f.message for f in result.faults)
    assert all(t.call != "likely-clutter" for t in result.targets)


def test_impulse_traces_with_a_hole_take_only_the_radar_along(sample, process):
    scan, _ = sample("pmn_sand_impulse")
    data = scan.gpr.data.copy()
    data[:, 100:180] = np.nan
    result = process(replace(scan, gpr=replace(scan.gpr, data=data)))
    assert result.sensor_coverage["emi"] > 0.6  # around the mine's ring lesser metal could hide
    assert result.sensor_coverage["gpr"] == 0.0
    assert any(f.sensor == "gpr" and f.severity == "failed" for f in result.faults)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_radar_whose_numbers_overflow_did_not_measure(wet, process):
    scan, _ = wet
    result = process(replace(scan, gpr=replace(scan.gpr, data=scan.gpr.data.astype(complex) * 1e160)))
    assert result.sensor_coverage["gpr"] == 0.0
    assert all(t.call != "likely-clutter" for t in result.targets)


@pytest.mark.parametrize("lift_m", (-0.1, 1.0))
def test_heads_below_the_ground_or_far_above_it_measure_nothing(wet, lift_m):
    scan, _ = wet
    position = scan.pose.position_m + np.array([0.0, 0.0, lift_m])
    with pytest.raises(ScanError, match="no sensor can be processed"):
        process_scan(replace(scan, pose=replace(scan.pose, position_m=position)))


def test_lifted_samples_do_not_cover_and_are_told(wet):
    scan, _ = wet
    position = scan.pose.position_m.copy()
    position[position[:, 1] > 0.25, 2] += 0.5
    result = process_scan(replace(scan, pose=replace(scan.pose, position_m=position)))
    row = int(np.argmin(np.abs(result.coverage.grid.y_m - 0.32)))
    assert not result.coverage.emi[row].any()
    assert not result.coverage.gpr[row].any()
    assert any(f.path == "/pose/position" and "do not count" in f.message for f in result.faults)


def test_metal_below_the_deepest_slice_is_not_called_clutter(wet, process):
    scan, _ = wet
    result = process(scan, load_recipe(None, ["gpr.migrate.depth_stop_m=0.04"]))
    assert all(t.call != "likely-clutter" for t in result.targets if t.depth_m > 0.02)


@pytest.mark.parametrize(
    "settings",
    (
        ("gpr.background.method=svd", "gpr.background.rank=5"),
        ("gpr.fk.on=true", "gpr.fk.high_s_m=3e-9"),
        ("gpr.height.on=true", "gpr.height.height_m=3"),
        ("gpr.image.top_m=0.05",),
        ("gpr.image.min_contrast=15",),
        ("gpr.image.max_bodies=0",),
        ("gpr.migrate.depth_stop_m=0.2", "gpr.migrate.depth_step_m=0.1"),
        ("gpr.soil.relative_permittivity=81",),
        ("gpr.traces.window_s=2e-9",),
    ),
    ids=lambda value: value[0],
)
def test_a_radar_that_is_set_deaf_does_not_make_a_mine_clutter(sample, process, settings):
    result = process(sample("pma_laterite")[0], load_recipe(None, settings))
    mine = min(result.targets, key=lambda t: np.hypot(t.x_m - 0.11, t.y_m - 0.20))
    assert np.hypot(mine.x_m - 0.11, mine.y_m - 0.20) < 0.05
    assert mine.call != "likely-clutter"


def test_ground_with_an_empty_volume_is_not_covered(sample, process):
    settings = ["gpr.height.on=true", "gpr.height.height_m=3"]
    result = process(sample("pma_laterite")[0], load_recipe(None, settings))
    assert not result.coverage.gpr.any()
    assert result.coverage_fraction == 0.0
    assert any("not covered" in f.message for f in result.faults)


def test_two_runs_give_the_same_numbers_and_truth_is_never_read(wet):
    scan, first = wet
    second = process_scan(replace(scan, truth=None))
    assert first.targets == second.targets
    assert np.array_equal(first.gpr_volume.values, second.gpr_volume.values, equal_nan=True)
    for name, image in first.emi_maps.items():
        assert np.array_equal(image.values, second.emi_maps[name].values, equal_nan=True)
    assert first.provenance == second.provenance


def test_progress_goes_from_nothing_to_all_and_the_input_is_not_changed(sample_dir):
    scan, steps = read_scan(sample_dir / "clutter_only.h5"), []
    before = (scan.gpr.data.copy(), scan.emi.data.copy(), scan.pose.position_m.copy())
    process_scan(scan, progress=lambda name, part: steps.append((name, part)))
    assert steps[0][1] == 0.0
    assert steps[-1] == ("done", 1.0)
    assert [p for _, p in steps] == sorted(p for _, p in steps)
    assert np.array_equal(before[0], scan.gpr.data)
    assert np.array_equal(before[1], scan.emi.data)
    assert np.array_equal(before[2], scan.pose.position_m)


def test_a_given_permittivity_is_used(wet, process):
    recipe = load_recipe(None, ["gpr.soil.relative_permittivity=9.0", "gpr.soil.relative_permittivity_std=1.0"])
    result = process(wet[0], recipe)
    assert result.relative_permittivity == 9.0
    assert result.targets[0].depth_m == pytest.approx(0.06, abs=0.015)


@pytest.mark.parametrize(
    ("step", "table", "renamed"),
    (
        (track_at, Recipe().survey, {"smoothing_s"}),
        (near_ground, Recipe().survey, {"max_height_m"}),
        (grid_around, Recipe().survey, {"cell_m", "margin_m"}),
        (coverage, Recipe().survey, {"emi_reach_m", "gpr_reach_m"}),
        (
            estimate_soil,
            Recipe().gpr.soil,
            {"prior_permittivity", "prior_spread", "surface_spread", "focus_spread", "coarse_cell_m"},
        ),
        (surface_permittivity, Recipe().gpr.soil, {"roughness_m"}),
        (
            migrate,
            Recipe().gpr.migrate,
            set(Recipe().gpr.migrate.model_dump()) - {"depth_stop_m", "depth_step_m", "on_ground"},
        ),
        (bin_along_track, Recipe().emi.calibrate, None),
        (find_dipoles, Recipe().emi.invert, None),
        (refine, Recipe().emi.locate, None),
        (metal_maps, Recipe().emi.image, None),
        (match, Recipe().fusion, {"match_m"}),
        *(
            (getattr(gpr, step.facts.function), getattr(Recipe().gpr, name), None)
            for name, step in STEPS.items()
            if name not in {"soil", "migrate"}  # some of whose keys are for the composer
        ),
    ),
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_recipe_mirrors_the_steps(step, table, renamed):
    names = set(table.model_dump()) - {"on"} if renamed is None else renamed
    defaults = {k: p.default for k, p in inspect.signature(step).parameters.items() if k in names}
    assert defaults == {k: v for k, v in table.model_dump().items() if k in names}


def test_every_optional_step_is_off():
    assert [name for name, step in STEPS.items() if step.optional]
    assert not any(getattr(Recipe().gpr, name).on for name, step in STEPS.items() if step.optional)


def recorded(scan, *overrides):
    """Soundings before the ground is looked for, and the faults until then."""
    recipe, run = load_recipe(None, overrides), Run()
    passage, log = advance(begin_radar(scan, recipe.survey, run), RECORDING, recipe.gpr, run)
    return passage.state.soundings, log.faults


@pytest.mark.parametrize("name", BEFORE_THE_GROUND)
def test_an_optional_step_is_taken_when_the_recipe_asks(sample_dir, name):
    """The same as calling it, with the recipe's parameters, where it belongs in the chain."""
    scan = read_scan(sample_dir / "pmn_sand_impulse.h5")
    data = np.clip(scan.gpr.data, *(0.8 * np.array([scan.gpr.data.min(), scan.gpr.data.max()])))
    half = np.radians(10.0)  # the head is held at a slant
    pose = replace(
        scan.pose, orientation=np.tile([np.cos(half), 0.0, np.sin(half), 0.0], (scan.pose.time_s.size, 1))
    )
    scan = replace(scan, pose=pose, gpr=replace(scan.gpr, data=data))
    plain, _ = recorded(scan)
    found, _ = recorded(scan, f"gpr.{name}.on=true")
    step, track = getattr(gpr, STEPS[name].facts.function), track_at(scan.pose, scan.gpr.time_s)
    on_samples = STEPS[name].needs_time_samples
    expected = calibrate(step(scan.gpr), track)[0] if on_samples else step(plain)
    np.testing.assert_array_equal(found.spectrum, expected.spectrum)
    np.testing.assert_array_equal(found.frequency_hz, expected.frequency_hz)
    assert not np.array_equal(found.spectrum, plain.spectrum) or name == "offset"  # calibration takes the mean too


def test_clipping_is_told_whether_or_not_it_is_mended(sample_dir):
    scan = read_scan(sample_dir / "pmn_sand_impulse.h5")
    assert not [f for f in recorded(scan)[1] if "clipped" in f.message]
    clipped = replace(scan, gpr=replace(scan.gpr, data=np.minimum(scan.gpr.data, 0.5 * scan.gpr.data.max())))
    for on in ("true", "false"):
        _, faults = recorded(clipped, f"gpr.declip.on={on}")
        (fault,) = [f for f in faults if "clipped" in f.message]
        assert f"{scan.gpr.time_s.size} radar traces" in fault.message


def test_steps_on_samples_say_that_tones_have_none(sample_dir):
    tones, traces = (read_scan(sample_dir / name) for name in ("pmn_wet.h5", "pmn_sand_impulse.h5"))
    asked = ("gpr.declip.on=true", "gpr.dewow.on=true")
    (fault,) = [f for f in recorded(tones, *asked)[1] if "change nothing" in f.message]
    assert "gpr.declip, gpr.dewow of the recipe" in fault.message
    for scan, overrides in ((tones, ()), (traces, asked)):
        assert not [f for f in recorded(scan, *overrides)[1] if "change nothing" in f.message]


def test_a_bandpass_narrows_what_silence_can_tell(sample_dir):
    scan = read_scan(sample_dir / "pmn_wet.h5")
    _, faults = recorded(scan, "gpr.bandpass.on=true", "gpr.bandpass.low_hz=1.2e9", "gpr.bandpass.high_hz=1.9e9")
    assert any(f.severity == "degraded" and "0.70 GHz is too narrow" in f.message for f in faults)
    assert any("of a target's energy" in f.message for f in faults)


def test_height_fan_filter_and_radargram_in_one_run(wet, process):
    scan, plain = wet
    assert plain.radargram is None
    on = ["gpr.height.on=true", "gpr.fk.on=true", "gpr.fk.high_s_m=0.3e-9", "gpr.radargram.on=true"]
    result = process(scan, load_recipe(None, [*on, "gpr.gain.on=true", "gpr.gain.method=agc"]))
    mine = nearest(result, scan.truth.x_m[0], scan.truth.y_m[0])
    assert np.hypot(mine.x_m - scan.truth.x_m[0], mine.y_m - scan.truth.y_m[0]) < 0.04
    assert mine.call == "suspect"
    assert any("the fan filter takes" in f.message for f in result.faults)
    shown = result.radargram
    assert shown.values.shape == (shown.position_m.shape[0], shown.time_s.size)
    assert np.isfinite(shown.values).all()


def test_the_gain_is_for_the_eye_only(wet, process):
    scan, plain = wet
    only = process(scan, load_recipe(None, ["gpr.radargram.on=true"]))
    gained = process(scan, load_recipe(None, ["gpr.radargram.on=true", "gpr.gain.on=true"]))
    assert gained.targets == only.targets == plain.targets
    assert np.array_equal(gained.gpr_volume.values, plain.gpr_volume.values, equal_nan=True)
    ratio = np.abs(gained.radargram.values).max(axis=0) / np.abs(only.radargram.values).max(axis=0)
    assert ratio[0] == pytest.approx(1.0)
    assert ratio[-1] > 10.0


@pytest.mark.parametrize(("method", "costly"), (("moving-median", False), ("robust-pca", True)))
def test_the_background_tells_what_it_costs_a_mine(sample_dir, process, method, costly):
    scan = read_scan(sample_dir / "pmn_sand.h5")
    result = process(scan, load_recipe(None, [f"gpr.background.method={method}"]))
    lost = max(float(result.provenance[name]) for name in ("gpr_target_loss", "gpr_target_loss_point"))
    said = [f for f in result.faults if "may miss a small mine" in f.message]
    assert (lost > 0.5) == costly
    assert len(said) == costly
    assert all(f.severity == "degraded" and f"{lost:.0%}" in f.message for f in said)


def test_the_ground_tells_its_permittivity_through_the_chain(sample):
    _, result = sample("ts50_casing")
    assert result.relative_permittivity == pytest.approx(6.0, rel=0.1)
    assert 0.0 < result.relative_permittivity_std < 0.15 * result.relative_permittivity
    assert not any("antennas" in f.message for f in result.faults)


def test_an_unknown_head_says_that_its_ground_echo_tells_nothing(sample, process):
    scan, _ = sample("ts50_casing")
    result = process(replace(scan, header=replace(scan.header, instrument="somebody's radar")))
    assert any(f.severity == "info" and "somebody's radar" in f.message for f in result.faults)
    assert result.relative_permittivity_std > 0.25 * result.relative_permittivity


def test_the_ground_echo_is_weighed_before_the_reference_takes_the_direct_wave(sample, process):
    scan, _ = sample("ts50_casing")
    in_air = replace(scan.gpr, reference=scan.gpr.data.mean(axis=0))
    with_reference = process(replace(scan, gpr=in_air))
    assert with_reference.relative_permittivity == pytest.approx(6.0, rel=0.1)
    assert with_reference.relative_permittivity_std < 0.15 * with_reference.relative_permittivity


def test_the_ground_echo_can_be_left_out(sample, process):
    scan, _ = sample("ts50_casing")
    result = process(scan, load_recipe(None, ["gpr.soil.surface_echo=false"]))
    assert result.relative_permittivity_std > 0.25 * result.relative_permittivity
    assert not any("antennas" in f.message for f in result.faults)


@pytest.mark.slow
def test_heights_that_the_grounds_echo_contradicts_call_nothing_clutter(sample, process, monkeypatch):
    """With 10 mm of error in the track, of which the file says nothing, a mine was once called clutter."""
    scan, _ = sample("ts50_casing")
    time = scan.pose.time_s
    knots = np.arange(time[0], time[-1] + 0.5, 0.5)
    error = np.interp(time, knots, np.random.default_rng(3).normal(0.0, 0.01, knots.size))
    lifted = scan.pose.position_m + np.outer(error, [0.0, 0.0, 1.0])
    bold = replace(
        fusion.load_model("simulated-5"), clutter_threshold=0.02
    )  # which calls more of this scan clutter
    monkeypatch.setattr(fusion, "load_model", lambda _: bold)
    honest, spoilt = (
        process(replace(scan, truth=None, pose=replace(scan.pose, position_m=at)))
        for at in (scan.pose.position_m, lifted)
    )
    assert any(t.call == "likely-clutter" for t in honest.targets)
    assert not any("tracked heights" in f.message for f in honest.faults)
    assert not any(t.call == "likely-clutter" for t in spoilt.targets)
    assert any("tracked heights" in f.message for f in spoilt.faults)
