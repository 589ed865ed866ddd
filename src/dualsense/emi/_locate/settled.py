"""Soil, drift and the rows' weights beside dipoles whose places are known, by normal equations.

As `dualsense.emi._joint.fit.settled`, which this replaces where many sets of places are tried after each other:
columns of a place are kept, the few coefficients are solved for from the columns' inner products, and refined with
what they leave. Where two columns are too much alike for that, the fit is that of `dualsense.emi._joint.span`.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi import _columns_kernels as columns_kernels
from dualsense.emi._balance import Balance, known_std, with_soil
from dualsense.emi._columns import coil_arrays
from dualsense.emi._joint.fit import PLACED_STD_M, REWEIGHTINGS, JointFit, Kind, Site, Source, row_weights
from dualsense.emi._joint.search import RIDGE
from dualsense.emi._joint.span import Span
from dualsense.numerics import cholesky_inverse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.emi._columns_kernels import RowCoils
    from dualsense.emi._response import Response

    Real = NDArray[np.float64]

DISTINCT = 1e-6
"""Of a scaled column, what is left beside the earlier ones; below, inner products tell it from them too badly."""
PLAIN = 1e-3
"""The same, above which coefficients are as good as they can be without being refined."""

MOST_KEPT = 24
"""Places at most that are kept when no dipole is there any more: half a megabyte each where rows are 3,000."""


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """What every row receives of a unit dipole at one place: columns (6, m) and their slopes (3, 6, m)."""

    columns: Real
    slopes: Real


@dataclass(frozen=True, slots=True, eq=False)
class _Ground:
    """What stays the same whatever dipoles there are.

    Attributes
    ----------
    response, coils
        The rows, and their coils as kernels take them.
    basis : (p, m)
        Drift and soil.
    std : (3, m)
        Of the rows' positions.
    kept
        Places that were asked for last: a dipole is taken away, and put back, while another is located.
    """

    response: Response
    coils: RowCoils
    basis: Real
    std: Real
    kept: OrderedDict[bytes, _Place] = field(default_factory=OrderedDict)

    def place(self, position_m: Real) -> _Place:
        """Columns of a dipole at a place, and their slopes."""
        key = position_m.tobytes()
        out = self.kept.pop(key, None) or self._asked(position_m)
        self.kept[key] = out
        while len(self.kept) > MOST_KEPT:
            self.kept.popitem(last=False)
        return out

    def _asked(self, position_m: Real) -> _Place:
        m = self.response.time_s.size
        out = _Place(np.empty((6, m)), np.empty((3, 6, m)))
        at = np.ascontiguousarray(position_m, dtype=np.float64)[None]
        columns_kernels.columns(at, self.coils, np.zeros((m, 3)), out.columns, out.slopes)
        return out


@dataclass(frozen=True, eq=False)
class Settled:
    """Soil, drift and dipoles at known places, and what weights rows have beside them.

    Attributes
    ----------
    ground
        Rows, and what of them stays the same.
    balance
        Soil and drift, and the whitening that follows.
    weight : (m,)
        Of the rows: 1 / sqrt(1 + variance) of what errors of places make of the dipoles.
    positions_m
        Of the dipoles, (3,) each.
    places
        What the rows receive from each.
    """

    ground: _Ground
    balance: Balance
    weight: Real
    positions_m: tuple[Real, ...] = ()
    places: tuple[_Place, ...] = ()

    @classmethod
    def of_ground(cls, response: Response, balance: Balance) -> Settled:
        """Begin without a dipole, all rows alike."""
        ground = _Ground(
            response,
            coil_arrays(response),
            np.ascontiguousarray(balance.basis.T),
            np.ascontiguousarray(known_std(response.position_std_m).T),
        )
        return cls(ground, balance, np.ones(response.time_s.size))

    def beside(self, positions_m: Sequence[Real]) -> Settled:
        """Take dipoles at other places instead, and fit soil, drift and the rows' weights beside them.

        The weights go on from these, so what was settled before is not wholly forgotten.
        """
        known = {position.tobytes(): place for position, place in zip(self.positions_m, self.places, strict=True)}
        places = tuple(known.get(p.tobytes()) or self.ground.place(p) for p in positions_m)
        fit = Settled(self.ground, self.balance, self.weight, tuple(p.copy() for p in positions_m), places)
        if "_inner" in vars(self):
            vars(fit)["_inner"] = fit._inner_from(self)
        last = len(self.ground.basis) - 1
        for _ in range(REWEIGHTINGS):
            balance = with_soil(fit.balance, fit.free[last])
            tensors = [fit.part(n) @ balance.whitener.T for n in range(len(places))]
            weight = row_weights(tensors, [place.slopes for place in places], self.ground.std, PLACED_STD_M)
            fit = fit.weighed(balance, weight)
        return fit

    def weighed(self, balance: Balance, weight: Real) -> Settled:
        """Give the same with other weights of the rows."""
        out = replace(self, balance=balance, weight=weight)
        object.__setattr__(out, "stack", self.stack)
        return out

    @cached_property
    def stack(self) -> Real:
        """All columns (p, m), drift and soil first."""
        return np.concatenate([self.ground.basis, *(place.columns for place in self.places)])

    @cached_property
    def everything(self) -> Real:
        """Orthonormal columns (m, p) of all that is fitted, in weighted rows."""
        return orthonormal(self.stack * self.weight)

    @cached_property
    def _products(self) -> tuple[Real, Real, Real]:
        """Inner products of the scaled columns (p, p), their norms (p,), and products with the channels (p, c)."""
        gram, along = self._inner
        scale = np.sqrt(gram.diagonal()) + 1e-300
        return gram / np.outer(scale, scale), scale, along / scale[:, None]

    @cached_property
    def _inner(self) -> tuple[Real, Real]:
        """Weighted inner products of the columns (p, p), and with the channels (p, c)."""
        heavy = self.stack * self.weight
        return heavy @ heavy.T, heavy @ (self.ground.response.values * self.weight[:, None])

    def _inner_from(self, other: Settled) -> tuple[Real, Real]:
        """`_inner`, where another fit with the same weights of the rows has that of most columns."""
        at = {id(place): n for n, place in enumerate(other.places)}
        first = len(self.ground.basis)
        own, theirs, new = [np.arange(first)], [np.arange(first)], [np.zeros(0, dtype=np.intp)]
        for n, place in enumerate(self.places):
            columns = first + 6 * n + np.arange(6)
            if id(place) in at:
                own.append(columns)
                theirs.append(first + 6 * at[id(place)] + np.arange(6))
            else:
                new.append(columns)
        kept, taken, fresh = np.concatenate(own), np.concatenate(theirs), np.concatenate(new)
        gram = np.empty((len(self.stack),) * 2)
        along = np.empty((len(gram), self.ground.response.values.shape[1]))
        gram[np.ix_(kept, kept)] = other._inner[0][np.ix_(taken, taken)]
        along[kept] = other._inner[1][taken]
        heavy = self.stack[fresh] * self.weight**2
        gram[fresh] = heavy @ self.stack.T
        gram[:, fresh] = gram[fresh].T
        along[fresh] = heavy @ self.ground.response.values
        return gram, along

    @cached_property
    def _factor(self) -> Real | None:
        """Inverse Cholesky factor of the scaled columns' inner products; None where they are too much alike."""
        inverse = cholesky_inverse(self._products[0])
        return None if inverse is None or inverse.diagonal().max() > 1.0 / DISTINCT else inverse

    @cached_property
    def _span(self) -> Span:
        """Orthonormal columns, for those that are too much alike."""
        data = (self.ground.response.values * self.weight[:, None]).T
        span = Span.nothing(data).joined(self.ground.basis * self.weight)
        return span.joined(self.stack[len(self.ground.basis) :] * self.weight) if self.places else span

    @cached_property
    def free(self) -> Real:
        """Coefficients (p, c) of all columns, in the response's own channels."""
        inverse = self._factor
        if inverse is None:
            return self._span.coefficients(0.0)
        _, scale, along = self._products
        first: Real = (inverse.T @ (inverse @ along)) / scale[:, None]
        if inverse.diagonal().max() < 1.0 / PLAIN:
            return first
        left = (self.ground.response.values - self.stack.T @ first) * (self.weight**2)[:, None]
        again = inverse.T @ (inverse @ ((self.stack @ left) / scale[:, None]))
        coefficients: Real = first + again / scale[:, None]
        return coefficients

    @cached_property
    def _held(self) -> Real:
        """Coefficients (p, c) with the ridge that keeps dipoles close together from growing against each other."""
        if self._factor is None:
            return self._span.coefficients(RIDGE)
        gram, scale, along = self._products
        lifted = gram + RIDGE**2 * np.eye(len(gram))
        coefficients: Real = np.linalg.solve(lifted, along) / scale[:, None]
        return coefficients

    def part(self, n: int) -> Real:
        """Tensor (6, c) of a dipole, in the response's own channels."""
        first = len(self.ground.basis) + 6 * n
        return self._held[first : first + 6]

    def left(self, use: NDArray[np.intp]) -> Real:
        """Leave (n, c) what nothing explains of some rows."""
        if self._factor is None:
            return self._span.rest.T[use] / self.weight[use, None]
        left: Real = self.ground.response.values[use] - self.stack[:, use].T @ self.free
        return left

    def alone(self, which: Sequence[int], use: NDArray[np.intp]) -> Real:
        """Response (n, c) of some rows to some dipoles and to what nothing explains."""
        values = self.left(use)
        for n in which:
            values = values + self.places[n].columns[:, use].T @ self.part(n)
        return values

    def strain(self, use: NDArray[np.intp]) -> float:
        """Energy that is left in some rows, in what noise and stated position errors make."""
        white = self.left(use) @ self.balance.whitener.T
        return float(((white * self.weight[use, None]) ** 2).mean())

    def joint(self) -> JointFit:
        """Give the same as a joint fit."""
        free = Kind(full=True, anchor=np.zeros(2), stray_m=0.0)
        sources = tuple(Source(Site(self.ground.response, p), free) for p in self.positions_m)
        return JointFit(self.ground.response, self.balance, sources, self.weight)


def orthonormal(rows: Real) -> Real:
    """Orthonormal columns (m, p) of what rows (q, m) span."""
    scaled = rows / (np.linalg.norm(rows, axis=1)[:, None] + 1e-300)
    span, size, _ = np.linalg.svd(scaled.T, full_matrices=False)
    return np.asarray(span[:, size > 1e-9 * size[0]], dtype=np.float64)
