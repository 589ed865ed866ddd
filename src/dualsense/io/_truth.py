"""Read what was really buried, and with what scene it was made. Nothing that processes a scan uses this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from dualsense.errors import ScanError
from dualsense.io import _schema as schema
from dualsense.io._text import clean_text
from dualsense.runtime.untrusted import MAX_NAMES
from dualsense.scan import Truth

if TYPE_CHECKING:
    from dualsense.io._nodes import Source


def read_truth(source: Source) -> Truth | None:
    """Read the truth.

    Parameters
    ----------
    source
        Open scan file.

    Returns
    -------
    Truth or None
        ``scene`` holds the attributes of ``/truth`` by name, and what else the group keeps by its path within
        it: further columns as "targets/permittivity", other tables as "dipoles/position". The attributes
        of these stand beside them, as "dipoles/position@units".

    Raises
    ------
    ScanError
        A column is missing, of the wrong type, or not as long as the others.
    """
    if source.group(schema.TRUTH_TARGETS) is None:
        return None
    numbers: dict[str, Any] = {}
    for name, field in schema.TRUTH_NUMBERS.items():
        numbers[name] = source.vector(field)
        if numbers[name] is None:
            raise source.missing(field.path, field.expected)
    texts: dict[str, tuple[str, ...]] = {}
    for name, field in schema.TRUTH_TEXTS.items():
        column = source.texts(field)
        if column is None:
            raise source.missing(field.path, f"text of shape {field.shape}")
        texts[name] = column
    count = numbers["x"].size
    for name, column in (numbers | texts).items():
        if len(column) != count:
            path = f"{schema.TRUTH_TARGETS}/{name}"
            raise source.error(path, f"found {len(column)} rows, expected {count} as in x")
    return Truth(
        x_m=numbers["x"],
        y_m=numbers["y"],
        depth_m=numbers["depth"],
        size_x_m=numbers["size_x"],
        size_y_m=numbers["size_y"],
        size_z_m=numbers["size_z"],
        label=texts["label"],
        model=texts["model"],
        scene=_scene(source),
    )


@dataclass(slots=True)
class _Budget:
    """What may still be read beside the columns of the format: many names for one table cost once."""

    values: int = schema.MAX_SCENE_VALUES
    names: int = MAX_NAMES

    def spend(self, values: int) -> bool:
        """Take a name with so many values, where that much is left."""
        if self.names < 1 or self.values < values:
            return False
        self.names, self.values = self.names - 1, self.values - values
        return True


def _scene(source: Source) -> dict[str, Any]:
    members, attributes = source.names(schema.TRUTH)
    budget = _Budget()
    scene: dict[str, Any] = {name: _attribute(source, schema.TRUTH, name, budget) for name in attributes}
    known = {field.path for field in (*schema.TRUTH_NUMBERS.values(), *schema.TRUTH_TEXTS.values())}
    for member in members:
        path = f"{schema.TRUTH}/{member}"
        try:
            inner, _ = source.names(path)
        except ScanError:
            inner = []
        for one in [f"{path}/{name}" for name in inner] or [path]:
            if one not in known:
                scene |= _table(source, one, budget)
    return {key: value for key, value in scene.items() if value is not None}


def _table(source: Source, path: str, budget: _Budget) -> dict[str, Any]:
    """Read a dataset that the format does not know; one that cannot be read is as good as absent."""
    key = path.removeprefix(f"{schema.TRUTH}/")
    field = schema.Field(path, "", "any")
    try:
        node = source.dataset(path, max_elements=schema.MAX_SMALL_ELEMENTS)
        if node is None or not budget.spend(node.size):
            return {}
        if h5py.check_string_dtype(node.dtype) is not None:
            value: Any = source.texts(field)
        elif source.number_dataset(field) is not None:
            value = source.read(node, path)
        # every dataset has units, but those of a text say nothing
        names = [
            name for name in source.attribute_names(path) if name != schema.UNITS or not isinstance(value, tuple)
        ]
        return {key: value} | {f"{key}@{name}": _attribute(source, path, name, budget) for name in names}
    except (ScanError, OSError, RuntimeError):
        return {}


def _attribute(source: Source, path: str, name: str, budget: _Budget) -> Any:
    """Read an attribute as text, number or array; None for anything else."""
    try:
        value = source.attribute(path, name) if budget.spend(0) else None
    except ScanError:
        return None
    if isinstance(value, (str, bytes)):
        return clean_text(value)
    if isinstance(value, np.generic) and value.dtype.kind in "biufc":
        return value.item()
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        return value
    if isinstance(value, np.ndarray) and all(isinstance(one, (str, bytes)) for one in value.flat):
        return tuple(clean_text(one) for one in value.flat)
    return None
