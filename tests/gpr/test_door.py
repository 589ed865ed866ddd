"""The radar's door: every name behind it, an index that lists them, and steps that the recipe mirrors."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dualsense import gpr
from dualsense.recipe import Recipe

STUB = ast.parse(Path(gpr.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
STEPS = {
    "declip": "declip",
    "offset": "remove_offset",
    "dewow": "dewow",
    "time_zero": "time_zero",
    "resample": "resample",
    "calibrate": "calibrate",
    "attitude": "compensate_attitude",
    "bandpass": "bandpass",
    "spiking": "spiking",
    "wiener": "wiener",
    "whitening": "whiten_spectrum",
    "surface": "find_surface",
    "height": "compensate_height",
    "background": "remove_background",
    "fk": "fk_fan",
    "traces": "analytic_traces",
    "gain": "apply_gain",
    "radargram": "attribute",
    "image": "find_bodies",
}
"""Tables of the recipe, and the steps whose keywords they are."""


@pytest.mark.parametrize("name", gpr.__all__)
def test_every_public_name_resolves_and_is_in_the_index(name):
    assert getattr(gpr, name) is not None
    assert re.search(rf"^(\w+, )*{name}\b", gpr.__doc__, re.MULTILINE)


def test_the_index_lists_nothing_else():
    lines = gpr.__doc__.split("Soundings\n---", 1)[1].splitlines()
    heads = (line.split("  ")[0] for line in lines if re.match(r"\w+(, \w+)*  +\S", line))
    listed = [name for head in heads for name in head.split(", ")]
    assert sorted(listed) == sorted(gpr.__all__)


def test_the_stub_names_each_thing_once():
    names = [alias.asname for node in STUB.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(names) == sorted(gpr.__all__)


def test_opening_the_door_imports_nothing_heavy():
    code = "import sys; from dualsense import gpr; print({'numpy', 'numba', 'scipy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(("table", "step"), STEPS.items())
def test_a_step_has_the_keywords_and_defaults_of_its_table(table, step):
    wanted = getattr(Recipe().gpr, table).model_dump(exclude={"on"})
    has = inspect.signature(getattr(gpr, step)).parameters
    assert {name: has[name].default for name in wanted} == wanted
    assert all(has[name].kind is inspect.Parameter.KEYWORD_ONLY for name in wanted)
