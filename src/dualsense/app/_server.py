"""The server itself: one address, one listener, and connections that are not waited for for ever.

Nothing of a request ever becomes part of a path: a file is served when its name is one of the contract's and its
result was found by walking through the folder. Each has its type and a policy that keeps it from running here.
"""

from __future__ import annotations

import ipaddress
import socket
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from dualsense.app._guard import FILE_POLICY, PAGE_POLICY, Access, ForeignError, Guard
from dualsense.app._words import page_words
from dualsense.errors import DualsenseError, UsageError
from dualsense.language import languages, spoken
from dualsense.render import letter_style, page_letters
from dualsense.runtime.journal import TakenError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

    from starlette.requests import Request

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


def web_app(routes: Iterable[Route], access: Access) -> Starlette:
    """Put pages and answers behind the guard.

    Parameters
    ----------
    routes
        Beside those that all pages share.
    access
        Who is answered.

    Returns
    -------
    Starlette
    """
    shared = [
        static_route("/app.css", "app.css"),
        static_route("/shared.js", "shared.js"),
        static_route("/icon.svg", "icon.svg"),
        Route("/words.json", lambda request: JSONResponse(page_words(language_of(request))), methods=["GET"]),
        Route("/letters.css", _letter_style, methods=["GET"]),
        Route("/letters/{name}", _letters, methods=["GET"]),
    ]
    statuses = {ForeignError: 403, UsageError: 400, TakenError: 409, DualsenseError: 500}
    return Starlette(
        routes=[*shared, *routes],
        middleware=[Middleware(Guard, access=access)],
        exception_handlers={kind: _refused(status) for kind, status in statuses.items()},
    )


def listen(host: str, port: int) -> socket.socket:
    """Open a port.

    Raises
    ------
    UsageError
        It is taken, or the address is none of this machine.
    """
    kind = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    listener = socket.socket(kind, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        msg = f"port {port} cannot be opened: {error.strerror}; choose another with --port, or 0 for a free one"
        raise UsageError(msg) from None
    listener.listen()
    return listener


def address(listener: socket.socket, access: Access) -> str:
    """Name the address that a browser opens."""
    host = f"[{access.host}]" if ":" in access.host else access.host
    query = f"?token={access.token}" if access.token else ""
    return f"http://{host}:{listener.getsockname()[1]}/{query}"


def run(app: Starlette, listener: socket.socket, announce: Callable[[], None]) -> None:
    """Answer until interrupted."""
    announce()
    config = uvicorn.Config(
        app,
        http=_Impatient,
        ws="none",
        log_level="critical",
        access_log=False,
        server_header=False,
        lifespan="off",
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=2,
    )
    uvicorn.Server(config).run(sockets=[listener])


def static_route(url: str, file: str) -> Route:
    """Serve a file of the package."""
    content, kind = _static(file), STATIC_TYPES[file[file.rindex(".") :]]
    return Route(url, lambda _request: file_answer(content, kind, PAGE_POLICY), methods=["GET"])


def page_routes(url: str, name: str) -> list[Route]:
    """Serve a page, which is the head that all have and a body of its own, and its script."""
    content = (
        _static("head.html").replace(b"{script}", f"{name}.js".encode()) + _static(f"{name}.html") + b"</html>\n"
    )
    page = Route(url, lambda _request: file_answer(content, STATIC_TYPES[".html"], PAGE_POLICY), methods=["GET"])
    return [page, static_route(f"/{name}.js", f"{name}.js")]


def language_of(request: Request) -> str:
    """Give the language that a page asks for; that of the command where there is none of that name."""
    asked = request.query_params.get("language", "")
    return asked if asked in languages() else spoken()


@cache
def _static(file: str) -> bytes:
    return (resources.files("dualsense.app") / "static" / file).read_bytes()


def _letter_style(_request: Request) -> Response:
    style = letter_style(lambda name: f"/letters/{name}")
    return file_answer(style.encode("ascii"), STATIC_TYPES[".css"], PAGE_POLICY)


def _letters(request: Request) -> Response:
    content = page_letters().get(request.path_params["name"])
    return not_found() if content is None else file_answer(content, "font/woff2", FILE_POLICY)


def file_answer(content: bytes, media_type: str, policy: str) -> Response:
    """Answer with a file under a policy of its own."""
    return Response(content, headers={"content-type": media_type, "content-security-policy": policy})


def not_found() -> Response:
    """Answer that there is nothing."""
    return PlainTextResponse("no such result or file\n", status_code=404)


def _refused(status: int) -> Callable[[Request, Exception], Response]:
    def answer(_request: Request, error: Exception) -> Response:
        return JSONResponse({"problem": str(error)}, status_code=status)

    return answer


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
