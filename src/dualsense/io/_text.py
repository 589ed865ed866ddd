"""Text from files that others wrote: decoded, without padding, and safe to print in one line."""

from __future__ import annotations

import unicodedata

MAX_MESSAGE = 600
_BREAKING = frozenset({"Cc", "Zl", "Zp", "Cs"})


def clean_text(raw: str | bytes) -> str:
    """Decode and drop the padding of fixed-length strings.

    Parameters
    ----------
    raw
        Bytes are taken as UTF-8; what is none becomes U+FFFD.

    Returns
    -------
    str
        Without NULs, and without blanks at the end.
    """
    data = raw if isinstance(raw, bytes) else _encode(raw)
    return data.decode("utf-8", "replace").replace("\0", " ").rstrip()


def _encode(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def single_line(text: str) -> str:
    """Turn every run of line breaks, tabs and other control characters into one blank."""
    parts = "".join("\n" if unicodedata.category(c) in _BREAKING else c for c in text).split("\n")
    return " ".join(part for part in parts if part).strip()


def one_line(message: str) -> str:
    """Escape what would break a line or steer a terminal, and bound the length.

    A file names things as it likes; an error message must still be one line.

    Parameters
    ----------
    message
        Which may quote a file.

    Returns
    -------
    str
        With line breaks and control characters as escapes, and at most `MAX_MESSAGE` characters.
    """
    shown = "".join(
        c.encode("unicode_escape").decode("ascii") if unicodedata.category(c) in _BREAKING else c for c in message
    )
    return shown if len(shown) <= MAX_MESSAGE else shown[: MAX_MESSAGE - 1] + "…"
