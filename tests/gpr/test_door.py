"""The radar's door: every name behind it, an index that lists them, and steps that the recipe mirrors."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dualsense import gpr
from dualsense.io import read_scan
from dualsense.recipe import Recipe
from dualsense.survey import grid_around, track_at

STUB = ast.parse(Path(gpr.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
ORDER = ("_rays", "_soundings", "_prepare", "_clean", "_traces", "_migrate", "_soil", "_bodies")
"""From what knows least to what knows most; ``_radargram`` stands beside, over the traces."""
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


def test_alcoves_import_downwards_only():
    """Imports inside functions and for types alone count too, and nobody comes in by the room's own door."""
    room = Path(gpr.__file__).parent
    rank = {name: i for i, name in enumerate(ORDER)} | {"_radargram": ORDER.index("_traces") + 0.5}
    wrong = []
    for path in sorted(room.rglob("*.py")):
        own = path.relative_to(room).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dualsense.gpr")):
                continue
            other = [*node.module.split("."), "the door"][2]
            if other == "the door" or rank[other] > rank[own] or (other == "_radargram" != own):
                wrong.append(f"{path.relative_to(room)}:{node.lineno} imports {node.module}")
    assert wrong == []


def test_the_chain_by_hand_finds_the_body(sample_dir):
    """What the index shows, with nothing but the doors; the body is where the whole chain puts it."""
    scan = read_scan(sample_dir / "pmn_sand.h5")
    soundings, faults = gpr.calibrate(scan.gpr, track_at(scan.pose, scan.gpr.time_s))
    assert all(fault.severity != "failed" for fault in faults)
    below, surface = gpr.find_surface(soundings)
    cleaned = gpr.remove_background(below, surface)
    assert gpr.unchanged_channels(below, cleaned) == ()
    traces = gpr.analytic_traces(cleaned, surface)
    grid = grid_around(soundings.midpoint_m, cell_m=0.01)
    soil = gpr.estimate_soil(cleaned, traces, grid, height_m=surface.height_m, coarse_cell_m=0.02)
    assert {name for name, _, _ in soil.sources} >= {"prior"}
    volume = gpr.migrate(
        cleaned,
        traces,
        grid,
        0.005 * np.arange(31),
        relative_permittivity=soil.relative_permittivity,
        height_m=surface.height_m,
    )
    over = gpr.over_clutter(volume, grid, np.ones(volume.fold.shape[1:], bool))
    bodies = gpr.find_bodies(volume, grid, over)
    assert bodies
    assert 0.01 < bodies[0].depth_m < 0.12
