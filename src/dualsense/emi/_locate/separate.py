"""One piece of metal or two: dipoles chosen by evidence.

Two dipoles always fit better than one. What decides is the evidence, the probability of the rows with positions
and tensors integrated out over what they could have been: a second dipole has to explain more than its freedom
costs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._columns_kernels import columns
from dualsense.emi._locate._rows_kernels import to_coordinates
from dualsense.emi._locate.draws import tensors_from_coordinates
from dualsense.emi._locate.locate import LOG_SIZE_SHARE, DipoleEstimate, estimate, log_position_prior
from dualsense.emi._locate.posterior import Visit, ascend, visit
from dualsense.emi._locate.rows import rows_of
from dualsense.emi._locate.search import EXCESS_LEAST, grid_search, near, search

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._locate.rows import Rows
    from dualsense.emi._response import Response

    Real = NDArray[np.float64]

HALF_WAYS_M = (0.04, 0.08)
TURNS = 4
FOLLOWED = 3
START_ROWS = 120
FEWEST_M = 0.02
"""Two dipoles closer than this are told as one: what lies between is the shape of one object."""


@dataclass(frozen=True, slots=True, eq=False)
class Separation:
    """How many dipoles the rows ask for, and where.

    Attributes
    ----------
    count
        0, 1 or 2, the most probable.
    probability : (3,)
        Of none, one and two, which are taken as equally likely beforehand.
    one
        The estimate with one dipole, whatever the count.
    positions_m : (2, 3)
        With two dipoles, the stronger first.
    covariance_m2 : (6, 6)
        Of both positions, Laplace.
    tensors_m3 : (2, c, 3, 3)
        Posterior means with two dipoles.
    log_odds
        Of two against one.
    """

    count: int
    probability: Real
    one: DipoleEstimate
    positions_m: Real
    covariance_m2: Real
    tensors_m3: Real
    log_odds: float = -np.inf


def separate(
    response: Response,
    noise: Real,
    *,
    position_std_m: float | Real | None = None,
    depth_range_m: tuple[float, float] = (0.005, 0.3),
    start_m: Real | None = None,
) -> Separation:
    """Decide between no, one and two dipoles.

    Parameters
    ----------
    response, noise, position_std_m, depth_range_m, start_m
        As in `dualsense.emi.locate`.

    Returns
    -------
    Separation
    """
    rows = rows_of(response, noise, position_std_m, depth_range_m)
    begin = search(rows, start_m)
    pair = _pair(rows, begin.top, begin.top.position)
    if pair.excess > EXCESS_LEAST:
        # what one dipole leaves may be a second one: how large the position errors seem is told by two
        rows = rows.widened(pair.excess)
        pair = _settled(rows, pair)
    one = estimate(response, rows, search(rows, start_m, trusting=True))
    sign, logdet = np.linalg.slogdet(pair.information / (2.0 * np.pi))
    two = (
        pair.value
        - 0.5 * logdet
        + 2.0 * (log_position_prior(rows) + LOG_SIZE_SHARE)
        + np.log(2.0)  # which is called the first makes no difference
    )
    if sign <= 0 or np.linalg.norm(pair.positions[0] - pair.positions[1]) < FEWEST_M:
        two = -np.inf
    log_odds = np.array([one.log_evidence_none, one.log_evidence, two])
    probability = np.exp(log_odds - log_odds.max())
    probability /= probability.sum()
    channels = rows.data.shape[0]
    tensors = tensors_from_coordinates((pair.coordinates @ rows.to_metres.T).reshape(2, 6, channels))
    order = np.argsort(-(tensors**2).sum(axis=(1, 2, 3)))
    covariance: Real = np.asarray(np.linalg.pinv(pair.information, hermitian=True), dtype=np.float64)
    covariance = covariance.reshape(2, 3, 2, 3)
    return Separation(
        count=int(np.argmax(log_odds)),
        probability=probability,
        one=one,
        positions_m=pair.positions[order],
        covariance_m2=covariance[order][:, :, order].reshape(6, 6),
        tensors_m3=tensors[order],
        log_odds=float(log_odds[2] - log_odds[1]),
    )


def _pair(rows: Rows, top: Visit, middle: Real) -> Visit:
    """Try several starts: on either side of the one dipole, and where its residual is best explained."""
    few = rows.some(near(rows, middle[:2], START_ROWS))
    starts = []
    for angle in np.pi * np.arange(TURNS) / TURNS:
        way = np.array([np.cos(angle), np.sin(angle), 0.0])
        starts += [np.stack([middle + half * way, middle - half * way]) for half in HALF_WAYS_M]
    lonely = visit(few, top.positions, top, renew=True)
    rest = _residual(few, lonely)
    starts += [np.stack([middle, other]) for other in grid_search(rest, middle[:2])]
    ranked = []
    here: Visit | None = None
    for start in starts:
        start[:, 2] = np.clip(start[:, 2], -rows.depth_range_m[1], -rows.depth_range_m[0])
        if np.linalg.norm(start[0] - start[1]) < FEWEST_M:
            continue
        here = visit(few, start, here, renew=True)
        ranked.append(ascend(few, here, steps=2))
    ranked.sort(key=lambda v: -v.value)
    best = [_settled(rows, v) for v in ranked[:FOLLOWED]]
    return max(best, key=lambda v: v.value)


def _settled(rows: Rows, start: Visit) -> Visit:
    here = visit(rows, start.positions, start, renew=True)
    for _ in range(3):
        here = ascend(rows, here, steps=4)
        here = visit(rows, here.positions, here, renew=True)
    return here


def _residual(rows: Rows, here: Visit) -> Rows:
    """Take one dipole out of the rows."""
    m = rows.data.shape[1]
    f, g = np.empty((6, m)), np.empty((3, 6, m))
    columns(here.positions, rows.coils, rows.std, f, g)
    to_coordinates(f, g)
    return replace(rows, data=rows.data - here.coordinates.T @ f)
