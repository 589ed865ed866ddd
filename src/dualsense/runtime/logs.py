"""The package's log on stderr, one line for each record, in this process and in workers."""

from __future__ import annotations

import logging

from dualsense.errors import one_line

PROGRAM = "dualsense"
_LEVELS = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}


def start_logging(verbosity: int) -> None:
    """Send the package's log and Python's warnings to stderr, as far as they are wanted.

    Parameters
    ----------
    verbosity
        -1 errors only, 0 and warnings, 1 and notes, 2 everything.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLine())
    logger = logging.getLogger(PROGRAM)
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(_LEVELS.get(verbosity, logging.DEBUG))
    logging.captureWarnings(capture=True)
    foreign = logging.getLogger("py.warnings")
    foreign.handlers[:] = [handler]
    foreign.propagate = False
    foreign.setLevel(logging.WARNING if verbosity >= 1 else logging.CRITICAL)


def stop_logging() -> None:
    """Give Python's warnings back to whoever had them."""
    logging.captureWarnings(capture=False)


class _OneLine(logging.Formatter):
    """``dualsense: warning: …``, whatever line breaks the message holds."""

    def format(self, record: logging.LogRecord) -> str:
        return one_line(f"{PROGRAM}: {record.levelname.lower()}: {record.getMessage()}")
