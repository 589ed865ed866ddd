"""The documents keep their word: links lead somewhere, the commands exist, and the program in the README runs."""

from __future__ import annotations

import ast
import io
import re
import shlex
import subprocess
import sys
import tokenize
import tomllib

import pytest

from dualsense._version import __version__
from dualsense.cli import cli, run
from dualsense.render import table_columns
from dualsense.simulate import Faults


def documents(root):
    return [*root.glob("*.md"), *sorted((root / "docs").rglob("*.md")), root / "sample_data" / "README.md"]


def test_every_link_leads_somewhere(project_root):
    broken = [
        f"{page.name}: {link}"
        for page in documents(project_root)
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        if "://" not in link and not (page.parent / link).exists()
    ]
    assert broken == []


def test_every_source_file_that_is_named_exists(project_root):
    package = project_root / "src" / "dualsense"
    roots = [project_root, package, package / "simulate"]
    roots += [project_root / "benchmarks" / room for room in ("", "emi", "simulate")]
    gone = []
    for page in documents(project_root):
        text = "" if page.name == "CHANGELOG.md" else page.read_text(encoding="utf-8")
        named = re.findall(r"[`(]((?:\w+/)*\w+\.py)\b", text) + re.findall(r"python ((?:\w+/)+\w+\.py)", text)
        gone += [f"{page.name}: {name}" for name in named if not any((root / name).is_file() for root in roots)]
    assert gone == []


def test_every_command_and_target_that_is_named_exists(project_root):
    made = set(re.findall(r"^(\w+):", (project_root / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    for page in documents(project_root):
        text = page.read_text(encoding="utf-8")
        named = re.findall(r"(?:^|`)dualsense (\w[\w-]*)", text, flags=re.MULTILINE)
        assert set(named) <= set(cli.commands), page.name
        assert set(re.findall(r"(?:^|`)make (\w+)", text, flags=re.MULTILINE)) <= made, page.name


def test_the_first_screen_of_the_readme(project_root):
    first = "\n".join((project_root / "README.md").read_text(encoding="utf-8").splitlines()[:16])
    assert first.index("docs/images/report.png") < first.index("make demo") < first.index("make test")


@pytest.fixture(scope="module")
def readme_program(project_root):
    (program,) = re.findall(
        r"```python\n(.*?)```", (project_root / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    return program


def test_the_program_in_the_readme_uses_the_public_api(readme_program):
    imports = [line for line in readme_program.splitlines() if re.match(r"import |from ", line)]
    assert imports == ["import dualsense as ds"]


@pytest.mark.slow
def test_the_program_in_the_readme_runs_twice(readme_program, sample_dir, tmp_path):
    (tmp_path / "sample_data").symlink_to(sample_dir)
    printed = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", readme_program],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        printed.append(done.stdout)
    assert printed[0].startswith("T1 suspect ")
    assert printed[1] == printed[0]
    assert (tmp_path / "out" / "mine" / "report.html").exists()


def test_the_demo_ends_with_where_to_look(project_root):
    makefile = (project_root / "Makefile").read_text(encoding="utf-8")
    (lines,) = re.findall(r"^demo:.*\n((?:\t.*\n)+)", makefile, flags=re.MULTILINE)
    assert re.search(
        r"dualsense process .*-o \$\(DEMO\)(?! .*-q)", lines.splitlines()[-1]
    )  # it says so at its end


def test_the_columns_in_the_manual_can_be_read(project_root, tmp_path):
    columns, *_ = re.findall(
        r"```toml\n(.*?)```", (project_root / "docs/usage.md").read_text(encoding="utf-8"), re.DOTALL
    )
    (tmp_path / "map.toml").write_text(columns, encoding="utf-8")
    assert [name for name, _ in table_columns(tmp_path / "map.toml").columns][:2] == ["Hazard ID", "Status"]


def test_the_scene_in_the_manual_is_simulated(project_root, tmp_path, capsys):
    blocks = re.findall(
        r"```toml\n(.*?)```", (project_root / "docs/usage.md").read_text(encoding="utf-8"), re.DOTALL
    )
    scene, cart = (block for block in blocks if "[motion]" in block)
    (tmp_path / "scene.toml").write_text(scene, encoding="utf-8")
    scan = tmp_path / "scan.h5"
    assert run(["simulate", str(tmp_path / "scene.toml"), "--seed", "1", "-o", str(scan)]) == 0
    assert run(["info", str(scan), "--check"]) == 0
    said = capsys.readouterr().out
    assert "simulated, 3 objects" in said
    assert "scan training-1" in said
    (tmp_path / "cart.toml").write_text(cart, encoding="utf-8")
    assert run(["simulate", str(tmp_path / "cart.toml"), "--seed", "1", "-o", str(tmp_path / "cart.h5")]) == 0
    assert run(["info", str(tmp_path / "cart.h5"), "--check"]) == 0
    shown = tomllib.loads(scene)
    assert set(shown) == {"scan_id", "soil", "objects", "motion", "radar", "detector", "noise", "faults"}
    assert set(shown["faults"]) == set(Faults.__dataclass_fields__) - {"stuck_from_part"}


def test_the_validation_is_stated_honestly(project_root):
    for page in ("README.md", "docs/validation.md"):
        text = (project_root / page).read_text(encoding="utf-8")
        assert "No field trial has been made" in text
        assert "publicly available" in text


def test_one_version_everywhere(project_root):
    citation = (project_root / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {__version__}\n" in citation
    project = tomllib.loads((project_root / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["hatch"]["version"]["path"] == "src/dualsense/_version.py"
    assert ".".join(__version__.split(".")[:2]) in (project_root / "README.md").read_text(encoding="utf-8")


def test_the_example_for_snakemake_is_whole(project_root):
    """It was run with Snakemake; here each of its blocks of Python, and each command, is read."""
    text = (project_root / "examples" / "Snakefile").read_text(encoding="utf-8")
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    assert "$" not in {token.string for token in tokens}, "a quote ends a command too early"
    commands = [ast.literal_eval(token.string) for token in tokens if token.string[1:].startswith("dualsense ")]
    assert [shlex.split(command)[1] for command in commands] == ["process", "batch"]


def test_the_licence_is_whole(project_root):
    text = (project_root / "LICENSE").read_text(encoding="utf-8")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert len(text) == 11358
