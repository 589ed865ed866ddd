"""Results in a folder as web pages, to this machine only.

Nothing of a request ever becomes part of a path: a page is served when its name is among those found by
listing the folder. Other sites open in the same browser cannot read along: requests must carry the server's
own host name (against DNS rebinding), and no answer allows another origin.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from dualsense import render
from dualsense.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = "127.0.0.1"
STATIC = {"": "index.html", "app.js": "app.js", "app.css": "app.css", "icon.svg": "icon.svg"}
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".geojson": "application/geo+json",
    ".csv": "text/csv; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# The report is one file with its script and pictures inside. It runs in an origin of its own, so that whatever
# a scan's text managed to smuggle into it could not ask this server for anything.
REPORT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-scripts allow-modals allow-downloads"
)
COMMON_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The results below a folder, and which files of each may be read."""

    folder: Path

    def results(self) -> dict[str, Path]:
        """Find every folder with a ``targets.json``, this one included, by the key that addresses it."""
        found = {}
        for targets in sorted(self.folder.rglob("targets.json")):
            name = self.name(targets.parent)
            hidden = any(part.startswith(".") for part in targets.relative_to(self.folder).parts)
            if not hidden and self._inside(targets):
                found[hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:16]] = targets.parent
        return found

    def name(self, folder: Path) -> str:
        """Return the path of a result below the folder, in which ``.`` is the folder itself."""
        return folder.relative_to(self.folder).as_posix()

    def files(self, key: str) -> dict[str, Path]:
        """Return the files of a result that may be served, none for a key that is no result's."""
        folder = self.results().get(key)
        if folder is None:
            return {}
        listed = sorted(folder.iterdir())
        return {path.name: path for path in listed if path.suffix in MEDIA_TYPES and self._inside(path)}

    def _inside(self, path: Path) -> bool:
        """Whether the path is a plain file that no link leads out of the folder."""
        real = path.resolve()
        return real.is_file() and real.is_relative_to(self.folder)


def create_app(folder: Path) -> Starlette:
    """Make the web application over a folder of results.

    Parameters
    ----------
    folder
        What ``process`` or ``batch`` wrote.

    Returns
    -------
    Starlette

    Raises
    ------
    UsageError
        When the folder is not there.
    """
    if not folder.is_dir():
        msg = f"{folder}: no such folder"
        raise UsageError(msg)
    shelf = Shelf(folder.resolve())

    def list_results(_request: Request) -> Response:
        return JSONResponse(
            [
                {"key": key, "name": shelf.name(path), **_describe(shelf.files(key))}
                for key, path in shelf.results().items()
            ]
        )

    def result_file(request: Request) -> Response:
        path = shelf.files(request.path_params["key"]).get(request.path_params["file"])
        if path is None:
            return PlainTextResponse("no such result or file\n", status_code=404)
        report = path.suffix == ".html"
        return _file(path.read_bytes(), path.suffix, REPORT_POLICY if report else PAGE_POLICY)

    routes = [Route(f"/{url}", _static(file), methods=["GET"]) for url, file in STATIC.items()]
    routes += [
        Route("/api/results", list_results, methods=["GET"]),
        Route("/results/{key}/{file}", result_file, methods=["GET"]),
    ]
    return Starlette(routes=routes, middleware=[Middleware(_LoopbackOnly)])


def run(folder: Path, *, port: int, announce: Callable[[str], None]) -> None:
    """Run the web application over a folder of results on a port of 127.0.0.1 until interrupted.

    Parameters
    ----------
    folder, port, announce
        As for `dualsense.app.serve`.

    Raises
    ------
    UsageError
        When the folder is not there or the port is taken.
    """
    app = create_app(folder)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            msg = (
                f"port {port} cannot be opened: {error.strerror}; choose another with --port, or 0 for a free one"
            )
            raise UsageError(msg) from None
        listener.listen()
        announce(f"http://{HOST}:{listener.getsockname()[1]}/ shows {folder} (Ctrl-C ends it)")
        config = uvicorn.Config(
            app, http="h11", ws="none", log_level="error", access_log=False, server_header=False, lifespan="off"
        )
        uvicorn.Server(config).run(sockets=[listener])


class _LoopbackOnly:
    """Refuse requests that name another host, and give every answer the strict headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        if not _own_host(headers.get(b"host", b"").decode("latin-1"), scope["server"][1]):
            refusal = PlainTextResponse("this server answers to 127.0.0.1 and localhost only\n", status_code=421)
            await refusal(scope, receive, send)
            return

        async def send_strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                extra = [*COMMON_HEADERS, (b"content-security-policy", PAGE_POLICY.encode())]
                message["headers"] = [*message["headers"], *(pair for pair in extra if pair[0] not in present)]
            await send(message)

        await self.app(scope, receive, send_strict)


def _own_host(host: str, port: int) -> bool:
    match = re.fullmatch(r"(127\.0\.0\.1|localhost)(?::(\d{1,5}))?", host, flags=re.ASCII | re.IGNORECASE)
    return match is not None and int(match[2] or 80) == port


def _static(file: str) -> Callable[[Request], Response]:
    content = (resources.files("dualsense.app") / "static" / file).read_bytes()

    def answer(_request: Request) -> Response:
        return _file(content, file[file.rindex(".") :], PAGE_POLICY)

    return answer


def _file(content: bytes, suffix: str, policy: str) -> Response:
    headers = {"content-type": MEDIA_TYPES[suffix], "content-security-policy": policy}
    return Response(content, headers=headers)


def _describe(files: dict[str, Path]) -> dict[str, Any]:
    """Return what the front page shows of a result; one that cannot be read is listed as such."""
    try:
        document = json.loads(files["targets.json"].read_text(encoding="utf-8"))
        calls = [target["call"] for target in document["targets"]]
        return {
            "scan_id": document["scan_id"],
            "model": document["model"],
            "area_m2": document["area_m2"],
            "coverage_fraction": document["coverage_fraction"],
            "calls": {call: calls.count(call) for call in render.GRAVEST_FIRST if call in calls},
            "pictures": sorted((n for n in files if n.endswith(".png")), key=lambda n: (n != "fused.png", n)),
            "report": "report.html" in files,
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        return {"problem": f"targets.json cannot be read: {type(error).__name__}"}
