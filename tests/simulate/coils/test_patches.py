"""Uneven soil through the coils' footprint: against a sum over the ground, and by its statistics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.constants import MU0_H_M
from dualsense.induction._field import loop_field
from dualsense.simulate._coils import patches
from dualsense.simulate._coils.coils import emi_response
from dualsense.simulate._scene.instrument import Detector
from dualsense.simulate._scene.scene import Soil

MAGNETIC = Soil(susceptibility=1e-3, susceptibility_loss=5e-5, conductivity_s_m=0.0)
LEVEL = np.eye(3)[None]
APART = Detector(rx_position_m=(0.05, 0.02, 0.01))


def even(value, kind):
    cells = np.zeros((120, 120))
    out = {"magnetic": cells, "conductive": cells, kind: np.full((120, 120), value)}
    return patches.Patches(-1.2, -1.2, out["magnetic"], out["conductive"])


@pytest.mark.parametrize("kind", ("magnetic", "conductive"))
def test_more_of_the_same_everywhere_is_a_larger_mean(kind):
    """An eighth more susceptibility or conductivity at every place gives what the half-space gives with it."""
    heights = np.array([[0.0, 0.0, h] for h in (0.03, 0.05, 0.08)])
    soil = replace(MAGNETIC, conductivity_s_m=0.02)
    more = soil.susceptibility * 1.125, soil.susceptibility_loss * 1.125
    wanted = (
        replace(soil, susceptibility=more[0], susceptibility_loss=more[1])
        if kind == "magnetic"
        else replace(soil, conductivity_s_m=0.0225)
    )
    rotation = np.repeat(LEVEL, 3, axis=0)
    plain = emi_response((), soil, APART, heights, rotation)
    got = emi_response((), soil, APART, heights, rotation, uneven=even(0.125, kind)) - plain
    exact = emi_response((), wanted, APART, heights, rotation) - plain
    # the conductor's is the first order, without its own eddy currents
    worst = (np.abs(got - exact) / np.abs(exact)).max()
    assert worst < (2e-3 if kind == "magnetic" else 1e-2)


def test_a_striped_ground_is_the_sum_of_its_pieces():
    """Oracle: -i omega mu0 chi(x) H_R . H_T over fine cells of the half-space."""
    side = np.arange(-0.6, 0.6, 0.01) + 0.005
    depth = np.concatenate([np.arange(0.0025, 0.1, 0.005), np.arange(0.105, 0.6, 0.01)])
    thick = np.where(depth < 0.1, 0.005, 0.01)
    z, y, x = np.meshgrid(-depth, side, side, indexing="ij")
    x0 = patches.CELL_M * np.arange(-45, 46)
    stripes = np.tile(np.cos(2 * np.pi * x0 / 0.3 + 0.4), (91, 1))
    uneven = patches.Patches(float(x0[0]), float(x0[0]), stripes, 0.0 * stripes)
    heads = np.array([[0.0, 0.0, 0.05], [0.07, -0.03, 0.04], [-0.1, 0.02, 0.07]])
    got = emi_response((), MAGNETIC, APART, heads, np.repeat(LEVEL, 3, axis=0), uneven=uneven)
    got = got - emi_response((), MAGNETIC, APART, heads, np.repeat(LEVEL, 3, axis=0))
    local = np.cos(2 * np.pi * x / 0.3 + 0.4) * thick[:, None, None] * 1e-4
    chi = complex(1e-3, -5e-5) - 2 / np.pi * 5e-5 * np.log(np.array(APART.frequency_hz) / 1e4)
    for row, head in zip(got, heads, strict=True):
        points = np.stack([x, y, z], axis=-1) - head
        tx, rx = (
            loop_field(points, radius_m=r, center_m=c)
            for r, c in ((0.1, APART.tx_position_m), (0.08, APART.rx_position_m))
        )
        total = np.sum(local * np.einsum("...i,...i->...", tx, rx))
        wanted = -2j * np.pi * np.array(APART.frequency_hz) * MU0_H_M * chi * total
        np.testing.assert_allclose(row, wanted, rtol=0.03)


def test_wide_patches_are_felt_whole_and_small_ones_are_averaged():
    """Felt variance over the field's is sum over pairs of weights times the correlation between their cells."""
    detector = Detector()
    side = patches.CELL_M * np.arange(-20, 21)
    weight = patches.footprint(detector, 0.05, kind="magnetic").ravel()
    x, y = (a.ravel() for a in np.meshgrid(side, side))
    apart = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2
    felt_std = {}
    for length in (0.05, 0.3):
        soil = Soil(susceptibility_std=0.2, patch_length_m=length)
        drawn = patches.draw_patches(soil, low_m=(0.0, 0.0), high_m=(6.0, 6.0), rng=np.random.default_rng(2))
        assert drawn.magnetic.std() == pytest.approx(0.2, rel=0.1)
        at = np.random.default_rng(3).uniform(0.0, 6.0, (3000, 3))
        at[:, 2] = 0.05
        felt_std[length] = patches.response_deviation(drawn, detector, at, kind="magnetic").std()
        wanted = 0.2 * np.sqrt(weight @ np.exp(-0.5 * apart / length**2) @ weight)
        assert felt_std[length] == pytest.approx(wanted, rel=0.1)
    assert felt_std[0.05] < 0.7 * felt_std[0.3]


def test_footprints_sum_to_one_and_lie_under_the_coils():
    for kind in ("magnetic", "conductive"):
        weight = patches.footprint(Detector(), 0.05, kind=kind)
        assert weight.sum() == pytest.approx(1.0)
        middle = len(weight) // 2
        near = slice(middle - 6, middle + 7)
        assert weight[near, near].sum() > (0.8 if kind == "magnetic" else 0.25)
        np.testing.assert_allclose(weight, weight[:, ::-1], atol=1e-12)
    shifted = patches.footprint(APART, 0.05, kind="magnetic")
    x = patches.CELL_M * np.arange(-20, 21)
    assert 0.01 < shifted.sum(axis=0) @ x < 0.04  # between the coils


def test_even_soil_is_left_alone():
    heads = np.array([[0.0, 0.0, 0.05]])
    got = emi_response((), MAGNETIC, Detector(), heads, LEVEL, uneven=even(0.0, "magnetic"))
    np.testing.assert_array_equal(got, emi_response((), MAGNETIC, Detector(), heads, LEVEL))


@pytest.mark.parametrize("kind", ("magnetic", "conductive"))
def test_coils_on_one_axis_are_felt_alike_all_around(kind):
    """Computed once for each distance from the axis, against every cell by itself: to rounding."""
    rings = patches.footprint(Detector(), 0.05, kind=kind)
    nearly = Detector(rx_position_m=(1e-12, 0.0, 0.0))  # no longer on one axis
    np.testing.assert_allclose(rings, patches.footprint(nearly, 0.05, kind=kind), rtol=1e-8, atol=1e-12)
