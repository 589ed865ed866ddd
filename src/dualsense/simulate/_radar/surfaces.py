"""Surfaces of buried bodies and of their cores as pieces that reflect the radar's wave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.simulate._radar import interior
from dualsense.simulate._radar.facets import Facets, surface
from dualsense.simulate._radar.metal import is_parts_only
from dualsense.simulate._radar.scatterers import Scatterers
from dualsense.simulate._scene.placement import model_of, rotation_of, size_m, to_local

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._scene.parts import Core
    from dualsense.simulate._scene.scene import Buried

    Real = NDArray[np.float64]

_PIECES_PER_WAVE = 5.0
_PIECES_PER_BODY = 3.0
_FLOOR = -0.9
"""Upward part of a normal: below it a piece faces straight down."""
_FAINT_ROUND = 0.01
"""Of the floor's first echo: rounds within the body that are fainter are left out."""


@dataclass(frozen=True, slots=True, eq=False)
class _Boundary:
    """A surface of an object between two media.

    Attributes
    ----------
    facets
        In the object's own frame.
    outer, inner
        Refractive indices on its two sides; None within metal.
    core
        The core that it bounds, or None for the body's own outside.
    """

    thing: Buried
    facets: Facets
    outer: float
    inner: float | None
    core: Core | None = None


def surfaces(objects: tuple[Buried, ...], *, index: float, band_hz: tuple[float, float]) -> Scatterers:
    """Surfaces of all bodies and of their cores, but not of the smallest metal.

    A dielectric in a medium of index n reflects at its outside with R = (n - n_b) / (n + n_b) and, from within,
    with -R (1 - R^2), later by what its own index makes of the way through, and by its floor again with another
    R^2 each time that the wave has gone to and fro within; metal reflects with -1 at its outside only.

    Parameters
    ----------
    objects
        Whose middles lie in one layer.
    index
        Refractive index of the soil there.
    band_hz
        Lowest and highest frequency.

    Returns
    -------
    Scatterers
        With normals, grouped by surface.
    """
    finest = C0_M_S / (band_hz[1] * index * _PIECES_PER_WAVE)
    pieces: list[tuple[Real, ...]] = []
    for thing in objects:
        if is_parts_only(thing, index=index, band_hz=band_hz):
            continue
        for boundary in _boundaries(thing, index, finest):
            pieces += _reflections(boundary, index)
    if not pieces:
        none = np.zeros(0)
        return Scatterers(np.zeros((0, 3)), none, np.zeros((0, 3)), none, none, none)
    return Scatterers(*(np.ascontiguousarray(np.concatenate(part)) for part in zip(*pieces, strict=True)))


def _boundaries(thing: Buried, index: float, finest_m: float) -> list[_Boundary]:
    """Outside of a body in soil of an index, then that of each of its cores, in pieces not wider than given."""
    model, size = model_of(thing), size_m(thing)
    outside = surface(model.shape, size, spacing_m=min(finest_m, max(size) / _PIECES_PER_BODY))
    if model.relative_permittivity is None:
        return [_Boundary(thing, outside, index, None)]
    body = float(np.sqrt(model.relative_permittivity))
    out = [_Boundary(thing, outside, index, body)]
    for core in model.cores:
        x, y, z = (thing.scale * s for s in core.size_m)
        own = surface(core.shape, (x, y, z), spacing_m=min(finest_m, max(x, y) / _PIECES_PER_BODY))
        place = own.position_m + thing.scale * np.array([*core.center_m, -core.top_m])
        lower = Facets(place, own.normal, own.area_m2, own.chord_m)
        out.append(_Boundary(thing, lower, body, float(np.sqrt(core.relative_permittivity)), core))
    return out


def _reflections(boundary: _Boundary, index: float) -> list[tuple[Real, ...]]:
    """Columns of `Scatterers` of a boundary's pieces, and once more for each round of the wave within the body.

    A piece is seen through what lies above it in the object, whose delays are those beyond soil of an index.
    """
    thing, facets, outer, inner = boundary.thing, boundary.facets, boundary.outer, boundary.inner
    if inner is None:
        front, back, slower = -1.0, 0.0, 0.0
    else:
        front = (outer - inner) / (outer + inner)
        back, slower = -front * (1 - front**2), (inner - index) / C0_M_S
    covered = np.maximum(0.0, -facets.position_m[:, 2] - facets.chord_m) * (outer - index) / C0_M_S
    delay, through = interior.cores_above(model_of(thing), thing.scale, facets.position_m, boundary.core)
    if boundary.core is not None:
        through = through * (1 - ((index - outer) / (index + outer)) ** 2)
    share = facets.area_m2 / (2 * np.pi)
    own_delay = covered + (0.0 if boundary.core is None else delay)
    place, normal = to_local(thing, facets.position_m), facets.normal @ rotation_of(thing).T
    behind, late = back * share * through, covered + delay + slower * facets.chord_m
    before = front * share * (1.0 if boundary.core is None else through)
    pieces: list[tuple[Real, ...]] = [(place, before, normal, behind, own_delay, late)]
    # a floor that faces straight down gets the wave again after each way to and fro in the body
    floor = facets.normal[:, 2] < _FLOOR
    once = 0.0 if inner is None else front**2
    part, rounds = once, 1
    while part > _FAINT_ROUND and floor.any():
        longer = late + rounds * (delay + (0.0 if inner is None else inner) * facets.chord_m / C0_M_S)
        columns = (place, 0.0 * share, normal, part * behind, own_delay, longer)
        pieces.append(tuple(column[floor] for column in columns))
        part, rounds = part * once, rounds + 1
    return pieces
