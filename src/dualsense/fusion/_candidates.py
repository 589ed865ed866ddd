"""One entry per object: radar bodies and dipoles assigned to each other; what one sensor alone sees stays."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import METAL_BELOW_TOP_M
from dualsense.numerics import assign

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from dualsense.emi import Dipole
    from dualsense.gpr import Body

NEAR_STRONGER_M = 0.08
SHADOW_M = 0.15
SHADOW_RATIO = 1e-3
"""A dipole this much weaker than one within ``SHADOW_M`` may be what a point dipole leaves of that one."""
BODY_STD_M = 0.008
BELOW_TOP_STD_M = 0.04
"""Of the depth of metal below the top of its body, about ``METAL_BELOW_TOP_M``."""
SIGMAS = 2.0
MAX_WIDENING_M = 0.05
"""A metal position that is not well known widens the reach by so many deviations, and never by more than this."""
_APART = 1e9


@dataclass(frozen=True, slots=True)
class Candidate:
    """One object below ground: a radar body, or metal, or both.

    Attributes
    ----------
    body
        What the radar lists.
    dipoles
        Metal, the strongest first.
    weak
        Of metal without a body, the echo at its place: one that would not be listed by itself.
    within
        Features of the metal at the place of ``body`` or ``weak`` (`dualsense.emi.probe_features`); empty where
        that is not known.
    told
        The strongest of the metal with its depth as it is told, from `dualsense.emi.told_depths`; None where that
        is as it was fitted. What metal says of a mine goes by ``dipoles``.
    """

    body: Body | None
    dipoles: tuple[Dipole, ...]
    weak: Body | None = None
    within: Mapping[str, float] = field(default_factory=dict)
    told: Dipole | None = None

    @property
    def lead(self) -> Dipole:
        """The strongest of the metal as a target shows it; there must be some."""
        return self.told or self.dipoles[0]


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


def separation(body: Body, dipole: Dipole) -> tuple[float, float]:
    """Measure how far metal lies from a body.

    The covariance is that of the metal's position, of the body's centre, and of where in a body metal may be: half
    of its radius along each axis to the side (uniform over a disc), and ``BELOW_TOP_STD_M`` about
    ``METAL_BELOW_TOP_M`` below its top.

    Returns
    -------
    aside_m, squared : float
        To the side, and the squared Mahalanobis distance.
    """
    apart = np.array(
        [
            dipole.position_m[0] - body.x_m,
            dipole.position_m[1] - body.y_m,
            -dipole.position_m[2] - body.depth_m - METAL_BELOW_TOP_M,
        ]
    )
    within = math.hypot(BODY_STD_M, 0.25 * body.length_m)
    signs = np.array([1.0, 1.0, -1.0])  # depth counts downwards
    covariance = dipole.covariance_m2 * np.outer(signs, signs) + np.diag(
        [within**2, within**2, BELOW_TOP_STD_M**2]
    )
    return float(math.hypot(apart[0], apart[1])), float(apart @ np.linalg.solve(covariance, apart))


def match(bodies: Sequence[Body], dipoles: Sequence[Dipole], *, match_m: float = 0.06) -> tuple[Candidate, ...]:
    """Assign groups of dipoles and radar bodies to each other: as many pairs as possible, then the likeliest.

    Parameters
    ----------
    bodies
        What the radar lists.
    dipoles
        What the metal detector found.
    match_m
        Largest distance of the metal from the body's outline centre; a body longer than that may hold its metal
        anywhere inside its outline and 2 cm beyond. Two standard deviations of the metal's position are added, at
        most 5 cm.

    Returns
    -------
    tuple of Candidate
        Ordered by x, then y, so that numbering does not depend on strength.

    Notes
    -----
    The sum of the squared distances (`separation`) of all pairs is the least (linear sum assignment).
    """
    groups = group_dipoles(dipoles)
    of_group = _assigned(bodies, [group[0] for group in groups], match_m)
    found = [
        Candidate(None if b is None else bodies[b], tuple(group))
        for b, group in zip(of_group, groups, strict=True)
    ]
    found += [Candidate(body, ()) for b, body in enumerate(bodies) if b not in of_group]
    return tuple(sorted(found, key=_place))


def _assigned(bodies: Sequence[Body], leads: Sequence[Dipole], match_m: float) -> list[int | None]:
    """Index of the body of each lead, or None."""
    cost = np.full((len(leads), len(bodies)), _APART)
    for g, lead in enumerate(leads):
        for b, body in enumerate(bodies):
            aside = math.hypot(lead.position_m[0] - body.x_m, lead.position_m[1] - body.y_m)
            reach = max(match_m, 0.5 * body.length_m + 0.02)
            if aside <= reach + MAX_WIDENING_M and aside <= reach + _widening(body, lead):
                cost[g, b] = separation(body, lead)[1]
    out: list[int | None] = [None] * len(leads)
    if not (cost < _APART).any():
        return out
    for g, b in zip(*assign(cost), strict=True):
        if cost[g, b] < _APART:
            out[int(g)] = int(b)
    return out


def _widening(body: Body, dipole: Dipole) -> float:
    """Reach that the metal's own uncertainty adds in the body's direction."""
    towards: NDArray[np.float64] = np.array([body.x_m, body.y_m]) - dipole.position_m[:2]
    length = float(np.linalg.norm(towards))
    if length == 0.0:
        return 0.0
    towards = towards / length
    variance = float(towards @ dipole.covariance_m2[:2, :2] @ towards)
    return min(SIGMAS * math.sqrt(max(variance, 0.0)), MAX_WIDENING_M)


def _place(candidate: Candidate) -> tuple[float, float]:
    if candidate.body is not None:
        return (candidate.body.x_m, candidate.body.y_m)
    x, y = candidate.dipoles[0].position_m[:2]
    return (float(x), float(y))
