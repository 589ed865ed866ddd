"""The built documentation holds together: every link, every declared thing in its reference, every program."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from dualsense.faults import KINDS
from dualsense.features import FEATURES
from dualsense.recipe import Recipe, radar_steps

pytestmark = pytest.mark.slow
BUILT = "DUALSENSE_BUILT_DOCS"


class Page(HTMLParser):
    """Places, links and loaded files of a page, its text and its source."""

    def __init__(self, source):
        super().__init__()
        self.ids, self.links, self.loaded, self.text, self.source = set(), [], [], "", source
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        self.ids.add(given.get("id", ""))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link":
            self.loaded.append(given.get("href", ""))
        elif "src" in given:
            self.loaded.append(given["src"])

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def built(project_root, tmp_path_factory):
    """The folder of the documentation: that which was built just before, where there is one, as in CI."""
    if BUILT in os.environ:
        return Path(os.environ[BUILT])
    pytest.importorskip("sphinx", reason="pip install 'dualsense[docs]'")
    made = tmp_path_factory.mktemp("site")
    how = ["--quiet", "--fail-on-warning", "--keep-going", "-b", "html", "-d", made / "cache"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *how, project_root / "docs", made / "html"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return made / "html"


@pytest.fixture(scope="module")
def site(built):
    return {path: Page(path.read_text(encoding="utf-8")) for path in sorted(built.rglob("*.html"))}


@pytest.fixture
def page(site, built):
    return lambda name: site[built / f"{name}.html"]


def test_every_link_holds(site):
    broken = []
    for path, held in site.items():
        for link in held.links + held.loaded:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            there = target.is_file()
            if not there or (
                parts.fragment and target in site and unquote(parts.fragment) not in site[target].ids
            ):
                broken.append(f"{path.name}: {link}")
    assert broken == []


def test_nothing_is_loaded_from_a_network(site):
    loaded = {link for held in site.values() for link in held.loaded}
    assert len(loaded) > 5
    assert [link for link in loaded if urlsplit(link).scheme or urlsplit(link).netloc] == []


def test_equations_are_set_without_scripts(page):
    for name in ("methods/radar", "methods/metal", "methods/fusion"):
        source = page(name).source
        assert "<mfrac>" in source
        assert "\\frac" not in source


def tables(model, prefix=()):
    for key, field in model.model_fields.items():
        if hasattr(field.annotation, "model_fields"):
            yield from tables(field.annotation, (*prefix, key))
        else:
            yield prefix, key


def test_every_key_of_the_recipe_is_in_its_reference(page):
    recipe = page("reference/recipe")
    for prefix, key in tables(Recipe):
        assert "-".join(prefix).replace("_", "-") in recipe.ids, prefix
        assert re.search(rf"\b{key}\b", recipe.text), key


def test_every_step_is_in_its_reference_in_order(page):
    (body,) = re.findall(r"<tbody>(.*?)</tbody>", page("reference/steps").source, re.DOTALL)
    named = [re.sub(r"<.*?>", "", row.split("</td>")[0]).strip() for row in body.split("</tr>")[:-1]]
    assert named == [step.name for step in radar_steps()]


def test_every_fault_is_in_its_reference(page):
    faults = page("reference/faults")
    assert set(KINDS) <= faults.ids
    assert all(" ".join(kind.meaning.split()) in " ".join(faults.text.split()) for kind in KINDS.values())


def test_every_feature_is_in_its_reference(page):
    shown = page("reference/features").source
    assert len(FEATURES) > 50
    for feature in FEATURES:
        assert f'<span class="pre">{feature.key}</span></code>' in shown, feature.key


def test_every_public_name_has_its_entry(site, project_root):
    structure = pytest.importorskip("benchmarks.structure", reason="run from the project's folder")
    house = structure.House.of(project_root / "src" / "dualsense")
    ids = set().union(*(held.ids for held in site.values()))
    rooms = {door: set(names) for door, names in house.doors.items() if door not in {"dualsense", *UNLISTED}}
    missing = {f"{door}.{name}" for door, names in rooms.items() for name in names} - ids
    own = set(house.doors["dualsense"]) - set().union(*rooms.values()) - {"__version__"}
    missing |= {f"dualsense.{name}" for name in own if f"dualsense.{name}" not in house.doors} - ids
    assert missing == set()


UNLISTED = {"dualsense.app", "dualsense.cli", "dualsense.numerics"}
"""Programs, whose verbs are told in the manual, and tools in place of a library's."""


@pytest.mark.parametrize("name", ("by_hand", "engineer", "benchmarks"))
def test_the_programs_of_a_tour_run(project_root, sample_dir, tmp_path, name):
    text = (project_root / "docs" / "tour" / f"{name}.md").read_text(encoding="utf-8")
    program = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    assert set(re.findall(r"^(?:import|from) .*", program, re.MULTILINE)) <= {
        "import dualsense as ds",
        "import numpy as np",
    }
    assert not re.search(r"\._[a-z]", program)
    (tmp_path / "sample_data").symlink_to(sample_dir)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
