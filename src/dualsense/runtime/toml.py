"""TOML from users: bounded in size and depth, and wrong in one way only."""

from __future__ import annotations

import stat
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
"""Tables within tables; recipes and scenes have four."""


class TomlError(ValueError):
    """What is wrong with the file or the text, in one line without its name."""


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Parameters
    ----------
    path
        A plain file, or a link to one.

    Raises
    ------
    TomlError
        No plain file, not to be read, too long, no TOML, or nested too deep.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            msg = "is no plain file"
            raise TomlError(msg)
        if found.st_size > MAX_BYTES:
            msg = f"{found.st_size} bytes, at most {MAX_BYTES} are read"
            raise TomlError(msg)
        with path.open("rb") as stream:
            text = stream.read(MAX_BYTES).decode("utf-8")
    except (OSError, RuntimeError) as error:  # a loop of links is one or the other
        msg = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        raise TomlError(msg) from None
    except UnicodeDecodeError as error:
        msg = f"not TOML: {error.reason} at byte {error.start}"
        raise TomlError(msg) from None
    return parse_toml(text)


def parse_toml(text: str) -> dict[str, Any]:
    """Understand TOML.

    Parameters
    ----------
    text
        Of a whole document.

    Raises
    ------
    TomlError
        No TOML, a number too long to be one, or nested too deep.
    """
    try:
        document = tomllib.loads(text)
    except RecursionError:
        msg = f"not TOML: nested deeper than {MAX_DEPTH}"
        raise TomlError(msg) from None
    except ValueError as error:  # tomllib's own, and Python's for numbers of thousands of digits
        msg = f"not TOML: {' '.join(str(error).split())[:300]}"
        raise TomlError(msg) from None
    if _deeper(document, MAX_DEPTH):
        msg = f"nested deeper than {MAX_DEPTH}"
        raise TomlError(msg)
    return document


def _deeper(value: Any, most: int) -> bool:
    """Whether tables and lists lie deeper within each other, found without going as deep."""
    level = [value]
    for _ in range(most + 1):
        inner = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, (dict, list))]
        level = [value for values in inner for value in values]
        if not level:
            return False
    return True
