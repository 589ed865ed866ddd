"""Two results beside each other: what differs is told, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from dualsense.cli import cli
from dualsense.io import read_scan
from dualsense.recipe import dump_recipe, load_recipe
from dualsense.render import write_result
from dualsense.result import Coverage, Doubt, Grid, Image, Result, SmallestMine, Target, Volume
from dualsense.scan import ScanHeader
from dualsense.workbench import compare_results, comparison_html, comparison_json, comparison_text
from dualsense.workbench._images import focus, resampled


def target(name, x, y, *, depth=0.05, confidence=0.5, call="suspect"):
    return Target(name, x, y, depth, (0.01, 0.01, 0.01), confidence, call, None, None, ())


def result(*targets, overrides=(), gain=1.0, cell_m=0.02, **changes):
    axis = cell_m * np.arange(round(0.4 / cell_m) + 1)
    grid, depth_m = Grid(axis, axis, cell_m), np.array([0.0, 0.05, 0.1])
    z, y, x = np.meshgrid(depth_m, axis, axis, indexing="ij")
    values = gain * (1.0 + 3.0 * x + 2.0 * y + 5.0 * z)
    measured = np.ones((axis.size, axis.size), dtype=bool)
    recipe = load_recipe(None, overrides)
    made = Result(
        header=ScanHeader("lane-1", "", "test", source="simulated"),
        scan_sha256="ab" * 32,
        recipe_sha256=recipe.sha256,
        model="simulated-5",
        area_m2=0.16,
        coverage_fraction=1.0,
        sensor_coverage={"emi": 1.0, "gpr": 1.0},
        coverage=Coverage(grid, measured, measured, measured),
        track_m=np.zeros((0, 3)),
        targets=targets,
        emi_maps={"metal_response": Image("metal_response", "1", grid, values[0].astype(np.float32))},
        gpr_volume=Volume("envelope", "1", grid, depth_m, values.astype(np.float32)),
        provenance={"recipe": dump_recipe(recipe, comments=False), "version_numpy": "1"},
    )
    return replace(made, **changes)


THREE = (target("T1", 0.1, 0.1), target("T2", 0.3, 0.1), target("T3", 0.2, 0.35, depth=float("nan")))


def test_what_would_have_been_found_and_what_is_doubted_stands_among_the_figures():
    plain = result(*THREE)
    grid = plain.coverage.grid
    shape = plain.coverage.patch.shape
    small = np.zeros((2, *shape), np.int8)
    small[0] = 1
    small[1, :, : shape[1] // 3] = 1
    sight = SmallestMine(
        grid, np.zeros(shape, np.uint8), np.zeros(shape, np.float32), np.array([0.02, 0.15]), small
    )
    doubt = Doubt("samples-repeated", "gpr", 0.0, 1.0, "ground")
    figures = compare_results(plain, replace(plain, smallest_mine=sight, doubts=(doubt,))).figures
    assert figures["small mine found, top 2 cm"] == (None, 1.0)
    assert figures["small mine found, top 15 cm"][1] == pytest.approx(1.0 / 3.0, abs=0.02)
    assert figures["doubted stretches"] == (0, 1)


def test_equal_results_do_not_differ():
    same = compare_results(result(*THREE), result(*THREE))
    assert same.differing == ()
    assert same.same_scan
    assert (same.recipe, same.versions, same.coverage, same.faults) == ((), (), (), ())
    assert all(one.correlation == pytest.approx(1.0) and one.rms_difference == 0.0 for one in same.images)
    assert same.agreement() == {("suspect", "suspect"): 3}
    assert "Findings are the same." in comparison_text(same)


def test_what_differs_is_told_with_both_values():
    other = result(
        target("T1", 0.3, 0.1, confidence=0.9),
        target("T2", 0.11, 0.1, call="unclear"),
        target("T9", 0.2, 0.1, depth=0.15),
        overrides=["gpr.background.method=svd", "fusion.prior=0.1"],
        gain=2.0,
        provenance={"recipe": dump_recipe(load_recipe(None, ["gpr.background.method=svd"]), comments=False)},
        coverage_fraction=0.5,
    )
    found = compare_results(result(*THREE), other, within_m=0.05)
    assert [(one.name, one.a, one.b) for one in found.recipe] == [("gpr.background.method", "auto", "svd")]
    assert [(one.name, one.a, one.b) for one in found.versions] == [("version_numpy", "1", None)]
    assert [(one.name, one.a, one.b) for one in found.coverage] == [("covered by both", 1.0, 0.5)]
    assert [(p.a, p.b) for p in found.pairs] == [("T1", "T2"), ("T2", "T1")], "matched by place, not by name"
    assert (found.only_a, found.only_b) == (("T3",), ("T9",))
    assert found.pairs[1].confidence == pytest.approx(0.4)
    assert found.pairs[0].x_m == pytest.approx(0.01)
    assert found.agreement() == {
        ("suspect", "unclear"): 1, ("suspect", "suspect"): 1, ("suspect", "none"): 1, ("none", "suspect"): 1
    }  # fmt: skip
    assert found.differing == ("targets", "images", "coverage")
    volume = found.images[0]
    assert volume.rms_b == pytest.approx(2.0 * volume.rms_a) == pytest.approx(2.0 * volume.rms_difference)
    assert volume.focus_a == pytest.approx(volume.focus_b), "a factor is no focus"


def test_images_of_other_grids_are_compared_where_both_measured():
    fine, coarse = result(cell_m=0.01), result(cell_m=0.02)
    found = compare_results(fine, coarse)
    assert all(one.rms_difference < 1e-6 and one.cells > 0 for one in found.images), "linear between cells"
    holed = coarse.gpr_volume.values.copy()
    holed[:, 5, 5] = np.nan
    other = resampled(replace(coarse.gpr_volume, values=holed), fine.gpr_volume)
    assert np.isnan(other[0, 9:12, 9:12]).all()
    assert np.isfinite(other[0, 12:, 12:]).all()


def test_focus_is_of_how_few_cells_hold_the_energy():
    flat, point = np.ones(100), np.zeros(100)
    point[3] = 7.0
    assert focus(flat) == pytest.approx(1.0)
    assert focus(point) == pytest.approx(100.0)
    assert np.isnan(focus(np.full(4, np.nan)))


def test_the_page_and_the_json_say_that_it_is_simulated_and_hold_no_code():
    other = result(*THREE, overrides=["fusion.prior=0.1"], header=ScanHeader("<script>alert(1)</script>", "", "t"))
    found = compare_results(result(*THREE), other)
    page = comparison_html(found, result(*THREE), other)
    assert "SIMULATED" in page
    assert "<script" not in page
    assert page.count("data:image/png;base64,") == 6
    tree = json.loads(comparison_json(found))
    assert (tree["schema"], tree["schema_version"]) == ("dualsense-comparison", "1.0")
    assert tree["recipe"] == [{"name": "fusion.prior", "a": None, "b": 0.1}]
    assert tree["pairs"][2]["depth_m"] is None


def run(*words):
    return CliRunner().invoke(cli, ["compare", *map(str, words)], standalone_mode=False)


def test_the_verb_tells_by_its_exit_status_only_when_asked(tmp_path):
    for name, made in (("a.h5", result(*THREE)), ("b.h5", result(*THREE[:2]))):
        write_result(made, tmp_path / name)
    a, b, out = tmp_path / "a.h5", tmp_path / "b.h5", tmp_path / "c.json"
    assert run(a, b, "-o", out, "--html", tmp_path / "c.html").return_value == 0
    assert json.loads(out.read_text(encoding="utf-8"))["only_a"] == ["T3"]
    assert run(a, b, "--fail-on-difference").return_value == 1
    assert run(a, a, "--fail-on-difference").return_value == 0
    assert "exists already" in str(run(a, b, "-o", out).exception)


def test_a_truth_of_another_scan_is_refused_and_its_own_gives_figures(tmp_path, sample_dir):
    write_result(result(*THREE), tmp_path / "a.h5")
    a, scan = tmp_path / "a.h5", sample_dir / "pmn_sand.h5"
    assert "neither result is of this scan" in str(run(a, a, "--truth", scan).exception)
    own = read_scan(scan)
    x_m, y_m = own.truth.x_m[0], own.truth.y_m[0]
    one = replace(result(target("T1", x_m, y_m)), scan_sha256=own.sha256)
    found = compare_results(one, replace(one, targets=()), truths={own.sha256: own.truth})
    assert found.detection["mines"][0] == found.detection["mines"][1]
    assert found.detection["detected"][1] == 0
