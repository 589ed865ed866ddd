"""Position errors that last over rows: found in what the rows leave, and in the error bars."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.emi._columns import dipole_columns
from dualsense.emi._locate import row_errors as _row_errors
from dualsense.emi._locate.fit import columns, solve
from dualsense.emi._locate.locate import locate
from dualsense.emi._locate.row_errors import blurred, lasting
from dualsense.emi._locate.rows import rows_of
from dualsense.emi._response import Response
from dualsense.induction._polarizability import polarizability, sphere_spectrum
from dualsense.simulate._motion import correlated_noise

HZ = np.array([2400.0, 9600.0, 38400.0])
STD_M = 0.005
AT_M = np.array([0.01, -0.02, -0.06])


def scan(at_m, values=None):
    m = len(at_m)
    return Response(
        time_s=0.05 * np.arange(m),
        values=np.zeros((m, 6)) if values is None else values,
        channel_hz=np.tile(HZ, 2),
        imaginary=np.repeat([False, True], 3),
        coil=np.zeros(m, np.intp),
        center_m=at_m,
        tx_m=at_m,
        rx_m=at_m,
        rotation=np.broadcast_to(np.eye(3), (m, 3, 3)),
        position_std_m=np.full((m, 3), STD_M),
        count=np.ones(m),
        tx_radius_m=np.array([0.1]),
        rx_radius_m=np.array([0.08]),
    )


def raster(side=17):
    x, y = np.meshgrid(*[np.linspace(-0.16, 0.16, side)] * 2)
    return np.column_stack([x.ravel(), y.ravel(), np.full(x.size, 0.05)])


def errors(m, rows, rng):
    """Unit errors, correlated as exp(-(lag / rows)^2)."""
    if not rows:
        return rng.standard_normal((m, 3))
    return np.column_stack([correlated_noise(m, rows, rng=rng) for _ in range(3)])


def measured(rows, seed, snr=100.0):
    rng = np.random.default_rng(seed)
    m = polarizability(sphere_spectrum(radius_m=0.006, conductivity_s_m=3.5e7, relative_permeability=1.0), HZ)
    elements = np.zeros((6, 6))
    elements[:3] = np.concatenate([m.real, m.imag])[:, 0, 0]
    at = raster()
    elements *= snr / np.abs(dipole_columns(scan(at), AT_M) @ elements).max()
    moved = at + STD_M * errors(len(at), rows, rng)
    values = dipole_columns(scan(moved), AT_M) @ elements + rng.standard_normal((len(at), 6))
    return scan(at, values)


def fitted(response):
    rows = rows_of(response, np.ones(6), None, (0.005, 0.3))
    place = AT_M[None, :]
    fit = solve(rows, place, solve(rows, place, None))
    return rows, fit


def test_errors_of_their_own_in_each_row_add_nothing():
    added = [lasting(*fitted(r), np.eye(3), r.time_s) for r in (measured(0, seed) for seed in range(20))]
    assert sum(bool(a.any()) for a in added) <= 2


def test_what_lasting_errors_add_is_the_double_sum_over_rows(monkeypatch):
    """Beside loops over all pairs of rows, with a correlation that is given."""
    response = measured(4, 1)
    rows, fit = fitted(response)
    value, slope = columns(rows, AT_M[None, :])
    shared = np.array([0.7, 0.4, 0.1])
    monkeypatch.setattr(_row_errors, "_correlation", lambda *_: shared)
    information, by_position, g = fit.schur()
    change = g @ by_position
    scores = []
    for i in range(len(value)):
        moved = slope[i] @ fit.elements
        own = np.array([moved[:, k] + sum(value[i, q] * change[6 * q + k] for q in range(6)) for k in range(6)])
        scores.append(own.T @ fit.weight[i] @ (moved * rows.std[i][:, None]).T)
    scatter = np.zeros((3, 3))
    for i, one in enumerate(scores):
        for j, other in enumerate(scores):
            if 1 <= abs(i - j) <= 3:
                scatter += shared[abs(i - j) - 1] * one @ other.T
    inverse = np.linalg.inv(information)
    wanted = inverse @ scatter @ inverse
    assert np.linalg.eigvalsh(wanted).min() > 0
    got = lasting(rows, fit, 1e9 * np.eye(3), response.time_s)
    np.testing.assert_allclose(got, wanted, rtol=1e-9)
    # where metal is known beforehand, the place is known better than the fit has it, and so is what is added
    known = lasting(rows, fit, 0.25 * np.diag(np.diag(inverse)), response.time_s)
    np.testing.assert_allclose(known, 0.25 * wanted, rtol=1e-9)


def test_the_correlation_of_the_errors_is_found():
    """Scores of known precision: neighbours as they were made, and none over a gap in time."""
    rng = np.random.default_rng(3)
    m = 40000
    precision = rng.uniform(0.2, 2.0, m)[:, None, None] * np.eye(3)
    score = precision[:, 0, :1] * errors(m, 3, rng)
    found = _row_errors._correlation(score, precision, np.arange(float(m)))
    np.testing.assert_allclose(found[:4], np.exp(-((np.arange(1, 5) / 3) ** 2)), atol=0.03)
    apart = np.arange(float(m)) + 100.0 * (np.arange(m) // 2)  # pairs of rows, far from each other
    assert _row_errors._correlation(score, precision, apart).size == 1


@pytest.mark.parametrize(("rows", "without"), ((4, 1.3), (8, 1.3)))
def test_error_bars_hold_where_errors_last(rows, without, monkeypatch):
    """Without it deviations are a third too small; as wide as errors are, within what 24 targets tell."""

    def added():
        error = []
        for seed in range(24):
            found = locate(measured(rows, seed), np.ones(6))
            error.append((found.position_m - AT_M) / np.sqrt(np.diag(found.covariance_m2)))
        return float(np.sqrt(np.mean(np.square(error))))

    with_it = added()
    monkeypatch.setattr("dualsense.emi._locate.locate.lasting", lambda *_: np.zeros((3, 3)))
    assert added() > without
    assert 0.7 < with_it < 1.3


def test_a_density_is_blurred_to_the_variance_that_is_stated():
    depth = np.linspace(0.08, 0.12, 81)
    density = np.exp(-0.5 * ((depth - 0.1) / 0.004) ** 2)
    density /= density.sum() * (depth[1] - depth[0])
    wide, out = blurred(depth, density, 0.008**2, (0.005, 0.3))
    step = wide[1] - wide[0]
    assert out.sum() * step == pytest.approx(1.0)
    mean = (out * wide).sum() * step
    assert mean == pytest.approx(0.1, abs=1e-6)
    assert np.sqrt((out * (wide - mean) ** 2).sum() * step) == pytest.approx(0.008, rel=0.01)
    cut, _ = blurred(depth, density, 0.03**2, (0.06, 0.13))
    assert cut[0] >= 0.06
    assert cut[-1] <= 0.13
    same, untouched = blurred(depth, density, 0.003**2, (0.005, 0.3))
    assert same is depth
    assert untouched is density


def test_the_interval_of_the_depth_is_as_wide_as_the_covariance():
    found = locate(measured(8, 5), np.ones(6))
    low, high = found.depth_interval_m(0.9)
    assert high - low == pytest.approx(2 * 1.645 * np.sqrt(found.covariance_m2[2, 2]), rel=0.1)
