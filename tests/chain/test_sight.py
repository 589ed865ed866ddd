"""What would have been found where: by how far echo and metal of a mine stand out, never where nobody looked."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from dualsense.chain import sight
from dualsense.constants import MINE_TOPS_M
from dualsense.emi._loss import SMALL_METAL
from dualsense.induction import polarizability, sphere_polarizability
from dualsense.result import MINE_CLASSES, SMALL_CODE, Coverage, Grid
from dualsense.simulate import MODELS, Buried, Detector, metal_dipoles

AXIS = 0.01 * np.arange(60)
GRID = Grid(AXIS, AXIS, 0.01)
ALL = np.ones((60, 60), bool)
COVER = Coverage(GRID, ALL, ALL, ALL)
PLACES = np.stack([*np.meshgrid(AXIS, AXIS), np.zeros((60, 60))], axis=-1).reshape(-1, 3)
UNIT_M3 = 2e-8


def radar(clutter, places=PLACES, losses=()):
    level = None if clutter is None else np.broadcast_to(np.float32(clutter), (4, 60, 60)).copy()
    soil = SimpleNamespace(relative_permittivity=6.0)
    return SimpleNamespace(
        clutter=level, losses=losses, soil=soil, soundings=SimpleNamespace(midpoint_m=places), lines=None
    )


@pytest.fixture
def metal(monkeypatch):
    monkeypatch.setattr(sight.emi, "small_metal_m3", lambda _response, _balance: UNIT_M3)

    def make(hidden_m3, places=PLACES):
        hidden = dict(zip(MINE_TOPS_M, np.broadcast_to(hidden_m3, 4), strict=True))
        found = SimpleNamespace(
            hidden_map=lambda _grid, depth_m: np.full((60, 60), hidden[round(depth_m - 0.02, 3)]), balance=None
        )
        return SimpleNamespace(inversion=found, response=SimpleNamespace(center_m=places))

    return make


def test_quiet_ground_finds_small_mines_to_the_deepest_top(metal):
    found = sight.smallest_mine(COVER, radar(0.003), metal(1e-7))
    assert (found.small == 1).all()
    assert (found.code == len(MINE_CLASSES) - 1).all()
    assert found.depth_m == pytest.approx(np.full((60, 60), 0.15))


def test_either_sensor_can_be_enough_and_half_of_each_may_be(metal):
    deaf, blind = radar(1.0), metal(1e-5)
    assert (sight.smallest_mine(COVER, radar(0.003), blind).small == 1).all()
    assert (sight.smallest_mine(COVER, deaf, metal(5e-9)).small == 1).all()
    faint, little = radar(0.08), metal(3e-8)
    assert (sight.smallest_mine(COVER, faint, little).small[1] == 1).all()
    assert not (sight.smallest_mine(COVER, faint, blind).small[1] == 1).any()
    assert not (sight.smallest_mine(COVER, deaf, little).small[1] == 1).any()


def test_larger_mines_are_found_where_smaller_ones_are_not(metal):
    limits_m3 = {SMALL_CODE: (1e-8, 1e-8, 1e-6, 1e-5), 2: (1e-7, 1e-7, 2e-7, 1e-5), 1: 1e-4, 0: 1.0}
    for code, hidden_m3 in limits_m3.items():
        assert (sight.smallest_mine(COVER, radar(1.0), metal(hidden_m3)).code == code).all()


def test_what_is_found_deep_only_counts_for_no_depth(metal):
    found = sight.smallest_mine(COVER, radar(1.0), metal((1e-5, 1e-9, 1e-9, 1e-9)))
    assert (found.small[1:] == 1).all()
    assert np.isnan(found.depth_m).all()
    assert (found.code < SMALL_CODE).all()


@pytest.mark.parametrize("name", ("emi", "gpr"))
def test_ground_that_one_sensor_did_not_cover_is_never_found_on(metal, name):
    half = ALL.copy()
    half[:, :30] = False
    found = sight.smallest_mine(replace(COVER, **{name: half}), radar(0.003), metal(1e-9))
    assert (found.code[:, :30] == 0).all()
    assert (found.small[:, :, :30] <= 0).all()
    assert (found.code[:, 30:] > 0).all()


def test_under_a_fault_nothing_would_surely_be_found(metal):
    found = sight.smallest_mine(COVER, radar(0.003), metal(1e-9), believed=False)
    assert not found.code.any()
    assert not (found.small == 1).any()


def test_a_mine_is_lost_far_beside_all_samples_and_where_metal_hides_below_a_swamped_radar(metal):
    left = PLACES[PLACES[:, 0] < 0.2]
    apart = replace(COVER, emi=ALL & (AXIS < 0.2), gpr=ALL & (AXIS < 0.2))
    found = sight.smallest_mine(apart, radar(0.003, left), metal(1e-9, left))
    assert (found.small[:, :, AXIS > 0.3] == -1).all()
    assert (found.small[:, :, (AXIS > 0.2) & (AXIS < 0.28)] == 0).all()
    assert (sight.smallest_mine(COVER, radar(3.0), metal(1e-5)).small == -1).all()
    assert (sight.smallest_mine(COVER, None, metal(1e-5)).small == -1).all()
    assert not (sight.smallest_mine(COVER, radar(None), metal(1e-5)).small == -1).any()


def test_a_swamped_radar_does_not_cover_its_ground():
    assert sight.blind_radar(COVER, radar(3.0)).all()
    assert not sight.blind_radar(COVER, radar(0.1)).any()
    assert not sight.blind_radar(COVER, radar(np.inf)).any()
    assert not sight.blind_radar(COVER, None).any()


def test_what_steps_take_of_a_mine_counts(metal):
    assert (sight.smallest_mine(COVER, radar(0.02), metal(1e-5)).small[0] == 1).all()
    assert not (sight.smallest_mine(COVER, radar(0.02, losses=(0.95,)), metal(1e-5)).small[0] == 1).any()


def test_only_the_patch_is_told_of(metal):
    patch = ALL.copy()
    patch[:, :10] = False
    found = sight.seen_of(sight.smallest_mine(COVER, radar(0.003), metal(1e-9)), replace(COVER, patch=patch))
    assert (found.code[:, :10] == 0).all()
    assert (found.small[:, :, :10] == 0).all()
    assert np.isnan(found.depth_m[:, :10]).all()


def _rms(values):
    return float(np.sqrt((np.abs(values) ** 2).mean() / 2.0))


@pytest.mark.parametrize(
    ("kind", "names"),
    (
        (sight.SMALL, ("PMA-1", "PMA-2", "PMA-3", "M14", "Type-72A", "VS-50", "TS-50", "R2M2")),
        (sight.PMN, ("PMN", "PMN-2", "Gyata-64")),
        (sight.VEHICLE, ("TM-62M", "TM-57", "M15")),
    ),
)
def test_the_least_metal_of_a_kind_is_what_the_library_holds(kind, names):
    hz = np.array(Detector().frequency_hz)
    unit = min(
        _rms(sphere_polarizability(frequency_hz=hz, radius_m=r, conductivity_s_m=s, relative_permeability=mu))
        for r, s, mu in SMALL_METAL.values()
    )
    amounts = []
    for name in names:
        assert MODELS[name].label == "mine"
        tensors = [polarizability(one, hz) for _, one in metal_dipoles((Buried(name, 0.0, 0.0, 0.05),))]
        amounts.append(_rms(np.trace(sum(tensors), axis1=1, axis2=2) / 3.0) / unit)
    assert 0.6 < kind.metal / min(amounts) <= 1.01


@pytest.mark.slow
def test_a_scan_tells_what_it_would_have_found(sample):
    _, found = sample("ts50_deep")
    told, cover = found.smallest_mine, found.coverage
    assert told.code.shape == cover.patch.shape
    assert not told.code[~(cover.emi & cover.gpr & cover.patch)].any()
    five = np.nan_to_num(told.depth_m) >= np.float32(0.05)
    assert np.array_equal(told.code >= SMALL_CODE, five)
    at = np.meshgrid(told.grid.x_m, told.grid.y_m)
    beside = np.any([np.hypot(at[0] - t.x_m, at[1] - t.y_m) <= sight.MERGED_M for t in found.targets], axis=0)
    assert not five[beside].any()
    assert five[cover.patch & ~beside].mean() > 0.5


def test_beside_what_is_listed_nothing_is_told_of_a_mine_that_may_be_taken_for_part_of_it(metal):
    found = sight.smallest_mine(COVER, radar(0.003), metal(1e-9), listed_m=[(0.3, 0.3)])
    near = np.hypot(*np.meshgrid(AXIS - 0.3, AXIS - 0.3)) <= 0.10
    assert (found.code[near] == 0).all()
    assert (found.small[:, near] <= 0).all()
    assert (found.code[np.hypot(*np.meshgrid(AXIS - 0.3, AXIS - 0.3)) > 0.14] > 0).all()
