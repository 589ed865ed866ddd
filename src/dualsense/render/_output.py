"""The folder of the contract, filled at the end, never left half written."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dualsense.errors import DualsenseError
from dualsense.render._figures.figures import render_figures
from dualsense.render._figures.shown import shown_of
from dualsense.render._figures.style import View
from dualsense.render._files.archive import write_result
from dualsense.render._files.export import write_targets
from dualsense.render._folder import OPTIONAL_FILES, OUTPUT_FILES, check_output
from dualsense.render._report.report import page_template, write_report
from dualsense.runtime.folders import write_folder
from dualsense.runtime.helpers import helpers
from dualsense.runtime.memory import give_back

if TYPE_CHECKING:
    from os import PathLike
    from pathlib import Path

    from dualsense.result import Result


LARGE_BYTES = 4 * 2**20
"""Of a volume from which on memory is given back: the next small scan would ask for it all again, page by page."""


def get_ready() -> None:
    """Do ahead of the result what writing takes, whatever the result: imports, and the report's template."""
    page_template()


def write_outputs(
    result: Result, folder: str | PathLike[str], *, overwrite: bool = False, view: View | None = None
) -> tuple[Path, ...]:
    """Write every file of the contract.

    All files are made and synced in a hidden folder beside the target, which then takes its place in one step;
    see `dualsense.runtime.folders`. The folder never mixes two runs.

    Parameters
    ----------
    result
        What processing found.
    folder
        Where to write; made, with its parents, when it does not exist.
    overwrite
        Whether files of an earlier run may be replaced. Other files are never touched.
    view
        The operator's controls over the pictures.

    Returns
    -------
    tuple of Path
        The files written, sorted by name.

    Raises
    ------
    UsageError
        As `check_output`.
    DualsenseError
        When the files cannot be written, such as on a full disk, or another process is writing there.
    """
    folder = check_output(folder, overwrite=overwrite)
    try:
        write_folder(
            folder,
            (*OPTIONAL_FILES, *OUTPUT_FILES),
            lambda fresh: _write_all(result, fresh, view),
            overwrite=overwrite,
        )
    except OSError as error:
        msg = f"{folder}: cannot write the outputs: {error.strerror or error}"
        raise DualsenseError(msg) from error
    written = [*OUTPUT_FILES, *(name for name in OPTIONAL_FILES if (folder / name).exists())]
    return tuple(folder / name for name in sorted(written))


def _write_all(result: Result, fresh: Path, view: View | None) -> None:
    """Draw the pictures on one side and pack the files on the other, then write the report that holds both."""
    with helpers(1) as begin:
        packed = begin(partial(_pack, result, fresh))
        shown = shown_of(result, view or View())
        pictures = render_figures(result, view, shown)
        for name, content in pictures.items():
            (fresh / name).write_bytes(content)
        packed.result()
    if result.gpr_volume is not None and result.gpr_volume.values.nbytes >= LARGE_BYTES:
        give_back()  # pictures and packed arrays left room that the report, whose texts are small, would not fill
    write_report(result, fresh, pictures=pictures, view=view, shown=shown)


def _pack(result: Result, fresh: Path) -> None:
    write_result(result, fresh / "result.h5")
    write_targets(result, fresh)
    page_template()
