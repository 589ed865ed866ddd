"""The folder of the contract, filled at the end, never left half written."""

from __future__ import annotations

import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from dualsense.errors import DualsenseError
from dualsense.render._figures.figures import render_figures
from dualsense.render._figures.shown import shown_of
from dualsense.render._figures.style import View
from dualsense.render._files.archive import write_result
from dualsense.render._files.export import write_targets
from dualsense.render._folder import OPTIONAL_FILES, OUTPUT_FILES, check_output
from dualsense.render._report.report import page_template, write_report

if TYPE_CHECKING:
    from os import PathLike

    from dualsense.result import Result


def get_ready() -> None:
    """Do ahead of the result what writing takes, whatever the result: imports, and the report's template."""
    page_template()


def write_outputs(
    result: Result, folder: str | PathLike[str], *, overwrite: bool = False, view: View | None = None
) -> tuple[Path, ...]:
    """Write every file of the contract.

    All files are made in a hidden folder beside the target and moved in at the end. Files of an earlier run
    are moved away first and put back if something fails, so that the folder never mixes two runs.

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
        When the files cannot be written, such as on a full disk.
    """
    folder = check_output(folder, overwrite=overwrite)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{folder.name or 'out'}-", dir=_workplace(folder)) as place:
            # The folder inside gets the usual permissions; the temporary one is private to the user.
            fresh = Path(place) / "fresh"
            fresh.mkdir()
            _write_all(result, fresh, view)
            _move_in(fresh, folder, Path(place) / "previous")
    except OSError as error:
        msg = f"{folder}: cannot write the outputs: {error.strerror or error}"
        raise DualsenseError(msg) from error
    written = [*OUTPUT_FILES, *(name for name in OPTIONAL_FILES if (folder / name).exists())]
    return tuple(folder / name for name in sorted(written))


def _workplace(folder: Path) -> Path:
    """Folder to work in: beside the target, or inside where its parent is not ours or on another disk."""
    parent = folder.absolute().parent
    if not folder.exists():
        parent.mkdir(parents=True, exist_ok=True)
        return parent
    beside = os.access(parent, os.W_OK | os.X_OK) and parent.stat().st_dev == folder.stat().st_dev
    return parent if beside else folder


def _write_all(result: Result, fresh: Path, view: View | None) -> None:
    """Draw the pictures on one side and pack the files on the other, then write the report that holds both."""
    with ThreadPoolExecutor(1) as beside:
        packed = beside.submit(_pack, result, fresh)
        shown = shown_of(result, view or View())
        pictures = render_figures(result, view, shown)
        for name, content in pictures.items():
            (fresh / name).write_bytes(content)
        packed.result()
    write_report(result, fresh, pictures=pictures, view=view, shown=shown)


def _pack(result: Result, fresh: Path) -> None:
    write_result(result, fresh / "result.h5")
    write_targets(result, fresh)
    page_template()


def _move_in(fresh: Path, folder: Path, previous: Path) -> None:
    if not folder.exists():
        fresh.rename(folder)
        return
    previous.mkdir()
    try:
        for name in reversed((*OPTIONAL_FILES, *OUTPUT_FILES)):
            if os.path.lexists(folder / name):
                (folder / name).replace(previous / name)
        for name in (*OPTIONAL_FILES, *OUTPUT_FILES):
            if name in OUTPUT_FILES or (fresh / name).exists():
                (fresh / name).replace(folder / name)
    except BaseException:
        for path in previous.iterdir():
            shutil.move(path, folder / path.name)
        raise
