"""Steps are data: they can be kept by name, reused when nothing changed, and fail one sensor at a time."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from dualsense import gpr
from dualsense.chain import Log, StepCache, process_scan, step_names
from dualsense.chain.cache import content_key
from dualsense.chain.ground import sample_places, swept_ground
from dualsense.chain.metal import MAPPING, SAMPLING, begin_metal
from dualsense.chain.process import process_samples
from dualsense.chain.radar import begin_radar
from dualsense.chain.radar_steps import IMAGING, RECORDING
from dualsense.chain.steps import ChainStep, Run, advance, taken
from dualsense.chain.tracks import head_track
from dualsense.errors import UsageError
from dualsense.faults import fault
from dualsense.io import read_scan
from dualsense.recipe import Recipe, load_recipe, radar_steps

WARNING = fault("emi-spikes", count=1)


@pytest.fixture(scope="module")
def scan(sample_dir):
    return read_scan(sample_dir / "ts50_casing.h5")


@pytest.fixture(scope="module")
def plain(scan):
    """What the chain makes of it without a cache."""
    return process_scan(scan)


@pytest.fixture(scope="module")
def warm(scan):
    """A cache that knows the scan with the usual recipe."""
    cache = StepCache()
    process_scan(scan, cache=cache)
    return cache


def same(one, other):
    assert one.targets == other.targets
    assert one.faults == other.faults
    assert dict(one.provenance) == dict(other.provenance)
    np.testing.assert_array_equal(one.gpr_volume.values, other.gpr_volume.values)
    for name, image in one.emi_maps.items():
        np.testing.assert_array_equal(image.values, other.emi_maps[name].values)


def test_logs_are_added_in_order_and_never_changed():
    first, second = Log((WARNING,), {"a": "1"}), Log(notes={"a": "2", "b": "3"}, kept={"x": 1})
    both = first + second
    assert both == Log((WARNING,), {"a": "2", "b": "3"}, {"x": 1})
    assert first == Log((WARNING,), {"a": "1"})
    assert both.failures == ""
    assert (both + Log((fault("emi-only-noise"),))).failures.startswith("the metal detector")


def test_every_step_of_the_radar_is_a_function_of_its_room():
    for step in radar_steps():
        assert callable(getattr(gpr, step.facts.function)), step.name
        assert step.meaning
        assert set(step.facts.reads) <= set(type(Recipe().gpr).model_fields)


def test_the_names_of_the_steps_are_those_of_the_recipe():
    names = [name.removeprefix("gpr.") for name in step_names() if name.startswith("gpr.")]
    assert names == ["inspect", *(step.name for step in radar_steps())]
    assert {"emi.latency", "emi.calibrate", "emi.invert", "emi.locate", "emi.image", "emi.depth"} <= set(
        step_names()
    )


def test_states_are_kept_by_the_name_of_the_step(scan, plain):
    result = process_scan(scan, keep=("background", "surface", "emi.locate", "traces"))
    assert set(result.kept) == {"background", "surface", "emi.locate", "traces"}
    surface, background = result.kept["surface"], result.kept["background"]
    expected = gpr.remove_background(surface.soundings, surface.surface)
    np.testing.assert_array_equal(background.soundings.spectrum, expected.spectrum)
    assert background.traces is None
    assert result.kept["traces"].traces is not None
    assert result.kept["emi.locate"].inversion.dipoles
    assert result.kept["emi.locate"].maps == {}
    same(result, plain)
    shown = repr(background).splitlines()
    assert shown[0] == "RadarState"
    assert "  soundings: Soundings" in shown
    assert not any(line.startswith("  traces") for line in shown)
    assert "  noise: (6,) float64" in repr(result.kept["emi.locate"]).splitlines()


def test_what_no_later_step_reads_is_let_go_unless_states_are_kept(scan, warm):
    recipe, head = Recipe(), head_track(scan.pose, Recipe().survey)
    found = process_samples(scan, recipe, head, Run())
    gone = {name for step in (*RECORDING, *IMAGING) for name in step.done_with}
    assert gone >= {"conditioned", "bare", "calibrated", "shown", "traces", "migrated"}
    assert all(getattr(found.radar, name) is None for name in gone)
    cached = process_samples(scan, recipe, head, Run(cache=warm))
    kept = process_samples(scan, recipe, head, Run({"gpr.image": ("image",)}))
    for full in (cached, kept):
        assert full.listing == found.listing
        assert all(getattr(full.radar, name) is not None for name in gone - {"bare"})
    assert kept.log.kept["image"] is kept.radar


def test_a_state_comes_by_every_name_that_it_was_asked_for_as(scan, warm):
    kept = process_scan(scan, keep=("calibrate", "gpr.calibrate", "emi.calibrate"), cache=warm).kept
    assert set(kept) == {"calibrate", "gpr.calibrate", "emi.calibrate"}
    assert kept["calibrate"] is kept["gpr.calibrate"]
    assert kept["emi.calibrate"].response is not None
    assert set(process_scan(scan, keep="surface", cache=warm).kept) == {"surface"}


def test_a_step_that_nobody_knows_cannot_be_kept(scan):
    with pytest.raises(UsageError, match="no step is called 'backgruond', expected one of gpr"):
        process_scan(scan, keep=("backgruond",))


def test_what_did_not_change_is_taken_from_the_cache(scan):
    cache = StepCache()
    first = process_scan(scan, cache=cache)
    assert cache.hits == 0
    again = process_scan(scan, cache=cache)
    assert cache.hits == len(step_names())
    same(first, again)
    recipe = load_recipe(None, ["gpr.background.radius_m=0.2"])
    before = cache.hits
    changed = process_scan(scan, recipe, cache=cache)
    spared = cache.hits - before
    radar = [name for name in step_names() if name.startswith("gpr.")]
    assert spared == len(step_names()) - len(radar) + radar.index("gpr.background")
    same(changed, process_scan(scan, recipe))
    assert changed.targets != first.targets


@pytest.mark.parametrize(
    "overrides",
    (["survey.cell_m=0.006"], ["survey.smoothing_s=0.2"], ["emi.invert.max_dipoles=1"], ["gpr.bandpass.on=true"]),
    ids=" ".join,
)
def test_a_cache_never_gives_what_is_out_of_date(scan, warm, overrides):
    recipe = load_recipe(None, overrides)
    same(process_scan(scan, recipe, cache=warm), process_scan(scan, recipe))


def test_what_is_for_the_eye_alone_takes_no_later_step_and_is_never_out_of_date(scan, plain):
    """Gain and radargram change, image and targets come from the cache, and each result has its own radargram."""
    cache, names = StepCache(), ("gpr.radargram", "gpr.image")
    loud = ["gpr.radargram.on=true", "gpr.gain.on=true"]
    recipes = [load_recipe(None, one) for one in (loud, [*loud, "gpr.gain.power=2"], [], loud)]
    first, *others = (process_scan(scan, recipe, keep=names, cache=cache) for recipe in recipes)
    for result, recipe in zip(others, recipes[1:], strict=True):
        before = cache.hits
        again = process_scan(scan, recipe, keep=names, cache=cache)
        assert cache.hits - before == len(step_names())
        uncached = plain if recipe == Recipe() else process_scan(scan, recipe)
        for one in (result, again):
            assert (one.radargram is None) is (uncached.radargram is None)
            if uncached.radargram is not None:
                np.testing.assert_array_equal(one.radargram.values, uncached.radargram.values)
                assert one.kept["gpr.image"].radargram is one.kept["gpr.radargram"].radargram
            assert one.kept["gpr.image"].volume is first.kept["gpr.image"].volume, "it is not made anew"


def test_what_is_done_to_a_result_does_not_reach_the_cache(scan, plain):
    cache = StepCache()
    first = process_scan(scan, cache=cache)
    first.emi_maps["metal_response"].values[:] = 0.0
    first.gpr_volume.values[:] = 0.0
    same(process_scan(scan, cache=cache), plain)


def test_another_scan_is_another_key(scan, warm):
    louder = replace(scan, gpr=replace(scan.gpr, data=scan.gpr.data * 1.5))
    metal = len([name for name in step_names() if name.startswith("emi.")])
    before = warm.hits
    same(process_scan(louder, cache=warm), process_scan(louder))
    assert warm.hits - before == metal


class Watched:
    """Tables of a recipe that remember which of them were read."""

    def __init__(self, tables):
        self.tables, self.read = tables, set()

    def __getattr__(self, name):
        self.read.add(name)
        return getattr(self.tables, name)


def follow(passage, steps, tables):
    watched, undeclared = Watched(tables), []
    for step in steps:
        watched.read.clear()
        passage, _ = advance(passage, (step,), watched, Run())
        undeclared += [f"{step.name} reads {name}" for name in sorted(watched.read - set(step.reads))]
    assert passage.state is not None
    return passage, undeclared


@pytest.mark.parametrize(
    ("name", "overrides"),
    (
        ("ts50_casing", ["gpr.soil.deeper_layers=[[0.1, 9.0]]", "gpr.background.method=mean"]),
        (
            "pmn_sand_impulse",
            [f"gpr.{step.name}.on=true" for step in radar_steps() if step.optional] + ["gpr.migrate.method=stolt"],
        ),
    ),
)
def test_a_step_reads_no_table_that_its_key_does_not_hold(sample_dir, name, overrides):
    scan, recipe, run = read_scan(sample_dir / f"{name}.h5"), load_recipe(None, overrides), Run()
    radar, first = follow(begin_radar(scan, recipe.survey, run), RECORDING, recipe.gpr)
    metal, second = follow(begin_metal(scan, recipe.survey, run), SAMPLING, recipe.emi)
    places = sample_places(radar.state, metal.state)
    swept = swept_ground(head_track(scan.pose, recipe.survey), places, recipe.survey)
    _, third = follow(metal.over(swept), MAPPING, recipe.emi)
    _, fourth = follow(radar.over(swept), IMAGING, recipe.gpr)
    assert first + second + third + fourth == []


def test_what_is_added_to_the_maps_of_a_result_is_not_added_to_the_cache(scan, warm):
    process_scan(scan, cache=warm).emi_maps["mine"] = None
    assert "mine" not in process_scan(scan, cache=warm).emi_maps


def test_a_small_cache_forgets_the_oldest():
    cache = StepCache(2)
    for key in "abc":
        cache.put(key, key)
    assert len(cache) == 2
    assert cache.get("a") is None
    assert cache.get("c") == "c"
    with pytest.raises(ValueError, match="at least 1, got 0"):
        StepCache(0)


def test_keys_tell_content_apart():
    one = np.arange(4.0)
    assert content_key(one) == content_key(one.copy())
    others = (
        one.astype(np.float32),
        one.reshape(2, 2),
        one.tolist(),
        tuple(one[:3]),
        {"a": one},
        {"b": one},
        None,
    )
    keys = {content_key(one), *(content_key(other) for other in others)}
    assert len(keys) == len(others) + 1
    assert content_key("ab", "c") != content_key("a", "bc")
    assert content_key(MappingProxyType({"a": one})) == content_key({"a": one})
    with pytest.raises(TypeError, match="no key can be made of a set"):
        content_key({1, 2})


def steps_of(*stages):
    return tuple(ChainStep(f"step{n}", stage, ()) for n, stage in enumerate(stages))


def warn(state, _tables):
    return state, Log((WARNING,))


def broken(_state, _tables):
    msg = "singular\nmatrix"
    raise np.linalg.LinAlgError(msg)


def refuse(_state, _tables):
    return None, Log((fault("emi-only-noise"),))


def fail(_state, _tables):
    msg = "a fault of the program"
    raise TypeError(msg)


def test_a_step_that_breaks_ends_its_sensor_and_keeps_what_was_said(scan):
    recipe, run = Recipe(), Run()
    begun = begin_metal(scan, recipe.survey, run)
    passage, log = advance(begun, steps_of(warn, broken, warn), recipe.emi, run)
    assert passage.state is None
    assert [one.code for one in log.faults] == ["emi-spikes", "processing-failed"]
    assert log.failures == "processing failed: singular matrix"
    assert advance(passage, steps_of(warn), recipe.emi, run)[1] == Log()


def test_a_sensor_that_tells_nothing_goes_no_further(scan):
    recipe, run = Recipe(), Run()
    passage, log = advance(begin_metal(scan, recipe.survey, run), steps_of(refuse, warn), recipe.emi, run)
    assert passage.state is None
    assert [one.code for one in log.faults] == ["emi-only-noise"]


def test_a_fault_of_the_program_is_not_hidden(scan):
    recipe, run = Recipe(), Run()
    with pytest.raises(TypeError, match="fault of the program"):
        advance(begin_metal(scan, recipe.survey, run), steps_of(fail), recipe.emi, run)


def test_a_part_that_is_not_there_is_missed_by_name():
    assert taken(0.0) == 0.0
    with pytest.raises(LookupError, match="before the one that gives"):
        taken(None)


def test_svd_that_takes_nothing_away_says_so(scan, warm):
    result = process_scan(scan, load_recipe(None, ["gpr.background.method=svd"]), cache=warm)
    assert "gpr-background-nothing-removed" in [one.code for one in result.faults]
    usual = process_scan(
        scan, load_recipe(None, ["gpr.background.method=svd", "gpr.background.rank=1"]), cache=warm
    )
    assert "gpr-background-nothing-removed" not in [one.code for one in usual.faults]
