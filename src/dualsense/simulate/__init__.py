"""Scans of invented ground, always labelled as simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dualsense.simulate._record import simulate_file, simulate_scan
    from dualsense.simulate._scene.file import read_scene
    from dualsense.simulate._scene.lanes import random_lane
    from dualsense.simulate._scene.scene import Scene

__all__ = ["Scene", "random_lane", "read_scene", "simulate_file", "simulate_scan"]

_HOMES = {
    "Scene": "_scene.scene",
    "read_scene": "_scene.file",
    "random_lane": "_scene.lanes",
    "simulate_file": "_record",
    "simulate_scan": "_record",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: the arithmetic behind it is slow to load."""
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
