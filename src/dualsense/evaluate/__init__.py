"""Targets against truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dualsense.evaluate._lanes import (
        evaluate_files,
        evaluate_folder,
        summary,
        to_json,
        to_text,
        write_evaluation,
    )
    from dualsense.evaluate._score import rates, roc, score_scan

__all__ = [
    "evaluate_files",
    "evaluate_folder",
    "rates",
    "roc",
    "score_scan",
    "summary",
    "to_json",
    "to_text",
    "write_evaluation",
]

_HOMES = {
    "evaluate_files": "_lanes",
    "evaluate_folder": "_lanes",
    "rates": "_score",
    "roc": "_score",
    "score_scan": "_score",
    "summary": "_lanes",
    "to_json": "_lanes",
    "to_text": "_lanes",
    "write_evaluation": "_lanes",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
