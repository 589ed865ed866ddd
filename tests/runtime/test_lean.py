"""Numba comes without the libraries that it only looks for, and they stay what they are for all others."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dualsense.runtime.lean import hidden


@pytest.fixture
def alone(monkeypatch):
    """No thread of another test counts."""
    monkeypatch.setattr("threading.active_count", lambda: 1)


def test_with_other_threads_at_work_nothing_is_hidden(monkeypatch):
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    monkeypatch.setattr("threading.active_count", lambda: 2)
    with hidden("wave"):
        import wave
    assert wave is sys.modules["wave"]


@pytest.mark.usefixtures("alone")
def test_hidden_libraries_seem_not_to_be_installed(monkeypatch):
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    with hidden("wave"), pytest.raises(ImportError):
        import wave
    import wave

    assert wave.Error is not None


@pytest.mark.usefixtures("alone")
def test_what_is_imported_already_stays(monkeypatch):
    import json

    with hidden("json", "wave"):
        assert sys.modules["json"] is json
        monkeypatch.setitem(sys.modules, "wave", json)  # as another thread could, meanwhile
    assert sys.modules["json"] is json
    assert sys.modules["wave"] is json


@pytest.mark.parametrize("first", ("dualsense.runtime.jit", "dualsense.runtime.threads", "dualsense.chain.long"))
def test_a_program_begins_without_them(first, tmp_path):
    code = f"import sys, {first}; print(sorted({{'coverage', 'scipy', 'yaml', 'numba'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "['numba']"


def test_a_file_of_numbas_settings_is_read(tmp_path):
    pytest.importorskip("yaml")
    (tmp_path / ".numba_config.yaml").write_text("num_threads: 1\n", encoding="utf-8")
    code = "from dualsense.runtime.lean import numba; print(numba.config.NUMBA_NUM_THREADS)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "1"
