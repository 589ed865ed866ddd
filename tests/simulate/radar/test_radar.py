"""The simulated radar against ray theory, exact planes, Born's limit and a full-wave scan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import hankel2

from dualsense.constants import C0_M_S, EPSILON0_F_M, MU0_H_M
from dualsense.gpr import reflected_field
from dualsense.simulate._radar import _kernels, _row_kernels, interior, metal, plane_waves, scatterers, wires
from dualsense.simulate._radar import radar as gpr
from dualsense.simulate._radar.echo import Soundings, _scattered
from dualsense.simulate._radar.stack import Stack
from dualsense.simulate._scene import placement
from dualsense.simulate._scene.library import find_model
from dualsense.simulate._scene.scene import Buried, Soil
from dualsense.simulate._soil import Ground, realise_ground

TONES = np.linspace(0.8e9, 3.2e9, 121)
HALF = np.array([0.0495, 0.0, 0.0])
EVEN = Ground(
    x0_m=-2.0,
    y0_m=-2.0,
    cell_m=0.5,
    height_m=np.zeros((9, 9)),
    index=2.0,
    loss_np_m=0.0,
    loss_np_s_m=0.0,
    scatterer_m=np.zeros((0, 3)),
    strength_m3=np.zeros(0),
    scatterer_length_m=0.02,
)


def echo(objects, ground, position, half=HALF, tones=TONES):
    position = np.atleast_2d(np.asarray(position, dtype=float))
    return gpr.ground_echo(objects, ground, position - half, position + half, tones)


def of_objects(objects, ground, position, half=HALF, tones=TONES):
    return echo(objects, ground, position, half, tones) - echo((), ground, position, half, tones)


@pytest.mark.kernel
@pytest.mark.parametrize("rho", (0.0, 1e-6, 0.05, 0.3, 2.0))
@pytest.mark.parametrize(("h", "d"), ((0.05, 0.1), (0.02, 0.4), (0.3, 0.003)))
@pytest.mark.parametrize("n", (1.0, 1.6, 5.0))
def test_leg_is_fermats(rho, h, d, n):
    time, spread, path, sin_soil, cos_soil, u = _kernels.leg(rho, h, d, n)

    def optical(x):
        return np.hypot(x, h) + n * np.hypot(rho - x, d)

    best = minimize_scalar(optical, bounds=(0.0, rho + 1e-12), method="bounded", options={"xatol": 1e-13})
    assert time * C0_M_S == pytest.approx(best.fun, rel=1e-10)
    assert h * u + path * sin_soil == pytest.approx(rho, abs=1e-8)
    assert path * cos_soil == pytest.approx(d)
    assert np.sin(np.arctan(u)) == pytest.approx(n * sin_soil, abs=1e-7)
    if n == 1.0:
        assert spread == pytest.approx(1 / np.hypot(rho, h + d), rel=1e-6)


@pytest.mark.kernel
def test_spreading_keeps_the_energy_of_a_tube_of_rays():
    """Power through a ring on a plane at depth, E^2 n cos, is that of the rays' solid angle less reflection."""
    h, d, n = 0.05, 0.12, 2.2
    u = np.tan(np.radians([35.0, 35.01]))
    rho = h * u + d * u / np.sqrt(n**2 + (n**2 - 1) * u**2)
    _, spread, _, sin_soil, cos_soil, _ = _kernels.leg(rho.mean(), h, d, n)
    cos_air = np.cos(np.arctan(u.mean()))
    t = 2 * np.cos(np.arctan(u.mean())) / (np.cos(np.arctan(u.mean())) + n * cos_soil)
    reflection = (cos_air - n * cos_soil) / (cos_air + n * cos_soil)
    solid = 2 * np.pi * (np.cos(np.arctan(u[0])) - np.cos(np.arctan(u[1])))
    ring = np.pi * (rho[1] ** 2 - rho[0] ** 2)
    assert (spread * t) ** 2 * n * cos_soil * ring == pytest.approx(solid * (1 - reflection**2), rel=1e-3)
    assert sin_soil < 1 / n


def test_direct_wave_is_the_curl_curl_dipole():
    """E of a current element along y by differencing (k^2 + d2/dy2) e^{-ikr} / r."""
    f, place, step = 1e9, np.array([0.06, 0.05, -0.02]), 1e-4
    k = 2 * np.pi * f / C0_M_S

    def green(shift):
        r = np.linalg.norm(place + np.array([0, shift, 0]))
        return np.exp(-1j * k * r) / r

    second = (green(step) - 2 * green(0) + green(-step)) / step**2
    expected = green(0) + second / k**2
    assert gpr.direct_wave(place, np.array([f]))[0] == pytest.approx(expected, rel=1e-4)


def test_high_above_flat_ground_the_echo_is_an_image():
    for h, off in ((0.8, 0.05), (2.5, 2e-4)):
        value = echo((), EVEN, [0.0, 0.0, h])[0]
        r = np.hypot(2 * h, 0.099)
        cos = 2 * h / r
        soil = np.sqrt(1 - (1 - cos**2) / 4)
        expected = (cos - 2 * soil) / (cos + 2 * soil) * np.exp(-2j * np.pi * TONES / C0_M_S * r) / r
        np.testing.assert_allclose(value, expected, rtol=off)


@pytest.mark.parametrize("along", (0.0, 0.6, 1.0))
def test_flat_ground_is_sommerfelds_integral(along):
    """Against the radar room's integral along another path, in lossy ground and down to 2 cm."""
    height, permittivity = np.array([0.02, 0.035, 0.06]), np.array([[6.0 - 0.4j]])
    wanted = reflected_field(TONES[::20], height, permittivity, distance_m=0.099, along=along)[0].T
    got = plane_waves.surface_echo(
        TONES[::20],
        Stack(np.zeros(1), np.array([6.0**0.5]), np.full((1, 7), 6.0 - 0.4j)),
        0.099,
        2 * height,
        1 - along**2,
    )
    np.testing.assert_allclose(got, wanted, rtol=1e-4)


def passed(height, depth, rho, across2, index=2.0):
    """Field in the soil from the table at three tones, and the ray's over which it is told."""
    f = np.array([0.8e9, 2e9, 3.2e9, 3.3e9])
    table = plane_waves.tabulate_transmission(
        f,
        Stack(np.zeros(1), np.array([index]), np.full((1, 4), index**2 + 0j)),
        heights_m=(height, height + 0.02),
        depths_m=np.array([depth]),
        farthest_m=0.7,
    )
    rows, fields = np.zeros((1, *table.table.shape[2:])), np.zeros((1, 1, 8))
    size, step = table.table.shape[2], table.offset_step_m
    _row_kernels.fill_row(table.table[0], height, table.low_height_m, table.height_step_m, 0, size, rows[0])
    near = 1 / np.hypot(rho, height + depth / index)
    time, _ = _row_kernels.read_row(rows, 0, rho, step, 1 / step, across2, near, fields, 0)
    ray = _kernels.leg(rho, height, depth, index)
    assert time == pytest.approx(ray[0], abs=1e-13)
    return (fields[0, 0, ::2] + 1j * fields[0, 0, 1::2])[:3] / ray[1], ray


def test_what_passes_the_surface_tends_to_fresnels_ray():
    value, (_, _, _, _, cos_soil, u) = passed(1.2, 0.3, 0.4, 1.0)
    cos_air = np.cos(np.arctan(u))
    assert value[2] == pytest.approx(2 * cos_air / (cos_air + 2 * cos_soil), rel=0.02)


def test_without_contrast_the_dipoles_own_field_passes():
    """Near field and pattern, across the dipole and along it, with no surface at all."""
    for across2, place in ((1.0, [0.05, 0.0, 0.09]), (0.0, [0.0, 0.05, 0.09])):
        value, (time, spread, *_) = passed(0.03, 0.06, 0.05, across2, index=1.0 + 1e-9)
        f = np.array([0.8e9, 2e9, 3.2e9])
        wanted = gpr.direct_wave(np.array(place), f) / (spread * np.exp(-2j * np.pi * f * time))
        np.testing.assert_allclose(value, wanted, rtol=0.01)


@pytest.mark.kernel
@pytest.mark.parametrize("rise", (0.004, -0.006))
def test_a_surface_raised_as_a_whole_is_a_closer_image(rise):
    """Roughness by itself must know the plane: the integral turns one image into the other."""
    cell = 0.012
    count = int(1.6 / cell)
    raised = replace(
        EVEN, x0_m=-0.8, y0_m=-0.8, cell_m=cell, height_m=np.full((count, count), rise), index=np.sqrt(5.0)
    )
    flat = replace(EVEN, index=raised.index)
    high = TONES > 1.2e9
    got = echo((), raised, [0.0, 0.0, 0.07])[0, high]
    start = echo((), flat, [0.0, 0.0, 0.07])[0, high]
    wanted = echo((), flat, [0.0, 0.0, 0.07 - rise])[0, high]
    assert np.linalg.norm(got - wanted) < 0.15 * np.linalg.norm(start - wanted)


def test_a_buried_metal_sheet_is_an_image_in_the_soil():
    sheet = Buried("TM-62M", 0.0, 0.0, 0.05, scale=5.0)
    h, d, n = 0.5, 0.05, EVEN.index
    tones = np.linspace(1.5e9, 3.2e9, 86)
    value = of_objects((sheet,), EVEN, [0.0, 0.0, h], half=np.zeros(3), tones=tones)[0]
    transmitted = 2 / (1 + n)
    expected = (
        -transmitted * n * transmitted / (2 * (h + d / n)) * np.exp(-4j * np.pi * tones * (h + n * d) / C0_M_S)
    )
    assert np.linalg.norm(value - expected) < 0.12 * np.linalg.norm(expected)


def test_loss_is_that_of_the_complex_wave_number():
    soil = Soil(relative_permittivity=4.0, conductivity_s_m=0.02, loss_tangent=0.01)
    wet = realise_ground(soil, low_m=(-0.1, -0.1), high_m=(0.1, 0.1), rng=np.random.default_rng(0))
    omega = 2 * np.pi * TONES
    epsilon = 4.0 * (1 - 0.01j) - 1j * 0.02 / (omega * EPSILON0_F_M)
    exact = -(omega * np.sqrt(MU0_H_M * EPSILON0_F_M * epsilon)).imag
    np.testing.assert_allclose(wet.loss_np_m + wet.loss_np_s_m * omega, exact, rtol=0.01)
    deep = Buried("stone", 0.0, 0.0, 0.2)
    lossy = replace(EVEN, loss_np_m=wet.loss_np_m, loss_np_s_m=wet.loss_np_s_m)
    ratio = np.abs(of_objects((deep,), lossy, [0, 0, 0.05])[0] / of_objects((deep,), EVEN, [0, 0, 0.05])[0])
    assert np.median(ratio / np.exp(-2 * exact * 0.22)) == pytest.approx(1, abs=0.05)


@pytest.mark.kernel
def test_a_faint_small_body_has_borns_strength(monkeypatch):
    """Front and back of a body together tend to k0^2 (eps_b - eps) V / 4 pi."""
    from dualsense.simulate._scene import library, parts

    faint = parts.Model("rock", "box", (0.02, 0.02, 0.008), 4.2)
    monkeypatch.setattr(library, "MODELS", {"faint": faint})
    tones = np.array([0.8e9, 0.82e9])
    h, d = 2.0, 0.1
    value = of_objects((Buried("faint", 0.0, 0.0, d),), EVEN, [0, 0, h], half=np.zeros(3), tones=tones)[0]
    middle = d + 0.004
    legs = (2 / 3 / (h + middle / 2)) ** 2 * np.exp(-4j * np.pi * tones * (h + 2 * middle) / C0_M_S)
    born = (2 * np.pi * tones / C0_M_S) ** 2 * 0.2 * (0.02 * 0.02 * 0.008) / (4 * np.pi)
    np.testing.assert_allclose(value / (born * legs), 1, atol=0.08)


def test_small_metal_has_rayleighs_strength():
    ball = Buried("stone", 0.0, 0.0, 0.05, body_size_m=(0.002, 0.002, 0.002))
    np.testing.assert_allclose(metal.demagnetisation_of((0.02, 0.02, 0.02)), 1 / 3, rtol=1e-6)
    long = metal.demagnetisation_of((0.06, 0.003, 0.003))
    assert long[0] == pytest.approx(0.00675, rel=0.01)  # (ln 2m - 1) / m^2 of a needle, m = 20
    radius = 0.001
    assert metal._body_strength_m3(ball) == pytest.approx(1.5 * radius**3, rel=1e-6)

    def strength(yaw):
        nail = Buried("nail", 0, 0, 0.05, yaw_deg=yaw)
        (points,) = metal.metal_points((nail,), index=2.0, frequency_hz=np.array([1.5e9, 2e9, 2.5e9]))
        return np.abs(points.front[0] * points.response[1])

    assert strength(90.0) > 5 * strength(0.0)
    k = 2 * np.pi * 2e9 * 2 / C0_M_S
    assert k**2 * strength(90.0) <= 1.5 / k  # no more than a resonant dipole


def test_a_cavity_shields_what_lies_in_it():
    """Metal in air has the moment of air's permittivity; a gap above it delays and takes its share."""
    model = find_model("PMN-voxel")
    striker = model.metal[1]
    assert 1.0 < interior.host_permittivity(model, striker, 2.0) < 6.0
    assert interior.host_permittivity(model, model.metal[0], 2.0) == pytest.approx(
        5.0
    )  # a band between body and soil
    delay, share = interior.cores_above(model, 1.0, np.array([[0.0, 0.0, -0.04], [0.0, 0.0, -0.002]]), None)
    gaps = model.cores[0].size_m[2] + model.cores[1].size_m[2]
    assert delay[0] == pytest.approx(gaps * (1 - np.sqrt(6)) / C0_M_S)
    assert 0.3 < share[0] < 1.0
    assert (delay[1], share[1]) == (0.0, 1.0)


@pytest.mark.kernel
def test_swapping_the_antennas_changes_nothing():
    rng = np.random.default_rng(0)
    soil = Soil(roughness_rms_m=0.004)
    ground = realise_ground(soil, low_m=(-0.15, -0.15), high_m=(0.15, 0.15), rng=rng)
    objects = (Buried("TS-50", 0.05, 0.02, 0.04, yaw_deg=20.0), Buried("nail", -0.05, 0.0, 0.02, yaw_deg=50.0))
    position = np.array([[0.0, 0.0, 0.05], [0.03, -0.05, 0.06]])
    one = gpr.ground_echo(objects, ground, position - HALF, position + HALF, TONES[::12])
    other = gpr.ground_echo(objects, ground, position + HALF, position - HALF, TONES[::12])
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_the_deeper_the_later():
    delays = []
    for depth in (0.05, 0.1, 0.15):
        value = of_objects((Buried("can", 0.0, 0.0, depth),), EVEN, [0, 0, 0.05])[0]
        t = np.linspace(0, 5e-9, 2001)
        trace = (value * np.hanning(121)) @ np.exp(2j * np.pi * np.outer(TONES, t))
        delays.append(t[np.abs(trace).argmax()])
    np.testing.assert_allclose(np.diff(delays), 2 * 0.05 * 2 / C0_M_S, rtol=0.05)


def test_unevenness_spreads_as_stated():
    soil = Soil(permittivity_std=0.05, roughness_rms_m=0.003, roughness_length_m=0.03)
    ground = realise_ground(soil, low_m=(-1.0, -1.0), high_m=(1.0, 1.0), rng=np.random.default_rng(1))
    height = ground.height_m
    assert height.std() == pytest.approx(0.003, rel=0.1)
    lag = 3
    rho = np.mean(height[lag:] * height[:-lag]) / height.var()
    assert rho == pytest.approx(np.exp(-((lag * ground.cell_m / 0.03) ** 2) / 2), abs=0.12)
    density = len(ground.strength_m3) / (4 * 0.3)
    spectrum = (4 * np.pi) ** 2 * ground.strength_m3.var() * density
    assert spectrum == pytest.approx((0.05 * 6) ** 2 * (2 * np.pi) ** 1.5 * 0.02**3, rel=0.05)


def test_a_turn_of_wire_carries_the_current_of_loop_theory():
    """Beside brute force; of many waves it is a long wire's, and the first resonance is at k b near 1."""
    b, a = 0.05, 0.001
    k = np.array([20.0, 50.0, 200.0])
    phi = (np.arange(400_000) + 0.5) * np.pi / 400_000
    away = np.sqrt(4 * b**2 * np.sin(phi / 2) ** 2 + a**2)
    k0, k1, k2 = ((np.exp(-1j * np.outer(k, away)) / away * np.cos(n * phi)).mean(axis=1) * b for n in range(3))
    exact = -1 / (np.pi * k**2 * (k0 + k2 - 2 * k1 / (k * b) ** 2))
    np.testing.assert_allclose(wires.loop_polarizability(b, a, k)[1], exact, rtol=1e-6)
    long = 1 / (1j * np.pi * k[2:] ** 2 * hankel2(0, k[2:] * 5e-4))
    np.testing.assert_allclose(wires.loop_polarizability(0.1, 5e-4, k[2:])[1], long, rtol=0.12)
    sweep = np.linspace(10.0, 35.0, 251)
    at = sweep[np.abs(sweep**2 * wires.loop_polarizability(b, a, sweep)[1]).argmax()] * b
    assert 1.0 < at < 1.15


def test_a_straight_wire_resonates_at_half_a_wave():
    """Static at long waves; at resonance no more than a dipole radiates; of many waves it is a long wire's."""
    length, a = 0.06, 0.001
    k = np.linspace(1.0, 70.0, 139)
    found = wires.wire_resonance(length, a, k)
    assert found[0] == pytest.approx(1.0, abs=0.02)
    assert k[np.abs(k**2 * found).argmax()] * length == pytest.approx(0.94 * np.pi, rel=0.05)
    still = _axial(length, a)
    assert np.abs(k**2 * found * still).max() == pytest.approx((1.5 / k[np.abs(found).argmax()]), rel=0.15)
    assert (found.imag < 0).all()


def _axial(length, a):
    """Static dipole over 4 pi of the same method, m^3."""
    return float(wires._moment(length, a, (0.05 / length,))[0].real)


@pytest.mark.parametrize("depth", (0.0, 0.01, 0.03, 0.04))
def test_the_field_in_a_body_is_that_of_its_layers(depth):
    """Beside Airy's formula for one slab; a body of the soil's permittivity changes nothing."""
    k, index, n, height = 2 * np.pi * TONES / C0_M_S, 2.0, 1.6, 0.04
    model = replace(find_model("PFM-1"), relative_permittivity=n**2, size_m=(0.1, 0.1, height), cores=())
    own = np.array([[0.0, 0.0, -depth]])
    found = interior.field_at(model, 1.0, own, index, k)
    down, r = 2 * index / (index + n), (n - index) / (n + index)
    once, again = np.exp(-1j * k * n * depth), r * np.exp(-1j * k * n * (2 * height - depth))
    airy = down * (once + again) / (1 - r**2 * np.exp(-2j * k * n * height))
    np.testing.assert_allclose(found, airy * np.exp(1j * k * index * depth), rtol=1e-9)
    same = replace(model, relative_permittivity=index**2)
    np.testing.assert_allclose(interior.field_at(same, 1.0, own, index, k), 1.0, rtol=1e-9)
    np.testing.assert_allclose(interior.field_at(model, 1.0, np.array([[0.06, 0.0, -depth]]), index, k), 1.0)


@pytest.mark.kernel
def test_the_modes_of_a_small_ring_are_those_of_an_even_field():
    """From high above the field is even: the same echo as a chain of pieces with the current of m = 1."""
    ring = Buried("wire-loop", 0.0, 0.0, 0.02, scale=0.3)
    part, k = placement.model_of(ring).metal[0], 2 * np.pi * TONES / C0_M_S
    (points,) = metal.metal_points((ring,), index=2.0, frequency_hz=TONES)
    own, strength = metal._ring_points(ring, part, k[-1])
    even = wires.loop_polarizability(0.3 * part.radius_m, 0.3 * part.wire_radius_m, 2 * k)[1]
    np.testing.assert_allclose(points.modes[1] / 4, strength.sum() * even, rtol=1e-9)
    chain = replace(scatterers.isotropic(placement.to_local(ring, own), strength), response=even)
    high = np.array([[0.0, 0.0, 0.5]])
    soundings = Soundings(high - HALF, high + HALF, TONES)
    one, other = (_scattered([group], EVEN, soundings, 0.6)[0] for group in (points, chain))
    assert np.abs(one - other).max() < 0.05 * np.abs(other).max()


@pytest.mark.kernel
def test_a_ring_hears_alike_both_ways():
    ring = (Buried("wire-loop", 0.03, 0.02, 0.03),)
    position = np.array([[0.0, 0.0, 0.05], [0.03, -0.05, 0.06]])
    one = gpr.ground_echo(ring, EVEN, position - HALF, position + HALF, TONES[::12])
    other = gpr.ground_echo(ring, EVEN, position + HALF, position - HALF, TONES[::12])
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
