"""Inside the chain: what each step leaves and takes is what the chain's own states hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from dualsense.chain import step_names
from dualsense.cli import cli
from dualsense.io import read_scan
from dualsense.recipe import load_recipe
from dualsense.workbench import look_inside, step_arrays, write_steps
from dualsense.workbench._fields import Field, radar_fields, stroke

OVERRIDES = (
    "survey.cell_m=0.02",
    "gpr.bandpass.on=true",
    "gpr.bandpass.low_hz=0.8e9",
    "gpr.migrate.depth_stop_m=0.1",
)


@pytest.fixture(scope="module")
def steps(sample_dir):
    return look_inside(read_scan(sample_dir / "pmn_sand.h5"), load_recipe(None, OVERRIDES))


def view(steps, name):
    return next(one for one in steps.views if one.name == name)


def test_every_step_of_both_chains_is_told_in_order(steps):
    assert [one.name for one in steps.views] == list(step_names())
    off = {one.name for one in steps.views if not one.on}
    assert {"gpr.dewow", "gpr.fk", "gpr.gain"} <= off
    assert "gpr.bandpass" not in off
    assert all(one.after is None for one in steps.views if not one.on)


def test_what_a_step_took_is_the_difference_to_the_step_before(steps):
    passed, surface = view(steps, "gpr.bandpass"), view(steps, "gpr.surface")
    np.testing.assert_array_equal(passed.before.values, view(steps, "gpr.calibrate").after.values)
    np.testing.assert_allclose(passed.taken.values + passed.after.values, passed.before.values, atol=1e-15)
    some = passed.taken_of(np.array([3, 1]))
    np.testing.assert_array_equal(some.values, passed.taken.values[[3, 1]])
    np.testing.assert_array_equal(some.position_m, passed.after.position_m[[3, 1]])
    energy = [float((np.abs(field.values.astype(complex)) ** 2).sum()) for field in (passed.taken, passed.before)]
    assert passed.energy_taken == pytest.approx(energy[0] / energy[1], rel=1e-4)
    low = passed.after.axis < 0.5e9
    assert np.abs(passed.after.values[:, low]).max(initial=0.0) < 1e-9
    assert surface.energy_taken > 0.5, "the direct wave is most of what is recorded"
    assert 0.0 < view(steps, "gpr.background").energy_taken < 1.0
    assert np.isnan(view(steps, "gpr.soil").energy_taken)


def test_the_metal_side_is_told_from_rows_to_balance(steps):
    balanced = view(steps, "emi.invert")
    assert balanced.before.values.shape == balanced.after.values.shape
    assert len(view(steps, "emi.calibrate").after.values) <= len(view(steps, "emi.latency").after.values)
    assert any(name.startswith("dipole") for name, _ in balanced.facts)
    assert balanced.energy_taken > 0.0


def test_the_page_is_whole_small_and_says_that_it_is_simulated(steps, tmp_path):
    shown = {"gpr.background", "gpr.soil", "gpr.migrate", "emi.invert"}  # drawing takes longest
    steps = replace(steps, views=tuple(one for one in steps.views if one.name in shown))
    page, arrays = write_steps(steps, tmp_path)
    text = page.read_text(encoding="utf-8")
    assert "SIMULATED" in text
    assert "<script" not in text
    assert "http" not in text.replace("http-equiv", "")
    assert text.count("data:image/png;base64,") == 3
    assert page.stat().st_size < 1_000_000
    with np.load(arrays, allow_pickle=False) as held:
        assert set(held.files) == set(step_arrays(steps))
        np.testing.assert_array_equal(held["gpr.background/values"], view(steps, "gpr.background").after.values)
        np.testing.assert_array_equal(held["gpr.migrate/envelope"], steps.result.gpr_volume.values)
        assert held["emi.image/metal_response"].shape == steps.result.coverage.patch.shape


def test_a_pass_ends_where_the_head_turns():
    x = np.concatenate([np.linspace(0.0, 0.5, 51), np.linspace(0.5, 0.0, 51)])
    y = np.repeat((0.0, 0.05), 51)
    field = Field("rows", np.zeros((102, 1)), np.ones(1), np.arange(102.0), np.column_stack([x, y, 0 * x]))
    rows = stroke(field, 0.25, 0.06)
    assert rows.tolist() == list(range(rows[0], rows[-1] + 1))
    assert np.mean(y[rows] == 0.05) > 0.95
    assert len(rows) > 45


def test_spectra_samples_and_traces_tell_the_same_echo():
    f, t, delay_s = np.arange(0.1e9, 4e9, 25e6), np.arange(0.0, 10e-9, 25e-12), 4e-9
    spectrum = np.exp(-2j * np.pi * f * delay_s)[None]
    still = {"time_s": np.zeros(1), "position_m": np.zeros((1, 3))}
    every = Field("spectra", spectrum, f, **still).over_time(np.array([0]), t)
    pulse = Field("samples", every, t, **still)
    assert t[np.argmax(np.abs(every[0]))] == pytest.approx(delay_s, abs=30e-12)
    np.testing.assert_allclose(pulse.over_time(np.array([0]), t), every)
    assert np.isnan(pulse.over_time(np.array([0]), np.array([11e-9]))).all()


def test_a_step_that_nobody_knows_here_appears_by_itself(steps):
    """Fields come from the table of steps: of one that works on soundings all that is needed is its state."""
    background = view(steps, "gpr.background").after

    class State:
        soundings = type("S", (), {
            "spectrum": background.values, "frequency_hz": background.axis, "time_s": background.time_s,
            "midpoint_m": background.position_m,
        })  # fmt: skip
        conditioned = None

    found = radar_fields({"new_filter": State}, {"new_filter": "soundings"})
    np.testing.assert_array_equal(found["new_filter"].values, background.values)


@pytest.mark.parametrize("place", ("nan,1", "1,inf", "1", "here"))
def test_a_place_to_look_at_is_two_numbers(place, tmp_path):
    ran = CliRunner().invoke(cli, ["steps", "any.h5", "-o", str(tmp_path / "out"), "--at", place])
    assert ran.exit_code == 2
