"""Every fault is declared once, and worded by its declaration."""

from __future__ import annotations

import ast
import pickle
import re
from pathlib import Path

import pytest

import dualsense
from dualsense.faults import KINDS, fault
from dualsense.scan import Fault

SOURCE = Path(dualsense.__file__).parent
MODULES = [path for path in sorted(SOURCE.rglob("*.py")) if path.parent.name != "faults"]
REBUILDS_STORED_FAULTS = "render/_files/rows.py"
SENSORS = {"emi", "gpr", "pose", None}
SEVERITIES = {"info", "degraded", "failed", None}


def calls(path):
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]


def called(node):
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def codes_in(path):
    """Codes that a module makes faults of: the first argument of ``fault``, or of a helper that passes it on."""
    found = set()
    for node in calls(path):
        if called(node) in {"fault", "_fault"}:
            found |= {
                argument.value
                for argument in node.args
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            }
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_faults_are_made_by_their_code(path):
    where = path.relative_to(SOURCE)
    if str(where) == REBUILDS_STORED_FAULTS:
        return
    assert not [node.lineno for node in calls(path) if called(node) == "Fault"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_code_in_the_source_is_declared(path):
    assert codes_in(path) <= KINDS.keys()


def test_every_declared_kind_is_made_somewhere():
    texts = {
        node.value
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert KINDS.keys() - texts == set()


def test_codes_are_unique():
    declared = [
        node.args[0].value
        for path in sorted((SOURCE / "faults").glob("*.py"))
        for node in calls(path)
        if called(node) == "FaultKind" and node.args
    ]
    assert len(declared) == len(set(declared)) == len(KINDS)
    assert {code: kind.code for code, kind in KINDS.items()} == {code: code for code in declared}


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.code)
def test_kinds_are_declared_whole(kind):
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", kind.code)
    assert kind.sensor in SENSORS
    assert kind.severity in SEVERITIES
    assert kind.path is None or kind.path.startswith("/")
    assert kind.wording == kind.wording.strip() != ""
    assert not kind.wording.endswith(".")
    assert kind.meaning.endswith(".")
    assert kind.sensor in {"pose", None} or kind.path is None or kind.path.startswith(f"/{kind.sensor}")


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.code)
def test_wordings_format(kind):
    values = dict.fromkeys(kind.fields, 0.25)
    made = fault(
        kind.code,
        path="/gpr/data" if kind.path is None else None,
        sensor="gpr" if kind.sensor is None else None,
        severity="info" if kind.severity is None else None,
        **values,
    )
    assert (made.code, made.message) == (kind.code, kind.wording.format(**values))
    assert (made.severity, made.sensor) == (kind.severity or "info", kind.sensor or "gpr")
    assert dict(made.values) == values
    assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301 - its own


def test_sentence_path_and_values_of_a_fault():
    made = fault("gpr-clipped", severity="degraded", samples=12, traces=3, fate="used as they are")
    message = "12 samples of 3 radar traces are clipped, and used as they are"
    assert made == Fault("gpr", "degraded", "/gpr/data", message, "gpr-clipped")
    assert made.values == {"samples": 12, "traces": 3, "fate": "used as they are"}
    assert fault("gpr-only-noise", path="/elsewhere").path == "/elsewhere"


def test_channel_comes_before_the_sentence():
    made = fault("soundings-silent", sensor="emi", path="/emi/data", channel=2, count=9)
    assert made.message == "channel 2: 9 soundings hold no signal at all; masked"
    assert made.values == {"channel": 2, "count": 9}


@pytest.mark.parametrize(
    ("code", "arguments", "message"),
    (
        ("gpr-clapped", {}, "no kind of fault"),
        ("gpr-values-bridged", {"count": 1}, r"got \['count'\]"),
        ("gpr-values-bridged", {"count": 1, "axis": "tones", "more": 2}, "'more'"),
        ("gpr-only-noise", {"severity": "info"}, "severity either declared or given"),
        ("gpr-only-noise", {"sensor": "gpr"}, "sensor either declared or given"),
        ("gpr-clipped", {"samples": 1, "traces": 1, "fate": ""}, "severity either declared or given"),
        ("soundings-silent", {"path": "/emi/data", "count": 1}, "sensor either declared or given"),
        ("soundings-silent", {"sensor": "emi", "count": 1}, "path either declared or given"),
    ),
)
def test_a_mistake_in_the_program_raises(code, arguments, message):
    with pytest.raises(ValueError, match=message):
        fault(code, **arguments)
