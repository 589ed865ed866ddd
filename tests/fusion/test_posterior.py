"""Features of a located dipole are those of its posterior, and one that was not located has none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.emi._dipole import Dipole
from dualsense.emi._locate.features import metal_features
from dualsense.emi._locate.locate import locate
from dualsense.fusion._candidates import Candidate
from dualsense.fusion._evidence import dipole_features
from dualsense.fusion._place import place
from dualsense.fusion._posterior import depth_interval_m, posterior_features
from dualsense.fusion._reasons import reasons
from emi.locate.test_locate import HZ, buried, frequency_tensors, pulse_tensors


def dipole_of(tensors, **how) -> Dipole:
    rows, _ = buried(tensors, **how)
    e = locate(rows, np.ones(len(tensors)))
    return Dipole(e.position_m, e.covariance_m2, e.tensor_m3, 1e4, 10.0, 0.9, estimate=e)


@pytest.fixture(scope="module")
def located():
    return dipole_of(frequency_tensors(), jitter_m=3e-3)


def test_they_are_the_posteriors(located):
    values, metal = posterior_features(located), metal_features(located.estimate)
    assert values["magnetic_probability"] == located.estimate.magnetic
    assert values["located_misfit"] == located.estimate.misfit
    assert values["radius_m"] == metal.radius_m
    assert values["relaxation_last_s"] == pytest.approx(10.0 ** metal.log10_time[2])
    spectrum = [values[f"principal_first_{kind}_{hz:g}_hz_m3"] for kind in ("real", "imag") for hz in HZ]
    assert spectrum == list(metal.principal_m3[0])
    assert values["principal_first_m3"] > values["principal_middle_m3"] >= values["principal_last_m3"]
    assert np.isfinite(list(values.values())).all()


def test_depth_counts_downwards_and_holds_what_it_says(located):
    values = posterior_features(located)
    quantiles = [values[f"depth_{q:02d}_m"] for q in (5, 25, 50, 75, 95)]
    assert quantiles == sorted(quantiles)
    assert (quantiles[0], quantiles[-1]) == pytest.approx(depth_interval_m(located))
    assert quantiles[0] < values["depth_mode_1_m"] < quantiles[-1]
    std = np.sqrt(np.diag(located.covariance_m2))
    assert values["x_depth_correlation"] * std[0] * std[2] == pytest.approx(-located.covariance_m2[0, 2])


def test_gates_are_named_as_such():
    values = posterior_features(dipole_of(pulse_tensors(), pulse=True))
    assert sum("_gate_" in name for name in values) == 3 * len(pulse_tensors())
    assert not any("_real_" in name or "_imag_" in name for name in values)


def test_a_dipole_that_was_not_located_has_none_and_keeps_the_others(located):
    plain = replace(located, estimate=None)
    assert posterior_features(plain) == {}
    before = dipole_features(plain, count=1)
    assert before.items() <= dipole_features(located, count=1).items()


def test_the_targets_deviation_is_the_posteriors(located):
    _, std = place(Candidate(None, (located,)), relative_permittivity=6.0, relative_permittivity_std=1.0)
    assert std[2] == pytest.approx(np.hypot(8e-3, np.sqrt(located.covariance_m2[2, 2])))


def test_a_deminer_is_told_from_where_to_where_only_if_that_is_wide(located):
    def words(dipole):
        return reasons(
            Candidate(None, (dipole,)), emi_assessed=True, gpr_assessed=False, radar_blind=False, metal_blind=False
        )[0]

    assert "somewhere" not in words(located)
    spread = {"depth_m": np.linspace(0.019, 0.119, 401), "depth_density": np.full(401, 10.0)}
    vague = replace(located, estimate=replace(located.estimate, **spread))
    assert depth_interval_m(vague) == pytest.approx((0.024, 0.114))
    assert "somewhere 2 to 11 cm deep" in words(vague)
