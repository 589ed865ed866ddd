"""Gates all the way through: a pulse scan of magnetic ground tells what the frequency scan of it tells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.emi._balance import apply_balance, balance
from dualsense.emi._columns import dipole_columns
from dualsense.emi._joint.find import find_dipoles
from dualsense.emi._locate.locate import DipoleEstimate, locate
from dualsense.emi._response import bin_along_track, normalise, white_noise
from dualsense.induction._polarizability import gate_rate
from dualsense.simulate import Buried, Detector, Motion, Noise, Scene, Soil, metal_dipoles, simulate_scan
from dualsense.survey import track_at

STEEL = Buried("fragment", 0.2, 0.16, 0.03, yaw_deg=30.0)
LATERITE = Soil(susceptibility=1e-2, susceptibility_loss=4e-4)
GATES = Detector().gate_time_s


def rows_of(modality: str, *objects: Buried):
    scene = Scene(
        soil=LATERITE,
        objects=objects,
        motion=Motion(length_m=0.4, width_m=0.32),
        noise=Noise(position_std_m=(1e-3, 1e-3, 1e-3)),
        radar=None,
        detector=Detector(modality=modality),
    )
    scan = simulate_scan(scene, seed=13)
    response = normalise(scan.emi, track_at(scan.pose, scan.emi.time_s))
    rows = bin_along_track(response)
    return rows, white_noise(response) / np.sqrt(np.median(rows.count))


def estimate(modality: str) -> DipoleEstimate:
    rows, noise = rows_of(modality, STEEL)
    ((center, _),) = metal_dipoles((STEEL,))
    objects = dipole_columns(rows, center)
    fitted = balance(rows, noise, objects=objects, row_weight=np.ones(rows.time_s.size))
    rest = apply_balance(rows, fitted, objects=objects) @ np.linalg.inv(fitted.whitener).T
    return locate(replace(rows, values=rest), fitted.covariance)


@pytest.fixture(scope="module")
def found() -> dict[str, DipoleEstimate]:
    return {modality: estimate(modality) for modality in ("frequency", "pulse")}


@pytest.mark.parametrize("modality", ("frequency", "pulse"))
def test_the_place_is_the_same_in_either_domain(found, modality):
    ((center, _),) = metal_dipoles((STEEL,))
    error = found[modality].position_m - center
    assert np.abs(error).max() < 0.01
    slow = 0.5 * 1e-3**2 * np.eye(3)  # the tracker's slow error moves all rows together
    assert error @ np.linalg.solve(found[modality].covariance_m2 + slow, error) < 16


def test_the_decay_is_that_of_the_object(found):
    ((_, spectrum),) = metal_dipoles((STEEL,))
    wanted = gate_rate(spectrum, GATES) * np.mean(GATES, axis=1)[:, None, None]
    got = found["pulse"].tensor_m3
    ratio = np.trace(got, axis1=1, axis2=2) / np.trace(wanted, axis1=1, axis2=2)
    assert ratio == pytest.approx(np.ones(4), abs=0.3)


@pytest.mark.parametrize("modality", ("frequency", "pulse"))
def test_bare_magnetic_ground_gives_nothing(modality):
    assert find_dipoles(*rows_of(modality)).dipoles == ()


@pytest.mark.parametrize("modality", ("frequency", "pulse"))
def test_an_object_is_found_without_a_start(modality):
    dipoles = find_dipoles(*rows_of(modality, STEEL)).dipoles
    assert min(np.hypot(*(d.position_m[:2] - (0.2, 0.16))) for d in dipoles) < 0.02
