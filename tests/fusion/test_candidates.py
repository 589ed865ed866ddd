"""One target per object; nothing is lost on the way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualsense.constants import METAL_BELOW_TOP_M
from dualsense.emi._dipole import Dipole
from dualsense.fusion._candidates import group_dipoles, match, separation
from dualsense.gpr import Body


def dipole(x, y, depth=0.05, statistic=1000.0) -> Dipole:
    return Dipole(np.array([x, y, -depth]), np.eye(3) * 1e-6, np.zeros((2, 3, 3)), statistic, 5.0, 0.9)


def body(x, y, depth=0.05, size=0.09) -> Body:
    return Body(x, y, depth, size, size, 9.0, 0.5, 0.7, 3.0, 0.0)


def test_metal_under_a_body_is_one_object():
    (found,) = match([body(0.1, 0.1)], [dipole(0.12, 0.11)])
    assert found.body is not None
    assert len(found.dipoles) == 1


def test_what_one_sensor_sees_stays():
    found = match([body(0.1, 0.1)], [dipole(0.4, 0.4)])
    assert len(found) == 2
    assert sum(c.body is None for c in found) == 1
    assert sum(not c.dipoles for c in found) == 1


def test_metal_at_the_end_of_a_long_body_belongs_to_it():
    (found,) = match([body(0.2, 0.2, size=0.3)], [dipole(0.35, 0.2)])
    assert found.dipoles


def test_the_nearest_pair_is_matched_first():
    near, far = dipole(0.12, 0.1), dipole(0.10, 0.145, statistic=99_999.0)
    found = match([body(0.12, 0.105)], [near, far], match_m=0.06)
    assert len(found) == 1  # both within 8 cm of each other: one object with two metal parts
    assert found[0].dipoles[0] is far


def test_two_close_bodies_keep_their_own_metal():
    found = match([body(0.1, 0.1), body(0.25, 0.1)], [dipole(0.11, 0.1), dipole(0.24, 0.1)])
    assert [len(c.dipoles) for c in found] == [1, 1]
    assert all(c.body is not None for c in found)


def test_a_ghost_of_a_strong_neighbour_joins_it_but_a_comparable_one_does_not():
    strong = dipole(0.1, 0.1, statistic=1e7)
    assert len(group_dipoles([strong, dipole(0.22, 0.1, statistic=500.0)])) == 1
    assert len(group_dipoles([strong, dipole(0.22, 0.1, statistic=1e5)])) == 2
    assert len(group_dipoles([strong, dipole(0.27, 0.1, statistic=500.0)])) == 2


def vague(x, y, std_m, depth=0.05) -> Dipole:
    return replace(dipole(x, y, depth), covariance_m2=np.diag([std_m, 1e-3, std_m]) ** 2)


def test_distance_is_counted_in_what_is_known_of_both_places():
    exact, loose = (
        separation(body(0.1, 0.1), vague(0.14, 0.1, std, depth=0.05 + METAL_BELOW_TOP_M)) for std in (0, 0.03)
    )
    assert exact[0] == loose[0] == pytest.approx(0.04)
    within2 = 0.008**2 + (0.25 * 0.09) ** 2
    assert exact[1] == pytest.approx(0.04**2 / within2)
    assert loose[1] == pytest.approx(0.04**2 / (within2 + 0.03**2))


def test_a_loose_position_widens_the_reach_along_its_looseness_only_and_not_without_end():
    assert len(match([body(0.1, 0.1)], [vague(0.19, 0.1, 0.02)])) == 1
    assert len(match([body(0.1, 0.1)], [vague(0.1, 0.19, 0.02)])) == 2
    assert len(match([body(0.1, 0.1)], [dipole(0.19, 0.1)])) == 2
    assert len(match([body(0.1, 0.1)], [vague(0.25, 0.1, 1.0)])) == 2


def test_as_many_pairs_as_possible_before_the_nearest():
    """The nearest pair alone would leave the other body and the other metal without each other."""
    bodies = [body(0.100, 0.1), body(0.150, 0.1)]
    found = match(bodies, [dipole(0.1252, 0.1), dipole(0.2060, 0.1)], match_m=0.06)
    assert sorted(len(c.dipoles) for c in found) == [1, 1]
    assert all(c.body is not None for c in found)


def test_of_two_metals_equally_far_to_the_side_the_one_at_the_bodys_depth_is_its_own():
    deep, level = dipole(0.055, 0.1, depth=0.25), dipole(0.145, 0.1, depth=0.06, statistic=10.0)
    found = match([body(0.1, 0.1)], [deep, level])
    assert next(c for c in found if c.body is not None).dipoles == (level,)


coordinate = st.floats(0.0, 1.0)


@settings(max_examples=60, deadline=None)
@given(
    bodies=st.lists(st.tuples(coordinate, coordinate), max_size=6),
    dipoles=st.lists(st.tuples(coordinate, coordinate, st.floats(100, 1e7)), max_size=6),
)
def test_every_body_and_every_dipole_is_in_exactly_one_candidate(bodies, dipoles):
    given_bodies = [body(x, y) for x, y in bodies]
    given_dipoles = [dipole(x, y, statistic=s) for x, y, s in dipoles]
    found = match(given_bodies, given_dipoles)
    assert sorted(id(c.body) for c in found if c.body is not None) == sorted(map(id, given_bodies))
    assert sorted(id(d) for c in found for d in c.dipoles) == sorted(map(id, given_dipoles))


def test_order_does_not_depend_on_the_order_given():
    bodies = [body(0.3, 0.1), body(0.1, 0.2)]
    dipoles = [dipole(0.5, 0.5), dipole(0.1, 0.21, statistic=5.0)]
    one = match(bodies, dipoles)
    other = match(bodies[::-1], dipoles[::-1])
    assert [(c.body, c.dipoles) for c in one] == [(c.body, c.dipoles) for c in other]
    assert one[0].body is bodies[1]
