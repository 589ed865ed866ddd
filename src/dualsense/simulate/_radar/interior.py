"""Within a body: the cores above a point, what surrounds a metal part, and the field that gets there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.simulate._scene.parts import Ring
from dualsense.simulate._scene.shapes import is_below_outline

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._scene.parts import Core, Model, Spheroid


def cores_above(
    model: Model, scale: float, own_m: NDArray[np.float64], but: Core | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Extra one-way delay (m,), and the amplitude that both ways leave, of cores straight above points."""
    delay, share = np.zeros(len(own_m)), np.ones(len(own_m))
    if model.relative_permittivity is None:
        return delay, share
    body = np.sqrt(model.relative_permittivity)
    for core in model.cores:
        if core is but:
            continue
        index = np.sqrt(core.relative_permittivity)
        below = _under(core, scale, own_m) & (own_m[:, 2] < -0.999 * scale * (core.top_m + core.size_m[2]))
        delay += below * scale * core.size_m[2] * (index - body) / C0_M_S
        share *= np.where(below, (1 - ((index - body) / (index + body)) ** 2) ** 2, 1.0)
    return delay, share


def _under(core: Core, scale: float, own_m: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points lie within a core's outline, seen from above."""
    x, y, z = core.size_m
    return is_below_outline(
        core.shape, (scale * x, scale * y, scale * z), own_m - scale * np.array([*core.center_m, 0.0])
    )


def field_at(
    model: Model, scale: float, own_m: NDArray[np.float64], index: float, k: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """Field (k,) about a part of a body over that in soil without the body, of a wave straight down.

    That of the flat layers which body and cores are there, to and fro within them included; a core that the part
    lies in is none of them, and a part beside the body has the soil's.
    """
    place = own_m[:1]
    depth = -float(place[0, 2])
    x, y, height = (scale * s for s in model.size_m)
    if not is_below_outline(model.shape, (x, y, height), place)[0]:
        return np.ones(len(k), np.complex128)
    edges, body = {0.0, depth, height}, float(np.sqrt(model.relative_permittivity or 1.0))
    cores = [
        (scale * core.top_m, scale * (core.top_m + core.size_m[2]), float(np.sqrt(core.relative_permittivity)))
        for core in model.cores
        if _under(core, scale, place)[0]
    ]
    cores = [core for core in cores if not core[0] <= depth <= core[1]]
    edges |= {edge for core in cores for edge in core[:2] if 0 < edge < height}
    tops = sorted(edges)
    # field and its slope over -i k, carried up from the soil below the body
    field, slope = np.ones(len(k), np.complex128), np.full(len(k), index, np.complex128)
    about = field
    for top, bottom in zip(tops[-2::-1], tops[:0:-1], strict=True):
        middle = 0.5 * (top + bottom)
        n = next((own for first, last, own in cores if first < middle < last), body)
        turned = k * n * (bottom - top)
        field, slope = (
            field * np.cos(turned) + 1j * slope / n * np.sin(turned),
            slope * np.cos(turned) + 1j * n * field * np.sin(turned),
        )
        if top == depth:
            about = field
    out: NDArray[np.complex128] = about * np.exp(1j * k * index * depth) * 2 / (field + slope / index)
    return out


def host_permittivity(model: Model, part: Spheroid | Ring, index: float) -> float:
    """Permittivity about a metal part of a dielectric body: the body's, or a mean of core and body.

    A ring about the body has the mean of body and soil.

    In a narrow core the field reaches into the body: layers about a thin wire of length L in series, weighted by
    the logarithms ln(b/a) and ln(L/b) of their radii.
    """
    body = float(model.relative_permittivity or 1.0)
    center = np.asarray(part.center_m)
    if isinstance(part, Ring):
        wire, length = part.wire_radius_m, 2 * np.pi * part.radius_m
        center = center + part.radius_m * np.cross(part.axis, np.roll(part.axis, 1))
        if not is_below_outline(model.shape, model.size_m, center[None])[0]:
            return 0.5 * (body + index**2)
    else:
        wire, length = sorted((part.semi_axis_m, 2 * part.polar_semi_axis_m))
    for core in model.cores:
        depth = -center[2] - core.top_m
        if 0 <= depth <= core.size_m[2] and _under(core, 1.0, center[None])[0]:
            edge = float(np.clip(0.5 * min(core.size_m), 1.01 * wire, 0.99 * max(length, 1.1 * wire)))
            within, beyond = np.log(edge / wire), max(float(np.log(length / edge)), 0.0)
            return float((within + beyond) / (within / core.relative_permittivity + beyond / body))
    return body
