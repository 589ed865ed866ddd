"""What an object is made of: a body with its cores, and solid metal parts, rings and springs.

An object's own frame has its origin at the centre of its top, z up, so that all of it lies at z <= 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Shape = Literal["cylinder", "box", "ellipsoid", "rod"]
Label = Literal["mine", "metal", "rock", "root", "void", "wet"]
Vector = tuple[float, float, float]

ASSUMED: Final = "assumed"

STEEL: Final = (5e6, 100.0)
ALUMINIUM: Final = (3.5e7, 1.0)
COPPER: Final = (5.8e7, 1.0)
BRASS: Final = (1.5e7, 1.0)
LEAD: Final = (4.8e6, 1.0)
TINPLATE: Final = (5e6, 100.0)
"""Conductivity in S/m and relative permeability: tabulated conductivities of the pure metals and of common brass
(CRC Handbook of Chemistry and Physics); the permeability of steel is assumed."""


@dataclass(frozen=True, slots=True)
class Spheroid:
    """A solid metal part: semi-axis across and along its axis of revolution."""

    center_m: Vector
    semi_axis_m: float
    polar_semi_axis_m: float
    metal: tuple[float, float]
    axis: Vector = (0.0, 0.0, 1.0)
    source: str = ASSUMED


@dataclass(frozen=True, slots=True)
class Ring:
    """A closed turn of wire or band; ``wire_radius_m`` is that of a round wire of the same section."""

    center_m: Vector
    radius_m: float
    wire_radius_m: float
    metal: tuple[float, float]
    axis: Vector = (0.0, 0.0, 1.0)
    source: str = ASSUMED


@dataclass(frozen=True, slots=True)
class Spring:
    """An open helix of wire: no current runs round its turns, but each piece of wire is a long thin body."""

    center_m: Vector
    radius_m: float
    wire_radius_m: float
    turns: int
    length_m: float
    metal: tuple[float, float]
    axis: Vector = (0.0, 0.0, 1.0)
    source: str = ASSUMED

    def pieces(self) -> tuple[Spheroid, ...]:
        """Thirds of turns as straight thin spheroids, without interaction (assumed)."""
        third = np.hypot(2 * np.pi * self.radius_m, self.length_m / self.turns) / 3
        turn = from_z(self.axis)
        out = []
        for j in range(3 * self.turns):
            phi = 2 * np.pi * (j + 0.5) / 3
            rise = self.length_m * ((j + 0.5) / (3 * self.turns) - 0.5)
            tangent = np.array(
                [-np.sin(phi), np.cos(phi), self.length_m / (2 * np.pi * self.radius_m * self.turns)]
            )
            where = turn @ [self.radius_m * np.cos(phi), self.radius_m * np.sin(phi), rise]
            out.append(
                Spheroid(
                    _vector(where + self.center_m),
                    self.wire_radius_m,
                    third / 2,
                    self.metal,
                    _vector(turn @ tangent),
                )
            )
        return tuple(out)


@dataclass(frozen=True, slots=True)
class Core:
    """A piece of another material inside a body, such as the air under a pressure plate.

    ``top_m`` is its depth below the body's top, ``center_m`` its place in the body's plane.
    """

    shape: Shape
    size_m: Vector
    top_m: float
    relative_permittivity: float
    center_m: tuple[float, float] = (0.0, 0.0)
    source: str = ASSUMED


Part = Spheroid | Ring | Spring


@dataclass(frozen=True, slots=True)
class Model:
    """An object.

    Attributes
    ----------
    shape
        "cylinder" stands upright, "rod" is a cylinder lying along x.
    size_m
        Extent along x, y and z.
    relative_permittivity
        Of the body, averaged over casing, explosive and air. None when the body is metal.
    metal
        Parts that the metal detector sees, and the radar too when the body itself is no metal.
    cores
        Of a dielectric body.
    sources
        Where `shape`, `size_m` and `relative_permittivity` come from; what is not named is assumed. Parts and
        cores carry their own.
    """

    label: Label
    shape: Shape
    size_m: Vector
    relative_permittivity: float | None
    metal: tuple[Part, ...] = ()
    cores: tuple[Core, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()

    @property
    def solid(self) -> tuple[Spheroid | Ring, ...]:
        """Metal parts with every spring taken apart into its pieces."""
        out: list[Spheroid | Ring] = []
        for part in self.metal:
            out += part.pieces() if isinstance(part, Spring) else (part,)
        return tuple(out)

    def source_of(self, name: str) -> str:
        """Say where a field comes from, or that it is assumed."""
        return dict(self.sources).get(name, ASSUMED)


def from_z(axis: Vector) -> NDArray[np.float64]:
    """Rotation (3, 3) that takes z to an axis."""
    z = np.asarray(axis) / np.linalg.norm(axis)
    x = np.cross(np.eye(3)[np.argmin(np.abs(z))], z)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z], axis=-1)


def _vector(values: NDArray[np.float64]) -> Vector:
    x, y, z = (float(v) for v in values)
    return x, y, z
