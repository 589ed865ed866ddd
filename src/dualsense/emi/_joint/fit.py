"""The linear part of the joint fit: drift, soil and several dipoles together, with given weights of the rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi import _weight_kernels as kernels
from dualsense.emi._balance import Balance, known_std, with_soil
from dualsense.emi._columns import column_rows, slope_rows
from dualsense.emi._joint.search import RIDGE
from dualsense.emi._joint.span import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.emi._response import Response

    Real = NDArray[np.float64]

REWEIGHTINGS = 2
OBJECT_STD_M, PLACED_STD_M = 0.004, 0.002
"""How far an object is no point, from row to row, where it is asked what else there is, and where it is placed.
What a can, a ring or a pin leaves beside one dipole, and slow errors of the track, grow as its own slopes do; but
they are not independent from row to row, and taken for that they would leave its place to the rows far off. Chosen
on 48 lanes with seeds from 7,100,000 on, by which nothing is judged (`benchmarks/emi/study_phantoms.py`)."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """How a dipole is fitted: with a full tensor or its mean, and how far aside of its anchor (2,) it strays."""

    full: bool
    anchor: Real
    stray_m: float


@dataclass(frozen=True, eq=False)
class Site:
    """A place for a dipole; what the rows receive from there is computed when it is first needed."""

    response: Response
    position_m: Real

    @cached_property
    def columns(self) -> Real:
        """Response (6, m) of the rows to each element of a tensor there."""
        return column_rows(self.response, self.position_m)

    @cached_property
    def slopes(self) -> Real:
        """Change (3, 6, m) of the columns with each coordinate of the place."""
        return slope_rows(self.response, self.position_m)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One dipole of the joint fit."""

    site: Site
    kind: Kind

    @property
    def position_m(self) -> Real:
        """Where it is (3,)."""
        return self.site.position_m

    @property
    def columns(self) -> Real:
        """Columns (q, m): six for a full tensor, one for its mean."""
        columns = self.site.columns
        return columns if self.kind.full else columns[:3].sum(axis=0, keepdims=True)

    @property
    def slopes(self) -> Real:
        """Change (3, q, m) of the columns with the dipole's coordinates."""
        slopes = self.site.slopes
        return slopes if self.kind.full else slopes[:, :3].sum(axis=1, keepdims=True)

    def tensor(self, part: Real) -> Real:
        """Elements (6, c) of the tensors of which these are the coefficients (q, c)."""
        if self.kind.full:
            return part
        mean: Real = np.zeros((6, part.shape[1]))
        mean[:3] = part
        return mean

    def moved(self, position_m: Real) -> Source:
        """Put it to another place."""
        return replace(self, site=Site(self.site.response, position_m))


@dataclass(frozen=True, eq=False)
class JointFit:
    """Drift, soil and dipoles, and the weights with which the rows tell of them.

    Attributes
    ----------
    response
        Rows that are fitted.
    balance
        Drift and soil, and the whitening of the channels.
    sources
        The dipoles.
    weight : (m,)
        Of the rows: 1 / sqrt(1 + variance) of what errors of places make of the dipoles.
    """

    response: Response
    balance: Balance
    sources: tuple[Source, ...]
    weight: Real

    @classmethod
    def of_ground(cls, response: Response, balance: Balance) -> JointFit:
        """Begin without a dipole, all rows alike."""
        return cls(response, balance, (), np.ones(response.time_s.size))

    def with_sources(self, sources: tuple[Source, ...], response: Response | None = None) -> JointFit:
        """Take other dipoles, or rows that lie elsewhere, with the same values and weights: the ground stays.

        Parameters
        ----------
        sources
            The dipoles.
        response
            The rows, with the same values; these where nothing is said.
        """
        out = JointFit(response or self.response, self.balance, sources, self.weight)
        if "ground" in vars(self):
            vars(out)["ground"] = self.ground
        return out

    @cached_property
    def ground(self) -> Span:
        """Drift and soil, in weighted rows."""
        data = (self.response.values * self.weight[:, None]).T
        basis = np.ascontiguousarray(self.balance.basis.T) * self.weight
        return Span.nothing(self.balance.whitener @ data).joined(basis)

    @cached_property
    def span(self) -> Span:
        """Everything that is fitted, in weighted rows; ``span.rest`` (c, m) is the whitened residual."""
        return self.beside(self.sources)

    @cached_property
    def _spans(self) -> dict[tuple[tuple[bytes, bool], ...], Span]:
        """What was asked for before: trials that differ in what moves have the same beside them."""
        return {}

    def beside(self, sources: Sequence[Source]) -> Span:
        """Drift, soil and some dipoles, in weighted rows."""
        if not sources:
            return self.ground
        key = tuple((source.position_m.tobytes(), source.kind.full) for source in sources)
        if key not in self._spans:
            self._spans[key] = joined(self.ground, sources, self.weight)
        return self._spans[key]

    def alone(self, which: Sequence[int]) -> Real:
        """Response (m, c) of some dipoles and of what nothing explains, without soil, drift and the others."""
        parts = parts_of(self.span, self.sources)
        white = self.span.rest / self.weight
        for n in which:
            white = white + parts[n].T @ self.sources[n].columns
        values: Real = white.T @ np.linalg.inv(self.balance.whitener).T
        return values


def joined(span: Span, sources: Sequence[Source], weight: Real) -> Span:
    """Explain by some dipoles as well, with weight (m,) of the rows."""
    return span.joined(np.concatenate([source.columns for source in sources]) * weight)


def blocks_of(span: Span, last: Sequence[Source]) -> list[slice]:
    """Where among all columns those of each of the dipoles are that were joined last."""
    sizes = [6 if source.kind.full else 1 for source in last]
    split = len(span.scale) - sum(sizes) + np.cumsum([0, *sizes])
    return [slice(a, b) for a, b in pairwise(split)]


def parts_of(span: Span, last: Sequence[Source]) -> list[Real]:
    """Coefficients (q, c) of each of the dipoles that were joined last."""
    coefficients = span.coefficients(RIDGE)
    return [coefficients[own] for own in blocks_of(span, last)]


def worth(span: Span, sources: Sequence[Source]) -> Real:
    """By how much the misfit would rise without each of the dipoles that were joined last.

    The others may take over what it explained, from where they are.
    """
    scaled = span.coefficients(RIDGE) * span.scale[:, None]
    covariance = np.linalg.inv(span.triangle.T @ span.triangle + RIDGE**2 * np.eye(len(scaled)))
    blocks = blocks_of(span, sources)
    return np.array([(scaled[own] * np.linalg.solve(covariance[own, own], scaled[own])).sum() for own in blocks])


def steepness(active: Sequence[Source], parts: Sequence[Real], span: Span, weight: Real) -> tuple[Real, Real]:
    """Form the normal matrix and gradient of half the misfit by the active positions, of Kaufman's Jacobian.

    That is minus the part of the moved response which nothing linear explains, so of what is explained only
    the coordinates are needed.

    Parameters
    ----------
    active, parts
        The n dipoles that move, and the coefficients (q, c) of each.
    span
        Everything that is fitted.
    weight : (m,)
        Of the rows.

    Returns
    -------
    (3 n, 3 n), (3 n,)
    """
    moved = np.concatenate([part.T @ (source.slopes * weight) for part, source in zip(parts, active, strict=True)])
    flat = moved.reshape(-1, moved.shape[-1])
    along = span.coordinates(flat).T.reshape(len(moved), -1)
    across = flat.reshape(len(moved), -1)
    return across @ across.T - along @ along.T, -across @ span.rest.ravel()


def row_weights(tensors: Sequence[Real], slopes: Sequence[Real], std_m: Real, object_std_m: float) -> Real:
    """Weights (m,) of rows: 1 / sqrt(1 + variance) of what errors of places make of some dipoles.

    Parameters
    ----------
    tensors, slopes
        Of each dipole, in white channels (6, c), and how its columns change with its place (3, 6, m).
    std_m : (3, m)
        Of the rows' positions.
    object_std_m
        Of each dipole's own.
    """
    m = std_m.shape[1]
    moved, spread = moves(tensors, slopes, (tensors[0].shape[1] if tensors else 1, m))
    weight = np.empty(m)
    kernels.weigh(moved, std_m, spread, object_std_m, weight)
    return weight


def moves(tensors: Sequence[Real], slopes: Sequence[Real], shape: tuple[int, int]) -> tuple[Real, Real]:
    """Tell what a shift of all dipoles does to rows of this shape (c, m), and of each by itself.

    They are (3, c, m) and (m,), as `dualsense.emi._weight_kernels.move` has them.
    """
    moved, spread = np.zeros((3, *shape)), np.zeros(shape[1])
    for tensor, slope in zip(tensors, slopes, strict=True):
        kernels.move(np.ascontiguousarray(tensor), slope, moved, spread)
    return moved, spread


def reweighted(fit: JointFit, *, object_std_m: float = OBJECT_STD_M) -> JointFit:
    """Fit soil and drift again beside the dipoles; weigh rows by what errors of places make of them.

    Parameters
    ----------
    fit
        With weights to go on from.
    object_std_m
        How far each dipole by itself is off, from row to row, beside the track's error.

    Returns
    -------
    JointFit
    """
    last = fit.balance.basis.shape[1] - 1
    position_std = np.ascontiguousarray(known_std(fit.response.position_std_m).T)
    for _ in range(REWEIGHTINGS):
        unwhiten = np.linalg.inv(fit.balance.whitener)
        soil = unwhiten @ fit.span.coefficients(0.0)[last]
        balance = with_soil(fit.balance, soil)
        parts = parts_of(fit.span.seen_as(balance.whitener @ unwhiten), fit.sources)
        tensors = [source.tensor(part) for part, source in zip(parts, fit.sources, strict=True)]
        weight = row_weights(tensors, [source.site.slopes for source in fit.sources], position_std, object_std_m)
        fit = replace(fit, balance=balance, weight=weight)
    return fit


def settled(fit: JointFit, positions_m: Sequence[Real]) -> JointFit:
    """Take full dipoles where they are instead, and fit soil, drift and the rows' weights beside them.

    The weights go on from those of ``fit``, so what was settled before is not wholly forgotten.
    """
    known = {source.position_m.tobytes(): source.site for source in fit.sources}
    sites = [known.get(p.tobytes()) or Site(fit.response, p.copy()) for p in positions_m]
    free = Kind(full=True, anchor=np.zeros(2), stray_m=0.0)
    sources = tuple(Source(site, free) for site in sites)
    return reweighted(fit.with_sources(sources), object_std_m=PLACED_STD_M)
