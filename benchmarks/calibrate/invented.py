"""Mines that nobody built: bodies and metal drawn at random, so that the confidence model learns no list of types.

A model that is trained on eight types knows eight amounts of metal, and takes a ninth for litter. What mines have
in common is a body of plastic, rubber or wood as large as a hand, with air in it, and metal inside that body:
nothing but a pin, a striker with its spring, or a plate and a ring of the body's own width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualsense.simulate._scene.parts import ALUMINIUM, BRASS, COPPER, STEEL, Core, Model, Ring, Spheroid, Spring

if TYPE_CHECKING:
    import numpy as np

    from dualsense.simulate._scene.parts import Part, Vector

NAME = "invented"
LITTLE, SOME = 0.4, 0.35
"""Shares of mines with hardly any metal, and with a striker; the others have rings, plates or tubes too."""
_AXES: tuple[Vector, ...] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
_SOFT, _ANY = (ALUMINIUM, BRASS), (STEEL, STEEL, ALUMINIUM, BRASS, COPPER)


def invented_mine(rng: np.random.Generator) -> Model:
    """Draw a mine: its body, the air in it, and its metal.

    Parameters
    ----------
    rng : Generator

    Returns
    -------
    Model
        Of label "mine", all of its metal inside its body.
    """
    round_ = rng.uniform() < 0.7
    if round_:
        across = float(rng.uniform(0.055, 0.13))
        size: Vector = (across, across, float(rng.uniform(0.03, 0.065)))
    else:
        size = (float(rng.uniform(0.1, 0.19)), float(rng.uniform(0.05, 0.1)), float(rng.uniform(0.02, 0.065)))
    metal = [_detonator(size, rng)]
    kind = rng.uniform()
    if kind >= LITTLE:
        metal += [_striker(size, rng), _spring(size, rng)]
    if kind >= LITTLE + SOME:
        metal += [_large(size, rng) for _ in range(1 + int(rng.uniform() < 0.4))]
    elif kind < LITTLE:
        metal += [_pin(size, rng)] if rng.uniform() < 0.7 else []
    return Model(
        label="mine",
        shape="cylinder" if round_ else "box",
        size_m=size,
        relative_permittivity=float(rng.uniform(2.5, 3.6)),
        metal=tuple(metal),
        cores=_air(size, rng) if rng.uniform() < 0.7 else (),
    )


def _within(size: Vector, rng: np.random.Generator) -> Vector:
    """Draw a place well inside a body."""
    x, y, z = size
    return (
        float(rng.uniform(-0.22, 0.22)) * x,
        float(rng.uniform(-0.22, 0.22)) * y,
        float(rng.uniform(-0.75, -0.25)) * z,
    )


def _along(size: Vector, half_length: float, rng: np.random.Generator) -> tuple[Vector, float]:
    """Draw an axis, and cut half a length to what the body has room for along it."""
    axis = int(rng.integers(3))
    return _AXES[axis], min(half_length, 0.24 * size[axis])


def _detonator(size: Vector, rng: np.random.Generator) -> Part:
    axis, half = _along(size, float(rng.uniform(0.003, 0.012)), rng)
    metal = _SOFT[rng.integers(len(_SOFT))]
    return Spheroid(_within(size, rng), float(rng.uniform(0.002, 0.0035)), half, metal, axis)


def _pin(size: Vector, rng: np.random.Generator) -> Part:
    axis, half = _along(size, float(rng.uniform(0.003, 0.01)), rng)
    return Spheroid(_within(size, rng), 0.001, half, STEEL, axis)


def _striker(size: Vector, rng: np.random.Generator) -> Part:
    axis, half = _along(size, float(rng.uniform(0.008, 0.03)), rng)
    return Spheroid(_within(size, rng), float(rng.uniform(0.0015, 0.005)), half, STEEL, axis)


def _spring(size: Vector, rng: np.random.Generator) -> Part:
    axis, half = _along(size, float(rng.uniform(0.005, 0.02)), rng)
    wire, turns = float(rng.uniform(0.0002, 0.0008)), int(rng.integers(4, 12))
    radius = min(float(rng.uniform(0.003, 0.0065)), 0.2 * min(size))
    return Spring(_within(size, rng), radius, wire, turns, 2.0 * half, STEEL, axis)


def _large(size: Vector, rng: np.random.Generator) -> Part:
    """Draw a ring about the body, a plate across it, or a tube or rod in it."""
    least = min(size[:2])
    metal, depth = _ANY[rng.integers(len(_ANY))], float(rng.uniform(-0.6, -0.1)) * size[2]
    kind = int(rng.integers(3))
    if kind == 0:
        radius, wire = least * float(rng.uniform(0.2, 0.46)), float(rng.uniform(0.0003, 0.0014))
        return Ring((0.0, 0.0, depth), radius, wire, metal)
    if kind == 1:
        return Spheroid((0.0, 0.0, depth), least * float(rng.uniform(0.1, 0.35)), 0.0005, metal)
    axis, half = _along(size, float(rng.uniform(0.015, 0.045)), rng)
    return Spheroid(_within(size, rng), float(rng.uniform(0.003, 0.006)), half, metal, axis)


def _air(size: Vector, rng: np.random.Generator) -> tuple[Core, ...]:
    """Draw the air under a pressure plate."""
    part, thick = float(rng.uniform(0.3, 0.9)), float(rng.uniform(0.003, 0.012))
    shape = "cylinder" if size[0] == size[1] else "box"
    return (Core(shape, (part * size[0], part * size[1], thick), float(rng.uniform(0.002, 0.008)), 1.0),)
