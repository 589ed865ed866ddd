"""One dipole with error bars: they hold, the tensors are those buried, and both modalities agree."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import nnls

from dualsense.emi._columns import dipole_columns
from dualsense.emi._locate.locate import locate, locate_many
from dualsense.emi._response import Response
from dualsense.induction._polarizability import gate_rate, polarizability, rotate_spectrum, spheroid_spectrum

PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
HZ = np.array([1e3, 3e3, 1e4, 3e4, 1e5])
GATES = np.array([[1e-5, 2e-5], [2e-5, 4e-5], [4e-5, 8e-5], [8e-5, 1.6e-4]])
AXES, _ = np.linalg.qr(np.array([[1.0, 0.3, -0.2], [-0.4, 1.0, 0.5], [0.1, -0.6, 1.0]]))
AT = np.array([0.02, -0.03, -0.06])


def spectrum():
    rod = spheroid_spectrum(
        semi_axis_m=4e-3, polar_semi_axis_m=9e-3, conductivity_s_m=3.5e7, relative_permeability=1.0
    )
    return rotate_spectrum(rod, AXES * np.sign(np.linalg.det(AXES)))


def buried(tensors, *, pulse=False, snr=100.0, jitter_m=0.0, seed=0, at=AT):
    """Rows over 17 x 17 places at two heights, with the signal of real channels (c, 3, 3), in unit noise."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(*[np.linspace(-0.16, 0.16, 17)] * 2)
    z = np.full(x.shape, 0.05)
    z[1::2] = 0.1
    where = np.column_stack([x.ravel(), y.ravel(), z.ravel()])
    m, c = len(where), len(tensors)
    hz = HZ if not pulse else 1.0 / (2 * np.pi * GATES.mean(axis=1))
    response = Response(
        time_s=0.05 * np.arange(m),
        values=np.zeros((m, c)),
        channel_hz=hz if pulse else np.tile(hz, 2),
        imaginary=np.zeros(c, bool) if pulse else np.repeat([False, True], c // 2),
        coil=np.zeros(m, np.intp),
        center_m=where,
        tx_m=where,
        rx_m=where,
        rotation=np.broadcast_to(np.eye(3), (m, 3, 3)),
        position_std_m=np.full((m, 3), jitter_m),
        count=np.ones(m),
        tx_radius_m=np.array([0.1]),
        rx_radius_m=np.array([0.08]),
    )
    moved = where + jitter_m * rng.standard_normal(where.shape)
    elements = np.stack([tensors[:, i, j] for i, j in PAIRS])
    signal = dipole_columns(replace(response, tx_m=moved, rx_m=moved), at) @ elements
    scale = snr / np.abs(signal).max()
    return replace(response, values=scale * signal + rng.standard_normal(signal.shape)), scale


def frequency_tensors():
    m = polarizability(spectrum(), HZ)
    return np.concatenate([m.real, m.imag])


def pulse_tensors():
    return gate_rate(spectrum(), GATES) * GATES.mean(axis=1)[:, None, None]


def test_position_and_tensor_lie_within_their_error_bars():
    tensors = frequency_tensors()
    response, scale = buried(tensors, jitter_m=3e-3)
    estimate = locate(response, np.ones(len(tensors)))
    error = estimate.position_m - AT
    assert error @ np.linalg.solve(estimate.covariance_m2, error) < 16.3  # 0.1 % of chi square, three degrees
    assert np.sqrt(np.diag(estimate.covariance_m2)).max() < 4e-3
    low, high = estimate.depth_interval_m(0.998)
    assert low < -AT[2] < high
    assert estimate.misfit == pytest.approx(1.0, abs=0.1)
    assert estimate.coherence > 0.9
    assert len(estimate.modes_m) == 1
    assert np.trapezoid(estimate.depth_density, estimate.depth_m) == pytest.approx(1.0, abs=0.01)
    away = (estimate.tensor_m3 - scale * tensors)[:, [0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]]
    deviation = np.sqrt(np.diagonal(estimate.tensor_covariance, axis1=1, axis2=2))
    assert np.sqrt((away / deviation) ** 2).mean() < 2.0
    assert np.abs(away).max() < 0.2 * np.abs(scale * tensors).max()


def test_tensors_share_their_axes_and_lose_energy_only():
    tensors = frequency_tensors()
    response, _ = buried(tensors, snr=15.0, seed=3)
    estimate = locate(response, np.ones(len(tensors)))
    turned = estimate.axes.T @ estimate.tensor_m3 @ estimate.axes
    off = turned - turned * np.eye(3)
    assert np.abs(off).max() < 1e-9 * np.abs(turned).max()
    np.testing.assert_allclose(np.diagonal(turned, axis1=1, axis2=2), estimate.principal_m3, rtol=1e-6, atol=1e-12)
    assert (estimate.principal_m3[len(HZ) :] <= 0.0).all()


def test_frequency_and_pulse_give_the_same_tensor():
    one, scale_one = buried(frequency_tensors(), snr=1000.0, seed=1)
    other, scale_other = buried(pulse_tensors(), pulse=True, snr=1000.0, seed=2)
    swept, pulsed = locate(one, np.ones(2 * len(HZ))), locate(other, np.ones(len(GATES)))
    np.testing.assert_allclose(swept.position_m, pulsed.position_m, atol=1e-3)
    # the relaxations that the swept principal values consist of, carried over to the gates
    tau = np.geomspace(1e-6, 1e-3, 60)
    s = 2j * np.pi * HZ[:, None] * tau
    design = np.concatenate([(-s / (1 + s)).real, (-s / (1 + s)).imag])
    gates = np.exp(-GATES[:, :1] / tau) - np.exp(-GATES[:, 1:] / tau)
    gates *= (GATES.mean(axis=1) / np.diff(GATES)[:, 0])[:, None]
    carried = np.stack([gates @ nnls(design, v)[0] for v in swept.principal_m3.T / scale_one], axis=1)
    tensor = np.einsum("ia,ka,ja->kij", swept.axes, carried, swept.axes)
    found = pulsed.tensor_m3 / scale_other
    assert np.linalg.norm(tensor - found) < 0.06 * np.linalg.norm(found)
    assert np.linalg.norm(found - pulse_tensors()) < 0.03 * np.linalg.norm(found)
    assert np.linalg.norm(swept.tensor_m3 / scale_one - frequency_tensors()) < 0.03 * np.linalg.norm(
        frequency_tensors()
    )


def test_the_radar_narrows_the_depth():
    response, _ = buried(frequency_tensors(), snr=10.0, jitter_m=5e-3)
    noise = np.ones(response.values.shape[1])
    alone = locate(response, noise)
    joined = locate(response, noise, radar_depth_m=0.06, radar_depth_std_m=2e-3)
    assert joined.covariance_m2[2, 2] < min(alone.covariance_m2[2, 2], 2.1e-3**2)
    assert joined.position_m[2] == pytest.approx(-0.06, abs=3e-3)


def test_a_wrong_position_error_widens_the_bars():
    tensors = frequency_tensors()
    response, _ = buried(tensors, jitter_m=8e-3, seed=5)
    honest = locate(response, np.ones(len(tensors)))
    trusting = locate(response, np.ones(len(tensors)), position_std_m=2e-3)
    ratio = np.sqrt(trusting.covariance_m2[2, 2] / honest.covariance_m2[2, 2])
    assert 0.6 < ratio < 2.5
    assert trusting.misfit < 1.5


def test_evidence_is_for_a_dipole_where_there_is_one_only():
    tensors = frequency_tensors()
    response, _ = buried(tensors, snr=30.0)
    there = locate(response, np.ones(len(tensors)))
    assert there.log_evidence > there.log_evidence_none + 100.0
    empty, _ = buried(tensors, snr=1e-6)
    nothing = locate(empty, np.ones(len(tensors)))
    assert nothing.log_evidence < nothing.log_evidence_none


def test_many_are_the_same_as_one_by_one():
    responses = [buried(frequency_tensors(), seed=s)[0] for s in range(3)]
    noise = np.ones(2 * len(HZ))
    for one, other in zip(
        locate_many(responses, noise, threads=2), (locate(r, noise) for r in responses), strict=True
    ):
        np.testing.assert_array_equal(one.position_m, other.position_m)
        np.testing.assert_array_equal(one.tensor_m3, other.tensor_m3)


def test_senseless_input_is_refused():
    response, _ = buried(frequency_tensors())
    noise = np.ones(2 * len(HZ))
    with pytest.raises(ValueError, match="noise must be positive"):
        locate(response, np.zeros(2 * len(HZ)))
    with pytest.raises(ValueError, match="go together"):
        locate(response, noise, radar_depth_m=0.05)
    with pytest.raises(ValueError, match="finite"):
        locate(replace(response, values=response.values * np.nan), noise)
    with pytest.raises(ValueError, match="not be negative"):
        locate(response, noise, position_std_m=-1.0)


@pytest.mark.slow
def test_small_study(project_root):
    """The study of the documentation, forty targets in the three cells where a bound can be reached by all."""
    path = project_root / "benchmarks" / "emi" / "study_inversion.py"
    spec = importlib.util.spec_from_file_location("study_inversion", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for cell in ((2, 0.0, 30.0), (2, 0.005, 30.0), (2, 0.005, 100.0)):
        found = module.summary([module.trial(cell, seed) for seed in range(40)])
        assert found["ratio_z"] < 1.3
        assert found["ratio_xy"] < 1.4
        assert abs(found["bias_depth_mm"]) < 3.0
        assert 0.75 <= found["coverage_90"] <= 1.0
        assert 0.7 < found["zscore_std_z"] < 1.4
