"""Permittivity from focus: what it tells of scatterers, and that it tells nothing where there is nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.gpr._clean.surface import Surface
from dualsense.gpr._soil import _focus_kernels, focus
from dualsense.gpr._soil.permittivity import LogNormal
from dualsense.gpr._soil.reflection import SurfaceEcho
from dualsense.gpr._soil.soil import estimate_soil
from dualsense.gpr._traces import analytic_traces
from dualsense.result import Grid
from oracles import focus as looked_up
from oracles import forward

GRID = Grid(-0.2 + 0.005 * np.arange(81), -0.2 + 0.005 * np.arange(81), 0.005)


def estimate(soundings, **options):
    n = soundings.time_s.size
    surface = Surface(
        soundings.midpoint_m[:, 2], np.zeros(n), np.ones_like(soundings.spectrum), np.ones(n), fitted=False
    )
    return estimate_soil(soundings, analytic_traces(soundings, surface, whiten=False), GRID, **options)


def scatterers(eps, seed, noise=0.05):
    """Three points 5 to 10 cm deep, 14 cm and more apart; with ``eps`` None noise alone."""
    rng = np.random.default_rng(seed)
    silent = forward.soundings(forward.sweep(rng))
    spectrum = noise * (
        rng.standard_normal(silent.spectrum.shape) + 1j * rng.standard_normal(silent.spectrum.shape)
    )
    if eps is not None:
        for place in np.array([[-0.09, -0.08, 0.05], [0.09, -0.07, 0.07], [0.0, 0.09, 0.09]]):
            spectrum = spectrum + forward.point_echo(silent, place + rng.uniform(-0.01, 0.01, 3), eps)
    return replace(silent, spectrum=spectrum)


@pytest.mark.parametrize("eps", (3.0, 5.0))
@pytest.mark.parametrize("seed", (0, 1))
def test_points_in_dry_soil_within_a_quarter(eps, seed):
    soil = estimate(scatterers(eps, seed), prior_spread=3.0)
    assert soil.method == "focus"
    assert soil.relative_permittivity == pytest.approx(eps, rel=0.25)
    assert 0.25 < soil.relative_permittivity_std / soil.relative_permittivity < 0.6


@pytest.mark.parametrize("eps", (9.0, 20.0))
@pytest.mark.parametrize("seed", (0, 1))
def test_points_in_wet_soil_tell_little_and_say_so(eps, seed):
    """Rays are steep in wet soil whatever its permittivity: nearly nothing is left for focus to tell."""
    soil = estimate(scatterers(eps, seed), prior_spread=3.0)
    if soil.method == "focus":
        wrong = np.log(soil.relative_permittivity / eps)
        assert abs(wrong) < 2.0 * soil.relative_permittivity_std / soil.relative_permittivity
    else:
        assert soil.method == "prior"


@pytest.mark.parametrize("eps", (3.0, 10.0))
def test_with_the_prior_the_truth_is_within_two_deviations(eps):
    soil = estimate(scatterers(eps, 1))
    assert abs(soil.relative_permittivity - eps) < 2.0 * soil.relative_permittivity_std


@pytest.mark.parametrize("seed", (0, 1, 2))
def test_what_stands_out_of_a_large_map_is_found_as_in_all_its_cells(seed, monkeypatch):
    """Places to the cell; the cells that are left out are three of four."""
    soundings = scatterers(4.0, seed)
    surface = Surface(
        soundings.midpoint_m[:, 2],
        np.zeros(soundings.time_s.size),
        np.ones_like(soundings.spectrum),
        np.ones(soundings.time_s.size),
        fitted=False,
    )
    traces = analytic_traces(soundings, surface, whiten=False)
    height = soundings.midpoint_m[:, 2]
    found = focus.bright_places(soundings, traces, GRID, height, 5.5, 0.008)
    monkeypatch.setattr(focus, "FEW_CELLS", GRID.x_m.size * GRID.y_m.size)
    whole = focus.bright_places(soundings, traces, GRID, height, 5.5, 0.008)
    assert len(whole) >= 3
    assert found == whole


def test_a_plate_tells_nothing():
    """A flat bright body 12 cm across: many points side by side, whose echoes have no curvature of their own."""
    soundings = scatterers(None, 5)
    spectrum = soundings.spectrum
    for x in np.linspace(-0.06, 0.06, 7):
        for y in np.linspace(-0.06, 0.06, 7):
            if np.hypot(x, y) <= 0.06:
                spectrum = spectrum + 0.1 * forward.point_echo(soundings, (x, y, 0.05), 4.0)
    soil = estimate(replace(soundings, spectrum=spectrum), prior_permittivity=7.0)
    assert soil.method == "prior" or soil.relative_permittivity == pytest.approx(4.0, rel=0.5)


@pytest.mark.parametrize("seed", (0, 1, 2))
def test_nothing_in_the_ground_leaves_the_prior(seed):
    soil = estimate(scatterers(None, seed, noise=1.0), prior_permittivity=6.0, prior_spread=0.4)
    assert soil.method == "prior"
    assert soil.relative_permittivity == 6.0
    assert soil.relative_permittivity_std == pytest.approx(2.4)


@pytest.mark.parametrize("n", (0, 1, 29))
def test_too_few_soundings_leave_the_prior(n):
    soundings = forward.soundings(np.column_stack([np.linspace(-0.1, 0.1, n), np.zeros(n), np.full(n, 0.03)]))
    assert estimate(soundings, prior_permittivity=7.0).method == "prior"


def test_silence_leaves_the_prior():
    soundings = forward.soundings(forward.sweep(np.random.default_rng(0), lines=4, per_line=10))
    assert estimate(soundings).method == "prior"


def test_one_cell_is_enough_of_a_map():
    soundings = scatterers(None, 3)
    n = soundings.time_s.size
    surface = Surface(
        soundings.midpoint_m[:, 2], np.zeros(n), np.ones_like(soundings.spectrum), np.ones(n), fitted=False
    )
    traces = analytic_traces(soundings, surface, whiten=False)
    soil = estimate_soil(soundings, traces, Grid(np.array([0.0]), np.array([0.0]), 0.005))
    assert np.isfinite(soil.relative_permittivity)


@pytest.mark.parametrize("scale", (1e-20, 1e20))
def test_units_of_the_recording_do_not_matter(scale):
    soundings = scatterers(6.0, 4)
    plain = estimate(soundings)
    scaled = estimate(replace(soundings, spectrum=scale * soundings.spectrum))
    assert scaled.method == plain.method
    assert scaled.relative_permittivity == pytest.approx(plain.relative_permittivity, rel=1e-3)


def test_prior_and_focus_weigh_in_the_logarithm():
    soundings = scatterers(3.0, 0)
    alone = estimate(soundings, prior_spread=1e3)
    assert alone.method == "focus"
    relative = alone.relative_permittivity_std / alone.relative_permittivity
    soil = estimate(soundings, prior_permittivity=5.5, prior_spread=relative)
    assert soil.relative_permittivity == pytest.approx(np.sqrt(5.5 * alone.relative_permittivity), rel=0.05)
    assert soil.relative_permittivity_std == pytest.approx(
        relative / np.sqrt(2.0) * soil.relative_permittivity, rel=1e-3
    )


def surface_echo(eps, std):
    return SurfaceEcho(LogNormal(float(np.log(eps)), std), 0.0, 0.005, 0.3)


def test_surface_and_prior_weigh_in_the_logarithm():
    silent = forward.soundings(forward.sweep(np.random.default_rng(0), lines=4, per_line=10))
    soil = estimate(
        silent, echo=surface_echo(9.0, 0.3), surface_spread=0.4, prior_permittivity=4.0, prior_spread=0.5
    )
    assert soil.method == "surface"
    assert soil.relative_permittivity == pytest.approx(6.0, rel=1e-6)  # two half-units of logarithm weigh the same
    assert soil.relative_permittivity_std == pytest.approx(6.0 * 0.5 / np.sqrt(2.0), rel=1e-6)
    assert [name for name, _, _ in soil.sources] == ["surface", "prior"]


def test_surface_and_focus_both_tell():
    soundings = scatterers(3.0, 0)
    soil = estimate(soundings, echo=surface_echo(3.0, 0.05))
    assert soil.method == "surface+focus"
    assert [name for name, _, _ in soil.sources] == ["surface", "focus", "prior"]
    alone = estimate(soundings).relative_permittivity_std
    assert soil.relative_permittivity_std < 0.3 * alone
    assert soil.relative_permittivity == pytest.approx(3.0, rel=0.05)


def test_ground_that_differs_below_widens_the_error():
    silent = forward.soundings(forward.sweep(np.random.default_rng(0), lines=4, per_line=10))
    even, uneven = (
        estimate(silent, echo=surface_echo(6.0, 0.05), surface_spread=spread).relative_permittivity_std
        for spread in (0.0, 0.2)
    )
    assert uneven > 3.0 * even


@pytest.mark.kernel
def test_the_stacked_echoes_are_those_looked_up_one_by_one():
    """Times that end within the traces and times that do not, in single precision."""
    rng = np.random.default_rng(7)
    groups, points, step = 2, 3, 0.02
    values = (rng.standard_normal((5, 40)) + 1j * rng.standard_normal((5, 40))).astype(np.complex64)
    legs, lift = rng.uniform(0.0, 0.17, (2, 5, points)), rng.uniform(-1.0, 1.0, 5).astype(np.float32)
    taper = np.clip(rng.uniform(-0.3, 1.0, (5, points)), 0.0, 1.0).astype(np.float32)
    group = np.array([0, 0, 1, 1, 0])
    time = rng.uniform(-1.0, 30.0, (10, 24)).astype(np.float32)
    cos = rng.uniform(0.5, 1.0, (10, 24)).astype(np.float32)
    total, loud = np.empty((groups, points, 2, 24), np.float32), np.empty((groups, points, 24), np.float32)
    _focus_kernels.stack(values.view(np.float32), legs, lift, taper, group, time, cos, 1.0 / step, total, loud)
    echo = looked_up.echoes(values, 1.0, legs, lift, time, cos, step) * taper[..., None]
    sums, energy = looked_up.grouped(echo, group, groups)
    assert (taper == 0.0).any()
    np.testing.assert_allclose(total[:, :, 0] + 1j * total[:, :, 1], sums.reshape(loud.shape), rtol=0, atol=5e-5)
    np.testing.assert_allclose(loud, energy.reshape(loud.shape), rtol=0, atol=5e-5)
