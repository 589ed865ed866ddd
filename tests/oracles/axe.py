"""What axe-core finds wrong with a page that is open in a browser."""

from __future__ import annotations

from importlib.resources import files
from importlib.util import find_spec

import pytest

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def axe_script() -> str:
    """Text of axe-core; the test is skipped where it is not installed."""
    if find_spec("axe_playwright_python") is None:
        pytest.skip("needs axe-playwright-python, which brings axe-core")
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def violations(page) -> list[str]:
    """Look at a page that holds axe-core, its frames left out, and say each thing that is wrong."""
    found = page.evaluate(
        "(tags) => axe.run(document, "
        "{ runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'], iframes: false })",
        RULES,
    )
    assert len(found["passes"]) > 12  # it did look
    return [
        f"{one['id']}: {node['html'][:120]} ({node['failureSummary'].splitlines()[-1].strip()})"
        for one in found["violations"]
        for node in one["nodes"]
    ]
