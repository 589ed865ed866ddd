"""The errors a caller branches on. Each carries the exit status of the command line."""

from __future__ import annotations


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
