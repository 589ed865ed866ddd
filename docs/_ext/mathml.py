"""Equations as MathML made while building, so that pages show them without scripts and without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils import nodes
from latex2mathml.converter import convert

if TYPE_CHECKING:
    from docutils.nodes import Element
    from sphinx.application import Sphinx


def _mathml(latex: str, display: str) -> str:
    made = convert(latex.strip(), display=display)
    if "<mi>&</mi>" in made:
        msg = f"no alignment marks in equations, got {latex!r}"
        raise ValueError(msg)
    # browsers know no bold letters of MathML, but those of style sheets
    return made.replace('mathvariant="bold"', 'mathvariant="normal" class="bold"')


def _inline(writer: Any, node: Element) -> None:
    writer.body.append(_mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def _block(writer: Any, node: Element) -> None:
    number = f'<span class="eqno">({node["number"]})</span>' if node.get("number") else ""
    name = f' id="{node["ids"][0]}"' if node.get("ids") else ""
    made = _mathml(node.astext(), "block")
    writer.body.append(f'<div class="math"{name}>{number}{made}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Offer ``html_math_renderer = "mathml"``."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
