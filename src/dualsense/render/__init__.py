"""Pictures, report and export of a result.

Importing this package imports none of the drawing libraries; a name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dualsense.render._figures.figures import render_figures, write_figures
    from dualsense.render._figures.style import View
    from dualsense.render._files.archive import read_result, write_result
    from dualsense.render._files.export import write_targets
    from dualsense.render._files.output import OUTPUT_FILES, check_output, write_outputs
    from dualsense.render._report.report import report_html, write_report

__all__ = [
    "OUTPUT_FILES",
    "View",
    "check_output",
    "read_result",
    "render_figures",
    "report_html",
    "write_figures",
    "write_outputs",
    "write_report",
    "write_result",
    "write_targets",
]

_HOMES = {
    "OUTPUT_FILES": "_files.output",
    "View": "_figures.style",
    "check_output": "_files.output",
    "read_result": "_files.archive",
    "render_figures": "_figures.figures",
    "report_html": "_report.report",
    "write_figures": "_figures.figures",
    "write_outputs": "_files.output",
    "write_report": "_report.report",
    "write_result": "_files.archive",
    "write_targets": "_files.export",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
