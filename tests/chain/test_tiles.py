"""Long scans are cut so that nothing is lost, and joined so that nothing is seen or listed twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.chain import mosaic as mosaics
from dualsense.chain.agree import joined_lag, joined_permittivity
from dualsense.chain.joined import Said, join_faults, join_notes, join_targets
from dualsense.chain.mosaic import Mosaic, Seams
from dualsense.chain.tiles import CONTEXT_S, Tile, Tiling, plan_tiles, stretches
from dualsense.emi import Latency
from dualsense.errors import ScanError
from dualsense.faults import fault
from dualsense.fusion import MAY_BE_NOTHING
from dualsense.recipe import Recipe
from dualsense.result import Target
from dualsense.scan import GprData, Pose, Scan, ScanHeader

SMALL = Tiling(whole_m2=0.5, core_m=1.0, rim_m=0.18, halo_m=0.32, fade_m=0.08)


def swept(length_m, width_m, spacing_m=0.1, speed_m_s=0.5, rate_hz=20.0):
    """Outline of a patch swept in lines to and fro."""
    lines = int(width_m / spacing_m) + 1
    per_line = int(length_m / speed_m_s * rate_hz) + 1
    along = np.linspace(0.0, length_m, per_line)
    x = np.concatenate([along if n % 2 == 0 else along[::-1] for n in range(lines)])
    y = np.repeat(spacing_m * np.arange(lines), per_line)
    time_s = np.arange(x.size) / rate_hz
    pose = Pose(time_s, np.column_stack([x, y, np.full(x.size, 0.05)]))
    none = np.broadcast_to(np.array(np.nan, np.complex64), (x.size, 3))
    zero = np.zeros((1, 3))
    gpr = GprData("sfcw", time_s, none, zero, zero, np.zeros(x.size, np.intp), np.array([1e9, 2e9, 3e9]))
    return Scan(ScanHeader("invented", "", "none"), pose, gpr)


def target(x_m, y_m, confidence=0.5, call="suspect"):
    return Target("T1", x_m, y_m, 0.05, (0.01, 0.01, 0.01), confidence, call, None, None, ())


def listed(*tiles_and_partly):
    return join_targets(*tiles_and_partly)[0]


@pytest.fixture(scope="module")
def plan():
    return plan_tiles(swept(3.0, 2.0), Recipe(), SMALL)


def test_cores_lie_side_by_side_and_leave_nothing_out(plan):
    count = np.zeros((plan.grid.y_m.size, plan.grid.x_m.size), int)
    for tile in plan.tiles:
        count[tile.core.cells] += 1
        y, x = np.meshgrid(plan.grid.y_m[tile.core.cells[0]], plan.grid.x_m[tile.core.cells[1]], indexing="ij")
        assert all(tile.depth_inside_m(a, b) > 0.0 for a, b in zip(x.flat[::97], y.flat[::97], strict=True))
    assert (count == 1).all()
    assert len(plan.tiles) == 6


def test_a_lane_is_cut_into_longer_pieces_than_a_field():
    lane = plan_tiles(swept(9.0, 1.0), Recipe(), Tiling())
    assert len(lane.tiles) == 5
    assert len(plan_tiles(swept(4.0, 4.0), Recipe(), Tiling()).tiles) == 9


def test_short_scans_stay_in_one_piece():
    assert plan_tiles(swept(1.5, 1.5), Recipe(), Tiling()).in_one_piece
    assert not plan_tiles(swept(2.0, 2.0), Recipe(), Tiling()).in_one_piece


def test_tiles_without_a_sample_are_left_out():
    scan = swept(6.0, 6.0)
    x, y, _ = scan.pose.position_m.T
    ell = np.flatnonzero((x < 1.2) | (y < 1.2))
    pose = Pose(scan.pose.time_s[ell], scan.pose.position_m[ell])
    gpr = replace(scan.gpr, time_s=scan.gpr.time_s[ell], data=scan.gpr.data[ell], channel=scan.gpr.channel[ell])
    cut = plan_tiles(replace(scan, pose=pose, gpr=gpr), Recipe(), Tiling())
    assert len(cut.tiles) == 7  # of sixteen
    assert cut.swept_m2 == pytest.approx(6.0**2 - 4.8**2, rel=0.15)


@pytest.mark.parametrize(("reach_m", "tiles"), ((0.05, 7), (0.25, 10), (0.3, 12), (0.5, 12)))
def test_every_tile_has_samples_however_far_a_sensor_reaches(reach_m, tiles):
    recipe = Recipe.model_validate({"survey": {"emi_reach_m": reach_m}})
    scan = swept(6.0, 6.0)
    x, y, _ = scan.pose.position_m.T
    ell = np.flatnonzero((x < 1.2) | (y < 1.2))
    pose = Pose(scan.pose.time_s[ell], scan.pose.position_m[ell])
    gpr = replace(scan.gpr, time_s=scan.gpr.time_s[ell], data=scan.gpr.data[ell], channel=scan.gpr.channel[ell])
    outline = replace(scan, pose=pose, gpr=gpr)
    cut = plan_tiles(outline, recipe, Tiling())
    rows = [cut.samples_of(tile, outline, recipe) for tile in cut.tiles]
    assert all(one.gpr.size > 0 and one.pose.size > 0 for one in rows)
    assert cut.tiling.halo_m == pytest.approx(max(0.28, reach_m + 0.16))
    assert cut.tiling.metal_halo_m == pytest.approx(max(0.15, reach_m + 0.1))
    assert len(cut.tiles) == tiles


def test_samples_are_taken_as_far_as_the_migration_reaches():
    def halo_m(**migrate):
        recipe = Recipe.model_validate({"gpr": {"migrate": migrate}})
        return plan_tiles(swept(3.0, 2.0), recipe, SMALL).tiling.halo_m

    assert halo_m() == SMALL.halo_m
    assert halo_m(max_aperture_m=0.5) == pytest.approx(0.25 + 0.08)  # that of the deepest voxel
    assert halo_m(max_aperture_m=0.5, depth_stop_m=0.6) == pytest.approx(0.46 + 0.08)
    assert halo_m(max_aperture_m=0.6, aperture_m=0.6) == pytest.approx(0.6 + 0.08)


def test_every_sample_near_a_tile_is_taken_with_a_moment_around_it(plan):
    outline = swept(3.0, 2.0)
    at, own = outline.pose.position_m, np.zeros(outline.pose.time_s.size)
    for tile in plan.tiles:
        rows = plan.samples_of(tile, outline, Recipe())
        bare = plan.samples_of(tile, outline, Recipe(), around=False)
        inside = np.array([tile.depth_inside_m(x, y) for x, y, _ in at])
        taken = np.zeros(inside.size, bool)
        taken[rows.gpr] = True
        assert taken[inside >= -SMALL.halo_m].all()
        assert inside[taken].min() >= -SMALL.halo_m - 0.5 * CONTEXT_S - 0.1  # a moment, and to the next line
        assert set(rows.gpr) <= set(rows.pose)
        assert set(np.flatnonzero(inside >= 0.0)) <= set(bare.gpr) < set(rows.gpr)
        own += inside >= 0.0
        assert rows.gpr_share == pytest.approx((inside >= 0.0).sum() / rows.gpr.size)
    assert (own >= 1).all()


def test_stretches_reach_around_each_time():
    axis = np.arange(10.0)
    np.testing.assert_array_equal(stretches(axis, np.array([2.0, 7.2]), 1.0), [1, 2, 3, 7, 8])
    assert stretches(axis, np.zeros(0), 1.0).size == 0


def test_a_map_that_no_memory_holds_is_refused():
    scan = swept(3.0, 2.0)
    far = scan.pose.position_m.copy()
    far[-1, :2] = 1e3
    with pytest.raises(ScanError, match="cells"):
        plan_tiles(replace(scan, pose=replace(scan.pose, position_m=far)), Recipe(), SMALL)


def test_images_that_agree_join_to_the_same_image(plan):
    whole = np.random.default_rng(1).normal(size=(2, plan.grid.y_m.size, plan.grid.x_m.size)).astype(np.float32)
    whole[0, 100:140, 150:260] = np.nan  # across borders
    mosaic = Mosaic(Seams(plan), 2)
    for tile in plan.tiles:
        mosaic.add(tile, whole[(slice(None), *tile.image.cells)])
    np.testing.assert_allclose(mosaic.joined(), whole, rtol=0.0, atol=1e-6)


def test_images_that_differ_go_over_into_one_another(plan):
    seams = Seams(plan)
    mosaic = Mosaic(seams, 1)
    for number, tile in enumerate(plan.tiles):
        shape = [edge.stop - edge.start for edge in tile.image.cells]
        mosaic.add(tile, np.full(shape, float(number % 2)))
    values = mosaic.joined()[0]
    steps = max(np.abs(np.diff(values, axis=axis)).max() for axis in (0, 1))
    cells = 2.0 * seams.fade_m / plan.grid.cell_m
    assert steps <= 1.01 / cells
    middle = plan.tiles[1].core
    assert (
        values[middle.rows[0] + 20 : middle.rows[1] - 20, middle.columns[0] + 20 : middle.columns[1] - 20] == 1
    ).all()


def test_where_one_tile_knows_nothing_its_neighbour_counts(plan):
    mosaic = Mosaic(Seams(plan), 1)
    for tile in plan.tiles:
        shape = [edge.stop - edge.start for edge in tile.image.cells]
        mosaic.add(tile, np.full(shape, np.nan if tile is plan.tiles[1] else 3.0))
    values = mosaic.joined()[0]
    assert set(np.unique(values[np.isfinite(values)])) == {3.0}
    core = plan.tiles[1].core
    assert np.isnan(values[core.rows[0] : core.rows[1] - 17, core.columns[0] + 17 : core.columns[1] - 17]).all()


def noisy_mosaic(plan):
    """Layers of noise, some of it missing, joined."""
    rng, mosaic = np.random.default_rng(1), Mosaic(Seams(plan), 3)
    for tile in plan.tiles:
        shape = (3, *(stop - start for start, stop in (tile.image.rows, tile.image.columns)))
        mosaic.add(tile, np.where(rng.random(shape) < 0.1, np.nan, rng.normal(size=shape)).astype(np.float32))
    return mosaic.joined()


def root_of(values):
    """What holds an array's memory; None where it is its own."""
    while isinstance(values, np.ndarray):
        values = values.base
    return values


def no_room():
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("room", (True, False))
def test_a_large_volume_is_the_same_in_a_file(plan, monkeypatch, room):
    held = noisy_mosaic(plan)
    monkeypatch.setattr(mosaics, "FILED_BYTES", 1)
    if not room:
        monkeypatch.setattr(mosaics.tempfile, "TemporaryFile", no_room)
    filed = noisy_mosaic(plan)
    assert (root_of(filed) is not None) == room
    assert filed.flags.writeable
    np.testing.assert_array_equal(filed, held)


def test_angles_are_not_averaged(plan):
    mosaic = Mosaic(Seams(plan), 1, blend=False)
    for number, tile in enumerate(plan.tiles):
        shape = [edge.stop - edge.start for edge in tile.image.cells]
        mosaic.add(tile, np.full(shape, float(number)))
    values = mosaic.joined()[0]
    for number, tile in enumerate(plan.tiles):
        assert (values[tile.core.cells] == number).all()


def tiles_at(border_m=1.0):
    none = (np.inf, np.inf)
    left = Tile(None, None, (-np.inf, border_m), (-np.inf, np.inf))
    return left, Tile(None, None, (border_m, none[0]), (-np.inf, np.inf))


def test_a_target_is_its_own_tiles():
    left, right = tiles_at()
    weak = [target(x_m, 0.0, call="clutter") for x_m in (1.2, 0.8)]
    joined, unconfirmed = join_targets(
        [(left, (target(0.3, 0.0, 0.2), weak[0])), (right, (target(1.2, 0.0, 0.6), weak[1]))]
    )
    assert unconfirmed == (weak[1],)
    assert [(t.id, t.x_m, t.confidence) for t in joined] == [("T1", 1.2, 0.6), ("T2", 0.3, 0.2)]


@pytest.mark.parametrize("seen", ((1.003, 0.997), (0.997, 1.003), (1.0, 1.0), (0.99, 0.995), (1.004, 1.02)))
def test_a_target_at_a_border_is_listed_once(seen):
    left, right = tiles_at()
    assert len(listed([(left, (target(seen[0], 0.0),)), (right, (target(seen[1], 0.01),))])) == 1


def test_neighbours_across_a_border_are_two():
    left, right = tiles_at()
    pair = [target(0.985, 0.0), target(1.015, 0.0)]
    moved = [target(0.987, 0.0), target(1.018, 0.001)]
    assert [t.x_m for t in listed([(left, pair), (right, moved)])] == [0.985, 1.018]


@pytest.mark.parametrize(
    "seen", ((1.015, 0.985), (1.02, 0.98), (1.03, 0.97), (1.045, 0.955), (0.985, 1.015), (0.98, 1.02))
)
def test_an_object_that_two_tiles_place_centimetres_apart_is_one(seen):
    left, right = tiles_at()
    assert len(listed([(left, (target(seen[0], 0.0),)), (right, (target(seen[1], 0.0),))])) == 1


@pytest.mark.parametrize("beyond_m", (0.001, 0.03, 0.09))
def test_what_only_the_neighbour_sees_is_kept(beyond_m):
    left, right = tiles_at()
    assert [t.x_m for t in listed([(left, (target(1.0 + beyond_m, 0.0),)), (right, ())])] == [1.0 + beyond_m]
    elsewhere = (target(1.5, 0.5),)
    assert len(listed([(left, (target(1.0 + beyond_m, 0.0),)), (right, elsewhere)])) == 2


@pytest.mark.parametrize("beyond_m", (0.11, 0.2, 0.31))
def test_a_suspect_further_beyond_is_kept_and_less_is_told(beyond_m):
    left, right = tiles_at()
    far, elsewhere = target(1.0 + beyond_m, 0.0), target(1.0 + beyond_m, 0.12)
    for others in ((), (elsewhere,)):
        found, unconfirmed = join_targets([(left, (far,)), (right, others)])
        assert far.x_m in [t.x_m for t in found if t.y_m == 0.0]
        assert unconfirmed == ()
    weak = target(1.0 + beyond_m, 0.0, 0.05, "clutter")
    assert join_targets([(left, (weak,)), (right, (elsewhere,))]) == ((elsewhere,), (weak,))
    assert join_targets([(left, (weak,)), (right, (target(1.0 + beyond_m, 0.09),))])[1] == ()  # the same object
    lowered = replace(weak, call="unclear", reasons=(MAY_BE_NOTHING,))  # would be suspect, were it surer
    assert join_targets([(left, (lowered,)), (right, (elsewhere,))])[1] == ()
    assert join_targets([(left, (weak,))]) == ((weak,), ())  # nobody saw it better


def test_what_lies_on_the_ground_of_a_tile_that_failed_is_kept_once():
    left, right = tiles_at()
    assert len(listed([(left, (target(1.2, 0.0),))])) == 1
    assert len(listed([(left, (target(1.2, 0.0),)), (right, ())], [right])) == 1  # one sensor failed
    below = Tile(None, None, (-np.inf, np.inf), (-np.inf, -0.05))  # a third, which sees it too
    seen = [(left, (target(1.04, 0.0),)), (below, (target(1.0, 0.03),))]
    assert len(listed(seen)) == 1


def test_a_neighbours_own_object_does_not_stand_for_two():
    left, right = tiles_at()
    seen = [(left, (target(0.99, 0.0), target(1.03, 0.0))), (right, (target(0.99, 0.0),))]
    assert [t.x_m for t in listed(seen)] == [0.99, 1.03]


def test_faults_that_count_samples_are_counted_once():
    def spikes(n):
        return (fault("emi-spikes", count=n),)

    said = [Said(spikes(8), 0.0, 0.5), Said(spikes(4), 0.0, 0.75), Said((), 0.0, 1.0)]
    (one,) = join_faults(said)
    assert one == fault("emi-spikes", count=7)


def test_of_losses_the_worst_is_said():
    losses = [fault("gpr-target-loss-small", step="it", loss=part, body_cm=5.0) for part in (0.1, 0.3, 0.2)]
    assert join_faults([Said((one,), 0.5, 0.5) for one in losses]) == (losses[1],)


def test_a_sensor_that_failed_on_a_tile_did_not_fail():
    lost = fault("processing-failed", sensor="gpr", path="/gpr", cause="no")
    (one,) = join_faults([Said((lost,), 0.5, 0.5), Said((), 0.5, 0.5)])
    assert one.severity == "degraded"
    assert "1 of 2 tiles" in one.message
    assert join_faults([Said((lost,), 0.5, 0.5)] * 2) == (lost,)


def test_a_sensor_that_failed_on_every_tile_failed_whatever_the_reasons():
    lost = fault("processing-failed", sensor="emi", path="/emi", cause="no")
    said = [Said((fault("emi-only-noise"),), 0.5, 0.5)] * 8 + [Said((lost,), 0.5, 0.5)]
    assert [one.severity for one in join_faults(said)] == ["failed", "failed"]
    assert [one.severity for one in join_faults([*said, Said((), 0.5, 0.5)])] == ["degraded", "degraded"]


def test_ground_that_was_not_imaged_is_told_of_the_whole():
    empty = fault("gpr-volume-empty", part=0.3)
    (one,) = join_faults([Said((empty,), 0.5, 0.5)] + [Said((), 0.5, 0.5)] * 9)
    assert one.values["part"] == pytest.approx(0.03)
    assert join_faults([Said((empty,), 0.5, 0.5)] + [Said((), 0.5, 0.5)] * 99) == ()


def test_notes_say_from_least_to_most():
    notes = [{"same": "a", "part": "0.2", "n": "1 of 3"}, {"same": "a", "part": "0.1", "n": "2 of 2"}]
    assert join_notes(notes) == {"same": "a", "part": "0.1 to 0.2", "n": "3 of 5 in overlapping tiles"}


def test_lags_join_by_what_they_tell():
    lag = joined_lag([Latency(0.05, 0.01, 5.0, 0.4), Latency(0.06, 0.01, 5.0, 0.4), Latency(-0.2, 1.0, 4.0, 0.4)])
    assert lag.delay_s == pytest.approx(0.055, abs=1e-3)
    assert lag.std_s == pytest.approx(0.01 / np.sqrt(2.0), rel=0.05)
    apart = joined_lag([Latency(0.0, 0.001, 5.0, 0.4), Latency(0.1, 0.001, 5.0, 0.4)])
    assert not apart.significant(sigmas=4.0)


def test_permittivities_join_unless_they_contradict_each_other():
    eps, std, even = joined_permittivity([(6.0, 0.4), (6.4, 0.4), (5.9, 0.4)])
    assert even
    assert 5.9 < eps < 6.4
    assert 0.4 < std < 0.6  # what the model leaves out is the same in all of them
    assert not joined_permittivity([(4.0, 0.3), (9.0, 0.6)])[2]
