"""The plan of the house holds: who may import whom, and what a verb may cost before it starts."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("numpy", "scipy", "numba", "h5py", "matplotlib", "skimage", "pydantic", "jinja2", "tqdm", "starlette")


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_layers_hold(project_root):
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("import-linter is not installed: pip install 'dualsense[lint]'")
    environment = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(
        [linter, "--no-cache"], cwd=project_root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_the_command_line_imports_nothing_heavy():
    loaded = python(f"import sys, dualsense.cli.main; print([m for m in {HEAVY} if m in sys.modules])")
    assert loaded == "[]"


def test_importing_the_package_imports_nothing_heavy():
    loaded = python(f"import sys, dualsense; print([m for m in {HEAVY} if m in sys.modules])")
    assert loaded == "[]"


def test_nothing_below_the_command_line_prints(project_root):
    printing = [
        f"{path.name}:{node.lineno}"
        for path in (project_root / "src").rglob("*.py")
        if path.name != "cli.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_no_module_loads_code_or_objects_from_data(project_root):
    names = {"eval", "exec", "pickle", "marshal", "shelve", "dill", "joblib"}
    found = [
        f"{path.name}:{node.lineno}"
        for path in (project_root / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names)
        or (isinstance(node, ast.Import) and any(alias.name.split(".")[0] in names for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in names)
    ]
    assert found == []
