"""Dipoles that the joint fit found, located one after the other with what position errors do to each row.

The joint fit moves positions with the rows' weights held. Over strong metal, where an error of the track is a
thousand times the noise, it settles centimetres away and spends further dipoles on what is left. `locate` weighs
each row by its own dipole at every step, and integrates the tensor out. So the joint fit tells what is there; then
each object is located, the strongest first, with soil and drift fitted beside those that are already known.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import wait
from copy import copy
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.emi._joint.summary import dipoles_of
from dualsense.emi._locate.again import together_again, widened
from dualsense.emi._locate.apart import apart
from dualsense.emi._locate.astride import FARTHEST_M
from dualsense.emi._locate.locate import DEPTH_RANGE_M, locate
from dualsense.emi._locate.place import (
    BESIDE_MOVE_M,
    NUMERICAL,
    WIDER_M,
    Limits,
    Place,
    aside,
    misfit_of,
)
from dualsense.emi._locate.row_errors import gaussians
from dualsense.emi._locate.separate import FEWEST_M, separate
from dualsense.emi._locate.settled import Settled
from dualsense.emi._locate.together import ground_of
from dualsense.emi._response import take_rows
from dualsense.runtime import threads

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from dualsense.emi._dipole import Dipole, DipoleEstimate
    from dualsense.emi._joint.find import Inversion
    from dualsense.emi._response import Response

    Real = NDArray[np.float64]

TOGETHER_M = 0.08
"""Dipoles this close to the side are looked at as one object, or two."""
ROUNDS, SETTLED = 6, 0.1
"""Soil and drift are fitted again beside what was located, and that is located again, until it moves by less than
this, squared and in standard deviations: over strong metal in magnetic soil two rounds leave a centimetre."""
CLEAR = 0.3
"""Weight of rows, by the position errors of all other metal, from which they are used."""
FEW_ROWS = 30
BETTER = 0.75
"""Of the misfit, which what was found later has to bring."""
PAIR, ALIKE, MERGED = 0.75, 1.5, 3.0
"""Two dipoles have to leave this part of what one leaves. One may leave so many times what it did where it was
found, or what several found ones did, which errors of the track were fitted with."""
BESIDE, BESIDE_MISFIT = 1.0, 1.3
"""With stronger metal within twice the reach, whose position errors `locate` takes for signal, less is believed:
no more may be left than before."""
MOST_NEAR = 1
"""So much else may have been found near one that is asked whether it is two."""
HOPELESS = 2.0
"""Times the way that a dipole may be carried; from so far off a second round does not bring it back."""


def refine(
    response: Response,
    found: Inversion,
    *,
    reach_m: float = 0.25,
    max_misfit: float = 4.0,
    max_move_m: float = 0.08,
    pairs: bool = True,
    together: bool = True,
    at_once: bool = True,
) -> Inversion:
    """Locate what was found; what cannot be located stays as it was found.

    Parameters
    ----------
    response
        Rows in which they were found, as the track has them: `locate` has position errors of its own.
    found
        From `dualsense.emi.find_dipoles`.
    reach_m
        Rows within this distance to the side are used.
    max_misfit
        Per degree of freedom; an estimate above it is not believed.
    max_move_m
        Nor one that lies farther than this to the side of all dipoles that it stands for.
    pairs
        Whether dipoles close together may be taken for two.
    together
        Whether places are found once more with the track, soil, drift and neighbours free in one fit. By that
        errors of the track that last are told apart from depth; it takes some hundredths of a second for each.
    at_once
        With ``together``: whether all that rows hear of is placed in one fit, what could not be located, too, and
        what explains nothing that the others do not is taken away.

    Returns
    -------
    Inversion
        With ``estimate`` in each dipole that was located.
    """
    if not found.dipoles:
        return found
    fit = Settled.of_ground(response, found.balance)
    limits = Limits(reach_m, max_misfit, max_move_m, pairs, together, at_once)
    groups = [[Place(found.dipoles[n].position_m, n) for n in group] for group in _groups(found.dipoles)]
    groups, fit = _in_turn(fit, groups, limits)
    known = [place for places in groups for place in places]
    fit = _settled(fit, known)
    if limits.together:
        known = together_again(fit, known, [found.dipoles[p.lead].position_m for p in known], limits)
        fit = _settled(fit, known)
    else:
        known = [widened(fit, n, place) for n, place in enumerate(known)]
    contrasts = [found.dipoles[p.lead].contrast for p in known]
    dipoles = tuple(_with_estimate(d, p) for d, p in zip(dipoles_of(fit.joint(), contrasts), known, strict=True))
    return replace(found, dipoles=dipoles, balance=fit.balance, weight=fit.weight)


def _groups(dipoles: Sequence[Dipole]) -> list[list[int]]:
    """Put dipoles together that lie close to the side of an earlier, stronger one."""
    groups: list[list[int]] = []
    for n, dipole in enumerate(dipoles):
        for group in groups:
            if np.linalg.norm((dipole.position_m - dipoles[group[0]].position_m)[:2]) < TOGETHER_M:
                group.append(n)
                break
        else:
            groups.append([n])
    return groups


def _in_turn(fit: Settled, begun: Sequence[list[Place]], limits: Limits) -> tuple[list[list[Place]], Settled]:
    """Locate group after group, the strongest first.

    Whether one that lies alone is two is asked aside, while the next is located: seldom is it, and a fit that is
    not two changes nothing. Where it does, what was located meanwhile is located again.
    """
    groups, g = list(begun), 0
    asked: deque[tuple[int, Settled, Future[Any]]] = deque()
    with threads.aside() as begin:
        while g < len(groups) or asked:
            if asked and (g == len(groups) or asked[0][2].done()):
                n, before, told = asked.popleft()
                two, gone, after = told.result()
                if after is not before:
                    # what was found later may be one of the two
                    begun = [*begun[: n + 1], *([p for p in own if p not in gone] for own in begun[n + 1 :])]
                    groups = [*groups[:n], groups[n] if two is None else two, *begun[n + 1 :]]
                    fit, g = after, n + 1
                    while asked:
                        asked.pop()[2].cancel()
                continue
            own = begun[g]
            if not own:
                g += 1
                continue
            threads.go_on()
            earlier, later = ([p for places in part for p in places] for part in (groups[:g], begun[g + 1 :]))
            try:
                groups[g], fit = _located(fit, own, earlier, later, limits)
            except NUMERICAL:
                if not asked:
                    raise
                wait([asked[0][2]])  # what it began from may not stand
                continue
            if limits.pairs and not _beside(own, earlier, limits):
                alone = copy(fit)  # what is computed of one of them is not the other's
                ask = partial(_parted, alone, groups[g], earlier, later, limits.reach_m)
                asked.append((g, alone, begin(ask)))
            g += 1
    return groups, fit


def _settled(fit: Settled, places: Sequence[Place]) -> Settled:
    return fit.beside([p.position for p in places])


def _located(
    fit: Settled, own: list[Place], earlier: list[Place], later: list[Place], limits: Limits
) -> tuple[list[Place], Settled]:
    """One or two dipoles for a group, or the group as it was found; and the fit from which weights go on.

    What was found later may be objects, or what a misplaced dipole left: it is fitted beside this one only where
    that explains the rows clearly better.
    """
    best, fit = _single(fit, own, earlier, later, limits)
    if best is None:
        return own, fit
    single, others, use = best
    beside = [p for p in own[1:] if aside(p, single) >= TOGETHER_M]
    strain, fit = _strain(fit, [*others, single, *beside], use)
    if limits.pairs and len(own) > 1 and not _beside(own, earlier, limits):
        two, fit = _two(fit, others, single, own, use)
        if two is not None and _believed(two, own, limits):
            left, fit = _strain(fit, [*others, *two], use)
            if left < PAIR * strain:
                return two, fit
    before, fit = _strain(fit, [*earlier, *later, *own], use)
    if not _believed([single], own, limits) or strain > _allowed(single, own, earlier, limits) * before:
        return own, fit
    # nothing is lost: what no longer lies beside the one that was located stays as it was found
    return [single, *beside], fit


def _single(
    fit: Settled, own: list[Place], earlier: list[Place], later: list[Place], limits: Limits
) -> tuple[tuple[Place, list[Place], NDArray[np.intp]] | None, Settled]:
    """One dipole for a group, what was fitted beside it, and the rows it was located with."""
    away = np.linalg.norm(fit.ground.response.center_m[:, :2] - own[0].position[:2], axis=1)
    best: tuple[Place, list[Place], NDArray[np.intp]] | None = None
    allowed = (limits.max_move_m, limits.max_misfit)
    if _beside(own, earlier, limits):
        allowed = (BESIDE_MOVE_M, BESIDE_MISFIT)
    for others in (earlier, [*earlier, *later]) if later else (earlier,):
        fit = _settled(fit, others)
        # where errors of the track make noise of other metal, that is all these rows hold
        use = np.flatnonzero((away <= limits.reach_m) & (fit.weight >= CLEAR))
        if use.size < FEW_ROWS:
            continue
        single, fit = _iterated(fit, others, own, use, allowed)
        if single is not None and (best is None or misfit_of(single) < BETTER * misfit_of(best[0])):
            best = (single, others, use)
            if misfit_of(single) <= BESIDE_MISFIT:
                break
    return best, fit


def _allowed(single: Place, own: list[Place], earlier: list[Place], limits: Limits) -> float:
    """How much more than the dipoles as they were found one may leave."""
    allowed = MERGED if len(own) > 1 else ALIKE
    if not _beside(own, earlier, limits):
        return allowed
    moved = min(aside(p, single) for p in own)
    return BESIDE if misfit_of(single) <= BESIDE_MISFIT and moved <= BESIDE_MOVE_M else 0.0


def _beside(own: list[Place], earlier: list[Place], limits: Limits) -> bool:
    """Tell whether stronger metal was found near enough to be seen by the same rows."""
    return any(aside(p, own[0]) <= 2.0 * limits.reach_m for p in earlier)


def _iterated(
    fit: Settled, others: list[Place], own: list[Place], use: NDArray[np.intp], allowed: tuple[float, float]
) -> tuple[Place | None, Settled]:
    """Locate, fit soil and drift again beside that, and locate again, as long as it may come to be believed."""
    here, (most_moved_m, most_misfit) = own, allowed
    for n in range(ROUNDS):
        fit = _settled(fit, [*others, *here])
        estimate = _attempt(fit, range(len(others), len(others) + len(here)), use, own[0].position[:2])
        if estimate is None:
            return None, fit
        step = estimate.position_m - here[0].position
        here = [Place(estimate.position_m, own[0].lead, estimate)]
        moved_m = min(aside(p, here[0]) for p in own)
        if moved_m > HOPELESS * most_moved_m:
            return None, fit
        unlikely = moved_m > most_moved_m or estimate.misfit > most_misfit
        if n > 0 and (unlikely or step @ np.linalg.solve(estimate.covariance_m2, step) < SETTLED):
            break
    return here[0], fit


def _two(
    fit: Settled, others: list[Place], single: Place, own: list[Place], use: NDArray[np.intp]
) -> tuple[list[Place] | None, Settled]:
    """Two dipoles where the evidence is for them, each with its posterior beside the other."""
    fit = _settled(fit, [*others, single])
    try:
        apart = separate(_rows(fit, [len(others)], use), fit.balance.covariance, start_m=single.position[:2])
    except NUMERICAL:
        return None, fit
    if apart.count != 2 or not np.isfinite(apart.covariance_m2).all():
        return None, fit
    fit = _settled(fit, [*others, *(Place(position, own[0].lead) for position in apart.positions_m)])
    out = []
    for k in range(2):
        estimate = _attempt(fit, [len(others) + k], use, apart.positions_m[k][:2])
        if estimate is None:
            return None, fit
        shared = apart.covariance_m2[3 * k : 3 * k + 3, 3 * k : 3 * k + 3]
        wider = estimate.covariance_m2 if np.trace(estimate.covariance_m2) > np.trace(shared) else shared
        out.append(Place(estimate.position_m, own[k].lead, estimate, wider))
    if np.linalg.norm(out[0].position - out[1].position) < FEWEST_M:
        return None, fit
    return out + [p for p in own[2:] if min(aside(p, o) for o in out) >= TOGETHER_M], fit


def _parted(
    fit: Settled, here: list[Place], earlier: list[Place], later: list[Place], reach_m: float
) -> tuple[list[Place] | None, list[Place], Settled]:
    """Two dipoles for what was located as one, where they are two; and what was found later and is one of them.

    With a free track two may seem to explain a third, too, that lies far from both: so what was found beside the
    one stays unless it brings nothing beside the two, and where more was found near by it is not asked.
    """
    near = [p for p in later if aside(p, here[0]) < FARTHEST_M]
    stay = [p.position for p in [*earlier, *later] if p not in near]
    away = np.linalg.norm(fit.ground.response.center_m[:, :2] - here[0].position[:2], axis=1)
    use, wide = (np.flatnonzero(away <= reach_m + more) for more in (0.0, WIDER_M))
    if use.size < FEW_ROWS or len(near) > MOST_NEAR:
        return None, [], fit
    wide = wide[np.argsort(fit.ground.response.time_s[wide], kind="stable")]
    found = [*here, *near]
    try:
        two = apart(fit, ground_of(fit), stay, [p.position for p in found], use, wide, alone=not near)
    except NUMERICAL:
        return None, [], fit
    if two is None:
        return None, [], fit
    kept = [found[k] for k in two.more]
    held = [*stay, *(p.position for p in kept)]
    fit = fit.beside([*held, *two.positions_m])
    out = []
    for k, position in enumerate(two.positions_m):
        # each alone may be carried off beside the other's error: where they are is told by both together
        estimate = _attempt(fit, [len(held) + k], use, position[:2])
        if estimate is None:
            return None, [], fit
        part = slice(3 * k, 3 * k + 3)
        covariance = two.covariance_m2[part, part]
        depth, density = gaussians([(w, at[k], variance[k]) for w, at, variance in two.depths], DEPTH_RANGE_M)
        told = {"position_m": position, "covariance_m2": covariance, "depth_m": depth, "depth_density": density}
        moved = replace(estimate, **told)
        lead = min(found, key=lambda p: float(np.linalg.norm((p.position - position)[:2]))).lead
        out.append(Place(position, lead, moved, covariance))
    return out + [p for p in kept if p in here], [p for p in near if p not in kept], fit


def _believed(after: list[Place], before: list[Place], limits: Limits) -> bool:
    """Tell whether all that was located explains its rows and lies where something was found."""
    return all(
        p.estimate is None
        or (p.estimate.misfit <= limits.max_misfit and min(aside(p, old) for old in before) <= limits.max_move_m)
        for p in after
    )


def _rows(fit: Settled, which: Sequence[int], use: NDArray[np.intp]) -> Response:
    return replace(take_rows(fit.ground.response, use), values=fit.alone(which, use))


def _attempt(fit: Settled, which: Sequence[int], use: NDArray[np.intp], start_m: Real) -> DipoleEstimate | None:
    try:
        estimate = locate(_rows(fit, which, use), fit.balance.covariance, start_m=start_m)
    except NUMERICAL:
        return None
    numbers = (*estimate.position_m, *estimate.covariance_m2.ravel(), estimate.misfit, estimate.coherence)
    return estimate if np.isfinite(numbers).all() else None


def _strain(fit: Settled, places: Sequence[Place], use: NDArray[np.intp]) -> tuple[float, Settled]:
    """Energy that some dipoles leave in some rows, in what noise and stated position errors make."""
    fit = _settled(fit, places)
    return fit.strain(use), fit


def _with_estimate(dipole: Dipole, place: Place) -> Dipole:
    e = place.estimate
    if e is None:
        known = dipole.covariance_m2 if place.covariance is None else place.covariance
        return replace(dipole, covariance_m2=known, placed=place.placed)
    return replace(
        dipole,
        placed=place.placed,
        covariance_m2=e.covariance_m2 if place.covariance is None else place.covariance,
        tensor=e.tensor_m3,
        estimate=e,
    )
