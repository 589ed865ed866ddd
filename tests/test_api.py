"""The public API: every name is there, and importing the package is cheap."""

from __future__ import annotations

import subprocess
import sys

import pytest

import dualsense


@pytest.mark.parametrize("name", dualsense.__all__)
def test_every_public_name_resolves(name):
    assert getattr(dualsense, name) is not None


ROOMS = {
    "chain",
    "emi",
    "evaluate",
    "fusion",
    "gpr",
    "induction",
    "io",
    "live",
    "recipe",
    "render",
    "simulate",
    "survey",
}


def test_the_rooms_are_part_of_the_public_api():
    assert set(dualsense.__all__) >= ROOMS
    assert all(getattr(dualsense, name).__name__ == f"dualsense.{name}" for name in ROOMS)


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_every_door_opens_to_what_its_stub_names(room):
    door = getattr(dualsense, room)
    for name in getattr(door, "__all__", ()):
        assert getattr(door, name) is not None


@pytest.mark.parametrize("room", ("", *sorted(f".{room}" for room in ROOMS), ".cli"))
def test_importing_a_door_loads_nothing_heavy(room):
    heavy = "{'numpy', 'scipy', 'h5py', 'numba', 'matplotlib', 'pydantic'}"
    code = f"import dualsense{room}, sys; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing_like_this"):
        _ = dualsense.nothing_like_this
