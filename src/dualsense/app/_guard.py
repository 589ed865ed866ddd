"""Who is answered, and under which rules a browser may use the answer.

Other sites open in the same browser cannot read along or record anything: requests must carry the server's own
host name (against DNS rebinding), no answer allows another origin, and what changes something must come from a
page of this server, as its browser says. Beside this machine only those are answered that hold the token.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import re
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

from starlette.responses import PlainTextResponse, RedirectResponse

from dualsense.errors import DualsenseError, UsageError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "dualsense-token"
MAX_BODY_BYTES = 65_536
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; "
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


@dataclass(frozen=True, slots=True)
class Access:
    """Who is answered.

    Attributes
    ----------
    host
        Address that is listened at.
    token
        What a request must hold; empty on loopback.
    """

    host: str
    token: str = ""

    def names(self, host: str, port: int) -> bool:
        """Whether a request names this server: on a network, by a number, for a name may point anywhere."""
        match = re.fullmatch(r"(\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::(\d{1,5}))?", host, flags=re.ASCII | re.IGNORECASE)
        if match is None or int(match[2] or 80) != port:
            return False
        name = match[1].strip("[]").lower()
        return name in {self.host, "localhost"} or (bool(self.token) and is_number(name))

    def holds(self, token: str) -> bool:
        """Whether this is the token."""
        return hmac.compare_digest(token.encode("utf-8", "replace"), self.token.encode())


def is_number(host: str) -> bool:
    """Whether a host is an address in numbers."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    return is_number(host) and ipaddress.ip_address(host).is_loopback


class ForeignError(DualsenseError):
    """A request that changes something comes from a page of another server."""


class Guard:
    """Refuse requests that name another host or hold no token, and give every answer the strict headers."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app, self.access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)

        async def send_strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                extra = [*COMMON_HEADERS, (b"content-security-policy", PAGE_POLICY.encode())]
                message["headers"] = [*message["headers"], *(pair for pair in extra if pair[0] not in present)]
            await send(message)

        await (self.app if refusal is None else refusal)(scope, receive, send_strict)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> ASGIApp | None:
        access, host = self.access, headers.get("host", "")
        if not access.names(host, scope["server"][1]):
            return PlainTextResponse("this server answers to 127.0.0.1 and localhost only\n", status_code=421)
        if access.token:
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
            if given and access.holds(given) and scope["method"] == "GET":
                return _welcomed(scope, access.token)
            if not access.holds(_cookie(headers.get("cookie", ""))):
                return PlainTextResponse("open the address with the token that the program printed\n", 403)
        return None


def _welcomed(scope: Scope, token: str) -> ASGIApp:
    """Put the token away in a cookie, and out of the address, which others may see."""
    rest = {name: value for name, value in parse_qs(scope["query_string"].decode()).items() if name != "token"}
    query = f"?{urlencode(rest, doseq=True)}" if rest else ""
    answer = RedirectResponse(f"/{scope['path'].lstrip('/')}{query}", status_code=303)
    answer.set_cookie(COOKIE, token, httponly=True, samesite="strict", path="/")
    return answer


def _cookie(text: str) -> str:
    try:
        found = SimpleCookie(text).get(COOKIE)
    except CookieError:
        return ""
    return "" if found is None else found.value


async def body_of(request: Request) -> dict[str, Any]:
    """Read what a page of this server sent: a small JSON object. All that changes something reads it first.

    Raises
    ------
    ForeignError
        A page of another server sent it, or none at all.
    UsageError
        It is not that.
    """
    host, origin = (request.headers.get(name, "").lower() for name in ("host", "origin"))
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin" or origin != f"http://{host}":
        msg = "only pages of this server may record anything"
        raise ForeignError(msg)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > MAX_BODY_BYTES:
            msg = f"expected at most {MAX_BODY_BYTES} bytes"
            raise UsageError(msg)
    try:
        given = json.loads(content) if kind == "application/json" else None
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        msg = "expected a JSON object, sent as application/json"
        raise UsageError(msg)
    return given
