"""The servers' way in, which says what is missing where the extra is not installed."""

from __future__ import annotations

import secrets
from importlib.util import find_spec
from typing import TYPE_CHECKING

from dualsense.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from dualsense.app._guard import Access
    from dualsense.app._lessons import Level

LOOPBACK = "127.0.0.1"


def view(
    path: Path,
    *,
    port: int,
    announce: Callable[[str], None],
    host: str = LOOPBACK,
    out: Path | None = None,
    processes: bool = True,
) -> None:
    """Show scans and results in a browser until interrupted.

    Parameters
    ----------
    path
        A scan file, the folder of a result, or a folder with any number of both.
    port
        0 takes a free one.
    announce
        Called with where to look, once the port is open.
    host
        Address in numbers to listen at. Beside this machine only those are answered that open the address with the
        token, which is in what is announced.
    out
        Folder for the results of scans that have none; None takes ``results`` beside them.
    processes
        Whether scans that have no result are processed.

    Raises
    ------
    UsageError
        When the extra is not installed, nothing is there, or the port is taken.
    """
    access = _access(host)
    if not path.exists():
        msg = f"{path}: no such file or folder"
        raise UsageError(msg)
    from dualsense.app._view import run_view  # noqa: PLC0415 - needs the extra

    run_view(path, access=access, port=port, out=out, processes=processes, announce=announce)


def train(
    folder: Path,
    *,
    level: Level | None,
    lanes: int,
    port: int,
    announce: Callable[[str], None],
    host: str = LOOPBACK,
) -> None:
    """Train on lanes with known truth in a browser until interrupted.

    Parameters
    ----------
    folder
        Scans that tell their truth; made where it is not there. Scores go to ``training.jsonl`` in it.
    level
        "easy", "medium" or "hard": lanes of that level are chosen, and invented until there are so many as asked;
        None takes all that are there.
    lanes
        How many there are to be of a level.
    port, announce, host
        As for `view`.

    Raises
    ------
    UsageError
        When the extra is not installed, a file is in the folder's place, there is no folder and no level to invent
        lanes of, or the port is taken.
    """
    access = _access(host)
    if not folder.is_dir() and (level is None or folder.exists()):
        msg = f"{folder}: no such folder; with --level lanes are invented there"
        raise UsageError(msg)
    folder.mkdir(parents=True, exist_ok=True)
    from dualsense.app._train import run_train  # noqa: PLC0415 - needs the extra

    run_train(folder, level=level, lanes=lanes, access=access, port=port, announce=announce)


def tune(
    scan: Path,
    *,
    out: Path,
    port: int,
    announce: Callable[[str], None],
    recipe_file: Path | None = None,
    overrides: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    host: str = LOOPBACK,
) -> None:
    """Tune the recipe on a recording in a browser until interrupted.

    Parameters
    ----------
    scan
        Scan file, or another instrument's recording; short enough to be processed in one piece.
    out
        Folder that recipe, program and result are saved to when the page is asked to.
    port, announce, host
        As for `view`.
    recipe_file, overrides
        Recipe that the session begins with.
    options
        Of the importer, for another instrument's recording.

    Raises
    ------
    UsageError
        When the extra is not installed, nothing is there, or the port is taken.
    """
    access = _access(host)
    if not scan.exists():
        msg = f"{scan}: no such file"
        raise UsageError(msg)
    from dualsense.app._bench import Source  # noqa: PLC0415 - with the rest of the page
    from dualsense.app._tune import run_tune  # noqa: PLC0415 - needs the extra

    source = Source(str(scan), dict(options or {}), str(recipe_file or ""), tuple(overrides))
    run_tune(source, out, access=access, port=port, announce=announce)


def _access(host: str) -> Access:
    """Say who is answered at an address, with a new token where others reach it."""
    missing = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        msg = f"the web page needs {' and '.join(missing)}: pip install 'dualsense[app]'"
        raise UsageError(msg)
    from dualsense.app._guard import Access, is_loopback, is_number  # noqa: PLC0415 - needs the extra

    if not is_number(host):
        msg = f"--host {host}: expected an address in numbers, such as 127.0.0.1 or 192.168.1.5"
        raise UsageError(msg)
    return Access(host, "" if is_loopback(host) else secrets.token_urlsafe(24))
