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

from dualsense.errors import DualsenseError, about, cause, one_line
from dualsense.language import again_cause, say, speaking
from dualsense.runtime.compiling import told_of_compilation
from dualsense.runtime.logs import PROGRAM
from dualsense.runtime.supervised import report_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DONE = 0
FAILED = 1
WRONG_USAGE = 2
INTERRUPTED = 130
TERMINATED = 143
CLOSED_PIPE = 141
LINE = 79


@dataclass
class Console:
    """What one run of the command line knows of itself.

    Attributes
    ----------
    subject
        The file at work: errors that do not name it get it in front.
    verbosity
        -1 errors only, 0 and warnings, 1 and notes, 2 and tracebacks.
    language
        In which errors are told, which come after the verb has ended.
    """

    subject: str = ""
    verbosity: int = 0
    language: str = "en"

    def __setattr__(self, name: str, value: object) -> None:
        """Let a process that waits for this one know the subject, which it names where this one cannot."""
        object.__setattr__(self, name, value)
        if name == "subject":
            report_subject(str(value))

    @property
    def debug(self) -> bool:
        """Whether a traceback is wanted beside the one-line error."""
        return self.verbosity >= 2 or os.environ.get("DUALSENSE_DEBUG", "") not in {"", "0"}

    def answer(self, text: str) -> None:
        """Write what was asked for to stdout."""
        click.echo(text)

    def report(self, text: str) -> None:
        """Write an account of what was done to stdout, unless -q."""
        if self.verbosity >= 0:
            click.echo(text)

    @contextmanager
    def counting(self) -> Iterator[Callable[[str], None]]:
        """Yield what says how far a long work has come: in one line on a terminal, line by line elsewhere."""
        if self.verbosity < 0:
            yield lambda _text: None
        elif sys.stderr.isatty():
            yield lambda text: click.echo(f"\r\x1b[K{one_line(text)[:LINE]}", err=True, nl=False)
            click.echo("\r\x1b[K", err=True, nl=False)
        else:
            yield lambda text: click.echo(f"{PROGRAM}: {one_line(text)}", err=True)

    @contextmanager
    def progress(self) -> Iterator[Callable[[str, float], None] | None]:
        """Draw a bar on stderr while the block runs; yield None where nobody would see it."""
        if self.verbosity < 0:
            yield None
            return
        if not sys.stderr.isatty():
            with told_of_compilation(_Once(lambda text: click.echo(f"{PROGRAM}: {text}", err=True))):
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

            def count(compiled: int) -> None:
                bar.set_description_str(say("compiling, only now: {count} done", count=compiled), refresh=True)

            once = _Once(lambda text: bar.write(f"{PROGRAM}: {text}", file=sys.stderr))
            with told_of_compilation(once), told_of_compilation(count):
                yield report


COMPILING = (
    "compiling, which is paid once for this installation and takes about a minute; "
    "`{command}` does it ahead of the first scan"
)


class _Once:
    """Says a single time that compilation goes on."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write, self._said = write, False

    def __call__(self, _compiled: int) -> None:
        if not self._said:
            self._said = True
            self._write(say(COMPILING, command=f"{PROGRAM} warm-up"))


def explain(error: BaseException) -> str:
    """Say in one line what went wrong, those of the command line's own library included."""
    match error:
        case click.UsageError():
            where = error.ctx.command_path if error.ctx else PROGRAM
            return one_line(f"{error.format_message()} (try '{where} --help')")
        case click.ClickException():
            return one_line(error.format_message())
        case _:
            return cause(error)


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
    text = explain(error)
    text = about(console.subject, text) if status == FAILED else text
    with speaking(console.language):
        click.echo(f"{PROGRAM}: {say('error')}: {again_cause(text)}", err=True)
    return status
