"""One step with everything free, against all its unknowns in one dense system."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.emi import study_draws

from dualsense import emi
from dualsense.emi._locate import _wander_kernels as kernels
from dualsense.emi._locate import free_step, together
from dualsense.emi._locate.settled import Settled


@pytest.fixture(scope="module")
def begun():
    """Rows of a spheroid and a state a little off."""
    rows, centres, *_ = study_draws.draw(study_draws.CASES["uneven"], 3)
    noise = np.full(6, study_draws.NOISE)
    fit = Settled.of_ground(rows, emi.balance(rows, noise)).beside([centres[0] + np.array([2e-3, -1e-3, -4e-3])])
    use = np.arange(0, rows.time_s.size, 3)
    free = together.free_rows(fit, together.ground_of(fit), [0], use, 25, 0.003)
    rng = np.random.default_rng(1)
    shift = 1e-3 * rng.standard_normal((2, use.size, 3))
    begin = together.begun_at(fit, free, [0], use)
    return free, free_step.State(np.array(fit.positions_m[:1]), begin, *shift), rows.time_s[use]


def dense(rows, state, time_s):
    """Change of places, coefficients, and both errors of the track (m, 3), by one system of all unknowns."""
    here = free_step._around(rows, state)
    (m, c), total, slow = rows.data.shape, len(here.columns), np.sqrt(free_step.SLOW_PART)
    few, pushed, columns = here.few.transpose(2, 0, 1), here.pushed.transpose(2, 0, 1), here.columns.T
    *_, times = together._knots(time_s, 25)
    lines = np.stack([np.interp(time_s, times, unit) for unit in np.eye(times.size)], axis=1)
    apart = np.abs(times[:, None] - times) / together.MEMORY_S
    spots, k = rows.spots.shape[1], times.size
    parts = [
        few[:, :, :3],
        np.einsum("mt,cd->mdct", columns, np.eye(c)).reshape(m, c, c * total),
        here.soil.T[:, :, None] * rows.spots[:, None, :],
        np.concatenate([slow * pushed[:, :, a, None] * lines[:, None, :] for a in range(3)], axis=2),
        np.sqrt(1 - slow**2) * np.einsum("mca,mn->mcna", pushed, np.eye(m)).reshape(m, c, 3 * m),
    ]
    slopes = np.concatenate(parts, axis=2).reshape(m * c, -1)
    known = 3 + c * total
    precision = np.zeros((slopes.shape[1],) * 2)
    at = (3 + total * np.arange(c)[:, None] + rows.basis.shape[1] + np.arange(6)).ravel()
    precision[np.ix_(at, at)] = rows.prior[0]
    precision[known : known + spots, known : known + spots] = rows.patches
    for a in range(3):
        own = slice(known + spots + a * k, known + spots + (a + 1) * k)
        precision[own, own] = np.linalg.inv(np.exp(-apart))
    precision[range(known + spots + 3 * k, len(precision)), range(known + spots + 3 * k, len(precision))] = 1.0
    pull = slopes.T @ few[:, :, 3].ravel()
    pull[at] -= rows.prior[0] @ state.coefficients[rows.basis.shape[1] :].T.ravel()
    matrix = slopes.T @ slopes + precision
    size = np.sqrt(matrix.diagonal())
    inverse = np.linalg.inv(matrix / np.outer(size, size)) / np.outer(size, size)
    change = inverse @ pull
    wander = slow * lines @ change[known + spots : known + spots + 3 * k].reshape(3, k).T * rows.std
    quick = np.sqrt(1 - slow**2) * change[known + spots + 3 * k :].reshape(m, 3) * rows.std
    return change[:3], change[3:known].reshape(c, total).T, wander, quick, inverse[:3, :3]


def test_a_step_is_that_of_all_unknowns_together(begun, monkeypatch):
    monkeypatch.setattr(free_step, "RIDGE", 0.0)
    rows, state, time_s = begun
    after, covariance, misfit, _ = free_step.step(rows, state, held=False, pace=1.0)
    place, coefficients, wander, quick, spread = dense(rows, state, time_s)
    share = min(1.0, free_step.MAX_STEP_M / np.abs(place).max())
    assert after.positions[0] - state.positions[0] == pytest.approx(share * place, rel=1e-4, abs=1e-8)
    gone = after.coefficients - state.coefficients
    heard = free_step._around(rows, state).columns.T
    assert heard @ gone == pytest.approx(share * heard @ coefficients, abs=0.01)  # of the noise
    for told, before, error in ((after.slow, state.slow, wander), (after.quick, state.quick, quick)):
        limited = np.clip(error, -free_step.FARTHEST * rows.std, free_step.FARTHEST * rows.std)
        assert told - before == pytest.approx(share * (limited - before), abs=1e-7)
    assert covariance == pytest.approx(spread * max(misfit, 1.0), rel=1e-3)


def test_a_place_that_is_held_stays(begun):
    rows, state, _ = begun
    after, *_ = free_step.step(rows, state, held=True, pace=1.0)
    assert np.abs(after.positions - state.positions).max() < 1e-6
    assert np.abs(after.slow).max() > 1e-5


def test_spots_of_soil_tell_a_plane_exactly():
    at = np.random.default_rng(0).uniform(-0.3, 0.5, (50, 2))
    lines, spots = together._spots(at)
    assert lines.sum(axis=1) == pytest.approx(1.0)
    assert lines @ spots == pytest.approx(at)
    assert together._spots(at[:1])[0] == pytest.approx(np.ones((1, 1)))


def test_knots_of_a_pause_and_of_a_single_row():
    time_s = np.array([0.0, 0.05, 0.1, 0.15, 3.0, 6.0, 6.05, 6.1])
    knot, share, times = together._knots(time_s, 100)
    after = np.minimum(knot + 1, times.size - 1)
    assert (1 - share) * times[knot] + share * times[after] == pytest.approx(time_s)
    assert (np.diff(times) > 0).all()
    stiff, linked = together._process(times)
    precision = np.diag(stiff) + np.diag(linked, 1) + np.diag(linked, -1)
    assert np.linalg.inv(precision) == pytest.approx(np.exp(-np.abs(times[:, None] - times)), abs=1e-9)


@pytest.mark.kernel
def test_knots_are_eliminated_as_a_dense_system_is():
    rng = np.random.default_rng(2)
    m, c, knots, total, spots = 30, 4, 5, 3, 2
    knot, share = np.sort(rng.integers(0, knots - 1, m)), rng.uniform(0.0, 1.0, m)
    knot[-1], share[-1] = knots - 1, 0.0
    pushed, few = rng.standard_normal((m, c, 3)), rng.standard_normal((m, c, 4))
    columns, soil, patches = (rng.standard_normal(shape) for shape in ((m, total), (m, c), (m, spots)))
    turned = np.ascontiguousarray(pushed.transpose(0, 2, 1))
    own, beside = np.tile(np.eye(3), (knots, 1, 1)), np.zeros((knots - 1, 3, 3))
    along = np.zeros((knots, 3, 3 + c * total + spots + 1))
    told = (turned @ pushed, turned @ few, turned, columns, (turned @ soil[:, :, None])[:, :, 0])
    kernels.gather(knot, share, *told, patches, own, beside, along)
    others = [
        few[:, :, :3],
        np.einsum("mt,cd->mdct", columns, np.eye(c)).reshape(m, c, -1),
        soil[:, :, None] * patches[:, None, :],
        few[:, :, 3:],
    ]
    lines = np.zeros((m, knots))
    lines[np.arange(m), knot] = 1 - share
    lines[np.arange(m - 1), knot[:-1] + 1] = share[:-1]
    slopes = np.einsum("mk,mca->mcka", lines, pushed).reshape(m * c, -1)
    told = slopes.T @ np.concatenate(others, axis=2).reshape(m * c, -1)
    assert along.reshape(told.shape) == pytest.approx(told)
    matrix = slopes.T @ slopes + np.eye(3 * knots)
    kernels.eliminate(own, beside, along)
    flat = along.reshape(told.shape)
    assert flat.T @ flat == pytest.approx(told.T @ np.linalg.solve(matrix, told))
    wander = np.ascontiguousarray(along[:, :, -1])
    kernels.put_back(own, beside, wander)
    assert wander.ravel() == pytest.approx(np.linalg.solve(matrix, told[:, -1]))


@pytest.mark.kernel
@pytest.mark.parametrize("size", (1.0, 3e4))
def test_what_is_new_in_a_row_is_eliminated_as_rows_of_their_own_are(size):
    rng = np.random.default_rng(4)
    c, p, m, quick = 5, 6, 7, 0.7
    pushed, both = size * rng.standard_normal((c, 3, m)), rng.standard_normal((c, p, m))
    turned, pairs = np.empty((3, c, m)), np.zeros((c, c, m))
    told, heavy = np.empty((3, p, m)), np.empty((c, p, m))
    kernels.weigh(pushed, quick, both, turned, pairs, told, heavy)
    for r in range(m):
        # in terms of the error's main axes nothing large is taken from anything large
        axes, scale, across = np.linalg.svd(pushed[:, :, r])
        kept = np.ones(c)
        kept[:3] = 1.0 / (1.0 + (quick * scale) ** 2)
        weight = (axes * kept) @ axes.T
        turn = across.T @ np.diag(scale * kept[:3]) @ axes[:, :3].T
        assert pairs[:, :, r] == pytest.approx(np.tril(weight), abs=1e-12)
        assert heavy[:, :, r] == pytest.approx(weight @ both[:, :, r], abs=1e-12)
        assert turned[:, :, r] == pytest.approx(turn, rel=1e-9, abs=1e-12)
        assert told[:, :, r] == pytest.approx(turn @ both[:, :, r], rel=1e-9, abs=1e-12)
