"""Equations as MathML made while building, so that pages show them without scripts and without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils import nodes
from latex2mathml.converter import convert

if TYPE_CHECKING:
    from docutils.nodes import Element
    from sphinx.application import Sphinx


def _inline(writer: Any, node: Element) -> None:
    writer.body.append(convert(node.astext().strip()))
    raise nodes.SkipNode


def _block(writer: Any, node: Element) -> None:
    number = f'<span class="eqno">({node["number"]})</span>' if node.get("number") else ""
    name = f' id="{node["ids"][0]}"' if node.get("ids") else ""
    made = convert(node.astext().strip(), display="block")
    writer.body.append(f'<div class="math"{name}>{number}{made}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Offer ``html_math_renderer = "mathml"``."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
