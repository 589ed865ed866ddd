"""Dipoles that the joint fit found, located one after the other with what position errors do to each row.

The joint fit moves positions with the rows' weights held. Over strong metal, where an error of the track is a
thousand times the noise, it settles centimetres away and spends further dipoles on what is left. `locate` weighs
each row by its own dipole at every step, and integrates the tensor out. So the joint fit tells what is there; then
each object is located, the strongest first, with soil and drift fitted beside those that are already known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._joint.summary import dipoles_of
from dualsense.emi._locate.freed import freed
from dualsense.emi._locate.locate import DEPTH_RANGE_M, locate
from dualsense.emi._locate.row_errors import blurred, gaussians
from dualsense.emi._locate.separate import FEWEST_M, separate
from dualsense.emi._locate.settled import Settled
from dualsense.emi._locate.together import ground_of, placed
from dualsense.emi._response import take_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.emi._dipole import Dipole, DipoleEstimate
    from dualsense.emi._joint.find import Inversion
    from dualsense.emi._locate.together import Ground, Placed
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
BESIDE, BESIDE_MISFIT, BESIDE_MOVE_M = 1.0, 1.3, 0.02
"""With stronger metal within twice the reach, whose position errors `locate` takes for signal, less is believed:
no more may be left than before, and the dipole is not carried away from where it was found."""
HOPELESS = 2.0
"""Times the way that a dipole may be carried; from so far off a second round does not bring it back."""
NEIGHBOURS, WIDER_M = 3, 0.05
"""So many dipoles at most are placed together, from rows that are farther away by this than for one alone."""
NUMERICAL = (ValueError, ArithmeticError, np.linalg.LinAlgError)


@dataclass(frozen=True, slots=True)
class _Limits:
    """Parameters of `refine`."""

    reach_m: float
    max_misfit: float
    max_move_m: float
    pairs: bool
    together: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """One dipole: where, how well that is known, and from which of the found ones it came."""

    position: Real
    lead: int
    estimate: DipoleEstimate | None = None
    covariance: Real | None = None


def refine(
    response: Response,
    found: Inversion,
    *,
    reach_m: float = 0.25,
    max_misfit: float = 4.0,
    max_move_m: float = 0.08,
    pairs: bool = True,
    together: bool = False,
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
        errors of the track that last, and are larger than the file states, are told apart from depth; it takes
        some 0.1 s for each dipole.

    Returns
    -------
    Inversion
        With ``estimate`` in each dipole that was located.
    """
    if not found.dipoles:
        return found
    fit = Settled.of_ground(response, found.balance)
    limits = _Limits(reach_m, max_misfit, max_move_m, pairs, together)
    groups = [[_Place(found.dipoles[n].position_m, n) for n in group] for group in _groups(found.dipoles)]
    for g, own in enumerate(groups):
        earlier = [p for places in groups[:g] for p in places]
        later = [p for places in groups[g + 1 :] for p in places]
        groups[g], fit = _located(fit, own, earlier, later, limits)
    known = [place for places in groups for place in places]
    fit = _settled(fit, known)
    contrasts = [found.dipoles[p.lead].contrast for p in known]
    if limits.together:
        known = _together(fit, known, limits)
        fit = _settled(fit, known)
    else:
        known = [_freed(fit, n, place) for n, place in enumerate(known)]
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


def _settled(fit: Settled, places: Sequence[_Place]) -> Settled:
    return fit.beside([p.position for p in places])


def _located(
    fit: Settled, own: list[_Place], earlier: list[_Place], later: list[_Place], limits: _Limits
) -> tuple[list[_Place], Settled]:
    """One or two dipoles for a group, or the group as it was found; and the fit from which weights go on.

    What was found later may be objects, or what a misplaced dipole left: it is fitted beside this one only where
    that explains the rows clearly better.
    """
    best, fit = _single(fit, own, earlier, later, limits)
    if best is None:
        return own, fit
    single, others, use = best
    beside = [p for p in own[1:] if _aside(p, single) >= TOGETHER_M]
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
    fit: Settled, own: list[_Place], earlier: list[_Place], later: list[_Place], limits: _Limits
) -> tuple[tuple[_Place, list[_Place], NDArray[np.intp]] | None, Settled]:
    """One dipole for a group, what was fitted beside it, and the rows it was located with."""
    away = np.linalg.norm(fit.ground.response.center_m[:, :2] - own[0].position[:2], axis=1)
    best: tuple[_Place, list[_Place], NDArray[np.intp]] | None = None
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
        if single is not None and (best is None or _misfit(single) < BETTER * _misfit(best[0])):
            best = (single, others, use)
            if _misfit(single) <= BESIDE_MISFIT:
                break
    return best, fit


def _allowed(single: _Place, own: list[_Place], earlier: list[_Place], limits: _Limits) -> float:
    """How much more than the dipoles as they were found one may leave."""
    allowed = MERGED if len(own) > 1 else ALIKE
    if not _beside(own, earlier, limits):
        return allowed
    moved = min(_aside(p, single) for p in own)
    return BESIDE if _misfit(single) <= BESIDE_MISFIT and moved <= BESIDE_MOVE_M else 0.0


def _beside(own: list[_Place], earlier: list[_Place], limits: _Limits) -> bool:
    """Tell whether stronger metal was found near enough to be seen by the same rows."""
    return any(_aside(p, own[0]) <= 2.0 * limits.reach_m for p in earlier)


def _iterated(
    fit: Settled, others: list[_Place], own: list[_Place], use: NDArray[np.intp], allowed: tuple[float, float]
) -> tuple[_Place | None, Settled]:
    """Locate, fit soil and drift again beside that, and locate again, as long as it may come to be believed."""
    here, (most_moved_m, most_misfit) = own, allowed
    for n in range(ROUNDS):
        fit = _settled(fit, [*others, *here])
        estimate = _attempt(fit, range(len(others), len(others) + len(here)), use, own[0].position[:2])
        if estimate is None:
            return None, fit
        step = estimate.position_m - here[0].position
        here = [_Place(estimate.position_m, own[0].lead, estimate)]
        moved_m = min(_aside(p, here[0]) for p in own)
        if moved_m > HOPELESS * most_moved_m:
            return None, fit
        unlikely = moved_m > most_moved_m or estimate.misfit > most_misfit
        if n > 0 and (unlikely or step @ np.linalg.solve(estimate.covariance_m2, step) < SETTLED):
            break
    return here[0], fit


def _two(
    fit: Settled, others: list[_Place], single: _Place, own: list[_Place], use: NDArray[np.intp]
) -> tuple[list[_Place] | None, Settled]:
    """Two dipoles where the evidence is for them, each with its posterior beside the other."""
    fit = _settled(fit, [*others, single])
    try:
        apart = separate(_rows(fit, [len(others)], use), fit.balance.covariance, start_m=single.position[:2])
    except NUMERICAL:
        return None, fit
    if apart.count != 2 or not np.isfinite(apart.covariance_m2).all():
        return None, fit
    fit = _settled(fit, [*others, *(_Place(position, own[0].lead) for position in apart.positions_m)])
    out = []
    for k in range(2):
        estimate = _attempt(fit, [len(others) + k], use, apart.positions_m[k][:2])
        if estimate is None:
            return None, fit
        shared = apart.covariance_m2[3 * k : 3 * k + 3, 3 * k : 3 * k + 3]
        wider = estimate.covariance_m2 if np.trace(estimate.covariance_m2) > np.trace(shared) else shared
        out.append(_Place(estimate.position_m, own[k].lead, estimate, wider))
    if np.linalg.norm(out[0].position - out[1].position) < FEWEST_M:
        return None, fit
    return out + [p for p in own[2:] if min(_aside(p, o) for o in out) >= TOGETHER_M], fit


def _aside(one: _Place, other: _Place) -> float:
    return float(np.linalg.norm((one.position - other.position)[:2]))


def _misfit(place: _Place) -> float:
    return np.inf if place.estimate is None else place.estimate.misfit


def _believed(after: list[_Place], before: list[_Place], limits: _Limits) -> bool:
    """Tell whether all that was located explains its rows and lies where something was found."""
    return all(
        p.estimate is None
        or (p.estimate.misfit <= limits.max_misfit and min(_aside(p, old) for old in before) <= limits.max_move_m)
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


def _strain(fit: Settled, places: Sequence[_Place], use: NDArray[np.intp]) -> tuple[float, Settled]:
    """Energy that some dipoles leave in some rows, in what noise and stated position errors make."""
    fit = _settled(fit, places)
    return fit.strain(use), fit


def _together(fit: Settled, known: list[_Place], limits: _Limits) -> list[_Place]:
    """Place what was located once more, with its neighbours and with soil, drift and the track free beside it."""
    if all(place.estimate is None for place in known):
        return known
    ground = ground_of(fit)
    done: dict[tuple[int, ...], Placed | None] = {}
    out = []
    for n, place in enumerate(known):
        if place.estimate is None:
            out.append(place)
            continue
        away = np.array([_aside(place, other) for other in known])
        near = np.flatnonzero(away < limits.reach_m)
        which = tuple(sorted(int(k) for k in near[np.argsort(away[near], kind="stable")][:NEIGHBOURS]))
        if which not in done:
            done[which] = _attempted(fit, ground, which, limits)
        out.append(_replaced(fit, n, place, which.index(n), done[which], limits))
    return out


def _attempted(fit: Settled, ground: Ground, which: tuple[int, ...], limits: _Limits) -> Placed | None:
    response = fit.ground.response
    away = np.stack([np.hypot(*(response.center_m[:, :2] - fit.positions_m[n][:2]).T) for n in which])
    use = np.flatnonzero(away.min(axis=0) <= limits.reach_m + WIDER_M)
    try:
        return placed(fit, ground, which, use[np.argsort(response.time_s[use], kind="stable")])
    except NUMERICAL:
        return None


def _replaced(fit: Settled, n: int, place: _Place, k: int, found: Placed | None, limits: _Limits) -> _Place:
    """Take a place with everything free where it explains the rows and lies near; else widen the one there was."""
    e = place.estimate
    if e is None or found is None or found.misfit > limits.max_misfit:
        return _freed(fit, n, place)
    position, own = found.positions[k], slice(3 * k, 3 * k + 3)
    covariance = found.covariance[own, own]
    farthest = limits.max_move_m if len(found.positions) == 1 else BESIDE_MOVE_M
    if np.linalg.norm((position - place.position)[:2]) > farthest or not np.isfinite(covariance).all():
        return _freed(fit, n, place)
    depth, density = gaussians([(w, at[k], variance[k]) for w, at, variance in found.depths], DEPTH_RANGE_M)
    moved = replace(e, position_m=position, covariance_m2=covariance, depth_m=depth, depth_density=density)
    return replace(place, position=position, covariance=covariance, estimate=moved)


def _freed(fit: Settled, n: int, place: _Place) -> _Place:
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


def _with_estimate(dipole: Dipole, place: _Place) -> Dipole:
    if place.estimate is None:
        return dipole
    e = place.estimate
    return replace(
        dipole,
        covariance_m2=e.covariance_m2 if place.covariance is None else place.covariance,
        tensor=e.tensor_m3,
        estimate=e,
    )
