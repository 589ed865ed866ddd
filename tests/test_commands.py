"""Every command that the documents show is run, or, where that is dear, is read as the program would read it."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
import shutil
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from dualsense.cli import cli, run
from dualsense.cli._console import Console
from dualsense.io import import_scan, read_scan
from dualsense.io._importers.logs.log_map import read_log_map
from dualsense.verdict import read_limits

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")])

NOT_RUN = {
    "batch": ("processes of its own", "tests/batch/test_batch.py"),
    "calibrate": ("needs shots of free air and a plate", "tests/workbench/test_instrument.py"),
    "replay --follow": ("needs a file that grows", "tests/io/test_growing.py"),
    "seen": ("the chain once for each place", "tests/workbench/test_hybrid.py"),
    "simulate --preset cambodia-laterite": ("ground of three layers", "tests/cli/test_simulate.py"),
    "simulate --preset sand --seed 1": ("ground of a whole lane", "tests/cli/test_simulate.py"),
    "simulate --preset sand --lanes": ("processes of its own", "tests/simulate/test_many.py"),
    "simulate SCENE.toml --seed 1 --engine gprmax": ("needs gprMax", "tests/simulate/gprmax"),
    "site": ("needs scans with a place on the earth", "tests/site/test_maps.py"),
    "steps": ("draws some fifty plots", "tests/workbench/test_steps.py"),
    "sweep": ("processes of its own", "tests/workbench/test_sweep.py"),
    "tune": ("answers until it is ended", "tests/app/test_tune.py"),
    "train": ("answers until it is ended", "tests/app/test_train.py"),
    "view": ("answers until it is ended", "tests/app/test_server.py"),
    "warm-up": ("compiles", "tests/runtime/test_warmup.py"),
}
"""Commands that are read and not run: by what they begin with, why, and which tests run the same."""

CHEAP = {"warm-up --list"}
"""Run although they begin like one of those."""

MORE = {"replay": ("--speed", "max")}
"""What a person would not say, who has the time to look."""

FITTING = {"KEY=A,B,C": "gpr.background.radius_m=0.08,0.12", "NAME": "pmn"}

STATUSES = {"check": {0, 3, 4}}

SCENE = """
[soil]
relative_permittivity = 6.0
[[objects]]
model = "PMN"
x_m = 0.15
y_m = 0.08
depth_m = 0.04
[motion]
length_m = 0.3
width_m = 0.15
line_spacing_m = 0.05
speed_m_s = 0.5
[radar]
step_hz = 40e6
"""


@dataclass(frozen=True)
class Shown:
    """A command as a page shows it."""

    page: str
    text: str

    @property
    def words(self):
        return shlex.split(self.text)


def text_of(page):
    return page.read_text(encoding="utf-8")


def blocks(language):
    """Give page and text of every fenced block of a language."""
    for page in PAGES:
        for found in re.finditer(r"^```(\S*)\n(.*?)^```$", text_of(page), re.DOTALL | re.MULTILINE):
            if found[1] == language:
                yield page, found[2]


def lines():
    """Give each line of a block without a language; what stands after two spaces, or a #, explains it."""
    for page, block in blocks(""):
        for line in block.splitlines():
            command = re.split(r"\s{2,}|\s#\s", line.strip())[0]
            for one in command.split(" && "):
                yield Shown(page.relative_to(ROOT).as_posix(), one)


def inline():
    """Give what running text says between backquotes."""
    for page in PAGES:
        for found in re.findall(r"`((?:dualsense|python) [^`]+)`", text_of(page)):
            yield Shown(page.relative_to(ROOT).as_posix(), found.split(" > ")[0])


def unique(shown):
    return list({one.text: one for one in shown}.values())


LINES = unique(lines())
VERBS = [one for one in LINES if one.words[:1] == ["dualsense"]]
INLINE = unique(inline())


def is_dear(text):
    said = text.removeprefix("dualsense ")
    return said not in CHEAP and any(said == each or said.startswith(each + " ") for each in NOT_RUN)


def test_every_line_of_a_block_is_of_a_known_kind():
    kinds = {one.words[0] for one in LINES if one.text}
    assert kinds == {"dualsense", "make", "python", "gprmax-env/bin/pip"}
    assert len(VERBS) > 30


def test_what_is_not_run_is_shown_somewhere_and_run_by_a_test():
    for begin, (why, where) in NOT_RUN.items():
        assert any(is_dear(one.text) and one.text.startswith(f"dualsense {begin}") for one in VERBS), begin
        assert why
        assert (ROOT / where).exists(), where


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder that holds what the commands name: a small scan, its result, and a line of another make."""
    folder = tmp_path_factory.mktemp("commands")
    (folder / "SCENE.toml").write_text(SCENE, encoding="utf-8")
    (folder / "scene.toml").write_text(SCENE, encoding="utf-8")
    (page, recipe), *_ = [held for held in blocks("toml") if "[gpr.background]" in held[1]]
    assert page.name == "engineer.md"
    (folder / "mine.toml").write_text(recipe, encoding="utf-8")
    sys.path.insert(0, str(ROOT))
    try:
        (folder / "LINE.DZT").write_bytes(importlib.import_module("benchmarks.io.spoilt").dzt())
    finally:
        sys.path.remove(str(ROOT))
    assert run(["simulate", str(folder / "SCENE.toml"), "--seed", "1", "-o", str(folder / "SCAN.h5")]) == 0
    for name in ("scan.h5", "RECORDED.h5"):
        (folder / name).symlink_to("SCAN.h5")
    assert run(["process", str(folder / "SCAN.h5"), "-o", str(folder / "OUT"), "-q"]) == 0
    for name in ("OUT_A", "OUT_B", "DIR/scan"):
        shutil.copytree(folder / "OUT", folder / name)
    return folder


MADE_ALREADY = {
    "dualsense process SCAN.h5 -o OUT",
    "dualsense process scan.h5 -o OUT",
    "dualsense simulate SCENE.toml --seed 1 -o SCAN.h5",
    "dualsense simulate scene.toml --seed 1 -o scan.h5",
}
"""What the folder was made with."""


def fitted(words, fresh):
    """Give the words with values for placeholders, and with places of their own for what is written."""
    given = [FITTING.get(word, word) for word in words]
    for n, word in enumerate(given[:-1]):
        if word in {"-o", "--out", "--html"}:
            given[n + 1] = str(fresh / given[n + 1])
    return [*given, *MORE.get(given[0], ())]


@pytest.mark.parametrize(
    "shown",
    [pytest.param(one, id=one.text) for one in VERBS if not is_dear(one.text) and one.text not in MADE_ALREADY],
)
def test_a_command_in_a_block_does_what_it_says(shown, place, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(place)
    words = fitted(shown.words[1:], tmp_path)
    status = run(words)
    told = capsys.readouterr()
    assert status in STATUSES.get(words[0], {0}), told.err
    written = [words[n + 1] for n, word in enumerate(words) if word in {"-o", "--html"}]
    assert all(Path(one).exists() for one in written), written
    assert told.out or written


@pytest.mark.parametrize("shown", [pytest.param(one, id=one.text) for one in VERBS if is_dear(one.text)])
def test_a_command_that_is_not_run_is_understood(shown, tmp_path):
    verb, *words = fitted(shown.words[1:], tmp_path)
    context = cli.commands[verb].make_context(verb, words, obj=Console())
    context.close()


def test_the_verb_has_the_options_that_running_text_gives_it():
    found = [one for one in INLINE if one.words[0] == "dualsense"]
    assert len(found) > 20
    for one in found:
        verb, *words = one.words[1:]
        known = {name for option in cli.commands[verb].params for name in (*option.opts, *option.secondary_opts)}
        assert {word for word in words if word.startswith("-")} <= known, f"{one.page}: {one.text}"


# scripts


class _UnderstoodError(Exception):
    """The arguments of a script were read, and that is enough."""


SCRIPTS = [one for one in unique([*LINES, *inline()]) if re.match(r"python (-m )?benchmarks", one.text)]


@pytest.mark.parametrize("shown", [pytest.param(one, id=one.text) for one in SCRIPTS])
def test_a_script_takes_what_the_documents_give_it(shown, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    words = [word for word in shown.words[1:] if word != "-m"]
    name = words[0].removesuffix(".py").replace("/", ".")
    module = importlib.import_module(name)
    if hasattr(module, "__path__"):
        module = importlib.import_module(f"{name}.__main__")
    if "ArgumentParser" not in text_of(Path(module.__file__)):
        assert words[1:] == [], "this one takes nothing"
        return
    real = argparse.ArgumentParser.parse_args

    def read_only(parser, *given):
        real(parser, *given)
        raise _UnderstoodError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", read_only)
    monkeypatch.setattr(sys, "argv", [name, *(word.removesuffix("...") for word in words[1:])])
    with pytest.raises(_UnderstoodError):
        module.main()


# programs and settings


def test_every_program_in_a_page_is_run_by_a_test():
    """By those of the README and of the tours."""
    pages = {page.relative_to(ROOT).as_posix() for page, _ in blocks("python")}
    assert pages == {"README.md", "docs/tour/benchmarks.md", "docs/tour/by_hand.md", "docs/tour/engineer.md"}


def test_every_file_of_settings_in_a_page_can_be_read(tmp_path):
    seen = set()
    for page, block in blocks("toml"):
        file = tmp_path / "settings.toml"
        file.write_text(block, encoding="utf-8")
        first = next(iter(tomllib.loads(block)))
        seen.add((page.name, first))
        if first == "height_m":
            assert read_limits(file).height_m.red == 0.10
        elif first == "columns" and page.name == "formats.md":
            rows = [f"{20 * n},{0.01 * n},0,{0.1 * n},{0.2 * n},{-0.1 * n},{-0.2 * n}" for n in range(20)]
            table = tmp_path / "metal.csv"
            table.write_text("\n".join(["ms,east,north,i2,i9,q2,q9", *rows]), encoding="utf-8")
            scan = import_scan(table, map=str(file))
            assert scan.emi.data[10] == pytest.approx([1e-6 - 1e-6j, 2e-6 - 2e-6j])
        elif first == "instrument":
            known = read_log_map(block.encode(), file.name)
            assert known.topics == {"/tracker", "/radar", "/metal"}
            assert known.axis("gpr", "sample_time_s").size == 512
    assert seen == {
        ("formats.md", "columns"),
        ("formats.md", "instrument"),
        ("usage.md", "height_m"),
        ("usage.md", "delimiter"),  # read in test_docs.py, as the two scenes are
        ("usage.md", "scan_id"),
        ("usage.md", "motion"),
        ("engineer.md", "gpr"),  # the recipe of a command above
    }


def test_the_small_scan_has_a_truth(place):
    """So that what is compared with a truth is."""
    assert read_scan(place / "SCAN.h5").truth is not None
