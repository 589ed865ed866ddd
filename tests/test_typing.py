"""``py.typed`` is true: a type checker sees through the doors of the package into a user's script."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import dualsense

SCRIPT = """\
import dualsense as ds

scan = ds.import_scan("line.dzt", trace_spacing_m=0.02)
result = ds.process_scan(scan, ds.load_recipe(None, ["emi.locate.on=false"]))
ds.write_outputs(result, "out", overwrite=True)
confidence: list[float] = [target.confidence for target in result.targets]

reveal_type(scan)
reveal_type(result)
reveal_type(confidence)
reveal_type(scan.faults[0].code)
reveal_type(ds.__version__)
reveal_type(ds.io.import_gssi)
reveal_type(ds.survey.track_at)
reveal_type(ds.induction.loop_field)
reveal_type(ds.gpr.calibrate)
reveal_type(ds.gpr.migrate)
reveal_type(ds.emi.balance)
reveal_type(ds.emi.locate)
reveal_type(ds.fusion.make_targets)
reveal_type(ds.render.report_html)
reveal_type(ds.evaluate.score_scan)
reveal_type(ds.simulate.random_lane)
"""
MISTAKES = """\
import dualsense as ds

ds.process_scan("scan.h5")
ds.read_scan("scan.h5").gps
ds.gpr.migarte
"""


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    if find_spec("mypy") is None:
        pytest.skip("mypy is not installed: pip install 'dualsense[lint]'")
    folder = tmp_path_factory.mktemp("user")
    (folder / "script.py").write_text(SCRIPT)
    (folder / "mistakes.py").write_text(MISTAKES)
    words = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "script.py", "mistakes.py"]
    environment = {**os.environ, "MYPYPATH": str(Path(dualsense.__file__).parents[1])}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_the_package_says_that_it_is_typed():
    assert Path(dualsense.__file__).with_name("py.typed").exists()


@pytest.mark.slow
def test_a_correct_script_has_types_and_no_errors(checked):
    own = [line for line in checked if line.startswith("script.py")]
    assert [line for line in own if ": error:" in line] == []
    revealed = dict(re.findall(r"script\.py:(\d+): note: Revealed type is \"(.*)\"", "\n".join(own)))
    lines = [str(number) for number, text in enumerate(SCRIPT.splitlines(), 1) if text.startswith("reveal_type")]
    assert list(revealed) == lines
    assert [text for text in revealed.values() if re.fullmatch("Any|def .* -> Any", text)] == []
    assert revealed[lines[0]] == "dualsense.scan.Scan"
    assert revealed[lines[1]] == "dualsense.result.Result"
    assert "-> dualsense.scan.Scan" in revealed[lines[5]]


@pytest.mark.slow
def test_mistakes_in_a_script_are_found(checked):
    wrong = [line.split(":")[1] for line in checked if line.startswith("mistakes.py") and ": error:" in line]
    assert wrong == ["3", "4", "5"]
