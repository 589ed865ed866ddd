"""The joint fit's kernels and grown spans against the plain formulation; the same bytes for any thread count."""

from __future__ import annotations

from dataclasses import replace

import numba
import numpy as np
import pytest

from dualsense.emi._balance import balance, with_soil
from dualsense.emi._columns import dipole_columns, slope_rows
from dualsense.emi._joint import _descent_kernels as kernels
from dualsense.emi._joint import descent
from dualsense.emi._joint._dense_kernels import light_dots, light_sums
from dualsense.emi._joint.fit import (
    JointFit,
    Kind,
    Site,
    Source,
    joined,
    parts_of,
    reweighted,
    settled,
    steepness,
    worth,
)
from dualsense.emi._joint.search import NODE_DEPTHS_M, RIDGE, NodeGrid
from dualsense.emi._joint.span import Span
from dualsense.emi._response import Response
from oracles import joint

pytestmark = pytest.mark.kernel
compiled = pytest.mark.skipif(
    numba.config.DISABLE_JIT, reason="takes half a minute without compilation, and runs no other line"
)

NOISE = np.full(4, 3e-8)


def swept(*, tilted=False, coils=1, m=140, seed=2) -> Response:
    rng = np.random.default_rng(seed)
    xy = np.column_stack([0.3 * np.abs((0.07 * np.arange(m)) % 2 - 1), np.linspace(0.0, 0.25, m)])
    centre = np.column_stack([xy, 0.05 + 4e-3 * rng.standard_normal(m)])
    rotation = np.broadcast_to(np.eye(3), (m, 3, 3)).copy()
    if tilted:
        rotation = np.stack([np.linalg.qr(np.eye(3) + 0.1 * rng.standard_normal((3, 3)))[0] for _ in range(m)])
        rotation *= np.sign(np.einsum("nii->ni", rotation))[:, None]
    return Response(
        time_s=np.arange(m) * 0.06,
        values=NOISE * rng.standard_normal((m, 4)),
        channel_hz=np.tile([2400.0, 38400.0], 2),
        imaginary=np.repeat([False, True], 2),
        coil=np.arange(m) % coils,
        center_m=centre,
        tx_m=centre + np.array([0.01, 0.0, 0.002]),
        rx_m=centre - np.array([0.01, 0.0, 0.002]),
        rotation=rotation,
        position_std_m=np.full((m, 3), 5e-4),
        count=np.ones(m),
        tx_radius_m=np.array([0.1, 0.12])[:coils],
        rx_radius_m=np.array([0.08, 0.09])[:coils],
    )


CASES = pytest.mark.parametrize(("tilted", "coils"), ((False, 1), (True, 1), (True, 2)))


@CASES
def test_columns_are_those_of_the_plain_formulation(tilted, coils):
    response = swept(tilted=tilted, coils=coils)
    for at in ([0.1, 0.12, -0.05], [0.25, 0.03, 0.048]):
        plain = joint.columns(response, np.array(at))
        assert np.allclose(dipole_columns(response, np.array(at)), plain, rtol=1e-11, atol=1e-13 * plain.max())


def test_a_shift_of_the_coils_is_one_of_the_dipole_the_other_way():
    response, at, shift = swept(), np.array([0.1, 0.12, -0.05]), np.array([1e-3, -2e-3, 5e-4])
    moved = replace(response, tx_m=response.tx_m + shift, rx_m=response.rx_m + shift)
    columns = dipole_columns(response, at - shift)
    assert np.allclose(columns, joint.columns(moved, at), rtol=1e-9, atol=1e-12)


@CASES
def test_slopes_are_what_differences_tend_to(tilted, coils):
    response, at = swept(tilted=tilted, coils=coils), np.array([0.1, 0.12, -0.05])
    slopes = slope_rows(response, at)
    for axis, step in enumerate(2e-5 * np.eye(3)):
        plain = (joint.columns(response, at + step) - joint.columns(response, at - step)).T / 4e-5
        assert np.allclose(slopes[axis], plain, rtol=1e-6, atol=1e-7 * np.abs(plain).max())


@CASES
def test_the_search_is_that_of_the_plain_formulation(tilted, coils):
    response = swept(tilted=tilted, coils=coils)
    rng = np.random.default_rng(5)
    weight = rng.uniform(0.3, 1.0, response.time_s.size)
    q, residual = joint.fit(rng.standard_normal((weight.size, 7)), rng.standard_normal((weight.size, 4)))
    grid = NodeGrid.over(response, node_m=0.06, reach_m=0.15)
    found, depth = grid.drops(np.ascontiguousarray(residual.T), np.ascontiguousarray(q.T), weight)
    assert grid.usable.any()
    for n, node in enumerate(grid.nodes):
        rows = np.flatnonzero(np.linalg.norm(response.center_m[:, :2] - node, axis=1) <= 0.15)
        if not grid.usable[n]:
            assert found[n] == 0.0
            continue
        own = [joint.columns(response, np.array([*node, -z]))[:, :3].sum(axis=1) for z in NODE_DEPTHS_M]
        plain = joint.drop(np.stack(own, axis=1), residual, q, rows, weight, RIDGE)
        # the search is made in single precision: it only says where to begin, and whether
        assert found[n] == pytest.approx(plain.max(), rel=2e-6)
        assert plain[depth[n]] == pytest.approx(plain.max(), rel=2e-6)


@CASES
def test_what_a_fit_leaves_of_a_column_is_that_of_plain_least_squares(tilted, coils):
    response = swept(tilted=tilted, coils=coils)
    rng = np.random.default_rng(7)
    weight = rng.uniform(0.3, 1.0, response.time_s.size)
    fitted = weight[:, None] * rng.standard_normal((weight.size, 7))
    basis = np.ascontiguousarray(np.linalg.qr(fitted)[0].T)
    grid = NodeGrid.over(response, node_m=0.06, reach_m=0.15)
    kept = grid.kept(basis, weight)
    depth = 2
    for n, node in enumerate(grid.nodes):
        near = np.linalg.norm(response.center_m[:, :2] - node, axis=1) <= 0.15
        own = joint.columns(response, np.array([*node, -NODE_DEPTHS_M[depth]]))[:, :3].sum(axis=1)
        own = np.where(near, weight * own, 0.0)
        left = own - fitted @ np.linalg.lstsq(fitted, own, rcond=None)[0]
        assert kept[depth, n] == pytest.approx((left**2).sum(), rel=1e-5, abs=1e-12 * (own**2).sum())


@compiled
def test_the_search_has_the_same_bytes_for_any_number_of_threads():
    response = swept(tilted=True)
    rng = np.random.default_rng(6)
    q, residual = joint.fit(rng.standard_normal((140, 9)), rng.standard_normal((140, 4)))
    found_by_threads, before = [], numba.get_num_threads()
    try:
        for threads in {1, before}:
            numba.set_num_threads(threads)
            grid = NodeGrid.over(response, node_m=0.03, reach_m=0.2)
            found_by_threads.append(
                grid.drops(np.ascontiguousarray(residual.T), np.ascontiguousarray(q.T), np.ones(140))
            )
    finally:
        numba.set_num_threads(before)
    for drop, depth in found_by_threads:
        assert drop.tobytes() == found_by_threads[0][0].tobytes()
        assert depth.tobytes() == found_by_threads[0][1].tobytes()


@compiled
def test_a_coarse_search_finds_the_best_node_and_leaves_the_others():
    response = swept(m=150, tilted=True)
    own = dipole_columns(response, np.array([0.11, 0.12, -0.06])) @ np.full((6, 4), 1e-6)
    rng = np.random.default_rng(8)
    q, residual = joint.fit(rng.standard_normal((150, 5)), 1e9 * own + rng.standard_normal((150, 4)))
    grid = NodeGrid.over(response, node_m=0.016, reach_m=0.2)
    rows, basis, weight = np.ascontiguousarray(residual.T), np.ascontiguousarray(q.T), np.ones(150)
    whole, depth = grid.drops(rows, basis, weight)
    some, some_depth = grid.drops(rows, basis, weight, whole=False)
    asked = some > 0.0
    assert asked.sum() < 0.6 * grid.usable.sum()
    assert asked[grid.sparse].all()
    assert some.argmax() == whole.argmax()
    assert np.array_equal(some[asked], whole[asked])
    assert np.array_equal(some_depth[asked], depth[asked])
    skip = np.arange(whole.size) == whole.argmax()
    assert grid.drops(rows, basis, weight, skip=skip, whole=False)[0][skip] == 0.0


def test_light_products_are_those_of_doubles_but_for_single_precision():
    rng = np.random.default_rng(9)
    for k, n, m in ((4, 4, 64), (7, 9, 33), (3, 2, 5), (12, 5, 400)):
        a, b = (rng.standard_normal((rows, m)).astype(np.float32) for rows in (k, n))
        out = np.empty((k, n))
        light_dots(a, b, out)
        plain = a.astype(np.float64) @ b.T.astype(np.float64)
        np.testing.assert_allclose(out, plain, atol=3e-6 * m**0.5)
        wide, summed = np.zeros((m, n + 3), np.float32), np.empty((k, n))
        wide[:, :n] = b.T
        light_sums(a, wide, summed)
        np.testing.assert_allclose(summed, plain, atol=3e-6 * m**0.5)


@CASES
def test_other_dipoles_find_the_same_ground(tilted, coils):
    fit, moving = beside_one(tilted=tilted, coils=coils)
    _ = fit.ground
    kept, anew = fit.with_sources((*fit.sources, *moving)), replace(fit, sources=(*fit.sources, *moving))
    assert kept.ground is fit.ground
    assert np.array_equal(kept.span.rest, anew.span.rest)


@CASES
def test_what_a_dipole_is_worth_is_what_the_misfit_rises_without_it(tilted, coils):
    fit, moving = beside_one(tilted=tilted, coils=coils)
    fit = replace(fit, sources=(*fit.sources, *moving))
    gains = worth(fit.span, fit.sources)
    for n in range(len(fit.sources)):
        without = fit.beside([*fit.sources[:n], *fit.sources[n + 1 :]])
        assert gains[n] == pytest.approx(without.misfit() - fit.span.misfit(), rel=1e-3)


def beside_one(*, tilted=False, coils=1) -> tuple[JointFit, list[Source]]:
    """A fit of one dipole, and two more near the truth of two that it does not hold."""
    response = swept(tilted=tilted, coils=coils)
    true = [[0.05, 0.06, -0.05], [0.2, 0.1, -0.05], [0.22, 0.2, -0.07]]
    rng = np.random.default_rng(7)
    values = response.values + sum(
        dipole_columns(response, np.array(at)) @ (1e-6 * rng.standard_normal((6, 4))) for at in true
    )
    response = replace(response, values=values)
    even = balance(response, NOISE, conduction_std=0.0)  # what has no soil shows kernels' own rounding alone
    fit = settled(JointFit.of_ground(response, even), [np.array(true[0])])
    starts = [np.array(at) + 0.01 * rng.standard_normal(3) for at in true[1:]]
    kinds = [Kind(full=full, anchor=at[:2], stray_m=0.06) for full, at in zip((True, False), starts, strict=True)]
    return fit, [Source(Site(response, at), kind) for at, kind in zip(starts, kinds, strict=True)]


@CASES
def test_a_trial_is_a_span_that_grew_and_as_steep(tilted, coils):
    fit, moving = beside_one(tilted=tilted, coils=coils)
    setting = descent.setting_of(fit, fit.sources, moving)
    places = np.array([source.position_m for source in moving])
    found = kernels.fitted(places, setting, 7)
    span = joined(fit.span, moving, fit.weight)
    assert found.misfit == pytest.approx(span.misfit(), rel=1e-9)
    normal, gradient = kernels.steepness(places, setting, found, RIDGE)
    plain, slope = steepness(moving, parts_of(span, moving), span, fit.weight)
    # in single precision: it only says which way to go
    assert np.allclose(normal, plain, atol=1e-4 * np.abs(plain).max())
    assert np.allclose(gradient, slope, atol=1e-4 * np.abs(slope).max())


@CASES
def test_a_descent_is_that_of_the_plain_formulation(tilted, coils):
    fit, moving = beside_one(tilted=tilted, coils=coils)
    setting = descent.setting_of(fit, fit.sources, moving)
    limits = kernels.Limits(6, descent.DAMPINGS, descent.MAX_STEP_M, descent.CLOSEST_M)
    places, misfit = kernels.descend(np.array([s.position_m for s in moving]), setting, limits, RIDGE)
    plain, least = joint.descend(fit, moving, [setting.low, setting.high], steps=6)
    assert np.allclose(places, [source.position_m for source in plain], atol=1e-5)
    assert misfit == pytest.approx(least, rel=1e-4)  # as little as the last step gains
    assert misfit < joined(fit.span, moving, fit.weight).misfit()


@pytest.mark.parametrize("near", (0.0, 1e-7), ids=("apart", "nearly the same"))
def test_a_span_that_grew_is_one_qr(near):
    rng = np.random.default_rng(3)
    design = rng.standard_normal((120, 11)) * 10.0 ** rng.uniform(-6, 3, 11)
    if near:
        design[:, 8] = 3.0 * design[:, 2] + near * np.linalg.norm(design[:, 2]) * rng.standard_normal(120)
    data = rng.standard_normal((120, 3))
    q, rest = joint.fit(design, data)
    parts = [np.ascontiguousarray(design[:, a:b].T) for a, b in ((0, 4), (4, 7), (7, 11))]
    span = Span.nothing(data.T)
    for part in parts:
        span = span.joined(part)
    basis = np.concatenate(span.blocks)
    loose = 1e-7 if near else 1e-12
    assert np.allclose(basis @ basis.T, np.eye(11), atol=1e-12)
    assert np.allclose(span.rest.T, rest, atol=loose)
    assert np.allclose(basis.T @ basis, q @ q.T, atol=loose)
    scaled = design / np.sqrt((design**2).sum(axis=0))
    ridged = np.linalg.solve(scaled.T @ scaled + 1e-8 * np.eye(11), scaled.T @ data)
    assert np.allclose(span.coefficients(1e-4) * span.scale[:, None], ridged, rtol=1e-5, atol=1e-6)
    if not near:
        assert np.allclose(span.coefficients(0.0), np.linalg.lstsq(design, data, rcond=None)[0], rtol=1e-8)


def test_columns_that_are_the_same_get_coefficients_of_least_norm():
    rng = np.random.default_rng(4)
    column, data = rng.standard_normal((1, 50)), rng.standard_normal((2, 50))
    span = Span.nothing(data).joined(np.concatenate([column, column]))
    one, other = span.coefficients(0.0)
    assert np.allclose(one, other)
    assert np.allclose(one + other, (data @ column[0]) / (column[0] @ column[0]))


def test_soil_beside_dipoles_does_not_depend_on_the_whitening():
    """Which mixes channels alike in all rows: once is enough where the rows' weights are given."""
    response = swept()
    columns = joint.columns(response, np.array([0.15, 0.12, -0.04]))
    response = replace(response, values=response.values + columns[:, :4] * 1e-6 + 1e-6)
    weight = np.linspace(0.5, 1.0, response.time_s.size)
    found = balance(response, NOISE, objects=columns, row_weight=weight)
    design, white = np.concatenate([found.basis, columns], axis=1), response.values @ found.whitener.T
    solved = np.linalg.lstsq(design * weight[:, None], white * weight[:, None], rcond=1e-9)[0]
    assert np.allclose(np.linalg.solve(found.whitener, solved[found.basis.shape[1] - 1]), found.soil, rtol=1e-7)
    assert np.allclose(with_soil(found, found.soil).whitener, found.whitener, rtol=1e-12)


def test_soil_of_the_joint_fit_is_that_of_the_balance_with_its_weights():
    response = swept()
    at = np.array([0.15, 0.12, -0.04])
    columns = joint.columns(response, at)
    response = replace(response, values=response.values + columns @ np.full((6, 4), 1e-6) + 1e-6)
    response = replace(response, position_std_m=np.full((response.time_s.size, 3), 1e-12))
    ground = JointFit.of_ground(response, balance(response, NOISE))
    source = Source(Site(response, at), Kind(full=True, anchor=at[:2], stray_m=0.0))
    fit = reweighted(replace(ground, sources=(source,)), object_std_m=0.0)
    assert np.allclose(fit.weight, 1.0)
    found = balance(response, NOISE, objects=columns, row_weight=fit.weight)
    assert np.allclose(fit.balance.soil, found.soil, rtol=1e-7)
    assert np.allclose(fit.balance.whitener, found.whitener, rtol=1e-7)
