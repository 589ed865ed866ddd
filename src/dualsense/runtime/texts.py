"""Text that others wrote, fit for a terminal, a spreadsheet, or a file in UTF-8."""

from __future__ import annotations

_WIDE = "\uff1d\uff0b\uff0d\uff20"
"""The same signs as East Asian keyboards write them, which spreadsheets take, too."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", *_WIDE)


def visible(text: str) -> str:
    """Replace what cannot be printed, such as the escapes that steer a terminal, by U+FFFD."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in text)


def in_utf8(text: str) -> str:
    """Write as escapes what Python keeps of a name that is not UTF-8: no file can hold it."""
    try:
        return text.encode("utf-8").decode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def cell(value: str | float | None) -> str:
    """Cell of a table; text that a spreadsheet would run as a formula gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = in_utf8(value)
        return "'" + text if text.startswith(FORMULA_STARTS) else text
    return repr(value)
