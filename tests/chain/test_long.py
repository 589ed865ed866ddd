"""A lane that is processed tile by tile against the same lane in one piece, and what only the first can do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.chain import Tiling, process_recording, process_scan
from dualsense.chain.agree import agree
from dualsense.chain.tiles import plan_tiles
from dualsense.emi import Latency
from dualsense.errors import ScanError
from dualsense.faults import fault
from dualsense.io import HeldRecording, open_recording, read_scan
from dualsense.recipe import Recipe
from dualsense.simulate import Buried, Detector, Motion, Noise, Radar, Scene, Soil, simulate_scan

COARSE = Recipe.model_validate(
    {"survey": {"cell_m": 0.01}, "gpr": {"migrate": {"depth_step_m": 0.01, "depth_stop_m": 0.15}}}
)
TWO = Tiling(whole_m2=0.5, core_m=1.1)
SCENE = Scene(
    soil=Soil(relative_permittivity=6.0, roughness_rms_m=0.002, susceptibility=0.002),
    objects=(
        Buried("TS-50", 1.06, 0.30, 0.04),  # across the border
        Buried("TS-50", 0.40, 0.55, 0.05),
        Buried("fragment", 1.60, 0.55, 0.06),
        Buried("stone", 1.70, 0.15, 0.05),
    ),
    motion=Motion(length_m=2.1, width_m=0.8, line_spacing_m=0.035, speed_m_s=0.43, spacing_std_m=0.001),
    radar=Radar(step_hz=40e6, rate_hz=30.0),
    detector=Detector(rate_hz=30.0),
    noise=Noise(position_std_m=(0.002, 0.002, 0.001)),
)


class FailingRecording:
    """A recording whose first tile is read without one value that is known."""

    def __init__(self, scan):
        self._held, self.outline, self.failed = HeldRecording(scan), scan, 0

    def whole(self):
        return self._held.whole()

    def part(self, *, gpr, emi, pose):
        scan = self._held.part(gpr=gpr, emi=emi, pose=pose)
        if self.failed or not (gpr.size and emi.size):  # what the tiles agree on is read one sensor at a time
            return scan
        self.failed += 1
        return replace(
            scan,
            gpr=replace(scan.gpr, data=np.full_like(scan.gpr.data, np.nan)),
            emi=replace(scan.emi, data=np.full_like(scan.emi.data, np.nan)),
        )


@pytest.fixture(scope="module")
def lane():
    return simulate_scan(SCENE, seed=3)


@pytest.fixture(scope="module")
def whole(lane):
    return process_scan(lane, COARSE)


@pytest.fixture(scope="module")
def tiled(lane):
    return process_recording(lane, COARSE, tiling=TWO)


@pytest.fixture(scope="module")
def border(lane):
    plan = plan_tiles(lane, COARSE, TWO)
    assert len(plan.tiles) == 2
    return plan.tiles[1].core.columns[0]


def on_cells_of(image, grid):
    """Values of an image at the cells of another grid, NaN where it has none."""
    rows, columns = (
        np.round((getattr(grid, axis) - getattr(image.grid, axis)[0]) / grid.cell_m).astype(int)
        for axis in ("y_m", "x_m")
    )
    out = np.full((*image.values.shape[:-2], rows.size, columns.size), np.nan)
    held = [(at >= 0) & (at < size) for at, size in zip((rows, columns), image.values.shape[-2:], strict=True)]
    block = np.ix_(rows[held[0]], columns[held[1]])
    out[(..., *np.ix_(*held))] = image.values[(..., *block)]
    return out


def step_at(values, column):
    """How large the steps across a column's left side are, beside those across the columns around it."""
    around = values[..., column - 26 : column + 26]
    steps = np.diff(around, axis=-1).reshape(-1, around.shape[-1] - 1)
    size = np.sqrt(np.nanmean(steps**2, axis=0))
    return size[16:36].max() / max(size[:14].max(), size[38:].max())


def test_a_lane_in_tiles_has_the_targets_of_the_lane_in_one_piece(whole, tiled):
    known = [t for t in whole.targets if t.confidence > 0.01 or t.call == "suspect"]
    assert len(known) >= 2
    assert sum(t.call == "suspect" for t in tiled.targets) == sum(t.call == "suspect" for t in whole.targets)
    for target in known:
        same = min(tiled.targets, key=lambda t: np.hypot(t.x_m - target.x_m, t.y_m - target.y_m))
        assert np.hypot(same.x_m - target.x_m, same.y_m - target.y_m) < 2e-3
        assert same.depth_m == pytest.approx(target.depth_m, abs=3e-3)
        assert same.call == target.call
        assert same.confidence == pytest.approx(target.confidence, abs=0.02)
    assert abs(len(tiled.targets) - len(whole.targets)) <= 1
    assert [t.id for t in tiled.targets] == [f"T{n}" for n in range(1, len(tiled.targets) + 1)]


def test_a_target_on_the_border_is_one(tiled, border):
    x = tiled.coverage.grid.x_m[border]
    assert abs(x - 1.06) < 0.03
    assert sum(np.hypot(t.x_m - 1.06, t.y_m - 0.30) < 0.05 for t in tiled.targets) == 1


def test_images_of_tiles_are_those_of_the_whole(whole, tiled):
    volume, other = tiled.gpr_volume, on_cells_of(whole.gpr_volume, tiled.coverage.grid)
    both = np.isfinite(volume.values) & np.isfinite(other)
    assert both.sum() > 0.98 * np.isfinite(other).sum()
    scale = np.sqrt(np.mean(other[both] ** 2))
    assert np.sqrt(np.mean((volume.values[both] - other[both]) ** 2)) < 0.1 * scale
    for name, limit in (("metal_response", 0.1), ("metal_response_std", 0.03), ("metal_coherence", 0.15)):
        image, other = tiled.emi_maps[name].values, on_cells_of(whole.emi_maps[name], tiled.coverage.grid)
        both = np.isfinite(image) & np.isfinite(other)
        assert both.sum() > 0.98 * np.isfinite(other).sum()
        scale = np.sqrt(np.mean(other[both] ** 2))
        assert np.sqrt(np.mean((image[both] - other[both]) ** 2)) < limit * scale, name
    assert np.isfinite(tiled.emi_maps["metal_response"].values).sum() == tiled.coverage.emi.sum()


def test_no_image_steps_at_the_border_more_than_beside_it(tiled, border):
    assert step_at(tiled.gpr_volume.values, border) < 1.5
    for name in ("metal_response", "metal_response_std"):
        assert step_at(tiled.emi_maps[name].values, border) < 1.5, name


def test_coverage_and_soil_of_tiles_are_those_of_the_whole(whole, tiled):
    assert tiled.area_m2 == pytest.approx(whole.area_m2, rel=0.03)
    assert tiled.coverage_fraction == pytest.approx(whole.coverage_fraction, abs=0.02)
    assert tiled.relative_permittivity == pytest.approx(whole.relative_permittivity, rel=0.03)
    assert tiled.track_m.shape == whole.track_m.shape
    assert tiled.recipe_sha256 == whole.recipe_sha256
    assert {one.code for one in tiled.faults} == {one.code for one in whole.faults}
    assert tiled.provenance["tiles"].startswith("2 of ")


def test_ground_of_a_tile_that_failed_is_not_measured(lane):
    fast = Recipe.model_validate(
        {
            "survey": {"cell_m": 0.02},
            "gpr": {"migrate": {"depth_step_m": 0.03, "depth_stop_m": 0.15}},
            "emi": {"invert": {"max_dipoles": 1}},
        }
    )
    middle = plan_tiles(lane, fast, TWO).tiles[1].core.columns[0]
    failing = FailingRecording(lane)
    result = process_recording(failing, fast, tiling=TWO)
    assert failing.failed == 1
    assert {one.sensor for one in result.faults if one.code == "processing-failed"} == {"gpr", "emi"}
    assert not any(one.severity == "failed" for one in result.faults)
    values = result.gpr_volume.values
    assert np.isfinite(values[..., middle + 10 :]).any()
    assert not np.isfinite(values[..., :middle]).any()
    assert not np.isfinite(values[:, ~result.coverage.gpr]).any()
    assert not np.isfinite(result.emi_maps["metal_response"].values[:, :middle]).any()


def test_what_numbers_do_to_one_tile_does_not_end_the_scan(lane, monkeypatch):
    def broken(*_args, **_kwargs):
        msg = "numbers that are none"
        raise ValueError(msg)

    given = Recipe.model_validate({"gpr": {"soil": {"relative_permittivity": 6.0}}})
    held, plan = HeldRecording(lane), plan_tiles(lane, COARSE, TWO)
    monkeypatch.setattr("dualsense.chain.agree.measure_lag", broken)
    assert agree(held, plan, given).recipe.emi.latency.delay_s == 0.0
    monkeypatch.setattr("dualsense.chain.agree.swept_ground", broken)
    assert agree(held, plan, COARSE).permittivity is None
    monkeypatch.setattr("dualsense.chain.long.process_samples", broken)
    with pytest.raises(ScanError, match="numbers that are none"):
        process_recording(held, given, tiling=TWO)


@pytest.mark.parametrize(("delay_s", "corrected"), ((0.001, []), (0.1, ["emi-latency-corrected"])))
def test_a_lag_that_one_tile_does_not_confirm_limits_all(lane, monkeypatch, delay_s, corrected):
    doubt = fault("emi-latency-unconfirmed", shift_ms=80.0, std_ms=5.0, sense="late")
    told = iter([Latency(delay_s, 0.01, 5.0, 0.4), doubt])
    monkeypatch.setattr("dualsense.chain.agree.measure_lag", lambda *_: next(told))
    given = Recipe.model_validate({"gpr": {"soil": {"relative_permittivity": 6.0}}})
    agreed = agree(HeldRecording(lane), plan_tiles(lane, COARSE, TWO), given)
    assert [one.code for one in agreed.log.faults] == ["emi-latency-unconfirmed", *corrected]
    assert agreed.log.limits
    assert "emi_latency_s" in agreed.log.notes


def test_tiles_give_the_same_again(lane, tiled):
    again = process_recording(lane, COARSE, tiling=TWO)
    np.testing.assert_array_equal(again.gpr_volume.values, tiled.gpr_volume.values)
    assert again.targets == tiled.targets


def test_a_short_scan_is_processed_in_one_piece(sample_dir):
    path = sample_dir / "pmn_sand.h5"
    with open_recording(path) as recording:
        result = process_recording(recording)
    same = process_scan(read_scan(path))
    assert result.targets == same.targets
    assert result.provenance == same.provenance
    np.testing.assert_array_equal(result.gpr_volume.values, same.gpr_volume.values)


def test_one_sensor_alone_is_a_long_scan_too(lane):
    fast = Recipe.model_validate({"survey": {"cell_m": 0.02}, "emi": {"invert": {"max_dipoles": 1}}})
    metal = process_recording(replace(lane, gpr=None), fast, tiling=TWO)
    assert metal.gpr_volume is None
    assert np.isnan(metal.relative_permittivity)
    assert [one.code for one in metal.faults if one.severity == "failed"] == ["sensor-absent"]
    assert metal.sensor_coverage["gpr"] == 0.0
    assert metal.sensor_coverage["emi"] > 0.95


def test_a_long_scan_of_noise_is_refused(lane):
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(*lane.emi.data.shape, 2)) @ [1.0, 1j]
    scan = replace(lane, gpr=None, emi=replace(lane.emi, data=noise))
    with pytest.raises(ScanError, match=r"no sensor can be processed: .*recorded nothing but noise"):
        process_recording(HeldRecording(scan), COARSE, tiling=TWO)
