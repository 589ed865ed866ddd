"""The track mended by metal: the smoother against one dense posterior, and shifts put in are shifts told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.emi._balance import balance
from dualsense.emi._columns import dipole_columns
from dualsense.emi._joint import _track_kernels as kernels
from dualsense.emi._joint.find import find_dipoles
from dualsense.emi._joint.fit import JointFit, settled
from dualsense.emi._joint.mend import FARTHEST, SLOW_PART, mended
from dualsense.emi._locate.refine import refine
from dualsense.emi._response import Response
from oracles import track as plain

NOISE = np.full(6, 3e-8)
STEEL = np.array([1.3e-6, 1.2e-6, 1.0e-6, -1.2e-7, -2.1e-7, -3.3e-7])
AT = np.array([0.18, 0.15, -0.05])
STD_M = np.array([0.004, 0.004, 0.002])


def passes(rng: np.random.Generator) -> Response:
    """Lines to and fro over a patch of 36 by 30 cm."""
    x = np.linspace(0.0, 0.36, 31)
    xy = [(xi, y) for k, y in enumerate(np.linspace(0, 0.3, 15)) for xi in (x if k % 2 == 0 else x[::-1])]
    m = len(xy)
    centre = np.column_stack([np.array(xy), 0.05 + 2e-3 * rng.standard_normal(m)])
    return Response(
        time_s=np.arange(m) * 0.03,
        values=NOISE * rng.standard_normal((m, 6)),
        channel_hz=np.tile([2400.0, 9600.0, 38400.0], 2),
        imaginary=np.repeat([False, True], 3),
        coil=np.zeros(m, np.intp),
        center_m=centre,
        tx_m=centre,
        rx_m=centre,
        rotation=np.broadcast_to(np.eye(3), (m, 3, 3)),
        position_std_m=np.tile(STD_M, (m, 1)),
        count=np.ones(m),
        tx_radius_m=np.array([0.1]),
        rx_radius_m=np.array([0.08]),
    )


def wandering(rng: np.random.Generator, time_s: np.ndarray) -> np.ndarray:
    """Errors (m, 3) that last half a second."""
    keep = np.exp(-np.diff(time_s) / 0.5)
    out = rng.standard_normal((time_s.size, 3))
    for n, k in enumerate(keep, start=1):
        out[n] = k * out[n - 1] + np.sqrt(1.0 - k * k) * out[n]
    return STD_M * np.sqrt(SLOW_PART) * out


def scanned(seed: int, *, amount: float = 1.0) -> tuple[Response, np.ndarray]:
    """Rows over one dipole as a track that errs has them, and by how much it errs."""
    rng = np.random.default_rng(seed)
    true = passes(rng)
    columns = dipole_columns(true, AT)[:, :3].sum(axis=1, keepdims=True)
    error = wandering(rng, true.time_s)
    told = true.center_m + error
    values = true.values + amount * columns * STEEL
    return replace(true, values=values, center_m=told, tx_m=told, rx_m=told), error


def placed(rows: Response) -> JointFit:
    return settled(JointFit.of_ground(rows, balance(rows, NOISE)), [AT])


@pytest.mark.kernel
def test_the_smoother_is_the_dense_posterior():
    rng = np.random.default_rng(3)
    m = 40
    time_s = np.cumsum(rng.uniform(0.01, 0.2, m))
    half = rng.standard_normal((m, 3, 3)) * rng.uniform(0.0, 2e3, (m, 1, 1))
    known = half @ half.transpose(0, 2, 1)
    known[10:20] = 0.0
    pull = np.einsum("nij,nj->ni", known, 2e-3 * rng.standard_normal((m, 3)))
    prior = np.tile([1e-5, 4e-6, 2e-6], (m, 1))
    mean, covariance, room = np.empty((m, 3)), np.empty((m, 3, 3)), np.empty((m, 3, 3))
    kernels.smooth(time_s, known, pull, prior, 0.5, mean, covariance, room)
    exact, blocks = plain.smooth(time_s, known, pull, prior, 0.5)
    np.testing.assert_allclose(mean, exact, atol=1e-4 * np.abs(exact).max())
    np.testing.assert_allclose(covariance, blocks, atol=1e-4 * prior.max())


@pytest.mark.kernel
def test_rows_tell_of_their_shift_along_the_slopes():
    """A row's precision is that of its slopes, and its pull leads to the shift that was put in."""
    rng = np.random.default_rng(4)
    moved, shift = rng.standard_normal((3, 6, 5)), 1e-3 * rng.standard_normal((5, 3))
    before = 0.5e-3 * rng.standard_normal((5, 3))
    rest = -np.einsum("akn,na->kn", moved, shift - before)
    known, pull = np.empty((5, 3, 3)), np.empty((5, 3))
    kernels.told(moved, rest, np.full(5, 2.0), before, known, pull)
    np.testing.assert_allclose(known, 0.5 * np.einsum("akn,bkn->nab", moved, moved), rtol=1e-12)
    np.testing.assert_allclose(np.linalg.solve(known, pull[..., None])[..., 0], shift, rtol=1e-9)


def test_over_metal_the_track_comes_nearer_to_the_truth():
    before, after, z = [], [], []
    for seed in range(6):
        rows, error = scanned(seed)
        fit = mended(placed(rows), rows)
        near = np.linalg.norm(rows.center_m[:, :2] - AT[:2], axis=1) < 0.08
        left = fit.response.center_m - rows.center_m + error
        before.append(error[near, 0].var())  # what all rows share is the dipole's as well as theirs
        after.append(left[near, 0].var())
        z.append((left[near] / fit.response.position_std_m[near]).std())
    assert np.mean(after) < 0.8 * np.mean(before)
    assert 0.3 < np.mean(z) < 1.2


def test_rows_that_no_metal_tells_of_stay_and_none_goes_far():
    rows, _ = scanned(1, amount=0.05)
    fit = mended(placed(rows), rows)
    step = np.abs(fit.response.center_m - rows.center_m)
    far = np.abs(rows.center_m[:, 1] - AT[1]) > 0.13  # whole lines, so in time as well
    assert far.any()
    assert step[far].max() < 0.3 * step.max()
    assert np.all(step <= FARTHEST * STD_M * np.sqrt(SLOW_PART) + 1e-12)
    quiet, _ = scanned(1, amount=1e-4)
    assert mended(placed(quiet), quiet).response is quiet


def test_an_exact_track_is_left_alone():
    rng = np.random.default_rng(2)
    rows = passes(rng)
    columns = dipole_columns(rows, AT)[:, :3].sum(axis=1, keepdims=True)
    rows = replace(rows, values=rows.values + columns * STEEL, position_std_m=np.zeros_like(rows.position_std_m))
    fit = mended(placed(rows), rows)
    assert np.abs(fit.response.center_m - rows.center_m).max() < 1e-3


@pytest.mark.parametrize("std_m", (0.0, np.nan, 0.05, 3.0))
def test_a_track_that_states_no_error_or_a_large_one_is_not_mended(std_m):
    """Slopes are straight over a centimetre or so, and the smoother is no better than its numbers."""
    rows, _ = scanned(1, amount=20.0)
    rows = replace(rows, position_std_m=np.full_like(rows.position_std_m, std_m))
    assert mended(placed(rows), rows).response is rows


@pytest.mark.kernel
def test_rows_go_back_where_what_moved_them_is_gone():
    rows, _ = scanned(1)
    fit = mended(placed(rows), rows)
    alone = mended(replace(fit, sources=()), rows)
    np.testing.assert_allclose(alone.response.center_m, rows.center_m, atol=1e-12)
    np.testing.assert_allclose(alone.response.position_std_m, rows.position_std_m, rtol=1e-5)


@pytest.mark.parametrize("seed", (11, 12, 13))
def test_a_track_that_errs_makes_no_second_dipole(seed):
    rows, _ = scanned(seed, amount=20.0)
    found = refine(rows, find_dipoles(rows, NOISE))
    assert len(found.dipoles) == 1
    assert np.linalg.norm(found.dipoles[0].position_m[:2] - AT[:2]) < 5e-3
    assert found.mended is not rows
