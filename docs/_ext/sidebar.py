"""The sidebar of pages that show source: the plan of the documentation, worked out once for all of them.

Sphinx would resolve the whole tree anew for each, though none of them stands in it and only the way up differs.
"""

from __future__ import annotations

import re
from functools import cache, partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SOURCE_PAGES = "_modules/"
_INTERNAL = re.compile(r'href="(?![a-z]+:|#)')


@cache
def _from_the_root(app: Sphinx, **how: Any) -> str:
    """The tree as the root's page has it, which no entry of it marks as the one that is shown."""
    return app.builder._get_local_toctree(app.config.root_doc, **how)  # type: ignore[attr-defined] # noqa: SLF001


def _from(app: Sphinx, page: str, **how: Any) -> str:
    return _INTERNAL.sub(f'href="{"../" * page.count("/")}', _from_the_root(app, **how))


def _shared(app: Sphinx, page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    if page.startswith(SOURCE_PAGES):
        context["toctree"] = partial(_from, app, page)


def setup(app: Sphinx) -> dict[str, bool]:
    """Before the theme asks for the tree."""
    app.connect("html-page-context", _shared, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
