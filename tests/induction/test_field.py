"""Coil fields and ground coupling against published numbers, quadrature and invariances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.spatial.transform import Rotation

from dualsense.constants import MU0_H_M
from dualsense.induction import _kernels
from dualsense.induction._field import (
    Coil,
    coil_field,
    emf,
    loop_field,
    mutual_inductance,
    mutual_inductances,
    polygon_field,
    received,
)
from dualsense.induction._ground import half_space_coupling, magnetic_image_coupling, viscous_susceptibility
from oracles import inductance

pytestmark = pytest.mark.kernel

metre = st.floats(-0.5, 0.5)
point = st.tuples(metre, metre, st.floats(-0.5, -0.02))
radius = st.floats(0.03, 0.3)
turn = st.integers(0, 2**32 - 1).map(lambda seed: Rotation.random(random_state=seed).as_matrix())


def biot_savart(p, a):
    """The defining line integral of a loop about z, by adaptive quadrature."""

    def part(phi, i):
        dl = a * np.array([-np.sin(phi), np.cos(phi), 0.0])
        r = np.asarray(p) - a * np.array([np.cos(phi), np.sin(phi), 0.0])
        return np.cross(dl, r)[i] / np.linalg.norm(r) ** 3 / (4 * np.pi)

    return np.array([quad(part, 0, 2 * np.pi, args=(i,), epsabs=1e-12, limit=200)[0] for i in range(3)])


def test_loop_oracle_1():
    b = MU0_H_M * loop_field([0.05, 0.02, -0.1], radius_m=0.1)
    np.testing.assert_allclose(b, [-7.79733125e-7, -3.11893250e-7, 1.84181319e-6], rtol=1e-8)


def test_loop_oracle_2_near_the_wire():
    b = MU0_H_M * loop_field([0.0999, 0.0, -0.001], radius_m=0.1)
    np.testing.assert_allclose(b[[0, 2]], [-1.98074977e-4, 2.54950619e-5], rtol=1e-8)
    assert b[1] == 0.0


@pytest.mark.parametrize("p", ((0.03, -0.04, 0.02), (0.2, 0.1, -0.01), (1e-6, 0.0, 0.05), (0.0, 0.0, 0.0)))
def test_loop_is_the_line_integral(p):
    np.testing.assert_allclose(loop_field(p, radius_m=0.1), biot_savart(p, 0.1), rtol=1e-9, atol=1e-11)


def test_loop_on_the_axis():
    z = np.linspace(-0.5, 0.5, 41)
    h = loop_field(np.stack([0 * z, 0 * z, z], axis=-1), radius_m=0.1)
    np.testing.assert_allclose(h[:, 2], 0.01 / (2 * (0.01 + z**2) ** 1.5), rtol=1e-14)
    np.testing.assert_array_equal(h[:, :2], 0.0)


@pytest.mark.parametrize("rho", (1e-12, 1e-9, 1e-6, 1e-4))
def test_radial_field_keeps_its_digits_near_the_axis(rho):
    a, z = 0.1, 0.07
    h = loop_field([rho, 0.0, z], radius_m=a)
    # H_rho = -(rho / 2) dH_z/dz to first order
    slope = -3 * a**2 * z / (2 * (a**2 + z**2) ** 2.5)
    assert h[0] == pytest.approx(-0.5 * rho * slope, rel=1e-12 + 40 * rho**2 / a**2)


@pytest.mark.parametrize("gap", (1e-5, 1e-7, 1e-9))
def test_close_to_the_wire_it_is_a_straight_wire(gap):
    h = loop_field([[0.1, 0.0, gap]], radius_m=0.1)[0]
    assert h[0] == pytest.approx(1 / (2 * np.pi * gap), rel=20 * gap / 0.1)


def test_on_the_wire_there_is_no_value():
    assert np.isnan(loop_field([0.1, 0.0, 0.0], radius_m=0.1)).all()
    square = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]
    assert np.isnan(polygon_field([0.5, 0.0, 0.0], vertices_m=square)).all()


def test_nan_stays_nan():
    h = loop_field([[np.nan, 0.0, 0.1], [0.0, 0.0, 0.1]], radius_m=0.1)
    assert np.isnan(h[0]).all()
    assert np.isfinite(h[1]).all()


@pytest.mark.parametrize("count", (1, 255, 256, 257))
def test_blocks_do_what_single_points_do(count):
    """On either side of the change between polynomial and full mean, on the axis, and in unfilled blocks."""
    rng = np.random.default_rng(count)
    gap = 0.1 * 10 ** rng.uniform(-4, 1, count)
    angle = rng.uniform(0, 2 * np.pi, count)
    points = np.stack([np.abs(0.1 + gap * np.cos(angle)), 0 * gap, gap * np.sin(angle)], axis=-1)
    points[::7, 0] = 0.1 * 10 ** rng.uniform(-13, -1, len(points[::7]))
    points[::50, 0] = 0.0
    got = loop_field(points, radius_m=0.1)
    terms = np.array([_kernels.loop_terms(0.1, p[0], p[2]) for p in points])
    norm = np.hypot(terms[:, 0] * points[:, 0], terms[:, 1])
    # next to the wire the last bit of rho is worth more than the formula
    bound = 2e-14 * norm + 1e-15 * norm * 0.1 / np.hypot(points[:, 0] - 0.1, points[:, 2])
    assert np.all(np.abs(got[:, 0] - terms[:, 0] * points[:, 0]) <= bound)
    assert np.all(np.abs(got[:, 2] - terms[:, 1]) <= bound)
    off = points[:, 0] > 0
    np.testing.assert_allclose(got[off, 0] / points[off, 0], terms[off, 0], rtol=1e-9)
    assert not got[~off, 0].any()


@settings(deadline=None, max_examples=40, derandomize=True)
@given(p=point, a=radius, r=turn, shift=st.tuples(metre, metre, metre))
def test_moving_coil_and_point_together_turns_the_field(p, a, r, shift):
    still = loop_field(p, radius_m=a)
    moved = loop_field(r @ np.array(p) + shift, radius_m=a, center_m=shift, axis=r @ [0.0, 0.0, 1.0])
    np.testing.assert_allclose(moved, r @ still, atol=1e-10 * np.linalg.norm(still))


@settings(deadline=None, max_examples=30, derandomize=True)
@given(p=point, a=radius, s=st.floats(0.1, 10.0))
def test_field_scales_as_one_over_length(p, a, s):
    h = loop_field(p, radius_m=a)
    scaled = loop_field(s * np.array(p), radius_m=s * a)
    np.testing.assert_allclose(scaled * s, h, rtol=1e-11, atol=1e-12 * np.linalg.norm(h))


def test_turns_and_axis_sign():
    p = [0.05, 0.02, -0.1]
    h = loop_field(p, radius_m=0.1)
    np.testing.assert_allclose(loop_field(p, radius_m=0.1, turns=7), 7 * h, rtol=1e-15)
    np.testing.assert_allclose(loop_field(p, radius_m=0.1, axis=(0, 0, -2)), -h, rtol=1e-14)


def test_field_has_no_divergence_and_no_curl():
    p, step = np.array([0.04, -0.03, -0.06]), 1e-4
    gradient = np.empty((3, 3))
    for i in range(3):
        e = step * np.eye(3)[i]
        gradient[i] = (loop_field(p + e, radius_m=0.1) - loop_field(p - e, radius_m=0.1)) / (2 * step)
    scale = np.abs(gradient).max()
    assert abs(np.trace(gradient)) < 1e-5 * scale
    assert np.abs(gradient - gradient.T).max() < 1e-5 * scale


def test_polygon_tends_to_the_circle():
    p = [[0.05, 0.02, -0.1], [0.02, 0.09, 0.01]]
    exact = loop_field(p, radius_m=0.1)
    error = []
    for n in (64, 128):
        phi = 2 * np.pi * np.arange(n) / n
        ring = 0.1 * np.stack([np.cos(phi), np.sin(phi), 0 * phi], axis=-1)
        error.append(np.abs(polygon_field(p, vertices_m=ring) - exact).max())
    assert error[1] < 2e-3 * np.abs(exact).max()
    assert error[0] / error[1] == pytest.approx(4, rel=0.05)


def test_square_loop_at_its_centre():
    square = 0.1 * np.array([[1, 1, 0], [-1, 1, 0], [-1, -1, 0], [1, -1, 0]])
    h = polygon_field([0.0, 0.0, 0.0], vertices_m=square, turns=2)
    np.testing.assert_allclose(h, [0, 0, 2 * np.sqrt(2) * 2 / (np.pi * 0.2)], rtol=1e-14)


def test_emf_oracle_8():
    tensor = np.diag([2.0, 1.0, 1.5])[None] * 1e-8
    v = emf([0.03, -0.02, -0.12], tensor, frequency_hz=[1e4], tx=Coil(0.1), rx=Coil(0.08, (0.02, 0, 0)))
    assert v.shape == (1,)
    assert v[0].imag == pytest.approx(-1.5275819768e-9, rel=1e-9)
    assert v[0].real == 0.0


@settings(deadline=None, max_examples=40, derandomize=True)
@given(p=point, a=radius, b=radius, r=turn, seed=st.integers(0, 1000))
def test_swapping_the_coils_changes_nothing(p, a, b, r, seed):
    rng = np.random.default_rng(seed)
    m = rng.normal(size=(2, 3, 3)) + 1j * rng.normal(size=(2, 3, 3))
    m = m + np.swapaxes(m, 1, 2)
    tx = Coil(a, (0.1, 0.0, 0.0), axis=tuple(r[2]))
    rx = Coil(b, (0.0, -0.05, 0.02), turns=-3)
    f = [2e3, 4e4]
    v = emf(p, m, frequency_hz=f, tx=tx, rx=rx)
    w = emf(p, m, frequency_hz=f, tx=rx, rx=tx)
    scale = np.linalg.norm(coil_field(p, tx)) * np.linalg.norm(coil_field(p, rx)) * np.abs(m).max()
    np.testing.assert_allclose(v, w, atol=1e-9 * 2 * np.pi * 4e4 * MU0_H_M * scale)


def test_a_small_loop_as_target_is_its_mutual_inductances():
    """A third way to the reciprocity formula: circuit theory of three loops."""
    tx, rx = Coil(0.1), Coil(0.08, (0.02, 0.0, 0.0))
    ring = Coil(1e-3, (0.03, -0.02, -0.12), axis=(0.3, -0.2, 0.9))
    omega, impedance = 2 * np.pi * 1e4, 0.01 + 0.003j
    current = -1j * omega * mutual_inductance(tx, ring) / impedance
    circuit = -1j * omega * mutual_inductance(ring, rx) * current
    n = np.array(ring.axis) / np.linalg.norm(ring.axis)
    area = np.pi * ring.radius_m**2
    tensor = -1j * omega * MU0_H_M * area**2 / impedance * np.outer(n, n)
    v = emf(ring.center_m, tensor[None], frequency_hz=[1e4], tx=tx, rx=rx)
    assert v[0] == pytest.approx(circuit, rel=1e-3)


def test_emf_of_many_points_and_many_tensors():
    rng = np.random.default_rng(0)
    points = rng.uniform(-0.2, -0.05, (5, 3))
    tensors = rng.normal(size=(5, 2, 3, 3)) + 0j
    together = emf(points, tensors, frequency_hz=[1e3, 1e4], tx=Coil(0.1), rx=Coil(0.08))
    assert together.shape == (5, 2)
    alone = [
        emf(p, m, frequency_hz=[1e3, 1e4], tx=Coil(0.1), rx=Coil(0.08))
        for p, m in zip(points, tensors, strict=True)
    ]
    np.testing.assert_allclose(together, alone, rtol=1e-13)


def test_mutual_inductance_of_coaxial_loops_is_maxwells():
    from scipy.special import ellipe, ellipk

    a, b, d = 0.1, 0.08, 0.03
    m = 4 * a * b / ((a + b) ** 2 + d**2)
    k = np.sqrt(m)
    maxwell = MU0_H_M * np.sqrt(a * b) * ((2 / k - k) * ellipk(m) - 2 / k * ellipe(m))
    assert mutual_inductance(Coil(a), Coil(b, (0, 0, d))) == pytest.approx(maxwell, rel=1e-12)


@settings(deadline=None, max_examples=25, derandomize=True)
@given(a=radius, b=radius, r=turn, x=st.floats(-1, 1))
def test_mutual_inductance_is_symmetric(a, b, r, x):
    one = Coil(a, (x, 0.0, 0.0), turns=2)
    other = Coil(b, (0.0, 0.1, -0.7), axis=tuple(r[2]), turns=5)
    assert mutual_inductance(one, other) == pytest.approx(mutual_inductance(other, one), rel=1e-9, abs=1e-18)


def test_many_pairs_are_each_what_elliptic_integrals_say():
    rng = np.random.default_rng(8)
    away = np.array([0.0, 0.0, 0.1]) + 0.02 * rng.standard_normal((40, 3))
    axis, normal = (np.array([0.0, 0.0, 1.0]) + 0.1 * rng.standard_normal((40, 3)) for _ in range(2))
    axis, normal = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (axis, normal))
    plain = [inductance.pair(*pair) for pair in zip(away, axis, [0.1] * 40, normal, [0.08] * 40, strict=True)]
    found = mutual_inductances(away, axis, normal, tx_radius_m=0.1, rx_radius_m=0.08)
    np.testing.assert_allclose(found, plain, rtol=1e-11)


def test_touching_wires_are_refused():
    with pytest.raises(ValueError, match="wires touch"):
        mutual_inductance(Coil(0.1), Coil(0.1))


GROUND = {"frequency_hz": 1e4, "tx_radius_m": 0.1, "rx_radius_m": 0.08, "tx_height_m": 0.05, "rx_height_m": 0.05}


def test_ground_oracle_6_magnetic():
    z = half_space_coupling(susceptibility=0.01 - 0.0004j, **GROUND)
    assert complex(z).real == pytest.approx(4.506411182e-7, rel=1e-8)
    assert complex(z).imag == pytest.approx(1.132244822e-5, rel=1e-8)


def test_ground_oracle_6_by_image():
    z = magnetic_image_coupling(
        Coil(0.1, (0, 0, 0.05)), Coil(0.08, (0, 0, 0.05)), frequency_hz=1e4, susceptibility=0.01 - 0.0004j
    )
    assert complex(z) == pytest.approx(4.506411182e-7 + 1.132244822e-5j, rel=1e-8)


def test_ground_oracle_7_conducting():
    z = complex(half_space_coupling(conductivity_s_m=0.1, **GROUND))
    assert z.real == pytest.approx(6.022082e-8, rel=1e-6)
    assert z.imag == pytest.approx(-5.07708e-10, rel=1e-6)


@settings(deadline=None, max_examples=25, derandomize=True)
@given(a=radius, b=radius, h=st.floats(0.005, 0.4), g=st.floats(0.005, 0.4), x=st.floats(0, 0.6))
def test_image_and_integral_agree_without_conductivity(a, b, h, g, x):
    chi = 0.02 - 0.001j
    integral = complex(
        half_space_coupling(
            frequency_hz=2e4,
            tx_radius_m=a,
            rx_radius_m=b,
            tx_height_m=h,
            rx_height_m=g,
            offset_m=x,
            susceptibility=chi,
        )
    )
    image = complex(
        magnetic_image_coupling(Coil(a, (0, 0, h)), Coil(b, (x, 0, g)), frequency_hz=2e4, susceptibility=chi)
    )
    largest = abs(
        complex(
            half_space_coupling(
                frequency_hz=2e4, tx_radius_m=a, rx_radius_m=b, tx_height_m=h, rx_height_m=g, susceptibility=chi
            )
        )
    )
    assert abs(integral - image) < 1e-9 * largest


def test_image_of_tilted_coils_is_reciprocal():
    one = Coil(0.1, (0.0, 0.0, 0.15), axis=(0.3, 0.1, 0.9))
    other = Coil(0.08, (0.05, 0.02, 0.2), axis=(-0.2, 0.4, 0.8))
    kw = {"frequency_hz": 1e4, "susceptibility": 0.01}
    assert complex(magnetic_image_coupling(one, other, **kw)) == pytest.approx(
        complex(magnetic_image_coupling(other, one, **kw)), rel=1e-10
    )


def test_perfectly_permeable_ground_has_no_tangential_field():
    """The image's sense: coil and image together leave H normal to an infinitely permeable surface."""
    coil = Coil(0.1, (0.0, 0.0, 0.15), axis=(0.3, 0.1, 0.9))
    image = Coil(0.1, (0.0, 0.0, -0.15), axis=(-0.3, -0.1, 0.9))
    surface = [[0.02, 0.05, 0.0], [-0.1, 0.2, 0.0]]
    total = coil_field(surface, coil) + coil_field(surface, image)
    np.testing.assert_allclose(total[:, :2], 0.0, atol=1e-12)
    assert np.abs(total[:, 2]).min() > 0.01


def test_a_magnetic_target_and_magnetic_ground_have_the_same_sign():
    """Ground enters as V = -Delta Z: a pinch of ground must look like ground."""
    v = received([0, 0, 1.0], 1e-8 * np.eye(3)[None], [0, 0, 1.0], frequency_hz=1e4)[0]
    z = complex(half_space_coupling(susceptibility=0.01, **GROUND))
    assert np.sign(v.imag) == np.sign(-z.imag)


def test_ground_as_a_sum_of_small_targets():
    """Volume integral of susceptibility by dipoles (Born) against the half-space, at weak chi."""
    chi, h = 1e-4, 0.1
    x = np.linspace(-0.995, 0.995, 200)
    z = -np.geomspace(0.002, 2.0, 400)
    mid, thick = 0.5 * (z[1:] + z[:-1]), -np.diff(z)
    rho = x[x > 0]
    grid = np.stack(np.broadcast_arrays(rho[:, None], 0.0, mid[None, :] - h), axis=-1)
    ht, hr = loop_field(grid, radius_m=0.1), loop_field(grid, radius_m=0.08)
    ring = 2 * np.pi * rho[:, None] * (rho[1] - rho[0]) * thick[None, :]
    born = -1j * 2 * np.pi * 1e4 * MU0_H_M * chi * np.sum(np.sum(ht * hr, axis=-1) * ring)
    full = -half_space_coupling(
        frequency_hz=1e4,
        tx_radius_m=0.1,
        rx_radius_m=0.08,
        tx_height_m=h + 0.002,
        rx_height_m=h + 0.002,
        susceptibility=chi,
    )
    assert complex(full) == pytest.approx(born, rel=0.01)


def test_ground_broadcasts_over_height_and_frequency():
    heights, f = np.array([0.03, 0.05, 0.08]), np.array([2.4e3, 9.6e3])
    z = half_space_coupling(
        frequency_hz=f,
        tx_radius_m=0.1,
        rx_radius_m=0.08,
        tx_height_m=heights[:, None],
        rx_height_m=heights[:, None],
        susceptibility=[0.01, 0.009],
        conductivity_s_m=0.02,
    )
    assert z.shape == (3, 2)
    single = half_space_coupling(
        frequency_hz=f[1],
        tx_radius_m=0.1,
        rx_radius_m=0.08,
        tx_height_m=0.08,
        rx_height_m=0.08,
        susceptibility=0.009,
        conductivity_s_m=0.02,
    )
    assert z[2, 1] == pytest.approx(complex(single), rel=1e-10)


def test_viscous_soil_obeys_kramers_kronig_in_band():
    f = np.array([1e3, 1e4, 1e5])
    chi = viscous_susceptibility(f, reference=0.01 - 0.0004j, reference_hz=1e4)
    assert chi[1] == pytest.approx(0.01 - 0.0004j)
    np.testing.assert_allclose(chi.imag, -0.0004)
    np.testing.assert_allclose(np.diff(chi.real) / np.log(10), -2 * 0.0004 / np.pi)


@pytest.mark.parametrize(
    ("call", "match"),
    (
        (lambda: loop_field([1.0, 2.0], radius_m=0.1), "last axis of 3"),
        (lambda: loop_field([1.0, 2.0, 3.0], radius_m=0.0), "radius_m"),
        (lambda: loop_field([1.0, 2.0, 3.0], radius_m=0.1, axis=(0, 0, 0)), "axis"),
        (lambda: polygon_field([0.0, 0, 0], vertices_m=[[0, 0, 0], [1, 0, 0]]), "vertices_m"),
        (lambda: received([0, 0, 1], np.eye(3), [0, 0, 1], frequency_hz=[1.0, 2.0]), "polarizability_m3"),
        (lambda: half_space_coupling(**{**GROUND, "tx_height_m": -0.05}), "positive"),
        (lambda: half_space_coupling(**GROUND, conductivity_s_m=-1), "negative"),
        (
            lambda: magnetic_image_coupling(Coil(0.1), Coil(0.1), frequency_hz=1, susceptibility=0.1),
            "above the ground",
        ),
    ),
)
def test_refusals_name_the_value(call, match):
    with pytest.raises(ValueError, match=match):
        call()
