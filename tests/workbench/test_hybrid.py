"""Simulated objects in recorded ground are what they would be if they had lain there."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from dualsense.cli import cli
from dualsense.errors import ScanError, UsageError
from dualsense.io import read_scan, write_scan
from dualsense.recipe import load_recipe
from dualsense.result import CALLS
from dualsense.simulate import Buried, Motion, Radar, Scene, SurfaceEcho, add_objects, dump_scene, simulate_scan
from dualsense.workbench import _seen, hybrid_scan, seen_html, seen_json, seen_maps, seen_text, would_be_seen

THING = (Buried("PMN", 0.25, 0.15, 0.05),)
SMALL = Motion(length_m=0.5, width_m=0.3)


@pytest.fixture(scope="module")
def lanes(tmp_path_factory):
    """The same sweep over empty ground, over a mine, and over the mine that was put into the empty one."""
    folder = tmp_path_factory.mktemp("hybrid")
    empty = Scene(scan_id="lane", motion=SMALL)
    scene = replace(empty, objects=THING)
    write_scan(simulate_scan(empty, seed=3), folder / "recorded.h5")
    (folder / "scene.toml").write_text(dump_scene(scene))
    words = ["simulate", str(folder / "scene.toml"), "--into", str(folder / "recorded.h5")]
    ran = CliRunner().invoke(cli, [*words, "-o", str(folder / "hybrid.h5")])
    assert ran.exit_code == 0, ran.output
    assert CliRunner().invoke(cli, [*words, "-o", str(folder / "x.h5"), "--cart"]).exit_code == 2
    recorded, hybrid = (read_scan(folder / f"{name}.h5") for name in ("recorded", "hybrid"))
    return recorded, simulate_scan(scene, seed=3), hybrid, scene


def test_echo_and_metal_are_those_of_an_object_that_lay_there(lanes):
    recorded, real, hybrid, _ = lanes
    for name, least, ratio in (("gpr", 0.8, 0.15), ("emi", 0.99, 0.02)):
        wanted = getattr(real, name).data - getattr(recorded, name).data
        added = getattr(hybrid, name).data - getattr(recorded, name).data
        norms = np.linalg.norm(added), np.linalg.norm(wanted)
        assert abs(np.vdot(added, wanted)) / (norms[0] * norms[1]) > least
        assert norms[0] / norms[1] == pytest.approx(1.0, abs=ratio)


def test_a_hybrid_says_what_it_is_and_keeps_the_truth(lanes):
    recorded, _, hybrid, _ = lanes
    assert hybrid.header.source == "simulated"
    assert hybrid.header.notes.startswith("HYBRID: 1 simulated objects added to simulated ground")
    assert hybrid.truth.model == ("PMN",)
    assert hybrid.truth.x_m == pytest.approx([0.25])
    assert hybrid.imported["hybrid_recorded_sha256"] == recorded.sha256
    assert np.array_equal(hybrid.pose.position_m, recorded.pose.position_m)


def test_a_mine_is_put_at_every_place_and_told_of(lanes):
    recorded, *_ = lanes
    seen = would_be_seen(recorded, "PMN", depth_m=0.05, spacing_m=0.45)
    assert seen.places
    assert all(one.found and one.call == "suspect" and one.off_m < 0.05 for one in seen.told)
    document = json.loads(seen_json(seen))
    assert document["found"] == document["told"] == len(seen.told)
    assert seen_text(seen).startswith("SIMULATED PMN with its top 5 cm deep, put into lane: to be dug at")
    losses = [one.loss for one in seen.places]
    assert all(0.0 < loss < 0.9 for loss in losses), "filters take a part of an echo, and not most of it"
    maps = seen_maps(seen)
    values, y, x = maps["loss"]
    assert values.shape == (y.size, x.size)
    assert sorted(values[np.isfinite(values)]) == sorted(one.loss for one in seen.told)
    assert np.nanmax(maps["confidence"][0]) == max(one.confidence for one in seen.told)
    page = seen_html(seen)
    assert "SIMULATED" in page
    assert page.count("data:image/png;base64,") == 1
    assert page.count("<tr>") == 1 + len(seen.places)
    with pytest.raises(UsageError, match="no model is called 'PNM'"):
        would_be_seen(recorded, "PNM")


def test_channels_that_sound_at_the_same_moment_keep_their_own_ground(lanes):
    """The second channel hears the surface twice as loud: so it does the mine."""
    recorded, *_, scene = lanes
    some, tones = np.repeat(np.arange(0, recorded.gpr.time_s.size, 8), 2), np.s_[::12]
    channel = np.arange(some.size) % 2
    arms = {name: np.repeat(getattr(recorded.gpr, name), 2, axis=0) for name in ("tx_position_m", "rx_position_m")}
    gpr = replace(
        recorded.gpr,
        time_s=recorded.gpr.time_s[some],
        data=recorded.gpr.data[some],
        channel=channel,
        **arms,
    )
    f = gpr.frequency_hz[tones]
    spectrum = np.ones((some.size, f.size)) * (1.0 + 1.0j) * (1.0 + channel)[:, None]
    surface = SurfaceEcho(gpr.time_s, channel, f, spectrum, np.full(some.size, 0.05))
    hybrid = add_objects(replace(recorded, gpr=gpr, emi=None), scene, surface)
    added = (hybrid.gpr.data - gpr.data)[:, tones]
    assert np.abs(added).max() > 0.01
    assert np.allclose(added[1::2], 2.0 * added[::2])


@pytest.mark.parametrize("call", CALLS)
def test_a_mine_is_found_where_the_call_is_to_dig(call):
    target = SimpleNamespace(x_m=0.0, y_m=0.03, call=call, confidence=0.5)
    found = [_seen._place(x, 0.0, SimpleNamespace(targets=[target]), SimpleNamespace(targets=[])) for x in (0, 1)]
    assert [one.found for one in found] == [call != "likely-clutter", False]
    assert [one.call for one in found] == [call, "none"]


def test_traces_in_time_take_an_echo_too(lanes):
    *_, scene = lanes
    empty = replace(scene, objects=(), radar=Radar(modality="impulse"), detector=None)
    recorded = simulate_scan(empty, seed=3)
    wanted = simulate_scan(replace(empty, objects=THING), seed=3).gpr.data - recorded.gpr.data
    little = load_recipe(None, ["survey.cell_m=0.02", "gpr.migrate.depth_stop_m=0.03"])
    added = hybrid_scan(recorded, scene, little).gpr.data - recorded.gpr.data
    assert np.vdot(added, wanted) / np.linalg.norm(added) / np.linalg.norm(wanted) > 0.8
    with pytest.raises(ScanError, match="no echo of the ground's surface tells"):
        add_objects(recorded, scene, None)
