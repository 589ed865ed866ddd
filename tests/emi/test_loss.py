"""What balancing takes: the floor of the study, energies by hand, and tensors that soil would have blown up."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from dualsense.emi._balance import Balance, balance
from dualsense.emi._loss import kept_energy, shrink_along_soil, small_metal_kept, soil_suppression_db


def simple(*, soil, hidden: float) -> Balance:
    """Two channels of unit noise, no drift but a constant, and a soil whose error has the given variance."""
    soil = np.asarray(soil, dtype=float)
    along = soil / max(np.linalg.norm(soil), 1e-300)
    whitener = np.linalg.inv(np.linalg.cholesky(np.eye(2) + hidden * np.outer(along, along)))
    ground = np.linspace(0.5, 1.5, 100)
    return Balance(np.ones((100, 1)), ground, soil, np.ones(2), whitener, 0.0, np.zeros(2), 0.0)


def test_energy_along_the_phasor_is_lost_and_across_it_is_kept():
    bump = np.sin(np.linspace(0, 2 * np.pi, 100, endpoint=False))
    fitted = simple(soil=(3.0, 4.0), hidden=99.0)
    along, across = np.outer(bump, (0.6, 0.8)), np.outer(bump, (0.8, -0.6))
    assert kept_energy(along, fitted) == pytest.approx((0.01, 1.0))
    assert kept_energy(across, fitted) == pytest.approx((1.0, 1.0))
    assert kept_energy(along + across, fitted)[0] == pytest.approx(0.505)


def test_what_drift_could_make_is_lost_along_the_track():
    bump = np.zeros(100)
    bump[:25] = 1.0
    phasor, track = kept_energy(np.outer(bump, (1.0, 0.0)), simple(soil=(0.0, 1.0), hidden=0.0))
    assert phasor == pytest.approx(1.0)
    assert track == pytest.approx(0.75)  # a quarter of the energy of a quarter's pulse is its mean's


def test_no_signal_keeps_no_number():
    assert np.isnan(kept_energy(np.zeros((100, 2)), simple(soil=(1.0, 0.0), hidden=1.0))).all()


def test_suppression_counts_what_is_left_as_soil():
    fitted = simple(soil=(300.0, 400.0), hidden=1.0)
    rest = np.full((100, 2), np.sqrt(0.5))
    wanted = 10 * np.log10(500.0**2 * np.var(np.linspace(0.5, 1.5, 100)))
    assert soil_suppression_db(fitted, rest) == pytest.approx(wanted)
    assert np.isnan(soil_suppression_db(simple(soil=(0.1, 0.1), hidden=0.0), rest))


def test_a_part_along_the_soil_that_the_data_do_not_tell_is_not_reported():
    across, along = np.array([0.8, -0.6]), np.array([0.6, 0.8])
    elements = np.tile(across + 1000.0 * along, (6, 1))
    hidden = shrink_along_soil(elements, np.eye(6), simple(soil=(3.0, 4.0), hidden=1e6))
    assert hidden @ across == pytest.approx(np.ones(6))
    assert np.abs(hidden @ along).max() < 1.0
    shrunk = shrink_along_soil(elements, 1e12 * np.eye(6), simple(soil=(3.0, 4.0), hidden=1e6))
    assert shrunk == pytest.approx(elements, rel=1e-3)
    assert shrink_along_soil(elements, np.eye(6), simple(soil=(0.0, 0.0), hidden=0.0)) is elements


@pytest.fixture(scope="module")
def study(project_root):
    path = project_root / "benchmarks/emi/study_balance.py"
    spec = importlib.util.spec_from_file_location("study_balance", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module, module.curves()


def test_thirty_decibels_with_half_of_a_steel_sphere_where_heights_are_exact(study):
    module, curves = study
    point = module.best(curves["ours, tracker 0 mm"])
    assert point["suppression_db"] > 80.0
    assert point["kept"] > 0.55


def test_a_tracker_of_2_mm_costs_the_energy_along_the_phasor_not_the_suppression(study):
    module, curves = study
    default = curves["ours, tracker 2 mm"][module.ASSUMED_M.index(3.3e-3)]
    assert default["suppression_db"] > 60.0
    assert default["kept"] > 0.06
    other = [p["target_over_soil_db"] for name in ("constant offset", "quadrature") for p in curves[name]]
    assert default["target_over_soil_db"] > max(other) + 6.0
    kept = [p["kept"] for p in curves["ours, tracker 2 mm"]]
    assert kept == sorted(kept, reverse=True)


@pytest.mark.parametrize("pulse", (False, True))
def test_small_metal_is_kept_where_the_ground_is_quiet_and_steel_is_lost_first_where_not(study, pulse):
    module, _ = study
    true, _ = module.sweep(0.0, tilt_deg=0.0)
    soil, _ = module.parts(true)
    if pulse:  # a viscous soil's rate times time is the same at all gates
        true, soil = replace(true, imaginary=np.zeros(6, bool)), np.repeat(0.05 * soil[:, :1], 6, axis=1)
    kept = {}
    for name, factor in (("quiet", 0.0), ("magnetic", 1.0)):
        noise = module.NOISE * np.random.default_rng(2).standard_normal(soil.shape)
        fitted = balance(replace(true, values=factor * soil + noise), module.NOISE, roughness_m=3e-3)
        kept[name] = small_metal_kept(true, fitted)
    assert all(0.9 < value <= 1.0 + 1e-9 for value in kept["quiet"].values())
    assert all(kept["magnetic"][metal] < kept["quiet"][metal] for metal in kept["quiet"])
    if not pulse:
        assert kept["magnetic"]["steel"] == min(kept["magnetic"].values()) < 0.1
