"""Soil, drift and weights beside known dipoles are those of the joint fit, however often the places change."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.emi import _weight_kernels as kernels
from dualsense.emi._balance import balance
from dualsense.emi._joint.fit import JointFit, settled
from dualsense.emi._locate.freed import freed
from dualsense.emi._locate.settled import MOST_KEPT, Settled
from dualsense.emi._response import Response, bin_along_track, normalise, white_noise
from dualsense.simulate import Buried, Motion, Noise, Scene, Soil, simulate_scan
from dualsense.survey import track_at

LATERITE = Soil(susceptibility=8e-3, susceptibility_loss=4e-4)
FIRST, BESIDE, FAR = np.array([0.15, 0.1, -0.04]), np.array([0.17, 0.11, -0.05]), np.array([0.3, 0.2, -0.1])


@pytest.fixture(scope="module")
def rows() -> Response:
    objects = (Buried("cartridge", 0.15, 0.1, 0.03, yaw_deg=30.0), Buried("can", 0.3, 0.2, 0.08))
    scene = Scene(
        objects=objects,
        soil=LATERITE,
        radar=None,
        motion=Motion(length_m=0.4, width_m=0.3),
        noise=Noise(position_std_m=(0.003, 0.003, 0.002)),
    )
    scan = simulate_scan(scene, seed=5)
    return bin_along_track(normalise(scan.emi, track_at(scan.pose, scan.emi.time_s)))


def both(rows: Response, *sets: tuple[np.ndarray, ...]) -> tuple[Settled, JointFit]:
    fitted = balance(rows, white_noise(rows))
    fast, plain = Settled.of_ground(rows, fitted), JointFit.of_ground(rows, fitted)
    for places in sets:
        fast, plain = fast.beside(list(places)), settled(plain, list(places))
    return fast, plain


@pytest.mark.parametrize(
    "sets",
    (
        ((),),
        ((FIRST,),),
        ((FIRST, BESIDE, FAR), (FIRST, FAR), (FAR, FIRST, BESIDE)),
        ((FIRST, FIRST + 1e-9),),
        ((FIRST, FIRST + 3e-4, FAR),),
    ),
    ids=("soil", "one", "changing", "the same twice", "nearly the same"),
)
def test_all_of_it_is_that_of_the_joint_fit(rows, sets):
    fast, plain = both(rows, *sets)
    np.testing.assert_allclose(fast.weight, plain.weight, rtol=1e-6)
    np.testing.assert_allclose(fast.balance.covariance, plain.balance.covariance, rtol=1e-6)
    use = np.arange(20, rows.time_s.size, 3)
    size = np.abs(plain.alone([])).max()
    np.testing.assert_allclose(fast.alone([], use), plain.alone([])[use], atol=1e-7 * size)
    for n in range(len(sets[-1])):
        values = plain.alone([n])
        np.testing.assert_allclose(fast.alone([n], use), values[use], atol=3e-6 * np.abs(values).max())
    assert fast.strain(use) == pytest.approx(float((plain.span.rest[:, use] ** 2).mean()), rel=1e-6)
    joint = fast.joint()
    np.testing.assert_array_equal(joint.weight, fast.weight)
    assert [s.position_m.tolist() for s in joint.sources] == [p.tolist() for p in sets[-1]]


@pytest.mark.kernel
def test_weights_are_those_of_the_moved_signal():
    rng = np.random.default_rng(1)
    part, slopes = rng.standard_normal((6, 2)), rng.standard_normal((3, 6, 600))
    std = rng.uniform(0.0, 0.3, (3, 600))
    moved, spread, weight = np.zeros((3, 2, 600)), np.zeros(600), np.empty(600)
    kernels.move(part, slopes, moved, spread)
    kernels.move(2.0 * part, slopes, moved, spread)
    one = np.einsum("qk,aqm->akm", part, slopes)
    np.testing.assert_allclose(moved, 3.0 * one)
    np.testing.assert_allclose(spread, 5.0 * (one**2).mean(axis=1).sum(axis=0))
    kernels.weigh(moved, std, spread, 0.2, weight)
    variance = ((moved * std[:, None]) ** 2).mean(axis=1).sum(axis=0) + 0.04 * spread
    np.testing.assert_allclose(weight, 1.0 / np.sqrt(1.0 + variance))


def test_places_that_come_back_are_not_computed_anew(rows):
    fast, _ = both(rows, (FIRST, FAR), (FIRST,), (FIRST, FAR))
    first = fast.places[1]
    again = fast.beside([FIRST]).beside([FAR, FIRST])
    assert again.places[0] is first
    for n in range(2 * MOST_KEPT):
        fast.ground.place(FAR + 1e-3 * n)
    assert len(fast.ground.kept) == MOST_KEPT


def test_what_is_fitted_beside_a_dipole_widens_its_place(rows):
    """Against the normal equations of all unknowns at once; with nothing else to fit nothing is added."""
    fast, _ = both(rows, (FIRST, FAR))
    wide = np.diag([1.0, 1.0, 1.0])  # no prior knowledge of metal: all of it counts
    added = freed(fast, 0, wide)
    white = fast.balance.whitener
    moved = np.einsum("abm,bc->amc", fast.places[0].slopes, fast.part(0)) @ white.T * fast.weight[:, None]

    def covariance(columns):
        m, c = moved.shape[1:]
        blocks = [np.kron(column[:, None], np.eye(c)) for column in columns * fast.weight]
        design = np.hstack([moved.reshape(3, m * c).T, *blocks])
        design = design / np.linalg.norm(design, axis=0)
        scale = np.linalg.norm(moved.reshape(3, -1), axis=1)
        return np.linalg.inv(design.T @ design)[:3, :3] / np.outer(scale, scale)

    own = fast.places[0].columns
    beside = np.concatenate([fast.ground.basis, own, fast.places[1].columns])
    np.testing.assert_allclose(added, covariance(beside) - covariance(own), rtol=1e-3, atol=1e-3 * added.max())
    assert np.linalg.eigvalsh(added).min() >= -1e-12 * added.max()
    assert added[2, 2] > 0.0
    known = freed(fast, 0, 1e-30 * wide)
    assert np.abs(known).max() < 1e-20
