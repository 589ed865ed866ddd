"""The prior of metal: its moments hold for spheres and spheroids that were not drawn for it."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.emi._locate.prior import _objects, metal_prior
from dualsense.induction._polarizability import polarizability, sphere_polarizability, spheroid_spectrum
from oracles import metal

HZ = np.array([2400.0, 9600.0, 38400.0])
BOTH = np.tile(HZ, 2), np.repeat([False, True], 3)


def test_shares_add_up_and_covariances_are_definite():
    prior = metal_prior(*BOTH)
    assert prior.share.sum() == pytest.approx(1.0)
    assert prior.share[prior.magnetic].sum() == pytest.approx(0.5, abs=0.01)
    for covariance in (prior.isotropic, prior.deviatoric):
        assert (np.linalg.eigvalsh(covariance) > 0).all()


@pytest.mark.parametrize(("conductivity", "permeability"), ((3.5e7, 1.0), (5e6, 100.0)))
def test_a_sphere_is_likeliest_among_its_own_kind(conductivity, permeability):
    prior = metal_prior(*BOTH)
    m = sphere_polarizability(
        radius_m=5e-3, conductivity_s_m=conductivity, relative_permeability=permeability, frequency_hz=HZ
    )
    m = np.concatenate([m.real, m.imag])
    level = np.sqrt(3.0) * m / np.sqrt(3.0 * (m**2).mean())
    away = level - prior.mean
    distance = np.einsum("kc,kcd,kd->k", away, np.linalg.inv(prior.isotropic), away)
    score = np.linalg.slogdet(prior.isotropic)[1] + 5 * np.linalg.slogdet(prior.deviatoric)[1] + distance
    best = int(np.argmin(score))
    assert prior.magnetic[best] == (permeability > 1)
    assert distance[best] < 25.0  # six degrees of freedom, and classes are not Gaussian


def test_a_rod_lies_within_the_deviatoric_spread_of_some_class():
    prior = metal_prior(*BOTH)
    rod = spheroid_spectrum(
        semi_axis_m=3e-3, polar_semi_axis_m=9e-3, conductivity_s_m=5e6, relative_permeability=100.0
    )
    m = polarizability(rod, HZ)
    p = np.diagonal(np.concatenate([m.real, m.imag]), axis1=1, axis2=2).T
    p = p / np.sqrt((p**2).sum(axis=0).mean())
    away = p - p.mean(axis=0)
    distance = [np.einsum("ec,cd,ed->", away, np.linalg.inv(s), away) for s in prior.deviatoric[prior.magnetic]]
    assert min(distance) < 40.0


def test_gates_have_a_prior_too_and_no_magnetic_class_is_negative():
    gates = np.array([2e-5, 5e-5, 1e-4])
    prior = metal_prior(1 / (2 * np.pi * gates), np.zeros(3, bool))
    assert (prior.mean > 0).all()
    assert np.isfinite(prior.isotropic).all()


@pytest.mark.parametrize("channels", (BOTH, (HZ, np.zeros(3, dtype=bool))), ids=("tones", "gates"))
def test_objects_are_those_that_are_drawn_one_by_one(channels):
    for all_at_once, one_by_one in zip(_objects(*channels), metal.objects(*channels), strict=True):
        np.testing.assert_allclose(all_at_once, one_by_one, rtol=1e-10, atol=1e-12)
