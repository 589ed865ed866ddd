"""One self-contained page of pictures and tables: no script, nothing from elsewhere, opens from a file."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from markupsafe import Markup

from dualsense.language import catalogue, say, spoken
from dualsense.render import SIMULATED
from dualsense.runtime.pages import data_uri, policy_source
from dualsense.scan import plain

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with what it shows: PNG as bytes, and words that stand below it."""

    png: bytes
    caption: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts below their heads."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page.

    Attributes
    ----------
    heading, words
        Its name, and one sentence each.
    tables, pictures
        In their order.
    """

    heading: str
    words: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = ()


def page_html(
    title: str, sections: Sequence[Section], *, simulated: bool, about: Sequence[tuple[str, str]] = ()
) -> str:
    """Make the page.

    Parameters
    ----------
    title
        Its name and first heading.
    sections
        In their order.
    simulated
        Whether what it shows is of simulated ground: it says so on top then.
    about
        Facts, name and value, such as the scan's id.

    Returns
    -------
    str
        HTML, with all that was given escaped.
    """
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - slow to import

    folder = files("dualsense.workbench").joinpath("assets")
    css = folder.joinpath("page.css").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(folder.joinpath("page.html.j2").read_text(encoding="utf-8"))
    return template.render(
        title=plain(title),
        css=Markup(css),  # noqa: S704 - our own asset
        style_hash=policy_source(css),
        simulated=say(SIMULATED) if simulated else "",
        contents=say("Contents"),
        language=spoken(),
        direction=catalogue(spoken()).direction,
        about=[(name, plain(value)) for name, value in about if value],
        sections=sections,
        uri=lambda png: data_uri("image/png", png),
    )
