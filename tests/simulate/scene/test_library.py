"""The library: parts fit their bodies, springs are their wire, and every number says where it comes from."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from dualsense.errors import RecipeError
from dualsense.induction._polarizability import polarizability, spheroid_spectrum
from dualsense.simulate._coils.metal import metal_dipoles
from dualsense.simulate._radar import metal
from dualsense.simulate._scene.catalogue import describe, overview
from dualsense.simulate._scene.library import MODELS, find_model, sources_of
from dualsense.simulate._scene.parts import STEEL, Model, Ring, Spheroid, Spring, from_z
from dualsense.simulate._scene.presets import PRESETS, Preset, parameters_of
from dualsense.simulate._scene.scene import Buried, Soil

FIELD_TABLE = (
    "PMN", "PMN-2", "PMA-1", "PMA-2", "PMA-3", "M14", "Type-72A", "VS-50", "TS-50", "PFM-1", "M16", "PROM-1",
    "OZM-72", "TM-62M", "TM-62P",
)  # fmt: skip


def test_an_unknown_model_lists_what_there_is():
    with pytest.raises(RecipeError, match="unknown model 'PMN-9'; did you mean PMN-2 or "):
        find_model("PMN-9")


SPOUT_AND_BAND_M = {"PMN-voxel": 0.0035, "PMN-cells": 0.0035}
"""The PMN as drawn in voxels wears its band outside, and its spring reaches into the spout beside the body."""


@pytest.mark.parametrize("name", sorted(MODELS))
def test_parts_lie_inside_their_body(name):
    model = MODELS[name]
    half = np.asarray(model.size_m) / 2 + SPOUT_AND_BAND_M.get(name, 0.0)
    for part in model.metal:
        axis = np.asarray(part.axis) / np.linalg.norm(part.axis)
        if isinstance(part, Spring):
            across = (part.radius_m + part.wire_radius_m) * np.sqrt(1 - axis**2)
            reach = across + (part.length_m / 2 + part.wire_radius_m) * np.abs(axis)
        elif isinstance(part, Ring):
            reach = part.radius_m * np.sqrt(1 - axis**2) + part.wire_radius_m
        else:
            reach = np.sqrt((part.polar_semi_axis_m * axis) ** 2 + part.semi_axis_m**2 * (1 - axis**2))
        middle = np.asarray(part.center_m) + np.array([0, 0, half[2]])
        assert np.all(np.abs(middle) + reach <= half * 1.01 + 2e-4)
    for core in model.cores:
        assert core.top_m + core.size_m[2] <= model.size_m[2]
        assert np.all(np.asarray(core.size_m[:2]) <= model.size_m[:2])


def test_what_a_deminer_meets_is_there():
    assert set(FIELD_TABLE) <= {name for name, model in MODELS.items() if model.label == "mine"}
    kinds = {type(part) for model in MODELS.values() for part in model.metal}
    assert kinds == {Spheroid, Ring, Spring}
    assert sum(model.label == "mine" and bool(model.cores) for model in MODELS.values()) > 15
    hidden = [m for m in MODELS.values() if m.label == "metal" and m.relative_permittivity and m.metal]
    assert len(hidden) > 5


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_number_of_a_model_says_where_it_comes_from(name):
    model = MODELS[name]
    sources = sources_of(model)
    assert all(isinstance(source, str) and len(source) > 2 for source in sources.values())
    numbers = 2 + (model.relative_permittivity is not None) + len(model.metal) + len(model.cores)
    assert len(sources) == numbers
    assert {key for key, _ in model.sources} <= {"shape", "size_m", "relative_permittivity"} & set(sources)
    text = describe(name)
    assert text.count("[") == numbers
    assert all(f"[{source}]" in text for source in sources.values())


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_number_of_a_preset_says_where_it_comes_from(name):
    kind = PRESETS[name]
    sources = parameters_of(kind)
    soil = {f"soil.{f.name}" for f in fields(Soil)}
    assert set(sources) == soil | ({f.name for f in fields(Preset)} - {"soil", "sources"})
    assert all(isinstance(source, str) and len(source) > 2 for _, source in sources.values())
    assert {key for key, _ in kind.sources} <= set(sources) | {"soil"}
    assert set(kind.mines) | set(kind.clutter) <= set(MODELS)
    assert all(MODELS[mine].label == "mine" for mine in kind.mines)
    assert not any(MODELS[thing].label == "mine" for thing in kind.clutter)
    assert describe(name).count("[") == len(sources)


def test_the_overview_names_everything():
    text = overview()
    assert all(f"  {name} " in text for name in (*MODELS, *PRESETS))
    with pytest.raises(RecipeError, match="unknown preset or model 'moon'"):
        describe("moon")


SPRING = Spring((0.0, 0.0, -0.03), 0.005, 0.0005, 6, 0.02, STEEL, (1.0, 1.0, 0.0))


def with_metal(monkeypatch, *parts, permittivity=3.0):
    model = Model("metal", "box", (0.1, 0.1, 0.06), permittivity, parts)
    monkeypatch.setattr("dualsense.simulate._scene.placement.find_model", lambda _: model)
    return Buried("anything", 0.0, 0.0, 0.0)


def test_a_spring_is_the_sum_of_its_wire(monkeypatch):
    ((center, whole),) = metal_dipoles((with_metal(monkeypatch, SPRING),))
    np.testing.assert_allclose(center, [0.0, 0.0, -0.03])
    frequency = [1e3, 1e4, 1e5]
    one = polarizability(
        spheroid_spectrum(
            semi_axis_m=0.0005,
            polar_semi_axis_m=SPRING.pieces()[0].polar_semi_axis_m,
            conductivity_s_m=5e6,
            relative_permeability=100.0,
        ),
        frequency,
    )
    total = sum(from_z(p.axis) @ one @ from_z(p.axis).T for p in SPRING.pieces())
    np.testing.assert_allclose(polarizability(whole, frequency), total, rtol=1e-9, atol=1e-9 * np.abs(total).max())
    wire = sum(2 * p.polar_semi_axis_m for p in SPRING.pieces())
    assert wire == pytest.approx(np.hypot(2 * np.pi * 0.005 * 6, 0.02))


def test_a_spring_pulled_straight_is_a_rod_and_an_open_one_no_ring(monkeypatch):
    straight = replace(SPRING, radius_m=1e-6, turns=1, length_m=0.06, axis=(0.0, 0.0, 1.0))
    ((_, pulled),) = metal_dipoles((with_metal(monkeypatch, straight),))
    third = Spheroid((0.0, 0.0, -0.03), 0.0005, 0.01, STEEL)
    ((_, rod),) = metal_dipoles((with_metal(monkeypatch, third),))
    np.testing.assert_allclose(
        polarizability(pulled, [1e4]), 3 * polarizability(rod, [1e4]), rtol=1e-3, atol=1e-15
    )
    ((_, flat),) = metal_dipoles((with_metal(monkeypatch, replace(SPRING, axis=(0.0, 0.0, 1.0))),))
    tensor = polarizability(flat, [1e4])[0]
    assert abs(tensor[0, 0]) == pytest.approx(abs(tensor[1, 1]), rel=1e-9)
    assert abs(tensor[2, 2]) < 0.5 * abs(tensor[0, 0])  # the wire lies across the axis


def scattering(thing):
    found = metal.metal_points((thing,), index=2.0, frequency_hz=np.linspace(0.8e9, 3.2e9, 5))
    return np.concatenate([f.front for f in found]), np.concatenate([f.position_m for f in found])


def test_the_radar_meets_a_spring_as_its_wire(monkeypatch):
    front, place = scattering(with_metal(monkeypatch, SPRING))
    wires, places = scattering(with_metal(monkeypatch, *SPRING.pieces()))
    assert len(front) == 18
    np.testing.assert_array_equal(front, wires)
    np.testing.assert_array_equal(place, places)
    bare = with_metal(monkeypatch, SPRING, permittivity=None)
    assert metal.is_parts_only(bare, index=2.0, band_hz=(0.8e9, 3.2e9))
    assert len(scattering(bare)[0]) == 18
