"""Array heads on carts: what each pair and coil measures is what a hand-held one measures in its place."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace

import numpy as np
import pytest

from dualsense.cli import run as dualsense
from dualsense.errors import RecipeError
from dualsense.io import read_scan, write_scan
from dualsense.simulate import _motion as motion
from dualsense.simulate import _soil as soil
from dualsense.simulate._coils.coils import simulate_emi
from dualsense.simulate._radar import radar as gpr
from dualsense.simulate._record import simulate_scan
from dualsense.simulate._scene import array
from dualsense.simulate._scene.array import Array
from dualsense.simulate._scene.cart import on_cart
from dualsense.simulate._scene.file import parse_scene
from dualsense.simulate._scene.handling import SILENT, Motion
from dualsense.simulate._scene.instrument import Detector, Radar
from dualsense.simulate._scene.scene import Buried, Scene

HEAD = Array(pairs=3, pair_spacing_m=0.06, coils=2, coil_spacing_m=0.15)
SCENE = Scene(
    objects=(Buried("PMN", 0.1, 0.02, 0.04),),
    motion=Motion(length_m=0.2, width_m=0.001, line_spacing_m=0.2, tilt_std_deg=3.0, height_m=0.06),
    radar=Radar(step_hz=0.2e9, rate_hz=30.0),
    detector=Detector(rate_hz=30.0),
    noise=SILENT,
    array=HEAD,
)
TRACK = motion.sweep(SCENE.motion, rng=np.random.default_rng(3))
DRIFTING = 5


def moved(position, by):
    return tuple(float(v) for v in np.add(position, by))


def test_each_pair_hears_what_a_single_one_hears_in_its_place():
    ground = soil.realise_ground(SCENE.soil, low_m=(-0.6, -0.6), high_m=(0.8, 0.6), rng=np.random.default_rng(0))
    together = gpr.simulate_gpr(SCENE, SCENE.radar, ground, TRACK, rng=np.random.default_rng(DRIFTING))
    assert together.tx_position_m.shape == (3, 3)
    np.testing.assert_array_equal(together.channel[:7], [0, 1, 2, 0, 1, 2, 0])
    for c, place in enumerate(array.pair_offsets_m(HEAD)):
        tx, rx = (moved(at, place) for at in (SCENE.radar.tx_position_m, SCENE.radar.rx_position_m))
        alone = replace(SCENE.radar, tx_position_m=tx, rx_position_m=rx)
        one = gpr.simulate_gpr(
            replace(SCENE, array=None), alone, ground, TRACK, rng=np.random.default_rng(DRIFTING)
        )
        mine = together.channel == c
        np.testing.assert_array_equal(together.time_s, one.time_s)
        np.testing.assert_allclose(together.tx_position_m[c], tx)
        # tables over height have other ends
        wrong = np.linalg.norm(together.data[mine] - one.data[mine]) / np.linalg.norm(one.data[mine])
        assert wrong < 1e-3
        other = np.linalg.norm(together.data[~mine] - one.data[~mine]) / np.linalg.norm(one.data[~mine])
        assert other > 0.02


def test_each_coil_hears_what_a_single_one_hears_in_its_place():
    together = simulate_emi(SCENE, SCENE.detector, TRACK, rng=np.random.default_rng(DRIFTING))
    assert together.tx_position_m.shape == (2, 3)
    assert together.rx_radius_m.tolist() == [0.08, 0.08]
    for c, place in enumerate(array.coil_offsets_m(HEAD)):
        alone = array.shift_coils(SCENE.detector, place)
        assert alone.tx_position_m[1] == pytest.approx(place[1])
        one = simulate_emi(replace(SCENE, array=None), alone, TRACK, rng=np.random.default_rng(DRIFTING))
        mine = together.channel == c
        wrong = np.linalg.norm(together.data[mine] - one.data[mine]) / np.linalg.norm(one.data[mine])
        assert wrong < 1e-3
        other = np.linalg.norm(together.data[~mine] - one.data[~mine]) / np.linalg.norm(one.data[~mine])
        assert other > 0.02


def test_a_row_is_centred_and_one_sensor_is_at_its_middle():
    np.testing.assert_allclose(array.row_offsets_m(4, 0.1)[:, 1], [-0.15, -0.05, 0.05, 0.15])
    np.testing.assert_array_equal(array.pair_offsets_m(None), np.zeros((1, 3)))
    np.testing.assert_array_equal(array.coil_offsets_m(replace(HEAD, coils=1)), np.zeros((1, 3)))


def test_a_cart_keeps_its_speed_through_its_wide_turns():
    cart = on_cart(Scene(motion=Motion(length_m=0.5, width_m=0.8)), Array()).motion
    by = {}
    for carrier, wanted in (("cart", cart), ("hand", Motion(length_m=0.5, width_m=0.8))):
        still = replace(wanted, line_std_m=0.0)
        track = motion.sweep(still, rng=np.random.default_rng(0))
        moving = (track.time_s > 0.5) & (track.time_s < track.end_s - 0.5)
        step = np.linalg.norm(np.diff(track.position_m[moving, :2], axis=0), axis=1)
        by[carrier] = step * wanted.pose_rate_hz / wanted.speed_m_s
    assert by["cart"] == pytest.approx(1.0, rel=0.03)
    assert by["hand"].min() < 0.7


@pytest.mark.parametrize("width", (0.4, 0.5, 1.0))
def test_swaths_of_a_cart_join_over_the_whole_patch(width):
    scene = on_cart(Scene(motion=Motion(length_m=0.5, width_m=width)), Array())
    still = replace(scene.motion, line_std_m=0.0, height_std_m=0.0, tilt_std_deg=0.0)
    track = motion.sweep(still, rng=np.random.default_rng(0))
    on_pass = np.abs(track.position_m[:, 0] - 0.25) < 0.2
    lines = np.unique(np.round(track.position_m[on_pass, 1], 6))
    pairs = np.sort(np.add.outer(lines, array.pair_offsets_m(scene.array)[:, 1]).ravel())
    assert np.diff(pairs) == pytest.approx(0.05)
    assert pairs[0] <= 0.025 + 1e-9
    assert pairs[-1] >= width - 0.025 - 1e-9
    assert len(lines) == int(np.ceil(width / 0.4 - 1e-9))
    # every pair sounds each 2 cm
    assert scene.motion.speed_m_s / (scene.radar.rate_hz / 8) == pytest.approx(0.02)


def test_scan_of_a_cart_is_written_and_read_with_its_channels(tmp_path):
    scan = simulate_scan(SCENE, seed=1)
    write_scan(scan, tmp_path / "cart.h5")
    back = read_scan(tmp_path / "cart.h5")
    assert not back.faults
    for name in ("gpr", "emi"):
        before, after = getattr(scan, name), getattr(back, name)
        np.testing.assert_array_equal(before.channel, after.channel)
        np.testing.assert_allclose(before.tx_position_m, after.tx_position_m)
        np.testing.assert_allclose(before.data, after.data)


def test_an_array_is_read_from_toml():
    scene = parse_scene(tomllib.loads("[array]\npairs = 5\n"))
    assert scene.array == Array(pairs=5)
    assert parse_scene({}).array is None
    for wrong, message in (
        ("[array]\npairs = 0", "array.pairs must be at least 1"),
        ("[array]\npairs = 2.5", "array.pairs must be of type int"),
    ):
        with pytest.raises(RecipeError, match=message):
            parse_scene(tomllib.loads(wrong))


@pytest.mark.slow
def test_lanes_and_single_scans_go_on_a_cart_by_the_same_option(tmp_path):
    arguments = ["simulate", "--preset", "no-mines", "--cart", "--seed", "3"]
    assert dualsense([*arguments, "--lanes", "1", "-j", "1", "-o", str(tmp_path / "lanes")]) == 0
    assert dualsense([*arguments, "-o", str(tmp_path / "one.h5")]) == 0
    lane, one = read_scan(tmp_path / "lanes" / "no-mines-000003.h5"), read_scan(tmp_path / "one.h5")
    assert json.loads((tmp_path / "lanes" / "lanes.json").read_text())["array"]["pairs"] == Array().pairs
    assert lane.gpr.tx_position_m.shape == (Array().pairs, 3)
    assert lane.emi.tx_position_m.shape == (Array().coils, 3)
    np.testing.assert_array_equal(lane.pose.position_m, one.pose.position_m)
    np.testing.assert_array_equal(lane.gpr.channel, one.gpr.channel)
