"""Features of spheres and spheroids whose answers are known, with error bars that hold them; both modalities."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.emi._locate.features import metal_features
from dualsense.emi._locate.locate import locate
from dualsense.induction._polarizability import (
    gate_rate,
    polarizability,
    rotate_spectrum,
    sphere_polarizability,
    spheroid_spectrum,
)
from emi.locate.test_locate import GATES, HZ, buried

TURN, _ = np.linalg.qr(np.array([[1.0, 0.3, -0.2], [-0.4, 1.0, 0.5], [0.1, -0.6, 1.0]]))
TURN = TURN * np.sign(np.linalg.det(TURN))
METAL = {"aluminium": (3.5e7, 1.0), "steel": (5e6, 100.0)}


def measured(metal, *, semi=5e-3, polar=5e-3, pulse=False, snr=300.0):
    conductivity, permeability = METAL[metal]
    body = spheroid_spectrum(
        semi_axis_m=semi,
        polar_semi_axis_m=polar,
        conductivity_s_m=conductivity,
        relative_permeability=permeability,
    )
    body = rotate_spectrum(body, TURN)
    m = polarizability(body, HZ)
    tensors = gate_rate(body, GATES) * GATES.mean(axis=1)[:, None, None]
    tensors = tensors if pulse else np.concatenate([m.real, m.imag])
    rows, scale = buried(tensors, pulse=pulse, snr=snr, jitter_m=1e-3)
    return metal_features(locate(rows, np.ones(len(tensors)))), scale


@pytest.mark.parametrize("metal", METAL)
def test_a_sphere_is_round_of_its_size_and_of_its_metal(metal):
    found, scale = measured(metal)
    assert found.aspect < 1.25
    conductivity, permeability = METAL[metal]
    dense = np.geomspace(1e2, 1e6, 400)
    m = sphere_polarizability(
        radius_m=5e-3, conductivity_s_m=conductivity, relative_permeability=permeability, frequency_hz=dense
    )
    time = 1 / (2 * np.pi * dense[np.argmin(m.imag)])
    # steel loses about as much from 30 kHz to 300 kHz, and the band ends at 100 kHz
    wide = 0.6 if metal == "steel" else 0.15
    away = np.abs(found.log10_time - np.log10(time))
    assert metal != "steel" or (away < 2.0 * found.log10_time_std).all()
    assert found.log10_time == pytest.approx(np.full(3, np.log10(time)), abs=wide)
    assert found.radius_m / np.cbrt(scale) == pytest.approx(5e-3, rel=0.15)
    assert (found.magnetic > 0.95) if metal == "steel" else (found.magnetic < 0.05)


def test_a_rod_is_long_and_a_body_of_revolution():
    found, _ = measured("steel", semi=3e-3, polar=9e-3)
    m = polarizability(
        spheroid_spectrum(
            semi_axis_m=3e-3, polar_semi_axis_m=9e-3, conductivity_s_m=5e6, relative_permeability=100.0
        ),
        HZ,
    )
    p = np.diagonal(np.concatenate([m.real, m.imag]), axis1=1, axis2=2).T
    strength = np.sqrt((p**2).mean(axis=1))
    assert found.aspect == pytest.approx(strength.max() / strength.min(), abs=3 * found.aspect_std + 0.15)
    assert found.symmetry < 0.2
    np.testing.assert_allclose(
        np.sort(np.diff(found.principal_m3[1:, 0])), 0, atol=0.2 * abs(found.principal_m3[0, 0])
    )


def test_frequency_and_gates_agree_on_what_the_metal_is():
    swept, scale = measured("aluminium", semi=4e-3, polar=8e-3)
    pulsed, other = measured("aluminium", semi=4e-3, polar=8e-3, pulse=True)
    # gates see what is slow, frequencies the loudest: the slowest axis is the same one
    np.testing.assert_allclose(swept.log10_time[0], pulsed.log10_time[0], atol=0.3)
    assert swept.radius_m / np.cbrt(scale) == pytest.approx(pulsed.radius_m / np.cbrt(other), rel=0.3)


def test_poor_data_widen_everything():
    good, _ = measured("steel")
    poor, _ = measured("steel", snr=10.0)
    assert poor.aspect_std > 3 * good.aspect_std
    assert poor.radius_std_m / poor.radius_m > 2 * good.radius_std_m / good.radius_m
