"""The simulated radar against another code: 3-D FDTD scans of the sample data, positions as tracked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.constants import C0_M_S
from dualsense.simulate._radar import radar as gpr
from dualsense.simulate._scene.scene import Buried
from dualsense.simulate._soil import realise_ground

HALF = np.array([0.0495, 0.0, 0.0])


@pytest.fixture(scope="module")
def recorded(studies, sample_dir):
    scene = studies["twin_scene"]

    def load(name):
        r = scene.load(sample_dir / f"{name}.h5", track="told")
        rough = r.soil.roughness_length_m / scene.ROUGH_LENGTH  # as the file has it
        return r.tones, r.frequency, r.at, replace(r.soil, roughness_length_m=rough)

    return load


def without_direct(data, f):
    return data + 0.041j * f / 2e9 * gpr.direct_wave(2 * HALF, f)


def traces(data, f, t):
    window = np.hanning(len(f) + 2)[1:-1]
    return (data * window) @ np.exp(2j * np.pi * np.outer(f, t)) / window.sum()


def simulated(objects, soil, at, f, seed=0):
    ground = realise_ground(soil, low_m=(-0.6, -0.6), high_m=(1.0, 1.0), rng=np.random.default_rng(seed))
    return -0.041j * f / 2e9 * gpr.ground_echo(objects, ground, at - HALF, at + HALF, f)


@pytest.mark.parametrize("name", ("clutter_only", "pmn_sand", "pmn_wet", "ts50_deep"))
def test_surface_echo(recorded, name):
    data, f, at, soil = recorded(name)
    t = np.linspace(0, 1.2e-9, 601)
    full = np.abs(traces(without_direct(data, f), f, t))
    ours = np.abs(traces(simulated((), soil, at, f), f, t))
    way = np.hypot(2 * at[:, 2], 0.099) / C0_M_S
    assert full.max(axis=1).mean() == pytest.approx(ours.max(axis=1).mean(), rel=0.15)
    late_full, late_ours = t[full.argmax(axis=1)] - way, t[ours.argmax(axis=1)] - way
    assert late_full.mean() == pytest.approx(late_ours.mean(), abs=30e-12)
    assert 0.5 < late_ours.std() / late_full.std() < 1.5


@pytest.mark.parametrize(
    ("name", "mine"),
    (
        ("pmn_wet", Buried("PMN", 0.23, 0.17, 0.06, scale=1.19)),
        ("ts50_deep", Buried("TS-50", 0.25, 0.13, 0.09)),
    ),
)
def test_mine(recorded, name, mine):
    data, f, at, soil = recorded(name)
    t = np.linspace(0, 4e-9, 401)
    way = np.hypot(2 * at[:, 2], 0.099) / C0_M_S
    near = np.hypot(at[:, 0] - mine.x_m, at[:, 1] - mine.y_m) < 0.04
    top = way.mean() + 2 * mine.depth_m * np.sqrt(soil.relative_permittivity) / C0_M_S

    def residue(values):
        aligned = values * np.exp(2j * np.pi * f * (way - way.mean())[:, None])
        seen = traces(aligned - aligned.mean(axis=0), f, t)
        return np.sqrt(np.mean(np.abs(seen[near]) ** 2, axis=0))

    late = t > top - 0.1e-9
    full = residue(without_direct(data, f))
    ours = residue(simulated((mine,), soil, at, f))
    without = residue(simulated((), soil, at, f))
    assert ours[late].max() > 3 * without[late].max()
    assert 0.5 < ours[late].max() / full[late].max() < 2.0
    for curve in (full, ours):
        assert top - 0.1e-9 < t[late][curve[late].argmax()] < top + 0.4e-9
