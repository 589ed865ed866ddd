"""The plan of the house holds: who may import whom, and what a verb may cost before it starts."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HEAVY = ("numpy", "scipy", "numba", "h5py", "matplotlib", "skimage", "pydantic", "jinja2", "tqdm", "starlette")


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def house(project_root):
    structure = pytest.importorskip("benchmarks.structure", reason="run from the project's folder")
    return structure.House.of(project_root / "src" / "dualsense")


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def test_no_import_runs_in_a_circle(house):
    assert house.circles() == []


def test_a_module_is_reached_by_the_command_line_or_the_public_api(house):
    reached = house.reached({"dualsense", "dualsense.__main__", *house.doors, *house.public()})
    assert set(house.modules) - reached == set()


def test_functions_and_modules_stay_short(house):
    long = {name for name, module in house.modules.items() if module.lines > 400}
    long |= {f.name for module in house.modules.values() for f in module.functions if f.lines > 60}
    assert long == set()


def test_the_root_stays_small(project_root):
    held = [path.name for path in (project_root / "src" / "dualsense").iterdir() if path.is_file()]
    assert len(held) <= 14, sorted(held)


def test_rooms_are_entered_by_their_doors(house):
    entered = {
        f"{name} -> {other}"
        for name, others in house.written.items()
        for other in others
        if room_of(name) != room_of(other) and "._" in other.removeprefix(f"dualsense.{room_of(other)}")
    }
    assert entered == set()


def test_no_room_goes_through_its_own_door(house):
    own = {
        f"{name} -> {other}"
        for name, others in house.written.items()
        for other in others
        if other in house.doors and other != "dualsense" and room_of(other) == room_of(name) and name != other
    }
    assert own == set()


def test_no_module_is_left_out_of_the_layers(project_root, house):
    project = tomllib.loads((project_root / "pyproject.toml").read_text(encoding="utf-8"))
    layers = [c for c in project["tool"]["importlinter"]["contracts"] if c.get("containers") == ["dualsense"]]
    assert [contract.get("exhaustive") for contract in layers] == [True]
    assert not project["tool"]["importlinter"].get("exclude_type_checking_imports", False)


def test_the_doors_index_what_they_show(house):
    for name, shown in house.doors.items():
        indexed = {key for _, entries in house.index(name) for key, _ in entries}
        assert indexed == set(shown) - {"__version__"}, name


def sections(docstring: str) -> dict[str, str]:
    parts = re.split(r"(?:^|\n)(\w[\w ]*)\n-{3,}\n", docstring)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_public_functions_document_their_parameters(house):
    functions = [
        (f"{door}.{name}", node)
        for door, names in house.doors.items()
        for name, home in names.items()
        if home in house.modules
        for node in house.modules[home].tree.body
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    assert len(functions) > 150
    missing = [name for name, node in functions if not ast.get_docstring(node)]
    for name, node in functions:
        given = node.args
        arguments = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
        if len(arguments) <= 3:
            continue
        held = sections(ast.get_docstring(node) or "")
        heads = [line.split(" :")[0] for line in held.get("Parameters", "").splitlines() if line[:1].strip()]
        named = {part.strip() for head in heads for part in head.split(",")}
        missing += [f"{name}: {argument}" for argument in arguments if argument not in named]
        if ast.unparse(node.returns) != "None" and not {"Returns", "Yields"} & held.keys():
            missing.append(f"{name} returns")
        if "Raises" not in held and any(isinstance(part, ast.Raise) for part in ast.walk(node)):
            missing.append(f"{name} raises")
    assert missing == []


def test_the_walker_sees_every_kind_of_import(tmp_path):
    structure = pytest.importorskip("benchmarks.structure")
    files = {
        "__init__.py": "",
        "a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from dualsense.b import x\n",
        "b.py": "def f():\n    import dualsense.c\n",
        "c.py": "from dualsense import gpr\ny = gpr.migrate(1)\n",
        "d.py": "",
        "gpr/__init__.py": "",
        "gpr/__init__.pyi": "from ._inner.steps import migrate as migrate\n",
        "gpr/_inner/__init__.py": "",
        "gpr/_inner/steps.py": "from dualsense.a import z\ndef migrate(p, q):\n    'Text\\n\\n'\n    return 1\n",
    }
    for name, text in files.items():
        path = tmp_path / "dualsense" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    house = structure.House.of(tmp_path / "dualsense")
    assert house.circles() == [("dualsense.a", "dualsense.b", "dualsense.c", "dualsense.gpr._inner.steps")]
    assert house.imports["dualsense.c"] == {"dualsense.gpr", "dualsense.gpr._inner.steps"}
    assert house.public() == {"dualsense.gpr._inner.steps"}
    reached = house.reached({"dualsense", "dualsense.c"})
    assert set(house.modules) - reached == {"dualsense.d"}
    (migrate,) = house.modules["dualsense.gpr._inner.steps"].functions
    assert (migrate.lines, migrate.arguments) == (2, 2)


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
    loaded = python(f"import sys; from dualsense.cli import main; print([m for m in {HEAVY} if m in sys.modules])")
    assert loaded == "[]"


def test_importing_the_package_imports_nothing_heavy():
    loaded = python(f"import sys, dualsense; print([m for m in {HEAVY} if m in sys.modules])")
    assert loaded == "[]"


def test_nothing_below_the_command_line_prints(project_root):
    printing = [
        f"{path.name}:{node.lineno}"
        for path in (project_root / "src").rglob("*.py")
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
