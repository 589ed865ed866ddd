"""One entry per object: radar bodies and dipoles matched by distance; what one sensor alone sees stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualsense.emi.dipole import Dipole
    from dualsense.gpr.image import Body

NEAR_STRONGER_M = 0.08
SHADOW_M = 0.15
SHADOW_RATIO = 1e-3
"""A dipole this much weaker than one within ``SHADOW_M`` may be what a point dipole leaves of that one."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One object below ground: a radar body, or metal, or both. ``dipoles`` begins with the strongest."""

    body: Body | None
    dipoles: tuple[Dipole, ...]


def group_dipoles(dipoles: Sequence[Dipole]) -> list[list[Dipole]]:
    """Put dipoles of one object together, strongest first.

    A mine holds several metal parts, and what a point dipole cannot follow of a ring is fitted by another one
    beside it. So a dipole joins a stronger one within 8 cm, or within 15 cm of one a thousand times stronger.
    """
    groups: list[list[Dipole]] = []
    for dipole in sorted(dipoles, key=lambda d: -d.statistic):
        for group in groups:
            lead = group[0]
            distance = float(np.linalg.norm(dipole.position_m[:2] - lead.position_m[:2]))
            shadowed = distance < SHADOW_M and dipole.statistic < SHADOW_RATIO * lead.statistic
            if distance < NEAR_STRONGER_M or shadowed:
                group.append(dipole)
                break
        else:
            groups.append([dipole])
    return groups


def match(bodies: Sequence[Body], dipoles: Sequence[Dipole], *, match_m: float = 0.06) -> tuple[Candidate, ...]:
    """Match each group of dipoles with the nearest radar body, nearest pairs first.

    Parameters
    ----------
    match_m
        Largest distance of the metal from the body's outline centre; a body longer than that may hold its metal
        anywhere inside its outline and 2 cm beyond.

    Returns
    -------
    tuple of Candidate
        Ordered by x, then y, so that numbering does not depend on strength.
    """
    groups = group_dipoles(dipoles)
    pairs = []
    for g, group in enumerate(groups):
        for b, body in enumerate(bodies):
            distance = float(np.hypot(group[0].position_m[0] - body.x_m, group[0].position_m[1] - body.y_m))
            if distance <= max(match_m, 0.5 * body.length_m + 0.02):
                pairs.append((distance, g, b))
    of_group: dict[int, int] = {}
    for _, g, b in sorted(pairs):
        if g not in of_group and b not in of_group.values():
            of_group[g] = b
    found = [
        Candidate(bodies[of_group[g]] if g in of_group else None, tuple(group)) for g, group in enumerate(groups)
    ]
    found += [Candidate(body, ()) for b, body in enumerate(bodies) if b not in of_group.values()]
    return tuple(sorted(found, key=_place))


def _place(candidate: Candidate) -> tuple[float, float]:
    if candidate.body is not None:
        return (candidate.body.x_m, candidate.body.y_m)
    x, y = candidate.dipoles[0].position_m[:2]
    return (float(x), float(y))
