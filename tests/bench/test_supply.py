"""What is installed where this is tested and built: exact versions, the oldest ones, and releases that repeat."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib

import pytest
from benchmarks import floors, release

packaging = pytest.importorskip("packaging.requirements")


@pytest.fixture(scope="module")
def project(project_root):
    return tomllib.loads((project_root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def requirements(project, *extras):
    """Those of the package and of extras, its own extras opened."""
    for text in [
        *project["dependencies"],
        *(one for name in extras for one in project["optional-dependencies"][name]),
    ]:
        found = packaging.Requirement(text)
        if found.name == "dualsense":
            yield from requirements({**project, "dependencies": []}, *sorted(found.extras))
        else:
            yield found


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def locked(project_root):
    lines = (project_root / ".ci" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [re.fullmatch(r"([\w.-]+)==([\w.+!]+)", line) for line in lines if not line.startswith("#")]
    assert all(pins), "exact versions of packages by name, and nothing else"
    return {canonical(pin[1]): pin[2] for pin in pins}


def test_continuous_integration_installs_exact_versions_that_the_project_admits(project, locked):
    for wanted in requirements(project, "dev"):
        assert wanted.specifier.contains(locked[canonical(wanted.name)]), wanted
    assert "dualsense" not in locked


def test_every_dependency_has_an_oldest_version(project):
    found = dict(line.split("==") for line in floors.floors(["app", "fast", "oldest"]))
    wanted = {one.name: one for one in requirements(project, "app", "fast", "oldest")}
    assert set(found) == set(wanted)
    assert all(wanted[name].specifier.contains(version) for name, version in found.items())


def test_actions_are_taken_by_commit(project_root):
    text = "".join(file.read_text(encoding="utf-8") for file in (project_root / ".github/workflows").glob("*.yml"))
    used = re.findall(r"uses: (.*)", text)
    assert len(used) >= 2
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", one) for one in used)


GIT = shutil.which("git")
SETTINGS = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "small"
version = "1.0"
requires-python = ">=3.11"
[tool.hatch.build.hooks.custom]
"""
PLAIN = """
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

class Plain(BuildHookInterface):
    pass
"""
HOOK = """
from pathlib import Path
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

class TellsWhere(BuildHookInterface):
    def initialize(self, version, build_data):
        Path(self.root, "small", "where.py").write_text(f"WHERE = {self.root!r}")
"""


@pytest.fixture
def small(tmp_path):
    """A project of one module under git."""
    if GIT is None:
        pytest.skip("needs git")
    pytest.importorskip("hatchling", reason="needs dualsense[test]")
    folder = tmp_path / "small"
    (folder / "small").mkdir(parents=True)
    (folder / "small" / "__init__.py").write_text("", encoding="utf-8")
    (folder / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")

    def commit(hook):
        (folder / "hatch_build.py").write_text(hook, encoding="utf-8")
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        for words in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "one")):
            subprocess.run([GIT, "-C", str(folder), *words], check=True)
        return folder

    return commit


def test_a_release_is_what_two_places_build_alike(small, tmp_path):
    made = release.release("HEAD", tmp_path / "out", small(PLAIN))
    assert set(made) == {"small-1.0.tar.gz", "small-1.0-py3-none-any.whl"}
    sums = dict(reversed(line.split("  ")) for line in (tmp_path / "out" / release.SUMS).read_text().splitlines())
    assert sums == made


def test_a_release_that_hangs_on_where_it_was_built_is_refused(small, tmp_path):
    with pytest.raises(RuntimeError, match=r"not the same: small-1\.0-py3-none-any\.whl, small-1\.0\.tar\.gz"):
        release.release("HEAD", tmp_path / "out", small(HOOK))
    assert not (tmp_path / "out").exists()
