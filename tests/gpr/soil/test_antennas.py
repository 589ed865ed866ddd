"""Profiles of heads: the ones that come along, and what a wrong one is told."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dualsense.gpr._soil.antennas import Antennas, fields, find_antennas, known_antennas, read_profile
from dualsense.gpr._soil.halfspace import direct_field, reflected_field

F = np.linspace(0.8e9, 3.2e9, 25)
H = np.array([0.04, 0.06, 0.1])


def test_profiles_that_come_along():
    assert {a.id for a in known_antennas()} >= {"full-wave-dipoles", "simulator-dipoles"}
    exact = find_antennas(" Full-Wave FDTD radar + analytic induction ")
    assert exact is not None
    assert exact.kind == "dipoles"
    assert exact.known_response("sfcw") == 0.01
    assert exact.known_response("impulse") is None
    assert find_antennas("a radar nobody knows") is None
    assert find_antennas("") is None


def test_the_simulator_is_known_by_its_name():
    from dualsense.simulate import INSTRUMENT

    found = find_antennas(INSTRUMENT)
    assert found is not None
    assert found.kind == "dipoles"


def test_dipoles_are_those_of_theory():
    eps = np.full((2, F.size), 4.0 - 0.1j)
    antennas = find_antennas("full-wave FDTD radar + analytic induction")
    direct, echo = fields(antennas, F, H, eps, distance_m=0.099)
    assert np.array_equal(direct, direct_field(F, 0.099))
    assert np.array_equal(echo, reflected_field(F, H, eps, distance_m=0.099))


def plate_profile(height_m=0.06, distance_m=0.2):
    """A plate held under far-field antennas whose ratio to the coupling is anything."""
    path = np.hypot(distance_m, 2.0 * height_m)
    strange = (2.0 + 0.3 * np.cos(F / 5e8)) * np.exp(-2j * np.pi * F * path / 299_792_458.0)
    return Antennas("plate", "plate", ("x",), frequency_hz=F, ratio=-strange, height_m=height_m)


def test_over_metal_a_plate_profile_gives_the_plate_back():
    antennas = plate_profile()
    direct, echo = fields(antennas, F, np.array([0.06]), np.full((1, F.size), 1e14 + 0j), distance_m=0.2)
    assert np.array_equal(direct, np.ones(F.size))
    assert np.allclose(echo[0, :, 0], antennas.ratio, rtol=1e-5)


def test_higher_up_a_plate_echo_is_later_and_weaker():
    antennas = plate_profile()
    _, echo = fields(antennas, F, H, np.full((1, F.size), 1e14 + 0j), distance_m=0.2)
    path = np.hypot(0.2, 2.0 * H)
    assert np.allclose(np.abs(echo[0, :, 2] / echo[0, :, 1]), path[1] / path[2], rtol=1e-5)
    turn = np.angle(echo[0, :, 2] / echo[0, :, 1] * np.exp(2j * np.pi * F * (path[2] - path[1]) / 299_792_458.0))
    assert np.abs(turn).max() < 1e-6


def test_profile_with_a_plate_is_read(tmp_path):
    file = tmp_path / "head.json"
    tree = {
        "id": "h", "instruments": ["Head 1"], "kind": "plate",
        "plate": {"frequency_hz": [1e9, 2e9], "ratio_real": [1.0, 2.0], "ratio_imag": [0.5, 0.0], "height_m": 0.1},
    }  # fmt: skip
    file.write_text(json.dumps(tree))
    found = read_profile(file)
    assert found.height_m == 0.1
    assert np.array_equal(found.ratio, [1.0 + 0.5j, 2.0])


@pytest.mark.parametrize(
    ("tree", "said"),
    (
        ({"id": "h", "instruments": []}, "kind"),
        ({"id": "h", "instruments": [], "kind": "horn"}, "horn"),
        ({"id": "h", "instruments": [], "kind": "plate"}, "plate"),
        (
            {
                "id": "h", "instruments": [], "kind": "plate",
                "plate": {"frequency_hz": [2.0, 1.0], "ratio_real": [1, 1], "ratio_imag": [0, 0], "height_m": 1},
            },
            "increase",
        ),
    ),
)  # fmt: skip
def test_a_wrong_profile_is_named(tmp_path, tree, said):
    file = tmp_path / "head.json"
    file.write_text(json.dumps(tree))
    with pytest.raises(ValueError, match=rf"head\.json: not an instrument profile.*{said}"):
        read_profile(file)


def test_a_plate_without_numbers_is_refused():
    with pytest.raises(ValueError, match="needs frequency_hz"):
        fields(Antennas("x", "plate", ()), F, H, np.full((1, F.size), 4.0 + 0j), distance_m=0.2)
