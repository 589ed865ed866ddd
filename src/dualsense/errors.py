"""The errors a caller branches on, each with the exit status of the command line, and how errors are worded."""

from __future__ import annotations

import os


class DualsenseError(Exception):
    """Base of every error that is reported to the user in one line."""

    exit_code = 1


class ScanError(DualsenseError):
    """The scan cannot be processed: the message names the file, the dataset and the cause."""


class RecipeError(DualsenseError):
    """The recipe is wrong: the message names the key, what it holds and what is allowed."""

    exit_code = 2


class UsageError(DualsenseError):
    """The command was asked for something it will not do, such as to overwrite."""

    exit_code = 2


class ModelError(DualsenseError):
    """The confidence model in the installation is not the one that was released."""


def cause(error: BaseException) -> str:
    """Say in one line what went wrong.

    Parameters
    ----------
    error
        Any: what is none of the house's own is named by its type.

    Returns
    -------
    str
    """
    match error:
        case DualsenseError():
            text = str(error)
        case MemoryError():
            text = f"not enough memory {error}"
        case OSError() if error.strerror:
            named = f"{os.fsdecode(error.filename)}: " if error.filename is not None else ""
            text = f"{named}{error.strerror}"
        case OSError():
            text = str(error) or type(error).__name__
        case _:
            text = f"unexpected {type(error).__name__}: {error} (DUALSENSE_DEBUG=1 shows where)"
    return one_line(text)


def about(subject: str, text: str) -> str:
    """Put the subject of a text, a file, in front of it, unless it names it in full already.

    Parameters
    ----------
    subject
        Path of the file; empty where there is none.
    text
        May begin with the file's name alone, which the path then replaces.

    Returns
    -------
    str
    """
    shown = subject if subject.isprintable() else one_line(subject)
    if not subject or subject in text or shown in text:
        return text
    return f"{shown}: {text.removeprefix(f'{os.path.basename(subject)}: ')}"  # noqa: PTH119


def one_line(text: str) -> str:
    """Put a text on one line, fit for a terminal: no line breaks, no control characters.

    Parameters
    ----------
    text
        From anywhere.

    Returns
    -------
    str
        Runs of blanks are one blank, what cannot be printed is U+FFFD.
    """
    return "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))


MAX_LINE = 600


def short_line(text: str) -> str:
    """Put a text on one line of at most `MAX_LINE` characters.

    Parameters
    ----------
    text
        From anywhere.

    Returns
    -------
    str
        Cut off with an ellipsis where it is longer.
    """
    shown = one_line(text)
    return shown if len(shown) <= MAX_LINE else shown[: MAX_LINE - 1] + "…"
