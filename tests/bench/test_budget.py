"""The budget names what exists, and its table tells when steps began and ended and what is over."""

from __future__ import annotations

import importlib

import pytest
from benchmarks import budget

from dualsense.chain import step_names


@pytest.fixture(scope="module")
def table():
    return budget.load()


def test_every_step_of_the_budget_exists(table):
    for step in table["steps"]:
        if "function" in step:
            module, name = step["function"].split(":")
            assert callable(getattr(importlib.import_module(module), name)), step["name"]
        if "chain" in step:
            assert step["chain"] in step_names()


def test_budgets_of_the_whole_fit_into_its_limit(table):
    top = [step["wall_s"] for step in table["steps"] if "/" not in step["name"]]
    assert sum(top) <= table["limits"]["tones"]["whole_s"] * budget.OVER
    for sensor in ("metal", "radar"):
        inner = [s["wall_s"] for s in table["steps"] if s["name"].startswith(f"processing/{sensor}/")]
        whole = next(s["wall_s"] for s in table["steps"] if s["name"] == f"processing/{sensor}")
        assert sum(inner) <= whole * 1.1


def span(name, begin_s, end_s, *, own_s=0.1, kernels_s=0.2, all_s=0.4, peak_kb=100_000):
    given = {"own_s": own_s, "kernels_s": kernels_s, "all_s": all_s, "peak_kb": peak_kb}
    return {"name": name, "begin_s": 10.0 + begin_s, "end_s": 10.0 + end_s, **given}


STEPS = [
    {"name": "start-up", "wall_s": 0.2},
    {"name": "read", "wall_s": 0.5},
    {"name": "processing", "wall_s": 0.5},
    {"name": "processing/metal", "processor": "own", "wall_s": 0.5},
    {"name": "processing/metal/invert", "processor": "own", "wall_s": 0.5},
    {"name": "processing/metal/locate", "processor": "own", "wall_s": 0.5},
    {"name": "processing/radar", "processor": "pool", "wall_s": 0.5},
    {"name": "processing/radar/migrate", "processor": "pool", "wall_s": 0.5},
    {"name": "exit"},
]


@pytest.fixture
def parts():
    spans = [
        span("read", 0.4, 0.5),
        span("processing", 0.5, 1.8, all_s=2.0),
        span("processing/metal/invert", 0.5, 1.0),
        span("processing/metal/locate", 1.1, 1.3, peak_kb=300_000),
        span("processing/radar/migrate", 0.6, 1.6),
        span("processing/radar/migrate", 1.6, 1.7),
    ]
    return budget.steps_of({"spans": spans, "processor_s": 3.0}, STEPS, 10.0, 2.0)


def test_steps_of_a_sensor_are_put_together(parts):
    metal, radar = parts["processing/metal"], parts["processing/radar"]
    assert (metal["begin_s"], metal["end_s"]) == pytest.approx((0.5, 1.3))
    assert metal["processor_s"] == pytest.approx(0.2)  # its own thread's, not that of the kernels of the radar
    assert metal["peak_mb"] == pytest.approx(307.2)
    assert (radar["begin_s"], radar["end_s"]) == pytest.approx((0.6, 1.7))
    assert radar["processor_s"] == pytest.approx(0.6)


def test_what_is_before_the_first_step_is_start_up(parts):
    assert parts["start-up"]["end_s"] == pytest.approx(0.4)
    assert parts["start-up"]["processor_s"] == pytest.approx(3.0 - 0.4 - 2.0)
    assert (parts["exit"]["begin_s"], parts["exit"]["end_s"]) == pytest.approx((1.8, 2.0))


def test_the_table_marks_what_is_over_and_draws_when(parts):
    whole = {"begin_s": 0.0, "end_s": 2.0, "processor_s": 3.1, "peak_mb": 400.0}
    measured = {
        "steps": parts | {"whole": whole, "missing": ["nothing"]},
        "limits": {"processing_s": 1.0, "whole_s": 3.0},
    }
    lines = budget.table_text(measured, STEPS).splitlines()
    rows = {line.split()[0]: line for line in lines[2:-1]}
    assert "!" in rows["start-up"]
    assert "!" not in rows["read"]
    assert "65.0 %" in rows["processing"]
    bar = rows["locate"].partition("  ")[2].rpartition("  ")[2]
    assert set(bar.strip()) == {"▇"}
    columns = {name: (row.index("▇"), row.rindex("▇")) for name, row in rows.items()}
    assert columns["invert"][1] < columns["locate"][0]
    assert columns["migrate"][0] < columns["invert"][1]
    assert lines[-1] == "no such function, or never called: nothing"


@pytest.mark.slow
def test_a_run_is_noted_step_by_step(table, tmp_path, sample_dir):
    found = budget.noted(sample_dir / "ts50_casing.h5", table["steps"], tmp_path)
    assert found["missing"] == []
    assert {step["name"] for step in table["steps"]} <= found.keys()
    within = found["processing"]
    for name, part in found.items():
        if name.startswith("processing/"):
            assert within["begin_s"] <= part["begin_s"] <= part["end_s"] <= within["end_s"]
            assert 0.0 <= part["processor_s"] <= within["processor_s"] * 1.01 + 0.01
    assert found["whole"]["peak_mb"] > 100.0
    assert found["whole"]["end_s"] >= found["exit"]["begin_s"] > found["start-up"]["end_s"] > 0.0
