"""The simulated metal detector against the field room's formulas, and against the sample data."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from dualsense.constants import MU0_H_M
from dualsense.induction._field import Coil, emf, loop_field, received
from dualsense.induction._ground import half_space_coupling, magnetic_image_coupling, viscous_susceptibility
from dualsense.induction._polarizability import polarizability
from dualsense.simulate._coils import coils
from dualsense.simulate._coils.coils import emi_response
from dualsense.simulate._coils.metal import metal_dipoles
from dualsense.simulate._scene.instrument import Detector
from dualsense.simulate._scene.library import MODELS
from dualsense.simulate._scene.scene import Buried, Soil

AIR = Soil(susceptibility=0.0, susceptibility_loss=0.0, conductivity_s_m=0.0)
LEVEL = np.eye(3)[None]
HEAD = np.array([[0.1, 0.2, 0.05]])


def test_one_part_is_reciprocity():
    pulled = Buried("cartridge", 0.12, 0.18, 0.03, yaw_deg=40.0)
    ((center, spectrum),) = metal_dipoles((pulled,))
    np.testing.assert_allclose(center, [0.12, 0.18, -0.0355])
    detector = Detector(rx_position_m=(0.02, 0.0, 0.01), tx_turns=3.0, rx_turns=-2.0)
    got = emi_response((pulled,), AIR, detector, HEAD, LEVEL)
    wanted = emf(
        center,
        polarizability(spectrum, detector.frequency_hz),
        frequency_hz=detector.frequency_hz,
        tx=Coil(0.1, (0.1, 0.2, 0.05), turns=3.0),
        rx=Coil(0.08, (0.12, 0.2, 0.06), turns=-2.0),
    )
    np.testing.assert_allclose(got[0], wanted, rtol=1e-10)


def test_yaw_turns_the_axis():
    detector = Detector()
    tensor = {}
    for yaw in (0.0, 90.0):
        ((_, spectrum),) = metal_dipoles((Buried("nail", 0.0, 0.0, 0.02, yaw_deg=yaw),))
        tensor[yaw] = polarizability(spectrum, detector.frequency_hz)
    strongest = np.abs(np.diagonal(tensor[0.0][0])).argmax()
    assert strongest == 0
    assert np.abs(np.diagonal(tensor[90.0][0])).argmax() == 1
    np.testing.assert_allclose(tensor[90.0][:, 1, 1], tensor[0.0][:, 0, 0], rtol=1e-12)


def test_a_ring_is_its_inductance():
    """Far above its corner frequency a closed ring keeps its flux: M = -mu0 S^2 / L; in its plane it is silent."""
    ((_, spectrum),) = metal_dipoles((Buried("wire-loop", 0.0, 0.0, 0.02),))
    high = polarizability(spectrum, 1e9)[0]
    inductance = MU0_H_M * 0.03 * (np.log(8 * 0.03 / 0.0008) - 2)
    assert high[2, 2].real == pytest.approx(-MU0_H_M * (np.pi * 0.03**2) ** 2 / inductance, rel=1e-6)
    np.testing.assert_array_equal(high[:2, :2], 0)
    corner = polarizability(spectrum, 1 / (2 * np.pi * spectrum.tau_s[0]))[0, 2, 2]
    assert corner.imag == pytest.approx(corner.real, rel=1e-9)


def test_tilted_head_sees_the_target_from_its_side():
    angle = np.radians(20.0)
    tilt = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    thing = Buried("fragment", 0.12, 0.18, 0.03)
    ((center, spectrum),) = metal_dipoles((thing,))
    detector = Detector()
    got = emi_response((thing,), AIR, detector, HEAD, tilt[None])
    axis = tuple(tilt[:, 2])
    wanted = emf(
        center,
        polarizability(spectrum, detector.frequency_hz),
        frequency_hz=detector.frequency_hz,
        tx=Coil(0.1, tuple(HEAD[0]), axis),
        rx=Coil(0.08, tuple(HEAD[0]), axis),
    )
    np.testing.assert_allclose(got[0], wanted, rtol=1e-9)


def test_soil_is_the_half_space_and_its_image():
    soil = Soil(susceptibility=5e-3, susceptibility_loss=2e-4, conductivity_s_m=0.05)
    detector = Detector()
    heights = np.array([[0.0, 0.0, h] for h in (0.02, 0.0333, 0.05, 0.08)])
    got = emi_response((), soil, detector, heights, np.repeat(LEVEL, 4, axis=0))
    chi = viscous_susceptibility(detector.frequency_hz, reference=5e-3 - 2e-4j, reference_hz=1e4)
    wanted = -half_space_coupling(
        frequency_hz=detector.frequency_hz,
        tx_radius_m=0.1,
        rx_radius_m=0.08,
        tx_height_m=heights[:, 2:],
        rx_height_m=heights[:, 2:],
        susceptibility=chi,
        conductivity_s_m=0.05,
    )
    np.testing.assert_allclose(got, wanted, rtol=1e-6)
    angle = np.radians(8.0)
    tilt = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    dry = Soil(susceptibility=5e-3, susceptibility_loss=2e-4, conductivity_s_m=0.0)
    tilted = emi_response((), dry, detector, HEAD, tilt[None])
    coils = [Coil(r, tuple(HEAD[0]), tuple(tilt[:, 2])) for r in (0.1, 0.08)]
    exact = -magnetic_image_coupling(*coils, frequency_hz=detector.frequency_hz, susceptibility=chi)
    np.testing.assert_allclose(tilted[0], exact, rtol=1e-6)


def test_a_plastic_body_leaves_a_hole_in_magnetic_soil():
    """Without its metal a mine still shows: minus the moment of the soil it took the place of."""
    soil = Soil(susceptibility=8e-3, susceptibility_loss=4e-4, conductivity_s_m=0.0)
    detector = Detector()
    place = np.array([[0.0, 0.0, 0.3]])
    thing = Buried("stone", 0.0, 0.0, 0.05)
    hole = emi_response((thing,), soil, detector, place, LEVEL) - emi_response((), soil, detector, place, LEVEL)
    volume = np.pi / 6 * 0.06 * 0.05 * 0.04
    chi = viscous_susceptibility(detector.frequency_hz, reference=8e-3 - 4e-4j, reference_hz=1e4)
    seen = np.array([0.0, 0.0, -0.07 - 0.3])
    wanted = received(
        loop_field(seen, radius_m=0.08),
        -chi[:, None, None] * volume * np.eye(3),
        loop_field(seen, radius_m=0.1),
        frequency_hz=detector.frequency_hz,
    )
    np.testing.assert_allclose(hole[0], wanted, rtol=0.02)


@pytest.mark.parametrize("modality", ("frequency", "pulse"))
def test_displaced_cells_are_felt_together_as_one_by_one(modality):
    """All cells of soil that bodies displaced in one sum, against a dipole for each: to rounding."""
    rng = np.random.default_rng(3)
    soil = Soil(susceptibility=2e-3, susceptibility_loss=1e-4)
    detector = Detector(modality=modality, rx_position_m=(0.03, 0.0, 0.01))
    objects = (Buried("PMN", 0.1, 0.0, 0.05), Buried("stone", -0.1, 0.05, 0.03, yaw_deg=30.0))
    position = np.column_stack([rng.uniform(-0.2, 0.2, (40, 2)), rng.uniform(0.03, 0.06, 40)])
    rotation = Rotation.from_euler("xyz", rng.uniform(-5.0, 5.0, (40, 3)), degrees=True).as_matrix()
    centers, volumes = coils._displaced_soil(objects)
    assert len(centers) > 20
    factor = coils._displaced_factor(soil, detector)
    one_by_one = sum(
        coils._dipole(center, volume * factor[:, None, None] * np.eye(3), detector, position, rotation)
        for center, volume in zip(centers, volumes, strict=True)
    )
    together = coils._isotropic(centers, volumes, detector, position, rotation)[:, None] * factor
    np.testing.assert_allclose(together, one_by_one, rtol=1e-11, atol=1e-12 * np.abs(one_by_one).max())


def test_pulse_and_frequency_see_the_same_viscous_soil():
    """A log-uniform spread of relaxations, summed both ways, gives both of the simulator's soil laws."""
    soil = Soil(susceptibility=1e-3, susceptibility_loss=5e-5, conductivity_s_m=0.0, susceptibility_hz=1e4)
    spread = 2 * 5e-5 / np.pi
    tau = np.geomspace(1e-12, 1e3, 40_001)
    share = spread * np.log(tau[1] / tau[0])
    f = np.array([2.4e3, 1e4, 4e4])
    summed = np.sum(share / (1 + 2j * np.pi * f[:, None] * tau), axis=1)
    law = viscous_susceptibility(f, reference=1e-3 - 5e-5j, reference_hz=1e4)
    np.testing.assert_allclose(summed.imag, law.imag, rtol=1e-3)
    np.testing.assert_allclose(np.diff(summed.real), np.diff(law.real), rtol=1e-3)
    gates = ((20e-6, 30e-6), (50e-6, 90e-6))
    pulse = emi_response((), soil, Detector(modality="pulse", gate_time_s=gates), HEAD, LEVEL)[0]
    fall = [np.sum(share * (np.exp(-a / tau) - np.exp(-b / tau))) / (b - a) for a, b in gates]
    image = complex(
        magnetic_image_coupling(
            Coil(0.1, (0, 0, 0.05)), Coil(0.08, (0, 0, 0.05)), frequency_hz=1 / (2 * np.pi), susceptibility=1e-9
        )
    ).imag / (0.5e-9)
    np.testing.assert_allclose(pulse, 0.5 * image * np.array(fall), rtol=1e-3)


def test_pulse_response_of_metal_decays_and_is_positive():
    detector = Detector(modality="pulse")
    got = emi_response((Buried("can", 0.1, 0.2, 0.03),), AIR, detector, HEAD, LEVEL)[0]
    assert got.dtype == np.float64
    assert np.all(got > 0)
    assert np.all(np.diff(got) < 0)


@pytest.mark.parametrize("name", sorted(n for n, m in MODELS.items() if m.label == "mine"))
def test_every_mine_has_metal_that_loses_energy(name):
    parts = metal_dipoles((Buried(name, 0.0, 0.0, 0.05),))
    assert parts
    for _, spectrum in parts:
        assert np.linalg.eigvalsh(polarizability(spectrum, [1e3, 1e4, 1e5]).imag).max() <= 0


def test_sample_scan_follows_from_its_own_dipoles(sample_dir):
    """Fields, reciprocity and signs against an induction model of other authors, positions as tracked."""
    with h5py.File(sample_dir / "pmn_wet.h5") as file:
        t, f, data = file["emi/time"][()], file["emi/frequency"][()], file["emi/data"][()].astype(complex)
        kernel = np.hanning(13) / np.hanning(13).sum()
        track = [
            np.convolve(np.pad(c, 6, "edge"), kernel, "valid") for c in file["pose/position"][()].astype(float).T
        ]
        head = np.stack([np.interp(t, file["pose/time"][()], c) for c in track], axis=-1)
        place, tensor = file["truth/dipoles/position"][()], file["truth/dipoles/polarizability"][()]
    model = sum(
        received(loop_field(p - head, radius_m=0.08), m, loop_field(p - head, radius_m=0.1), frequency_hz=f)
        for p, m in zip(place, tensor, strict=True)
    )
    for k in range(3):
        design = np.stack([model[:, k], np.ones(len(t))], axis=-1)
        fit = np.linalg.lstsq(design, data[:, k], rcond=None)[0]
        assert fit[0] == pytest.approx(1, abs=0.05)
        residue = data[:, k] - design @ fit
        assert residue.std() < 0.25 * data[:, k].std()
