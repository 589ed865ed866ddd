"""Dipoles placed with all that is not known beside them free: tensors, soil, drift, and the track itself.

A tracker errs slowly as well as from row to row, and one error does the same to all that a row hears: a head that
is 3 mm too high hears less soil and less metal. Rows weighed one by one know neither; places come out off by more
than what they are said to be known to. Here the track's error is a process in time (half of its variance wanders,
as `dualsense.emi._joint.mend` has it, half is new in each row), eliminated between knots; soil's slope stands
beside the dipoles'. Gauss-Newton moves dipoles and rows in turns, as a millimetre of a strong object is not
straight; what is left at the end is the covariance of the place with everything else free.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._balance import ground_factor, known_std
from dualsense.emi._joint.mend import LEAST_MOVE_M, MEMORY_S
from dualsense.emi._locate.free_step import LEAST_DEPTH_M, TENSOR, FreeRows, State, step
from dualsense.emi._locate.prior import metal_prior
from dualsense.emi._response import take_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.emi._locate.settled import Settled
    from dualsense.emi._response import Response

    Real = NDArray[np.float64]

KNOT_S = 0.2
"""Time between knots of the wandering error, more where that would be too many; between two it is straight."""
MOST_KNOTS, FEW_KNOTS = 160, 80
GAP = 3.0
"""Rows further apart in time than so many times the usual step belong to different stretches."""
HELD = 2
"""So many steps move rows and tensors only: around rows that are millimetres off nothing is straight, and the
first steps would carry a place centimetres down."""
STEADY, PACE = 5, 0.6
"""After so many steps only this part of one is gone, where rows and place go to and fro."""
STEPS, SETTLED, NEARLY = 12, 0.02, 0.25
"""Gauss-Newton steps at most; the step, squared and in standard deviations, that is the last; and what the last
one may be where there are no more."""
HOPELESS = 60.0
"""Misfit, once rows have moved, from which a start is given up where places are wanted and no comparison."""
DEEP_M, ROUGHLY_DEEP_M, SHALLOW_M = 0.04, 0.08, 0.025
"""What ends deeper, where places are wanted and where not, may be shallower metal whose track is off: from so far
down above that end another one is looked for. From there what lies deep is found, too."""
NEAR_M = 0.015
"""Starts that are no farther apart end at the same places."""
LIFT_M = 1e-4
PATCH_M, SPOT_M, LEAST_UNEVEN, LEAST_APART = 0.2, 0.15, 1e-3, 1e-3
"""How far soil is as strong as here; how far spots lie apart that tell it; how even it is at best; and how unlike
spots are beside what the distance makes of them."""
AMOUNT, ROUGHNESS = 10.0, 0.1
"""Elements of a tensor in terms of its size as located: along what metal does over the channels, their standard
deviation beforehand is so many times the size, and across it, in any channel, so much of it. What a piece of metal
is like is not told by that, only that it is some metal, in one piece or in a few."""
_COORDINATES = np.zeros((6, 6))
"""From elements xx, yy, zz, xy, xz, yz to coordinates of unit length, the isotropic one first."""
_COORDINATES[0, :3] = 1.0 / np.sqrt(3.0)
_COORDINATES[1, :2] = np.array([1.0, -1.0]) / np.sqrt(2.0)
_COORDINATES[2, :3] = np.array([1.0, 1.0, -2.0]) / np.sqrt(6.0)
_COORDINATES[[3, 4, 5], [3, 4, 5]] = np.sqrt(2.0)


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What soil does to rows, which all dipoles of a scan share.

    Attributes
    ----------
    slope : (m,)
        Change of the logarithm of the ground's factor with the rows' height, 1/m.
    noise : (c,)
        Of one row.
    uneven
        Standard deviation of soil that is stronger here than there, or rough, as part of it.
    """

    slope: Real
    noise: Real
    uneven: float


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Dipoles where they are with everything else free.

    Attributes
    ----------
    positions, covariance : (n, 3), (3 n, 3 n)
        In m and m^2.
    elements : (n, 6, c)
        Of the tensors, m^3.
    misfit
        Per degree of freedom.
    shift : (k, 3)
        By how much the rows' coils seem off, m.
    depths
        Of each set of depths that explains the rows: its share, the depths (n,) and their variances (n,).
    still
        Whether it settled.
    """

    positions: Real
    covariance: Real
    elements: Real
    misfit: float
    shift: Real
    depths: tuple[tuple[float, Real, Real], ...] = ()
    still: bool = True


def ground_of(fit: Settled) -> Ground:
    """Tell what the rows' heights do to soil, beside what is not known of it."""
    response, balance = fit.ground.response, fit.balance
    up, down = (np.log(np.maximum(ground_factor(_lifted(response, way)), 1e-300)) for way in (LIFT_M, -LIFT_M))
    slope = (up - down) / (2.0 * LIFT_M)
    height = float(np.mean((known_std(response.position_std_m[:, 2]) * slope) ** 2))
    return Ground(slope, balance.noise, float(np.sqrt(max(balance.soil_variance - height, LEAST_UNEVEN**2))))


def _lifted(response: Response, lift_m: float) -> Response:
    up = np.array([0.0, 0.0, lift_m])
    return replace(response, tx_m=response.tx_m + up, rx_m=response.rx_m + up)


def placed(
    fit: Settled,
    ground: Ground,
    which: Sequence[int],
    use: NDArray[np.intp],
    *,
    starts: Sequence[Real] = (),
    rough: bool = False,
    steps: int = STEPS,
    least_m: float = LEAST_DEPTH_M,
) -> Placed | None:
    """Place some of the dipoles anew, with everything that is not known free.

    Parameters
    ----------
    fit
        All dipoles; those that are not placed stay, and are taken out of the rows.
    ground
        From `ground_of`.
    which
        The dipoles that are placed.
    use
        Rows that tell of them, in the order of time.
    starts
        Places (n, 3) of those dipoles to begin from, too; those that are near another one's are not tried.
    rough
        With fewer knots, and what does not settle is told too: to compare what explains the rows, not to place it.
    steps
        Of Gauss-Newton, at most.
    least_m
        Depth above which none is placed.

    Returns
    -------
    Placed or None
        None where it does not settle.
    """
    rows = free_rows(fit, ground, which, use, FEW_KNOTS if rough else MOST_KNOTS, least_m)
    begun, most = np.array([fit.positions_m[n] for n in which]), np.inf if rough else HOPELESS
    ends = [_settled(rows, begun, begun_at(fit, rows, which, use), steps, most)]
    ended = begun if ends[0] is None else ends[0].positions
    for start in _apart(begun, ended, starts, ROUGHLY_DEEP_M if rough else DEEP_M):
        places = dict(zip(which, start, strict=True))
        other = fit.beside([places.get(n, p) for n, p in enumerate(fit.positions_m)])
        ends.append(_settled(rows, start, begun_at(other, rows, which, use), steps, most))
    reached = [end for end in ends if end is not None and end.still] or [
        end for end in ends if end is not None and rough
    ]
    return between(reached, rows.data.size) if reached else None


def _apart(begun: Real, ended: Real, starts: Sequence[Real], deep_m: float) -> list[Real]:
    """Give the other places (n, 3) to begin from: above what ended deep, and what is told."""
    tried, out = [begun], []
    deep = ended[:, 2] < -deep_m
    above = [np.column_stack([ended[:, :2], np.where(deep, -SHALLOW_M, ended[:, 2])])] if deep.any() else []
    shallower = [np.where((own[:, 2] > begun[:, 2] + NEAR_M)[:, None], own, begun) for own in starts]
    for start in (*above, *shallower):
        if min(np.linalg.norm(start - other, axis=1).max() for other in tried) > NEAR_M:
            tried.append(start)
            out.append(start)
    return out


def between(ends: Sequence[Placed], count: int, at: Real | None = None) -> Placed:
    """Take the likeliest end; the others widen its covariance, and stand in its depths with their shares.

    ``count`` is that of the values of which each has the ends' misfit; ``at`` is where (n, 3) they are taken to
    be, if not there.
    """
    best = min(ends, key=lambda end: end.misfit)
    here, share = best.positions if at is None else at, shares(ends, count)
    covariance = np.zeros_like(best.covariance)
    for part, end in zip(share, ends, strict=True):
        away = (end.positions - here).ravel()
        covariance += part * (end.covariance + np.outer(away, away))
    variances = [end.covariance.diagonal()[2::3] for end in ends]
    depths = tuple((float(w), -e.positions[:, 2], v) for w, e, v in zip(share, ends, variances, strict=True))
    return replace(best, positions=here, covariance=covariance, depths=depths)


def shares(ends: Sequence[Placed], count: int) -> Real:
    """Tell how likely each end is beside the others, by what they leave."""
    left = np.array([end.misfit for end in ends])
    share: Real = np.exp(-0.5 * count * (left - left.min()))
    return share / share.sum()


def _settled(rows: FreeRows, positions: Real, coefficients: Real, steps: int, most: float) -> Placed | None:
    """Go on from a start until it settles, or still leaves more than the most with its rows moved."""
    still = np.zeros_like(rows.std)
    state, away = State(positions, coefficients, still, still), np.inf
    for n in range(steps):
        state, covariance, misfit, away = step(rows, state, held=n < HELD, pace=1.0 if n < STEADY else PACE)
        if n >= HELD and not (away > SETTLED and misfit <= most):  # NaN neither
            break
    known = np.isfinite(misfit) and np.isfinite(covariance).all() and np.linalg.eigvalsh(covariance)[0] > 0.0
    if not (known and misfit <= most):
        return None  # rows of a spoilt scan tell of no place
    parts = state.coefficients[rows.basis.shape[1] :] @ np.linalg.inv(rows.white).T * rows.scale
    elements = parts.reshape(len(positions), TENSOR, -1)
    shift = state.slow + state.quick
    return Placed(state.positions, covariance, elements, misfit, shift, still=bool(away < NEARLY))


def free_rows(
    fit: Settled,
    ground: Ground,
    which: Sequence[int],
    use: NDArray[np.intp],
    most: int,
    least_m: float = LEAST_DEPTH_M,
) -> FreeRows:
    """Prepare rows for some dipoles, the others taken out, with so many knots of the track at most."""
    response = take_rows(fit.ground.response, use)
    white = np.diag(1.0 / ground.noise)
    data = response.values.copy()
    for n in range(len(fit.places)):
        if n not in which:
            data -= fit.places[n].columns[:, use].T @ fit.part(n)
    basis = fit.balance.basis[use]
    knot, share, times = _knots(response.time_s, most)
    stiff, linked = _process(times / MEMORY_S)
    spots, at = _spots(response.center_m[:, :2])
    apart = np.linalg.norm(at[:, None] - at, axis=2)
    columns = np.concatenate([fit.places[n].columns[:, use] for n in which])
    scale = 1.0 / float(np.sqrt((columns**2).mean()) + 1e-300)
    return FreeRows(
        response=response,
        data=data @ white.T,
        basis=np.ascontiguousarray(basis[:, np.abs(basis).max(axis=0) > 0.0]),
        rise=ground.slope[use],
        white=white,
        std=np.maximum(known_std(response.position_std_m), LEAST_MOVE_M),
        knot=knot,
        share=share,
        stiff=stiff,
        linked=linked,
        spots=spots,
        patches=np.linalg.inv(np.exp(-apart / PATCH_M) + LEAST_APART * np.eye(len(at))),
        uneven=ground.uneven,
        prior=np.stack([_metal(response, fit.part(n), white) * scale**2 for n in which]),
        scale=scale,
        least_m=least_m,
    )


def begun_at(fit: Settled, rows: FreeRows, which: Sequence[int], use: NDArray[np.intp]) -> Real:
    """Give coefficients (q + 6 n, c) in white channels, as they were fitted."""
    kept = np.abs(fit.balance.basis[use]).max(axis=0) > 0.0
    drift = fit.free[: kept.size][kept]
    parts = np.concatenate([fit.part(n) for n in which]) / rows.scale
    begun: Real = np.concatenate([drift, parts]) @ rows.white.T
    return begun


def _knots(time_s: Real, most: int) -> tuple[NDArray[np.int64], Real, Real]:
    """Knot before each row (m,), how far on its way to the next it is (m,), and the knots' times (k,)."""
    pause = np.diff(time_s)
    stretches = np.split(time_s, np.flatnonzero(pause > GAP * np.median(pause)) + 1)
    total = sum(float(own[-1] - own[0]) for own in stretches)
    pitch = max(KNOT_S, total / most)
    before, share, times = [], [], []
    first = 0
    for own in stretches:
        count = int(np.ceil((own[-1] - own[0]) / pitch))
        at = np.linspace(own[0], own[-1], 1 + count)
        place = np.interp(own, at, np.arange(1.0 + count))
        knot = np.minimum(place.astype(np.int64), max(count - 1, 0))
        before.append(first + knot)
        share.append(place - knot)
        times.append(at)
        first += at.size
    return np.concatenate(before), np.concatenate(share), np.concatenate(times)


def _process(at: Real) -> tuple[Real, Real]:
    """Precision of a process of unit variance that is lost over a time of one: at its knots, and between two."""
    alike = np.exp(-np.diff(at))
    new = 1.0 / (1.0 - alike**2)
    stiff = np.ones(at.size)
    stiff[1:] += alike**2 * new
    stiff[:-1] += alike**2 * new
    return stiff, -alike * new


def _spots(at_m: Real) -> tuple[Real, Real]:
    """Straight lines between spots of a square lattice (m, s), of which those that matter; and their places."""
    low = at_m.min(axis=0)
    count = np.ceil((at_m.max(axis=0) - low) / SPOT_M).astype(np.int64) + 1
    place = (at_m - low) / SPOT_M
    corner = np.minimum(place.astype(np.int64), np.maximum(count - 2, 0))
    part = place - corner
    lines = np.zeros((len(at_m), int(count.prod())))
    row = np.arange(len(at_m))
    for dx in (0, 1):
        for dy in (0, 1):
            weight = np.abs(1 - dx - part[:, 0]) * np.abs(1 - dy - part[:, 1])
            x, y = np.minimum(corner[:, 0] + dx, count[0] - 1), np.minimum(corner[:, 1] + dy, count[1] - 1)
            lines[row, x * count[1] + y] += weight
    used = np.flatnonzero(lines.any(axis=0))
    return np.ascontiguousarray(lines[:, used]), low + SPOT_M * np.column_stack(np.divmod(used, count[1]))


def _metal(response: Response, part: Real, white: Real) -> Real:
    """Precision (6 c, 6 c) of a tensor's elements in white channels: some metal, of that size or so."""
    prior = metal_prior(response.channel_hz, response.imaginary)
    size = float(np.sqrt(((_COORDINATES @ part) ** 2).sum(axis=0).mean()))
    floor = ROUGHNESS**2 * np.eye(len(white))
    level = np.einsum("k,kc,kd->cd", prior.share, prior.mean, prior.mean)
    level += np.einsum("k,kcd->cd", prior.share, prior.isotropic)
    shape = np.einsum("k,kcd->cd", prior.share, prior.deviatoric)
    inner, outer = (np.linalg.inv(white @ (AMOUNT**2 * a + floor) @ white.T) / size**2 for a in (level, shape))
    first, others = _COORDINATES[:1], _COORDINATES[1:]
    return np.kron(inner, first.T @ first) + np.kron(outer, others.T @ others)
