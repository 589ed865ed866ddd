"""Scenes: read from TOML, refused with the key's name; lanes and shapes that hold together."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest

from dualsense.errors import RecipeError
from dualsense.simulate._radar import facets as facet_surfaces
from dualsense.simulate._scene import shapes
from dualsense.simulate._scene.array import Array
from dualsense.simulate._scene.file import dump_scene, parse_scene, read_scene
from dualsense.simulate._scene.instrument import Detector
from dualsense.simulate._scene.lanes import random_lane
from dualsense.simulate._scene.library import MODELS
from dualsense.simulate._scene.parts import ALUMINIUM, STEEL, Core, Model, Ring, Spheroid, Spring
from dualsense.simulate._scene.presets import PRESETS
from dualsense.simulate._scene.scene import Buried, Layer, Scene, Soil

TEXT = """
scan_id = "plot-7"
radar = false

[soil]
relative_permittivity = 9
conductivity_s_m = 0.02

[[objects]]
model = "TS-50"
x_m = 0.2
y_m = 0.3
depth_m = 0.05

[[objects]]
model = "nail"
x_m = 0.4
y_m = 0.1
depth_m = 0.02
yaw_deg = 30

[motion]
length_m = 0.5

[detector]
frequency_hz = [1000, 8000]

[noise]
position_std_m = [0.001, 0.001, 0.0]
"""

OWN = Model(
    "mine", "box", (0.1, 0.08, 0.04), 3.0,
    (
        Ring((0.0, 0.0, -0.02), 0.03, 0.001, ALUMINIUM),
        Spring((0.0, 0.0, -0.02), 0.004, 0.0005, 6, 0.02, STEEL),
        Spheroid((0.0, 0.0, -0.02), 0.002, 0.01, STEEL, source="drawn"),
    ),
    (Core("box", (0.05, 0.05, 0.005), 0.003, 1.0),),
    (("size_m", "measured"),),
)  # fmt: skip
SHELL = Model("metal", "cylinder", (0.06, 0.06, 0.1), None, (Spheroid((0.0, 0.0, -0.05), 0.03, 0.05, STEEL),))


def test_a_scene_comes_from_toml(tmp_path):
    path = tmp_path / "scene.toml"
    path.write_text(TEXT, encoding="utf-8")
    scene = read_scene(path)
    assert scene.scan_id == "plot-7"
    assert scene.radar is None
    assert scene.soil.relative_permittivity == 9.0
    assert scene.soil.roughness_rms_m == Scene().soil.roughness_rms_m
    assert scene.objects == (Buried("TS-50", 0.2, 0.3, 0.05), Buried("nail", 0.4, 0.1, 0.02, yaw_deg=30.0))
    assert scene.detector.frequency_hz == (1000.0, 8000.0)
    assert scene.noise.position_std_m == (0.001, 0.001, 0.0)
    assert scene.motion.length_m == 0.5


@pytest.mark.parametrize(
    "scene",
    (
        Scene(),
        Scene(radar=None, site='"here" \\ there\n 𝑥 é', objects=(Buried("PMN", 1e-7, -0.1, 0.05, scale=1.5),)),
        Scene(detector=Detector(modality="pulse", overload_v_per_a=None, overload_missing=True)),
        Scene(objects=(Buried("stone", 0.1, 0.2, 0.0, body_size_m=(0.1, 0.2, 0.3), body_permittivity=4.0),)),
        random_lane("cambodia-laterite", rng=np.random.default_rng(3)),
        Scene(
            objects=(Buried("mine of ours", 0.1, 0.2, 0.0, own=OWN), Buried("a shell", 0.3, 0.2, 0.0, own=SHELL))
        ),
        Scene(soil=Soil(layers=(Layer(0.1, 9.0), Layer(0.2, 4.0))), array=Array(pairs=4)),
    ),
    ids=("default", "one sensor", "never overloaded", "own body", "lane", "own parts", "layers and a cart"),
)
def test_a_scene_written_and_read_is_itself(scene):
    assert parse_scene(tomllib.loads(dump_scene(scene))) == scene


@pytest.mark.parametrize(
    ("document", "match"),
    (
        ({"sol": {}}, "unknown key sol; known are scan_id"),
        ({"soil": {"permittivity": 3.0}}, "unknown key soil.permittivity"),
        ({"soil": 3}, "soil must be a table, got 3"),
        ({"soil": {"conductivity_s_m": 1e6}}, "soil.conductivity_s_m must be at most 10"),
        ({"soil": {"permittivity_std": 1000.0}}, "soil.permittivity_std must be at most 1"),
        ({"soil": {"roughness_rms_m": 10.0}}, r"soil.roughness_rms_m must be at most 0\.1"),
        ({"radar": {"step_hz": 3e9}}, "radar.step_hz must be at most the band from start_hz to stop_hz"),
        ({"motion": {"length_m": 1e9}}, "motion.length_m must be at most 100"),
        ({"motion": {"width_m": 1e-9}}, "motion.width_m must be at least 0.001"),
        ({"radar": {"step_hz": 1.0}}, "radar.step_hz must be large enough for at most 10000 tones"),
        (
            {"radar": {"tx_position_m": [0.0495, 0, 0]}},
            "radar.rx_position_m must be another place than tx_position_m",
        ),
        ({"detector": {"rx_position_m": [0, 0, -1]}}, "detector.rx_position_m must be above the ground"),
        (
            {"objects": [{"model": "bolt", "x_m": 1e300, "y_m": 0.1, "depth_m": 0.1}]},
            r"objects\[0\].x_m must be within 1000 m of 0",
        ),
        (
            {"objects": [{"model": "bolt", "x_m": 0, "y_m": 0.1, "depth_m": 0.1, "body_permittivity": 3}]},
            r"objects\[0\].body_permittivity: bolt is all metal",
        ),
        ({"soil": {"relative_permittivity": 0.5}}, "soil.relative_permittivity must be at least 1, got 0.5"),
        ({"soil": {"conductivity_s_m": "much"}}, "soil.conductivity_s_m must be a finite number, got 'much'"),
        ({"soil": {"conductivity_s_m": True}}, "must be a finite number, got True"),
        ({"soil": {"conductivity_s_m": float("nan")}}, "must be a finite number, got nan"),
        ({"objects": [{"model": "PMN", "x_m": 0.1, "y_m": 0.1}]}, r"objects\[0\].depth_m is missing"),
        (
            {
                "objects": [
                    {"model": "PMN", "x_m": 0.1, "y_m": 0.1, "depth_m": 0.1},
                    {"model": "pmm", "x_m": 0, "y_m": 0, "depth_m": 0},
                ]
            },
            r"objects\[1\].model: unknown model 'pmm'; did you mean PMN",
        ),
        (
            {"objects": [{"model": "PMN", "x_m": 0, "y_m": 0, "depth_m": -1}]},
            r"^objects\[0\].depth_m must be at least 0",
        ),
        ({"motion": {"missed_part": 1}}, "motion.missed_part must be at least 0 and less than 1, got 1"),
        ({"noise": {"mains_hz": 0}}, "noise.mains_hz must be greater than 0"),
        ({"detector": {"overload_v_per_a": -1}}, "detector.overload_v_per_a must be greater than 0"),
        ({"objects": {"model": "PMN"}}, "objects must be a list"),
        ({"radar": {"modality": "chirp"}}, "radar.modality must be 'sfcw' or 'impulse', got 'chirp'"),
        ({"radar": {"tx_position_m": [0.0, 0.1]}}, "tx_position_m must be a list of 3"),
        ({"radar": {"stop_hz": 1e8}}, "radar.stop_hz must be greater than"),
        ({"detector": {"frequency_hz": [5.0, 5.0]}}, "frequency_hz must be positive and increasing"),
        ({"detector": {"gate_time_s": [[2e-5, 1e-5]]}}, "gate_time_s"),
        ({"noise": {"position_std_m": [0.1, -0.1, 0.0]}}, "position_std_m must not be negative"),
        ({"radar": False, "detector": False}, "needs a radar or a detector"),
        ({"motion": {"height_m": 0.001}}, "motion.height_m must be at least 0.015"),
        ({"scan_id": 4}, "scan_id must be of type str, got 4"),
    ),
)
def test_refusals_name_the_key(document, match):
    with pytest.raises(RecipeError, match=match):
        parse_scene(document)


@pytest.mark.parametrize("content", (b"[soil", b"\xff\xfe", b"soil = nonsense"))
def test_files_that_are_no_scene(tmp_path, content):
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(RecipeError, match=r"bad\.toml: cannot be read"):
        read_scene(path)
    with pytest.raises(RecipeError, match="none"):
        read_scene(tmp_path / "none.toml")


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_random_lanes_keep_objects_apart_and_inside(preset):
    kind = PRESETS[preset]
    seen = 0
    for seed in range(12):
        scene = random_lane(preset, rng=np.random.default_rng(seed))
        assert scene == random_lane(preset, rng=np.random.default_rng(seed))
        seen += len(scene.objects)
        for i, one in enumerate(scene.objects):
            radius = 0.5 * one.scale * max(MODELS[one.model].size_m[:2])
            assert radius <= one.x_m <= kind.length_m - radius
            assert radius <= one.y_m <= kind.width_m - radius
            for other in scene.objects[:i]:
                apart = np.hypot(one.x_m - other.x_m, one.y_m - other.y_m)
                assert apart > radius + 0.5 * other.scale * max(MODELS[other.model].size_m[:2]) + kind.gap_m
        labels = {MODELS[t.model].label for t in scene.objects}
        assert preset != "no-mines" or "mine" not in labels
    assert seen > 6


def test_an_unknown_preset_lists_what_there_is():
    with pytest.raises(RecipeError, match="unknown preset 'kambodia'; did you mean cambodia-laterite"):
        random_lane("kambodia", rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("shape", "size", "area"),
    (
        ("box", (0.1, 0.06, 0.03), 2 * (0.1 * 0.06 + 0.1 * 0.03 + 0.06 * 0.03)),
        ("cylinder", (0.1, 0.1, 0.05), np.pi * 0.1 * 0.05 + np.pi * 0.1**2 / 2),
        ("rod", (0.2, 0.04, 0.04), np.pi * 0.04 * 0.2 + np.pi * 0.04**2 / 2),
        ("ellipsoid", (0.06, 0.06, 0.06), np.pi * 0.06**2),
    ),
)
def test_surfaces_are_closed_and_hold_their_volume(shape, size, area):
    facets = facet_surfaces.surface(shape, size, spacing_m=0.004)
    assert facets.area_m2.sum() == pytest.approx(area, rel=0.01)
    np.testing.assert_allclose(np.linalg.norm(facets.normal, axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(facets.area_m2 @ facets.normal, 0, atol=1e-9 * area)
    flux = np.sum(facets.area_m2 * np.einsum("ij,ij->i", facets.position_m, facets.normal)) / 3
    assert flux == pytest.approx(shapes.volume_m3(shape, size), rel=0.01)
    assert facets.position_m[:, 2].max() <= 1e-12
    assert facets.position_m[:, 2].min() >= -size[2] - 1e-12
    # what lies straight above a piece is what a ray finds there: nothing above the upper side, all below the lower
    up = facets.normal[:, 2] > 0.3
    np.testing.assert_allclose(facets.chord_m[up], 0, atol=1e-12)
    bottom = facets.position_m[:, 2] < -0.98 * size[2]
    assert facets.chord_m[bottom].max() == pytest.approx(size[2], rel=0.05)


@pytest.mark.parametrize("shape", ("box", "cylinder", "rod", "ellipsoid"))
def test_inside_points_share_the_volume(shape):
    size = (0.1, 0.06, 0.04)
    points, share = shapes.fill_body(shape, size, spacing_m=0.01)
    assert share * len(points) == pytest.approx(shapes.volume_m3(shape, size))
    assert np.all(np.abs(points + np.array([0, 0, 0.02])) <= np.array(size) / 2)
    np.testing.assert_allclose(points.mean(axis=0), [0, 0, -0.02], atol=1e-12)
    assert len(shapes.fill_body(shape, size, spacing_m=1.0)[0]) >= 1
