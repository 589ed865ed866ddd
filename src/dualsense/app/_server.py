"""Results in a folder as web pages, to this machine only.

Nothing of a request ever becomes part of a path: a file is served when its name is one of the contract's and its
result was found by walking through the folder. Each has its type and a policy that keeps it from running here.
Other sites open in the same browser cannot read along: requests must carry the server's own host name (against DNS
rebinding), and no answer allows another origin.
"""

from __future__ import annotations

import re
import socket
from importlib import resources
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from dualsense.app._listing import MAX_FILE_BYTES, MEDIA_TYPES, Shelf, read_plain
from dualsense.errors import UsageError
from dualsense.runtime.texts import visible

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = "127.0.0.1"
STATIC = {"": "index.html", "app.js": "app.js", "app.css": "app.css", "icon.svg": "icon.svg"}
STATIC_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
REQUEST_S = 10.0
"""For a request to arrive whole."""
ANSWER_S = 120.0
"""For its answer to be taken."""
MAX_CONNECTIONS = 64
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
# Any other file of a result: shown or saved by whoever opens it, and never run.
FILE_POLICY = "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
COMMON_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


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
        return JSONResponse(shelf.listing())

    def result_file(request: Request) -> Response:
        path = shelf.files(request.path_params["key"]).get(request.path_params["file"])
        if path is None:
            return PlainTextResponse("no such result or file\n", status_code=404)
        try:
            content = read_plain(path, MAX_FILE_BYTES)
        except OSError:
            return PlainTextResponse("no such result or file\n", status_code=404)
        policy = REPORT_POLICY if path.name == "report.html" else FILE_POLICY
        return _file(content, MEDIA_TYPES[path.name], policy)

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
        announce(f"http://{HOST}:{listener.getsockname()[1]}/ shows {visible(str(folder))} (Ctrl-C ends it)")
        config = uvicorn.Config(
            app,
            http=_Impatient,
            ws="none",
            log_level="critical",
            access_log=False,
            server_header=False,
            lifespan="off",
            limit_concurrency=MAX_CONNECTIONS,
        )
        uvicorn.Server(config).run(sockets=[listener])


class _Impatient(H11Protocol):
    """Closes connections whose request does not arrive whole in time, or whose answer nobody takes."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._waits_since: float | None = self.loop.time()
        self._answers_since = 0.0
        self._look()

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        if self._waits_since is None and (before is None or before.response_complete):
            self._waits_since = self.loop.time()
        super().data_received(data)
        if self.cycle is not before:
            self._waits_since, self._answers_since = None, self.loop.time()

    def _look(self) -> None:
        if self.transport.is_closing():
            return
        now, answering = self.loop.time(), self.cycle is not None and not self.cycle.response_complete
        waited_s = 0.0 if self._waits_since is None or answering else now - self._waits_since
        if waited_s >= REQUEST_S or (answering and now - self._answers_since >= ANSWER_S):
            self.transport.abort()
            return
        self.loop.call_later(REQUEST_S / 10.0, self._look)


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
        return _file(content, STATIC_TYPES[file[file.rindex(".") :]], PAGE_POLICY)

    return answer


def _file(content: bytes, media_type: str, policy: str) -> Response:
    headers = {"content-type": media_type, "content-security-policy": policy}
    return Response(content, headers=headers)
