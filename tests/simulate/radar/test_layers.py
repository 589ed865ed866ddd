"""Layered ground, and waves to and fro between ground and head, against closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import j0, jn

from dualsense.constants import C0_M_S
from dualsense.errors import RecipeError
from dualsense.io import read_scan, write_scan
from dualsense.simulate import simulate_scan
from dualsense.simulate._radar import _kernels, echo, metal, plane_waves
from dualsense.simulate._radar.stack import Stack, stack_of
from dualsense.simulate._scene import library, parts
from dualsense.simulate._scene.file import parse_scene
from dualsense.simulate._scene.handling import Motion
from dualsense.simulate._scene.instrument import Radar
from dualsense.simulate._scene.scene import Buried, Layer, Soil
from dualsense.simulate._soil import Bed, Ground, realise_ground

TONES = np.linspace(0.8e9, 3.2e9, 31)
K = 2 * np.pi * TONES / C0_M_S
HALF = np.array([1e-6, 0.0, 0.0])
EVEN = Ground(
    x0_m=-2.0,
    y0_m=-2.0,
    cell_m=0.5,
    height_m=np.zeros((9, 9)),
    index=2.0,
    loss_np_m=0.0,
    loss_np_s_m=0.0,
    scatterer_m=np.zeros((0, 3)),
    strength_m3=np.zeros(0),
    scatterer_length_m=0.02,
)
SHEETS = (Bed(0.04, 3.0, 0.0, 0.0), Bed(0.1, 1.6, 0.0, 0.0))


def response_over(ground, height, objects=()):
    at = np.array([[0.0, 0.0, height]])
    return echo.ground_echo(objects, ground, at - HALF, at + HALF, TONES)[0]


def airy(indices, thickness):
    """Reflection of layers at normal incidence, from the bottom up."""
    r = (indices[-2] - indices[-1]) / (indices[-2] + indices[-1])
    for a, b, d in zip(indices[-3::-1], indices[-2:0:-1], thickness[::-1], strict=True):
        own, back = (a - b) / (a + b), r * np.exp(-2j * K * b * d)
        r = (own + back) / (1 + own * back)
    return r


@pytest.mark.parametrize(("height", "tolerance"), ((1.9, 0.06), (8.0, 0.02)))
def test_high_above_layers_the_echo_is_airys(height, tolerance):
    value = response_over(replace(EVEN, beds=SHEETS), height)
    wanted = airy([1.0, 2.0, 3.0, 1.6], [0.04, 0.06]) * np.exp(-2j * K * height) / (2 * height)
    np.testing.assert_allclose(value, wanted, atol=tolerance * np.abs(wanted).max())


def test_a_layer_of_the_same_soil_is_none():
    same = replace(EVEN, loss_np_m=0.4, beds=(Bed(0.05, 2.0, 0.4, 0.0),))
    stone = Buried("stone", 0.0, 0.03, 0.08)
    np.testing.assert_allclose(
        response_over(same, 0.05, (stone,)), response_over(replace(same, beds=()), 0.05, (stone,)), rtol=1e-6
    )


def test_lossy_layers_agree_with_the_waves_one_by_one():
    """Low over the ground: ways to and fro within the layer, each an integral of its own, add up to the stack."""
    frequency = np.array([1.2e9])
    layers = Stack(np.array([0.0, 0.15]), np.array([2.0, 3.0]), np.array([[4.0 - 0.8j], [9.0 - 0.5j]]))
    whole = plane_waves.surface_echo(frequency, layers, 0.1, np.array([0.1]), 1.0)
    alone = Stack(layers.top_m[:1], layers.index[:1], layers.permittivity[:1])
    top = plane_waves.surface_echo(frequency, alone, 0.1, np.array([0.1]), 1.0)
    k = 2 * np.pi * frequency[0] / C0_M_S
    u = 1e-4 * (np.arange(400_000) + 0.5)
    w, p, q = (np.sqrt(e - u**2 + 0j) for e in (1.0, 4.0 - 0.8j, 9.0 - 0.5j))
    w, p, q = (np.where(x.imag > 0, -x, x) for x in (w, p, q))
    later = 0
    for te in (True, False):
        y0, y1, y2 = (w, p, q) if te else (1 / w, (4.0 - 0.8j) / p, (9.0 - 0.5j) / q)
        r01, r12 = (y0 - y1) / (y0 + y1), (y1 - y2) / (y1 + y2)
        go = np.exp(-2j * k * p * 0.15)
        sums = (1 - r01**2) * sum(r12**m * (-r01) ** (m - 1) * go**m for m in (1, 2, 3, 4))
        x = k * 0.1 * u
        even, odd = j0(x), jn(2, x)
        kernel = sums / w * (even - odd) if te else sums * w * (even + odd)
        later = later - 0.5j * k * 1e-4 * np.sum(kernel * u * np.exp(-1j * k * w * 0.1))
    assert whole[0, 0] - top[0, 0] == pytest.approx(later, rel=0.02)


@pytest.mark.kernel
def test_rays_through_layers_are_fermats():
    thickness, index = np.array([0.04, 0.06, 0.02]), np.array([2.0, 3.0, 1.6])
    for rho in (0.0, 0.05, 0.4):
        time, slope = _kernels.leg_through(rho, 0.05, thickness, index)

        def optical(x, rho=rho):
            steps = np.diff(np.concatenate([[0.0], x, [rho]]))
            return np.hypot(steps, np.array([0.05, *thickness])) @ np.array([1.0, *index])

        best = minimize(optical, np.full(3, rho / 2), tol=1e-14)
        assert time * C0_M_S == pytest.approx(best.fun, rel=1e-8)
        near = [_kernels.leg_through(rho + s, 0.05, thickness, index)[0] for s in (0.0, 1e-6)]
        assert slope == pytest.approx((near[1] - near[0]) / 1e-6, abs=1e-5 / C0_M_S)
    assert _kernels.leg_through(0.1, 0.05, np.array([0.08]), np.array([2.2]))[0] == pytest.approx(
        _kernels.leg(0.1, 0.05, 0.08, 2.2)[0], rel=1e-12
    )


def test_a_point_under_layers_is_seen_through_them():
    """Delay and transmission, down and up, and the spreading of refracted rays."""
    height, ball = 8.0, Buried("bullet", 0.0, 0.0, 0.14, body_size_m=(0.004, 0.004, 0.004))
    ground = replace(EVEN, beds=SHEETS)
    value = response_over(ground, height, (ball,)) - response_over(ground, height)
    (points,) = metal.metal_points((ball,), index=1.6, frequency_hz=TONES)
    depth = -points.position_m[0, 2]
    through = 2 / 3 * (4 / 5) * (6 / 4.6)
    reach = height + 0.04 / 2 + 0.06 / 3 + (depth - 0.1) / 1.6
    path = height + 2 * 0.04 + 3 * 0.06 + 1.6 * (depth - 0.1)
    strength = (1.6 * K) ** 2 * points.front[0] * points.response
    wanted = strength * (through / reach) ** 2 * np.exp(-2j * K * path)
    np.testing.assert_allclose(value, wanted, rtol=0.03)


@pytest.mark.parametrize("height", (1.2, 4.0))
def test_between_ground_and_head_images_are_a_geometric_series(height):
    for gamma in (0.4, -0.4):
        value = response_over(replace(EVEN, head_reflection=gamma), height)
        r, path = -1 / 3, 2 * height
        wanted = sum(
            gamma**m * r ** (m + 1) * np.exp(-1j * K * path * (m + 1)) / (path * (m + 1)) for m in range(9)
        )
        np.testing.assert_allclose(value, wanted, atol=0.03 / (3 * path))


def test_a_head_near_the_ground_rings_after_the_echo():
    """What it adds is the second image and the third, later by a way to and fro each."""
    height, gamma = 0.15, 0.5
    t = np.linspace(0, 4e-9, 801)
    added = response_over(replace(EVEN, head_reflection=gamma), height) - response_over(EVEN, height)
    trace = np.abs((added * np.hanning(31)) @ np.exp(2j * np.pi * np.outer(TONES, t)))
    first = np.abs((response_over(EVEN, height) * np.hanning(31)) @ np.exp(2j * np.pi * np.outer(TONES, t)))
    assert t[trace.argmax()] == pytest.approx(4 * height / C0_M_S, abs=0.06e-9)
    assert trace.max() / first.max() == pytest.approx(gamma / 3 / 2, rel=0.1)


def test_an_object_below_is_heard_again_by_way_of_the_head():
    ball, height = Buried("nail", 0.0, 0.0, 0.03, yaw_deg=90.0), 0.12
    clear, ringing = EVEN, replace(EVEN, head_reflection=0.5)
    once = response_over(clear, height, (ball,)) - response_over(clear, height)
    both = response_over(ringing, height, (ball,)) - response_over(ringing, height)
    expected = -2 * 0.5 / 3 * (height + 0.015) / (3 * height + 0.015) * np.exp(-2j * K * height)
    np.testing.assert_allclose(both / once - 1, expected, rtol=0.05)


def test_a_slab_rings_within_itself(monkeypatch):
    """A wide gap of air: echoes of roof, of floor, and after each way to and fro, R^2 fainter."""
    height, deep, thick, r = 0.8, 0.05, 0.3, 1 / 3
    model = parts.Model("void", "box", (1.4, 1.4, thick), 1.0)
    monkeypatch.setattr(library, "MODELS", {"gap": model})
    gap = Buried("gap", 0.0, 0.0, deep)
    tones = np.linspace(0.8e9, 3.2e9, 121)
    at = np.array([[0.0, 0.0, height]])
    sounding = (EVEN, at - HALF, at + HALF, tones)
    value = (echo.ground_echo((gap,), *sounding) - echo.ground_echo((), *sounding))[0]
    t = np.linspace(4e-9, 14e-9, 2001)
    trace = np.abs((value * np.hanning(121)) @ np.exp(2j * np.pi * np.outer(tones, t)))
    at_roof = 2 * (height + 2 * deep) / C0_M_S
    levels = []
    for rounds in range(4):
        near = np.abs(t - at_roof - 2 * rounds * thick / C0_M_S) < 0.2e-9
        levels.append(trace[near].max())
        assert t[near][trace[near].argmax()] == pytest.approx(at_roof + 2 * rounds * thick / C0_M_S, abs=0.1e-9)
    ratio = np.array(levels[1:]) / np.array(levels[:-1])
    np.testing.assert_allclose(ratio, [1 - r**2, r**2, r**2], rtol=0.2)


def test_layers_in_a_file_and_in_the_truth(tmp_path):
    layer = {"top_m": 0.08, "relative_permittivity": 12.0}
    document = {"soil": {"layers": [layer]}, "radar": {"head_reflection": 0.2}}
    scene = parse_scene(document)
    assert scene.soil.layers == (Layer(0.08, 12.0),)
    assert scene.radar.head_reflection == 0.2
    small = replace(scene, motion=Motion(length_m=0.1, width_m=0.05))
    write_scan(simulate_scan(small, seed=1), tmp_path / "layered.h5")
    assert read_scan(tmp_path / "layered.h5").truth.scene["layer_1_top_m"] == pytest.approx(0.08)
    with pytest.raises(RecipeError, match="deeper"):
        Soil(layers=(Layer(0.1, 4.0), Layer(0.05, 9.0)))
    with pytest.raises(RecipeError, match="head_reflection"):
        Radar(head_reflection=-1.0)
    with pytest.raises(RecipeError, match="top_m"):
        parse_scene({"soil": {"layers": [layer | {"top_m": 0.0}]}})


def test_layers_are_as_uneven_as_the_soil():
    soil = Soil(relative_permittivity=4.0, layers=(Layer(0.1, 16.0, conductivity_s_m=0.02, loss_tangent=0.01),))
    ground = realise_ground(soil, low_m=(-1.0, -1.0), high_m=(1.0, 1.0), rng=np.random.default_rng(0))
    below = ground.scatterer_m[:, 2] < -0.1
    assert ground.strength_m3[below].std() / ground.strength_m3[~below].std() == pytest.approx(4.0, rel=0.05)
    layers = stack_of(ground, TONES)
    exact = 16.0 * (1 - 0.01j) - 1j * 0.02 / (2 * np.pi * TONES * 8.8541878128e-12)
    np.testing.assert_allclose(layers.permittivity[1], exact, rtol=2e-3)
    np.testing.assert_array_equal(layers.layer_at([0.0, 0.1, 0.3]), [0, 1, 1])


def test_the_level_of_volume_clutter_is_borns():
    """Mean power from far above: k0^4 times the spectrum of the unevenness at backscatter, over the lit volume."""
    height, std, length = 3.0, 0.05, 0.015
    soil = Soil(
        relative_permittivity=4.0,
        conductivity_s_m=0.0,
        permittivity_std=std,
        permittivity_length_m=length,
        roughness_rms_m=0.0,
    )
    ground = realise_ground(soil, low_m=(-2.0, -2.0), high_m=(2.0, 2.0), rng=np.random.default_rng(5))
    side = np.arange(-1.5, 1.6, 0.5)
    at = np.stack([*(g.ravel() for g in np.meshgrid(side, side)), np.full(49, height)], axis=-1)
    clear = replace(ground, strength_m3=0 * ground.strength_m3)
    value = echo.ground_echo((), ground, at - HALF, at + HALF, TONES)
    power = np.mean(np.abs(value - echo.ground_echo((), clear, at - HALF, at + HALF, TONES)) ** 2, axis=0)
    spectrum_at_2k = (std * 4.0) ** 2 * (2 * np.pi) ** 1.5 * length**3 * np.exp(-2 * (2 * K * length) ** 2)
    r = 0.3 * (np.arange(3000) + 0.5) / 3000
    window = 0.5 + 0.5 * np.cos(np.pi * np.clip(3 * r / 0.3 - 2, 0, 1))
    area = 2 * np.pi * np.sum(window**2 * r) * 0.3 / 3000
    depth = 2 / 3 * (height**-3 - (height + 0.15) ** -3)  # integral of (height + z / 2)^-4 to 0.3 m
    wanted = K**4 * spectrum_at_2k / (4 * np.pi) ** 2 * (2 / 3) ** 4 * area * depth
    assert np.mean(power / wanted) == pytest.approx(1, abs=0.1)
    low, high = power[:10].sum() / wanted[:10].sum(), power[-10:].sum() / wanted[-10:].sum()
    assert low / high == pytest.approx(1, abs=0.3)
