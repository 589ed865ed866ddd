"""The command line: exit statuses, one-line errors, JSON, interruption, and how soon it answers."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import termios
import tomllib

import h5py
import numpy as np
import pytest

import dualsense.chain
import dualsense.errors
import dualsense.io
import dualsense.render
from dualsense._version import __version__
from dualsense.cli import cli, run
from dualsense.cli._console import COMPILING

FILES = {
    "targets.json",
    "targets.csv",
    "targets.geojson",
    "result.h5",
    "report.html",
    "fused.png",
    "emi_details.png",
    "emi_map.png",
    "gpr_slices.png",
    "gpr_sections.png",
}
FAKE = """
import signal, sys, time
import dualsense.chain
from dualsense.cli import main

signal.signal(signal.SIGINT, signal.default_int_handler)  # work in the background is started without

def process_recording(scan, recipe=None, *, progress=None, meanwhile=None):
{body}

dualsense.chain.process_recording = process_recording
sys.argv[0] = "dualsense"
main()
"""


def command(*arguments, **options):
    words = [sys.executable, "-m", "dualsense", *map(str, arguments)]
    return subprocess.run(words, check=False, capture_output=True, text=True, timeout=300, **options)


def faked(body, *arguments, **options):
    """Start the command line with a pipeline of this body."""
    code = FAKE.format(body="\n".join(f"    {line}" for line in body.splitlines()))
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], **options)


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def one_line(text):
    return re.fullmatch(r"dualsense: error: [^\n]+\n", text) is not None


@pytest.fixture(scope="session")
def sample(sample_dir):
    return sample_dir / "pmn_sand.h5"


def processor_s_of_children():
    """Of all that were waited for: what else runs on the machine delays them, and adds little to this."""
    times = os.times()
    return times.children_user + times.children_system


def test_help_answers_at_once():
    times = []
    while len(times) < 10 and min(times, default=1.0) >= 0.3:  # other work on the machine may slow some tries
        began = processor_s_of_children()
        assert command("--help").returncode == 0
        times.append(processor_s_of_children() - began)
    assert min(times) < 0.3


def test_help_names_every_verb():
    listed = command("--help").stdout
    verbs = (
        "process",
        "info",
        "replay",
        "recipe",
        "import",
        "evaluate",
        "simulate",
        "batch",
        "view",
        "train",
        "decisions",
    )
    assert set(verbs) <= set(re.findall(r"^  (\w+)", listed, flags=re.MULTILINE))


@pytest.mark.parametrize("verb", sorted(cli.commands))
def test_every_verb_has_help(verb, capsys):
    assert run([verb, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: dualsense {verb}")


def test_version(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"dualsense, version {__version__}\n"


def test_without_a_verb_the_usage_is_shown(capsys):
    assert run([]) == 2
    assert "Commands:" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    (
        ("proces",),
        ("process",),
        ("process", "scan.h5"),
        ("process", "scan.h5", "-o"),
        ("process", "scan.h5", "-o", "out", "--threads", "0"),
        ("replay", "scan.h5", "--speed", "0"),
        ("replay", "scan.h5", "--speed", "nan"),
        ("site", "results", "-o", "map", "--origin-std", "nan"),
        ("seen", "scan.h5", "--depth", "nan"),
        ("calibrate", "--sphere", "scan.h5", "--sphere-at", "nan", "0", "0", "-o", "p.json"),
        ("replay", "scan.h5", "--speed", "fast"),
        ("info", "--nope"),
        ("view", "out", "--port", "70000"),
    ),
)
def test_wrong_usage_is_one_line_and_status_2(arguments, capsys):
    assert run(arguments) == 2
    said = capsys.readouterr()
    assert one_line(said.err)
    assert said.out == ""


def test_process_leaves_every_file_of_the_contract(processed_sample):
    out, done = processed_sample
    assert done.returncode == 0, done.stderr
    assert {path.name for path in out.iterdir()} == FILES
    assert done.stderr in {"", f"dualsense: {COMPILING.format(command='dualsense warm-up')}\n"}
    assert done.stdout.endswith(f"Look at {out / 'report.html'}\n")
    targets = json.loads((out / "targets.json").read_text(encoding="utf-8"))["targets"]
    assert all(target["id"] in done.stdout for target in targets)


def test_process_never_calls_ground_harmless(processed_sample):
    _, done = processed_sample
    said = done.stdout.lower()
    assert "safe" not in said
    assert not re.search(r"\bclear(ed)?\b", said)
    assert "advice" in said


def test_a_second_run_gives_the_same_bytes(processed_sample, sample, tmp_path):
    out, _ = processed_sample
    again = command("process", sample, "-o", tmp_path / "again", "--json")
    assert again.returncode == 0, again.stderr
    assert digests(tmp_path / "again") == digests(out)
    summary = json.loads(again.stdout)
    document = json.loads((out / "targets.json").read_text(encoding="utf-8"))
    assert {key: summary[key] for key in document} == document
    assert summary["scan"] == str(sample)
    assert set(summary["files"]) == FILES
    assert sum(summary["calls"].values()) == len(summary["targets"])


@pytest.mark.parametrize("verb", ("process", "import"))
def test_a_scan_without_its_samples_is_refused(verb, sample, tmp_path, capsys):
    assert run([verb, str(sample), "-o", str(tmp_path / "out"), "--option", "with_data=false"]) == 2
    assert "nothing can be done without the samples" in capsys.readouterr().err


def test_results_are_not_overwritten_unasked(processed_sample, sample, monkeypatch, capsys):
    out, _ = processed_sample
    before = digests(out)
    monkeypatch.setattr(dualsense.io, "read_scan", lambda *_, **__: pytest.fail("read the scan before looking"))
    assert run(["process", str(sample), "-o", str(out)]) == 2
    said = capsys.readouterr().err
    assert one_line(said)
    assert str(out) in said
    assert digests(out) == before


def test_results_are_overwritten_when_asked(processed_sample, sample, tmp_path, capsys):
    out, _ = processed_sample
    copy = tmp_path / "copy"
    shutil.copytree(out, copy)
    (copy / "targets.json").write_text('{"schema": "dualsense-targets", "targets": []}', encoding="utf-8")
    capsys.readouterr()
    assert run(["process", str(sample), "-o", str(copy), "--overwrite", "-q"]) == 0
    assert capsys.readouterr() == ("", "")
    assert digests(copy) == digests(out)


def damage(kind, sample, folder):
    path = folder / f"{kind}.h5"
    match kind:
        case "truncated":
            path.write_bytes(sample.read_bytes()[:5000])
        case "cut off near its end":
            path.write_bytes(sample.read_bytes()[:-2000])
        case "foreign":
            with h5py.File(path, "w") as file:
                file["x"] = np.arange(3)
        case "text":
            path.write_text("time,x,y\n0,0,0\n", encoding="utf-8")
        case "empty":
            path.touch()
        case "folder":
            path.mkdir()
        case "missing dataset" | "wrong shape" | "decreasing time" | "zero length" | "no overlap":
            shutil.copyfile(sample, path)
            path.chmod(0o644)
            with h5py.File(path, "r+") as file:
                _damage_inside(kind, file)
    return path


def _damage_inside(kind, file):
    time_s = file["pose/time"][()]
    if kind == "missing dataset":
        del file["pose/position"]
    elif kind == "wrong shape":
        position = file["pose/position"][:-3]
        del file["pose/position"]
        file["pose/position"] = position
        file["pose/position"].attrs["units"] = "m"
    elif kind == "decreasing time":
        file["pose/time"][...] = time_s[::-1]
    elif kind == "zero length":
        for name, shape in (("time", (0,)), ("position", (0, 3))):
            del file[f"pose/{name}"]
            file[f"pose/{name}"] = np.zeros(shape)
    else:
        file["pose/time"][...] = time_s + 1000.0


@pytest.mark.parametrize(
    "kind",
    (
        "absent",
        "truncated",
        "cut off near its end",
        "foreign",
        "text",
        "empty",
        "folder",
        "missing dataset",
        "wrong shape",
        "decreasing time",
        "zero length",
        "no overlap",
    ),
)
@pytest.mark.parametrize("verb", ("process", "info"))
def test_what_is_no_scan_is_one_line_and_status_1(verb, kind, sample, tmp_path, capsys):
    path = damage(kind, sample, tmp_path)
    out = tmp_path / "out"
    assert run([verb, str(path), *(["-o", str(out)] if verb == "process" else [])]) == 1
    said = capsys.readouterr()
    assert one_line(said.err)
    assert path.name in said.err
    assert "Traceback" not in said.err
    assert said.out == ""
    assert not out.exists()


@pytest.mark.parametrize(
    ("error", "said"),
    (
        (ValueError("no\nsuch thing"), "unexpected ValueError: no such thing (DUALSENSE_DEBUG=1 shows where)"),
        (MemoryError("Unable to allocate 9 TiB"), "not enough memory Unable to allocate 9 TiB"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (RecursionError("\x1b[2Jdeep"), "unexpected RecursionError: �[2Jdeep (DUALSENSE_DEBUG=1 shows where)"),
    ),
)
def test_whatever_goes_wrong_is_one_line(error, said, sample, tmp_path, monkeypatch, capsys):
    def fail(*_, **__):
        raise error

    monkeypatch.delenv("DUALSENSE_DEBUG", raising=False)
    monkeypatch.setattr(dualsense.chain, "process_recording", fail)
    assert run(["process", str(sample), "-o", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == f"dualsense: error: {sample}: {said}\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("how", ("-vv", "DUALSENSE_DEBUG"))
def test_a_traceback_is_there_for_whoever_asks(how, sample, tmp_path, monkeypatch, capsys):
    def fail(*_, **__):
        raise ValueError

    monkeypatch.setattr(dualsense.chain, "process_recording", fail)
    monkeypatch.setenv("DUALSENSE_DEBUG", "1" if how == "DUALSENSE_DEBUG" else "0")
    assert run(["process", str(sample), "-o", str(tmp_path / "out"), *(["-vv"] if how == "-vv" else [])]) == 1
    said = capsys.readouterr().err
    assert said.startswith("Traceback")
    assert one_line(said.splitlines(keepends=True)[-1])


def test_a_disk_that_is_full_names_the_results_and_leaves_nothing(
    sample, processed_sample, tmp_path, monkeypatch, capsys
):
    def fail(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    result = dualsense.render.read_result(processed_sample[0] / "result.h5")
    monkeypatch.setattr(dualsense.chain, "process_recording", lambda *_, **__: result)
    monkeypatch.setattr("dualsense.render._output.write_result", fail)
    monkeypatch.setattr("pathlib.Path.write_bytes", fail)
    monkeypatch.setattr("pathlib.Path.write_text", fail)
    out = tmp_path / "out"
    assert run(["process", str(sample), "-o", str(out)]) == 1
    said = capsys.readouterr().err
    assert one_line(said)
    assert str(out) in said
    assert "No space left on device" in said
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_cannot_be_made_is_one_line(sample, tmp_path, capsys):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    assert run(["process", str(sample), "-o", str(tmp_path / "file" / "out")]) in {1, 2}
    assert one_line(capsys.readouterr().err)
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_the_recipe_is_whole_toml_with_comments(capsys):
    assert run(["recipe"]) == 0
    text = capsys.readouterr().out
    assert tomllib.loads(text)
    assert text.count("#") > 10


def leaves(table, prefix=""):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def test_a_recipe_from_a_file_and_a_key_are_both_obeyed(tmp_path, capsys):
    run(["recipe"])
    defaults = dict(leaves(tomllib.loads(capsys.readouterr().out)))
    first, second = [key for key, value in defaults.items() if isinstance(value, float) and 0.0 < value < 1.0][:2]
    section, _, name = first.rpartition(".")
    recipe = tmp_path / "mine.toml"
    recipe.write_text(f"[{section}]\n{name} = {defaults[first] * 1.25!r}\n", encoding="utf-8")
    assert run(["recipe", "--recipe", str(recipe), "--set", f"{second}={defaults[second] * 1.25!r}"]) == 0
    changed = dict(leaves(tomllib.loads(capsys.readouterr().out)))
    expected = {**defaults, first: defaults[first] * 1.25, second: defaults[second] * 1.25}
    assert changed == expected


@pytest.mark.parametrize("verb", ("process", "replay", "recipe", "batch"))
def test_a_wrong_key_is_named_before_any_work(verb, sample, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(dualsense.io, "read_scan", lambda *_, **__: pytest.fail("read the scan before the recipe"))
    needs = {
        "process": [str(sample), "-o", str(tmp_path / "out")],
        "replay": [str(sample)],
        "recipe": [],
        "batch": [str(sample), "-o", str(tmp_path / "out")],
    }
    assert run([verb, *needs[verb], "--set", "gpr.nonsense=1"]) == 2
    said = capsys.readouterr().err
    assert one_line(said)
    assert "nonsense" in said
    assert not (tmp_path / "out").exists()


def test_a_missing_recipe_is_named(tmp_path, capsys):
    assert run(["recipe", "--recipe", str(tmp_path / "none.toml")]) == 2
    said = capsys.readouterr().err
    assert one_line(said)
    assert "none.toml" in said


@pytest.mark.parametrize(
    ("number", "status", "said"),
    ((signal.SIGINT, 130, "dualsense: interrupted\n"), (signal.SIGTERM, 143, "")),
)
def test_a_signal_ends_it_with_nothing_half_written(number, status, said, sample, tmp_path):
    process = faked("print('working', flush=True)\ntime.sleep(60)", "process", sample, "-o", tmp_path / "out")
    assert process.stdout.readline() == "working\n"
    process.send_signal(number)
    _, complaint = process.communicate(timeout=20)
    assert process.returncode == status
    assert complaint == said
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_goes_away_is_no_error():
    process = subprocess.Popen(
        [sys.executable, "-m", "dualsense", "recipe"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.close()
    with process.stderr as stream:
        complaint = stream.read()
    assert process.wait(timeout=30) == 141
    assert complaint == ""


PROGRESSING = "for step in range(11):\n    progress and progress('migrate', step / 10)\nraise SystemExit(7)"


def test_progress_shows_on_a_terminal(sample, tmp_path):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    process = faked(PROGRESSING, "process", sample, "-o", tmp_path / "out", stderr=theirs)
    os.close(theirs)
    seen = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            seen += os.read(ours, 4096)
        except OSError:  # the other side is closed
            break
    process.communicate(timeout=30)
    os.close(ours)
    assert process.returncode == 7
    assert b"migrate" in seen
    assert b"100 %" in seen


def test_progress_is_silent_elsewhere(sample, tmp_path):
    process = faked(PROGRESSING, "process", sample, "-o", tmp_path / "out")
    printed, complaint = process.communicate(timeout=60)
    assert (process.returncode, printed, complaint) == (7, "", "")


def test_threads_are_limited(sample, tmp_path):
    body = "import numba\nprint(numba.get_num_threads(), flush=True)\nraise SystemExit(7)"
    process = faked(body, "process", sample, "-o", tmp_path / "out", "--threads", "1")
    assert process.communicate(timeout=60)[0] == "1\n"


@pytest.mark.parametrize(("option", "logged"), ((None, ["warning"]), ("-v", ["info", "warning"]), ("-q", [])))
def test_verbosity(option, logged, sample, tmp_path, monkeypatch, capsys):
    def talk(*_, **__):
        log = logging.getLogger("dualsense.somewhere")
        log.info("a note")
        log.warning("a\nwarning")
        msg = "enough"
        raise dualsense.errors.ScanError(msg)

    monkeypatch.setattr(dualsense.chain, "process_recording", talk)
    assert run(["process", str(sample), "-o", str(tmp_path / "out"), *([option] if option else [])]) == 1
    *notes, last = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in notes] == logged
    assert last == f"dualsense: error: {sample}: enough"


def test_info_for_a_person(sample, capsys):
    assert run(["info", str(sample)]) == 0
    said = capsys.readouterr().out
    assert "simulated" in said
    assert re.search(r"radar +400 × 121 +\d+\.\d Hz +sfcw, 0\.8 to 3\.2 GHz +\d+ %", said)
    assert re.search(r"metal detector +1270 × 3 +\d+\.\d Hz +frequency, .* kHz +\d+ %", said)
    assert "no faults found (in the axes; --check reads the samples too)" in said


def test_info_for_a_program(sample, capsys):
    assert run(["info", str(sample), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["source"] == "simulated"
    assert facts["streams"]["gpr"]["shape"] == [400, 121]
    assert facts["streams"]["emi"]["shape"] == [1270, 3]
    assert facts["duration_s"] == pytest.approx(25.53, abs=0.01)
    assert 0.05 < facts["area_m2"] < 0.2
    assert 0.8 < facts["coverage_fraction"] <= 1.0
    assert facts["faults"] == []
    with h5py.File(sample) as file:
        median_s = np.median(np.diff(file["gpr/time"][()]))
    assert facts["streams"]["gpr"]["rate_hz"] == pytest.approx(1.0 / median_s)


def test_info_reads_the_samples_only_when_asked(sample, tmp_path, capsys):
    path = tmp_path / "dead.h5"
    shutil.copyfile(sample, path)
    path.chmod(0o644)
    with h5py.File(path, "r+") as file:
        file["gpr/data"][...] = 0.0
    assert run(["info", str(path), "--json"]) == 0
    quick = json.loads(capsys.readouterr().out)
    assert (quick["samples_read"], quick["faults"]) == (False, [])
    assert run(["info", str(path), "--json", "--check"]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert whole["samples_read"] is True
    assert [(fault["sensor"], fault["severity"]) for fault in whole["faults"]] == [("gpr", "failed")]
    assert run(["info", str(path), "--check"]) == 0
    said = capsys.readouterr().out
    assert "Radar failed" in said
    assert "radar samples: this ground is not assessable by it" in said


def test_a_foreign_recording_becomes_a_scan(shared_data, tmp_path, capsys):
    foreign = shared_data / "charisma" / "Lab_specimen_data.DZT"
    scan = tmp_path / "bars.h5"
    assert run(["import", str(foreign), "-o", str(scan), "--option", "height_m=0.01"]) == 0
    assert run(["info", str(scan), "--json"]) == 0
    said = capsys.readouterr().out
    facts = json.loads(said[said.index("{") :])
    assert facts["streams"]["gpr"]["shape"][0] == 332
    before = scan.read_bytes()
    assert run(["import", str(foreign), "-o", str(scan)]) == 2
    assert scan.read_bytes() == before
    assert run(["import", str(foreign), "-o", str(tmp_path / "x.h5"), "--option", "nonsense=1"]) == 2
    assert "nonsense" in capsys.readouterr().err
    assert not (tmp_path / "x.h5").exists()


@pytest.mark.parametrize("pair", ("height_m", "=1", ""))
def test_an_option_needs_a_value(pair, sample, tmp_path, capsys):
    assert run(["import", str(sample), "-o", str(tmp_path / "x.h5"), "--option", pair]) == 2
    assert one_line(capsys.readouterr().err)


def test_what_cannot_be_imported_is_one_line(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("no radar here", encoding="utf-8")
    assert run(["import", str(tmp_path / "notes.txt"), "-o", str(tmp_path / "x.h5")]) == 1
    said = capsys.readouterr().err
    assert one_line(said)
    assert str(tmp_path / "notes.txt") in said
    assert not (tmp_path / "x.h5").exists()


def test_evaluation_counts_what_was_found(processed_sample, sample, tmp_path, monkeypatch, capsys):
    shutil.copyfile(sample, tmp_path / "scan.h5")
    result = dualsense.render.read_result(processed_sample[0] / "result.h5")
    monkeypatch.setattr(dualsense.chain, "process_recording", lambda *_, **__: result)
    assert run(["evaluate", str(tmp_path), "--json"]) == 0
    rates = json.loads(capsys.readouterr().out)["rates"]
    assert (rates["mines"], rates["detected"]) == (1, 1)
    assert run(["evaluate", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "detection 1.000 (" in said
    assert "by metal content  more metal: 1/1" in said


def test_a_mine_in_a_scan_that_fails_is_a_missed_mine(sample, tmp_path, monkeypatch, capsys):
    def fail(*_, **__):
        msg = "no"
        raise dualsense.errors.ScanError(msg)

    shutil.copyfile(sample, tmp_path / "scan.h5")
    monkeypatch.setattr(dualsense.chain, "process_recording", fail)
    assert run(["evaluate", str(tmp_path), "--json"]) == 1
    rates = json.loads(capsys.readouterr().out)["rates"]
    assert (rates["mines"], rates["detected"]) == (1, 0)


@pytest.mark.parametrize(("name", "status"), (("nowhere", 2), (".", 1)))
def test_nothing_to_evaluate_is_one_line(name, status, tmp_path, capsys):
    assert run(["evaluate", str(tmp_path / name)]) == status
    assert one_line(capsys.readouterr().err)
