"""Pictures, report and export of a result.

Importing this package imports none of the drawing libraries; a name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dualsense.render.archive import read_result, write_result
    from dualsense.render.export import write_targets
    from dualsense.render.figures import render_figures, write_figures
    from dualsense.render.output import OUTPUT_FILES, check_output, write_outputs
    from dualsense.render.report import report_html, write_report
    from dualsense.render.style import View

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
    "OUTPUT_FILES": "output",
    "View": "style",
    "check_output": "output",
    "read_result": "archive",
    "render_figures": "figures",
    "report_html": "report",
    "write_figures": "figures",
    "write_outputs": "output",
    "write_report": "report",
    "write_result": "archive",
    "write_targets": "export",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
