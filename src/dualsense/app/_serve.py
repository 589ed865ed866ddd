"""The server's way in, which says what is missing where the extra is not installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from dualsense.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def serve(folder: Path, *, port: int, announce: Callable[[str], None]) -> None:
    """Serve a folder of results on 127.0.0.1 until interrupted.

    Parameters
    ----------
    folder
        What ``process`` or ``batch`` wrote.
    port
        0 takes a free one.
    announce
        Called with where to look, once the port is open.

    Raises
    ------
    UsageError
        When the extra is not installed, the folder is not there, or the port is taken.
    """
    missing = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        msg = f"the web page needs {' and '.join(missing)}: pip install 'dualsense[app]'"
        raise UsageError(msg)
    from dualsense.app._server import run  # noqa: PLC0415 - needs the extra

    run(folder, port=port, announce=announce)
