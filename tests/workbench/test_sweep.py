"""A sweep: every combination once, and the same table however often it was stopped."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from dualsense.cli import cli
from dualsense.errors import RecipeError, UsageError
from dualsense.runtime.workers import WorkerDiedError
from dualsense.workbench import _sweep, find_sweep_scans, plan_sweep, run_sweep, sweep_table

COARSE = ("survey.cell_m=0.03", "gpr.migrate.depth_stop_m=0.1", "emi.locate.on=false")


def plan_of(scan, *changes):
    return plan_sweep({"lane": scan}, changes)


def test_values_are_split_at_commas_that_are_not_inside_of_a_value(sample_dir):
    scan = sample_dir / "pmn_sand.h5"
    plan = plan_of(
        scan, "gpr.soil.deeper_layers=[[0.1, 9.0]],[]", "gpr.background.method=mean,svd", "survey.cell_m=0.01"
    )
    assert list(plan.keys) == ["gpr.soil.deeper_layers", "gpr.background.method"]
    assert len(plan.settings) == 4
    assert plan.recipes[0].gpr.soil.deeper_layers == ((0.1, 9.0),)
    assert plan.recipes[3].gpr.background.method == "svd"
    assert all(recipe.survey.cell_m == 0.01 for recipe in plan.recipes)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    (
        (("survey.cell_m=0.01",), UsageError, "nothing to sweep"),
        (("survey.cel_m=0.01,0.02",), RecipeError, "did you mean cell_m"),
        (("survey.cell_m=0.01,9",), RecipeError, "survey.cell_m"),
        (("survey.cell_m=0.01", "survey.cell_m=0.02"), UsageError, "given twice"),
        ((f"survey.margin_m={','.join(str(k / 1e5) for k in range(10_001))}",), UsageError, "at most"),
    ),
)
def test_what_cannot_be_swept_is_refused_before_any_work(changes, error, words, tmp_path):
    with pytest.raises(error, match=words):
        plan_sweep({}, changes)


def test_scans_are_found_by_name_and_a_name_stands_once(tmp_path):
    with pytest.raises(UsageError, match="no scans"):
        find_sweep_scans([tmp_path])
    (tmp_path / "a.h5").touch()
    assert find_sweep_scans([tmp_path]) == {"a": tmp_path / "a.h5"}
    with pytest.raises(UsageError, match="one name"):
        find_sweep_scans([tmp_path, tmp_path / "a.h5"])


def test_scans_below_a_folder_are_found_and_results_are_none(tmp_path):
    for name in ("one/lane.h5", "two/lane.HDF5", "out/result.h5", "out/targets.json", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert find_sweep_scans([tmp_path]) == {
        "one-lane": tmp_path / "one" / "lane.h5",
        "two-lane": tmp_path / "two" / "lane.HDF5",
    }


def test_mines_of_a_scan_that_failed_are_no_mines_that_were_found(tmp_path):
    plan = plan_sweep({"a": tmp_path, "b": tmp_path}, ["survey.cell_m=0.01,0.02"])
    rows = [
        {"setting": s, "scan": scan, "error": "", "area_m2": 1.0, "mines": 2, "detected": 2, "missed": 0}
        | {"not_covered": 0, "false_alarms": 0}
        for s in (0, 1)
        for scan in ("a", "b")
    ]
    rows[3] = {"setting": 1, "scan": "b", "error": "b: damaged"}
    table = sweep_table(plan, rows, ["detection_rate", "missed", "not_covered"])
    assert [(line["detection_rate"], line["missed"], line["not_covered"]) for line in table] == [
        (1, 0, 0),
        (0.5, 2, 0),
    ]


def test_mines_are_missed_though_their_scan_failed_in_every_setting(tmp_path):
    plan = plan_sweep({"a": tmp_path, "b": tmp_path}, ["survey.cell_m=0.01,0.02"])
    good = {"error": "", "area_m2": 1.0, "mines": 2, "detected": 2, "missed": 0, "not_covered": 0}
    failed = {"scan": "b", "error": "b: damaged"}
    for told, wanted in (({"mines": 2}, (0.5, 2)), ({"mines": None}, (None, None)), ({}, (1.0, 0))):
        rows = [row | {"setting": s} for s in (0, 1) for row in (good | {"scan": "a"}, failed | told)]
        for line in sweep_table(plan, rows, ["detection_rate", "missed"]):
            assert (line["detection_rate"], line["missed"]) == wanted


def test_what_fails_tells_the_mines_of_its_truth(sample_dir, tmp_path, monkeypatch):
    """Processing fails here; of a file that cannot be read nobody knows the mines."""
    monkeypatch.setattr(_sweep, "run_tasks", in_this_process)
    (tmp_path / "cut.h5").write_bytes((sample_dir / "pmn_sand.h5").read_bytes()[:2000])
    scans = {"lane": sample_dir / "pmn_sand.h5", "cut": tmp_path / "cut.h5"}
    plan = plan_sweep(scans, ["gpr.image.min_contrast=3,6"])

    def fails(*_):
        raise MemoryError

    monkeypatch.setattr("dualsense.chain.process_recording", fails)
    rows = run_sweep(plan, tmp_path / "out")
    assert all(row["error"] for row in rows)
    assert [row["mines"] for row in rows] == [1, None, 1, None]
    assert [line["detection_rate"] for line in sweep_table(plan, rows[::2])] == [0.0, 0.0]
    assert [line["detection_rate"] for line in sweep_table(plan, rows)] == [None, None]


def test_other_code_under_the_same_version_is_another_sweep(sample_dir, tmp_path, monkeypatch):
    plan = plan_of(sample_dir / "pmn_sand.h5", "survey.cell_m=0.01,0.02")
    before = plan.head()
    assert plan.head() == before
    monkeypatch.setattr(_sweep, "_code_sha256", lambda: "another")
    assert plan.head() != before


def in_this_process(tasks, work, *, workers, threads):
    del workers, threads
    for task in tasks:
        yield task, work(task)


@pytest.fixture
def swept(tmp_path, sample_dir, monkeypatch):
    monkeypatch.setattr(_sweep, "run_tasks", in_this_process)
    words = [str(sample_dir / "pmn_sand.h5"), "-o", str(tmp_path), "--set", "gpr.image.min_contrast=3,6"]
    words += [word for one in COARSE for word in ("--set", one)]
    assert CliRunner().invoke(cli, ["sweep", *words], standalone_mode=False).return_value == 0
    return tmp_path, words


def test_a_sweep_that_was_killed_goes_on_and_gives_the_same_table(swept, monkeypatch):
    out, words = swept
    names = ("sweep.csv", "sweep.json", "sweep.html")
    before = {name: (out / name).read_bytes() for name in names}
    table = json.loads(before["sweep.json"])["table"]
    assert [line["gpr.image.min_contrast"] for line in table] == ["3", "6"]
    assert all(line["detection_rate"] is not None and line["focus"] > 1.0 for line in table)
    page = before["sweep.html"].decode()
    assert page.count("data:image/png;base64,") == 2
    assert "SIMULATED" in page

    lines = (out / "sweep.jsonl").read_bytes().splitlines(keepends=True)
    (out / "sweep.jsonl").write_bytes(b"".join(lines[:2]) + lines[2][:20])  # killed while it wrote the last line
    begun = []

    def watched(tasks, work, **how):
        begun.extend(task.number for task in tasks)
        yield from in_this_process(tasks, work, **how)

    monkeypatch.setattr(_sweep, "run_tasks", watched)
    assert CliRunner().invoke(cli, ["sweep", *words], standalone_mode=False).return_value == 0
    assert begun == [1], "what was written down is not done again"
    assert {name: (out / name).read_bytes() for name in names} == before
    other = CliRunner().invoke(cli, ["sweep", *words, "--set", "gpr.background.rank=1,2"], standalone_mode=False)
    assert "holds another sweep" in str(other.exception)


def test_a_worker_that_dies_is_a_row_and_is_tried_again(tmp_path, sample_dir, monkeypatch):
    plan = plan_of(sample_dir / "pmn_sand.h5", "gpr.image.min_contrast=3,6")
    row = {"kind": "row", "scan": "lane", "error": "", "area_m2": 0.5, "coverage": 1.0, "targets": 2}
    row |= {"suspects": 1, "focus": 2.0, "permittivity": None}

    def well(tasks, _work, **_how):
        return ((task, row | {"setting": task.number}) for task in tasks)

    def dying(tasks, _work, **_how):
        for task in tasks:
            yield task, WorkerDiedError("killed") if task.number else row | {"setting": task.number}

    monkeypatch.setattr(_sweep, "run_tasks", dying)
    rows = run_sweep(plan, tmp_path)
    table = sweep_table(plan, rows)
    assert [line["failed"] for line in table] == [0, 1]
    assert table[0]["suspects_m2"] == pytest.approx(2.0)
    assert table[1]["suspects_m2"] is None
    with pytest.raises(UsageError, match="holds a truth"):
        sweep_table(plan, rows, ["detection_rate"])
    monkeypatch.setattr(_sweep, "run_tasks", well)
    assert [line["failed"] for line in sweep_table(plan, run_sweep(plan, tmp_path))] == [0, 0]
