"""Letters that pages bring along, for systems that have none for a script: parts of Noto, by their scripts."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FAMILY = "dualsense letters"


@cache
def page_letters() -> Mapping[str, bytes]:
    """Read the fonts of all pages.

    Returns
    -------
    mapping of str to bytes
        File in WOFF2 by its name, such as "khmer.woff2".
    """
    folder = files("dualsense.render").joinpath("assets", "fonts", "page")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".woff2"))
    return MappingProxyType({name: folder.joinpath(name).read_bytes() for name in names})


def letter_style(source: Callable[[str], str]) -> str:
    """Style rules that a page takes its letters by: each file only where the page holds a letter of it.

    Parameters
    ----------
    source
        Gives the address of a file from its name.

    Returns
    -------
    str
        CSS.
    """
    folder = files("dualsense.render").joinpath("assets", "fonts", "page")
    faces = []
    for name in page_letters():
        letters = folder.joinpath(name.replace(".woff2", ".range")).read_text(encoding="ascii").strip()
        place = f'url("{source(name)}") format("woff2")'
        faces.append(f'@font-face {{ font-family: "{FAMILY}"; src: {place}; unicode-range: {letters}; }}\n')
    return "".join(faces)
