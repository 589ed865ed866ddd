"""Colours: maps from values to colours, scales, and the names of plain ones.

``assets/colours.npy`` holds the maps, (5, 256, 3): viridis, inferno and cividis (van der Walt, Smith, Nuñez,
Anderton and Renslow, CC0), RdBu of ColorBrewer (Brewer, Apache 2.0) and twilight (Bechtold, CC0).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAPS = ("viridis", "inferno", "cividis", "RdBu_r", "twilight")
SHADES = 256


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to the part of a colour map: 0 at the low end, 1 at the high one, what is beyond cut off.

    Attributes
    ----------
    low, high
        Values at the two ends.
    gamma
        Power that lifts what is weak: the part between the ends to this power.
    """

    low: float
    high: float
    gamma: float = 1.0

    def parts(self, values: NDArray[Any]) -> NDArray[Any]:
        """Places of values on the scale, 0 to 1, in the values' own precision; NaN stays NaN."""
        linear = (values - self.low) / (self.high - self.low)
        np.clip(linear, 0.0, 1.0, out=linear)
        return linear if self.gamma == 1.0 else np.power(linear, self.gamma, out=linear)


@cache
def colour_table(name: str) -> NDArray[np.uint8]:
    """Colours of a map from its low to its high end, (256, 3)."""
    with files("dualsense.render").joinpath("assets", "colours.npy").open("rb") as file:
        tables: NDArray[np.uint8] = np.load(file)
    return tables[MAPS.index(name)]


def shade(values: NDArray[Any], scale: Scale, name: str, missing: str) -> NDArray[np.uint8]:
    """Colours of values of any shape, (..., 3), NaN in a colour of its own.

    Parameters
    ----------
    values
        Any shape, floating; infinite ones lie at an end of the scale.
    scale
        From values to the map.
    name
        Of the map.
    missing
        Colour of NaN, "#rrggbb".
    """
    parts = scale.parts(values)
    index = np.minimum(parts * SHADES, SHADES - 1)
    index = np.where(np.isnan(index), SHADES, index).astype(np.intp)
    return np.take(np.concatenate([colour_table(name), plain_colour(missing)[None]]), index, axis=0)


@cache
def plain_colour(name: str) -> NDArray[np.uint8]:
    """Red, green and blue of "#rrggbb", (3,)."""
    return np.frombuffer(bytes.fromhex(name[1:7]), dtype=np.uint8)


def hex_names(name: str, count: int) -> list[str]:
    """Evenly spaced colours of a map as "#rrggbb", its two ends among them."""
    index = np.minimum(np.linspace(0.0, 1.0, count) * SHADES, SHADES - 1).astype(np.intp)
    return ["#" + bytes(colour).hex() for colour in colour_table(name)[index]]
