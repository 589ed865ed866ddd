"""Polygonal and double-D coils against textbook wires, circles and Neumann's integral."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from dualsense.induction import _kernels
from dualsense.induction._coils import (
    Polygon,
    balanced_overlap,
    d_coil,
    double_d,
    rectangular_coil,
    winding_emf,
    winding_field,
    winding_inductance,
)
from dualsense.induction._field import Coil, emf, loop_field, mutual_inductance
from oracles.wires import neumann, parallel_wires, ring_field

pytestmark = pytest.mark.kernel

metre = st.floats(-0.3, 0.3)
point = st.tuples(metre, metre, st.floats(-0.4, -0.05))
turn = st.integers(0, 2**32 - 1).map(lambda seed: Rotation.random(random_state=seed).as_matrix())


def ring(n, radius=0.1, z=0.0):
    phi = 2 * np.pi * np.arange(n) / n
    return Polygon(tuple((radius * np.cos(p), radius * np.sin(p), z) for p in phi))


@pytest.mark.parametrize("p", ((0.03, -0.02, -0.1), (0.2, 0.3, 0.0), (0.0601, 0.01, 1e-6), (0.0, 0.0, 5.0)))
def test_sides_are_textbook_wires(p):
    corners = [(0.06, 0.05, 0.0), (-0.06, 0.05, 0.01), (-0.06, -0.05, 0.0), (0.06, -0.05, 0.02)]
    field = winding_field(p, [Polygon(tuple(corners), turns=-3)])
    np.testing.assert_allclose(field, -3 * ring_field(p, corners), rtol=1e-8, atol=1e-12)


def test_rectangle_is_its_corners_and_centre_field():
    coil = rectangular_coil(length_m=0.3, width_m=0.2, center_m=(1, 2, 3))
    # centre of a rectangle: H = 2 sqrt(l^2 + w^2) / (pi l w)
    h = winding_field([1.0, 2.0, 3.0], [coil])
    np.testing.assert_allclose(h, [0, 0, 2 * np.hypot(0.3, 0.2) / (np.pi * 0.06)], rtol=1e-12, atol=1e-12)


def test_two_ds_without_overlap_are_the_circle():
    """Their straight wires carry opposite currents and cancel."""
    right = d_coil(radius_m=0.1, chord_m=0.02, sides=512)
    left = d_coil(radius_m=0.1, chord_m=-0.02, sides=512, rotation=np.diag([-1.0, -1.0, 1.0]))
    p = [[0.05, 0.02, -0.1], [0.0, 0.0, -0.05]]
    np.testing.assert_allclose(winding_field(p, [right, left]), loop_field(p, radius_m=0.1), rtol=2e-5, atol=1e-5)


def test_potential_has_the_field_as_its_curl():
    p, step = np.array([0.04, -0.03, -0.06]), 1e-4
    corners = np.array(d_coil(radius_m=0.1, chord_m=0.0, sides=9).vertices_m)
    probes = np.concatenate([p + step * np.eye(3), p - step * np.eye(3)])
    potential = np.empty_like(probes)
    _kernels.polygon_potential(probes, corners, 2.0, potential)
    slope = (potential[:3] - potential[3:]) / (2 * step)  # slope[i, j] = dA_j / dx_i
    curl = [slope[1, 2] - slope[2, 1], slope[2, 0] - slope[0, 2], slope[0, 1] - slope[1, 0]]
    field = winding_field(p, [Polygon(tuple(map(tuple, corners)), turns=2)])
    np.testing.assert_allclose(curl, field, rtol=1e-5, atol=1e-6)


def test_potential_on_the_wire_has_no_value_and_doubled_corners_do_no_harm():
    corners = np.array([[0, 0, 0], [1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], dtype=float)
    out = np.empty((2, 3))
    _kernels.polygon_potential(np.array([[0.5, 0.0, 0.0], [0.5, 0.2, 0.3]]), corners, 1.0, out)
    assert np.isnan(out[0]).all()
    single = np.empty((1, 3))
    _kernels.polygon_potential(np.array([[0.5, 0.2, 0.3]]), np.delete(corners, 2, axis=0), 1.0, single)
    np.testing.assert_allclose(out[1], single[0], rtol=1e-14)


def test_coaxial_squares_are_four_pairs_of_parallel_wires():
    side, apart = 0.2, 0.07
    one = rectangular_coil(length_m=side, width_m=side)
    other = rectangular_coil(length_m=side, width_m=side, center_m=(0, 0, apart), turns=5)
    expected = 5 * 4 * (parallel_wires(side, apart) - parallel_wires(side, np.hypot(side, apart)))
    assert winding_inductance([one], [other]) == pytest.approx(expected, rel=1e-11)


def test_mutual_is_neumanns_integral():
    one = rectangular_coil(length_m=0.2, width_m=0.1)
    r = Rotation.from_euler("xyz", [0.3, 0.2, 0.5]).as_matrix()
    other = d_coil(radius_m=0.08, chord_m=0.01, sides=3, center_m=(0.05, 0.02, 0.15), rotation=r)
    slow = neumann(np.array(one.vertices_m), np.array(other.vertices_m))
    assert winding_inductance([one], [other]) == pytest.approx(slow, rel=1e-7)


def test_polygon_of_many_sides_couples_as_the_circle():
    circle = Coil(0.08, (0.03, 0.0, 0.05), axis=(0.2, 0.0, 1.0))
    exact = mutual_inductance(Coil(0.1), circle)
    error = [abs(winding_inductance([ring(n)], [circle]) / exact - 1) for n in (32, 64)]
    assert error[1] < 3e-3
    assert error[0] / error[1] == pytest.approx(4, rel=0.05)
    assert winding_inductance([Coil(0.1)], [circle]) == exact


def test_parts_in_series_add():
    """A figure of eight: two circles against each other."""
    eight = [Coil(0.05, (0.06, 0, 0)), Coil(0.05, (-0.06, 0, 0), turns=-1)]
    tx = [Coil(0.15, (0, 0, 0.01)), rectangular_coil(length_m=0.3, width_m=0.3)]
    assert winding_inductance(tx, eight) == pytest.approx(0, abs=1e-13)
    p = [0.05, 0.0, -0.1]
    total = loop_field(p, radius_m=0.05, center_m=(0.06, 0, 0)) - loop_field(
        p, radius_m=0.05, center_m=(-0.06, 0, 0)
    )
    np.testing.assert_allclose(winding_field(p, eight), total, rtol=1e-14)


def test_balanced_double_d_has_no_direct_coupling():
    overlap = balanced_overlap(radius_m=0.12, sides=16)
    assert 0 < overlap < 0.12
    tx, rx = double_d(radius_m=0.12, overlap_m=overlap, sides=16)
    alone = winding_inductance(
        [tx], [d_coil(radius_m=0.12, chord_m=-overlap / 2, sides=16, center_m=(0, 0, 0.03))]
    )
    assert abs(winding_inductance([tx], [rx])) < 1e-4 * abs(alone)


def test_double_d_is_sharp_across_and_long_along():
    """Its sensitive strip lies under the overlap: the reason for the shape."""
    tx, rx = double_d(radius_m=0.12, overlap_m=0.03)
    x = [[d, 0.0, -0.1] for d in (0.0, 0.1)]
    y = [[0.0, d, -0.1] for d in (0.0, 0.1)]
    tensor = 1e-8 * np.eye(3)[None]
    across = np.abs(winding_emf(x, tensor, frequency_hz=[1e4], tx=[tx], rx=[rx])[:, 0])
    along = np.abs(winding_emf(y, tensor, frequency_hz=[1e4], tx=[tx], rx=[rx])[:, 0])
    assert across[1] / across[0] < 0.6 * along[1] / along[0]


def test_circles_as_windings_are_emf():
    tensor = np.diag([2.0, 1.0, 1.5])[None] * 1e-8
    args = ([0.03, -0.02, -0.12], tensor)
    tx, rx = Coil(0.1), Coil(0.08, (0.02, 0, 0))
    v = winding_emf(*args, frequency_hz=[1e4], tx=[tx], rx=[rx])
    np.testing.assert_array_equal(v, emf(*args, frequency_hz=[1e4], tx=tx, rx=rx))
    assert v[0].imag == pytest.approx(-1.5275819768e-9, rel=1e-9)


@settings(deadline=None, max_examples=25, derandomize=True)
@given(p=point, seed=st.integers(0, 1000), r=turn)
def test_swapping_tx_and_rx_changes_nothing(p, seed, r):
    rng = np.random.default_rng(seed)
    m = rng.normal(size=(1, 3, 3)) + 1j * rng.normal(size=(1, 3, 3))
    m = m + np.swapaxes(m, 1, 2)
    tx, rx = (
        [rectangular_coil(length_m=0.2, width_m=0.1, rotation=r)],
        list(double_d(radius_m=0.1, overlap_m=0.03)),
    )
    v, w = (winding_emf(p, m, frequency_hz=[1e4], tx=a, rx=b)[0] for a, b in ((tx, rx), (rx, tx)))
    bound = np.linalg.norm(winding_field(p, tx)) * np.linalg.norm(winding_field(p, rx)) * np.abs(m).max()
    assert abs(v - w) < 1e-12 * bound


@settings(deadline=None, max_examples=10, derandomize=True)
@given(r=turn, shift=st.tuples(metre, metre, metre), s=st.floats(0.2, 5))
def test_moved_turned_and_scaled(r, shift, s):
    """One head and target as a whole: H scales as 1 / length, mutual inductance as length."""
    p = np.array([0.04, 0.03, -0.12])
    d = d_coil(radius_m=0.1, chord_m=-0.02, sides=12)
    box = rectangular_coil(length_m=0.1, width_m=0.15, center_m=(0.02, 0, 0.06))
    still, coupled = winding_field(p, [d]), winding_inductance([d], [box])

    def moved(part):
        return Polygon(tuple(tuple(s * (r @ v) + shift) for v in np.array(part.vertices_m)), turns=2)

    h = winding_field(s * (r @ p) + shift, [moved(d)])
    np.testing.assert_allclose(h * s / 2, r @ still, atol=1e-10 * np.linalg.norm(still))
    assert winding_inductance([moved(d)], [moved(box)]) / (4 * s) == pytest.approx(coupled, rel=1e-9)


@pytest.mark.parametrize(
    ("call", "match"),
    (
        (lambda: Polygon(((0, 0, 0), (1, 0, 0))), "vertices_m"),
        (lambda: Polygon(((0, 0, 0), (1, 0, 0), (0, np.nan, 0))), "vertices_m"),
        (lambda: rectangular_coil(length_m=0, width_m=1), "length_m"),
        (lambda: rectangular_coil(length_m=1, width_m=1, rotation=2 * np.eye(3)), "orthogonal"),
        (lambda: d_coil(radius_m=0.1, chord_m=0.2), "chord_m"),
        (lambda: d_coil(radius_m=0.1, chord_m=0.0, sides=1), "sides"),
        (lambda: double_d(radius_m=0.1, overlap_m=0.02, gap_m=0.0), "gap_m"),
        (lambda: winding_inductance([ring(4)], [ring(4)]), "wires touch"),
    ),
)
def test_refusals_name_the_value(call, match):
    with pytest.raises(ValueError, match=match):
        call()
