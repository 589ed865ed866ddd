"""What was located, placed once more with its neighbours, soil, drift and the track free beside it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._locate.freed import freed
from dualsense.emi._locate.locate import DEPTH_RANGE_M
from dualsense.emi._locate.place import BESIDE_MOVE_M, NUMERICAL, WIDER_M, Limits, Place, aside
from dualsense.emi._locate.row_errors import blurred, gaussians
from dualsense.emi._locate.together import ground_of, placed
from dualsense.emi._locate.whole import heard_together, placed_at_once

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.emi._locate.settled import Settled
    from dualsense.emi._locate.together import Ground, Placed

    Real = NDArray[np.float64]

NEIGHBOURS = 3
"""So many dipoles at most are placed together."""


def together_again(fit: Settled, known: list[Place], found_m: Sequence[Real], limits: Limits) -> list[Place]:
    """Place what was located once more, with its neighbours and with soil, drift and the track free beside it.

    Parameters
    ----------
    fit
        Of all that is known.
    known
        As located; what was not stays.
    found_m
        Where each (3,) was found before it was located: it may have been carried off from there.
    limits
        Of `refine`.
    """
    groups = heard_together([place.position for place in known], limits.reach_m) if limits.at_once else []
    groups = [which for which in groups if len(which) > 1]  # one that is alone is placed from several starts
    if not groups and all(place.estimate is None for place in known):
        return known
    ground = ground_of(fit)
    whole, surplus = _at_once(fit, ground, groups, limits)
    done: dict[tuple[int, ...], Placed | None] = {}
    out = []
    for n, place in enumerate(known):
        if n in surplus:
            continue
        if n in whole:
            position, covariance = whole[n]
            moved = _moved(place, position, covariance, [(1.0, float(-position[2]), float(covariance[2, 2]))])
            out.append(replace(moved, placed="beside"))
            continue
        if place.estimate is None:
            out.append(place)
            continue
        away = np.array([aside(place, other) for other in known])
        near = np.flatnonzero(away < limits.reach_m)
        which = tuple(sorted(int(k) for k in near[np.argsort(away[near], kind="stable")][:NEIGHBOURS]))
        if which not in done:
            done[which] = _attempted(fit, ground, which, [np.array([found_m[k] for k in which])], limits)
        out.append(_replaced(fit, n, place, (which.index(n), done[which]), found_m[n], limits))
    return out


def _at_once(
    fit: Settled, ground: Ground, groups: Sequence[tuple[int, ...]], limits: Limits
) -> tuple[dict[int, tuple[Real, Real]], set[int]]:
    """Place each group in one fit; give the places of those that have one, and which are superfluous."""
    out: dict[int, tuple[Real, Real]] = {}
    surplus: set[int] = set()
    for which in groups:
        with suppress(*NUMERICAL):
            told, gone = placed_at_once(fit, ground, which, limits)
            out |= told
            surplus.update(gone)
            # the next are placed beside these where they are
            fit = fit.beside([out[n][0] if n in out else p for n, p in enumerate(fit.positions_m)])
    return out, surplus


def _moved(place: Place, position: Real, covariance: Real, depths: list[tuple[float, float, float]]) -> Place:
    """Give a dipole another place, and its posterior, if it has one, the depths that go with it."""
    e = place.estimate
    if e is not None:
        depth, density = gaussians(depths, DEPTH_RANGE_M)
        e = replace(e, position_m=position, covariance_m2=covariance, depth_m=depth, depth_density=density)
    return replace(place, position=position, covariance=covariance, estimate=e)


def _attempted(
    fit: Settled, ground: Ground, which: tuple[int, ...], starts: list[Real], limits: Limits
) -> Placed | None:
    response = fit.ground.response
    away = np.stack([np.hypot(*(response.center_m[:, :2] - fit.positions_m[n][:2]).T) for n in which])
    use = np.flatnonzero(away.min(axis=0) <= limits.reach_m + WIDER_M)
    try:
        return placed(fit, ground, which, use[np.argsort(response.time_s[use], kind="stable")], starts=starts)
    except NUMERICAL:
        return None


def _replaced(
    fit: Settled, n: int, place: Place, anew: tuple[int, Placed | None], found_m: Real, limits: Limits
) -> Place:
    """Take a place with everything free where it explains the rows and lies near; else widen the one there was.

    Near is what lies not far aside of where it was located or, alone, of where it was found.
    """
    k, found = anew
    if place.estimate is None or found is None or found.misfit > limits.max_misfit:
        return widened(fit, n, place)
    position, own = found.positions[k], slice(3 * k, 3 * k + 3)
    covariance, alone = found.covariance[own, own], len(found.positions) == 1
    # what lies alone may have been carried off from where it was found
    near = [place.position, found_m] if alone else [place.position]
    moved_m = min(float(np.linalg.norm((position - at)[:2])) for at in near)
    if moved_m > (limits.max_move_m if alone else BESIDE_MOVE_M) or not np.isfinite(covariance).all():
        return widened(fit, n, place)
    moved = _moved(place, position, covariance, [(w, at[k], variance[k]) for w, at, variance in found.depths])
    return replace(moved, placed="alone" if alone else "beside")


def widened(fit: Settled, n: int, place: Place) -> Place:
    """Give a dipole's place the error bars that it has while soil, drift and the others are fitted beside it."""
    e = place.estimate
    if e is None:
        return place
    covariance = e.covariance_m2 if place.covariance is None else place.covariance
    wider = covariance + freed(fit, n, covariance)
    depths = blurred(e.depth_m, e.depth_density, wider[2, 2], DEPTH_RANGE_M)
    return replace(
        place,
        covariance=wider,
        estimate=replace(e, covariance_m2=wider, depth_m=depths[0], depth_density=depths[1]),
    )
