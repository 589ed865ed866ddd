"""How the command line speaks: one-line errors, exit statuses, logging and progress on stderr."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from dualsense.errors import DualsenseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DONE = 0
FAILED = 1
WRONG_USAGE = 2
INTERRUPTED = 130
TERMINATED = 143
CLOSED_PIPE = 141

PROGRAM = "dualsense"


@dataclass
class Console:
    """What one run of the command line knows of itself.

    Attributes
    ----------
    subject
        The file at work: errors that do not name it get it in front.
    verbosity
        -1 errors only, 0 and warnings, 1 and notes, 2 and tracebacks.
    """

    subject: str = ""
    verbosity: int = 0

    @property
    def debug(self) -> bool:
        """Whether a traceback is wanted beside the one-line error."""
        return self.verbosity >= 2 or os.environ.get("DUALSENSE_DEBUG", "") not in {"", "0"}

    def start_logging(self) -> None:
        """Send the package's log and Python's warnings to stderr, as far as the verbosity asks for them."""
        levels = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}
        handler = logging.StreamHandler()
        handler.setFormatter(_OneLine())
        logger = logging.getLogger(PROGRAM)
        logger.handlers[:] = [handler]
        logger.propagate = False
        logger.setLevel(levels.get(self.verbosity, logging.DEBUG))
        logging.captureWarnings(capture=True)
        foreign = logging.getLogger("py.warnings")
        foreign.handlers[:] = [handler]
        foreign.propagate = False
        foreign.setLevel(logging.WARNING if self.verbosity >= 1 else logging.CRITICAL)

    def stop_logging(self) -> None:
        """Give Python's warnings back to whoever had them."""
        logging.captureWarnings(capture=False)

    def answer(self, text: str) -> None:
        """Write what was asked for to stdout."""
        click.echo(text)

    def tell(self, text: str) -> None:
        """Write an account of what was done to stdout, unless -q."""
        if self.verbosity >= 0:
            click.echo(text)

    @contextmanager
    def progress(self) -> Iterator[Callable[[str, float], None] | None]:
        """Draw a bar on stderr while the block runs; yield None where nobody would see it."""
        if self.verbosity < 0 or not sys.stderr.isatty():
            yield None
            return
        from tqdm import tqdm
        from tqdm.contrib.logging import logging_redirect_tqdm

        layout = "{desc:<32.32} {percentage:3.0f} %|{bar}| {elapsed}"
        with (
            tqdm(total=1.0, bar_format=layout, leave=False, file=sys.stderr) as bar,
            logging_redirect_tqdm([logging.getLogger(PROGRAM)]),
        ):

            def report(step: str, fraction: float) -> None:
                bar.set_description_str(one_line(step), refresh=False)
                bar.n = min(max(fraction, 0.0), 1.0)
                bar.refresh()

            yield report


class _OneLine(logging.Formatter):
    """``dualsense: warning: …``, whatever line breaks the message holds."""

    def format(self, record: logging.LogRecord) -> str:
        return one_line(f"{PROGRAM}: {record.levelname.lower()}: {record.getMessage()}")


def one_line(text: str) -> str:
    """Return the text on one line, fit for a terminal: no line breaks, no control characters."""
    return "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))


def cause(error: BaseException) -> str:
    """Say in one line what went wrong.

    Parameters
    ----------
    error
        Anything that reached the command line.
    """
    match error:
        case click.UsageError():
            where = error.ctx.command_path if error.ctx else PROGRAM
            text = f"{error.format_message()} (try '{where} --help')"
        case click.ClickException():
            text = error.format_message()
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
    """Return the text with its subject, a file, in front, unless it names it in full already."""
    if not subject or subject in text:
        return text
    return f"{subject}: {text.removeprefix(f'{os.path.basename(subject)}: ')}"  # noqa: PTH119


def exit_status(error: BaseException) -> int:
    """Return the exit status that the contract gives this error."""
    if isinstance(error, click.ClickException):
        return WRONG_USAGE
    if isinstance(error, DualsenseError):
        return error.exit_code
    return FAILED


def report_error(error: BaseException, console: Console) -> int:
    """Write the error to stderr, one line that names file and cause, and return the exit status."""
    if console.debug:
        traceback.print_exception(error)
    status = exit_status(error)
    text = cause(error)
    click.echo(f"{PROGRAM}: error: {about(console.subject, text) if status == FAILED else text}", err=True)
    return status
