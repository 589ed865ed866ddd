"""Scenes from TOML: every key known, every value of its type, or one error that names it."""

from __future__ import annotations

import json
import math
import types
import typing
from dataclasses import MISSING, asdict, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Literal

from dualsense.errors import RecipeError, short_line
from dualsense.runtime.toml import TomlError, read_toml
from dualsense.simulate._scene.handling import Faults
from dualsense.simulate._scene.library import MODELS, unknown_name
from dualsense.simulate._scene.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_scene(path: Path) -> Scene:
    """Read a scene from a TOML file.

    Tables ``[soil]``, ``[motion]``, ``[radar]``, ``[detector]``, ``[noise]``, ``[faults]`` and any number of
    ``[[objects]]``; what is left out keeps its default. ``radar = false`` or ``detector = false`` leaves that
    sensor off the head.

    Raises
    ------
    RecipeError
        The file is no TOML, a key is unknown, or a value has the wrong type or range; the message names it.
    """
    try:
        document = read_toml(path)
    except TomlError as error:
        msg = short_line(f"{path.name}: cannot be read as a scene: {error}")
        raise RecipeError(msg) from error
    try:
        return parse_scene(document)
    except RecipeError as error:
        msg = short_line(f"{path.name}: {error}")
        raise RecipeError(msg) from error


def parse_scene(document: Mapping[str, Any]) -> Scene:
    """Build a scene from nested mappings, as TOML gives them; see `read_scene`."""
    scene: Scene = _build(Scene, document, "")
    for number, thing in enumerate(scene.objects):
        if thing.own is None and thing.model not in MODELS:
            msg = f"objects[{number}].model: {unknown_name('model', thing.model, MODELS)}"
            raise RecipeError(msg)
        model = thing.own or MODELS[thing.model]
        if thing.body_permittivity is not None and model.relative_permittivity is None:
            msg = f"objects[{number}].body_permittivity: {thing.model} is all metal and has none"
            raise RecipeError(msg)
    return scene


def dump_scene(scene: Scene) -> str:
    """Write a scene as TOML, every value of it; `parse_scene` makes the same scene of it again."""
    plain, tables = [], []
    for f in fields(Scene):
        value = getattr(scene, f.name)
        if is_dataclass(value):
            tables.append(f"\n[{f.name}]\n" + _keys(value))
        elif f.name == "objects":
            tables += [f"\n[[objects]]\n{_keys(thing)}" for thing in value]
        elif value is not None or f.name in ("radar", "detector"):
            plain.append(f"{f.name} = {_toml(value)}\n")
    return "".join(plain + tables)


def _keys(part: Any) -> str:
    """Lines of a table."""
    return "".join(f"{line}\n" for line in _pairs(part))


def _pairs(part: Any) -> list[str]:
    """Keys and values; what is None is left out where that is the default, and false where it is not."""
    given = [(f.name, getattr(part, f.name), f.default) for f in fields(part)]
    return [
        f"{name} = {_toml(value)}" for name, value, default in given if value is not None or default is not None
    ]


def _toml(value: Any) -> str:
    if value is None:
        return "false"
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(v) for v in value)}]"
    if is_dataclass(value):
        return f"{{ {', '.join(_pairs(value))} }}"
    return json.dumps(value, ensure_ascii=False)  # strings, booleans and finite numbers look the same


def parse_faults(given: Mapping[str, Any], base: Faults) -> Faults:
    """Add faults by name to others; the names may leave out the unit, as in ``dropout`` for ``dropout_part``.

    Raises
    ------
    RecipeError
        There is no such fault, or not of this size; the message names it.
    """
    full = {name.removesuffix("_part").removesuffix("_s"): name for name in Faults.__dataclass_fields__}
    named = {full.get(name, name): value for name, value in given.items()}
    out: Faults = _build(Faults, {**asdict(base), **named}, "faults.")
    return out


def _build(kind: Any, values: Any, path: str) -> Any:
    if not hasattr(values, "items"):
        msg = f"{path.rstrip('.') or 'a scene'} must be a table, got {values!r}"
        raise RecipeError(msg)
    hints = typing.get_type_hints(kind)
    known = {f.name: f for f in fields(kind)}
    for key in values:
        if key not in known:
            msg = f"unknown key {path}{key}; known are {', '.join(known)}"
            raise RecipeError(msg)
    for name, f in known.items():
        if name not in values and f.default is MISSING and f.default_factory is MISSING:
            msg = f"{path}{name} is missing"
            raise RecipeError(msg)
    given = {key: _convert(hints[key], value, path + key) for key, value in values.items()}
    try:
        return kind(**given)
    except RecipeError as error:  # it knows the key by its kind, and the file by its path
        msg = path + str(error).removeprefix(f"{kind.__name__.lower()}.")
        raise RecipeError(msg) from error


def _kind_of(kinds: list[Any], value: Any) -> Any:
    """Tell which of several kinds of table is meant: the first that has all of its keys, or else the first."""
    keys = set(value) if hasattr(value, "items") else set()
    return next((k for k in kinds if is_dataclass(k) and keys <= {f.name for f in fields(k)}), kinds[0])


def _convert(hint: Any, value: Any, path: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        told = [a for a in args if a is not type(None)]
        return None if value is False or value is None else _convert(_kind_of(told, value), value, path)
    if is_dataclass(hint):
        return _build(hint, value, path + ".")
    if origin is tuple:
        if not isinstance(value, list | tuple) or (args[-1] is not Ellipsis and len(value) != len(args)):
            wanted = "a list" if args[-1] is Ellipsis else f"a list of {len(args)}"
            msg = f"{path} must be {wanted}, got {value!r}"
            raise RecipeError(msg)
        kinds = [args[0]] * len(value) if args[-1] is Ellipsis else args
        return tuple(_convert(k, v, f"{path}[{i}]") for i, (k, v) in enumerate(zip(kinds, value, strict=True)))
    if origin is Literal:
        ok, wanted = value in args, " or ".join(repr(a) for a in args)
    elif hint is float:
        ok = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        wanted = "a finite number"
    else:
        ok, wanted = isinstance(value, hint), f"of type {hint.__name__}"
    if not ok:
        msg = f"{path} must be {wanted}, got {value!r}"
        raise RecipeError(msg)
    return float(value) if hint is float else value
