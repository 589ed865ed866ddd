"""A sweep as it goes on: bounded work in each step, either sensor alone, nothing that looks like a verdict."""

from __future__ import annotations

import dataclasses
import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from dualsense.io import read_scan
from dualsense.live import Sweep
from dualsense.live._health import SILENT, STUCK
from dualsense.live._radar import AGAIN
from dualsense.recipe import Recipe
from dualsense.replay import scan_between, time_span

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def scan(sample_dir):
    return read_scan(sample_dir / "pmn_sand.h5")


def swept(scan, *, step_s=1.0, recipe=None, until_s=math.inf):
    """Take a whole scan along; the sweep and what each step touched."""
    start_s, end_s = time_span(scan)
    sweep, work = Sweep.of(scan, recipe or Recipe(), start_s=start_s), []
    edges = [-math.inf, *np.arange(start_s, min(end_s, until_s), step_s)[1:], min(end_s, until_s)]
    for after_s, moment_s in itertools.pairwise(edges):
        sweep.take(scan_between(scan, after_s, moment_s))
        work.append(sweep.work)
    return sweep, work


@pytest.fixture(scope="module")
def done(scan):
    return swept(scan)


def repeated(scan, times):
    """Sweep the same ground again and again."""
    start_s, end_s = time_span(scan)
    shift_s = np.arange(times) * (end_s - start_s + 0.02)

    def again(data, names):
        held = {name: np.concatenate([getattr(data, name)] * times) for name in names if name != "time_s"}
        return dataclasses.replace(data, time_s=np.concatenate([data.time_s + s for s in shift_s]), **held)

    names = [f.name for f in dataclasses.fields(scan.pose) if getattr(scan.pose, f.name) is not None]
    sensors = {name: again(getattr(scan, name), ("time_s", "data", "channel")) for name in ("gpr", "emi")}
    return dataclasses.replace(scan, pose=again(scan.pose, names), **sensors)


def test_the_mine_stands_out_in_both_maps_where_it_is(scan, done):
    sketch = done[0].sketch()
    mine = next(k for k, label in enumerate(scan.truth.label) if label == "mine")
    at = np.array([scan.truth.x_m[mine], scan.truth.y_m[mine]])
    first = sketch.candidates[0]
    assert np.hypot(first.x_m - at[0], first.y_m - at[1]) < 0.05
    assert first.metal > 20.0
    assert first.radar > 4.5
    assert abs(first.depth_m - scan.truth.depth_m[mine]) < 0.05
    assert sketch.reasons == {}
    assert 1.0 < sketch.relative_permittivity < 10.0


def test_maps_are_told_only_where_a_sensor_measured(done):
    sketch = done[0].sketch()
    assert sketch.metal.grid is sketch.radar.grid
    assert sketch.metal.values.shape == sketch.radar.values.shape
    for name, image in (("emi", sketch.metal), ("gpr", sketch.radar)):
        known = np.isfinite(image.values)
        assert 0.3 < known.mean() < 1.0
        assert known.sum() * image.grid.cell_m**2 == pytest.approx(sketch.covered_m2[name])
    assert 0.0 < sketch.covered_m2["both"] <= min(sketch.covered_m2["emi"], sketch.covered_m2["gpr"])


def test_what_is_provisional_has_neither_call_nor_confidence(done):
    names = {field.name for field in dataclasses.fields(done[0].sketch().candidates[0])}
    assert names == {"x_m", "y_m", "depth_m", "metal", "radar"}


def test_the_same_sweep_gives_the_same_bytes(scan, done):
    first, again = done[0].sketch(), swept(scan)[0].sketch()
    assert first.candidates == again.candidates
    assert first.metal.values.tobytes() == again.metal.values.tobytes()
    assert first.radar.values.tobytes() == again.radar.values.tobytes()


@pytest.mark.slow
def test_what_a_step_touches_does_not_grow_with_what_was_swept(scan):
    """Over ground that was swept already, whatever has been learnt anew: the twelfth time as the fourth."""
    long = repeated(scan, 12)
    _, work = swept(long)
    new = int(np.ceil(scan.gpr.time_s.size / np.ptp(scan.gpr.time_s))) + 3
    assert max(step.soundings for step in work[6:]) <= (AGAIN[0] + 1) * 2 * new + AGAIN[1]
    period = len(work) // 12
    turns = [work[k * period : (k + 1) * period] for k in range(12)]
    for name in ("rows", "soundings", "tiles"):
        early, late = (sum(getattr(step, name) for step in turns[k]) for k in (3, 11))
        assert late <= 1.1 * early, name


@pytest.mark.parametrize(("sensor", "other"), (("gpr", "emi"), ("emi", "gpr")))
def test_either_sensor_is_shown_alone(scan, done, sensor, other):
    alone = dataclasses.replace(scan, **{other: None})
    sketch, both = swept(alone)[0].sketch(), done[0].sketch()
    shown, missing = (sketch.metal, sketch.radar) if sensor == "emi" else (sketch.radar, sketch.metal)
    whole = both.metal if sensor == "emi" else both.radar
    assert missing is None
    assert sketch.reasons == {other: "no sample yet"}
    assert np.nanmax(shown.values) == np.nanmax(whole.values)
    assert sketch.candidates


def test_a_sensor_that_breaks_stops_and_the_other_goes_on(scan, monkeypatch):
    monkeypatch.setattr("dualsense.live._radar.learn_ground", lambda *_: 1 / 0)
    sketch = swept(scan)[0].sketch()
    assert sketch.reasons["gpr"].startswith("stopped, the whole scan may still tell: ")
    assert sketch.radar is None
    assert sketch.metal is not None


def test_a_radar_that_hears_only_noise_shows_nothing(scan):
    draw = np.random.default_rng(4)
    noise = draw.normal(size=(2, *scan.gpr.data.shape))
    dead = dataclasses.replace(scan.gpr, data=noise[0] + 1j * noise[1])
    sketch = swept(dataclasses.replace(scan, gpr=dead), until_s=8.0)[0].sketch()
    assert sketch.radar is None
    assert sketch.reasons == {"gpr": "the radar hears nothing but noise"}


def test_samples_that_are_missing_are_not_covered(scan):
    gone = scan.emi.data.copy()
    gone[(scan.emi.time_s > 8.0) & (scan.emi.time_s < 20.0)] = np.nan
    lost = swept(dataclasses.replace(scan, emi=dataclasses.replace(scan.emi, data=gone)))[0].sketch()
    whole = swept(scan)[0].sketch()
    assert lost.covered_m2["emi"] < 0.95 * whole.covered_m2["emi"]
    assert lost.covered_m2["gpr"] == whole.covered_m2["gpr"]


@pytest.mark.parametrize("sensor", ("emi", "gpr"))
@pytest.mark.parametrize("held", ("constant", "zero"))
@pytest.mark.parametrize("step_s", (1.0, 0.07))
def test_a_sensor_that_dies_covers_nothing_more_and_it_is_said(scan, sensor, held, step_s):
    """Fed as an instrument would; steps of 0.07 s are shorter than a run that tells a stuck sensor."""
    data = getattr(scan, sensor)
    half = int(np.searchsorted(data.time_s, 9.0))
    broken = data.data.copy()
    broken[half:] = 0.0 if held == "zero" else broken[half - 1]
    dead = dataclasses.replace(scan, **{sensor: dataclasses.replace(data, data=broken)})
    rows = {name: getattr(data, name)[:half] for name in ("time_s", "data", "channel")}
    ended = dataclasses.replace(scan, **{sensor: dataclasses.replace(data, **rows)})
    sketch, known = (swept(one, step_s=step_s, until_s=14.0)[0].sketch() for one in (dead, ended))
    assert sketch.covered_m2[sensor] == pytest.approx(known.covered_m2[sensor], rel=0.01)
    assert sketch.covered_m2[sensor] <= known.covered_m2[sensor]
    assert sketch.reasons == {sensor: SILENT if held == "zero" else STUCK}
    assert known.reasons == {}


def test_a_track_that_ends_leaves_what_follows_uncovered(scan):
    half = scan.pose.time_s < 12.0
    pose = dataclasses.replace(
        scan.pose,
        **{
            f.name: v[half] for f in dataclasses.fields(scan.pose) if (v := getattr(scan.pose, f.name)) is not None
        },
    )
    cut = swept(dataclasses.replace(scan, pose=pose))[0].sketch()
    assert cut.covered_m2["gpr"] < 0.7 * swept(scan)[0].sketch().covered_m2["gpr"]


def test_before_anything_is_measured_it_is_said_why(scan):
    sketch = swept(scan, until_s=0.4)[0].sketch()
    assert (sketch.metal, sketch.radar, sketch.candidates) == (None, None, ())
    assert sketch.reasons == {
        "emi": "too few samples of the metal detector yet",
        "gpr": "too few radar soundings yet",
    }


def test_antennas_that_a_calibrated_scan_carries_tell_the_soil(scan):
    """Of an instrument that nobody knows the prior is shown, unless its scan brings its profile along."""
    named = dataclasses.replace(scan, emi=None)
    header = dataclasses.replace(scan.header, instrument="a head of somebody's")
    nameless = dataclasses.replace(named, header=header)
    profiles = [one.read_text() for one in (ROOT / "calibration" / "instruments").glob("*.json")]
    (profile,) = (one for one in profiles if scan.header.instrument in one)
    carrying = dataclasses.replace(nameless, imported={"antennas": profile})
    soils = [swept(one, until_s=4.0)[0].sketch().relative_permittivity for one in (named, nameless, carrying)]
    assert soils[0] == soils[2]
    assert soils[0] != soils[1]


def test_a_permittivity_that_is_given_is_used(scan):
    recipe = Recipe.model_validate({"gpr": {"soil": {"relative_permittivity": 4.25}}})
    assert swept(scan, recipe=recipe, until_s=8.0)[0].sketch().relative_permittivity == 4.25
