"""Compilation: paid ahead by a verb that counts it, and otherwise said once by the verb that needs it."""

from __future__ import annotations

import io

import numba
import pytest

from dualsense.cli import run
from dualsense.cli._console import COMPILING as TEMPLATE
from dualsense.cli._console import Console
from dualsense.runtime import compiling, jit, warmup
from dualsense.runtime.warmup import Compiled

COMPILING = TEMPLATE.format(command="dualsense warm-up")

compiled_only = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT) or not jit.CACHE, reason="nothing is compiled, or nothing kept"
)


def test_the_list_names_kernels_and_signatures_and_counts_them(capsys):
    assert run(["warm-up", "--list"]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert len(lines) == len(warmup.listed_signatures())
    assert all(line.startswith("dualsense.") and "(" in line for line in lines)
    assert last == f"{len(lines)} signatures of {len({line.partition('(')[0] for line in lines})} kernels"


@pytest.fixture
def fake(monkeypatch, tmp_path):
    def compile_listed(_jobs, progress):
        found = [Compiled(f"dualsense.x:{n}", ("float64",), n < 2, str(tmp_path / "x" / str(n))) for n in range(3)]
        for done, one in enumerate(found, start=1):
            progress(one, done, len(found))
        return tuple(found)

    monkeypatch.setattr(warmup, "compile_listed", compile_listed)
    return tmp_path / "x"


def test_warm_up_counts_and_says_where_the_cache_lies(fake, capsys):
    assert run(["warm-up"]) == 0
    said = capsys.readouterr()
    assert said.err.splitlines()[1] == "dualsense: compiling 2 of 3: dualsense.x:1"
    assert said.out == f"3 signatures ready, 2 of them compiled now; kept below {fake}\n"


def test_quietly_it_says_nothing(fake, capsys):
    assert run(["warm-up", "-q"]) == 0
    assert capsys.readouterr() == ("", "")


def test_without_a_place_it_says_that_nothing_is_kept(monkeypatch, capsys):
    monkeypatch.setattr(
        warmup, "compile_listed", lambda _jobs, _progress: (Compiled("dualsense.x:y", ("float64",), True, ""),)
    )
    assert run(["warm-up"]) == 0
    assert "every run of `dualsense` will compile again" in capsys.readouterr().out


def test_with_the_cache_off_it_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(warmup, "CACHE", False)
    assert run(["warm-up"]) == 2
    assert (
        capsys.readouterr().err
        == "dualsense: error: DUALSENSE_NUMBA_CACHE=0 is set: there is nothing to warm up\n"
    )


class Terminal(io.StringIO):
    def isatty(self):
        return True


def compile_for(monkeypatch, times):
    monkeypatch.setattr(compiling, "PATIENCE_S", 0.0)
    for _ in range(times):
        compiling.compilation_begins()
        compiling.compilation_ends()


def test_a_run_that_compiles_says_so_once(monkeypatch, capsys):
    with Console().progress():
        compile_for(monkeypatch, 3)
    assert capsys.readouterr().err == f"dualsense: {COMPILING}\n"


def test_a_run_that_compiles_nothing_says_nothing(capsys):
    with Console().progress():
        pass
    assert capsys.readouterr().err == ""


def test_a_quiet_run_compiles_without_a_word(monkeypatch, capsys):
    with Console(verbosity=-1).progress():
        compile_for(monkeypatch, 3)
    assert capsys.readouterr().err == ""


def test_on_a_terminal_the_bar_counts(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    with Console().progress():
        compile_for(monkeypatch, 3)
    shown = screen.getvalue()
    assert shown.count(COMPILING) == 1
    assert "compiling, only now: 2 done" in shown


def test_on_a_terminal_warm_up_stays_in_one_line(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    with Console().counting() as count:
        for n in range(3):
            count(f"compiling {n} of 3")
    assert "\n" not in screen.getvalue()
    assert screen.getvalue().endswith("\r\x1b[K")


@compiled_only
@pytest.mark.slow
def test_warm_up_compiles_all_that_is_listed(capsys):
    assert run(["warm-up"]) == 0
    count = len(warmup.listed_signatures())
    assert capsys.readouterr().out.startswith(f"{count} signatures ready, ")
    assert run(["warm-up"]) == 0
    assert capsys.readouterr().out.startswith(f"{count} signatures ready, 0 of them compiled now")
