"""Each feature is declared once: nothing is told that is not declared, nothing declared that is never told."""

from __future__ import annotations

import ast
import math
import re
from dataclasses import fields, replace

import numpy as np
import pytest

import dualsense as ds
from dualsense.features import FEATURES, WEAK, EmiFeature, GprFeature, find_feature
from dualsense.fusion._confidence import Silence
from dualsense.fusion._evidence import body_features, shape_features
from dualsense.fusion._weigh import Findings, expert_inputs
from dualsense.gpr import Body, Shape

UNITS = {"1", "m", "1/m2", "m3", "rad", "rad/m", "s", "decade"}
OTHER_MEANINGS = {
    *("x_m", "y_m", "depth_m", "x_std_m", "y_std_m", "depth_std_m", "length_m", "width_m", "radius_m"),
    *("amplitude", "coherence", "contrast", "focus", "heard", "phase_rad", "relative_permittivity"),
}
"""Words that mean something else outside of fusion: keys of the recipe, columns of tables, fields of data."""


def one_key(template, end):
    """One key of those that a declared key stands for."""
    return template.format(axis="first", channel="real_9600_hz", percent=5, rank=1, end=end)


@pytest.fixture(scope="module")
def result(project_root):
    """A result that tells of everything: metal with and without a body, a body without metal."""
    return ds.process_scan(ds.read_scan(project_root / "sample_data" / "pmn_sand_impulse.h5"))


@pytest.fixture(scope="module")
def keys(result):
    return {
        (sensor, key)
        for target in result.targets
        for sensor, evidence in (("emi", target.emi), ("gpr", target.gpr))
        if evidence is not None
        for key in evidence.features
    }


@pytest.mark.slow
def test_what_processing_tells_is_declared(keys):
    for sensor, key in sorted(keys):
        assert find_feature(sensor, key).sensor == sensor


@pytest.mark.slow
def test_what_is_declared_is_told_by_processing(keys):
    produced = {(sensor, find_feature(sensor, key).key) for sensor, key in keys}
    produced.add(("gpr", GprFeature.FALSE_BODIES.key))  # told where ground is left beside strong bodies: see below
    assert [(f.sensor, f.key) for f in FEATURES if (f.sensor, f.key) not in produced] == []
    assert any(key.startswith(WEAK) for _, key in keys)


def test_how_many_bodies_clutter_makes_is_told_where_it_is_known():
    body = Body(0.0, 0.0, 0.05, 0.06, 0.08, 6.0, 0.1, 0.8, 0.0, 0.0)
    assert GprFeature.FALSE_BODIES not in body_features(body)
    assert body_features(replace(body, false_per_m2=0.4))[GprFeature.FALSE_BODIES] == 0.4


@pytest.mark.slow
def test_keys_of_a_result_are_plain_text(result):
    for target in result.targets:
        for evidence in filter(None, (target.emi, target.gpr)):
            assert {type(key) for key in evidence.features} == {str}


def test_a_key_that_nobody_declares_is_refused():
    with pytest.raises(KeyError, match="principal_fourth_m3"):
        find_feature("emi", "principal_fourth_m3")
    with pytest.raises(KeyError, match="weak_depth_m"):
        find_feature("emi", "weak_depth_m")


def test_every_key_stands_for_one_feature():
    for feature in FEATURES:
        for end in ("low", "high"):
            key = one_key(feature, end)
            owners = [f for f in FEATURES if f.sensor == feature.sensor and f.stands_for(key)]
            assert owners == [feature]


@pytest.mark.parametrize("feature", FEATURES, ids=lambda f: f"{f.sensor}-{f}")
def test_a_declaration_is_complete(feature):
    assert feature.unit in UNITS
    assert re.fullmatch(r"[A-Z0-9].*[a-z0-9)]\.", feature.meaning)
    own = {f.key: f for f in FEATURES if f.sensor == feature.sensor}
    if feature.deviation:
        deviation = own[feature.deviation]
        assert "tandard deviation" in deviation.meaning
    ending = {"m": "_m", "m3": "_m3", "rad": "_rad", "rad/m": "_per_m", "s": "_s"}.get(feature.unit)
    assert ending is None or feature.endswith(ending)


def test_every_measure_of_a_shape_is_a_feature():
    measured = Shape(**dict.fromkeys((f.name for f in fields(Shape)), 0.5))
    assert list(shape_features(measured)) == [f.name for f in fields(Shape)]
    assert shape_features(Shape()) == {}


def findings() -> Findings:
    """What both sensors found at one place, every feature known."""
    metal = {one_key(f, "low"): 0.3 for f in EmiFeature if not f.startswith("at_body")}
    within = {one_key(f, end): 0.3 for f in EmiFeature for end in ("low", "high") if f.startswith("at_body")}
    weak = {f.key: 0.3 for f in GprFeature}
    none = Silence(0.0, blind=False)
    return Findings(
        metal=metal,
        body=None,
        weak=weak,
        within=within,
        metal_score=5.0,
        body_score=0.0,
        emi_here=True,
        gpr_here=True,
        metal_silence=none,
        radar_silence=none,
        would_detect=True,
        reflects=True,
        detection_limit_m3=math.inf,
        relative_permittivity=weak[GprFeature.PERMITTIVITY],
    )


@pytest.mark.parametrize("feature", FEATURES, ids=lambda f: f"{f.sensor}-{f}")
@pytest.mark.parametrize("end", ("low", "high"))
def test_inputs_of_the_confidence_model_are_those_that_are_declared(feature, end):
    plain = findings()
    key = one_key(feature, end)
    part = "weak" if feature.sensor == "gpr" else "within" if feature.startswith("at_body") else "metal"
    moved = replace(plain, **{part: dict(getattr(plain, part)) | {key: 0.2}})
    if feature is GprFeature.PERMITTIVITY:
        moved = replace(plain, relative_permittivity=0.2)
    before, after = (expert_inputs(f)["both"] for f in (plain, moved))
    changed = {name for name in before if not np.array_equal(before[name], after[name], equal_nan=True)}
    assert changed == {one_key(name, end) for name in feature.inputs}


def literals(tree):
    """Text in code that is no docstring, with what is formatted into it left empty."""
    docs = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values), node
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value, node


def inputs_by_name(tree):
    """Keys of the dictionaries in `fusion._inputs`: inputs have names of their own, in the model's file."""
    return {id(key) for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys}


def misspellable(path, package):
    room = path.relative_to(package).parts[0]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    fine = inputs_by_name(tree) if path.name == "_inputs.py" else set()
    known = {
        re.sub(r"\{.*?\}", "{}", key) for feature in FEATURES for key in (feature.key, one_key(feature, "low"))
    }
    known |= {one_key(feature, "high") for feature in FEATURES} | {f"{WEAK}{{}}"}
    if room != "fusion":
        known -= OTHER_MEANINGS
    spelt = [(text, node) for text, node in literals(tree) if text in known and id(node) not in fine]
    return [f"{path.relative_to(package)}:{node.lineno} {text}" for text, node in spelt]


def test_no_code_spells_a_feature_by_hand(project_root):
    package = project_root / "src" / "dualsense"
    paths = [p for p in sorted(package.rglob("*.py")) if p != package / "features.py"]
    assert [place for path in paths for place in misspellable(path, package)] == []


def test_a_key_that_is_spelt_by_hand_is_seen(tmp_path):
    path = tmp_path / "fusion" / "_one.py"
    path.parent.mkdir()
    code = 'a = values["metal_aside_m"]\nb = f"principal_{axis}_m3"\nc = f"weak_{name}"\n'
    path.write_text(code, encoding="utf-8")
    found = {line.split()[1] for line in misspellable(path, tmp_path)}
    assert found == {"principal_{}_m3", "weak_{}", "metal_aside_m"}
